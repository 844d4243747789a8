"""The visit log: its filters, which stand in the address, its rows, and the facts a lead is asked to look at.

Keyset paging and no COUNT(*): the newest fifty come at once, however long the log is.
"""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from peewee import fn

import models
from actions import cards, journal, tails
from api.filters import facts, moment
from api.office.frame import area_names
from api.office.roles import LEADS, OFFICERS
from api.office.words import benefit_name, gap_words, said, waiting_words
from models import Delivery, Device, Entitlement, JournalEntry, LifeVerification, Lookup, Person, Resident, Scope, Visit
from rules.actors import Actor, area_prefix, scope_of
from rules.days import CHINA, day_of
from rules.events import Outcome, Reason
from rules.visits import tries as tries_in_a_row

A_PAGE = 50
DAYS: dict[str, Any] = {
    "1": _l("Today"), "7": _l("Last 7 days"), "30": _l("Last 30 days"), "90": _l("Last 90 days"), "all": _l("All days"),
}  # fmt: skip
STATES: dict[str, Any] = {
    "synced": _l("to look at"), "queried": _l("asked, waiting for the answer"), "answered": _l("answered, to look at"),
    "checked": _l("fine"), "to_check": _l("verification to check"), "sent_back": _l("sent back, take again"),
}  # fmt: skip
#: States of a visit that are those of its verification.
TO_DO = {"to_check": "captured", "sent_back": "sent_back"}
LAST = "\U0010ffff"
MOST_TRIES = 10
MANY_ALIKE = 2000
V = Visit


@dataclass(frozen=True)
class Filters:
    """What is asked for, as it stands in the address."""

    area: str = ""
    agent: str = ""
    reason: str = ""
    outcome: str = ""
    state: str = ""
    days: str = "7"
    text: str = ""
    resident: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> Filters:
        """What an address says; what it cannot mean is left out."""
        return cls(
            area=args.get("area", "") if args.get("area", "").isdigit() else "",
            agent=_uuid(args.get("agent", "")),
            reason=_known(args.get("reason", ""), set(Reason)),
            outcome=_known(args.get("outcome", ""), set(Outcome)),
            state=_known(args.get("state", ""), set(STATES)),
            days=args.get("days", "7") if args.get("days", "7") in DAYS else "7",
            text=args.get("text", "").strip()[:40],
            resident=_uuid(args.get("resident", "")),
        )

    def args(self, **changed: str) -> dict[str, str]:
        """What to put into an address; defaults are left out."""
        plain = Filters()
        found = replace(self, **changed)
        return {k: v for k, v in vars(found).items() if v and v != getattr(plain, k)}

    def without(self, name: str) -> dict[str, str]:
        """The address when one filter is taken off; days then means all days."""
        return self.args(**{name: "all" if name == "days" else ""})

    @property
    def chosen(self) -> list[str]:
        return [k for k, v in vars(self).items() if v and not (k == "days" and v == "all")]


#: Stands in a statement where the code of a township or village comes.
HERE = "\0here"
Place = tuple[datetime, UUID]  # of the last row seen: when that visit ended, and its id


class Asked:
    """The visits asked for, newest first, in each township or single village by itself: each runs down its own index.

    A county has many of them, and writing a statement takes longer than its answer: it is written once for all.
    """

    def __init__(self, found: Sequence[tuple[Any, str]]) -> None:
        self._found = found  # queries with HERE in them, each with a code
        self._written: dict[Any, tuple[str, list[Any]]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def rows(
        self, number: int, columns: Sequence[Any], limit: int, after: Place | None = None
    ) -> list[tuple[Any, ...]]:
        """The newest rows of one of the places, after that visit."""
        query, code = self._found[number]
        if (id(query), after) not in self._written:
            ordered = _after(query.select(*columns), after).order_by(V.ended_at.desc(), V.id.desc()).limit(limit)
            self._written = {key: kept for key, kept in self._written.items() if key[1] == after}
            self._written[id(query), after] = ordered.sql()
        sql, params = self._written[id(query), after]
        found = models.database.execute_sql(sql, [code if value == HERE else value for value in params]).fetchall()
        return [tuple(column.python_value(value) for column, value in zip(columns, row, strict=True)) for row in found]

    def reach(self, count: int) -> bool:
        """Whether there are so many in all places together; they are counted no further."""
        p = models.database.param
        for query, code in self._found:
            sql, params = query.select(V.id).sql()
            values = [code if value == HERE else value for value in params]
            bounded = f"SELECT COUNT(*) FROM ({sql} LIMIT {p}) AS v"  # noqa: S608
            count -= models.database.execute_sql(bounded, [*values, count]).fetchone()[0]
            if count <= 0:
                return True
        return False

    def newest(self, limit: int, after: Place | None = None) -> list[Any]:
        """The newest of all places, whole."""
        keys = [key for number in range(len(self)) for key in self.rows(number, (V.ended_at, V.id), limit, after)]
        wanted = [key for _, key in sorted(keys, reverse=True)[:limit]]
        rows = {row.id: row for row in V.select().where(V.id.in_(wanted))} if wanted else {}
        return [rows[key] for key in wanted]


def queries(actor: Actor, filters: Filters, *, today: date) -> Asked:
    """The visits asked for. What a correction replaced is not among them; it is found on the page of what replaced it.

    Each filter has its way: one person's visits by their own index, a state or an outcome by that of each township;
    what many share is met soon down the newest of all, what is rare is looked up first.
    """
    v, here = Visit, places(actor, filters.area)
    found = v.select().where(v.corrected_by.is_null())
    if filters.days != "all":
        first = today - timedelta(days=int(filters.days) - 1)
        found = found.where(v.ended_at >= datetime(first.year, first.month, first.day, tzinfo=CHINA))
    if filters.agent:
        found = found.where(v.person == UUID(filters.agent))
    if filters.resident:
        found = found.where(v.resident == UUID(filters.resident))
    if filters.outcome:
        found = found.where(v.outcome == filters.outcome)
    if filters.reason:
        found = found.where(v.reasons.contains(filters.reason))
    every_place = here
    by_place = filters.outcome or (filters.state and filters.state not in TO_DO) or not _is_searched(filters)
    if filters.agent or filters.resident or (len(here) > 1 and not by_place):
        here = _as_one(here)
    if filters.state in TO_DO:
        found = found.where(_begins(actor, filters.text, today)) if filters.text else found
        return Asked(_of_verifications(found, TO_DO[filters.state], every_place, here))
    if filters.state:
        found = found.where(v.state == filters.state)
    if filters.text:
        return Asked(_said(found, actor, filters.text, here, every_place, today))
    return Asked(_everywhere(found, here))


def _is_searched(filters: Filters) -> bool:
    """Whether something is asked for that no township's index has: what many share is met down the newest of all."""
    return bool(filters.reason or filters.text or filters.state in TO_DO)


def places(actor: Actor, area: str = "") -> list[tuple[Any, str]]:
    """The places whose visits an officer sees, as (condition with HERE in it, code); they do not overlap.

    With `area`, only that village, if it lies in one of them.
    """
    prefixes = actor.prefixes(*OFFICERS)
    in_village, in_township = V.area == HERE, V.scope == HERE
    if area:
        return [(in_village, area)] if any(area.startswith(prefix) for prefix in prefixes) else []
    widest = [p for p in prefixes if not any(p != other and p.startswith(other) for other in prefixes)]
    found = [(in_village, p) for p in widest if len(p) == 12]
    wide = models.within(Scope.code, None, [p for p in widest if len(p) < 12])
    codes = Scope.select(Scope.code).where(wide).order_by(Scope.code).tuples()
    return found + [(in_township, code) for (code,) in codes]


def _as_one(places_: Sequence[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """The same places as one, out of reach of their own indexes, so that another one is used."""
    one = fn.COALESCE(V.scope, "").in_(_codes(places_, V.scope)) | fn.COALESCE(V.area, "").in_(_codes(places_, V.area))
    return [(one, "")] if places_ else []


def _everywhere(query: Any, places_: Sequence[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """One query for all places of a kind."""
    written = {id(place): query.where(place) for place, _ in places_}
    return [(written[id(place)], code) for place, code in places_]


def page(asked: Asked, before: str) -> tuple[list[Any], str]:
    """Fifty from the place `before`, and where the next fifty begin; "" at the end."""
    rows = asked.newest(A_PAGE + 1, _place(before))
    more = f"{rows[A_PAGE - 1].ended_at.isoformat()}~{rows[A_PAGE - 1].id}" if len(rows) > A_PAGE else ""
    return rows[:A_PAGE], more


def every(asked: Asked, at_once: int = 1000) -> Iterator[list[Any]]:
    """All of them in pieces, each by its own short query: an export holds nothing open and little in memory."""
    streams = (_stream(asked, number, at_once) for number in range(len(asked)))
    merged = heapq.merge(*streams, key=_newest_first, reverse=True)
    while part := list(islice(merged, at_once)):
        yield part


def _stream(asked: Asked, number: int, at_once: int) -> Iterator[Any]:
    place: Place | None = None
    while True:
        rows = [Line(*row) for row in asked.rows(number, COLUMNS, at_once, place)]
        yield from rows
        if len(rows) < at_once:
            return
        place = rows[-1].ended_at, rows[-1].id


def _after(asked: Any, place: Place | None) -> Any:
    if place is None:
        return asked
    at, key = place
    return asked.where((Visit.ended_at <= at) & ((Visit.ended_at < at) | (Visit.id < key)))


def _newest_first(visit: Any) -> tuple[datetime, UUID]:
    return visit.ended_at, visit.id


def _said(
    found: Any, actor: Actor, text: str, here: Sequence[tuple[Any, str]], each_: Sequence[tuple[Any, str]], today: date
) -> list[tuple[Any, str]]:
    """Of these visits those of people whose name or initials begin so, or whose receipt number does.

    A beginning that many share is looked for down the newest visits, where it is met soon; a rare one by its index.
    """
    if _is_number(text):
        return _everywhere(found.where(_begins(actor, text, today)), _as_one(each_))
    column, begins = _column(text)
    by_index = (column >= begins) & (column < begins + LAST)
    if Asked(_everywhere(V.select().where(by_index), each_)).reach(MANY_ALIKE):
        return _everywhere(found.where(_begins(actor, text, today)), here)
    return _everywhere(found.where(by_index), each_)


def _begins(actor: Actor, text: str, today: date) -> Any:
    """That name, initials or number begin so, out of reach of the indexes of name and initials."""
    if _is_number(text):
        return V.event.in_(_events_numbered(actor, text.upper(), today))
    column, begins = _column(text)
    plain = fn.COALESCE(column, "")
    return (plain >= begins) & (plain < begins + LAST)


def _is_number(text: str) -> bool:
    return text[:2].isascii() and text[:2].isalpha() and "-" in text


def _column(text: str) -> tuple[Any, str]:
    return (V.resident_initials, text.lower()) if text.isascii() else (V.resident_name, text)


def _of_verifications(
    found: Any, state_: str, each_: Sequence[tuple[Any, str]], here: Sequence[tuple[Any, str]]
) -> list[tuple[Any, str]]:
    """Of these visits those with a verification in that state: few are looked up, many are met soon."""
    v, of = Visit, LifeVerification
    in_state = of.state == state_
    if state_ == "sent_back":
        in_state &= of.not_retaken()
    scopes, villages_ = _codes(each_, V.scope), _codes(each_, V.area)
    mine = of.select(of.visit).where(
        (of.scope.in_(scopes) | of.area.in_(villages_) if villages_ else of.scope.in_(scopes)) & in_state
    )
    if mine.limit(MANY_ALIKE).count() < MANY_ALIKE:
        return _everywhere(found.where(v.id.in_(mine)), _as_one(each_))
    met = found.where(fn.EXISTS(of.select(of.id).where((of.visit == v.id) & in_state)))
    return _everywhere(met, here)


def _codes(here: Sequence[tuple[Any, str]], column: Any) -> list[str]:
    return [code for place, code in here if place.lhs is column]


_ENTRIES = Lookup(JournalEntry.received_at, by=JournalEntry.position, also="scope = {}")


def _events_numbered(actor: Actor, text: str, today: date) -> list[UUID]:
    """Events whose receipt number begins so: letters of the township, the day it came, a count.

    Positions are in order of receipt, so the day's are found by halving.
    """
    letters, _dash, rest = text.partition("-")
    digits = rest[:4]
    if len(digits) < 4 or not digits.isdigit():
        return []
    found: list[UUID] = []
    here = models.within(Scope.code, None, actor.prefixes(*OFFICERS))
    for code, end in Scope.select(Scope.code, Scope.position).where(here).order_by(Scope.code).tuples():
        if journal.abbreviation(code) != letters:
            continue
        for year in (today.year, today.year - 1):
            try:
                day = datetime(year, int(digits[:2]), int(digits[2:]), tzinfo=CHINA)
            except ValueError:
                continue
            first, last = (_position_at(code, end, each) for each in (day, day + timedelta(days=1)))
            j = JournalEntry
            there = (j.scope == code) & (j.position >= first) & (j.position < last)
            found += [e for (e,) in j.select(j.id).where(there & j.number.startswith(text)).limit(500).tuples()]
    return found


def _position_at(scope: str, end: int, at: datetime) -> int:
    """The first position received at that moment or later; by halving, for there is no other index on it."""
    low, high = 1, end + 1
    while low < high:
        middle = (low + high) // 2
        received = _ENTRIES([middle], scope)
        if received and received[0][0] >= at:
            high = middle
        else:
            low = middle + 1
    return low


# ---- rows


@dataclass(slots=True)
class Line:
    """A visit as a table needs it. Filling whole rows of the model takes longer than all the rest of an export."""

    id: UUID
    resident_id: UUID
    area: str
    person_id: UUID
    reasons: str
    outcome: str
    where: str
    notes: str
    mark: Any
    state: str
    ended_at: datetime
    received_at: datetime
    resident_name: str


COLUMNS = (
    V.id, V.resident, V.area, V.person, V.reasons, V.outcome, V.where, V.notes, V.mark, V.state, V.ended_at,
    V.received_at, V.resident_name,
)  # fmt: skip


class Sayer:
    """Words for codes, each looked up once: a table says the same few thousands of times."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def __call__(self, kind: str, code: str) -> str:
        return self._once(kind, code, lambda: str(said(code, kind)))

    def check(self, benefit: str) -> str:
        return self._once("check", benefit, lambda: _("%(benefit)s check", benefit=benefit))

    def bring(self, thing: str) -> str:
        return self._once("bring", thing, lambda: _("bring %(thing)s", thing=thing))

    def left(self, code: str) -> str:
        return self._once("left", code, lambda: str(LEFT[code]))

    def _once(self, kind: str, code: str, say: Callable[[], str]) -> str:
        found = self._known.get((kind, code))
        if found is None:
            found = self._known[kind, code] = say()
        return found


LEFT = {"picture": _l("picture"), "receipt": _l("receipt"), "none": _l("no mark")}


def rows_of(visits: Sequence[Any], say: Sayer | None = None, *, with_tries: bool = True) -> list[dict[str, Any]]:
    """What the table says of these visits: one query for each kind of thing beside them."""
    say = say or Sayer()
    ids = [visit.id for visit in visits]
    names = dict(Person.select(Person.id, Person.name).where(Person.id.in_({v.person_id for v in visits})).tuples())
    verifications = _by_visit(LifeVerification, ids)
    deliveries = _by_visit(Delivery, ids)
    benefits = benefits_of([v for found in verifications.values() for v in found])
    tries = _tries([v for v in visits if v.outcome == "not_home"]) if with_tries else {}
    taken_again = _taken_again([v for found in verifications.values() for v in found])
    return [
        {
            "visit": visit,
            "agent": names.get(visit.person_id, ""),
            "why": why(visit, verifications[visit.id], deliveries[visit.id], benefits, say),
            "outcome": outcome(visit, deliveries[visit.id], say),
            "left": left(visit, verifications[visit.id], deliveries[visit.id], tries, say),
            "late": late(visit) if with_tries else "",
            "state": state(visit, verifications[visit.id], taken_again),
        }
        for visit in visits
    ]


def why(
    visit: Any, verifications: Sequence[Any], deliveries: Sequence[Any], benefits: Mapping[str, str], say: Sayer
) -> list[str]:
    """Why the agent went: by the benefit or the thing where it is known."""
    found: list[str] = []
    for reason in visit.reasons.split(","):
        if reason == "verification" and verifications:
            names = dict.fromkeys(benefits.get(e, "") for v in verifications for e in v.entitlements)
            found += [say.check(name) for name in names if name] or [say("reason", reason)]
        elif reason == "delivery" and deliveries:
            found += [say.bring(each.what) for each in deliveries]
        elif reason:
            found.append(say("reason", reason))
    return list(dict.fromkeys(found))


def outcome(visit: Any, deliveries: Sequence[Any], say: Sayer) -> str:
    handed = [d for d in deliveries if d.state == "delivered" and d.made]
    if handed and visit.reasons == "delivery":
        return say("received-by", handed[0].made.get("to", "self"))
    return say("outcome", visit.outcome)


def left(
    visit: Any, verifications: Sequence[Any], deliveries: Sequence[Any], tries: Mapping[UUID, int], say: Sayer
) -> list[str]:
    """What the visit left behind: a picture, a mark, or how often nobody was home."""
    found = [say.left("picture")] if any(v.state != "closed_other" for v in verifications) else []
    if any(d.state == "delivered" for d in deliveries):
        found.append(say.left("receipt"))
    kind = (visit.mark or {}).get("kind") or next((v.mark.get("kind") for v in verifications if v.mark), "")
    if kind in ("signature", "thumbprint"):
        found.append(say("mark", kind))
    elif visit.outcome in ("done", "part_done"):
        found.append(say.left("none"))
    if visit.id in tries:
        found.append(_("try no. %(num)s", num=tries[visit.id]))
    if visit.where:
        found.append(visit.where)
    return found


def late(visit: Any) -> str:
    """Lateness is shown only where there is some: it arrived on a later day."""
    ended, received = visit.ended_at.astimezone(CHINA), visit.received_at.astimezone(CHINA)
    days = (received.date() - ended.date()).days
    clock = f"{received.hour}:{received.minute:02}"
    if days <= 0:
        return ""
    if days == 1:
        return _("arrived the next day at %(clock)s", clock=clock)
    return ngettext("arrived %(num)s day later", "arrived %(num)s days later", days)


@dataclass(frozen=True)
class ThreeTimes:
    """What is known of when a record was made: the phone's own time, what it knew of the county's, and the receipt."""

    by_phone: datetime
    minutes_off: int | None  # county minus phone at its last answer; None: it had never heard one
    known_for_s: int  # how old that knowledge was
    received: datetime


def three_times(entry: Any) -> ThreeTimes | None:
    """The three times of a record; None once its text is erased."""
    if entry is None or entry.payload is None:
        return None
    said = json.loads(entry.payload)
    offset = said.get("offset_ms")
    minutes = None if offset is None else round(offset / 60_000)
    return ThreeTimes(entry.at, minutes, said.get("offset_age_s") or 0, entry.received_at)


def _taken_again(verifications: Sequence[Any]) -> set[UUID]:
    """Of these, the pictures sent back that somebody has taken again since: nothing is to be done for them."""
    v = LifeVerification
    back = [each.id for each in verifications if each.state == "sent_back"]
    return {key for (key,) in v.select(v.id).where(v.id.in_(back) & ~v.not_retaken()).tuples()} if back else set()


def state(visit: Any, verifications: Sequence[Any], taken_again: Collection[UUID] = ()) -> str:
    """What still has to be done comes first: a picture to check or sent back, then the visit itself."""
    states = {v.state for v in verifications if v.id not in taken_again}
    if "sent_back" in states:
        return "sent_back"
    if visit.state in ("queried", "answered"):
        return str(visit.state)
    return "to_check" if "captured" in states else str(visit.state)


def benefits_of(verifications: Sequence[Any]) -> dict[str, str]:
    """Entitlement → the name people use for its benefit."""
    ids = {UUID(each) for v in verifications for each in v.entitlements}
    if not ids:
        return {}
    rows = Entitlement.select(Entitlement.id, Entitlement.benefit).where(Entitlement.id.in_(ids)).tuples()
    return {str(key): benefit_name(benefit) for key, benefit in rows}


def _by_visit(model: Any, ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    if ids:
        for row in model.select().where(model.visit.in_(ids)):
            found[row.visit].append(row)
    return found


def _tries(visits: Sequence[Any]) -> dict[UUID, int]:
    """How many times in a row nobody was home, up to and with each of these visits; more than `MOST_TRIES` says nothing new.

    One short look into the index for each, in one statement: a person may have been visited for years.
    """
    p = models.database.param
    one = (
        f"SELECT * FROM (SELECT CAST({p} AS TEXT) AS visit, outcome FROM visit WHERE resident_id = {p} AND ended_at <= {p} "  # noqa: S608
        f"AND corrected_by IS NULL ORDER BY ended_at DESC LIMIT {MOST_TRIES}) AS v"
    )
    outcomes: dict[str, list[str]] = defaultdict(list)
    if visits:
        params = [
            value
            for visit in visits
            for value in (str(visit.id), V.resident.db_value(visit.resident_id), V.ended_at.db_value(visit.ended_at))
        ]
        for key, outcome_ in models.database.execute_sql(" UNION ALL ".join([one] * len(visits)), params).fetchall():
            outcomes[key].append(outcome_)
    return {visit.id: tries_in_a_row(outcomes[str(visit.id)]) for visit in visits}


# ---- what a lead is asked to look at: facts, never a score


@dataclass(frozen=True)
class ToLookAt:
    """A sentence of facts, where and when, and one thing to do."""

    words: str
    where: str
    action: str
    url: str


def exceptions(actor: Actor, *, now: datetime, url_for: Any, most: int = 6) -> tuple[list[ToLookAt], int]:
    """The newest facts to look at, and how many there are in all (bounded)."""
    found = [
        *_open_tails(actor, now, url_for),
        *_silent_phones(actor, now, url_for),
        *_flagged(actor, now, url_for),
        *_often_not_home(actor, now, url_for),
        *_clocks(actor, now, url_for),
    ]
    return found[:most], len(found)


def _silent_phones(actor: Actor, now: datetime, url_for: Any) -> Iterator[ToLookAt]:
    limit = now - timedelta(days=models.setting("visit.late_days"))
    d = Device
    waits = (d.waiting_records > 0) | (d.waiting_blobs > 0)
    alive = d.state.in_(("active", "send_only")) & d.emptied_at.is_null()
    silent = d.visible_to(actor, *OFFICERS).where(alive & waits & (d.heard_at < limit))
    for device in silent.order_by(d.heard_at).limit(20):
        days = (day_of(now) - day_of(device.heard_at)).days
        yield ToLookAt(
            _(
                "%(name)s's phone was not heard for %(days)s days, %(what)s not sent",
                name=device.person.name, days=days, what=waiting_words(device),
            ),
            facts([_place_of(device.person_id, now), _("last heard %(moment)s", moment=_moment(device.heard_at, now))]),
            _("Call") if device.person.phone else "",
            f"tel:{device.person.phone}" if device.person.phone else "",
        )  # fmt: skip


def _open_tails(actor: Actor, now: datetime, url_for: Any) -> Iterator[ToLookAt]:
    """Phones that cannot bring by themselves what they wrote: who must bring it is said on the phone's page."""
    for device, tail in tails.to_look_at(actor, *OFFICERS):
        name, numbers = device.person.name, gap_words(list(tail.open))
        if device.emptied_at is not None:
            words = _("%(name)s's phone was emptied, open at no. %(numbers)s", name=name, numbers=numbers)
        elif tail.lost:
            words = _("%(name)s's phone lost records, open at no. %(numbers)s", name=name, numbers=numbers)
        else:
            words = _("%(name)s's phone is gone, open at no. %(numbers)s", name=name, numbers=numbers)
        heard = device.heard_at or device.enrolled_at
        where = facts([_place_of(device.person_id, now), _("last heard %(moment)s", moment=_moment(heard, now))])
        if actor.may(*LEADS):
            yield ToLookAt(words, where, _("Look"), url_for("office.phone", device_id=device.id))
        else:
            yield ToLookAt(words, where, _("Take in a file"), url_for("office.bundles"))


def _clocks(actor: Actor, now: datetime, url_for: Any) -> Iterator[ToLookAt]:
    limit = models.setting("visit.clock_minutes") * 60_000
    d = Device
    off = (d.clock_ms > limit) | (d.clock_ms < -limit)
    for device in d.visible_to(actor, *OFFICERS).where((d.state == "active") & off).limit(20):
        yield ToLookAt(
            ngettext("A phone's clock is %(num)s minute off", "A phone's clock is %(num)s minutes off", abs(device.clock_ms) // 60_000),
            _("%(place)s, records are taken, times to be looked at", place=_place_of(device.person_id, now)),
            _("Look"),
            url_for("office.visits", agent=str(device.person_id)),
        )  # fmt: skip


FLAG_WORDS = {
    "no_mark": _l("no mark twice in a row"),
    "late": _l("arrived late"),
    "clock": _l("the phone's time does not fit"),
    "unsure_time": _l("the time is not certain"),
    "overlap": _l("two visits at the same time"),
    "many": _l("many verifications in one hour"),
    "kin": _l("the agent is kin"),
    "badge": _l("the badge was not valid that day"),
}


def _flagged(actor: Actor, now: datetime, url_for: Any) -> Iterator[ToLookAt]:
    v = Visit
    open_now = v.select().where(
        v.flagged() & v.state.in_(("synced", "answered")) & (v.ended_at > now - timedelta(days=30))
    )
    found = Asked(_everywhere(open_now, places(actor))).newest(40)
    names = area_names({visit.area for visit in found})
    groups = dict(
        Resident.select(Resident.id, Resident.group).where(Resident.id.in_({x.resident_id for x in found})).tuples()
    )
    for visit in found:
        words = [str(FLAG_WORDS[flag]) for flag in visit.flags.split(",") if flag in FLAG_WORDS]
        yield ToLookAt(
            f"{visit.resident_name} {facts(words)}",
            f"{names.get(visit.area, '')}{groups.get(visit.resident_id, '')} {_moment(visit.ended_at, now)}",
            _("Look"),
            url_for("office.visit", visit_id=visit.id),
        )


def _often_not_home(actor: Actor, now: datetime, url_for: Any) -> Iterator[ToLookAt]:
    """After so many tries in a row the township decides what next (domain §6)."""
    limit = models.setting("visit.max_tries")
    v = Visit
    recent = (v.outcome == "not_home") & v.corrected_by.is_null() & (v.ended_at > now - timedelta(days=60))
    newest: dict[UUID, Any] = {}
    for visit in Asked(_everywhere(v.select().where(recent), places(actor))).newest(200):
        newest.setdefault(visit.resident_id, visit)
    past = cards.latest_visits(list(newest), MOST_TRIES)
    counts = {resident: tries_in_a_row(each.outcome for each in past.get(resident, ())) for resident in newest}
    often = [visit for resident, visit in newest.items() if counts[resident] >= limit]
    names = area_names({visit.area for visit in often})
    for visit in often:
        yield ToLookAt(
            _(
                "%(name)s was not at home %(num)s times in a row",
                name=visit.resident_name,
                num=counts[visit.resident_id],
            ),
            names.get(visit.area, ""),
            _("Look"),
            url_for("office.resident", resident_id=visit.resident_id),
        )


def _place_of(person: UUID, now: datetime) -> str:
    post = (
        models.Post.in_force(day_of(now)).where(models.Post.person == person).order_by(models.Post.area.desc()).first()
    )
    return area_names({post.area}).get(post.area, "") if post else ""


def _moment(at: datetime, now: datetime) -> str:
    return moment(at, day_of(now))


def scope_of_actor(actor: Actor) -> str:
    """Where a look at a list is noted: the township (or county) of the widest post."""
    return scope_of(min((p.area for p in actor.posts), key=lambda code: (len(area_prefix(code)), code)))


def _place(text: str) -> tuple[datetime, UUID] | None:
    at, _tilde, key = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(key)) if moment.tzinfo else None
    except ValueError:
        return None


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _known(text: str, known: set[Any]) -> str:
    return text if text in known else ""
