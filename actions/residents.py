"""People served, as phones tell of them: what changed, field by field, and people nobody had on a list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import models
from actions import reads
from actions.arrivals import Arrived, Batch
from models import Clash, Resident
from rules import ciphers, id_numbers, names
from rules.actors import scope_of
from rules.admission import Held, covers

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
        return {k: str(v) for k, v in found.items() if k in ("name", "relation", "phone")} if isinstance(found, dict) else None
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
