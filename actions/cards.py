"""How much of each resident is on phones, and what that hangs on: verifications under way, visits, what waits.

`touch` is called by every action that changes what a card shows, in that action's transaction: it sets the level anew
and gives the row a new revision, so that phones of the village fetch it (actions/packs.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

import models
from actions import inbox
from actions.holders import holders_of
from models import (
    Area,
    CareEntry,
    Clash,
    Delivery,
    Departure,
    Entitlement,
    LifeVerification,
    Lookup,
    Request,
    Resident,
    Scope,
    Visit,
    transaction,
)  # fmt: skip
from rules import cards as rule
from rules.actors import Role, scope_of
from rules.days import day_of

UNDER_WAY = ("captured", "checked_ok", "exported")
SERVED = ("verified", "provisional")


def touch(residents: Iterable[UUID], *, now: datetime) -> None:
    """Something on these people's cards changed: set their level anew and give them new revisions.

    Inside the caller's transaction, which names their scopes.
    """
    ids = sorted(set(residents))
    for start in range(0, len(ids), 500):
        _touch(ids[start : start + 500], now)


def _touch(ids: Sequence[UUID], now: datetime) -> None:
    people = _LEVELLED(ids)
    matters = _matters(people)
    limits = models.settings_of("verification.due_soon_days", "verification.challenge_days")
    today, due_days = day_of(now), limits["verification.due_soon_days"][0]
    challenge_days = limits["verification.challenge_days"]
    by_scope: dict[str, list[UUID]] = defaultdict(list)
    for person, scope, _, _ in people:
        by_scope[scope].append(person)
    fresh: list[tuple[Any, ...]] = []
    for scope in sorted(by_scope):
        first = models.next_revs(scope, len(by_scope[scope]))
        for number, person in enumerate(by_scope[scope]):
            level = rule.level(matters[person], today=today, due_days=due_days, challenge_days=challenge_days)
            fresh.append((person, first + number, level.card, level.review_on))
    models.update_values(Resident, (Resident.rev, Resident.card, Resident.card_review_on), fresh)


def leave(moved: Mapping[UUID, str], *, now: datetime) -> None:
    """These people are no longer of that village ({resident: the area left}); inside the caller's transaction."""
    by_scope: dict[str, list[tuple[UUID, str]]] = defaultdict(list)
    for resident, area in moved.items():
        by_scope[scope_of(area)].append((resident, area))
    for scope in sorted(by_scope):
        first = models.next_revs(scope, len(by_scope[scope]))
        for number, (resident, area) in enumerate(by_scope[scope]):
            Departure.insert(area=area, resident=resident, rev=first + number).on_conflict(
                conflict_target=[Departure.area, Departure.resident], update={Departure.rev: first + number}
            ).execute()


def review_due(*, today: date, now: datetime) -> int:
    """The daily job: people whose card time alone changes, or whose challenge runs out. Gives how many; safe to repeat.

    A village at a time, so that its agents hear in one message who is newly due.
    """
    count, r = 0, Resident
    for (scope,) in Scope.select(Scope.code).order_by(Scope.code).tuples():
        due = (r.scope == scope) & (r.card_review_on <= today)
        for (area,) in list(r.select(r.area).where(due).distinct().order_by(r.area).tuples()):
            with transaction(scope):
                reviewed = dict(r.select(r.id, r.card_review_on).where(due & (r.area == area)).tuples())
                newly = _newly_due(reviewed, today)
                touch(reviewed, now=now)
                _tell_agents(scope, area, newly, today, now)
            count += len(reviewed)
    return count


def review_soon(*, today: date) -> None:
    """What a card is measured by has changed: the job looks again at everybody a verification is due of, some day."""
    listed = Entitlement.select(Entitlement.resident).where(Entitlement.listed)
    Resident.update(card_review_on=today).where(Resident.id.in_(listed)).execute()


def _newly_due(reviewed: Mapping[UUID, date], today: date) -> list[UUID]:
    """Those of whom a verification came due since their card was set: no earlier than the day it was to be looked at."""
    soon = timedelta(days=models.setting("verification.due_soon_days")[0])
    return [
        resident
        for resident, found in _matters(_LEVELLED(reviewed)).items()
        if not (found.gone or found.dead) and any(reviewed[resident] <= day - soon <= today for day in found.due)
    ]


NAMED = 8  # people named in a message; of more it says how many


def _tell_agents(scope: str, area: str, newly: Sequence[UUID], today: date, now: datetime) -> None:
    """One message to each agent of the village (domain §8, the notice of what is due soon)."""
    if not newly:
        return
    named = Resident.select(Resident.name).where(Resident.id.in_(newly[:NAMED])).order_by(Resident.group, Resident.id)
    village = Area.select(Area.name).where(Area.code == area).scalar()
    more = "等" if len(newly) > NAMED else ""
    words = f"{village}有 {len(newly)} 位到了认证的时候：{'、'.join(name for (name,) in named.tuples())}{more}"
    about = uuid5(NAMESPACE_OID, f"due/{area}/{today}")
    agents = holders_of(Role.AGENT, [area], on=today)[area]
    inbox.tell([inbox.Message(each, scope, "due", about=about, words=words) for each in sorted(agents)], now=now)


def overdue(*, today: date) -> dict[str, int]:
    """How many people of each village are past the day of a verification that nobody has taken."""
    e, r = Entitlement, Resident
    late = e.listed & (e.agency_state != "ended") & (e.due_on < today)
    alive = (r.life == "presumed_alive") & r.state.in_(SERVED)
    rows = list(e.select(r.id, r.area, e.id, e.last_success_on).join(r).where(late & alive).tuples())
    attempts = attempts_of(sorted({resident for resident, *_ in rows}))
    found: dict[str, set[UUID]] = defaultdict(set)
    for resident, area, entitlement, last_on in rows:
        if not taken(attempts.get(resident, ()), entitlement, last_on):
            found[area].add(resident)
    return {area: len(people) for area, people in sorted(found.items())}


_LEVELLED = Lookup(Resident.id, Resident.scope, Resident.state, Resident.life, by=Resident.id)
_LISTED = Lookup(
    Entitlement.id, Entitlement.resident, Entitlement.due_on, Entitlement.last_success_on, by=Entitlement.resident,
    also="listed AND agency_state <> 'ended'",
)  # fmt: skip
_CARED_FOR = Lookup(CareEntry.resident, by=CareEntry.resident, also="state = 'enrolled'")
_WAITING = (
    Lookup(Delivery.resident, by=Delivery.resident, also=f"state IN {Delivery.OPEN}"),
    Lookup(Request.resident, by=Request.resident, also="state IN ('raised', 'taken_on')"),
    Lookup(Clash.resident, by=Clash.resident, also="state = 'open'"),
    Lookup(CareEntry.resident, by=CareEntry.resident, also="state = 'proposed'"),  # they have to be asked
)
_QUERIED = Lookup(Visit.resident, by=Visit.scope, also="state = 'queried'")
_ANSWERED = Lookup(Request.resident, Request.answered_at, by=Request.resident, also="answered_at IS NOT NULL")


def _matters(people: Sequence[tuple[Any, ...]]) -> dict[UUID, rule.Matters]:
    """What there is to do for each (id, scope, state, life), in one query for each kind of thing."""
    ids = [person[0] for person in people]
    attempts = attempts_of(ids)
    due: dict[UUID, list[date]] = defaultdict(list)
    for entitlement, resident, due_on, last_on in _LISTED(ids):
        if not taken(attempts.get(resident, ()), entitlement, last_on):
            due[resident].append(due_on)
    care = {resident for (resident,) in _CARED_FOR(ids)}
    waiting = Lookup.firsts(_WAITING, ids)
    waiting |= {resident for (resident,) in _QUERIED({scope for _, scope, _, _ in people})}
    latest = latest_visits(ids, 1)
    waiting |= {resident for resident, at in _ANSWERED(ids) if not_visited_since(latest.get(resident), at)}
    found = {}
    for person, _, state, life in people:
        mine, visits = attempts.get(person, ()), latest.get(person)
        found[person] = rule.Matters(
            gone=state not in SERVED or life == "death_confirmed",
            provisional=state == "provisional",
            dead=life == "death_reported",
            due=tuple(due.get(person, ())),
            care=person in care,
            open=person in waiting or any(each.state in UNDER_WAY for each in mine) or bool(retakes(mine)),
            return_on=visits[0].return_on if visits else None,
        )
    return found


@dataclass(frozen=True)
class Attempt:
    """What a card needs of a verification."""

    id: UUID
    state: str
    entitlements: frozenset[str]
    captured_at: datetime
    captured_by: UUID
    why: str
    revisit_on: date | None
    retake_of: UUID | None
    condition: str
    witness: Any
    visit: UUID | None


_v = LifeVerification
_ATTEMPTS = Lookup(
    _v.resident, _v.id, _v.state, _v.entitlements, _v.captured_at, _v.captured_by, _v.sent_back_why, _v.revisit_on,
    _v.retake_of, _v.condition, _v.witness, _v.visit, by=_v.resident, order="captured_at DESC",
)  # fmt: skip


def attempts_of(ids: Iterable[UUID]) -> dict[UUID, list[Attempt]]:
    """Verifications of these people, newest first."""
    found: dict[UUID, list[Attempt]] = defaultdict(list)
    for resident, key, state, entitlements, *rest in _ATTEMPTS(ids):
        found[resident].append(Attempt(key, state, frozenset(entitlements), *rest))
    return found


def taken(attempts: Iterable[Attempt], entitlement: UUID, last_on: date | None) -> str:
    """The state of an attempt under way for this entitlement since its last success; empty when there is none."""
    for each in attempts:
        fresh = last_on is None or day_of(each.captured_at) > last_on
        if each.state in UNDER_WAY and str(entitlement) in each.entitlements and fresh:
            return each.state
    return ""


def retakes(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those sent back and not taken again since."""
    again = {each.retake_of for each in attempts}
    newest = max((each.captured_at for each in attempts if each.state in UNDER_WAY), default=None)
    return [
        each
        for each in attempts
        if each.state == "sent_back" and each.id not in again and (newest is None or newest < each.captured_at)
    ]


class PastVisit(NamedTuple):
    id: UUID
    ended_at: datetime
    reasons: str
    outcome: str
    person: UUID
    notes: str
    return_on: date | None


def latest_visits(ids: Sequence[UUID], count: int) -> dict[UUID, list[PastVisit]]:
    """The newest visits of each, newest first. One short look into the index a person: a window would read them all."""
    found: dict[UUID, list[PastVisit]] = defaultdict(list)
    one = (
        f"SELECT {_PAST.names} FROM visit WHERE resident_id = {{0}} AND corrected_by IS NULL "  # noqa: S608
        f"ORDER BY ended_at DESC LIMIT {int(count)}"
    )
    for row in models.for_each(one, ("uuid",), [(Visit.resident.db_value(each),) for each in ids]):
        resident, *rest = _PAST.from_db(list(row))
        found[resident].append(PastVisit(*rest))
    return found


_PAST = models.Columns(
    (Visit.resident, Visit.id, Visit.ended_at, Visit.reasons, Visit.outcome, Visit.person, Visit.notes, Visit.return_on)
)


def not_visited_since(visits: Sequence[PastVisit] | None, at: datetime) -> bool:
    return not visits or visits[0].ended_at < at
