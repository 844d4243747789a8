"""`python -m bench faults --runs N [--seed S] [--layer slow] [--json]`: the fault machine, as often as wanted.

Each run is one schedule of `tests/faults`: phones, network, clock, disk and server fail by the dice of its seed, and a
ledger holds what agents were told against what the county has. The last line of `--json` is the sum. A run that fails
prints its story; it is played again alone by its seed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults import machine
from tests.support import databases

EVERY = 10  # seconds between two lines of progress
SHARE_OF_POSTGRESQL = 20  # of so many schedules one meets PostgreSQL, unless told otherwise
CHUNK = 50  # schedules a process plays before it takes the next ones


@dataclass
class Sum:
    """What all schedules together ended with."""

    runs: int = 0
    told: int = 0
    received: int = 0
    destroyed: int = 0
    failing: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, result: dict[str, Any]) -> None:
        self.runs += 1
        for name in ("told", "received", "destroyed"):
            setattr(self, name, getattr(self, name) + result[name])
        for name in ("lost", "doubled", "changed", "refused_unseen", "broken"):
            self.counts[name] += len(result[name])
        if result["story"]:
            self.failing.append(result["seed"])


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
    options = parser.parse_args(arguments)
    options.runs = options.runs or (1_000 if options.layer == "fast" else 5)
    if options.quick:
        options.runs = 20 if options.layer == "fast" else 1
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(sys.argv[1:] if arguments is None else arguments)
    if options.layer == "slow":
        return _run(options, slowly(options.seed, options.runs))
    databases.postgres_folder()  # one server for all processes
    try:
        return _run(options, play(options.seed, options.runs, (options.database or ["both"])[-1], options.workers))
    finally:
        databases.stop_postgres()


def _run(options: argparse.Namespace, results: Iterator[dict[str, Any]]) -> int:
    found, began, said = Sum(), time.monotonic(), time.monotonic()
    for result in results:
        found.add(result)
        if result["story"]:
            print(json.dumps(result, ensure_ascii=False) if options.json else _told(result), flush=True)
        if time.monotonic() - said > EVERY:
            said = time.monotonic()
            print(_progress(found, options.runs, said - began), file=sys.stderr, flush=True)
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


def slowly(first: int, runs: int) -> Iterator[dict[str, Any]]:
    """Play these seeds one after the other in a real browser; on SQLite."""
    from tests.faults import slow  # only this layer needs Chromium

    for seed in range(first, first + runs):
        yield slow.run(seed).result()


def play(first: int, runs: int, database: str, workers: int) -> Iterator[dict[str, Any]]:
    """Play these seeds in processes of their own; give each result as it comes."""
    work = [
        (kind, seeds[at : at + CHUNK])
        for kind, seeds in _by_database(range(first, first + runs), database).items()
        for at in range(0, len(seeds), CHUNK)
    ]
    workers = min(workers, len(work))
    if workers <= 1:
        for each in work:
            yield from _play(each)
        return
    context = multiprocessing.get_context("spawn")  # each has its own county, database and phones
    with context.Pool(workers, maxtasksperchild=20) as pool:
        for results in pool.imap_unordered(_play, work):
            yield from results


def _by_database(seeds: range, database: str) -> dict[str, list[int]]:
    if database != "both":
        return {database: list(seeds)}
    postgresql = [seed for seed in seeds if seed % SHARE_OF_POSTGRESQL == 0]
    return {"postgresql": postgresql, "sqlite": [seed for seed in seeds if seed % SHARE_OF_POSTGRESQL]}


def _play(work: tuple[str, Sequence[int]]) -> list[dict[str, Any]]:
    kind, seeds = work
    return [_result(each, kind) for each in machine.play(seeds, kind)]


def _result(played: machine.Played, kind: str) -> dict[str, Any]:
    """The story only of a run that failed."""
    story = [] if played.ledger.clean else played.story
    return {"seed": played.seed, "database": kind, "story": story, **vars(played.ledger)}


def _told(result: dict[str, Any]) -> str:
    names = ("lost", "doubled", "changed", "refused_unseen", "broken")
    lines = [f"seed {result['seed']} on {result['database']}", *(f"  {line}" for line in result["story"])]
    return "\n".join(lines + [f"  {name}: {line}" for name in names for line in result[name]])


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


def _progress(found: Sum, runs: int, seconds: float) -> str:
    left = (runs - found.runs) * seconds / max(found.runs, 1)
    return f"{found.runs} of {runs}, {len(found.failing)} failing, about {left / 60:.0f} min left"


if __name__ == "__main__":
    sys.exit(main())
