"""Codes of records as an office says them, for `{{ code|said("role") }}` in templates and for exported tables.

What agents say too stands in templates/shared/words.html; this holds what only an office needs. An unknown code is
shown as it is: the agency's own name of a benefit is a word already.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

from models import Area
from rules.actors import Actor

WORDS: dict[str, dict[str, Any]] = {
    "role": {
        "agent": _l("Agent"),
        "clerk": _l("Window clerk"),
        "village_reviewer": _l("Village reviewer"),
        "township_officer": _l("Officer in charge"),
        "deputy_leader": _l("Deputy leader"),
        "township_head": _l("Head of the township"),
        "dept_officer": _l("Department officer"),
        "lead": _l("Lead of the agents"),
        "duty_leader": _l("Leader on duty"),
        "county": _l("County centre"),
        "partner": _l("Partner outlet"),
        "auditor": _l("Auditor"),
        "sysadmin": _l("Keeper of the machine"),
    },
    "field": {
        "name": _l("name"),
        "role": _l("post"),
        "area": _l("area"),
        "from_on": _l("from day"),
        "to_on": _l("to day"),
        "phone": _l("phone number"),
        "words": _l("words"),
        "answer": _l("answer"),
        "why": _l("reason"),
        "what": _l("what it is"),
        "due_on": _l("day"),
        "agent": _l("agent"),
        "source": _l("source"),
        "digits": _l("six digits"),
        "resident": _l("resident"),
        "birth_on": _l("birth day"),
        "sign_in_name": _l("sign-in name"),
        "to": _l("where it goes"),
        "every_days": _l("days between two visits"),
        "review_on": _l("day of the next review"),
        "unit": _l("unit"),
        "duty": _l("duty"),
        "months": _l("months it is valid"),
        "badge": _l("a badge that counts"),
    },
    "benefit": {
        "pension": _l("Pension"),
        "old_age_allowance": _l("Old-age allowance"),
        "disability_allowance": _l("Disability allowance"),
        "care_allowance": _l("Care allowance"),
    },
    "outcome": {
        "done": _l("all done"),
        "part_done": _l("partly done"),
        "not_home": _l("not at home"),
        "away": _l("away"),
        "refused": _l("not this time"),
        "hospital": _l("in hospital"),
        "moved": _l("moved"),
        "death_reported": _l("said to have died"),
        "unsafe": _l("road not safe"),
    },
    "reason": {
        "verification": _l("life verification"),
        "care": _l("look in"),
        "delivery": _l("bring a result"),
        "request": _l("take a request"),
        "revisit": _l("come again"),
        "other": _l("something else"),
    },
    "visit-state": {
        "synced": _l("to look at"),
        "queried": _l("asked, waiting for the answer"),
        "answered": _l("answered, to look at"),
        "checked": _l("fine"),
    },
    "sex": {"male": _l("male"), "female": _l("female")},
}


def said(code: Any, kind: str) -> Any:
    """The words for a code; the code itself where there are none."""
    return WORDS.get(kind, {}).get(str(code), code)


def role_words(actor: Actor) -> str:
    """The one post by which somebody is best known: the widest area first."""
    posts = sorted(actor.posts, key=lambda p: len(p.area.rstrip("0")))
    return str(said(posts[0].role, "role")) if posts else ""


def area_name(code: str) -> str:
    return Area.select(Area.name).where(Area.code == code).scalar() or code


def field_word(name: str) -> Any:
    return said(name, "field")


def add_to(app: Flask) -> None:
    app.jinja_env.filters["said"] = said
    app.jinja_env.globals.update(
        role_words=role_words,
        role_word=lambda role: said(role, "role"),
        area_name=area_name,
        field_word=field_word,
        has_page=lambda endpoint: endpoint in app.view_functions,
    )
