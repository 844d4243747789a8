"""How often a workbook was begun: one that kills its process each time is given up."""


def up(migrator, db):  # type: ignore[no-untyped-def]
    db.execute_sql('ALTER TABLE "workbook" ADD COLUMN "begun" INTEGER NOT NULL DEFAULT 0')
