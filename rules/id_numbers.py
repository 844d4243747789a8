"""Citizen ID numbers (公民身份号码, GB 11643): read what people typed, never guess what they meant.

Six digits of area, eight of birth, three of order (odd for men), one check character (ISO 7064 MOD 11-2).
The area says where the number was first given, nothing about today's household registration, so nothing is
derived from it. Source: docs/rules.md R-DAT-1.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
SAMPLE_PREFIX = "99"  # no province has this code: fictional people only
EARLIEST_BIRTH = date(1850, 1, 1)  # centenarians exist, people of 180 do not
#: Order numbers of 15-digit numbers kept for people born before 1900.
BORN_BEFORE_1900 = frozenset({"996", "997", "998", "999"})

# Letters and signs that stand where a check character X was meant; the check itself still has to fit.
LOOKS_LIKE_X = str.maketrans({"x": "X", "×": "X", "х": "X", "Х": "X", "χ": "X", "Χ": "X", "✕": "X", "╳": "X"})
# What typing, word processors and spreadsheets leave around digits.
AROUND = re.compile(r"[\s'’‘`´\"“”\-‐-―−]+")
NOTHING = re.compile(
    r"^(无|没有|待补|待查|待核|待定|不详|未知|暂无|未办|无证|/+|\\+|-+|—+|\?+|？+|N/?A|#N/A|NULL|NONE|0)?$", re.I
)


class Flaw(StrEnum):
    """Why a text is no usable ID number. The values are reason codes of the importers."""

    MISSING = "id-missing"
    CHARACTERS = "id-characters"
    LENGTH = "id-length"
    DATE = "id-date"
    CHECK = "id-check"
    CENTURY = "id-century"


@dataclass(frozen=True)
class IdNumber:
    """A number whose form is right. `was_15` says that it was made 18 characters long."""

    text: str
    birth_on: date
    sex: Literal["male", "female"]
    was_15: bool = False

    @property
    def is_sample(self) -> bool:
        """Whether it can only belong to a fictional person."""
        return self.text.startswith(SAMPLE_PREFIX)


def fold(text: str) -> str:
    """Give the text with width, spaces, invisible characters, case and dashes out of the way."""
    folded = unicodedata.normalize("NFKC", text)
    folded = "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Cc", "Mn") or c in "\t\n\r")
    if folded.startswith('="') and folded.endswith('"'):  # how some programs force text in a CSV file
        folded = folded[2:-1]
    return AROUND.sub("", folded).upper().translate(LOOKS_LIKE_X)


def read(text: str, *, today: date) -> IdNumber | Flaw:
    """Read a typed ID number of 18 or 15 characters. `today` is the last possible birthday.

    A 15-digit number has no check character, so its 18th is computed; one of the four orders that were kept
    for people born before 1900 says no century, and is a flaw.
    """
    folded = fold(text)
    if NOTHING.match(folded):
        return Flaw.MISSING
    if not re.fullmatch(r"[0-9]*X?", folded):
        return Flaw.CHARACTERS
    if len(folded) == 15 and folded.isdigit():
        if folded[12:] in BORN_BEFORE_1900:
            return Flaw.CENTURY
        body = f"{folded[:6]}19{folded[6:]}"
        folded, was_15 = body + check_character(body), True
    elif len(folded) == 18:
        was_15 = False
    else:
        return Flaw.LENGTH
    birth_on = _birth(folded[6:14], today)
    if birth_on is None:
        return Flaw.DATE
    if folded[17] != check_character(folded[:17]):
        return Flaw.CHECK
    return IdNumber(folded, birth_on, "male" if int(folded[16]) % 2 else "female", was_15)


def check_character(body: str) -> str:
    """The 18th character for the first 17 digits."""
    return CHECK_CHARACTERS[sum(w * int(digit) for w, digit in zip(WEIGHTS, body, strict=True)) % 11]


def masked(text: str) -> str:
    """What may stand on a list: the first three and the last four characters (R-PRI-4)."""
    return text[:3] + "*" * (len(text) - 7) + text[-4:] if len(text) > 7 else "*" * len(text)


def _birth(digits: str, today: date) -> date | None:
    try:
        birth_on = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return birth_on if EARLIEST_BIRTH <= birth_on <= today else None
