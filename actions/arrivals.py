"""A batch of phone records on its way in: what they need to know of the database, and all they change in it.

Each `receive` (visits, verifications, …) gets the applied records of its kinds and a Batch; it reads by one query for
each kind of thing, appends rows to `inserts`, marks changed ones with `change`, and holds a record whose effect is not
certain. Nothing is written before all kinds had their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import models
from actions import cards, inbox
from actions.holders import holders_of, holding
from actions.journal import Arrived
from models import Lookup, Person, Resident, Row
from rules.actors import Role, area_prefix
from rules.admission import Held, PostFacts, Span, believed, told_at
from rules.days import day_of

__all__ = ["Arrived", "Batch"]


#: Nothing that a phone tells of was earlier: a clock without a battery says 1970, a broken one the year 1.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Batch:
    now: datetime
    received_at: datetime  # earlier than now when a held record is adopted
    adopting: bool = False  # people decided: terms that only bind a phone do not count
    residents: dict[UUID, Any] = field(default_factory=dict)  # subjects by the id the phone knows; merges are followed
    people: dict[UUID, Any] = field(default_factory=dict)  # who acted
    posts: dict[UUID, PostFacts] = field(default_factory=dict)
    spans: dict[UUID, Span] = field(default_factory=dict)  # trusted time, by event
    offsets: dict[UUID, int | None] = field(default_factory=dict)  # last known offset of the phone, by event
    inserts: list[Row] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)  # residents whose cards change
    messages: list[inbox.Message] = field(default_factory=list)
    settled: list[UUID] = field(default_factory=list)  # what inbox messages were about and is done now
    _changes: dict[tuple[type[Row], tuple[Any, ...]], dict[Any, Row]] = field(default_factory=dict)
    _settings: dict[str, Any] = field(default_factory=dict)
    _leads: Sequence[tuple[UUID, str]] | None = None

    def setting(self, key: str) -> Any:
        """A business setting, read once a batch."""
        if key not in self._settings:
            self._settings[key] = models.setting(key)
        return self._settings[key]

    @cached_property
    def calendar(self) -> dict[date, bool]:
        """The county's own days, read once a batch."""
        return models.working_calendar()

    def leads_of(self, area: str) -> list[UUID]:
        """Who leads the agents of this area; the posts are read once a batch."""
        if self._leads is None:
            self._leads = holding(Role.LEAD, on=day_of(self.now))
        return sorted({person for person, of in self._leads if area.startswith(area_prefix(of))})

    def hold(self, record: Arrived, why: Held) -> None:
        """The record stays, without effect, until people decide."""
        record.state, record.why = "held", why.value
        record.rows.clear()

    def add(self, record: Arrived, *rows: Row) -> None:
        """New rows made by this record."""
        self.inserts += rows
        record.rows += rows

    def change(self, record: Arrived, row: Row, *fields: Any) -> None:
        """A row that was there has new values in these columns."""
        self._changes.setdefault((type(row), fields), {})[row.get_id()] = row
        if row not in record.rows:
            record.rows.append(row)

    def rows(self) -> Iterator[Row]:
        """All rows this batch makes or changes, so far."""
        yield from self.inserts
        for changed in self._changes.values():
            yield from changed.values()

    def claimed(self, record: Arrived) -> datetime:
        """When the record was signed, by the phone's clock put right."""
        return told_at(record.at, record.offset_ms)

    def trusted(self, record: Arrived, at: datetime) -> datetime:
        """A time the phone wrote into a record, put right as far as the record's own time has to be.

        Only the signing is bound to the trusted span: what it tells of may have begun before the county last answered.
        """
        claimed = self.claimed(record)
        shift = believed(claimed, self.spans[record.id]) - claimed
        return min(max(told_at(at, record.offset_ms) + shift, LONG_AGO), self.received_at)

    def resident_of(self, record: Arrived) -> Any:
        """Whom the record is about. Raises KeyError for nobody: the kinds that need somebody were checked before."""
        assert record.subject is not None
        return self.residents[record.subject]

    def write(self) -> None:
        """Write everything at once: one statement for each table and set of columns."""
        models.insert(self.inserts)
        for (_, fields), rows in self._changes.items():
            models.update_rows(list(rows.values()), *fields)
        cards.touch(self.touched, now=self.now)
        if self.settled:
            inbox.settle(self.settled, now=self.now)
        if self.messages:
            inbox.tell(self.messages, now=self.now)


_id_lookups: dict[type[Row], Lookup] = {}


def unused(records: Sequence[Arrived], batch: Batch, model: Any, key: Callable[[Arrived], UUID]) -> list[Arrived]:
    """The records whose new row has an id nobody used; the others are held."""
    lookup = _id_lookups.setdefault(model, Lookup(model.id, by=model.id))
    taken = {row[0] for row in lookup(key(record) for record in records)}
    fresh = []
    for record in records:
        if key(record) in taken:
            batch.hold(record, Held.AGAIN)
            continue
        taken.add(key(record))
        fresh.append(record)
    return fresh


def leads_of(areas: Iterable[str], *, on: date) -> dict[str, set[UUID]]:
    """Who leads the agents of each of these areas."""
    wanted = set(areas)
    return holders_of(Role.LEAD, wanted, on=on) if wanted else {}


def tell_leads(batch: Batch, record: Arrived, kind: str, *, area: str, about: UUID, words: str = "") -> None:
    """Put a message into the inbox of every lead of the area."""
    for lead in batch.leads_of(area):
        if lead != record.actor:
            batch.messages.append(inbox.Message(lead, record.scope, kind, record.subject, about, words))


#: Kinds that change the resident's own row: its leaf needs all of it.
CHANGES_RESIDENT = frozenset({"resident.noted", "death.reported", "record.corrected"})


@dataclass(frozen=True)
class Subject:
    """What most records need of the person they are about; without opening what is sealed."""

    id: UUID
    scope: str
    area: str
    household_id: UUID | None
    name: str
    initials: str
    merged_into_id: UUID | None


_r = Resident
_SUBJECTS = Lookup(_r.id, _r.scope, _r.area, _r.household, _r.name, _r.initials, _r.merged_into, by=_r.id)


def load(batch: Batch, records: Sequence[Arrived]) -> None:
    """Read the subjects and the actors not known yet; one query more where somebody was merged."""
    subjects = {record.subject for record in records if record.subject is not None}
    whole = {record.subject for record in records if record.subject is not None and record.kind in CHANGES_RESIDENT}
    batch.residents = _residents(subjects - whole, _subjects) | _residents(whole, _whole)
    missing = {record.actor for record in records if record.actor is not None} - set(batch.people)
    if missing:
        batch.people |= {each.id: each for each in Person.select().where(Person.id.in_(missing))}


def _subjects(ids: Iterable[UUID]) -> dict[UUID, Any]:
    return {row[0]: Subject(*row) for row in _SUBJECTS(ids)}


def _whole(ids: Iterable[UUID]) -> dict[UUID, Any]:
    return {each.id: each for each in Resident.select().where(Resident.id.in_(list(ids)))}


def _residents(ids: set[UUID], read: Callable[[Iterable[UUID]], dict[UUID, Any]]) -> dict[UUID, Any]:
    """By the id asked for; whoever was merged is found as the person they turned out to be."""
    if not ids:
        return {}
    found = read(ids)
    merged = {each.merged_into_id for each in found.values() if each.merged_into_id is not None}
    known = found | _residents(merged - set(found), read)
    return known | {key: known.get(each.merged_into_id, each) for key, each in found.items()}
