"""The one journal: everything that happens is appended here, in the transaction that changes the rows it names."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pypinyin import Style, lazy_pinyin

import models
from models import Area, JournalEntry, Lookup, Row, Scope, canonical, leaf_of
from rules import ciphers
from rules.actors import Actor
from rules.days import day_of


@dataclass(frozen=True)
class Deed:
    """Something done at a desk or by the command line, and the rows as they are after it."""

    kind: str
    scope: str  # 12 digits
    body: dict[str, Any] = field(default_factory=dict)
    subject: UUID | None = None
    rows: Sequence[Row] = ()


@dataclass
class Arrived:
    """A signed event on its way into the journal: an opened phone event or a signed deed."""

    id: UUID
    scope: str
    hash: str
    kind: str
    v: int
    device: UUID | None
    seq: int
    prev: str
    actor: UUID | None
    post: UUID | None
    subject: UUID | None
    at: datetime
    payload: str
    signature: bytes
    body: Any = None  # the checked pydantic body of a phone event
    blobs: tuple[Any, ...] = ()
    after: int = 0
    offset_ms: int | None = None
    state: str = "accepted"
    why: str = ""
    number: str = ""
    position: int = 0
    rows: list[Row] = field(default_factory=list)  # rows as they are after it


def write(deeds: Sequence[Deed], *, actor: Actor | None, now: datetime, by: str = "") -> list[JournalEntry]:
    """Sign what a desk did with the server's key and append it; inside the caller's transaction over those scopes.

    `by` names the operating system's user where a command acts for nobody's post.
    """
    return append([signed(deed, actor=actor, now=now, by=by) for deed in deeds], now=now)


def append(
    arrived: Sequence[Arrived], *, now: datetime, numbered: Callable[[Arrived], None] = lambda _: None
) -> list[JournalEntry]:
    """Put events at the end of their scopes' chains, in the order given, and number those of phones.

    Sets `position` and `number` of each, then calls `numbered`, which may still put the number into a row: the leaves
    are made after it. Order of position is order of commit, for the scope's row is locked.
    """
    entries: list[JournalEntry] = []
    by_scope: dict[str, list[Arrived]] = {}
    for each in arrived:
        by_scope.setdefault(each.scope, []).append(each)
    for code, found in by_scope.items():
        entries += _append_to(code, found, now, numbered)
    models.insert(entries)
    return entries


_ENDS = Lookup(Scope.code, Scope.position, Scope.chain, Scope.receipt_on, Scope.receipt_count, by=Scope.code)


@dataclass
class End:
    """Where a scope's chain ends, and how many receipts were numbered on which day; `position` moves on with it."""

    position: int = 0
    chain: str = ""
    receipt_on: date | None = None
    receipt_count: int = 0


def _append_to(
    code: str, found: Sequence[Arrived], now: datetime, numbered: Callable[[Arrived], None]
) -> list[JournalEntry]:
    row = next(iter(_ENDS([code])), None) or _first(code)
    end = End(*row[1:])
    letters = abbreviation(code) if any(each.device is not None for each in found) else ""
    entries = chained(found, end, letters=letters, now=now, numbered=numbered)
    counters = (Scope.position, Scope.chain, Scope.receipt_on, Scope.receipt_count)
    models.update_values(Scope, counters, [(code, end.position, end.chain, end.receipt_on, end.receipt_count)])
    return entries


def chained(
    found: Sequence[Arrived], end: End, *, letters: str, now: datetime, numbered: Callable[[Arrived], None]
) -> list[JournalEntry]:
    """The entries of events received `now` that follow this end of a chain, which moves on; nothing is written.

    `letters` begin the numbers of phones' records, which count from one each day of Shanghai.
    """
    today, entries = day_of(now), []
    if end.receipt_on != today:
        end.receipt_on, end.receipt_count = today, 0
    for each in found:
        end.position += 1
        if each.device is not None:
            end.receipt_count += 1
            each.number = f"{letters}-{today:%m%d}-{end.receipt_count:02d}"
        each.position = end.position
        numbered(each)
        leaves = canonical(dict(leaf_of(row) for row in each.rows))
        end.chain = link(end.chain, end.position, str(each.id), each.hash, now, leaves)
        entries.append(
            JournalEntry.of(
                scope=each.scope, position=end.position, id=each.id, hash=each.hash, chain=end.chain, kind=each.kind,
                v=each.v, device=each.device, seq=each.seq, prev=each.prev, actor=each.actor, post=each.post,
                subject=each.subject, at=each.at, received_at=now, state=each.state, why=each.why,
                number=each.number, payload=each.payload, signature=each.signature, leaves=leaves,
            )
        )  # fmt: skip
    return entries


def _first(code: str) -> tuple[Any, ...]:
    Scope.create(code=code)
    return code, 0, "", None, 0


def link(chain: str, position: int, event: str, digest: str, received_at: datetime, leaves: str) -> str:
    """The next hash of a chain (docs/formats.md §3)."""
    parts = (chain, str(position), event, digest, models.canonical(received_at)[1:-1], ciphers.sha256(leaves.encode()))
    return ciphers.sha256("\n".join(parts).encode())


def signed(deed: Deed, *, actor: Actor | None, now: datetime, by: str = "") -> Arrived:
    """What a desk did, signed with the server's key."""
    post = actor.post_for(deed.scope) if actor else None
    event = ciphers.uuid7(int(now.timestamp() * 1000))
    payload = canonical(
        {
            "id": event, "salt": ciphers.b64(os.urandom(16)), "kind": deed.kind, "v": 1, "device": "server", "seq": 0,
            "prev": "", "scope": deed.scope, "after": 0, "actor": actor.person if actor else None,
            "post": post.id if post else None, "subject": deed.subject, "at": _instant(now), "offset_ms": None,
            "offset_age_s": None, "body": deed.body | ({"by": by} if by else {}), "blobs": [],
        }
    )  # fmt: skip
    return Arrived(
        id=event, scope=deed.scope, hash=ciphers.event_hash(payload), kind=deed.kind, v=1, device=None, seq=0, prev="",
        actor=actor.person if actor else None, post=post.id if post else None, subject=deed.subject, at=now,
        payload=payload, signature=ciphers.sign(models.keys().signing, ciphers.EVENT_PREFIX + payload),
        rows=list(deed.rows),
    )  # fmt: skip


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def abbreviation(scope: str) -> str:
    """Two to three letters people read out for a township: 花梨镇 → HL."""
    name = Area.names([scope]).get(scope, "")
    letters = "".join(lazy_pinyin(name.rstrip("镇乡街道办事处县区市"), style=Style.FIRST_LETTER)).upper()
    return "".join(c for c in letters if c.isascii() and c.isalpha())[:3] or "DB"
