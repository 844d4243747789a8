"""Who may give which post, and where. Posts, not people, hold rights (design §5); nobody gives one to themselves."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from rules.actors import Actor, Role, area_prefix, scope_of
from rules.problems import MayNotGivePost

#: What each role may give within its own area. A lead staffs the township but makes no second lead.
GIVES: dict[Role, tuple[Role, ...]] = {
    Role.COUNTY: tuple(role for role in Role if role not in (Role.SYSADMIN, Role.AUDITOR)),
    Role.TOWNSHIP_HEAD: (
        Role.AGENT, Role.CLERK, Role.VILLAGE_REVIEWER, Role.TOWNSHIP_OFFICER, Role.DEPUTY_LEADER, Role.LEAD,
    ),
    Role.LEAD: (Role.AGENT, Role.CLERK, Role.VILLAGE_REVIEWER, Role.TOWNSHIP_OFFICER),
    Role.SYSADMIN: (Role.SYSADMIN, Role.AUDITOR, Role.COUNTY),
}  # fmt: skip

#: The posts that need a desk account; agents have none.
AT_A_DESK = tuple(role for role in Role if role not in (Role.AGENT, Role.VILLAGE_REVIEWER))


class StationLevel(StrEnum):
    """便民服务中心, 站, 点."""

    TOWNSHIP_CENTRE = "township_centre"
    VILLAGE_STATION = "village_station"
    SERVICE_POINT = "service_point"


def held_at(station_area: str, post_area: str) -> bool:
    """A post is held at a station of its own place, or at the centre of its township."""
    return station_area.startswith(area_prefix(post_area)) or station_area == scope_of(post_area)


def may_give(role: Role, area: str, person: UUID, *, actor: Actor) -> None:
    """Let a post be given or ended. Raises MayNotGivePost."""
    gives = any(role in GIVES.get(held.role, ()) and actor.covers(area, held.role) for held in actor.posts)
    if not gives or person == actor.person:
        raise MayNotGivePost(role)


def may_look_after(person: UUID, posts: list[tuple[Role, str]], *, actor: Actor) -> None:
    """Let somebody's account, phone number or name be changed: the actor could give every post they hold.

    Raises MayNotGivePost, so that a lead cannot set the county's password.
    """
    for role, area in posts:
        may_give(role, area, person, actor=actor)
    if person == actor.person:
        raise MayNotGivePost("")


def can_be_given(actor: Actor) -> list[Role]:
    """The roles the actor may give somewhere, in the order people know them."""
    found = {role for held in actor.posts for role in GIVES.get(held.role, ())}
    return [role for role in Role if role in found]
