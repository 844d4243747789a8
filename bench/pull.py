"""What a phone pulls: the first pack of 500 people, 150 of them with matters; one person changed; nothing new.

The times are the server's own, from a request's first byte to its answer's last; the bytes are bodies as they crossed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import models
from actions import cards
from bench import county
from bench.databases import DATABASES, Database
from bench.phones import Phone, phones_of
from bench.push import send
from bench.results import Found, at_most, percentile
from bench.server import Answer, Client, Server
from models import CareEntry, Entitlement, Resident
from rules.days import day_of

PACK = "first pack of 500 people, 150 of them with matters"
CHANGED = "pull after one resident changed"
EMPTY = "empty sync, session open"
SYNC = "/api/phone/sync"


def measure(*, databases: Sequence[str] = DATABASES, quick: bool = False) -> Iterator[Found]:
    people, matters, times = (40, 12, 3) if quick else (500, 150, 60)
    for kind in databases:
        with Database.fresh(kind) as database:
            county.make(database, 200, now=datetime.now(UTC) - timedelta(days=60), most=2 if quick else 18)
            agent = phones_of(database, 1)[0]
            village = _fill(agent, people, matters)
            server = Server(database)
            with server.running():
                agent.sign_in(server.port)
                client = Client(server.port)
                _visit_them(agent, server, matters)
                yield from _pack(agent, server, client, kind, village, people, matters, 2 if quick else 9)
                yield from _changed(agent, server, client, kind, village, times)
                yield from _empty(agent, server, client, kind, village, times)


def _fill(agent: Phone, people: int, matters: int) -> str:
    """So many people in the agent's village; so many have a verification due, a third of those are cared for, too."""
    village = next(each.area for each in Resident.select(Resident.area).where(Resident.id == agent.residents[0]))
    now = datetime.now(UTC)
    here = Resident.area == village
    known = Resident.select().where(here).count()
    county.residents(agent.scope, [village], people - known, seed=7, now=now)
    keys = [key for (key,) in Resident.select(Resident.id).where(here).order_by(Resident.id).tuples()]
    agent.residents[:] = [str(key) for key in keys]
    with_matters, soon, later = (
        keys[:matters],
        day_of(datetime.now(UTC)) + timedelta(days=30),
        day_of(datetime.now(UTC)) + timedelta(days=300),
    )
    with models.transaction(agent.scope):
        e, c = Entitlement, CareEntry
        listed = {key for (key,) in e.select(e.resident).where(e.resident.in_(with_matters)).tuples()}
        e.update(due_on=later).where(e.area == village).execute()
        e.update(due_on=soon).where(e.resident.in_(with_matters)).execute()
        c.update(state="left").where((c.area == village) & c.resident.not_in(with_matters[: matters // 3])).execute()
        models.insert(
            [
                Entitlement(
                    resident=key, scope=agent.scope, area=village, benefit="BPIURR", number=f"N{number}", cycle_months=12,
                    due_on=soon,
                )
                for number, key in enumerate(with_matters)
                if key not in listed
            ]
        )  # fmt: skip
        cards.touch(keys, now=now)
    full = Resident.select().where(here & (Resident.card == "full")).count()
    assert (len(keys), full) == (people, matters), f"{len(keys)} people, {full} full cards"
    return village


def _visit_them(agent: Phone, server: Server, matters: int) -> None:
    """Everybody with matters was visited three times before, so their cards show it."""
    everybody = agent.residents
    agent.residents = everybody[:matters]
    send(server.port, [(agent, body) for body in agent.batches(-(-matters * 3 // 50), 50)], 1)
    agent.residents = everybody


def _pack(
    agent: Phone, server: Server, client: Client, kind: str, village: str, people: int, matters: int, times: int
) -> Iterator[Found]:
    sizes, spent = [], []
    for _ in range(times):
        server.forget_times()
        answers = list(pages(agent, client, village))
        rows = [row for told, _ in answers for row in told["rows"]]
        assert len({row["id"] for row in rows}) == people, f"{len(rows)} rows"
        assert sum(row["card"] == "full" for row in rows) == matters
        sizes.append(sum(len(answer.body) for _, answer in answers))
        spent.append(sum(server.times(SYNC)))
    details = {"pages": len(answers), "people": people, "matters": matters}
    yield at_most(f"{PACK}: compressed", kind, max(sizes) / 1000, 40, "KB", **details)
    yield at_most(
        f"{PACK}: server time", kind, percentile(spent[1:], 50), 60, "ms", **details, most_ms=round(max(spent[1:]), 1)
    )


def pages(agent: Phone, client: Client, village: str) -> Iterator[tuple[dict[str, Any], Answer]]:
    """Page by page as phones do: 64 KB, then each twice the last, up to 512 KB."""
    cursor, page = "", 65_536
    while True:
        told, answer = agent.sync(client, villages={village: 0}, cursor=cursor, page=page)
        yield told, answer
        cursor, page = told.get("cursor", ""), min(page * 2, 524_288)
        if not told.get("more"):
            return


def _changed(agent: Phone, server: Server, client: Client, kind: str, village: str, times: int) -> Iterator[Found]:
    first = list(pages(agent, client, village))
    rev, known = first[-1][0]["villages"][village], _known(first[0][0])
    server.forget_times()
    sizes = []
    for number in range(times):
        with models.transaction(agent.scope):
            cards.touch([UUID(agent.residents[number])], now=datetime.now(UTC))
        told, answer = agent.sync(client, villages={village: rev}, **known)
        assert [row["id"] for row in told["rows"]] == [agent.residents[number]]
        rev = told["villages"][village]
        sizes.append(len(answer.body))
    yield at_most(CHANGED, kind, max(sizes), 1024, "bytes", rows=1, p95_ms=percentile(server.times(SYNC), 95))


def _known(told: dict[str, Any]) -> dict[str, Any]:
    """What a phone says with each request of what it has heard (pwa/talk.ts): heads, its inbox, nothing waiting."""
    heads = {scope: {"position": head["position"], "chain": head["chain"]} for scope, head in told["heads"].items()}
    return {"heads": heads, "inbox": told.get("inbox_rev", 0), "waiting": {"records": 0, "blobs": 0}}


def _empty(agent: Phone, server: Server, client: Client, kind: str, village: str, times: int) -> Iterator[Found]:
    told, _ = agent.sync(client, villages={village: 0}, page=1_048_576)
    members = {"villages": told["villages"], **_known(told)}
    agent.sync(client, **members)
    server.forget_times()
    answers = [agent.sync(client, **members) for _ in range(times * 5)]
    spent = server.times(SYNC)
    sent = len(
        json.dumps(
            {
                "device": agent.device,
                "version": "bench",
                "v": 1,
                "clock": "2026-01-01T00:00:00.000Z",
                **agent.known,
                **members,
            }
        )
    )
    assert not any("rows" in told for told, _ in answers)
    yield at_most(
        f"{EMPTY}: larger of both bodies",
        kind,
        max(sent, *(len(answer.body) for _, answer in answers)),
        1024,
        "bytes",
        round_trips=1,
    )
    yield at_most(f"{EMPTY}: server time", kind, percentile(spent, 50), 5, "ms", p95_ms=percentile(spent, 95))
