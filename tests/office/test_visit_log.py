"""The visit log as a lead reads it: newest first, filters in the address, facts on top, one visit with all it left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actions import visits
from models import JournalEntry, ReadEntry, Visit
from tests.office.scenes import a_delivery, a_phone, a_request, a_verification, a_visit
from tests.support.cast import NOW, TOWNSHIP


def names_in(page):
    return [th.text.strip() for th in page.select(".table tbody th")]


@pytest.fixture
def lead(desk, cast):
    return desk(cast.luo_guoxiu)


def test_the_newest_visit_stands_first(lead, cast):
    a_visit(of=cast.zhou_xinglin, minutes_ago=60)
    a_visit(of=cast.chen_guilan, minutes_ago=20)
    assert names_in(lead.get("/office/visits")) == ["陈桂兰", "周兴林"]


def test_nothing_of_another_township_is_seen(lead, cast):
    elsewhere = a_visit(of=cast.ma_xiuying, by=cast.zhao_min)
    page = lead.get("/office/visits?days=all")
    assert "马秀英" not in page
    assert "还没有走访记录" in page
    lead.get(f"/office/visits/{elsewhere.id}", status=404)


def test_an_id_in_the_address_names_nobody_of_another_township(lead, cast):
    assert "马秀英" not in lead.get(f"/office/visits?resident={cast.ma_xiuying.id}")
    assert "赵敏" not in lead.get(f"/office/visits?agent={cast.zhao_min.id}")
    assert "陈桂兰" in lead.get(f"/office/visits?resident={cast.chen_guilan.id}")


def test_the_county_sees_every_township(desk, cast):
    a_visit(of=cast.ma_xiuying, by=cast.zhao_min)
    a_visit()
    assert len(names_in(desk(cast.he_jing).get("/office/visits"))) == 2


def test_an_agent_without_a_desk_post_sees_no_log(desk, cast):
    desk(cast.wang_fang).get("/office/visits", status=403)
    desk(cast.zheng_tao).get("/office/visits", status=403)


def test_a_row_says_why_what_came_of_it_and_what_it_left(lead, cast):
    visit = a_visit(reasons="verification", received_at=NOW + timedelta(days=1))
    a_verification(visit=visit)
    page = lead.get("/office/visits")
    assert "养老金认证" in page
    assert "照片、签名" in page
    assert "待核对" in page
    assert "第二天 10:42 收到" in page


def test_a_result_handed_over_is_named(lead, cast):
    visit = a_visit(reasons="delivery")
    a_delivery(state="delivered", visit=visit.id, made={"to": "self", "mark": {"kind": "thumbprint"}})
    page = lead.get("/office/visits")
    assert "送残疾人证" in page
    assert "本人收到" in page
    assert "签收" in page


# ---- filters


def test_filters_stand_in_the_address_and_can_be_taken_off(lead, cast):
    a_visit(outcome="not_home", mark=None)
    a_visit(of=cast.zhou_xinglin)
    page = lead.get("/office/visits?outcome=not_home")
    assert names_in(page) == ["陈桂兰"]
    assert "第 1 次" in page
    chips = {a.text.strip(): a["href"] for a in page.select(".on-filter")}
    assert chips["没在家去掉"] == "/office/visits"


@pytest.mark.parametrize("text", ["陈", "陈桂", "cg", "CGL"])
def test_a_name_is_found_by_its_beginning_or_its_initials(lead, cast, text):
    a_visit()
    a_visit(of=cast.zhou_xinglin)
    assert names_in(lead.get(f"/office/visits?text={text}")) == ["陈桂兰"]


def test_a_receipt_number_finds_its_visit(lead, cast):
    visit = a_visit()
    a_visit(of=cast.zhou_xinglin)
    number = JournalEntry.get(JournalEntry.id == visit.event).number
    assert number.startswith("HL-1013-")
    assert names_in(lead.get(f"/office/visits?text={number}")) == ["陈桂兰"]
    assert names_in(lead.get("/office/visits?text=HL-1012-01")) == []


def test_by_village_agent_reason_and_state(lead, cast):
    visit = a_visit(reasons="care,request")
    for query in (f"area={visit.area}", f"agent={cast.wang_fang.id}", "reason=request", "state=synced"):
        assert names_in(lead.get(f"/office/visits?{query}")) == ["陈桂兰"], query
    for query in ("area=520121107200", f"agent={cast.li_qiang.id}", "reason=delivery", "state=checked"):
        assert names_in(lead.get(f"/office/visits?{query}")) == [], query


def test_only_seven_days_unless_more_are_asked_for(lead, cast):
    a_visit(minutes_ago=60 * 24 * 8)
    assert names_in(lead.get("/office/visits")) == []
    assert names_in(lead.get("/office/visits?days=30")) == ["陈桂兰"]


def test_nonsense_in_an_address_is_left_out(lead, cast):
    a_visit()
    page = lead.get("/office/visits?agent=x&area=<b>&days=9999&state=?&before=yesterday&outcome=great")
    assert names_in(page) == ["陈桂兰"]


def test_fifty_at_a_time_without_losing_or_doubling_one(lead, cast):
    for minutes in range(60):
        a_visit(minutes_ago=minutes // 2)  # two of each minute
    page = lead.get("/office/visits")
    first = {a["href"] for a in page.select(".table tbody th a")}
    more = page.one(".later a")["href"]
    page = lead.get(more)
    second = {a["href"] for a in page.select(".table tbody th a")}
    assert (len(first), len(second)) == (50, 10)
    assert not first & second


def test_a_corrected_visit_stands_once_with_the_old_one_behind_it(lead, cast):
    old, new = a_visit(notes="写错了"), a_visit(notes="写对了")
    Visit.update(corrected_by=new.event).where(Visit.id == old.id).execute()
    page = lead.get("/office/visits")
    assert len(names_in(page)) == 1
    page = lead.get(f"/office/visits/{new.id}")
    assert "写错了" in page
    page = lead.get(f"/office/visits/{old.id}")
    assert "这条记录改过了" in page
    assert not page.select("form[action$=check]")


# ---- exceptions


def test_facts_to_look_at_stand_on_top(lead, cast):
    a_visit(flags="no_mark", mark=None)
    a_phone(
        cast.wang_fang.id, TOWNSHIP, cast.luo_guoxiu.id, heard_at=NOW - timedelta(days=4), waiting_records=5,
        clock_ms=-47 * 60_000,
    )  # fmt: skip
    page = lead.get("/office/visits")
    assert "3 件事要您看一看" in page
    assert "陈桂兰 连着两次没有签名" in page
    assert "王芳的手机 4 天没联系，还有 5 条没传" in page
    assert "一部手机的时间差 47 分钟" in page


def test_whoever_filters_sees_what_they_asked_for_and_one_line_of_the_rest(lead, cast):
    a_visit(flags="kin")
    page = lead.get("/office/visits?outcome=done")
    line = page.one("a.exceptions-all")
    assert "1 件事要您看一看" in line.text
    assert not page.select(".exception")
    assert len(lead.get(line["href"]).select(".exception")) == 1


def test_a_quiet_place_shows_no_box(lead, cast):
    a_visit()
    assert not lead.get("/office/visits").select(".exceptions")


def test_what_was_found_fine_is_no_exception_any_more(lead, cast, now):
    visit = a_visit(flags="kin")
    assert lead.get("/office/visits").select(".exceptions")
    visits.check(visit, actor=cast.li_qiang.actor, now=now)
    assert not lead.get("/office/visits").select(".exceptions")


def test_after_three_tries_the_township_decides(lead, cast):
    for day in (21, 14, 7):
        a_visit(outcome="not_home", mark=None, minutes_ago=60 * 24 * day)
    assert "陈桂兰 连着 3 次没在家" in lead.get("/office/visits")
    a_visit()
    assert "连着 3 次" not in lead.get("/office/visits")


# ---- one visit


def test_a_visit_shows_all_it_produced(lead, cast):
    visit = a_visit(
        reasons="verification,request",
        notes="老人精神好",
        met=[{"resident": str(cast.chen_guilan.id)}, {"relation": "女儿"}],
    )
    a_verification(visit=visit)
    a_request(visit=visit.id)
    page = lead.get(f"/office/visits/{visit.id}")
    for words in ("老人精神好", "陈桂兰、女儿", "养老金认证", "女儿 陈大兰", "想换个新的医保卡", "待核对"):
        assert words in page, words


def test_a_visit_shows_what_was_handed_over_and_a_check_that_could_not_be_done(lead, cast):
    visit = a_visit(reasons="verification,delivery")
    a_verification(visit=visit, state="closed_other", outcome="refused", remarks="改天再来")
    a_delivery(state="delivered", visit=visit.id, made={"to": "self", "mark": {"kind": "thumbprint"}})
    a_delivery(state="ready", visit=visit.id, made={"why": "not_home", "words": "门锁着。"})
    page = lead.get(f"/office/visits/{visit.id}")
    for words in ("这次不愿办，改天再来", "本人收到", "没在家，门锁着。"):
        assert words in page, words


def test_fine_and_then_no_more(lead, cast):
    visit = a_visit()
    page = lead.submit(lead.get(f"/office/visits/{visit.id}"), "form[action$=check]")
    assert "罗国秀看过没问题" in page
    assert not page.select("form[action$=check]")


def test_a_question_and_its_answer(lead, cast):
    visit = a_visit()
    page = lead.submit(lead.get(f"/office/visits/{visit.id}"), "#ask", words="谁签的名？")
    assert "等回话" in page
    Visit.update(state="answered", answer_words="女儿签的").where(Visit.id == visit.id).execute()
    page = lead.get(f"/office/visits/{visit.id}")
    assert "女儿签的" in page
    assert page.select("form[action$=check]")


def test_reading_is_logged(lead, cast):
    visit = a_visit()
    lead.get("/office/visits")
    lead.get(f"/office/visits/{visit.id}")
    looks = [(r.what, r.person, r.resident) for r in ReadEntry.select().order_by(ReadEntry.position)]
    assert looks == [("visit-log", cast.luo_guoxiu.id, None), ("visit", cast.luo_guoxiu.id, cast.chen_guilan.id)]


# ---- taking it away


def test_numbers_in_an_agents_words_leave_masked(lead, cast):
    a_visit(notes=f"证号{cast.chen_guilan.id_number}，儿子电话10213800001，欠20000元")
    text = lead.submit(lead.get("/office/visits"), "form[action$=export]").html
    assert cast.chen_guilan.id_number not in text
    assert "10213800001" not in text
    assert "欠20000元" in text


def test_whole_numbers_leave_only_for_a_reason_that_is_kept(lead, cast):
    a_visit(notes=f"证号{cast.chen_guilan.id_number}")
    page = lead.get("/office/visits?outcome=done")
    form = "form[action$=numbers]"
    refused = lead.submit(page, form, why=" ", status=422)
    assert "写" in refused
    assert not JournalEntry.select().where(JournalEntry.kind == "export.made").exists()
    text = lead.submit(page, form, why="县里核对残疾补贴").html
    number = cast.chen_guilan.id_number
    assert text.splitlines()[0].endswith(",备注,身份证")
    assert text.splitlines()[1].endswith(f",证号{number},{number[:6]} {number[6:10]} {number[10:14]} {number[14:]}")
    entry = JournalEntry.get(JournalEntry.kind == "export.made")
    assert '"masked":false' in entry.payload
    assert "县里核对残疾补贴" in entry.payload
    look = ReadEntry.get(ReadEntry.what == "id-numbers")
    assert (look.person, look.reason) == (cast.luo_guoxiu.id, "县里核对残疾补贴")


def test_the_table_is_utf8_with_its_mark_filtered_and_registered(lead, cast):
    a_visit(notes='=HYPERLINK("http://evil")')
    a_visit(of=cast.zhou_xinglin, outcome="away")
    page = lead.get("/office/visits?outcome=done")
    answer = lead.submit(page, "form[action$=export]")
    text = answer.html
    assert text.startswith("\ufeff居民,村,")
    assert "陈桂兰" in text
    assert "周兴林" not in text
    assert "\"'=HYPERLINK" in text
    assert cast.chen_guilan.id_number not in text
    entry = JournalEntry.get(JournalEntry.kind == "export.made")
    assert entry.actor == cast.luo_guoxiu.id
    assert '"outcome":"done"' in entry.payload


def test_a_long_table_is_whole(lead, cast, monkeypatch):
    for minutes in range(25):
        a_visit(minutes_ago=minutes)
    from api.office import log_places

    every = log_places.every
    monkeypatch.setattr(log_places, "every", lambda found: every(found, at_once=10))
    answer = lead.submit(lead.get("/office/visits"), "form[action$=export]")
    assert len(answer.html.strip().splitlines()) == 26


def test_many_facts_are_six_and_the_rest_on_a_press(lead, cast):
    for _ in range(8):
        a_visit(flags="late")
    page = lead.get("/office/visits")
    assert "8 件事要您看一看" in page
    assert "还有 2 件" in page
    page = lead.get(page.one(".exceptions a[href*=look]")["href"])
    assert len(page.select(".exception")) == 8


def test_whom_a_visit_met_is_said_in_words(lead, cast):
    met = [{"resident": str(cast.chen_guilan.id)}, {"relation": "neighbour"}, {"relation": "侄儿"}]
    page = lead.get(f"/office/visits/{a_visit(met=met).id}")
    assert "邻居" in page
    assert "侄儿" in page
    assert "neighbour" not in page
