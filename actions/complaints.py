"""Complaints and suggestions about the program and the work it makes: they must be answered (R-BUR-2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from actions import desk, inbox, journal
from actions.arrivals import Arrived, Batch, tell_leads, unused
from models import Complaint, transaction
from rules.actors import Actor
from rules.days import add_working_days, day_of
from rules.problems import FieldMissing


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`complaint.made`: about no resident; waits for its answer, and the leads hear of it."""
    for record in unused(records, batch, Complaint, lambda record: record.body.complaint):
        body = record.body
        row = Complaint(
            id=body.complaint, scope=record.scope, event=record.id, kind=body.kind, words=body.words,
            person=record.actor, made_at=batch.trusted(record, record.at), received_at=batch.received_at,
        )  # fmt: skip
        batch.add(record, row)
        tell_leads(batch, record, "complaint", area=record.scope, about=row.id, words=row.words)


# ---- at the desk


def answer_by(complaint: Complaint, working_days: int, calendar: Mapping[date, bool]) -> date:
    """The working day by which it is to be answered; the day the county received it does not count."""
    return add_working_days(day_of(complaint.received_at), working_days, calendar)


def answer(complaint: Complaint, words: str, *, actor: Actor, now: datetime) -> Complaint:
    """Answer a complaint or suggestion; whoever made it reads it on the phone. Raises AlreadyDealtWith, FieldMissing."""
    if not words.strip():
        raise FieldMissing("answer")
    with transaction(complaint.scope):
        found = desk.fresh(complaint, "received")
        desk.keep(found, state="answered", answer=words.strip(), answered_by=actor.person, answered_at=now)
        body = {"complaint": found.id, "words": words.strip()}
        journal.write([journal.Deed("complaint.answered", found.scope, body, rows=[found])], actor=actor, now=now)
        inbox.settle([found.id], now=now)
        inbox.tell(
            [inbox.Message(found.person_id, found.scope, "answer", about=found.id, words=words.strip())], now=now
        )
    return found
