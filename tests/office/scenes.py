"""What happened before a test begins: phones, visits, verifications as if they had come in from a phone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import models
from actions import journal
from models import DeathReport, Delivery, Device, LifeVerification, Request, Resident, Visit
from rules import ciphers
from tests.support.cast import CAST, NOW, Served, Worker


def spki() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def a_phone(person: UUID, scope: str, lead: UUID, **facts: Any) -> Device:
    """A phone in use, as if it had been enrolled."""
    given = {"state": "active", "enrolled_at": NOW} | facts
    row = Device(
        person=person, scope=scope, public_key=spki(), mailbox_hash=str(ciphers.uuid7()), enrolled_by=lead, **given
    )  # fmt: skip
    models.insert([row])
    return row


def an_event(
    kind: str, worker: Worker, subject: UUID | None, rows: list[models.Row], *, device: Device | None = None,
    at: datetime = NOW, state: str = "accepted", body: dict[str, Any] | None = None,
) -> UUID:  # fmt: skip
    """Put rows into the tables with the event that brought them, and give its id."""
    event = ciphers.uuid7()
    for row in rows:
        if "event" in row._meta.fields:
            row.event = event
    phone = device.id if device else ciphers.uuid7()
    payload = models.canonical(
        {
            "id": event, "salt": ciphers.b64(bytes(16)), "kind": kind, "v": 1, "device": phone, "seq": 1, "prev": "",
            "scope": worker.scope, "after": 0, "actor": worker.id, "post": worker.post, "subject": subject,
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "offset_ms": 0, "offset_age_s": 60,
            "body": body or {}, "blobs": [],
        }
    )  # fmt: skip
    arrived = journal.Arrived(
        id=event, scope=worker.scope, hash=ciphers.event_hash(payload), kind=kind, v=1,
        device=phone, seq=1, prev="", actor=worker.id, post=worker.post,
        subject=subject, at=at, payload=payload, signature=b"", state=state, rows=list(rows),
    )  # fmt: skip
    with models.transaction(worker.scope):
        models.insert(rows)
        journal.append([arrived], now=max(at, NOW))
    return event


def a_visit(
    of: Served = CAST.chen_guilan, by: Worker = CAST.wang_fang, *, minutes_ago: int = 20, outcome: str = "done",
    reasons: str = "care", device: Device | None = None, **facts: Any,
) -> Visit:  # fmt: skip
    ended = NOW - timedelta(minutes=minutes_ago)
    given = {"mark": {"kind": "signature", "role": "mark"}, "received_at": NOW} | facts
    visit = Visit(
        id=ciphers.uuid7(), resident=of.id, scope=of.scope, area=of.area, person=by.id, post=by.post,
        device=device.id if device else ciphers.uuid7(), reasons=reasons, outcome=outcome,
        started_at=ended - timedelta(minutes=10), ended_at=ended, resident_name=of.name, resident_initials=of.initials,
        **given,
    )  # fmt: skip
    an_event("visit.ended", by, of.id, [visit], device=device, at=ended)
    return visit


def a_verification(
    of: Served = CAST.chen_guilan, by: Worker = CAST.wang_fang, *, visit: Visit | None = None, minutes_ago: int = 20,
    device: Device | None = None, **facts: Any,
) -> LifeVerification:  # fmt: skip
    at = NOW - timedelta(minutes=minutes_ago)
    given = {
        "state": "captured", "document": "id_card", "condition": "weak", "gesture": "hand-on-chest",
        "witness": {"name": "陈大兰", "relation": "女儿"}, "entitlements": [str(CAST.entitlement)],
        "mark": {"kind": "signature", "role": "mark"},
    } | facts  # fmt: skip
    row = LifeVerification(
        id=ciphers.uuid7(), visit=visit.id if visit else None, resident=of.id, scope=of.scope, area=of.area,
        captured_by=by.id, captured_at=at, received_at=NOW, **given,
    )  # fmt: skip
    an_event("verification.captured", by, of.id, [row], device=device, at=at)
    return row


def a_request(of: Served = CAST.chen_guilan, by: Worker = CAST.wang_fang, **facts: Any) -> Request:
    given = {"words": "想换个新的医保卡，旧的丢了。"} | facts
    row = Request(
        id=ciphers.uuid7(), resident=of.id, scope=of.scope, area=of.area, raised_by=by.id, raised_at=NOW,
        received_at=NOW, **given,
    )  # fmt: skip
    an_event("request.raised", by, of.id, [row])
    return row


def a_delivery(of: Served = CAST.chen_guilan, by: Worker = CAST.wang_fang, **facts: Any) -> Delivery:
    given = {"what": "残疾人证", "due_on": NOW.date() + timedelta(days=7), "state": "ready"} | facts
    row = Delivery(
        id=ciphers.uuid7(), resident=of.id, scope=of.scope, area=of.area, agent=by.id, planned_by=CAST.li_qiang.id,
        planned_at=NOW, **given,
    )  # fmt: skip
    models.insert([row])
    return row


def a_death(of: Served = CAST.chen_guilan, by: Worker = CAST.wang_fang, **facts: Any) -> DeathReport:
    given = {"reporter": "陈大兰", "relation": "女儿", "source": "family"} | facts
    row = DeathReport(
        id=ciphers.uuid7(), resident=of.id, scope=of.scope, area=of.area, reported_by=by.id, reported_at=NOW, **given
    )  # fmt: skip
    an_event("death.reported", by, of.id, [row])
    Resident.update(life="death_reported").where(Resident.id == of.id).execute()
    return row


def a_provisional(name: str = "陈桂兰", by: Worker = CAST.wang_fang, **facts: Any) -> Resident:
    given = {"initials": "cgl", "sex": "female", "birth_year": 1948, "group": "3组", "state": "provisional"} | facts
    row = Resident(id=ciphers.uuid7(), scope=by.scope, area=by.area, name=name, card="full", **given)
    an_event("resident.provisional", by, row.id, [row])
    return row
