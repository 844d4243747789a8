"""Names as they are searched for: by the first letters of their pinyin."""

from __future__ import annotations

from pypinyin import Style, lazy_pinyin


def initials(name: str) -> str:
    """`罗正英` → `lzy`; letters stay as they are, everything else is left out."""
    letters = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()
    return "".join(c for c in letters if c.isascii() and c.isalnum())
