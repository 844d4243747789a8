"""Villages by code, by name, by name within a township: two of one name are never guessed (R-DAT-2)."""

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.areas import (
    Area,
    Gazetteer,
    Level,
    ListFlaw,
    NoPlace,
    Place,
    PlaceFlaw,
    PlaceNote,
    doubts,
    fold_group,
    level_of,
)

ON = date(2026, 11, 22)
DATA = Path(__file__).parents[2] / "data"


def listed(name):
    with open(DATA / name, encoding="utf-8", newline="") as file:
        return [Area(r["code"], r["name"], Level(r["level"]), r["parent_code"]) for r in csv.DictReader(file)]


KAIYANG, MAO = listed("areas-520121.csv"), listed("areas-513223.csv")


@pytest.fixture(scope="module")
def kaiyang():
    return Gazetteer(KAIYANG, ON)


@pytest.fixture(scope="module")
def mao():
    return Gazetteer(MAO, ON)


def code_of(found):
    assert isinstance(found, Place), found
    return found.area.code


FOUND = [
    ({"code": "520121107202"}, "520121107202"),
    ({"code": "５２０１２１１０７２０２"}, "520121107202"),
    ({"code": "520121107202.0", "village": "清江村"}, "520121107202"),
    ({"village": "花梨镇清江村"}, "520121107202"),
    ({"village": "清江村"}, "520121107202"),
    ({"village": "清江"}, "520121107202"),
    ({"village": "520121107202"}, "520121107202"),
    ({"village": "清江村委会"}, "520121107202"),
    ({"village": "清江村村民委员会"}, "520121107202"),
    ({"village": "花梨镇清江村 "}, "520121107202"),
    ({"village": "开阳县花梨镇清江村"}, "520121107202"),
    ({"village": "贵州省贵阳市开阳县花梨镇清江村"}, "520121107202"),
    ({"village": "花梨清江村"}, "520121107202"),
    ({"village": "清江村", "township": "花梨镇"}, "520121107202"),
    ({"village": "清江村", "township": "开阳县花梨镇人民政府"}, "520121107202"),
    ({"code": "5.20121E+11", "village": "花梨镇清江村"}, "520121107202"),
    ({"code": "520121000000", "village": "花梨镇清江村"}, "520121107202"),
    ({"code": "520121107", "village": "清江村"}, "520121107202"),
    ({"village": "石头村", "township": "云开街道"}, "520121002203"),
    ({"village": "石头村", "township": "云开街道办事处"}, "520121002203"),
    ({"village": "高寨乡石头村"}, "520121208206"),
    ({"village": "高寨苗族布依族乡石头村"}, "520121208206"),
    ({"code": "520121208206", "village": "石头村"}, "520121208206"),
    ({"code": "520121208", "village": "石头村"}, "520121208206"),
    ({"village": "南江社区居委会"}, "520121001001"),
    ({"village": "花梨镇-清江村"}, "520121107202"),
    ({"village": "开阳县/花梨镇/清江村"}, "520121107202"),
    ({"village": "高寨乡，石头村"}, "520121208206"),
    ({"village": "清江村委"}, "520121107202"),
    ({"village": "清江村（大寨组）"}, "520121107202"),
    ({"village": "清江村", "township": "无"}, "520121107202"),
    ({"code": "/", "village": "清江村"}, "520121107202"),
    ({"code": "开阳县花梨镇清江村"}, "520121107202"),
]


@pytest.mark.parametrize(("asked", "code"), FOUND)
def test_a_village_is_found_however_an_office_writes_it(kaiyang, asked, code):
    assert code_of(kaiyang.find(**asked)) == code


NOT_FOUND = [
    ({}, PlaceFlaw.MISSING),
    ({"village": "无"}, PlaceFlaw.MISSING),
    ({"village": "清江村、石头村"}, PlaceFlaw.UNKNOWN),
    ({"village": "清江村（原大寨村）"}, PlaceFlaw.UNKNOWN),
    ({"code": "高寨乡、云开街道", "village": "石头村"}, PlaceFlaw.AMBIGUOUS),
    ({"township": "花梨镇"}, PlaceFlaw.MISSING),
    ({"code": "5.20121E+11"}, PlaceFlaw.MISSING),
    ({"code": "520121107"}, PlaceFlaw.MISSING),
    ({"village": "老鹰岩村"}, PlaceFlaw.UNKNOWN),
    ({"village": "花梨镇"}, PlaceFlaw.UNKNOWN),
    ({"village": "龙岗镇清江村"}, PlaceFlaw.UNKNOWN),
    ({"village": "某某镇清江村"}, PlaceFlaw.UNKNOWN),
    ({"village": "清江村", "township": "龙岗镇"}, PlaceFlaw.UNKNOWN),
    ({"village": "清江村", "township": "某某镇"}, PlaceFlaw.UNKNOWN),
    ({"village": "清江村清江村"}, PlaceFlaw.UNKNOWN),
    ({"village": "石头村"}, PlaceFlaw.AMBIGUOUS),
    ({"village": "石头"}, PlaceFlaw.AMBIGUOUS),
    ({"village": "开阳县大坝村"}, PlaceFlaw.AMBIGUOUS),
    ({"village": "石头村三组"}, PlaceFlaw.AMBIGUOUS),
    ({"code": "520121000000", "village": "石头村"}, PlaceFlaw.AMBIGUOUS),
    ({"code": "520121107999"}, PlaceFlaw.CODE_UNKNOWN),
    ({"code": "520121107999", "village": "清江村"}, PlaceFlaw.CODE_UNKNOWN),
    ({"code": "520121002203", "village": "清江村"}, PlaceFlaw.DIFFERS),
    ({"code": "520121002203", "village": "高寨乡石头村"}, PlaceFlaw.DIFFERS),
    ({"code": "520121107202", "village": "龙岗镇清江村"}, PlaceFlaw.DIFFERS),
    ({"code": "520121107202", "township": "龙岗镇"}, PlaceFlaw.DIFFERS),
    ({"code": "520121105", "village": "清江村"}, PlaceFlaw.DIFFERS),
]


@pytest.mark.parametrize(("asked", "flaw"), NOT_FOUND)
def test_what_does_not_decide_is_left_to_a_person(kaiyang, asked, flaw):
    found = kaiyang.find(**asked)
    assert isinstance(found, NoPlace)
    assert found.flaw is flaw


def test_both_villages_of_one_name_are_proposed(kaiyang):
    found = kaiyang.find(village="石头村")
    assert [kaiyang.path(area) for area in found.candidates] == ["云开街道石头村", "高寨苗族布依族乡石头村"]


def test_a_slip_of_the_pen_is_proposed_never_taken(kaiyang):
    assert "花梨镇清江村" in [kaiyang.path(area) for area in kaiyang.find(village="花梨镇青江村").candidates]


def test_a_name_that_nobody_knows_does_not_outweigh_a_code(kaiyang):
    assert kaiyang.find(code="520121107202", village="老鹰岩村").notes == (PlaceNote.NAME_UNKNOWN,)


GROUPS = [
    ("清江村三组", "三组"),
    ("清江村第3村民小组", "三组"),
    ("花梨镇清江村大寨组", "大寨组"),
    ("清江村（大寨组）", "大寨组"),
    ("清江村-3组", "三组"),
    ("清江村", ""),
]


@pytest.mark.parametrize(("village", "group"), GROUPS)
def test_a_group_in_the_village_cell_is_kept(kaiyang, village, group):
    assert kaiyang.find(village=village).group == group


def test_names_as_mao_county_publishes_them_are_found_as_people_say_them(mao):
    for said in ("静州村", "静州", "静州村村民委员会", "凤仪镇静州村委会", "凤仪镇静州村 "):
        assert mao.find(village=said).area.name == "静州村民委员会"
    assert mao.find(village="外南社区").area.name == "外南社区居民委员会"
    assert mao.find(village="后村").area.name == "后村村民委员会"
    assert mao.find(village="后村委会").area.name == "后村村民委员会"


@pytest.mark.parametrize("areas", [KAIYANG, MAO])
def test_every_village_is_found_by_its_township_and_name(areas):
    gazetteer = Gazetteer(areas, ON)
    for area in areas:
        if area.level is Level.VILLAGE:
            assert code_of(gazetteer.find(village=gazetteer.path(area))) == area.code


MERGED = [
    Area("520000000000", "贵州省", Level.PROVINCE),
    Area("520100000000", "贵阳市", Level.CITY, "520000000000"),
    Area("520121000000", "开阳县", Level.COUNTY, "520100000000"),
    Area("520121107000", "花梨镇", Level.TOWNSHIP, "520121000000"),
    Area("520121107202", "清江村", Level.VILLAGE, "520121107000"),
    Area("520121107299", "老寨村", Level.VILLAGE, "520121107000", valid_to=date(2021, 5, 31), successor="520121107202"),
    Area("520121107298", "旧寨村", Level.VILLAGE, "520121107000", valid_to=date(2019, 5, 31), successor="520121107299"),
    Area("520121107297", "空寨村", Level.VILLAGE, "520121107000", valid_to=date(2019, 5, 31)),
]


def test_a_merged_village_leads_to_its_successor_by_code_and_by_name():
    gazetteer = Gazetteer(MERGED, ON)
    for code in ("520121107299", "520121107298"):
        found = gazetteer.find(code=code)
        assert (found.area.code, found.notes) == ("520121107202", (PlaceNote.SUCCESSOR,))
    assert code_of(gazetteer.find(village="旧寨村")) == "520121107202"
    assert code_of(gazetteer.find(code="520121107298", village="旧寨村")) == "520121107202"
    assert gazetteer.find(code="520121107297").flaw is PlaceFlaw.CODE_UNKNOWN


def test_a_village_is_still_itself_on_the_last_day_of_its_code():
    assert code_of(Gazetteer(MERGED, date(2021, 5, 31)).find(code="520121107299")) == "520121107299"
    assert code_of(Gazetteer(MERGED, date(2021, 6, 1)).find(code="520121107299")) == "520121107202"


def test_successors_that_run_in_a_circle_lead_nowhere():
    ring = [
        Area(
            "520121107201", "甲村", Level.VILLAGE, "520121107000", valid_to=date(2020, 1, 1), successor="520121107202"
        ),
        Area(
            "520121107202", "乙村", Level.VILLAGE, "520121107000", valid_to=date(2020, 1, 1), successor="520121107201"
        ),
    ]
    assert isinstance(Gazetteer(ring, ON).find(code="520121107202"), NoPlace)


LEVELS = [
    ("520000000000", Level.PROVINCE),
    ("520100000000", Level.CITY),
    ("520121000000", Level.COUNTY),
    ("520121107000", Level.TOWNSHIP),
    ("520121107202", Level.VILLAGE),
    ("520121110000", Level.TOWNSHIP),
    ("101000000000", Level.CITY),
]


@pytest.mark.parametrize(("code", "level"), LEVELS)
def test_a_code_tells_its_level(code, level):
    assert level_of(code) is level


@pytest.mark.parametrize("areas", [KAIYANG, MAO])
def test_the_published_lists_can_be_taken(areas):
    assert doubts(areas, ()) == []


def test_a_list_that_does_not_hang_together_says_where():
    county = "520121000000"
    rows = [
        Area("52012110720", "清江村", Level.VILLAGE, "520121107000"),
        Area("520121107201", "", Level.VILLAGE, county),
        Area("520121107202", "甲村", Level.TOWNSHIP, county),
        Area("520121107203", "乙村", Level.VILLAGE, "520121999000"),
        Area("520121107204", "丙村", Level.VILLAGE, county, successor="520121107299"),
        Area("520121107204", "丙村", Level.VILLAGE, county, date(2020, 1, 2), date(2020, 1, 1)),
    ]
    assert [doubt.flaw for doubt in doubts(rows, [county])] == [
        ListFlaw.CODE,
        ListFlaw.NAME,
        ListFlaw.LEVEL,
        ListFlaw.PARENT,
        ListFlaw.SUCCESSOR,
        ListFlaw.TWICE,
        ListFlaw.DATES,
    ]


SPELT = [
    ("3", "三组"),
    ("3组", "三组"),
    ("三组", "三组"),
    ("第三村民小组", "三组"),
    ("第3组", "三组"),
    ("３组", "三组"),
    ("3.0", "三组"),
    ("12组", "十二组"),
    ("20", "二十组"),
    ("二十一组", "二十一组"),
    ("第一居民小组", "一组"),
    ("大寨组", "大寨组"),
    (" 大寨 组", "大寨组"),
    ("三社", "三社"),
    ("", ""),
]


@pytest.mark.parametrize(("written", "group"), SPELT)
def test_numbered_groups_have_one_spelling(written, group):
    assert fold_group(written) == group


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=14))
def test_any_text_is_a_village_or_a_reason(village, township, code):
    assert isinstance(Gazetteer(MERGED, ON).find(code=code, village=village, township=township), Place | NoPlace)


ADDRESSES = [
    ("开阳县花梨镇清江村大寨组12号", "520121107202", "大寨组"),
    ("贵州省贵阳市开阳县花梨镇清江村3组", "520121107202", "三组"),
    ("花梨镇清江村", "520121107202", ""),
    ("开阳县高寨苗族布依族乡石头村", "520121208206", ""),
]


@pytest.mark.parametrize(("address", "code", "group"), ADDRESSES)
def test_a_whole_address_names_its_village_after_its_township(kaiyang, address, code, group):
    found = kaiyang.find_in_address(address)
    assert (code_of(found), found.group) == (code, group)


@pytest.mark.parametrize(
    "address", ["", "清江村大寨组", "开阳县石头村", "浙江省宁波市北仑区", "龙岗镇清江村", "花梨镇"]
)
def test_an_address_that_names_no_township_decides_nothing(kaiyang, address):
    assert isinstance(kaiyang.find_in_address(address), NoPlace)


def test_the_county_of_a_list_decides_between_villages_of_two_counties_and_never_within_one():
    both = Gazetteer([*KAIYANG, *MAO], ON)
    assert both.find(village="沙坝村").flaw is PlaceFlaw.AMBIGUOUS
    at_home = Gazetteer([*KAIYANG, *MAO], ON, home="520121")
    assert code_of(at_home.find(village="沙坝村")) == "520121102202"
    assert code_of(at_home.find(village="静州村")).startswith("513223")
    assert at_home.find(village="石头村").flaw is PlaceFlaw.AMBIGUOUS
