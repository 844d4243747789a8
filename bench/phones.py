"""A county of invented people with agents whose phones are played here: their keys, their chains, their batches."""

from __future__ import annotations

import csv
import http.client
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import keys
import models
from actions import installation
from models import Area, Device, Household, Person, Post, Resident, Scope
from rules import ciphers
from rules.actors import Role

AREAS = Path(__file__).resolve().parents[1] / "data" / "areas-520121.csv"
PEOPLE_PER_VILLAGE = 25
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
                "clock": _instant(datetime.now(UTC)),
                **self.known,
                "items": [self._visit() for _ in range(size)],
            }
            yield Batch(number, size, json.dumps(request, ensure_ascii=False).encode())

    def _visit(self) -> dict[str, str]:
        ended = datetime.now(UTC) - timedelta(minutes=5)
        self.seq += 1
        payload = {
            "id": str(ciphers.uuid7()),
            "salt": ciphers.b64(os.urandom(16)),
            "kind": "visit.ended",
            "v": 1,
            "device": self.device,
            "seq": self.seq,
            "prev": self.head,
            "scope": self.scope,
            "after": 0,
            "actor": self.person,
            "post": self.post,
            "subject": self.residents[self.seq % len(self.residents)],
            "at": _instant(ended),
            "offset_ms": 120,
            "offset_age_s": 60,
            "body": {
                "visit": str(ciphers.uuid7()),
                "reasons": ["care"],
                "met": [{"resident": self.residents[self.seq % len(self.residents)]}],
                "outcome": "done",
                "notes": NOTES,
                "badge_shown": True,
                "mark": {"kind": "none", "why": "手不方便"},
                "started_at": _instant(ended - timedelta(minutes=20)),
                "ended_at": _instant(ended),
            },
            "blobs": [],
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
        connection = http.client.HTTPConnection("localhost", port, timeout=30)
        asked = _ask(connection, "/api/phone/challenges", {"device": self.device})
        challenge = json.loads(asked[1])["challenge"]
        text = f"daiban-session/1\n{self.device}\n{challenge}"
        body = {"device": self.device, "challenge": challenge, "signature": ciphers.b64(ciphers.sign(self.key, text))}
        cookie = _ask(connection, "/api/phone/sessions", body)[0]
        self.headers = {
            "Cookie": cookie.split(";")[0], "Content-Type": "application/json", "Origin": f"http://localhost:{port}",
            "Sec-Fetch-Site": "same-origin",
        }  # fmt: skip
        first = {"device": self.device, "version": "bench", "clock": _instant(datetime.now(UTC))}
        told = json.loads(_ask(connection, "/api/phone/sync", first, self.headers)[1])
        connection.close()
        self.known = {"epoch": told["epoch"], "me": told["me"]["version"], "county": told["county"]["version"]}


def _ask(
    connection: http.client.HTTPConnection, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
) -> tuple[str, bytes]:
    connection.request("POST", path, json.dumps(body), headers or {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
    return answer.headers.get("Set-Cookie", ""), text


def make_county(settings: Any, phones: int) -> list[Phone]:
    """Make the database with 开阳县's areas, one agent a village and their people; give the agents' phones."""
    now = datetime.now(UTC)
    installation.migrate(settings, demo=True, now=now)
    models.bind(models.open_database(settings.database), keys.read(settings.keys_path))
    with AREAS.open(encoding="utf-8") as file:
        areas = list(csv.DictReader(file))
    villages = [area for area in areas if area["level"] == "village"]
    # Spread over the townships: the first village of each, then the second of each, …
    by_township: dict[str, list[str]] = {}
    for area in villages:
        by_township.setdefault(area["parent_code"], []).append(area["code"])
    spread = [code for rank in range(40) for codes in by_township.values() for code in codes[rank : rank + 1]]
    made = [_agent(spread[number % len(spread)], number, now) for number in range(phones)]
    with models.transaction():
        models.insert(
            [Area(code=a["code"], name=a["name"], level=a["level"], parent=a["parent_code"] or None) for a in areas]
        )
        models.insert([Scope(code=a["code"]) for a in areas if a["level"] in ("county", "township")])
        for _, rows in made:
            models.insert(rows)
    return [phone for phone, _ in made]


def _agent(village: str, number: int, now: datetime) -> tuple[Phone, list[models.Row]]:
    scope = village[:9] + "000"
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    person, post, device = ciphers.uuid7(), ciphers.uuid7(), ciphers.uuid7()
    rows: list[models.Row] = [
        Person(id=person, name=f"代办员{number}"),
        Post(id=post, person=person, role=Role.AGENT, area=village, scope=scope, from_on=date(2020, 1, 1)),
        Device(
            id=device, person=person, scope=scope, public_key=spki, mailbox_hash=os.urandom(32).hex(),
            enrolled_at=now - timedelta(days=60), enrolled_by=person,
        ),
    ]  # fmt: skip
    residents = []
    for each in range(PEOPLE_PER_VILLAGE):
        household, resident = ciphers.uuid7(), ciphers.uuid7()
        residents.append(str(resident))
        rows.append(Household(id=household, scope=scope, area=village, number=str(each)))
        rows.append(
            Resident(
                id=resident, scope=scope, area=village, household=household, name=f"村民{each}", initials="cm",
                birth_year=1948, card="full", rev=0,
            )
        )  # fmt: skip
    return Phone(str(device), str(person), str(post), scope, residents, key), rows


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
