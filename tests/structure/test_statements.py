"""Statements written out by hand say the same as Peewee's, on both databases and for every kind of field."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

import models
from models import Device, Entitlement, Lookup, Once, Person, Post, Resident, Rows, Setting, Visit, given
from rules.actors import Role
from rules.ciphers import uuid7
from storage import rows

NOW = datetime(2026, 11, 30, 2, 4, 31, 123456, tzinfo=UTC)
#: What breaks where a value is written into JSON, an array or a statement by hand.
HOSTILE = "罗'\"\\{},\n\t%s ? {0} NULL 👵"


@pytest.fixture
def phone(db, cast):
    """A phone with a value of each kind of field: bytes, instants, JSON, numbers, keys, text."""
    made = Device.of(
        id=uuid7(), person=cast.wang_fang.id, scope=cast.wang_fang.scope, public_key=b"\x00\xff\\x'", mailbox_hash=HOSTILE,
        enrolled_at=NOW, enrolled_by=cast.luo_guoxiu.id, heard_at=None, missing=[[1, 2**40], [7, 7]], newest=2**52,
        clock_ms=-1,
    )  # fmt: skip
    with models.transaction(made.scope):
        models.insert([made])
    return made


def as_peewee_reads_it(row):
    return type(row).select().where(type(row)._meta.primary_key == row.get_id()).dicts().get()


def test_a_row_is_written_as_it_is(phone):
    found = as_peewee_reads_it(phone)
    assert bytes(found["public_key"]) == b"\x00\xff\\x'"
    assert found["mailbox_hash"] == HOSTILE
    assert (found["enrolled_at"], found["heard_at"]) == (NOW, None)
    assert (found["missing"], found["newest"], found["clock_ms"]) == ([[1, 2**40], [7, 7]], 2**52, -1)
    assert found["state"] == "active"  # a default


def test_what_is_sealed_yes_or_no_and_a_day_is_written_as_it_is(db, cast):
    chen = Resident.of(
        id=uuid7(), scope=cast.wang_fang.scope, area=cast.wang_fang.area, name=HOSTILE, id_number="990121194801010021",
        helper={"name": HOSTILE}, guardian=None, birth_on=date(1948, 1, 1), no_phone=True,
    )  # fmt: skip
    due = Entitlement.of(
        id=uuid7(), resident=chen.id, scope=chen.scope, area=chen.area, benefit="BPIURR", number="N1", cycle_months=12,
        due_on=date(2026, 12, 31), listed=False,
    )  # fmt: skip
    with models.transaction(chen.scope):
        models.insert([chen, due])
    found = as_peewee_reads_it(chen)
    assert (found["id_number"], found["helper"], found["guardian"]) == ("990121194801010021", {"name": HOSTILE}, None)
    assert (found["birth_on"], found["no_phone"], found["name"]) == (date(1948, 1, 1), True, HOSTILE)
    assert (as_peewee_reads_it(due)["listed"], as_peewee_reads_it(due)["due_on"]) == (False, date(2026, 12, 31))
    with models.transaction(chen.scope):
        models.update_values(Entitlement, (Entitlement.listed, Entitlement.due_on), [(due.id, True, date(2027, 1, 2))])
        models.update_values(Resident, (Resident.id_number, Resident.no_phone), [(chen.id, None, False)])
    assert (as_peewee_reads_it(due)["listed"], as_peewee_reads_it(due)["due_on"]) == (True, date(2027, 1, 2))
    assert (as_peewee_reads_it(chen)["id_number"], as_peewee_reads_it(chen)["no_phone"]) == (None, False)
    (read,) = Rows(Resident, by=Resident.id).of([chen.id])
    assert (read.helper, read.id_number, read.birth_on) == ({"name": HOSTILE}, None, date(1948, 1, 1))


def test_a_field_that_is_none_is_refused():
    with pytest.raises(AssertionError, match="no_such_field"):
        Setting.of(key="a", value=1, no_such_field=2)


def test_rows_are_read_as_peewee_reads_them(phone):
    (read,) = Rows(Device, by=Device.id).of([phone.id])
    theirs = Device.get_by_id(phone.id)
    assert {name: read.__data__[name] for name in read.__data__ if name != "public_key"} == {
        name: theirs.__data__[name] for name in theirs.__data__ if name != "public_key"
    }
    assert bytes(read.public_key) == bytes(theirs.public_key)
    assert read.person.name == theirs.person.name
    assert not read.dirty_fields


def test_columns_are_changed_as_they_are(phone):
    values = [(phone.id, HOSTILE * 2, None, date_of(NOW), 3)]
    fields = (Device.mailbox_hash, Device.missing, Device.heard_at, Device.newest)
    with models.transaction(phone.scope):
        models.update_values(Device, fields, values)
    found = as_peewee_reads_it(phone)
    assert (found["mailbox_hash"], found["missing"], found["heard_at"]) == (HOSTILE * 2, None, date_of(NOW))
    with models.transaction(phone.scope):
        models.update_values(Device, (Device.newest,), [(phone.id, 2)], newer=Device.newest)
    assert as_peewee_reads_it(phone)["newest"] == 3, "a counter never turns back"


def date_of(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def test_keys_may_be_any_text_and_any_number_of_them(phone):
    lookup = Lookup(Device.id, by=Device.mailbox_hash)
    assert lookup([HOSTILE]) == [(phone.id,)]
    assert lookup([*(f"{HOSTILE}{n}" for n in range(300)), HOSTILE]) == [(phone.id,)]
    assert lookup([]) == []
    assert Lookup.firsts([lookup, Lookup(Device.id, by=Device.mailbox_hash, also="newest = 0")], [HOSTILE]) == {
        phone.id
    }


def test_posts_in_force_are_those_of_the_query(db, cast):
    for on in (date(2025, 12, 31), date(2026, 11, 30)):
        theirs = {post.id for post in Post.in_force(on).where(Post.person == cast.wang_fang.id)}
        assert {post.id for post in Post.held_by(cast.wang_fang.id, on)} == theirs
        leads = {(p.id, p.area, p.person.name, p.person.phone) for p in Post.in_force(on).where(Post.role == Role.LEAD)}
        assert set(Post.leads(on)) == leads
    assert Post.held_by(cast.wang_fang.id, date(2026, 11, 30))


def test_a_look_for_each_finds_for_each(db, cast):
    people = [person for (person,) in Resident.select(Resident.id).order_by(Resident.id).tuples()]
    one = "SELECT CAST({0} AS TEXT) AS said, id, name FROM resident WHERE id = {1} ORDER BY id LIMIT 1"
    asked = [(HOSTILE + str(n), Resident.id.db_value(person)) for n, person in enumerate(people)]
    found = models.for_each(one, ("text", "uuid"), asked * 60)
    assert len(found) == len(asked) * 60
    assert {(said, Resident.id.python_value(key)) for said, key, _ in found} == {
        (HOSTILE + str(n), person) for n, person in enumerate(people)
    }
    assert models.for_each(one, ("text", "uuid"), []) == []


def test_person_and_visit_keep_their_defaults(db):
    """`Row.of` gives what Peewee's own way gives."""
    for row in (Person, Visit):
        theirs, ours = row().__data__, row.of().__data__
        assert {name: value for name, value in theirs.items() if name != "id"} == {
            name: value for name, value in ours.items() if name != "id"
        }


def test_a_statement_that_is_kept_asks_for_what_comes_with_the_call(db, cast):
    built = []

    def build(name):
        built.append(name)
        return Setting.select(Setting.key).where((Setting.key.startswith(name)) & (Setting.key > given("least")))

    once = Once(build)
    for key in ("a.1", "a.2", "b.1"):
        Setting.create(key=key, value=HOSTILE)
    assert [sorted(once("a", least=least)) for least in ("", "a.1")] == [[("a.1",), ("a.2",)], [("a.2",)]]
    assert once("b", least="") == [("b.1",)]
    assert built == ["a", "b"]


def test_one_value_has_one_text_by_either_way():
    """The quick way and the slow one, which has a text for what the quick one refuses."""
    plain = {
        "b": [uuid7(), NOW, NOW.date(), b"\x00\xff", True, None, 2**53, -1, 1.5], "中": HOSTILE + "\x00\x1f\x7f\u2028",
        "a": {"z": "", "Z": Role.AGENT},
    }  # fmt: skip
    assert models.canonical(plain) == rows._encode(plain)
    for tiny in (5e-05, 1e-07, -1.5e-10, [1e-5], {"latitude": 0.00005}, 1e16, 123456.000012, 1e22):
        assert models.canonical({"at": tiny}) == rows._encode({"at": tiny})
    assert models.canonical({"half": "\ud83d", "n": 2**70}) == rows._encode({"half": "\ud83d", "n": 2**70})
    with pytest.raises(TypeError, match="canonical form"):
        models.canonical({"a": object()})


def test_ids_days_and_instants_are_read_as_peewee_reads_them():
    key = uuid7()
    assert rows.UUIDField().python_value(key.hex) == key
    assert hash(rows.UUIDField().python_value(key.hex)) == hash(key)
    assert str(rows.UUIDField().python_value(key.hex)) == str(key)
    assert rows.UUIDField().python_value(str(key)) == key
    assert rows.UUIDField().python_value(None) is None
    with pytest.raises(ValueError):
        rows.UUIDField().python_value("x" * 32)
    assert rows.DateField().python_value("2026-11-30") == date(2026, 11, 30)
    assert rows.DateField().python_value("2026-11-30 00:00:00") == date(2026, 11, 30)
    assert rows.UtcField().python_value("2026-11-30 02:04:31.123456") == NOW
    east = rows.UtcField().python_value("2026-11-30T02:04:31+08:00")  # of an altered file: it is not what it was
    assert east != NOW.replace(microsecond=0)
    assert rows.UtcField().python_value("2026-11-30 02:04:31") == NOW.replace(microsecond=0)
