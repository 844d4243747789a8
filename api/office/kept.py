"""Whether what phones sent lies in a backup too, and who must bring what after the server was put back from one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import models
from api.office.roles import STAFF
from models import Device, Installation, Person
from rules import backups
from rules.actors import Actor

LISTED = 20  # phones; the others stand under people and phones


@dataclass(frozen=True)
class Kept:
    """What a desk is told. `silent` are phones not heard since the restore: what they hold may not be here."""

    any: bool
    at: datetime | None  # the newest verified backup
    late: bool
    restored_at: datetime | None = None
    restored_from: datetime | None = None
    silent: tuple[tuple[Any, str], ...] = ()  # phone and its person's name, those longest unheard first
    silent_count: int = 0
    came_back: tuple[tuple[Any, str], ...] = ()  # phones the backup did not know, set up again since


def kept(actor: Actor, *, now: datetime) -> Kept | None:
    """None for posts that lead nobody: they could do nothing about it."""
    if not actor.may(*STAFF):
        return None
    here = Installation.get()
    late = backups.is_late(here.backed_up_at, now=now, days=models.setting("backup.late_days"))
    told = Kept(here.backed_up_at is not None, here.backed_up_at, late)
    if here.restored_at is None:
        return told
    unheard = (
        Device.visible_to(actor, *STAFF)
        .where(Device.state.in_(("active", "send_only", "locked")))
        .where(Device.heard_at.is_null() | (Device.heard_at < here.restored_at))
    )
    count = unheard.count()
    if not count and (now - here.restored_at) > backups.TOLD_AFTER_RESTORE:
        return told
    rows = list(unheard.order_by(Device.heard_at, Device.id).limit(LISTED))
    since = Device.visible_to(actor, *STAFF).where(Device.enrolled_at >= here.restored_at)
    back = [d for d in since.order_by(Device.enrolled_at) if backups.came_back(d.id, d.enrolled_at, here.restored_at)]
    people = {device.person_id for device in [*rows, *back]}
    names = dict(Person.select(Person.id, Person.name).where(Person.id.in_(people)).tuples())
    silent, known = (tuple((device, names[device.person_id]) for device in each) for each in (rows, back))
    return Kept(told.any, told.at, told.late, here.restored_at, here.restored_from, silent, count, known)
