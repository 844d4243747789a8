"""The visit log's filters, which stand in the address, and the visits they ask for.

Keyset paging and no COUNT(*): the newest fifty come at once, however long the log is.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain, islice
from typing import Any, NamedTuple
from uuid import UUID

from flask_babel import lazy_gettext as _l
from peewee import SQL, Value, fn

import models
from actions import journal
from api.office.roles import OFFICERS
from models import JournalEntry, LifeVerification, Lookup, Scope, Visit
from rules.actors import Actor, scope_of
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
    """A visit as a list or table needs it.

    A long table has its values as the database keeps them: to read them all takes longer than the rest.

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
    mark: Any
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


#: Stand in a statement where the code of a place comes, that of its township, and the last row seen: when that visit
#: ended, its id.
HERE, TOWNSHIP, AFTER, AFTER_ID = "\0here", "\0township", "\0after", "\0after id"
Place = tuple[Any, Any]  # of the last row seen, as the database keeps them: when that visit ended, and its id
AT_ONCE = 100  # places in one statement


class Asked:
    """The visits asked for, newest first, in each township or single village by itself: each runs down its own index.

    A county has many of them, and writing a statement takes longer than its answer: it is written once for all, and
    for the newest of all it is asked once.
    """

    def __init__(self, found: Sequence[tuple[Any, str]]) -> None:
        self._found = found  # queries with HERE in them, each with a code
        self._written: dict[tuple[Any, ...], tuple[str, list[Any]]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def lines(self, number: int, columns: tuple[Any, ...], limit: int, after: Place | None) -> list[tuple[Any, ...]]:
        """The newest rows of one of the places, after that visit, as the database keeps them."""
        query, code = self._found[number]
        sql, params = self._newest_first(query, columns, limit, after)
        return list(models.database.execute_sql(sql, _at(code, params)).fetchall())

    def newest_lines(self, columns: tuple[Any, ...], limit: int, after: Place | None = None) -> list[tuple[Any, ...]]:
        """The newest of all places, as the database keeps them; the columns begin with `ended_at` and `id`, which sort so.

        Of many places each is asked for a few; one whose few are all among the newest has more, and is asked again.
        """
        lines: list[tuple[Any, ...]] = []
        for query, codes in self._by_query():
            few = max(2 * limit // len(codes), 5) if len(codes) > 1 else limit
            found = self._at_once(query, codes, columns, few, after)
            if few < limit:
                newest = sorted(chain(*found.values()), reverse=True)[:limit]
                oldest = newest[-1] if len(newest) == limit else ()
                more = [code for code, here in found.items() if len(here) == few and here[-1] >= oldest]
                found |= self._at_once(query, more, columns, limit, after)
            lines += chain(*found.values())
        return sorted(lines, reverse=True)[:limit]

    def _at_once(
        self, query: Any, codes: Sequence[str], columns: tuple[Any, ...], limit: int, after: Place | None
    ) -> dict[str, list[tuple[Any, ...]]]:
        """The newest of each of these places."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for sql, params in _everywhere_at_once(*self._newest_first(query, columns, limit, after), codes):
            for code, *line in models.database.execute_sql(sql, params).fetchall():
                found.setdefault(code, []).append(tuple(line))
        return found

    def newest(self, limit: int, after: Place | None = None) -> list[Line]:
        """The same, for people to read."""
        wanted = [key for _, key in self.newest_lines((V.ended_at, V.id), limit, after)]
        found = {row[1]: row for row in _LINES([V.id.python_value(key) for key in wanted])}
        return [Line._make(found[V.id.python_value(key)]) for key in wanted]

    def reach(self, count: int) -> bool:
        """Whether there are so many in all places together; they are counted no further."""
        for query, codes in self._by_query():
            for sql, params in _everywhere_at_once(*query.select(SQL("1")).sql(), codes):
                count -= _counted(sql, params, count)
                if count <= 0:
                    return True
        return False

    def count(self) -> int:
        """How many there are. Each is counted: for a job, never for a page."""
        written = [(query.select(SQL("1")).sql(), code) for query, code in self._found]
        return sum(_counted(sql, _at(code, params), ALL) for (sql, params), code in written)

    def _by_query(self) -> list[tuple[Any, list[str]]]:
        """Each query with the places it is asked of."""
        found: dict[int, tuple[Any, list[str]]] = {}
        for query, code in self._found:
            found.setdefault(id(query), (query, []))[1].append(code)
        return list(found.values())

    def _newest_first(
        self, query: Any, columns: tuple[Any, ...], limit: int, after: Place | None
    ) -> tuple[str, list[Any]]:
        written = id(query), columns, limit, after is None
        if written not in self._written:
            ordered = _after(query.select(*columns), after).order_by(V.ended_at.desc(), V.id.desc()).limit(limit)
            self._written[written] = ordered.sql()
        sql, params = self._written[written]
        seen = {AFTER: after and after[0], AFTER_ID: after and after[1]}
        return sql, [seen.get(each, each) if isinstance(each, str) else each for each in params]


_LINES = Lookup(*COLUMNS, by=V.id)


def _at(code: str, params: Sequence[Any]) -> list[Any]:
    """The values of a statement for one place."""
    here = {HERE: code, TOWNSHIP: scope_of(code)}
    return [here.get(value, value) if isinstance(value, str) else value for value in params]


def _everywhere_at_once(sql: str, params: Sequence[Any], codes: Sequence[str]) -> Iterator[tuple[str, list[Any]]]:
    """The statement for all these places, a hundred at a time, each row led by the code of its place.

    A short look into an index for each place, and one way to the database for all.
    """
    for start in range(0, len(codes), AT_ONCE):
        part = codes[start : start + AT_ONCE]
        if models.is_sqlite():
            whole = " UNION ALL ".join([f"SELECT ?, v.* FROM ({sql}) AS v"] * len(part))  # noqa: S608
            yield whole, [value for code in part for value in (code, *_at(code, params))]
        else:
            column = {HERE: "here.code", TOWNSHIP: "here.township"}
            first, *rest = sql.split("%s")
            places_ = [column.get(each, "%s") if isinstance(each, str) else "%s" for each in params]
            one = first + "".join(place + text for place, text in zip(places_, rest, strict=True))
            others = [each for each, place in zip(params, places_, strict=True) if place == "%s"]
            yield (
                "SELECT here.code, v.* FROM unnest(%s::text[], %s::text[]) AS here(code, township), "  # noqa: S608
                f"LATERAL ({one}) AS v",
                [list(part), [scope_of(code) for code in part], *others],
            )


def _counted(sql: str, params: Sequence[Any], most: int) -> int:
    """How many rows; no column of them is asked for, so an index alone answers."""
    bounded = f"SELECT COUNT(*) FROM ({sql} LIMIT {models.database.param}) AS v"  # noqa: S608
    return int(models.database.execute_sql(bounded, [*params, most]).fetchone()[0])


def queries(actor: Actor, filters: Filters, *, today: date) -> Asked:
    """The visits asked for. What a correction replaced is not among them; it is found on the page of what replaced it.

    Each filter has its way: one person's visits by their own index, a state or an outcome by that of each township;
    what many share is met soon down the newest of all, what is rare is looked up first.
    """
    v, here = Visit, places(actor, filters.area)
    found = v.select().where(v.corrected_by.is_null())
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
    recent, recent_of_few = _since(filters.days, today)
    if filters.state in TO_DO:
        found = found.where(_begins(actor, filters.text, today)) if filters.text else found
        return Asked(_of_verifications(found.where(recent), TO_DO[filters.state], every_place, here))
    if filters.state:
        found = found.where(v.state == filters.state)
    if filters.text and _is_number(filters.text):
        return Asked(everywhere(found.where(recent, _begins(actor, filters.text, today)), _as_one(every_place)))
    if filters.text and (few := _few_said(filters.text, every_place)):
        condition, few_places = few
        return Asked(everywhere(found.where(recent_of_few, condition), few_places))
    if filters.text:
        found = found.where(_begins(actor, filters.text, today))
    return Asked(everywhere(found.where(recent), here))


def _since(days: str, today: date) -> tuple[Any, Any]:
    """That a visit ended in the last so many days; and the same out of reach of the indexes of time, for a few."""
    if days == "all":
        return SQL("1 = 1"), SQL("1 = 1")
    first = today - timedelta(days=int(days) - 1)
    moment = datetime(first.year, first.month, first.day, tzinfo=CHINA)
    return V.ended_at >= moment, fn.COALESCE(V.ended_at, V.ended_at) >= V.ended_at.db_value(moment)


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


def page(asked: Asked, before: str) -> tuple[list[Line], str]:
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


def _few_said(text: str, places_: Sequence[tuple[Any, str]]) -> tuple[Any, list[tuple[Any, str]]] | None:
    """The visits of people whose name or initials begin so, by their index, and the places as that index has them.

    None where many share the beginning: those are looked for down the newest visits, where they are met soon.
    """
    column, begins = _column(text)
    by_index = (column >= begins) & (column < begins + LAST)
    in_township = V.scope == HERE
    townships = [(in_township, code) for code in sorted({scope_of(code) for _, code in places_})]
    if Asked(everywhere(V.select().where(by_index), townships)).reach(MANY_ALIKE):
        return None
    return by_index, _by_township(places_)


def _by_township(places_: Sequence[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """The same places for what only the index of a whole township has: a village is looked for in its township's."""
    villages_ = (V.scope == TOWNSHIP) & (fn.COALESCE(V.area, "") == HERE)
    return [(villages_ if place.lhs is V.area else place, code) for place, code in places_]


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
    here_ = of.scope.in_(sorted({*scopes, *map(scope_of, villages_)}))  # states have an index of a whole township only
    if villages_:
        here_ &= of.scope.in_(scopes) | of.area.in_(villages_)
    mine = of.select(of.visit).where(here_ & in_state)
    if mine.limit(MANY_ALIKE).count() < MANY_ALIKE:
        return everywhere(found.where(v.id.in_(mine)), _as_one(each_))
    met = found.where(fn.EXISTS(of.select(of.id).where((of.visit == v.id) & in_state)))
    return everywhere(met, here)


def _codes(here: Sequence[tuple[Any, str]], column: Any) -> list[str]:
    return [code for place, code in here if place.lhs is column]


_ENTRIES = Lookup(JournalEntry.position, JournalEntry.received_at, by=JournalEntry.position, also="scope = {}")


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
        days = _days_called(digits, today)
        at = _positions_at(code, end, [each for day in days for each in (day, day + timedelta(days=1))])
        for first, last in zip(at[::2], at[1::2], strict=True):
            j = JournalEntry
            there = (j.scope == code) & (j.position >= first) & (j.position < last)
            found += [e for (e,) in j.select(j.id).where(there & j.number.startswith(text)).limit(500).tuples()]
    return found


def _days_called(digits: str, today: date) -> list[datetime]:
    """The days that month and day may mean: this year's, and last year's."""
    found = []
    for year in (today.year, today.year - 1):
        with suppress(ValueError):
            found.append(datetime(year, int(digits[:2]), int(digits[2:]), tzinfo=CHINA))
    return found


def _positions_at(scope: str, end: int, moments: Sequence[datetime]) -> list[int]:
    """For each moment the first position received then or later; by halving, for there is no other index on it."""
    spans = [(1, end + 1)] * len(moments)
    while open_ := {(low + high) // 2 for low, high in spans if low < high}:
        received = dict(_ENTRIES(sorted(open_), scope))
        for number, (low, high) in enumerate(spans):
            if low < high:
                middle = (low + high) // 2
                here = middle in received and received[middle] >= moments[number]
                spans[number] = (low, middle) if here else (middle + 1, high)
    return [low for low, _high in spans]


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
