"""Badges: a number people can read over the phone, and what a badge is worth on a given day."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

#: Damm's table: a check digit that finds every single wrong digit and every two neighbours exchanged.
DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
NUMBER = re.compile(r"([A-Z]{2,3})(\d{4})(\d)")
PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{16}")  # 96 bits


class Shown(StrEnum):
    """What the page at the door says."""

    VALID = "valid"
    PAUSED = "paused"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class NotPossible(StrEnum):
    """Why a badge cannot take a step now."""

    ENDED = "ended"
    NOT_ACTIVE = "not-active"
    NOT_SUSPENDED = "not-suspended"


@dataclass(frozen=True)
class Term:
    """The state somebody gave a badge, and its first and last day."""

    state: str  # active | suspended | lost | revoked
    valid_from: date
    valid_to: date


def number(prefix: str, serial: int) -> str:
    """`HL`, 2047 → `HL-2047-6`: the last digit finds what was misheard."""
    return f"{prefix}-{serial:04d}-{check_digit(f'{prefix}{serial:04d}')}"


def check_digit(text: str) -> str:
    """Damm's digit over letters and digits; a letter counts by its place in the alphabet, modulo 10."""
    interim = 0
    for character in text:
        digit = int(character) if character.isdigit() else (ord(character) - ord("A")) % 10
        interim = int(DAMM[interim][digit])
    return str(interim)


def read_number(typed: str) -> str | None:
    """What somebody typed or said, in its one form; None when it is no number or its check digit does not fit.

    Case, spaces, hyphens and full-width characters do not matter.
    """
    narrow = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in typed[:40])
    found = NUMBER.fullmatch("".join(c for c in narrow.upper() if c.isascii() and c.isalnum()))
    if found is None:
        return None
    prefix, serial, check = found.groups()
    return f"{prefix}-{serial}-{check}" if check_digit(prefix + serial) == check else None


def is_public_id(text: str) -> bool:
    return PUBLIC_ID.fullmatch(text) is not None


def shown(term: Term, *, on: date, has_post: bool = True) -> Shown:
    """What a badge is worth on that day; its last day still counts. Revoked or lost outweighs all, then the date.

    Posts hold rights, not cards: without a post in force a card is as good as paused.
    """
    if term.state in ("revoked", "lost"):
        return Shown.REVOKED
    if on > term.valid_to:
        return Shown.EXPIRED
    if term.state == "suspended" or on < term.valid_from or not has_post:
        return Shown.PAUSED
    return Shown.VALID


def last_day(first: date, months: int) -> date:
    """`months` whole months, less a day: issued on 22 November 2026 for 12 months, good to 21 November 2027."""
    count = first.year * 12 + first.month - 1 + months
    year, month = count // 12, count % 12 + 1
    if first.day > monthrange(year, month)[1]:
        return date(year, month, monthrange(year, month)[1])
    return date(year, month, first.day) - timedelta(days=1)


def ends_soon(term: Term, *, on: date, warn_days: int) -> bool:
    """Whether its holder should be told that it ends; on the very first of those days already."""
    return shown(term, on=on) is Shown.VALID and (term.valid_to - on).days <= warn_days


def hindrance(step: str, term: Term) -> NotPossible | None:
    """Why `suspend`, `resume` or `revoke` is not possible; None when it is. What has ended never comes back."""
    if term.state in ("revoked", "lost"):
        return NotPossible.ENDED
    if step == "suspend" and term.state != "active":
        return NotPossible.NOT_ACTIVE
    if step == "resume" and term.state != "suspended":
        return NotPossible.NOT_SUSPENDED
    return None
