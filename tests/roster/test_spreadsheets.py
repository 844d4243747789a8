"""Opening what offices send: number cells stay numbers, days days, and one forgotten space fills no memory."""

import random
import subprocess
import sys
from datetime import date

import pytest
import xlsxwriter

from actions import spreadsheets
from tests.roster import messy
from tests.roster.files import DATA, number, write_book
from tests.support.cast import VILLAGE

HEADING = ["姓名", "身份证号", "村代码"]


def read(path):
    return {sheet.name: list(sheet.rows) for sheet in spreadsheets.read(path).sheets()}


def test_blank_rows_and_columns_before_a_list_are_counted_either_way(tmp_path):
    file = write_book(tmp_path / "a.xlsx", {"一": [[], [], ["", "", "姓名"], [], ["", "", "王芳"]]})
    assert said(file) == said(file, "--stream")
    assert said(file)[1:3] == ['[3,[null,null,"姓名"]]', '[5,[null,null,"王芳"]]']


def said(path, *options):
    """What the reader prints."""
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-I", str(spreadsheets.READER), *options], stdin=file, capture_output=True, check=True
        )
    return done.stdout.decode().splitlines()


def test_text_stays_text_numbers_numbers_and_days_days(tmp_path):
    file = write_book(
        tmp_path / "a.xlsx", {"一": [["0012", 12, 1.5, date(1948, 3, 2), "", "x"]], "二": [], "三": [[], [], ["y"]]}
    )
    assert read(file) == {"一": [(1, ["0012", 12, 1.5, date(1948, 3, 2), None, "x"])], "二": [], "三": [(3, ["y"])]}


def test_a_list_that_does_not_begin_in_the_first_cell(tmp_path):
    file = write_book(tmp_path / "a.xlsx", {"一": [[], ["", "", "姓名"], ["", "", "王芳"]]})
    assert read(file) == {"一": [(2, [None, None, "姓名"]), (3, [None, None, "王芳"])]}


def test_merged_cells_are_told(tmp_path):
    file = write_book(
        tmp_path / "a.xlsx", {"一": [["村", "名"], ["清江村", "王芳"], ["", "李强"]]}, merged=[(1, 0, 2, 0)]
    )
    sheet = next(spreadsheets.read(file).sheets())
    assert list(sheet.merged) == [(2, 0, 3, 0)]


TEXTS = [
    ("utf-8", ","), ("utf-8-sig", ","), ("gb18030", ","), ("gbk", "\t"), ("utf-16", "\t"), ("utf-8", ";"), ("gb18030", "，"), ("utf-8", "|"),
    ("utf-16-le", ","), ("utf-16-be", ";"),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "delimiter"), TEXTS)
def test_text_files_as_excel_and_wps_save_them(tmp_path, encoding, delimiter):
    file = tmp_path / "a.csv"
    lines = [["姓名", '"身份证\n号码"', "村"], [], ["王芳", "0012", "清江村"]]
    file.write_bytes("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    assert read(file) == {"": [(1, ["姓名", "身份证\n号码", "村"]), (3, ["王芳", "0012", "清江村"])]}


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_broken_character_is_one_rows_affair(take, county, tmp_path, encoding):
    lines = [f"王芳,{number(1950, 1, n)},520121107202,\r\n" for n in range(1, 20)]
    text = "姓名,身份证号,村代码,备注\r\n" + "".join(lines)
    broken = f"?李,{number(1951, 1, 1)},520121107202,\r\n".encode(encoding).replace(b"?", b"\xff")
    file = tmp_path / "a.csv"
    file.write_bytes(text.encode(encoding) + broken + f"赵敏,{number(1952, 1, 1)},520121107202\0,\r\n".encode(encoding))
    outcomes = [(row["outcome"], row["reasons"]) for row in take.rows(file)]
    assert outcomes == [*[("imported", [])] * 19, ("review", ["name-unreadable"]), ("imported", [])]


@pytest.mark.parametrize("mark", ["，", ";", "|"])
def test_a_long_remark_on_top_does_not_decide_what_sets_cells_apart(tmp_path, mark):
    file = tmp_path / "a.csv"
    remark = mark.join(["填表说明"] * 9)
    file.write_text(f"{remark}\n姓名,身份证号,村\n王芳,1,清江村\n李强,2,清江村\n", encoding="utf-8")
    assert read(file)[""][1:] == [
        (2, ["姓名", "身份证号", "村"]),
        (3, ["王芳", "1", "清江村"]),
        (4, ["李强", "2", "清江村"]),
    ]


def test_several_lines_in_one_cell_stay_there(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('姓名,身份证号,村,备注\n王芳,1,清江村,"搬过家\n990101194803020017\n现住, 二组"\n', encoding="utf-8")
    assert [row for row, _ in read(file)[""]] == [1, 2]


def test_a_workbook_called_csv_and_a_text_called_xlsx(tmp_path):
    book = write_book(tmp_path / "a.xlsx", {"一": [["姓名"]]})
    (tmp_path / "b.csv").write_bytes(book.read_bytes())
    (tmp_path / "c.xlsx").write_text("姓名,村\n王芳,清江村\n", encoding="utf-8")
    assert list(read(tmp_path / "b.csv").values()) == [[(1, ["姓名"])]]
    assert read(tmp_path / "c.xlsx") == {"": [(1, ["姓名", "村"]), (2, ["王芳", "清江村"])]}


@pytest.mark.parametrize("column", [16383, 600])
def test_a_space_forgotten_in_the_last_column_fills_no_memory(take, county, tmp_path, column):
    book = xlsxwriter.Workbook(str(tmp_path / "stray.xlsx"))
    sheet = book.add_worksheet("花名册")
    sheet.write_row(0, 0, HEADING)
    for row in range(1, 31):
        sheet.write_row(row, 0, ["周国华", number(1930 + row, 1, 1), VILLAGE])
    sheet.write_string(9000, column, " ")
    book.close()
    assert take("roster", tmp_path / "stray.xlsx", "--dry-run")["imported"] == 30


@pytest.mark.parametrize("layout", [name for name in messy.LAYOUTS if name.endswith("xlsx")])
def test_cell_by_cell_a_workbook_reads_the_same(tmp_path, layout):
    rows = messy.made(messy.villages(DATA / "areas-520121.csv"), 80, seed=5)
    messy.LAYOUTS[layout](tmp_path / layout, rows, random.Random(5))
    assert said(tmp_path / layout, "--stream") == said(tmp_path / layout)
