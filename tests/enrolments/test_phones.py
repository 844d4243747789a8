"""A phone is lost, found again, replaced, emptied: what it may do from that moment on."""

from __future__ import annotations

import pytest

from actions import people, phones
from models import Device, InboxMessage, JournalEntry, PhoneSession
from tests.support.device import enrolled, instant


@pytest.fixture
def phone(db, cast, now):
    return enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now)


@pytest.fixture
def device(phone):
    return Device.get_by_id(phone.id)


@pytest.fixture
def ask(client, clock):
    """Ask for a sync with the session, or the mailbox with the token; gives status and answer."""

    def asked(phone, path="sync", **members):
        headers = {"Authorization": f"Bearer {phone.mailbox}"} if path == "mailbox" else {}
        body = {"device": str(phone.id), "clock": instant(clock())} | members
        answer = client.post(f"/api/phone/{path}", json=body, headers=headers)
        return answer.status_code, answer.get_json()

    return asked


@pytest.fixture
def signed_in(client, phone):
    challenge = client.post("/api/phone/challenges", json={"device": str(phone.id)}).get_json()["challenge"]
    signature = phone.sign(f"daiban-session/1\n{phone.id}\n{challenge}")
    body = {"device": str(phone.id), "challenge": challenge, "signature": signature}
    assert client.post("/api/phone/sessions", json=body).status_code == 204
    return phone


def test_a_locked_phone_is_out_at_once_and_told_to_lock(signed_in, device, ask, cast, now):
    assert ask(signed_in)[0] == 200
    phones.lock(device, why="丢了", actor=cast.luo_guoxiu.actor, now=now)
    assert PhoneSession.select().count() == 0
    assert ask(signed_in)[0] == 401
    assert ask(signed_in, "mailbox")[1]["orders"] == ["lock"]
    assert ask(signed_in, "mailbox")[1]["orders"] == ["lock"]  # until it says that it obeyed
    assert InboxMessage.get().kind == "phone_locked"


def test_a_phone_found_again_counts_again(signed_in, device, ask, cast, now):
    phones.lock(device, actor=cast.luo_guoxiu.actor, now=now)
    phones.unlock(device, why="找到了", actor=cast.luo_guoxiu.actor, now=now)
    assert Device.get_by_id(device.id).state == "active"
    assert ask(signed_in, "mailbox")[1]["orders"] == []
    kinds = [
        entry.kind
        for entry in JournalEntry.select().where(JournalEntry.kind.startswith("device")).order_by(JournalEntry.position)
    ]
    assert kinds == ["device.locked", "device.unlocked"]


def test_a_phone_found_again_after_it_was_replaced_only_sends(device, cast, now):
    phones.lock(device, actor=cast.luo_guoxiu.actor, now=now)
    enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now)
    phones.unlock(device, actor=cast.luo_guoxiu.actor, now=now)
    assert Device.get_by_id(device.id).state == "send_only"


def test_a_phone_that_emptied_itself_says_so_once(phone, device, ask, cast, now):
    phones.lock(device, wipe=True, actor=cast.luo_guoxiu.actor, now=now)
    assert ask(phone, "mailbox")[1]["orders"] == ["wipe"]
    assert ask(phone, "mailbox", done=["wipe"])[1]["orders"] == []
    assert Device.get_by_id(device.id).state == "wiped"
    assert JournalEntry.select().where(JournalEntry.kind == "device.wiped").count() == 1
    ask(phone, "mailbox", done=["wipe"])
    assert JournalEntry.select().where(JournalEntry.kind == "device.wiped").count() == 1


def test_whoever_stops_working_here_is_out_at_once(signed_in, ask, cast, now):
    people.remove(people.Person.get_by_id(cast.wang_fang.id), why="调走", actor=cast.luo_guoxiu.actor, now=now)
    assert ask(signed_in)[0] in (401, 403)


def test_a_session_ends_by_itself(signed_in, ask, clock):
    clock.forward(hours=12)
    assert ask(signed_in)[0] == 401


def test_a_session_of_one_phone_does_not_speak_for_another(signed_in, ask, cast, now):
    other = enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now)
    assert ask(other)[0] == 401


def test_a_mailbox_of_one_phone_takes_nothing_in_anothers_name(phone, ask, cast, now):
    other = enrolled(cast.zhao_min, by=cast.luo_guoxiu, now=now)
    other.mailbox = phone.mailbox
    assert ask(other, "mailbox")[0] == 401
    phone.mailbox = "x" * 43
    assert ask(phone, "mailbox")[0] == 401
