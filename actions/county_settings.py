"""Business settings: every [DEF] of the domain. A change is an event, so their history is the journal's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import models
from actions import bell, cards, journal
from models import Area, JournalEntry, Setting, transaction
from rules import county_settings
from rules.actors import Actor, county_of
from rules.days import day_of
from rules.problems import FieldMissing


def change(key: str, value: Any, *, actor: Actor | None, now: datetime, by: str = "") -> tuple[Any, Any]:
    """Give a setting a new value; answers (before, after). Raises FieldMissing for a wrong name or a value that does not fit."""
    gestures, sets = models.setting("verification.gestures"), models.setting("verification.gesture_sets")
    if key not in county_settings.ALL or not county_settings.fits(key, value, gestures=gestures, sets=sets):
        raise FieldMissing(key)
    scope = county()
    with transaction(scope):
        before = models.setting(key)
        row = Setting(key=key, value=value)
        Setting.insert(key=key, value=value).on_conflict(
            conflict_target=[Setting.key], update={Setting.value: value}
        ).execute()
        body = {"key": key, "before": before, "after": value}
        journal.write([journal.Deed("setting.changed", scope, body, rows=[row])], actor=actor, now=now, by=by)
        if key in county_settings.OF_CARDS:
            cards.review_soon(today=day_of(now))
    if key in county_settings.OF_CARDS:
        bell.ring("cards")
    return before, value


def history(key: str) -> Iterator[tuple[datetime, str, Any, Any]]:
    """When, by whom, from what, to what; newest first."""
    import json

    wanted = (JournalEntry.scope == county()) & (JournalEntry.kind == "setting.changed")
    for entry in JournalEntry.select().where(wanted).order_by(JournalEntry.position.desc()):
        body = json.loads(entry.payload)["body"] if entry.payload else {}
        if body.get("key") == key:
            yield entry.at, body.get("by") or str(entry.actor), body["before"], body["after"]


def county() -> str:
    """The county this installation serves: the only one, or the widest area there is."""
    found = Area.select(Area.code).where(Area.level == "county").order_by(Area.code).scalar()
    return str(found or "000000000000")


def county_name(area: str) -> str:
    """What people call the county of this area: as the county has set it, else as the area itself is called."""
    code = county_of(area)
    return str(models.setting("county.name") or Area.names([code]).get(code, ""))
