"""The trays of a township: requests, results to hand over, people to match, deaths, held records, complaints."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from actions import backups, deaths, inbox, sync
from models import (
    Clash,
    Complaint,
    DeathReport,
    Delivery,
    Device,
    InboxMessage,
    JournalEntry,
    Picture,
    Refusal,
    Request,
    Resident,
    Setting,
)
from rules import ciphers
from tests.office.scenes import a_death, a_delivery, a_provisional, a_request, a_verification, a_visit, an_event
from tests.support.cast import NOW, TODAY, TOWNSHIP
from tests.support.device import TestDevice, enrolled
from tests.sync.conftest import visit


@pytest.fixture
def officer(desk, cast):
    return desk(cast.li_qiang)


@pytest.fixture
def lead(desk, cast):
    return desk(cast.luo_guoxiu)


def test_each_tray_says_how_much_is_in_it(lead, cast):
    a_request()
    a_death(of=cast.zhou_xinglin)
    a_provisional()
    a_verification()
    page = lead.get("/office/to-do")
    trays = page.select("section[aria-labelledby=trays] li:not(.phone-only) .row")
    ends = {row.select_one("b").text: row.select_one(".row-end").text.split() for row in trays}
    rows = {name: words[0] for name, words in ends.items() if name != "从文件收记录"}  # a way in, no tray
    assert rows["诉求"] == "1"
    assert rows["报告的去世"] == "1"
    assert rows["待认的人"] == "1"
    assert rows["认证核对"] == "1"
    assert rows["等您定的记录"] == "没有"


def test_an_officer_has_no_tray_of_complaints_or_held_records(officer):
    page = officer.get("/office/to-do")
    assert "投诉" not in page
    officer.get("/office/complaints", status=403)
    officer.get("/office/held", status=403)


def test_ones_own_messages_are_put_away(lead, cast, now):
    inbox.tell([inbox.Message(cast.luo_guoxiu.id, TOWNSHIP, "consent", cast.chen_guilan.id, None, "陈桂兰")], now=now)
    page = lead.get("/office/to-do")
    assert "有人收回同意" in page
    page = lead.submit(page, "form[action*=messages]")
    assert "没有给您的消息" in page
    assert InboxMessage.get().done_at == now


def test_a_message_leads_to_what_it_is_about(lead, cast, now):
    about = ciphers.uuid7()
    inbox.tell(
        [
            inbox.Message(cast.luo_guoxiu.id, TOWNSHIP, "badge", about=about, words="快到期。"),
            inbox.Message(cast.luo_guoxiu.id, TOWNSHIP, "due", about=about, words="过了日子的有 2 位"),
        ],
        now=now,
    )
    page = lead.get("/office/to-do")
    assert [a["href"] for a in page.select(".message > a")] == [f"/office/badges/{about}", "/office/rounds"]
    assert "快到期。今天" in page


# ---- requests


def test_a_request_is_taken_on_answered_and_gone_from_the_tray(officer, cast):
    request = a_request()
    page = officer.get("/office/requests")
    assert "想换个新的医保卡" in page
    url = f"/office/requests/{request.id}"
    page = officer.submit(officer.get(url), "form[action$=take_on]")
    assert "李强" in page
    page = officer.submit(page, "#answer-form", answer="下周一带身份证到窗口")
    assert "下周一带身份证到窗口" in page
    assert not page.select("#answer-form")
    assert "没有等着办的诉求" in officer.get("/office/requests")
    assert "下周一" in officer.get(url)


def test_a_request_is_passed_on_or_declined_with_words(officer, cast):
    one, other = a_request(), a_request(of=cast.zhou_xinglin)
    page = officer.get(f"/office/requests/{one.id}")
    officer.submit(page, "#pass-on", to="", status=422)
    officer.submit(page, "#pass-on", to="县医保局")
    assert Request.get_by_id(one.id).state == "passed_on"
    page = officer.get(f"/office/requests/{other.id}")
    officer.submit(page, "#decline", why="", status=422)
    officer.submit(page, "#decline", why="这件事要本人到县里办")
    assert Request.get_by_id(other.id).state == "declined"


def test_a_request_elsewhere_does_not_exist(desk, cast):
    request = a_request()
    desk(cast.qian_wei).get(f"/office/requests/{request.id}", status=404)


@pytest.mark.parametrize(("tray", "came_of"), [("requests", a_request), ("deliveries", a_delivery)])
def test_the_visit_it_came_from_is_drawn_once_it_has_arrived_and_is_this_desks(officer, cast, tray, came_of):
    visit, elsewhere = a_visit(), a_visit(of=cast.ma_xiuying)
    links = []
    for key in (visit.id, elsewhere.id, ciphers.uuid7(), None):
        page = officer.get(f"/office/{tray}/{came_of(visit=key).id}")
        links.append([a["href"] for a in page.select("main a[href*='/visits/']")])
    assert links == [[f"/office/visits/{visit.id}"], [], [], []]
    officer.get(links[0][0])


# ---- to hand over


def test_something_to_hand_over_is_planned_on_the_residents_page(officer, cast):
    page = officer.get(f"/office/residents/{cast.chen_guilan.id}")
    page = officer.submit(page, "#plan-delivery", what="残疾人证", who_may="本人或女儿")
    made = Delivery.get()
    assert (made.agent_id, made.due_on) == (cast.wang_fang.id, TODAY + timedelta(days=7))
    assert "残疾人证" in officer.get("/office/deliveries")


def test_a_day_that_is_over_is_no_plan(officer, cast):
    page = officer.get(f"/office/residents/{cast.chen_guilan.id}")
    officer.submit(page, "#plan-delivery", what="残疾人证", due_on="2026-10-12", status=422)
    assert Delivery.select().count() == 0


def test_what_was_carried_in_vain_stands_in_the_tray(officer):
    a_delivery(state="attempted", tries=1, made={"why": "not_home"})
    trays = officer.get("/office/to-do").select("section[aria-labelledby=trays] a[href$=deliveries] .row-end")
    assert trays[0].text.split()[0] == "1"


def test_what_could_not_be_handed_over_comes_back_and_goes_out_again(officer, cast):
    delivery = a_delivery(state="attempted", tries=1, made={"why": "not_home"})
    url = f"/office/deliveries/{delivery.id}"
    page = officer.submit(officer.get(url), "#bring-back", why="一直没人")
    assert "退回站里" in page
    page = officer.submit(page, "#plan-again", due_on="2026-10-20")
    assert Delivery.get().state == "ready"


# ---- people to match


def test_a_provisional_person_stands_beside_who_may_be_meant(officer, cast):
    here = a_provisional(id_lookup=Resident.get_by_id(cast.chen_guilan.id).id_lookup)
    page = officer.get(f"/office/matches/{here.id}")
    assert "身份证、名字、村" in page
    page = officer.submit(page, f"form[action='/office/matches/{here.id}/merge']")
    assert page.url == f"/office/residents/{cast.chen_guilan.id}"
    page = officer.submit(page, "form[action$=part]")
    assert page.url == f"/office/matches/{here.id}"


def test_somebody_unknown_becomes_a_resident(officer, cast):
    here = a_provisional(name="欧阳新", initials="oyx")
    page = officer.get(f"/office/matches/{here.id}")
    assert "镇里没有这个名字" in page
    officer.submit(page, "form[action$=verify]")
    assert Resident.get_by_id(here.id).state == "verified"


# ---- deaths


def test_a_death_is_made_certain_with_gentle_words(officer, cast):
    report = a_death()
    page = officer.get(f"/office/deaths/{report.id}")
    assert "请先替我们向家人道一声节哀" in page
    assert not page.select(".tag-act")
    page = officer.submit(page, "#confirm", source="户籍注销证明", died_on="2026-10-12")
    assert DeathReport.get().state == "confirmed"
    assert "已经去世" in officer.get(f"/office/residents/{cast.chen_guilan.id}")


def test_a_mistake_is_put_right(officer, cast):
    report = a_death()
    officer.submit(officer.get(f"/office/deaths/{report.id}"), "#mistake", words="是同名的邻居，已上门道歉")
    assert Resident.get_by_id(cast.chen_guilan.id).life == "presumed_alive"


# ---- held records


VISIT = {
    "reasons": ["care"], "outcome": "done", "notes": "带了一袋米", "started_at": "2026-10-13T01:00:00Z",
    "ended_at": "2026-10-13T01:20:00Z",
}  # fmt: skip


def a_held_record(cast, by=None):
    by = by or cast.wang_fang
    body = {"visit": str(ciphers.uuid7()), **VISIT}
    event = an_event("visit.ended", by, cast.chen_guilan.id, [], state="held", body=body)
    JournalEntry.update(why="post-not-in-force").where(JournalEntry.id == event).execute()
    return event


def test_a_held_record_says_why_it_waits_and_is_adopted(lead, cast):
    event = a_held_record(cast)
    assert "王芳" in lead.get("/office/held")
    page = lead.get(f"/office/held/{event}")
    for words in ("那天岗位不在任", "带了一袋米", "看望", "办完了"):
        assert words in page, words
    lead.submit(page, "#adopt-form", why="", status=422)
    lead.submit(page, "#adopt-form", why="岗位当天续上了")
    assert JournalEntry.get(JournalEntry.id == event).state == "adopted"
    assert "带了一袋米" in lead.get(lead.get("/office/visits").select(".table tbody th a")[0]["href"])


def test_a_held_record_is_answered_without_effect(lead, cast):
    event = a_held_record(cast)
    lead.submit(lead.get(f"/office/held/{event}"), "#answer-form", answer="这天您不在任")
    assert JournalEntry.get(JournalEntry.id == event).state == "answered"
    assert not lead.get("/office/visits?days=all").select(".table tbody tr")


def test_a_lead_does_not_adopt_an_own_record(lead, cast):
    event = a_held_record(cast, by=cast.luo_guoxiu)
    page = lead.get(f"/office/held/{event}")
    assert "由另一位负责人来定" in page
    assert not page.select("#adopt-form")


# ---- complaints


def test_a_complaint_is_answered(lead, cast):
    row = Complaint(
        id=ciphers.uuid7(), scope=TOWNSHIP, kind="suggestion", words="名单按组排就好了", person=cast.wang_fang.id,
        made_at=NOW, received_at=NOW,
    )  # fmt: skip
    an_event("complaint.made", cast.wang_fang, None, [row])
    page = lead.get("/office/complaints")
    page = lead.submit(page, "#answer-1", answer="下个月就按组排")
    assert "都答复了" in page
    assert "下个月就按组排" in page


@pytest.mark.parametrize(
    ("received", "words"),
    [
        (NOW, "最晚 10月20日 答复"),  # a Tuesday and five working days
        (
            datetime(2026, 9, 30, 2, tzinfo=UTC),
            "最晚 10月13日 答复",
        ),  # the days off of October do not count, the Saturday worked for them does
        (datetime(2026, 9, 25, 2, tzinfo=UTC), "过了答复的日子，本该最晚 10月9日 答复"),
    ],
)
def test_by_which_working_day_a_complaint_is_answered(lead, cast, received, words):
    row = Complaint(
        id=ciphers.uuid7(), scope=TOWNSHIP, kind="complaint", words="要填两次", person=cast.wang_fang.id,
        made_at=received, received_at=received,
    )  # fmt: skip
    an_event("complaint.made", cast.wang_fang, None, [row])
    assert words in lead.get("/office/complaints")


def test_the_county_sets_how_long_an_answer_may_take(lead, cast):
    Setting.create(key="complaint.answer_working_days", value=2)
    row = Complaint(
        id=ciphers.uuid7(), scope=TOWNSHIP, kind="complaint", words="要填两次", person=cast.wang_fang.id,
        made_at=NOW, received_at=NOW,
    )  # fmt: skip
    an_event("complaint.made", cast.wang_fang, None, [row])
    assert "最晚 10月15日 答复" in lead.get("/office/complaints")


def test_what_could_not_be_taken_is_seen(lead, cast, now):
    Refusal.create(
        id=ciphers.uuid7(), hash="0" * 64, device=None, scope=TOWNSHIP, why="signature", received_at=now, item={}
    )
    page = lead.get("/office/held")
    assert "收不下的" in page
    assert "不是这部手机签的" in page


def test_the_rail_counts_trays_and_ones_own_messages(lead, cast, now):
    a_request()
    inbox.tell([inbox.Message(cast.luo_guoxiu.id, TOWNSHIP, "badge")], now=now)
    page = lead.get("/office/visits")
    assert page.one(".desk-nav a[href='/office/to-do'] b").text.split()[0] == "2"


def test_a_county_without_backup_is_told(lead, officer):
    assert "还没有备份" in lead.get("/office/to-do")
    assert "还没有备份" not in officer.get("/office/to-do")
    a_backup()
    page = lead.get("/office/to-do")
    assert "还没有备份" not in page
    assert "最近一次备份（已读回核对）：今天 10:42" in page
    assert "最近一次备份" not in officer.get("/office/to-do")


def test_a_backup_that_is_long_ago_is_a_warning(desk, cast, clock):
    a_backup()
    clock.forward(days=2)
    assert "最近一次备份（已读回核对）：10月13日 10:42" in desk(cast.luo_guoxiu).get("/office/to-do")
    clock.forward(seconds=1)
    for page in ("/office/to-do", "/office/people"):
        assert "读得回来的备份是10月13日 10:42的" in desk(cast.luo_guoxiu).get(page)


def test_after_a_restore_the_desk_says_who_must_bring_what(desk, lead, cast, clock):
    phones = [enrolled(who, by=cast.luo_guoxiu, now=NOW - timedelta(days=9)) for who in (cast.wang_fang, cast.zhao_min)]
    Device.update(heard_at=NOW - timedelta(days=2), seq=41).execute()
    restored_at = clock.forward(hours=1)
    backups.begin_epoch(made_at=NOW - timedelta(days=1), now=restored_at, by="test")
    lead, county = desk(cast.luo_guoxiu), desk(cast.he_jing)
    page = lead.get("/office/to-do")
    assert "今天 11:42 用 昨天 10:42 的备份恢复的" in page
    assert "还有 1 部手机没有联网" in page  # 赵敏's is another township's
    row = page.one("section[aria-labelledby=restored] li")
    assert "王芳" in row.text and "10月11日 10:42" in row.text and "收到第 41 条" in row.text
    assert page.select(f"section[aria-labelledby=restored] a[href$='{phones[0].id}']")
    assert "还有 2 部手机没有联网" in county.get("/office/to-do")
    Device.update(heard_at=clock.forward(hours=1)).execute()
    assert "每部手机都联过网了" in lead.get("/office/people")
    clock.forward(days=8)
    assert "恢复" not in desk(cast.luo_guoxiu).get("/office/to-do")


def test_a_phone_the_backup_did_not_know_is_named_when_it_was_set_up_again(desk, cast, clock):
    restored_at = clock.forward(hours=1)
    backups.begin_epoch(made_at=NOW - timedelta(days=1), now=restored_at, by="test")
    told = desk(cast.luo_guoxiu).get("/office/to-do").one("section[aria-labelledby=restored]").text
    assert "那次备份以后才发的手机，这里不认识" in told and "重新登记。" not in told
    given = ciphers.uuid7(int(NOW.timestamp() * 1000))  # before the restore
    for worker, phone in ((cast.wang_fang, given), (cast.zhao_min, ciphers.uuid7(int(clock.now.timestamp() * 1000)))):
        enrolled(worker, by=cast.luo_guoxiu, now=clock.forward(hours=1), id=phone)
    Device.update(seq=3).execute()
    for who, count in ((cast.luo_guoxiu, 1), (cast.he_jing, 1)):
        page = desk(who).get("/office/to-do")
        told = page.one("section[aria-labelledby=restored]").text
        assert f"这样的手机已有 {count} 部重新登记" in told and "它的记录收到第 3 条" in told
        assert page.select(f"section[aria-labelledby=restored] a[href$='{given}']")


def test_an_item_that_could_not_be_taken_stands_there_until_it_has_come(desk, cast, clock):
    late = TestDevice(cast.wang_fang)
    item = late.clear(late.payload("visit.ended", visit(cast, NOW), at=NOW, subject=cast.chen_guilan.id))
    sent = sync.Item(item["id"], item["hash"], item["device"], payload=item["payload"], signature=item["signature"])
    carrier = Device.get_by_id(enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=NOW).id)
    assert sync.receive([sent], now=clock(), carrier=carrier)[0].reason == "unknown-device"
    lead = desk(cast.luo_guoxiu)
    assert lead.get("/office/held").select("section[aria-labelledby=refused] li")
    Device.create(
        id=late.id, person=cast.wang_fang.id, scope=TOWNSHIP, public_key=late.spki, mailbox_hash="x",
        enrolled_at=NOW, enrolled_by=cast.luo_guoxiu.id,
    )  # fmt: skip
    assert sync.receive([sent], now=clock(), carrier=carrier)[0].state == "accepted"
    assert not lead.get("/office/held").select("section[aria-labelledby=refused]")


def a_backup():
    backups.note_verified(backups.heads_at(), made_at=NOW, now=NOW, by="test")


def test_confirmed_and_then_mistaken_leaves_what_another_report_says(db, cast):
    one, _two = a_death(), a_death()
    deaths.confirm(one, "邻居说的", None, actor=cast.li_qiang.actor, now=NOW)
    deaths.mistaken(one, "同名", actor=cast.li_qiang.actor, now=NOW)
    assert Resident.get_by_id(cast.chen_guilan.id).life == "death_reported"


def test_what_was_changed_on_both_sides_stands_among_what_waits(desk, cast):
    clash = Clash.create(
        resident=cast.chen_guilan.id, scope=TOWNSHIP, area=cast.chen_guilan.area, field="phone", base="",
        ours="10200000001", theirs="10200000002", event=ciphers.uuid7(), noted_by=cast.wang_fang.id, noted_at=NOW,
    )  # fmt: skip
    officer = desk(cast.li_qiang)
    tray = officer.get("/office/to-do").one("a[href$=clashes]")
    assert "1" in tray.text
    page = officer.get("/office/clashes")
    assert "陈桂兰" in page
    assert page.select(f"a[href$='{cast.chen_guilan.id}']")
    Clash.update(state="ours").where(Clash.id == clash.id).execute()
    assert "没有两边改得不一样的" in officer.get("/office/clashes")


def test_a_phones_page_says_which_pictures_hold_it_back(lead, cast):
    phone = enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=NOW - timedelta(days=9))
    assert "图片没到" not in lead.get(f"/office/phones/{phone.id}")
    for days in (5, 3):
        event = an_event("visit.ended", cast.wang_fang, None, [], device=Device.get_by_id(phone.id))
        JournalEntry.update(received_at=NOW - timedelta(days=days)).where(JournalEntry.id == event).execute()
        Picture.create(
            event=event, role="mark", device=phone.id, sha256="0" * 64, plain_sha256="0" * 64, key="k", bytes=1,
            type="image/jpeg",
        )  # fmt: skip
    assert "还有 2 张图片没到，最早从10月8日起" in lead.get(f"/office/phones/{phone.id}")
