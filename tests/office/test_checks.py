"""Verifications to check: what the checker sees, who may not, what happens to the agent."""

from __future__ import annotations

from datetime import timedelta

import pytest

import models
from actions import pictures, verifications
from models import (
    Challenge,
    Entitlement,
    InboxMessage,
    JournalEntry,
    LifeVerification,
    Person,
    Picture,
    Post,
    ReadEntry,
)
from rules import ciphers
from rules.problems import AlreadyDealtWith, SecondAgentNeeded
from tests.office.scenes import a_phone, a_verification, a_visit
from tests.support.cast import NOW, TOWNSHIP, VILLAGE


@pytest.fixture
def officer(desk, cast):
    return desk(cast.li_qiang)


def a_picture(settings, event, role="picture", body=b"\xff\xd8copy", kind="image/jpeg", near="00ff00ff00ff00ff"):
    """A picture whose copy the job has drawn."""
    place = pictures.copy_path(settings.blobs_path, event, role)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(models.keys().columns.seal(body))
    Picture.create(
        event=event, role=role, device=ciphers.uuid7(), sha256="0" * 64, plain_sha256="0" * 64, key="k", bytes=1,
        type=kind, state="shown", near_hash=near,
    )  # fmt: skip


def test_the_checker_sees_picture_challenge_witness_and_document(officer, cast, settings):
    challenge = Challenge.create(
        person=cast.wang_fang.id, resident=cast.chen_guilan.id, gestures={"normal": "hand-on-chest"},
        issued_at=NOW - timedelta(hours=3), ends_at=NOW + timedelta(days=30),
    )  # fmt: skip
    before = a_verification(minutes_ago=60 * 24 * 390, state="acknowledged")
    capture = a_verification(challenge=challenge.id)
    for each in (before, capture):
        a_picture(settings, each.event, near=str(each.id.int)[:16])
    page = officer.get(f"/office/verifications/{capture.id}")
    for words in (
        "陈桂兰的养老金认证",
        "右手放胸口",
        "今天 7:42 领的",
        "身份证，看过原件",
        "女儿 陈大兰",
        "走动难，和上次一样",
        "上次，2025年9月18日",
    ):
        assert words in page, words
    assert len(page.select("figure img")) == 2


def test_the_first_time_there_is_nothing_to_compare_and_nothing_large_says_so(officer, settings):
    capture = a_verification()
    a_picture(settings, capture.event)
    page = officer.get(f"/office/verifications/{capture.id}")
    assert "以前没有照片" in page.one(".two-up .empty").text
    assert len(page.select(".two-up .figure")) == 1, "only the picture of this time is drawn as one"


def test_sending_back_leads_to_the_reasons_however_far_down_they_stand(officer):
    page = officer.get(f"/office/verifications/{a_verification().id}")
    link = page.one(".btn-pair a.btn")["href"]
    url, _hash, place = link.partition("#")
    assert officer.get(url).one(f"#{place}").name == "form"


def test_let_go_and_on_to_the_next(officer, cast):
    first, second = a_verification(minutes_ago=60), a_verification(of=cast.zhou_xinglin)
    page = officer.get(f"/office/verifications/{first.id}")
    assert "第 1 件，共 2 件" in page
    page = officer.submit(page, "form[action$=check]")
    assert page.url == f"/office/verifications/{second.id}"
    page = officer.submit(page, "form[action$=check]")
    assert page.url == "/office/verifications"
    assert "没有待核对的" in page
    assert {v.state for v in LifeVerification.select()} == {"checked_ok"}


def test_ones_own_fine_can_be_taken_back_until_the_agency_has_it(officer, desk, cast):
    capture = a_verification()
    url = f"/office/verifications/{capture.id}"
    officer.submit(officer.get(url), "form[action$=check]")
    assert not desk(cast.luo_guoxiu).get(url).select("form[action$=reopening]")
    page = officer.submit(officer.get(url), "form[action$=reopening]")
    assert "又等着核对了" in page
    found = LifeVerification.get_by_id(capture.id)
    assert (found.state, found.checked_by, found.checked_at) == ("captured", None, None)
    officer.submit(page, "form[action$=check]")
    page = officer.get(url)
    LifeVerification.update(state="exported").where(LifeVerification.id == capture.id).execute()
    officer.submit(page, "form[action$=reopening]", status=409)


def test_send_back_with_a_reason(officer, cast):
    capture = a_verification()
    page = officer.get(f"/office/verifications/{capture.id}?send_back=1")
    officer.submit(page, "#send-back", status=422)
    page = officer.submit(page, "#send-back", reason="gesture", words="手要放在胸口")
    assert "退回到代办员手机上" in page
    assert LifeVerification.get().sent_back_why == "动作没拍进去。 手要放在胸口"


def test_who_enrolled_the_phone_is_told_before_pressing(desk, cast):
    phone = a_phone(cast.wang_fang.id, TOWNSHIP, cast.luo_guoxiu.id)
    capture = a_verification(device=phone)
    lead = desk(cast.luo_guoxiu)
    page = lead.get(f"/office/verifications/{capture.id}")
    assert "这部手机是您登记的" in page
    assert not page.select("form[action$=check]")


def test_checked_twice_the_second_is_told(desk, cast):
    capture = a_verification()
    one, other = desk(cast.li_qiang), desk(cast.luo_guoxiu)
    page = other.get(f"/office/verifications/{capture.id}")
    one.submit(one.get(f"/office/verifications/{capture.id}"), "form[action$=check]")
    assert "别人已经办了" in other.submit(page, "form[action$=check]", status=409)


def test_an_officer_elsewhere_sees_neither_page_nor_picture(desk, cast, settings):
    capture = a_verification()
    a_picture(settings, capture.event)
    elsewhere = desk(cast.qian_wei)
    elsewhere.get(f"/office/verifications/{capture.id}", status=404)
    elsewhere.get(f"/office/pictures/{capture.event}/picture", status=404)


def test_a_copy_of_an_earlier_picture_is_said(officer, cast, settings):
    before, capture = a_verification(minutes_ago=60 * 24 * 365, state="acknowledged"), a_verification()
    a_picture(settings, before.event, near="00ff00ff00ff00ff")
    a_picture(settings, capture.event, near="00ff00ff00ff00fe")
    assert "和2025年10月13日的很像" in officer.get(f"/office/verifications/{capture.id}")


def test_a_lapsed_challenge_is_said_and_no_obstacle(officer, cast):
    capture = a_verification(challenge_lapsed=True)
    page = officer.get(f"/office/verifications/{capture.id}")
    assert "动作过了时限" in page
    officer.submit(page, "form[action$=check]")


def test_kin_without_a_second_agent_is_said(officer, cast):
    capture = a_verification(kin=True)
    page = officer.get(f"/office/verifications/{capture.id}")
    assert "没写第二位代办员" in page
    assert not page.select("form[action$=check]"), "it can only be sent back"
    with pytest.raises(SecondAgentNeeded):
        verifications.check(capture, actor=cast.li_qiang.actor, now=NOW)
    page = officer.get(page.one(".dock a.btn")["href"])
    officer.submit(page, "form#send-back", reason=["kin"])
    found = LifeVerification.get_by_id(capture.id)
    assert (found.state, found.sent_back_why) == ("sent_back", "亲戚认证要有第二位代办员在场，写上名字。")


def test_kin_with_a_second_agent_goes_to_the_agency(officer, cast):
    capture = a_verification(kin=True, second_agent=cast.zhao_min.id)
    page = officer.get(f"/office/verifications/{capture.id}")
    assert f"是，{cast.zhao_min.name}在场" in page
    officer.submit(page, "form[action$=check]")
    assert LifeVerification.get_by_id(capture.id).state == "checked_ok"


# ---- what could not be taken, and somebody has to do something about


def told(cast, **facts):
    return a_verification(state="closed_other", document="", condition="", witness=None, mark=None, **facts)


def next_village(person):
    """Somebody who is an agent of the same township too."""
    area = TOWNSHIP[:9] + "299"
    Post.create(person=person.id, role="agent", area=area, scope=TOWNSHIP, from_on=NOW.date() - timedelta(days=1))
    Person.update(phone="10210000002").where(Person.id == person.id).execute()


def test_a_relation_stands_there_until_somebody_else_takes_the_picture(officer, cast):
    told(cast, outcome="kin", minutes_ago=90)
    next_village(cast.zhao_min)
    part = officer.get("/office/verifications").one("section[aria-labelledby=asked]")
    assert "陈桂兰" in part.text
    assert "王芳是亲戚，要另派人" in part.text
    assert part.select_one("a")["href"] == f"/office/residents/{cast.chen_guilan.id}"
    assert part.select_one("a[href^='tel:']")["href"] == "tel:10210000002"
    a_verification(minutes_ago=60)
    assert officer.get("/office/verifications").select("#asked"), "the relation's own picture ends nothing"
    a_verification(by=cast.zhao_min)
    assert not officer.get("/office/verifications").select("#asked")


def test_somebody_from_another_village_is_asked_and_has_the_village_on_the_phone(desk, cast, officer):
    row = told(cast, outcome="kin", minutes_ago=90)
    next_village(cast.zhao_min)
    assert not officer.get("/office/verifications").select("form[action$=another-agent]"), "an officer gives no posts"
    lead = desk(cast.luo_guoxiu)
    page = lead.get("/office/verifications")
    assert [each["value"] for each in page.select("form[action$=another-agent] option")] == [str(cast.zhao_min.id)]
    page = lead.submit(page, "form[action$=another-agent]")
    assert "已请赵敏去" in page.one("section[aria-labelledby=asked]").text
    message = InboxMessage.get()
    assert (message.person_id, message.kind, message.subject) == (cast.zhao_min.id, "due", cast.chen_guilan.id)
    given = Post.get((Post.person == cast.zhao_min.id) & (Post.area == VILLAGE))
    assert (given.role, given.to_on) == ("agent", NOW.date() + timedelta(days=30))
    page = lead.submit(page, "form[action$=another-agent]")
    assert InboxMessage.select().where(InboxMessage.done_at.is_null()).count() == 1, "asked again, told once"
    assert Post.select().where((Post.person == cast.zhao_min.id) & (Post.area == VILLAGE)).count() == 1
    lead.submit(page, "form[action$=another-agent]", status=422, agent=str(cast.wang_fang.id))
    assert LifeVerification.get_by_id(row.id).second_agent == cast.zhao_min.id


def test_a_relation_is_no_matter_once_the_list_asks_no_more(officer, cast):
    told(cast, outcome="kin")
    Entitlement.update(listed=False).execute()
    assert not officer.get("/office/verifications").select("#asked")


def test_a_benefit_that_may_have_ended_stands_there_until_the_agency_knows(officer, cast):
    row = told(cast, outcome="suspected_loss", loss="serving_sentence", remarks="村主任说的")
    told(cast, outcome="away")
    page = officer.get("/office/verifications")
    part = page.one("section[aria-labelledby=asked]")
    assert len(part.select("li")) == 1
    for words in ("陈桂兰", "在服刑", "王芳报的", "村主任说的"):
        assert words in part.text, words
    page = officer.submit(page, "section[aria-labelledby=asked] form")
    assert "已转给社保" in page
    assert not page.select("#asked")
    assert JournalEntry.select().where(JournalEntry.kind == "verification.passed_on").count() == 1
    with pytest.raises(AlreadyDealtWith):
        verifications.pass_on(row, actor=cast.li_qiang.actor, now=NOW)


# ---- pictures


def test_a_picture_is_a_copy_that_stays_nowhere_and_runs_nothing(desk, client, cast, settings):
    capture = a_verification()
    a_picture(settings, capture.event)
    officer = desk(cast.li_qiang)
    answer = officer.client.get(f"/office/pictures/{capture.event}/picture")
    assert answer.data == b"\xff\xd8copy"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    look = ReadEntry.get(ReadEntry.what == "picture")
    assert (look.person, look.resident) == (cast.li_qiang.id, cast.chen_guilan.id)


def test_a_signature_is_drawn_from_its_strokes(desk, cast, settings):
    visit = a_visit()
    strokes = b'{"v":1,"w":320,"h":132,"strokes":[[20,60,10,-20]]}'
    a_picture(settings, visit.event, "mark", strokes, "application/json")
    answer = desk(cast.li_qiang).client.get(f"/office/pictures/{visit.event}/mark")
    assert answer.mimetype == "image/svg+xml"
    assert b"M20 60l10 -20" in answer.data


def test_a_picture_that_is_not_here_yet_is_said_to_be_on_its_way(officer, cast):
    capture = a_verification()
    Picture.create(
        event=capture.event, role="picture", device=ciphers.uuid7(), sha256="0" * 64, plain_sha256="0" * 64, key="k",
        bytes=1, type="image/jpeg", state="wanted",
    )  # fmt: skip
    assert "照片还在路上" in officer.get(f"/office/verifications/{capture.id}")
    officer.get(f"/office/pictures/{capture.event}/picture", status=404)


def test_a_picture_taken_again_is_waited_for_no_longer(officer, desk, cast):
    """Neither as a retake that stands, nor where a later picture was taken without being asked for."""
    visits = [a_visit(reasons="verification", minutes_ago=60 * 48) for _ in range(2)]
    open_one = a_verification(of=cast.zhou_xinglin, state="sent_back", sent_back_why="脸不清楚")
    back = a_verification(visit=visits[0], state="sent_back", sent_back_why="手没拍进去", minutes_ago=60 * 48)
    assert "退回补拍" in desk(cast.luo_guoxiu).get("/office/visits")
    assert len(officer.get("/office/verifications").select("section[aria-labelledby=back] .row")) == 2
    a_verification(retake_of=back.id, state="checked_ok")
    rows = officer.get("/office/verifications").select("section[aria-labelledby=back] .row")
    assert ["周兴林" in row.text for row in rows] == [True]
    assert open_one.state == "sent_back"
    log = desk(cast.luo_guoxiu)
    assert not log.get("/office/visits").select("tbody .tag-act")
    assert not log.get("/office/visits?state=sent_back").select("tbody tr")
