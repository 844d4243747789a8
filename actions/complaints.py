"""Complaints and suggestions about the program and the work it makes: they must be answered (R-BUR-2)."""

from __future__ import annotations

from collections.abc import Sequence

from actions.arrivals import Arrived, Batch, unused
from models import Complaint


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`complaint.made`: about no resident; waits for its answer."""
    for record in unused(records, batch, Complaint, lambda record: record.body.complaint):
        body = record.body
        row = Complaint(
            id=body.complaint, scope=record.scope, event=record.id, kind=body.kind, words=body.words,
            person=record.actor, made_at=batch.trusted(record, record.at), received_at=batch.now,
        )  # fmt: skip
        batch.add(record, row)
