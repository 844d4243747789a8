"""A lead's visit log over a million visits: any filter, the newest fifty, as a whole page through a real server.

Asked are all filters by themselves, every two values together as the page offers them, and some drawn at random with
three and four, by the lead of the largest township and by the county, who sees all of it. Cold is the first request
after the server was started anew and its files were put out of the page cache; warm are the others. Times are the
server's own.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from urllib.parse import urlencode

from peewee import fn

from actions import desk_sessions
from api.office.log_search import DAYS, STATES
from bench import county, loader
from bench.databases import DATABASES, Database
from bench.growth import MANY, PEOPLE
from bench.results import Found, at_most, percentile
from bench.server import Client, Server
from models import JournalEntry, Visit
from rules.actors import Role
from rules.events import Outcome, Reason

ROW = "lead's log: any filter, newest 50, p95"
BUDGET = 60  # ms
COLD = 11
PATH = "/office/visits"

Filter = dict[str, str]


def measure(*, databases: Sequence[str] = DATABASES, quick: bool = False) -> Iterator[Found]:
    for kind in databases:
        with loader.ready(kind, 900 if quick else MANY, 300 if quick else PEOPLE, quick=quick) as database:
            scope = _largest()
            for who, person in (
                ("lead", county.someone(Role.LEAD, scope)),
                ("county", county.someone(Role.COUNTY, county.COUNTY)),
            ):
                asked = filters(scope, quick=quick)
                token = desk_sessions.start(person, now=datetime.now(UTC))
                warm = _warm(database, token, asked)
                cold = [] if quick else [_cold(database, token, each) for each in _some_cold(asked)]
                slow = sorted(warm, key=lambda each: -each[1])[:6]
                times = [ms for _, ms in warm]
                yield at_most(
                    f"{ROW} ({'a township' if who == 'lead' else 'the whole county'})", kind, percentile(times, 95), BUDGET, "ms",
                    visits=Visit.select().count(), filters=len(asked), p50_ms=percentile(times, 50), most_ms=round(max(times), 1),
                    over_budget=sum(ms > BUDGET for ms in times), slowest=[f"{round(ms)} ms: {urlencode(each)}" for each, ms in slow],
                    cold_p95_ms=percentile(cold, 95) if cold else None,
                )  # fmt: skip


def _largest() -> str:
    found = Visit.select(Visit.scope).group_by(Visit.scope).order_by(fn.COUNT(Visit.id).desc()).tuples().first()
    return str(found[0])


def filters(scope: str, *, quick: bool) -> list[Filter]:
    """What the page offers, each alone, each two together, and some of three and four."""
    v = Visit
    some = v.select().where(v.scope == scope).order_by(v.ended_at.desc()).first()
    number = JournalEntry.select(JournalEntry.number).where(JournalEntry.id == some.event).tuples().first()[0]
    rare = v.select(v.resident_name, v.resident_initials).where(v.scope == scope).order_by(v.ended_at).tuples().first()
    texts = (
        some.resident_name[:1], some.resident_name[:2], some.resident_name, some.resident_initials[:1], some.resident_initials[:2],
        some.resident_initials, rare[0], rare[1], number[:7], number, "没有这个人", "qqq",
    )  # fmt: skip
    offered: dict[str, Sequence[str]] = {
        "area": [some.area], "agent": [str(some.person_id)], "reason": [each.value for each in Reason],
        "outcome": [each.value for each in Outcome], "state": list(STATES), "days": list(DAYS), "text": texts,
        "resident": [str(some.resident_id)],
    }  # fmt: skip
    single = [{name: value} for name, values in offered.items() for value in values]
    if quick:
        return [{}, *single[:8], {"text": texts[0], "days": "all"}]
    pairs = [a | b for a, b in combinations(single, 2) if a.keys() != b.keys()]
    dice = random.Random("filters")
    more = [
        {name: dice.choice(offered[name]) for name in dice.sample(list(offered), dice.choice((3, 4)))}
        for _ in range(150)
    ]
    return [{}, *single, *pairs, *more]


def _some_cold(asked: Sequence[Filter]) -> list[Filter]:
    """The page as it opens, and some filters by themselves: each needs a server of its own, which takes seconds."""
    return [{}, *random.Random("cold").sample([each for each in asked if len(each) == 1], COLD)]


def _warm(database: Database, token: str, asked: Sequence[Filter]) -> list[tuple[Filter, float]]:
    server = Server(database)
    with server.running():
        client = Client(server.port, {"Cookie": f"__Host-desk={token}"})
        client.ask("GET", PATH)
        client.ask("GET", PATH)
        server.forget_times()
        for each in asked:
            client.ask("GET", f"{PATH}?{urlencode(each)}")
        times = server.times(PATH)
    return list(zip(asked, times, strict=True))


def _cold(database: Database, token: str, asked: Filter) -> float:
    """The first page of a server just started, with nothing of the database in the page cache."""
    server = Server(database)
    with server.running():
        _put_out(database.folder)
        Client(server.port, {"Cookie": f"__Host-desk={token}"}).ask("GET", f"{PATH}?{urlencode(asked)}")
        return server.times(PATH)[0]


def _put_out(folder: Path) -> None:
    os.sync()
    for path in (each for each in folder.rglob("*") if each.is_file()):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)
