"""The county of the slow faults: the cast of the other tests and six people more, two agents of one village, their phones.

It is made once (a server, two real browsers that enrol at it) and every run begins with a copy of its folders. The phones
always speak to `ORIGIN`; which port of this machine answers there, a flag of the browser says, so that copies can run side
by side.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from playwright.sync_api import Playwright

import models
from actions import deliveries, journal
from models import CareEntry, ConsentRecord, Entitlement, Household, Person, Post, Resident
from rules import ciphers, id_numbers
from tests.faults.slow.handset import Handset
from tests.support import cast as the_cast
from tests.support import small_county
from tests.support.cast import CAST, TOWNSHIP, VILLAGE, Served, Worker
from tests.support.server import Server

ORIGIN_PORT = 8642  # of no process: each run maps it to its own link
ORIGIN = f"http://localhost:{ORIGIN_PORT}"

COLLEAGUE = replace(CAST.wang_fang, id=UUID(int=9001), post=UUID(int=9002), name="吴建华", initials="wjh")
AGENTS: tuple[Worker, ...] = (CAST.wang_fang, COLLEAGUE)  # of phone 0 and phone 1

#: Whom a schedule visits, by name; all live in the one village of both agents.
NAMES = ("龙秀珍", "田维明", "石玉兰", "吴启贵", "周德芳", "罗文学")
OF_DEATH = NAMES[5]  # of whom a death may be told; nothing else is done there
WITH_PENSION = NAMES[:4]
WITH_RESULT = NAMES[2:5]  # something waits to be handed over, to each by each agent
WHAT = "残疾人证"


def person(name: str) -> Served:
    number = NAMES.index(name)
    born = date(1940 + number, 5, 10 + number)
    body = f"990101{born:%Y%m%d}{800 + number}"
    return Served(
        UUID(int=9100 + number), UUID(int=9200 + number), name, "", "female", born, VILLAGE,
        body + id_numbers.check_character(body),
    )  # fmt: skip


def prepare(folder: Path, playwright: Playwright) -> Path:
    """Make the county and enrol both phones; `folder` then holds `server`, `phone-0`, `phone-1`, each to be copied."""
    making = folder.with_name(f"{folder.name}-making")
    shutil.rmtree(making, ignore_errors=True)
    server = Server(making / "server")
    server.environment["DAIBAN_HOST_NAME"] = f"localhost:{ORIGIN_PORT}"
    small_county.make(server)
    small_county.at_the_county(server, "from tests.faults.slow import county\ncounty.add_people(now)")
    server.start()
    try:
        for number, agent in enumerate(AGENTS):
            phone = Handset(playwright, making / f"phone-{number}", ORIGIN, server.port)
            enrol(phone, server, agent)
            phone.close()
    finally:
        server.kill()
    making.rename(folder)
    return folder


def enrol(phone: Handset, server: Server, agent: Worker) -> None:
    offered = f"enrolments.offer(AGENTS[{AGENTS.index(agent)}].actor, actor=CAST.luo_guoxiu.actor, now=now)"
    code = small_county.at_the_county(server, f"from tests.faults.slow.county import AGENTS\nprint({offered}.code)")
    small_county.enrol(phone.page, server, code=code)


def add_people(now: datetime) -> None:
    """The colleague and the six, by one event of the journal, as the cast itself was made; then what waits for them."""
    rows: list[models.Row] = [
        Person(id=COLLEAGUE.id, name=COLLEAGUE.name, initials=COLLEAGUE.initials, unit="", phone="10212340001"),
        Post(id=COLLEAGUE.post, person=COLLEAGUE.id, role=COLLEAGUE.role, area=VILLAGE, scope=TOWNSHIP, from_on=date(2026, 1, 1)),
    ]  # fmt: skip
    with models.transaction(TOWNSHIP):
        first = models.next_revs(TOWNSHIP, len(NAMES))
        for number, name in enumerate(NAMES):
            rows += _rows(person(name), number, first + number, now)
        models.insert(rows)
        journal.write([journal.Deed("sample.made", TOWNSHIP, rows=rows)], actor=None, now=now, by="tests")
    until = (now + timedelta(days=5)).date()
    for name in WITH_RESULT:
        for agent in AGENTS:
            wanted = deliveries.Plan(WHAT, agent.id, until, who_may=name)
            deliveries.plan(Resident.get_by_id(person(name).id), wanted, actor=CAST.li_qiang.actor, now=now)


def _rows(served: Served, number: int, rev: int, now: datetime) -> list[models.Row]:
    here = {"scope": TOWNSHIP, "area": VILLAGE}
    rows: list[models.Row] = [
        Household(id=served.household, number=f"1{number:02d}", group=served.group, **here),
        Resident(
            id=served.id, household=served.household, group=served.group, name=served.name, sex=served.sex,
            birth_on=served.birth_on, birth_year=served.birth_on.year, id_number=served.id_number,
            id_lookup=ciphers.lookup(models.keys().lookup, served.id_number), id_tail=served.id_number[-4:],
            id_verified=True, card="full", rev=rev, **here,
        ),
        CareEntry(id=UUID(int=9300 + number), resident=served.id, state="enrolled", reason="独居", every_days=30, next_visit_on=now.date(), **here),
    ]  # fmt: skip
    if served.name in WITH_PENSION:
        rows += [
            Entitlement(
                id=UUID(int=9400 + number), resident=served.id, benefit="BPIURR", number=f"P-9{number:03d}",
                paying_area=the_cast.COUNTY, cycle_months=12, due_on=(now + timedelta(days=20)).date(), **here,
            ),
            ConsentRecord(
                id=UUID(int=9500 + number), resident=served.id, purpose="life_verification", state="given",
                text_version="1", told="aloud", by="self", at=now, event=UUID(int=9600 + number),
            ),
        ]  # fmt: skip
    return rows
