"""Every measurement runs, with small numbers: it cannot rot. No time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import page
from bench.__main__ import NAMES, names

ROOT = Path(__file__).resolve().parents[2]
#: Of the server. Those of the phone program have tests of their own.
SERVER = ("push", "growth", "pictures", "pull", "log", "export", "badge", "enrol")


@pytest.mark.long
@pytest.mark.parametrize("name", SERVER)
@pytest.mark.timeout(280)
def test_it_runs(name: str):
    done = subprocess.run(
        [sys.executable, "-m", "bench", name, "--quick", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {each["database"] for each in found} >= {"sqlite", "postgresql"}
    assert all(set(each) == {"row", "database", "found", "budget", "unit", "ok", "details"} for each in found)


def test_every_measurement_of_the_server_is_run_by_all():
    assert set(SERVER) <= set(names()) <= set(NAMES)


def test_the_page_says_what_was_missed_and_what_did_not_run(tmp_path):
    kept, told = tmp_path / "kept.json", tmp_path / "page.md"
    ok = {
        "row": "visits pushed",
        "database": "sqlite",
        "found": 1234.5,
        "budget": 1000,
        "unit": "v/s",
        "ok": True,
        "details": {},
    }
    bad = ok | {"database": "postgresql", "found": 5, "ok": False, "details": {"batch": 20}}
    page.keep({"push": [ok, bad], "log": []}, {"log": "it broke"}, quick=False, kept=kept)
    page.write(kept, told)
    text = told.read_text()
    assert "| visits pushed | sqlite | 1000 v/s | 1234.5 | ok | 45–66 |" in text
    assert "- visits pushed (postgresql): 5 v/s of 1000. batch 20" in text
    assert "did not run: it broke" in text
    page.keep({"push": [ok]}, {}, quick=False, kept=kept)  # a part again: the rest stays
    page.write(kept, told)
    assert "it broke" in told.read_text()
    assert "(postgresql)" not in told.read_text()
