"""A phone of the demo: it enrols, signs, seals and sends exactly as a real one, only without a screen."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import models
from actions import enrolments, packs, phone_talk, phones, pictures, sync
from api.access import actor_of
from models import Device, Person, canonical
from rules import ciphers, enrolment
from rules.actors import Actor, HeldPost, scope_of

VERSION = "demo"


@dataclass
class Blob:
    """A picture taken, before it is encrypted for its event."""

    role: str
    plain: bytes
    type: str = "image/jpeg"


@dataclass
class Phone:
    """One agent's phone. `outbox` holds sealed items until `send`; `rows` is the pack, by resident."""

    actor: Actor
    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    device: UUID | None = None
    seq: int = 0
    head: str = ""
    after: int = 0
    offset_ms: int | None = 0  # server minus phone, as the phone believes it
    outbox: list[sync.Item] = field(default_factory=list)
    ciphers_of: dict[tuple[str, str], bytes] = field(default_factory=dict)
    villages: dict[str, int] = field(default_factory=dict)
    rows: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    @property
    def post(self) -> HeldPost:
        return next(post for post in self.actor.posts if post.role in enrolment.CARRIES_PHONE)

    def enrol(self, *, lead: Actor, now: datetime) -> Phone:
        """Take the lead's code, show six digits, be released, open a session."""
        offered = enrolments.offer(self.actor, actor=lead, now=now)
        public = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        code, spki = str(offered.code), ciphers.b64(public)
        claimed = enrolments.claim(code, spki, VERSION, network="demo", now=now + timedelta(minutes=1))
        digits = ciphers.enrolment_digits(code[: enrolment.TYPED], spki)
        device = enrolments.release(offered, digits, actor=lead, now=now + timedelta(minutes=2))
        enrolments.state_of(claimed.enrolment, claimed.claim, now=now + timedelta(minutes=2))
        token = phones.challenge(device.id, now=now + timedelta(minutes=2))
        signature = ciphers.sign(self.key, f"{phones.SESSION_PREFIX}{device.id}\n{token}")
        phones.open_session(device.id, token, signature, hours=12, now=now + timedelta(minutes=2))
        self.device = device.id
        self.pull(now=now + timedelta(minutes=3))
        return self

    def pull(self, *, now: datetime) -> None:
        """Fetch what changed in its villages, page by page, challenges included."""
        cursor, more = "", True
        while more:
            mine = packs.places_of(self.actor, scope_of(self.post.area)).villages
            asked = {area: self.villages.get(area, 0) for area in mine}
            page = packs.pull(self.actor, mine, asked, cursor=cursor, page=400_000, now=now)
            for row in page.rows:
                self.rows[UUID(str(row["id"]))] = row
            self.villages |= page.villages
            cursor, more = page.cursor, page.more
        self._hear(now)

    def write(
        self,
        kind: str,
        body: dict[str, Any],
        *,
        at: datetime,
        subject: UUID | None = None,
        blobs: tuple[Blob, ...] = (),
    ) -> UUID:
        """Sign an event, chain it, seal it for the county, keep it in the outbox; gives its id."""
        event = ciphers.uuid7(int(at.timestamp() * 1000))
        self.seq += 1
        shown = at - timedelta(milliseconds=self.offset_ms or 0)  # what its own clock said
        payload = canonical(
            {
                "id": event, "salt": ciphers.b64(os.urandom(16)), "kind": kind, "v": 1, "device": self.device,
                "seq": self.seq, "prev": self.head, "scope": scope_of(self.post.area), "after": self.after,
                "actor": self.actor.person, "post": self.post.id, "subject": subject, "at": instant(shown),
                "offset_ms": self.offset_ms, "offset_age_s": None if self.offset_ms is None else 3600, "body": body,
                "blobs": [self._sealed(event, blob) for blob in blobs],
            }
        )  # fmt: skip
        self.head = ciphers.event_hash(payload)
        signature = ciphers.b64(ciphers.sign(self.key, ciphers.EVENT_PREFIX + payload))
        inside = json.dumps({"payload": payload, "signature": signature}).encode()
        info = ciphers.item_info(str(event), self.head, str(self.device))
        sealed = ciphers.hpke_seal(models.keys().county.public_key(), inside, info)
        self.outbox.append(sync.Item(str(event), self.head, str(self.device), sealed=ciphers.b64(sealed)))
        return event

    def send(self, *, now: datetime, version: str = VERSION) -> list[sync.Receipt]:
        """Hand over the outbox and the pictures, then hear what is new."""
        receipts = sync.receive(self.outbox, now=now)
        self.outbox = []
        phone = Device.select(Device, Person).join(Person).where(Device.id == self.device).get()
        phone_talk.note(
            phone,
            phone_talk.Said(
                version=version, clock=now - timedelta(milliseconds=self.offset_ms or 0), records=0, blobs=0
            ),
            now=now,
        )
        for wanted in phone_talk.wanted_of(phone.id):
            cipher = self.ciphers_of.pop((str(wanted["event"]), wanted["role"]))
            pictures.take(
                phone.id, wanted["event"], wanted["role"], offset=0, total=len(cipher), piece=[cipher], folder=self.folder,
                now=now,
            )  # fmt: skip
        self._hear(now)
        return receipts

    def _sealed(self, event: UUID, blob: Blob) -> dict[str, Any]:
        key, iv = os.urandom(32), os.urandom(12)
        cipher = iv + AESGCM(key).encrypt(iv, blob.plain, f"daiban-blob/1\n{event}\n{blob.role}".encode())
        self.ciphers_of[str(event), blob.role] = cipher
        return {
            "sha256": ciphers.sha256(cipher), "plain_sha256": ciphers.sha256(blob.plain), "key": ciphers.b64(key),
            "bytes": len(cipher), "type": blob.type, "role": blob.role,
        }  # fmt: skip

    def _hear(self, now: datetime) -> None:
        """Remember the newest journal position it was told of: the earliest its next record can be signed."""
        phone = Device.get_by_id(self.device)
        heads = phone_talk.told_of(phone, phone_talk.county_now([scope_of(self.post.area)]), now=now)["heads"]
        self.after = max((head["position"] for head in heads.values()), default=self.after)


def instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def of(person: Person, folder: Path, *, now: datetime) -> Phone:
    return Phone(actor_of(person, now=now), folder)
