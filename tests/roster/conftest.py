"""Lists as files, and the command line that takes them in."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.roster import messy
from tests.roster.files import DATA, write_book


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """`write([heading, row, …])` or `write({sheet: rows})` gives the file."""
    count = iter(range(100))

    def written(rows: Any, merged: Sequence[tuple[int, int, int, int]] = ()) -> Path:
        sheets = rows if isinstance(rows, dict) else {"花名册": rows}
        return write_book(tmp_path / f"{next(count)}.xlsx", sheets, merged)

    return written


class CommandLine:
    """`flask --app app import …` as somebody types it."""

    def __init__(self, app: Any, folder: Path) -> None:
        self.runner, self.folder = app.test_cli_runner(), folder

    def __call__(self, kind: str, file: Path, *more: str, by: str = "office") -> dict[str, Any]:
        done = self.runner.invoke(args=["import", kind, str(file), "--json", "--as", by, *more])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def rows(self, file: Path, *more: str, kind: str = "roster", by: str = "office") -> list[dict[str, Any]]:
        """The JSON line of each row."""
        out = self.folder / "rows.jsonl"
        self(kind, file, *more, "--rows", str(out), by=by)
        return [json.loads(line) for line in out.open(encoding="utf-8")]

    def refused(self, kind: str, file: Path, *more: str, by: str = "office") -> str:
        """The one sentence of a refusal."""
        done = self.runner.invoke(args=["import", kind, str(file), "--json", "--as", by, *more])
        assert done.exit_code == 1, done.output
        assert not done.stdout.strip()
        return done.stderr.strip()


@pytest.fixture
def take(app: Any, tmp_path: Path) -> CommandLine:
    return CommandLine(app, tmp_path)


@pytest.fixture
def county(take: CommandLine) -> list[messy.Village]:
    """The whole county's areas."""
    take("areas", DATA / "areas-520121.csv")
    return messy.villages(DATA / "areas-520121.csv")
