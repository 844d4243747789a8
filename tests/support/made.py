"""A database with the cast in it, made once and brought back to that before each test or schedule."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import keys
import models
from actions import installation
from settings import Settings
from tests.support import cast as the_cast
from tests.support import databases

HOST = "daiban.example"


class Made:
    """A database with the cast in it, made once a worker and brought back to that before each test."""

    def __init__(self, kind: str, folder: Path, *, more: Callable[[], None] = lambda: None) -> None:
        """`more` puts in what is there beside the cast."""
        self.kind, self.folder = kind, folder
        folder.mkdir(parents=True)
        self.file = folder / "test.sqlite3"
        url = (
            f"sqlite:///{self.file}"
            if kind == "sqlite"
            else databases.make_postgres(f"test_{folder.parent.name}".replace("-", "_"))
        )
        self.settings = Settings(
            database=url, blobs=str(folder / "blobs"), keys=str(folder / "keys"), host_name=HOST, demo=True
        )
        installation.migrate(self.settings, demo=True, now=the_cast.NOW)
        self.keyring = keys.read(self.settings.keys_path)
        self.db = self._open()
        models.bind(self.db, self.keyring)
        the_cast.make(_hashed(the_cast.PASSWORD))
        more()
        self.db.close()
        if kind == "sqlite":
            shutil.copy(self.file, folder / "first.sqlite3")
        else:
            self.snapshot = databases.Snapshot(url)

    def _open(self) -> Any:
        db = models.open_database(self.settings.database)
        if self.kind == "sqlite":
            db.pragma("synchronous", "off", permanent=True)  # no test loses power
            db.connect_params["cached_statements"] = 1_000  # a test asks more different ones than a server's thread
        return db

    def restore(self) -> None:
        models.bind(self.db, self.keyring)
        if self.kind == "sqlite":
            self.db.close()
            for ending in ("", "-wal", "-shm"):
                Path(f"{self.file}{ending}").unlink(missing_ok=True)
            shutil.copy(self.folder / "first.sqlite3", self.file)
        else:
            self.snapshot.restore()
        shutil.rmtree(self.settings.blobs_path, ignore_errors=True)
        self.settings.blobs_path.mkdir()

    @cache  # noqa: B019  # lives as long as the worker
    def app(self) -> Flask:
        from app import create_app  # tests of rules and actions need no server

        app = create_app(self.settings)
        app.config["TESTING"] = True
        app.test_client_class = HttpsClient
        return app


class HttpsClient(FlaskClient):
    """Comes by https, as every browser does; `__Host-` cookies need it."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("base_url", f"https://{HOST}")
        return super().open(*args, **kwargs)


@cache
def _hashed(password: str) -> str:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)  # cheap: signing in is not measured
