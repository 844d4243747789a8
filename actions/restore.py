"""Putting a backup back: into an empty database only, all or nothing, and never half-answered by a running server.

Everything that must be so before the server answers (pictures back, what was promised to be forgotten gone again, the new
epoch) happens before the database stands under its name.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from playhouse.migrations import Runner

import disk
import keys
import models
from actions import _backup_copy as copy
from actions import _backup_store as store
from actions import backup_files, backups, pictures, retention, verify
from actions._backup_store import Manifest
from actions.backup_files import TOLD_EVERY, Tell
from actions.installation import MIGRATIONS
from models import Import, Picture, Workbook, transaction
from settings import Settings

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
AT_ONCE = 2000


class NoRestore(RuntimeError):
    """It was not put back; says why, and what to do."""


@dataclass(frozen=True)
class Restored:
    """What stands there now."""

    manifest: Manifest
    epoch: int
    missing: int  # pictures that were not in the backup; their phones are asked for them
    proof: verify.Proof


def put_back(
    settings: Settings, folder: Path, name: str = "", *, clock: Callable[[], datetime], by: str, tell: Tell
) -> Restored:
    """Put the named backup back, or the newest. Raises NoRestore; then the database is as empty as before."""
    try:
        keyring = keys.read(settings.keys_path)
        name, month_key = _choose(settings, folder, name)
        manifest = store.prove_manifest(folder / name, name, month_key)
        _fits(manifest, settings, keyring)
        tell("Reading the backup")
        backup_files.read_back(folder / name, manifest, month_key)
        parts = backup_files.plain_of(folder / name, manifest, month_key)
        with _filled(settings.database, parts, manifest, keyring):
            _, lacking = _pictures_back(settings.blobs_path, folder, tell)
            now = clock()
            _end_imports(now)
            _end_workbooks(now)
            epoch = backups.begin_epoch(
                made_at=manifest.at, now=now, by=by, missing=lacking, backup=manifest.backup
            )  # fmt: skip
            retention.forget(now=now, folder=settings.blobs_path)
        tell("Proving it")
        models.bind(models.open_database(settings.database), keyring)
        proof = verify.verify(heads=manifest.ends, folder=settings.blobs_path)
        return Restored(manifest, epoch, len(lacking), proof)
    except keys.KeysMissing as error:
        raise NoRestore(f"{error} Put back the folder of keys that belongs to this backup.") from error
    except (store.BackupUnreadable, copy.Damaged) as error:
        raise NoRestore(f"{error} Nothing was put back; take another backup of {folder}.") from error
    except OSError as error:
        raise NoRestore(f"It could not be put back: {error.strerror or error}. The database is still empty.") from error


def _choose(settings: Settings, folder: Path, name: str) -> tuple[str, bytes]:
    complete = store.names(folder)
    if not complete:
        raise NoRestore(f"There is no complete backup in {folder}.")
    if name and name not in complete:
        raise NoRestore(f"There is no complete backup {name} in {folder}. There are: {', '.join(complete)}.")
    name = name or complete[-1]
    month = store.read_manifest(folder / name)[0].month
    try:
        return name, keys.month_key(settings.keys_path, month)
    except keys.KeysMissing:
        raise NoRestore(
            f"The key of {month} is not in {settings.keys_path / keys.MONTHS}. Keys of backups are destroyed when their "
            f"time is over; then nobody can open {name} any more. Take a newer backup, or put the folder of keys back whole."
        ) from None


def _fits(manifest: Manifest, settings: Settings, keyring: models.Keyring) -> None:
    if manifest.fingerprint != keys.fingerprint(keyring):
        raise NoRestore(
            f"The keys in {settings.keys_path} are not those of this backup. Put back the folder of keys its database was "
            "made with. Nothing was changed."
        )
    here = copy.kind_of(settings.database)
    if manifest.database != here:
        raise NoRestore(
            f"This is a backup of a {NAMES[manifest.database]} database and can only be put back into one; DAIBAN_DATABASE "
            f"names {NAMES[here]}. Nothing was changed."
        )
    newer = set(manifest.steps) - {step.stem for step in MIGRATIONS.glob("[0-9]*.py")}
    if newer:
        raise NoRestore(
            f"This backup was made by a newer version of this program ({', '.join(sorted(newer))}). Install that version "
            "and put it back there. Nothing was changed."
        )


def _not_empty(settings_name: str) -> NoRestore:
    return NoRestore(
        f"The database {settings_name} is not empty. A backup is only put back into an empty one: let DAIBAN_DATABASE name "
        "a new one. Nothing was changed."
    )


# ---- the database


@contextmanager
def _filled(url: str, parts: Iterator[bytes], manifest: Manifest, keyring: models.Keyring) -> Iterator[None]:
    """The database with the backup's rows, brought up to date; it stands under its name when the block has ended."""
    if manifest.database == "sqlite":
        with _filled_sqlite(Path(url.removeprefix(copy.SQLITE)), parts, keyring):
            yield
        return
    database = models.open_database(url)
    models.bind(database, keyring)
    with database.connection_context(), transaction():
        if database.get_tables():
            raise _not_empty(str(database.database).rpartition("/")[2])
        Runner(database, str(MIGRATIONS)).up(max(manifest.steps))  # numbers order them
        copy.load_postgres(parts)
        Runner(database, str(MIGRATIONS)).up()
        yield


@contextmanager
def _filled_sqlite(file: Path, parts: Iterator[bytes], keyring: models.Keyring) -> Iterator[None]:
    if _has_tables(file):
        raise _not_empty(str(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.being-restored")
    _remove(fresh)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as writing:
        writing.writelines(parts)
    with closing(sqlite3.connect(f"file:{fresh}?mode=ro", uri=True)) as db:
        copy.prove_sqlite(db)
    database = models.open_database(f"{copy.SQLITE}{fresh}")
    models.bind(database, keyring)
    try:
        with database.connection_context():
            Runner(database, str(MIGRATIONS)).up()
            yield
            database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException:
        _remove(fresh)
        raise
    with fresh.open("rb+") as whole:
        os.fsync(whole.fileno())
    _remove(file)
    fresh.rename(file)
    disk.sync_folder(file.parent)


def _has_tables(file: Path) -> bool:
    if not file.exists():
        return False
    with closing(sqlite3.connect(file)) as db:
        return db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _remove(file: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)


# ---- what lies beside it


def put_pictures_back(
    settings: Settings, folder: Path, *, clock: Callable[[], datetime], by: str, tell: Tell
) -> tuple[int, int]:
    """The folder of pictures was lost or damaged, and the database was not: put back what any backup has.

    Gives how many were put back, and how many no backup has; those are wanted again from their phones. Safe to repeat,
    and while the server runs. Raises NoRestore.
    """
    try:
        copied, lacking = _pictures_back(settings.blobs_path, folder, tell)
    except OSError as error:
        raise NoRestore(
            f"It could not be put back: {error.strerror or error}. Make room, and start it again."
        ) from error
    backups.want_again(lacking, copied=copied, now=clock(), by=by)
    return copied, len(lacking)


def _pictures_back(blobs: Path, folder: Path, tell: Tell) -> tuple[int, list[backups.Named]]:
    """Every picture the database says is here, by its hash; gives how many were copied, and those that lie in no backup."""
    blobs.mkdir(parents=True, exist_ok=True, mode=0o700)
    copied, lacking = 0, list[backups.Named]()
    touched: set[Path] = set()
    for number, picture in enumerate(_pictures(), 1):
        target = pictures.place(blobs, picture.event, picture.role)
        if not (target.exists() and store.digest(target) == picture.sha256):
            source = store.picture_place(folder, picture.sha256)
            if store.copy_picture(source, target, picture.sha256):
                touched.add(target.parent)
                copied += 1
            else:
                lacking.append((picture.event, picture.role))
        if number % TOLD_EVERY == 0:
            tell(f"Pictures: {number}")
    for each in sorted(touched):
        disk.sync_folder(each)
    return copied, lacking


def _pictures() -> Iterator[Any]:
    """A part at a time, in the order of their ids."""
    p = Picture
    walk = p.select(p.event, p.role, p.sha256).where(p.state.in_(backups.HERE)).order_by(p.event, p.role)
    last: Any = None
    while True:
        beyond = None if last is None else (p.event > last.event) | ((p.event == last.event) & (p.role > last.role))
        part = list((walk if beyond is None else walk.where(beyond)).limit(AT_ONCE))
        yield from part
        if len(part) < AT_ONCE:
            return
        last = part[-1]


def _end_imports(now: datetime) -> None:
    """Lists that were on their way lie in no backup: whoever sent one sends it again."""
    with transaction():
        under_way = Import.file.is_null(False)
        Import.update(state="failed", problem="missing", file=None, ended_at=now).where(under_way).execute()


def _end_workbooks(now: datetime) -> None:
    """Workbooks lie in no backup: whoever asked for one asks again."""
    with transaction():
        written = Workbook.state == "done"
        Workbook.update(state="failed", problem="missing", key=None, ended_at=now).where(written).execute()
