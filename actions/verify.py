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
from rules.days import day_of

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
#: What moves `kept_to`, and anchors the log of looks.
BACKUPS = ("backup.verified", "backup.restored")
#: Heads of the log of looks stand beside those of the journal under this name and their scope.
LOOKS = "looks "
#: Tables that no event covers, and why a change there proves nothing about what happened. Every other table is proven.
UNPROVEN: Mapping[type[Row], str] = {
    models.Scope: "position, chain and kept_to are proven against the journal; rev and the count of receipts only order what is sent next",
    JournalEntry: "proven by its own chain",
    ReadEntry: "proven by its own chain, whose end each backup and each file of heads anchors",
    Picture: "proven against the signed record that names it, and its file against its hash",
    models.Attempt: "counts misses; a day old at most",
    models.DeskSession: "who is signed in now; what a session does is an event of its own",
    models.KnownBrowser: "spares a browser the wait after others' misses, and opens nothing",
    models.PhoneChallenge: "two minutes old at most",
    models.PhoneSession: "which phone is signed in now; its records carry its own signature",
    models.Enrolment: "a code of ten minutes; the phone that came of it is a row that events cover",
    models.Challenge: "which gesture was asked for; the record says which one was shown, and a person looks",
    models.Departure: "tells phones to let go of a card; a full pack says the same",
    models.InboxMessage: "repeats to a person what an event says",
    models.BadgeScan: "a count of looks at a badge, kept 90 days",
    models.Refusal: "what was not taken in; its phone still holds it and shows it",
    models.Import: "how a list came in; what it changed are events",
    models.ImportRow: "a row of a list that waits for a person",
    models.Workbook: "a copy of the visit log to take away, three days old at most; that it was asked for is an event",
}
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
    phones = dict(_keys_of_phones())
    with _Leaves() as leaves:
        for scope in Scope.select().order_by(Scope.code):
            proof.broken += _chain(scope, phones, leaves, proof)
        proof.broken += _strays(proof)
        proof.broken += _kept(leaves)
        proof.broken += leaves.missing_texts()
        proof.broken += leaves.wrong_states()
        proof.broken += _rows(leaves, proof)
        proof.broken += _pictures(leaves, proof, folder)
    for (scope,) in ReadEntry.select(ReadEntry.scope).distinct().order_by(ReadEntry.scope).tuples():
        proof.broken += _looks(scope)
    proof.looks = ReadEntry.select().count()
    proof.broken += _missing_heads(leaves.looks, "the last backup was made")
    if heads is not None:
        missing = list(_missing_heads(heads, "the heads were kept"))
        proof.broken += missing
        proof.ends_proven = not missing
    return proof


def _looks(scope: str) -> Iterator[str]:
    try:
        yield from reads.broken(scope)
    except ValueError:
        yield f"{scope}: a look cannot be read"


def _keys_of_phones() -> Iterator[tuple[UUID, Any]]:
    """Public keys by phone; a phone whose key was damaged is named as a row, and its records as signed by nobody here."""
    for phone, raw in Device.select(Device.id, Device.public_key).tuples():
        try:
            yield phone, ciphers.public_key_from(bytes(raw))
        except ciphers.Unreadable:
            continue


def heads_now() -> dict[str, tuple[int, str]]:
    """The end of every chain, to be kept where nobody who can write the database can write."""
    scopes = Scope.select(Scope.code, Scope.position, Scope.chain).where(Scope.position > 0).order_by(Scope.code)
    found = {code: (position, chain) for code, position, chain in scopes.tuples()}
    return found | {f"{LOOKS}{scope}": end for scope, end in reads.ends().items()}


def _chain(scope: Any, phones: Mapping[UUID, Any], leaves: _Leaves, proof: Proof) -> Iterator[str]:
    """One scope's journal from its first entry to its last."""
    position, chain = 0, ""
    day, count = None, 0
    for entry in _entries(scope.code):
        proof.entries += 1
        here = f"{scope.code} position {entry.position}"
        if not isinstance(entry.received_at, datetime) or not isinstance(entry.at, datetime):
            yield f"{here}: its times cannot be read"
            position, chain = entry.position, entry.chain
            continue
        if entry.position != position + 1:
            yield f"{scope.code}: positions {position + 1} to {entry.position - 1} are missing"
        expected = journal.link(chain, entry.position, str(entry.id), entry.hash, entry.received_at, entry.leaves)
        if entry.chain != expected:
            yield f"{here}: it is not as it was written, or something before it was put in or taken out"
        if day_of(entry.received_at) != day:
            day, count = day_of(entry.received_at), 0
        count += entry.device is not None
        expected = f"-{day:%m%d}-{count:02d}" if entry.device is not None else ""
        if not entry.number.endswith(expected) or bool(entry.number) != bool(expected):
            yield f"{here}: its number ({entry.number}) is not the one that was read out"
        yield from (f"{here}: {what}" for what in _entry(entry, phones, leaves, proof))
        leaves.note(entry)
        position, chain = entry.position, entry.chain
    if (scope.position, scope.chain) != (position, chain):
        yield f"{scope.code}: the journal ends at {position}, but its counter says {scope.position}: the end was cut off"


def _entries(scope: str) -> Iterator[Any]:
    """In order, a part at a time, so that a journal of millions needs no memory."""
    e, position = JournalEntry, 0
    while True:
        part = _part(e.payload, (e.scope == scope) & (e.position > position), e.position)
        yield from part
        if len(part) < AT_ONCE:
            return
        position = part[-1].position


def _part(sealed: Any, where: Any, *order: Any) -> list[Any]:
    """Rows of the table of this sealed column, as they are; where one cannot be opened, it is marked `unreadable`."""
    table = sealed.model
    try:
        return list(table.select().where(where).order_by(*order).limit(AT_ONCE))
    except ciphers.Unreadable:
        others = [field for field in table._meta.sorted_fields if field is not sealed]
        part = list(table.select(*others).where(where).order_by(*order).limit(AT_ONCE))
    for row in part:
        try:
            setattr(row, sealed.name, table.select(sealed).where(row._pk_expr()).tuples().get()[0])
        except ciphers.Unreadable:
            row.unreadable = True
    return part


def _entry(entry: Any, phones: Mapping[UUID, Any], leaves: _Leaves, proof: Proof) -> Iterator[str]:
    """What is wrong with one entry by itself."""
    payload = entry.payload
    if hasattr(entry, "unreadable"):
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


def _newest(before: Mapping[str, int], said: Mapping[str, int]) -> dict[str, int]:
    return {scope: max(before.get(scope, 0), said.get(scope, 0)) for scope in {*before, *said}}


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, UUID) else str(value)


def _strays(proof: Proof) -> Iterator[str]:
    """Entries of scopes that have no counter."""
    known = Scope.select(Scope.code)
    for (scope,) in JournalEntry.select(JournalEntry.scope).where(JournalEntry.scope.not_in(known)).distinct().tuples():
        yield f"{scope}: its counter is missing"


def _kept(leaves: _Leaves) -> Iterator[str]:
    """Phones let go by `kept_to`: it is what backups said, and nothing else moves it."""
    for code, kept_to in Scope.select(Scope.code, Scope.kept_to).order_by(Scope.code).tuples():
        if kept_to != leaves.kept.get(code, 0):
            yield f"{code}: kept_to is {kept_to}, but the backups hold it up to {leaves.kept.get(code, 0)}"


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
        self.kept: dict[str, int] = {}
        self.looks: dict[str, tuple[int, str]] = {}
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._folder.cleanup()

    def note(self, entry: Any) -> None:
        """In one scope the later position counts, whatever the clock said; between two scopes there is only the clock."""
        at, said_by = models.canonical(entry.received_at), _place(entry)
        try:
            said = json.loads(entry.leaves).items()
        except (ValueError, AttributeError):  # the chain says already that they were changed
            return
        self._db.executemany(
            "INSERT INTO leaf VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, "
            "scope = excluded.scope, at = excluded.at, said_by = excluded.said_by "
            "WHERE excluded.scope = leaf.scope OR excluded.at >= leaf.at",
            [(name, digest, entry.scope, at, said_by) for name, digest in said],
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
        if entry.kind in BACKUPS and entry.device is None:
            restored = entry.kind == "backup.restored"
            self.kept = dict(said["body"]["kept_to"]) if restored else _newest(self.kept, said["body"]["kept_to"])
            self.looks |= {f"{LOOKS}{scope}": (end[0], end[1]) for scope, end in said["body"].get("looks", {}).items()}
        if entry.device is None:
            return
        if entry.state == "accepted" and entry.leaves == "{}" and entry.kind in WRITES:
            state = "accepted without effect"
        elif entry.state != "accepted" and entry.leaves != "{}":
            state = f"{entry.state} with effect"
        elif bool(entry.why) == (entry.state == "accepted"):
            state = f"{entry.state} with why {entry.why!r}"
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
        if hasattr(picture, "unreadable"):
            return "its key cannot be opened with these keys"
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
    for table in (table for table in TABLES if table not in UNPROVEN):
        name = table._meta.table_name
        for row in _all(table):
            proof.rows += 1
            if not isinstance(row, Row):
                yield f"row {name}:{row}: it cannot be read, or not be opened with these keys"
                leaves.compare(f"{name}:{row}", "")
                continue
            key, digest = leaf_of(row)
            why = leaves.compare(key, digest)
            if why is not None:
                yield f"row {key}: {why}"
    for name, said_by in leaves.unseen():
        yield f"row {name}: it is gone without an event since {said_by}"


def _all(table: type[Row]) -> Iterator[Any]:
    """Every row, in order of its key; of one that cannot be read only the key."""
    key: Any = table._meta.primary_key
    last = None
    while True:
        wanted = table.select(key).order_by(key).limit(AT_ONCE).tuples()
        part = [found for (found,) in (wanted if last is None else wanted.where(key > last))]
        if not part:
            return
        try:
            yield from table.select().where(key.in_(part)).order_by(key)
        except ValueError:
            yield from (_one(table, each) for each in part)
        if len(part) < AT_ONCE:
            return
        last = part[-1]


def _one(table: type[Row], key: Any) -> Any:
    try:
        return table.get_by_id(key)
    except ValueError:
        return key


# ---- pictures

#: States in which the whole picture is here.
HERE = ("stored", "shown", "unshowable")


def _pictures(leaves: _Leaves, proof: Proof, folder: Path | None) -> Iterator[str]:
    """Every picture against the signed record that names it, and the file against its hash."""
    p, last = Picture, None
    while True:
        after = (
            p.role.is_null(False) if last is None else (p.event > last[0]) | ((p.event == last[0]) & (p.role > last[1]))
        )
        part = _part(p.key, after, p.event, p.role)
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


def _missing_heads(heads: Mapping[str, tuple[int, str]], when: str) -> Iterator[str]:
    """Ends of chains that were here once and are gone, or are others."""
    for name, (position, chain) in sorted(heads.items()):
        scope, table = name.removeprefix(LOOKS), ReadEntry if name.startswith(LOOKS) else JournalEntry
        what = f"{scope}: look" if table is ReadEntry else f"{scope}: position"
        here = table.select(table.chain).where((table.scope == scope) & (table.position == position)).scalar()
        if here is None:
            yield f"{what} {position} was here when {when}, and is gone"
        elif here != chain:
            yield f"{what} {position} is another than when {when}: the chain was made anew"


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
