"""The visit log as a table to take away: how fast its rows stream through a real server, and what memory that takes."""

from __future__ import annotations

import csv
import io
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from actions import desk_sessions
from bench import county, loader
from bench.databases import DATABASES
from bench.growth import MANY, PEOPLE
from bench.results import Found, at_least
from bench.server import ROOT, Client, Server
from models import Visit
from rules.actors import Role

CSV = "export: CSV streamed"
XLSX = "export: XLSX of 100 000 as a job"
ROWS = 300_000


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
                whole = not tail or count >= min(rows, there)
            assert whole, f"{count} lines of {there}"
            assert len(next(csv.reader(io.StringIO(first.decode(errors="ignore"))))) == 10
            used = sum(after) - sum(before)
            yield at_least(
                CSV, kind, count / seconds, 25_000, "rows/s", rows=count, megabytes=round(size / 1e6, 1),
                rows_per_core_second=round(count / used), memory_grew_mb=round(most / 1e6, 1),
            )  # fmt: skip
    if not _has_workbook(ROOT):
        yield Found(
            XLSX,
            "",
            0,
            200,
            "MB",
            ok=False,
            details={"why": "there is no such job yet: the log is taken away as CSV only"},
        )


def _has_workbook(root: Path) -> bool:
    """Whether some job writes the log as a workbook."""
    return "xlsx" in (root / "jobs.py").read_text().lower()
