"""A phone is lost, found again, replaced, emptied: what it may do from that moment on."""

from __future__ import annotations

import json

import pytest

import models
from actions import people, phones
from models import Device, InboxMessage, JournalEntry, PhoneSession
from rules import ciphers
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
    of_phones = JournalEntry.kind.startswith("device") & (JournalEntry.scope == device.scope)
    kinds = [entry.kind for entry in JournalEntry.select().where(of_phones).order_by(JournalEntry.position)]
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


def test_the_hour_of_each_stage_is_kept_and_what_could_not_be_brought_is_told_to_the_lead(
    phone, device, ask, cast, now, clock
):
    phones.lock(device, wipe=True, actor=cast.luo_guoxiu.actor, now=now)
    assert Device.get_by_id(device.id).order_at == now
    later = clock.forward(days=10)
    lost = [{"event": str(device.id), "role": "picture", "why": "damaged"}]
    ask(phone, "mailbox", done=["wipe"], lost=lost, drafts=2, waiting={"records": 0, "blobs": 0})
    found = Device.get_by_id(device.id)
    assert (found.state, found.order, found.wiped_at) == ("wiped", "", later)
    assert found.lost == {"items": lost, "drafts": 2}
    entry = JournalEntry.get(JournalEntry.kind == "device.wiped")
    assert json.loads(entry.payload)["body"]["lost"] == lost
    message = InboxMessage.get(InboxMessage.kind == "phone")
    assert (message.person_id, message.about) == (cast.luo_guoxiu.id, device.id)


def test_an_order_is_heard_also_by_a_phone_that_was_heard_a_moment_before(phone, device, ask, cast, clock):
    ask(phone, "mailbox")
    given = clock.forward(seconds=5)
    phones.lock(device, actor=cast.luo_guoxiu.actor, now=given)
    clock.forward(seconds=5)
    ask(phone, "mailbox")
    assert Device.get_by_id(device.id).heard_at > given


def test_a_phone_emptied_though_the_order_was_withdrawn_meanwhile_is_empty_all_the_same(phone, device, ask, cast, now):
    phones.lock(device, wipe=True, actor=cast.luo_guoxiu.actor, now=now)
    ask(phone, "mailbox")
    phones.unlock(device, why="找到了", actor=cast.luo_guoxiu.actor, now=now)
    assert ask(phone, "mailbox", done=["wipe"])[0] == 200
    assert Device.get_by_id(device.id).state == "wiped"


def test_nobody_empties_a_phone_by_saying_so_when_it_was_never_ordered(phone, device, ask):
    ask(phone, "mailbox", done=["wipe"])
    assert Device.get_by_id(device.id).state == "active"


def test_an_emptied_phone_is_not_locked_again(phone, device, ask, cast, now):
    phones.lock(device, wipe=True, actor=cast.luo_guoxiu.actor, now=now)
    ask(phone, "mailbox", done=["wipe"])
    phones.lock(device, actor=cast.luo_guoxiu.actor, now=now)
    assert (Device.get_by_id(device.id).state, Device.get_by_id(device.id).order) == ("wiped", "")


# ---- the code that opens it


def code_of(phone, digits, n=1):
    info = f"daiban-recovery/1\n{phone.id}".encode()
    sealed = ciphers.b64(ciphers.hpke_seal(models.keys().county.public_key(), digits.encode(), info))
    signature = phone.sign(f"daiban-recovery/1\n{phone.id}\n{n}\n{sealed}")
    return {"n": n, "sealed": sealed, "signature": signature}


def test_a_code_is_kept_from_the_session_and_from_the_mailbox(signed_in, device, ask):
    assert ask(signed_in, code=code_of(signed_in, "1" * 24))[1]["recovery_kept"] is True
    assert Device.get_by_id(device.id).recovery == "1" * 24
    assert ask(signed_in, "mailbox", code=code_of(signed_in, "2" * 24, 2))[1]["recovery_kept"] is True
    assert (Device.get_by_id(device.id).recovery, Device.get_by_id(device.id).recovery_n) == ("2" * 24, 2)


def test_a_code_that_comes_late_never_takes_the_place_of_a_newer_one(signed_in, device, ask):
    ask(signed_in, code=code_of(signed_in, "2" * 24, 2))
    assert ask(signed_in, code=code_of(signed_in, "1" * 24, 1))[1]["recovery_kept"] is True  # a newer one is kept
    assert Device.get_by_id(device.id).recovery == "2" * 24


@pytest.mark.parametrize("where", ["sync", "mailbox"])
def test_a_code_that_this_phone_did_not_sign_is_not_kept(signed_in, device, ask, cast, now, where):
    other = enrolled(cast.zhao_min, by=cast.luo_guoxiu, now=now)
    other.id = signed_in.id  # whoever read the mailbox token off a phone's disk
    answer = ask(signed_in, where, code=code_of(other, "6" * 24))[1]
    assert "recovery_kept" not in answer or answer["recovery_kept"] is False
    assert Device.get_by_id(device.id).recovery is None
    ask(signed_in, where, code=code_of(signed_in, "6" * 24) | {"n": 7})
    assert Device.get_by_id(device.id).recovery is None


def test_the_code_of_an_older_program_is_kept_over_its_session(signed_in, device, ask):
    assert ask(signed_in, recovery=code_of(signed_in, "3" * 24)["sealed"])[1]["recovery_kept"] is True
    assert (Device.get_by_id(device.id).recovery, Device.get_by_id(device.id).recovery_n) == ("3" * 24, 0)


@pytest.mark.parametrize("digits", ["12345", "x" * 24, "１" * 24])
def test_what_is_no_code_is_asked_for_again(signed_in, device, ask, digits):
    assert not ask(signed_in, code=code_of(signed_in, digits))[1].get("recovery_kept")
    assert Device.get_by_id(device.id).recovery is None


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
