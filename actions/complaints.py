"""Complaints and suggestions about the program and the work it makes: they must be answered (R-BUR-2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from actions import desk, inbox, journal
from actions.arrivals import Arrived, Batch, unused
from models import Complaint, transaction
from rules.actors import Actor
from rules.problems import FieldMissing


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`complaint.made`: about no resident; waits for its answer."""
    for record in unused(records, batch, Complaint, lambda record: record.body.complaint):
        body = record.body
        row = Complaint(
            id=body.complaint, scope=record.scope, event=record.id, kind=body.kind, words=body.words,
            person=record.actor, made_at=batch.trusted(record, record.at), received_at=batch.received_at,
        )  # fmt: skip
        batch.add(record, row)


# ---- at the desk


def answer(complaint: Complaint, words: str, *, actor: Actor, now: datetime) -> Complaint:
    """Answer a complaint or suggestion; whoever made it reads it on the phone. Raises AlreadyDealtWith, FieldMissing."""
    if not words.strip():
        raise FieldMissing("answer")
    with transaction(complaint.scope):
        found = desk.fresh(complaint, "received")
        desk.keep(found, state="answered", answer=words.strip(), answered_by=actor.person, answered_at=now)
        body = {"complaint": found.id, "words": words.strip()}
        journal.write([journal.Deed("complaint.answered", found.scope, body, rows=[found])], actor=actor, now=now)
        inbox.tell(
            [inbox.Message(found.person_id, found.scope, "answer", about=found.id, words=words.strip())], now=now
        )
    return found
