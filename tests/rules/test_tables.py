"""Headings of every shape are found, and what is no record is left out, row by row as the spreadsheet counts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.roster_columns import ROSTER
from rules.tables import NoHeading, Record, Sheet, Skipped, Why, fold_heading, records

ID = "11010519491231002X"
ID2 = "440524188001010014"
HEADING = ["序号", "姓名", "身份证号", "村", "电话"]


def sheet(*rows, name="S", merged=(), hidden=False):
    numbered = [(number, row) for number, row in enumerate(rows, 1) if any(cell not in (None, "") for cell in row)]
    return Sheet(name, numbered, merged, hidden)


def read(*sheets):
    found = list(records(sheets, ROSTER))
    people = {(each.sheet, each.row): dict(each.cells) for each in found if isinstance(each, Record)}
    return people, {(each.sheet, each.row): each.why for each in found if isinstance(each, Skipped)}


def one(*rows, merged=()):
    people, skipped = read(sheet(*rows, merged=merged))
    return {row: cells for (_, row), cells in people.items()}, {row: why for (_, row), why in skipped.items()}


def test_a_plain_list():
    people, _ = one(HEADING, [1, "王芳", ID, "清江村", "10212345678"])
    assert people == {2: {"name": "王芳", "id_number": ID, "village": "清江村", "phone": "10212345678"}}


def test_titles_above_and_remarks_below_are_no_people():
    people, skipped = one(
        ["开阳县花名册"],
        ["填报单位：花梨镇", "", "", "填报日期：2026年10月"],
        [],
        HEADING,
        [1, "王芳", ID, "清江村"],
        ["填表人：王芳", "", "审核人：李强"],
        ["注：截至10月"],
    )
    assert list(people) == [5]
    assert skipped == {1: Why.NO_HEADING, 2: Why.NO_HEADING, 4: Why.HEADING, 6: Why.REMARK, 7: Why.REMARK}


@pytest.mark.parametrize(
    "subtotal",
    [
        ["", "小计", "2人"],
        ["小计：2人"],
        ["", "合 计", 2],
        ["清江村小计", "", 2],
        ["", "本页合计", "2"],
        ["", "", "总计2人"],
    ],
)
def test_a_subtotal_is_nobody(subtotal):
    people, skipped = one(HEADING, [1, "王芳", ID], subtotal, [2, "李强", ID2])
    assert list(people) == [2, 4]
    assert skipped[3] is Why.SUBTOTAL


def test_a_heading_that_comes_again_on_each_page_is_nobody():
    people, skipped = one(HEADING, [1, "王芳", ID], HEADING, [2, "李强", ID2])
    assert list(people) == [2, 4]
    assert skipped[3] is Why.HEADING


def test_a_second_list_below_with_other_columns_is_read_by_its_own_heading():
    people, _ = one(
        ["姓名", "身份证号", "电话"], ["王芳", ID, "10212345678"], ["身份证号", "村", "姓名"], [ID2, "清江村", "李强"]
    )
    assert people[4] == {"id_number": ID2, "village": "清江村", "name": "李强"}


@pytest.mark.parametrize(
    "row",
    [
        [1, 2, 3, 4, 5],
        ["(1)", "（2）", "(3)", "(4)", "(5)"],
        ["A", "B", "C", "D", "E"],
        ["甲", "乙", "丙", "丁", "戊"],
        ["", "必填", "必填", "选填", "选填"],
        ["数字", "文本", "文本，18位", "文本格式", "文本"],
    ],
)
def test_a_row_that_counts_or_explains_the_columns_is_no_person(row):
    people, skipped = one(HEADING, row, [1, "王芳", ID])
    assert list(people) == [3]
    assert skipped[2] is Why.HEADING


def test_lines_numbered_beforehand_are_nobody():
    people, skipped = one(HEADING, [1, "王芳", ID], [2], [3, "", "", "清江村"])
    assert list(people) == [2]
    assert skipped == {1: Why.HEADING, 3: Why.EMPTY, 4: Why.EMPTY}


def test_somebody_without_a_name_or_a_number_is_still_somebody():
    people, _ = one(HEADING, [1, "", ID], [2, "王芳", ""], [3, "", "", "", "10212345678"])
    assert list(people) == [2, 3, 4]


def test_a_section_title_over_the_width_is_nobody():
    people, skipped = one(HEADING, ["一、清江村"], [1, "王芳", ID], merged=[(2, 0, 2, 4)])
    assert list(people) == [3]
    assert skipped[2] is Why.TITLE


@pytest.mark.parametrize(
    "place",
    [
        "清江村",
        "花梨镇清江村",
        "一、清江村",
        "（二）南江社区",
        "清江村（12人）",
        "大寨组",
        "高寨苗族布依族乡",
        "二、残疾人",
    ],
)
def test_a_place_alone_in_its_row_is_nobody(place):
    people, skipped = one(["姓名", "身份证号", "村"], [place], ["王芳", ID, "清江村"])
    assert list(people) == [3]
    assert skipped[2] is Why.TITLE


@pytest.mark.parametrize("name", ["李思乡", "王芳", "王村"])
def test_a_name_alone_in_its_row_is_somebody(name):
    people, _ = one(["姓名", "身份证号", "村"], [name], ["王芳", ID, "清江村"])
    assert list(people) == [2, 3]


def test_words_above_a_heading_that_would_make_it_none_do_not_divide_it():
    people, _ = one(["", "3", "户主"], ["序号", "姓名", "身份证号"], [1, "王芳", ID])
    assert people[3] == {"name": "王芳", "id_number": ID}


@pytest.mark.parametrize(
    "row",
    [
        ["单位（盖章）：", "", "2026年10月31日"],
        ["2026年10月31日"],
        ["主要领导签字：", "", "分管领导签字："],
        ["*本表数据截至2026年10月31日"],
        ["共 2 人"],
        ["平均年龄", 76.5],
        ["其中：男", 1],
        ["女", 1],
        ["转下页"],
        ["第1页，共3页"],
        ["附件1"],
        ["经办人", "", "王芳"],
        ["———————"],
        ["—以下无正文—"],
        ["村委会意见：", "", "同意"],
    ],
)
def test_notes_in_the_column_of_names_are_nobody(row):
    people, skipped = one(["姓名", "身份证号", "村"], ["王芳", ID, "清江村"], row)
    assert list(people) == [2]
    assert skipped[3] in (Why.REMARK, Why.SUBTOTAL, Why.TITLE)


@pytest.mark.parametrize(
    "row",
    [["张三：子", "", "清江村", "10211111111"], ["王芳", 1], ["/", "", "清江村"], ["", "", "清江村", "10211111111"]],
)
def test_somebody_with_little_said_of_them_is_still_somebody(row):
    people, _ = one(["姓名", "身份证号", "村", "电话"], ["王芳", ID, "清江村"], row)
    assert list(people) == [2, 3]


@pytest.mark.parametrize("note", ["备注：联系电话以本人提供为准", "以下人员的联系电话请核实", "电话"])
def test_a_note_right_under_a_heading_takes_no_columns_name_away(note):
    people, _ = one(["村", "姓名", "身份证号"], [note], ["清江村", "王芳", ID])
    assert people[3] == {"village": "清江村", "name": "王芳", "id_number": ID}


@pytest.mark.parametrize("row", [["石头村", "云开街道", "", "", "男"], ["石头村", "电话", "", "", "女"]])
def test_somebody_without_name_and_number_right_under_a_heading_is_no_heading(row):
    people, _ = one(["村", "乡镇", "姓名", "身份证号", "性别"], row, ["清江村", "花梨镇", "王芳", ID, "女"])
    assert people[3]["village"] == "清江村"
    assert 2 in people


@pytest.mark.parametrize("first", ["1975-11-23", "男", "平均"])
def test_somebody_whose_row_begins_with_a_birthday_or_a_sex_is_somebody(first):
    people, _ = one(
        ["出生日期", "性别", "姓名", "身份证号", "村"], ["", "", "王芳", ID, "清江村"], [first, "", "", "", "清江村"]
    )
    assert list(people) == [2, 3]


def test_how_to_fill_in_a_list_is_no_heading():
    with pytest.raises(NoHeading):
        one(["填表说明"], ["姓名", "按身份证填写"], ["身份证号", "18位"])


def test_a_heading_of_two_levels_tells_whose_name_and_telephone():
    people, _ = one(
        ["序号", "本人信息", "", "", "户籍地", "", "联系人", ""],
        ["", "姓名", "身份证号", "电话", "乡镇", "村", "姓名", "电话"],
        [1, "王芳", ID, "10211111111", "花梨镇", "清江村", "李强", "10222222222"],
        merged=[(1, 1, 1, 3), (1, 4, 1, 5), (1, 6, 1, 7), (1, 0, 2, 0)],
    )
    assert people == {
        3: {
            "name": "王芳", "id_number": ID, "phone": "10211111111", "township": "花梨镇", "village": "清江村",
            "contact_name": "李强", "contact_phone": "10222222222",
        }
    }  # fmt: skip


def test_the_same_without_merged_cells_as_a_text_file_has_it():
    people, _ = one(
        ["姓名", "身份证号", "联系方式", "", "户籍", ""],
        ["", "", "本人", "联系人", "村", "组"],
        ["王芳", ID, "10211111111", "10222222222", "清江村", "三组"],
    )
    assert people[3] == {
        "name": "王芳", "id_number": ID, "phone": "10211111111", "contact_phone": "10222222222", "village": "清江村", "group": "三组",
    }  # fmt: skip


def test_a_heading_of_three_levels():
    people, _ = one(
        ["人员", "", "住处", "", ""],
        ["姓名", "身份证号", "户籍", "", "现居住"],
        ["", "", "乡镇", "村", "地址"],
        ["王芳", ID, "花梨镇", "清江村", "贵阳市"],
        merged=[(1, 0, 1, 1), (1, 2, 1, 4), (2, 2, 2, 3)],
    )
    assert people == {
        4: {"name": "王芳", "id_number": ID, "township": "花梨镇", "village": "清江村", "address": "贵阳市"}
    }


THREE = [
    ["序号", "联系信息", "", "", "备注", "基本信息", "", "户籍信息", ""],
    ["", "", "紧急联系人", "", "", "", "", "", ""],
    ["", "本人电话", "姓名", "电话", "", "身份证", "姓名", "乡镇", "村"],
]
ONE_OF_THREE = [1, "10211111111", "李强", "10222222222", "", ID, "王芳", "花梨镇", "清江村"]
MERGED = [(1, 0, 3, 0), (1, 1, 1, 3), (1, 4, 3, 4), (1, 5, 1, 6), (1, 7, 1, 8), (2, 2, 2, 3)]


@pytest.mark.parametrize("merged", [MERGED, []], ids=["merged", "text"])
def test_one_group_in_the_middle_of_three_levels_is_somebody_elses(merged):
    people, _ = one(*THREE, ONE_OF_THREE, merged=merged)
    assert people == {
        4: {
            "phone": "10211111111", "contact_name": "李强", "contact_phone": "10222222222", "id_number": ID,
            "name": "王芳", "township": "花梨镇", "village": "清江村",
        }
    }  # fmt: skip


def test_three_levels_that_come_again_on_each_page_are_nobody():
    people, skipped = one(*THREE, ONE_OF_THREE, *THREE, ONE_OF_THREE, merged=MERGED)
    assert list(people) == [4, 8]
    assert people[8] == people[4]
    assert {skipped[row] for row in (5, 6, 7)} == {Why.HEADING}


def test_one_group_over_two_columns_of_a_text_file_reaches_over_them_only():
    people, _ = one(
        ["", "", "紧急联系人", "", "", ""],
        ["身份证号", "姓名", "姓名", "电话", "村", "备注"],
        [ID, "王芳", "李强", "10222222222", "清江村", "好"],
    )
    assert people[3] == {
        "id_number": ID, "name": "王芳", "contact_name": "李强", "contact_phone": "10222222222", "village": "清江村", "remark": "好",
    }  # fmt: skip


@pytest.mark.parametrize("title", ["监护人花名册", "户籍人口", "家属区居民", "居住人口登记表"])
def test_a_title_with_a_groups_word_divides_nothing(title):
    people, _ = one([title], ["序号", "姓名", "身份证号", "村", "联系电话"], [1, "王芳", ID, "清江村", "10211111111"])
    assert people[3] == {"name": "王芳", "id_number": ID, "village": "清江村", "phone": "10211111111"}


def test_where_somebody_lives_does_not_stand_for_where_they_are_registered():
    people, _ = one(
        ["姓名", "身份证号", "户籍", "", "现居住地", ""],
        ["", "", "乡镇", "村", "乡镇", "村"],
        ["王芳", ID, "花梨镇", "清江村", "龙岗镇", "石头村"],
        merged=[(1, 2, 1, 3), (1, 4, 1, 5)],
    )
    assert people[3]["village"] == "清江村"
    assert people[3]["township"] == "花梨镇"


def test_a_list_that_only_knows_the_residence_means_it():
    people, _ = one(["姓名", "身份证号", "现居住村"], ["王芳", ID, "清江村"])
    assert people[2]["village"] == "清江村"


def test_a_list_of_heads_of_households():
    people, _ = one(["户主姓名", "身份证号码", "户籍村"], ["王芳", ID, "清江村"])
    assert people[2] == {"name": "王芳", "id_number": ID, "village": "清江村"}


def test_the_heads_number_is_never_taken_for_a_members():
    with pytest.raises(NoHeading):
        one(["姓名", "户主身份证号", "村"], ["王芳", ID, "清江村"])


def test_the_heads_name_and_number_beside_a_persons_own_are_left_alone():
    people, _ = one(["户主姓名", "户主身份证号", "姓名", "身份证号"], ["李强", ID2, "王芳", ID])
    assert (people[2]["name"], people[2]["id_number"]) == ("王芳", ID)


@pytest.mark.parametrize("heading", ["组长姓名", "照护员姓名", "负责人姓名", "认证员姓名"])
def test_another_persons_name_never_fills_an_empty_one(heading):
    people, _ = one(["姓名", "身份证号", "村", heading], ["", ID, "清江村", "李强"])
    assert people[2] == {"id_number": ID, "village": "清江村"}


def test_another_persons_telephone_never_fills_an_empty_one():
    people, _ = one(["姓名", "身份证号", "联系电话", "村医电话"], ["王芳", ID, "", "10211111111"])
    assert people[2] == {"name": "王芳", "id_number": ID}


@pytest.mark.parametrize("other", ["E12345678", "", "无", "5201000123"])
def test_beside_an_id_number_the_number_of_another_paper_is_nothing(other):
    found = list(records([sheet(["姓名", "证件号码", "身份证号"], ["王芳", other, ID])], ROSTER))
    assert (found[1].cells["id_number"], found[1].twofold) == (ID, frozenset())
    found = list(records([sheet(["姓名", "身份证号", "证件号码"], ["王芳", ID, other])], ROSTER))
    assert (found[1].cells["id_number"], found[1].twofold) == (ID, frozenset())


def test_two_different_id_numbers_or_names_in_one_row_are_told():
    found = list(records([sheet(["姓名", "证件号码", "身份证号"], ["王芳", ID, ID2])], ROSTER))
    assert found[1].twofold == {"id_number"}
    found = list(records([sheet(["姓名", "身份证号", "老人姓名"], ["王芳", ID, "李强"])], ROSTER))
    assert found[1].twofold == {"name"}
    found = list(records([sheet(["姓名", "证件号码", "身份证号"], ["王芳", ID, f" {ID.lower()} "])], ROSTER))
    assert found[1].twofold == frozenset()


def test_a_column_of_village_and_group_is_the_village_only_where_there_is_no_other():
    people, _ = one(["姓名", "身份证号", "村组"], ["王芳", ID, "清江村一组"])
    assert people[2]["village"] == "清江村一组"
    people, _ = one(["村组", "村", "姓名", "身份证号"], ["一组", "清江村", "王芳", ID])
    assert (people[2]["village"], people[2]["village_group"]) == ("清江村", "一组")


def test_the_whole_way_from_the_province_down_is_the_village_where_there_is_no_other():
    people, _ = one(["姓名", "身份证号", "所属区划"], ["王芳", ID, "开阳县花梨镇清江村"])
    assert people[2]["village"] == "开阳县花梨镇清江村"
    people, _ = one(["姓名", "身份证号", "所属区划", "村"], ["王芳", ID, "开阳县", "清江村"])
    assert people[2]["village"] == "清江村"


def test_fathers_and_mothers_beside_a_child_are_left_alone():
    people, _ = one(
        ["儿童", "", "父亲", "", "监护人", ""],
        ["姓名", "身份证号", "姓名", "身份证号", "姓名", "电话"],
        ["王小芳", ID, "王强", ID2, "李秀英", "10211111111"],
    )
    assert people[3] == {"name": "王小芳", "id_number": ID, "contact_name": "李秀英", "contact_phone": "10211111111"}


def test_two_lists_side_by_side_are_both_read():
    people, _ = read(
        sheet(
            ["序号", "姓名", "身份证号", "序号", "姓名", "身份证号"], [1, "王芳", ID, 2, "李强", ID2], [3, "周兴林", ID]
        )
    )
    assert people[("S", 2)]["name"] == "王芳"
    assert people[("S（右）", 2)]["name"] == "李强"
    assert ("S（右）", 3) not in people


def test_a_merged_village_belongs_to_all_its_rows():
    people, _ = one(HEADING, [1, "王芳", ID, "清江村"], [2, "李强", ID2], [3, "周兴林", ID], merged=[(2, 3, 3, 3)])
    assert [cells.get("village") for cells in people.values()] == ["清江村", "清江村", None]


def test_a_merged_telephone_belongs_to_its_own_row_only():
    people, _ = one(
        HEADING, [1, "王芳", ID, "清江村", "10212345678"], [2, "李强", ID2, "清江村"], merged=[(2, 4, 3, 4)]
    )
    assert "phone" not in people[3]


def test_a_person_whose_name_and_number_are_merged_over_two_rows_comes_twice_as_the_same():
    people, _ = one(
        HEADING,
        [1, "王芳", ID, "清江村", "10211111111"],
        ["", "", "", "清江村", "10222222222"],
        merged=[(2, 1, 3, 1), (2, 2, 3, 2)],
    )
    assert people[3]["id_number"] == ID


def test_two_people_over_one_merged_number_do_not_share_it():
    people, _ = one(HEADING, [1, "王芳", ID], [2, "李强", ""], merged=[(2, 2, 3, 2)])
    assert "id_number" not in people[3]


def test_rows_are_counted_as_the_spreadsheet_counts_them():
    people, _ = one([], ["花名册"], [], HEADING, [], [], [1, "王芳", ID], [], [2, "李强", ID2])
    assert list(people) == [7, 9]


def test_several_sheets_have_headings_of_their_own():
    people, _ = read(
        sheet(HEADING, [1, "王芳", ID], name="花梨镇"),
        sheet(["填表说明"], ["姓名按身份证写"], name="说明"),
        sheet(["公民身份号码", "居民姓名"], [ID2, "李强"], name="龙岗镇"),
    )
    assert people[("花梨镇", 2)]["name"] == "王芳"
    assert people[("龙岗镇", 2)] == {"id_number": ID2, "name": "李强"}


def test_people_on_a_sheet_without_a_heading_are_not_lost():
    found = list(records([sheet([1, "李强", ID2], name="续"), sheet(HEADING, [1, "王芳", ID], name="花梨镇")], ROSTER))
    lost = [each for each in found if isinstance(each, Record) and not each.headed]
    assert [(each.sheet, each.row) for each in lost] == [("续", 1)]


def test_a_hidden_sheet_is_not_read_and_that_is_said():
    people, skipped = read(sheet(HEADING, [1, "王芳", ID]), sheet(HEADING, [1, "李强", ID2], name="旧", hidden=True))
    assert list(people) == [("S", 2)]
    assert skipped[("旧", 2)] is Why.HIDDEN


def test_without_any_heading_nothing_comes_out():
    with pytest.raises(NoHeading):
        read(sheet([1, "王芳", ID], [2, "李强", ID2]), sheet(["说明"]))
    with pytest.raises(NoHeading):
        read(sheet(["姓名", "电话"], ["王芳", "10212345678"]))


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("姓 名", "姓名"),
        ("＊姓名：", "姓名"),
        ("1.姓名", "姓名"),
        ("身份证\n号码", "身份证号码"),
        ("村（社区）", "村(社区)"),
        ("\ufeff姓名", "姓名"),
    ],
)
def test_headings_are_folded(written, folded):
    assert fold_heading(written) == folded


FIELDS = {
    "name": ["姓名", "姓 名", "居民姓名", "参保人姓名", "家庭成员姓名", "姓名（必填）", "被访人姓名", "Name", "姓名/Name", "持证人", "帮扶对象姓名"],
    "id_number": ["身份证号", "公民身份号码", "身份证号码", "证件号码", "居民身份证号码(18位)", "身份证（必填）", "身份证\n号码", "本人身份证号码", "ID", "ID号", "IDCard", "SFZH", "身分证号", "身份證號碼"],
    "village": ["村", "户籍村", "村（社区）", "行政村", "所属村", "村/社区", "所在村（社区）", "户籍所在村", "村/居", "建制村", "归属村", "村社"],
    "area_code": ["村代码", "户籍村代码", "行政区划代码", "区划代码", "村（社区）代码", "村级区划编码"],
    "township": ["乡镇", "乡（镇）", "乡镇（街道）", "街道", "镇", "所属乡镇", "乡", "街镇", "所在镇"],
    "group": ["组", "组别", "村民小组", "所在村民小组", "村（居）民小组"],
    "phone": ["电话", "联系电话", "手机号", "手机号码", "联系方式", "本人电话", "电话（手机）", "座机", "Tel"],
    "contact_phone": ["联系人电话", "紧急联系人电话", "家属联系电话", "子女联系方式"],
    "contact_name": ["联系人", "紧急联系人姓名", "家属姓名", "赡养人姓名", "照护人"],
    "household": ["户号", "户编号", "家庭编号"],
    "relation": ["与户主关系", "与户主的关系", "家庭关系"],
    "birth": ["出生日期", "出生年月", "出生年月日"],
    "": ["证件类型", "是否有身份证", "身份证有效期", "网格员电话", "帮扶人姓名", "开户姓名", "银行卡号", "照片", "民族", "组长姓名",
         "负责人姓名", "村支书电话", "代理人身份证号", "出生地", "姓名拼音", "按身份证填写"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "heading"), [(field, heading) for field, all_of in FIELDS.items() for heading in all_of]
)
def test_headings_in_many_spellings(field, heading):
    assert ROSTER.field_of(heading) == field


def test_a_day_in_a_row_of_words_makes_it_no_heading():
    with pytest.raises(NoHeading):
        one(["姓名", "身份证号", date(2026, 10, 1)])


WORDS = [
    "",
    "姓名",
    "身份证号",
    "村",
    "联系人",
    "电话",
    "小计",
    "合计 3",
    "填表人：王芳",
    "王芳",
    ID,
    ID2,
    "清江村",
    "1",
    "2",
    "备注",
    "户主",
    "a:b",
]
CELLS = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=6),
    st.integers(-5, 10**18),
    st.floats(allow_nan=False),
    st.dates(),
    st.booleans(),
    st.none(),
)


@given(
    st.lists(st.lists(CELLS, max_size=7), max_size=12),
    st.lists(st.tuples(st.integers(1, 10), st.integers(0, 6), st.integers(0, 4), st.integers(0, 4)), max_size=4),
    st.integers(0, 12),
)
def test_every_row_that_is_not_blank_comes_out_exactly_once(grid, spans, place):
    """Whatever stands in a sheet that has a heading somewhere: no row is lost, none is made up."""
    at = min(place, len(grid))
    grid.insert(at, HEADING)
    merged = [
        (row, column, row + down, column + right)
        for row, column, down, right in spans
        if not row <= at + 1 <= row + down  # merged over, the heading would be none
    ]
    given_rows = sheet(*grid, merged=merged)
    found = list(records([given_rows], ROSTER))
    assert sorted(each.row for each in found if "（右）" not in each.sheet) == [row for row, _ in given_rows.rows]
