"""What a batch needs to know of the county is read once, however many records ask for it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from models import DeathReport, InboxMessage, Visit
from rules.ciphers import uuid7
from tests.sync.conftest import visit


@pytest.fixture
def asked(db, monkeypatch):
    """The SQL sent to the database from now on."""
    seen, run = [], type(db).execute_sql
    monkeypatch.setattr(type(db), "execute_sql", lambda self, sql, *a, **k: seen.append(sql) or run(self, sql, *a, **k))
    return seen


@pytest.fixture
def send(sync, phone, asked):
    """Some records in one batch; gives the statements it took."""

    def sent(*payloads):
        sync(phone)  # a session is there
        asked.clear()
        answer = sync(phone, [phone.sealed(each) for each in payloads])
        assert {each["state"] for each in answer["receipts"]} == {"accepted"}
        return list(asked)

    return sent


def reads(statements, table):
    return sum(f'FROM "{table}"' in sql for sql in statements)


def not_home(phone, cast, now, count):
    for number in range(count):
        at = now - timedelta(hours=count - number)
        body = visit(cast, at, outcome="not_home", met=[], mark=None, badge_shown=None)
        yield phone.payload("visit.ended", body, at=at, subject=cast.chen_guilan.id)


def test_five_visits_to_nobody_read_the_settings_as_often_as_one(send, phone, cast, now):
    one = send(*not_home(phone, cast, now - timedelta(hours=6), 1))
    five = send(*not_home(phone, cast, now, 5))
    assert reads(five, "setting") == reads(one, "setting")
    assert {row.return_on.isoformat() for row in Visit.select()} == {"2026-10-20"}


def died(phone, cast, at):
    body = {"death": str(uuid7()), "reporter": "陈大兰", "relation": "女儿", "source": "family"}
    return phone.payload("death.reported", body, at=at, subject=cast.chen_guilan.id)


def test_the_leads_are_looked_up_once_for_three_deaths(send, phone, cast, now):
    one = send(died(phone, cast, now))
    three = send(*(died(phone, cast, now) for _ in range(3)))
    assert reads(three, "post") == reads(one, "post")
    assert DeathReport.select().count() == 4
    told = InboxMessage.select().where((InboxMessage.person == cast.luo_guoxiu.id) & (InboxMessage.kind == "death"))
    assert told.count() == 4


def test_three_corrections_read_the_settings_as_often_as_one(send, phone, cast, now):
    firsts = list(not_home(phone, cast, now, 4))
    send(*firsts)

    def put_right(text):
        first = json.loads(text)
        body = {"corrects": first["id"], "why": "写错了", "body": first["body"] | {"notes": "门锁着"}}
        return phone.payload("record.corrected", body, at=now, subject=cast.chen_guilan.id)

    one = send(put_right(firsts[0]))
    three = send(*(put_right(each) for each in firsts[1:]))
    assert reads(three, "setting") == reads(one, "setting")
    assert Visit.select().where(Visit.corrected_by.is_null(), Visit.notes == "门锁着").count() == 4


def test_a_phone_that_knows_all_is_answered_by_nine_statements(sync, pull, phone, asked):
    """Each costs a way to the database; an empty sync is what a phone asks most often (design §9)."""
    told = sync(phone, villages={})
    _, villages = pull(phone)
    heads = {scope: {"position": head["position"], "chain": head["chain"]} for scope, head in told["heads"].items()}
    known = {
        "epoch": told["epoch"], "me": told["me"]["version"], "county": told["county"]["version"], "villages": villages,
        "heads": heads, "inbox": told.get("inbox_rev", 0),
    }  # fmt: skip
    asked.clear()
    answer = sync(phone, **known)
    assert not {"rows", "me", "county", "inbox"} & answer.keys()
    assert len(asked) <= 9, "\n".join(asked)
