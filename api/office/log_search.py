"""The visit log's filters, which stand in the address, and the visits they ask for.

Keyset paging and no COUNT(*): the newest fifty come at once, however long the log is.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from flask_babel import lazy_gettext as _l
from peewee import SQL, Value, fn

import models
from actions import journal
from api.office.roles import OFFICERS
from models import JournalEntry, LifeVerification, Lookup, Rows, Scope, Visit
from rules.actors import Actor
from rules.days import CHINA
from rules.events import Outcome, Reason

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
LAST = "\U0010ffff"  # comes after whatever a text may begin with
#: From so many alike on it is quicker to go down the newest visits than to fetch all that an index has.
MANY_ALIKE = 2000
ALL = 1 << 40  # more visits than there will ever be
V = Visit


class Line(NamedTuple):
    """A visit as a table needs it, its values as the database keeps them: to read them all takes longer than the rest.

    Lines compare as they follow each other: by the time a visit ended, then by its id.
    """

    ended_at: Any
    id: Any
    resident_id: Any
    area: str
    person_id: Any
    reasons: str
    outcome: str
    where: str
    notes: str
    mark: str | None
    state: str
    received_at: Any
    resident_name: str


COLUMNS = (
    V.ended_at, V.id, V.resident, V.area, V.person, V.reasons, V.outcome, V.where, V.notes, V.mark, V.state,
    V.received_at, V.resident_name,
)  # fmt: skip


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


#: Stand in a statement where the code of a township or village comes, and the last row seen: when that visit ended,
#: its id.
HERE, AFTER, AFTER_ID = "\0here", "\0after", "\0after id"
Place = tuple[Any, Any]  # of the last row seen, as the database keeps them: when that visit ended, and its id


class Asked:
    """The visits asked for, newest first, in each township or single village by itself: each runs down its own index.

    A county has many of them, and writing a statement takes longer than its answer: it is written once for all.
    """

    def __init__(self, found: Sequence[tuple[Any, str]]) -> None:
        self._found = found  # queries with HERE in them, each with a code
        self._written: dict[tuple[Any, ...], tuple[str, list[Any]]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def lines(self, number: int, columns: tuple[Any, ...], limit: int, after: Place | None) -> list[tuple[Any, ...]]:
        """The newest rows of one of the places, after that visit, as the database keeps them."""
        query, code = self._found[number]
        written = id(query), columns, limit, after is None
        if written not in self._written:
            ordered = _after(query.select(*columns), after).order_by(V.ended_at.desc(), V.id.desc()).limit(limit)
            self._written[written] = ordered.sql()
        sql, params = self._written[written]
        here = {HERE: code, AFTER: after and after[0], AFTER_ID: after and after[1]}
        values = [here.get(value, value) if isinstance(value, str) else value for value in params]
        return list(models.database.execute_sql(sql, values).fetchall())

    def reach(self, count: int) -> bool:
        """Whether there are so many in all places together; they are counted no further."""
        for number in range(len(self)):
            count -= self._counted(number, count)
            if count <= 0:
                return True
        return False

    def count(self) -> int:
        """How many there are. Each is counted: for a job, never for a page."""
        return sum(self._counted(number, ALL) for number in range(len(self)))

    def _counted(self, number: int, most: int) -> int:
        query, code = self._found[number]
        sql, params = query.select(SQL("1")).sql()  # no column of the row: an index alone answers
        values = [code if value == HERE else value for value in params]
        bounded = f"SELECT COUNT(*) FROM ({sql} LIMIT {models.database.param}) AS v"  # noqa: S608
        return int(models.database.execute_sql(bounded, [*values, most]).fetchone()[0])

    def newest(self, limit: int, after: Place | None = None) -> list[Any]:
        """The newest of all places, whole."""
        wanted = [V.id.python_value(key) for _, key in self.newest_lines((V.ended_at, V.id), limit, after)]
        rows = {row.id: row for row in _VISITS.of(wanted)}
        return [rows[key] for key in wanted]

    def newest_lines(self, columns: tuple[Any, ...], limit: int, after: Place | None = None) -> list[tuple[Any, ...]]:
        """The same as the database keeps them; the columns begin with `ended_at` and `id`, which sort so, too."""
        lines = [line for number in range(len(self)) for line in self.lines(number, columns, limit, after)]
        return sorted(lines, reverse=True)[:limit]


_VISITS = Rows(Visit, by=Visit.id)


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
    return Asked(everywhere(found, here))


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


def everywhere(query: Any, places_: Sequence[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """One query for all places of a kind."""
    written = {id(place): query.where(place) for place, _ in places_}
    return [(written[id(place)], code) for place, code in places_]


def page(asked: Asked, before: str) -> tuple[list[Any], str]:
    """Fifty from the place `before`, and where the next fifty begin; "" at the end."""
    rows = asked.newest(A_PAGE + 1, _place(before))
    more = f"{rows[A_PAGE - 1].ended_at.isoformat()}~{rows[A_PAGE - 1].id}" if len(rows) > A_PAGE else ""
    return rows[:A_PAGE], more


def every(asked: Asked, at_once: int = 1000) -> Iterator[list[Line]]:
    """All of them in pieces, each by its own short query: an export holds nothing open and little in memory.

    Of each place some rows wait for their turn, the fewer the more places there are.
    """
    waiting = max(at_once // max(len(asked), 1), at_once // 5, 1)
    streams = (_stream(asked, number, waiting) for number in range(len(asked)))
    merged = heapq.merge(*streams, reverse=True)  # ids differ, so nothing behind them is compared
    while part := list(islice(merged, at_once)):
        yield part


def _stream(asked: Asked, number: int, at_once: int) -> Iterator[Line]:
    place: Place | None = None
    while True:
        rows = asked.lines(number, COLUMNS, at_once, place)
        yield from map(Line._make, rows)
        if len(rows) < at_once:
            return
        place = rows[-1][0], rows[-1][1]


def _after(asked: Any, place: Place | None) -> Any:
    if place is None:
        return asked
    at, key = (Value(each, converter=_as_it_is) for each in (AFTER, AFTER_ID))
    return asked.where((Visit.ended_at <= at) & ((Visit.ended_at < at) | (Visit.id < key)))


def _as_it_is(value: Any) -> Any:
    return value


def _said(
    found: Any, actor: Actor, text: str, here: Sequence[tuple[Any, str]], each_: Sequence[tuple[Any, str]], today: date
) -> list[tuple[Any, str]]:
    """Of these visits those of people whose name or initials begin so, or whose receipt number does.

    A beginning that many share is looked for down the newest visits, where it is met soon; a rare one by its index.
    """
    if _is_number(text):
        return everywhere(found.where(_begins(actor, text, today)), _as_one(each_))
    column, begins = _column(text)
    by_index = (column >= begins) & (column < begins + LAST)
    if Asked(everywhere(V.select().where(by_index), each_)).reach(MANY_ALIKE):
        return everywhere(found.where(_begins(actor, text, today)), here)
    return everywhere(found.where(by_index), each_)


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
        return everywhere(found.where(v.id.in_(mine)), _as_one(each_))
    met = found.where(fn.EXISTS(of.select(of.id).where((of.visit == v.id) & in_state)))
    return everywhere(met, here)


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


def _place(text: str) -> Place | None:
    at, _tilde, key = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (V.ended_at.db_value(moment), V.id.db_value(UUID(key))) if moment.tzinfo else None
    except ValueError:
        return None


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _known(text: str, known: set[Any]) -> str:
    return text if text in known else ""
