"""A backup is written while the server runs, read back, and only then counts.

What it holds is told to the journal by actions/backups.py: phones let go only of what was read back from here. Putting
one back is actions/restore.py.
"""

from __future__ import annotations

import hashlib
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import disk
import keys
from actions import _backup_copy as copy
from actions import _backup_store as store
from actions import backups, pictures
from actions._backup_store import Manifest
from models import Picture
from rules import backups as rule
from rules.ciphers import Unreadable
from rules.days import day_of
from settings import Settings

TOLD_EVERY = 500  # pictures
Tell = Callable[[str], None]


class NoBackup(RuntimeError):
    """It was not made; says why, and what is as before."""


@dataclass
class Made:
    """A verified backup."""

    manifest: Manifest
    copied: int  # pictures that lay in no backup before
    missing: list[backups.Named]  # pictures the county should have, and has not
    new_key: Path | None  # made for this month just now
    let_go: list[str] = field(default_factory=list)  # backups deleted, since nobody can open them any more


def make(
    settings: Settings, folder: Path, *, clock: Callable[[], datetime], by: str, tell: Tell, reread: bool = False
) -> Made:
    """Write a backup into the folder, read it back, and move `kept_to` on.

    `reread`: pictures that lie there from earlier backups are read again too, and copied anew where they rotted.
    Raises NoBackup; what an attempt that failed has left is cleared away by the next.
    """
    as_before = "No backup was made; earlier ones and the database are as they were."
    try:
        with store.held(folder), copy.snapshot(settings.database, tell) as held:
            made, found = _write(held, settings, folder, now=clock(), tell=tell, reread=reread)
            _tell_journal(made, found, folder, now=clock(), by=by)
        alive = set(keys.months(settings.keys_path))
        made.let_go = store.let_go(folder, lambda month: month not in alive)
        return made
    except (copy.Busy, copy.Damaged, store.StoreBusy, store.BackupUnreadable, backups.NotThisJournal) as error:
        raise NoBackup(f"{error} {as_before}") from error
    except OSError as error:
        raise NoBackup(
            f"It could not be written to {folder}: {error.strerror or error}. {as_before} "
            "Make room there or choose another folder, and start it again."
        ) from error


@dataclass
class _Pictures:
    """What became of the pictures of a backup."""

    kept: list[backups.Named] = field(default_factory=list)  # in none before
    missing: list[backups.Named] = field(default_factory=list)
    copied: int = 0


def _write(
    held: copy.Snapshot, settings: Settings, folder: Path, *, now: datetime, tell: Tell, reread: bool
) -> tuple[Made, _Pictures]:
    name, month = store.free_name(folder, now), rule.month_of(day_of(now))
    new_key = month not in keys.months(settings.keys_path)
    month_key = keys.month_key(settings.keys_path, month, make=True)
    unfinished = folder / f"{store.UNFINISHED}{name}"
    unfinished.mkdir(mode=0o700)
    found = _Pictures()
    count = store.write_list(
        unfinished / store.PICTURES, _keep(held, found, settings.blobs_path, folder, tell, reread=reread)
    )
    kind, epoch, fingerprint = held.installation()
    manifest = Manifest(
        v=1, backup=name, made_at=now.isoformat(), database=copy.kind_of(settings.database), kind=kind, epoch=epoch,
        fingerprint=fingerprint, month=month, salt=store.new_salt(), steps=held.steps(),
        heads={scope: list(end) for scope, end in held.heads().items()}, counts=held.counts(), pictures=count,
        pictures_sha256=store.digest(unfinished / store.PICTURES), missing=len(found.missing),
    )  # fmt: skip
    tell("Database: sealing")
    inside = Hashed(held.plain())
    store.write_sealed(unfinished / store.DATABASE, packed(inside), manifest.key(month_key, "database"))
    manifest = Manifest(**asdict(manifest) | {"plain_sha256": inside.sha256, "plain_bytes": inside.count})
    store.write_manifest(unfinished, manifest, month_key)
    disk.sync_folder(unfinished)
    tell("Reading it back")
    read_back(unfinished, store.prove_manifest(unfinished, name, month_key), month_key)
    unfinished.rename(folder / name)
    disk.sync_folder(folder)
    key_file = settings.keys_path / keys.MONTHS / f"{month}.key"
    return Made(manifest, found.copied, found.missing, key_file if new_key else None), found


def _tell_journal(made: Made, found: _Pictures, folder: Path, *, now: datetime, by: str) -> None:
    manifest = made.manifest
    try:
        backups.note_verified(
            manifest.ends, made_at=manifest.at, now=now, by=by, kept=found.kept, missing=found.missing,
            backup=manifest.backup,
        )  # fmt: skip
    except backups.NotThisJournal:  # the server was put back from another backup meanwhile
        shutil.rmtree(folder / manifest.backup)
        raise


def _keep(
    held: copy.Snapshot, found: _Pictures, blobs: Path, folder: Path, tell: Tell, *, reread: bool
) -> Iterator[str]:
    """Copy what lies in no backup yet; gives the hash of each picture that lies in this one."""
    touched: set[Path] = set()
    for number, (raw, role, sha256, size, was_kept) in enumerate(held.pictures(), 1):
        event = UUID(str(raw))
        copied = store.keep_picture(folder, pictures.place(blobs, event, role), sha256, size, reread=reread)
        if copied is None:
            if _still_here(event, role):
                found.missing.append((event, role))
            continue
        if copied:
            found.copied += 1
            touched.add(store.picture_place(folder, sha256).parent)
        if not was_kept:
            found.kept.append((event, role))
        if number % TOLD_EVERY == 0:
            tell(f"Pictures: {number}")
        yield sha256
    for each in sorted(touched):
        disk.sync_folder(each)


def _still_here(event: UUID, role: str) -> bool:
    """It was not deleted, its time being over, since the moment of the copy."""
    here = (Picture.event == event) & (Picture.role == role) & Picture.state.in_(backups.HERE)
    return bool(Picture.select().where(here).exists())


# ---- reading one back


def read_back(folder: Path, manifest: Manifest, month_key: bytes) -> None:
    """Prove that a backup can be opened and says what its manifest says. Raises BackupUnreadable."""
    _prove_list(folder / store.PICTURES, manifest)
    inside = Hashed(plain_of(folder, manifest, month_key))
    if manifest.database == "postgresql":
        counts, heads = copy.count_rows(iter(inside))
        counts.pop(copy.STEPS, None)
        if counts != dict(manifest.counts) or heads != manifest.ends:
            raise store.BackupUnreadable(f"{folder / store.DATABASE} holds other rows than it should.")
    else:
        for _ in inside:  # the file that was copied was proven before it was sealed; it is the same
            pass
    if inside.sha256 != manifest.plain_sha256:
        raise store.BackupUnreadable(f"{folder / store.DATABASE} is not what was written.")


def plain_of(folder: Path, manifest: Manifest, month_key: bytes) -> Iterator[bytes]:
    """Everything of the database again. Raises BackupUnreadable."""
    path = folder / store.DATABASE
    try:
        yield from unpacked(store.read_sealed(path, manifest.key(month_key, "database")))
    except (Unreadable, OSError, zlib.error) as error:
        raise store.BackupUnreadable(
            f"{path} cannot be opened ({type(error).__name__}): it was cut off, changed, or the disk is failing."
        ) from error


def _prove_list(path: Path, manifest: Manifest) -> None:
    try:
        if store.digest(path) == manifest.pictures_sha256:
            return
    except OSError:
        pass
    raise store.BackupUnreadable(f"{path} is not as it was written.")


# ---- bytes on their way


class Hashed:
    """Passes bytes on and remembers their hash and number."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts, self._hash, self.count = parts, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self._hash.update(part)
            self.count += len(part)
            yield part

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def packed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Made smaller; quickly, for a backup of every day is kept for months."""
    packer = zlib.compressobj(1)
    for part in parts:
        if smaller := packer.compress(part):
            yield smaller
    yield packer.flush()


def unpacked(parts: Iterable[bytes]) -> Iterator[bytes]:
    opener = zlib.decompressobj()
    for part in parts:
        yield opener.decompress(part)
    yield opener.flush()
    if not opener.eof:
        raise zlib.error("it ends too early")
