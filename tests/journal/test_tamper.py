"""Somebody with the database's file in hand, and without the program, changes what was: `verify` names each thing.

Nothing here goes through the program: the file is changed by plain sqlite3, PostgreSQL by plain SQL that asks for no keys.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from peewee import BlobField, BooleanField, DateField, IntegerField, UUIDField

import models
from actions import backups, journal, pictures, reads, sync, verify
from models import JournalEntry, Picture, Scope, UtcField
from rules.ciphers import uuid7
from tests.backup.conftest import Sender
from tests.support.cast import CAST, NOW, TODAY, TOWNSHIP, VILLAGE
from tests.support.device import enrolled
from tests.sync.conftest import visit

COVERED = [table for table in models.TABLES if table not in verify.UNPROVEN]
Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def sql(made) -> Iterator[Sql]:
    """Run a statement beside the program; `?` stands for a value."""
    made.db.close()
    if made.kind == "sqlite":
        with closing(sqlite3.connect(made.file, isolation_level=None)) as plain:
            yield lambda text, *values: plain.execute(text, values).fetchall()
        return
    with psycopg.connect(made.settings.database, autocommit=True) as plain:
        plain.execute("SET session_replication_role = replica")  # whoever tampers asks no foreign key

        def run(text: str, *values: Any) -> list[tuple[Any, ...]]:
            done = plain.execute(text.replace("%", "%%").replace("?", "%s").encode(), values)
            return done.fetchall() if done.description else []

        yield run


@pytest.fixture
def one(db, cast, settings, now) -> Sender:
    """王芳 sent three visits; two of them with a picture that arrived."""
    sender = Sender(
        enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=60)), cast, settings.blobs_path
    )
    for minutes, picture in ((9, True), (6, False), (3, True)):
        event = sender.visit(now - timedelta(minutes=minutes), picture=picture)
        if picture:
            sender.bring(event, now=now)
    return sender


def broken(settings: Any = None, **given: Any) -> list[str]:
    return verify.verify(folder=settings.blobs_path if settings else None, **given).broken


# ---- rows


def test_every_table_is_proven_or_says_why_not():
    """Whoever adds a table writes its rows by events, or says in verify.UNPROVEN what a change there could do."""
    assert {table.__name__ for table in COVERED} == {
        "Account", "Area", "Badge", "CareEntry", "Clash", "ClosedTail", "Complaint", "ConsentRecord", "DeathReport", "Delivery",
        "Device", "Entitlement", "Household", "Installation", "LifeVerification", "Person", "Post", "RecoveryReading", "Request",
        "Resident", "Setting", "Station", "Visit",
    }  # fmt: skip
    assert all(len(why) > 20 for why in verify.UNPROVEN.values())


@pytest.fixture
def one_of_each(db) -> None:
    """A row in every proven table, by an event, as all rows come."""
    chen, wang, li = CAST.chen_guilan, CAST.wang_fang.id, CAST.li_qiang.id
    where = {"scope": TOWNSHIP, "area": VILLAGE}
    device = enrolled(CAST.wang_fang, by=CAST.luo_guoxiu, now=NOW).id
    seen = where | {"resident": chen.id, "event": uuid7()}
    visited = {"person": wang, "post": CAST.wang_fang.post, "device": uuid7(), "reasons": "care", "outcome": "done"}
    times = {"started_at": NOW, "ended_at": NOW, "received_at": NOW}
    rows = [
        models.Setting(key="visit.max_tries", value=4),
        models.Station(area=VILLAGE, name="清江村便民服务站", level="village_station"),
        models.ConsentRecord(
            id=uuid7(), resident=chen.id, purpose="care_roster", state="given", text_version="2026-1", told="read",
            by="self", at=NOW, event=uuid7(),
        ),
        models.Device(
            person=wang, scope=TOWNSHIP, public_key=enrolled(CAST.wang_fang, by=CAST.luo_guoxiu, now=NOW).spki,
            mailbox_hash="m", enrolled_at=NOW, enrolled_by=li,
        ),
        models.Visit(id=uuid7(), **seen, **visited, **times),
        models.LifeVerification(
            id=uuid7(), **seen, entitlements=[], state="captured", captured_by=wang, captured_at=NOW, received_at=NOW
        ),
        models.Request(id=uuid7(), **seen, words="想换医保卡", raised_by=wang, raised_at=NOW, received_at=NOW),
        models.Delivery(
            **where, resident=chen.id, what="残疾人证", agent=wang, due_on=TODAY, planned_by=li, planned_at=NOW
        ),
        models.DeathReport(id=uuid7(), **seen, reporter="女儿", source="family", reported_by=wang, reported_at=NOW),
        models.Complaint(
            id=uuid7(), scope=TOWNSHIP, event=uuid7(), kind="burden", words="表太多", person=wang, made_at=NOW,
            received_at=NOW,
        ),
        models.Clash(
            **where, resident=chen.id, field="phone", base="", ours="1", theirs="2", event=uuid7(), noted_by=wang,
            noted_at=NOW,
        ),
        models.RecoveryReading(device=device, person=li, n=1, why="忘了密码", at=NOW),
        models.ClosedTail(
            device=device, scope=TOWNSHIP, first=3, last=4, words="手机丢了", asked=True, closed_by=li, closed_at=NOW
        ),
        models.Badge(
            public_id="p", number="n", person=wang, **where, name="王芳", unit="u", duty="d", valid_from=TODAY,
            valid_to=TODAY, issued_by=li, issued_at=NOW, secret="s",
        ),
    ]  # fmt: skip
    with models.transaction(TOWNSHIP):
        models.insert(rows)
        journal.write([journal.Deed("sample.made", TOWNSHIP, rows=rows)], actor=None, now=NOW, by="tests")
    assert broken() == []


def another(field: Any, value: Any) -> Any:
    """A value of the same kind that is not this one."""
    if isinstance(field, BooleanField):
        return not value
    if isinstance(field, UUIDField) or value.__class__ is UUID or getattr(field, "rel_field", None):
        fresh = uuid7()
        return fresh.hex if isinstance(value, str) or (value is None and models.is_sqlite()) else fresh
    if isinstance(field, UtcField | DateField):
        return "1999-01-01 00:00:00" if isinstance(field, UtcField) else "1999-01-01"
    if isinstance(field, BlobField):
        return b"\x01" + bytes(value or b"")
    if isinstance(field, IntegerField):
        return (value or 0) + 1
    return f"{value or ''}x"


@pytest.mark.parametrize("table", COVERED, ids=lambda table: table._meta.table_name)
def test_a_changed_column_of_any_row_is_named(one_of_each, sql, table):
    name, key = table._meta.table_name, table._meta.primary_key
    (raw,) = sql(f'SELECT "{key.column_name}" FROM "{name}" ORDER BY 1 LIMIT 1')[0]
    told = f"row {name}:{key.python_value(raw)}"
    for field in table._meta.sorted_fields:
        if field.name in table.derived() or field is key:
            continue
        where = f'UPDATE "{name}" SET "{field.column_name}" = ? WHERE "{key.column_name}" = ?'
        (before,) = sql(f'SELECT "{field.column_name}" FROM "{name}" WHERE "{key.column_name}" = ?', raw)[0]
        sql(where, another(field, before), raw)
        found = broken()
        assert [line for line in found if line.startswith(f"{told}: ")], f"{name}.{field.column_name}: {found}"
        sql(where, before, raw)
    assert broken() == []


@pytest.mark.parametrize("table", COVERED, ids=lambda table: table._meta.table_name)
def test_a_row_taken_out_or_put_in_is_named(one_of_each, sql, table):
    name, key = table._meta.table_name, table._meta.primary_key
    columns = ", ".join(f'"{field.column_name}"' for field in table._meta.sorted_fields)
    values = sql(f'SELECT {columns} FROM "{name}" ORDER BY "{key.column_name}" LIMIT 1')[0]
    raw = values[table._meta.sorted_fields.index(key)]
    sql(f'DELETE FROM "{name}" WHERE "{key.column_name}" = ?', raw)
    assert any(line.startswith(f"row {name}:{key.python_value(raw)}: it is gone without an event") for line in broken())
    put_in = [
        another(field, value) if field is key or field.unique else value
        for field, value in zip(table._meta.sorted_fields, values, strict=True)
    ]
    sql(f'INSERT INTO "{name}" ({columns}) VALUES ({", ".join("?" * len(values))})', *put_in)
    fresh = key.python_value(put_in[table._meta.sorted_fields.index(key)])
    assert f"row {name}:{fresh}: no event ever wrote it" in broken()


def test_two_rows_whose_contents_were_exchanged_are_both_named(one, sql):
    first, second = (row[0] for row in sql('SELECT "id" FROM "visit" ORDER BY "id" LIMIT 2'))
    sql('UPDATE "visit" SET "notes" = \'x\' WHERE "id" = ?', first)
    sql('UPDATE "visit" SET "notes" = \'y\' WHERE "id" = ?', second)
    named = [line.split(":")[1].split(" ")[0] for line in broken()]
    assert named == sorted(str(UUID(str(each))) for each in (first, second))


def test_a_row_that_cannot_even_be_read_is_named_and_stops_nothing(one_of_each, sql):
    sql('UPDATE "setting" SET "value" = \'{"never closed\'')
    sql('UPDATE "station" SET "name" = \'another\'')
    found = broken()
    assert "row setting:visit.max_tries: it cannot be read, or not be opened with these keys" in found
    assert any(line.startswith("row station:") for line in found)


def test_kept_to_moved_by_hand_is_named(one, sql, now):
    heads = backups.heads_at()
    backups.note_verified(heads, made_at=now, now=now, by="test")
    one.visit(now)
    assert broken() == []
    position = heads[TOWNSHIP][0]
    sql('UPDATE "scope" SET "kept_to" = ? WHERE "code" = ?', position + 1, TOWNSHIP)
    assert broken() == [f"{TOWNSHIP}: kept_to is {position + 1}, but the backups hold it up to {position}"]


# ---- events

ENTRY = [field for field in JournalEntry._meta.sorted_fields if field.name not in ("scope", "position")]


@pytest.mark.parametrize("field", ENTRY, ids=lambda field: field.column_name)
def test_a_changed_column_of_any_event_is_named(one, sql, field):
    position = Scope.get_by_id(TOWNSHIP).position - 1
    where = '"scope" = ? AND "position" = ?'
    (before,) = sql(f'SELECT "{field.column_name}" FROM "journal_entry" WHERE {where}', TOWNSHIP, position)[0]
    sql(
        f'UPDATE "journal_entry" SET "{field.column_name}" = ? WHERE {where}',
        another(field, before),
        TOWNSHIP,
        position,
    )
    found = broken()
    assert any(line.startswith(f"{TOWNSHIP} position {position}: ") for line in found), found


def test_two_events_that_were_exchanged_are_named(one, sql):
    last = Scope.get_by_id(TOWNSHIP).position
    for before, after in ((last, 0), (last - 1, last), (0, last - 1)):
        sql(
            'UPDATE "journal_entry" SET "position" = ? WHERE "scope" = ? AND "position" = ?', after, TOWNSHIP, before
        )  # fmt: skip
    found = broken()
    for position in (last - 1, last):
        assert any(line.startswith(f"{TOWNSHIP} position {position}: it is not as it was written") for line in found)


def test_an_event_taken_out_of_the_middle_is_named(one, sql):
    gone = Scope.get_by_id(TOWNSHIP).position - 1
    sql('DELETE FROM "journal_entry" WHERE "scope" = ? AND "position" = ?', TOWNSHIP, gone)
    assert f"{TOWNSHIP}: positions {gone} to {gone} are missing" in broken()


def test_an_event_put_in_is_named(one, sql):
    columns = ", ".join(f'"{field.column_name}"' for field in JournalEntry._meta.sorted_fields)
    rest = columns.replace('"position"', '"position" + 1').replace('"id"', "?")
    fresh = uuid7()
    sql(
        f'INSERT INTO "journal_entry" ({columns}) SELECT {rest} FROM "journal_entry" WHERE "scope" = ? '
        'ORDER BY "position" DESC LIMIT 1',
        fresh.hex if models.is_sqlite() else fresh,
        TOWNSHIP,
    )
    end = Scope.get_by_id(TOWNSHIP).position + 1
    found = broken()
    assert any(line.startswith(f"{TOWNSHIP} position {end}: it is not as it was written") for line in found)
    assert any(line.startswith(f"{TOWNSHIP}: the journal ends at {end}") for line in found)


def cut_and_hash_again(sql: Sql, to: int) -> None:
    """Take the end of the journal away, with all that it wrote, and make the counter fit."""
    (chain,) = sql('SELECT "chain" FROM "journal_entry" WHERE "scope" = ? AND "position" = ?', TOWNSHIP, to)[0]
    gone = sql('SELECT "id" FROM "journal_entry" WHERE "scope" = ? AND "position" > ?', TOWNSHIP, to)
    for (event,) in gone:
        sql('DELETE FROM "visit" WHERE "event" = ?', event)
        sql('DELETE FROM "picture" WHERE "event" = ?', event)
    sql('DELETE FROM "journal_entry" WHERE "scope" = ? AND "position" > ?', TOWNSHIP, to)
    sql('UPDATE "scope" SET "position" = ?, "chain" = ? WHERE "code" = ?', to, chain, TOWNSHIP)


def test_a_cut_tail_is_named_even_with_its_counter_by_heads_from_outside(one, sql, tmp_path, now):
    verify.write_heads(tmp_path / "heads", now=now)
    end = Scope.get_by_id(TOWNSHIP).position
    cut_and_hash_again(sql, end - 1)
    assert broken() == []  # consistent: nothing inside can tell
    assert broken(heads=verify.read_heads(tmp_path / "heads")) == [
        f"{TOWNSHIP}: position {end} was here when the heads were kept, and is gone"
    ]


def test_a_cut_tail_is_named_by_a_phone_that_saw_it(one, sql, cast, now):
    from actions.phone_talk import missing_heads

    end = Scope.get_by_id(TOWNSHIP)
    seen = {TOWNSHIP: (end.position, end.chain)}
    assert missing_heads(seen) == []
    cut_and_hash_again(sql, end.position - 1)
    assert missing_heads(seen) == [TOWNSHIP]
    payload = one.phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id)
    sent = one.phone.clear(payload)
    sync.receive(
        [sync.Item(sent["id"], sent["hash"], sent["device"], payload=payload, signature=sent["signature"])], now=now
    )
    assert missing_heads(seen) == [TOWNSHIP]  # the place was taken by another


@pytest.mark.parametrize("column", ["received_at", "happened_at"])
def test_a_time_that_is_none_is_named(one, sql, made, column):
    if made.kind != "sqlite":  # PostgreSQL keeps no such thing
        with pytest.raises(psycopg.Error):
            sql(f'UPDATE "journal_entry" SET "{column}" = ?', "no time")
        return
    end = Scope.get_by_id(TOWNSHIP).position
    sql(f'UPDATE "journal_entry" SET "{column}" = ? WHERE "scope" = ? AND "position" = ?', "no time", TOWNSHIP, end)
    assert f"{TOWNSHIP} position {end}: its times cannot be read" in broken()


# ---- looks


@pytest.fixture
def looks(db, cast, now) -> None:
    reads.note([reads.Read(TOWNSHIP, cast.li_qiang.id, cast.chen_guilan.id, "resident") for _ in range(3)], now=now)


@pytest.mark.parametrize("column", ["person", "resident", "what", "reason", "happened_at", "chain"])
def test_a_changed_look_is_named(looks, sql, column):
    field = next(each for each in models.ReadEntry._meta.sorted_fields if each.column_name == column)
    (before,) = sql(f'SELECT "{column}" FROM "read_entry" WHERE "position" = 2')[0]
    sql(f'UPDATE "read_entry" SET "{column}" = ? WHERE "position" = 2', another(field, before))
    assert any("look 2 is not as it was written" in line for line in broken())


def test_looks_cut_off_at_the_end_are_named_by_the_last_backup_and_by_heads(looks, sql, tmp_path, now):
    verify.write_heads(tmp_path / "heads", now=now)
    backups.note_verified(backups.heads_at(), made_at=now, now=now, by="test")
    assert broken(heads=verify.read_heads(tmp_path / "heads")) == []
    sql('DELETE FROM "read_entry" WHERE "position" = 3')
    assert broken() == [f"{TOWNSHIP}: look 3 was here when the last backup was made, and is gone"]
    found = broken(heads=verify.read_heads(tmp_path / "heads"))
    assert f"{TOWNSHIP}: look 3 was here when the heads were kept, and is gone" in found


# ---- pictures


def two(settings: Any) -> list[Any]:
    rows = list(Picture.select().order_by(Picture.event))
    assert broken(settings) == []
    return [(row, pictures.place(settings.blobs_path, row.event, row.role)) for row in rows]


def test_one_byte_changed_in_a_picture_is_named(one, settings):
    (row, file), _ = two(settings)
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)
    assert broken(settings) == [f"picture {row.event}.mark: its file is not the one that came"]


def test_a_picture_taken_away_is_named(one, settings):
    (row, file), _ = two(settings)
    file.unlink()
    assert broken(settings) == [f"picture {row.event}.mark: its file is gone"]


def test_two_pictures_that_were_exchanged_are_both_named(one, settings, sql):
    (row, file), (other, its_file) = two(settings)
    first, second = file.read_bytes(), its_file.read_bytes()
    file.write_bytes(second)
    its_file.write_bytes(first)
    assert broken(settings) == [
        f"picture {each.event}.mark: its file is not the one that came" for each in (row, other)
    ]
    for mine, hers in ((row, other), (other, row)):  # and the hashes in the database with them
        event = mine.event.hex if models.is_sqlite() else mine.event
        sql(
            'UPDATE "picture" SET "sha256" = ?, "plain_sha256" = ? WHERE "event" = ?',
            hers.sha256,
            hers.plain_sha256,
            event,
        )
    assert broken(settings) == [
        f"picture {each.event}.mark: it is not the one that its record names" for each in (row, other)
    ]


PICTURE = [f for f in Picture._meta.sorted_fields if f.name not in Picture.derived()]


@pytest.mark.parametrize("field", PICTURE, ids=lambda field: field.column_name)
def test_a_changed_column_of_a_picture_is_named(one, settings, sql, field):
    (row, _), _ = two(settings)
    event = row.event.hex if models.is_sqlite() else row.event
    (before,) = sql(f'SELECT "{field.column_name}" FROM "picture" WHERE "event" = ?', event)[0]
    sql(f'UPDATE "picture" SET "{field.column_name}" = ? WHERE "event" = ?', another(field, before), event)
    assert any(line.startswith(f"picture {row.event}.mark: ") for line in broken(settings))


def test_the_answer_of_the_command_names_it(one, sql, app):
    (event,) = sql('SELECT "event" FROM "visit" ORDER BY "id" LIMIT 1')[0]
    sql('UPDATE "visit" SET "outcome" = \'not_home\' WHERE "event" = ?', event)
    found = app.test_cli_runner().invoke(args=["verify"])
    assert found.exit_code == 1
    assert "it was changed without an event since" in found.output and "1 things do not prove." in found.output
