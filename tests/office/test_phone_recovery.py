"""A PIN was forgotten: the lead is shown the 24 digits that open the phone, after a second factor, and everybody hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actions import held, people, phone_recovery, phones, reads, verifications, verify
from models import (
    Account,
    Device,
    InboxMessage,
    JournalEntry,
    LifeVerification,
    Person,
    ReadEntry,
    RecoveryReading,
    Visit,
    transaction,
)
from rules import ciphers, sign_in
from rules.problems import (
    CheckerEnrolledPhone,
    OwnPhone,
    PhoneNotInUse,
    RecoveryCodeMissing,
    RecoveryCodeReadOften,
    SecondFactorRefused,
)
from tests.office.scenes import a_phone, a_verification, a_visit
from tests.support.cast import NOW, TOTP_SECRET
from tests.support.device import enrolled, instant

DIGITS = "120987654321098765432109"
GROUPS = ["1209", "8765", "4321", "0987", "6543", "2109"]


@pytest.fixture
def phone(db, cast):
    return a_phone(cast.wang_fang.id, cast.wang_fang.scope, cast.he_jing.id, recovery=DIGITS, recovery_n=1)


@pytest.fixture
def code(clock):
    """The code that the lead's app shows; each call moves the clock on to the next one."""

    def fresh():
        clock.forward(seconds=30)
        return sign_in.totp_code(TOTP_SECRET, now=clock())

    return fresh


@pytest.fixture
def read(phone, code, cast, clock):
    def read_out(worker=cast.luo_guoxiu, why="记错了"):
        return phone_recovery.read_out(Device.get_by_id(phone.id), code(), why=why, actor=worker.actor, now=clock())

    return read_out


# ---- it works


def test_a_lead_is_shown_the_digits_group_by_group_and_no_browser_keeps_them(desk, cast, phone, code):
    lead = desk(cast.luo_guoxiu)
    url = f"/office/phones/{phone.id}"
    page = lead.get(url)
    assert DIGITS not in page.html
    shown = lead.submit(page, "#read-code", why="王芳记不得了", code=code())
    assert [each.text.strip() for each in shown.select(".read-out [aria-hidden]")] == GROUPS
    again = page.fields_of("#read-code") | {"why": "再念一遍", "code": code()}
    answer = lead.client.post(f"{url}/recovery", data=again)
    assert answer.headers["Cache-Control"] == "no-store"
    assert GROUPS[0] in answer.text
    again = lead.get(url)
    assert not again.select(".read-out")
    assert "王芳记不得了" in again
    assert "罗国秀" in again.one("section[aria-labelledby=recovery]").text


def test_the_agent_and_the_county_are_told_and_it_is_in_journal_and_look_log(read, cast, phone):
    read()
    told = {m.person_id: m.words for m in InboxMessage.select().where(InboxMessage.kind == "recovery")}
    assert told == {cast.wang_fang.id: "罗国秀", cast.he_jing.id: "王芳"}
    entry = JournalEntry.get(JournalEntry.kind == "phone.recovery_read")
    assert entry.actor == cast.luo_guoxiu.id
    assert str(phone.id) in entry.payload
    assert not any(group in entry.payload for group in GROUPS)
    look = ReadEntry.get(ReadEntry.what == "recovery-code")
    assert (look.person, look.reason) == (cast.luo_guoxiu.id, "记错了")
    assert list(reads.broken(phone.scope)) == []
    assert [line for line in verify.verify().broken if "recovery" in line] == []


# ---- who may not


def test_nobody_is_shown_the_code_of_their_own_phone(desk, cast, code, clock):
    mine = a_phone(cast.luo_guoxiu.id, cast.luo_guoxiu.scope, cast.he_jing.id, recovery=DIGITS)
    assert "这是您自己的手机" in desk(cast.luo_guoxiu).get(f"/office/phones/{mine.id}")
    with pytest.raises(OwnPhone):
        phone_recovery.read_out(mine, code(), why="忘了", actor=cast.luo_guoxiu.actor, now=clock())


def test_the_phone_of_another_township_does_not_exist(desk, cast, phone, code):
    other = a_phone(cast.zhao_min.id, cast.zhao_min.scope, cast.he_jing.id, recovery=DIGITS)
    lead = desk(cast.luo_guoxiu)
    fields = lead.get(f"/office/phones/{phone.id}").fields_of("#read-code") | {"why": "试", "code": code()}
    lead.post(f"/office/phones/{other.id}/recovery", fields, status=404)
    assert RecoveryReading.select().count() == 0


def test_whoever_was_shown_the_code_does_not_check_what_the_phone_brings_for_thirty_days(read, cast, phone, clock):
    before = a_verification(device=phone)
    read()
    LifeVerification.update(received_at=NOW - timedelta(seconds=1)).where(LifeVerification.id == before.id).execute()
    after = a_verification(device=phone)
    LifeVerification.update(received_at=clock()).where(LifeVerification.id == after.id).execute()
    lead, other = cast.luo_guoxiu.actor, cast.he_jing.actor
    assert verifications.hindrance(LifeVerification.get_by_id(before.id), lead) is None
    hindrance = verifications.hindrance(LifeVerification.get_by_id(after.id), lead)
    assert isinstance(hindrance, CheckerEnrolledPhone)
    assert hindrance.by_code
    with pytest.raises(CheckerEnrolledPhone):
        verifications.check(LifeVerification.get_by_id(after.id), actor=lead, now=clock())
    assert isinstance(verifications.hindrance(LifeVerification.get_by_id(after.id), other), CheckerEnrolledPhone)
    late = a_verification(device=phone)
    LifeVerification.update(
        captured_at=clock() + timedelta(days=30, seconds=1), received_at=clock() + timedelta(days=31)
    ).where(LifeVerification.id == late.id).execute()
    assert verifications.hindrance(LifeVerification.get_by_id(late.id), lead) is None


# ---- what is refused


def test_the_code_of_the_sign_in_counts_no_second_time(desk, cast, phone, clock):
    used = sign_in.totp_code(TOTP_SECRET, now=clock())
    step = int(clock().timestamp()) // sign_in.STEP_S
    Account.update(totp_step=step).where(Account.person == cast.luo_guoxiu.id).execute()
    lead = desk(cast.luo_guoxiu)
    page = lead.submit(lead.get(f"/office/phones/{phone.id}"), "#read-code", why="忘了", code=used, status=422)
    assert "等验证码应用显示下一个" in page
    assert RecoveryReading.select().count() == 0


def test_without_a_reason_nothing_is_shown_and_no_code_is_spent(desk, cast, phone, code):
    lead = desk(cast.luo_guoxiu)
    fresh = code()
    page = lead.get(f"/office/phones/{phone.id}")
    lead.submit(page, "#read-code", why=" ", code=fresh, status=422)
    assert lead.submit(page, "#read-code", why="忘了", code=fresh).select(".read-out")


@pytest.mark.parametrize("state", ["locked", "wiped"])
def test_a_phone_out_of_use_is_not_opened(read, phone, state):
    Device.update(state=state).where(Device.id == phone.id).execute()
    with pytest.raises(PhoneNotInUse):
        read()


def test_a_phone_that_has_not_sent_its_code_says_what_to_do(desk, cast, read, phone):
    Device.update(recovery=None).where(Device.id == phone.id).execute()
    assert "还没把恢复码传上来" in desk(cast.luo_guoxiu).get(f"/office/phones/{phone.id}")
    with pytest.raises(RecoveryCodeMissing):
        read()


def test_guessing_the_second_factor_has_to_wait(desk, cast, phone):
    lead = desk(cast.luo_guoxiu)
    page = lead.get(f"/office/phones/{phone.id}")
    for _ in range(sign_in.FREE_MISSES + 1):
        lead.submit(page, "#read-code", why="忘了", code="000000", status=422)
    lead.submit(page, "#read-code", why="忘了", code="000000", status=429)


# ---- again, and how often


def test_three_times_a_day_and_no_more(read, clock):
    first = clock()
    for _ in range(3):
        read()
    with pytest.raises(RecoveryCodeReadOften):
        read()
    clock.now = first + timedelta(hours=24) - timedelta(seconds=1)  # `read` goes on to the next code, 30 s later
    with pytest.raises(RecoveryCodeReadOften):
        read()
    clock.now = first + timedelta(hours=24)
    assert read()


def test_a_refused_try_spends_none_of_the_three(read, cast, phone, clock):
    for _ in range(3):
        with pytest.raises(SecondFactorRefused):
            phone_recovery.read_out(phone, "000000", why="忘了", actor=cast.luo_guoxiu.actor, now=clock())
    assert read()


def test_a_locked_phone_of_a_removed_agent_shows_no_form(desk, cast, phone, now):
    phones.lock(Device.get_by_id(phone.id), why="丢了", actor=cast.luo_guoxiu.actor, now=now)
    assert not desk(cast.luo_guoxiu).get(f"/office/phones/{phone.id}").select("#read-code")
    assert Person.get_by_id(cast.wang_fang.id).removed_at is None


# ---- how far an order is


def test_the_page_says_how_far_an_order_is(desk, cast, phone, now, clock):
    lead, url = desk(cast.luo_guoxiu), f"/office/phones/{phone.id}"
    assert not lead.get(url).select("section[aria-labelledby=order]")
    phones.lock(Device.get_by_id(phone.id), wipe=True, why="丢了", actor=cast.luo_guoxiu.actor, now=now)

    def order():
        return lead.get(url).one("section[aria-labelledby=order]").text

    assert "之后手机还没联系过" in order()
    heard = {"heard_at": clock.forward(hours=2), "waiting_records": 3, "waiting_blobs": 1}
    Device.update(heard).where(Device.id == phone.id).execute()
    assert "还有3 条、1 张照片" in order()
    Device.update(waiting_records=0, waiting_blobs=0).where(Device.id == phone.id).execute()
    assert "手机里的都到了" in order()
    assert "清空好了" not in order()
    visit = a_visit(device=Device.get_by_id(phone.id))
    JournalEntry.update(number="HL-1013-02").where(JournalEntry.id == visit.event).execute()
    lost = [{"event": str(visit.event), "role": "picture", "why": "damaged"}]
    with transaction(phone.scope):
        phones.obeyed(Device.get_by_id(phone.id), ["wipe"], lost=lost, drafts=1, now=clock())
    assert "清空好了" in order()
    assert "手机里的都到了" not in order()
    missing = lead.get(url).one("section[aria-labelledby=not-brought]").text
    assert "回执 HL-1013-02 的一张照片，在手机里坏了" in missing
    assert "有 1 张表开了头，没存" in missing


def test_what_a_dismissed_agent_noted_comes_in_a_month_later_under_their_name(client, cast, now, clock):
    phone = enrolled(cast.wang_fang, by=cast.he_jing, now=now)
    ended = instant(now)
    body = {
        "visit": str(ciphers.uuid7()), "reasons": ["care"], "met": [], "outcome": "not_home", "started_at": ended,
        "ended_at": ended,
    }  # fmt: skip
    item = phone.sealed(phone.payload("visit.ended", body, at=now, subject=cast.chen_guilan.id))
    people.remove(Person.get_by_id(cast.wang_fang.id), why="调走", actor=cast.luo_guoxiu.actor, now=now)
    clock.forward(days=31)
    asked = {"device": str(phone.id), "clock": instant(clock()), "items": [item]}
    answer = client.post("/api/phone/mailbox", json=asked, headers={"Authorization": f"Bearer {phone.mailbox}"})
    assert answer.get_json()["orders"] == ["lock"]
    (receipt,) = answer.get_json()["receipts"]
    assert (receipt["state"], receipt["reason"]) == ("held", "device-locked")
    entry = JournalEntry.get(JournalEntry.kind == "visit.ended")
    held.adopt([entry], why="走之前做的", actor=cast.luo_guoxiu.actor, now=clock())
    assert Visit.get().person_id == cast.wang_fang.id
    assert JournalEntry.get(JournalEntry.kind == "visit.ended").actor == cast.wang_fang.id
