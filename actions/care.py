"""The care roster: who is looked in on. A place rests on consent; a refusal is respected (domain S8)."""

from __future__ import annotations

from datetime import datetime, timedelta

import models
from actions import cards, desk, journal
from models import CareEntry, ConsentRecord, Resident, transaction
from rules.actors import Actor
from rules.days import day_of, end_of_month_after
from rules.problems import AlreadyDealtWith, ConsentNeeded, FieldMissing


def enrol(resident: Resident, reason: str, every_days: int, *, actor: Actor, now: datetime) -> CareEntry:
    """Give somebody a place on the roster: enrolled where they agreed, else proposed until an agent has asked.

    Raises FieldMissing, AlreadyDealtWith, ConsentNeeded when they said no.
    """
    if not reason.strip():
        raise FieldMissing("why")
    if not 1 <= every_days <= 366:
        raise FieldMissing("every_days")
    with transaction(resident.scope):
        if CareEntry.select().where((CareEntry.resident == resident.id) & (CareEntry.state != "left")).exists():
            raise AlreadyDealtWith("enrolled")
        consent = _consent(resident)
        row = CareEntry(
            resident=resident.id, scope=resident.scope, area=resident.area, reason=reason.strip(),
            every_days=every_days, state="enrolled" if consent else "proposed", consent=consent.id if consent else None,
            next_visit_on=day_of(now) if consent else None, review_on=_review_on(now),
        )  # fmt: skip
        models.insert([row])
        _write(row, {"state": row.state, "reason": row.reason, "every_days": every_days}, actor=actor, now=now)
    return row


def pause(entry: CareEntry, why: str, *, actor: Actor, now: datetime) -> CareEntry:
    """No visits for a while: in hospital, with the children. Raises AlreadyDealtWith, FieldMissing."""
    return _move(entry, ("enrolled", "proposed"), "paused", why, actor=actor, now=now)


def leave(entry: CareEntry, why: str, *, actor: Actor, now: datetime) -> CareEntry:
    """Off the roster: moved, recovered, refused. Raises AlreadyDealtWith, FieldMissing."""
    return _move(entry, ("enrolled", "proposed", "paused"), "left", why, actor=actor, now=now)


def resume(entry: CareEntry, *, actor: Actor, now: datetime) -> CareEntry:
    """Visits go on, or begin once consent is there. Raises AlreadyDealtWith, ConsentNeeded."""
    with transaction(entry.scope):
        found = desk.fresh(entry, "paused", "proposed")
        consent = _consent(Resident.get_by_id(found.resident_id))
        if consent is None:
            raise ConsentNeeded()
        desk.keep(
            found, state="enrolled", consent=consent.id, review_on=_review_on(now),
            next_visit_on=day_of(now) + timedelta(days=1),
        )  # fmt: skip
        _write(found, {"state": "enrolled"}, actor=actor, now=now)
    return found


def _move(entry: CareEntry, states: tuple[str, ...], state: str, why: str, *, actor: Actor, now: datetime) -> CareEntry:
    if not why.strip():
        raise FieldMissing("why")
    with transaction(entry.scope):
        found = desk.fresh(entry, *states)
        desk.keep(found, state=state, next_visit_on=None)
        _write(found, {"state": state, "why": why.strip()}, actor=actor, now=now)
    return found


def _consent(resident: Resident) -> ConsentRecord | None:
    """The standing answer, where it is yes. Raises ConsentNeeded where the person said no."""
    newest = (
        ConsentRecord.select()
        .where((ConsentRecord.resident == resident.id) & (ConsentRecord.purpose == "care_roster"))
        .order_by(ConsentRecord.at.desc(), ConsentRecord.id.desc())
        .first()
    )
    if newest is not None and newest.state != "given":
        raise ConsentNeeded()
    return newest  # type: ignore[no-any-return]


def _review_on(now: datetime) -> object:
    return end_of_month_after(day_of(now), models.setting("care.review_months"))


def _write(row: CareEntry, body: dict[str, object], *, actor: Actor, now: datetime) -> None:
    deed = journal.Deed("roster.changed", row.scope, {"care": row.id, **body}, row.resident_id, [row])
    journal.write([deed], actor=actor, now=now)
    cards.touch([row.resident_id], now=now)
