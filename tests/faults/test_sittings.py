"""Many schedules in several sittings: what was played is kept, and not played again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import faults

SEEDS = range(1, 201)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds that were played, none by a machine; of each two things were told, and 7 loses one."""
    seeds: list[int] = []

    def play(work: tuple[str, Sequence[int]]) -> faults.Part:
        seeds.extend(work[1])
        return faults.Part.of([_result(seed, work[0]) for seed in work[1]])

    monkeypatch.setattr(faults, "_play", play)
    for name in ("postgres_folder", "stop_postgres"):  # the server here is that of all tests
        monkeypatch.setattr(faults.databases, name, lambda: None)
    return seeds


def _result(seed: int, database: str) -> dict[str, Any]:
    lost, story = (["one"], ["the way is bad"]) if seed == 7 else ([], [])
    nothing: dict[str, Any] = {name: [] for name in faults.COUNTED}
    return nothing | {
        "seed": seed, "database": database, "told": 2, "received": 3, "destroyed": 0, "lost": lost, "story": story,
    }  # fmt: skip


def test_a_second_sitting_plays_the_rest_and_counts_all(
    played: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "faults.jsonl"
    parts = faults.play(SEEDS, "both", 1, faults.Kept(file, SEEDS))
    kept = faults.Kept(file, SEEDS)
    for part in (next(parts), next(parts)):
        kept.keep(part)
    first = list(played)
    played.clear()
    assert faults.main(["--seed", "1", "--runs", "200", "--workers", "1", "--json", "--file", str(file)]) == 1
    assert sorted(first + played) == list(SEEDS)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[0]["seed"] == 7  # also when it was played in the first sitting
    assert told[-2]["details"]["told"] == 400
    assert told[-1] == {"runs": 200, "lost": 1, "doubled": 0, "refused_unseen": 0}


def test_a_line_cut_short_is_played_again(played: list[int], tmp_path: Path) -> None:
    file = tmp_path / "faults.jsonl"
    arguments = ["--seed", "8", "--runs", "100", "--workers", "1", "--file", str(file)]
    assert faults.main(arguments) == 0
    file.write_text(file.read_text()[:-20])
    last = json.loads(file.read_text().splitlines()[0])["seeds"]
    played.clear()
    assert faults.main(arguments) == 0
    assert played
    assert not set(played) & set(last)
    assert len(faults.Kept(file, range(8, 108)).parts) == 3


def test_what_was_played_of_other_seeds_is_not_counted(played: list[int], tmp_path: Path) -> None:
    file = tmp_path / "faults.jsonl"
    faults.main(["--seed", "8", "--runs", "40", "--workers", "1", "--file", str(file)])
    played.clear()
    faults.main(["--seed", "1000", "--runs", "40", "--workers", "1", "--file", str(file)])
    assert len(played) == 40
