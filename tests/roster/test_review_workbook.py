"""What a list leaves to people goes into a workbook: with the row, the reason, a proposal, and room to correct."""

import io
import zipfile
from pathlib import Path

import pytest

from actions import areas, review_workbook, spreadsheets
from models import Import, Resident
from rules.days import day_of
from rules.tables import text_of
from tests.roster.files import number, write_book
from tests.support.cast import CAST, NOW, VILLAGE

HEADING = ["姓名", "公民身份号码", "户籍村代码", "户籍村", "联系电话"]
WANG = number(1950, 5, 6, 802)
LOST = 990101195005060000


@pytest.fixture
def reviewed(take, write, county, tmp_path):
    """Import these rows; give the review workbook's sheets as rows of text."""

    def done(*rows, kind="xlsx"):
        file = write([HEADING, *rows])
        take("roster", file, "--report", str(tmp_path / "review.xlsx"))
        return sheets_of(tmp_path / "review.xlsx")

    return done


def sheets_of(path: Path) -> dict[str, list[list[str]]]:
    found = {}
    for sheet in spreadsheets.read(path).sheets():
        found[sheet.name] = [[text_of(cell) for cell in cells] for _, cells in sheet.rows]
    return found


def column(rows, name):
    place = rows[1].index(name)
    return [row[place] if place < len(row) else "" for row in rows[2:]]


def test_the_row_the_reason_and_a_proposal(reviewed):
    sheets = reviewed(
        ["王芳", WANG, VILLAGE],
        ["李强（已故）", number(1951, 1, 1), VILLAGE],
        ["周兴林", number(1952, 1, 1), "", "石头村"],
    )
    rows = sheets[review_workbook.REVIEW]
    assert rows[0] == [review_workbook.HOW]
    assert column(rows, "原行") == ["3", "4"]
    assert column(rows, "要看什么") == [
        "姓名里夹着别的字。",
        "同名的村不止一个：云开街道石头村、高寨苗族布依族乡石头村。",
    ]
    assert "例如：李强" in column(rows, "建议")[0]
    assert "请写明是哪个乡镇的" in column(rows, "建议")[1]
    assert column(rows, "姓名") == ["李强（已故）", "周兴林"]
    assert ["520121002203", "云开街道", "石头村"] in sheets[review_workbook.PLACES]


def test_corrected_it_is_imported_again(reviewed, take, tmp_path):
    sheets = reviewed(
        ["李强（已故）", number(1951, 1, 1), VILLAGE, "", "10211111111"],
        ["周兴林", number(1952, 1, 1), "", "石头村"],
        ["王芳", LOST, VILLAGE],
        ["", number(1953, 1, 1), VILLAGE],
    )
    rows = sheets[review_workbook.REVIEW]
    assert take("roster", tmp_path / "review.xlsx")["review"] == 4  # nobody corrected anything yet

    heading = rows[1]
    lines = [[*row, *[""] * (len(heading) - len(row))] for row in rows[2:]]
    lines[0][heading.index("姓名")] = "李强"
    lines[1][heading.index("乡镇")] = "云开街道"
    lines[2][heading.index("公民身份号码")] = WANG
    file = write_book(tmp_path / "corrected.xlsx", {review_workbook.REVIEW: [rows[0], heading, *lines]})
    said = take("roster", file)
    assert (said["imported"], said["review"]) == (3, 1)
    assert Resident.get(Resident.name == "李强").phone == "10211111111"
    assert Resident.get(Resident.name == "周兴林", Resident.area == "520121002203")


def test_lost_digits_are_shown_but_never_offered_as_a_number(reviewed, take, tmp_path):
    sheets = reviewed(["王芳", LOST, VILLAGE])
    rows = sheets[review_workbook.REVIEW]
    assert column(rows, "公民身份号码") == [""]
    assert str(LOST) in column(rows, "要看什么")[0]
    again = take.rows(tmp_path / "review.xlsx")[0]
    assert (again["outcome"], again["reasons"]) == ("review", ["id-missing"])


def test_a_village_that_the_registered_address_told_is_still_told(take, write, county, tmp_path):
    heading = ["姓名", "公民身份号码", "户籍地址", "联系人", "与本人关系", "联系人电话"]
    address = "开阳县花梨镇清江村大寨组12号"
    listed = ["李强（已故）", number(1951, 1, 1), address, "王芳", "女", "10211111111"]
    take("roster", write([heading, listed]), "--report", str(tmp_path / "review.xlsx"))
    rows = sheets_of(tmp_path / "review.xlsx")[review_workbook.REVIEW]
    assert (column(rows, "村代码"), column(rows, "村民小组")) == (["520121107202"], ["大寨组"])
    rows[2][rows[1].index("姓名")] = "李强"
    said = take.rows(write_book(tmp_path / "right.xlsx", {"请改这里": rows}))
    assert [(row["outcome"], row["area_code"]) for row in said] == [("imported", "520121107202")]
    person = Resident.get(Resident.name == "李强", Resident.area == "520121107202")
    assert (person.group, person.helper["relation"]) == ("大寨组", "女")


def test_a_name_that_does_not_fit_is_taken_once_somebody_says_yes(reviewed, take, tmp_path):
    chen = CAST.chen_guilan
    rows = reviewed(["王小芳", chen.id_number, VILLAGE])[review_workbook.REVIEW]
    assert chen.name in column(rows, "要看什么")[0]
    heading, line = rows[1], rows[2]
    line = [*line, *[""] * (len(heading) - len(line))]
    line[heading.index("确认")] = "是"
    said = take("roster", write_book(tmp_path / "yes.xlsx", {"请改这里": [heading, line]}))
    assert said["updated"] == 1
    assert Resident.get_by_id(chen.id).name == "王小芳"


def test_duplicates_and_notes_stand_on_sheets_of_their_own_without_numbers(reviewed, tmp_path):
    sheets = reviewed(["王芳", WANG, VILLAGE, "", "1021234"], ["王芳", WANG, VILLAGE])
    assert len(sheets[review_workbook.REVIEW]) == 2
    assert sheets[review_workbook.DUPLICATES][1][:3] == ["花名册", "3", "和第 2 行是同一个身份证号，只用了前一行。"]
    noted = sheets[review_workbook.NOTED][1]
    assert noted[1:3] == ["2", "电话“1021234”不是完整的号码，没有记。"]
    assert WANG not in str(sheets)


def test_nothing_in_it_becomes_a_formula_or_a_link(reviewed, tmp_path):
    reviewed(['=HYPERLINK("http://x","y")', WANG, VILLAGE], ["@SUM(1)", "+1", VILLAGE], ["http://x", "-1", VILLAGE])
    with zipfile.ZipFile(tmp_path / "review.xlsx") as archive:
        for name in archive.namelist():
            if "worksheets" in name:
                content = archive.read(name)
                assert b"<f>" not in content
                assert b"hyperlink" not in content


def test_rows_that_no_heading_explains_are_there_too(take, write, county, tmp_path):
    file = write({"花名册": [HEADING, ["王芳", WANG, VILLAGE]], "续": [["李强", number(1951, 1, 1), VILLAGE]]})
    said = take("roster", file, "--report", str(tmp_path / "review.xlsx"))
    assert (said["imported"], said["review"]) == (1, 1)
    rows = sheets_of(tmp_path / "review.xlsx")[review_workbook.REVIEW]
    assert column(rows, "要看什么") == ["这一页没有表头，不知道每一列是什么。"]
    assert column(rows, "原表") == ["续"]
    assert column(rows, "备注") == [f"李强；{number(1951, 1, 1)}；{VILLAGE}"]


def test_the_same_workbook_can_be_made_again_from_the_database(reviewed, tmp_path):
    sheets = reviewed(
        ["李强（已故）", number(1951, 1, 1), VILLAGE],
        ["王芳", LOST, VILLAGE],
        ["王芳", WANG, VILLAGE, "", "1021234"],
        ["王芳", WANG, VILLAGE],
    )
    out = io.BytesIO()
    waiting = review_workbook.of_import(Import.get(), out, areas.gazetteer(day_of(NOW)))
    assert waiting == 2
    (tmp_path / "again.xlsx").write_bytes(out.getvalue())
    assert sheets_of(tmp_path / "again.xlsx") == sheets
