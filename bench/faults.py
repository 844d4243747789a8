"""`python -m bench faults --runs N [--seed S] [--layer slow] [--json] [--file F]`: the fault machine, as often as wanted.

Each run is one schedule of `tests/faults`: phones, network, clock, disk and server fail by the dice of its seed, and a
ledger holds what agents were told against what the county has. The last line of `--json` is the sum. A run that fails
prints its story; it is played again alone by its seed. What was played is kept in the file, a line for each handful of
seeds: the same command after an interruption plays only the seeds that are not in it, and its sum counts them all.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.faults import machine
from tests.support import databases

EVERY = 10  # seconds between two lines of progress
SHARE_OF_POSTGRESQL = 20  # of so many schedules one meets PostgreSQL, unless told otherwise
CHUNK = 50  # schedules a process plays before it takes the next ones


COUNTED = ("lost", "doubled", "changed", "refused_unseen", "broken")
Result = dict[str, Any]


@dataclass
class Part:
    """Some schedules that were played; a line of the file."""

    database: str
    seeds: list[int]
    told: int = 0
    received: int = 0
    destroyed: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    failing: list[Result] = field(default_factory=list)  # with their stories

    @classmethod
    def of(cls, results: Sequence[Result]) -> Part:
        part = cls(results[0]["database"], [each["seed"] for each in results])
        for name in ("told", "received", "destroyed"):
            setattr(part, name, sum(each[name] for each in results))
        part.counts = {name: sum(len(each[name]) for each in results) for name in COUNTED}
        part.failing = [each for each in results if each["story"]]
        return part


@dataclass
class Sum:
    """What all schedules together ended with."""

    runs: int = 0
    told: int = 0
    received: int = 0
    destroyed: int = 0
    failing: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, part: Part) -> None:
        self.runs += len(part.seeds)
        for name in ("told", "received", "destroyed"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        self.counts.update(part.counts)
        self.failing += [each["seed"] for each in part.failing]


class Kept:
    """What was played before, in a file; without one nothing was."""

    def __init__(self, path: Path | None, seeds: range) -> None:
        lines = path.read_text().splitlines(keepends=True) if path and path.exists() else []
        # A last line without its end was being written when the power went; its seeds are played again.
        whole = [Part(**json.loads(line)) for line in lines if line.endswith("\n")]
        self.parts = [part for part in whole if all(seed in seeds for seed in part.seeds)]
        self.path = path
        if lines and not lines[-1].endswith("\n"):
            assert path is not None
            path.write_text("".join(lines[:-1]))

    def has(self, database: str, seed: int) -> bool:
        return seed in self._seeds.get(database, ())

    @cached_property
    def _seeds(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        for part in self.parts:
            found.setdefault(part.database, set()).update(part.seeds)
        return found

    def keep(self, part: Part) -> None:
        if self.path:
            with self.path.open("a") as file:
                file.write(json.dumps(vars(part), ensure_ascii=False) + "\n")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench faults", description=__doc__)
    parser.add_argument(
        "--layer", choices=("fast", "slow"), default="fast", help="slow: real Chromium, real gunicorn, SIGKILL"
    )
    parser.add_argument("--runs", type=int, help="schedules (default: 1000, of the slow layer 5)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the others follow")
    parser.add_argument("--json", action="store_true", help="a line for each failing run, and one for the sum")
    parser.add_argument("--quick", action="store_true", help="twenty runs, to see that it runs")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append", help="only this one")
    parser.add_argument("--workers", type=int, default=max(1, multiprocessing.cpu_count()))
    parser.add_argument("--file", type=Path, help="keep here what was played, and go on with what is not in it")
    options = parser.parse_args(arguments)
    options.runs = options.runs or (1_000 if options.layer == "fast" else 5)
    if options.quick:
        options.runs = 20 if options.layer == "fast" else 1
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(sys.argv[1:] if arguments is None else arguments)
    seeds = range(options.seed, options.seed + options.runs)
    kept = Kept(options.file, seeds)
    if options.layer == "slow":
        return _run(options, slowly(seeds, kept), kept)
    databases.postgres_folder()  # one server for all processes
    try:
        return _run(options, play(seeds, (options.database or ["both"])[-1], options.workers, kept), kept)
    finally:
        databases.stop_postgres()


def _run(options: argparse.Namespace, parts: Iterator[Part], kept: Kept) -> int:
    found, began, said = Sum(), time.monotonic(), time.monotonic()
    for part in kept.parts:
        _add(found, part, as_json=options.json)
    before = found.runs
    try:
        for part in parts:
            kept.keep(part)
            _add(found, part, as_json=options.json)
            if time.monotonic() - said > EVERY:
                said = time.monotonic()
                print(_progress(found, before, options.runs, said - began), file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        later = f"; the same command goes on from {options.file}" if options.file else ""
        print(f"Interrupted after {found.runs} of {options.runs}{later}.", file=sys.stderr, flush=True)
    counts = {name: found.counts[name] for name in ("lost", "doubled", "refused_unseen")}
    if options.json:
        print(json.dumps(_row(found, options.seed, options.layer), ensure_ascii=False))
        print(json.dumps({"runs": found.runs, **counts}))
    else:
        others = {name: found.counts[name] for name in ("changed", "broken")}
        print(
            f"{found.runs} schedules in {time.monotonic() - began:.0f} s: {found.told} things told saved, {found.received} "
            f"records received, {found.destroyed} destroyed on a phone and said so; {counts | others}"
        )
    return 1 if found.failing or found.runs < options.runs else 0


def _add(found: Sum, part: Part, *, as_json: bool) -> None:
    found.add(part)
    for result in part.failing:
        print(json.dumps(result, ensure_ascii=False) if as_json else _told(result), flush=True)


def slowly(seeds: range, kept: Kept) -> Iterator[Part]:
    """Play these seeds one after the other in a real browser; on SQLite."""
    from tests.faults import slow  # only this layer needs Chromium

    for seed in seeds:
        if not kept.has("sqlite", seed):
            yield Part.of([slow.run(seed).result()])


def play(seeds: range, database: str, workers: int, kept: Kept) -> Iterator[Part]:
    """Play these seeds in processes of their own, but for those that were; give each part as it comes."""
    work = []
    for kind, of_kind in _by_database(seeds, database).items():
        left = [seed for seed in of_kind if not kept.has(kind, seed)]
        work += [(kind, left[at : at + CHUNK]) for at in range(0, len(left), CHUNK)]
    workers = min(workers, len(work))
    if workers <= 1:
        yield from map(_play, work)
        return
    context = multiprocessing.get_context("spawn")  # each has its own county, database and phones
    with context.Pool(workers, _until_told, maxtasksperchild=20) as pool:
        yield from pool.imap_unordered(_play, work)


def _until_told() -> None:
    """Ctrl-C is for the first process, which ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _by_database(seeds: range, database: str) -> dict[str, list[int]]:
    if database != "both":
        return {database: list(seeds)}
    postgresql = [seed for seed in seeds if seed % SHARE_OF_POSTGRESQL == 0]
    return {"postgresql": postgresql, "sqlite": [seed for seed in seeds if seed % SHARE_OF_POSTGRESQL]}


def _play(work: tuple[str, Sequence[int]]) -> Part:
    kind, seeds = work
    return Part.of([_result(each, kind) for each in machine.play(seeds, kind)])


def _result(played: machine.Played, kind: str) -> Result:
    """The story only of a run that failed."""
    story = [] if played.ledger.clean else played.story
    return {"seed": played.seed, "database": kind, "story": story, **vars(played.ledger)}


def _told(result: Result) -> str:
    lines = [f"seed {result['seed']} on {result['database']}", *(f"  {line}" for line in result["story"])]
    return "\n".join(lines + [f"  {name}: {line}" for name in COUNTED for line in result[name]])


def _row(found: Sum, seed: int, layer: str) -> dict[str, Any]:
    """The line of docs/benchmarks.md: how much of what was said to be saved is not as it was said."""
    wrong = found.counts.total()
    details = {"runs": found.runs, "first_seed": seed, "told": found.told, "received": found.received}
    details |= {"destroyed_and_said": found.destroyed, **found.counts}
    return {
        "row": "nothing lost: schedules of faults" + (", real browser and SIGKILL" if layer == "slow" else ""),
        "database": "", "found": wrong, "budget": 0, "unit": "records",
        "ok": wrong == 0, "details": details,
    }  # fmt: skip


def _progress(found: Sum, before: int, runs: int, seconds: float) -> str:
    left = (runs - found.runs) * seconds / max(found.runs - before, 1)
    return f"{found.runs} of {runs}, {len(found.failing)} failing, about {left / 60:.0f} min left"


if __name__ == "__main__":
    sys.exit(main())
