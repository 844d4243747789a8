"""Who holds a post of a role on a day, and over which areas. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from models import Post
from rules.actors import Role, area_prefix


def holding(*roles: Role, on: date) -> list[tuple[UUID, str]]:
    """(person, area of the post) of everybody who holds a post of one of those roles that day."""
    return list(Post.in_force(on).select(Post.person, Post.area).where(Post.role.in_(roles)).tuples())


def holders_of(role: Role, areas: Iterable[str], *, on: date) -> dict[str, set[UUID]]:
    """Who holds such a post over each of these areas; an area without one has an empty set."""
    held = holding(role, on=on)
    return {area: over(area, held) for area in set(areas)}


def over(area: str, held: Iterable[tuple[UUID, str]]) -> set[UUID]:
    """Those of `held` whose post covers the area."""
    return {person for person, of in held if area.startswith(area_prefix(of))}
