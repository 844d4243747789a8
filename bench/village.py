"""People for one agent's phone: 清江村 of the tests' small county with as many names, matters and pensioners as a measurement asks."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import models
from models import CareEntry, ConsentRecord, Entitlement, Household, LifeVerification, Resident
from rules import ciphers, id_numbers
from rules.days import day_of
from tests.support.cast import CAST, COUNTY, TOWNSHIP, VILLAGE

SURNAMES = {
    "罗": "l",
    "陈": "c",
    "杨": "y",
    "王": "w",
    "李": "l",
    "周": "z",
    "吴": "w",
    "石": "s",
    "龙": "l",
    "田": "t",
}
GIVEN = {
    "正": "z",
    "英": "y",
    "国": "g",
    "才": "c",
    "开": "k",
    "芬": "f",
    "昌": "c",
    "贵": "g",
    "德": "d",
    "珍": "z",
    "秀": "x",
}
CHUNK = 500


def add(names: int, due: int, pensioners: int) -> None:
    """Insert `names` people; the first `pensioners` of them can be verified (asked before, seen a year ago), `due` more are to be visited today."""
    chance = random.Random(20261129)  # the same people in every run
    for first in range(0, names, CHUNK):
        numbers = range(first, min(first + CHUNK, names))
        with models.transaction(TOWNSHIP):
            rev = models.next_revs(TOWNSHIP, len(numbers))
            rows: list[models.Row] = []
            for number in numbers:
                rows += _person(chance, number, rev + number - first, pensioners, pensioners + due)
            models.insert(rows)


def _person(chance: random.Random, number: int, rev: int, pensioners: int, full: int) -> list[models.Row]:
    family, one, two = chance.choice([*SURNAMES]), chance.choice([*GIVEN]), chance.choice([*GIVEN])
    household, resident = ciphers.uuid7(), ciphers.uuid7()
    born = day_of(datetime(1938 + number % 30, 1 + number % 12, 1 + number % 28, 4, tzinfo=UTC))
    body = f"990101{born:%Y%m%d}{number % 1000:03d}"
    id_number = body + id_numbers.check_character(body)
    rows: list[models.Row] = [
        Household(id=household, scope=TOWNSHIP, area=VILLAGE, number=f"{number:05d}", group=f"{1 + number % 9}组"),
        Resident(
            id=resident, scope=TOWNSHIP, area=VILLAGE, household=household, group=f"{1 + number % 9}组",
            name=family + one + two, initials=SURNAMES[family] + GIVEN[one] + GIVEN[two], sex="female", birth_on=born,
            birth_year=born.year, id_number=id_number, id_lookup=ciphers.lookup(models.keys().lookup, id_number),
            id_tail=id_number[-4:], id_verified=True, card="full" if number < full else "name", rev=rev,
        ),
    ]  # fmt: skip
    if number < pensioners:
        rows += _pension(resident)
    elif number < full:
        rows.append(
            CareEntry(
                resident=resident, scope=TOWNSHIP, area=VILLAGE, state="enrolled", reason="独居", every_days=30,
                next_visit_on=day_of(datetime.now(UTC)),
            )
        )  # fmt: skip
    return rows


def _pension(resident: UUID) -> list[models.Row]:
    """Due in three weeks; last year somebody stood by, and consent stands since."""
    now = datetime.now(UTC)
    before = now - timedelta(days=345)
    benefit = ciphers.uuid7()
    return [
        Entitlement(
            id=benefit, resident=resident, scope=TOWNSHIP, area=VILLAGE, benefit="BPIURR", number=str(benefit)[:13],
            paying_area=COUNTY, cycle_months=12, last_success_on=day_of(before), due_on=day_of(now + timedelta(days=20)),
        ),
        ConsentRecord(
            id=ciphers.uuid7(), resident=resident, purpose="life_verification", state="given", text_version="1",
            told="aloud", by="self", at=before, event=ciphers.uuid7(),
        ),
        LifeVerification(
            id=ciphers.uuid7(), resident=resident, scope=TOWNSHIP, area=VILLAGE, event=ciphers.uuid7(),
            entitlements=[str(benefit)], state="acknowledged", captured_by=CAST.wang_fang.id, captured_at=before,
            received_at=before, document="id_card", condition="healthy", witness={"name": "周兴林", "relation": "邻居"},
        ),
    ]  # fmt: skip
