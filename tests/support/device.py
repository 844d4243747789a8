"""A phone without a screen: it makes its key, signs, chains and seals events exactly as docs/formats.md says."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import models
from actions import journal
from models import Device, canonical
from rules import ciphers
from tests.support.cast import COUNTY, Worker


def instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class TestDevice:
    """One phone of one worker. `seq` and `head` are its own count and chain."""

    __test__ = False

    worker: Worker
    id: UUID = field(default_factory=ciphers.uuid7)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    seq: int = 0
    head: str = ""
    after: int = 0
    mailbox: str = ""

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def public_key(self) -> str:
        return ciphers.b64(self.spki)

    def sign(self, text: str) -> str:
        return ciphers.b64(ciphers.sign(self.key, text))

    def payload(
        self, kind: str, body: dict[str, Any], *, at: datetime, subject: UUID | None = None, **other: Any
    ) -> str:
        """The exact text of the next event; `other` replaces members."""
        self.seq += 1
        members = {
            "id": ciphers.uuid7(int(at.timestamp() * 1000)), "salt": ciphers.b64(os.urandom(16)), "kind": kind, "v": 1,
            "device": self.id, "seq": self.seq, "prev": self.head, "scope": self.worker.scope, "after": self.after,
            "actor": self.worker.id, "post": self.worker.post, "subject": subject, "at": instant(at), "offset_ms": 0,
            "offset_age_s": 60, "body": body, "blobs": [],
        } | other  # fmt: skip
        text = canonical(members)
        self.head = ciphers.event_hash(text)
        return text

    def clear(self, payload: str, **other: Any) -> dict[str, Any]:
        """The item without its seal."""
        return self._outside(payload) | {"payload": payload, "signature": self._signature(payload)} | other

    def sealed(self, payload: str, **other: Any) -> dict[str, Any]:
        """The item as the outbox holds it."""
        outside = self._outside(payload)
        inside = canonical({"payload": payload, "signature": self._signature(payload)}).encode()
        info = ciphers.item_info(outside["id"], outside["hash"], outside["device"])
        cipher = ciphers.hpke_seal(models.keys().county.public_key(), inside, info)
        return outside | {"key": models.keys().county_id, "sealed": ciphers.b64(cipher)} | other

    def _signature(self, payload: str) -> str:
        return self.sign(ciphers.EVENT_PREFIX + payload)

    def _outside(self, payload: str) -> dict[str, Any]:
        import json

        members = json.loads(payload)
        return {"id": members["id"], "hash": ciphers.event_hash(payload), "device": str(self.id)}


def enrolled(worker: Worker, *, by: Worker, now: datetime, id: UUID | None = None) -> TestDevice:
    """A phone that is already the worker's, put into the database at once."""
    phone = TestDevice(worker, id=id or ciphers.uuid7())
    phone.mailbox = ciphers.b64(os.urandom(32))
    row = Device.create(
        id=phone.id, person=worker.id, scope=worker.scope, public_key=phone.spki,
        mailbox_hash=ciphers.token_hash(phone.mailbox), enrolled_at=now, enrolled_by=by.id,
    )  # fmt: skip
    with models.transaction(COUNTY):  # the county's journal: positions of townships stay those of their records
        deed = journal.Deed("device.enrolled", COUNTY, {"device": phone.id, "person": worker.id}, rows=[row])
        journal.write([deed], actor=None, now=now, by="tests")
    return phone


@dataclass
class Picture:
    """An encrypted picture and what an event says of it."""

    role: str
    plain: bytes
    key: bytes = field(default_factory=lambda: os.urandom(32))
    type: str = "image/jpeg"
    cipher: bytes = b""

    def seal(self, event: str) -> dict[str, Any]:
        iv = os.urandom(12)
        self.cipher = iv + AESGCM(self.key).encrypt(iv, self.plain, f"daiban-blob/1\n{event}\n{self.role}".encode())
        return {
            "sha256": ciphers.sha256(self.cipher), "plain_sha256": ciphers.sha256(self.plain),
            "key": ciphers.b64(self.key), "bytes": len(self.cipher), "type": self.type, "role": self.role,
        }  # fmt: skip
