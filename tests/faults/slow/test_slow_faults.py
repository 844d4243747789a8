"""Nothing an agent was told is kept gets lost, doubled or changed, whatever is killed: seeded schedules in a real browser.

A failing one is played alone by `python -m tests.faults.slow --seed S`; see `tests/faults/slow/__init__.py` for how far a
seed repeats itself. Five of them a day, others the next day; two hundred with `dev.py test --long`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.faults.slow import Schedule, broken_program, run
from tests.faults.slow.deeds import Deed
from tests.faults.slow.link import Trouble
from tests.faults.slow.schedule import Step, draw

IN_CI, LONG = 5, 200
TODAY = datetime.now(UTC).date().toordinal() % 100_000 * LONG  # the first of today's seeds

SEEDS = [TODAY + each if each < IN_CI else pytest.param(TODAY + each, marks=pytest.mark.long) for each in range(LONG)]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_told_is_kept(seed: int, prepared_county: Path, playwright: Playwright) -> None:
    ledger = run(seed, made=prepared_county, playwright=playwright)
    assert ledger.told, f"nothing was told at all:\n{ledger.text()}"
    assert not ledger.failures, f"python -m tests.faults.slow --seed {seed}\n{ledger.text()}"


def test_a_seed_gives_the_same_schedule_again() -> None:
    assert draw(17) == draw(17)
    assert draw(17).steps != draw(18).steps


# ---- the machine can fail

VISIT = Deed(1, "visit", "龙秀珍", "事零之1号")
#: An answer that holds no receipt, to a phone that has just kept a visit.
HOLLOW = Schedule(0, phones=1, workers=1, steps=[
    Step("trouble", 0, (Trouble("hollow", only="/sync"),)), Step("do", 0, (VISIT,)), Step("rest", 0, (1500,)),
])  # fmt: skip


def test_an_answer_without_a_receipt_loses_nothing(prepared_county: Path, playwright: Playwright) -> None:
    ledger = run(0, schedule=HOLLOW, made=prepared_county, playwright=playwright)
    assert (ledger.told, ledger.failures) == (1, []), ledger.text()


def test_a_program_that_deletes_without_a_receipt_is_found_out(
    prepared_county: Path, playwright: Playwright, tmp_path: Path
) -> None:
    built = broken_program.build(tmp_path / "broken")
    ledger = run(0, schedule=HOLLOW, made=prepared_county, playwright=playwright, built=built)
    assert ledger.told == 1
    assert len(ledger.lost) >= 1, ledger.text()
