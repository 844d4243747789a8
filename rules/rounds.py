"""Rounds: who has to be seen by the end of a month, and how far it is, by village. Pure.

A place is shown in the order of its code, never by result: this is a list of people to go to, not a comparison
(R-BUR-1).
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

#: From what needs somebody first to what is in order; the order of the bars.
STEPS = ("over", "todo", "missed", "waiting", "done")
UNDER_WAY = frozenset({"captured", "checked_ok", "exported", "acknowledged"})


@dataclass(frozen=True)
class Due:
    """One benefit of one person, as the agency's list has it."""

    id: UUID
    resident: UUID
    area: str
    due_on: date
    listed: bool  # still not confirmed, says the newest list
    last_on: date | None


@dataclass(frozen=True)
class Try:
    """One attempt to verify, or one visit at which nobody was met."""

    state: str  # of the attempt; "missed" for a visit
    entitlements: frozenset[str]  # empty: any of this person's
    on: date


def step(due: Due, tries: Sequence[Try], *, today: date) -> str:
    """How far one benefit is."""
    if not due.listed:
        return "done"
    mine = [t for t in tries if (not t.entitlements or str(due.id) in t.entitlements)]
    fresh = [t for t in mine if due.last_on is None or t.on > due.last_on]
    if any(t.state in UNDER_WAY for t in fresh):
        return "waiting"
    if due.due_on < today:
        return "over"
    return "missed" if fresh else "todo"


def people(dues: Iterable[Due], tries: Mapping[UUID, Sequence[Try]], *, today: date) -> dict[UUID, tuple[str, Due]]:
    """Each person once, at the step that needs somebody first, with the benefit it is for."""
    found: dict[UUID, tuple[str, Due]] = {}
    for due in dues:
        at = step(due, tries.get(due.resident, ()), today=today)
        known = found.get(due.resident)
        if known is None or (STEPS.index(at), due.due_on) < (STEPS.index(known[0]), known[1].due_on):
            found[due.resident] = (at, due)
    return found


def by_area(steps: Mapping[UUID, tuple[str, Due]], areas: Iterable[str]) -> dict[str, dict[str, int]]:
    """Area → step → how many people; every area named, in the order of its code, also where there is nobody."""
    found = {area: dict.fromkeys(STEPS, 0) for area in sorted(areas)}
    for at, due in steps.values():
        found.setdefault(due.area, dict.fromkeys(STEPS, 0))[at] += 1
    return dict(sorted(found.items()))


def months_from(first: date, count: int) -> list[date]:
    """The first days of so many months, beginning with that of `first`."""
    start = first.year * 12 + first.month - 1
    return [date((start + i) // 12, (start + i) % 12 + 1, 1) for i in range(count)]


def last_of(month: date) -> date:
    return date(month.year, month.month, monthrange(month.year, month.month)[1])


def by_month(dues: Iterable[Due], months: Sequence[date]) -> list[int]:
    """How many people are due in each month; one person with two benefits in a month counts once."""
    found: dict[date, set[UUID]] = defaultdict(set)
    for due in dues:
        if due.listed:
            found[due.due_on.replace(day=1)].add(due.resident)
    return [len(found[month]) for month in months]


@dataclass(frozen=True)
class Piece:
    """One piece of a bar: its step, where it begins and how wide it is, in units of the drawing."""

    step: str
    x: float
    width: float


def bar(counts: Mapping[str, int], *, longest: int, wide: float = 400.0, gap: float = 2.5) -> list[Piece]:
    """The pieces of one bar; all bars share a scale, on which the `longest` fills the width."""
    unit = (wide - 1 - gap * (len(STEPS) - 1)) / max(longest, 1)
    pieces, x = [], 0.5
    for name in STEPS:
        if counts[name]:
            width = max(round(counts[name] * unit, 1), 2.0)
            pieces.append(Piece(name, round(x, 1), width))
            x += width + gap
    return pieces
