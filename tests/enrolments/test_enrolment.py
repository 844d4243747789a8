"""王芳 gets a phone: 罗国秀 shows a code, the phone claims it, six digits are typed, the phone is hers."""

from __future__ import annotations

import pytest

from actions import enrolments
from models import Device, Enrolment, InboxMessage, JournalEntry, PhoneSession
from rules import ciphers
from rules.actors import Actor, HeldPost, Role
from rules.ciphers import uuid7
from rules.problems import AgentNotHere, DigitsDiffer, EnrolmentNotClaimed, NotFound
from tests.support.cast import TOWNSHIP, VILLAGE_ELSEWHERE
from tests.support.device import TestDevice


@pytest.fixture
def offered(db, cast, now):
    return enrolments.offer(cast.wang_fang.actor, actor=cast.luo_guoxiu.actor, now=now)


def claim(client, code, phone, status=201):
    answer = client.post("/api/phone/enrolments", json={"code": code, "public_key": phone.public_key, "version": "1"})
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json()


def poll(client, claimed, status=200):
    url, headers = f"/api/phone/enrolments/{claimed['enrolment']}", {"Authorization": f"Bearer {claimed['claim']}"}
    answer = client.get(url, headers=headers)
    assert answer.status_code == status
    return answer.get_json()


def digits_of(code, phone):
    return ciphers.enrolment_digits(code[:10], phone.public_key)


def released(client, offered, cast, clock, phone=None):
    phone = phone or TestDevice(cast.wang_fang)
    claimed = claim(client, offered.code, phone)
    enrolments.release(offered, digits_of(offered.code, phone), actor=cast.luo_guoxiu.actor, now=clock())
    phone.mailbox = poll(client, claimed)["release"]["mailbox"]
    phone.id = Device.get(Device.state == "active").id
    return phone


def open_session(client, phone, status=204, **changed):
    challenge = client.post("/api/phone/challenges", json={"device": str(phone.id)}).get_json()["challenge"]
    signature = phone.sign(f"daiban-session/1\n{phone.id}\n{challenge}")
    body = {"device": str(phone.id), "challenge": challenge, "signature": signature} | changed
    answer = client.post("/api/phone/sessions", json=body)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer


@pytest.mark.parametrize("written", ["typed", "typed small with hyphen", "whole"])
def test_a_phone_is_released_when_the_lead_types_its_digits(client, offered, cast, clock, written):
    code = {"typed": offered.code[:10], "whole": offered.code}.get(written)
    code = code or f"{offered.code[:5]}-{offered.code[5:10]}".lower().replace("1", "l").replace("0", "o")
    phone = TestDevice(cast.wang_fang)
    claimed = claim(client, code, phone)
    assert poll(client, claimed) == {"state": "waiting", "release": None}
    typed = digits_of(offered.code, phone)
    enrolments.release(offered, f"{typed[:3]} {typed[3:]}", actor=cast.luo_guoxiu.actor, now=clock())
    answer = poll(client, claimed)
    assert answer["state"] == "released"
    assert answer["release"]["person"] == str(cast.wang_fang.id)
    assert answer["release"]["demo"] is True
    device = Device.get_by_id(answer["release"]["device"])
    assert (device.state, device.person_id) == ("active", cast.wang_fang.id)
    assert {m.person_id for m in InboxMessage.select()} == {cast.wang_fang.id, cast.he_jing.id}
    assert [e.kind for e in JournalEntry.select().where(JournalEntry.kind.startswith("device"))] == ["device.enrolled"]


def test_the_code_is_kept_only_as_a_keyed_hash_once_claimed(client, offered, cast):
    claim(client, offered.code, TestDevice(cast.wang_fang))
    assert Enrolment.get_by_id(offered.id).code is None


def test_the_release_can_be_read_again_until_the_first_session(client, offered, cast, clock):
    phone = TestDevice(cast.wang_fang)
    claimed = claim(client, offered.code, phone)
    enrolments.release(offered, digits_of(offered.code, phone), actor=cast.luo_guoxiu.actor, now=clock())
    first, second = poll(client, claimed), poll(client, claimed)
    assert first == second
    phone.id = first["release"]["device"]
    open_session(client, phone)
    poll(client, claimed, status=404)


def test_another_agents_lead_may_not_offer_a_phone(db, cast, now):
    with pytest.raises(AgentNotHere):
        enrolments.offer(cast.zhao_min.actor, actor=cast.luo_guoxiu.actor, now=now)
    with pytest.raises(AgentNotHere):
        enrolments.offer(cast.wang_fang.actor, actor=cast.li_qiang.actor, now=now)


def test_a_phone_belongs_to_the_township_whose_lead_gave_it_out(db, cast, now):
    """Her lead of 花梨镇 is an agent elsewhere, where she works too; no phone is given out from there."""
    lead, agent = cast.luo_guoxiu.actor, cast.wang_fang.actor
    there = HeldPost(uuid7(), Role.AGENT, VILLAGE_ELSEWHERE)
    lead = Actor(lead.person, lead.name, (*lead.posts, there))
    agent = Actor(agent.person, agent.name, (there, *agent.posts))
    assert enrolments.offer(agent, actor=lead, now=now).scope == TOWNSHIP


def test_a_second_phone_with_the_same_code_voids_both(client, offered, cast, clock):
    first, second = TestDevice(cast.wang_fang), TestDevice(cast.wang_fang)
    claimed = claim(client, offered.code, first)
    assert claim(client, offered.code, second, status=409)["code"] == "enrolment-void"
    assert poll(client, claimed)["state"] == "void"
    with pytest.raises(EnrolmentNotClaimed):
        enrolments.release(offered, digits_of(offered.code, first), actor=cast.luo_guoxiu.actor, now=clock())


def test_the_same_phone_may_ask_twice_when_its_answer_got_lost(client, offered, cast, clock):
    phone = TestDevice(cast.wang_fang)
    claim(client, offered.code, phone)
    again = claim(client, offered.code, phone)
    enrolments.release(offered, digits_of(offered.code, phone), actor=cast.luo_guoxiu.actor, now=clock())
    assert poll(client, again)["state"] == "released"


def test_wrong_digits_three_times_void_the_code(client, offered, cast, clock):
    phone = TestDevice(cast.wang_fang)
    claimed = claim(client, offered.code, phone)
    wrong = f"{(int(digits_of(offered.code, phone)) + 1) % 1_000_000:06d}"
    for left in (2, 1, 0):
        with pytest.raises(DigitsDiffer) as refused:
            enrolments.release(offered, wrong, actor=cast.luo_guoxiu.actor, now=clock())
        assert refused.value.left == left
    assert poll(client, claimed)["state"] == "void"
    assert not Device.select().exists()


def test_a_code_is_good_to_its_last_instant_and_no_longer(client, offered, cast, clock):
    clock.forward(minutes=10)
    claimed = claim(client, offered.code, TestDevice(cast.wang_fang))
    clock.forward(microseconds=1)
    assert poll(client, claimed)["state"] == "expired"
    with pytest.raises(EnrolmentNotClaimed):
        enrolments.release(offered, "000000", actor=cast.luo_guoxiu.actor, now=clock())


def test_unknown_and_spent_codes_answer_alike_and_soon_have_to_wait(client, offered, cast, clock):
    phone = released(client, offered, cast, clock)
    other = TestDevice(cast.wang_fang)
    bodies = [claim(client, code, other, status=404) for code in ("0000000000", offered.code, "short-code-x")]
    assert len({body["code"] for body in bodies}) == 1
    for _ in range(3):
        claim(client, "0000000000", other, status=404)
    assert claim(client, "0000000000", other, status=429)["facts"]["seconds"] == 11
    clock.forward(seconds=11)
    claim(client, "0000000000", other, status=404)
    assert phone.mailbox


def test_a_code_offered_anew_makes_the_old_one_useless(client, offered, cast, clock):
    newer = enrolments.offer(cast.wang_fang.actor, actor=cast.luo_guoxiu.actor, now=clock())
    claim(client, offered.code, TestDevice(cast.wang_fang), status=404)
    claim(client, newer.code, TestDevice(cast.wang_fang))


def test_a_wrong_claim_learns_nothing(client, offered, cast):
    claimed = claim(client, offered.code, TestDevice(cast.wang_fang))
    poll(client, claimed | {"claim": "x" * 43}, status=404)
    with pytest.raises(NotFound):
        enrolments.state_of(ciphers.uuid7(), claimed["claim"], now=offered.offered_at)


# ---- sessions


def test_a_phone_opens_a_session_by_signing_once(client, offered, cast, clock):
    phone = released(client, offered, cast, clock)
    cookie = open_session(client, phone).headers["Set-Cookie"]
    assert cookie.startswith("__Host-phone=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    token = cookie.split("=", 1)[1].split(";")[0]
    assert PhoneSession.get().token_hash == ciphers.token_hash(token)


def test_a_challenge_counts_once_and_two_minutes(client, offered, cast, clock):
    phone = released(client, offered, cast, clock)
    challenge = client.post("/api/phone/challenges", json={"device": str(phone.id)}).get_json()["challenge"]
    signature = phone.sign(f"daiban-session/1\n{phone.id}\n{challenge}")
    body = {"device": str(phone.id), "challenge": challenge, "signature": signature}
    assert client.post("/api/phone/sessions", json=body).status_code == 204
    assert client.post("/api/phone/sessions", json=body).status_code == 401
    challenge = client.post("/api/phone/challenges", json={"device": str(phone.id)}).get_json()["challenge"]
    clock.forward(minutes=2, microseconds=1)
    signature = phone.sign(f"daiban-session/1\n{phone.id}\n{challenge}")
    late = {"device": str(phone.id), "challenge": challenge, "signature": signature}
    assert client.post("/api/phone/sessions", json=late).status_code == 401


def test_another_key_opens_no_session(client, offered, cast, clock):
    phone = released(client, offered, cast, clock)
    stranger = TestDevice(cast.wang_fang, id=phone.id)
    open_session(client, stranger, status=401)


def test_an_agents_new_phone_makes_the_old_one_send_only(client, offered, cast, clock):
    old = released(client, offered, cast, clock)
    open_session(client, old)
    assert PhoneSession.select().count() == 1
    again = enrolments.offer(cast.wang_fang.actor, actor=cast.luo_guoxiu.actor, now=clock.forward(hours=1))
    released(client, again, cast, clock)
    assert Device.get_by_id(old.id).state == "send_only"
    assert PhoneSession.select().count() == 0
    assert open_session(client, old, status=403).get_json()["code"] == "phone-replaced"
