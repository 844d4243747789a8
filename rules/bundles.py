"""A bundle: a phone's sealed outbox as one file (docs/formats.md §8). Reading it gives every whole part, whatever was cut.

Nothing in it is packed, so nothing can unfold; each part says its length and its hash. Where a part is damaged, reading
goes on at the next one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

MAGIC = b"daiban-bundle/1\n"
MARK = b"\n@part {"
HEADER = re.compile(rb"\n@part (\{[^\n]{1,400}\})\n")
LARGEST = {"head": 20_000, "item": 300_000, "picture": 2_000_000, "end": 0}  # bytes of a part's body
MOST_PARTS = 20_000
WINDOW = 64 * 1024  # bytes looked through at a time for the next part
ROLE = re.compile(r"[a-z][a-z0-9-]{0,30}")


class NotABundle(ValueError):
    """The file does not begin as a bundle does, and no part of one follows soon."""


@dataclass(frozen=True)
class Part:
    """A whole part: its hash fits. `kind` is head, item, picture or end; `about` is what its header says."""

    kind: str
    about: Mapping[str, Any]
    body: bytes


@dataclass(frozen=True)
class Damage:
    """Something stood here that cannot be read any more; `kind` is what it was, or empty."""

    kind: str


def parts(file: BinaryIO) -> Iterator[Part | Damage]:
    """The parts of a bundle in order; `file` can be sought in and is read part by part. Raises NotABundle."""
    file.seek(0)
    begins = file.read(len(MAGIC)) == MAGIC
    at: int | None = len(MAGIC) - 1  # the line end before the first mark is the magic's own
    if not begins:
        at = _next_mark(file, 0, within=WINDOW)
        if at is None:
            raise NotABundle()
        yield Damage("")
    count = 0
    while at is not None and count < MOST_PARTS:
        count += 1
        found, at = _one(file, at)
        if found is not None:
            yield found


def _one(file: BinaryIO, at: int) -> tuple[Part | Damage | None, int | None]:
    """What begins at this place, and where the next part begins; None, None at the end of the file."""
    file.seek(at)
    window = file.read(600)
    if window.strip() == b"":
        return None, None
    header = HEADER.match(window)
    about = _about(header.group(1)) if header else None
    if header is None or about is None:
        return Damage(""), _next_mark(file, at + 1)
    begins = at + header.end()
    file.seek(begins)
    body = file.read(about["bytes"])
    whole = len(body) == about["bytes"] and hashlib.sha256(body).hexdigest() == about["sha256"]
    if whole:
        return Part(about["part"], about, body), begins + len(body)
    # Its length may be what was damaged: the next part is looked for, not counted to.
    return Damage(about["part"]), _next_mark(file, begins)


def _about(text: bytes) -> dict[str, Any] | None:
    try:
        about = json.loads(text)
    except (ValueError, RecursionError):
        return None
    kind, size, digest = about.get("part"), about.get("bytes"), about.get("sha256")
    if kind not in LARGEST or type(size) is not int or not 0 <= size <= LARGEST[kind] or not isinstance(digest, str):
        return None
    return about  # type: ignore[no-any-return]


def _next_mark(file: BinaryIO, at: int, *, within: int | None = None) -> int | None:
    """Where the next part begins at or after this place, or None."""
    ends = None if within is None else at + within
    while ends is None or at < ends:
        file.seek(at)
        window = file.read(WINDOW + len(MARK))
        found = window.find(MARK)
        if found >= 0:
            return at + found
        if len(window) <= WINDOW:
            return None
        at += WINDOW
    return None


@dataclass(frozen=True)
class Head:
    """What the file says of itself. `proven`: only the phone that holds this device's mailbox token can have said it."""

    device: str
    agent: str
    newest: int  # the newest count of the phone's own chain
    records: int
    pictures: int
    made_at: str
    key: str  # of the county it is sealed to
    missing: tuple[tuple[int, int], ...]
    text: str  # exact, for the proof
    proof: str


def head_of(body: bytes) -> Head | None:
    """The head as values, or None where it is none. It is JSON `{"said": "<JSON>", "proof": "<hex>"}`."""
    try:
        outer = json.loads(body)
        text, proof = outer["said"], outer["proof"]
        said = json.loads(text)
        missing = tuple((int(first), int(last)) for first, last in said.get("missing", []))[:50]
        return Head(
            device=str(said["device"])[:36], agent=str(said.get("agent", ""))[:60], newest=_count(said["newest"]),
            records=_count(said["records"]), pictures=_count(said["pictures"]), made_at=str(said["made_at"])[:30],
            key=str(said.get("key", ""))[:60], missing=missing, text=str(text), proof=str(proof),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 2**53:
        raise ValueError("no count")
    return value
