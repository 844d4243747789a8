"""Loading a list of areas: all of it or nothing, twice is once, merged villages lead to their successors."""

import pytest

from models import Area, JournalEntry, Scope
from tests.roster.files import DATA, number

HEADING = ["code", "name", "level", "parent_code", "valid_from", "valid_to", "successor"]


def test_both_counties_as_published(take):
    first = take("areas", DATA / "areas-520121.csv")
    assert first["imported"] + first["unchanged"] == 157
    second = take("areas", DATA / "areas-513223.csv")
    assert second["imported"] == 122
    assert Area.select().where(Area.level == "village").count() == 136 + 108
    assert Area.select().where(Area.name == "石头村").count() == 2
    assert Scope.get_or_none(Scope.code == "513223100000")


def test_the_same_list_twice_changes_nothing(take, county):
    before = JournalEntry.select().count()
    again = take("areas", DATA / "areas-520121.csv")
    assert (again["imported"], again["updated"], again["unchanged"]) == (0, 0, 157)
    assert JournalEntry.select().count() == before


def test_a_list_from_a_workbook_with_chinese_headings_and_number_cells(take, county, write):
    file = write([["区划代码", "名称", "级别"], [520121107299, "新寨村", "村"], ["520121107000", "花梨镇", "乡镇"]])
    said = take("areas", file)
    assert (said["imported"], said["unchanged"]) == (1, 1)
    assert Area.get_by_id("520121107299").parent == "520121107000"


def test_a_village_that_was_merged_leads_to_its_successor(take, county, write):
    file = write([HEADING, ["520121107298", "旧寨村", "village", "520121107000", "", "2021-05-31", "520121107202"]])
    assert take("areas", file)["imported"] == 1
    people = write([["姓名", "身份证号", "村代码"], ["周兴林", number(1948, 3, 2), "520121107298"]])
    row = take.rows(people)[0]
    assert (row["outcome"], row["area_code"], row["reasons"]) == ("imported", "520121107202", ["village-successor"])


def test_a_new_name_is_an_update_with_its_event(take, county, write):
    file = write([HEADING, ["520121107202", "清江新村", "village", "520121107000"]])
    assert take("areas", file)["updated"] == 1
    newest = (
        JournalEntry.select()
        .where(JournalEntry.kind == "areas.imported")
        .order_by(JournalEntry.position.desc())
        .first()
    )
    assert "area:520121107202" in newest.leaves


WRONG = [
    (["52012110720", "甲村", "village", "520121107000"], "52012110720 不是 12 位区划代码。"),
    (["520121107297", "", "village", "520121107000"], "520121107297 没有名称。"),
    (["520121107297", "甲村", "township", "520121107000"], "520121107297 的级别和代码对不上。"),
    (["520121107297", "甲村", "village", "520121999000"], "520121107297 的上一级没有，或者对不上。"),
    (["520121107297", "甲村", "village", "520121107000", "2021-01-02", "2021-01-01"], "520121107297 的起止日期写反了。"),
    (["520121107297", "甲村", "village", "520121107000", "", "", "520121107999"], "接替 520121107297 的区划没有找到。"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "sentence"), WRONG)
def test_one_wrong_row_and_nothing_is_taken(take, county, write, row, sentence):
    before = Area.select().count()
    file = write([HEADING, ["520121107296", "好村", "village", "520121107000"], row])
    assert take.refused("areas", file).startswith(f"Error: {sentence}")
    assert Area.select().count() == before


def test_a_list_without_codes_has_no_heading(take, write):
    assert "没找到表头" in take.refused("areas", write([["村名", "人口"], ["清江村", 1200]]))
