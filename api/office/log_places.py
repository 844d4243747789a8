"""The visits of some places, newest first: each township or single village runs down its own index.

What is asked of them is a query of `log_search`; here it is asked of all places at once, and merged.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any, NamedTuple

from peewee import SQL, fn

import models
from api.office.roles import OFFICERS
from models import Given, Lookup, Once, Scope, Visit, given
from rules.actors import Actor, scope_of

V = Visit


class Line(NamedTuple):
    """A visit as a list or table needs it.

    A long table has its values as the database keeps them, ids and instants as text: to read them all takes longer than
    the rest.

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


def _as_text(column: Any) -> Any:
    """PostgreSQL's driver makes an object of each id and instant, which for a long table takes longer than all the rest."""
    if column.field_type == "UUID":
        return column.cast("text")
    if column.field_type == "DATETIME":  # in one form, whichever the server prefers
        return fn.to_char(column, SQL("'YYYY-MM-DD HH24:MI:SS.US'"))
    return column


_AS_TEXT = tuple(map(_as_text, COLUMNS))

#: Where in a statement the code of a place comes, that of its township, and the last row seen: when that visit ended,
#: its id.
HERE, TOWNSHIP, AFTER, AFTER_ID = map(given, ("here", "township", "after", "after_id"))
Seen = tuple[Any, Any]  # of the last row seen, as the database keeps them: when that visit ended, and its id
AT_ONCE = 100  # places in one statement
ALL = 1 << 40  # more visits than there will ever be


class Asked:
    """The visits asked for, newest first, in each township or single village by itself: each runs down its own index.

    A county has many of them, and writing a statement takes longer than its answer: it is written once for all, and
    for the newest of all it is asked once.
    """

    def __init__(self, found: Sequence[tuple[Any, str]]) -> None:
        self._found = found  # queries with HERE in them, each with a code
        self._written: dict[tuple[Any, ...], tuple[str, list[Any], tuple[Any, ...]]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def lines(self, number: int, columns: tuple[Any, ...], limit: int, after: Seen | None) -> list[tuple[Any, ...]]:
        """The newest rows of one of the places, after that visit, as the database keeps them."""
        query, code = self._found[number]
        sql, params = self._newest_first(query, columns, limit, after)
        return list(models.database.execute_sql(sql, _at(code, params)).fetchall())

    def newest_lines(
        self, columns: tuple[Any, ...], limit: int, after: Seen | None = None, **values: Any
    ) -> list[tuple[Any, ...]]:
        """The newest of all places, as the database keeps them; the columns begin with `ended_at` and `id`, which sort so.

        `values` are those the queries have places for. Of many places each is asked for a few; one whose few are all
        among the newest has more, and is asked again.
        """
        lines: list[tuple[Any, ...]] = []
        for query, codes in self._by_query():
            few = max(2 * limit // len(codes), 5) if len(codes) > 1 else limit
            found = self._at_once(query, codes, columns, few, after, values)
            if few < limit:
                newest = sorted(chain(*found.values()), reverse=True)[:limit]
                oldest = newest[-1] if len(newest) == limit else ()
                more = [code for code, here in found.items() if len(here) == few and here[-1] >= oldest]
                found |= self._at_once(query, more, columns, limit, after, values)
            lines += chain(*found.values())
        return sorted(lines, reverse=True)[:limit]

    def _at_once(
        self,
        query: Any,
        codes: Sequence[str],
        columns: tuple[Any, ...],
        limit: int,
        after: Seen | None,
        values: Mapping[str, Any],
    ) -> dict[str, list[tuple[Any, ...]]]:
        """The newest of each of these places."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        written, given_ = self._newest_first(query, columns, limit, after)
        for sql, params in _everywhere_at_once(written, models.filled(given_, values), codes):
            for code, *line in models.database.execute_sql(sql, params).fetchall():
                found.setdefault(code, []).append(tuple(line))
        return found

    def newest(self, limit: int, after: Seen | None = None) -> list[Line]:
        """The newest of all places, for people to read."""
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
        self, query: Any, columns: tuple[Any, ...], limit: int, after: Seen | None
    ) -> tuple[str, list[Any]]:
        written = id(query), tuple(map(id, columns)), limit, after is None
        if written not in self._written:
            ordered = _after(query.select(*columns), after).order_by(V.ended_at.desc(), V.id.desc()).limit(limit)
            self._written[written] = *ordered.sql(), columns  # kept, so that nothing else gets their ids
        sql, params, _ = self._written[written]
        seen = {"after": after and after[0], "after_id": after and after[1]}
        return sql, models.filled(params, seen)


_LINES = Lookup(*COLUMNS, by=V.id)


def _at(code: str, params: Sequence[Any]) -> list[Any]:
    """The values of a statement for one place."""
    return models.filled(params, {"here": code, "township": scope_of(code)})


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
            first, *rest = sql.split("%s")
            places_ = [f"here.{each.name}" if isinstance(each, Given) else "%s" for each in params]
            one = first + "".join(place + text for place, text in zip(places_, rest, strict=True))
            others = [each for each, place in zip(params, places_, strict=True) if place == "%s"]
            yield (
                "SELECT here.here, v.* FROM unnest(%s::text[], %s::text[]) AS here(here, township), "  # noqa: S608
                f"LATERAL ({one}) AS v",
                [list(part), [scope_of(code) for code in part], *others],
            )


def _counted(sql: str, params: Sequence[Any], most: int) -> int:
    """How many rows; no column of them is asked for, so an index alone answers."""
    bounded = f"SELECT COUNT(*) FROM ({sql} LIMIT {models.database.param}) AS v"  # noqa: S608
    return int(models.database.execute_sql(bounded, [*params, most]).fetchone()[0])


def _after(asked: Any, place: Seen | None) -> Any:
    if place is None:
        return asked
    return asked.where((V.ended_at <= AFTER) & ((V.ended_at < AFTER) | (V.id < AFTER_ID)))


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
    place: Seen | None = None
    columns = COLUMNS if models.is_sqlite() else _AS_TEXT
    while True:
        rows = asked.lines(number, columns, at_once, place)
        yield from map(Line._make, rows)
        if len(rows) < at_once:
            return
        place = rows[-1][0], rows[-1][1]


IN_VILLAGE, IN_TOWNSHIP = V.area == HERE, V.scope == HERE


def places(actor: Actor, area: str = "") -> list[tuple[Any, str]]:
    """The places whose visits an officer sees, as (condition with HERE in it, code); they do not overlap.

    With `area`, only that village, if it lies in one of them.
    """
    prefixes = actor.prefixes(*OFFICERS)
    if area:
        return [(IN_VILLAGE, area)] if any(area.startswith(prefix) for prefix in prefixes) else []
    widest = [p for p in prefixes if not any(p != other and p.startswith(other) for other in prefixes)]
    found = [(IN_VILLAGE, p) for p in widest if len(p) == 12]
    return found + [(IN_TOWNSHIP, code) for (code,) in _SCOPES(tuple(p for p in widest if len(p) < 12))]


_SCOPES = Once(
    lambda prefixes: Scope.select(Scope.code).where(models.within(Scope.code, None, prefixes)).order_by(Scope.code)
)


def everywhere(query: Any, places_: Sequence[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """One query for all places of a kind."""
    written = {id(place): query.where(place) for place, _ in places_}
    return [(written[id(place)], code) for place, code in places_]


def as_one(places_: Sequence[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """The same places as one, out of reach of their own indexes, so that another one is used."""
    in_township = fn.COALESCE(V.scope, "").in_(codes_of(places_, V.scope))
    in_village = fn.COALESCE(V.area, "").in_(codes_of(places_, V.area))
    return [(in_township | in_village, "")] if places_ else []


def by_township(places_: Sequence[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """The same places for what only the index of a whole township has: a village is looked for in its township's."""
    in_its_township = (V.scope == TOWNSHIP) & (fn.COALESCE(V.area, "") == HERE)
    return [(in_its_township if place is IN_VILLAGE else place, code) for place, code in places_]


def codes_of(here: Sequence[tuple[Any, str]], column: Any) -> list[str]:
    return [code for place, code in here if place.lhs is column]


def newest_at(
    actor: Actor, condition: Callable[[], Any], columns: tuple[Any, ...], limit: int, **values: Any
) -> list[tuple[Any, ...]]:
    """The newest visits the actor sees that are so, in any case; what differs by the hour stands in `condition` as given.

    The statement is kept for the places, which many officers share.
    """
    here = places(actor)
    villages_, townships = (tuple(code for place, code in here if place is kind) for kind in (IN_VILLAGE, IN_TOWNSHIP))
    return _always(models.is_sqlite(), condition, villages_, townships).newest_lines(columns, limit, **values)


@lru_cache(512)
def _always(_sqlite: bool, condition: Callable[[], Any], villages_: Sequence[str], townships: Sequence[str]) -> Asked:
    here = [*((IN_VILLAGE, code) for code in villages_), *((IN_TOWNSHIP, code) for code in townships)]
    return Asked(everywhere(V.select().where(condition()), here))
