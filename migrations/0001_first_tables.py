"""The first tables, as version 0.1 made them: a frozen text for each database, whatever the models say later."""

from pathlib import Path

from peewee import SqliteDatabase


def up(migrator, db):  # type: ignore[no-untyped-def]
    dialect = "sqlite" if isinstance(db, SqliteDatabase) else "postgresql"
    for statement in Path(__file__).with_suffix(f".{dialect}.sql").read_text().split(";\n"):
        if statement.strip():
            db.execute_sql(statement)
