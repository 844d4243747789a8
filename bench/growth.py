"""What a push costs with few events in and with two million: two servers, asked in turns, compared by processor time.

Both counties have the same people and phones, so that only what lies in the journal and its tables differs. A machine's
pace changes within seconds, so each round of the one is compared with the round of the other beside it, and the middle
of these ratios counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from bench import loader
from bench.databases import DATABASES
from bench.phones import phones_of
from bench.push import send
from bench.results import Found, at_most
from bench.server import Server

ROW = "growth: cost of a push with 2 000 000 events in, to that with 10 000"
FEW, MANY, PEOPLE = 10_000, 2_000_000, 40_000


def measure(
    *, databases: Sequence[str] = DATABASES, quick: bool = False, few: int = FEW, many: int = MANY, rounds: int = 24
) -> Iterator[Found]:
    people = PEOPLE
    if quick:
        few, many, people, rounds = 300, 900, 300, 1
    for kind in databases:
        with ExitStack() as open_now:
            sizes = [_Size(kind, events, people, rounds, quick, open_now) for events in (few, many)]
            for number in range(rounds + 1):
                for each in sizes if number % 2 else sizes[::-1]:
                    each.push(number)
            costs = [median(each.costs) for each in sizes]
            ratios = sorted(many_ / few_ for few_, many_ in zip(*(each.costs for each in sizes), strict=True))
            yield at_most(
                ROW if (few, many) == (FEW, MANY) else f"growth: {few} to {many} events", kind, median(ratios), 1.2,
                "times the cost", few=few, many=many, rounds=rounds, cost_few_ms=round(costs[0], 3),
                cost_many_ms=round(costs[1], 3), middle_half=[round(each, 2) for each in ratios[rounds // 4 :: max(rounds // 2, 1)]][:2],
                visits_per_core_second_many=round(1000 / costs[1]),
            )  # fmt: skip


class _Size:
    """A county of one size with its server and its phones."""

    def __init__(self, kind: str, events: int, people: int, rounds: int, quick: bool, open_now: ExitStack) -> None:
        database = open_now.enter_context(loader.ready(kind, events, people, quick=quick))
        agents = phones_of(database, 8 if quick else 40)
        self.server = Server(database)
        open_now.enter_context(self.server.running())
        self.work: list[list[tuple[Any, Any]]] = [[] for _ in range(rounds + 1)]
        self.costs: list[float] = []  # milliseconds of processor time a visit, round by round
        for agent in agents:
            agent.sign_in(self.server.port)
            for body in agent.batches(rounds + 1, 20):
                self.work[body.number].append((agent, body))

    def push(self, number: int) -> None:
        """One batch of every phone; the first round only warms up."""
        before = self.server.cpu()
        send(self.server.port, self.work[number], 4)
        if number:
            spent = sum(self.server.cpu()) - sum(before)
            self.costs.append(spent / (20 * len(self.work[number])) * 1000)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--few", type=int, default=FEW)
    parser.add_argument("--many", type=int, default=MANY, help="10000000 for the largest journal")
    parser.add_argument("--rounds", type=int, default=24)
