"""Dates, numbers and numbers of people as they are read aloud: the Python twin of `pwa/filters.ts`.

Both are run over the same cases (`tests/templates/filters.json`), so change them together. A day is a `date` or
`2026-10-13`, an instant an aware `datetime` or `2026-10-13T02:15:00Z`; all is shown in Asia/Shanghai, which has
had no summer time since 1991: a fixed +8 hours. Nothing is shown for "" or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, timezone

from flask_babel import get_locale

Day = date | str | None
Instant = datetime | str | None

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ZH_WEEKDAYS = "一二三四五六日"
SHANGHAI = timezone(timedelta(hours=8))


def _zh() -> bool:
    locale = get_locale()  # None outside a request: a job, a test
    return locale is None or locale.language == "zh"


def local_day(value: Day | Instant) -> str:
    """Give the day in Asia/Shanghai of an instant; a day stays itself."""
    found = _date(value)
    return found.isoformat() if found else ""


def day(value: Day | Instant, today: Day = "") -> str:
    """Give 10月13日; the year only if it is not the year of `today`."""
    on, now = _date(value), _date(today)
    if not on:
        return ""
    plain = f"{on.month}月{on.day}日" if _zh() else f"{on.day} {MONTHS[on.month - 1]}"
    if now and on.year == now.year:
        return plain
    return f"{on.year}年{plain}" if _zh() else f"{plain} {on.year}"


def weekday(value: Day) -> str:
    """Give 星期二."""
    on = _date(value)
    if not on:
        return ""
    return f"星期{ZH_WEEKDAYS[on.weekday()]}" if _zh() else WEEKDAYS[on.weekday()]


def weekday_short(value: Day) -> str:
    """Give 周五."""
    on = _date(value)
    if not on:
        return ""
    return f"周{ZH_WEEKDAYS[on.weekday()]}" if _zh() else WEEKDAYS[on.weekday()][:3]


def clock(value: Instant) -> str:
    """Give 10:15."""
    at = _instant(value)
    return f"{at.hour}:{at.minute:02}" if at else ""


def moment(value: Instant, today: Day = "") -> str:
    """Give 今天 10:15, 昨天 18:20, 10月9日 18:20."""
    on, now = _date(value), _date(today)
    if not on:
        return ""
    time = clock(value)
    if now and on == now:
        return f"今天 {time}" if _zh() else f"today {time}"
    if now and (now - on).days == 1:
        return f"昨天 {time}" if _zh() else f"yesterday {time}"
    return f"{day(on, now)} {time}"


def days_until(start: Day, end: Day) -> int:
    """Count from the first day to the second; negative when the second is earlier, 0 when one is missing."""
    a, b = _date(start), _date(end)
    return (b - a).days if a and b else 0


def age(born: Day | int, today: Day) -> str:
    """Give whole years; "" when the birth day is unknown. A bare year counts as its first day."""
    text = "" if born is None else str(born)
    birth = date(int(text), 1, 1) if re.fullmatch(r"\d{4}", text) else _date(text)
    now = _date(today)
    if not birth or not now:
        return ""
    return str(now.year - birth.year - ((now.month, now.day) < (birth.month, birth.day)))


def masked_id(value: str | None) -> str:
    """Give 990 **** **** 2417: at most the first three and the last four are ever shown (R-PRI-4)."""
    text = re.sub(r"\s", "", value or "")
    return "" if len(text) < 8 else f"{text[:3]} **** **** {text[-4:]}"


def spaced_id(value: str | None) -> str:
    """Give 990101 1944 0607 2417."""
    text = re.sub(r"\s", "", value or "")
    return " ".join(filter(None, (text[:6], text[6:10], text[10:14], text[14:])))


def phone(value: str | None) -> str:
    """Give 102 8631 0427."""
    text = value or ""
    return f"{text[:3]} {text[3:7]} {text[7:]}" if re.fullmatch(r"\d{11}", text) else text


def number(value: int | str | None) -> str:
    """Give 2 000 with a thin space; small numbers as they are."""
    return "" if value is None or value == "" else f"{int(value):,}".replace(",", "\u2009")


def listing(values: Iterable[object] | None) -> str:
    """Give a list in a sentence: 罗正英、李应芬."""
    return ("、" if _zh() else ", ").join(str(each) for each in values or () if each)


def facts(values: Iterable[object] | None) -> str:
    """Give facts in a sentence, read aloud well: 养老金认证，耳背. What ends a sentence by itself gets no comma."""
    told = ""
    for each in (str(value) for value in values or () if value):
        told += (_between(told[-1]) if told else "") + each
    return told


def _between(last: str) -> str:
    if last in "。？！":
        return ""
    return " " if last in ".?!" else "，" if _zh() else ", "


#: name in templates → filter; `app.py` adds them to Jinja, `pwa/filters.ts` has the same names.
FILTERS: dict[str, Callable[..., str | int]] = {
    "day": day,
    "weekday": weekday,
    "weekday_short": weekday_short,
    "clock": clock,
    "moment": moment,
    "local_day": local_day,
    "days_until": days_until,
    "age": age,
    "masked_id": masked_id,
    "spaced_id": spaced_id,
    "phone": phone,
    "number": number,
    "listing": listing,
    "facts": facts,
}


def _instant(value: Instant) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI)
    text = "" if value is None else str(value)
    if not re.search(r"T\d{2}:\d{2}", text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(SHANGHAI)
    except ValueError:
        return None


def _date(value: Day | Instant) -> date | None:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).date()
    if isinstance(value, date):
        return value
    text = "" if value is None else str(value)
    at = _instant(text)
    if at:
        return at.date()
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        return None
