"""The visit log as a table to take away: how fast its rows stream through a real server, and what memory that takes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from urllib.parse import urlencode

from python_calamine import CalamineWorkbook

import models
from actions import desk_sessions, workbooks
from api.office.roles import OFFICERS
from bench import county, loader
from bench.databases import DATABASES, Database
from bench.growth import MANY, PEOPLE
from bench.results import Found, at_least, at_most
from bench.server import ROOT, Client, Server
from models import Visit
from rules.actors import Actor, Role

CSV = "export: CSV streamed"
XLSX = "export: XLSX of 100 000 as a job"
ROWS = 300_000
WORKBOOK_ROWS = 100_000


def measure(*, databases: Sequence[str] = DATABASES, quick: bool = False, rows: int = ROWS) -> Iterator[Found]:
    for kind in databases:
        with loader.ready(kind, 900 if quick else MANY, 300 if quick else PEOPLE, quick=quick) as database:
            there = Visit.select().where(Visit.corrected_by.is_null()).count()
            token = desk_sessions.start(county.someone(Role.COUNTY, county.COUNTY), now=datetime.now(UTC))
            server = Server(database)
            with server.running():
                client = Client(server.port, {"Cookie": f"__Host-desk={token}"})
                page = client.ask("GET", "/office/visits?days=all")
                text = (
                    zlib.decompress(page.body, zlib.MAX_WBITS | 32)
                    if page.headers.get("Content-Encoding")
                    else page.body
                )
                form = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text.decode())
                assert form is not None
                cookies = "; ".join([f"__Host-desk={token}", page.headers["Set-Cookie"].split(";")[0]])
                before, began, held = server.cpu(), time.perf_counter(), server.memory()
                body = urlencode({"csrf_token": form[1], "days": "all"}).encode()
                client.connection.request(
                    "POST", "/office/visits/export", body,
                    {**client.headers, "Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": ""},
                )  # fmt: skip
                answer = client.connection.getresponse()
                assert answer.status == 200, answer.read()[:300]
                count, size, first, most, tail = 0, 0, b"", 0, b""
                while count < rows and (part := answer.read(1 << 18)):
                    first = first or part
                    size += len(part)
                    count += part.count(b"\r\n")
                    most = max(most, server.memory() - held)
                    tail = part
                seconds, after = time.perf_counter() - began, server.cpu()
                answer.close()
                client.close()  # else the server goes on with the rest, and does not end
                whole = not tail or count >= min(rows, there)
            assert whole, f"{count} lines of {there}"
            assert len(next(csv.reader(io.StringIO(first.decode(errors="ignore"))))) == 10
            used = sum(after) - sum(before)
            yield at_least(
                CSV, kind, count / seconds, 25_000, "rows/s", rows=count, megabytes=round(size / 1e6, 1),
                rows_per_core_second=round(count / used), memory_grew_mb=round(most / 1e6, 1),
            )  # fmt: skip
            yield from _workbook(database, min(WORKBOOK_ROWS, there))


def _workbook(database: Database, rows: int) -> Iterator[Found]:
    """The newest visits of the county, written by the job in a process of its own as the clock has it."""
    asked = workbooks.ask(
        {"days": "all"}, roles=OFFICERS, language="zh_Hans", actor=_officer(), now=datetime.now(UTC)
    )  # fmt: skip
    folder = database.settings.blobs_path
    settings = {
        f"DAIBAN_{each.name.upper()}": str(getattr(database.settings, each.name)) for each in fields(database.settings)
    }
    models.database.close()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bench._workbook", str(rows)],
            cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        said = json.loads(done.stdout.splitlines()[-1])
        asked = models.Workbook.get_by_id(asked.id)
        assert (said["done"], asked.state, asked.rows_done) == (1, "done", rows), (said, asked.state, asked.rows_done)
        pieces = b"".join(workbooks.read(asked, actor=_officer(), folder=folder))
        assert CalamineWorkbook.from_filelike(io.BytesIO(pieces)).get_sheet_by_index(0).height == rows + 1
        yield at_most(
            XLSX, database.kind, said["peak"] / 1e6, 200, "MB", rows=rows, seconds=round(said["seconds"], 1),
            rows_per_second=round(rows / said["seconds"]), memory_before_mb=round(said["before"] / 1e6, 1),
            megabytes=round(asked.bytes / 1e6, 1),
        )  # fmt: skip
    finally:
        workbooks.delete(asked, folder=folder)


def _officer() -> Actor:
    return county.actor_of(county.someone(Role.COUNTY, county.COUNTY), datetime.now(UTC))
