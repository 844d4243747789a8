"""Putting right what one's own phone wrote, where the row stays and says something else: deliveries, deaths, people noted
first, complaints, answers. Visits, verifications and requests have theirs beside what they do.

Each takes the record, the whole new body and the id of the event corrected, and gives False when things moved on since.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import models
from actions.arrivals import Arrived, Batch, tell_leads
from actions.deliveries import OF_MONEY
from models import Complaint, DeathReport, Delivery, Resident, Row, Visit
from rules import ciphers, events, id_numbers, names
from rules.admission import Held


def delivery_made(record: Arrived, body: events.DeliveryMade, original: UUID, batch: Batch) -> bool:
    """Into whose hands it went, put right; the mark stays with the first record."""
    row = _row(Delivery, original, batch, "delivered")
    if row is None or row.id != body.delivery:
        return False
    if row.money_function and body.to not in OF_MONEY:
        batch.hold(record, Held.MONEY_FUNCTION)
        return True
    made = body.model_dump(mode="json", exclude={"delivery", "visit"}, exclude_defaults=True)
    _keep(record, row, batch, made=made)
    batch.touched.add(row.resident_id)
    return True


def delivery_attempted(record: Arrived, body: events.DeliveryAttempted, original: UUID, batch: Batch) -> bool:
    """Why it was not handed over, put right, as long as nobody planned it again."""
    row = _row(Delivery, original, batch, "attempted")
    if row is None or row.id != body.delivery:
        return False
    _keep(record, row, batch, made=body.model_dump(mode="json", include={"why", "words"}, exclude_defaults=True))
    batch.touched.add(row.resident_id)
    return True


def death(record: Arrived, body: events.DeathReported, original: UUID, batch: Batch) -> bool:
    """A report of a death, before the office decided: other words, or heard wrong, and then visits come back at once."""
    row = _row(DeathReport, original, batch, "reported")
    if row is None:
        return False
    resident = batch.resident_of(record)
    if not body.mistaken:
        said = body.model_dump(include={"reporter", "relation", "died_on", "source", "words"})
        _keep(record, row, batch, **said)
        batch.touched.add(resident.id)
        return True
    why = record.body.why
    _keep(record, row, batch, state="mistaken", decided_by=record.actor, decided_at=batch.now, note=why)
    others = (DeathReport.resident == resident.id) & (DeathReport.id != row.id)
    if (
        resident.life == "death_reported"
        and not DeathReport.select().where(others, DeathReport.state == "reported").exists()
    ):
        resident.life = "presumed_alive"
        batch.change(record, resident, Resident.life)
    batch.touched.add(resident.id)
    batch.settled.append(row.id)
    tell_leads(
        batch, record, "death", area=resident.area, about=row.id, words="，".join(filter(None, (resident.name, why)))
    )
    return True


def provisional(record: Arrived, body: events.ResidentProvisional, original: UUID, batch: Batch) -> bool:
    """Somebody noted first, until the office found out who it is; the village stays."""
    row = batch.residents.get(record.subject) if record.subject is not None else None
    if row is None or row.id != record.subject or row.state != "provisional":
        return False
    number = id_numbers.fold(body.id_number) or None
    _keep(
        record, row, batch, name=body.name, initials=names.initials(body.name), sex=body.sex, birth_year=body.birth_year,
        phone=body.phone, group=body.group, id_number=number, id_tail=number[-4:] if number else "",
        id_lookup=ciphers.lookup(models.keys().lookup, number) if number else None,
        id_missing_why="" if number else body.why,
    )  # fmt: skip
    batch.touched.add(row.id)
    return True


def complaint(record: Arrived, body: events.ComplaintMade, original: UUID, batch: Batch) -> bool:
    """Other words, until it is answered."""
    row = _row(Complaint, original, batch, "received")
    if row is None:
        return False
    _keep(record, row, batch, kind=body.kind, words=body.words)
    return True


def answer(record: Arrived, body: events.QueryAnswered, original: UUID, batch: Batch) -> bool:
    """Another answer to the same question, until the visit is looked at again."""
    here = (row for row in batch.rows() if isinstance(row, Visit) and row.query == body.query)
    row: Any = next(here, None) or Visit.get_or_none(Visit.query == body.query, Visit.corrected_by.is_null())
    if row is None or row.person_id != record.actor or row.state != "answered":
        return False
    _keep(record, row, batch, answer_words=body.words)
    return True


def _row(model: Any, original: UUID, batch: Batch, state: str) -> Any:
    """The row this event made or changed last, if it still stands in that state: of this batch, or of an earlier one."""
    here = (row for row in batch.rows() if isinstance(row, model) and row.event == original)
    row: Any = next(here, None) or model.get_or_none(model.event == original)
    return row if row is not None and row.state == state else None


def _keep(record: Arrived, row: Row, batch: Batch, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    if any(each is row for each in batch.inserts):
        record.rows.append(row)
    else:
        batch.change(record, row, *(getattr(type(row), name) for name in values))
