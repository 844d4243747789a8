"""A death somebody told of, as phones bring it: visits and letters stop at once (R-LIF-6)."""

from __future__ import annotations

from collections.abc import Sequence

from actions.arrivals import Arrived, Batch, tell_leads, unused
from models import DeathReport, Resident


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
