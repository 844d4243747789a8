"""Residents at a desk: found, shown, changed, looked in on; whole ID numbers only for a reason."""

from __future__ import annotations

import pytest

from actions import lookups, residents
from models import CareEntry, Clash, ConsentRecord, JournalEntry, Person, ReadEntry, Resident
from rules import ciphers
from tests.office.scenes import a_death, a_delivery, a_provisional, a_request, a_visit
from tests.support.cast import NEXT_VILLAGE, NOW, TODAY, VILLAGE


@pytest.fixture
def officer(desk, cast):
    return desk(cast.li_qiang)


def names_in(page):
    return [row.text.split()[0] for row in page.select(".found .row-name")]


def test_nobody_is_listed_before_something_is_asked(officer):
    assert names_in(officer.get("/office/residents")) == []


@pytest.mark.parametrize("text", ["陈", "cg", "CGL", "陈桂兰"])
def test_found_by_name_and_initials(officer, cast, text):
    assert names_in(officer.get(f"/office/residents?text={text}")) == ["陈桂兰"]


def test_found_by_last_four_whole_number_and_telephone(officer, cast):
    Resident.update(phone="10286310427").where(Resident.id == cast.chen_guilan.id).execute()
    for text in (cast.chen_guilan.id_number[-4:], cast.chen_guilan.id_number, "102 8631 0427"):
        assert names_in(officer.get(f"/office/residents?text={text}")) == ["陈桂兰"], text
    assert ReadEntry.select().where(ReadEntry.what == "id-lookup").count() == 1


def test_nobody_of_another_township_is_found(officer, cast):
    assert names_in(officer.get("/office/residents?text=mxy")) == []
    assert names_in(officer.get(f"/office/residents?text={cast.ma_xiuying.id_number}")) == []
    officer.get(f"/office/residents/{cast.ma_xiuying.id}", status=404)


def test_a_whole_number_stands_in_no_address_and_other_words_in_one(officer, cast):
    start = officer.get("/office/residents")
    page = officer.submit(start, "form.find", text=cast.chen_guilan.id_number)
    assert names_in(page) == ["陈桂兰"]
    assert "?" not in page.url
    assert cast.chen_guilan.id_number not in page.html
    page = officer.submit(start, "form.find", text="陈", area=VILLAGE)
    assert (names_in(page), "text=" in page.url, VILLAGE in page.url) == (["陈桂兰"], True, True)
    assert cast.chen_guilan.id_number not in officer.get(f"/office/residents?text={cast.chen_guilan.id_number}").html


def test_many_looks_by_number_are_slowed(officer, cast):
    for _ in range(lookups.MOST):
        officer.get(f"/office/residents?text={cast.chen_guilan.id_number}")
    officer.get(f"/office/residents?text={cast.chen_guilan.id_number}", status=429)


def test_the_number_is_masked_until_a_reason_is_given_and_noted(officer, cast):
    url = f"/office/residents/{cast.chen_guilan.id}"
    page = officer.get(url)
    assert cast.chen_guilan.id_number not in page.html
    officer.submit(page, "#unmask", why=" ", status=422)
    page = officer.submit(page, "#unmask", why="填残疾人证申请")
    assert f"{cast.chen_guilan.id_number[:6]} {cast.chen_guilan.id_number[6:10]}" in page
    assert cast.chen_guilan.id_number[-4:] in page
    look = ReadEntry.get(ReadEntry.what == "id-number")
    assert (look.person, look.reason) == (cast.li_qiang.id, "填残疾人证申请")
    assert cast.chen_guilan.id_number not in officer.get(url).html


def test_a_lead_sees_who_looked(officer, desk, cast):
    officer.get(f"/office/residents/{cast.chen_guilan.id}")
    page = desk(cast.luo_guoxiu).get(f"/office/residents/{cast.chen_guilan.id}")
    assert "谁看过这份记录" in page
    assert "李强" in page
    assert "谁看过这份记录" not in officer.get(f"/office/residents/{cast.chen_guilan.id}")


def test_each_look_is_named_in_words(desk, cast):
    lead = desk(cast.luo_guoxiu)
    lead.get(f"/office/requests/{a_request().id}")
    lead.get(f"/office/deliveries/{a_delivery().id}")
    lead.get(f"/office/deaths/{a_death().id}")
    looks = {each for (each,) in ReadEntry.select(ReadEntry.what).tuples()}
    assert looks == {"request", "delivery", "death"}
    page = lead.get(f"/office/residents/{cast.chen_guilan.id}")
    for words in ("诉求", "待送交的东西", "报告的去世"):
        assert words in page, words


def test_an_address_that_names_the_village_stands_alone(officer, cast):
    resident = Resident.get_by_id(cast.chen_guilan.id)
    page = officer.get(f"/office/residents/{resident.id}")
    where = page.select("dl.facts dd")[0].text.strip()
    Resident.update(address=f"开阳县花梨镇{where}50号").where(Resident.id == resident.id).execute()
    page = officer.get(f"/office/residents/{resident.id}")
    assert page.select("dl.facts dd")[0].text.strip() == f"开阳县花梨镇{where}50号"


def test_a_record_is_changed_by_a_form(officer, cast):
    page = officer.get(f"/office/residents/{cast.chen_guilan.id}/edit")
    page = officer.submit(
        page,
        "#edit",
        phone="102 8631 0427",
        helper_name="陈大兰",
        helper_relation="女儿",
        helper_phone="102 8631 0428",
        area=NEXT_VILLAGE,
    )
    found = Resident.get_by_id(cast.chen_guilan.id)
    assert (found.phone, found.area, found.needs) == ("10286310427", NEXT_VILLAGE, "hearing")
    assert found.helper == {"name": "陈大兰", "relation": "女儿", "phone": "10286310428"}
    assert page.one("dd a[href='tel:10286310428']").text == "102 8631 0428"
    assert "陈大兰" in page
    entry = JournalEntry.get(JournalEntry.kind == "resident.changed")
    assert entry.subject == cast.chen_guilan.id


def test_a_form_sent_as_it_stood_changes_nothing(officer, cast):
    before = JournalEntry.select().count()
    officer.submit(officer.get(f"/office/residents/{cast.chen_guilan.id}/edit"), "#edit")
    assert JournalEntry.select().count() == before


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ({"phone": "12345"}, "电话号码"),
        ({"helper_name": "陈大兰", "helper_phone": "1028631"}, "家里人的电话号码"),
        ({"name": " "}, "名字"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name_and_nothing_is_changed(officer, cast, typed, word):
    before = JournalEntry.select().count()
    page = officer.get(f"/office/residents/{cast.chen_guilan.id}/edit")
    assert f"“{word}”没填" in officer.submit(page, "#edit", **typed, status=422)
    assert JournalEntry.select().count() == before


def test_birth_and_sex_follow_the_id_number(officer, cast, now):
    page = officer.get(f"/office/residents/{cast.chen_guilan.id}/edit")
    assert "按身份证号" in page
    assert not page.select("#birth_on")
    residents.change(cast.chen_guilan, {"birth_on": TODAY, "sex": "male"}, actor=cast.li_qiang.actor, now=now)
    assert Resident.get_by_id(cast.chen_guilan.id).birth_on == cast.chen_guilan.birth_on


def test_nobody_is_born_tomorrow(officer):
    here = a_provisional()
    page = officer.get(f"/office/residents/{here.id}/edit")
    assert "“出生日期”没填" in officer.submit(page, "#edit", birth_on="2026-10-14", status=422)
    officer.submit(page, "#edit", birth_on="1948-03-02")
    assert Resident.get_by_id(here.id).birth_year == 1948


def test_a_clash_is_decided(officer, cast):
    clash = Clash.create(
        resident=cast.chen_guilan.id, scope=cast.chen_guilan.scope, area=cast.chen_guilan.area, field="phone", base="",
        ours="10200000001", theirs="10200000002", event=ciphers.uuid7(), noted_by=cast.wang_fang.id, noted_at=NOW,
    )  # fmt: skip
    page = officer.get(f"/office/residents/{cast.chen_guilan.id}")
    assert "窗口和手机都改了" in page
    form = [f for f in page.select("form[action*=clashes]") if "10200000002" in f.text]
    assert form
    officer.post(
        f"/office/clashes/{clash.id}",
        {"csrf_token": page.select("input[name=csrf_token]")[0]["value"], "which": "theirs"},
    )
    assert Resident.get_by_id(cast.chen_guilan.id).phone == "10200000002"


def test_the_care_roster(officer, cast):
    url = f"/office/residents/{cast.zhou_xinglin.id}"
    page = officer.submit(officer.get(url), "#enrol-care", why="独居", every_days="14")
    assert "提了，待问本人" in page
    officer.submit(page, "form[action$=resume]", status=422)
    ConsentRecord.create(
        id=ciphers.uuid7(), resident=cast.zhou_xinglin.id, purpose="care_roster", state="given", text_version="1",
        told="aloud", by="self", at=NOW, event=ciphers.uuid7(),
    )  # fmt: skip
    page = officer.submit(officer.get(url), "form[action$=resume]")
    assert "在名单，每 14 天" in page
    page = officer.submit(page, "#pause-care", why="去女儿家")
    assert "暂停了，随时能接着看望" in page
    assert page.one("form[action$=resume] button").text == "接着看望"
    page = officer.submit(page, "#leave-care", why="搬走了")
    assert "移出看望名单了" in page
    assert CareEntry.get(CareEntry.resident == cast.zhou_xinglin.id).state == "left"


def test_what_happened_is_shown(officer, cast):
    a_visit(reasons="care")
    page = officer.get(f"/office/residents/{cast.chen_guilan.id}")
    assert "看望，办完了，王芳" in page
    assert "养老金" in page


def test_an_agent_says_that_somebody_is_kin(officer, cast):
    page = officer.get(f"/office/residents/{cast.chen_guilan.id}")
    page = officer.submit(page, "#declare-kin", agent=str(cast.wang_fang.id))
    assert Person.get_by_id(cast.wang_fang.id).kin == [str(cast.chen_guilan.id)]
    assert "认证要有第二位代办员在场" in page
    page = officer.submit(page, "section[aria-labelledby=kin] .rows form")
    assert Person.get_by_id(cast.wang_fang.id).kin == []


def test_nobody_elsewhere_is_made_kin(officer, cast):
    page = officer.get(f"/office/residents/{cast.chen_guilan.id}")
    officer.submit(page, "#declare-kin", agent=str(cast.zhao_min.id), status=422)
    assert not Person.get_by_id(cast.zhao_min.id).kin


def test_what_to_know_before_knocking(officer, cast):
    Resident.update(hours="上午在家", no_phone=True, dialect="本地话").where(
        Resident.id == cast.chen_guilan.id
    ).execute()
    chips = officer.get(f"/office/residents/{cast.chen_guilan.id}").one(".chips")
    assert [chip.text.strip() for chip in chips.select("li")] == ["耳背，大声些", "说本地话", "上午在家", "没有电话"]
