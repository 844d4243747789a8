"""What people need, in their words, as phones bring it, and what the township answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from actions import cards, desk, inbox, journal
from actions.arrivals import Arrived, Batch, unused
from models import Request, transaction
from rules.actors import Actor
from rules.events import RequestRaised
from rules.problems import FieldMissing


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`request.raised`: waits for somebody at the township to take it on."""
    for record in unused(records, batch, Request, lambda record: record.body.request):
        body, resident = record.body, batch.resident_of(record)
        row = Request(
            id=body.request, resident=resident.id, scope=resident.scope, area=resident.area, event=record.id,
            visit=body.visit, raised_by=record.actor, raised_at=batch.trusted(record, record.at), received_at=batch.received_at,
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


# ---- at the desk


def take_on(request: Request, *, actor: Actor, now: datetime) -> Request:
    """Take a request on; whoever was first owns it. Raises AlreadyDealtWith."""
    with transaction(request.scope):
        found = desk.fresh(request, "raised")
        desk.keep(found, state="taken_on", owner=actor.person)
        _write("request.taken_on", found, {}, actor=actor, now=now)
    return found


def answer(request: Request, words: str, *, actor: Actor, now: datetime) -> Request:
    """Answer a request; the agent tells the person. Raises AlreadyDealtWith, FieldMissing."""
    return _end(request, "request.answered", "answered", words, "", actor=actor, now=now)


def pass_on(request: Request, to: str, words: str, *, actor: Actor, now: datetime) -> Request:
    """Pass a request to who decides on it, and say to whom. Raises AlreadyDealtWith, FieldMissing."""
    if not to.strip():
        raise FieldMissing("to")
    return _end(request, "request.passed_on", "passed_on", words, to.strip(), actor=actor, now=now)


def decline(request: Request, why: str, *, actor: Actor, now: datetime) -> Request:
    """Decline a request with the reason the person will hear. Raises AlreadyDealtWith, FieldMissing."""
    return _end(request, "request.declined", "declined", why, "", actor=actor, now=now)


def _end(
    request: Request, kind: str, state: str, words: str, passed_to: str, *, actor: Actor, now: datetime
) -> Request:
    words = words.strip()
    if not words and state != "passed_on":
        raise FieldMissing("why" if state == "declined" else "answer")
    with transaction(request.scope):
        found = desk.fresh(request, "raised", "taken_on")
        owner = found.owner_id or actor.person
        desk.keep(found, state=state, answer=words, passed_to=passed_to, answered_at=now, owner=owner)
        _write(kind, found, {"words": words, "to": passed_to}, actor=actor, now=now)
        told = inbox.Message(found.raised_by_id, found.scope, "answer", found.resident_id, found.id, words or passed_to)
        inbox.tell([told], now=now)
        if found.resident_id is not None:
            cards.touch([found.resident_id], now=now)
    return found


def _write(kind: str, found: Request, body: dict[str, object], *, actor: Actor, now: datetime) -> None:
    deed = journal.Deed(kind, found.scope, {"request": found.id, **body}, found.resident_id, [found])
    journal.write([deed], actor=actor, now=now)
