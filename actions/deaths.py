"""A death somebody told of, as phones bring it: visits and letters stop at once (R-LIF-6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from actions import cards, desk, inbox, journal
from actions.arrivals import Arrived, Batch, tell_leads, unused
from models import DeathReport, Resident, transaction
from rules.actors import Actor
from rules.days import day_of
from rules.problems import FieldMissing


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`death.reported`: the person's card says so from now on; the office confirms it or puts it right."""
    for record in unused(records, batch, DeathReport, lambda record: record.body.death):
        body, resident = record.body, batch.resident_of(record)
        row = DeathReport(
            id=body.death, resident=resident.id, scope=resident.scope, area=resident.area, event=record.id,
            reporter=body.reporter, relation=body.relation, died_on=body.died_on, source=body.source, words=body.words,
            reported_by=record.actor, reported_at=batch.trusted(record, record.at),
        )  # fmt: skip
        batch.add(record, row)
        if resident.life == "presumed_alive":
            resident.life = "death_reported"
            batch.change(record, resident, Resident.life)
        batch.touched.add(resident.id)
        tell_leads(batch, record, "death", area=resident.area, about=body.death, words=resident.name)


# ---- at the desk


def confirm(report: DeathReport, source: str, died_on: date | None, *, actor: Actor, now: datetime) -> DeathReport:
    """A death is certain, from a source that is named; visits stay stopped. Raises AlreadyDealtWith, FieldMissing."""
    if not source.strip():
        raise FieldMissing("source")
    if died_on is not None and died_on > day_of(now):
        raise FieldMissing("died_on")
    with transaction(report.scope):
        found = desk.fresh(report, "reported")
        desk.keep(
            found, state="confirmed", decided_by=actor.person, decided_at=now, decided_source=source.strip(),
            died_on=died_on or found.died_on,
        )  # fmt: skip
        resident = desk.keep(Resident.get_by_id(found.resident_id), life="death_confirmed")
        body = {"death": found.id, "source": source.strip(), "died_on": found.died_on}
        deed = journal.Deed("death.confirmed", found.scope, body, found.resident_id, [found, resident])
        journal.write([deed], actor=actor, now=now)
        _done(found, now)
    return found


def mistaken(report: DeathReport, note: str, *, actor: Actor, now: datetime) -> DeathReport:
    """It was a mistake, also after it was confirmed: visits return, and the family hears an apology, noted here.

    Raises AlreadyDealtWith, FieldMissing.
    """
    if not note.strip():
        raise FieldMissing("words")
    with transaction(report.scope):
        found = desk.fresh(report, "reported", "confirmed")
        desk.keep(found, state="mistaken", decided_by=actor.person, decided_at=now, note=note.strip())
        d = DeathReport
        others = {state for (state,) in d.select(d.state).where(d.resident == found.resident_id).tuples()}
        stands = "confirmed" if "confirmed" in others else "reported" if "reported" in others else ""
        life = f"death_{stands}" if stands else "presumed_alive"  # what another report still says
        resident = desk.keep(Resident.get_by_id(found.resident_id), life=life)
        body = {"death": found.id, "note": note.strip()}
        deed = journal.Deed("death.mistaken", found.scope, body, found.resident_id, [found, resident])
        journal.write([deed], actor=actor, now=now)
        _done(found, now)
        told = inbox.Message(found.reported_by_id, found.scope, "death", found.resident_id, found.id, note.strip())
        inbox.tell([told], now=now)
    return found


def _done(found: DeathReport, now: datetime) -> None:
    inbox.settle([found.id], now=now)
    cards.touch([found.resident_id], now=now)
