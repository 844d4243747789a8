"""The first tables: the house as issue 2 lays it."""

import models


def up(migrator, db):  # type: ignore[no-untyped-def]
    db.create_tables(models.TABLES)


def down(migrator, db):  # type: ignore[no-untyped-def]
    db.drop_tables(tuple(reversed(models.TABLES)))
