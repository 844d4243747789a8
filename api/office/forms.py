"""Reading what a form of the office sent; what is missing or unreadable is a Problem that names the field."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from flask import current_app, request

from models import Area
from rules.problems import FieldMissing, NotFound
from rules.spellings import read_phones

Chosen = TypeVar("Chosen", bound=StrEnum)


def words(name: str, *, needed: bool = True, limit: int = 2000) -> str:
    found = request.form.get(name, "").strip()[:limit]
    if needed and not found:
        raise FieldMissing(name)
    return found


def phone(name: str, kept: str = "") -> str:
    """A telephone number in one spelling, or none; `kept`, as it stands in the record, is not judged again."""
    text = words(name, needed=False, limit=30)
    if text == kept:
        return kept
    found = read_phones(text, demo=current_app.config["DEMO"])
    if found.unusable or (text and not found.numbers):
        raise FieldMissing(name)
    return found.numbers[0] if found.numbers else ""


def day(name: str, *, needed: bool = False) -> date | None:
    """A day as `<input type="date">` sends it, or as people type it: 2026-10-31."""
    text = request.form.get(name, "").strip()
    if not text and not needed:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FieldMissing(name) from None


def number(name: str, *, least: int, most: int) -> int:
    text = request.form.get(name, "").strip()
    if not text.isdecimal() or not least <= int(text) <= most:
        raise FieldMissing(name)
    return int(text)


def one_of(name: str, choices: type[Chosen]) -> Chosen:
    try:
        return choices(request.form.get(name, ""))
    except ValueError:
        raise FieldMissing(name) from None


def uuid(name: str) -> UUID:
    try:
        return UUID(request.form.get(name, ""))
    except ValueError:
        raise FieldMissing(name) from None


def as_uuid(text: str) -> UUID:
    """An id in an address; one that is none finds nothing."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound() from None


def area(name: str) -> str:
    code = request.form.get(name, "")
    if not Area.select().where(Area.code == code).exists():
        raise FieldMissing(name)
    return code
