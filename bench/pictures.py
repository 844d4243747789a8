"""Visits with a picture of 150 KB and a signature of 8 KB each, sent whole, until all is on the disk and its hash fits."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bench import county
from bench.databases import DATABASES, Database
from bench.phones import Phone, instant, phones_of
from bench.push import PEOPLE, together
from bench.results import Found, at_least, percentile
from bench.server import Client, Server
from models import Picture
from rules import ciphers

ROW = "the same with a 150 KB photo and an 8 KB signature each"
SIZES = {"picture": ("image/jpeg", 150_000), "mark": ("application/json", 8_000)}


def measure(*, databases: Sequence[str] = DATABASES, quick: bool = False, visits: int = 800) -> Iterator[Found]:
    phones, batch = (2, 2) if quick else (40, 5)
    visits = 4 if quick else visits
    for kind in databases:
        with Database.fresh(kind) as database:
            county.make(database, PEOPLE, now=datetime.now(UTC) - timedelta(days=60), most=2 if quick else 18)
            agents, server = phones_of(database, phones), Server(database)
            with server.running():
                for agent in agents:
                    agent.sign_in(server.port)
                work = [(agent, _signed(agent, visits // (phones * batch), batch)) for agent in agents]
                before, began = server.cpu(), time.perf_counter()
                waits = [ms for each in together(server.port, work, _send, min(4, phones)) for ms in each]
                seconds, after = time.perf_counter() - began, server.cpu()
            here = Picture.select().where(Picture.state == "stored").count()
            assert here == visits * len(SIZES), f"{visits * len(SIZES)} pictures were sent, {here} are here whole"
            used = [end - start for start, end in zip(before, after, strict=True)]
            yield at_least(
                ROW, kind, visits / sum(used), 150, "visits/core-s", visits=visits, megabytes=round(visits * 0.158, 1),
                visits_per_second=round(visits / seconds, 1), p95_ms_of_a_picture=percentile(waits, 95),
                server_cpu_seconds=round(used[0], 2), database_cpu_seconds=round(used[1], 2),
            )  # fmt: skip


def _signed(agent: Phone, batches: int, size: int) -> list[list[tuple[dict[str, str], dict[str, bytes]]]]:
    return [[_visit(agent) for _ in range(size)] for _ in range(batches)]


def _visit(agent: Phone) -> tuple[dict[str, str], dict[str, bytes]]:
    """A signed visit and its two sealed pictures."""
    files = {role: os.urandom(size) for role, (_, size) in SIZES.items()}
    blobs = [
        {
            "sha256": ciphers.sha256(files[role]), "plain_sha256": ciphers.sha256(files[role][:32]),
            "key": ciphers.b64(os.urandom(32)), "bytes": size, "type": kind, "role": role,
        }
        for role, (kind, size) in SIZES.items()
    ]  # fmt: skip
    ended = datetime.now(UTC) - timedelta(minutes=5)
    resident = agent.residents[agent.seq % len(agent.residents)]
    body = {
        "visit": str(ciphers.uuid7()), "reasons": ["care"], "met": [{"resident": resident}], "outcome": "done",
        "mark": {"kind": "signature", "role": "mark"}, "started_at": instant(ended - timedelta(minutes=9)),
        "ended_at": instant(ended),
    }  # fmt: skip
    return agent.event("visit.ended", resident, ended, body, blobs=blobs), files


def _send(work: tuple[Phone, Any], client: Client) -> list[float]:
    agent, batches = work
    waits = []
    for batch in batches:
        told, _ = agent.sync(client, items=[item for item, _ in batch])
        assert [each["state"] for each in told["receipts"]] == ["accepted"] * len(batch)
        for item, files in batch:
            for role, raw in sorted(files.items(), key=lambda each: len(each[1])):
                path = f"/api/phone/blobs/{item['id']}/{role}?offset=0&total={len(raw)}"
                answer = client.ask("PUT", path, raw, **agent.headers | {"Content-Type": "application/octet-stream"})
                assert answer.status == 201, answer.body
                waits.append(answer.ms)
    return waits
