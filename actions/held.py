"""Held records: durable, without effect, in the lead's tray until somebody lets them take effect or answers them.

Adopting leaves the author as the author; whoever adopts is named beside and never checks what was adopted (design §4).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from actions import arrivals, backups, inbox, journal, sync
from actions.arrivals import Batch
from models import Device, JournalEntry, Person, transaction
from rules import events
from rules.actors import Actor, Role
from rules.admission import Held, Span
from rules.problems import AdopterIsAuthor, AlreadyDealtWith, HeldHasNoEffect

#: Reasons that say the record itself cannot take effect; it can only be answered.
NO_EFFECT = frozenset({Held.UNKNOWN_KIND, Held.UNREADABLE_BODY})
#: Whose word counts, each for the people of their own area.
DECIDERS = (Role.LEAD, Role.TOWNSHIP_HEAD, Role.COUNTY)


def adopt(entries: Sequence[JournalEntry], *, why: str, actor: Actor, now: datetime) -> None:
    """Let held records take effect as their authors wrote them, each with an event that names who adopted it.

    Raises AdopterIsAuthor, AlreadyDealtWith, HeldHasNoEffect (what it is about is not here, or was done meanwhile);
    then nothing of the list took effect.
    """
    with transaction(*{entry.scope for entry in entries}):
        found = [_waiting(entry) for entry in entries]
        for entry in found:
            if actor.person == entry.actor:
                raise AdopterIsAuthor()
        for entry in found:
            _take_effect(entry, why, actor, now)


def answer(entries: Sequence[JournalEntry], *, words: str, actor: Actor, now: datetime) -> None:
    """Say what becomes of held records without letting them take effect; their authors are told. Raises AlreadyDealtWith."""
    with transaction(*{entry.scope for entry in entries}):
        for entry in map(_waiting, entries):
            body = {"event": entry.id, "position": entry.position, "words": words}
            deed = journal.Deed("held.answered", entry.scope, body, subject=entry.subject)
            journal.write([deed], actor=actor, now=now)
            _close(entry, "answered", words, now)


def body_of(entry: JournalEntry) -> Any:
    """The checked body of a phone's event, or None where it cannot be understood (or was erased)."""
    payload = payload_of(entry)
    model = events.PHONE_KINDS.get(entry.kind)
    if payload is None or model is None or payload.v != 1:
        return None
    try:
        return model.model_validate(payload.body)
    except ValidationError:
        return None


def payload_of(entry: JournalEntry) -> events.Payload | None:
    """The signed text of a phone's event as values."""
    if entry.payload is None or entry.device is None:
        return None
    return sync.read_payload(entry.payload)


def _waiting(entry: JournalEntry) -> Any:
    """The entry as it is now, inside the transaction."""
    found = JournalEntry.get_by_id((entry.scope, entry.position))
    if found.state != "held":
        raise AlreadyDealtWith(found.state)
    return found


def _take_effect(entry: Any, why: str, actor: Actor, now: datetime) -> None:
    body, payload = body_of(entry), payload_of(entry)
    if body is None or payload is None or entry.why in NO_EFFECT:
        raise HeldHasNoEffect(entry.why)
    record = arrivals.Arrived(
        id=entry.id, scope=entry.scope, hash=entry.hash, kind=entry.kind, v=entry.v, device=entry.device, seq=entry.seq,
        prev=entry.prev, actor=entry.actor, post=entry.post, subject=entry.subject, at=entry.at, payload=entry.payload,
        signature=b"", body=body, blobs=payload.blobs, after=payload.after, offset_ms=payload.offset_ms,
        number=entry.number,
    )  # fmt: skip
    batch = Batch(now=now, received_at=entry.received_at, adopting=True)
    arrivals.load(batch, [record])
    batch.spans[record.id] = _span(entry, payload)
    batch.posts = sync.posts_by_id([payload.post])
    if record.actor not in batch.people:
        raise HeldHasNoEffect(Held.NOT_OWN_POST)
    provisional = record.kind in sync.OWN_SUBJECT
    if record.subject is not None and not provisional and record.subject not in batch.residents:
        raise HeldHasNoEffect(Held.RESIDENT_UNKNOWN)
    if record.subject is None and record.kind not in sync.NO_SUBJECT:
        raise HeldHasNoEffect(Held.RESIDENT_UNKNOWN)
    resident = batch.residents.get(record.subject) if record.subject is not None else None
    if resident is not None and not actor.covers(resident.area, *DECIDERS):
        raise HeldHasNoEffect(Held.RESIDENT_ELSEWHERE)  # theirs to decide, who look after that place
    sync.apply([record], batch)
    if record.state != "accepted":
        raise HeldHasNoEffect(record.why)
    sync.put_number(record)
    said = {"event": entry.id, "position": entry.position, "held": entry.why, "why": why}
    deed = journal.Deed("held.adopted", entry.scope, said, subject=entry.subject, rows=record.rows)
    journal.write([deed], actor=actor, now=now)
    batch.write()
    _close(entry, "adopted", why, now)


def _span(entry: Any, payload: events.Payload) -> Span:
    """The trusted time of the record as it was on arrival: the later adoption says nothing about it."""
    e = JournalEntry
    heard = e.select(e.received_at).where((e.scope == entry.scope) & (e.position == payload.after)).scalar()
    phone = Device.get_or_none(Device.id == entry.device)
    earliest = min(heard or (phone.enrolled_at if phone else entry.received_at), entry.received_at)
    if phone is not None and payload.at < earliest:
        earliest = backups.heard_before_restore(earliest, at=payload.at, phone=phone)
    return Span(earliest, entry.received_at)


def _close(entry: Any, state: str, words: str, now: datetime) -> None:
    e = JournalEntry
    e.update(state=state).where((e.scope == entry.scope) & (e.position == entry.position)).execute()
    inbox.settle([entry.id], now=now)
    if entry.actor is not None and Person.select().where(Person.id == entry.actor).exists():
        inbox.tell([inbox.Message(entry.actor, entry.scope, "held", entry.subject, entry.id, words)], now=now)
