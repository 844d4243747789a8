"""A migrated database and the models say the same: whoever changes a table writes the step that changes it."""

from __future__ import annotations

from typing import Any

import models
from tests.support.databases import make_postgres


def shape(database: Any) -> dict[str, Any]:
    """Columns, keys and indexes of every table, as the database itself tells them."""
    return {
        table: {
            "columns": sorted(
                (column.name, column.data_type.upper(), column.null, column.primary_key)
                for column in database.get_columns(table)
            ),
            "keys": sorted((key.column, key.dest_table, key.dest_column) for key in database.get_foreign_keys(table)),
            "indexes": sorted(
                (index.name, tuple(index.columns), index.unique) for index in database.get_indexes(table)
            ),
        }
        for table in (model._meta.table_name for model in models.TABLES)
    }


def test_the_steps_lead_to_what_the_models_say(db, tmp_path):
    migrated = shape(db.obj if hasattr(db, "obj") else db)
    url = f"sqlite:///{tmp_path / 'models.sqlite3'}" if models.is_sqlite() else make_postgres("daiban_models")
    fresh = models.open_database(url)
    with fresh.bind_ctx(list(models.TABLES)), fresh.connection_context():
        fresh.create_tables(models.TABLES)
        wanted = shape(fresh)
    for table in wanted:
        assert migrated[table] == wanted[table], f"Write a step in migrations/ that changes {table}."


def test_every_table_is_named_once() -> None:
    """Backups, their restores and `verify` go through this list."""
    assert len(models.TABLES) == len(set(models.TABLES))
    assert {*models.TABLES} == {*models.Row.__subclasses__()}
