"""Business settings: every [DEF] of the domain. A change is an event, so their history is the journal's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import models
from actions import journal
from models import Area, JournalEntry, Setting, canonical, transaction
from rules import county_settings
from rules.actors import Actor
from rules.problems import FieldMissing


def change(key: str, value: Any, *, actor: Actor | None, now: datetime, by: str = "") -> tuple[Any, Any]:
    """Give a setting a new value; answers (before, after). Raises FieldMissing for a wrong name or kind of value."""
    if key not in county_settings.ALL or not _same_kind(value, county_settings.ALL[key].default):
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


def _same_kind(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    return isinstance(value, type(default)) and canonical(value) != ""
