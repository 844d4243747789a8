"""Days and months as people here count them: Asia/Shanghai, no summer time."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar

CHINA = ZoneInfo("Asia/Shanghai")


def day_of(at: datetime) -> date:
    """The day in Shanghai of an aware instant."""
    return at.astimezone(CHINA).date()


def end_of_month_after(day: date, months: int) -> date:
    """The last day of the month that lies `months` whole months after the day's month."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, monthrange(year, month)[1])


def is_working_day(day: date, calendar: Mapping[date, bool]) -> bool:
    """Whether people work that day: as the county's own `calendar` says, else the State Council's for the years known.

    A year nobody has announced yet counts Monday to Friday: then a term is at most a few days too short, and the
    county's calendar puts it right.
    """
    known = calendar.get(day)
    if known is not None:
        return known
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def add_working_days(day: date, count: int, calendar: Mapping[date, bool]) -> date:
    """The last day of a term of `count` working days; the day it begins on does not count."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, calendar)
    return day
