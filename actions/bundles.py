"""A phone's sealed outbox that came as a file: its records and pictures are taken in like those the phone sends itself.

The file is read part by part from the disk. What was taken in before is known by its id and hash and nothing is doubled;
a file that breaks off gives all of its whole parts. Taken in again after a crash, it goes on where it was.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import models
from actions import journal, pictures, sync, tails
from models import Device, JournalEntry, transaction
from rules import bundles as rule
from rules.actors import Actor, Role, scope_of
from rules.bundles import Damage, Head, Part
from rules.problems import BundleBroken, BundleForeign, NoBundle

TAKERS = (Role.TOWNSHIP_OFFICER, Role.DEPUTY_LEADER, Role.LEAD, Role.TOWNSHIP_HEAD, Role.COUNTY)
LARGEST = 300 * 1024 * 1024  # bytes of one file: some 1 500 pictures
BATCH = 50  # records admitted together

PROOF_PREFIX = "daiban-bundle/1\n"


@dataclass
class Tally:
    """What became of each part. `devices`: the phones that signed the records, with how many each."""

    records: Counter[str] = field(default_factory=Counter)  # new, known, refused, foreign; held is part of new
    refused: Counter[str] = field(default_factory=Counter)  # by reason
    pictures: Counter[str] = field(default_factory=Counter)  # stored, known, damaged, unwanted
    damaged: Counter[str] = field(default_factory=Counter)  # head, item, picture or "": parts that could not be read
    devices: Counter[str] = field(default_factory=Counter)
    ended: bool = False
    head: Head | None = None


@dataclass(frozen=True)
class _By:
    """The desk that brings them, in whose township people see what nobody can read."""

    scope: str


def take_in(file: BinaryIO, *, actor: Actor, folder: Path, now: datetime) -> UUID:
    """Take in a bundle; give the id of the event that says what became of it.

    Raises NoBundle, BundleForeign, BundleBroken; then nothing was changed.
    """
    by = _By(scope_of(_place(actor)))
    tally = Tally()
    try:
        for batch in _batches(_parts(file, tally)):
            _records(batch, tally, by, now)
        if tally.records["new"] + tally.records["known"] + tally.records["refused"] > 0:
            for part in _parts(file, Tally(), "picture"):
                _picture(part, tally, folder, now)
    except rule.NotABundle:
        raise NoBundle(empty=_is_empty(file)) from None
    if not tally.records:
        raise BundleBroken()
    if set(tally.records) == {"foreign"}:
        raise BundleForeign()
    return _write_down(file, tally, actor, by, now)


def _place(actor: Actor) -> str:
    """The area of the widest post that may take bundles in."""
    return min((post.area for post in actor.posts if post.role in TAKERS), key=lambda area: (area.rstrip("0"), area))


def _is_empty(file: BinaryIO) -> bool:
    file.seek(0)
    return file.read(1) == b""


def _parts(file: BinaryIO, tally: Tally, kind: str = "item") -> Iterator[Part]:
    """The whole parts of one kind; heads, damage and the end are noted on the way."""
    for part in rule.parts(file):
        if isinstance(part, Damage):
            tally.damaged[part.kind] += 1
        elif part.kind == "head":
            tally.head = tally.head or rule.head_of(part.body)
        elif part.kind == "end":
            tally.ended = True
        elif part.kind == kind:
            yield part


def _batches(parts: Iterator[Part]) -> Iterator[list[Part]]:
    batch: list[Part] = []
    for part in parts:
        batch.append(part)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


# ---- records


def _records(batch: list[Part], tally: Tally, by: _By, now: datetime) -> None:
    items = []
    for part in batch:
        item = _item(part.body)
        if item is None:
            tally.damaged["item"] += 1
        elif item.raw["key"] != models.keys().county_id:
            tally.records["foreign"] += 1
        else:
            items.append(item)
    known = _known(items)
    for item, receipt in zip(items, sync.receive(items, now=now, carrier=by), strict=True):
        tally.devices[item.device] += 1
        if receipt.state == "refused":
            tally.records["refused"] += 1
            tally.refused[receipt.reason] += 1
        elif (item.id, item.hash) in known:
            tally.records["known"] += 1
        else:
            known.add((item.id, item.hash))
            tally.records["new"] += 1
            tally.records["held"] += receipt.state == "held"


def _item(body: bytes) -> sync.Item | None:
    try:
        raw = json.loads(body)
        found = {name: raw[name] for name in ("id", "hash", "device", "key", "sealed")}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(value, str) for value in found.values()):
        return None
    return sync.Item(found["id"], found["hash"], found["device"], sealed=found["sealed"], raw=found)


def _known(items: list[sync.Item]) -> set[tuple[str, str]]:
    """Which of these are in the journal already."""
    ids = []
    for item in items:
        try:
            ids.append(UUID(item.id))
        except ValueError:
            continue
    e = JournalEntry
    return {(str(key), digest) for key, digest in e.select(e.id, e.hash).where(e.id.in_(ids)).tuples()}


# ---- pictures


def _picture(part: Part, tally: Tally, folder: Path, now: datetime) -> None:
    try:
        event, role = UUID(str(part.about["event"])), str(part.about["role"])
    except (KeyError, ValueError):
        tally.pictures["damaged"] += 1
        return
    tally.pictures[pictures.take_whole(event, role, part.body, folder=folder, now=now)] += 1


# ---- writing down who took in what


def _write_down(file: BinaryIO, tally: Tally, actor: Actor, by: _By, now: datetime) -> UUID:
    head = tally.head
    found = {str(each.id): each for each in Device.select().where(Device.id.in_(_ids(tally, head)))}
    device = found.get(head.device) if head else None
    device = device or next((found[key] for key, _ in tally.devices.most_common() if key in found), None)
    scope = device.scope if device is not None and actor.covers(device.scope, *TAKERS) else by.scope
    with transaction(scope):
        if device is not None and head is not None and head.device == str(device.id) and _proven(head, device):
            newest = tails.believed(device, head.newest)
            Device.update(newest=newest, missing=[list(each) for each in head.missing] or None).where(
                Device.id == device.id
            ).execute()
        body = {
            "device": device.id if device else None, "person": device.person_id if device else None,
            "file": _digest(file), "records": dict(tally.records), "refused": dict(tally.refused),
            "pictures": dict(tally.pictures), "damaged": dict(tally.damaged), "whole": tally.ended,
            "said": {"records": head.records, "pictures": head.pictures, "newest": head.newest} if head else None,
            "devices": dict(tally.devices),
        }  # fmt: skip
        entry = journal.write([journal.Deed("bundle.taken_in", scope, body)], actor=actor, now=now)[0]
    return UUID(str(entry.id))


def _ids(tally: Tally, head: Head | None) -> list[UUID]:
    found = []
    for text in {*tally.devices, *((head.device,) if head else ())}:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _proven(head: Head, device: Any) -> bool:
    """Whether only somebody with this phone's mailbox token can have said it (docs/formats.md §8)."""
    wanted = hmac.new(device.mailbox_hash.encode(), (PROOF_PREFIX + head.text).encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, head.proof) if head.proof.isascii() else False


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(1024 * 1024):
        digest.update(piece)
    return digest.hexdigest()


# ---- reading it again


def taken_in(event: UUID, actor: Actor) -> tuple[JournalEntry, dict[str, Any]] | None:
    """The event of a bundle and what it says, where this actor may see it."""
    e = JournalEntry
    within = models.within(e.scope, None, actor.prefixes(*TAKERS))
    found = e.get_or_none((e.id == event) & (e.kind == "bundle.taken_in") & within)
    if found is None or found.payload is None:
        return None
    return found, json.loads(found.payload)["body"]
