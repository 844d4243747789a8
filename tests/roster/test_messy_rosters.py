"""Rosters in every layout that offices keep: each row ends as it must, and a second time nothing changes."""

import json
import random

import pytest

from models import JournalEntry, Resident
from tests.roster import messy


@pytest.mark.parametrize("layout", messy.LAYOUTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_each_row_ends_as_it_must(take, county, tmp_path, layout, seed):
    rows = messy.made(county, 160, seed=seed, without=messy.NOT_IN.get(layout, frozenset()))
    messy.LAYOUTS[layout](tmp_path / layout, rows, random.Random(seed))
    counts = take("roster", tmp_path / layout, "--rows", str(tmp_path / "rows.jsonl"))
    said = {(each["sheet"], each["row"]): each for each in map(json.loads, (tmp_path / "rows.jsonl").open())}
    wrong = []
    for row in rows:
        each = said.pop((row.sheet, row.row), None)
        right = each and each["outcome"] == row.outcome
        if right and row.outcome != "review":
            right = each["id_number"] == row.id_number
        if right and row.outcome == "imported":
            right = each["area_code"] == row.area
        if not right:
            wrong.append((row.sheet, row.row, row.outcome, row.defects, each))
    assert not wrong
    assert not said, "rows that are no people"
    assert sum(counts[name] for name in ("imported", "updated", "unchanged", "duplicate", "review")) == len(rows)

    again = take("roster", tmp_path / layout)
    assert (again["imported"], again["updated"]) == (0, 0)
    assert again["unchanged"] == counts["imported"]


def test_a_dry_run_says_the_same_and_changes_nothing(take, county, tmp_path):
    rows = messy.made(county, 120, seed=3)
    messy.titled(tmp_path / "a.xlsx", rows, random.Random(3))
    before = Resident.select().count(), JournalEntry.select().count()
    dry = take("roster", tmp_path / "a.xlsx", "--dry-run")
    assert (Resident.select().count(), JournalEntry.select().count()) == before
    wet = take("roster", tmp_path / "a.xlsx")
    for name in ("imported", "updated", "unchanged", "duplicate", "review"):
        assert dry[name] == wet[name]
