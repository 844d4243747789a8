"""Four months of 花梨镇, lived through the real actions: nothing here writes a row. Days are counted back from today."""

from __future__ import annotations

import heapq
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import models
from actions import (
    accounts,
    areas,
    badges,
    cards,
    care,
    complaints,
    county_settings,
    deaths,
    deliveries,
    entitlements,
    people,
    phone_talk,
    pictures,
    requests,
    residents,
    roster,
    spreadsheets,
    stations,
    verifications,
    visits,
)
from api.access import actor_of
from commands import demo_people as who
from commands import demo_pictures as drawn
from commands.demo_phone import Blob, Phone, instant
from models import (
    Badge,
    CareEntry,
    Complaint,
    DeathReport,
    Delivery,
    Device,
    LifeVerification,
    Person,
    Request,
    Resident,
    Visit,
)
from rules import ciphers
from rules.actors import Actor, Role, scope_of
from rules.days import CHINA, day_of

BY = "demo"
START = 120  # days ago
Strand = Iterator[datetime]  # a part of the story; each instant it gives is when it goes on
CHAPTERS = 14


class Story:
    """Tells the months in order; each chapter leaves a database that is whole."""

    def __init__(self, blobs: Path, now: datetime) -> None:
        self.blobs, self.now, self.today = blobs, now, day_of(now)
        self.dice = random.Random(20261013)
        self.person: dict[str, Person] = {}
        self.station: dict[str, UUID] = {}
        self.phone: dict[str, Phone] = {}
        self.seen: set[UUID] = set()

    def chapters(self) -> Iterator[str]:
        """Give the title of each chapter before it is told."""
        told: Sequence[tuple[str, Callable[[], None]]] = (
            ("areas of 开阳县", self.areas),
            ("where they work", self.stations),
            ("who works here", self.staff),
            ("2 000 residents", self.roster),
            ("the agency's list", self.agency),
            ("badges", self.issue_badges),
            ("phones", self.phones),
            ("what helps at the door", self.needs),
            ("two months of walks", self.first_walks),
            ("checks at the township", self.first_checks),
            ("the list of this month", self.new_list),
            ("walks of the last weeks", self.last_walks),
            ("yesterday and today", self.last_days),
            ("what waits for people", self.desk_of_today),
        )
        assert len(told) == CHAPTERS
        for title, tell in told:
            yield title
            tell()
        county_settings.change(
            "county.name", "开阳县", actor=None, now=self.now, by=BY
        )  # says that the county is whole

    def at(self, days_ago: int, clock: str) -> datetime:
        """That day at that time in Shanghai; never in the future."""
        hour, minute = (int(part) for part in clock.split(":"))
        found = datetime.combine(self.today - timedelta(days=days_ago), time(hour, minute), CHINA)
        return min(found, self.now - timedelta(seconds=30)).astimezone(self.now.tzinfo)

    def actor(self, name: str, at: datetime) -> Actor:
        return actor_of(self.person[name], now=at)

    def live(self, *strands: Strand) -> None:
        """Tell several parts at once, in the order of their instants: the journal grows as time passes."""
        waiting: list[tuple[datetime, int, Strand]] = []
        for number, strand in enumerate(strands):
            self._go_on(waiting, number, strand)
        while waiting:
            _, number, strand = heapq.heappop(waiting)
            self._go_on(waiting, number, strand)

    def _go_on(self, waiting: list[tuple[datetime, int, Strand]], number: int, strand: Strand) -> None:
        until = next(strand, None)
        if until is not None:
            heapq.heappush(waiting, (until, number, strand))

    # ---- the county is set up

    def areas(self) -> None:
        areas.load(spreadsheets.read(who.AREAS), actor=None, now=self.at(START, "8:30"), by=BY)

    def stations(self) -> None:
        """The centre of the township, and a station in two of its villages."""
        now = self.at(START, "8:45")
        for area, level, phone in who.STATIONS:
            name = f"{badges.place_name(area)}便民服务{'中心' if area == who.HUALI else '站'}"
            wanted = stations.NewStation(name, level, area, phone=phone, hours="周一至周五 9:00–17:00")
            self.station[area] = stations.add(wanted, actor=None, now=now, by=BY).id

    def staff(self) -> None:
        now, first = self.at(START, "9:00"), self.today - timedelta(days=START)
        for number, each in enumerate(who.STAFF):
            kind = "two_committees" if each.role is Role.AGENT else ""
            post = people.NewPost(each.role, each.area, first, kind=kind, station=self.station.get(each.area))
            unit = (
                badges.place_name(each.area)
                if each.role is Role.AGENT
                else f"{badges.place_name(each.area)}便民服务中心"
            )
            duty = each.duty or "代办员"
            phone = f"102631{number:05d}"
            made = people.add(each.name, post, phone=phone, unit=unit, duty=duty, actor=None, now=now, by=BY)
            self.person[each.name] = made
            if each.stands_in:
                people.give_post(made, people.NewPost(each.role, each.stands_in, first), actor=None, now=now, by=BY)
            if each.sign_in:
                accounts.make(made, each.sign_in, password=who.PASSWORD, known=True, actor=None, now=now, by=BY)

    def roster(self) -> None:
        now = self.at(START, "10:00")
        source = roster.Source(spreadsheets.read(who.ROSTER), who.ROSTER.name, "demo", None, BY)
        roster.load(source, now=lambda: now)

    def agency(self) -> None:
        self._agency_list(who.pensioners(), self.at(START - 1, "9:00"))

    def _agency_list(self, listed: Sequence[who.Listed], now: datetime) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
            file.write(who.agency_list(listed, today=self.today))
            file.flush()
            source = entitlements.Source(spreadsheets.read(Path(file.name)), "待认证名单.csv", "demo", None, BY)
            entitlements.load(source, covers=who.COUNTY, now=now)

    def issue_badges(self) -> None:
        now = self.at(START - 2, "9:30")
        for scope, lead in ((who.HUALI, "李国秀"), (who.YONGWEN, "田方")):
            orders = [self._order(each) for each in who.STAFF if each.badge != "none" and scope_of(each.area) == scope]
            badges.issue(orders, actor=self.actor(lead, now), now=now)

    def _badge_lost(self) -> Strand:
        """杨秀芝 lost her badge: whoever finds it reads "revoked"; she has a new one."""
        later = self.at(40, "16:10")
        yield later
        lead = self.actor("李国秀", later)
        badges.revoke([self._badge("杨秀芝")], why="下雨天掉在路上了", lost=True, actor=lead, now=later)
        mine = next(each for each in who.STAFF if each.name == "杨秀芝")
        badges.issue([self._order(mine)], actor=lead, now=later + timedelta(minutes=10))

    def _order(self, each: who.Worker) -> badges.Order:
        months, first = 12, None
        if each.badge == "expired":
            first = self.today - timedelta(days=383)  # its year ended some weeks ago
        elif each.badge == "ending":
            first = self.today - timedelta(days=350)
        person = Person.get_by_id(self.person[each.name].id)
        posts = actor_of(person, now=self.now).posts
        phone = who.HOTLINE_OF_HUALI if scope_of(each.area) == who.HUALI else "10286310500"
        picture = drawn.portrait(each.name)
        unit = badges.place_name(each.area)
        return badges.Order(person, posts, unit=unit, phone=phone, picture=picture, first_on=first, months=months)

    def _badge(self, name: str) -> Badge:
        found: Badge = Badge.select().where(Badge.name == name, Badge.state.in_(("active", "suspended"))).get()
        return found

    def phones(self) -> None:
        for number, each in enumerate(one for one in who.STAFF if one.carries):
            lead = "李国秀" if scope_of(each.area) == who.HUALI else "田方"
            now = self.at(START - 5, f"{9 + number // 3}:{number % 3 * 15:02d}")
            phone = Phone(self.actor(each.name, now), self.blobs)
            self.phone[each.name] = phone.enrol(lead=self.actor(lead, now), now=now)

    def needs(self) -> None:
        """The desk writes down what helps at the door, and who should be looked in on."""
        now = self.at(START - 6, "14:00")
        lead = self.actor("李国秀", now)
        for name, needs in who.NEEDS.items():
            wanted: dict[str, Any] = {"needs": needs, "hours": who.HOURS.get(name, "")}
            if name == "罗正英":
                wanted |= {"dialect": "本地话", "no_phone": True}
            residents.change(self.resident(name), wanted, actor=lead, now=now)
        alone = Resident.select().where(Resident.scope == who.HUALI, Resident.birth_year < 1950)
        for number, each in enumerate(alone.order_by(Resident.id_tail, Resident.name).limit(34)):
            need = self.dice.choice(("hearing", "mobility", "alone", "sight", "hearing,mobility", "speech"))
            if each.name not in who.NEEDS:
                residents.change(each, {"needs": need}, actor=lead, now=now)
            care.enrol(each, "高龄，子女在外", (30, 60, 90)[number % 3], actor=lead, now=now)
        for name in ("田景芝", "陈国发", "陈桂兰", "王德珍"):
            found = self.resident(name)
            if not found.care.exists():
                care.enrol(found, "一个人在家" if name == "田景芝" else "身体不便", 30, actor=lead, now=now)

    def _care_begins(self) -> Strand:
        """Agents ask who is proposed for the care roster; most agree, and the desk lets the visits begin."""
        yield self.at(START - 10, "17:00")
        asked = CareEntry.select(CareEntry, Resident).join(Resident).where(CareEntry.state == "proposed")
        by_area: dict[str, list[Any]] = {}
        for entry in asked.order_by(Resident.area, Resident.id_tail, Resident.name):
            by_area.setdefault(entry.area, []).append(entry)
        answers = 0
        for number, phone in enumerate(self.phone.values()):
            start = self.at(START - 11 - number, "9:00")
            yield self.at(START - 11 - number, "17:30")
            for entry in by_area.get(phone.post.area, []):
                answers += 1
                self.consent(
                    phone, entry.resident_id, "care_roster", start, "refused" if answers % 11 == 5 else "given"
                )
                self.visit(
                    phone, entry.resident_id, start, start + timedelta(minutes=21), notes=self.dice.choice(who.NOTES)
                )
                start += timedelta(minutes=34)
            phone.send(now=self.at(START - 11 - number, "17:30"))
        later = self.at(START - 22, "10:00")
        yield later
        lead = self.actor("李国秀", later)
        entries = list(CareEntry.select().where(CareEntry.state == "enrolled").order_by(CareEntry.id))  # who agreed
        care.pause(entries[0], "去女儿家过冬", actor=lead, now=later + timedelta(minutes=5))
        care.leave(entries[1], "搬去和儿子住", actor=lead, now=later + timedelta(minutes=6))

    # ---- walks

    def first_walks(self) -> None:
        walks = (walk for days_ago in range(START - 21, 47, -1) for walk in self._walks(days_ago))
        self.live(self._care_begins(), *walks)

    def last_walks(self) -> None:
        walks = (walk for days_ago in range(43, 2, -1) for walk in self._walks(days_ago))
        self.live(
            *walks,
            self._badge_lost(),
            self._taken_again(),
            self._news_of_a_month_ago(),
            self._one_leaves(),
            self._chen_qiming(),
        )

    def _walks(self, days_ago: int) -> Iterator[Strand]:
        """On a working day one or two agents go out."""
        if (self.today - timedelta(days=days_ago)).weekday() > 4:
            return
        for number, name in enumerate(self.phone):
            gone = days_ago <= {"石光荣": 21, "陈启明": 7, "王文芳": 24}.get(name, 0)
            if (days_ago + number * 3) % (8 if days_ago < 44 else 13) == 0 and not gone:
                yield self._walk(name, days_ago)

    def _walk(self, name: str, days_ago: int) -> Strand:
        """A few homes near each other; most agents send in the evening, one only days later."""
        yield self.at(days_ago, "7:50")
        phone = self.phone[name]
        self._night(days_ago)
        if days_ago % 22 < 11:
            phone.villages, phone.rows = {}, {}
        phone.pull(now=self.at(days_ago, "7:50"))
        start = self.at(days_ago, "9:10")
        for resident in self._next_homes(phone, self.dice.randint(2, 5)):
            self._ordinary_visit(phone, resident, start)
            start += timedelta(minutes=self.dice.randint(32, 55))
        for person in self._to_look_in_on(phone.post.area, self.today - timedelta(days=days_ago)):
            self.visit(phone, person, start, start + timedelta(minutes=18), notes=self.dice.choice(who.NOTES))
            start += timedelta(minutes=self.dice.randint(25, 40))
        late = name == "冉茂林" and 9 < days_ago < 20
        back = self.at(days_ago - 5, "8:10") if late else self.at(days_ago, "17:40")
        yield back
        phone.send(now=back)

    def _to_look_in_on(self, area: str, day: date) -> list[UUID]:
        """Two people of the care roster at most whose time has come; the last weeks leave some to whoever tries this out."""
        if (self.today - day).days < 12:
            return []
        due = (CareEntry.area == area) & (CareEntry.state == "enrolled") & (CareEntry.next_visit_on <= day)
        entries = CareEntry.select(CareEntry, Resident).join(Resident).where(due)
        return [
            each.resident_id
            for each in entries.order_by(CareEntry.next_visit_on, Resident.id_tail, Resident.name).limit(2)
        ]

    def _night(self, days_ago: int) -> None:
        """What the daily job does: whoever becomes due appears on phones."""
        cards.review_due(today=self.today - timedelta(days=days_ago), now=self.at(days_ago, "4:00"))

    def _next_homes(self, phone: Phone, count: int) -> list[dict[str, Any]]:
        """People of one's own village with something due, whom this story has not been to; near each other."""
        named = set(who.DUE_IN) | set(who.NEEDS)
        due = [
            row
            for row in phone.rows.values()
            if row.get("card") == "full" and row["area"] == phone.post.area and UUID(str(row["id"])) not in self.seen
            and row["name"] not in named and not row.get("life")
            and any(not each.get("taken") for each in row.get("entitlements", ()))
        ]  # fmt: skip
        due.sort(
            key=lambda row: (
                min(str(e["due_on"]) for e in row["entitlements"]),
                row.get("group", ""),
                row["name"],
                row.get("tail", ""),
            )
        )
        return due[:count]

    def _ordinary_visit(self, phone: Phone, row: dict[str, Any], start: datetime) -> None:
        resident = UUID(str(row["id"]))
        self.seen.add(resident)
        chance = self.dice.random()
        end = start + timedelta(minutes=self.dice.randint(14, 26))
        if chance < 0.76:
            self.captured(phone, row, start, end, notes=self.dice.choice(who.NOTES))
        else:
            outcome = self.dice.choice(("not_home", "not_home", "away", "hospital", "refused", "moved"))
            where = {"away": "在浙江女儿家", "hospital": "县医院", "moved": "搬到县城儿子家"}.get(outcome, "")
            self.not_taken(phone, row, start, end, outcome, where)

    def captured(
        self, phone: Phone, row: dict[str, Any], start: datetime, end: datetime, *, notes: str = "", mark: str = "signature",
        condition: str = "healthy", witness: str = "", retake_of: UUID | None = None, kin: UUID | None = None,
    ) -> UUID:  # fmt: skip
        """Consent where it is new, the picture, the mark, the visit: four events at most."""
        resident, taken_at = UUID(str(row["id"])), end - timedelta(minutes=6)
        visit, verification = _id(start), _id(taken_at)
        if "life_verification" not in (row.get("consents") or {}):
            self.consent(phone, resident, "life_verification", start + timedelta(minutes=2))
        challenge = row.get("challenge") or {}
        need = "bedridden" if "bedridden" in row.get("needs", ()) else "normal"
        gesture = challenge.get("gestures", {}).get(need, "none")
        helper = row.get("helper") or {}
        relation = "老伴" if witness else helper.get("relation") or ("家人" if helper.get("name") else "邻居")
        said = {"name": witness or helper.get("name") or "村民小组长", "relation": relation}
        body = {
            "verification": str(verification), "visit": str(visit),
            "entitlements": [str(each["id"]) for each in row["entitlements"]],
            "challenge": str(challenge["id"]) if challenge else None, "gesture": gesture, "document": "id_card",
            "condition": condition, "witness": said, "kin": kin is not None, "second_agent": str(kin) if kin else None,
            "captured_at": self.clock(phone, taken_at), "retake_of": str(retake_of) if retake_of else None,
            "mark": self.mark(mark),
        }  # fmt: skip
        blobs = [Blob("picture", drawn.bedside(f"{row['name']} {day_of(taken_at)}", gesture))]
        if mark == "signature":
            blobs.append(Blob("signature", drawn.signature(row["name"]), "application/json"))
        phone.write("verification.captured", body, at=end - timedelta(minutes=1), subject=resident, blobs=tuple(blobs))
        reasons = ["revisit" if retake_of else "verification"]
        self.visit(
            phone,
            resident,
            start,
            end,
            visit=visit,
            reasons=reasons,
            notes=notes,
            verifications=[str(verification)],
            mark=mark,
        )
        return verification

    def not_taken(
        self,
        phone: Phone,
        row: dict[str, Any],
        start: datetime,
        end: datetime,
        outcome: str,
        where: str = "",
        notes: str = "",
    ) -> None:
        resident, visit, verification = UUID(str(row["id"])), _id(start), _id(end)
        body = {
            "verification": str(verification), "visit": str(visit), "outcome": outcome, "where": where,
            "entitlements": [str(each["id"]) for each in row.get("entitlements", ())],
        }  # fmt: skip
        phone.write("verification.not_taken", body, at=end, subject=resident)
        self.visit(
            phone, resident, start, end, visit=visit, reasons=["verification"], outcome=outcome, where=where, notes=notes,
            verifications=[str(verification)], mark="",
        )  # fmt: skip

    def visit(
        self, phone: Phone, resident: UUID, start: datetime, end: datetime, *, visit: UUID | None = None,
        reasons: Sequence[str] = ("care",), outcome: str = "done", mark: str = "signature", notes: str = "", where: str = "",
        **more: Any,
    ) -> UUID:  # fmt: skip
        """`visit.ended`, with its mark; gives the visit's id."""
        visit = visit or _id(start)
        at_home = outcome in ("done", "part_done", "refused")
        body = {
            "visit": str(visit), "reasons": list(reasons), "outcome": outcome, "where": where, "notes": notes,
            "met": [{"resident": str(resident)}] if at_home else [], "badge_shown": at_home or None,
            "mark": self.mark(mark) if at_home and mark else None, "started_at": self.clock(phone, start),
            "ended_at": self.clock(phone, end),
        } | more  # fmt: skip
        blobs = (
            (Blob("signature", drawn.signature(str(resident)), "application/json"),)
            if at_home and mark == "signature"
            else ()
        )
        phone.write("visit.ended", body, at=end, subject=resident, blobs=blobs)
        return visit

    def consent(
        self, phone: Phone, resident: UUID, purpose: str, at: datetime, answer: str = "given", why: str = ""
    ) -> None:
        text = models.setting(f"consent.{purpose}")
        body = {
            "consent": str(_id(at)),
            "purpose": purpose,
            "text_version": text["version"],
            "told": "aloud",
            "why": why,
        }
        phone.write(f"consent.{answer}", body, at=at, subject=resident)

    def mark(self, kind: str) -> dict[str, Any]:
        if kind == "thumbprint":
            return {"kind": kind, "slip": f"HL-{self.dice.randint(1000, 9999)}", "witnesses": ["陈大兰", "龙国民"]}
        if kind == "none":
            return {"kind": kind, "why": "手抖，不肯签"}
        return {"kind": "signature", "role": "signature"}

    def clock(self, phone: Phone, at: datetime) -> str:
        """What the phone's own clock shows then."""
        return instant(at - timedelta(milliseconds=phone.offset_ms or 0))

    # ---- the township at work

    def first_checks(self) -> None:
        """What came in the first months is checked; some pictures had to be taken again."""
        day = self.at(45, "15:00")
        self._check_all(day, keep=0)

    def _check_all(self, now: datetime, keep: int) -> None:
        officer, lead = self.actor("周敏", now), self.actor("李国秀", now)
        yongwen = self.actor("田方", now)
        waiting = list(
            LifeVerification.select().where(LifeVerification.state == "captured").order_by(LifeVerification.captured_at)
        )
        for number, each in enumerate(waiting[: len(waiting) - keep] if keep else waiting):
            checker = officer if each.scope == who.HUALI else yongwen
            if number % 17 == 9:
                verifications.send_back(each, "脸被帽子挡住了，请补拍一张。", actor=checker, now=now)
            else:
                verifications.check(each, actor=checker, now=now)
        for number, visit in enumerate(self._to_look_at(who.HUALI)):
            if number % 5 != 4:
                visits.check(visit, actor=lead, now=now)

    def _to_look_at(self, scope: str) -> Any:
        """Visits nobody has looked at, without anything that should be asked about."""
        plain = (Visit.state == "synced") & (Visit.flags == "") & Visit.corrected_by.is_null()
        return Visit.select().where(plain & (Visit.scope == scope)).order_by(Visit.ended_at, Visit.resident_name)

    def new_list(self) -> None:
        """The agency's next list: whoever it has confirmed meanwhile is no longer in it."""
        done = {
            resident
            for (resident,) in LifeVerification.select(LifeVerification.resident)
            .where(LifeVerification.state == "checked_ok")
            .tuples()
        }
        gone = {each.name for each in Resident.select(Resident.name).where(Resident.id.in_(done))}
        dice = random.Random("confirmed elsewhere")
        again = LifeVerification.select(LifeVerification.resident).where(LifeVerification.state == "sent_back")
        named = set(who.DUE_IN) | {each.name for each in Resident.select(Resident.name).where(Resident.id.in_(again))}
        left = [
            each for each in who.pensioners() if each.name in named or (each.name not in gone and dice.random() < 0.62)
        ]
        self._agency_list(left, self.at(44, "10:00"))
        for phone in self.phone.values():
            phone.villages, phone.rows = {}, {}

    def _taken_again(self) -> Strand:
        """A picture that was sent back is taken again, and an older request goes its ways."""
        yield self.at(36, "9:00")
        back = LifeVerification.select().where(
            LifeVerification.state == "sent_back", LifeVerification.scope == who.HUALI
        )
        old = list(back.order_by(LifeVerification.captured_at))
        out = {each.actor.person: each for each in self.phone.values()}
        for number, each in enumerate(old):
            phone, start = out[each.captured_by_id], self.at(36, f"{10 + number}:00")
            phone.villages, phone.rows = {}, {}
            phone.pull(now=self.at(36, "9:00"))
            row = phone.rows[each.resident_id]
            self.captured(phone, row, start, start + timedelta(minutes=14), retake_of=each.id)
        for number, words in enumerate(("低保证上的名字写错了一个字，想改。", "想让村里帮卖两头猪。")):
            at = start + timedelta(minutes=20 + 20 * number)
            phone.write(
                "request.raised", {"request": str(_id(at)), "words": words}, at=at, subject=UUID(str(row["id"]))
            )
        yield self.at(36, "17:30")
        for each in {out[each.captured_by_id].actor.person for each in old}:
            out[each].send(now=self.at(36, "17:30"))
        later = self.at(35, "9:40")
        yield later
        officer = self.actor("周敏", later)
        name, pigs = Request.select().where(Request.resident == old[-1].resident_id).order_by(Request.raised_at)
        requests.pass_on(name, "县民政局低保股", "已把材料转过去，五个工作日内回话。", actor=officer, now=later)
        requests.decline(pigs, "这件事镇里办不了，可以找村里合作社罗社长。", actor=officer, now=later)

    def _news_of_a_month_ago(self) -> Strand:
        """A death that is confirmed, one that was a mistake, a complaint answered, a badge paused."""
        phone, now = self.phone["田维刚"], self.at(30, "11:00")
        yield now
        old = self._old_people("520121107205", 2)
        for number, resident in enumerate(old):
            body = {
                "death": str(_id(now)),
                "reporter": "村民小组长",
                "relation": "邻居",
                "source": "neighbour" if number else "family",
            }
            body |= {
                "died_on": str(day_of(now) - timedelta(days=2)),
                "words": "家里人说前天走的。" if number == 0 else "听隔壁说的。",
            }
            phone.write("death.reported", body, at=now + timedelta(minutes=number), subject=resident)
        words = "同一个人的电话要填两遍，走访和认证各一遍，能不能只填一遍。"
        phone.write(
            "complaint.made",
            {"complaint": str(_id(now)), "kind": "complaint", "words": words},
            at=now + timedelta(minutes=5),
        )
        yield self.at(30, "17:45")
        phone.send(now=self.at(30, "17:45"))
        later = self.at(28, "10:00")
        yield later
        lead = self.actor("李国秀", later)
        sure, doubtful = (DeathReport.get(DeathReport.resident == each) for each in old)
        deaths.confirm(sure, "派出所户口注销单", None, actor=lead, now=later)
        deaths.mistaken(doubtful, "是同名的另一位，已上门向家人道歉。", actor=lead, now=later)
        complaints.answer(
            Complaint.get(Complaint.person == self.person["田维刚"].id),
            "已改，认证里不再问电话，谢谢您说。",
            actor=lead,
            now=later,
        )

    def _one_leaves(self) -> Strand:
        """石光荣 no longer works here: badge, phone and posts end at once. What he still had comes later, and is held."""
        now = self.at(20, "9:30")
        yield now
        phone = self.phone["石光荣"]
        resident = self._old_people("520121107206", 1)[0]
        self.visit(
            phone, resident, now - timedelta(days=1, hours=2), now - timedelta(days=1, hours=1), notes="看了看，都好。"
        )
        people.remove(self.person["石光荣"], why="到外地务工", actor=self.actor("李国秀", now), now=now)
        later = self.at(18, "19:00")
        yield later
        phone.send(now=later)

    def _old_people(self, area: str, count: int) -> list[UUID]:
        named = list(who.DUE_IN)
        query = Resident.select(Resident.id).where(
            Resident.area == area, Resident.birth_year < 1952, Resident.name.not_in(named)
        )
        found = [key for (key,) in query.order_by(Resident.birth_on, Resident.name).tuples() if key not in self.seen]
        self.seen.update(found[:count])
        return found[:count]

    # ---- the last days, as people here tell them

    def last_days(self) -> None:
        self._night(3)
        self._full_packs(3)
        self.live(
            self._zhao_wenhui(), self._wang_wenfang(), self._seven_in_an_hour(), self._tian_weigang(), self._yang_xiuzhi(),
            self._checked_two_days_ago(), self._badge_paused(),
        )  # fmt: skip

    def _badge_paused(self) -> Strand:
        now = self.at(1, "9:00")
        yield now
        badges.suspend([self._badge("田维刚")], why="借调到县里一个月", actor=self.actor("李国秀", now), now=now)

    def _checked_two_days_ago(self) -> Strand:
        yield self.at(2, "17:00")
        self._check_all(self.at(2, "17:00"), keep=14)

    def _full_packs(self, days_ago: int) -> None:
        for name, phone in self.phone.items():
            if name not in ("石光荣", "陈启明"):
                phone.villages, phone.rows = {}, {}
                phone.pull(now=self.at(days_ago, "18:30"))

    def row(self, phone: Phone, name: str) -> dict[str, Any]:
        return next(row for row in phone.rows.values() if row["name"] == name and row["area"].startswith(who.HUALI[:9]))

    def resident(self, name: str) -> Resident:
        found: Resident = Resident.get(
            (Resident.name == name) & (Resident.scope == who.HUALI) & (Resident.household.is_null(False))
        )
        return found

    def _zhao_wenhui(self) -> Strand:
        """建中村: no signature twice running, and one fine verification."""
        phone = self.phone["赵文会"]
        zhao, long = self.row(phone, "赵德清"), self.row(phone, "龙照义")
        for days_ago, clock in ((2, "15:10"), (1, "16:30")):
            start = self.at(days_ago, clock)
            if days_ago == 1:
                fine = self.at(1, "10:45")
                self.captured(phone, long, fine, fine + timedelta(minutes=17))
            self.visit(
                phone,
                UUID(str(zhao["id"])),
                start,
                start + timedelta(minutes=20),
                mark="none",
                notes="聊了聊，精神还好。",
            )
            yield self.at(days_ago, "20:30")
            phone.send(now=self.at(days_ago, "20:30"))
        lead_at = self.at(0, "8:40")
        yield lead_at
        asked = Visit.select().where(Visit.resident == UUID(str(zhao["id"]))).order_by(Visit.ended_at.desc()).first()
        visits.ask(
            asked,
            "连着两次没有签名，是手抖还是不愿意？下次可以按手印。",
            actor=self.actor("李国秀", lead_at),
            now=lead_at,
        )

    def _wang_wenfang(self) -> Strand:
        """花梨村 and a correction; somebody in hospital; a bank card that may only go into the person's own hand."""
        phone = self.phone["王文芳"]
        wu, start = self.row(phone, "吴兴德"), self.at(1, "10:05")
        yield self.at(2, "17:00")
        card = deliveries.plan(
            self.resident("吴兴德"),
            deliveries.Plan("社保卡", self.person["王文芳"].id, self.today + timedelta(days=2), "只能给本人", money_function=True),
            actor=self.actor("周敏", self.at(2, "17:00")), now=self.at(2, "17:00"),
        )  # fmt: skip
        self.not_taken(phone, wu, start, start + timedelta(minutes=8), "hospital", "县医院，骨科", "女儿说下周出院。")
        attempted = {"delivery": str(card.id), "why": "hospital", "words": "本人住院，带回来了。"}
        phone.write("delivery.attempted", attempted, at=start + timedelta(minutes=9), subject=UUID(str(wu["id"])))
        others = self._old_people("520121107200", 4)
        begun = self.at(1, "14:00")
        for number, resident in enumerate(others[:2]):
            self.visit(
                phone,
                resident,
                begun + timedelta(minutes=40 * number),
                begun + timedelta(minutes=40 * number + 22),
                notes=who.NOTES[4 + number],
            )
        wrong = phone.outbox[-1]
        again = {
            "visit": str(_id(begun)), "reasons": ["care"], "outcome": "part_done", "notes": "药没领到，下次再来。",
            "met": [{"resident": str(others[1])}], "badge_shown": True, "mark": self.mark("thumbprint"),
            "started_at": self.clock(phone, begun + timedelta(minutes=40)), "ended_at": self.clock(phone, begun + timedelta(minutes=62)),
        }  # fmt: skip
        yield self.at(1, "17:50")
        phone.send(now=self.at(1, "17:50"))
        phone.write(
            "record.corrected",
            {"corrects": wrong.id, "why": "结果点错了", "body": again},
            at=self.at(1, "18:05"),
            subject=others[1],
        )
        self.consent(phone, others[2], "care_roster", self.at(1, "18:10"), "refused", "说子女常回来，不用。")
        yield self.at(1, "18:20")
        phone.send(now=self.at(1, "18:20"))
        phone.pull(now=self.at(1, "18:21"))
        yield self.at(0, "8:45")
        deliveries.bring_back(
            Delivery.get_by_id(card.id),
            "本人住院，等出院再送",
            actor=self.actor("周敏", self.at(0, "8:45")),
            now=self.at(0, "8:45"),
        )

    def _seven_in_an_hour(self) -> Strand:
        """花梨村: seven verifications in one hour, one where the agent is kin, and a phone that forgot the county's time."""
        phone = self.phone["王文芳"]
        yield self.at(2, "7:50")
        phone.pull(now=self.at(2, "7:50"))
        start = self.at(2, "9:00")
        rows = self._next_homes(phone, 9)
        for number, row in enumerate(rows[:7]):
            begun = start + timedelta(minutes=8 * number)
            self.captured(
                phone, row, begun, begun + timedelta(minutes=7), condition="weak" if number == 3 else "healthy"
            )
            self.seen.add(UUID(str(row["id"])))
        begun = self.at(2, "11:20")
        kin = self.person["宋代英"].id
        self.captured(
            phone, rows[7], begun, begun + timedelta(minutes=20), kin=kin, notes="是我堂嫂，请宋代英一起去的。"
        )
        phone.offset_ms = None
        elsewhere = self._old_people("520121107001", 1)[0]
        begun = self.at(2, "14:00")
        self.visit(phone, elsewhere, begun, begun + timedelta(minutes=15), notes="人住在我们村，户口在社区。")
        self.visit(
            phone,
            UUID(str(rows[0]["id"])),
            begun + timedelta(minutes=40),
            begun + timedelta(minutes=52),
            notes="送药过去。",
        )
        self.consent(
            phone,
            UUID(str(rows[1]["id"])),
            "life_verification",
            self.at(2, "15:30"),
            "withdrawn",
            "不想再拍照，改去镇里办。",
        )
        yield self.at(2, "16:50")
        phone.send(now=self.at(2, "16:50"))
        phone.offset_ms = 0

    def _chen_qiming(self) -> Strand:
        """高坪村: with a badge that has expired, and since then nothing heard."""
        phone = self.phone["陈启明"]
        start = self.at(6, "9:00")
        yield self.at(6, "7:40")
        phone.villages, phone.rows = {}, {}
        phone.pull(now=self.at(6, "7:40"))
        rows = [row for row in phone.rows.values() if row.get("entitlements") and row["area"] == phone.post.area]
        fresh = [
            row for row in rows if not any(e.get("taken") for e in row["entitlements"]) and row["name"] != "石国珍"
        ]
        for number, row in enumerate(fresh[:3]):
            begun = start + timedelta(minutes=30 * number)
            self.captured(phone, row, begun, begun + timedelta(minutes=17))
            self.seen.add(UUID(str(row["id"])))
        shi = self.row(phone, "石国珍")
        self.not_taken(
            phone, shi, self.at(6, "11:15"), self.at(6, "11:24"), "away", "去外地儿子家了", "儿子说腊月回来。"
        )
        yield self.at(5, "18:20")
        phone.send(now=self.at(5, "18:20"))
        found = Device.select(Device, Person).join(Person).where(Device.id == phone.device).get()
        phone_talk.note(
            found,
            phone_talk.Said(version="demo", clock=self.at(5, "18:21"), records=5, blobs=7),
            now=self.at(5, "18:21"),
        )

    def _tian_weigang(self) -> Strand:
        """新山村: a clock 47 minutes slow, two homes at one time, another death told of."""
        phone = self.phone["田维刚"]
        phone.offset_ms = 47 * 60_000
        three = self._old_people("520121107205", 4)
        start = self.at(2, "9:20")
        self.visit(phone, three[0], start, start + timedelta(minutes=35))
        self.visit(phone, three[1], start + timedelta(minutes=20), start + timedelta(minutes=50), notes="顺路看了看。")
        body = {
            "death": str(_id(start)),
            "reporter": "刘代琼",
            "relation": "儿媳",
            "source": "family",
            "died_on": str(self.today - timedelta(days=3)),
        }
        body |= {"words": "前几天夜里走的，家里正办丧事。"}
        phone.write("death.reported", body, at=start + timedelta(hours=2), subject=three[2])
        yield self.at(2, "18:00")
        phone.send(now=self.at(2, "18:00"))

    def _yang_xiuzhi(self) -> Strand:
        """清江村, yesterday and this morning: the pictures of the guide show these people."""
        phone = self.phone["杨秀芝"]
        yield self.at(2, "16:00")
        officer = self.actor("周敏", self.at(2, "16:00"))
        me = self.person["杨秀芝"].id
        friday = self.today + timedelta(days=(4 - self.today.weekday()) % 7 or 7)
        plan = deliveries.Plan("残疾人证", me, friday, "本人，或女儿周天云")
        deliveries.plan(self.resident("周兴林"), plan, actor=officer, now=self.at(2, "16:00"))
        brought = deliveries.plan(
            self.resident("王德珍"),
            deliveries.Plan("残疾人证", me, self.today + timedelta(days=3), "本人"),
            actor=officer,
            now=self.at(2, "16:05"),
        )

        yang, peng, chen = (self.row(phone, name) for name in ("杨昌贵", "彭德珍", "陈国发"))
        start = self.at(1, "15:00")
        self.captured(
            phone, yang, start, start + timedelta(minutes=18), witness="彭德珍", notes="精神好，刚从地里回来。"
        )
        self.captured(phone, peng, start + timedelta(minutes=20), start + timedelta(minutes=34), witness="杨昌贵")
        self._yesterday_at_other_doors(phone)
        noon = self.at(1, "12:00")
        yield noon
        residents.change(
            self.resident("田景芝"), {"hours": "下午在家"}, actor=self.actor("周敏", noon), now=noon
        )  # both changed it
        yield self.at(0, "7:55")
        phone.send(now=self.at(0, "7:55"))
        phone.pull(now=self.at(0, "7:58"))

        morning = self.at(0, "8:20")
        yield morning
        capture = LifeVerification.get(LifeVerification.resident == UUID(str(yang["id"])))
        verifications.send_back(capture, "手没拍进去", actor=self.actor("周敏", morning), now=morning)
        li, wang = self.row(phone, "李应芬"), self.row(phone, "王德珍")
        start = self.at(0, "9:05")
        self.not_taken(phone, li, start, start + timedelta(minutes=6), "not_home", "", "门锁着，邻居说去镇上看病了。")
        start = self.at(0, "9:30")
        visit = _id(start)
        made = {
            "delivery": str(brought.id), "visit": str(visit), "to": "self", "identity_seen": "id_card",
            "mark": self.mark("thumbprint"),
        }  # fmt: skip
        phone.write("delivery.made", made, at=start + timedelta(minutes=12), subject=UUID(str(wang["id"])))
        self.visit(
            phone, UUID(str(wang["id"])), start, start + timedelta(minutes=15), visit=visit, reasons=["delivery"], mark="thumbprint",
            deliveries=[str(brought.id)],
        )  # fmt: skip
        start = self.at(0, "10:15")
        self.visit(phone, UUID(str(chen["id"])), start, start + timedelta(minutes=18), notes="气色不错，柴火够用。")
        self.consent(phone, UUID(str(chen["id"])), "care_roster", start + timedelta(minutes=10))
        yield self.at(0, "10:40")
        phone.send(now=self.at(0, "10:40"))
        phone.pull(now=self.at(0, "10:41"))

    def _yesterday_at_other_doors(self, phone: Phone) -> None:
        """A request in somebody's words, a change, someone not on the list, a number looked at, a suggestion."""
        zhou, tian, gui = (self.row(phone, name) for name in ("周兴林", "田景芝", "陈桂兰"))
        start = self.at(1, "16:10")
        for number, (row, words, papers) in enumerate(
            (
                (zhou, "轮椅坏了，想申请换一辆，问要哪些材料。", ["残疾人证"]),
                (gui, "老房子漏雨，想问危房改造还能不能报。", []),
                (tian, "医保断了两年，想补上，不知道交多少。", ["户口本首页", "身份证"]),
            )
        ):
            resident, at = UUID(str(row["id"])), start + timedelta(minutes=25 * number)
            visit, asked = _id(at), _id(at + timedelta(minutes=3))
            body: dict[str, Any] = {"request": str(asked), "visit": str(visit), "words": words, "papers": papers}
            if row is zhou:
                body["may_act"] = {"name": "周天云", "relation": "女儿", "phone": "10240016688"}
            blobs = tuple(Blob(f"paper-{n + 1}", drawn.paper(words + paper)) for n, paper in enumerate(papers))
            if papers:
                self.consent(phone, resident, "request_papers", at + timedelta(minutes=2))
            phone.write("request.raised", body, at=at + timedelta(minutes=8), subject=resident, blobs=blobs)
            self.visit(
                phone,
                resident,
                at,
                at + timedelta(minutes=20),
                visit=visit,
                reasons=["request", "care"],
                requests=[str(asked)],
            )
        changes = {
            "phone": ("", "10266023915"),
            "phone_of": ("", "侄子"),
            "hours": (who.HOURS["田景芝"], "早上和晚饭后在家"),
        }
        noted = {"changes": {name: {"base": base, "value": value} for name, (base, value) in changes.items()}}
        phone.write("resident.noted", noted, at=self.at(1, "17:20"), subject=UUID(str(tian["id"])))
        at = self.at(1, "17:30")
        unknown = _id(at)
        new = {
            "name": "龙国材",
            "sex": "male",
            "birth_year": 1953,
            "area": who.QINGJIANG,
            "group": "一组",
            "why": "名单里没有",
        }
        phone.write("resident.provisional", new, at=at, subject=unknown)
        self.visit(
            phone,
            unknown,
            at,
            at + timedelta(minutes=12),
            reasons=["other"],
            notes="说上次名单上漏了他。",
            outcome="part_done",
        )
        phone.write(
            "resident.unmasked", {"why": "帮老人核对医保本上的号"}, at=self.at(1, "17:45"), subject=UUID(str(gui["id"]))
        )
        words = "能不能把离得近的两个组排在同一天。"
        phone.write(
            "complaint.made", {"complaint": str(_id(at)), "kind": "suggestion", "words": words}, at=self.at(1, "18:00")
        )

    def desk_of_today(self) -> None:
        """Most of what came is checked; what waits, waits for whoever tries this out."""
        now = self.at(0, "10:50")
        lead, officer = self.actor("李国秀", now), self.actor("周敏", now)
        asked = {request.words[:4]: request for request in Request.select().order_by(Request.raised_at)}
        requests.take_on(asked["老房子漏"], actor=officer, now=now)
        requests.answer(
            asked["医保断了"], "可以补，今年 400 元，带户口本到镇里办，也可以叫杨秀芝带来。", actor=officer, now=now
        )
        for visit in self._to_look_at(who.HUALI).where(Visit.ended_at >= self.at(1, "0:00")).limit(4):
            visits.check(visit, actor=lead, now=now)
        asked_about: dict[str, int] = {}
        flagged = (
            (Visit.state == "synced") & (Visit.flags != "") & Visit.corrected_by.is_null() & (Visit.scope == who.HUALI)
        )
        for visit in Visit.select().where(flagged).order_by(Visit.ended_at.desc(), Visit.resident_name):
            asked_about[visit.flags] = asked_about.get(visit.flags, 0) + 1
            if asked_about[visit.flags] > 1:
                visits.check(visit, actor=lead, now=now)  # talked over with the agent; one of each kind is left
        self._night(0)
        pictures.draw_copies(self.blobs, limit=120, newest=True)  # those to look at today; the job draws the older ones


def _id(at: datetime) -> UUID:
    return ciphers.uuid7(int(at.timestamp() * 1000))
