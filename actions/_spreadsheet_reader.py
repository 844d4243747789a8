"""The child process that opens a stranger's spreadsheet: little memory, little time, nothing to write, no keys.

It reads the file from its standard input, reads all of it before it says anything, then prints JSON lines: one
`{"sheet": …}` a sheet, `[row, [cells]]` for each row that is not blank, `{"end": true}`. Or `{"problem": code}`.
It imports nothing of this program and is run by actions/spreadsheets.py alone. With `--stream` it reads a workbook
cell by cell: slower, but one forgotten space in the last column of the sheet does not fill the memory.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError, iterparse

MEMORY_BYTES = 1_500_000_000  # of address space; a roster of 50 000 rows takes about 100 MB of it
CPU_SECONDS = 120
UNPACKED_BYTES = 1_000_000_000  # what an .xlsx may unpack to
CELL_CHARACTERS = 2_000
WIDEST = 512  # columns; further right stand only forgotten spaces
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
NOT_TABLES = (b"%PDF", b"Rar!", b"7z\xbc\xaf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"\x1f\x8b")
DELIMITERS = ",\t;|，"
WEB_PAGE = re.compile(rb"^[\xef\xbb\xbf\s]*<(!|\?xml|html|table|meta|head)|<html[\s>]|^MIME-Version:", re.I)
#: One lost character in so many is a slip of some program; more of them are no text.
LOST_CHARACTERS = 200
#: A line that a quote nobody closed has swallowed: cells, and a number as long as an ID number.
SWALLOWED = re.compile(r"[\r\n][^\r\n]*\d{15}[^\r\n]*")


class CannotRead(Exception):
    """The file is no table that can be read; `code` says in which way."""

    def __init__(self, code: str) -> None:
        self.code = code


def main() -> None:
    limit()
    out = io.TextIOWrapper(os.fdopen(1, "wb", buffering=1 << 20), encoding="utf-8", errors="surrogatepass")
    try:
        for line in read(os.fdopen(0, "rb")):
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
            out.write("\n")
        out.write('{"end":true}\n')
    except CannotRead as problem:
        out.write(json.dumps({"problem": problem.code}) + "\n")
    except MemoryError:
        out.write('{"problem":"too-large"}\n')
    out.flush()


def limit() -> None:
    try:
        import resource
    except ImportError:  # not on this operating system; the parent's clock still runs
        return
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def read(file: BinaryIO) -> Iterator[Any]:
    start = file.read(4096)
    file.seek(0)
    if not start.strip(b"\x00\r\n\t ,;\xef\xbb\xbf"):
        if not start or not file.read().strip(b"\x00\r\n\t ,;\xef\xbb\xbf"):
            raise CannotRead("empty")
        file.seek(0)
    if start.startswith(OLE):
        raise CannotRead("encrypted" if "EncryptedPackage".encode("utf-16-le") in file.read() else "old-excel")
    if start.startswith(ZIP):
        yield from streamed(file) if "--stream" in sys.argv else workbook(file)
        return
    if start.startswith(NOT_TABLES):
        raise CannotRead("no-table")
    if WEB_PAGE.search(start):
        raise CannotRead("web-page")
    yield from text_table(file.read())


def workbook(file: BinaryIO) -> Iterator[Any]:
    import python_calamine

    with opened(file):
        pass
    file.seek(0)
    try:
        book = python_calamine.load_workbook(file)
        shown = python_calamine.SheetVisibleEnum.Visible
        kept = [
            (each.name, each.visible != shown, book.get_sheet_by_name(each.name))
            for each in book.sheets_metadata
            if each.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        if not any(sheet.height for _, _, sheet in kept):
            raise CannotRead("empty")
    except python_calamine.PasswordError:
        raise CannotRead("encrypted") from None
    except (python_calamine.CalamineError, OSError, ValueError):
        raise CannotRead("broken") from None
    for name, hidden, sheet in kept:
        _, left = sheet.start or (0, 0)
        merged = [[r0 + 1, c0, r1 + 1, c1] for (r0, c0), (r1, c1) in sheet.merged_cell_ranges or ()]
        yield {"sheet": name, "hidden": hidden, "merged": merged}
        # calamine leaves out the blank columns at the left, but not the blank rows on top
        yield from rows(([*[None] * left, *row] for row in sheet.iter_rows()), 1)


def opened(file: BinaryIO) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise CannotRead("broken") from None
    if sum(each.file_size for each in archive.infolist()) > UNPACKED_BYTES:
        raise CannotRead("too-large")
    if any(each.flag_bits & 1 for each in archive.infolist()):
        raise CannotRead("encrypted")
    return archive


# ---- a workbook cell by cell


def streamed(file: BinaryIO) -> Iterator[Any]:
    try:
        with opened(file) as archive:
            yield from Streamed(archive).sheets()
    except (ParseError, zipfile.BadZipFile, KeyError, ValueError, IndexError, EOFError, OSError):
        raise CannotRead("broken") from None


class Streamed:
    """The parts of an .xlsx file, read in order; only the shared strings and one sheet's rows are held."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.strings = list(self._strings())
        self.dates = self._dates()
        self.epoch = datetime.date(1899, 12, 30)

    def sheets(self) -> Iterator[Any]:
        targets = {
            e.get("Id"): e.get("Target", "") for e in self._elements("xl/_rels/workbook.xml.rels", "Relationship")
        }
        found = []
        for element in self._elements("xl/workbook.xml", "sheet", "workbookPr"):
            if tag(element) == "workbookPr":
                if element.get("date1904") in ("1", "true"):
                    self.epoch = datetime.date(1904, 1, 1)
                continue
            target = targets[next(v for k, v in element.items() if k.endswith("}id"))]
            path = target.lstrip("/") if target.startswith("/") else "xl/" + target
            if "worksheets" in path:
                found.append((element.get("name", ""), element.get("state", "visible") != "visible", path))
        for name, hidden, path in found:
            merged: list[list[int]] = []
            lines = list(self._rows(path, merged))
            yield {"sheet": name, "hidden": hidden, "merged": merged}
            yield from lines

    def _rows(self, path: str, merged: list[list[int]]) -> Iterator[Any]:
        number = 0
        for element in self._elements(path, "row", "mergeCell"):
            if tag(element) == "mergeCell":
                (c0, r0), (c1, r1) = (place(corner) for corner in element.get("ref", "").split(":"))
                merged.append([r0, c0, r1, c1])
                continue
            number = int(element.get("r") or number + 1)
            cells: list[Any] = []
            for cell in element:
                column = place(cell.get("r", ""))[0] if cell.get("r") else len(cells)
                value = self._value(cell) if column < WIDEST else None
                if value is not None:
                    cells += [None] * (column - len(cells))
                    cells[column:] = [value]
            yield from rows([cells], number)

    def _value(self, cell: Any) -> Any:
        kind, said = cell.get("t", "n"), {tag(child): child for child in cell}
        if kind == "inlineStr":
            return text_in(said["is"]) if "is" in said else None
        text = said["v"].text if "v" in said else None
        if text is None or kind == "e":
            return None
        match kind:
            case "s":
                return self.strings[int(text)]
            case "str":
                return text
            case "b":
                return text == "1"
            case "d":
                return datetime.date.fromisoformat(text[:10])
        number = float(text)
        if int(cell.get("s") or 0) in self.dates and 1 <= number < 2_958_466:
            return self.epoch + datetime.timedelta(days=int(number))
        return number

    def _strings(self) -> Iterator[str]:
        if "xl/sharedStrings.xml" in self.archive.namelist():
            for element in self._elements("xl/sharedStrings.xml", "si"):
                yield text_in(element)

    def _dates(self) -> set[int]:
        """Which styles show a number as a day."""
        if "xl/styles.xml" not in self.archive.namelist():
            return set()
        formats = {*range(14, 23), *range(27, 37), *range(50, 59)}
        styles: set[int] = set()
        for element in self._elements("xl/styles.xml", "numFmt", "cellXfs"):
            if tag(element) == "numFmt":
                bare = re.sub(r'"[^"]*"|\[.*?\]|\\.', "", element.get("formatCode", "")).lower()
                if "y" in bare or "d" in bare:
                    formats.add(int(element.get("numFmtId", "0")))
            else:
                styles |= {i for i, style in enumerate(element) if int(style.get("numFmtId") or 0) in formats}
        return styles

    def _elements(self, path: str, *wanted: str) -> Iterator[Any]:
        """The elements of these names, whole, and then forgotten."""
        with self.archive.open(path) as part:
            for _, element in iterparse(part):  # noqa: S314  # the memory limit ends what grows
                if tag(element) in wanted:
                    yield element
                    element.clear()


def tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def text_in(element: Any) -> str:
    """All text of a cell, without how it is read aloud."""
    parts = (child for child in element if tag(child) != "rPh")
    return "".join(each.text or "" for part in parts for each in part.iter() if tag(each) == "t")


def place(reference: str) -> tuple[int, int]:
    """`BC12` → column 54 (from 0), row 12."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1, int(reference[len(letters) :])


def text_table(raw: bytes) -> Iterator[Any]:
    text = decoded(raw)
    if text.count("\x00") > max(1, len(text) // LOST_CHARACTERS):
        raise CannotRead("no-table")
    delimiter = delimiter_of(text[:20_000].splitlines()[:30])
    try:
        found = list(rows(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1))
    except csv.Error:
        raise CannotRead("broken") from None
    if swallowed(found, delimiter):
        raise CannotRead("quotes")
    yield {"sheet": "", "hidden": False, "merged": []}
    yield from found


def delimiter_of(head: list[str]) -> str:
    """What sets cells apart in most lines, as often in each; one long sentence of remarks has commas of its own."""

    def weight(delimiter: str) -> int:
        counts = sorted(count for line in head if (count := line.count(delimiter)))
        return len(counts) ** 2 * counts[len(counts) // 2] if counts else 0

    return max(DELIMITERS, key=weight)


def swallowed(found: list[list[Any]], delimiter: str) -> bool:
    """Whether a quote that nobody closed made one cell of whole rows: nobody may be lost in a cell of remarks."""
    width = max((len(cells) for _, cells in found), default=0)
    broken = (cell for _, cells in found for cell in cells if isinstance(cell, str) and "\n" in cell.strip())
    return any(line[0].count(delimiter) >= max(2, width // 2) for cell in broken for line in SWALLOWED.finditer(cell))


def decoded(raw: bytes) -> str:
    """UTF-8 and UTF-16 with or without their marks, else what Chinese Excel saves.

    A few characters that some program broke become U+FFFD, so that their rows are for people to look at.
    """
    for encoding in encodings_of(raw):
        text = raw.decode(encoding, "replace")
        lost, letters = text.count("\ufffd"), sum(not c.isascii() for c in text)
        if lost == 0 or ((lost == 1 or lost * LOST_CHARACTERS <= len(text)) and letters > 20 * lost):
            return text
    raise CannotRead("encoding")


def encodings_of(raw: bytes) -> list[str]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        digits = raw[first:4000:2]
        if digits.count(0) * 5 > len(digits):  # without a mark: every second byte of a digit or a comma is 0
            return [encoding]
    return ["utf-8-sig", "gb18030"]


def rows(found: Iterable[list[Any]], first: int) -> Iterator[Any]:
    """`[row, cells]` of each row that is not blank, cells without the blank ones at the end."""
    for number, row in enumerate(found, first):
        cells = [plain(cell) for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield [number, cells]


def plain(cell: Any) -> Any:
    match cell:
        case None | bool() | int():
            return cell
        case str():
            text = cell[:CELL_CHARACTERS].replace("_x000D_", "\n").replace("\x00", "")
            return text if text and not text.isspace() else None
        case float():
            return int(cell) if cell.is_integer() else cell
        case datetime.datetime():
            return {"day": cell.date().isoformat()}
        case datetime.date():
            return {"day": cell.isoformat()}
    return str(cell)


if __name__ == "__main__":
    main()
