"""Proving the journal: every chain, every signature, every row against the last event that touched it, every picture.

Reads only. What is found is said in sentences that name the scope, the position or the row; nothing is repaired.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, TypeAdapter

import models
from actions import journal, pictures, reads
from models import TABLES, Device, JournalEntry, Picture, ReadEntry, Row, Scope, leaf_of
from rules import ciphers, events

AT_ONCE = 2000
#: Members of the signed text that columns of the entry repeat.
REPEATED = ("id", "kind", "v", "actor", "post", "subject")
#: The event that lets texts about its subject go; without it a text that is missing was taken away.
FORGETS = "erased"
#: The event that deletes a picture whose time is over; its hashes stay, its key and its files go.
DELETES = "picture.forgotten"
#: What decides a held record, and the state it leaves it in.
DECIDES = {"held.adopted": "adopted", "held.answered": "answered"}
#: Kinds that write a row whenever they take effect; the others may find that everything stands as they say.
WRITES = frozenset(events.PHONE_KINDS) - {"resident.noted", "resident.unmasked", "query.answered", "record.corrected"}
MILLISECOND = timedelta(milliseconds=1)
INSTANT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


@dataclass
class Proof:
    """What was looked at, and what is broken."""

    entries: int = 0
    signatures: int = 0
    rows: int = 0
    pictures: int = 0
    looks: int = 0
    erased: int = 0  # entries whose text was forgotten: their hashes still stand in the chain
    broken: list[str] = field(default_factory=list)
    ends_proven: bool = False  # heads from outside the database were given, and fit


def verify(*, heads: Mapping[str, tuple[int, str]] | None = None, folder: Path | None = None) -> Proof:
    """Prove everything. `heads`: {scope: (position, chain)} as kept outside the database, which proves the ends too.

    `folder`: where the pictures lie; without it only what the database says of them is proven.
    """
    proof = Proof()
    phones = {
        row.id: ciphers.public_key_from(bytes(row.public_key)) for row in Device.select(Device.id, Device.public_key)
    }
    with _Leaves() as leaves:
        for scope in Scope.select().order_by(Scope.code):
            proof.broken += _chain(scope, phones, leaves, proof)
        proof.broken += _strays(proof)
        proof.broken += leaves.missing_texts()
        proof.broken += leaves.wrong_states()
        proof.broken += _rows(leaves, proof)
        proof.broken += _pictures(leaves, proof, folder)
    for (scope,) in ReadEntry.select(ReadEntry.scope).distinct().order_by(ReadEntry.scope).tuples():
        proof.broken += reads.broken(scope)
    proof.looks = ReadEntry.select().count()
    if heads is not None:
        missing = list(_missing_heads(heads))
        proof.broken += missing
        proof.ends_proven = not missing
    return proof


def heads_now() -> dict[str, tuple[int, str]]:
    """The end of every chain, to be kept where nobody who can write the database can write."""
    scopes = Scope.select(Scope.code, Scope.position, Scope.chain).where(Scope.position > 0).order_by(Scope.code)
    return {code: (position, chain) for code, position, chain in scopes.tuples()}


def _chain(scope: Any, phones: Mapping[UUID, Any], leaves: _Leaves, proof: Proof) -> Iterator[str]:
    """One scope's journal from its first entry to its last."""
    position, chain = 0, ""
    for entry in _entries(scope.code):
        proof.entries += 1
        here = f"{scope.code} position {entry.position}"
        if entry.position != position + 1:
            yield f"{scope.code}: positions {position + 1} to {entry.position - 1} are missing"
        expected = journal.link(chain, entry.position, str(entry.id), entry.hash, entry.received_at, entry.leaves)
        if entry.chain != expected:
            yield f"{here}: it is not as it was written, or something before it was put in or taken out"
        yield from (f"{here}: {what}" for what in _entry(entry, phones, leaves, proof))
        leaves.note(entry)
        position, chain = entry.position, entry.chain
    if (scope.position, scope.chain) != (position, chain):
        yield f"{scope.code}: the journal ends at {position}, but its counter says {scope.position}: the end was cut off"


def _entries(scope: str) -> Iterator[Any]:
    """In order, a part at a time, so that a journal of millions needs no memory."""
    e, position = JournalEntry, 0
    while True:
        part = list(e.select().where((e.scope == scope) & (e.position > position)).order_by(e.position).limit(AT_ONCE))
        yield from part
        if len(part) < AT_ONCE:
            return
        position = part[-1].position


def _entry(entry: Any, phones: Mapping[UUID, Any], leaves: _Leaves, proof: Proof) -> Iterator[str]:
    """What is wrong with one entry by itself."""
    try:
        payload = entry.payload
    except ciphers.Unreadable:
        yield "its text cannot be opened with these keys"
        return
    if payload is None:
        proof.erased += 1
        leaves.no_text(entry)
        return
    if ciphers.event_hash(payload) != entry.hash:
        yield "its text is not the one that was signed"
        return
    key = models.keys().signing.public_key() if entry.device is None else phones.get(entry.device)
    if key is None:
        yield f"it is signed by a phone that is not here ({entry.device})"
    elif not ciphers.signature_fits(key, ciphers.EVENT_PREFIX + payload, bytes(entry.signature)):
        yield "its signature does not fit"
    else:
        proof.signatures += 1
    said = json.loads(payload)
    for name in REPEATED:
        if _text(getattr(entry, name)) != _text(said.get(name)):
            yield f"its column {name} says something else than its signed text"
    if (
        (_text(entry.device) or "server") != str(said["device"]).lower()
        or entry.seq != said["seq"]
        or entry.prev != said["prev"]
    ):
        yield "its place in the phone's own chain is not the one that was signed"
    if abs(entry.at - INSTANT.validate_python(said["at"])) >= MILLISECOND:  # as exact as the text is
        yield "its column at says something else than its signed text"
    leaves.note_state(entry, said)
    for blob in reversed(said["blobs"]):  # of two with one role the first counts
        leaves.note_picture(entry, blob)


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, UUID) else str(value)


def _strays(proof: Proof) -> Iterator[str]:
    """Entries of scopes that have no counter."""
    known = Scope.select(Scope.code)
    for (scope,) in JournalEntry.select(JournalEntry.scope).where(JournalEntry.scope.not_in(known)).distinct().tuples():
        yield f"{scope}: its counter is missing"


# ---- rows


def _place(entry: Any) -> str:
    return f"{entry.scope} position {entry.position}"


class _Leaves:
    """What the journal says there must be: the newest leaf of every row, every picture, on disk: a county has millions."""

    def __enter__(self) -> _Leaves:
        self._folder = tempfile.TemporaryDirectory(prefix="daiban-verify-")
        self._db = sqlite3.connect(Path(self._folder.name) / "leaves.sqlite3", isolation_level=None)
        self._db.execute("PRAGMA synchronous = off")
        self._db.execute("PRAGMA journal_mode = off")
        self._db.execute(
            "CREATE TABLE leaf (name TEXT PRIMARY KEY, hash TEXT, scope TEXT, at TEXT, said_by TEXT, seen INTEGER) "
            "WITHOUT ROWID"
        )
        self._db.execute(
            "CREATE TABLE picture (name TEXT PRIMARY KEY, hash TEXT, said_by TEXT, seen INTEGER) WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE deleted (name TEXT PRIMARY KEY) WITHOUT ROWID")
        self._db.execute("CREATE TABLE state (event TEXT PRIMARY KEY, said_by TEXT, state TEXT) WITHOUT ROWID")
        self._db.execute("CREATE TABLE decided (event TEXT, state TEXT)")
        self._db.execute("CREATE TABLE no_text (subject TEXT, said_by TEXT)")
        self._db.execute("CREATE TABLE forgotten (subject TEXT PRIMARY KEY) WITHOUT ROWID")
        self._db.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._folder.cleanup()

    def note(self, entry: Any) -> None:
        """In one scope the later position counts, whatever the clock said; between two scopes there is only the clock."""
        at, said_by = models.canonical(entry.received_at), _place(entry)
        self._db.executemany(
            "INSERT INTO leaf VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, "
            "scope = excluded.scope, at = excluded.at, said_by = excluded.said_by "
            "WHERE excluded.scope = leaf.scope OR excluded.at >= leaf.at",
            [(name, digest, entry.scope, at, said_by) for name, digest in json.loads(entry.leaves).items()],
        )

    # ---- texts that were let go

    def no_text(self, entry: Any) -> None:
        self._db.execute("INSERT INTO no_text VALUES (?, ?)", (_text(entry.subject), _place(entry)))

    def missing_texts(self) -> Iterator[str]:
        """Texts that are gone though no event says that what concerns their subject was forgotten."""
        rows = self._db.execute("SELECT said_by FROM no_text WHERE subject NOT IN (SELECT subject FROM forgotten)")
        for (said_by,) in rows:
            yield f"{said_by}: its text is gone, and no event says that it was forgotten"

    # ---- what became of held records

    def note_state(self, entry: Any, said: Mapping[str, Any]) -> None:
        """Keep the state of a phone's record; of a desk's deed, what it decided or forgot."""
        if entry.kind == FORGETS and entry.device is None:
            self._db.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (_text(entry.subject),))
        if entry.kind == DELETES and entry.device is None:
            name = f"{said['body'].get('event')}.{said['body'].get('role')}"
            self._db.execute("INSERT OR IGNORE INTO deleted VALUES (?)", (name,))
        if entry.kind in DECIDES and entry.device is None:
            self._db.execute("INSERT INTO decided VALUES (?, ?)", (said["body"].get("event"), DECIDES[entry.kind]))
        if entry.device is None:
            return
        if entry.state == "accepted" and entry.leaves == "{}" and entry.kind in WRITES:
            state = "accepted without effect"
        elif entry.state != "accepted" and entry.leaves != "{}":
            state = f"{entry.state} with effect"
        else:
            state = entry.state
        self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (_text(entry.id), _place(entry), state))

    def wrong_states(self) -> Iterator[str]:
        """Records whose state no event gave them: held ones that left the tray, applied ones that came into it."""
        wrong = self._db.execute(
            "SELECT said_by, s.state FROM state s LEFT JOIN (SELECT event, max(state) AS state FROM decided GROUP BY event) d "
            "ON d.event = s.event WHERE s.state NOT IN ('accepted', 'held', 'adopted', 'answered') "
            "OR (s.state IN ('accepted', 'held') AND d.state IS NOT NULL) "
            "OR (s.state IN ('adopted', 'answered') AND d.state IS NOT s.state) ORDER BY said_by"
        )
        for said_by, state in wrong:
            yield f"{said_by}: its state ({state}) is none that an event gave it"

    # ---- pictures

    def note_picture(self, entry: Any, blob: Mapping[str, Any]) -> None:
        facts = (blob["sha256"], blob["plain_sha256"], blob["key"], blob["bytes"], blob["type"], _text(entry.device))
        row = f"{entry.id}.{blob['role']}", models.canonical(facts), _place(entry)
        self._db.execute("INSERT OR REPLACE INTO picture VALUES (?, ?, ?, 0)", row)

    def compare_picture(self, picture: Any) -> str | None:
        """Why this row is not what the record named, or None."""
        name = f"{picture.event}.{picture.role}"
        found = self._db.execute("SELECT hash FROM picture WHERE name = ?", (name,)).fetchone()
        if found is None:
            return "no record names it"
        self._db.execute("UPDATE picture SET seen = 1 WHERE name = ?", (name,))
        deleted = self._db.execute("SELECT 1 FROM deleted WHERE name = ?", (name,)).fetchone() is not None
        if deleted != (picture.state == "forgotten"):
            return "an event deleted it, and it is here again" if deleted else "it was deleted without an event"
        facts = [
            picture.sha256, picture.plain_sha256, picture.key, picture.bytes, picture.type, _text(picture.device),
        ]  # fmt: skip
        said = json.loads(found[0])
        if deleted:
            said[2] = ""
        return None if facts == said else "it is not the one that its record names"

    def unseen_pictures(self) -> Iterator[tuple[str, str]]:
        yield from self._db.execute("SELECT name, said_by FROM picture WHERE seen = 0 ORDER BY name")

    # ---- rows

    def tables(self) -> set[str]:
        return {name for (name,) in self._db.execute("SELECT DISTINCT substr(name, 1, instr(name, ':') - 1) FROM leaf")}

    def compare(self, name: str, digest: str) -> str | None:
        """Why the row is not proven, or None."""
        found = self._db.execute("SELECT hash, said_by FROM leaf WHERE name = ?", (name,)).fetchone()
        if found is None:
            return "no event ever wrote it"
        self._db.execute("UPDATE leaf SET seen = 1 WHERE name = ?", (name,))
        return None if found[0] == digest else f"it was changed without an event since {found[1]}"

    def unseen(self) -> Iterator[tuple[str, str]]:
        yield from self._db.execute("SELECT name, said_by FROM leaf WHERE seen = 0 ORDER BY name")


def _rows(leaves: _Leaves, proof: Proof) -> Iterator[str]:
    """Every row of every table that events write, against the last event that wrote it."""
    by_name: dict[str, type[Row]] = {table._meta.table_name: table for table in TABLES}
    for name in sorted(leaves.tables() & set(by_name)):
        for row in _all(by_name[name]):
            proof.rows += 1
            try:
                key, digest = leaf_of(row)
            except ciphers.Unreadable:
                yield f"row {name}:{row.get_id()}: it cannot be opened with these keys"
                continue
            why = leaves.compare(key, digest)
            if why is not None:
                yield f"row {key}: {why}"
    for name, said_by in leaves.unseen():
        yield f"row {name}: it is gone without an event since {said_by}"


def _all(table: type[Row]) -> Iterator[Any]:
    key, last = table._meta.primary_key, None
    while True:
        wanted = table.select().order_by(key).limit(AT_ONCE)
        part = list(wanted if last is None else wanted.where(key > last))
        yield from part
        if len(part) < AT_ONCE:
            return
        last = part[-1].get_id()


# ---- pictures

#: States in which the whole picture is here.
HERE = ("stored", "shown", "unshowable")


def _pictures(leaves: _Leaves, proof: Proof, folder: Path | None) -> Iterator[str]:
    """Every picture against the signed record that names it, and the file against its hash."""
    p, last = Picture, None
    while True:
        wanted = p.select().order_by(p.event, p.role).limit(AT_ONCE)
        if last is not None:
            wanted = wanted.where((p.event > last[0]) | ((p.event == last[0]) & (p.role > last[1])))
        part = list(wanted)
        for picture in part:
            proof.pictures += 1
            here = f"picture {picture.event}.{picture.role}"
            why = leaves.compare_picture(picture)
            if why is not None:
                yield f"{here}: {why}"
            elif folder is not None and picture.state in HERE:
                yield from (
                    f"{here}: {what}" for what in _file(pictures.place(folder, picture.event, picture.role), picture)
                )
        if len(part) < AT_ONCE:
            break
        last = part[-1].event, part[-1].role
    for name, said_by in leaves.unseen_pictures():
        yield f"picture {name}: it is gone without an event since {said_by}"


def _file(path: Path, picture: Any) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != picture.sha256:
                yield "its file is not the one that came"
    except FileNotFoundError:
        yield "its file is gone"


# ---- heads


def _missing_heads(heads: Mapping[str, tuple[int, str]]) -> Iterator[str]:
    e = JournalEntry
    for scope, (position, chain) in sorted(heads.items()):
        here = e.select(e.chain).where((e.scope == scope) & (e.position == position)).scalar()
        if here is None:
            yield f"{scope}: position {position} was here when the heads were kept, and is gone"
        elif here != chain:
            yield f"{scope}: position {position} is another than when the heads were kept: the chain was made anew"


def read_heads(file: Path) -> dict[str, tuple[int, str]]:
    """A heads file: one JSON object a line. Raises ValueError for one that is none."""
    found: dict[str, tuple[int, str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        found[str(said["scope"])] = (int(said["position"]), str(said["chain"]))
    return found


def write_heads(file: Path, *, now: datetime) -> None:
    """Write the heads of now beside the file's place, then put them there at once."""
    fresh = file.with_suffix(file.suffix + ".new")
    lines = [
        json.dumps({"scope": scope, "position": position, "chain": chain, "at": now.isoformat()})
        for scope, (position, chain) in heads_now().items()
    ]
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.replace(file)
