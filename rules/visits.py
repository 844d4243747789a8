"""Visits: the exceptions a lead is shown (domain §6), tries, and corrections. Pure, over many visits at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from rules.admission import Span
from rules.days import add_working_days, day_of

DONE = frozenset({"done", "part_done"})


class Flag(StrEnum):
    """What a lead is asked to look at; facts, never a score."""

    LATE = "late"  # it stayed on the phone longer than allowed
    CLOCK = "clock"  # the phone's clock was far off, or jumped
    UNSURE_TIME = "unsure_time"  # the phone had never heard the county's time
    OVERLAP = "overlap"  # two homes at the same time
    MANY = "many"  # more verifications in an hour than can be taken with care
    NO_MARK = "no_mark"  # no sign of the person, twice in a row
    KIN = "kin"
    BADGE = "badge"  # the agent's badge was not valid that day


@dataclass(frozen=True)
class Limits:
    late_days: int
    clock_minutes: int


@dataclass(frozen=True)
class VisitFacts:
    """What the flags of one visit are decided from. `home` is the household, or the resident where none is known."""

    id: UUID
    person: UUID
    home: UUID
    started_at: datetime
    ended_at: datetime
    received_at: datetime
    claimed_at: datetime  # when the phone signed, put right by its offset
    span: Span
    offset_ms: int | None
    last_offset_ms: int | None  # of the same phone, before
    outcome: str
    marked: bool
    marked_before: bool | None  # the same person's visit before this one; None: there was none
    kin: bool
    badge: bool | None  # None: the agent never had one


def flags(visit: VisitFacts, limits: Limits) -> list[Flag]:
    """The exceptions that one visit shows by itself, in a fixed order."""
    found = []
    if visit.received_at - visit.ended_at > timedelta(days=limits.late_days):
        found.append(Flag.LATE)
    if _clock_is_off(visit, timedelta(minutes=limits.clock_minutes)):
        found.append(Flag.CLOCK)
    if visit.offset_ms is None:
        found.append(Flag.UNSURE_TIME)
    if visit.outcome in DONE and not visit.marked and visit.marked_before is False:
        found.append(Flag.NO_MARK)
    if visit.kin:
        found.append(Flag.KIN)
    if visit.badge is False:
        found.append(Flag.BADGE)
    return found


def _clock_is_off(visit: VisitFacts, limit: timedelta) -> bool:
    offset, before = visit.offset_ms, visit.last_offset_ms
    far = offset is not None and abs(offset) > limit / timedelta(milliseconds=1)
    jumped = offset is not None and before is not None and abs(offset - before) > limit / timedelta(milliseconds=1)
    backwards = visit.ended_at < visit.started_at
    return far or jumped or backwards or not visit.span.holds(visit.claimed_at)


@dataclass(frozen=True)
class Stay:
    """One agent at one home, from when to when."""

    visit: UUID
    person: UUID
    home: UUID
    started_at: datetime
    ended_at: datetime


def overlapping(fresh: Sequence[Stay], known: Iterable[Stay]) -> set[UUID]:
    """Of the fresh visits, those during which the same agent was also at another home.

    Several people under one roof are seen in one walk, and a visit that begins when another ends does not overlap.
    """
    by_person: dict[UUID, list[Stay]] = defaultdict(list)
    for stay in (*known, *fresh):
        by_person[stay.person].append(stay)
    return {
        stay.visit
        for stay in fresh
        if any(
            other.started_at < stay.ended_at
            and stay.started_at < other.ended_at
            and other.visit != stay.visit
            and other.home != stay.home
            for other in by_person[stay.person]
        )
    }


def too_many(captured: Mapping[UUID, Sequence[datetime]], limit: int) -> dict[UUID, set[datetime]]:
    """By person, the captures that lie in an hour with more than `limit` of them."""
    found: dict[UUID, set[datetime]] = {}
    for person, times in captured.items():
        ordered = sorted(times)
        for start, at in enumerate(ordered):
            hour = [each for each in ordered[start:] if each - at < timedelta(hours=1)]
            if len(hour) > limit:
                found.setdefault(person, set()).update(hour)
    return found


def return_on(outcome: str, wished: date | None, ended_at: datetime, retry_days: int) -> date | None:
    """The day of the next try: the one agreed at the door, else after `retry_days` when nobody was home."""
    if wished is not None:
        return wished
    return day_of(ended_at) + timedelta(days=retry_days) if outcome == "not_home" else None


def tries(outcomes: Iterable[str]) -> int:
    """How often in a row nobody was home; `outcomes` newest first."""
    count = 0
    for outcome in outcomes:
        if outcome != "not_home":
            return count
        count += 1
    return count


def may_correct(made_at: datetime, at: datetime, working_days: int, calendar: Mapping[date, bool]) -> bool:
    """Whether an agent may still correct an own record: to the end of the last working day, Shanghai time.

    The day of the record does not count. `calendar` says of days whether they are worked, where the county knows.
    """
    return day_of(at) <= add_working_days(day_of(made_at), working_days, calendar)
