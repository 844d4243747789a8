"""Pictures named by records: they come in pieces, sealed as the phone made them, and stay so.

The ciphertext is evidence and is never served. People see a copy that a job drew anew from its pixels, sealed at rest
with the column keys. Files lie in the blob folder: `partial/` while they come, then by the end of the event's id.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

import models
from actions import bell
from actions.journal import Arrived
from disk import sync_folder
from models import Attempt, Picture, transaction
from rules import ciphers
from rules.problems import BodyInvalid, NotFound, PictureNotWanted, TooOften

log = structlog.get_logger()

DRAWER = Path(__file__).parent / "_picture_drawer.py"
ROLE = re.compile(r"[a-z][a-z0-9-]{0,30}")  # as rules/events.py has it; it becomes part of a file's name
SECONDS = 20  # for one picture, before it is called bad


def expect(records: Sequence[Arrived]) -> None:
    """Remember which pictures these records name, inside the caller's transaction; refused ones have none.

    A record that gives one role to two pictures is held; the first of them is the one that is wanted.
    """
    models.insert(
        [
            Picture(
                event=record.id, role=role, device=record.device, sha256=blob.sha256,
                plain_sha256=blob.plain_sha256, key=blob.key, bytes=blob.bytes, type=blob.type,
            )
            for record in records
            if record.device is not None
            for role, blob in {blob.role: blob for blob in reversed(record.blobs)}.items()
        ]
    )  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """How much of a picture is here. `fits` is false when the piece began elsewhere, or all of it was damaged."""

    offset: int
    fits: bool
    whole: bool


def take(
    device: UUID,
    event: UUID,
    role: str,
    *,
    offset: int,
    total: int,
    piece: Iterable[bytes],
    folder: Path,
    now: datetime,
    sha256: str = "",
) -> Taken:
    """Add a piece where the last one ended, part by part as it comes in; a piece that ends early is kept as far as it came.

    With the last byte the hash must match, else the picture begins anew. Nobody waits for a piece that hangs: whoever
    comes next goes on behind what has arrived, and the one that hung adds nothing more.
    A picture of another phone's record is taken only from whoever names the hash of its ciphertext, which nobody can
    who does not hold it (docs/adr/0013). Raises PictureNotWanted for what no record names, TooOften for a phone that
    names too much of that, BodyInvalid for a size other than the record says.
    """
    if not ROLE.fullmatch(role):
        raise PictureNotWanted()
    picture = Picture.get_or_none((Picture.event == event) & (Picture.role == role))
    if picture is None or (picture.device != device and picture.sha256 != sha256):
        if sha256:
            _miss(device, now)
        raise PictureNotWanted()
    if picture.state in ("stored", "shown", "forgotten"):
        return Taken(picture.bytes, fits=True, whole=True)
    if total != picture.bytes:
        raise BodyInvalid(where="total")
    path = folder / "partial" / f"{event}.{role}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as file:
        here = _append(file, piece, offset=offset, total=total)
        if here is None:
            return Taken(file.seek(0, os.SEEK_END), fits=False, whole=False)
        os.fsync(file.fileno())
        if here < total:
            _note(event, role, got=here)
            return Taken(here, fits=True, whole=False)
        with _alone(file):
            file.seek(0)
            if hashlib.file_digest(file, "sha256").hexdigest() != picture.sha256:
                file.truncate(0)
                _note(event, role, got=0, state="bad")
                return Taken(0, fits=False, whole=False)
            if _is_at(path, file):  # else whoever brought the same last byte has put it in its place
                _put_in_place(file, path, place(folder, event, role))
                _note(event, role, got=total, state="stored", stored_at=now)
    bell.ring("pictures")
    return Taken(total, fits=True, whole=True)


def _append(file: io.BufferedRandom, piece: Iterable[bytes], *, offset: int, total: int) -> int | None:
    """Write the parts behind each other; gives where they end, or None when the file ends elsewhere."""
    with _alone(file):
        if file.seek(0, os.SEEK_END) != offset:
            return None
    for part in piece:
        with _alone(file):
            if file.seek(0, os.SEEK_END) != offset:
                return None
            if offset + len(part) > total:
                raise BodyInvalid(where="offset")
            file.write(part)
            file.flush()
            offset += len(part)
    return offset


MOST_MISSES = 200  # a day: pictures carried for a colleague that no record here names
DAY = timedelta(days=1)


def _miss(device: UUID, now: datetime) -> None:
    """Count a carried picture that nothing here names. Raises TooOften for the rest of the day after too many."""
    key = f"carry:{device}"
    with transaction():
        found = Attempt.counted(key, now=now)[key]
        misses = 1 if found.next_at <= now else found.misses + 1
        ends = now + DAY if misses == 1 else found.next_at
        Attempt.update(misses=misses, next_at=ends).where(Attempt.key == key).execute()
    if misses > MOST_MISSES:
        raise TooOften(seconds=int((ends - now).total_seconds()) + 1)


def take_whole(event: UUID, role: str, cipher: bytes, *, folder: Path, now: datetime) -> str:
    """Store a picture that came in one piece by way of people: stored, known, damaged, or unwanted by any record here."""
    picture = Picture.get_or_none((Picture.event == event) & (Picture.role == role)) if ROLE.fullmatch(role) else None
    if picture is None:
        return "unwanted"
    if picture.state not in ("wanted", "bad"):
        return "known"
    if hashlib.sha256(cipher).hexdigest() != picture.sha256:
        return "damaged"
    path = folder / "partial" / f"{event}.{role}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as file, _alone(file):
        state = Picture.select(Picture.state).where((Picture.event == event) & (Picture.role == role)).scalar()
        if state not in ("wanted", "bad") or not _is_at(path, file):  # it came by the phone itself while we waited
            return "known"
        file.truncate(0)
        file.write(cipher)
        _put_in_place(file, path, place(folder, event, role))
        _note(event, role, got=len(cipher), state="stored", stored_at=now)
    bell.ring("pictures")
    return "stored"


def _put_in_place(file: io.BufferedRandom, path: Path, target: Path) -> None:
    """The whole picture gets its name only when it is on the disk."""
    file.flush()
    os.fsync(file.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    sync_folder(target.parent)


def place(folder: Path, event: UUID, role: str) -> Path:
    """Where a whole picture lies. The end of an id is random, so the folders fill evenly."""
    return folder / str(event)[-2:] / f"{event}.{role}"


@contextmanager
def _alone(file: io.BufferedRandom) -> Iterator[None]:
    """One writer at a time, and never for longer than a write takes."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _is_at(path: Path, file: io.BufferedRandom) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    return False


def _note(event: UUID, role: str, **facts: Any) -> None:
    with transaction():
        Picture.update(**facts).where((Picture.event == event) & (Picture.role == role)).execute()


def delete_files(folder: Path, event: UUID, role: str) -> None:
    """Delete all that is on the disk of one picture; what is gone already is as good."""
    for path in (place(folder, event, role), copy_path(folder, event, role), folder / "partial" / f"{event}.{role}"):
        path.unlink(missing_ok=True)


# ---- the copy people see


def copy_path(folder: Path, event: UUID, role: str) -> Path:
    return place(folder, event, role).with_name(f"{event}.{role}.copy")


def draw_copies(folder: Path, *, limit: int = 20, newest: bool = False) -> int:
    """The job: draw a copy of every picture that came and has none yet; gives how many were looked at. Safe to repeat.

    Those that waited longest come first, or the newest.
    """
    order = Picture.stored_at.desc() if newest else Picture.stored_at
    waiting = list(Picture.select().where(Picture.state == "stored").order_by(order).limit(limit))
    for picture in waiting:
        _draw(picture, folder)
    return len(waiting)


def _draw(picture: Any, folder: Path) -> None:
    try:
        plain = original(picture, folder)
        copy, near = _strokes(plain) if picture.type == "application/json" else _drawn(plain)
    except (ciphers.Unreadable, FileNotFoundError, ValueError, RecursionError, subprocess.SubprocessError) as error:
        log.warning("picture cannot be shown", picture=str(picture.event), role=picture.role, why=type(error).__name__)
        _note(picture.event, picture.role, state="unshowable")
        return
    target = copy_path(folder, picture.event, picture.role)
    fresh = target.with_suffix(".new")
    fresh.write_bytes(models.keys().columns.seal(copy))
    fresh.rename(target)
    _note(picture.event, picture.role, state="shown", near_hash=near)


def original(picture: Any, folder: Path) -> bytes:
    """The plain bytes as the camera gave them, for the job and for nobody's screen. Raises Unreadable."""
    cipher = place(folder, picture.event, picture.role).read_bytes()
    plain = ciphers.blob_open(ciphers.unb64(picture.key), cipher, str(picture.event), picture.role)
    if ciphers.sha256(plain) != picture.plain_sha256:
        raise ciphers.Unreadable("picture")
    return plain


def _drawn(plain: bytes) -> tuple[bytes, str]:
    """A JPEG drawn anew by a process of its own with limits on memory and time: a picture may be made to do harm."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", str(DRAWER)], input=plain, capture_output=True, timeout=SECONDS, check=True, env={}
    )
    near, _, copy = done.stdout.partition(b"\n")
    return copy, near.decode("ascii")


def _strokes(plain: bytes) -> tuple[bytes, str]:
    """A signature kept as strokes: only numbers come through."""
    found = json.load(io.BytesIO(plain))
    return models.canonical(found).encode(), ""


def shown(event: UUID, role: str, *, folder: Path) -> tuple[str, bytes]:
    """(type, bytes) of the copy to look at; who may look was asked before. Raises NotFound while there is none."""
    picture = Picture.get_or_none((Picture.event == event) & (Picture.role == role) & (Picture.state == "shown"))
    if picture is None:
        raise NotFound()
    kind = picture.type if picture.type == "application/json" else "image/jpeg"
    return kind, models.keys().columns.open(copy_path(folder, event, role).read_bytes())


def roles_of(events: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """{event: {role: state}} of the pictures these records name: wanted, stored, shown, bad, unshowable or forgotten."""
    found: dict[UUID, dict[str, str]] = {}
    rows = Picture.select(Picture.event, Picture.role, Picture.state).where(Picture.event.in_(list(events)))
    for event, role, state in rows.order_by(Picture.event, Picture.role).tuples():
        found.setdefault(event, {})[role] = state
    return found
