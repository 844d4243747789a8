"""Deleting what was promised to be deleted: pictures whose time is over (R-PRI-7), and old scans of badges.

Hashes and facts stay: the journal still says what was taken, and a new picture is still compared with the old ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import models
from actions import journal, pictures
from models import BadgeScan, Entitlement, LifeVerification, Lookup, Picture, Request, transaction
from rules import retention as rule
from rules.days import day_of

AT_ONCE = 200
GOOD = ("checked_ok", "exported", "acknowledged")


@dataclass(frozen=True)
class Over:
    """A picture whose time is over: of which record, whose, and why."""

    event: UUID
    role: str
    scope: str
    resident: UUID | None
    why: str


def forget(*, now: datetime, folder: Path) -> int:
    """The job: delete pictures and scans whose time is over. Gives 0: one round finds all; safe to repeat."""
    settings = models.settings_of("verification.picture_days", "request.papers_days", "badge.scan_days")
    today = day_of(now)
    for over in _life_pictures(today, settings["verification.picture_days"]):
        delete(over, now=now, folder=folder)
    for over in _papers(today, settings["request.papers_days"]):
        delete(over, now=now, folder=folder)
    with transaction():
        BadgeScan.delete().where(BadgeScan.at < now - timedelta(days=settings["badge.scan_days"])).execute()
    return 0


def delete(over: Sequence[Over], *, now: datetime, folder: Path) -> None:
    """Files first, then the key and the word of it: what a crash leaves half done is found again."""
    if not over:
        return
    for each in over:
        pictures.delete_files(folder, each.event, each.role)
    with transaction(*{each.scope for each in over}):
        for each in over:
            here = (Picture.event == each.event) & (Picture.role == each.role)
            Picture.update(state="forgotten", key="").where(here).execute()
        deeds = [
            journal.Deed("picture.forgotten", e.scope, {"event": e.event, "role": e.role, "why": e.why}, e.resident)
            for e in over
        ]
        journal.write(deeds, actor=None, now=now, by="clock")


def _kept() -> Any:
    """Pictures that came and are still here; a signature is no picture of a person and stays with its record."""
    return (Picture.state.in_(("stored", "shown", "unshowable"))) & (Picture.type != "application/json")


# ---- life verifications

_v, _e = LifeVerification, Entitlement
_GOOD_OF = Lookup(
    _v.resident, _v.captured_at, _v.checked_at, _v.entitlements, by=_v.resident,
    also=f"state IN {GOOD} AND checked_at IS NOT NULL",
)  # fmt: skip
_BENEFITS = Lookup(_e.id, _e.cycle_months, _e.last_success_on, _e.confirmed_elsewhere_at, by=_e.id)


def _life_pictures(today: date, days: int) -> Iterator[list[Over]]:
    """Those over, a part at a time; in the order they were taken, so that deleting does not disturb the walk."""
    columns = (_v.id, _v.event, _v.scope, _v.resident, _v.captured_at, _v.entitlements, Picture.role)
    walk = (
        _v.select(*columns).join(Picture, on=(Picture.event == _v.event)).where(_kept()).order_by(_v.id, Picture.role)
    )
    last: UUID | None = None
    while True:
        part = list((walk if last is None else walk.where(_v.id > last)).limit(AT_ONCE).tuples())
        if not part:
            return
        last = part[-1][0]
        yield list(_over_of(part, today, days))


def _over_of(part: Sequence[tuple[Any, ...]], today: date, days: int) -> Iterator[Over]:
    good: dict[UUID, list[tuple[datetime, datetime, list[str]]]] = defaultdict(list)
    for resident, captured_at, checked_at, entitlements in _GOOD_OF({row[3] for row in part}):
        good[resident].append((captured_at, checked_at, entitlements or []))
    named = {UUID(each) for row in part for each in row[5] or []}
    benefits = {row[0]: row[1:] for row in _BENEFITS(named)}
    for _, event, scope, resident, captured_at, entitlements, role in part:
        later = [(checked_at, of) for at, checked_at, of in good[resident] if at > captured_at]
        facts = [_benefit(each, benefits.get(UUID(each)), later) for each in entitlements or []]
        until = rule.life_picture_until(day_of(captured_at), facts, days=days)
        if until is not None and until < today:
            yield Over(event, role, scope, resident, "life picture")


def _benefit(
    entitlement: str, known: tuple[Any, ...] | None, later: Sequence[tuple[datetime, Sequence[str]]]
) -> rule.Benefit:
    checked_on = [day_of(at) for at, of in later if entitlement in of]
    cycle, last_success_on, elsewhere_at = known or (12, None, None)
    elsewhere_on = None if elsewhere_at is None else day_of(elsewhere_at)
    return rule.Benefit(cycle, last_success_on, elsewhere_on, checked_on)


# ---- papers of requests


def _papers(today: date, days: int) -> Iterator[list[Over]]:
    r = Request
    ended = r.state.in_(("answered", "declined")) & r.answered_at.is_null(False)
    columns = (r.event, Picture.role, r.scope, r.resident, r.answered_at)
    walk = r.select(*columns).join(Picture, on=(Picture.event == r.event)).where(ended & _kept())
    while True:
        part = [
            Over(event, role, scope, resident, "papers of a request")
            for event, role, scope, resident, answered_at in walk.order_by(r.answered_at).limit(AT_ONCE).tuples()
            if rule.papers_until(day_of(answered_at), days=days) < today
        ]
        if not part:
            return
        yield part
