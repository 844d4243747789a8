"""Recovery codes are counted and their readings kept; an order has its hour, an emptied phone says what it could not bring."""

from peewee import SqliteDatabase

STATEMENTS = """
ALTER TABLE "device" ADD COLUMN "recovery_n" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "device" ADD COLUMN "order_at" {at};
ALTER TABLE "device" ADD COLUMN "wiped_at" {at};
ALTER TABLE "device" ADD COLUMN "lost" TEXT;
CREATE TABLE "recovery_reading" ("id" {id} NOT NULL PRIMARY KEY,
    "device_id" {id} NOT NULL,
    "person_id" {id} NOT NULL,
    "n" INTEGER NOT NULL,
    "why" TEXT NOT NULL,
    "read_at" {at} NOT NULL, FOREIGN KEY ("device_id") REFERENCES "device" ("id") ON DELETE RESTRICT, FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT);
CREATE INDEX "recovery_reading_device_id_read_at" ON "recovery_reading" ("device_id", "read_at");
CREATE INDEX "recovery_reading_person_id_read_at" ON "recovery_reading" ("person_id", "read_at")
"""


def up(migrator, db):  # type: ignore[no-untyped-def]
    sqlite = isinstance(db, SqliteDatabase)
    types = {"id": "TEXT" if sqlite else "UUID", "at": "DATETIME" if sqlite else "TIMESTAMP"}
    for statement in STATEMENTS.split(";\n"):
        db.execute_sql(statement.strip().format(**types))
