"""What a person should know, on the phone or at the desk: rows of an inbox, part of the sync. Push texts say none of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import models
from models import InboxMessage, Lookup, Person, transaction
from rules import ciphers


@dataclass(frozen=True)
class Message:
    """`kind` is one of those in InboxMessage; `resident` and `about` say what to open."""

    person: UUID
    scope: str
    kind: str
    resident: UUID | None = None
    about: UUID | None = None
    words: str = ""


def tell(messages: Sequence[Message], *, now: datetime) -> None:
    """Put messages into inboxes, inside the caller's transaction.

    Revisions come from the person's own row, whose update locks it: order of revision is order of commit. People are
    taken in order of id, so that two transactions never wait for each other.
    """
    rows: list[models.Row] = []
    for person in sorted({each.person for each in messages}):
        mine = [each for each in messages if each.person == person]
        first = _revs(person, len(mine))
        rows += [
            InboxMessage(
                id=ciphers.uuid7(int(now.timestamp() * 1000)), person=person, scope=each.scope, rev=first + number,
                kind=each.kind, subject=each.resident, about=each.about, words=each.words, at=now,
            )
            for number, each in enumerate(mine)
        ]  # fmt: skip
    models.insert(rows)


def settle(about: Iterable[UUID], *, now: datetime) -> None:
    """What these messages were about is done: they leave the list, on every phone at its next sync."""
    open_now = InboxMessage.about.in_(list(about)) & InboxMessage.done_at.is_null()
    found = list(InboxMessage.select(InboxMessage.id, InboxMessage.person).where(open_now))
    for person in sorted({each.person_id for each in found}):
        mine = [each for each in found if each.person_id == person]
        first = _revs(person, len(mine))
        for number, each in enumerate(mine):
            InboxMessage.update(done_at=now, rev=first + number).where(InboxMessage.id == each.id).execute()


def mark_done(message: UUID, person: UUID, *, now: datetime) -> None:
    """Somebody looked at a message and put it away."""
    with transaction():
        InboxMessage.update(done_at=now, rev=_revs(person, 1)).where(
            (InboxMessage.id == message) & (InboxMessage.person == person) & InboxMessage.done_at.is_null()
        ).execute()


def since(person: UUID, rev: int, *, limit: int = 100) -> tuple[list[dict[str, Any]], int]:
    """The rows a phone has not seen, oldest first, and the revision to ask from next time."""
    found = (_NEW if rev else _OPEN)([person], *([rev] if rev else []), limit)
    rows = [
        {"id": key, "kind": kind, "resident": resident, "about": about, "words": words, "at": at, "done": bool(done_at)}
        for key, _, kind, resident, about, words, at, done_at in found
    ]
    return rows, found[-1][1] if found else rev


_m = InboxMessage
_COLUMNS = (_m.id, _m.rev, _m.kind, _m.subject, _m.about, _m.words, _m.at, _m.done_at)
_NEW = Lookup(*_COLUMNS, by=_m.person, also="rev > {}", order="rev LIMIT {}")
_OPEN = Lookup(*_COLUMNS, by=_m.person, also="done_at IS NULL", order="rev LIMIT {}")


def _revs(person: UUID, count: int) -> int:
    Person.update(inbox_rev=Person.inbox_rev + count).where(Person.id == person).execute()
    return int(Person.select(Person.inbox_rev).where(Person.id == person).scalar()) - count + 1
