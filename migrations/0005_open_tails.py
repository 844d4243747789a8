"""What a phone says it wrote, what it lost, and what lead and agent closed of it."""

from peewee import SqliteDatabase

STEPS = (
    'ALTER TABLE "device" ADD COLUMN "newest" {big} NOT NULL DEFAULT 0',
    'ALTER TABLE "device" ADD COLUMN "missing" TEXT',
    'ALTER TABLE "device" ADD COLUMN "emptied_at" {instant}',
    'UPDATE "device" SET "newest" = "seq"',
    'CREATE TABLE "closed_tail" ("id" {id} NOT NULL PRIMARY KEY, "device_id" {id} NOT NULL, "scope" TEXT NOT NULL, '
    '"first_seq" {big} NOT NULL, "last_seq" {big} NOT NULL, "words" TEXT NOT NULL, "asked" {yes} NOT NULL, '
    '"closed_by_id" {id} NOT NULL, "closed_at" {instant} NOT NULL, '
    'FOREIGN KEY ("device_id") REFERENCES "device" ("id") ON DELETE RESTRICT, '
    'FOREIGN KEY ("closed_by_id") REFERENCES "person" ("id") ON DELETE RESTRICT)',
    'CREATE INDEX "closed_tail_device_id" ON "closed_tail" ("device_id")',
    'CREATE INDEX "closed_tail_scope" ON "closed_tail" ("scope")',
    'CREATE INDEX "closed_tail_closed_by_id" ON "closed_tail" ("closed_by_id")',
)
SQLITE = {"big": "INTEGER", "instant": "DATETIME", "id": "TEXT", "yes": "INTEGER"}
POSTGRESQL = {"big": "BIGINT", "instant": "TIMESTAMP", "id": "UUID", "yes": "BOOLEAN"}


def up(migrator, db):  # type: ignore[no-untyped-def]
    types = SQLITE if isinstance(db, SqliteDatabase) else POSTGRESQL
    for step in STEPS:
        db.execute_sql(step.format(**types))
