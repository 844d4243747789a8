"""A receipt means that the disk has it: what the power takes away is only what nobody was told of."""

from __future__ import annotations

import os

import models
from actions import pictures
from tests.support.databases import make_postgres


def test_sqlite_waits_for_the_disk_at_each_commit(tmp_path):
    database = models.open_database(f"sqlite:///{tmp_path / 'db.sqlite3'}")
    with database.connection_context():
        asked = {name: database.execute_sql(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")}
    assert asked == {"synchronous": 2, "journal_mode": "wal"}  # FULL


def test_postgresql_is_never_told_not_to_wait():
    database = models.open_database(make_postgres("on_the_disk"), pool=2)
    with database.connection_context():
        where = database.execute_sql("SELECT source FROM pg_settings WHERE name = 'synchronous_commit'").fetchone()[0]
    assert where not in ("client", "session", "database", "user")


def test_a_picture_is_on_the_disk_before_its_phone_hears_that_it_is_here(sender, settings, now, monkeypatch):
    synced: list[str] = []
    sync = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (synced.append(os.readlink(f"/proc/self/fd/{handle}")), sync(handle))
    )
    one = sender()
    event = one.visit(now, picture=True)
    before = len(synced)
    place = one.bring(event, now=now)
    *pieces, folder = (path.removesuffix(" (deleted)") for path in synced[before:])
    assert set(pieces) == {str(settings.blobs_path / "partial" / f"{event}.mark")}
    assert folder == str(place.parent)  # the whole picture under its name, last
    assert pictures.place(settings.blobs_path, event, "mark") == place
