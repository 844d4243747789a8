"""The pack: how much of each resident is on phones, kept up to date, and the rows a phone pulls of its villages.

`touch` is called by every action that changes what a card shows, in that action's transaction: it sets the level anew
and gives the row a new revision, so that phones of the village fetch it.
"""

from __future__ import annotations

import base64
import json
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson

import models
from actions import inbox
from actions.holders import holders_of, holding, over
from models import (
    Area,
    CareEntry,
    Challenge,
    Clash,
    ConsentRecord,
    Delivery,
    Departure,
    Entitlement,
    Household,
    LifeVerification,
    Lookup,
    Person,
    Request,
    Resident,
    Rows,
    Scope,
    Visit,
    transaction,
)  # fmt: skip
from rules import cards as rule
from rules import ciphers
from rules.actors import Actor, Role, area_prefix, county_of, scope_of
from rules.days import day_of
from rules.enrolment import CARRIES_PHONE
from rules.visits import tries

UNDER_WAY = ("captured", "checked_ok", "exported")
SERVED = ("verified", "provisional")
PAST = 5  # visits shown on a card
ROWS_AT_ONCE = 400  # of names
FEWEST, MOST = 8, 150  # full cards worth a round of queries, and those of one


# ---- the level


def touch(residents: Iterable[UUID], *, now: datetime) -> None:
    """Something on these people's cards changed: set their level anew and give them new revisions.

    Inside the caller's transaction, which names their scopes.
    """
    ids = sorted(set(residents))
    for start in range(0, len(ids), 500):
        _touch(ids[start : start + 500], now)


def _touch(ids: Sequence[UUID], now: datetime) -> None:
    people = _LEVELLED(ids)
    matters = _matters(people)
    limits = models.settings_of("verification.due_soon_days", "verification.challenge_days")
    today, due_days = day_of(now), limits["verification.due_soon_days"][0]
    challenge_days = limits["verification.challenge_days"]
    by_scope: dict[str, list[UUID]] = defaultdict(list)
    for person, scope, _, _ in people:
        by_scope[scope].append(person)
    fresh: list[tuple[Any, ...]] = []
    for scope in sorted(by_scope):
        first = models.next_revs(scope, len(by_scope[scope]))
        for number, person in enumerate(by_scope[scope]):
            level = rule.level(matters[person], today=today, due_days=due_days, challenge_days=challenge_days)
            fresh.append((person, first + number, level.card, level.review_on))
    models.update_values(Resident, (Resident.rev, Resident.card, Resident.card_review_on), fresh)


def leave(moved: Mapping[UUID, str], *, now: datetime) -> None:
    """These people are no longer of that village ({resident: the area left}); inside the caller's transaction."""
    by_scope: dict[str, list[tuple[UUID, str]]] = defaultdict(list)
    for resident, area in moved.items():
        by_scope[scope_of(area)].append((resident, area))
    for scope in sorted(by_scope):
        first = models.next_revs(scope, len(by_scope[scope]))
        for number, (resident, area) in enumerate(by_scope[scope]):
            Departure.insert(area=area, resident=resident, rev=first + number).on_conflict(
                conflict_target=[Departure.area, Departure.resident], update={Departure.rev: first + number}
            ).execute()


def review_due(*, today: date, now: datetime) -> int:
    """The daily job: people whose card time alone changes, or whose challenge runs out. Gives how many; safe to repeat.

    A village at a time, so that its agents hear in one message who is newly due.
    """
    count, r = 0, Resident
    for (scope,) in Scope.select(Scope.code).order_by(Scope.code).tuples():
        due = (r.scope == scope) & (r.card_review_on <= today)
        for (area,) in list(r.select(r.area).where(due).distinct().order_by(r.area).tuples()):
            with transaction(scope):
                reviewed = dict(r.select(r.id, r.card_review_on).where(due & (r.area == area)).tuples())
                newly = _newly_due(reviewed, today)
                touch(reviewed, now=now)
                _tell_agents(scope, area, newly, today, now)
            count += len(reviewed)
    return count


def review_soon(*, today: date) -> None:
    """What a card is measured by has changed: the job looks again at everybody a verification is due of, some day."""
    listed = Entitlement.select(Entitlement.resident).where(Entitlement.listed)
    Resident.update(card_review_on=today).where(Resident.id.in_(listed)).execute()


def _newly_due(reviewed: Mapping[UUID, date], today: date) -> list[UUID]:
    """Those of whom a verification came due since their card was set: no earlier than the day it was to be looked at."""
    soon = timedelta(days=models.setting("verification.due_soon_days")[0])
    return [
        resident
        for resident, found in _matters(_LEVELLED(reviewed)).items()
        if not (found.gone or found.dead) and any(reviewed[resident] <= day - soon <= today for day in found.due)
    ]


NAMED = 8  # people named in a message; of more it says how many


def _tell_agents(scope: str, area: str, newly: Sequence[UUID], today: date, now: datetime) -> None:
    """One message to each agent of the village (domain §8, the notice of what is due soon)."""
    if not newly:
        return
    named = Resident.select(Resident.name).where(Resident.id.in_(newly[:NAMED])).order_by(Resident.group, Resident.id)
    village = Area.select(Area.name).where(Area.code == area).scalar()
    more = "等" if len(newly) > NAMED else ""
    words = f"{village}有 {len(newly)} 位到了认证的时候：{'、'.join(name for (name,) in named.tuples())}{more}"
    about = uuid5(NAMESPACE_OID, f"due/{area}/{today}")
    agents = holders_of(Role.AGENT, [area], on=today)[area]
    inbox.tell([inbox.Message(each, scope, "due", about=about, words=words) for each in sorted(agents)], now=now)


def overdue(*, today: date) -> dict[str, int]:
    """How many people of each village are past the day of a verification that nobody has taken."""
    e, r = Entitlement, Resident
    late = e.listed & (e.agency_state != "ended") & (e.due_on < today)
    alive = (r.life == "presumed_alive") & r.state.in_(SERVED)
    rows = list(e.select(r.id, r.area, e.id, e.last_success_on).join(r).where(late & alive).tuples())
    attempts = attempts_of(sorted({resident for resident, *_ in rows}))
    found: dict[str, set[UUID]] = defaultdict(set)
    for resident, area, entitlement, last_on in rows:
        if not taken(attempts.get(resident, ()), entitlement, last_on):
            found[area].add(resident)
    return {area: len(people) for area, people in sorted(found.items())}


_LEVELLED = Lookup(Resident.id, Resident.scope, Resident.state, Resident.life, by=Resident.id)
_LISTED = Lookup(
    Entitlement.id, Entitlement.resident, Entitlement.due_on, Entitlement.last_success_on, by=Entitlement.resident,
    also="listed AND agency_state <> 'ended'",
)  # fmt: skip
_CARED_FOR = Lookup(CareEntry.resident, by=CareEntry.resident, also="state = 'enrolled'")
_WAITING = (
    Lookup(Delivery.resident, by=Delivery.resident, also=f"state IN {Delivery.OPEN}"),
    Lookup(Request.resident, by=Request.resident, also="state IN ('raised', 'taken_on')"),
    Lookup(Clash.resident, by=Clash.resident, also="state = 'open'"),
    Lookup(CareEntry.resident, by=CareEntry.resident, also="state = 'proposed'"),  # they have to be asked
)
_QUERIED = Lookup(Visit.resident, by=Visit.scope, also="state = 'queried'")
_ANSWERED = Lookup(Request.resident, Request.answered_at, by=Request.resident, also="answered_at IS NOT NULL")


def _matters(people: Sequence[tuple[Any, ...]]) -> dict[UUID, rule.Matters]:
    """What there is to do for each (id, scope, state, life), in one query for each kind of thing."""
    ids = [person[0] for person in people]
    attempts = attempts_of(ids)
    due: dict[UUID, list[date]] = defaultdict(list)
    for entitlement, resident, due_on, last_on in _LISTED(ids):
        if not taken(attempts.get(resident, ()), entitlement, last_on):
            due[resident].append(due_on)
    care = {resident for (resident,) in _CARED_FOR(ids)}
    waiting = Lookup.firsts(_WAITING, ids)
    waiting |= {resident for (resident,) in _QUERIED({scope for _, scope, _, _ in people})}
    latest = latest_visits(ids, 1)
    waiting |= {resident for resident, at in _ANSWERED(ids) if _not_visited_since(latest.get(resident), at)}
    found = {}
    for person, _, state, life in people:
        mine, visits = attempts.get(person, ()), latest.get(person)
        found[person] = rule.Matters(
            gone=state not in SERVED or life == "death_confirmed",
            provisional=state == "provisional",
            dead=life == "death_reported",
            due=tuple(due.get(person, ())),
            care=person in care,
            open=person in waiting or any(each.state in UNDER_WAY for each in mine) or bool(retakes(mine)),
            return_on=visits[0].return_on if visits else None,
        )
    return found


@dataclass(frozen=True)
class Attempt:
    """What a card needs of a verification."""

    id: UUID
    state: str
    entitlements: frozenset[str]
    captured_at: datetime
    captured_by: UUID
    why: str
    revisit_on: date | None
    retake_of: UUID | None
    condition: str
    witness: Any
    visit: UUID | None


_v = LifeVerification
_ATTEMPTS = Lookup(
    _v.resident, _v.id, _v.state, _v.entitlements, _v.captured_at, _v.captured_by, _v.sent_back_why, _v.revisit_on,
    _v.retake_of, _v.condition, _v.witness, _v.visit, by=_v.resident, order="captured_at DESC",
)  # fmt: skip


def attempts_of(ids: Iterable[UUID]) -> dict[UUID, list[Attempt]]:
    """Verifications of these people, newest first."""
    found: dict[UUID, list[Attempt]] = defaultdict(list)
    for resident, key, state, entitlements, *rest in _ATTEMPTS(ids):
        found[resident].append(Attempt(key, state, frozenset(entitlements), *rest))
    return found


def taken(attempts: Iterable[Attempt], entitlement: UUID, last_on: date | None) -> str:
    """The state of an attempt under way for this entitlement since its last success; empty when there is none."""
    for each in attempts:
        fresh = last_on is None or day_of(each.captured_at) > last_on
        if each.state in UNDER_WAY and str(entitlement) in each.entitlements and fresh:
            return each.state
    return ""


def retakes(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those sent back and not taken again since."""
    again = {each.retake_of for each in attempts}
    newest = max((each.captured_at for each in attempts if each.state in UNDER_WAY), default=None)
    return [
        each
        for each in attempts
        if each.state == "sent_back" and each.id not in again and (newest is None or newest < each.captured_at)
    ]


class PastVisit(NamedTuple):
    id: UUID
    ended_at: datetime
    reasons: str
    outcome: str
    person: UUID
    notes: str
    return_on: date | None


def latest_visits(ids: Sequence[UUID], count: int) -> dict[UUID, list[PastVisit]]:
    """The newest visits of each, newest first. One short look into the index a person: a window would read them all."""
    found: dict[UUID, list[PastVisit]] = defaultdict(list)
    one = (
        f"SELECT {_PAST.names} FROM visit WHERE resident_id = {{0}} AND corrected_by IS NULL "  # noqa: S608
        f"ORDER BY ended_at DESC LIMIT {int(count)}"
    )
    for row in models.for_each(one, ("uuid",), [(Visit.resident.db_value(each),) for each in ids]):
        resident, *rest = _PAST.from_db(list(row))
        found[resident].append(PastVisit(*rest))
    return found


_PAST = models.Columns(
    (Visit.resident, Visit.id, Visit.ended_at, Visit.reasons, Visit.outcome, Visit.person, Visit.notes, Visit.return_on)
)


def _not_visited_since(visits: Sequence[PastVisit] | None, at: datetime) -> bool:
    return not visits or visits[0].ended_at < at


# ---- what a phone pulls


@dataclass
class Pulled:
    """A page of rows, and where to go on."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    villages: dict[str, int] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    more: bool = False
    cursor: str = ""


class _Page:
    """Rows up to a number of bytes; at least one, however large."""

    def __init__(self, room: int) -> None:
        self.room, self.rows = room, []  # type: int, list[dict[str, Any]]
        self._full = [1_400]  # bytes of full cards, and a first guess

    def take(self, row: dict[str, Any]) -> bool:
        """Add the row if it fits."""
        size = _size(row)
        if size > self.room and self.rows:
            return False
        self.room -= size
        self.rows.append(row)
        if row.get("card") == "full":
            self._full.append(size)
        return True

    def part(self, left: int) -> int:
        """How many of the full cards that are left to read at once: about as many as fit, for reading has a cost of its own.

        None where so few more would fit that they are better read with the next page; an empty page takes one at least.
        """
        fit = self.room * len(self._full) // sum(self._full) + 1
        if self.rows and fit < min(FEWEST, left):
            return 0
        return min(fit, left, MOST)


@dataclass(frozen=True)
class Places:
    """Where an agent works: names of the posts' areas and of their townships, villages served, the county's name."""

    county: str
    names: Mapping[str, str]  # of each of these areas by its code
    villages: Mapping[str, str]  # {code: name} of those where a post in force serves people from a phone


def places_of(actor: Actor, home: str) -> Places:
    """`home`: the township whose phone it is; its county is the one that is named."""
    whole = [post.area for post in actor.posts if post.role in CARRIES_PHONE]
    county = county_of(home)
    found = _PLACES({county, *whole, *map(scope_of, whole)})
    names = {code: name for code, name, _ in found}
    villages = {code: name for code, name, level in found if level == "village" and code in whole}
    for prefix in (area_prefix(area) for area in whole):
        if len(prefix) < 12:
            inside = Area.code.between(prefix.ljust(12, "0"), prefix.ljust(12, "9"))
            villages |= dict(Area.select(Area.code, Area.name).where((Area.level == "village") & inside).tuples())
    return Places(names.get(county, ""), names, dict(sorted(villages.items())))


_PLACES = Lookup(Area.code, Area.name, Area.level, by=Area.code)


def pull(
    actor: Actor, mine: Collection[str], asked: Mapping[str, int], *, newest: Mapping[str, int] | None = None,
    cursor: str = "", page: int = 16_384, now: datetime,
) -> Pulled:  # fmt: skip
    """The rows this actor's phone lacks of these villages: what changed since the revisions it names, then whole ones.

    A page ends at `page` bytes. `asked` may name villages that are no longer the actor's; they are dropped. `newest`:
    revisions of scopes as they were read a moment ago; others are read here. Nothing past them is taken: up to there
    all is committed, while between two queries another change might commit and be passed over.
    """
    newest = newest or {}
    newest = {**newest, **dict(_REVISIONS({scope_of(area) for area in mine} - newest.keys()))}
    answer, page_ = Pulled(dropped=sorted(set(asked) - set(mine))), _Page(page)
    answer.rows = page_.rows
    known = {area: rev for area, rev in asked.items() if rev > 0 and area in mine}
    answer.villages = dict(known)
    if known:
        _changed_since(actor, known, newest, answer, page_, now)
    fresh = sorted(set(mine) - set(known))
    if fresh and not answer.more:
        _pack(actor, {area: newest.get(scope_of(area), 0) for area in fresh}, cursor, answer, page_, now)
    return answer


_REVISIONS = Lookup(Scope.code, Scope.rev, by=Scope.code)


def _changed_since(
    actor: Actor, known: Mapping[str, int], newest: Mapping[str, int], answer: Pulled, page: _Page, now: datetime
) -> None:
    """Rows and departures of known villages, in order of revision."""
    changes = sorted((area, rev, resident, gone) for area, rev, resident, gone in _since(known, newest, ROWS_AT_ONCE))
    start = 0
    while start < len(changes):
        part = changes[start : start + page.part(len(changes) - start)]
        start += len(part)
        if not part:
            answer.more = True
            return
        rows = project(actor, [resident for _, _, resident, gone in part if not gone], now=now)
        for area, rev, resident, gone in part:
            row = None if gone else rows.get(resident)
            if not page.take(row or {"id": str(resident), "area": area, "rev": rev, "gone": True}):
                answer.more = True
                return
            answer.villages[area] = max(rev, answer.villages[area])
    answer.more = len(changes) >= ROWS_AT_ONCE


def _since(known: Mapping[str, int], newest: Mapping[str, int], limit: int) -> list[tuple[str, int, UUID, bool]]:
    """(area, revision, resident, departed) after the known revisions and up to the newest, oldest first."""
    r, d = Resident, Departure
    behind = {area: rev for area, rev in known.items() if rev < newest.get(scope_of(area), 0)}
    if not behind:
        return []
    rows, gone = r.rev.is_null(), d.rev.is_null()
    for area, rev in behind.items():
        rows |= (r.area == area) & r.rev.between(rev + 1, newest[scope_of(area)])
        gone |= (d.area == area) & d.rev.between(rev + 1, newest[scope_of(area)])
    changed = list(r.select(r.area, r.rev, r.id).where(rows).order_by(r.rev).limit(limit).tuples())
    departed = list(d.select(d.area, d.rev, d.resident).where(gone).order_by(d.rev).limit(limit).tuples())
    found = [(*row, False) for row in changed] + [(*row, True) for row in departed]
    if len(changed) == limit or len(departed) == limit:  # a change past the shorter list's end must wait for its turn
        ends = [part[-1][1] for part in (changed, departed) if len(part) == limit]
        found = [row for row in found if row[1] <= min(ends)]
    return found


def _pack(actor: Actor, fresh: Mapping[str, int], cursor: str, answer: Pulled, page: _Page, now: datetime) -> None:
    """Whole villages, at these revisions: people due first, then the other full cards, then names by id. Resumed by `cursor`.

    The revisions of the start are answered at the end, so that what changed meanwhile comes as a change. A pack under
    way goes on without a village that was lost since, and one that was gained comes behind it.
    """
    place = _read_cursor(cursor, fresh) or {"at": dict(fresh), "part": "full", "after": None}
    areas = sorted(place["at"])
    answer.more = True
    answer.villages |= dict.fromkeys(fresh, 0)
    if place["part"] == "full" and _pack_full(actor, areas, place, page, now):
        place |= {"part": "name", "after": None}
    if place["part"] == "name" and _pack_names(areas, place, page):
        answer.villages |= {area: max(rev, 1) for area, rev in place["at"].items()}
        answer.more = len(areas) < len(fresh)
        return
    answer.cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _pack_full(actor: Actor, fresh: Sequence[str], place: dict[str, Any], page: _Page, now: datetime) -> bool:
    """Full cards, those due first; False when the page ended before they did."""
    order = _due_order(fresh)
    if place["after"] is not None:
        order = [each for each in order if each > tuple(place["after"])]
    start = 0
    while start < len(order):
        part = order[start : start + page.part(len(order) - start)]
        start += len(part)
        if not part:
            return False
        rows = project(actor, [UUID(key) for _, key in part], now=now)
        for due, key in part:
            row = rows.get(UUID(key))
            if row is not None and not page.take(row):
                return False
            place["after"] = [due, key]
    return True


def _pack_names(fresh: Sequence[str], place: dict[str, Any], page: _Page) -> bool:
    """Names of everybody else; False when the page ended before they did."""
    while True:
        after = place["after"] or str(UUID(int=0))
        found = _NAMED(fresh, Resident.id.db_value(after), ROWS_AT_ONCE)
        homes = _numbers(home for *_, home in found if home)
        for key, area, rev, name, initials, group, home in found:
            if not page.take(_name_card(key, area, rev, name, initials, group, homes.get(home, ""))):
                return False
            place["after"] = str(key)
        if len(found) < ROWS_AT_ONCE:
            return True


def _numbers(households: Iterable[UUID]) -> dict[UUID, str]:
    return {home.id: home.number for home in _HOMES.of(set(households))}


def _due_order(areas: Sequence[str]) -> list[tuple[str, str]]:
    """(earliest day somebody waits, id in hex) of all full cards of these villages, sorted. Asked for each page: ids
    stay as the database keeps them."""
    days: dict[Any, list[date]] = defaultdict(list)
    for lookup in _DAYS:
        for resident, day in lookup.by_kept(areas):
            days[resident].append(day)
    full = [key for (key,) in _FULL.by_kept(areas)]
    return sorted(
        (rule.due_first(days.get(key, ())).isoformat(), key.hex if isinstance(key, UUID) else key) for key in full
    )


_STANDING = f"state IN {SERVED} AND life <> 'death_confirmed'"
_FULL = Lookup(Resident.id, by=Resident.area, also=f"card = 'full' AND {_STANDING}")
_NAMED = Lookup(
    Resident.id, Resident.area, Resident.rev, Resident.name, Resident.initials, Resident.group, Resident.household,
    by=Resident.area, also=f"card = 'name' AND {_STANDING} AND id > {{}}", order="id LIMIT {}",
)  # fmt: skip
_DAYS = (
    Lookup(Entitlement.resident, Entitlement.due_on, by=Entitlement.area, also="listed"),
    Lookup(CareEntry.resident, CareEntry.next_visit_on, by=CareEntry.area, also="state = 'enrolled'"),
    Lookup(Delivery.resident, Delivery.due_on, by=Delivery.area, also=f"state IN {Delivery.OPEN}"),
)


def _read_cursor(cursor: str, fresh: Collection[str]) -> dict[str, Any] | None:
    """The place in a pack under way, for the villages of it that are still wanted; None when there is none."""
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        at = {str(area): int(rev) for area, rev in place["at"].items() if area in fresh}
        after = place["after"]
        if not at or place["part"] not in ("full", "name"):
            return None
        if after is not None and place["part"] == "name":
            UUID(after)
        elif after is not None:
            after = [str(after[0]), UUID(after[1]).hex]
        return {"at": at, "part": place["part"], "after": after}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None


def _size(row: Mapping[str, Any]) -> int:
    return len(orjson.dumps(row)) + 1


# ---- one row


def project(actor: Actor, ids: Sequence[UUID], *, now: datetime) -> dict[UUID, dict[str, Any]]:
    """The rows of these people as this actor's phone holds them; those no longer served are missing.

    Issues the challenges that verifications due need: they are fetched before leaving.
    """
    if not ids:
        return {}
    people = _SERVED.of(ids)
    homes = {home.id: home for home in _HOMES.of({each.household_id for each in people if each.household_id})}
    full = [person for person in people if person.card == "full"]
    facts = _Facts(actor, full, now)
    rows = {}
    for person in people:
        home = homes.get(person.household_id)
        number = home.number if home else ""
        if person.card == "full":
            rows[person.id] = facts.card(person, number, home.address if home else "")
        else:
            rows[person.id] = _name_card(
                person.id, person.area, person.rev, person.name, person.initials, person.group, number
            )
    return rows


_SERVED = Rows(Resident, by=Resident.id, also=_STANDING)
_HOMES = Rows(Household, by=Household.id)


def _name_card(
    key: UUID, area: str, rev: int, name: str, initials: str, group: str, number: str | None
) -> dict[str, Any]:
    return {
        "id": str(key), "area": area, "rev": rev, "card": "name", "name": name, "initials": initials,
        "household": number or "", "group": group,
    }  # fmt: skip


_LISTED_FOR = Rows(Entitlement, by=Entitlement.resident, also="listed AND agency_state <> 'ended'")
_CARE = Rows(CareEntry, by=CareEntry.resident, also="state IN ('enrolled', 'proposed')")
_READY = Rows(Delivery, by=Delivery.resident, also="state = 'ready' AND agent_id = {}")
_ANSWERED_TO = Rows(Request, by=Request.resident, also="answered_at IS NOT NULL AND raised_by_id = {}")
_CLASHES = Rows(Clash, by=Clash.resident, also="state = 'open'")
_QUERIES = Rows(Visit, by=Visit.resident, also="state = 'queried' AND person_id = {}")
_CONSENTS = Lookup(
    ConsentRecord.resident, ConsentRecord.purpose, ConsentRecord.state, by=ConsentRecord.resident,
    order=f"{ConsentRecord.at.column_name}, id",
)  # fmt: skip
_KIN = Lookup(Person.kin, by=Person.id)


class _Facts:
    """All that full cards show of some people, read in one query for each kind of thing."""

    def __init__(self, actor: Actor, people: Sequence[Any], now: datetime) -> None:
        ids = [person.id for person in people]
        self.actor, self.now, self.today = actor, now, day_of(now)
        self.settings = models.settings_of(
            "verification.due_soon_days", "verification.challenge_days", "verification.gesture_sets"
        )
        self.due_days = self.settings["verification.due_soon_days"][0]
        self.attempts = attempts_of(ids)
        self.visits = latest_visits(ids, PAST)
        others = any(each.captured_by != actor.person for mine in self.attempts.values() for each in retakes(mine))
        self.carrying = holding(*CARRIES_PHONE, on=self.today) if others else []
        me = Person.id.db_value(actor.person)
        self.entitlements = _by_resident(_LISTED_FOR.of(ids))
        self.care = _by_resident(_CARE.of(ids))
        # What was not handed over goes back to the station until it is planned again (domain §14).
        self.deliveries = _by_resident(_READY.of(ids, me))
        self.requests = _by_resident(_ANSWERED_TO.of(ids, me))
        self.clashes = _by_resident(_CLASHES.of(ids))
        self.consents: dict[UUID, dict[str, str]] = defaultdict(dict)
        for resident, purpose, state in _CONSENTS(ids):
            self.consents[resident][purpose] = state  # the newest answer stands
        self.queries = _by_resident(_QUERIES.of(ids, me))
        self.names = Person.names({visit.person for visits in self.visits.values() for visit in visits})
        self.kin = {each for (kin,) in _KIN([actor.person]) for each in kin or ()}
        self.due = {person.id for person in people if self._is_due(person)}
        self.challenges = _challenges(actor.person, self.due, self.settings, now)

    def _is_due(self, person: Any) -> bool:
        """A verification of this person can be taken now, so the number is compared and a challenge needed."""
        attempts = self.attempts.get(person.id, ())
        if person.life != "presumed_alive":
            return False
        return bool(retakes(attempts)) or any(
            each.due_on - timedelta(days=self.due_days) <= self.today
            and not taken(attempts, each.id, each.last_success_on)
            for each in self.entitlements.get(person.id, ())
        )

    def _takes_again(self, attempt: Attempt, area: str) -> bool:
        """Whoever took the picture takes it again; once they serve here no more, the agents of the village do."""
        mine = attempt.captured_by == self.actor.person
        return mine or (self.actor.covers(area, Role.AGENT) and attempt.captured_by not in over(area, self.carrying))

    def card(self, person: Any, number: str, address: str) -> dict[str, Any]:
        """One full card; empty members are left out, so that a row stays small."""
        attempts, visits = self.attempts.get(person.id, ()), self.visits.get(person.id, ())
        last = next((a for a in attempts if a.condition), None)
        challenge = self.challenges.get(person.id)
        always = _name_card(person.id, person.area, person.rev, person.name, person.initials, person.group, number)
        more = {
            "household_id": person.household_id,
            "state": "" if person.state == "verified" else person.state,
            "sex": person.sex, "birth_on": person.birth_on, "birth_year": person.birth_year if not person.birth_on else None,
            "address": person.address or address,
            "phone": person.phone, "phone_of": person.phone_of, "no_phone": person.no_phone,
            "needs": [code for code in person.needs.split(",") if code], "dialect": person.dialect,
            "hours": person.hours, "helper": _contact(person.helper), "guardian": _contact(person.guardian),
            "id_masked": masked(person.id_number, person.id_tail), "tail": person.id_tail,
            "id_number": person.id_number if person.id in self.due else "",
            "entitlements": [self._entitlement(each, attempts) for each in self.entitlements.get(person.id, ())],
            "tasks": self._tasks(person, attempts, visits), "consents": self.consents.get(person.id, {}),
            "condition": last.condition if last else "", "witness": _filled(last.witness) if last and last.witness else None,
            "past": [self._visit(each) for each in visits], "tries": tries(each.outcome for each in visits),
            "life": "" if person.life == "presumed_alive" else person.life, "kin": str(person.id) in self.kin,
            "challenge": challenge,
            "clashes": [_filled({"field": c.field, "ours": c.ours, "theirs": c.theirs}) for c in self.clashes.get(person.id, ())],
        }  # fmt: skip
        return {**always, "card": "full", **_filled(more)}

    def _entitlement(self, each: Any, attempts: Sequence[Attempt]) -> dict[str, Any]:
        return _filled(
            {
                "id": each.id, "benefit": each.benefit, "due_on": each.due_on, "last_on": each.last_success_on,
                "agency_state": "" if each.agency_state == "paying" else each.agency_state,
                "taken": taken(attempts, each.id, each.last_success_on),
            }
        )  # fmt: skip

    def _visit(self, each: PastVisit) -> dict[str, Any]:
        return _filled(
            {
                "id": each.id, "on": day_of(each.ended_at), "reasons": each.reasons.split(","), "outcome": each.outcome,
                "by": self.names.get(each.person, ""), "notes": each.notes,
            }
        )  # fmt: skip

    def _tasks(self, person: Any, attempts: Sequence[Attempt], visits: Sequence[PastVisit]) -> list[dict[str, Any]]:
        """What this agent has to do here beside verifications. Nothing for somebody whose death was reported."""
        if person.life != "presumed_alive":
            return []
        tasks = [
            {
                "id": each.id, "kind": "delivery", "what": each.what, "due_on": each.due_on, "who_may": each.who_may,
                "money": each.money_function,
            }
            for each in self.deliveries.get(person.id, ())
        ]  # fmt: skip
        tasks += [
            {"id": each.id, "kind": "retake", "why": each.why, "due_on": each.revisit_on, "about": each.visit}
            for each in retakes(attempts)
            if self._takes_again(each, person.area)
        ]
        tasks += [
            {"id": each.id, "kind": "query", "why": each.query_words, "about": each.query, "due_on": None}
            for each in self.queries.get(person.id, ())
        ]
        tasks += [
            {"id": each.id, "kind": "care", "due_on": each.next_visit_on}
            if each.state == "enrolled"
            else {"id": each.id, "kind": "consent", "what": "care_roster", "why": each.reason}
            for each in self.care.get(person.id, ())
        ]
        if visits and visits[0].return_on is not None:
            tasks.append({"id": visits[0].id, "kind": "revisit", "due_on": visits[0].return_on})
        tasks += [
            {"id": each.id, "kind": "request_answer", "what": each.words[:60], "why": each.answer or each.passed_to}
            for each in self.requests.get(person.id, ())
            if _not_visited_since(visits, each.answered_at)
        ]
        return [_filled(task) for task in tasks]


def masked(number: str | None, tail: str) -> str:
    """The first three and the last four, as R-PRI-4 allows at most."""
    if not number or len(number) < 15:
        return ""
    return f"{number[:3]}{'*' * (len(number) - 7)}{tail or number[-4:]}"


def _contact(value: Any) -> dict[str, str] | None:
    return {k: value[k] for k in ("name", "relation", "phone") if value.get(k)} if value else None


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty: None, "", [], {}, False and 0."""
    return {key: value for key, value in row.items() if value}


def _by_resident(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.resident_id].append(row)
    return found


_CHALLENGES = Rows(Challenge, by=Challenge.resident, also="person_id = {} AND ends_at > {}", order="ends_at")


def _challenges(
    person: UUID, residents: Collection[UUID], settings: Mapping[str, Any], now: datetime
) -> dict[UUID, dict[str, Any]]:
    """A challenge for this agent and each of these people, new where the one in hand has lived half its life."""
    if not residents:
        return {}
    life = timedelta(days=settings["verification.challenge_days"])
    c, good_to = Challenge, now + life * rule.RENEW_BEFORE
    here = _CHALLENGES.of(residents, c.person.db_value(person), c.ends_at.db_value(good_to))
    found = {each.resident_id: each for each in here}
    missing = [each for each in sorted(residents) if each not in found]
    if missing:
        sets: Mapping[str, Sequence[str]] = settings["verification.gesture_sets"]
        dice = random.SystemRandom()
        fresh = [
            Challenge(
                id=ciphers.uuid7(int(now.timestamp() * 1000)), person=person, resident=resident, issued_at=now,
                gestures={kind: dice.choice(codes) for kind, codes in sets.items()}, ends_at=now + life,
            )
            for resident in missing
        ]  # fmt: skip
        with transaction():
            models.insert(fresh)
        found |= {each.resident_id: each for each in fresh}
    return {
        resident: {"id": each.id, "gestures": each.gestures, "ends_at": each.ends_at}
        for resident, each in found.items()
    }
