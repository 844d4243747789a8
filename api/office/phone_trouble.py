"""A phone in trouble: the code that opens it again is read out, and what became of an order to lock or empty it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from actions import phone_recovery
from api.access import allows, get_object_or_404
from api.office import bp
from models import Device, JournalEntry, Person, RecoveryReading
from rules.enrolment import GIVES_PHONES

READINGS = 5  # shown on the phone's page, the newest first


@bp.post("/phones/<uuid:device_id>/recovery")
@allows(*GIVES_PHONES)
def read_recovery_code(device_id: UUID) -> ResponseReturnValue:
    """The digits, once: they are in this answer only, which no browser keeps and no address leads to."""
    found = get_object_or_404(Device.visible_to(g.actor, *GIVES_PHONES), Device.id == device_id)
    groups = phone_recovery.read_out(
        found, request.form.get("code", ""), why=request.form.get("why", "")[:200], actor=g.actor, now=g.now
    )
    return render_template(
        "office/recovery_code.html", device=found, person=Person.get_by_id(found.person_id), groups=groups
    )


def trouble_of(device: Any) -> dict[str, Any]:
    """What the phone's page says of orders and of its code. `stage`: "", given, sending, sent or wiped."""
    r = RecoveryReading
    readings = list(r.select(r, Person).join(Person).where(r.device == device.id).order_by(r.at.desc()).limit(READINGS))
    return {
        "stage": _stage(device),
        "lost": _lost(device),
        "readings": readings,
        "is_mine": device.person_id == g.actor.person,
        "read_before": bool(readings) and readings[0].n == device.recovery_n,
    }


def _stage(device: Any) -> str:
    """How far the order is. What the phone holds is what it said when it was last heard."""
    if device.state == "wiped":
        return "wiped"
    if not device.order:
        return ""
    if device.heard_at is None or device.order_at is None or device.heard_at <= device.order_at:
        return "given"
    return "sending" if device.waiting_records or device.waiting_blobs else "sent"


def _lost(device: Any) -> dict[str, Any] | None:
    """What an emptied phone could not bring, each with the number of its record where that has one."""
    if not device.lost:
        return None
    items = device.lost["items"]
    e = JournalEntry
    here = e.select(e.id, e.number).where(e.id.in_([UUID(each["event"]) for each in items])) if items else ()
    numbers = {entry.id: entry.number for entry in here}
    return {
        "items": [each | {"number": numbers.get(UUID(each["event"]), "")} for each in items],
        "drafts": device.lost["drafts"],
    }
