"""The ledger of one run: what the agents were told, what their phones say at the end, what the county holds."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import keys
import models
from actions import pictures
from actions.verify import verify
from models import JournalEntry, Picture, Refusal
from rules import ciphers
from storage import connection
from tests.faults.slow.county import AGENTS, person
from tests.faults.slow.deeds import Deed
from tests.support.server import Server

#: The record each kind of deed is, what must stand in it, and the pictures it bears. {word}: the deed's own.
RECORDS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "visit": ("visit.ended", {"outcome": "away", "where": "广东", "notes": "{word}"}, set()),
    "signed visit": ("visit.ended", {"outcome": "done", "notes": "{word}", "mark": {"kind": "signature", "role": "mark"}}, {"mark"}),
    "verification": (
        "verification.captured",
        {"document": "id_card", "condition": "weak", "witness": {"name": "{word}", "relation": "女儿", "resident": None}},
        {"picture", "mark"},
    ),
    "request": ("request.raised", {"words": "{word} 想换一副老花镜"}, set()),
    "delivery": ("delivery.made", {"to": "authorised", "name": "{word}", "identity_seen": "known"}, {"mark"}),
    "change": ("resident.noted", {}, set()),
    "newcomer": ("resident.provisional", {"name": "{word}"}, set()),
    "death": ("death.reported", {"reporter": "{word}"}, set()),
}  # fmt: skip


@dataclass
class Phone:
    """What one phone was seen to hold and to say. Everything by the id of its record."""

    number: int
    promised: dict[str, str] = field(
        default_factory=dict
    )  # its hash, as it lay in the store when it was last seen there
    pictures: dict[tuple[str, str], str] = field(default_factory=dict)  # sha256 of the ciphertext, by record and role
    destroyed: set[str] = field(default_factory=set)  # by a fault, before it had left: it cannot arrive
    picture_destroyed: set[tuple[str, str]] = field(default_factory=set)
    spoilt: set[str] = field(default_factory=set)
    # at the end
    states: dict[str, str] = field(default_factory=dict)  # in the store
    shown: dict[str, str] = field(default_factory=dict)  # on the screen: section of the outbox
    needing: int = 0  # lines that say “needs you”
    says_what_is_gone: bool = False
    is_enrolled: bool = True


@dataclass
class Told:
    deed: Deed
    phone: int
    words: str  # on the screen
    records: set[str] = field(default_factory=set)  # ids that came into the store with it, as far as they could be seen


@dataclass
class Ledger:
    """Empty lists are what is promised; each line is one record, in words."""

    seed: int
    story: list[str] = field(default_factory=list)
    deeds: int = 0
    told: int = 0
    received: int = 0  # records at the county
    kills: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # author, content or picture
    refused_unseen: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)  # still on the phone though all faults have ended
    destroyed: list[str] = field(default_factory=list)  # with its only copy, by a fault: no program could bring it
    unsaid: list[str] = field(default_factory=list)  # of those: the phone does not say so
    broken: list[str] = field(default_factory=list)  # faults of the server's own, and what `verify` names

    @property
    def failures(self) -> list[str]:
        parts = ("lost", "doubled", "changed", "refused_unseen", "stuck", "broken", "unsaid")
        return [f"{name.replace('_', ' ')}: {line}" for name in parts for line in getattr(self, name)]

    def counts(self) -> dict[str, int]:
        names = ("lost", "doubled", "changed", "refused_unseen", "stuck", "destroyed", "unsaid", "broken")
        return {"deeds": self.deeds, "told": self.told, "kills": self.kills} | {
            name: len(getattr(self, name)) for name in names
        }

    def result(self) -> dict[str, Any]:
        """As `bench.faults` sums up runs of either layer; what is stuck, or gone without a word, is `broken` there."""
        others = [line for line in self.failures if line.startswith(("stuck", "unsaid"))]
        return {
            "seed": self.seed, "database": "sqlite", "story": self.story if self.failures else [], "told": self.told,
            "received": self.received, "destroyed": len(self.destroyed) - len(self.unsaid), "lost": self.lost, "doubled": self.doubled,
            "changed": self.changed, "refused_unseen": self.refused_unseen, "broken": [*self.broken, *others],
            "unsaid": self.unsaid,
        }  # fmt: skip

    def text(self) -> str:
        """The story, then what is wrong with its end."""
        return "\n".join([*self.story, "", str(self.counts()), *self.failures])


@dataclass
class Held:
    """What the county holds of phones when all is over."""

    entries: dict[str, Any] = field(default_factory=dict)
    said: dict[str, dict[str, Any]] = field(default_factory=dict)  # the signed payloads
    refusals: dict[str, str] = field(default_factory=dict)
    pictures: dict[tuple[str, str], str] = field(
        default_factory=dict
    )  # sha256 of a whole, readable one; else what it lacks
    devices: dict[str, int] = field(default_factory=dict)  # number of the phone
    proof: list[str] = field(default_factory=list)


def read(server: Server) -> Held:
    """Read the county's database and pictures; the server must have ended."""
    held = Held()
    blobs = Path(server.environment["DAIBAN_BLOBS"])
    agents = {agent.id: number for number, agent in enumerate(AGENTS)}
    with bound(server):
        for device in models.Device.select():
            held.devices[str(device.id)] = agents[device.person_id]
        for entry in JournalEntry.select().where(JournalEntry.device.is_null(False)):
            held.entries[str(entry.id)] = entry
            held.said[str(entry.id)] = json.loads(entry.payload)
        for refusal in Refusal.select():
            held.refusals[str(refusal.id)] = refusal.why
        for picture in Picture.select():
            held.pictures[str(picture.event), picture.role] = _picture(picture, blobs)
        held.proof = verify(folder=blobs).broken
    return held


def _picture(picture: Any, blobs: Path) -> str:
    file = pictures.place(blobs, picture.event, picture.role)
    if picture.state not in ("stored", "shown", "unshowable") or not file.exists():
        return f"not here ({picture.state}, {picture.got} of {picture.bytes} bytes)"
    cipher = file.read_bytes()
    about = f"daiban-blob/1\n{picture.event}\n{picture.role}".encode()
    plain = AESGCM(ciphers.unb64(picture.key)).decrypt(cipher[:12], cipher[12:], about)
    if hashlib.sha256(plain).hexdigest() != picture.plain_sha256:
        return "not what was signed"
    return hashlib.sha256(cipher).hexdigest()


@contextmanager
def bound(server: Server) -> Iterator[None]:
    """The models read this server's database for a while; then again what they read before."""
    before = models.database.obj, list(connection._keyring)
    db = models.open_database(server.environment["DAIBAN_DATABASE"])
    models.bind(db, keys.read(Path(server.environment["DAIBAN_KEYS"])))
    try:
        with db:
            yield
    finally:
        db.close()
        models.database.obj, connection._keyring[:] = before


# ---- comparing


def settle(ledger: Ledger, phones: list[Phone], told: list[Told], held: Held) -> None:
    """Write into the ledger what is lost, doubled, changed, refused and not seen, stuck, destroyed."""
    ledger.told, ledger.received = len(told), len(held.entries)
    ledger.broken += [f"verify: {line}" for line in held.proof]
    gone: set[str] = set()  # records that did not arrive and whose fate is written down already
    for phone in phones:
        for record in phone.promised:
            _record(ledger, phone, record, held, gone)
        _refusals(ledger, phone, held)
    words = {record: json.dumps(said["body"], ensure_ascii=False) for record, said in held.said.items()}
    for each in told:
        _deed(ledger, each, held, words, gone)
    places = Counter((entry.device, entry.seq) for entry in held.entries.values())
    ledger.doubled += [
        f"two records of phone {held.devices[str(d)]} took place {seq}" for (d, seq), n in places.items() if n > 1
    ]


def _record(ledger: Ledger, phone: Phone, record: str, held: Held, gone: set[str]) -> None:
    name = f"record {record[-6:]} of phone {phone.number}"
    entry = held.entries.get(record)
    if entry is not None:
        if entry.hash != phone.promised[record]:
            ledger.changed.append(f"{name}: the county holds another text under its id")
        for (event, role), sha256 in phone.pictures.items():
            if event == record:
                _picture_of(ledger, phone, f"{role} of {name}", (event, role), sha256, held)
        return
    gone.add(record)
    was_refused_here = not phone.is_enrolled and record in held.refusals  # and the store that said so is gone
    if record in phone.destroyed or was_refused_here:
        ledger.destroyed.append(name)
        if not phone.says_what_is_gone:
            ledger.unsaid.append(name)
    elif record in held.refusals:
        if phone.states.get(record) != "refused" or not phone.needing:
            ledger.refused_unseen.append(f"{name}: {held.refusals[record]}")
    elif phone.states.get(record) in ("queued", "sending"):
        ledger.stuck.append(f"{name} ({phone.shown.get(record, 'not on the screen')})")
    else:
        ledger.lost.append(f"{name} (on the phone: {phone.states.get(record, 'nothing')})")


def _picture_of(ledger: Ledger, phone: Phone, name: str, key: tuple[str, str], sha256: str, held: Held) -> None:
    here = held.pictures.get(key, "not named by the record")
    if here == sha256:
        return
    if key in phone.picture_destroyed:
        ledger.destroyed.append(name)
        if not phone.says_what_is_gone:
            ledger.unsaid.append(name)
    elif here.startswith("not here"):
        (ledger.stuck if phone.states.get(key[0]) else ledger.lost).append(f"{name}: {here}")
    else:
        ledger.changed.append(f"{name}: {here}")


def _refusals(ledger: Ledger, phone: Phone, held: Held) -> None:
    """Whatever the county refused or put into the lead's tray stands on this phone's screen."""
    if not phone.is_enrolled:
        return
    refused = [record for record in held.refusals if phone.states.get(record) == "refused"]
    if phone.needing < len(refused):
        ledger.refused_unseen.append(f"phone {phone.number} shows {phone.needing} of {len(refused)} refused records")
    for record, entry in held.entries.items():
        mine = held.devices.get(str(entry.device)) == phone.number
        if mine and entry.state == "held" and record not in phone.shown:
            ledger.refused_unseen.append(f"record {record[-6:]} of phone {phone.number} is held: {entry.why}")


def _deed(ledger: Ledger, told: Told, held: Held, words: dict[str, str], gone: set[str]) -> None:
    deed = told.deed
    kind, wanted, roles = RECORDS[deed.kind]
    found = [record for record, said in held.said.items() if said["kind"] == kind and deed.word in words[record]]
    if len(found) > 1:
        ledger.doubled.append(f"{deed}: {len(found)} records at the county")
    if not found:
        if not told.records or not told.records & gone:
            ledger.lost.append(f"{deed}: told “{told.words}”, and nothing of it is at the county")
        return
    said, entry = held.said[found[0]], held.entries[found[0]]
    author = AGENTS[told.phone]
    if entry.actor != author.id or said["actor"] != str(author.id) or held.devices[str(entry.device)] != told.phone:
        ledger.changed.append(f"{deed}: another author")
    if deed.name and entry.subject != person(deed.name).id:
        ledger.changed.append(f"{deed}: about another person")
    for field_, value in wanted.items():
        expected = json.loads(json.dumps(value).replace("{word}", deed.word))
        if _plain(said["body"].get(field_)) != _plain(expected):
            ledger.changed.append(f"{deed}: {field_} is {said['body'].get(field_)!r}")
    if {blob["role"] for blob in said["blobs"]} != roles:
        ledger.changed.append(f"{deed}: pictures {[blob['role'] for blob in said['blobs']]}")


def _plain(value: Any) -> Any:
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value
