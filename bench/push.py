"""Visits pushed by phones: one `visit.ended` each, signed, unsealed, in batches, through a real server, until durable.

The server is gunicorn in processes of its own, as `dev.py run` starts it; this process only sends and waits. Everything
is signed before the clock starts. Counted is the processor time of the server's and the database's processes, never of
this one. PostgreSQL is a server of its own with its default, durable settings; SQLite runs in the server's processes.
"""

from __future__ import annotations

import argparse
import json
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bench import county
from bench.databases import DATABASES, Database
from bench.phones import Phone, phones_of
from bench.results import Found, at_least, percentile
from bench.server import Client, Server
from models import Visit

ROW = "visits pushed per core-second, batches of 20"
BUDGET = {"sqlite": 1000, "postgresql": 700}  # visits per core-second, server and database together
PEOPLE = 3400  # 25 a village


def measure(
    *, databases: Sequence[str] = DATABASES, quick: bool = False, visits: int = 8000, batch: int = 20, phones: int = 40,
    at_once: int = 8, workers: int = 0, threads: int = 8,
) -> Iterator[Found]:  # fmt: skip
    """Make a county, let its phones send, and count. Raises AssertionError if a visit was not accepted and kept."""
    if quick:
        visits, batch, phones = 80, 10, 4
    for kind in databases:
        with Database.fresh(kind) as database:
            county.make(database, PEOPLE, now=datetime.now(UTC) - timedelta(days=60), most=2 if quick else 18)
            agents, server = phones_of(database, phones), Server(database)
            per_phone = -(-visits // (phones * batch))
            with server.running(workers=workers, threads=threads):
                for agent in agents:
                    agent.sign_in(server.port)
                work = [(agent, body) for agent in agents for body in agent.batches(per_phone, batch)]
                warm = [each for each in work if each[1].number == 0][:at_once]
                send(server.port, warm, at_once)
                rest = [each for each in work if each not in warm]
                before, began = server.cpu(), time.perf_counter()
                waits = send(server.port, rest, at_once)
                seconds, after = time.perf_counter() - began, server.cpu()
            sent, used = len(rest) * batch, [end - start for start, end in zip(before, after, strict=True)]
            kept = Visit.select().count()
            assert kept == len(work) * batch, f"{len(work) * batch} visits were sent, {kept} are in the database"
            yield at_least(
                ROW, kind, sent / sum(used), BUDGET[kind], "visits/core-s", visits=sent, batch=batch,
                visits_per_second=round(sent / seconds, 1), seconds=round(seconds, 2), p50_ms=percentile(waits, 50),
                p95_ms=percentile(waits, 95), p99_ms=percentile(waits, 99), server_cpu_seconds=round(used[0], 2),
                database_cpu_seconds=round(used[1], 2),
            )  # fmt: skip


def send(port: int, work: Sequence[tuple[Phone, Any]], at_once: int) -> list[float]:
    """Send each phone's batches in their order, `at_once` phones at a time; give the milliseconds of each request."""
    by_phone: dict[str, list[tuple[Phone, Any]]] = {}
    for agent, body in work:
        by_phone.setdefault(agent.device, []).append((agent, body))

    def send_all(mine: list[tuple[Phone, Any]], client: Client) -> list[float]:
        waits = []
        for agent, body in mine:
            answer = client.ask("POST", "/api/phone/sync", body.text, **agent.headers | {"Accept-Encoding": ""})
            waits.append(answer.ms)
            states = [receipt["state"] for receipt in json.loads(answer.body)["receipts"]]
            assert states == ["accepted"] * body.size, answer.body[:500]
        return waits

    return [ms for each in together(port, list(by_phone.values()), send_all, at_once) for ms in each]


def together(port: int, work: Sequence[Any], do: Any, at_once: int) -> list[Any]:
    """Do each piece of work, so many at a time, each on a kept connection; gives what came of them."""
    waiting: queue.Queue[Any] = queue.Queue()
    for each in work:
        waiting.put(each)
    done: list[Any] = []
    faults: list[BaseException] = []

    def run() -> None:
        client = Client(port)
        try:
            while not faults:
                done.append(do(waiting.get_nowait(), client))
        except queue.Empty:
            pass
        except BaseException as error:
            faults.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=run) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return done


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--visits", type=int, default=8000)
    parser.add_argument("--batch", type=int, default=20, help="visits in one request")
    parser.add_argument("--phones", type=int, default=40, help="agents who send, spread over the county's townships")
    parser.add_argument("--at-once", type=int, default=8, help="requests under way at any time")
    parser.add_argument(
        "--workers", type=int, default=0, help="gunicorn's processes (default: 1 on SQLite, 2 on PostgreSQL)"
    )
    parser.add_argument("--threads", type=int, default=8, help="threads of each")
