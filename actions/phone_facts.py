"""What a phone is told of its agent and of the county: sent only when it changed, so each has a version."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import chinese_calendar

import models
from actions import badges, packs
from models import Badge, Lookup, Post
from rules import ciphers, county_settings
from rules.actors import area_prefix
from rules.days import day_of
from rules.enrolment import CARRIES_PHONE

PHOTO_BYTES = 150_000  # a picture is shrunk to this on the phone (design §3)

#: What a chip says to do, by the code of a need.
NEEDS = {
    "hearing": "耳背，大声些",
    "sight": "看不清，念给老人听",
    "mobility": "走路不便，等一等",
    "wheelchair": "坐轮椅",
    "bedridden": "卧床，进屋看",
    "speech": "说话不便，慢慢听",
    "dialect": "只说本地话",
    "alone": "一个人住",
}

#: The same sentences for an agent who reads the phone in English.
GESTURES_IN_ENGLISH = {
    "hand-on-chest": "Right hand on the chest, please",
    "hand-on-ear": "Right hand to the right ear, please",
    "thumb-up": "Thumb up, please",
    "two-fingers": "Two fingers, please",
    "palm-open": "Open palm, please",
    "fist": "Make a fist, please",
    "left-hand-on-chest": "Left hand on the chest, please",
    "left-thumb-up": "Left thumb up, please",
    "eyes-to-window": "Look towards the window, please",
    "blanket-hand": "A hand on the blanket will do",
    "none": "No gesture, just as usual",
}
CONSENTS_IN_ENGLISH = {
    "life_verification": (
        "To confirm your pension I take one picture that shows it is you.\n"
        "Only the township and the pension office see it; it is deleted two months after the next time. It is free. "
        "You may say no, then we find another way."
    ),
    "care_roster": (
        "We would like to put you on the visiting list and look in often. Only those who care for you see it. "
        "You may say no, now or at any time."
    ),
    "request_papers": (
        "I take pictures of your papers. Only those who handle this matter see them; they are deleted a month after it "
        "ends. It is free. You may say no."
    ),
}


def me(
    person: Any, held: Iterable[Post], places: packs.Places, *, origin: str, known: str, now: datetime
) -> dict[str, Any] | None:
    """The agent, posts, villages, badge and whom to call; None when the phone knows this version."""
    posts = [post for post in held if post.role in CARRIES_PHONE]
    facts = {
        "person": {
            "id": person.id, "name": person.name, "initials": person.initials, "unit": person.unit, "duty": person.duty,
            "phone": person.phone,
        },
        "posts": _posts(posts, places.names),
        "villages": places.villages,
        "lead": _lead([post.area for post in posts], now),
    }  # fmt: skip
    version = _version([facts, origin, _BADGES([person.id])])
    if version == known:
        return None
    shown = badges.for_phone(person.id, origin=origin)
    return {"version": version, **facts, "badge": dataclasses.asdict(shown) if shown else None}


def _posts(posts: Sequence[Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": post.id, "role": post.role, "area": post.area, "area_name": names.get(post.area, ""),
            "scope": post.scope, "scope_name": names.get(post.scope, ""), "from_on": post.from_on, "to_on": post.to_on,
        }
        for post in sorted(posts, key=lambda post: (post.area, str(post.id)))
    ]  # fmt: skip


def _lead(areas: Sequence[str], now: datetime) -> dict[str, str] | None:
    """Whom an agent calls at the township: the nearest lead."""
    found = [lead for lead in Post.leads(day_of(now)) if any(area.startswith(area_prefix(lead[1])) for area in areas)]
    if not found:
        return None
    *_, name, phone = max(found, key=lambda lead: (len(area_prefix(lead[1])), str(lead[0])))
    return {"name": name, "phone": phone}


_BADGES = Lookup(Badge.id, Badge.state, Badge.valid_to, by=Badge.person, order="issued_at, id")


def county(own: Mapping[str, Any], *, name: str, known: str, today: date) -> dict[str, Any] | None:
    """The county's words and numbers, with what it has set itself; None when the phone knows this version."""
    version = _version([own, name, today.year, sorted(county_settings.ALL)])
    if version == known:
        return None

    def value(key: str) -> Any:
        return own.get(key, county_settings.ALL[key].default)

    free, worked = _calendar(today, value("calendar.days"))
    return {
        "version": version,
        "name": name,
        "gestures": [
            {"code": code, "words": words, "english": GESTURES_IN_ENGLISH.get(code, "")}
            for code, words in value("verification.gestures").items()
        ],
        "consents": [
            {
                "purpose": purpose, "version": text["version"], "words": text["text"],
                "english": CONSENTS_IN_ENGLISH[purpose] if f"consent.{purpose}" not in own else text.get("english", ""),
            }
            for purpose in CONSENTS_IN_ENGLISH
            for text in [value(f"consent.{purpose}")]
        ],
        "benefits": value("benefits"),
        "needs": NEEDS,
        "phones": [{"name": "政务服务便民热线", "phone": value("county.hotline")}] if value("county.hotline") else [],
        "retry_days": value("visit.retry_days"),
        "max_tries": value("visit.max_tries"),
        "due_days": value("verification.due_soon_days")[0],
        "correction_days": value("visit.correct_working_days"),
        "complaint_days": value("complaint.answer_working_days"),
        "no_working_days": free,
        "working_weekends": worked,
        "lease_days": value("device.lease_days"),
        "photo_bytes": PHOTO_BYTES,
    }  # fmt: skip


def _calendar(today: date, own: Mapping[str, bool]) -> tuple[list[date], list[date]]:
    """Free weekdays and worked weekends from the start of this year to the end of the next, as far as announced."""
    days = _announced(today.year) | {date.fromisoformat(text): bool(worked) for text, worked in own.items()}
    free = [day for day, worked in sorted(days.items()) if not worked and day.weekday() < 5]
    return free, [day for day, worked in sorted(days.items()) if worked and day.weekday() >= 5]


@cache
def _announced(year: int) -> dict[date, bool]:
    """Whether people work, for each day of this year and the next; 5 to 15 ms, so it is asked once a process."""
    days: dict[date, bool] = {}
    day = date(year, 1, 1)
    while day.year <= year + 1:
        try:
            days[day] = bool(chinese_calendar.is_workday(day))
        except NotImplementedError:  # not announced yet
            days[day] = day.weekday() < 5
        day += timedelta(days=1)
    return days


def _version(facts: Any) -> str:
    return ciphers.sha256(models.canonical(facts).encode())[:16]
