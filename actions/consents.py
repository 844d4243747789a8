"""Consent as phones bring it: one row each answer; withdrawing stops what rested on it (R-PRI-2)."""

from __future__ import annotations

from collections.abc import Sequence

from actions.arrivals import Arrived, Batch, tell_leads, unused
from models import CareEntry, ConsentRecord

STATES = {"consent.given": "given", "consent.refused": "refused", "consent.withdrawn": "withdrawn"}


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`consent.given | refused | withdrawn`."""
    for record in unused(records, batch, ConsentRecord, lambda record: record.body.consent):
        body, resident = record.body, batch.resident_of(record)
        state = STATES[record.kind]
        row = ConsentRecord(
            id=body.consent, resident=resident.id, purpose=body.purpose, state=state, text_version=body.text_version,
            told=body.told, by=body.by, guardian=body.guardian, why=body.why, at=batch.trusted(record, record.at),
            mark=None if body.mark is None else body.mark.model_dump(mode="json", exclude_defaults=True), event=record.id,
        )  # fmt: skip
        batch.add(record, row)
        batch.touched.add(resident.id)
        if body.purpose == "care_roster":
            _roster(record, resident.id, state, batch)
        if state == "withdrawn":
            tell_leads(batch, record, "consent", area=resident.area, about=body.consent, words=resident.name)


def _roster(record: Arrived, resident: object, state: str, batch: Batch) -> None:
    """A place on the care roster rests on consent: given, it is noted; refused or withdrawn, visits pause at once."""
    entries = CareEntry.select().where((CareEntry.resident == resident) & (CareEntry.state != "left"))
    for entry in entries:
        if state == "given":
            entry.consent = record.body.consent
            batch.change(record, entry, CareEntry.consent)
        elif entry.state in ("enrolled", "proposed"):
            entry.state, entry.next_visit_on = "paused", None
            batch.change(record, entry, CareEntry.state, CareEntry.next_visit_on)
