"""The slow faults: real Chromium, real gunicorn, SIGKILL; `run(seed)` plays one schedule and gives its ledger.

    python -m tests.faults.slow --seed 7           # one seed again, with its story
    python -m tests.faults.slow --runs 20          # as many from there on

A seed gives the same deeds, faults and delays for ever. A real browser on a busy machine is never at the same instruction
when a delay is over, so a seed that failed may have to be played a few times until it fails again; the story says what
happened in that playing. SIGKILL takes the processes, not the machine: what was written to the kernel is on the disk.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

from tests.faults.slow import county
from tests.faults.slow.ledger import Ledger
from tests.faults.slow.play import Player
from tests.faults.slow.schedule import Schedule, draw

__all__ = ["Ledger", "prepared", "run"]


def run(
    seed: int,
    *,
    made: Path | None = None,
    playwright: Playwright | None = None,
    schedule: Schedule | None = None,
    built: Path | None = None,
) -> Ledger:
    """Play the schedule of this seed (or another one under its number) and give what came of it.

    `made`: a county of `county.prepare`, made once a process where none is given. `playwright`: one that runs already; a
    second one cannot be started beside it in the same thread. `built`: another phone program than the one of this tree.
    """
    with ExitStack() as stack:
        playing = playwright or stack.enter_context(sync_playwright())
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="daiban-slow-", ignore_cleanup_errors=True))
        )
        begin = made or prepared(playing)
        return Player(schedule or draw(seed), begin, folder, playing, built).play()


def prepared(playwright: Playwright) -> Path:
    """The county with its enrolled phones, made once a process and deleted with it."""
    return county.prepare(_home() / "made", playwright) if not (_home() / "made").exists() else _home() / "made"


@cache
def _home() -> Path:
    import atexit

    home = Path(tempfile.mkdtemp(prefix="daiban-slow-county-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home
