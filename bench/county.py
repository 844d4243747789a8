"""A county to measure in: 开阳县's real areas, its staff, agents with phones and badges, and invented residents.

Staff, phones and badges are made by the same actions that people use; residents, their benefits and their places on
the care roster come in by the events an import leaves. Seeded: the same seed gives the same people, while keys, ids
and salts are new each time.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image, ImageFilter

import keys
import models
from actions import areas, badges, cards, enrolments, installation, journal, people, spreadsheets
from actions.people import NewPost
from bench.databases import Database
from models import CareEntry, Entitlement, Household, Person, Post, Resident
from rules import ciphers
from rules.actors import Actor, HeldPost, Role
from rules.days import day_of
from rules.id_numbers import check_character
from rules.names import initials

AREAS = Path(__file__).resolve().parents[1] / "data" / "areas-520121.csv"
COUNTY = "520121000000"
AGENTS_PER_VILLAGE = 2
AT_ONCE = 500  # people in one event of an import

SURNAMES = "王李张刘陈杨黄吴赵周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石龙冉骆熊"
FIRST = "桂秀国兴建玉光志德凤正朝天永登素淑世文华明春金银应开维绍仕大成忠宗荣昌启家云先廷"
SECOND = "兰英华林国珍明强明英贵云福科芬才红芝香珠莲仙群会琼芳翠平富全祥友良学发才刚义仁忠远"
GROUPS = ("一组", "二组", "三组", "四组", "五组", "大寨组", "水井组")


def name(dice: random.Random) -> str:
    """A name as they are there: some surnames are common, one in eight given names has one character."""
    surname = SURNAMES[min(int(dice.expovariate(1 / 14)), len(SURNAMES) - 1)]
    given = dice.choice(SECOND) if dice.random() < 0.125 else dice.choice(FIRST) + dice.choice(SECOND)
    return surname + given


TOWNSHIPS = 18


def villages(most: int = TOWNSHIPS) -> dict[str, list[str]]:
    """{township: its villages}, of so many townships."""
    found: dict[str, list[str]] = {}
    with AREAS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["level"] == "village":
                found.setdefault(row["parent_code"], []).append(row["code"])
    return dict(list(found.items())[:most])


# ---- staff, phones, badges


@dataclass(frozen=True)
class Carrier:
    """An agent's phone as the bench plays it."""

    device: str
    person: str
    post: str
    scope: str
    village: str
    key: str  # PEM, not encrypted: these people and phones are invented


def staff(folder: Path, *, now: datetime, agents: int = AGENTS_PER_VILLAGE, most: int = TOWNSHIPS) -> None:
    """Areas, one lead a township, one person for the county, agents with phones and badges. Writes the phones' keys."""
    areas.load(spreadsheets.read(AREAS), actor=None, now=now, by="bench")
    dice = random.Random("staff")
    people.add("何静", NewPost(Role.COUNTY, COUNTY, date(2020, 1, 1)), actor=None, now=now, by="bench")
    made: list[Carrier] = []
    for scope, codes in villages(most).items():
        post = NewPost(Role.LEAD, scope, date(2020, 1, 1))
        lead = people.add(name(dice), post, phone="10286310427", actor=None, now=now, by="bench")
        leader = actor_of(lead.id, now)
        orders = []
        for village in codes:
            for _ in range(agents):
                post = NewPost(Role.AGENT, village, date(2020, 1, 1))
                agent = people.add(name(dice), post, duty="代办员", actor=None, now=now, by="bench")
                acting = actor_of(agent.id, now)
                made.append(phone(acting, village, scope, leader, now))
                months = 12 if dice.random() < 0.1 else 60  # some run out, and visits after that are shown
                orders.append(badges.Order(agent, acting.posts, picture=face(dice), months=months))
        badges.issue(orders, actor=leader, now=now)
    (folder / "phones.json").write_text(json.dumps([vars(each) for each in made]))


def phone(agent: Actor, village: str, scope: str, lead: Actor, now: datetime) -> Carrier:
    """Give an agent a phone as it is done: offered, claimed, six digits typed, released."""
    key = ec.generate_private_key(ec.SECP256R1())
    offered = enrolments.offer(agent, actor=lead, now=now)
    code = str(offered.code)
    public = ciphers.b64(spki(key))
    enrolments.claim(code, public, "bench", network="bench", now=now)
    digits = ciphers.enrolment_digits(code[:10], public)
    device = enrolments.release(offered, digits, actor=lead, now=now)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return Carrier(str(device.id), str(agent.person), str(agent.posts[0].id), scope, village, pem)


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def carriers(folder: Path) -> list[Carrier]:
    return [Carrier(**each) for each in json.loads((folder / "phones.json").read_text())]


def actor_of(person: UUID, now: datetime) -> Actor:
    """Somebody with all posts they were given."""
    posts = Post.select().where(Post.person == person)
    held = tuple(HeldPost(id=each.id, role=Role(each.role), area=each.area) for each in posts)
    return Actor(person=person, name=Person.get_by_id(person).name, posts=held)


def someone(role: Role, area: str) -> UUID:
    """Who holds that post."""
    found = Post.select(Post.person).where((Post.role == role) & (Post.area == area)).first()
    return UUID(str(found.person_id))


def face(dice: random.Random) -> bytes:
    """A picture with about as much in it as a face has; nobody's."""
    image = Image.effect_noise((100, 125), 60).filter(ImageFilter.GaussianBlur(3)).resize((600, 750)).convert("RGB")
    image.paste((dice.randrange(120, 255), 160, 130), (200, 200, 400, 480))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


# ---- residents


def residents(scope: str, codes: Sequence[str], count: int, *, seed: int, now: datetime) -> None:
    """So many people of one township with their households, benefits and care: in one transaction with their events."""
    dice = random.Random(f"people {seed} {scope}")
    with models.transaction(scope):
        made = list(_people(scope, codes, count, dice))
        for start in range(0, len(made), AT_ONCE):
            rows = [row for each in made[start : start + AT_ONCE] for row in each]
            models.insert(sorted(rows, key=lambda row: not isinstance(row, Household)))  # doors before who lives there
            here = [row for row in rows if isinstance(row, Household | Resident)]
            listed = [row for row in rows if isinstance(row, Entitlement)]
            deeds = [
                journal.Deed("roster.imported", scope, {"imported": len(here), "updated": []}, rows=here),
                journal.Deed("entitlements.imported", scope, {"rows": len(listed)}, rows=listed),
                *(
                    journal.Deed("roster.changed", scope, {"care": row.id, "state": "enrolled"}, row.resident_id, [row])
                    for row in rows
                    if isinstance(row, CareEntry)
                ),
            ]
            journal.write(deeds, actor=None, now=now, by="bench")


def _people(scope: str, codes: Sequence[str], count: int, dice: random.Random) -> Iterator[list[models.Row]]:
    home: Household | None = None
    for number in range(count):
        village = codes[number * len(codes) // count]
        rows: list[models.Row] = []
        if home is None or home.area != village or dice.random() < 0.6:
            home = Household(
                id=ciphers.uuid7(), scope=scope, area=village, number=f"{number:05d}", group=dice.choice(GROUPS)
            )
            rows.append(home)
        born = date(1930, 1, 1) + timedelta(days=int(dice.triangular(0, 29_000, 9_000)))
        sex = dice.choice(("male", "female"))
        body = f"99{scope[4:8]}{born:%Y%m%d}{number % 500 * 2 + (sex == 'male'):03d}"
        said = name(dice)
        old = born.year < 1966
        resident = Resident(
            id=ciphers.uuid7(), scope=scope, area=village, registration_area=village, household=home.id,
            relation="户主" if rows else "配偶", group=home.group, name=said, initials=initials(said), sex=sex, birth_on=born,
            birth_year=born.year, id_number=body + check_character(body), id_tail=(body + check_character(body))[-4:],
            phone=f"102{dice.randrange(10**8):08d}" if dice.random() < 0.7 else "",
            needs="hearing,alone" if dice.random() < 0.1 else "", state="verified", roster_said={"name": said},
        )  # fmt: skip
        rows.append(resident)
        if old:
            last = day_of(datetime.now(UTC)) - timedelta(days=dice.randrange(30, 420))
            rows.append(
                Entitlement(
                    id=ciphers.uuid7(), resident=resident.id, scope=scope, area=village, benefit="BPIURR",
                    number=f"P{number:06d}", paying_area="开阳县", cycle_months=12, last_success_on=last,
                    due_on=last + timedelta(days=365),
                )
            )  # fmt: skip
        if dice.random() < 0.15:
            rows.append(
                CareEntry(
                    id=ciphers.uuid7(), resident=resident.id, scope=scope, area=village, state="enrolled", reason="独居",
                    every_days=30, next_visit_on=day_of(datetime.now(UTC)) + timedelta(days=dice.randrange(30)),
                )
            )  # fmt: skip
        yield rows


def make(
    database: Database, people_: int, *, now: datetime, agents: int = 1, seed: int = 1, most: int = TOWNSHIPS
) -> None:
    """A whole small county in an empty database."""
    installation.migrate(database.settings, demo=True, now=now)
    models.bind(models.open_database(database.url), keys.read(database.settings.keys_path))
    staff(database.folder, now=now, agents=agents, most=most)
    found = villages(most)
    each = people_ / sum(map(len, found.values()))
    for scope, codes in found.items():
        residents(scope, codes, max(len(codes), round(each * len(codes))), seed=seed, now=now)
        with models.transaction(scope):
            cards.touch(
                [key for (key,) in Resident.select(Resident.id).where(Resident.scope == scope).tuples()], now=now
            )
