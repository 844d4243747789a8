"""How much waits in each tray of an actor; bounded counts over indexed states, never over a whole log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peewee import SQL, Select, fn

from api.office.roles import CHECKERS, LEADS, OFFICERS
from models import (
    Clash,
    Complaint,
    DeathReport,
    Delivery,
    InboxMessage,
    JournalEntry,
    LifeVerification,
    Once,
    Request,
    Resident,
    within,
)
from rules.actors import Actor

MOST = 999  # more than this is "999"


def messages(actor: Actor) -> int:
    """One's own messages that are not put away."""
    return int(_MESSAGES(actor.person)[0][0])


def counts(actor: Actor) -> dict[str, int]:
    """Tray → how many wait; only the trays one of the actor's posts opens, and of the places where it opens them."""
    trays = _trays(actor)
    return dict(zip(trays, _COUNTS(actor)[0], strict=True)) if trays else {}


def _trays(actor: Actor) -> dict[str, Callable[[Actor], Any]]:
    found: dict[str, Callable[[Actor], Any]] = {}
    if actor.may(*OFFICERS):
        found |= {
            "verifications": verifications, "requests": requests, "deliveries": deliveries, "deaths": deaths,
            "matches": matches, "clashes": clashes,
        }  # fmt: skip
    if actor.may(*LEADS):
        found |= {"held": held, "complaints": complaints}
    return found


def _bounded(*queries: Any) -> Any:
    """How many each of the queries finds, up to `MOST`, side by side in one row."""
    return Select(columns=[Select([each.select(SQL("1")).limit(MOST)], [fn.COUNT(SQL("*"))]) for each in queries])


_COUNTS = Once(lambda actor: _bounded(*(waits(actor) for waits in _trays(actor).values())))
_MESSAGES = Once(
    lambda person: _bounded(
        InboxMessage.select().where((InboxMessage.person == person) & InboxMessage.done_at.is_null())
    )
)


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
