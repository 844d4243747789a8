"""What people need, in their words, as phones bring it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from actions.arrivals import Arrived, Batch, unused
from models import Request
from rules.events import RequestRaised


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`request.raised`: waits for somebody at the township to take it on."""
    for record in unused(records, batch, Request, lambda record: record.body.request):
        body, resident = record.body, batch.resident_of(record)
        row = Request(
            id=body.request, resident=resident.id, scope=resident.scope, area=resident.area, event=record.id,
            visit=body.visit, raised_by=record.actor, raised_at=batch.trusted(record, record.at), received_at=batch.now,
            **_words(body),
        )  # fmt: skip
        batch.add(record, row)
        batch.touched.add(resident.id)


def correct(record: Arrived, body: RequestRaised, original: UUID, batch: Batch) -> bool:
    """Other words for the same request, as long as nobody answered it; the old ones stay in its history."""
    row = next((r for r in batch.inserts if isinstance(r, Request) and r.event == original), None)
    here = row is not None
    row = row or Request.get_or_none((Request.event == original) & Request.state.in_(("raised", "taken_on")))
    if row is None:
        return False
    for name, value in _words(body).items():
        setattr(row, name, value)
    if here:
        record.rows.append(row)
    else:
        batch.change(record, row, Request.words, Request.may_act, Request.papers)
    batch.touched.add(row.resident_id)
    return True


def _words(body: RequestRaised) -> dict[str, object]:
    may_act = None if body.may_act is None else body.may_act.model_dump(mode="json", exclude_defaults=True)
    return {"words": body.words, "may_act": may_act, "papers": list(body.papers) or None}
