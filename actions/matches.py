"""A provisional person and a known one are the same: made one, and parted again if that was wrong.

What was recorded for the provisional person moves to the known one; the deed names every row, so that parting
brings exactly those back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from actions import cards, desk, journal
from models import (
    Clash,
    ConsentRecord,
    DeathReport,
    Delivery,
    JournalEntry,
    LifeVerification,
    Request,
    Resident,
    Row,
    Visit,
    transaction,
)
from rules.actors import Actor
from rules.problems import AlreadyDealtWith, NotTheSamePlace

#: What hangs on a person and moves with them.
HANGS_ON: tuple[type[Row], ...] = (Visit, LifeVerification, Request, Delivery, DeathReport, ConsentRecord, Clash)


def merge(provisional: Resident, known: Resident, *, actor: Actor, now: datetime) -> Resident:
    """The provisional person turned out to be the known one. Raises AlreadyDealtWith, NotTheSamePlace."""
    if provisional.scope != known.scope or provisional.id == known.id:
        raise NotTheSamePlace()
    with transaction(known.scope):
        here, there = desk.fresh(provisional, "provisional"), desk.fresh(known, "verified")
        moved = _move(_of(here.id), there)
        life = there.life
        if here.life == "death_reported" and life == "presumed_alive":
            desk.keep(there, life="death_reported")
        desk.keep(here, state="merged", merged_into=there.id)
        body = {
            "provisional": here.id, "known": there.id, "life_before": life,
            "moved": {cls._meta.table_name: [row.get_id() for row in rows] for cls, rows in moved.items() if rows},
        }  # fmt: skip
        rows = [here, there, *(row for each in moved.values() for row in each)]
        journal.write([journal.Deed("resident.merged", there.scope, body, there.id, rows)], actor=actor, now=now)
        cards.touch([here.id, there.id], now=now)
    return there


def part(merged: Resident, *, actor: Actor, now: datetime) -> Resident:
    """It was somebody else after all: the provisional person is back, with everything that came from there.

    What was added to the known person since stays with them. Raises AlreadyDealtWith.
    """
    with transaction(merged.scope):
        here = desk.fresh(merged, "merged")
        there = Resident.get_by_id(here.merged_into_id)
        deed = _deed_of(here, there)
        moved = _move(_named(deed["moved"], there.id), here)
        if there.life != deed["life_before"] and there.life == "death_reported" and not _told_dead(there.id):
            desk.keep(there, life=deed["life_before"])
        desk.keep(here, state="provisional", merged_into=None)
        body = {"provisional": here.id, "known": there.id}
        rows = [here, there, *(row for each in moved.values() for row in each)]
        journal.write([journal.Deed("resident.parted", here.scope, body, there.id, rows)], actor=actor, now=now)
        cards.touch([here.id, there.id], now=now)
    return here


def accept(provisional: Resident, *, actor: Actor, now: datetime) -> Resident:
    """Nobody on the lists is meant: the provisional person is a resident from now on. Raises AlreadyDealtWith."""
    with transaction(provisional.scope):
        found = desk.fresh(provisional, "provisional")
        desk.keep(found, state="verified")
        deed = journal.Deed("resident.changed", found.scope, {"before": {"state": "provisional"}}, found.id, [found])
        journal.write([deed], actor=actor, now=now)
        cards.touch([found.id], now=now)
    return found


def likely(provisional: Resident, limit: int = 8) -> list[tuple[Resident, tuple[str, ...]]]:
    """Known people of the same township who may be meant, with what agrees; who agrees in most comes first."""
    r = Resident
    same = (r.name == provisional.name) & (r.name != "")
    if provisional.id_lookup:
        same |= r.id_lookup == provisional.id_lookup
    if provisional.initials:
        same |= (r.initials == provisional.initials) & (r.area == provisional.area)
    if provisional.phone:
        same |= (r.phone == provisional.phone) & (r.area == provisional.area)
    found = r.select().where((r.scope == provisional.scope) & (r.state == "verified") & same).limit(60)
    agreeing = [(each, agreement(provisional, each)) for each in found]
    return sorted(agreeing, key=lambda pair: (-_weight(pair[1]), str(pair[0].id)))[:limit]


def agreement(one: Resident, other: Resident) -> tuple[str, ...]:
    """What two records have in common, as codes; only what both of them say counts."""
    born = other.birth_on.year if other.birth_on else other.birth_year
    says = {
        "number": bool(one.id_lookup) and one.id_lookup == other.id_lookup,
        "name": one.name == other.name,
        "sound": one.name != other.name and bool(one.initials) and one.initials == other.initials,
        "village": one.area == other.area,
        "group": bool(one.group) and one.group == other.group and one.area == other.area,
        "sex": bool(one.sex) and one.sex == other.sex,
        "year": one.birth_year is not None and one.birth_year == born,
        "phone": bool(one.phone) and one.phone == other.phone,
    }
    return tuple(code for code, agrees in says.items() if agrees)


WEIGHTS = {"number": 100, "name": 20, "phone": 15, "year": 10, "sound": 8, "village": 5, "group": 4, "sex": 2}


def _weight(codes: Sequence[str]) -> int:
    return sum(WEIGHTS[code] for code in codes)


def _of(resident: UUID) -> dict[type[Row], list[Any]]:
    return {cls: list(cls.select().where(cls.resident == resident)) for cls in HANGS_ON}  # type: ignore[attr-defined]


def _named(names: dict[str, list[str]], resident: UUID) -> dict[type[Row], list[Any]]:
    """The rows a merge moved, as far as they still hang on the known person."""
    found = {}
    for cls in HANGS_ON:
        ids = names.get(cls._meta.table_name, [])
        model: Any = cls
        found[cls] = list(model.select().where(model.id.in_(ids) & (model.resident == resident))) if ids else []
    return found


def _move(rows: dict[type[Row], list[Any]], to: Resident) -> dict[type[Row], list[Any]]:
    for cls, found in rows.items():
        for row in found:
            if cls is Visit:
                desk.keep(row, resident=to.id, resident_name=to.name, resident_initials=to.initials)
            else:
                desk.keep(row, resident=to.id)
    return rows


def _deed_of(here: Resident, there: Resident) -> dict[str, Any]:
    deeds = JournalEntry.select().where((JournalEntry.subject == there.id) & (JournalEntry.kind == "resident.merged"))
    for entry in deeds.order_by(JournalEntry.position.desc()):
        body: dict[str, Any] = json.loads(entry.payload)["body"] if entry.payload else {}
        if body.get("provisional") == str(here.id):
            return body
    raise AlreadyDealtWith("erased")


def _told_dead(resident: UUID) -> bool:
    found = DeathReport.select().where(
        (DeathReport.resident == resident) & DeathReport.state.in_(("reported", "confirmed"))
    )
    return bool(found.exists())
