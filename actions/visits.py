"""Visits as phones bring them, and what the township does with them: the row, what the lead is asked to look at,
a question and its answer, a correction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import models
from actions import cards, desk, inbox, journal
from actions.arrivals import Arrived, Batch, unused
from models import Badge, CareEntry, LifeVerification, Lookup, Resident, Rows, Visit, transaction
from rules import ciphers
from rules import visits as rule
from rules.actors import Actor
from rules.admission import Held
from rules.days import day_of
from rules.events import VisitEnded
from rules.problems import AlreadyDealtWith, FieldMissing, OwnVisit
from rules.visits import Flag


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`visit.ended`: one row each, with the exceptions a lead is shown."""
    fresh = unused(records, batch, Visit, lambda record: record.body.visit)
    rows = {record.id: row_of(record, batch, record.body.visit) for record in fresh}
    if not rows:
        return
    flag(fresh, rows, batch)
    for record in fresh:
        batch.add(record, rows[record.id])
        batch.touched.add(rows[record.id].resident_id)
    _plan_care(fresh, batch)


def row_of(record: Arrived, batch: Batch, key: UUID, times: tuple[datetime, datetime] | None = None) -> Visit:
    """The visit as its row, with times put right by what the phone knew of its clock, or those given."""
    body: VisitEnded = record.body
    resident = batch.resident_of(record)
    started, ended = times or (batch.trusted(record, body.started_at), batch.trusted(record, body.ended_at))
    retry = batch.setting("visit.retry_days") if body.outcome == "not_home" else 0
    return Visit.of(
        id=key, resident=resident.id, scope=resident.scope, area=resident.area, person=record.actor, post=record.post,
        device=record.device, event=record.id, reasons=",".join(body.reasons), outcome=body.outcome.value,
        where=body.where, notes=body.notes, met=[met.model_dump(mode="json", exclude_none=True) for met in body.met] or None,
        badge_shown=body.badge_shown, mark=_plain(body.mark), started_at=min(started, ended), ended_at=ended,
        received_at=batch.received_at, offset_ms=record.offset_ms,
        return_on=rule.return_on(body.outcome, body.return_on, ended, retry), flags="", state="synced",
        position=_plain(body.position), resident_name=resident.name, resident_initials=resident.initials,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    return None if value is None else value.model_dump(mode="json", exclude_defaults=True)


# ---- what the lead is asked to look at


def flag(records: Sequence[Arrived], rows: Mapping[UUID, Visit], batch: Batch) -> None:
    """Set the exceptions of new visits: the rules decide, over all of them at once."""
    own = models.settings_of("visit.late_days", "visit.clock_minutes")
    limits = rule.Limits(late_days=own["visit.late_days"], clock_minutes=own["visit.clock_minutes"])
    badges = _badges({row.person_id for row in rows.values()})
    marked_before = _marked_before(list(rows.values()))
    homes = _homes(batch.residents.values())
    double = rule.overlapping([_stay(row, homes) for row in rows.values()], _stays_near(list(rows.values())))
    for record in records:
        row, person = rows[record.id], batch.people[record.actor] if record.actor else None
        found = rule.flags(
            rule.VisitFacts(
                id=row.id, person=row.person_id, home=homes[row.resident_id], started_at=row.started_at,
                ended_at=row.ended_at, received_at=batch.received_at, claimed_at=batch.claimed(record),
                span=batch.spans[record.id], offset_ms=record.offset_ms, last_offset_ms=batch.offsets.get(record.id),
                outcome=row.outcome, marked=is_marked(row.mark), marked_before=marked_before.get(row.id),
                kin=person is not None and str(row.resident_id) in (person.kin or ()),
                badge=badge_valid(badges.get(row.person_id), row.ended_at),
            ),
            limits,
        )  # fmt: skip
        if row.id in double:
            found.append(Flag.OVERLAP)
        row.flags = ",".join(found)


def _homes(residents: Iterable[Any]) -> dict[UUID, UUID]:
    return {each.id: each.household_id or each.id for each in residents}


def _stay(row: Visit, homes: Mapping[UUID, UUID]) -> rule.Stay:
    return rule.Stay(row.id, row.person_id, homes[row.resident_id], row.started_at, row.ended_at)


_v = Visit
_NEAR = Lookup(
    _v.id, _v.resident, _v.started_at, _v.ended_at, by=_v.person,
    also="ended_at BETWEEN {} AND {} AND started_at < {} AND corrected_by IS NULL",
)  # fmt: skip
_HOUSEHOLDS = Lookup(Resident.id, Resident.household, by=Resident.id)


def _stays_near(rows: Sequence[Visit]) -> list[rule.Stay]:
    """Visits already here of the same agents around the same time, by the index of person and end."""
    spans: dict[UUID, list[datetime]] = defaultdict(list)
    for row in rows:
        spans[row.person_id] += [row.started_at, row.ended_at]
    near = []
    for person, times in spans.items():
        first, last = min(times), max(times)
        bounds = [_v.ended_at.db_value(at) for at in (first, last + timedelta(hours=12), last)]
        near += [(person, *each) for each in _NEAR([person], *bounds)]
    homes = {key: household or key for key, household in _HOUSEHOLDS({each[2] for each in near})}
    return [rule.Stay(key, person, homes[resident], start, end) for person, key, resident, start, end in near]


def is_marked(mark: Any) -> bool:
    return bool(mark) and mark.get("kind") != "none"


def _marked_before(rows: Sequence[Visit]) -> dict[UUID, bool]:
    """By visit: whether the done visit of that person before it left a mark, among those known and those just come.

    Asked only for visits without a mark; a phone that was away brings several of one person at once.
    """
    done = [row for row in rows if row.outcome in rule.DONE]
    wanted = [row for row in done if not is_marked(row.mark)]
    if not wanted:
        return {}
    of: dict[UUID, list[tuple[datetime, bool]]] = defaultdict(list)
    for row in done:
        of[row.resident_id].append((row.ended_at, is_marked(row.mark)))
    known = _last_done_before(wanted)
    found = {}
    for row in wanted:
        earlier = [each for each in of[row.resident_id] if each[0] < row.ended_at] + known.get(row.id, [])
        if earlier:
            found[row.id] = max(earlier)[1]
    return found


def _last_done_before(rows: Sequence[Visit]) -> dict[UUID, list[tuple[datetime, bool]]]:
    """By visit: when the newest done visit of that person before it ended, and whether it left a mark; of those here.

    One short look into the index for each, in one statement: somebody may have been visited for years.
    """
    asked = [(str(row.id), _v.resident.db_value(row.resident_id), _v.ended_at.db_value(row.ended_at)) for row in rows]
    found: dict[UUID, list[tuple[datetime, bool]]] = {}
    for key, ended_at, mark in models.for_each(_DONE_BEFORE, ("text", "uuid", "timestamp"), asked):
        at: Any = _v.ended_at.python_value(ended_at)
        found[UUID(key)] = [(at, is_marked(_v.mark.python_value(mark)))]
    return found


_DONE_BEFORE = (
    "SELECT CAST({0} AS TEXT) AS visit, ended_at, mark FROM visit WHERE resident_id = {1} AND ended_at < {2} "  # noqa: S608
    f"AND outcome IN {tuple(sorted(rule.DONE))} AND corrected_by IS NULL ORDER BY ended_at DESC LIMIT 1"
)
_b = Badge
_BADGES = Lookup(_b.person, _b.state, _b.valid_from, _b.valid_to, _b.ended_at, by=_b.person)


def _badges(people: set[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for person, *rest in _BADGES(people):
        found[person].append(rest)
    return found


def badge_valid(badges: Sequence[Any] | None, at: datetime) -> bool | None:
    """Whether any badge counted at that moment; None for an agent who never had one."""
    if not badges:
        return None
    day = day_of(at)
    return any(
        first <= day <= last and (state == "active" or (ended_at is not None and at < ended_at))
        for state, first, last, ended_at in badges
    )


def flag_many(records: Sequence[Arrived], batch: Batch) -> None:
    """Mark the visits of an hour in which one agent took more verifications than can be taken with care."""
    fresh = [row for row in batch.inserts if isinstance(row, LifeVerification) and row.state == "captured"]
    if not fresh:
        return
    limit = models.setting("verification.max_an_hour")
    times: dict[UUID, dict[datetime, set[UUID | None]]] = defaultdict(lambda: defaultdict(set))
    for row in fresh:
        times[row.captured_by_id][row.captured_at].add(row.visit)
    v = LifeVerification
    for person, mine in list(times.items()):
        hour = timedelta(hours=1)
        near = (v.captured_by == person) & v.captured_at.between(min(mine) - hour, max(mine) + hour)
        for visit, at in v.select(v.visit, v.captured_at).where(near & (v.state != "closed_other")).tuples():
            mine[at].add(visit)
    crowded = rule.too_many({who: [at for at, v in mine.items() for _ in v] for who, mine in times.items()}, limit)
    wanted = {visit for who, ats in crowded.items() for at in ats for visit in times[who][at] if visit is not None}
    if not wanted:
        return
    here = {row.id: row for row in batch.inserts if isinstance(row, Visit)}
    missing = wanted - set(here)
    known = {row.id: row for row in Visit.select().where(Visit.id.in_(missing))} if missing else {}
    carrier = next(record for record in records if record.kind == "verification.captured" and record.rows)
    for key in wanted:
        if key in here:
            here[key].flags = _with(here[key].flags, Flag.MANY)
        elif key in known and Flag.MANY not in known[key].flags.split(","):
            known[key].flags = _with(known[key].flags, Flag.MANY)
            batch.change(carrier, known[key], Visit.flags)


def _with(flags: str, flag: Flag) -> str:
    found = [each for each in flags.split(",") if each]
    return ",".join(dict.fromkeys([*found, flag]))


# ---- the care roster goes on


_CARED_FOR = Rows(CareEntry, by=CareEntry.resident, also="state = 'enrolled'")


def _plan_care(records: Sequence[Arrived], batch: Batch) -> None:
    """A care visit made sets the day of the next."""
    seen = {
        batch.resident_of(record).id: record
        for record in records
        if "care" in record.body.reasons and record.body.outcome in rule.DONE
    }
    if not seen:
        return
    for entry in _CARED_FOR.of(seen):
        record = seen[entry.resident_id]
        ended = batch.trusted(record, record.body.ended_at)
        entry.next_visit_on = day_of(ended) + timedelta(days=entry.every_days)
        batch.change(record, entry, CareEntry.next_visit_on)


# ---- questions


def receive_answers(records: Sequence[Arrived], batch: Batch) -> None:
    """`query.answered`: what the agent says to the township's question about an own visit."""
    asked = {
        visit.query: visit for visit in Visit.select().where(Visit.query.in_([record.body.query for record in records]))
    }
    for record in records:
        visit = asked.get(record.body.query)
        if visit is None:
            batch.hold(record, Held.RECORD_UNKNOWN)
        elif visit.person_id != record.actor:
            batch.hold(record, Held.NOT_OWN_RECORD)
        elif visit.state != "queried":
            batch.hold(record, Held.ALREADY_DONE)
        else:
            visit.state, visit.answer_words = "answered", record.body.words
            batch.change(record, visit, Visit.state, Visit.answer_words)
            batch.settled.append(record.body.query)
            batch.touched.add(visit.resident_id)


# ---- corrections


def correct(record: Arrived, body: VisitEnded, original: UUID, batch: Batch) -> bool:
    """A new row stands in place of the old one, which stays visible. False when there is no such visit to correct."""
    old = next((row for row in batch.inserts if isinstance(row, Visit) and row.event == original), None)
    here = old is not None
    old = old or Visit.get_or_none(Visit.event == original)
    if old is None or old.corrected_by is not None:
        return False
    record.body = body
    key = record.id if body.visit == old.id or Visit.select().where(Visit.id == body.visit).exists() else body.visit
    # Signed later, it says the same times again: they stay as they were put right the first time.
    new = row_of(record, batch, key, (old.started_at, old.ended_at))
    new.flags, new.state = old.flags, "answered" if old.state in ("queried", "answered") else "synced"
    new.query, new.query_words, new.answer_words = old.query, old.query_words, old.answer_words
    old.corrected_by = record.id
    batch.add(record, new)
    if here:
        record.rows.append(old)
    else:
        batch.change(record, old, Visit.corrected_by)
    batch.touched |= {old.resident_id, new.resident_id}
    return True


# ---- at the desk


def check(visit: Visit, *, actor: Actor, now: datetime) -> Visit:
    """Find a visit fine. Nobody checks their own. Raises AlreadyDealtWith, OwnVisit."""
    _not_own(visit, actor)
    with transaction(visit.scope):
        found = desk.fresh(visit, "synced", "answered")
        _not_replaced(found)
        desk.keep(found, state="checked", checked_by=actor.person, checked_at=now)
        deed = journal.Deed("visit.checked", found.scope, {"visit": found.id}, found.resident_id, [found])
        journal.write([deed], actor=actor, now=now)
    return found


def ask(visit: Visit, words: str, *, actor: Actor, now: datetime) -> Visit:
    """Ask the agent about a visit; the question waits on their phone. Raises AlreadyDealtWith, FieldMissing, OwnVisit."""
    _not_own(visit, actor)
    if not words.strip():
        raise FieldMissing("words")
    with transaction(visit.scope):
        found = desk.fresh(visit, "synced", "answered", "checked")
        _not_replaced(found)
        query = ciphers.uuid7(int(now.timestamp() * 1000))
        desk.keep(found, state="queried", query=query, query_words=words.strip(), answer_words="")
        body = {"visit": found.id, "query": query, "words": words.strip()}
        journal.write(
            [journal.Deed("visit.queried", found.scope, body, found.resident_id, [found])], actor=actor, now=now
        )
        inbox.tell(
            [inbox.Message(found.person_id, found.scope, "query", found.resident_id, query, words.strip())], now=now
        )
        cards.touch([found.resident_id], now=now)
    return found


def _not_own(visit: Visit, actor: Actor) -> None:
    if visit.person_id == actor.person:
        raise OwnVisit(visit.id)


def _not_replaced(visit: Visit) -> None:
    if visit.corrected_by is not None:
        raise AlreadyDealtWith("corrected")
