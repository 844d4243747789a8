"""What every deed of a desk does first: take the row as it is now, and stop if somebody else was quicker."""

from __future__ import annotations

from typing import Any, TypeVar

from models import Row
from rules.problems import AlreadyDealtWith

AnyRow = TypeVar("AnyRow", bound=Row)


def fresh(row: AnyRow, *states: str) -> AnyRow:
    """The row as it stands, inside the caller's transaction, whose scope is locked.

    Raises AlreadyDealtWith when its state is none of those named; with none named, any will do.
    """
    found: Any = type(row).get_by_id(row.get_id())  # type: ignore[no-untyped-call]
    if states and found.state not in states:
        raise AlreadyDealtWith(found.state)
    return found  # type: ignore[no-any-return]


def keep(row: Row, **changes: Any) -> Row:
    """Give these columns new values, in the row and in the table."""
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(only=[row._meta.fields[name] for name in changes])
    return row
