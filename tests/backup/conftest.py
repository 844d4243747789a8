"""A county whose phones have sent, a folder for backups, and the empty machine it is put back on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import models
from actions import backup_files, pictures, restore, sync
from models import JournalEntry
from rules.ciphers import uuid7
from settings import Settings
from tests.support import databases
from tests.support.device import Picture as Drawn
from tests.support.device import TestDevice, enrolled
from tests.sync.conftest import visit


@dataclass
class Sender:
    """A phone that keeps what it sent, as a real one does until it hears `kept_to`."""

    phone: TestDevice
    cast: Any
    blobs: Path

    def __post_init__(self) -> None:
        self.items: list[sync.Item] = []
        self.events: list[UUID] = []
        self.pictures: list[tuple[UUID, Drawn]] = []

    def visit(self, at: Any, *, picture: bool = False, send: bool = True) -> UUID:
        """Note a visit; its picture is not sent by this."""
        event, drawn = uuid7(int(at.timestamp() * 1000)), Drawn("mark", b"jpeg of " + str(at).encode())
        blobs = [drawn.seal(str(event))] if picture else []
        payload = self.phone.payload(
            "visit.ended", visit(self.cast, at), at=at, id=str(event), subject=self.cast.chen_guilan.id, blobs=blobs
        )
        sent = self.phone.clear(payload)
        item = sync.Item(sent["id"], sent["hash"], sent["device"], payload=payload, signature=sent["signature"])
        self.items.append(item)
        self.events.append(event)
        if picture:
            self.pictures.append((event, drawn))
        if send:
            assert sync.receive([item], now=at)[0].state == "accepted"
        return event

    def bring(self, event: UUID, *, now: Any) -> Path:
        """The whole picture arrives."""
        drawn = next(each for named, each in self.pictures if named == event)
        taken = pictures.take(
            self.phone.id,
            event,
            "mark",
            offset=0,
            total=len(drawn.cipher),
            piece=[drawn.cipher],
            folder=self.blobs,
            now=now,
        )
        assert taken.whole
        return pictures.place(self.blobs, event, "mark")


@pytest.fixture
def sender(db, cast, settings, now) -> Callable[..., Sender]:
    def made(worker: Any = None) -> Sender:
        phone = enrolled(worker or cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=60))
        return Sender(phone, cast, settings.blobs_path)

    return made


@pytest.fixture
def folder(tmp_path, settings) -> Path:
    shutil.rmtree(settings.keys_path / "backup-keys", ignore_errors=True)  # of another test
    return tmp_path / "backups"


@pytest.fixture
def back_up(settings, folder, clock):
    """One backup, as the command makes it."""

    def made(**options: Any) -> backup_files.Made:
        clock.forward(seconds=1)
        return backup_files.make(settings, folder, clock=clock, by="test", tell=lambda _: None, **options)

    return made


@pytest.fixture
def elsewhere(made, settings, tmp_path) -> Settings:
    """The settings of a new machine: an empty database, no pictures, the same folder of keys."""
    made.db.close()
    if made.kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'new' / 'daiban.sqlite3'}"
    else:
        url = databases.make_postgres(f"{settings.database.partition('?')[0].rpartition('/')[2]}_new")
    return replace(settings, database=url, blobs=str(tmp_path / "new" / "blobs"))


@pytest.fixture
def put_back(elsewhere, folder, clock):
    """Put a backup back on the new machine; the models are bound to it afterwards."""

    def done(name: str = "", settings: Settings = elsewhere) -> restore.Restored:
        return restore.put_back(settings, folder, name, clock=clock, by="test", tell=lambda _: None)

    yield done
    models.database.close()


def position_of(event: UUID) -> int:
    return int(JournalEntry.get(JournalEntry.id == event).position)
