"""A table of any length as a workbook on the disk, in little memory.

Its cells are text or dates and nothing else: no text of somebody's becomes a formula, a link or a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from rules.days import CHINA

Cell = str | datetime  # an instant is aware, and shown as of Shanghai
SHEET_ROWS = 1_048_575  # a sheet holds one more: its heading
MOST_LETTERS = 32_767  # in a cell


@dataclass(frozen=True)
class Table:
    """Headings with their widths, and the rows, a part at a time. `count` asks how many there are, as far as is known."""

    name: str
    columns: Sequence[tuple[str, int]]
    count: Callable[[], int]
    parts: Iterator[list[list[Cell]]]


def write(table: Table, to: Path, *, tell: Callable[[int], None]) -> int:
    """Write the table beside which its own pieces lie meanwhile, in plain; gives how many rows it has."""
    options = {
        "constant_memory": True, "tmpdir": str(to.parent), "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False,
    }  # fmt: skip
    book = xlsxwriter.Workbook(str(to), options)
    sheets = _Sheets(book, table)
    done = 0
    for part in table.parts:
        for cells in part:
            sheets.add(cells)
        done += len(part)
        tell(done)
    sheets.end()
    book.close()
    return done


class _Sheets:
    """One sheet after another: where one is full, the rows go on in the next."""

    def __init__(self, book: Any, table: Table) -> None:
        self._book, self._table = book, table
        self._head = book.add_format({"bold": True, "bg_color": "#DCECE6", "valign": "top"})
        self._text = book.add_format({"num_format": "@", "valign": "top"})
        self._when = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left", "valign": "top"})
        self._count = 0
        self._begin()

    def add(self, cells: Sequence[Cell]) -> None:
        if self._row == SHEET_ROWS:
            self.end()
            self._begin()
        self._row += 1
        for column, cell in enumerate(cells):
            if isinstance(cell, datetime):
                there = cell.astimezone(CHINA).replace(second=0, microsecond=0, tzinfo=None)
                self._sheet.write_datetime(self._row, column, there, self._when)
            elif cell:
                self._sheet.write_string(self._row, column, cell[:MOST_LETTERS], self._text)

    def end(self) -> None:
        self._sheet.autofilter(0, 0, self._row, len(self._table.columns) - 1)

    def _begin(self) -> None:
        self._count += 1
        name = self._table.name if self._count == 1 else f"{self._table.name} {self._count}"
        self._sheet = self._book.add_worksheet(name)
        self._row = 0
        for column, (heading, width) in enumerate(self._table.columns):
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(0, column, heading, self._head)
        self._sheet.freeze_panes(1, 0)
