"""Taking in the agency's list of people not yet confirmed. Who is no longer in it was confirmed elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import models
from actions import areas, cards, journal, roster
from actions.roster import Source
from models import Entitlement, Installation, Resident, transaction
from rules import ciphers
from rules import entitlements as rule
from rules.areas import Gazetteer
from rules.ciphers import uuid7
from rules.days import day_of
from rules.entitlements import COLUMNS, Held, Listed
from rules.problems import ListHasNoHeading
from rules.roster import Outcome, Reason
from rules.tables import NoHeading, Record, records

__all__ = ["Loaded", "Source", "load"]
CHUNK = 500


@dataclass
class Loaded:
    """What became of the list: counts by outcome, each row, who left the rounds, who stayed for a doubtful row.

    `withheld` would have left by a list that seems incomplete, and stayed.
    """

    counts: dict[str, int]
    rows: list[dict[str, Any]]
    dropped: int = 0
    kept: int = 0
    withheld: int = 0


@dataclass
class _Taken:
    """What the list says, written chunk by chunk."""

    counts: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    on_list: set[UUID] = field(default_factory=set)
    stayed: int = 0  # of those on the rounds before
    doubtful: list[Listed] = field(default_factory=list)


def load(
    source: Source, *, covers: str = "", benefit: str = "", whole: bool = False, now: datetime, dry_run: bool = False
) -> Loaded:
    """Take the list in. `covers` and `benefit` say what it is complete for, where its rows do not.

    `whole` says that somebody looked and that it is, also where it seems incomplete.

    Raises NotAllowed, ListHasNoHeading; then nothing was changed.
    """
    prefixes = roster.may_touch(source.actor)
    gazetteer = areas.gazetteer(day_of(now))
    names: Mapping[str, str] = models.setting("benefits")
    benefit = rule.read_benefit(benefit, names)
    listed = _listed(source, gazetteer, names, benefit, day_of(now))
    taken = _Taken()
    for start in range(0, len(listed), CHUNK):
        _take(listed[start : start + CHUNK], taken, source, prefixes, now=now, dry_run=dry_run)
    held = _held(prefixes)
    read = [*(row for row in listed if not row.blocked), *taken.doubtful]
    gone, stay = rule.leaving(held, read, on_list=taken.on_list, covers=covers, benefit=benefit)
    withheld = 0
    if not covers and not whole:
        staying = taken.stayed + len(stay)
        if rule.seems_incomplete(leaving=len(gone), staying=staying, named=len(taken.on_list)):
            gone, withheld = [], len(gone)
    if not dry_run:
        _drop([each.id for each in gone], source, now=now)
    counts = {outcome.value: taken.counts[outcome.value] for outcome in Outcome}
    return Loaded(counts, taken.rows, len(gone), len(stay), withheld)


def _listed(source: Source, gazetteer: Gazetteer, names: Mapping[str, str], benefit: str, today: date) -> list[Listed]:
    try:
        found = [each for each in records(source.book.sheets(), COLUMNS) if isinstance(each, Record)]
    except NoHeading:
        raise ListHasNoHeading("entitlements") from None
    if benefit:
        found = [Record(r.sheet, r.row, {"benefit": benefit} | dict(r.cells), r.headed) for r in found]
    elif found and not any("benefit" in each.cells for each in found):
        raise ListHasNoHeading("entitlements")
    demo = Installation.is_demo()
    return [rule.read(each, gazetteer, names=names, demo=demo, today=today) for each in found]


def _take(
    chunk: Sequence[Listed],
    taken: _Taken,
    source: Source,
    prefixes: tuple[str, ...] | None,
    *,
    now: datetime,
    dry_run: bool,
) -> None:
    residents = _residents([row for row in chunk if not row.blocked])
    scopes = {person.scope for found in residents.values() for person in found}
    with transaction(*scopes):
        drawn = _drawn([person.id for found in residents.values() for person in found])
        fresh: list[Entitlement] = []
        changed: list[Entitlement] = []
        for row in chunk:
            outcome, reasons = _settle(row, residents, drawn, prefixes, taken, fresh, changed, day_of(now))
            taken.counts[outcome] += 1
            taken.rows.append(
                {
                    "sheet": row.sheet, "row": row.row, "outcome": outcome.value, "reasons": [r.code for r in reasons],
                    "id_number": row.id_number or None, "name": row.name, "facts": {r.code: r.fact for r in reasons if r.fact},
                }
            )  # fmt: skip
            if outcome is Outcome.REVIEW:
                taken.doubtful.append(
                    Listed(
                        row.sheet,
                        row.row,
                        tuple(reasons),
                        row.name,
                        row.id_number,
                        row.benefit,
                        row.number,
                        row.paying_area,
                    )
                )
        if not dry_run:
            _write(fresh, changed, source, now=now)


def _settle(
    row: Listed, residents: Mapping[str, list[Resident]], drawn: dict[UUID, list[Entitlement]],
    prefixes: tuple[str, ...] | None, taken: _Taken, fresh: list[Entitlement], changed: list[Entitlement], today: date,
) -> tuple[Outcome, tuple[Reason, ...]]:  # fmt: skip
    """Decide over one row; who is not known and who lives elsewhere are answered alike."""
    if row.blocked:
        return Outcome.REVIEW, row.reasons
    found = [p for p in residents.get(row.id_number, []) if prefixes is None or p.area.startswith(prefixes)]
    if not found:
        return Outcome.REVIEW, (Reason("resident-unknown"), *row.reasons)
    if len(found) > 1:
        return Outcome.REVIEW, (Reason("two-records"), *row.reasons)
    person = found[0]
    if row.name and not set(row.name) & set(person.name):
        return Outcome.REVIEW, (Reason("name-differs", person.name), *row.reasons)
    mine = drawn.setdefault(person.id, [])
    known = next((e for e in mine if e.benefit == row.benefit and e.number == row.number), None)
    if known is None:  # a list without the number, or the first one with it, means the only one there is
        alike = [e for e in mine if e.benefit == row.benefit and (not row.number or not e.number)]
        known = alike[0] if len(alike) == 1 else None
    if known is not None and known.id in taken.on_list:
        return Outcome.DUPLICATE, (Reason("entitlement-twice"), *row.reasons)
    if known is None:
        made = _new(row, person, today)
        mine.append(made)
        fresh.append(made)
        taken.on_list.add(made.id)
        return Outcome.IMPORTED, row.reasons
    taken.on_list.add(known.id)
    taken.stayed += known.listed
    if _tell(known, row, today):
        changed.append(known)
        return Outcome.UPDATED, row.reasons
    return Outcome.UNCHANGED, row.reasons


def _new(row: Listed, person: Resident, today: date) -> Entitlement:
    cycle = row.cycle_months or models.setting("verification.cycle_months")
    return Entitlement(
        id=uuid7(), resident=person.id, scope=person.scope, area=person.area, benefit=row.benefit, number=row.number,
        paying_area=row.paying_area, cycle_months=cycle, last_success_on=row.last_success_on,
        due_on=rule.due(row, cycle_months=cycle, last_success_on=row.last_success_on, today=today),
        agency_state=row.agency_state or "paying", listed=True,
    )  # fmt: skip


def _tell(known: Entitlement, row: Listed, today: date) -> bool:
    """Put what the agency says into the entitlement; whether anything was new. A newer success of ours stays."""
    before = dict(known.__data__)
    known.number = row.number or known.number
    known.paying_area = row.paying_area or known.paying_area
    known.cycle_months = row.cycle_months or known.cycle_months
    known.agency_state = row.agency_state or known.agency_state
    if row.last_success_on and (known.last_success_on is None or row.last_success_on > known.last_success_on):
        known.last_success_on = row.last_success_on
    if known.last_success_on or row.due_on:
        known.due_on = rule.due(
            row, cycle_months=known.cycle_months, last_success_on=known.last_success_on, today=today
        )
    known.listed, known.confirmed_elsewhere_at = True, None
    return dict(known.__data__) != before


def _residents(rows: Sequence[Listed]) -> dict[str, list[Resident]]:
    numbers = {ciphers.lookup(models.keys().lookup, row.id_number): row.id_number for row in rows}
    found: dict[str, list[Resident]] = {}
    columns = Resident.id, Resident.scope, Resident.area, Resident.name, Resident.id_lookup
    wanted = Resident.id_lookup.in_(list(numbers)) & (Resident.state == "verified")
    for person in Resident.select(*columns).where(wanted) if numbers else ():
        found.setdefault(numbers[str(person.id_lookup)], []).append(person)
    return found


def _drawn(people: Sequence[UUID]) -> dict[UUID, list[Entitlement]]:
    drawn: dict[UUID, list[Entitlement]] = {}
    for each in Entitlement.select().where(Entitlement.resident.in_(list(people))) if people else ():
        drawn.setdefault(each.resident_id, []).append(each)
    return drawn


COLUMNS_TOLD = (
    Entitlement.number, Entitlement.paying_area, Entitlement.cycle_months, Entitlement.agency_state,
    Entitlement.last_success_on, Entitlement.due_on, Entitlement.listed, Entitlement.confirmed_elsewhere_at,
)  # fmt: skip


def _write(fresh: Sequence[Entitlement], changed: Sequence[Entitlement], source: Source, *, now: datetime) -> None:
    models.insert(fresh)
    models.update_rows(changed, *COLUMNS_TOLD)
    _tell_journal([*fresh, *changed], {"listed": True}, source, now=now)


def _held(prefixes: tuple[str, ...] | None) -> list[Held]:
    """Everybody on the rounds whom this list may take off them."""
    query = Entitlement.select(
        Entitlement.id, Resident.name, Entitlement.benefit, Entitlement.number, Entitlement.paying_area, Entitlement.area
    ).join(Resident).where(Entitlement.listed)  # fmt: skip
    if prefixes is not None:
        query = query.where(models.within(Entitlement.scope, Entitlement.area, prefixes))
    return [Held(*row) for row in query.tuples()]


def _drop(gone: Sequence[UUID], source: Source, *, now: datetime) -> None:
    """Confirmed elsewhere: off the rounds, until a later list names them again."""
    for start in range(0, len(gone), CHUNK):
        part = list(gone[start : start + CHUNK])
        scopes = {scope for (scope,) in Entitlement.select(Entitlement.scope).where(Entitlement.id.in_(part)).tuples()}
        with transaction(*scopes):
            rows = list(Entitlement.select().where(Entitlement.id.in_(part) & Entitlement.listed))
            for row in rows:
                row.listed, row.confirmed_elsewhere_at = False, now
            models.update_rows(rows, Entitlement.listed, Entitlement.confirmed_elsewhere_at)
            _tell_journal(rows, {"listed": False}, source, now=now)


def _tell_journal(rows: Sequence[Entitlement], body: dict[str, Any], source: Source, *, now: datetime) -> None:
    by_scope: dict[str, list[Entitlement]] = {}
    for row in rows:
        by_scope.setdefault(row.scope, []).append(row)
    deeds = [
        journal.Deed("entitlements.imported", scope, body | {"file": source.sha256, "rows": len(found)}, rows=found)
        for scope, found in sorted(by_scope.items())
    ]
    journal.write(deeds, actor=source.actor, now=now, by=source.by)
    cards.touch([row.resident_id for row in rows], now=now)
