"""A copy of the whole database as it was at one moment, while others go on writing; and the way back into an empty one.

SQLite by its online backup API, into a file beside the database that is gone afterwards. PostgreSQL by COPY of every
table in one REPEATABLE READ transaction: text as `pg_dump` writes it, without asking for its binary (docs/adr/0010).
"""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from peewee import AutoField
from psycopg import sql

import models
from actions.backups import HERE

SQLITE = "sqlite:///"
PIECE = 1 << 20
PAGES = 4096  # copied at once; between two such steps the progress is told
COPY = re.compile(rb'COPY "([a-z_]+)" \(("[a-z0-9_]+"(?:, "[a-z0-9_]+")*)\) FROM stdin;')
END = b"\\."
STEPS = "schema_migration"  # which steps of migrations/ were taken

Heads = dict[str, tuple[int, str]]


class Busy(RuntimeError):
    """Another backup of this database is being made."""


class Damaged(RuntimeError):
    """What was copied does not prove; says what."""


def kind_of(url: str) -> str:
    """sqlite | postgresql"""
    return "sqlite" if url.startswith(SQLITE) else "postgresql"


class Snapshot:
    """The database at one moment. `query` gives rows, `plain` everything as bytes to be sealed."""

    def __init__(self, query: Callable[[str], Iterator[tuple[Any, ...]]], plain: Callable[[], Iterator[bytes]]) -> None:
        self.query, self.plain = query, plain

    def heads(self) -> Heads:
        rows = self.query('SELECT "code", "position", "chain" FROM "scope" WHERE "position" > 0 ORDER BY "code"')
        return {code: (int(position), chain) for code, position, chain in rows}

    def counts(self) -> dict[str, int]:
        tables = [table._meta.table_name for table in models.TABLES]
        return {name: self._one(f'SELECT COUNT(*) FROM "{name}"')[0] for name in tables}  # noqa: S608

    def steps(self) -> list[str]:
        return [name for (name,) in self.query(f'SELECT "name" FROM "{STEPS}" ORDER BY "id"')]  # noqa: S608

    def installation(self) -> tuple[str, int, str]:
        """(kind, epoch, fingerprint of the keys)."""
        kind, epoch, fingerprint = self._one('SELECT "kind", "epoch", "fingerprint" FROM "installation"')
        return kind, int(epoch), fingerprint

    def pictures(self) -> Iterator[tuple[Any, str, str, int, bool]]:
        """(event, role, sha256, bytes, in a verified backup) of every picture that is here."""
        states = ", ".join(f"'{state}'" for state in HERE)
        text = f'SELECT "event", "role", "sha256", "bytes", "kept" FROM "picture" WHERE "state" IN ({states})'  # noqa: S608
        return self.query(text)

    def _one(self, text: str) -> tuple[Any, ...]:
        (found,) = self.query(text)
        return found


@contextmanager
def snapshot(url: str, tell: Callable[[str], None]) -> Iterator[Snapshot]:
    """Hold the database as it is now. Raises Busy, Damaged."""
    with _sqlite(Path(url.removeprefix(SQLITE)), tell) if url.startswith(SQLITE) else _postgres(url) as held:
        yield held


# ---- SQLite


@contextmanager
def _sqlite(file: Path, tell: Callable[[str], None]) -> Iterator[Snapshot]:
    """The copy is readable by its owner only and lies where the database lies, never where the backups go."""
    copy = file.with_name(f"{file.name}.being-backed-up")
    with open(os.open(copy, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("Another backup of this database is being made. Wait until it has ended.") from None
        held.truncate(0)  # left by a backup that was killed
        try:
            _copy_online(file, copy, tell)
            with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as db:
                prove_sqlite(db)
                yield Snapshot(lambda text: iter(db.execute(text)), lambda: _parts(copy))
        finally:
            copy.unlink(missing_ok=True)


def _copy_online(file: Path, copy: Path, tell: Callable[[str], None]) -> None:
    def progress(_: int, left: int, total: int) -> None:
        tell(f"Database: {(total - left) * 100 // max(1, total)} %")

    with (
        closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)) as source,
        closing(sqlite3.connect(copy, isolation_level=None)) as target,
    ):
        # A read transaction held open keeps the moment: else each page that others write begins the copy anew.
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM scope LIMIT 1").fetchone()
        source.backup(target, pages=PAGES, progress=progress)
        source.execute("COMMIT")
        target.execute("PRAGMA journal_mode = delete")  # one file, nothing beside it


def prove_sqlite(db: sqlite3.Connection) -> None:
    """The file is whole, and each counter fits the end of its chain. Raises Damaged."""
    try:
        found = db.execute("PRAGMA integrity_check").fetchone()[0]
        ends = db.execute(
            'SELECT s."code" FROM "scope" s LEFT JOIN "journal_entry" e ON e."scope" = s."code" '
            'AND e."position" = s."position" WHERE s."position" > 0 AND e."chain" IS NOT s."chain"'
        ).fetchall()
    except sqlite3.DatabaseError as error:
        raise Damaged(f"The file of the database cannot be read: {error}.") from error
    if found != "ok":
        raise Damaged(f"The file of the database is damaged: {found}.")
    if ends:
        raise Damaged(f"The journal of {ends[0][0]} does not end where its counter says. `verify` says more.")


def _parts(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while part := opened.read(PIECE):
            yield part


# ---- PostgreSQL


@contextmanager
def _postgres(url: str) -> Iterator[Snapshot]:
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        _one_at_a_time(connection)

        def query(text: str) -> Iterator[tuple[Any, ...]]:
            with connection.cursor(name="daiban_backup") as cursor:  # on the server: a county has millions of pictures
                cursor.itersize = 10_000
                cursor.execute(text.encode())
                yield from cursor

        yield Snapshot(query, lambda: _dump(connection))


def _one_at_a_time(connection: psycopg.Connection[Any]) -> None:
    found = connection.execute("SELECT pg_try_advisory_lock(hashtext('daiban backup'))").fetchone()
    if not found or not found[0]:
        raise Busy("Another backup of this database is being made. Wait until it has ended.")


def _dump(connection: psycopg.Connection[Any]) -> Iterator[bytes]:
    """Every table's rows, parents first, as the data part of a dump: `psql` could read it too."""
    for table in (STEPS, *(table._meta.table_name for table in models.TABLES)):
        rows = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
            "AND table_name = %s ORDER BY ordinal_position",
            [table],
        )
        columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in rows.fetchall())
        head = sql.SQL("COPY {} ({}) ").format(sql.Identifier(table), columns)
        yield (head + sql.SQL("FROM stdin;\n")).as_bytes(connection)
        with connection.cursor() as cursor, cursor.copy(head + sql.SQL("TO STDOUT")) as copy:
            for part in copy:
                yield bytes(part)
        yield END + b"\n"


def lines(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines, without their ends, of a text that comes in parts."""
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest:
        raise Damaged("The copy ends in the middle of a row.")


def count_rows(parts: Iterator[bytes]) -> tuple[dict[str, int], Heads]:
    """Rows of each table and the end of each chain, read from a PostgreSQL copy itself. Raises Damaged."""
    counts: dict[str, int] = {}
    heads: Heads = {}
    table, places = "", dict[str, int]()
    for line in lines(parts):
        if not table:
            table, places = _section(line)
            counts[table] = 0
        elif line == END:
            table = ""
        else:
            counts[table] += 1
            if table == "journal_entry":
                cells = line.split(b"\t")
                scope, position = cells[places["scope"]].decode(), int(cells[places["position"]])
                if position > heads.get(scope, (0, ""))[0]:
                    heads[scope] = position, cells[places["chain"]].decode()
    if table:
        raise Damaged("The copy ends in the middle of a table.")
    return counts, heads


def _section(line: bytes) -> tuple[str, dict[str, int]]:
    found = COPY.fullmatch(line)
    if found is None:
        raise Damaged("The copy is not as this program writes it.")
    columns = [name.strip('" ') for name in found[2].decode().split(",")]
    return found[1].decode(), {name: place for place, name in enumerate(columns)}


def load_postgres(parts: Iterator[bytes]) -> None:
    """Put the rows into the empty tables, inside the caller's transaction; the steps of migrations/ stand there already."""
    connection = models.database.connection()
    rows = lines(parts)
    for head in rows:
        table, _ = _section(head)
        with connection.cursor() as cursor:
            if table == STEPS:
                for _ in iter(lambda: next(rows), END):
                    pass
                continue
            with cursor.copy(head.rstrip(b";")) as copy:
                for line in iter(lambda: next(rows), END):
                    copy.write(line + b"\n")
    _move_counters(connection)


def _move_counters(connection: Any) -> None:
    """Numbers that the database itself gives go on after the highest that came."""
    for table in models.TABLES:
        key = table._meta.primary_key
        if isinstance(key, AutoField):
            name = table._meta.table_name
            connection.execute(
                sql.SQL(
                    "SELECT setval(pg_get_serial_sequence({}, {}), COALESCE(MAX({}), 0) + 1, false) FROM {}"
                ).format(
                    sql.Literal(name),
                    sql.Literal(key.column_name),
                    sql.Identifier(key.column_name),
                    sql.Identifier(name),
                )
            )
