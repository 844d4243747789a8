"""Taking in a residents' roster: chunk by chunk, each chunk one transaction, every row accounted for.

Safe to run again: a row that says nothing new changes nothing, and a run that was cut off goes on where it was.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from peewee import JOIN, IntegrityError

import models
from actions import areas, cards, county_settings, journal
from actions.spreadsheets import Spreadsheet
from models import (
    CareEntry,
    Entitlement,
    Household,
    Import,
    ImportRow,
    Installation,
    JournalEntry,
    Resident,
    transaction,
)
from rules import ciphers, names, roster, roster_words
from rules.actors import Actor, Role, scope_of
from rules.areas import Gazetteer
from rules.ciphers import uuid7
from rules.days import day_of
from rules.problems import ListHasNoHeading, NotAllowed
from rules.roster import Decision, Known, Line, Outcome
from rules.roster_columns import ROSTER
from rules.tables import NoHeading, Record, Skipped, Why, records

CHUNK = 500
TRIES = 3
#: Whose lists may change who is served.
IMPORTERS = (Role.TOWNSHIP_OFFICER, Role.LEAD, Role.TOWNSHIP_HEAD, Role.COUNTY)
HELPER, SENSITIVE = ("name", "relation", "phone"), ("kinds", "disability_kind", "disability_grade")


@dataclass(frozen=True)
class Source:
    """The file a list came in, and who brought it. `actor` None: the operating system's user, for all areas."""

    book: Spreadsheet
    file_name: str
    sha256: str
    actor: Actor | None
    by: str = ""


@dataclass
class Loaded:
    """What became of a list: counts by outcome, and of rows that are no records by why."""

    counts: dict[str, int]
    skipped: dict[str, int] = field(default_factory=dict)
    import_id: UUID | None = None
    dry_run: bool = False

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


OnRow = Callable[[Line, Decision], None]


def load(
    source: Source, *, now: Callable[[], datetime], dry_run: bool = False, on_row: OnRow | None = None,
    on_progress: Callable[[int], None] | None = None, into: Import | None = None,
) -> Loaded:  # fmt: skip
    """Take a roster in. `on_row` hears of each row, in order; `on_progress` of rows read. `into`: an upload's row,
    which a dry run fills too.

    Raises NotAllowed, ListHasNoHeading; then nothing was changed.
    """
    prefixes = may_touch(source.actor)
    gazetteer = areas.gazetteer(day_of(now()))
    gazetteer.home = _home(source.book, gazetteer.counties, prefixes)
    run = _Run(source, prefixes, gazetteer, Installation.is_demo(), dry_run, now)
    lines = _lines(run)
    try:
        first = next(lines, None)
    except NoHeading:
        raise ListHasNoHeading("roster") from None
    if into or not dry_run:
        run.begin(into)
    for chunk in _chunks(_after(first, lines)):
        for line, decision in run.settle(chunk):
            run.counts[decision.outcome] += 1
            if on_row:
                on_row(line, decision)
        if on_progress:
            on_progress(len(chunk))
    counts = {outcome.value: run.counts[outcome] for outcome in Outcome}
    run.end(counts)
    skipped = {why.value: count for why, count in sorted(run.skipped.items()) if why is not Why.EMPTY}
    return Loaded(counts, skipped, run.into.id if run.into else None, dry_run)


def _home(book: Spreadsheet, counties: set[str], prefixes: tuple[str, ...] | None) -> str:
    """The county whose list this is; the file is only looked through where several counties are known."""
    try:
        found = (each for each in records(book.sheets(), ROSTER) if isinstance(each, Record))
        return roster.home_of(found, counties, prefixes)
    except NoHeading:
        raise ListHasNoHeading("roster") from None


def may_touch(actor: Actor | None) -> tuple[str, ...] | None:
    """The area prefixes a list may change; None for all. Raises NotAllowed without a post that may."""
    if actor is None:
        return None
    prefixes = actor.prefixes(*IMPORTERS)
    if not prefixes:
        raise NotAllowed()
    return prefixes


def home_scope(actor: Actor | None) -> str:
    """Where an import is kept: the county, or the township of whoever brings it."""
    posts = [post for post in actor.posts if post.role in IMPORTERS] if actor else []
    return min(
        (scope_of(post.area) for post in posts), key=lambda code: code.rstrip("0"), default=county_settings.county()
    )


def _lines(run: _Run) -> Iterator[Line]:
    for each in records(run.source.book.sheets(), ROSTER):
        if isinstance(each, Skipped):
            run.skipped[each.why] += 1
        else:
            assert isinstance(each, Record)
            yield roster.read(each, run.gazetteer, demo=run.demo, today=run.today)


def _after(first: Line | None, rest: Iterator[Line]) -> Iterator[Line]:
    if first is not None:
        yield first
        yield from rest


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while chunk := list(islice(lines, CHUNK)):
        yield chunk


@dataclass
class _Run:
    """One pass over one file."""

    source: Source
    prefixes: tuple[str, ...] | None
    gazetteer: Gazetteer
    demo: bool
    dry_run: bool
    now: Callable[[], datetime]
    into: Import | None = None
    counts: Counter[Outcome] = field(default_factory=Counter)
    skipped: Counter[Why] = field(default_factory=Counter)
    seen: dict[str, tuple[str, int]] = field(default_factory=dict)  # ID number → place of its first row
    ordinal: int = 0  # rows settled in this pass
    before: dict[int, Outcome] = field(default_factory=dict)  # by ordinal: what an earlier, cut-off pass did

    def __post_init__(self) -> None:
        self.today = day_of(self.now())

    # ---- the import's own row

    def begin(self, into: Import | None) -> None:
        """Open the import, or go on with the one that the same file began."""
        same = (Import.kind == "roster") & (Import.sha256 == self.source.sha256) & ~Import.dry_run
        scope = home_scope(self.source.actor)
        found = into or Import.select().where(same & (Import.scope == scope)).order_by(Import.started_at.desc()).first()
        if found is None:
            found = Import(
                id=uuid7(), kind="roster", scope=scope, file_name=self.source.file_name[:200],
                sha256=self.source.sha256, person=self.source.actor.person if self.source.actor else None,
                by=self.source.by, state="running", started_at=self.now(), rows_total=self.source.book.row_count,
            )  # fmt: skip
            with transaction():
                found.save(force_insert=True)
        elif found.state in ("running", "waiting") and found.rows_done:
            self.before = _done_before(found)
        self.into = found

    def end(self, counts: dict[str, int]) -> None:
        nothing_new = not counts[Outcome.IMPORTED] and not counts[Outcome.UPDATED]
        if self.into is None or (self.into.state == "done" and nothing_new):
            return
        self.into.state, self.into.counts, self.into.ended_at = "done", counts, self.now()
        self.into.rows_done, self.into.rows_total, self.into.problem = self.ordinal, self.ordinal, ""
        done = Import.state, Import.counts, Import.ended_at, Import.rows_done, Import.rows_total, Import.problem
        with transaction():
            self.into.save(only=list(done))

    # ---- one chunk

    def settle(self, chunk: Sequence[Line]) -> list[tuple[Line, Decision]]:
        """Decide over a chunk and write it, all or none. Another import of the same people at the same moment: again."""
        places = [self._place(line) for line in chunk]
        for attempt in range(TRIES):
            try:
                settled = self._settle(chunk, places)
                break
            except IntegrityError:
                if attempt == TRIES - 1:
                    raise
        self.ordinal += len(chunk)
        return settled

    def _place(self, line: Line) -> str:
        """Where this file said the same ID number before, or ""."""
        if not line.id_number:
            return ""
        sheet, row = self.seen.setdefault(line.id_number, (line.sheet, line.row))
        if (sheet, row) == (line.sheet, line.row):
            return ""
        return f"第 {row} 行" if sheet == line.sheet else f"“{sheet}”第 {row} 行"

    def _settle(self, chunk: Sequence[Line], places: Sequence[str]) -> list[tuple[Line, Decision]]:
        wanted = [
            line for line, place in zip(chunk, places, strict=True) if line.id_number and not place and not line.blocked
        ]
        if self.dry_run:
            known = _known(wanted)
            settled = [(line, self._decide(line, place, known)) for line, place in zip(chunk, places, strict=True)]
            if self.into:
                with transaction():
                    self._account(settled)
            return settled
        with transaction(*({line.scope for line in wanted} | _scopes_met(wanted))):
            known = _known(wanted)
            settled = [(line, self._decide(line, place, known)) for line, place in zip(chunk, places, strict=True)]
            self._write(settled, known)
            self._account(settled)
        return [
            (line, self._as_before(self.ordinal + number, decision)) for number, (line, decision) in enumerate(settled)
        ]

    def _decide(self, line: Line, place: str, known: Mapping[str, list[_Met]]) -> Decision:
        met = known.get(line.id_number, [])
        return roster.decide(
            line, known=met[0].known if met else None, earlier=place, prefixes=self.prefixes, records=len(met)
        )

    def _as_before(self, ordinal: int, decision: Decision) -> Decision:
        """What a row became in the pass that was cut off; now it looks unchanged."""
        outcome = self.before.get(ordinal)
        if outcome is None or decision.outcome is not Outcome.UNCHANGED:
            return decision
        return Decision(outcome, decision.reasons)

    def _write(self, settled: Sequence[tuple[Line, Decision]], known: Mapping[str, list[_Met]]) -> None:
        written = _Written(self.now(), self.source.sha256)
        changed: dict[UUID, tuple[int, Line, Decision]] = {}
        for number, (line, decision) in enumerate(settled):
            if decision.outcome is Outcome.IMPORTED:
                written.new.append((self.ordinal + number, line))
            elif decision.outcome is Outcome.UPDATED:
                changed[known[line.id_number][0].known.id] = (self.ordinal + number, line, decision)
        rows = Resident.select().where(Resident.id.in_(list(changed))) if changed else ()
        written.changed = [(*changed[row.id], row) for row in rows]
        assert self.into is not None
        deeds = written.write(self.into.id)
        journal.write(deeds, actor=self.source.actor, now=written.now, by=self.source.by)

    def _account(self, settled: Sequence[tuple[Line, Decision]]) -> None:
        """Keep the rows that people look at, and how far the file has got."""
        assert self.into is not None
        kept = [_kept(self.into, line, decision) for line, decision in settled if _is_shown(decision)]
        for start in range(0, len(kept), CHUNK):
            part = [dict(row.__data__) for row in kept[start : start + CHUNK]]
            ImportRow.insert_many(part).on_conflict_ignore().execute()
        done = self.ordinal + len(settled)
        if done > self.into.rows_done:
            self.into.rows_done, self.into.state = done, "running"
            self.into.save(only=[Import.rows_done, Import.state])


def _is_shown(decision: Decision) -> bool:
    return decision.outcome in (Outcome.REVIEW, Outcome.DUPLICATE) or any(
        reason.code in roster_words.WORTH_A_LOOK for reason in decision.reasons
    )


def _kept(into: Import, line: Line, decision: Decision) -> ImportRow:
    """A row for people: all it said where they must correct it, else only whose it is."""
    if decision.outcome is Outcome.REVIEW:
        cells = line.to_correct()
    else:
        cells = {"name": line.values.get("name", ""), "tail": line.id_number[-4:]}
    return ImportRow(
        import_=into.id, sheet=line.sheet, row=line.row, outcome=decision.outcome.value,
        reasons=[reason.code for reason in decision.reasons],
        values={"cells": cells, "facts": {reason.code: reason.fact for reason in decision.reasons if reason.fact}},
        proposal={"areas": [area.code for area in line.candidates]} if line.candidates else None,
    )  # fmt: skip


def _done_before(found: Import) -> dict[int, Outcome]:
    """What the events of a pass that was cut off say it did, by ordinal."""
    done: dict[int, Outcome] = {}
    mine = (JournalEntry.kind == "roster.imported") & (JournalEntry.received_at >= found.started_at)
    for (payload,) in JournalEntry.select(JournalEntry.payload).where(mine).tuples():
        body = json.loads(payload)["body"] if payload else {}
        if body.get("import") == str(found.id):
            done |= dict.fromkeys(body["imported"], Outcome.IMPORTED) | dict.fromkeys(body["updated"], Outcome.UPDATED)
    return done


# ---- the records a chunk meets


@dataclass(frozen=True)
class _Met:
    known: Known
    scope: str


def _lookups(lines: Sequence[Line]) -> dict[str, str]:
    """ID number by the keyed hash under which records are found."""
    key = models.keys().lookup
    return {ciphers.lookup(key, line.id_number): line.id_number for line in lines}


def _scopes_met(lines: Sequence[Line]) -> set[str]:
    """Where the people of these lines are recorded now; what they are merged into too."""
    merged = Resident.alias()
    met = Resident.select(Resident.scope, merged.scope).join(
        merged, JOIN.LEFT_OUTER, on=Resident.merged_into == merged.id
    )
    return {
        scope for pair in met.where(Resident.id_lookup.in_(list(_lookups(lines)))).tuples() for scope in pair if scope
    }


def _known(lines: Sequence[Line]) -> dict[str, list[_Met]]:
    """The records that the lines' ID numbers meet. A provisional record is matched by people, not by a list."""
    numbers = _lookups(lines)
    met: dict[str, dict[UUID, _Met]] = {}
    for lookup, merged_into, each in _read(Resident.id_lookup.in_(list(numbers))) if numbers else ():
        here = met.setdefault(numbers[lookup], {})
        while each.known.state == "merged" and merged_into is not None:
            _, merged_into, each = next(_read(Resident.id == merged_into))
        if each.known.state != "provisional":
            here[each.known.id] = each
    return {number: list(found.values()) for number, found in met.items() if found}


def _read(wanted: Any) -> Iterator[tuple[str, UUID | None, _Met]]:
    """Only the columns that a roster can speak of: a whole record is read once it is to be changed."""
    r = Resident
    columns = (
        r.id_lookup, r.merged_into, r.id, r.scope, r.area, r.state, r.life, Household.number, r.name, r.relation, r.group,
        r.address, r.phone, r.grid_worker, r.helper, r.sensitive, r.roster_said,
    )  # fmt: skip
    rows = r.select(*columns).join(Household, JOIN.LEFT_OUTER, on=r.household == Household.id).where(wanted)
    for lookup, merged_into, id_, scope, area, state, life, number, *said, helper, sensitive, listed in rows.tuples():
        helper, sensitive = helper or {}, sensitive or {}
        values = dict(zip(("name", "relation", "group", "address", "phone", "grid_worker"), said, strict=True))
        values |= {"area": area, "household": number or ""}
        values |= {f"helper_{part}": helper.get(part, "") for part in HELPER}
        values |= {part: sensitive.get(part) for part in SENSITIVE}
        yield lookup, merged_into, _Met(Known(id_, area, state, life, values, listed or {}), scope)


# ---- writing a chunk


@dataclass
class _Written:
    """The rows of one chunk, by scope, as they are after it."""

    now: datetime
    sha256: str
    new: list[tuple[int, Line]] = field(default_factory=list)
    changed: list[tuple[int, Line, Decision, Resident]] = field(default_factory=list)

    def write(self, into: UUID) -> list[journal.Deed]:
        homes, doors = self._homes()
        fresh = [(ordinal, _resident(line, doors)) for ordinal, line in self.new]
        by_scope: dict[str, list[Resident]] = {}
        for _, row in fresh:
            by_scope.setdefault(row.scope, []).append(row)
        for scope in sorted(by_scope):
            first = models.next_revs(scope, len(by_scope[scope]))
            for number, row in enumerate(by_scope[scope]):
                row.rev = first + number
        models.insert([*homes, *(row for _, row in fresh)])
        followed = self._change(doors)
        rows: dict[str, list[models.Row]] = {}
        for each in (*homes, *(row for _, row in fresh), *(row for _, _, _, row in self.changed), *followed):
            rows.setdefault(str(each.scope), []).append(each)
        return [
            journal.Deed(
                "roster.imported",
                scope,
                {
                    "import": str(into),
                    "file": self.sha256,
                    "imported": [ordinal for ordinal, row in fresh if row.scope == scope],
                    "updated": [ordinal for ordinal, _, _, row in self.changed if row.scope == scope],
                },
                rows=found,
            )
            for scope, found in sorted(rows.items())
        ]

    def _homes(self) -> tuple[list[Household], dict[tuple[str, str], Household]]:
        """The households of the chunk: those there already, and new ones with their first member's address."""
        lines = [line for _, line in self.new]
        lines += [line for _, line, decision, _ in self.changed if {"household", "area"} & decision.changes.keys()]
        wanted: dict[tuple[str, str], list[Line]] = {}
        for line in lines:
            if line.values.get("household"):
                wanted.setdefault((line.area, line.values["household"]), []).append(line)
        if not wanted:
            return [], {}
        inside = Household.area.in_({area for area, _ in wanted}) & Household.number.in_(
            {number for _, number in wanted}
        )
        doors = {(home.area, home.number): home for home in Household.select().where(inside)}
        homes = []
        for (area, number), members in wanted.items():
            if (area, number) in doors:
                continue
            head = next((line for line in members if line.values.get("relation") in ("户主", "本人")), members[0])
            home = Household(
                id=uuid7(), scope=head.scope, area=area, number=number, group=head.values.get("group", ""),
                address=head.values.get("address", ""),
            )  # fmt: skip
            doors[area, number] = home
            homes.append(home)
        return homes, doors

    def _change(self, doors: Mapping[tuple[str, str], Household]) -> list[models.Row]:
        """Write what the roster says anew; gives the other rows that moved along."""
        if not self.changed:
            return []
        moved: dict[UUID, str] = {}
        for _, line, decision, row in self.changed:
            if "area" in decision.changes:
                moved[row.id] = row.area
            _apply(row, line, decision.changes, doors)
        columns = (
            Resident.scope, Resident.area, Resident.registration_area, Resident.household, Resident.relation,
            Resident.group, Resident.name, Resident.initials, Resident.phone, Resident.address, Resident.grid_worker,
            Resident.helper, Resident.sensitive, Resident.roster_said,
        )  # fmt: skip
        rows = [row for _, _, _, row in self.changed]
        models.update_rows(rows, *columns)
        followed = _moved_along(rows, moved)
        if moved:
            cards.leave(moved, now=self.now)
        cards.touch([row.id for row in rows], now=self.now)
        return followed


def _resident(line: Line, doors: Mapping[tuple[str, str], Household]) -> Resident:
    values = line.values
    home = doors.get((line.area, values.get("household", "")))
    helper = {part: values.get(f"helper_{part}", "") for part in HELPER}
    sensitive = {part: values[part] for part in SENSITIVE if part in values}
    assert line.birth_on is not None
    return Resident(
        id=uuid7(), scope=line.scope, area=line.area, registration_area=line.area, household=home.id if home else None,
        relation=values.get("relation", ""), group=values.get("group", ""), name=values["name"],
        initials=names.initials(values["name"]), sex=line.sex, birth_on=line.birth_on, birth_year=line.birth_on.year,
        id_number=line.id_number, id_lookup=ciphers.lookup(models.keys().lookup, line.id_number),
        id_tail=line.id_number[-4:], id_verified=True, phone=values.get("phone", ""), needs=",".join(line.needs),
        address=values.get("address", ""), grid_worker=values.get("grid_worker", ""),
        helper=helper if any(helper.values()) else None, sensitive=sensitive or None, roster_said=dict(values),
        state="verified",
    )  # fmt: skip


def _apply(row: Resident, line: Line, changes: Mapping[str, Any], doors: Mapping[tuple[str, str], Household]) -> None:
    for kept in ("relation", "group", "address", "phone", "grid_worker"):
        if kept in changes:
            setattr(row, kept, changes[kept])
    if "name" in changes:
        row.name, row.initials = changes["name"], names.initials(changes["name"])
    if "area" in changes:
        row.area, row.scope, row.registration_area = line.area, line.scope, line.area
    if {"area", "household"} & changes.keys():
        home = doors.get((row.area, line.values.get("household", "")))
        if home is not None:
            row.household = home
        elif "area" in changes:
            row.household = None
    helper = {part: changes[f"helper_{part}"] for part in HELPER if f"helper_{part}" in changes}
    if helper:
        row.helper = {**dict.fromkeys(HELPER, ""), **(row.helper or {}), **helper}
    sensitive = {part: changes[part] for part in SENSITIVE if part in changes}
    if sensitive:
        row.sensitive = {**(row.sensitive or {}), **sensitive}
    row.roster_said = {**(row.roster_said or {}), **line.values}


def _moved_along(rows: Sequence[Resident], moved: Mapping[UUID, str]) -> list[models.Row]:
    """Benefits and places on the care roster stay with whoever moves to another village."""
    homes = {row.id: row for row in rows if row.id in moved}
    followed: list[models.Row] = []
    for table in (Entitlement, CareEntry):
        found = list(table.select().where(table.resident.in_(list(homes)))) if homes else []
        for each in found:
            each.scope, each.area = homes[each.resident_id].scope, homes[each.resident_id].area
        models.update_rows(found, table.scope, table.area)
        followed += found
    return followed
