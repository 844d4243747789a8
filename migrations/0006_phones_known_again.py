"""What a phone says it was, where the county put back from a backup does not know it any more."""


def up(migrator, db):  # type: ignore[no-untyped-def]
    db.execute_sql('ALTER TABLE "enrolment" ADD COLUMN "again" TEXT')
