"""The file a phone makes of its outbox, written exactly as docs/formats.md §8 says."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

import models
from rules import ciphers
from tests.support.device import Picture, TestDevice


def part(kind: str, body: bytes, **about: Any) -> bytes:
    header = {"part": kind, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), **about}
    return b"\n@part " + json.dumps(header, separators=(",", ":")).encode() + b"\n" + body


def head(phone: TestDevice, *, records: int, pictures: int, **other: Any) -> bytes:
    said = {
        "device": str(phone.id), "agent": phone.worker.name, "newest": phone.seq, "hash": phone.head, "records": records,
        "pictures": pictures, "made_at": "2026-10-13T02:15:00.000Z", "key": models.keys().county_id, "missing": [],
    } | other  # fmt: skip
    text = json.dumps(said, ensure_ascii=False)
    key = ciphers.token_hash(phone.mailbox).encode()
    proof = hmac.new(key, b"daiban-bundle/1\n" + text.encode(), hashlib.sha256).hexdigest()
    return json.dumps({"said": text, "proof": proof}, ensure_ascii=False).encode()


def bundle(
    phone: TestDevice, items: Sequence[dict[str, Any]], pictures: Sequence[tuple[str, Picture]] = (), **said: Any
) -> bytes:
    """`pictures`: (event, picture), the picture sealed before."""
    parts = [part("head", head(phone, records=len(items), pictures=len(pictures), **said))]
    parts += [part("item", json.dumps(item).encode()) for item in items]
    parts += [part("picture", each.cipher, event=event, role=each.role) for event, each in pictures]
    return b"daiban-bundle/1" + b"".join(parts) + part("end", b"")
