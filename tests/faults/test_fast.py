"""1 000 schedules of the fault machine on seeds of the day: lost 0, doubled 0, nothing changed, no refusal unseen."""

from __future__ import annotations

import os
import time

import pytest

from tests.faults import machine

#: Of every 20 schedules one meets PostgreSQL. Each part is a test, so that they run beside each other.
PARTS = [*(("sqlite", 95, part) for part in range(10)), ("postgresql", 50, 0)]


def _first_seed() -> int:
    """Other seeds each day; `DAIBAN_FAULT_SEED` plays a given day again. The failing seed is in the message anyway."""
    given = os.environ.get("DAIBAN_FAULT_SEED")
    return int(given) if given else int(time.time()) // 86_400 * 1_000


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "runs", "part"), PARTS)
def test_nothing_is_lost_doubled_changed_or_refused_unseen(kind: str, runs: int, part: int) -> None:
    first = _first_seed() + (950 if kind == "postgresql" else part * runs)
    played = list(machine.play(range(first, first + runs), kind))
    assert [each.seed for each in played] == list(range(first, first + runs))
    for each in played:
        assert each.ledger.clean, _told(each)
    # A machine that plays nothing finds nothing.
    assert sum(each.ledger.told for each in played) > runs
    assert sum(each.ledger.received for each in played) > runs


def _told(played: machine.Played) -> str:
    story, found = "\n  ".join(played.story), "\n  ".join(played.ledger.lines())
    return f"seed {played.seed} ({machine.AGAIN.format(seed=played.seed)}):\n  {story}\n{found}"


def test_a_program_that_does_not_wait_for_receipts_is_seen_to_lose() -> None:
    played = machine.play(range(200, 230), breaks="delete only on a receipt")
    lost = (line for each in played for line in each.ledger.lost)
    assert any("was told saved and is nowhere" in line for line in lost)


def test_the_same_seed_plays_the_same_story() -> None:
    first, second = machine.play([17, 17])
    assert first.story == second.story
    assert len(first.story) > 3
