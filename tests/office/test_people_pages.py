"""People and phones, as a lead sees them."""

from __future__ import annotations

from datetime import timedelta

import pytest

import models
from actions import enrolments, people
from models import Device, Enrolment, JournalEntry, Person, Post
from rules import ciphers
from tests.office.scenes import a_phone, a_visit, spki
from tests.support.cast import NOW, TODAY, VILLAGE


def spki_b64():
    return ciphers.b64(spki())


def test_a_lead_sees_the_people_and_phones_of_her_township_only(desk, cast):
    a_phone(cast.wang_fang.id, cast.wang_fang.scope, cast.luo_guoxiu.id)
    a_phone(cast.zhao_min.id, cast.zhao_min.scope, cast.qian_wei.id)
    page = desk(cast.luo_guoxiu).get("/office/people")
    assert "王芳" in page
    assert "李强" in page
    assert "赵敏" not in page
    assert "1 部" in page


def test_whose_post_has_ended_is_still_found_and_can_be_given_another(desk, cast, now):
    people.end_post(
        Post.get_by_id(cast.wang_fang.post), last_on=TODAY - timedelta(days=1), actor=cast.luo_guoxiu.actor, now=now
    )
    lead = desk(cast.luo_guoxiu)
    page = lead.get("/office/people")
    assert "今天没有岗位" in page
    (there,) = [a for a in page.select("a.row") if a.text.strip() == "王芳"]
    lead.submit(lead.get(there["href"]), "#give-post", area=VILLAGE)
    assert "今天没有岗位" not in lead.get("/office/people")


def test_only_issuers_are_led_to_the_badges(desk, cast):
    assert desk(cast.luo_guoxiu).get("/office/people").select("a[href='/office/badges']")
    assert not desk(cast.zheng_tao).get("/office/people").select("a[href='/office/badges']")


def test_a_refusal_without_scripts_shows_what_was_typed_to_be_copied(desk, cast):
    lead = desk(cast.luo_guoxiu)
    form = lead.get("/office/people/new")
    page = lead.submit(form, "#add-person", name="", unit="花梨镇便民服务中心", status=422)
    assert "“名字”没填" in page
    assert "花梨镇便民服务中心" in page.one("[aria-labelledby=typed]").text
    assert "csrf" not in page.html
    assert page.one("main a.btn")["href"] == "/office/people"


def test_many_phones_ask_the_database_no_more_than_one(desk, cast, db, monkeypatch):
    lead, asked = desk(cast.luo_guoxiu), []
    run = type(db).execute_sql
    monkeypatch.setattr(
        type(db), "execute_sql", lambda self, sql, *a, **k: asked.append(sql) or run(self, sql, *a, **k)
    )
    counts = []
    for _ in range(2):
        a_phone(cast.wang_fang.id, cast.wang_fang.scope, cast.luo_guoxiu.id, state="send_only")
        asked.clear()
        lead.get("/office/people")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_person_elsewhere_does_not_exist(desk, cast):
    lead = desk(cast.luo_guoxiu)
    lead.get(f"/office/people/{cast.zhao_min.id}", status=404)
    found = a_phone(cast.zhao_min.id, cast.zhao_min.scope, cast.qian_wei.id)
    lead.get(f"/office/phones/{found.id}", status=404)


def test_an_officer_has_no_people_page(desk, cast):
    desk(cast.li_qiang).get("/office/people", status=403)


def test_the_keeper_of_the_machine_sees_posts_but_no_phones(desk, cast):
    a_phone(cast.wang_fang.id, cast.wang_fang.scope, cast.luo_guoxiu.id)
    page = desk(cast.zheng_tao).get("/office/people")
    assert "王芳" in page
    assert "镇里的手机" not in page


def test_a_lead_adds_an_agent_by_a_form(desk, cast):
    lead = desk(cast.luo_guoxiu)
    page = lead.submit(
        lead.get("/office/people/new"), "#add-person", name="田兴文", phone="102 8631 0427", role="agent", area=VILLAGE
    )
    assert "田兴文添好了" in page
    assert Post.get(Post.person == Person.get(Person.name == "田兴文").id).from_on == TODAY


def test_a_form_without_a_name_says_so_and_keeps_nothing(desk, cast):
    lead = desk(cast.luo_guoxiu)
    page = lead.submit(lead.get("/office/people/new"), "#add-person", name=" ", area=VILLAGE, status=422)
    assert "名字" in page
    assert "什么都没改" in page


def test_a_lead_gives_and_ends_a_post(desk, cast):
    lead = desk(cast.luo_guoxiu)
    url = f"/office/people/{cast.wang_fang.id}"
    page = lead.submit(lead.get(url), "#give-post", role="agent", area="520121107200")
    assert "花梨村" in page
    page = lead.submit(page, f"form[action$='{cast.wang_fang.post}/end']")
    assert not Post.in_force(TODAY).where(Post.id == cast.wang_fang.post).exists()


def test_removing_somebody_locks_their_phone(desk, cast):
    found = a_phone(cast.wang_fang.id, cast.wang_fang.scope, cast.luo_guoxiu.id)
    lead = desk(cast.luo_guoxiu)
    lead.submit(lead.get(f"/office/people/{cast.wang_fang.id}"), "#remove-person", why="调走")
    assert Device.get_by_id(found.id).state == "locked"
    page = lead.get("/office/people")
    assert "王芳" not in page.one("section[aria-labelledby=staff]").text
    assert "已锁" in page.one("section[aria-labelledby=phones-head]").text


def test_a_desk_account_is_shown_once(desk, cast):
    county = desk(cast.he_jing)
    page = county.submit(county.get(f"/office/people/{cast.li_qiang.id}"), "#make-account", sign_in_name="liqiang")
    assert page.select(".qr svg")
    secret = models.Account.get(models.Account.name == "liqiang").totp_secret
    assert secret in page
    assert secret not in county.get(f"/office/people/{cast.li_qiang.id}")


# ---- phones


def test_a_silent_phone_that_holds_records_stands_first_and_asks_for_a_call(desk, cast, clock):
    a_phone(
        cast.wang_fang.id, cast.wang_fang.scope, cast.luo_guoxiu.id, heard_at=NOW, waiting_records=5, waiting_blobs=7
    )
    lead = desk(cast.luo_guoxiu)
    assert "打个电话" not in lead.get("/office/people")
    clock.forward(days=4)
    lead = desk(cast.luo_guoxiu)
    page = lead.get("/office/people")
    assert "清江村，4 天没联系，5 条、7 张照片没传" in page
    assert "打个电话" in page


def test_a_lost_phone_is_locked_with_words_and_unlocked_again(desk, cast):
    found = a_phone(cast.wang_fang.id, cast.wang_fang.scope, cast.luo_guoxiu.id)
    lead = desk(cast.luo_guoxiu)
    url = f"/office/phones/{found.id}"
    lead.submit(lead.get(url), "#lock-phone", why="", status=422)
    page = lead.submit(lead.get(url), "#lock-phone", why="掉在路上了")
    assert "锁上了" in page
    assert Device.get_by_id(found.id).order == "lock"
    page = lead.submit(page, "#unlock-phone", why="在家里找到了")
    assert Device.get_by_id(found.id).state == "active"


def test_an_officer_elsewhere_cannot_lock_it(desk, cast):
    found = a_phone(cast.wang_fang.id, cast.wang_fang.scope, cast.luo_guoxiu.id)
    desk(cast.qian_wei).get(f"/office/phones/{found.id}", status=403)
    assert Device.get_by_id(found.id).state == "active"


# ---- giving a phone


@pytest.fixture
def offered(desk, cast):
    lead = desk(cast.luo_guoxiu)
    page = lead.submit(lead.get(f"/office/people/{cast.wang_fang.id}"), "form[action$=enrolments]")
    return lead, page, Enrolment.get()


def test_the_code_is_shown_to_scan_and_to_type(offered):
    _, page, enrolment = offered
    assert page.select(".qr svg")
    assert f"{enrolment.code[:5]}-{enrolment.code[5:10]}" in page
    assert "还有 10 分 0 秒" in page


def test_a_phone_claims_the_code_and_the_lead_types_its_digits(offered, now):
    lead, page, enrolment = offered
    key = spki_b64()
    step = f"/office/enrolments/{enrolment.id}/step?seen=offered"
    lead.get(step, status=204)
    enrolments.claim(enrolment.code, key, "1.0", network="192.0.2.9", now=now)
    piece = lead.htmx("GET", step)
    assert not piece.is_whole
    page = lead.get(page.url)
    assert not page.select(".qr")
    digits = ciphers.enrolment_digits(enrolment.code[:10], key)
    wrong = f"{(int(digits) + 1) % 1_000_000:06d}"
    lead.submit(page, "#digits-form", digits=wrong, status=422)
    page = lead.submit(lead.get(page.url), "#digits-form", digits=f"{digits[:3]} {digits[3:]}")
    assert "手机登记好了" in page
    assert Device.get(Device.person == enrolment.person_id).state == "active"


def test_a_code_can_be_made_useless(offered, now):
    lead, page, enrolment = offered
    page = lead.submit(page, "form[action$=void]")
    assert "这个码作废了" in page
    assert Enrolment.get_by_id(enrolment.id).code is None


def test_a_code_ends_after_ten_minutes(offered, clock):
    lead, page, _ = offered
    clock.forward(minutes=10, seconds=1)
    assert "这个码过期了" in lead.get(page.url)


def test_a_code_is_not_shown_elsewhere(offered, desk, cast):
    _, page, _ = offered
    desk(cast.qian_wei).get(page.url, status=403)


def test_what_never_came_from_a_phone_is_named_with_who_must_bring_it(desk, cast):
    phone = a_phone(cast.wang_fang.id, cast.wang_fang.scope, cast.luo_guoxiu.id)
    visit = a_visit(device=phone)
    JournalEntry.update(seq=4).where(JournalEntry.id == visit.event).execute()
    Device.update(seq=4).where(Device.id == phone.id).execute()
    page = desk(cast.luo_guoxiu).get(f"/office/phones/{phone.id}")
    assert "第 1–3 条还没来，它写到第 4 条" in page
    assert "请王芳到有信号的地方打开一下" in page
