"""Results handed over, as phones bring it: only the recipient's own act closes a delivery (domain §14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actions.arrivals import Arrived, Batch
from models import Delivery
from rules.admission import Held

OPEN = ("ready", "taken_out", "attempted")
OF_MONEY = ("self", "guardian")  # into whose hands a card with a money function may go


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`delivery.made | attempted`, in the order they were signed."""
    wanted = [record.body.delivery for record in records]
    here = {row.id: row for row in Delivery.select().where(Delivery.id.in_(wanted))}
    for record in records:
        row = here.get(record.body.delivery)
        why = _why_held(record, row, batch)
        if why is not None or row is None:
            batch.hold(record, why or Held.RECORD_UNKNOWN)
            continue
        row.event, row.visit = record.id, record.body.visit
        if record.kind == "delivery.made":
            row.state, row.done_at = "delivered", batch.trusted(record, record.at)
            row.made = record.body.model_dump(mode="json", exclude={"delivery", "visit"}, exclude_defaults=True)
            batch.settled.append(row.id)
        else:
            row.state, row.tries = "attempted", row.tries + 1
            row.made = record.body.model_dump(mode="json", include={"why", "words"}, exclude_defaults=True)
        fields = (Delivery.state, Delivery.done_at, Delivery.made, Delivery.tries, Delivery.event, Delivery.visit)
        batch.change(record, row, *fields)
        batch.touched.add(row.resident_id)


def _why_held(record: Arrived, row: Any, batch: Batch) -> Held | None:
    """Nothing is handed over twice, for somebody else, or a card with a money function into other hands."""
    if row is None:
        return Held.RECORD_UNKNOWN
    if row.resident_id != batch.resident_of(record).id:
        return Held.RECORD_UNKNOWN
    if row.state not in OPEN:
        return Held.ALREADY_DONE
    if record.kind == "delivery.made" and row.money_function and record.body.to not in OF_MONEY:
        return Held.MONEY_FUNCTION
    return None
