"""The folder that backups lie in, as files: pictures once each under their hash, one folder for each backup.

    DIR/pictures/ab/abcd…                  sealed pictures as the phones made them, under their SHA-256
    DIR/20261129T184500Z/manifest.json     what it holds, and a seal over that (docs/formats.md §7)
    DIR/20261129T184500Z/database.sealed   everything of the database, under the month's key
    DIR/20261129T184500Z/pictures.txt      hashes of the pictures that belong to it

A backup appears under its name only when it was read back; what a killed one left is called `unfinished-…`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import models
from rules import sealed_stream
from rules.ciphers import b64, unb64

NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
UNFINISHED = "unfinished-"
MANIFEST, DATABASE, PICTURES = "manifest.json", "database.sealed", "pictures.txt"
PIECE = 1 << 20


class StoreBusy(RuntimeError):
    """Another backup writes into this folder."""


class BackupUnreadable(RuntimeError):
    """A backup is not as it was written; says which file, and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. Nothing in it names a person."""

    v: int
    backup: str
    made_at: str
    database: str  # sqlite | postgresql
    kind: str  # demo | real
    epoch: int
    fingerprint: str  # of the keys it needs beside the month's
    month: str
    salt: str
    steps: Sequence[str]
    heads: Mapping[str, Sequence[int | str]]  # {scope: [position, chain]}
    counts: Mapping[str, int]
    pictures: int
    pictures_sha256: str
    missing: int  # pictures the county should have had
    plain_sha256: str = ""  # of what was sealed
    plain_bytes: int = 0

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    @property
    def ends(self) -> dict[str, tuple[int, str]]:
        return {scope: (int(position), str(chain)) for scope, (position, chain) in self.heads.items()}

    def key(self, month_key: bytes, purpose: str) -> bytes:
        return sealed_stream.key_for(month_key, unb64(self.salt), f"{purpose}\n{self.backup}")


@contextmanager
def held(store: Path) -> Iterator[None]:
    """One writer at a time; what killed ones left is cleared away. Raises StoreBusy."""
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(store / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreBusy(f"Another backup is being written into {store}. Wait until it has ended.") from None
        for left in store.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left)
        yield


def names(store: Path) -> list[str]:
    """The backups that are complete, oldest first."""
    found = store.iterdir() if store.is_dir() else ()
    return sorted(each.name for each in found if NAME.fullmatch(each.name) and (each / MANIFEST).exists())


def free_name(store: Path, now: datetime) -> str:
    name = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    if not (store / name).exists():
        return name
    return next(f"{name}-{n}" for n in range(2, 1000) if not (store / f"{name}-{n}").exists())


# ---- manifest


def write_manifest(folder: Path, manifest: Manifest, month_key: bytes) -> None:
    text = models.canonical(asdict(manifest))
    seal = sealed_stream.mac(manifest.key(month_key, "manifest"), text)
    with _written(folder / MANIFEST) as file:
        file.write((json.dumps({"manifest": text, "seal": seal}, ensure_ascii=False, indent=1) + "\n").encode())


def read_manifest(folder: Path) -> tuple[Manifest, str, str]:
    """(what it says, the text that was sealed, the seal): `prove_manifest` says whether to believe it."""
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(**json.loads(found["manifest"])), found["manifest"], found["seal"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackupUnreadable(f"{path} cannot be read ({type(error).__name__}).") from None


def prove_manifest(folder: Path, name: str, month_key: bytes) -> Manifest:
    """Raises BackupUnreadable: it was changed, belongs to another backup, or the month's key is another."""
    manifest, text, seal = read_manifest(folder)
    fits = sealed_stream.mac_fits(manifest.key(month_key, "manifest"), text, seal)
    if not fits or manifest.backup != name:
        raise BackupUnreadable(f"{folder / MANIFEST} is not as it was written.")
    return manifest


# ---- the sealed database


def write_sealed(path: Path, plain: Iterable[bytes], key: bytes) -> None:
    with _written(path) as file:
        for piece in sealed_stream.seal(plain, key):
            file.write(piece)


def read_sealed(path: Path, key: bytes) -> Iterator[bytes]:
    """What was sealed. Raises Unreadable, FileNotFoundError."""
    with path.open("rb") as file:
        _from_the_disk(file)
        yield from sealed_stream.open_sealed(file, key)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        _from_the_disk(file)
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---- pictures


def picture_place(store: Path, sha256: str) -> Path:
    return store / "pictures" / sha256[:2] / sha256


def keep_picture(store: Path, source: Path, sha256: str, size: int, *, reread: bool) -> bool | None:
    """Whether the picture had to be copied, or None where the county's own file is gone or damaged.

    What lies there already is believed by its size, or with `reread` by its hash; what does not fit is copied anew.
    """
    target = picture_place(store, sha256)
    if target.exists() and target.stat().st_size == size and (not reread or digest(target) == sha256):
        return False
    return True if copy_picture(source, target, sha256) else None


def copy_picture(source: Path, target: Path, sha256: str) -> bool:
    """Copy and read back; false where the source is gone or is not the picture. Nothing half stands under the name."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = target.with_name(f"{target.name}.new")
    try:
        with source.open("rb") as reading, _written(fresh) as file:
            shutil.copyfileobj(reading, file, PIECE)
    except FileNotFoundError:
        fresh.unlink(missing_ok=True)
        return False
    if digest(fresh) != sha256:
        fresh.unlink()
        if digest(source) == sha256:
            raise OSError(f"{target} reads otherwise than it was written")
        return False
    fresh.rename(target)
    return True


def write_list(path: Path, hashes: Iterable[str]) -> int:
    """Gives how many."""
    count = 0
    with _written(path) as file:
        for count, each in enumerate(hashes, 1):  # noqa: B007  # the last number is how many
            file.write(f"{each}\n".encode())
    return count


def read_list(path: Path) -> Iterator[str]:
    with path.open(encoding="ascii") as file:
        yield from (line.strip() for line in file)


# ---- letting go


def let_go(store: Path, is_dead: Callable[[str], bool]) -> list[str]:
    """Delete the backups whose month's key is no more, and pictures that no other backup names; gives the names."""
    dead = [name for name in names(store) if is_dead(read_manifest(store / name)[0].month)]
    if not dead:
        return []
    for name in dead:
        shutil.rmtree(store / name)
    named = {bytes.fromhex(each) for name in names(store) for each in read_list(store / name / PICTURES)}
    for file in (store / "pictures").glob("??/*"):
        if file.suffix == ".new" or bytes.fromhex(file.name) not in named:
            file.unlink()
    return dead


# ---- the disk


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """A file of its owner's that is on the disk when the block ends."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _from_the_disk(file: IO[bytes]) -> None:
    """Let the machine forget what it just wrote, so that reading back reads the disk, where it can be told so."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def new_salt() -> str:
    return b64(os.urandom(16))
