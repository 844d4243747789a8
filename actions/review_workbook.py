"""The workbook for what a list left to people: each row with its reason, a proposal, and cells to correct.

Corrected, it is imported again: its first sheet has the headings of a roster. Every cell is text, so that no ID
number loses its digits and no cell is a formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import xlsxwriter

from models import Import, ImportRow
from rules.areas import Gazetteer, Level
from rules.roster import REVIEWED, Decision, Line, Outcome, Reason
from rules.roster_words import WORTH_A_LOOK, proposals_in_words, reasons_in_words

REVIEW, DUPLICATES, NOTED, PLACES = "请改这里", "重复的行", "已导入，请看一眼", "村名和代码"
HOW = "改好后存盘，把这个文件再导入一次。已经导入的行不用管。"
#: (heading, field, width) of what can be corrected.
COLUMNS = (
    ("姓名", "name", 12), ("公民身份号码", "id_number", 22), ("村代码", "area_code", 15), ("乡镇", "township", 14),
    ("户籍村", "village", 22), ("村民小组", "group", 12), ("户号", "household", 18), ("与户主关系", "relation", 12),
    ("性别", "sex", 6), ("出生日期", "birth", 13), ("现居住地址", "address", 34), ("联系电话", "phone", 14),
    ("人群类别", "kinds", 18), ("残疾类别", "disability_kind", 10), ("残疾等级", "disability_grade", 10),
    ("联系人", "contact_name", 10), ("联系人关系", "contact_relation", 10), ("联系人电话", "contact_phone", 14),
    ("网格员", "grid_worker", 10), ("户籍地址", "registered_address", 34), ("备注", "remark", 18), ("确认", "confirm", 8),
)  # fmt: skip
FRONT = (("原表", 12), ("原行", 7), ("要看什么", 44), ("建议", 48))


class ReviewWorkbook:
    """Written row by row in little memory. Use as a context; `add` each row of an import."""

    def __init__(self, to: Path | IO[bytes], gazetteer: Gazetteer) -> None:
        options = {
            "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        }  # fmt: skip
        self._book = xlsxwriter.Workbook(str(to) if isinstance(to, Path) else to, options)
        self._gazetteer = gazetteer
        self._head = self._book.add_format({"bold": True, "bg_color": "#DCECE6", "num_format": "@", "text_wrap": True})
        self._text = self._book.add_format({"num_format": "@", "valign": "top"})
        self._wrapped = self._book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
        widths = [width for _, width in FRONT] + [width for _, _, width in COLUMNS]
        self._review = self._sheet(REVIEW, [name for name, _ in FRONT] + [name for name, _, _ in COLUMNS], widths, HOW)
        brief = ["原表", "原行", "说明", "建议", "谁", "号码末四位"]
        self._duplicates = self._sheet(DUPLICATES, brief, [12, 7, 60, 30, 12, 12])
        self._noted = self._sheet(NOTED, brief, [12, 7, 60, 30, 12, 12])
        self._next = {REVIEW: 2, DUPLICATES: 1, NOTED: 1}
        self.rows = 0

    def __enter__(self) -> ReviewWorkbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._places()
        self._book.close()

    def add(self, line: Line, decision: Decision) -> None:
        """Put a row where people look, if they should."""
        if decision.outcome is Outcome.REVIEW:
            self.add_review(line.sheet, line.row, decision.reasons, line.to_correct())
        else:
            name, tail = str(line.values.get("name", "")), line.id_number[-4:]
            self.add_noted(line.sheet, line.row, decision.outcome, decision.reasons, name, tail)

    def add_review(self, sheet: str, row: int, reasons: Sequence[Reason], cells: Mapping[str, str]) -> None:
        stops = [reason for reason in reasons if reason.code in REVIEWED]
        front = [sheet, str(row), reasons_in_words(stops), proposals_in_words(stops)]
        if "no-heading" in {reason.code for reason in reasons}:  # nobody knows which of them is a name
            cells = {"remark": "；".join(cells[key] for key in sorted(cells, key=int))}
        own = [cells.get(kept, "") for _, kept, _ in COLUMNS]
        self._write(self._review, REVIEW, [*front, *own])
        self.rows += 1

    def add_noted(self, sheet: str, row: int, outcome: str, reasons: Sequence[Reason], name: str, tail: str) -> None:
        if outcome == Outcome.DUPLICATE:
            said = [reason for reason in reasons if reason.code == "id-duplicate"]
            self._write(self._duplicates, DUPLICATES, [sheet, str(row), reasons_in_words(said), "", name, tail])
            return
        said = [reason for reason in reasons if reason.code in WORTH_A_LOOK]
        if said:
            texts = [sheet, str(row), reasons_in_words(said), proposals_in_words(said), name, tail]
            self._write(self._noted, NOTED, texts)

    def _sheet(self, name: str, headings: Sequence[str], widths: Sequence[int], title: str = "") -> Any:
        sheet = self._book.add_worksheet(name)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width, self._text)
        if title:
            sheet.write_string(0, 0, title)
        top = 1 if title else 0
        for column, heading in enumerate(headings):
            sheet.write_string(top, column, heading, self._head)
        sheet.freeze_panes(top + 1, 0)
        return sheet

    def _write(self, sheet: Any, name: str, texts: Iterable[str]) -> None:
        row = self._next[name]
        for column, text in enumerate(texts):
            if text:
                sheet.write_string(row, column, text[:32_000], self._wrapped if column in (2, 3) else self._text)
        self._next[name] = row + 1

    def _places(self) -> None:
        """The villages with their codes, to copy from."""
        sheet = self._sheet(PLACES, ["村代码", "乡镇", "村名"], [16, 20, 28])
        row = 1
        for code, area in sorted(self._gazetteer.by_code.items()):
            if area.level is Level.VILLAGE and area.in_force(self._gazetteer.on):
                above = self._gazetteer.by_code.get(area.parent)
                for column, text in enumerate((code, above.name if above else "", area.name)):
                    sheet.write_string(row, column, text, self._text)
                row += 1


def of_import(into: Import, to: IO[bytes], gazetteer: Gazetteer) -> int:
    """Write the workbook of an import that is in the database; gives how many rows wait for people."""
    with ReviewWorkbook(to, gazetteer) as book:
        rows = ImportRow.select().where(ImportRow.import_ == into.id).order_by(ImportRow.id)  # type: ignore[attr-defined]
        for kept in rows.iterator():
            facts = kept.values["facts"]
            reasons = [Reason(code, facts.get(code, "")) for code in kept.reasons]
            if kept.outcome == Outcome.REVIEW:
                book.add_review(kept.sheet, kept.row, reasons, kept.values["cells"])
            else:
                said = kept.values["cells"]
                book.add_noted(kept.sheet, kept.row, kept.outcome, reasons, said["name"], said["tail"])
    return book.rows
