"""Agents' phones, played here: their keys, their chains, their batches, their round trips."""

from __future__ import annotations

import gzip
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench import county
from bench.databases import Database
from bench.server import Answer, Client
from models import Device, Resident
from rules import ciphers

NOTES = "在家，身体还好，药按时吃。屋里的灯坏了，跟村里电工说了。"


@dataclass(frozen=True)
class Batch:
    """One request's body and how many visits it carries."""

    number: int
    size: int
    text: bytes


@dataclass
class Phone:
    """An enrolled phone with its own signing key, its own count and its own chain."""

    device: str
    person: str
    post: str
    scope: str
    residents: list[str]
    key: ec.EllipticCurvePrivateKey
    seq: int = 0
    head: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)  # versions of what the county told it already

    def batches(self, count: int, size: int) -> Iterator[Batch]:
        """Sign that many requests ahead, each with `size` visits."""
        for number in range(count):
            request = {
                "device": self.device,
                "version": "bench",
                "v": 1,
                "clock": instant(datetime.now(UTC)),
                **self.known,
                "items": [self._visit() for _ in range(size)],
            }
            yield Batch(number, size, json.dumps(request, ensure_ascii=False).encode())

    def _visit(self) -> dict[str, str]:
        ended = datetime.now(UTC) - timedelta(
            minutes=12 * (1000 - self.seq % 1000)
        )  # one after the other, as people walk
        resident = self.residents[(self.seq + 1) % len(self.residents)]
        body = {
            "visit": str(ciphers.uuid7()),
            "reasons": ["care"],
            "met": [{"resident": resident}],
            "outcome": "done",
            "notes": NOTES,
            "badge_shown": True,
            "mark": {"kind": "none", "why": "手不方便"},
            "started_at": instant(ended - timedelta(minutes=10)),
            "ended_at": instant(ended),
        }
        return self.event("visit.ended", resident, ended, body)

    def event(
        self, kind: str, subject: str, at: datetime, body: dict[str, Any], *, blobs: Sequence[dict[str, Any]] = (),
        after: int = 0, offset_ms: int | None = 120,
    ) -> dict[str, str]:  # fmt: skip
        """Sign an event as the next of this phone's own chain; gives the item as it is sent in the clear."""
        self.seq += 1
        payload = {
            "id": str(ciphers.uuid7(int(at.timestamp() * 1000))),
            "salt": ciphers.b64(os.urandom(16)),
            "kind": kind,
            "v": 1,
            "device": self.device,
            "seq": self.seq,
            "prev": self.head,
            "scope": self.scope,
            "after": after,
            "actor": self.person,
            "post": self.post,
            "subject": subject,
            "at": instant(at),
            "offset_ms": offset_ms,
            "offset_age_s": None if offset_ms is None else 60,
            "body": body,
            "blobs": list(blobs),
        }
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        self.head = ciphers.event_hash(text)
        signature = ciphers.sign(self.key, ciphers.EVENT_PREFIX + text)
        return {
            "id": payload["id"], "hash": self.head, "device": self.device, "payload": text,
            "signature": ciphers.b64(signature),
        }  # fmt: skip

    def sign_in(self, port: int) -> None:
        """Open a session as phones do, by signing something random, and hear once who and where one is."""
        client = Client(port, {"Content-Type": "application/json"})
        asked = client.ask("POST", "/api/phone/challenges", json.dumps({"device": self.device}).encode())
        challenge = json.loads(asked.body)["challenge"]
        text = f"daiban-session/1\n{self.device}\n{challenge}"
        body = {"device": self.device, "challenge": challenge, "signature": ciphers.b64(ciphers.sign(self.key, text))}
        opened = client.ask("POST", "/api/phone/sessions", json.dumps(body).encode())
        self.headers = {**client.headers, "Cookie": opened.headers["Set-Cookie"].split(";")[0]}
        told, _ = self.sync(client)
        client.close()
        self.known = {"epoch": told["epoch"], "me": told["me"]["version"], "county": told["county"]["version"]}

    def sync(self, client: Client, **members: Any) -> tuple[dict[str, Any], Answer]:
        """One round trip with these members; gives what was answered, and the answer as it came."""
        body = {"device": self.device, "version": "bench", "v": 1, "clock": instant(datetime.now(UTC)), **self.known}
        raw = json.dumps(body | members, ensure_ascii=False).encode()
        answer = client.ask("POST", "/api/phone/sync", raw, **self.headers)
        text = gzip.decompress(answer.body) if answer.headers.get("Content-Encoding") == "gzip" else answer.body
        return json.loads(text), answer


def phones_of(database: Database, count: int) -> list[Phone]:
    """The first so many phones of a county, spread over its townships, with the people of their villages."""
    by_scope: dict[str, list[county.Carrier]] = defaultdict(list)
    for each in county.carriers(database.folder):
        by_scope[each.scope].append(each)
    most = max(map(len, by_scope.values()))
    spread = [found[rank] for rank in range(most) for found in by_scope.values() if rank < len(found)][:count]
    people: dict[str, list[str]] = defaultdict(list)
    r = Resident
    for key, area in r.select(r.id, r.area).where(r.area.in_({each.village for each in spread})).tuples():
        people[area].append(str(key))
    heads = {str(key): (seq, head) for key, seq, head in Device.select(Device.id, Device.seq, Device.head).tuples()}
    return [
        Phone(
            each.device, each.person, each.post, each.scope, people[each.village], private_key(each.key), *heads[each.device]
        )
        for each in spread
    ]  # fmt: skip


def private_key(pem: str) -> ec.EllipticCurvePrivateKey:
    key: Any = serialization.load_pem_private_key(pem.encode(), None)
    return key  # type: ignore[no-any-return]


def instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
