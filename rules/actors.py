"""Who acts: a person with the posts in force, and where those posts let them look.

Posts, not people, hold rights (design §5). Area codes nest by their digits: two for a province, four for a
city, six for a county, nine for a township, twelve for a village; the rest is zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """Roles a post may give (domain Part 4)."""

    AGENT = "agent"
    CLERK = "clerk"
    VILLAGE_REVIEWER = "village_reviewer"
    TOWNSHIP_OFFICER = "township_officer"
    DEPUTY_LEADER = "deputy_leader"
    TOWNSHIP_HEAD = "township_head"
    DEPT_OFFICER = "dept_officer"
    LEAD = "lead"
    DUTY_LEADER = "duty_leader"
    COUNTY = "county"
    PARTNER = "partner"
    AUDITOR = "auditor"
    SYSADMIN = "sysadmin"


@dataclass(frozen=True)
class HeldPost:
    """A post in force: the role it gives and the area it covers."""

    id: UUID
    role: Role
    area: str  # 12 digits


@dataclass(frozen=True)
class Actor:
    """A person acting now. `posts` are those in force; the clock was read when this was made."""

    person: UUID
    name: str
    posts: tuple[HeldPost, ...]

    def prefixes(self, *roles: Role) -> tuple[str, ...]:
        """Area prefixes this actor sees, through any post or only through those of the given roles."""
        return tuple(sorted({area_prefix(p.area) for p in self.posts if not roles or p.role in roles}))

    def may(self, *roles: Role) -> bool:
        return any(p.role in roles for p in self.posts)

    def covers(self, area: str, *roles: Role) -> bool:
        """Whether a post in force covers the 12-digit area."""
        return any(area.startswith(prefix) for prefix in self.prefixes(*roles))

    def post_for(self, area: str, *roles: Role) -> HeldPost | None:
        """The nearest post (the longest prefix) under which to act on that area."""
        found = [p for p in self.posts if area.startswith(area_prefix(p.area)) and (not roles or p.role in roles)]
        return max(found, key=lambda p: len(area_prefix(p.area)), default=None)


def area_prefix(code: str) -> str:
    """The significant digits of a 12-digit area code: `520121107000` → `520121107`."""
    for length in (2, 4, 6, 9):
        if code[length:] == "0" * (12 - length):
            return code[:length]
    return code


def county_of(area: str) -> str:
    """The county an area belongs to."""
    return area[:6].ljust(12, "0")


def scope_of(code: str) -> str:
    """The scope of the journal and feed an area belongs to: its township, or the county (or higher) itself."""
    return code[:9] + "000" if len(area_prefix(code)) > 6 else code


def in_force(from_on: date, to_on: date | None, *, on: date) -> bool:
    """A post counts from its first day to its last day, both included."""
    return from_on <= on and (to_on is None or on <= to_on)
