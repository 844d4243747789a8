"""What hangs on a visit is found from it: the log asks for fifty at once, an export for a thousand."""


def up(migrator, db):  # type: ignore[no-untyped-def]
    db.execute_sql('CREATE INDEX "request_visit" ON "request" ("visit")')
    db.execute_sql('CREATE INDEX "delivery_visit" ON "delivery" ("visit")')
