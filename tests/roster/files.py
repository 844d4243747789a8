"""Lists as files, made for a test: fictional people, real workbooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from rules.id_numbers import check_character

DATA = Path(__file__).parents[2] / "data"


def number(year: int, month: int, day: int, order: int = 801) -> str:
    """A fictional person's ID number; an odd order is a man's."""
    body = f"990101{year:04d}{month:02d}{day:02d}{order:03d}"
    return body + check_character(body)


def write_book(
    path: Path, sheets: dict[str, Sequence[Sequence[Any]]], merged: Sequence[tuple[int, int, int, int]] = ()
) -> Path:
    """A workbook: text as text, int and float as number cells, dates as date cells. `merged` counts from 0."""
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "yyyy/m/d"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(r, c, cell, day)
                elif isinstance(cell, int | float):
                    sheet.write_number(r, c, cell)
                elif cell not in (None, ""):
                    sheet.write_string(r, c, cell)
        for span in merged:
            sheet.merge_range(*span, "")
            sheet.write(span[0], span[1], rows[span[0]][span[1]])
    book.close()
    return path
