"""What becomes of a record that arrives from a phone: applied, held for people to look at, or refused. Pure.

A record is refused only when nobody can read it or it is not what it says it is. Whatever is validly signed is kept;
where its effect is not certain it is `held`: durable, in the lead's tray, without effect until adopted.
Source: design §4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from rules.actors import area_prefix
from rules.days import day_of

#: A phone clock this far outside its trusted time is still believed: clocks are read to the minute.
CLOCK_SLACK = timedelta(minutes=2)


class Refused(StrEnum):
    """Why an item is refused; it is kept as it came."""

    MALFORMED = "malformed"  # it has not the shape of an item, or its text not that of an event
    UNREADABLE = "unreadable"  # not sealed for this county, or cut on the way
    HASH_DIFFERS = "hash-differs"
    UNKNOWN_DEVICE = "unknown-device"
    SIGNATURE = "signature"
    OTHER_CONTENT = "other-content"  # the same id came before and said something else


class Held(StrEnum):
    """Why a record is held."""

    UNKNOWN_KIND = "unknown-kind"
    UNREADABLE_BODY = "unreadable-body"
    FORK = "fork"
    DEVICE_LOCKED = "device-locked"
    NOT_OWN_POST = "not-own-post"
    POST_NOT_IN_FORCE = "post-not-in-force"
    TIME_UNCERTAIN = "time-uncertain"
    RESIDENT_ELSEWHERE = "resident-elsewhere"
    RESIDENT_UNKNOWN = "resident-unknown"
    RESIDENT_EXISTS = "resident-exists"
    RECORD_UNKNOWN = "record-unknown"  # it names a visit, delivery or record that is not here
    NOT_OWN_RECORD = "not-own-record"
    TOO_LATE = "too-late"  # a correction after its working days
    MONEY_FUNCTION = "money-function"  # a card with money in other hands than the person's or the guardian's
    ALREADY_DONE = "already-done"
    AGAIN = "id-used"  # it gives a row an id that another record already has


@dataclass(frozen=True)
class PostFacts:
    """A post as it stands, with the role and the area it covers."""

    id: UUID
    person: UUID
    role: str
    area: str
    scope: str
    from_on: date
    to_on: date | None


@dataclass(frozen=True)
class PhoneFacts:
    person: UUID
    locked: bool


@dataclass(frozen=True)
class Span:
    """The trusted time of an act: not before the county last spoke to the phone, not after the record arrived."""

    earliest: datetime
    latest: datetime

    def holds(self, at: datetime) -> bool:
        return self.earliest - CLOCK_SLACK <= at <= self.latest + CLOCK_SLACK


def told_at(at: datetime, offset_ms: int | None) -> datetime:
    """The time a phone claims, put right by what it knew of its own clock."""
    return at + timedelta(milliseconds=max(min(offset_ms or 0, 10**13), -(10**13)))


def believed(claimed: datetime, span: Span) -> datetime:
    """The claimed time, or the end of the trusted span nearest to it."""
    return min(max(claimed, span.earliest), span.latest)


def authority(
    *, phone: PhoneFacts, post: PostFacts | None, actor: UUID, scope: str, roles: Iterable[str], span: Span
) -> Held | None:
    """Why the record must wait for people, or None when the post was certainly in force and the phone not locked.

    A post counts from its first day to its last, both included; it must count on every day of the span.
    """
    if phone.locked:
        return Held.DEVICE_LOCKED
    if post is None or post.person != actor or phone.person != actor or post.role not in roles or post.scope != scope:
        return Held.NOT_OWN_POST
    first, last = day_of(span.earliest), day_of(span.latest)
    if post.from_on > last or (post.to_on is not None and post.to_on < first):
        return Held.POST_NOT_IN_FORCE
    if post.from_on > first or (post.to_on is not None and post.to_on < last):
        return Held.TIME_UNCERTAIN
    return None


def covers(post_area: str, area: str) -> bool:
    """Whether a post of one area may act in another."""
    return area.startswith(area_prefix(post_area))


@dataclass(frozen=True)
class Link:
    """One record in a phone's own chain."""

    seq: int
    hash: str
    prev: str


def gaps(chain: Sequence[Link], *, newest_said: int = 0) -> list[tuple[int, int]]:
    """Stretches of a phone's own count that are not here, as (first, last), in order of count.

    A record whose `prev` is not the hash of the one before shows that something else stood there: that place is named
    too. `newest_said` is the newest count the phone says it has, so that a tail still on the phone is seen.
    """
    found: list[tuple[int, int]] = []
    before = Link(0, "", "")
    for link in sorted(chain, key=lambda each: each.seq):
        if link.seq > before.seq + 1:
            found.append((before.seq + 1, link.seq - 1))
        elif link.seq == before.seq + 1 and link.prev != before.hash:
            found.append((before.seq, before.seq))
        before = link if link.seq != before.seq else before
    if newest_said > before.seq:
        found.append((before.seq + 1, newest_said))
    return found
