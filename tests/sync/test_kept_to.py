"""What a phone may let go of: only what a verified backup holds, pictures too (docs/formats.md §3).

A phone lets go of a record and its pictures together, as soon as all of them have arrived and `kept_to` covers the
record. Whether the phone heard `kept_to` before or after its picture had arrived cannot be known here.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from actions import backups
from actions.phone_talk import county_now, told_of
from models import Device, Installation, JournalEntry, Picture, Scope
from rules.ciphers import uuid7
from tests.support.cast import TOWNSHIP
from tests.support.device import Picture as Drawn
from tests.support.device import enrolled
from tests.sync.conftest import the, visit


@pytest.fixture
def send(sync, phone, cast, clock):
    """A visit of 王芳, with a picture or without; gives its id and position."""

    def sent(*, picture: bool, by=phone):
        at = clock.forward(minutes=5)
        event, drawn = str(uuid7()), Drawn("mark", b"jpeg")
        blobs = [drawn.seal(event)] if picture else []
        payload = by.payload("visit.ended", visit(cast, at), at=at, id=event, subject=cast.chen_guilan.id, blobs=blobs)
        receipt = the(sync(by, [by.sealed(payload)]))
        return UUID(event), receipt["position"], drawn

    return sent


@pytest.fixture
def bring(client, clock):
    def brought(event, drawn):
        path = f"/api/phone/blobs/{event}/mark?offset=0&total={len(drawn.cipher)}"
        assert client.put(path, data=drawn.cipher).status_code == 201

    return brought


def verified(clock, *, kept=(), missing=()):
    """A backup was made now and read back; gives where the township's journal ended in it."""
    heads = backups.heads_at()
    backups.note_verified(heads, made_at=clock.now, now=clock.now, by="test", kept=kept, missing=missing)
    return heads[TOWNSHIP][0]


def test_a_record_without_pictures_may_go_with_the_backup(sync, send, phone, clock):
    _, position, _ = send(picture=False)
    assert verified(clock) == position
    assert sync(phone)["kept_to"][TOWNSHIP] == position


def test_a_picture_that_comes_after_the_backup_stays_until_the_next(sync, send, bring, phone, clock):
    _, first, _ = send(picture=False)
    event, position, drawn = send(picture=True)
    verified(clock)
    assert sync(phone)["kept_to"][TOWNSHIP] == first  # told before it came …
    bring(event, drawn)
    assert sync(phone)["kept_to"][TOWNSHIP] == first  # … and after: it is in no backup yet
    assert verified(clock, kept=[(event, "mark")]) == position
    assert sync(phone)["kept_to"][TOWNSHIP] == position


def test_one_phones_picture_does_not_hold_back_the_others(sync, send, phone, cast, clock, now):
    send(picture=True)
    end = verified(clock)
    colleague = enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now)
    assert told_of(Device.get_by_id(colleague.id), county_now([TOWNSHIP]), now=clock.now)["kept_to"] == {TOWNSHIP: end}
    assert sync(phone)["kept_to"][TOWNSHIP] < end


def test_a_picture_that_never_comes_holds_back_for_thirty_days(sync, send, phone, clock):
    _, position, _ = send(picture=True)
    verified(clock)
    clock.forward(days=30)
    assert sync(phone)["kept_to"][TOWNSHIP] == position - 1
    clock.forward(seconds=1)
    assert sync(phone)["kept_to"][TOWNSHIP] == Scope.get_by_id(TOWNSHIP).kept_to


def test_one_that_comes_later_than_that_holds_back_again(sync, send, bring, phone, clock):
    event, position, drawn = send(picture=True)
    verified(clock)
    clock.forward(days=40)
    sync(phone)  # a new session
    bring(event, drawn)
    assert sync(phone)["kept_to"][TOWNSHIP] == position - 1
    verified(clock, kept=[(event, "mark")])
    assert sync(phone)["kept_to"][TOWNSHIP] == position


def test_a_picture_that_the_newest_backup_lacks_is_kept_on_its_phone(sync, send, bring, phone, clock):
    event, position, drawn = send(picture=True)
    bring(event, drawn)
    verified(clock, kept=[(event, "mark")])
    assert sync(phone)["kept_to"][TOWNSHIP] == position
    verified(clock, missing=[(event, "mark")])
    assert sync(phone)["kept_to"][TOWNSHIP] == position - 1


def test_a_picture_whose_time_is_over_holds_back_nothing(sync, send, bring, phone, clock):
    event, _, drawn = send(picture=True)
    bring(event, drawn)
    end = verified(clock)
    Picture.update(state="forgotten", key="").execute()
    assert sync(phone)["kept_to"][TOWNSHIP] == end


def test_kept_to_never_goes_back(sync, send, phone, clock):
    send(picture=False)
    early = backups.heads_at()
    send(picture=False)
    late = verified(clock)
    backups.note_verified(early, made_at=clock.now, now=clock.now, by="test")
    assert Scope.get_by_id(TOWNSHIP).kept_to == late


def test_a_backup_of_another_journal_moves_nothing(send, clock):
    send(picture=False)
    heads = backups.heads_at()
    position, _ = heads[TOWNSHIP]
    with pytest.raises(backups.NotThisJournal):
        backups.note_verified(
            heads | {TOWNSHIP: (position, "0" * 64)}, made_at=clock.now, now=clock.now, by="test"
        )  # fmt: skip
    assert Scope.get_by_id(TOWNSHIP).kept_to == 0
    assert Installation.get().backed_up_at is None
    assert not JournalEntry.select().where(JournalEntry.kind == "backup.verified").exists()
