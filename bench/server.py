"""A real server in processes of its own, for measurements."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import psutil

import models
from models import Visit
from settings import Settings

ROOT = Path(__file__).resolve().parents[1]


class Server:
    """The county server over this database, with keys and pictures in `folder`."""

    def __init__(self, folder: Path, database: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.log = folder / "server.log"
        self.settings = Settings(
            database=database,
            blobs=str(folder / "blobs"),
            keys=str(folder / "keys"),
            host_name=f"localhost:{self.port}",
        )

    @contextmanager
    def running(self, *, workers: int, threads: int) -> Iterator[psutil.Process]:
        """Start gunicorn, wait until it answers, and end it at the end."""
        settings = {f"DAIBAN_{each.name.upper()}": str(getattr(self.settings, each.name)) for each in fields(Settings)}
        command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", str(workers)]
        command += ["--threads", str(threads), "--bind", f"127.0.0.1:{self.port}", "--log-level", "warning"]
        models.database.close()  # no connection of ours is left open while the server works
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [*command, "app:create_app()"], cwd=ROOT, env=os.environ | settings, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        try:
            self._wait(process)
            yield psutil.Process(process.pid)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=30)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(300):
            if process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/field/", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"The server did not answer:\n{self.log.read_text()}")

    def count_visits(self) -> int:
        return int(Visit.select().count())
