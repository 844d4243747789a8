"""People served: what phones tell of them, field by field, people nobody had on a list, and what a desk changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import models
from actions import cards, desk, journal, reads
from actions.arrivals import Arrived, Batch
from models import CareEntry, Clash, Delivery, Entitlement, Resident, Visit, transaction
from rules import ciphers, id_numbers, names
from rules.actors import Actor, scope_of
from rules.admission import Held, covers
from rules.days import day_of
from rules.problems import FieldMissing, ReasonMissing

NOTED = {
    name: getattr(Resident, name) for name in ("phone", "phone_of", "no_phone", "needs", "dialect", "hours", "helper")
}


def receive_noted(records: Sequence[Arrived], batch: Batch) -> None:
    """`resident.noted`: a field still as the agent saw it takes the new value; one the desk changed meanwhile is a clash."""
    for record in records:
        resident = batch.resident_of(record)
        for name, change in record.body.changes.items():
            ours = said(name, getattr(resident, name))
            if ours == (change.value or ""):
                continue
            if ours == (change.base or ""):
                setattr(resident, name, stored(name, change.value))
                batch.change(record, resident, NOTED[name])
            else:
                clash = Clash(
                    id=ciphers.uuid7(int(batch.now.timestamp() * 1000)), resident=resident.id, scope=resident.scope,
                    area=resident.area, field=name, base=change.base, ours=ours, theirs=change.value, event=record.id,
                    noted_by=record.actor, noted_at=batch.trusted(record, record.at), state="open",
                )  # fmt: skip
                batch.add(record, clash)
        batch.touched.add(resident.id)


def said(name: str, value: Any) -> str:
    """A field as the wire says it: yes and no as `true` and "", a helper as JSON with sorted keys, nothing as ""."""
    if name == "no_phone":
        return "true" if value else ""
    if name == "helper":
        kept = {key: value[key] for key in ("name", "relation", "phone") if value.get(key)} if value else {}
        return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if kept else ""
    return value or ""


def stored(name: str, text: str | None) -> Any:
    """The other way round."""
    text = (text or "").strip()
    if name == "no_phone":
        return text in ("true", "1", "yes")
    if name == "helper":
        try:
            found = json.loads(text) if text else None
        except ValueError:
            found = {"name": text}
        return (
            {k: str(v) for k, v in found.items() if k in ("name", "relation", "phone")}
            if isinstance(found, dict)
            else None
        )
    return text


def receive_provisional(records: Sequence[Arrived], batch: Batch) -> None:
    """`resident.provisional`: somebody not in the pack. Nobody is told whether the number is known (design §4)."""
    wanted = [record.subject for record in records if record.subject is not None]
    taken = {row[0] for row in Resident.select(Resident.id).where(Resident.id.in_(wanted)).tuples()}
    for record in records:
        body, post = record.body, batch.posts.get(record.post) if record.post else None
        if record.subject is None or record.subject in taken:
            batch.hold(record, Held.RESIDENT_EXISTS if record.subject else Held.RESIDENT_UNKNOWN)
            continue
        if post is not None and not covers(post.area, body.area):
            batch.hold(record, Held.RESIDENT_ELSEWHERE)
            continue
        row = _provisional(record)
        batch.add(record, row)
        batch.residents[record.subject] = row
        batch.touched.add(record.subject)
        taken.add(record.subject)


def _provisional(record: Arrived) -> Resident:
    body = record.body
    number = id_numbers.fold(body.id_number) or None
    return Resident(
        id=record.subject, scope=scope_of(body.area), area=body.area, group=body.group, name=body.name,
        initials=names.initials(body.name), sex=body.sex, birth_year=body.birth_year, phone=body.phone,
        id_number=number, id_tail=number[-4:] if number else "", id_missing_why="" if number else body.why,
        id_lookup=ciphers.lookup(models.keys().lookup, number) if number else None, state="provisional", card="full",
    )  # fmt: skip


def receive_unmasked(records: Sequence[Arrived], batch: Batch) -> None:
    """`resident.unmasked`: the full number was shown on a phone, and why; it stands in the log of readings too (R-PRI-4)."""
    reads.note(
        [
            reads.Read(
                scope=record.scope, person=record.actor, resident=batch.resident_of(record).id, what="id-number",
                reason=record.body.why,
            )
            for record in records
            if record.actor is not None
        ],
        now=batch.now,
    )  # fmt: skip


# ---- at the desk

FIRST_BIRTH = date(1900, 1, 1)

#: What a desk may change; everything else comes from lists, or is kept by actions of its own.
CHANGEABLE = (
    "name", "other_name", "sex", "birth_on", "phone", "phone_of", "no_phone", "needs", "dialect", "hours", "helper",
    "guardian", "address", "group", "area",
)  # fmt: skip


def change(resident: Resident, wanted: Mapping[str, Any], *, actor: Actor, now: datetime) -> Resident:
    """A desk changes a resident's record; only what really differs is written, with what stood there before.

    Moving to another village of the township takes the row off the phones of the old one. Birth and sex follow a usable
    ID number, and nobody is born tomorrow. Raises FieldMissing.
    """
    if "name" in wanted and not str(wanted["name"]).strip():
        raise FieldMissing("name")
    born = wanted.get("birth_on")
    if born is not None and not FIRST_BIRTH <= born <= day_of(now):
        raise FieldMissing("birth_on")
    number = id_numbers.read(resident.id_number or "", today=day_of(now))
    if isinstance(number, id_numbers.IdNumber):
        wanted = {name: value for name, value in wanted.items() if name not in ("birth_on", "sex")}
    with transaction(resident.scope):
        found: Resident = Resident.get_by_id(resident.id)
        before = {k: getattr(found, k) for k, v in wanted.items() if k in CHANGEABLE and getattr(found, k) != v}
        if not before:
            return found
        if "area" in before and scope_of(wanted["area"]) != found.scope:
            raise FieldMissing("area")
        changes = {name: wanted[name] for name in before}
        if "name" in changes:
            changes["initials"] = names.initials(changes["name"])
        if changes.get("birth_on"):
            changes["birth_year"] = changes["birth_on"].year
        desk.keep(found, **changes)
        body = {"before": before, "after": {name: wanted[name] for name in before}}
        deed = journal.Deed("resident.changed", found.scope, body, found.id, [found])
        journal.write([deed], actor=actor, now=now)
        if "area" in before:
            _move_matters(found, actor=actor, now=now)
            cards.leave({found.id: before["area"]}, now=now)
        if "name" in changes:
            Visit.update(resident_name=found.name, resident_initials=found.initials).where(
                Visit.resident == found.id
            ).execute()
        cards.touch([found.id], now=now)
    return found


def _move_matters(found: Resident, *, actor: Actor, now: datetime) -> None:
    """What is still to be done for somebody moves with them; what happened stays where it happened."""
    rows: list[models.Row] = []
    for cls in (CareEntry, Entitlement):
        rows += [desk.keep(row, area=found.area) for row in cls.select().where(cls.resident == found.id)]
    waiting = Delivery.select().where((Delivery.resident == found.id) & Delivery.state.in_(Delivery.OPEN))
    rows += [desk.keep(row, area=found.area) for row in waiting]
    if rows:
        deed = journal.Deed("resident.changed", found.scope, {"area": found.area}, found.id, rows)
        journal.write([deed], actor=actor, now=now)


def settle(clash: Clash, which: str, *, actor: Actor, now: datetime) -> Clash:
    """Decide a field that desk and phone changed differently: `ours` or `theirs`. Raises AlreadyDealtWith, FieldMissing."""
    if which not in ("ours", "theirs"):
        raise FieldMissing("answer")
    with transaction(clash.scope):
        found = desk.fresh(clash, "open")
        desk.keep(found, state=which)
        resident = Resident.get_by_id(found.resident_id)
        if which == "theirs":
            desk.keep(resident, **{found.field: stored(found.field, found.theirs)})
        body = {"clash": found.id, "field": found.field, "which": which}
        deed = journal.Deed("clash.settled", found.scope, body, resident.id, [found, resident])
        journal.write([deed], actor=actor, now=now)
        cards.touch([resident.id], now=now)
    return found


def unmask(resident: Resident, why: str, *, actor: Actor, now: datetime) -> str:
    """The full ID number, for a reason that is kept with the look (R-PRI-4). Raises ReasonMissing."""
    why = why.strip()
    if len(why) < 2:
        raise ReasonMissing()
    look = reads.Read(scope=resident.scope, person=actor.person, resident=resident.id, what="id-number", reason=why)
    reads.note([look], now=now)
    return resident.id_number or ""
