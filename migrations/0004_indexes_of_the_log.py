"""Indexes that a log of a million visits needs, and trays of few among millions; those that they replace go."""

STATEMENTS = (
    'CREATE INDEX "visit_ended_at_id" ON "visit" ("ended_at", "id")',
    'CREATE INDEX "visit_scope_outcome_ended_at_id" ON "visit" ("scope", "outcome", "ended_at", "id")',
    'CREATE INDEX "visit_scope_state_ended_at_id" ON "visit" ("scope", "state", "ended_at", "id")',
    'DROP INDEX "visit_scope_state_ended_at"',
    'CREATE INDEX "visit_flagged" ON "visit" ("scope", "ended_at") WHERE flags <> \'\' AND corrected_by IS NULL',
    'CREATE INDEX "journal_entry_held" ON "journal_entry" ("scope", "position") WHERE state = \'held\'',
    'CREATE INDEX "resident_provisional" ON "resident" ("scope", "area") WHERE state = \'provisional\'',
    'DROP INDEX "journal_entry_scope_state"',
)


def up(migrator, db):  # type: ignore[no-untyped-def]
    for statement in STATEMENTS:
        db.execute_sql(statement)
