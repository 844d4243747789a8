"""Opening a spreadsheet that somebody sent: in a child process with little memory and time, wholly or not at all.

What comes back is kept packed in memory, never in a file of its own: rosters hold ID numbers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any

from rules.problems import SpreadsheetUnreadable
from rules.tables import Cell, Sheet

READER = Path(__file__).with_name("_spreadsheet_reader.py")
SECONDS = 150
FILE_BYTES = 64 * 1024 * 1024
BLOCK_LINES = 500
#: What the reader says of a file it cannot read; anything else is "broken".
CODES = frozenset("broken encrypted empty old-excel encoding no-table web-page quotes too-large".split())


@dataclass
class _Packed:
    """Rows of one sheet, packed."""

    head: dict[str, Any]
    rows: int = 0
    blocks: list[bytes] = field(default_factory=list)

    def unpacked(self) -> Iterator[tuple[int, list[Cell]]]:
        for block in self.blocks:
            for line in zlib.decompress(block).splitlines():
                number, cells = json.loads(line)
                yield number, [_cell(cell) for cell in cells]


@dataclass
class Spreadsheet:
    """A file that was read to its end. `row_count` counts the rows that are not blank."""

    _packed: list[_Packed]

    @property
    def row_count(self) -> int:
        return sum(each.rows for each in self._packed)

    def sheets(self) -> Iterator[Sheet]:
        """Its sheets, in order; may be asked for again."""
        for each in self._packed:
            merged = [(r0, c0, r1, c1) for r0, c0, r1, c1 in each.head["merged"]]
            yield Sheet(each.head["sheet"], each.unpacked(), merged, each.head["hidden"])


def read(path: Path) -> Spreadsheet:
    """Read a .xlsx or .csv file, whatever its name says. Raises SpreadsheetUnreadable; then nothing was done."""
    if not path.is_file():
        raise SpreadsheetUnreadable("missing")
    with path.open("rb") as file:
        return read_open(file)


def read_open(file: IO[bytes]) -> Spreadsheet:
    """Read an open file with a descriptor of its own."""
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise SpreadsheetUnreadable("empty")
    if size > FILE_BYTES:
        raise SpreadsheetUnreadable("too-large")
    try:
        return _read(file)
    except _ReaderDied:  # the sheet reaches to the last column: cell by cell it takes longer, and little memory
        file.seek(0)
    try:
        return _read(file, "--stream")
    except _ReaderDied:
        raise SpreadsheetUnreadable("broken") from None


class _ReaderDied(Exception):
    """The reader ended without its last word."""


def _read(file: IO[bytes], *options: str) -> Spreadsheet:
    child = subprocess.Popen(  # noqa: S603  # our own reader, no shell, the file as its standard input
        [sys.executable, "-I", str(READER), *options],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        cwd="/",
        close_fds=True,
    )
    assert child.stdout is not None
    clock = threading.Timer(SECONDS, child.kill)
    clock.start()
    try:
        return _collect(child.stdout)
    finally:
        clock.cancel()
        child.kill()
        child.stdout.close()
        child.wait()


def read_bytes(raw: bytes) -> Spreadsheet:
    """Read a file that is only in memory, as an opened upload is."""
    with _in_memory(raw) as file:
        return read_open(file)


def _in_memory(raw: bytes) -> IO[bytes]:
    descriptor = os.memfd_create("upload") if hasattr(os, "memfd_create") else _unlinked()
    file = os.fdopen(descriptor, "w+b")
    file.write(raw)
    file.flush()
    file.seek(0)
    return file


def _unlinked() -> int:
    import tempfile

    descriptor, name = tempfile.mkstemp()
    os.unlink(name)
    return descriptor


def _collect(lines: IO[bytes]) -> Spreadsheet:
    """Take in what the reader prints; without its last line it was cut off, and nothing counts."""
    packed: list[_Packed] = []
    block: list[bytes] = []
    for line in lines:
        if line.startswith(b"["):
            block.append(line)
            if len(block) == BLOCK_LINES:
                _pack(packed[-1], block)
            continue
        said = json.loads(line)
        if packed:
            _pack(packed[-1], block)
        if "problem" in said:
            raise SpreadsheetUnreadable(said["problem"] if said["problem"] in CODES else "broken")
        if said.get("end"):
            if not any(each.rows for each in packed):
                raise SpreadsheetUnreadable("empty")
            return Spreadsheet(packed)
        packed.append(_Packed(said))
    raise _ReaderDied


def _pack(sheet: _Packed, block: list[bytes]) -> None:
    if block:
        sheet.blocks.append(zlib.compress(b"".join(block), 1))
        sheet.rows += len(block)
        block.clear()


def _cell(said: Any) -> Cell:
    if isinstance(said, dict):
        return date.fromisoformat(said["day"])
    assert said is None or isinstance(said, str | int | float | bool)
    return said
