"""Lists fifty at a time, each fifty from where the last ended: no COUNT(*) and no OFFSET, however much waits.

The place stands in the address, so a page can be shared; one that cannot be read is the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from flask import request, url_for
from peewee import BigIntegerField, DateField, DateTimeField, Field, IntegerField, UUIDField

A_PAGE = 50
KEPT = ("all", "after", "back", "refused")  # what stays in the address when one list of a page goes on


@dataclass(frozen=True)
class Page:
    """Some rows, the address of those that follow ("": none do), and that of the beginning ("": these are it)."""

    rows: list[Any]
    more: str
    first: str


def page(query: Any, *keys: Field, place: str = "after", newest_first: bool = False) -> Page:
    """Fifty rows of a query in the order of these columns, from where the address says under `place`.

    The columns are never null, and together they name one row.
    """
    start = _read(request.args.get(place, ""), keys)
    found = query if start is None else query.where(_beyond(keys, start, newest_first))
    rows = list(found.order_by(*(key.desc() if newest_first else key for key in keys)).limit(A_PAGE + 1))
    kept = {name: request.args[name] for name in KEPT if name in request.args and name != place}
    here = request.endpoint or ""
    more = url_for(here, **kept, **{place: _written(rows[A_PAGE - 1], keys)}) if len(rows) > A_PAGE else ""
    return Page(rows[:A_PAGE], more, url_for(here, **kept) if start is not None else "")


def _beyond(keys: Sequence[Field], start: Sequence[Any], newest_first: bool) -> Any:
    """Rows behind `start`: later in the first column, or the same there and later in the next, and so on."""
    found = []
    for at, (key, value) in enumerate(zip(keys, start, strict=True)):
        behind = key < value if newest_first else key > value
        for before, same in zip(keys[:at], start, strict=False):
            behind &= before == same
        found.append(behind)
    return reduce(or_, found)


def _written(row: Any, keys: Sequence[Field]) -> str:
    values = (row.__data__[key.name] for key in keys)
    return "~".join(value.isoformat() if isinstance(value, date) else str(value) for value in values)


def _read(text: str, keys: Sequence[Field]) -> list[Any] | None:
    parts = text.split("~")
    if len(parts) != len(keys) or "\0" in text:
        return None
    try:
        return [_value(key, part) for key, part in zip(keys, parts, strict=True)]
    except ValueError:
        return None


def _value(key: Field, text: str) -> Any:
    match key:
        case DateTimeField():
            at = datetime.fromisoformat(text)
            if at.tzinfo is None:
                raise ValueError("an instant says its time zone")
            return at
        case DateField():
            return date.fromisoformat(text)
        case UUIDField():
            return UUID(text)
        case IntegerField() | BigIntegerField():
            return int(text[:18])
    return text
