"""The visit log as a workbook, written by a job for whoever asked."""

from peewee import SqliteDatabase

STEPS = (
    'CREATE TABLE "workbook" ("id" {id} NOT NULL PRIMARY KEY, "person_id" {id} NOT NULL, "posts" TEXT NOT NULL, '
    '"filters" {sealed} NOT NULL, "language" TEXT NOT NULL, "state" TEXT NOT NULL, "rows_total" INTEGER NOT NULL, '
    '"rows_done" INTEGER NOT NULL, "problem" TEXT NOT NULL, "key" {sealed}, "bytes" {big} NOT NULL, '
    '"asked_at" {instant} NOT NULL, "ended_at" {instant}, '
    'FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT)',
    'CREATE INDEX "workbook_person_id" ON "workbook" ("person_id")',
)
SQLITE = {"id": "TEXT", "sealed": "BLOB", "big": "INTEGER", "instant": "DATETIME"}
POSTGRESQL = {"id": "UUID", "sealed": "BYTEA", "big": "BIGINT", "instant": "TIMESTAMP"}


def up(migrator, db):  # type: ignore[no-untyped-def]
    types = SQLITE if isinstance(db, SqliteDatabase) else POSTGRESQL
    for step in STEPS:
        db.execute_sql(step.format(**types))
