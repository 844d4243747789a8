"""The child process that opens a stranger's spreadsheet: little memory, little time, nothing to write, no keys.

It reads the file from its standard input, reads all of it before it says anything, then prints JSON lines: one
`{"sheet": …}` a sheet, `[row, [cells]]` for each row that is not blank, `{"end": true}`. Or `{"problem": code}`.
It imports nothing of this program and is run by actions/spreadsheets.py alone.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

MEMORY_BYTES = 1_500_000_000  # of address space; a roster of 50 000 rows takes about 100 MB of it
CPU_SECONDS = 120
UNPACKED_BYTES = 1_000_000_000  # what an .xlsx may unpack to
CELL_CHARACTERS = 2_000
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
NOT_TABLES = (b"%PDF", b"Rar!", b"7z\xbc\xaf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"\x1f\x8b")
DELIMITERS = ",\t;|，"


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
        yield from workbook(file)
        return
    if start.startswith(NOT_TABLES):
        raise CannotRead("no-table")
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<meta", b"<head")):
        raise CannotRead("web-page")
    yield from text_table(file.read())


def workbook(file: BinaryIO) -> Iterator[Any]:
    import python_calamine

    try:
        with zipfile.ZipFile(file) as archive:
            if sum(each.file_size for each in archive.infolist()) > UNPACKED_BYTES:
                raise CannotRead("too-large")
            if any(each.flag_bits & 1 for each in archive.infolist()):
                raise CannotRead("encrypted")
    except zipfile.BadZipFile:
        raise CannotRead("broken") from None
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
        top, left = sheet.start or (0, 0)
        merged = [[r0 + 1, c0, r1 + 1, c1] for (r0, c0), (r1, c1) in sheet.merged_cell_ranges or ()]
        yield {"sheet": name, "hidden": hidden, "merged": merged}
        yield from rows(([*[None] * left, *row] for row in sheet.iter_rows()), top + 1)


def text_table(raw: bytes) -> Iterator[Any]:
    text = decoded(raw)
    if "\x00" in text:
        raise CannotRead("no-table")
    head = text[:20_000].splitlines()[:30]
    delimiter = max(DELIMITERS, key=lambda d: sum(line.count(d) for line in head))
    try:
        found = list(rows(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1))
    except csv.Error:
        raise CannotRead("broken") from None
    yield {"sheet": "", "hidden": False, "merged": []}
    yield from found


def decoded(raw: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with one, else what Chinese Excel saves."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CannotRead("encoding")


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
