"""A phone given out after the backup that was put back: nobody here knows it, until it is enrolled again. Then all it wrote is here, once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from actions import enrolments, sync, verify
from models import Device, InboxMessage, JournalEntry, Picture, Refusal, Visit
from rules import ciphers
from rules.problems import PhoneUnknown
from tests.backup.conftest import Sender, position_of
from tests.support.cast import TOWNSHIP
from tests.support.device import TestDevice


@pytest.fixture
def give(cast):
    """Let the lead give `phone` to 王芳, as a new one or as the one it was; gives what the phone is told."""

    def given(phone, now, *, again=None, to=cast.wang_fang, by=cast.luo_guoxiu) -> enrolments.Released:
        offered = enrolments.offer(to.actor, actor=by.actor, now=now)
        code = offered.code
        claimed = enrolments.claim(code, phone.public_key, "1", again=again, network="test", now=now)
        digits = ciphers.enrolment_digits(code[:10], phone.public_key)
        enrolments.release(offered, digits, actor=by.actor, now=now)
        state, released = enrolments.state_of(claimed.enrolment, claimed.claim, now=now)
        assert state == "released" and released is not None
        return released

    return given


@pytest.fixture
def early(sender):
    """A phone that the backup knows."""
    return sender()


@pytest.fixture
def late(early, back_up, give, clock, cast, settings):
    """A phone given out an hour after the backup; the clock stands an hour later."""
    back_up()
    phone = TestDevice(cast.wang_fang)
    told = give(phone, clock.forward(hours=1))
    phone.id, phone.mailbox = told.device, told.mailbox
    clock.forward(hours=1)
    return Sender(phone, cast, settings.blobs_path)


def itself(phone: TestDevice) -> enrolments.Again:
    return enrolments.Again(phone.id, ciphers.token_hash(phone.mailbox))


def receive(one: Sender, clock) -> list[tuple[str, str]]:
    return [(r.state, r.reason) for r in sync.receive(one.items, now=clock.now)]


def test_enrolled_again_it_brings_all_it_wrote_once(late, put_back, give, clock, elsewhere):
    one, early = late, late.visit(clock.forward(hours=1), picture=True)
    clock.forward(hours=5)
    put_back()
    after = one.visit(clock.forward(hours=2), send=False)  # it does not know yet that it is not known
    assert receive(one, clock) == [("refused", "unknown-device")] * 2  # by a file, or by a colleague
    assert Refusal.select().count() == 2
    told = give(one.phone, clock.forward(hours=1), again=itself(one.phone))
    assert (told.device, told.mailbox) == (one.phone.id, "")
    for _ in range(2):
        assert receive(one, clock) == [("accepted", "")] * 2
    assert [v.event for v in Visit.select().order_by(Visit.started_at)] == [early, after]
    assert JournalEntry.select().where(JournalEntry.device == one.phone.id).count() == 2
    one.blobs = elsewhere.blobs_path
    assert one.bring(early, now=clock.now).exists()
    assert Picture.get().state == "stored"
    assert verify.verify(folder=elsewhere.blobs_path).broken == []


def test_its_session_and_mailbox_are_those_it_had(late, put_back, give, clock):
    from actions import phones

    one = late
    put_back()
    with pytest.raises(PhoneUnknown):
        phones.of_mailbox(one.phone.mailbox)
    give(one.phone, clock.forward(hours=1), again=itself(one.phone))
    assert phones.of_mailbox(one.phone.mailbox).id == one.phone.id
    challenge = phones.challenge(one.phone.id, now=clock.now)
    signature = ciphers.sign(one.phone.key, f"daiban-session/1\n{one.phone.id}\n{challenge}")
    assert phones.open_session(one.phone.id, challenge, signature, hours=1, now=clock.now)


def test_its_records_are_believed_their_time_and_none_before_it_was_first_given_out(late, early, put_back, give, clock):
    one, first = late, ciphers.uuid7_at(late.phone.id)
    clock.forward(hours=6)
    put_back()
    seen = position_of(early.visit(clock.forward(minutes=10)))
    one.phone.after = seen  # of the journal that is no more: now somebody else's record stands there
    honest = [one.visit(at, send=False) for at in (first + timedelta(hours=2), clock.now - timedelta(minutes=5))]
    liar = one.visit(first - timedelta(minutes=30), send=False)
    give(one.phone, clock.forward(days=2), again=itself(one.phone))
    assert {state for state, _ in receive(one, clock)} == {"accepted"}
    flags = {visit.event: visit.flags for visit in Visit.select()}
    assert all("clock" not in flags[event] for event in honest)
    assert "clock" in flags[liar]


def test_a_phone_in_use_before_it_may_only_send_from_then_on(late, put_back, give, clock, cast):
    one = late
    put_back()
    older = Device.get()
    assert older.state == "active"  # the backup did not know that it had been replaced
    give(one.phone, clock.forward(hours=1), again=itself(one.phone))
    assert {d.id: d.state for d in Device.select()} == {older.id: "send_only", one.phone.id: "active"}
    kinds = [
        e.kind for e in JournalEntry.select().where(JournalEntry.scope == TOWNSHIP).order_by(JournalEntry.position)
    ]
    assert kinds[-1] == "device.known_again" and "device.enrolled" not in kinds
    assert {m.person_id for m in InboxMessage.select()} == {cast.wang_fang.id, cast.he_jing.id}


def test_whoever_enrolled_it_again_does_not_check_its_captures_of_before_either(late, put_back, give, clock, cast):
    put_back()
    give(late.phone, clock.forward(days=3), again=itself(late.phone))
    device = Device.get_by_id(late.phone.id)
    assert (device.enrolled_by_id, device.enrolled_at) == (cast.luo_guoxiu.id, clock.now)


def test_under_another_agents_name_its_records_wait_for_people(late, put_back, give, clock, cast):
    """Nothing is lost, and nothing counts under a name that nobody vouched for."""
    one = late
    one.visit(clock.forward(hours=1), picture=True)
    put_back()
    give(one.phone, clock.forward(hours=1), again=itself(one.phone), to=cast.zhao_min, by=cast.he_jing)
    assert receive(one, clock) == [("held", "not-own-post")]


@pytest.mark.parametrize("what", ["an id that is known here", "a token that is known here", "an id from the future"])
def test_what_cannot_be_is_passed_over_and_the_phone_is_a_new_one(late, early, put_back, give, clock, what):
    put_back()
    said = {
        "an id that is known here": enrolments.Again(early.phone.id, "0" * 64),
        "a token that is known here": enrolments.Again(late.phone.id, ciphers.token_hash(early.phone.mailbox)),
        "an id from the future": enrolments.Again(UUID("ffffffff-ffff-7fff-bfff-ffffffffffff"), "0" * 64),
    }[what]
    told = give(late.phone, clock.forward(hours=1), again=said)
    assert told.device not in (said.device, early.phone.id) and told.mailbox
    assert Device.get_by_id(early.phone.id).public_key == early.phone.spki


def test_a_county_that_was_never_restored_forgot_no_phone(db, give, cast, now):
    phone = TestDevice(cast.wang_fang, id=ciphers.uuid7(int(now.timestamp() * 1000) - 1), mailbox="m")
    assert give(phone, now, again=itself(phone)).device != phone.id
