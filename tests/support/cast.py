"""The people of every test: fictional, always the same, one fixed moment.

花梨镇's 清江村 is where things happen; 高寨乡's 石头村 (one of two in this county) is elsewhere, and nobody there
may see anything of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from uuid import UUID

import models
from actions import journal
from models import Account, Area, CareEntry, Entitlement, Household, Person, Post, Resident, Scope
from rules import ciphers, id_numbers
from rules.actors import Actor, HeldPost, Role

NOW = datetime(2026, 10, 13, 2, 42, tzinfo=UTC)  # 13 October 2026, 10:42 in Shanghai, a Tuesday
TODAY = date(2026, 10, 13)

COUNTY = "520121000000"
TOWNSHIP = "520121107000"  # 花梨镇
VILLAGE = "520121107202"  # 清江村
NEXT_VILLAGE = "520121107200"  # 花梨村, of the same township
TOWNSHIP_ELSEWHERE = "520121208000"  # 高寨苗族布依族乡
VILLAGE_ELSEWHERE = "520121208206"  # 石头村

AREAS = (
    ("520000000000", "贵州省", "province", None),
    ("520100000000", "贵阳市", "city", "520000000000"),
    (COUNTY, "开阳县", "county", "520100000000"),
    (TOWNSHIP, "花梨镇", "township", COUNTY),
    (VILLAGE, "清江村", "village", TOWNSHIP),
    (NEXT_VILLAGE, "花梨村", "village", TOWNSHIP),
    (TOWNSHIP_ELSEWHERE, "高寨苗族布依族乡", "township", COUNTY),
    (VILLAGE_ELSEWHERE, "石头村", "village", TOWNSHIP_ELSEWHERE),
)

PASSWORD = "hua li zhen 1013"  # of every desk
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@dataclass(frozen=True)
class Worker:
    """Someone who works here, with the one post they hold."""

    id: UUID
    post: UUID
    name: str
    initials: str
    role: Role
    area: str
    sign_in: str = ""  # empty: no desk, as all agents

    @property
    def scope(self) -> str:
        return self.area[:9] + "000"

    @property
    def actor(self) -> Actor:
        """This person acting now, as the edge would build it."""
        return Actor(self.id, self.name, (HeldPost(self.post, self.role, self.area),))


@dataclass(frozen=True)
class Served:
    """A resident."""

    id: UUID
    household: UUID
    name: str
    initials: str
    sex: str
    birth_on: date
    area: str
    id_number: str
    group: str = "3组"

    @property
    def scope(self) -> str:
        return self.area[:9] + "000"


def _id(number: int) -> UUID:
    """A UUIDv7 that is the same in every run."""
    return UUID(f"01999999-0000-7000-8000-{number:012d}")


def _worker(number: int, name: str, initials: str, role: Role, area: str, sign_in: str = "") -> Worker:
    return Worker(_id(number), _id(100 + number), name, initials, role, area, sign_in)


def _served(number: int, name: str, initials: str, sex: str, birth_on: date, area: str = VILLAGE) -> Served:
    order = f"{number * 2 + (sex == 'male'):03d}"
    body = f"990101{birth_on:%Y%m%d}{order}"
    text = body + id_numbers.check_character(body)
    return Served(_id(200 + number), _id(300 + number), name, initials, sex, birth_on, area, text)


@dataclass(frozen=True)
class Cast:
    """Who is who. Each is a plain value with its ids; the rows are in the database."""

    wang_fang: Worker = _worker(1, "王芳", "wf", Role.AGENT, VILLAGE)  # visits
    zhao_min: Worker = _worker(2, "赵敏", "zm", Role.AGENT, VILLAGE_ELSEWHERE)  # visits elsewhere, sees nothing here
    li_qiang: Worker = _worker(3, "李强", "lq", Role.TOWNSHIP_OFFICER, TOWNSHIP, "liqiang")  # checks
    luo_guoxiu: Worker = _worker(4, "罗国秀", "lgx", Role.LEAD, TOWNSHIP, "luoguoxiu")  # leads the agents
    qian_wei: Worker = _worker(
        5, "钱伟", "qw", Role.TOWNSHIP_OFFICER, TOWNSHIP_ELSEWHERE, "qianwei"
    )  # a desk elsewhere
    he_jing: Worker = _worker(6, "何静", "hj", Role.COUNTY, COUNTY, "hejing")  # the county centre
    zheng_tao: Worker = _worker(7, "郑涛", "zt", Role.SYSADMIN, COUNTY, "zhengtao")  # keeps the machine, sees no people

    chen_guilan: Served = _served(
        1, "陈桂兰", "cgl", "female", date(1948, 3, 2)
    )  # is visited: 78, pension due this year
    zhou_xinglin: Served = _served(2, "周兴林", "zxl", "male", date(1951, 7, 19))  # same village, nothing due
    ma_xiuying: Served = _served(3, "马秀英", "mxy", "female", date(1945, 1, 5), VILLAGE_ELSEWHERE)  # lives elsewhere

    entitlement: UUID = _id(401)  # 陈桂兰's pension
    care: UUID = _id(402)  # her place on the care roster

    @property
    def workers(self) -> list[Worker]:
        return [each for each in (getattr(self, field.name) for field in fields(self)) if isinstance(each, Worker)]

    @property
    def residents(self) -> list[Served]:
        return [each for each in (getattr(self, field.name) for field in fields(self)) if isinstance(each, Served)]


CAST = Cast()


def make(password_hash: str, *, due_on: date = date(2026, 12, 31)) -> None:
    """Put the cast into a new database, by events, so that its journal proves their rows too.

    `due_on`: the day of 陈桂兰's verification. Where the real clock runs it must lie well ahead, or all stories change
    in the month before it.
    """
    with models.transaction():
        models.insert([Scope(code=code) for code, _, level, _ in AREAS if level in ("county", "township")])
    with models.transaction(COUNTY):
        areas = [Area(code=code, name=name, level=level, parent=parent) for code, name, level, parent in AREAS]
        models.insert(areas)
        deed = journal.Deed("areas.imported", COUNTY, {"rows": len(areas)}, rows=areas)
        journal.write([deed], actor=None, now=NOW, by="tests")
    for scope in (COUNTY, TOWNSHIP, TOWNSHIP_ELSEWHERE):
        with models.transaction(scope):
            rows = _workers_of(scope, password_hash) + _residents_of(scope, due_on)
            models.insert(rows)
            journal.write([journal.Deed("sample.made", scope, rows=rows)], actor=None, now=NOW, by="tests")


def _workers_of(scope: str, password_hash: str) -> list[models.Row]:
    rows: list[models.Row] = []
    workers = [each for each in CAST.workers if each.scope == scope]
    for each in workers:
        rows.append(
            Person(id=each.id, name=each.name, initials=each.initials, unit="花梨镇便民服务中心", phone="10212340000")
        )
    for each in workers:
        rows.append(
            Post(id=each.post, person=each.id, role=each.role, area=each.area, scope=scope, from_on=date(2026, 1, 1))
        )
        if each.sign_in:
            rows.append(Account(person=each.id, name=each.sign_in, password=password_hash, totp_secret=TOTP_SECRET))
    return rows


def _residents_of(scope: str, due_on: date) -> list[models.Row]:
    found = [each for each in CAST.residents if each.scope == scope]
    rows: list[models.Row] = [
        Household(id=each.household, scope=scope, area=each.area, number=f"{number:03d}", group=each.group)
        for number, each in enumerate(found, 1)
    ]
    first = models.next_revs(scope, len(found)) if found else 0
    for number, each in enumerate(found):
        rows.append(
            Resident(
                id=each.id, scope=scope, area=each.area, household=each.household, group=each.group, name=each.name,
                initials=each.initials, sex=each.sex, birth_on=each.birth_on, birth_year=each.birth_on.year,
                id_number=each.id_number, id_lookup=ciphers.lookup(models.keys().lookup, each.id_number),
                id_tail=each.id_number[-4:], id_verified=True, needs="hearing" if each is CAST.chen_guilan else "",
                card="full" if each is CAST.chen_guilan else "name", rev=first + number,
            )
        )  # fmt: skip
    if scope == TOWNSHIP:
        chen = CAST.chen_guilan
        rows.append(
            Entitlement(
                id=CAST.entitlement, resident=chen.id, scope=scope, area=chen.area, benefit="BPIURR",
                number="P-0001", paying_area=COUNTY, cycle_months=12, last_success_on=date(2025, 12, 3),
                due_on=due_on,
            )
        )  # fmt: skip
        rows.append(
            CareEntry(
                id=CAST.care, resident=chen.id, scope=scope, area=chen.area, state="enrolled", reason="独居",
                every_days=30, next_visit_on=date(2026, 10, 20),
            )
        )  # fmt: skip
    return rows
