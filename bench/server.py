"""A real server in processes of its own, for measurements, and the requests it is asked."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

import psutil

import models
from bench.databases import Database, cpu_of

ROOT = Path(__file__).resolve().parents[1]
WORKERS = {"sqlite": 1, "postgresql": 2}  # one process writes to a SQLite file without waiting for another


class Server:
    """The county server over this database; its own word on how long each request took is kept."""

    def __init__(self, database: Database) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.database = database
        self.log, self._times = database.folder / "server.log", database.folder / "times.log"
        self.settings = replace(database.settings, host_name=f"localhost:{self.port}")
        self.process: psutil.Process | None = None

    @contextmanager
    def running(self, *, workers: int = 0, threads: int = 8) -> Iterator[Server]:
        """Start gunicorn, wait until it answers, and end it at the end."""
        settings = {
            f"DAIBAN_{each.name.upper()}": str(getattr(self.settings, each.name)) for each in fields(self.settings)
        }
        command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread"]
        command += ["--workers", str(workers or WORKERS[self.database.kind]), "--threads", str(threads)]
        command += ["--bind", f"127.0.0.1:{self.port}", "--log-level", "warning", "--keep-alive", "30"]
        command += ["--access-logfile", str(self._times), "--access-logformat", "%(D)s %(U)s"]
        models.database.close()  # no connection of ours is left open while the server works
        self._times.unlink(missing_ok=True)
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [*command, "app:create_app()"], cwd=ROOT, env=os.environ | settings, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        try:
            self._wait(process)
            self.process = psutil.Process(process.pid)
            yield self
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

    def cpu(self) -> tuple[float, float]:
        """Processor seconds so far: the server's, the database's."""
        return cpu_of(self.process), cpu_of(self.database.process)

    def memory(self) -> int:
        """Bytes the server's processes hold."""
        assert self.process is not None
        return sum(each.memory_info().rss for each in [self.process, *self.process.children(recursive=True)])

    def times(self, path: str) -> list[float]:
        """Milliseconds each request of this path took inside the server, from its first byte to the last of its answer."""
        time.sleep(0.2)  # the last line is written after its answer
        lines = (line.split(" ", 1) for line in self._times.read_text().splitlines())
        return [int(micro) / 1000 for micro, asked in lines if asked.startswith(path)]

    def forget_times(self) -> None:
        time.sleep(0.2)
        os.truncate(self._times, 0)


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    ms: float  # as the one who asks sees it


class Client:
    """One kept connection, as a browser or a phone has."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection("localhost", port, timeout=300)
        self.headers = {
            "Accept-Encoding": "gzip",
            "Origin": f"http://localhost:{port}",
            "Sec-Fetch-Site": "same-origin",
        }
        self.headers |= headers or {}

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Raises RuntimeError for anything but a good answer."""
        began = time.perf_counter()
        self.connection.request(method, path, body, self.headers | headers)
        answer = self.connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return Answer(answer.status, dict(answer.headers.items()), text, took)

    def close(self) -> None:
        self.connection.close()
