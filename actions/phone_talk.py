"""What a phone is told besides its receipts: epoch, heads, `kept_to`, pictures missing, orders; and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import models
from actions import backups, inbox, journal, phones, tails
from models import Device, Installation, JournalEntry, Lookup, Picture, Post, Scope, transaction
from rules import admission as rule
from rules import ciphers
from rules.actors import Role
from rules.days import day_of

RECOVERY_PREFIX = "daiban-recovery/1\n"
LARGEST = 2**53  # milliseconds beyond are no clock's, and no database holds them


@dataclass(frozen=True)
class County:
    """How far this county's journals go, as one request sees them."""

    epoch: int
    backed_up: bool
    ends: Sequence[tuple[str, int, str, int, datetime | None]]  # scope, position, chain, kept_to, when that came
    revs: Mapping[str, int]  # of each scope's feed: what a phone is given goes no further


def county_now(scopes: Iterable[str]) -> County:
    """Epoch, ends and revisions of these scopes, by one statement; a scope in which nothing ever happened has none."""
    rows = _ENDS(sorted(set(scopes)))
    epoch, backed_up_at = rows[0][:2] if rows else _INSTALLATION(("demo", "real"))[0]
    ends = [(code, *end) for _, _, code, _, *end in rows]
    return County(epoch, backed_up_at is not None, ends, {row[2]: row[3] for row in rows})


_OF_ALL = (Installation.epoch, Installation.backed_up_at)
_INSTALLATION = Lookup(*_OF_ALL, by=Installation.kind)
_ENDS = Lookup(
    *_OF_ALL, Scope.code, Scope.rev, Scope.position, Scope.chain, Scope.kept_to, JournalEntry.received_at, by=Scope.code,
    joined='CROSS JOIN "installation" LEFT JOIN "journal_entry" '
    'ON "journal_entry"."scope" = "scope"."code" AND "journal_entry"."position" = "scope"."position"',
)  # fmt: skip


def told_of(phone: Any, county: County, *, now: datetime) -> dict[str, Any]:
    """Epoch, heads and `kept_to`, pictures missing, orders: the part of an answer that is always there."""
    heads, kept = {}, {}
    held_back = backups.held_back(phone.id, now=now) if county.backed_up else {}
    for code, position, chain, kept_to, at in county.ends:
        until = min(kept_to, held_back.get(code, kept_to + 1) - 1)
        kept[code] = until if county.backed_up else position  # without backups the newest counts; the office is warned
        if at is not None:  # a journal whose end was cut off has none; phones that saw it say so
            heads[code] = {"position": position, "chain": chain, "at": at}
    return {
        "epoch": county.epoch,
        "kept_to": kept,
        "heads": heads,
        "wanted": wanted_of(phone.id),
        "orders": [phone.order] if phone.order else [],
    }


def written_in(phone: UUID, scopes: Iterable[str]) -> set[str]:
    """Those of these townships in whose journal this phone has records: it waits to hear that they are kept there,
    also when its agent no longer works there."""
    e = JournalEntry
    return {s for s in sorted(scopes)[:20] if e.select().where((e.device == phone) & (e.scope == s)).exists()}


_WANTED = Lookup(
    Picture.event, Picture.role, Picture.got, by=Picture.device, also="state IN ('wanted', 'bad')",
    order="bytes LIMIT 200",
)  # fmt: skip


def wanted_of(phone: UUID) -> list[dict[str, Any]]:
    """Pictures this phone still has to bring, the smallest first."""
    return [{"event": event, "role": role, "offset": got} for event, role, got in _WANTED([phone])]


def missing_heads(seen: Mapping[str, tuple[int, str]]) -> list[str]:
    """Scopes whose journal no longer holds a head a phone has seen: a cut tail, or a chain made anew."""
    wanted = {scope: found for scope, found in seen.items() if found[0] > 0}
    if not wanted:
        return []
    e = JournalEntry
    any_of = e.position.is_null()
    for scope, (position, _) in wanted.items():
        any_of |= (e.scope == scope) & (e.position == position)
    here = dict(e.select(e.scope, e.chain).where(any_of).tuples())
    return sorted(scope for scope, (_, chain) in wanted.items() if here.get(scope) != chain)


def report_missing_heads(phone: Any, seen: Mapping[str, tuple[int, str]], *, now: datetime) -> list[str]:
    """Write down, once a day and scope, that a phone has seen a journal that is no longer here; the county is told."""
    missing = missing_heads(seen)
    e = JournalEntry
    for scope in missing:
        position, chain = seen[scope]
        with transaction(phone.scope):
            day_ago = now - timedelta(days=1)
            kind = "journal.head_missing"
            if e.select().where((e.scope == phone.scope) & (e.kind == kind) & (e.received_at > day_ago)).exists():
                continue
            body = {"scope": scope, "position": position, "chain": chain, "device": phone.id}
            journal.write([journal.Deed(kind, phone.scope, body)], actor=None, now=now, by="phone")
            county = Post.in_force(day_of(now)).where(Post.role == Role.COUNTY)
            told = {post.person_id for post in county if rule.covers(post.area, phone.scope)}
            messages = [inbox.Message(person, phone.scope, "held", None, phone.id, kind) for person in sorted(told)]
            inbox.tell(messages, now=now)
    return missing


@dataclass(frozen=True)
class Code:
    """The 24 digits that open the phone, sealed to the county, and which of its codes they are (0: an older program's)."""

    n: int
    sealed: str
    signature: str = ""  # by the device key; older programs, which have a session, send none


@dataclass(frozen=True)
class Said:
    """What a phone says of itself in passing."""

    version: str = ""
    clock: datetime | None = None
    records: int | None = None
    blobs: int | None = None
    code: Code | None = None
    done: Sequence[str] = field(default_factory=tuple)
    lost: Sequence[Mapping[str, Any]] = field(default_factory=tuple)  # with `done`: what it could not bring
    drafts: int = 0
    newest: int | None = None  # the newest count of its own; older programs do not say
    missing: Sequence[tuple[int, int]] = ()  # of its own count: what it knows it lost


QUIET = 60  # seconds within which an unchanged phone is not written down again


def note(phone: Any, said: Said, *, now: datetime) -> bool:
    """Remember what the phone says of itself; gives whether its recovery code, or a newer one, is kept."""
    clock = None if said.clock is None else int((now - said.clock).total_seconds() * 1000)
    fresh = {
        "version": said.version or phone.version,
        "waiting_records": phone.waiting_records if said.records is None else said.records,
        "waiting_blobs": phone.waiting_blobs if said.blobs is None else said.blobs,
        "newest": tails.believed(phone, said.newest),
        "missing": phone.missing if said.newest is None else [list(each) for each in said.missing] or None,
    }
    same = all(getattr(phone, name) == value for name, value in fresh.items())
    recent = phone.heard_at is not None and (now - phone.heard_at).total_seconds() < QUIET
    digits = _digits(phone, said.code) if said.code else None
    heard_order = not phone.order or (phone.heard_at or phone.enrolled_at) > (phone.order_at or phone.enrolled_at)
    if same and recent and heard_order and digits is None and not said.done:
        return False
    fresh |= {"heard_at": now} | ({"clock_ms": clock} if clock is not None and abs(clock) < LARGEST else {})
    with transaction(*([phone.scope] if said.done else [])):  # of itself it writes the phone's own row and no journal
        fields = tuple(getattr(Device, name) for name in fresh)
        models.update_values(Device, fields, [(phone.id, *fresh.values())])
        if said.code and digits is not None:
            # A request that was long on its way may bring an older code: it never takes the place of a newer one.
            Device.update(recovery=digits, recovery_n=said.code.n).where(
                (Device.id == phone.id) & (Device.recovery_n <= said.code.n)
            ).execute()
        if said.done:
            phones.obeyed(phone, said.done, lost=said.lost, drafts=said.drafts, now=now)
    return digits is not None


def _digits(phone: Any, code: Code) -> str | None:
    """The 24 digits; None when they cannot be read or are not this phone's, so that the phone sends them again."""
    text = f"{RECOVERY_PREFIX}{phone.id}\n{code.n}\n{code.sealed}"
    try:
        if code.n and not ciphers.signature_fits(phones.public_key(phone), text, ciphers.unb64(code.signature)):
            return None
        info = f"{RECOVERY_PREFIX}{phone.id}".encode()
        digits = ciphers.hpke_open(models.keys().county, ciphers.unb64(code.sealed), info).decode()
    except (ciphers.Unreadable, UnicodeDecodeError, ValueError):
        return None
    return digits if digits.isascii() and digits.isdecimal() and len(digits) == 24 else None
