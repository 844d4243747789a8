"""Results planned at the township and handed over at the door: only the recipient's own act closes a delivery (domain §14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import models
from actions import cards, desk, inbox, journal
from actions.arrivals import Arrived, Batch
from models import Delivery, Post, Resident, transaction
from rules.actors import Actor, area_prefix
from rules.admission import Held
from rules.days import day_of
from rules.enrolment import CARRIES_PHONE
from rules.problems import FieldMissing, NoAgentThere

OF_MONEY = ("self", "guardian")  # into whose hands a card with a money function may go


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`delivery.made | attempted`, in the order they were signed."""
    wanted = [record.body.delivery for record in records]
    here = {row.id: row for row in Delivery.select().where(Delivery.id.in_(wanted))}
    for record in records:
        row = here.get(record.body.delivery)
        why = _why_held(record, row, batch)
        if why is not None or row is None:
            batch.hold(record, why or Held.RECORD_UNKNOWN)
            continue
        row.event, row.visit = record.id, record.body.visit
        if record.kind == "delivery.made":
            row.state, row.done_at = "delivered", batch.trusted(record, record.at)
            row.made = record.body.model_dump(mode="json", exclude={"delivery", "visit"}, exclude_defaults=True)
            batch.settled.append(row.id)
        else:
            row.state, row.tries = "attempted", row.tries + 1
            row.made = record.body.model_dump(mode="json", include={"why", "words"}, exclude_defaults=True)
        fields = (Delivery.state, Delivery.done_at, Delivery.made, Delivery.tries, Delivery.event, Delivery.visit)
        batch.change(record, row, *fields)
        batch.touched.add(row.resident_id)


def _why_held(record: Arrived, row: Any, batch: Batch) -> Held | None:
    """Nothing is handed over twice, for somebody else, or a card with a money function into other hands."""
    if row is None:
        return Held.RECORD_UNKNOWN
    if row.resident_id != batch.resident_of(record).id:
        return Held.RECORD_UNKNOWN
    if row.state not in Delivery.OPEN:
        return Held.ALREADY_DONE
    if record.kind == "delivery.made" and row.money_function and record.body.to not in OF_MONEY:
        return Held.MONEY_FUNCTION
    return None


# ---- at the desk


@dataclass(frozen=True)
class Plan:
    """What is to be handed over, to whom, by which agent, until when."""

    what: str
    agent: UUID
    due_on: date
    who_may: str = ""  # who may receive it, in words the agent reads at the door
    money_function: bool = False  # a bank or social card: into the person's or the guardian's own hands only


def plan(resident: Resident, wanted: Plan, *, actor: Actor, now: datetime) -> Delivery:
    """Give a result to an agent to hand over; it appears on that phone. Raises FieldMissing, NoAgentThere."""
    if not wanted.what.strip():
        raise FieldMissing("what")
    if wanted.due_on < day_of(now):
        raise FieldMissing("due_on")
    _is_agent_of(wanted.agent, resident.area, now)
    with transaction(resident.scope):
        row = Delivery(
            resident=resident.id, scope=resident.scope, area=resident.area, what=wanted.what.strip(),
            money_function=wanted.money_function, who_may=wanted.who_may.strip(), agent=wanted.agent,
            due_on=wanted.due_on, planned_by=actor.person, planned_at=now,
        )  # fmt: skip
        models.insert([row])
        body = {"delivery": row.id, "what": row.what, "agent": row.agent_id, "due_on": row.due_on}
        journal.write([journal.Deed("delivery.planned", row.scope, body, resident.id, [row])], actor=actor, now=now)
        inbox.tell([inbox.Message(row.agent_id, row.scope, "assigned", resident.id, row.id, row.what)], now=now)
        cards.touch([resident.id], now=now)
    return row


def plan_again(delivery: Delivery, agent: UUID, due_on: date, *, actor: Actor, now: datetime) -> Delivery:
    """Another agent, or another day, for something not handed over yet. Raises AlreadyDealtWith, NoAgentThere, FieldMissing."""
    if due_on < day_of(now):
        raise FieldMissing("due_on")
    _is_agent_of(agent, delivery.area, now)
    with transaction(delivery.scope):
        found = desk.fresh(delivery, *Delivery.OPEN, "back")
        before = found.agent_id
        desk.keep(found, agent=agent, due_on=due_on, state="ready")
        body = {"delivery": found.id, "what": found.what, "agent": agent, "due_on": due_on, "before": before}
        deed = journal.Deed("delivery.planned", found.scope, body, found.resident_id, [found])
        journal.write([deed], actor=actor, now=now)
        inbox.settle([found.id], now=now)
        inbox.tell([inbox.Message(agent, found.scope, "assigned", found.resident_id, found.id, found.what)], now=now)
        cards.touch([found.resident_id], now=now)
    return found


def bring_back(delivery: Delivery, why: str, *, actor: Actor, now: datetime) -> Delivery:
    """The thing is back at the station and on nobody's phone any more. Raises AlreadyDealtWith, FieldMissing."""
    if not why.strip():
        raise FieldMissing("why")
    with transaction(delivery.scope):
        found = desk.fresh(delivery, *Delivery.OPEN)
        desk.keep(found, state="back")
        body = {"delivery": found.id, "why": why.strip()}
        deed = journal.Deed("delivery.returned", found.scope, body, found.resident_id, [found])
        journal.write([deed], actor=actor, now=now)
        inbox.settle([found.id], now=now)
        cards.touch([found.resident_id], now=now)
    return found


def _is_agent_of(person: UUID, area: str, now: datetime) -> None:
    posts = Post.in_force(day_of(now)).where((Post.person == person) & Post.role.in_(list(CARRIES_PHONE)))
    if not any(area.startswith(area_prefix(post.area)) for post in posts):
        raise NoAgentThere()
