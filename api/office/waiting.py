"""How much waits in each tray of an actor; bounded counts over indexed states, never over a whole log."""

from __future__ import annotations

from typing import Any

from api.office.roles import CHECKERS, LEADS, OFFICERS
from models import (
    Clash,
    Complaint,
    DeathReport,
    Delivery,
    InboxMessage,
    JournalEntry,
    LifeVerification,
    Request,
    Resident,
    within,
)
from rules.actors import Actor

MOST = 999  # more than this is "999"


def messages(actor: Actor) -> int:
    """One's own messages that are not put away."""
    return _bounded(InboxMessage.select().where((InboxMessage.person == actor.person) & InboxMessage.done_at.is_null()))


def counts(actor: Actor) -> dict[str, int]:
    """Tray → how many wait; only the trays one of the actor's posts opens, and of the places where it opens them."""
    found: dict[str, int] = {}
    if actor.may(*OFFICERS):
        found["verifications"] = _bounded(verifications(actor))
        found["requests"] = _bounded(requests(actor))
        found["deliveries"] = _bounded(deliveries(actor))
        found["deaths"] = _bounded(deaths(actor))
        found["matches"] = _bounded(matches(actor))
        found["clashes"] = _bounded(clashes(actor))
    if actor.may(*LEADS):
        found["held"] = _bounded(held(actor))
        found["complaints"] = _bounded(complaints(actor))
    return found


def verifications(actor: Actor) -> Any:
    return LifeVerification.visible_to(actor, *CHECKERS).where(LifeVerification.state == "captured")


def requests(actor: Actor) -> Any:
    return Request.visible_to(actor, *OFFICERS).where(Request.state.in_(("raised", "taken_on")))


def deliveries(actor: Actor) -> Any:
    """Things not handed over, on no phone until they are planned again: somebody has to decide what next."""
    return Delivery.visible_to(actor, *OFFICERS).where(Delivery.state.in_(("attempted", "back")))


def deaths(actor: Actor) -> Any:
    return DeathReport.visible_to(actor, *OFFICERS).where(DeathReport.state == "reported")


def matches(actor: Actor) -> Any:
    return Resident.select().where(
        within(Resident.scope, Resident.area, actor.prefixes(*OFFICERS)) & Resident.provisional()
    )


def clashes(actor: Actor) -> Any:
    """Fields that desk and phone changed differently: both stand until somebody decides."""
    return Clash.visible_to(actor, *OFFICERS).where(Clash.state == "open")


def held(actor: Actor) -> Any:
    return JournalEntry.select().where(within(JournalEntry.scope, None, actor.prefixes(*LEADS)) & JournalEntry.held())


def complaints(actor: Actor) -> Any:
    return Complaint.visible_to(actor, *LEADS).where(Complaint.state == "received")


def _bounded(query: Any) -> int:
    return int(query.limit(MOST).count())
