"""How long pictures of people are kept. What was read out to them when they agreed is a promise (R-PRI-7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rules.days import end_of_month_after


@dataclass(frozen=True)
class Benefit:
    """One benefit that a picture was taken for, and the successes known of it since.

    `last_success_on` is the agency's own word, `elsewhere_on` the day on which its list no longer asked for the person,
    `checked_on` the days on which later pictures for it were found good here.
    """

    cycle_months: int
    last_success_on: date | None = None
    elsewhere_on: date | None = None
    checked_on: Sequence[date] = ()


def life_picture_until(captured_on: date, benefits: Sequence[Benefit], *, days: int) -> date | None:
    """The last day on which the picture of a life verification is kept; None while no next success is known.

    It serves until the next success of every benefit it was taken for, and `days` more, for whoever asks back. What the
    agency says counts from half a cycle after the picture on: sooner it may be this picture's own success. `…_on` are
    days in Asia/Shanghai, `days` is a setting. Source: docs/rules.md R-PRI-7.
    """
    ends = [_next_success(captured_on, each) for each in benefits]
    known = [day for day in ends if day is not None]
    if not known or len(known) < len(ends):
        return None
    return max(known) + timedelta(days=days)


def _next_success(captured_on: date, benefit: Benefit) -> date | None:
    half = end_of_month_after(captured_on, max(1, benefit.cycle_months // 2))
    said = [day for day in (benefit.last_success_on, benefit.elsewhere_on) if day is not None and day > half]
    return min([*said, *benefit.checked_on], default=None)


def papers_until(ended_on: date, *, days: int) -> date:
    """The last day on which pictures of papers are kept after a request was answered or declined (R-PRI-7).

    One that was passed on is not over: whoever decides it still needs them.
    """
    return ended_on + timedelta(days=days)
