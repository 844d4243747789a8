"""Days and months as people here count them: Asia/Shanghai, no summer time."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def day_of(at: datetime) -> date:
    """The day in Shanghai of an aware instant."""
    return at.astimezone(CHINA).date()


def end_of_month_after(day: date, months: int) -> date:
    """The last day of the month that lies `months` whole months after the day's month."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, monthrange(year, month)[1])
