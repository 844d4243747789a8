"""How long a backup can be opened, and when the office is warned. Days are of Asia/Shanghai."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from rules.ciphers import uuid7_at

#: A picture that has not come for so long no longer holds back what its phone may let go of [DEF].
PICTURE_WAIT = timedelta(days=30)
#: So long desks are told of a restore after every phone has been heard; before that as long as it takes [DEF].
TOLD_AFTER_RESTORE = timedelta(days=7)


def month_of(day: date) -> str:
    """The month whose key seals a backup of this day: `2026-11`."""
    return f"{day:%Y-%m}"


def key_ends_on(month: str, *, days: int) -> date:
    """The first day on which the key of a month is no more: `days` after the month began.

    Counted from the month's first day, so that no backup, and nothing that was forgotten since, can be read for longer
    than `days`; a backup of the month's last day can be read for about 30 days less. Source: design §5 [DEF].
    Raises ValueError for what is no month.
    """
    return date.fromisoformat(f"{month}-01") + timedelta(days=days)


def is_late(backed_up_at: datetime | None, *, now: datetime, days: int) -> bool:
    """Whether the newest verified backup is older than `days`; what is exactly so old is still in time."""
    return backed_up_at is not None and now - backed_up_at > timedelta(days=days)


def came_back(phone: UUID, enrolled_at: datetime, restored_at: datetime) -> bool:
    """Whether the phone had been given out before the restore, and the backup did not know it.

    The county gives phones their ids, so an id says when its phone was first released; one that was released again after
    the restore kept its own.
    """
    return uuid7_at(phone) < restored_at <= enrolled_at
