"""Several phones, or one phone twice, at the same moment: nothing doubles, nothing is lost, the journal proves."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

import models
from actions import cards, inbox, journal, packs, sync, verify
from models import InboxMessage, JournalEntry, Person, Resident, Visit, transaction
from rules.ciphers import uuid7
from storage import connection
from tests.support.cast import TOWNSHIP, TOWNSHIP_ELSEWHERE, VILLAGE
from tests.support.device import enrolled
from tests.sync.conftest import visit


def batch(phone, cast, now, count):
    items = []
    for number in range(count):
        at = now - timedelta(hours=count - number)
        payload = phone.payload("visit.ended", visit(cast, at), at=at, subject=cast.chen_guilan.id)
        sent = phone.clear(payload)
        items.append(sync.Item(sent["id"], sent["hash"], sent["device"], payload=payload, signature=sent["signature"]))
    return items


def together(*works):
    """Run each in a thread of its own, all begun at once; a broken one fails the test."""
    start, errors = threading.Barrier(len(works)), []

    def run(work):
        try:
            start.wait()
            work()
        except Exception as error:
            errors.append(error)
        finally:
            models.database.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


def test_one_batch_sent_four_times_at_once_is_filed_once(db, cast, now):
    phone = enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=60))
    items, receipts = batch(phone, cast, now, 10), []
    together(*[lambda: receipts.append(sync.receive(items, now=now))] * 4)
    assert len(receipts) == 4
    assert all(each == receipts[0] for each in receipts)
    assert Visit.select().count() == 10
    assert verify.verify().broken == []


def test_two_phones_of_one_township_share_its_journal_without_a_gap(db, cast, now):
    phones = [enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=60)) for _ in range(2)]
    batches = [batch(phone, cast, now - timedelta(days=9 * n), 5) for n, phone in enumerate(phones) for _ in range(3)]
    together(*[lambda items=items: sync.receive(items, now=now) for items in batches])
    assert Visit.select().count() == 30
    positions = [
        row[0] for row in JournalEntry.select(JournalEntry.position).where(JournalEntry.scope == TOWNSHIP).tuples()
    ]
    assert sorted(positions) == list(range(1, len(positions) + 1))
    assert len({row[0] for row in Visit.select(Visit.number).tuples()}) == 30
    assert verify.verify().broken == []


def test_a_phone_that_pulls_while_others_write_misses_no_change(db, cast, now):
    """Order of revision is order of commit: what it has not seen has a greater one."""
    seen: dict = {}
    mine = packs.places_of(cast.wang_fang.actor, TOWNSHIP).villages
    villages = packs.pull(cast.wang_fang.actor, mine, {}, now=now).villages

    def write(resident):
        for number in range(25):
            with transaction(TOWNSHIP):
                Resident.update(hours=f"{number}").where(Resident.id == resident).execute()
                cards.touch([resident], now=now)

    def read():
        for _ in range(40):
            pull()

    def pull():
        answer = packs.pull(cast.wang_fang.actor, mine, villages, now=now)
        villages.update(answer.villages)
        seen.update({row["id"]: row["rev"] for row in answer.rows})

    together(lambda: write(cast.chen_guilan.id), lambda: write(cast.zhou_xinglin.id), read)
    pull()
    newest = Resident.select(Resident.id, Resident.rev).where(Resident.area == VILLAGE).tuples()
    assert seen == {str(resident): rev for resident, rev in newest}


def test_writers_of_one_process_take_turns_whatever_the_database_would_do(db, cast, now):
    """SQLite's own waiting sleeps ever longer and forgets who came first: told not to wait at all, nobody is turned away."""
    writing = threading.Event()

    def first():
        with transaction(TOWNSHIP):
            writing.set()
            time.sleep(0.3)
            models.next_revs(TOWNSHIP)

    def second():
        writing.wait()
        if models.is_sqlite():
            models.database.execute_sql("PRAGMA busy_timeout = 0")
        with transaction(TOWNSHIP):
            models.next_revs(TOWNSHIP)

    together(first, second)


def test_the_first_that_ever_happens_in_a_township_may_be_two_things_at_once(db, cast, now):
    new_township = "520121300000"

    def write():
        with transaction(new_township):
            journal.write([journal.Deed("setting.changed", new_township, {})], actor=None, now=now, by="test")

    together(*[write] * 6)
    entries = JournalEntry.select(JournalEntry.position).where(JournalEntry.scope == new_township)
    assert sorted(row[0] for row in entries.tuples()) == [1, 2, 3, 4, 5, 6]
    assert verify.verify().broken == []


def test_a_fork_is_written_where_the_phone_was_given_out_beside_what_else_happens_there(db, cast, now, monkeypatch):
    phone = enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=60))
    sync.receive(batch(phone, cast, now, 3), now=now)
    models.Device.update(scope=TOWNSHIP_ELSEWHERE).execute()  # she works here now, the phone is still of that township
    phone.seq = 0  # its store was put back: the same places once more
    errors, begun = [], threading.Event()

    def elsewhere():
        with transaction(TOWNSHIP_ELSEWHERE):
            begun.set()
            time.sleep(0.5)  # the other one comes meanwhile
            deed = journal.Deed("setting.changed", TOWNSHIP_ELSEWHERE, {})
            journal.write([deed], actor=None, now=now, by="test")

    def again():
        assert begun.wait(20)
        sync.receive(batch(phone, cast, now, 3), now=now)

    monkeypatch.setattr(sync, "log", Told(errors))
    together(elsewhere, again)
    assert errors == []
    assert JournalEntry.select().where(JournalEntry.kind == "device.fork").count() == 3
    assert verify.verify().broken == []


class Told:
    """A log that only remembers what went wrong."""

    def __init__(self, errors):
        self.errors = errors

    def error(self, *_, exc_info=None, **__):
        self.errors.append(exc_info)


@pytest.mark.parametrize("made", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_what_the_database_ends_because_two_waited_for_each_other_is_done_again(db, cast, now, monkeypatch):
    phone = enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=60))
    payload = phone.payload("complaint.made", {"complaint": str(uuid7()), "kind": "complaint", "words": "太慢"}, at=now)
    sent = phone.clear(payload)
    item = sync.Item(sent["id"], sent["hash"], sent["device"], payload=payload, signature=sent["signature"])
    they_hold, we_hold = threading.Event(), threading.Event()
    tell, receipts = inbox.tell, []

    def waited(messages, *, now):
        we_hold.set()
        assert they_hold.wait(20)
        tell(messages, now=now)

    def other():
        """Somebody who holds the inbox of the leads and then wants the township."""
        with transaction():
            db.execute_sql("SET LOCAL deadlock_timeout = '20s'")  # so that it is the phone's transaction that ends
            Person.update(inbox_rev=Person.inbox_rev + 1).execute()
            they_hold.set()
            assert we_hold.wait(20)
            connection._lock([TOWNSHIP])

    monkeypatch.setattr(inbox, "tell", waited)
    together(lambda: receipts.append(sync.receive([item], now=now)[0]), other)
    assert receipts[0].state == "accepted"
    assert InboxMessage.select().where(InboxMessage.about == models.Complaint.get().id).count() >= 1
    assert verify.verify().broken == []
