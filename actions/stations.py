"""Service centres, stations and points: where people come to, and where a post may be held. A village may have several."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import models
from actions import journal
from models import Area, Station, transaction
from rules.actors import Actor, scope_of
from rules.posts import StationLevel
from rules.problems import AlreadyDealtWith, FieldMissing


@dataclass(frozen=True)
class NewStation:
    """A station to add, with what people need to find it open."""

    name: str
    level: StationLevel
    area: str
    address: str = ""
    phone: str = ""
    hours: str = ""


def add(wanted: NewStation, *, actor: Actor | None, now: datetime, by: str = "") -> Station:
    """A station begins to serve. Raises FieldMissing, AlreadyDealtWith where the place has one of that name."""
    name = wanted.name.strip()
    if not name:
        raise FieldMissing("name")
    if not Area.select().where(Area.code == wanted.area).exists():
        raise FieldMissing("area")
    scope = scope_of(wanted.area)
    with transaction(scope):
        if Station.select().where((Station.area == wanted.area) & (Station.name == name)).exists():
            raise AlreadyDealtWith("added")
        made = Station(
            area=wanted.area, name=name, level=str(wanted.level), address=wanted.address.strip(),
            phone=wanted.phone.strip(), hours=wanted.hours.strip(),
        )  # fmt: skip
        models.insert([made])
        body = {"station": made.id, "area": made.area, "name": made.name, "level": made.level}
        journal.write([journal.Deed("station.added", scope, body, rows=[made])], actor=actor, now=now, by=by)
    return made
