"""An enrolled phone: its sessions, its mailbox, what it says of itself, and locking it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from actions import inbox, journal
from actions.holders import holders_of
from models import Device, JournalEntry, Lookup, Person, PhoneChallenge, PhoneSession, Refusal, transaction
from rules import admission as rule
from rules import ciphers
from rules.actors import Actor, Role
from rules.admission import Link
from rules.days import day_of
from rules.enrolment import CHALLENGE_LIFE
from rules.problems import PhoneLocked, PhoneReplaced, PhoneUnknown

SESSION_PREFIX = "daiban-session/1\n"


def challenge(device: UUID, *, now: datetime) -> str:
    """Something random for the phone to sign, once, within two minutes; the answer is the same for phones we do not know."""
    token = ciphers.b64(os.urandom(32))
    with transaction():
        PhoneChallenge.delete().where(PhoneChallenge.ends_at < now).execute()
        if Device.select().where(Device.id == device).exists():
            PhoneChallenge.create(token_hash=ciphers.token_hash(token), device=device, ends_at=now + CHALLENGE_LIFE)
    return token


def open_session(device: UUID, token: str, signature: bytes, *, hours: int, now: datetime) -> str:
    """Open a session for the phone that signed its challenge; give the token for the cookie.

    Raises PhoneUnknown, PhoneLocked, PhoneReplaced (such a phone may still use its mailbox).
    """
    from actions import enrolments  # it needs this module to end sessions

    with transaction():
        used = PhoneChallenge.delete().where(
            (PhoneChallenge.token_hash == ciphers.token_hash(token))
            & (PhoneChallenge.device == device)
            & (PhoneChallenge.ends_at >= now)
        )
        fresh = used.execute() == 1
    found = Device.select(Device, Person).join(Person).where(Device.id == device).first()
    text = f"{SESSION_PREFIX}{device}\n{token}"
    if not fresh or found is None or not ciphers.signature_fits(public_key(found), text, signature):
        raise PhoneUnknown()
    _may_open(found)
    made = ciphers.b64(os.urandom(32))
    with transaction():
        PhoneSession.delete().where((PhoneSession.device == device) & (PhoneSession.ends_at <= now)).execute()
        PhoneSession.create(
            token_hash=ciphers.token_hash(made), device=device, made_at=now, ends_at=now + timedelta(hours=hours)
        )
        enrolments.forget_release(device)
    return made


def of_session(token: str, *, now: datetime) -> Any:
    """The phone of a session that has not ended, with its person. Raises PhoneUnknown, PhoneLocked, PhoneReplaced."""
    rows = _SESSIONS([ciphers.token_hash(token)], PhoneSession.ends_at.db_value(now))
    if not rows:
        raise PhoneUnknown()
    found = Device.read(rows[0][: len(_DEVICE)])
    found.person = Person.read(rows[0][len(_DEVICE) :])
    found._dirty.clear()
    _may_open(found)
    return found


_DEVICE = Device._meta.sorted_fields
_SESSIONS = Lookup(
    *_DEVICE, *Person._meta.sorted_fields, by=PhoneSession.token_hash, also="ends_at > {}",
    joined='JOIN "device" ON "device"."id" = "device_id" JOIN "person" ON "person"."id" = "device"."person_id"',
)  # fmt: skip


def of_mailbox(token: str) -> Any:
    """The phone whose mailbox this is, in whatever state: it may drop records and read its orders. Raises PhoneUnknown."""
    found = Device.select(Device, Person).join(Person).where(Device.mailbox_hash == ciphers.token_hash(token)).first()
    if found is None:
        raise PhoneUnknown()
    return found


def lock(
    device: Device, *, wipe: bool = False, why: str = "", actor: Actor | None, now: datetime, by: str = ""
) -> None:
    """Lock a phone: its sessions end now, records signed later are held, and it is told to lock (or empty) itself."""
    with transaction(device.scope):
        found = Device.get_by_id(device.id)
        if found.state == "wiped":  # it said so a moment ago: nothing is left to lock
            return
        found.state, found.locked_at, found.order = "locked", found.locked_at or now, "wipe" if wipe else "lock"
        found.order_at = now
        found.save(only=[Device.state, Device.locked_at, Device.order, Device.order_at])
        end_sessions([found.id])
        body = {"device": found.id, "person": found.person_id, "why": why, "wipe": wipe}
        journal.write([journal.Deed("device.locked", found.scope, body, rows=[found])], actor=actor, now=now, by=by)
        inbox.tell([inbox.Message(found.person_id, found.scope, "phone_locked", about=found.id, words=why)], now=now)


def unlock(device: Device, *, why: str = "", actor: Actor, now: datetime) -> None:
    """A lost phone was found: it counts again, unless its agent has a newer one, then it may only send."""
    with transaction(device.scope):
        found = Device.get_by_id(device.id)
        if found.state != "locked":
            return  # `order_at` stays: a phone that had heard the order may have obeyed it
        newer = Device.select().where((Device.person == found.person_id) & (Device.state == "active")).exists()
        found.state, found.locked_at, found.order = "send_only" if newer else "active", None, ""
        found.save(only=[Device.state, Device.locked_at, Device.order])
        body = {"device": found.id, "person": found.person_id, "why": why}
        journal.write([journal.Deed("device.unlocked", found.scope, body, rows=[found])], actor=actor, now=now)


def obeyed(
    device: Any, orders: Sequence[str], *, lost: Sequence[Mapping[str, Any]] = (), drafts: int = 0, now: datetime
) -> None:
    """The phone did what it was told; a wiped phone is empty for good. Inside the caller's transaction.

    `lost`: what it could not bring, as {event, role, why}; `drafts`: forms that were begun and never saved. Both stay
    with the phone and in the event, and the leads are told. An order withdrawn after the phone had heard it may have
    been obeyed all the same: the phone is then as empty.
    """
    found = Device.select(Device.order, Device.order_at, Device.state).where(Device.id == device.id).get()
    if "wipe" in orders and found.order_at is not None and found.state != "wiped":
        left = {"items": [dict(each) for each in lost], "drafts": drafts} if lost or drafts else None
        device.state, device.order, device.wiped_at, device.lost = "wiped", "", now, left
        Device.update(state="wiped", order="", wiped_at=now, lost=left).where(Device.id == device.id).execute()
        body = {"device": device.id} | ({"lost": left["items"], "drafts": drafts} if left else {})
        journal.write(
            [journal.Deed("device.wiped", device.scope, body, rows=[device])], actor=None, now=now, by="phone"
        )
        end_sessions([device.id])
        if lost:
            _tell_of_loss(device, now)
    elif found.order and found.order in orders:
        device.order = ""
        Device.update(order="").where(Device.id == device.id).execute()


def _tell_of_loss(device: Any, now: datetime) -> None:
    """Whoever looks after the phone hears that something could not be brought; its page says what."""
    name = Person.select(Person.name).where(Person.id == device.person_id).scalar()
    leads = holders_of(Role.LEAD, [device.scope], on=day_of(now))[device.scope]
    told = sorted(leads - {device.person_id})
    inbox.tell([inbox.Message(each, device.scope, "phone", about=device.id, words=str(name)) for each in told], now=now)


def end_sessions(devices: Sequence[UUID]) -> None:
    """End the sessions of these phones, inside the caller's transaction."""
    PhoneSession.delete().where(PhoneSession.device.in_(list(devices))).execute()


def end_all_of(person: UUID) -> None:
    """Somebody stops working here: their phones' sessions end, inside the caller's transaction."""
    PhoneSession.delete().where(
        PhoneSession.device.in_(Device.select(Device.id).where(Device.person == person))
    ).execute()


def gaps(device: UUID, *, newest_said: int = 0) -> list[tuple[int, int]]:
    """Stretches of the phone's own count that never came, as (first, last). Refused records came, too."""
    e, r = JournalEntry, Refusal
    chain = [Link(*row) for row in e.select(e.seq, e.hash, e.prev).where(e.device == device).tuples()]
    refused = r.select(r.seq).where((r.device == device) & r.seq.is_null(False)).tuples()
    came = {seq for (seq,) in refused}
    return [
        (first, last)
        for first, last in rule.gaps(chain, newest_said=newest_said)
        if not came.issuperset(range(first, last + 1))
    ]


def public_key(device: Any) -> Any:
    return ciphers.public_key_from(bytes(device.public_key))


def _may_open(device: Any) -> None:
    if device.state == "send_only":
        raise PhoneReplaced()
    if device.state != "active" or device.person.removed_at is not None:
        raise PhoneLocked()
