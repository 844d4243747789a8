"""Something waits for a job. The bell only saves the wait until the job's next round: nothing depends on its being heard."""

from __future__ import annotations

from collections.abc import Callable

import structlog

log = structlog.get_logger()

_ringers: list[Callable[[str], None]] = []


def hang(ringer: Callable[[str], None]) -> None:
    """Say who carries the sound to the jobs; app.py does, once."""
    _ringers[:] = [ringer]


def ring(what: str) -> None:
    """Wake a job by its name, after the transaction that made its work. A broken bell is logged and holds up nobody."""
    for ringer in _ringers:
        try:
            ringer(what)
        except Exception as error:  # whatever the queue is made of
            log.warning("bell broke", what=what, why=type(error).__name__)
