"""How much of a resident is on phones, and until when (design §4). Pure: facts and today come in, a level goes out.

A full card for people with a matter: care roster, verification due soon, open request, delivery, visit to come back
to, something sent back or asked, a provisional person. Of everybody else a name, so that a visit can be addressed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

#: The phone gets a fresh challenge when the one it has runs out within this part of its life.
RENEW_BEFORE = 0.5


@dataclass(frozen=True)
class Matters:
    """What there is to do for one resident, as days and yes or no."""

    gone: bool = False  # merged, archived, death confirmed
    provisional: bool = False
    dead: bool = False  # reported or confirmed: visits stop
    due: tuple[date, ...] = ()  # verifications on the agency's list, not yet taken
    care: bool = False  # on the roster, enrolled
    open: bool = False  # delivery, request, query, retake, clash
    return_on: date | None = None


@dataclass(frozen=True)
class Level:
    card: Literal["name", "full"]
    review_on: date | None  # the day on which time alone may change the card, or its challenge must be renewed


def level(matters: Matters, *, today: date, due_days: int, challenge_days: int) -> Level:
    """How much phones hold from today, and when to look again.

    A verification enters `due_days` before its last day, that day included, and stays until taken or off the list.
    """
    if matters.gone:
        return Level("name", None)
    if matters.dead:
        return Level("full", None)  # so that nobody knocks: the card says visits have stopped
    enters = [due - timedelta(days=due_days) for due in matters.due]
    verification_due = any(day <= today for day in enters)
    full = matters.provisional or matters.care or matters.open or matters.return_on is not None or verification_due
    reviews = [day for day in enters if day > today]
    if verification_due:
        reviews.append(today + timedelta(days=max(1, int(challenge_days * RENEW_BEFORE))))
    return Level("full" if full else "name", min(reviews, default=None))


def due_first(days: Iterable[date | None]) -> date:
    """By what a first pack is ordered: the earliest day on which somebody waits; people without one come last."""
    return min((day for day in days if day is not None), default=date.max)
