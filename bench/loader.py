"""`python -m bench.loader --events 2000000`: years of a county's work, as fast as the database takes them.

What agents do is made up day by day: visits, life verifications, checks at the township, phones that were away for
days, clocks that are off. Each event is truly signed by its phone (or the server), sealed, numbered and chained, and
each row is made by the function that makes it when a phone sends it; only the looking up is left out, since the
generator knows everybody. So `flask --app app verify` proves what was loaded, and it cannot be told from the other.
Left out: the picture files (their rows are there), inboxes, and kinds of event that are rare.

Townships are loaded side by side by several processes, each some days at a time in one transaction; begun again, it
goes on after the last day that is there. PostgreSQL gets COPY, SQLite executemany. Seeded: the same visits, while ids,
salts and signatures are new each time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import serialization

import keys
import models
from actions import arrivals, cards, installation, journal, sync, verifications, visits
from actions.arrivals import Arrived, Batch
from bench import county
from bench.databases import DATABASES, Database
from bench.phones import Phone, instant
from models import (
    Badge,
    CareEntry,
    Device,
    Entitlement,
    JournalEntry,
    LifeVerification,
    Person,
    Picture,
    Resident,
    Scope,
    Visit,
)  # fmt: skip
from rules import ciphers, events
from rules import visits as visit_rule
from rules.actors import Role
from rules.admission import Held, Span
from rules.days import CHINA, day_of

YEARS = 3
EVENTS_PER_VISIT = 1.92  # measured: what a visit brings with it
IN_ONE_TRANSACTION = 4000  # events

#: How visits end, of 10 000; why they are made.
OUTCOMES = {
    "done": 7600, "part_done": 500, "not_home": 1100, "away": 300, "hospital": 180, "refused": 120, "moved": 100,
    "unsafe": 70, "death_reported": 30,
}  # fmt: skip
REASONS = {
    ("care",): 52,
    ("verification",): 27,
    ("delivery",): 7,
    ("request",): 6,
    ("revisit",): 5,
    ("care", "request"): 2,
    ("other",): 1,
}
#: Notes as long as those of a real week: a third says nothing, most are one sentence, few are long.
NOTES = (
    "", "", "", "", "", "身体还好，能自己做饭。", "在家，身体还好，药按时吃。", "儿子在外打工，过年回来。", "药快吃完了，提醒了女儿。",
    "问了医保缴费的事，讲清楚了。", "门口路滑，已跟村里说。", "换了新电话，记下了。", "院子里摔过一次，没大碍，卫生室看过了。",
    "屋里的灯坏了，跟村里电工说了，明天来修。老人说夜里起来不方便，想在床边装一个开关。",
    "去的时候在地里，等了一会儿才回来。说最近腿脚没有以前好，走不了远路，赶场都是邻居帮着带东西；低保的钱到账了，问了高龄津贴什么时候办，"
    "讲了要满八十岁，到时候上门来办，不用跑镇上。",
)  # fmt: skip
LATE_CLOCK = 7 * 60_000  # milliseconds a bad clock is off


# ---- one township


@dataclass
class Agent:
    """An agent with a phone, as the generator moves them through the days."""

    phone: Phone
    area: str
    enrolled_at: datetime
    people: list[Any]  # residents of the village
    after: int = 0  # newest position the phone heard of
    heard_at: datetime | None = None
    offset_ms: int | None = 120
    last_offset_ms: int | None = None
    away_until: date = date.min  # no signal until then
    outbox: list[tuple[dict[str, Any], Arrived, Any]] = field(default_factory=list)


class Township:
    """What is known of a township while its days are made; begins where the database ends."""

    def __init__(self, scope: str, plan: Plan) -> None:
        self.scope, self.plan = scope, plan
        r = Resident
        columns = (r.id, r.scope, r.area, r.household, r.name, r.initials, r.merged_into)
        here = r.select(*columns).where(r.scope == scope).order_by(r.area, r.household, r.id)
        self.people = {row[0]: arrivals.Subject(*row) for row in here.tuples()}
        self.homes = {key: each.household_id or key for key, each in self.people.items()}
        self.benefits: dict[UUID, list[UUID]] = defaultdict(list)
        for key, person in (
            Entitlement.select(Entitlement.id, Entitlement.resident).where(Entitlement.scope == scope).tuples()
        ):
            self.benefits[person].append(key)
        self.care = {each.resident_id: each for each in CareEntry.select().where(CareEntry.scope == scope)}
        self.agents = list(self._agents())
        self.staff = {each.id: each for each in Person.select()}
        badges: dict[UUID, list[Any]] = defaultdict(list)
        for person, *rest in Badge.select(
            Badge.person, Badge.state, Badge.valid_from, Badge.valid_to, Badge.ended_at
        ).tuples():
            badges[person].append(rest)
        self.badges = badges
        self.lead = county.actor_of(county.someone(Role.LEAD, scope), plan.first)
        self.letters = journal.abbreviation(scope)
        end = Scope.get_by_id(scope)
        self.end = journal.End(end.position, end.chain, end.receipt_on, end.receipt_count)
        self.marked = self._marked()

    def _agents(self) -> Iterator[Agent]:
        by_area: dict[str, list[Any]] = defaultdict(list)
        for each in self.people.values():
            by_area[each.area].append(each)
        devices = {str(each.id): each for each in Device.select().where(Device.scope == self.scope)}
        e = JournalEntry
        for each in county.carriers(self.plan.folder):
            if each.scope == self.scope:
                device = devices[each.device]
                key: Any = serialization.load_pem_private_key(each.key.encode(), None)
                phone = Phone(
                    each.device, each.person, each.post, each.scope, [], key, seq=device.seq, head=device.head
                )
                heard = (
                    e.select(e.position, e.received_at)
                    .where(e.device == device.id)
                    .order_by(e.seq.desc())
                    .tuples()
                    .first()
                )
                after, at = heard or (0, None)
                yield Agent(phone, each.village, device.enrolled_at, by_area[each.village], after=after, heard_at=at)

    def _marked(self) -> dict[UUID, bool]:
        """By resident, whether their newest done visit left a mark."""
        v = Visit
        rows = v.select(v.resident, v.mark).where((v.scope == self.scope) & v.outcome.in_(list(visit_rule.DONE)))
        return {resident: visits.is_marked(mark) for resident, mark in rows.order_by(v.ended_at).tuples()}

    def done_to(self) -> date | None:
        """The last day that is loaded: a transaction holds whole days."""
        e = JournalEntry
        last = (
            e.select(e.received_at).where((e.scope == self.scope) & (e.position == self.end.position)).tuples().first()
        )
        return day_of(last[0]) if last else None


@dataclass(frozen=True)
class Plan:
    """How much is to be there, and over which days."""

    settings: Any
    folder: Path
    events: int
    people: int
    seed: int
    first_on: date
    days: int
    bundle: int  # days in one transaction
    townships: int = county.TOWNSHIPS

    @property
    def first(self) -> datetime:
        return at_clock(self.first_on, 0, 0)

    def share(self, scope: str) -> float:
        """The part of all visits that a township has: by its villages."""
        found = county.villages(self.townships)
        return len(found[scope]) / sum(len(codes) for codes in found.values())


class Days:
    """Makes some days of a township: entries and rows, not yet written."""

    def __init__(self, town: Township, first: date, count: int) -> None:
        self.town, self.plan = town, town.plan
        self.dice = random.Random(f"days {self.plan.seed} {town.scope} {first}")
        self.entries: list[JournalEntry] = []
        self.rows: list[models.Row] = []
        self.changed: set[UUID] = set()
        self.to_check: list[tuple[Visit, LifeVerification | None]] = []
        self.batch = Batch(now=self.plan.first, received_at=self.plan.first, people=town.staff, residents=town.people)
        own = models.settings_of("visit.late_days", "visit.clock_minutes")
        self.limits = visit_rule.Limits(own["visit.late_days"], own["visit.clock_minutes"])
        a_day = self.plan.events / EVENTS_PER_VISIT * self.plan.share(town.scope) / self.plan.days
        for number in range(count):
            self._day(first + timedelta(days=number), a_day, last=number == count - 1)

    def _day(self, day: date, visits_a_day: float, *, last: bool) -> None:
        self._desk(at_clock(day, 9, 0))
        self.to_check = self.to_check[-40:] if self.dice.random() < 0.9 else []
        agents, dice = self.town.agents, self.dice
        count = int(visits_a_day) + (dice.random() < visits_a_day % 1)
        for agent, made in Counter(dice.choices(range(len(agents)), k=count)).items():
            self._walk(agents[agent], day, made)
        arriving = []
        for agent in agents:
            if agent.away_until <= day and dice.random() < 0.004:
                agent.away_until = day + timedelta(days=dice.randrange(2, 15))
            if agent.outbox and (last or agent.away_until <= day):
                arriving.append((at_clock(day, 18, 0) + timedelta(seconds=dice.randrange(18_000)), agent))
        for at, agent in sorted(arriving, key=lambda each: each[0]):
            self._arrive(agent, at)

    # ---- on the phone

    def _walk(self, agent: Agent, day: date, count: int) -> None:
        """One agent's day: one door after another; sometimes two visits are noted at once, or a clock is off."""
        dice = self.dice
        agent.offset_ms = (
            None
            if dice.random() < 0.004
            else dice.randrange(-2000, 2000) + (LATE_CLOCK if dice.random() < 0.004 else 0)
        )
        at = at_clock(day, 8, dice.randrange(20, 59))
        minutes = max(1, min(45, 540 // max(count, 1)))
        for _ in range(count):
            at += timedelta(minutes=dice.randrange(1, minutes + 1), milliseconds=dice.randrange(1000))
            ended = at + timedelta(minutes=dice.randrange(3, 25))
            self._visit(agent, dice.choice(agent.people), at, ended)
            at = at if dice.random() < 0.003 else ended

    def _visit(self, agent: Agent, person: Any, started: datetime, ended: datetime) -> None:
        dice, town = self.dice, self.town
        outcome = dice.choices(list(OUTCOMES), OUTCOMES.values())[0]
        reasons = dice.choices(list(REASONS), REASONS.values())[0]
        here = outcome in ("done", "part_done")
        takes = reasons == ("verification",) and here and bool(town.benefits.get(person.id))
        visit, verification = str(ciphers.uuid7(ms(started))), str(ciphers.uuid7(ms(ended)))
        mark = self._mark(takes) if here else None
        body = {
            "visit": visit, "reasons": list(reasons), "outcome": outcome, "badge_shown": dice.random() < 0.97,
            "started_at": instant(started), "ended_at": instant(ended),
            **({"met": [{"resident": str(person.id)}, *([{"relation": "child"}] if dice.random() < 0.2 else [])]} if here else {}),
            **({"notes": dice.choice(NOTES)}), **({"mark": mark} if mark else {}),
            **({"where": "县医院"} if outcome == "hospital" else {"where": "女儿家"} if outcome == "away" else {}),
            **({"verifications": [verification]} if takes else {}),
        }  # fmt: skip
        self._sign(agent, "visit.ended", person, ended + timedelta(seconds=dice.randrange(1, 60)), body, mark)
        if takes:
            sign = {"kind": "signature", "role": "mark"}
            body = {
                "verification": verification, "visit": visit, "entitlements": [str(each) for each in town.benefits[person.id]],
                "document": "id_card" if dice.random() < 0.95 else "household_book",
                "condition": dice.choices(("healthy", "weak", "bedridden"), (80, 16, 4))[0], "gesture": "normal",
                "witness": {"name": county.name(dice), "relation": "neighbour"}, "kin": False,
                "captured_at": instant(ended - timedelta(minutes=1)), "mark": sign,
            }  # fmt: skip
            self._sign(agent, "verification.captured", person, ended + timedelta(seconds=70), body, sign, picture=True)

    def _mark(self, takes: bool) -> dict[str, Any]:
        drawn = self.dice.random()
        if takes or drawn < 0.55:
            return {"kind": "signature", "role": "mark"}
        if drawn < 0.8:
            return {"kind": "thumbprint", "slip": f"{self.dice.randrange(10**6):06d}", "witnesses": ["村组长", "邻居"]}
        return {"kind": "none", "why": "手不方便"}

    def _sign(
        self,
        agent: Agent,
        kind: str,
        person: Any,
        at: datetime,
        body: dict[str, Any],
        mark: Any,
        *,
        picture: bool = False,
    ) -> None:
        blobs = [self._blob("mark", "application/json", 8_000)] if mark and mark["kind"] == "signature" else []
        blobs += [self._blob("picture", "image/jpeg", 150_000)] if picture else []
        at = floor(at)
        item = agent.phone.event(
            kind, str(person.id), at, body, blobs=blobs, after=agent.after, offset_ms=agent.offset_ms
        )
        record = Arrived(
            id=UUID(item["id"]), scope=self.town.scope, hash=item["hash"], kind=kind, v=1, device=UUID(item["device"]),
            seq=agent.phone.seq, prev=json.loads(item["payload"])["prev"], actor=UUID(agent.phone.person),
            post=UUID(agent.phone.post), subject=person.id, at=at, payload=item["payload"],
            signature=ciphers.unb64(item["signature"]), body=events.PHONE_KINDS[kind].model_validate(body),
            after=agent.after, offset_ms=agent.offset_ms,
        )  # fmt: skip
        agent.outbox.append((item, record, blobs))

    def _blob(self, role: str, kind: str, most: int) -> dict[str, Any]:
        some = os.urandom(96)
        return {
            "sha256": some[:32].hex(), "plain_sha256": some[32:64].hex(), "key": ciphers.b64(some[64:]),
            "bytes": int(most * self.dice.uniform(0.3, 1)), "type": kind, "role": role,
        }  # fmt: skip

    # ---- at the county

    def _arrive(self, agent: Agent, now: datetime) -> None:
        """A phone's outbox comes in: rows, exceptions, numbers and chain as the way in makes them."""
        batch, town = self.batch, self.town
        batch.now = batch.received_at = now
        earliest = agent.heard_at or agent.enrolled_at
        records = [record for _, record, _ in agent.outbox]
        seen: dict[UUID, tuple[Arrived, Visit]] = {}
        taken: dict[UUID, LifeVerification] = {}
        for record in records:
            batch.spans[record.id] = Span(earliest, now)
            batch.offsets[record.id] = agent.last_offset_ms
            agent.last_offset_ms = record.offset_ms if record.offset_ms is not None else agent.last_offset_ms
            if self.dice.random() < 0.004:
                batch.hold(record, Held.TIME_UNCERTAIN)
            elif record.kind == "visit.ended":
                seen[record.id] = record, visits.row_of(record, batch, record.body.visit)
            else:
                taken[record.id] = verifications.row_of(record, batch, {})
        self._flag(list(seen.values()))
        for record, visit in seen.values():
            self._plan_care(record, visit)
            record.rows.insert(0, visit)
        for record in records:
            if record.id in taken:
                record.rows.append(taken[record.id])
        self.entries += journal.chained(records, town.end, letters=town.letters, now=now, numbered=sync.put_number)
        by_visit = {row.visit: row for row in taken.values()}
        for _, visit in seen.values():
            self.to_check.append((visit, by_visit.get(visit.id)))
        self.rows += [*(visit for _, visit in seen.values()), *taken.values()]
        self.rows += [picture for _, record, blobs in agent.outbox for picture in self._pictures(record, blobs, now)]
        agent.after, agent.heard_at, agent.outbox = town.end.position, now, []
        batch.spans.clear(), batch.offsets.clear()

    def _flag(self, seen: Sequence[tuple[Arrived, Visit]]) -> None:
        batch, town = self.batch, self.town
        stays = [
            visit_rule.Stay(v.id, v.person_id, town.homes[v.resident_id], v.started_at, v.ended_at) for _, v in seen
        ]
        double = visit_rule.overlapping(stays, ())
        for record, visit in seen:
            marked = visits.is_marked(visit.mark)
            found = visit_rule.flags(
                visit_rule.VisitFacts(
                    id=visit.id, person=visit.person_id, home=town.homes[visit.resident_id], started_at=visit.started_at,
                    ended_at=visit.ended_at, received_at=batch.received_at, claimed_at=batch.claimed(record),
                    span=batch.spans[record.id], offset_ms=record.offset_ms, last_offset_ms=batch.offsets[record.id],
                    outcome=visit.outcome, marked=marked, marked_before=town.marked.get(visit.resident_id), kin=False,
                    badge=visits.badge_valid(town.badges.get(visit.person_id), visit.ended_at),
                ),
                self.limits,
            )  # fmt: skip
            visit.flags = ",".join([*found, *([visit_rule.Flag.OVERLAP] if visit.id in double else [])])
            if visit.outcome in visit_rule.DONE:
                town.marked[visit.resident_id] = marked

    def _plan_care(self, record: Arrived, visit: Visit) -> None:
        entry = self.town.care.get(visit.resident_id)
        if entry is not None and "care" in record.body.reasons and visit.outcome in visit_rule.DONE:
            entry.next_visit_on = day_of(visit.ended_at) + timedelta(days=entry.every_days)
            record.rows.append(entry)
            self.changed.add(visit.resident_id)

    def _pictures(self, record: Arrived, blobs: Sequence[dict[str, Any]], now: datetime) -> Iterator[Picture]:
        """As they are once the phone has brought them and the job has drawn their copies."""
        for each in blobs:
            yield Picture(
                event=record.id, role=each["role"], device=record.device, sha256=each["sha256"],
                plain_sha256=each["plain_sha256"], key=each["key"], bytes=each["bytes"], type=each["type"],
                got=each["bytes"], state="shown", stored_at=now + timedelta(seconds=40), near_hash=each["sha256"][:16],
            )  # fmt: skip

    def _desk(self, at: datetime) -> None:
        """In the morning the lead looks at what came the days before; some stays, some is asked about."""
        waiting, self.to_check = self.to_check, []
        for visit, verification in waiting:
            if self.dice.random() < 0.45:
                self.to_check.append((visit, verification))
                continue
            at += timedelta(seconds=self.dice.randrange(5, 30))
            deeds = []
            if verification is not None:
                verification.state, verification.checked_by, verification.checked_at = (
                    "checked_ok",
                    self.town.lead.person,
                    at,
                )
                body = {"verification": verification.id, "challenge_lapsed": verification.challenge_lapsed}
                deeds.append(
                    journal.Deed("verification.checked", self.town.scope, body, visit.resident_id, [verification])
                )
            visit.state, visit.checked_by, visit.checked_at = "checked", self.town.lead.person, at
            deeds.append(
                journal.Deed("visit.checked", self.town.scope, {"visit": visit.id}, visit.resident_id, [visit])
            )
            signed = [journal.signed(deed, actor=self.town.lead, now=floor(at)) for deed in deeds]
            self.entries += journal.chained(signed, self.town.end, letters="", now=floor(at), numbered=lambda _: None)

    # ---- into the database

    def write(self) -> None:
        """All of these days in one transaction."""
        town = self.town
        with models.transaction(town.scope):
            for model in (JournalEntry, Visit, LifeVerification, Picture):
                rows = self.entries if model is JournalEntry else [row for row in self.rows if isinstance(row, model)]
                copy(model, rows)
            models.update_rows([town.care[key] for key in self.changed], CareEntry.next_visit_on)
            phones = [
                (UUID(a.phone.device), a.phone.seq, a.phone.head, a.heard_at, a.last_offset_ms, "bench")
                for a in town.agents
                if a.heard_at is not None
            ]
            columns = (Device.seq, Device.head, Device.heard_at, Device.clock_ms, Device.version)
            models.update_values(Device, columns, phones)
            end = town.end
            columns = (Scope.position, Scope.chain, Scope.receipt_on, Scope.receipt_count)
            models.update_values(
                Scope, columns, [(town.scope, end.position, end.chain, end.receipt_on, end.receipt_count)]
            )


def copy(model: type[models.Row], rows: Sequence[models.Row]) -> None:
    """Many rows of one table, the quickest way its database has."""
    table, columns = model._meta.table_name, models.Columns.of(model)
    values = (columns.values(row) for row in rows)
    cursor = models.database.cursor()
    if models.is_sqlite():
        places = ", ".join("?" * columns.count)
        cursor.executemany(f'INSERT INTO "{table}" ({columns.names}) VALUES ({places})', values)
        return
    with cursor.copy(f'COPY "{table}" ({columns.names}) FROM STDIN') as into:
        for row in values:
            into.write_row(row)


def at_clock(day: date, hour: int, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CHINA).astimezone(UTC)


def floor(at: datetime) -> datetime:
    """To the millisecond, as a phone writes it."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


# ---- all of it


def load(
    database: Database,
    events_: int,
    *,
    people: int,
    seed: int = 1,
    processes: int = 0,
    townships: int = county.TOWNSHIPS,
    today: date | None = None,
) -> int:
    """Bring the database to about so many events (from what it has); gives how many journal entries there are."""
    days = YEARS * 365 if events_ >= 100_000 else 120
    last = (today or day_of(datetime.now(UTC))) - timedelta(days=1)
    bundle = max(1, round(IN_ONE_TRANSACTION * days / max(events_ / townships, 1)))
    known = database.folder / "plan.json"
    if (database.folder / "loaded").exists():
        installation.migrate(database.settings, demo=True, now=datetime.now(UTC))  # it may be of an earlier version
        models.bind(models.open_database(database.url), keys.read(database.settings.keys_path))
        return JournalEntry.select().count()
    first_on = last - timedelta(days=days - 1)
    if known.exists():
        first_on = date.fromisoformat(json.loads(known.read_text())["first_on"])
    plan = Plan(database.settings, database.folder, events_, people, seed, first_on, days, min(bundle, days), townships)
    if not known.exists():
        installation.migrate(plan.settings, demo=True, now=plan.first)
        models.bind(models.open_database(plan.settings.database), keys.read(plan.settings.keys_path))
        county.staff(database.folder, now=plan.first - timedelta(days=40), most=townships)
        known.write_text(json.dumps({"first_on": first_on.isoformat(), "events": events_, "people": people}))
    else:
        models.bind(models.open_database(plan.settings.database), keys.read(plan.settings.keys_path))
    models.database.close()
    scopes = list(county.villages(townships))
    count = processes or min(os.cpu_count() or 1, len(scopes))
    shares = [scopes[number::count] for number in range(count)]
    if count == 1:
        load_townships(plan, scopes)
    else:
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            list(pool.map(load_townships, [plan] * count, shares))
    if not models.is_sqlite():  # PostgreSQL's own housekeeping does so by itself, some minutes later
        models.database.execute_sql("ANALYZE")
    (database.folder / "loaded").touch()
    return JournalEntry.select().count()


@contextmanager
def ready(kind: str, events_: int, people: int, *, quick: bool = False) -> Iterator[Database]:
    """A loaded county, filled now where it is not yet; a quick one is removed at the end."""
    with Database.fresh(kind) if quick else Database.loaded(kind, events_, people) as database:
        load(database, events_, people=people, processes=1 if quick else 0, townships=2 if quick else county.TOWNSHIPS)
        yield database


def load_townships(plan: Plan, scopes: Sequence[str]) -> None:
    """Some townships, some days of one after some of the other, so that the journal grows as it would."""
    models.bind(models.open_database(plan.settings.database), keys.read(plan.settings.keys_path))
    share = {scope: max(1, round(plan.people * plan.share(scope))) for scope in scopes}
    for scope in scopes:
        if not Resident.select().where(Resident.scope == scope).exists():
            county.residents(
                scope, county.villages()[scope], share[scope], seed=plan.seed, now=plan.first - timedelta(days=30)
            )
    towns = [Township(scope, plan) for scope in scopes]
    done = {town.scope: town.done_to() for town in towns}
    for start in range(0, plan.days, plan.bundle):
        first = plan.first_on + timedelta(days=start)
        for town in towns:
            loaded = done[town.scope]
            if loaded is None or loaded < first:
                Days(town, first, min(plan.bundle, plan.days - start)).write()
    for town in towns:
        with models.transaction(town.scope):
            cards.touch(town.people, now=plan.first + timedelta(days=plan.days))
    models.database.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.loader", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--people", type=int, default=40_000)
    parser.add_argument("--processes", type=int, default=0, help="default: one a core")
    parser.add_argument("--folder", type=Path, help="where the database lies (default: under var/bench)")
    options = parser.parse_args()
    with Database.loaded(options.database, options.events, options.people, folder=options.folder) as database:
        began = time.perf_counter()
        there = load(database, options.events, people=options.people, processes=options.processes)
        seconds = time.perf_counter() - began
    print(f"{there:,} events in {seconds:.0f} s, {there / seconds:,.0f} a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
