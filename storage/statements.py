"""Statements of the hot path, written out once: Peewee builds one value by value, which costs more than the database does."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from peewee import (
    AutoField,
    BigIntegerField,
    Expression,
    Field,
    ForeignKeyField,
    IntegerField,
    PostgresqlDatabase,
    SmallIntegerField,
    TextField,
    Value,
)

from storage.connection import database, is_sqlite
from storage.rows import Row

MOST_PARAMETERS = 20_000  # of one statement; SQLite allows 32 766, PostgreSQL 65 535


def insert(rows: Sequence[Row]) -> None:
    """Insert rows of one or several classes, class by class in the order met, each class in one statement."""
    by_class: dict[type[Row], list[Row]] = {}
    for row in rows:
        by_class.setdefault(type(row), []).append(row)
    for cls, found in by_class.items():
        columns = Columns.of(cls)
        for part in _parts(found, max(1, MOST_PARAMETERS // columns.count)):
            values, params = columns.given([columns.values(row) for row in part])
            sql = f'INSERT INTO "{cls._meta.table_name}" ({columns.names}) {values}'
            database.execute_sql(sql, params)


class Columns:
    """Some columns of a table, rows of values for them, and how a statement gets those.

    SQLite gets a `VALUES` with a place for each value. PostgreSQL gets all of them as one JSON text: its driver takes a
    text with many places apart anew each time, and a text that is always the same is planned once.
    """

    def __init__(self, fields: Sequence[Field[Any]]) -> None:
        self._columns = [field.column_name for field in fields]
        self.names = ", ".join(f'"{name}"' for name in self._columns)
        self.count = len(fields)
        self._fields = [field.name for field in fields]
        own = [(place, field) for place, field in enumerate(map(_of_key, fields)) if type(field) not in _AS_THEY_ARE]
        self._to_db = [(place, field.db_value) for place, field in own]
        self._from_db = [(place, field.python_value) for place, field in own]
        types = [f'"{f.column_name}" {_ON_POSTGRESQL.get(f.field_type, f.field_type)}' for f in fields]
        self._from_json = f"SELECT {self.names} FROM json_to_recordset(%s::json) AS given({', '.join(types)})"  # noqa: S608

    @staticmethod
    @cache
    def of(cls: type[Row]) -> Columns:
        """Those that are written when a row is new."""
        return Columns([field for field in cls._meta.sorted_fields if not isinstance(field, AutoField)])

    def values(self, row: Row) -> list[Any]:
        """A row's values as the database keeps them."""
        return self.to_db(list(map(row.__data__.get, self._fields)))

    def to_db(self, found: list[Any]) -> list[Any]:
        for place, to in self._to_db:
            if found[place] is not None:
                found[place] = to(found[place])
        return found

    def from_db(self, found: list[Any]) -> list[Any]:
        for place, to in self._from_db:
            if found[place] is not None:
                found[place] = to(found[place])
        return found

    def given(self, rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
        """The rows as a table within a statement, and its parameters."""
        if is_sqlite():
            places = f"({', '.join(['?'] * self.count)})"
            return f"VALUES {', '.join([places] * len(rows))}", [value for row in rows for value in row]
        return self._from_json, [_json_of([dict(zip(self._columns, row, strict=True)) for row in rows])]


def _for_json(value: Any) -> Any:
    """What JSON has no form for, as PostgreSQL reads it from text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return "\\x" + bytes(getattr(value, "obj", value)).hex()  # bytes, which the driver may have wrapped


_json_of = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_for_json).encode
_ON_POSTGRESQL = PostgresqlDatabase(None).get_context_options()["field_types"]


#: Fields whose values are the same in Python and in the database.
_AS_THEY_ARE = (TextField, IntegerField, BigIntegerField, SmallIntegerField)


def _parts(rows: Sequence[Row], most: int) -> Iterator[Sequence[Row]]:
    """Rows for one statement each: few as they are, many by 64 and then by halves.

    A statement is compiled and kept by its text; an import whose chunks are all of different lengths filled 100 MB so.
    """
    start, size = 0, min(64, most)
    if len(rows) <= size:
        yield rows
        return
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield rows[start : start + size]
        start += size


class Lookup:
    """One `SELECT … WHERE key IN (…)` of the hot path, whose text is written once.

    Peewee builds a statement value by value, which takes longer than SQLite takes to answer it. Rows come as tuples of
    the columns' Python values. `joined` brings in further tables, whose columns may stand among the others. `also` is a
    further condition in SQL; values of its own stand in it as `{}` and are given with the call, as the database keeps
    them.
    """

    def __init__(self, *columns: Field[Any], by: Field[Any], joined: str = "", also: str = "", order: str = "") -> None:
        names = ", ".join(map(_named, columns))
        table = f'"{by.model._meta.table_name}" {joined}'.rstrip()
        self._text = f"SELECT {names} FROM {table} WHERE {_named(by)} "  # noqa: S608
        self._any = f"= ANY(%s::{_ON_POSTGRESQL.get(by.field_type, by.field_type)}[])"
        self._tail = (f" AND {also}" if also else "") + (f" ORDER BY {order}" if order else "")
        self._to_db, self._by_id = _of_key(by).db_value, by.field_type == "UUID"
        own = [(place, field) for place, field in enumerate(map(_of_key, columns)) if type(field) not in _AS_THEY_ARE]
        self._from_db = [(place, field.python_value) for place, field in own]
        self._first_to = dict(self._from_db).get(0, lambda value: value)

    @staticmethod
    def firsts(lookups: Sequence[Lookup], values: Collection[Any]) -> set[Any]:
        """The first columns of several lookups by the same values, in one statement: each costs a way to the database."""
        first, found = lookups[0], set()
        params = [first._to_db(value) for value in values]
        at_once = MOST_PARAMETERS // len(lookups)
        for start in range(0, len(params), at_once):
            places, part = first._places(params[start : start + at_once])
            sql = " UNION ALL ".join(f"{each._text}{places}{each._tail}" for each in lookups)
            rows = database.execute_sql(sql, part * len(lookups)).fetchall()
            found |= {first._first_to(row[0]) for row in rows}
        return found

    def __call__(self, values: Iterable[Any], *others: Any) -> list[tuple[Any, ...]]:
        return self._found([self._to_db(value) for value in values], others, self._from_db)

    def by_kept(self, keys: Iterable[Any], *others: Any) -> list[tuple[Any, ...]]:
        """The same by keys as the database keeps them; the first column stays as it is kept, too."""
        return self._found(list(keys), others, [(place, to) for place, to in self._from_db if place])

    def _found(
        self, params: list[Any], others: Sequence[Any], from_db: Sequence[tuple[int, Any]]
    ) -> list[tuple[Any, ...]]:
        tail = self._tail.replace("{}", database.param)
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(params), MOST_PARAMETERS):
            places, part = self._places(params[start : start + MOST_PARAMETERS])
            for raw in database.execute_sql(f"{self._text}{places}{tail}", [*part, *others]).fetchall():
                row = list(raw)
                for place, to in from_db:
                    row[place] = to(row[place])
                found.append(tuple(row))
        return found

    def _places(self, values: list[Any]) -> tuple[str, list[Any]]:
        if is_sqlite():
            return f"IN ({', '.join(['?'] * len(values))})", values
        # One text for any number of them, which PostgreSQL plans once; its driver would take long to write ids out.
        return self._any, [_ids(values) if self._by_id else values]


def _of_key(field: Field[Any]) -> Field[Any]:
    """A foreign key keeps what the key of the other table keeps; its own conversion goes there by a detour."""
    while isinstance(field, ForeignKeyField):
        field = field.rel_field
    return field


def _ids(keys: Iterable[Any]) -> str:
    """Ids as PostgreSQL writes an array."""
    known = (key.hex if isinstance(key, UUID) else key for key in keys if key is not None)
    return f"{{{','.join(known)}}}"


def _named(column: Field[Any]) -> str:
    return f'"{column.model._meta.table_name}"."{column.column_name}"'


class Rows(Lookup):
    """The same with whole rows: `Rows(Post, by=Post.person).of([person])`."""

    def __init__(self, table: type[Row], *, by: Field[Any], also: str = "", order: str = "") -> None:
        super().__init__(*table._meta.sorted_fields, by=by, also=also, order=order)
        self._table = table

    def of(self, values: Iterable[Any], *others: Any) -> list[Any]:
        return [self._table.read(found) for found in self(values, *others)]


class Once:
    """A query that Peewee builds, whose text is kept for what it was built for.

    `build` makes the same query of the same arguments, whatever the hour. A value that differs each time stands in it
    as `given("name")` and comes with the call, as the database keeps it. So do the rows.
    """

    def __init__(self, build: Callable[..., Any], *, most: int = 512) -> None:
        self._written = lru_cache(most)(lambda _sqlite, *asked: build(*asked).bind(database).sql())

    def __call__(self, *asked: Any, **values: Any) -> list[tuple[Any, ...]]:
        sql, params = self._written(is_sqlite(), *asked)
        return list(database.execute_sql(sql, filled(params, values)).fetchall())


@dataclass(frozen=True)
class Given:
    """Stands among the values of a statement that is kept, where a value comes only when it is asked."""

    name: str


def given(name: str) -> Value:
    """The place of such a value in a query."""
    return Value(Given(name), converter=lambda value: value)


def filled(params: Sequence[Any], values: Mapping[str, Any]) -> list[Any]:
    """The values of a statement, with these for those of their names; others may come later."""
    return [values.get(each.name, each) if isinstance(each, Given) else each for each in params]


def update_rows(rows: Sequence[Row], *only: Field[Any]) -> None:
    """Write these columns of many rows of one class in one statement; the rows hold the new values."""
    if rows:
        names = [type(rows[0])._meta.primary_key.name, *(field.name for field in only)]
        update_values(type(rows[0]), only, [tuple(row.__data__.get(name) for name in names) for row in rows])


def update_values(
    table: type[Row], only: Sequence[Field[Any]], values: Sequence[tuple[Any, ...]], *, newer: Field[Any] | None = None
) -> None:
    """Write these columns of the rows with these keys: each tuple is a key and the new values.

    With `newer` only rows in which that column grows by it: two requests at once never turn a counter back.
    """
    meta = table._meta
    fields = (meta.primary_key, *only)
    columns = Columns(fields)
    sets = ", ".join(f'"{f.column_name}" = v."{f.column_name}"' for f in only)
    key = f'"{meta.table_name}"."{fields[0].column_name}" = v."{fields[0].column_name}"'
    if newer is not None:
        key += f' AND "{meta.table_name}"."{newer.column_name}" < v."{newer.column_name}"'
    at_once = max(1, MOST_PARAMETERS // len(fields))
    for start in range(0, len(values), at_once):
        rows, params = columns.given([columns.to_db(list(row)) for row in values[start : start + at_once]])
        sql = f'WITH v({columns.names}) AS ({rows}) UPDATE "{meta.table_name}" SET {sets} FROM v WHERE {key}'  # noqa: S608
        database.execute_sql(sql, params)


def for_each(one: str, types: Sequence[str], asked: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """The rows of the query `one` for each of these tuples, in one statement: a short look into an index for each.

    In `one` the values stand as `{0}`, `{1}` …, each once and in this order. `types` are theirs, as PostgreSQL calls them.
    """
    if not asked:
        return []
    if is_sqlite():
        whole = f"SELECT * FROM ({one.format(*['?'] * len(types))}) AS v"  # noqa: S608
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(asked), 100):
            part = asked[start : start + 100]
            params = [value for values in part for value in values]
            found += database.execute_sql(" UNION ALL ".join([whole] * len(part)), params).fetchall()
        return found
    names = [f"a{place}" for place in range(len(types))]
    given = ", ".join(f"{name} {kind}" for name, kind in zip(names, types, strict=True))
    sql = (
        f"SELECT v.* FROM json_to_recordset(%s::json) AS asked({given}), "  # noqa: S608
        f"LATERAL ({one.format(*(f'asked.{name}' for name in names))}) AS v"
    )
    rows = _json_of([dict(zip(names, values, strict=True)) for values in asked])
    return list(database.execute_sql(sql, [rows]).fetchall())


def within(scope: Field, area: Field | None, prefixes: Sequence[str]) -> Expression:
    """Rows under any of the area prefixes: a village by `area`, a township by `scope`, above that by range of scope."""
    found: list[Expression] = []
    for prefix in prefixes:
        if len(prefix) == 12:
            if area is not None:  # what belongs to a whole township is not a village's to see
                found.append(area == prefix)
        elif len(prefix) >= 9:
            found.append(scope == prefix[:9] + "000")
        else:
            found.append(scope.between(prefix.ljust(12, "0"), prefix.ljust(12, "9")))
    if not found:
        return scope.is_null() & scope.is_null(False)
    whole = found[0]
    for each in found[1:]:
        whole = whole | each
    return whole
