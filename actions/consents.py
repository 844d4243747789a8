"""Consent as phones bring it: one row each answer; withdrawing stops what rested on it (R-PRI-2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from actions.arrivals import Arrived, Batch, tell_leads, unused
from models import CareEntry, ConsentRecord
from rules.days import day_of, end_of_month_after

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
    """A place on the care roster rests on consent. Who was asked because of a proposal is on it, or off it with their
    words; of a place that stands the consent is noted, and withdrawn, visits pause at once.

    Whoever asked was with them that day, so the next visit is a whole interval later.
    """
    entries = CareEntry.select().where((CareEntry.resident == resident) & (CareEntry.state != "left"))
    for entry in entries:
        if entry.state == "proposed":
            _decide(record, entry, state, batch)
        elif state == "given":
            entry.consent = record.body.consent
            batch.change(record, entry, CareEntry.consent)
        elif entry.state == "enrolled":
            entry.state, entry.next_visit_on = "paused", None
            batch.change(record, entry, CareEntry.state, CareEntry.next_visit_on)


def _decide(record: Arrived, entry: CareEntry, state: str, batch: Batch) -> None:
    if state == "given":
        asked_on = day_of(batch.trusted(record, record.at))
        entry.state, entry.consent = "enrolled", record.body.consent
        entry.next_visit_on = asked_on + timedelta(days=entry.every_days)
        entry.review_on = end_of_month_after(asked_on, batch.setting("care.review_months"))
    else:
        entry.state, entry.reason = "left", "。".join(each for each in (entry.reason, record.body.why) if each)
    c = CareEntry
    batch.change(record, entry, c.state, c.consent, c.next_visit_on, c.review_on, c.reason)
