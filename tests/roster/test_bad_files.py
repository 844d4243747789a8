"""A file that is no list gets one sentence and changes nothing."""

import zipfile

import pytest

from actions import spreadsheets
from models import Import, JournalEntry, Resident
from rules.problems import SpreadsheetUnreadable
from tests.roster.files import DATA, number

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def broken_workbook(folder, good):
    cut = folder / "cut.xlsx"
    cut.write_bytes(good.read_bytes()[:-2000])
    return cut


def broken_sheet(folder, good):
    """The second sheet breaks off: nothing of the first may be taken either."""
    file = folder / "half.xlsx"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[: len(content) // 2] if name.endswith("sheet2.xml") else content)
    return file


BAD = {
    "empty": (b"", "文件里没有内容。"),
    "only commas": (b"\xef\xbb\xbf,,,\r\n,,,\r\n", "文件里没有内容。"),
    "old excel": (OLE + "Workbook".encode("utf-16-le"), "这是老格式的表格（.xls）。"),
    "with a password": (OLE + "EncryptedPackage".encode("utf-16-le"), "文件加了密码，打不开。"),
    "a web page": (b"<html><table><tr><td>1</td></tr></table></html>", "这个文件是网页，不是表格。"),
    "a web page with words before it": (
        "\ufeff<!-- x -->\r\n<html><table></table></html>".encode(),
        "这个文件是网页，不是表格。",
    ),
    "a web page saved whole": (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n<x>",
        "这个文件是网页，不是表格。",
    ),
    "a quote never closed": (
        '姓名,身份证号,村,备注\r\n王芳,1,清江村,"没关\r\n李强,990101194803020017,清江村,\r\n'.encode(),
        "文件里有一处引号没有成对，后面的几行连成了一格。",
    ),
    "a pdf": (b"%PDF-1.7 something", "这个文件不是表格。"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "这个文件不是表格。"),
    "a broken zip": (b"PK\x03\x04 and nothing", "文件坏了，打不开。"),
    "bytes": (bytes(range(128, 256)) * 9, "文件里的字读不出来。"),
    "no heading": ("1,王芳,99010119480302001X\n".encode(), "没找到表头：要有姓名和身份证号两列。"),
    "a list of other things": ("事项,部门\n社保卡申领,人社局\n".encode(), "没找到表头：要有姓名和身份证号两列。"),
}


@pytest.mark.parametrize("kind", BAD)
def test_one_sentence_and_nothing_changed(take, tmp_path, kind):
    content, sentence = BAD[kind]
    file = tmp_path / "file.xlsx"
    file.write_bytes(content)
    before = Resident.select().count(), JournalEntry.select().count()
    said = take.refused("roster", file)
    assert said.startswith(f"Error: {sentence}")
    assert "\n" not in said
    assert (Resident.select().count(), JournalEntry.select().count(), Import.select().count()) == (*before, 0)


def test_a_workbook_that_breaks_off_is_not_taken_by_half(take, write, tmp_path):
    people = [["姓名", "身份证号", "村代码"], ["周兴林", number(1948, 3, 2), "520121107202"]]
    good = write({"一": people * 40, "二": people * 40})
    for bad in (broken_workbook(tmp_path, good), broken_sheet(tmp_path, good)):
        before = Resident.select().count()
        assert "文件坏了" in take.refused("roster", bad)
        assert Resident.select().count() == before


def test_a_file_that_is_not_there(take, tmp_path):
    assert "没有这个文件" in take.refused("roster", tmp_path / "none.xlsx")


def test_an_empty_workbook(take, write):
    assert "文件里没有内容" in take.refused("roster", write({"Sheet1": [], "Sheet2": []}))


def test_a_bomb_is_not_unpacked(tmp_path):
    bomb = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(1100):
            sheet.write(bytes(1_000_000))
    with pytest.raises(SpreadsheetUnreadable) as refused:
        spreadsheets.read(bomb)
    assert refused.value.why == "too-large"


def test_a_reader_that_dies_counts_as_a_broken_file(tmp_path, monkeypatch):
    killed = tmp_path / "killed.py"
    killed.write_text(
        'import os\nprint(\'{"sheet":"S","hidden":false,"merged":[]}\', flush=True)\nos.kill(os.getpid(), 9)\n'
    )
    monkeypatch.setattr(spreadsheets, "READER", killed)
    with pytest.raises(SpreadsheetUnreadable) as refused:
        spreadsheets.read(DATA / "areas-520121.csv")
    assert refused.value.why == "broken"


def test_a_reader_that_hangs_is_ended(tmp_path, monkeypatch):
    hanging = tmp_path / "hanging.py"
    hanging.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(spreadsheets, "READER", hanging)
    monkeypatch.setattr(spreadsheets, "SECONDS", 0.5)
    with pytest.raises(SpreadsheetUnreadable):
        spreadsheets.read(DATA / "areas-520121.csv")


def test_the_reader_may_write_nothing_and_takes_little_memory(tmp_path, monkeypatch):
    greedy = tmp_path / "greedy.py"
    source = spreadsheets.READER.read_text()
    leak = f"    os.write(os.open({str(tmp_path / 'leak')!r}, os.O_CREAT | os.O_WRONLY), b'x')\n    out = io"
    greedy.write_text(source.replace("    out = io", leak))
    monkeypatch.setattr(spreadsheets, "READER", greedy)
    with pytest.raises(SpreadsheetUnreadable):
        spreadsheets.read(DATA / "areas-520121.csv")
    greedy.write_text(source.replace("    out = io", "    bytearray(2_000_000_000)\n    out = io"))
    with pytest.raises(SpreadsheetUnreadable):
        spreadsheets.read(DATA / "areas-520121.csv")
