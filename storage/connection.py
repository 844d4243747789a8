"""The database under way, the keys it cannot be read without, and the one way to write to it.

The one table it knows by name is `scope`: its rows are the locks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from peewee import DatabaseProxy, OperationalError, PostgresqlDatabase, SqliteDatabase

from rules.ciphers import ColumnKeys

database: Any = DatabaseProxy()
Result = TypeVar("Result")

SQLITE_CACHE = -32_000  # less than nothing: kilobytes


@dataclass(frozen=True)
class Keyring:
    """The secrets a database cannot be read without; kept outside it (DAIBAN_KEYS)."""

    columns: ColumnKeys
    lookup: bytes
    leaves: bytes
    cookies: bytes  # signs the desk's CSRF tokens
    signing: EllipticCurvePrivateKey  # what a desk does is signed with it
    county: EllipticCurvePrivateKey  # opens what phones seal
    county_id: str


_keyring: list[Keyring] = []


def bind(db: Any, keys: Keyring) -> None:
    """Bind the models to a database and its keys; once at start, and once a test."""
    database.initialize(db)
    _keyring[:] = [keys]


def keys() -> Keyring:
    return _keyring[0]


def is_sqlite() -> bool:
    return isinstance(database.obj, SqliteDatabase)


def open_database(url: str, *, pool: int = 0) -> Any:
    """Make the database object for `sqlite:///path` or `postgresql://…`; nothing is connected yet.

    SQLite runs in WAL with foreign keys on and FULL sync: a receipt means the disk has it.
    """
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        pragmas = {
            "journal_mode": "wal",
            "synchronous": "full",
            "foreign_keys": 1,
            "busy_timeout": 15_000,
            "cache_size": SQLITE_CACHE,
            "secure_delete": 1,
        }
        return SqliteDatabase(path, pragmas=pragmas)
    if url.startswith(("postgresql://", "postgres://")):
        if pool:
            from playhouse.pool import PooledPostgresqlDatabase  # only where a server runs threads

            return PooledPostgresqlDatabase(url, max_connections=pool, stale_timeout=300)
        return PostgresqlDatabase(url)
    raise ValueError(f"{url!r} is no database address; it begins with sqlite:/// or postgresql://.")


@contextmanager
def transaction(*scopes: str) -> Iterator[None]:
    """All or nothing, and the only way to write: IMMEDIATE on SQLite; on PostgreSQL the scopes' rows are locked in code order.

    DEFERRED transactions answered "database is locked" 154 times in 200 with four writers, IMMEDIATE none. Inside
    another transaction it joins it. Every scope whose journal or feed is written must be named somewhere on the way.
    """
    if database.in_transaction():
        _lock(scopes)
        yield
        return
    if is_sqlite():
        with _one_writer, database.atomic(lock_type="IMMEDIATE"):
            yield
        return
    with database.atomic():
        _lock(scopes)
        yield


@contextmanager
def passing_through() -> Iterator[None]:
    """Read once what will not be read again: SQLite keeps few pages of it, for they would only fill the memory."""
    if not is_sqlite():
        yield
        return
    database.execute_sql("PRAGMA cache_size = -4000")
    try:
        yield
    finally:
        database.execute_sql(f"PRAGMA cache_size = {SQLITE_CACHE}")


#: SQLite has one writer at a time. Threads of one process wait here and are woken at once; SQLite's own waiting sleeps
#: ever longer and overlooks whoever waited first.
_one_writer = threading.Lock()


def _lock(scopes: Iterable[str]) -> None:
    wanted = sorted(set(scopes))
    if not wanted or is_sqlite():
        return
    if len(_locked(wanted)) < len(wanted):
        # The first that ever happens in a scope: two at once would both make its row.
        made = 'INSERT INTO "scope" ("code", "rev", "position", "chain", "kept_to", "receipt_count") '
        for code in wanted:
            database.execute_sql(f"{made} VALUES (%s, 0, 0, '', 0, 0) ON CONFLICT DO NOTHING", [code])
        _locked(wanted)


def _locked(scopes: Sequence[str]) -> list[Any]:
    sql = 'SELECT "code" FROM "scope" WHERE "code" = ANY(%s) ORDER BY "code" FOR UPDATE'
    return list(database.execute_sql(sql, [scopes]).fetchall())


#: What PostgreSQL says of a transaction that it ended because two waited for each other; it did nothing wrong.
_CONFLICTS = frozenset({"40001", "40P01"})
TRIES = 4


def again(work: Callable[[], Result]) -> Result:
    """Do the work, which is one transaction; once more where the database ended it for the sake of another one."""
    for left in reversed(range(TRIES)):
        try:
            return work()
        except OperationalError as error:
            if not left or not is_conflict(error):
                raise
    raise AssertionError("unreachable")


def is_conflict(error: OperationalError) -> bool:
    return getattr(getattr(error, "orig", None), "sqlstate", None) in _CONFLICTS
