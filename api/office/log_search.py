"""The visit log's filters, which stand in the address, and the visits they ask for.

Keyset paging and no COUNT(*): the newest fifty come at once, however long the log is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from peewee import SQL, fn

import models
from actions import journal
from api.office.log_places import IN_TOWNSHIP, Asked, Line, Seen, V, as_one, by_township, codes_of, everywhere, places
from api.office.roles import OFFICERS
from models import JournalEntry, LifeVerification, Lookup, Scope, Visit
from rules.actors import Actor, scope_of
from rules.days import CHINA
from rules.events import Outcome, Reason

A_PAGE = 50
DAYS: dict[str, Any] = {
    "1": _l("Today"), "7": _l("Last 7 days"), "30": _l("Last 30 days"), "90": _l("Last 90 days"), "all": _l("All days"),
}  # fmt: skip
STATES: dict[str, Any] = {
    "synced": _l("to look at"), "queried": _l("asked, waiting for the answer"), "answered": _l("answered, to look at"),
    "checked": _l("fine"), "to_check": _l("verification to check"), "sent_back": _l("sent back, take again"),
}  # fmt: skip
#: States of a visit that are those of its verification.
TO_DO = {"to_check": "captured", "sent_back": "sent_back"}
LAST = "\U0010ffff"  # comes after whatever a text may begin with
#: From so many alike on it is quicker to go down the newest visits than to fetch all that an index has.
MANY_ALIKE = 2000


@dataclass(frozen=True)
class Filters:
    """What is asked for, as it stands in the address."""

    area: str = ""
    agent: str = ""
    reason: str = ""
    outcome: str = ""
    state: str = ""
    days: str = "7"
    text: str = ""
    resident: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> Filters:
        """What an address says; what it cannot mean is left out."""
        return cls(
            area=args.get("area", "") if args.get("area", "").isdigit() else "",
            agent=_uuid(args.get("agent", "")),
            reason=_known(args.get("reason", ""), set(Reason)),
            outcome=_known(args.get("outcome", ""), set(Outcome)),
            state=_known(args.get("state", ""), set(STATES)),
            days=args.get("days", "7") if args.get("days", "7") in DAYS else "7",
            text=args.get("text", "").strip()[:40],
            resident=_uuid(args.get("resident", "")),
        )

    def args(self, **changed: str) -> dict[str, str]:
        """What to put into an address; defaults are left out."""
        plain = Filters()
        found = replace(self, **changed)
        return {k: v for k, v in vars(found).items() if v and v != getattr(plain, k)}

    def without(self, name: str) -> dict[str, str]:
        """The address when one filter is taken off; days then means all days."""
        return self.args(**{name: "all" if name == "days" else ""})

    @property
    def chosen(self) -> list[str]:
        return [k for k, v in vars(self).items() if v and not (k == "days" and v == "all")]


def page(asked: Asked, before: str) -> tuple[list[Line], str]:
    """Fifty from the place `before`, and where the next fifty begin; "" at the end."""
    rows = asked.newest(A_PAGE + 1, _place(before))
    more = f"{rows[A_PAGE - 1].ended_at.isoformat()}~{rows[A_PAGE - 1].id}" if len(rows) > A_PAGE else ""
    return rows[:A_PAGE], more


def queries(actor: Actor, filters: Filters, *, today: date) -> Asked:
    """The visits asked for. What a correction replaced is not among them; it is found on the page of what replaced it.

    Each filter has its way: one person's visits by their own index, a state or an outcome by that of each township;
    what many share is met soon down the newest of all, what is rare is looked up first.
    """
    v, here = Visit, places(actor, filters.area)
    found = v.select().where(v.corrected_by.is_null())
    if filters.agent:
        found = found.where(v.person == UUID(filters.agent))
    if filters.resident:
        found = found.where(v.resident == UUID(filters.resident))
    if filters.outcome:
        found = found.where(v.outcome == filters.outcome)
    if filters.reason:
        found = found.where(v.reasons.contains(filters.reason))
    every_place = here
    by_place = filters.outcome or (filters.state and filters.state not in TO_DO) or not _is_searched(filters)
    if filters.agent or filters.resident or (len(here) > 1 and not by_place):
        here = as_one(here)
    recent, recent_of_few = _since(filters.days, today)
    if filters.state in TO_DO:
        found = found.where(_begins(actor, filters.text, today)) if filters.text else found
        return Asked(_of_verifications(found.where(recent), TO_DO[filters.state], every_place, here))
    if filters.state:
        found = found.where(v.state == filters.state)
    if filters.text and _is_number(filters.text):
        return Asked(everywhere(found.where(recent, _begins(actor, filters.text, today)), as_one(every_place)))
    if filters.text and (few := _few_said(filters.text, every_place)):
        condition, few_places = few
        return Asked(everywhere(found.where(recent_of_few, condition), few_places))
    if filters.text:
        found = found.where(_begins(actor, filters.text, today))
    return Asked(everywhere(found.where(recent), here))


def _since(days: str, today: date) -> tuple[Any, Any]:
    """That a visit ended in the last so many days; and the same out of reach of the indexes of time, for a few."""
    if days == "all":
        return SQL("1 = 1"), SQL("1 = 1")
    first = today - timedelta(days=int(days) - 1)
    moment = datetime(first.year, first.month, first.day, tzinfo=CHINA)
    return V.ended_at >= moment, fn.COALESCE(V.ended_at, V.ended_at) >= V.ended_at.db_value(moment)


def _is_searched(filters: Filters) -> bool:
    """Whether something is asked for that no township's index has: what many share is met down the newest of all."""
    return bool(filters.reason or filters.text or filters.state in TO_DO)


def _few_said(text: str, places_: Sequence[tuple[Any, str]]) -> tuple[Any, list[tuple[Any, str]]] | None:
    """The visits of people whose name or initials begin so, by their index, and the places as that index has them.

    None where many share the beginning: those are looked for down the newest visits, where they are met soon.
    """
    column, begins = _column(text)
    by_index = (column >= begins) & (column < begins + LAST)
    townships = [(IN_TOWNSHIP, code) for code in sorted({scope_of(code) for _, code in places_})]
    if Asked(everywhere(V.select().where(by_index), townships)).reach(MANY_ALIKE):
        return None
    return by_index, by_township(places_)


def _begins(actor: Actor, text: str, today: date) -> Any:
    """That name, initials or number begin so, out of reach of the indexes of name and initials."""
    if _is_number(text):
        return V.event.in_(_events_numbered(actor, text.upper(), today))
    column, begins = _column(text)
    plain = fn.COALESCE(column, "")
    return (plain >= begins) & (plain < begins + LAST)


def _is_number(text: str) -> bool:
    return text[:2].isascii() and text[:2].isalpha() and "-" in text


def _column(text: str) -> tuple[Any, str]:
    return (V.resident_initials, text.lower()) if text.isascii() else (V.resident_name, text)


def _of_verifications(
    found: Any, state_: str, each_: Sequence[tuple[Any, str]], here: Sequence[tuple[Any, str]]
) -> list[tuple[Any, str]]:
    """Of these visits those with a verification in that state: few are looked up, many are met soon."""
    v, of = Visit, LifeVerification
    in_state = of.state == state_
    if state_ == "sent_back":
        in_state &= of.not_retaken()
    scopes, villages_ = codes_of(each_, V.scope), codes_of(each_, V.area)
    here_ = of.scope.in_(sorted({*scopes, *map(scope_of, villages_)}))  # states have an index of a whole township only
    if villages_:
        here_ &= of.scope.in_(scopes) | of.area.in_(villages_)
    mine = of.select(of.visit).where(here_ & in_state)
    if mine.limit(MANY_ALIKE).count() < MANY_ALIKE:
        return everywhere(found.where(v.id.in_(mine)), as_one(each_))
    met = found.where(fn.EXISTS(of.select(of.id).where((of.visit == v.id) & in_state)))
    return everywhere(met, here)


_ENTRIES = Lookup(JournalEntry.position, JournalEntry.received_at, by=JournalEntry.position, also="scope = {}")


def _events_numbered(actor: Actor, text: str, today: date) -> list[UUID]:
    """Events whose receipt number begins so: letters of the township, the day it came, a count.

    Positions are in order of receipt, so the day's are found by halving.
    """
    letters, _dash, rest = text.partition("-")
    digits = rest[:4]
    if len(digits) < 4 or not digits.isdigit():
        return []
    found: list[UUID] = []
    here = models.within(Scope.code, None, actor.prefixes(*OFFICERS))
    for code, end in Scope.select(Scope.code, Scope.position).where(here).order_by(Scope.code).tuples():
        if journal.abbreviation(code) != letters:
            continue
        days = _days_called(digits, today)
        at = _positions_at(code, end, [each for day in days for each in (day, day + timedelta(days=1))])
        for first, last in zip(at[::2], at[1::2], strict=True):
            j = JournalEntry
            there = (j.scope == code) & (j.position >= first) & (j.position < last)
            found += [e for (e,) in j.select(j.id).where(there & j.number.startswith(text)).limit(500).tuples()]
    return found


def _days_called(digits: str, today: date) -> list[datetime]:
    """The days that month and day may mean: this year's, and last year's."""
    found = []
    for year in (today.year, today.year - 1):
        with suppress(ValueError):
            found.append(datetime(year, int(digits[:2]), int(digits[2:]), tzinfo=CHINA))
    return found


def _positions_at(scope: str, end: int, moments: Sequence[datetime]) -> list[int]:
    """For each moment the first position received then or later; by halving, for there is no other index on it."""
    spans = [(1, end + 1)] * len(moments)
    while open_ := {(low + high) // 2 for low, high in spans if low < high}:
        received = dict(_ENTRIES(sorted(open_), scope))
        for number, (low, high) in enumerate(spans):
            if low < high:
                middle = (low + high) // 2
                here = middle in received and received[middle] >= moments[number]
                spans[number] = (low, middle) if here else (middle + 1, high)
    return [low for low, _high in spans]


def _place(text: str) -> Seen | None:
    at, _tilde, key = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (V.ended_at.db_value(moment), V.id.db_value(UUID(key))) if moment.tzinfo else None
    except ValueError:
        return None


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _known(text: str, known: set[Any]) -> str:
    return text if text in known else ""
