"""One resident as an agent's phone holds them: a full card, or only a name."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import models
from actions.cards import SERVED, Attempt, PastVisit, attempts_of, latest_visits, not_visited_since, retakes, taken
from actions.holders import holding, over
from models import (
    CareEntry,
    Challenge,
    Clash,
    ConsentRecord,
    Delivery,
    Entitlement,
    Household,
    Lookup,
    Person,
    Request,
    Resident,
    Rows,
    Visit,
    transaction,
)  # fmt: skip
from rules import cards as rule
from rules import ciphers
from rules.actors import Actor, Role
from rules.days import day_of
from rules.enrolment import CARRIES_PHONE
from rules.visits import tries

PAST = 5  # visits shown on a card
STANDING = f"state IN {SERVED} AND life <> 'death_confirmed'"


def project(actor: Actor, ids: Sequence[UUID], *, now: datetime) -> dict[UUID, dict[str, Any]]:
    """The rows of these people as this actor's phone holds them; those no longer served are missing.

    Issues the challenges that verifications due need: they are fetched before leaving.
    """
    if not ids:
        return {}
    people = _SERVED.of(ids)
    homes = {home.id: home for home in HOMES.of({each.household_id for each in people if each.household_id})}
    full = [person for person in people if person.card == "full"]
    facts = _Facts(actor, full, now)
    rows = {}
    for person in people:
        home = homes.get(person.household_id)
        number = home.number if home else ""
        if person.card == "full":
            rows[person.id] = facts.card(person, number, home.address if home else "")
        else:
            rows[person.id] = name_card(
                person.id, person.area, person.rev, person.name, person.initials, person.group, number
            )
    return rows


_SERVED = Rows(Resident, by=Resident.id, also=STANDING)
HOMES = Rows(Household, by=Household.id)


def name_card(
    key: UUID, area: str, rev: int, name: str, initials: str, group: str, number: str | None
) -> dict[str, Any]:
    return {
        "id": str(key), "area": area, "rev": rev, "card": "name", "name": name, "initials": initials,
        "household": number or "", "group": group,
    }  # fmt: skip


_LISTED_FOR = Rows(Entitlement, by=Entitlement.resident, also="listed AND agency_state <> 'ended'")
_CARE = Rows(CareEntry, by=CareEntry.resident, also="state IN ('enrolled', 'proposed')")
_READY = Rows(Delivery, by=Delivery.resident, also="state = 'ready' AND agent_id = {}")
_ANSWERED_TO = Rows(Request, by=Request.resident, also="answered_at IS NOT NULL AND raised_by_id = {}")
_CLASHES = Rows(Clash, by=Clash.resident, also="state = 'open'")
_QUERIES = Rows(Visit, by=Visit.resident, also="state = 'queried' AND person_id = {}")
_CONSENTS = Lookup(
    ConsentRecord.resident, ConsentRecord.purpose, ConsentRecord.state, by=ConsentRecord.resident,
    order=f"{ConsentRecord.at.column_name}, id",
)  # fmt: skip
_KIN = Lookup(Person.kin, by=Person.id)


class _Facts:
    """All that full cards show of some people, read in one query for each kind of thing."""

    def __init__(self, actor: Actor, people: Sequence[Any], now: datetime) -> None:
        ids = [person.id for person in people]
        self.actor, self.now, self.today = actor, now, day_of(now)
        self.settings = models.settings_of(
            "verification.due_soon_days", "verification.challenge_days", "verification.gesture_sets"
        )
        self.due_days = self.settings["verification.due_soon_days"][0]
        self.attempts = attempts_of(ids)
        self.visits = latest_visits(ids, PAST)
        others = any(each.captured_by != actor.person for mine in self.attempts.values() for each in retakes(mine))
        self.carrying = holding(*CARRIES_PHONE, on=self.today) if others else []
        me = Person.id.db_value(actor.person)
        self.entitlements = _by_resident(_LISTED_FOR.of(ids))
        self.care = _by_resident(_CARE.of(ids))
        # What was not handed over goes back to the station until it is planned again (domain §14).
        self.deliveries = _by_resident(_READY.of(ids, me))
        self.requests = _by_resident(_ANSWERED_TO.of(ids, me))
        self.clashes = _by_resident(_CLASHES.of(ids))
        self.consents: dict[UUID, dict[str, str]] = defaultdict(dict)
        for resident, purpose, state in _CONSENTS(ids):
            self.consents[resident][purpose] = state  # the newest answer stands
        self.queries = _by_resident(_QUERIES.of(ids, me))
        self.names = Person.names({visit.person for visits in self.visits.values() for visit in visits})
        self.kin = {each for (kin,) in _KIN([actor.person]) for each in kin or ()}
        self.due = {person.id for person in people if self._is_due(person)}
        self.challenges = _challenges(actor.person, self.due, self.settings, now)

    def _is_due(self, person: Any) -> bool:
        """A verification of this person can be taken now, so the number is compared and a challenge needed."""
        attempts = self.attempts.get(person.id, ())
        if person.life != "presumed_alive":
            return False
        return bool(retakes(attempts)) or any(
            each.due_on - timedelta(days=self.due_days) <= self.today
            and not taken(attempts, each.id, each.last_success_on)
            for each in self.entitlements.get(person.id, ())
        )

    def _takes_again(self, attempt: Attempt, area: str) -> bool:
        """Whoever took the picture takes it again; once they serve here no more, the agents of the village do."""
        mine = attempt.captured_by == self.actor.person
        return mine or (self.actor.covers(area, Role.AGENT) and attempt.captured_by not in over(area, self.carrying))

    def card(self, person: Any, number: str, address: str) -> dict[str, Any]:
        """One full card; empty members are left out, so that a row stays small."""
        attempts, visits = self.attempts.get(person.id, ()), self.visits.get(person.id, ())
        last = next((a for a in attempts if a.condition), None)
        challenge = self.challenges.get(person.id)
        always = name_card(person.id, person.area, person.rev, person.name, person.initials, person.group, number)
        more = {
            "household_id": person.household_id,
            "state": "" if person.state == "verified" else person.state,
            "sex": person.sex, "birth_on": person.birth_on, "birth_year": person.birth_year if not person.birth_on else None,
            "address": person.address or address,
            "phone": person.phone, "phone_of": person.phone_of, "no_phone": person.no_phone,
            "needs": [code for code in person.needs.split(",") if code], "dialect": person.dialect,
            "hours": person.hours, "helper": _contact(person.helper), "guardian": _contact(person.guardian),
            "id_masked": masked(person.id_number, person.id_tail), "tail": person.id_tail,
            "id_number": person.id_number if person.id in self.due else "",
            "entitlements": [self._entitlement(each, attempts) for each in self.entitlements.get(person.id, ())],
            "tasks": self._tasks(person, attempts, visits), "consents": self.consents.get(person.id, {}),
            "condition": last.condition if last else "", "witness": _filled(last.witness) if last and last.witness else None,
            "past": [self._visit(each) for each in visits], "tries": tries(each.outcome for each in visits),
            "life": "" if person.life == "presumed_alive" else person.life, "kin": str(person.id) in self.kin,
            "challenge": challenge,
            "clashes": [_filled({"field": c.field, "ours": c.ours, "theirs": c.theirs}) for c in self.clashes.get(person.id, ())],
        }  # fmt: skip
        return {**always, "card": "full", **_filled(more)}

    def _entitlement(self, each: Any, attempts: Sequence[Attempt]) -> dict[str, Any]:
        return _filled(
            {
                "id": each.id, "benefit": each.benefit, "due_on": each.due_on, "last_on": each.last_success_on,
                "agency_state": "" if each.agency_state == "paying" else each.agency_state,
                "taken": taken(attempts, each.id, each.last_success_on),
            }
        )  # fmt: skip

    def _visit(self, each: PastVisit) -> dict[str, Any]:
        return _filled(
            {
                "id": each.id, "on": day_of(each.ended_at), "reasons": each.reasons.split(","), "outcome": each.outcome,
                "by": self.names.get(each.person, ""), "notes": each.notes,
            }
        )  # fmt: skip

    def _tasks(self, person: Any, attempts: Sequence[Attempt], visits: Sequence[PastVisit]) -> list[dict[str, Any]]:
        """What this agent has to do here beside verifications. Nothing for somebody whose death was reported."""
        if person.life != "presumed_alive":
            return []
        tasks = [
            {
                "id": each.id, "kind": "delivery", "what": each.what, "due_on": each.due_on, "who_may": each.who_may,
                "money": each.money_function,
            }
            for each in self.deliveries.get(person.id, ())
        ]  # fmt: skip
        tasks += [
            {"id": each.id, "kind": "retake", "why": each.why, "due_on": each.revisit_on, "about": each.visit}
            for each in retakes(attempts)
            if self._takes_again(each, person.area)
        ]
        tasks += [
            {"id": each.id, "kind": "query", "why": each.query_words, "about": each.query, "due_on": None}
            for each in self.queries.get(person.id, ())
        ]
        tasks += [
            {"id": each.id, "kind": "care", "due_on": each.next_visit_on}
            if each.state == "enrolled"
            else {"id": each.id, "kind": "consent", "what": "care_roster", "why": each.reason}
            for each in self.care.get(person.id, ())
        ]
        if visits and visits[0].return_on is not None:
            tasks.append({"id": visits[0].id, "kind": "revisit", "due_on": visits[0].return_on})
        tasks += [
            {"id": each.id, "kind": "request_answer", "what": each.words[:60], "why": each.answer or each.passed_to}
            for each in self.requests.get(person.id, ())
            if not_visited_since(visits, each.answered_at)
        ]
        return [_filled(task) for task in tasks]


def masked(number: str | None, tail: str) -> str:
    """The first three and the last four, as R-PRI-4 allows at most."""
    if not number or len(number) < 15:
        return ""
    return f"{number[:3]}{'*' * (len(number) - 7)}{tail or number[-4:]}"


def _contact(value: Any) -> dict[str, str] | None:
    return {k: value[k] for k in ("name", "relation", "phone") if value.get(k)} if value else None


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty: None, "", [], {}, False and 0."""
    return {key: value for key, value in row.items() if value}


def _by_resident(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.resident_id].append(row)
    return found


_CHALLENGES = Rows(Challenge, by=Challenge.resident, also="person_id = {} AND ends_at > {}", order="ends_at")


def _challenges(
    person: UUID, residents: Collection[UUID], settings: Mapping[str, Any], now: datetime
) -> dict[UUID, dict[str, Any]]:
    """A challenge for this agent and each of these people, new where the one in hand has lived half its life."""
    if not residents:
        return {}
    life = timedelta(days=settings["verification.challenge_days"])
    c, good_to = Challenge, now + life * rule.RENEW_BEFORE
    here = _CHALLENGES.of(residents, c.person.db_value(person), c.ends_at.db_value(good_to))
    found = {each.resident_id: each for each in here}
    missing = [each for each in sorted(residents) if each not in found]
    if missing:
        sets: Mapping[str, Sequence[str]] = settings["verification.gesture_sets"]
        dice = random.SystemRandom()
        fresh = [
            Challenge(
                id=ciphers.uuid7(int(now.timestamp() * 1000)), person=person, resident=resident, issued_at=now,
                gestures={kind: dice.choice(codes) for kind, codes in sets.items()}, ends_at=now + life,
            )
            for resident in missing
        ]  # fmt: skip
        with transaction():
            models.insert(fresh)
        found |= {each.resident_id: each for each in fresh}
    return {
        resident: {"id": each.id, "gestures": each.gestures, "ends_at": each.ends_at}
        for resident, each in found.items()
    }
