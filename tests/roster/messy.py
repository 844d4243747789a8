"""Rosters as township offices keep them, each with the truth about every row, made from fictional people.

Each layout writes a real file; each defect spoils one row and says what must become of it. The truth is written
down by what was done to the row, never by asking the importer.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

from rules.id_numbers import check_character

SURNAMES = "王李张刘陈杨黄吴赵周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹"
GIVEN = (
    "桂兰 秀英 国华 兴林 建国 玉珍 光明 志强 德明 凤英 正英 朝贵 天云 永福 登科 素珍 淑芬 世才 文华 小红 龑 𬭎".split()
)
GROUPS = ["一组", "二组", "三组", "大寨组", "水井组"]
FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
EPOCH = date(1899, 12, 30)


@dataclass
class Row:
    """One row to be written: the cells by field, and what must become of it."""

    cells: dict[str, Any]
    id_number: str
    area: str
    outcome: str = "imported"
    defects: list[str] = field(default_factory=list)
    sheet: str = ""
    row: int = 0


@dataclass(frozen=True)
class Village:
    code: str
    name: str
    township: str
    namesakes: int


def villages(areas: Path) -> list[Village]:
    with areas.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {row["code"]: row["name"] for row in rows}
    found = [row for row in rows if row["level"] == "village"]
    count = {row["name"]: sum(r["name"] == row["name"] for r in found) for row in found}
    return [Village(r["code"], r["name"], names[r["parent_code"]], count[r["name"]]) for r in found]


class People:
    """Makes fictional people; no ID number comes twice."""

    def __init__(self, seed: int, prefix: int = 990301) -> None:
        self.random = random.Random(f"people {seed}")
        self.prefix = prefix
        self.used: set[str] = set()

    def row(self, village: Village, number: int) -> Row:
        draw = self.random
        born = date(1930, 1, 1) + timedelta(days=draw.randrange(30_000))
        sex = draw.choice("男女")
        while True:
            body = f"{self.prefix}{born:%Y%m%d}{draw.randrange(5, 490) * 2 + (sex == '男'):03d}"
            id_number = body + check_character(body)
            if id_number not in self.used:
                break
        self.used.add(id_number)
        cells = {
            "name": draw.choice(SURNAMES) + draw.choice(GIVEN), "id": id_number, "sex": sex, "birth": born,
            "code": village.code, "township": village.township, "village": village.name, "group": draw.choice(GROUPS),
            "house": f"{village.code}{number // 3:04d}", "relation": "户主" if number % 3 == 0 else "家庭成员",
            "phone": f"102{draw.randrange(10**8):08d}", "kinds": draw.choice(["", "", "独居", "高龄、独居"]),
            "contact": draw.choice(SURNAMES) + draw.choice(GIVEN), "contact_phone": f"102{draw.randrange(10**8):08d}",
        }  # fmt: skip
        return Row(cells, id_number, village.code)


# ---- defects: each changes a row and gives its outcome, or None where it does not apply

Defect = Callable[[Row, random.Random], str | None]


def _id(change: Callable[[str, random.Random], Any], outcome: str = "imported") -> Defect:
    def spoil(row: Row, draw: random.Random) -> str | None:
        new = change(row.id_number, draw)
        if new is None:
            return None
        row.cells["id"] = new
        return outcome

    return spoil


def _fifteen(text: str, draw: random.Random) -> str | None:
    return text[:6] + text[8:17] if text[6:8] == "19" and text[14:17] < "996" else None


def _swapped(text: str, draw: random.Random) -> str | None:
    place = draw.randrange(10, 16)
    return None if text[place] == text[place + 1] else text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _wrong_check(text: str, draw: random.Random) -> str:
    return text[:17] + draw.choice([c for c in "0123456789X" if c != text[17]])


def _lost_digits(text: str, draw: random.Random) -> int | None:
    return int(
        text[:15] + "000"
    )  # a number cell; in a text file the reader cannot know, so it is only used in workbooks


def _lost_but_fits(text: str, draw: random.Random) -> int | None:
    """Digits lost in a number cell, and yet the check character fits."""
    for order in range(100, 1000, 100):
        body = text[:14] + f"{order:03d}"
        if check_character(body) == "0":
            return int(body + "0")
    return None


def _name(change: Callable[[str, random.Random], str], outcome: str) -> Defect:
    def spoil(row: Row, draw: random.Random) -> str | None:
        row.cells["name"] = change(row.cells["name"], draw)
        return outcome

    return spoil


def _village(code: bool, township: bool, name: Callable[[Village], str], outcome: str = "imported") -> Defect:
    def spoil(row: Row, draw: random.Random) -> str | None:
        village = Village(row.area, row.cells["village"], row.cells["township"], row.cells.get("namesakes", 1))
        if not code:
            row.cells["code"] = ""
        if not township:
            row.cells["township"] = ""
        row.cells["village"] = name(village)
        if not code and not township and name(village) == village.name and village.namesakes > 1:
            return "review"
        return outcome

    return spoil


def _birth(change: Callable[[date], Any]) -> Defect:
    def spoil(row: Row, draw: random.Random) -> str | None:
        row.cells["birth"] = change(row.cells["birth"])
        return "imported"

    return spoil


def _phone(change: Callable[[str], Any]) -> Defect:
    def spoil(row: Row, draw: random.Random) -> str | None:
        row.cells["phone"] = change(row.cells["phone"])
        return "imported"

    return spoil


#: name → (defect, the fields it touches)
DEFECTS: dict[str, tuple[Defect, frozenset[str]]] = {
    "id full width": (_id(lambda t, _: t.translate(FULL_WIDTH)), frozenset({"id"})),
    "id in pieces": (_id(lambda t, _: f"{t[:6]} {t[6:14]}\u3000{t[14:]}"), frozenset({"id"})),
    "id with invisible characters": (_id(lambda t, _: f"\ufeff{t[:9]}\u200b{t[9:]}\u202c"), frozenset({"id"})),
    "id with apostrophe": (_id(lambda t, _: "'" + t), frozenset({"id"})),
    "id with line break": (_id(lambda t, _: t + "\n"), frozenset({"id"})),
    "id in lower case": (_id(lambda t, _: t.lower() if t.endswith("X") else None), frozenset({"id"})),
    "id of 15": (_id(_fifteen), frozenset({"id"})),
    "id swapped": (_id(_swapped, "review"), frozenset({"id"})),
    "id wrong check": (_id(_wrong_check, "review"), frozenset({"id"})),
    "id of 17": (_id(lambda t, _: t[:-1], "review"), frozenset({"id"})),
    "id missing": (_id(lambda t, d: d.choice(["", "无", "待补", "/"]), "review"), frozenset({"id"})),
    "id scientific": (_id(lambda t, _: f"{t[0]}.{t[1:6]}E+17", "review"), frozenset({"id"})),
    "id lost digits": (_id(_lost_digits, "review"), frozenset({"id"})),
    "id lost digits but fits": (_id(_lost_but_fits, "review"), frozenset({"id"})),
    "id with remark": (_id(lambda t, _: t + "（老证）", "review"), frozenset({"id"})),
    "name with space": (_name(lambda t, _: f"{t[0]}　{t[1:]} ", "imported"), frozenset({"name"})),
    "name missing": (_name(lambda t, _: "", "review"), frozenset({"name"})),
    "name with remark": (
        _name(lambda t, d: t + d.choice(["（已故）", "(迁出)", "？", "[重复]", " 已故", "2"]), "review"), frozenset({"name"}),
    ),
    "birth in words": (_birth(lambda d: f"{d.year}年{d.month}月{d.day}日"), frozenset({"birth"})),
    "birth with dots": (_birth(lambda d: f"{d.year}.{d.month}.{d.day}"), frozenset({"birth"})),
    "birth with slashes": (_birth(lambda d: f"{d:%Y/%m/%d}"), frozenset({"birth"})),
    "birth compact": (_birth(lambda d: f"{d:%Y%m%d}"), frozenset({"birth"})),
    "birth serial": (_birth(lambda d: (d - EPOCH).days), frozenset({"birth"})),
    "birth lunar": (_birth(lambda d: d - timedelta(days=33)), frozenset({"birth"})),
    "birth missing": (_birth(lambda d: ""), frozenset({"birth"})),
    "phone +86": (_phone(lambda t: "+86 " + t), frozenset({"phone"})),
    "phone in pieces": (_phone(lambda t: f"{t[:3]}-{t[3:7]}-{t[7:]}"), frozenset({"phone"})),
    "phone number cell": (_phone(int), frozenset({"phone"})),
    "phone short": (_phone(lambda t: t[:-1]), frozenset({"phone"})),
    "phones two": (_phone(lambda t: t + "/10299999999"), frozenset({"phone"})),
    "village code only": (_village(True, False, lambda v: ""), frozenset({"place"})),
    "village code number cell": (
        lambda row, draw: row.cells.update(code=int(row.area)) or "imported", frozenset({"place"}),
    ),
    "village name and township": (_village(False, True, lambda v: v.name), frozenset({"place"})),
    "village name with township in it": (_village(False, False, lambda v: v.township + v.name), frozenset({"place"})),
    "village name alone": (_village(False, False, lambda v: v.name), frozenset({"place"})),
    "village missing": (_village(False, True, lambda v: "", "review"), frozenset({"place"})),
    "village unknown": (_village(False, False, lambda v: "滚水坝村", "review"), frozenset({"place"})),
    "village in another township": (
        _village(False, False, lambda v: ("龙水乡" if v.township != "龙水乡" else "宅吉乡") + v.name, "review"), frozenset({"place"}),
    ),
    "village code scientific": (
        lambda row, draw: row.cells.update(code=f"{row.area[0]}.{row.area[1:6]}E+11") or "imported", frozenset({"place"}),
    ),
    "sex otherwise": (lambda row, draw: row.cells.update(sex="男" if row.cells["sex"] == "女" else "女") or "imported", frozenset({"sex"})),
}  # fmt: skip
ONLY_IN_WORKBOOKS = {
    "id lost digits",
    "id lost digits but fits",
    "birth serial",
    "phone number cell",
    "village code number cell",
}


def made(
    places: Sequence[Village], count: int, *, seed: int, rate: float = 0.35, without: frozenset[str] = frozenset(),
    prefix: int = 990301,
) -> list[Row]:  # fmt: skip
    """`count` rows in the order of their villages; a share of them spoilt, some of them there twice."""
    draw, people = random.Random(seed), People(seed, prefix)
    chosen = sorted(draw.choices(places, k=count), key=lambda v: v.code)
    rows: list[Row] = []
    for number, village in enumerate(chosen):
        row = people.row(village, number)
        row.cells["namesakes"] = village.namesakes
        if draw.random() < rate:
            _spoil(row, draw, without)
        rows.append(row)
        if draw.random() < 0.03 and row.outcome == "imported":
            again = Row(dict(row.cells), row.id_number, row.area, "duplicate", ["again"])
            again.cells["phone"] = "10200000000"
            rows.append(again)
    return rows


def _spoil(row: Row, draw: random.Random, without: frozenset[str]) -> None:
    touched: set[str] = set()
    for name in draw.sample(sorted(DEFECTS), 4):
        defect, fields = DEFECTS[name]
        if name in without or touched & fields or len(row.defects) == 2:
            continue
        outcome = defect(row, draw)
        if outcome is None:
            continue
        touched |= fields
        row.defects.append(name)
        if outcome == "review":
            row.outcome = "review"


# ---- layouts

HEADINGS = {
    "name": ("姓名", "姓 名", "居民姓名", "*姓名"),
    "id": ("身份证号", "公民身份号码", "身份证号码", "证件号码", "身份证\n号码", "居民身份证号码"),
    "sex": ("性别",), "birth": ("出生日期", "出生年月"), "code": ("村代码", "户籍村代码", "行政区划代码"),
    "township": ("乡镇", "乡镇（街道）", "所属乡镇"), "village": ("村", "户籍村", "村（社区）", "所属村", "行政村"),
    "group": ("组", "村民小组", "组别"), "house": ("户号", "户编号"), "relation": ("与户主关系",),
    "phone": ("电话", "联系电话", "手机号码", "本人电话"), "kinds": ("人群类别", "人员类别"),
    "contact": ("联系人", "紧急联系人"), "contact_phone": ("联系人电话", "紧急联系电话"),
}  # fmt: skip
ORDER = tuple(HEADINGS)


class Book:
    """Writes a workbook cell by cell and tells each row where it came to stand."""

    def __init__(self, path: Path) -> None:
        self.book = xlsxwriter.Workbook(str(path), {"strings_to_numbers": False, "strings_to_formulas": False})
        self.day = self.book.add_format({"num_format": "yyyy/m/d"})
        self.sheet: Any = None
        self.name = ""
        self.next = 0

    def begin(self, name: str) -> None:
        self.sheet, self.name, self.next = self.book.add_worksheet(name), name, 0

    def line(self, cells: Sequence[Any]) -> int:
        for column, cell in enumerate(cells):
            if isinstance(cell, date):
                self.sheet.write_datetime(self.next, column, cell, self.day)
            elif isinstance(cell, int):
                self.sheet.write_number(self.next, column, cell)
            elif cell:
                self.sheet.write_string(self.next, column, cell)
        self.next += 1
        return self.next

    def put(self, row: Row, order: Sequence[str], number: int | None = None) -> None:
        cells = [row.cells[name] for name in order]
        row.sheet, row.row = self.name, self.line([number, *cells] if number is not None else cells)

    def close(self) -> None:
        self.book.close()


def headings(draw: random.Random, order: Sequence[str] = ORDER) -> list[str]:
    return [draw.choice(HEADINGS[name]) for name in order]


def titled(path: Path, rows: list[Row], draw: random.Random) -> None:
    """Title rows, other heading names, another order of columns, numbers in front, remarks and blank lines behind."""
    order = ["name", "id", *draw.sample(ORDER[2:], len(ORDER) - 2)]
    book = Book(path)
    book.begin("花名册")
    book.line(["开阳县居民基本信息花名册（2026年）"])
    book.line(["填报单位：开阳县政务服务中心", "", "", "", "填报日期：2026年10月31日"])
    book.line(["序号", *headings(draw, order)])
    book.line(list(range(1, len(order) + 2)))
    for number, row in enumerate(rows, 1):
        if number % 37 == 0:
            book.next += 1  # a blank line
        book.put(row, order, number)
    book.next += 2
    book.line(["填表人：王芳", "", "审核人：李强"])
    book.line(["注：本表由各村填报，截至2026年10月。"])
    book.close()


def two_levels(path: Path, rows: list[Row], draw: random.Random) -> None:
    """A heading of two levels with merged groups, where two columns are called 姓名 and two 电话."""
    book = Book(path)
    book.begin("Sheet1")
    book.line(["2026年人口信息采集表"])
    book.line(
        [
            "序号",
            "基本信息",
            "",
            "",
            "",
            "户籍信息",
            "",
            "",
            "",
            "",
            "联系方式",
            "紧急联系人",
            "",
            "人群类别",
            "与户主关系",
        ]
    )
    book.line(
        [
            "",
            "姓名",
            "身份证号码",
            "性别",
            "出生年月日",
            "乡镇",
            "村",
            "村代码",
            "组",
            "户号",
            "本人电话",
            "姓名",
            "电话",
            "",
            "",
        ]
    )
    for first, last in ((1, 4), (5, 9), (11, 12)):
        book.sheet.merge_range(1, first, 1, last, "")
        book.sheet.write_string(1, first, {1: "基本信息", 5: "户籍信息", 11: "紧急联系人"}[first])
    for column in (0, 13, 14):
        book.sheet.merge_range(1, column, 2, column, {0: "序号", 13: "人群类别", 14: "与户主关系"}[column])
    order = (
        "name", "id", "sex", "birth", "township", "village", "code", "group", "house", "phone", "contact",
        "contact_phone", "kinds", "relation",
    )  # fmt: skip
    for number, row in enumerate(rows, 1):
        book.put(row, order, number)
    book.close()


def by_village(path: Path, rows: list[Row], draw: random.Random) -> None:
    """Village cells merged over their people, a subtotal after each village, the heading again on each printed page."""
    book = Book(path)
    book.begin("汇总")
    order = ("code", "township", "village", *(n for n in ORDER if n not in ("code", "township", "village")))
    names = headings(draw, order)
    book.line(names)
    start = 0
    while start < len(rows):
        area = rows[start].area
        end = start
        while end < len(rows) and rows[end].area == area:
            end += 1
        first = book.next
        for row in rows[start:end]:
            book.put(row, order)
        whole = [rows[start].cells["code"], rows[start].cells["township"], rows[start].cells["village"]]
        if end - start > 1:
            for column, cell in enumerate(whole):
                book.sheet.merge_range(first, column, book.next - 1, column, cell)
        book.line(["", "小计", "", f"{end - start}人"])
        if draw.random() < 0.3:
            book.line(names)
        start = end
    book.line(["合计", "", "", str(len(rows))])
    book.close()


def several_sheets(path: Path, rows: list[Row], draw: random.Random) -> None:
    """A sheet for each township with headings of its own, a sheet of remarks in front, an empty one behind."""
    book = Book(path)
    book.begin("填表说明")
    book.line(["填表说明"])
    book.line(["1", "姓名按身份证填写"])
    townships: dict[str, list[Row]] = {}
    for row in rows:
        townships.setdefault(row.area[:9], []).append(row)
    for number, found in enumerate(townships.values(), 1):
        book.begin(f"{number}乡镇")
        order = draw.sample(ORDER, len(ORDER))
        if number % 2:
            book.line([f"第{number}个乡镇花名册"])
        book.line(headings(draw, order))
        for row in found:
            book.put(row, order)
    book.begin("Sheet9")
    book.close()


def text(path: Path, rows: list[Row], draw: random.Random, encoding: str, delimiter: str = ",") -> None:
    """A text file, as Excel and WPS save it."""
    order = draw.sample(ORDER, len(ORDER))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["开阳县花名册"] + [""] * (len(order) - 1))
        writer.writerow(headings(draw, order))
        for number, row in enumerate(rows, 3):
            writer.writerow([row.cells[name] for name in order])
            row.sheet, row.row = "", number
        for _ in range(5):
            writer.writerow([""] * len(order))


LAYOUTS: dict[str, Callable[[Path, list[Row], random.Random], None]] = {
    "titled.xlsx": titled,
    "two_levels.xlsx": two_levels,
    "several_sheets.xlsx": several_sheets,
    "by_village.xlsx": by_village,
    "utf-8-sig.csv": lambda path, rows, draw: text(path, rows, draw, "utf-8-sig"),
    "utf-8.csv": lambda path, rows, draw: text(path, rows, draw, "utf-8"),
    "gb18030.csv": lambda path, rows, draw: text(path, rows, draw, "gb18030"),
    "utf-16.csv": lambda path, rows, draw: text(path, rows, draw, "utf-16", "\t"),
    "semicolons.csv": lambda path, rows, draw: text(path, rows, draw, "utf-8", ";"),
}
#: Defects a layout cannot carry: text has no number cells, merged villages all say the same.
NOT_IN = {
    "by_village.xlsx": frozenset(name for name, (_, fields) in DEFECTS.items() if "place" in fields),
    **{name: frozenset(ONLY_IN_WORKBOOKS) for name in LAYOUTS if name.endswith(".csv")},
}
