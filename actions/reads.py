"""Who looked at whose data, and why: a chain of its own for each scope, so that no line can be taken out unseen (R-PRI-5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import models
from models import ReadEntry, transaction
from rules import ciphers


@dataclass(frozen=True)
class Read:
    """One look: at one resident, or at a list of many (`resident` null), with a reason where one was asked for."""

    scope: str
    person: UUID
    resident: UUID | None
    what: str  # resident | visit | picture | id-number | export …
    reason: str = ""


def note(reads: Sequence[Read], *, now: datetime) -> None:
    """Append looks to their scopes' chains; joins the caller's transaction, or makes its own."""
    if not reads:
        return
    with transaction(*{read.scope for read in reads}):
        rows: list[models.Row] = []
        for scope in sorted({read.scope for read in reads}):
            position, chain = _end(scope)
            for read in (each for each in reads if each.scope == scope):
                position += 1
                chain = link(chain, position, read.person, read.resident, read.what, read.reason, now)
                rows.append(
                    ReadEntry(
                        scope=scope, position=position, chain=chain, person=read.person, resident=read.resident,
                        what=read.what, reason=read.reason, at=now,
                    )
                )  # fmt: skip
        models.insert(rows)


def link(chain: str, position: int, person: UUID, resident: UUID | None, what: str, reason: str, at: datetime) -> str:
    """The next hash of a chain of looks."""
    parts = [chain, position, person, resident, what, reason, at]
    return ciphers.sha256(("daiban-read/1\n" + models.canonical(parts)).encode())


def broken(scope: str) -> Iterator[str]:
    """What is wrong with a scope's chain of looks, in words; nothing when it proves."""
    position, chain = 0, ""
    for entry in ReadEntry.select().where(ReadEntry.scope == scope).order_by(ReadEntry.position).iterator():
        if entry.position != position + 1:
            yield f"{scope}: looks {position + 1} to {entry.position - 1} are missing"
        chain = link(chain, entry.position, entry.person, entry.resident, entry.what, entry.reason, entry.at)
        if entry.chain != chain:
            yield f"{scope}: look {entry.position} is not as it was written, or the one before it is not"
        position, chain = entry.position, entry.chain


def ends() -> dict[str, tuple[int, str]]:
    """The end of every scope's chain of looks."""
    scopes = ReadEntry.select(ReadEntry.scope).distinct().order_by(ReadEntry.scope).tuples()
    return {scope: _end(scope) for (scope,) in scopes}


def _end(scope: str) -> tuple[int, str]:
    found: Any = (
        ReadEntry.select(ReadEntry.position, ReadEntry.chain)
        .where(ReadEntry.scope == scope)
        .order_by(ReadEntry.position.desc())
        .limit(1)
        .tuples()
        .first()
    )
    return (0, "") if found is None else (found[0], found[1])
