"""The rows of the visit log, as people read them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

import models
from api.office.log_search import STATES
from api.office.words import benefit_name, said
from models import Delivery, Entitlement, LifeVerification, Lookup, Person, Visit
from rules.actors import Actor, area_prefix, scope_of
from rules.days import CHINA
from rules.visits import tries as tries_in_a_row

#: Goings in a row that are looked back at.
MOST_TRIES = 10


class Sayer:
    """Words for codes, each looked up once: a table says the same few thousands of times."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def __call__(self, kind: str, code: str) -> str:
        return self._once(kind, code, lambda: str(said(code, kind)))

    def check(self, benefit: str) -> str:
        return self._once("check", benefit, lambda: _("%(benefit)s check", benefit=benefit))

    def bring(self, thing: str) -> str:
        return self._once("bring", thing, lambda: _("bring %(thing)s", thing=thing))

    def left(self, code: str) -> str:
        return self._once("left", code, lambda: str(LEFT[code]))

    def state(self, code: str) -> str:
        return self._once("state", code, lambda: str(STATES[code])) if code in STATES else code

    def _once(self, kind: str, code: str, say: Callable[[], str]) -> str:
        found = self._known.get((kind, code))
        if found is None:
            found = self._known[kind, code] = say()
        return found


LEFT = {"picture": _l("picture"), "receipt": _l("receipt"), "none": _l("no mark")}


def rows_of(visits: Sequence[Any]) -> list[dict[str, Any]]:
    """What the page says of these visits: one query for each kind of thing beside them."""
    say, beside = Sayer(), Beside([visit.id for visit in visits])
    names = Person.names({visit.person_id for visit in visits})
    tries = _tries([v for v in visits if v.outcome == "not_home"])
    rows = []
    for visit in visits:
        mark = (visit.mark or {}).get("kind", "")
        told = beside.told(say, visit.id, visit.reasons, visit.outcome, mark, visit.state)
        more = [_("try no. %(num)s", num=tries[visit.id])] if visit.id in tries else []
        rows.append(
            {
                "visit": visit, "agent": names.get(visit.person_id, ""), "why": told.why, "outcome": told.outcome,
                "left": [*told.left, *more, *([visit.where] if visit.where else [])], "late": late(visit),
                "state": told.state,
            }
        )  # fmt: skip
    return rows


class Told(NamedTuple):
    """What is said of a visit by its codes and by what lies beside it."""

    why: list[str]
    outcome: str
    left: list[str]
    state: str  # a code of STATES


class Beside:
    """Verifications and deliveries that belong to some visits, read once for all of them.

    With `kept`, visits are named by their ids as the database keeps them, as text.
    """

    def __init__(self, visits: Sequence[Any], *, kept: bool = False) -> None:
        self.verifications = _by_visit(_VERIFICATIONS, visits, Verification, kept=kept)
        self.deliveries = _by_visit(_DELIVERIES, visits, Handed, kept=kept)
        checks = [each for found in self.verifications.values() for each in found]
        self._benefits, self._taken_again = benefits_of(checks), _taken_again(checks)

    def told(self, say: Sayer, visit: Any, reasons: str, outcome: str, mark: str, state: str) -> Told:
        checks, handed = self.verifications.get(visit, ()), self.deliveries.get(visit, ())
        return Told(
            why(reasons, checks, handed, self._benefits, say),
            _outcome(outcome, reasons, handed, say),
            left(outcome, mark, checks, handed, say),
            _state(state, checks, self._taken_again),
        )


def why(
    reasons: str, verifications: Sequence[Any], deliveries: Sequence[Any], benefits: Mapping[str, str], say: Sayer
) -> list[str]:
    """Why the agent went: by the benefit or the thing where it is known."""
    found: list[str] = []
    for reason in reasons.split(","):
        if reason == "verification" and verifications:
            names = dict.fromkeys(benefits.get(e, "") for v in verifications for e in v.entitlements)
            found += [say.check(name) for name in names if name] or [say("reason", reason)]
        elif reason == "delivery" and deliveries:
            found += [say.bring(each.what) for each in deliveries]
        elif reason:
            found.append(say("reason", reason))
    return list(dict.fromkeys(found))


def _outcome(code: str, reasons: str, deliveries: Sequence[Any], say: Sayer) -> str:
    handed = [d for d in deliveries if d.state == "delivered" and d.made]
    if handed and reasons == "delivery":
        return say("received-by", handed[0].made.get("to", "self"))
    return say("outcome", code)


def left(outcome: str, mark: str, verifications: Sequence[Any], deliveries: Sequence[Any], say: Sayer) -> list[str]:
    """What the visit left behind: a picture, a receipt, a mark."""
    found = [say.left("picture")] if any(v.state != "closed_other" for v in verifications) else []
    if any(d.state == "delivered" for d in deliveries):
        found.append(say.left("receipt"))
    kind = mark or next((v.mark.get("kind") for v in verifications if v.mark), "")
    if kind in ("signature", "thumbprint"):
        found.append(say("mark", kind))
    elif outcome in ("done", "part_done"):
        found.append(say.left("none"))
    return found


def late(visit: Any) -> str:
    """Lateness is shown only where there is some: it arrived on a later day."""
    ended, received = visit.ended_at.astimezone(CHINA), visit.received_at.astimezone(CHINA)
    days = (received.date() - ended.date()).days
    clock = f"{received.hour}:{received.minute:02}"
    if days <= 0:
        return ""
    if days == 1:
        return _("arrived the next day at %(clock)s", clock=clock)
    return ngettext("arrived %(num)s day later", "arrived %(num)s days later", days)


@dataclass(frozen=True)
class ThreeTimes:
    """What is known of when a record was made: the phone's own time, what it knew of the county's, and the receipt."""

    by_phone: datetime
    minutes_off: int | None  # county minus phone at its last answer; None: it had never heard one
    known_for_s: int  # how old that knowledge was
    received: datetime


def three_times(entry: Any) -> ThreeTimes | None:
    """The three times of a record; None once its text is erased."""
    if entry is None or entry.payload is None:
        return None
    said = json.loads(entry.payload)
    offset = said.get("offset_ms")
    minutes = None if offset is None else round(offset / 60_000)
    return ThreeTimes(entry.at, minutes, said.get("offset_age_s") or 0, entry.received_at)


def _taken_again(verifications: Sequence[Any]) -> set[UUID]:
    """Of these, the pictures sent back that somebody has taken again since: nothing is to be done for them."""
    v = LifeVerification
    back = [each.id for each in verifications if each.state == "sent_back"]
    return {key for (key,) in v.select(v.id).where(v.id.in_(back) & ~v.not_retaken()).tuples()} if back else set()


def _state(code: str, verifications: Sequence[Any], taken_again: Collection[UUID] = ()) -> str:
    """What still has to be done comes first: a picture to check or sent back, then the visit itself."""
    states = {v.state for v in verifications if v.id not in taken_again}
    if "sent_back" in states:
        return "sent_back"
    if code in ("queried", "answered"):
        return code
    return "to_check" if "captured" in states else code


def benefits_of(verifications: Sequence[Any]) -> dict[str, str]:
    """Entitlement → the name people use for its benefit."""
    ids = {UUID(each) for v in verifications for each in v.entitlements}
    rows = _BENEFITS(ids)
    names = {benefit: benefit_name(benefit) for benefit in {benefit for _, benefit in rows}}
    return {str(key): names[benefit] for key, benefit in rows}


_BENEFITS = Lookup(Entitlement.id, Entitlement.benefit, by=Entitlement.id)


class Verification(NamedTuple):
    visit: Any
    id: UUID
    state: str
    entitlements: list[str]
    mark: Any


class Handed(NamedTuple):
    visit: Any
    what: str
    state: str
    made: Any


_v, _d = LifeVerification, Delivery
_VERIFICATIONS = Lookup(_v.visit, _v.id, _v.state, _v.entitlements, _v.mark, by=_v.visit)
_DELIVERIES = Lookup(_d.visit, _d.what, _d.state, _d.made, by=_d.visit)


def _by_visit(lookup: Lookup, visits: Sequence[Any], kind: Callable[..., Any], *, kept: bool) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in (lookup.by_kept if kept else lookup)(visits):
        found.setdefault(str(row[0]) if kept else row[0], []).append(kind(*row))
    return found


def _tries(visits: Sequence[Any]) -> dict[UUID, int]:
    """How many times in a row nobody was home, up to and with each of these visits; more than `MOST_TRIES` says nothing new.

    One short look into the index for each, in one statement: a person may have been visited for years.
    """
    one = (
        "SELECT CAST({0} AS TEXT) AS visit, outcome FROM visit WHERE resident_id = {1} AND ended_at <= {2} "  # noqa: S608
        f"AND corrected_by IS NULL ORDER BY ended_at DESC LIMIT {MOST_TRIES}"
    )
    outcomes: dict[str, list[str]] = defaultdict(list)
    v = Visit
    asked = [
        (str(each.id), v.resident.db_value(each.resident_id), v.ended_at.db_value(each.ended_at)) for each in visits
    ]
    for key, outcome_ in models.for_each(one, ("text", "uuid", "timestamp"), asked):
        outcomes[key].append(outcome_)
    return {visit.id: tries_in_a_row(outcomes[str(visit.id)]) for visit in visits}


def scope_of_actor(actor: Actor) -> str:
    """Where a look at a list is noted: the township (or county) of the widest post."""
    return scope_of(min((p.area for p in actor.posts), key=lambda code: (len(area_prefix(code)), code)))
