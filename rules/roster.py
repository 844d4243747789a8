"""What becomes of one row of a roster: imported, updated, unchanged, duplicate, or for a person to look at.

Width, spaces, case, 15-digit numbers and the spelling of dates are put right; birth and sex follow the ID number.
Nothing is guessed: whatever could mean two things goes to a person with a reason and, where there is one, a
proposal. Source: docs/rules.md R-DAT, issue 2 §2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from rules import id_numbers, spellings
from rules.actors import scope_of
from rules.areas import Area, Gazetteer, NoPlace, Place, fold_group, fold_name, read_code
from rules.tables import Cell, Record, is_blank, text_of


class Outcome(StrEnum):
    """What each source row ends as, exactly one."""

    IMPORTED = "imported"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    REVIEW = "review"


@dataclass(frozen=True)
class Reason:
    """Why, as a stable code, with the fact that its sentence names (rules/roster_words.py)."""

    code: str
    fact: str = ""


#: Codes that keep a row from being taken; the others are only noted.
REVIEWED = frozenset(
    "name-missing name-remark name-unreadable id-missing id-characters id-length id-date id-check id-century "
    "id-number-cell id-sample village-missing village-unknown village-ambiguous village-code-unknown "
    "village-code-differs remark-death remark-gone ask-county death-recorded record-closed name-differs "
    "two-records no-heading name-two id-two".split()
)
#: Where two columns say two different things of one person, nobody knows which of them is meant.
TWOFOLD = {"name": "name-two", "id_number": "id-two"}
#: What a roster may say of somebody, in the order in which it is compared.
FIELDS = (
    "name", "area", "household", "relation", "group", "address", "phone", "grid_worker", "helper_name",
    "helper_relation", "helper_phone", "kinds", "disability_kind", "disability_grade",
)  # fmt: skip
LENGTHS = {"relation": 20, "group": 40, "address": 200, "grid_worker": 40, "household": 40, "name": 40}


@dataclass(frozen=True)
class Line:
    """A row once read: what can be used of it, and what is to be said about it."""

    sheet: str
    row: int
    reasons: tuple[Reason, ...] = ()
    id_number: str = ""  # 18 characters, or "" where none can be used
    area: str = ""  # 12 digits, or ""
    birth_on: date | None = None
    sex: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)  # of FIELDS, only what the row says
    needs: tuple[str, ...] = ()
    confirmed: bool = False
    candidates: tuple[Area, ...] = ()
    cells: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def blocked(self) -> bool:
        return any(reason.code in REVIEWED for reason in self.reasons)

    @property
    def scope(self) -> str:
        return scope_of(self.area)

    def to_correct(self) -> dict[str, str]:
        """The row as people correct it: its cells, and what an address or a shared column said of village and group."""
        cells = {kept: text_of(cell) for kept, cell in self.cells.items() if not is_blank(cell)}
        if isinstance(self.cells.get("id_number"), int | float):
            cells.pop("id_number")  # what is left of it must not be taken for a number
        if self.area and not {"area_code", "village"} & cells.keys():
            cells["area_code"] = self.area
        if group := self.values.get("group"):
            cells.setdefault("group", group)
        return cells


@dataclass(frozen=True)
class Known:
    """The record that a row's ID number meets. `listed` is what a roster said of them last."""

    id: Any
    area: str
    state: str
    life: str
    values: Mapping[str, Any]
    listed: Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """What becomes of a line. `changes` are the fields to write into the known record."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)


def read(record: Record, gazetteer: Gazetteer, *, demo: bool, today: date) -> Line:
    """Read one row. `demo` lets the sample identities through; `today` is the last possible birthday."""
    cells = record.cells
    if not record.headed:
        return Line(record.sheet, record.row, (Reason("no-heading"),), cells=cells)
    reasons: list[Reason] = []
    values: dict[str, Any] = {}
    name = spellings.read_name(cells.get("name"))
    if isinstance(name, spellings.Name):
        values["name"] = name.text
    else:
        reasons.append(Reason(name.flaw, name.bare))
    number = _number(cells.get("id_number"), reasons, demo=demo, today=today)
    reasons += [Reason(code) for kept, code in TWOFOLD.items() if kept in record.twofold]
    place = _place(record, gazetteer)
    candidates: tuple[Area, ...] = ()
    area, group = "", ""
    if isinstance(place, NoPlace):
        reasons.append(Reason(str(place.flaw), "、".join(gazetteer.path(each) for each in place.candidates)))
        candidates = place.candidates
    else:
        area, group = place.area.code, place.group
        values["area"] = area
        reasons += [Reason(str(note), gazetteer.path(place.area)) for note in place.notes]
    _remarks(cells.get("remark"), reasons)
    if number:
        _compare_with_id(cells, number, reasons)
    _rest(cells, values, reasons, group, demo=demo)
    return Line(
        record.sheet, record.row, tuple(reasons), number.text if number else "", area,
        number.birth_on if number else None, number.sex if number else "", values, _needs(values),
        spellings.is_yes(cells.get("confirm")), candidates, cells,
    )  # fmt: skip


def home_of(records: Iterable[Record], counties: set[str], prefixes: Sequence[str] | None) -> str:
    """The county whose list this is: the uploader's own, else the only one that the list's codes name; "" for none."""
    if len(counties) == 1:
        return next(iter(counties))
    posts = {prefix[:6] for prefix in prefixes or ()}
    if len(posts) == 1 and len(next(iter(posts))) == 6:
        return next(iter(posts))
    named = {read_code(fold_name(text_of(record.cells.get("area_code"))))[:6] for record in records} & counties
    return next(iter(named)) if len(named) == 1 else ""


def _place(record: Record, gazetteer: Gazetteer) -> Place | NoPlace:
    """The village by code, name and township; in a list without such columns, by the registered address.

    Where somebody lives never tells where they are registered.
    """
    cells = record.cells
    if not {"area_code", "village"} & record.columns and text_of(cells.get("registered_address")):
        return gazetteer.find_in_address(text_of(cells.get("registered_address")))
    return gazetteer.find(
        code=text_of(cells.get("area_code")),
        village=text_of(cells.get("village")),
        township=text_of(cells.get("township")),
    )


def _number(cell: Cell, reasons: list[Reason], *, demo: bool, today: date) -> id_numbers.IdNumber | None:
    if isinstance(cell, int | float):  # also where the check character happens to fit: digits were lost
        reasons.append(Reason("id-number-cell", text_of(cell)))
        return None
    found = id_numbers.read(text_of(cell), today=today)
    if isinstance(found, id_numbers.Flaw):
        reasons.append(Reason(str(found), str(len(id_numbers.fold(text_of(cell))))))
        return None
    if found.was_15:
        reasons.append(Reason("id-made-18", found.text))
    if found.is_sample and not demo:
        reasons.append(Reason("id-sample"))
    return found


def _remarks(cell: Cell, reasons: list[Reason]) -> None:
    """A remark that somebody died or moved away stops the row: nobody is sent to such a door by a list."""
    text = text_of(cell)
    if spellings.says_dead(text):
        reasons.append(Reason("remark-death", text[:60]))
    elif spellings.says_gone(text):
        reasons.append(Reason("remark-gone", text[:60]))


def _compare_with_id(cells: Mapping[str, Cell], number: id_numbers.IdNumber, reasons: list[Reason]) -> None:
    """Birth and sex follow the ID number; where the row says otherwise, that is noted."""
    birth = cells.get("birth")
    if text_of(birth):
        day, month = spellings.read_day(birth), spellings.read_month(birth)
        own = (number.birth_on.year, number.birth_on.month)
        if (day and day != number.birth_on) or (not day and month and month != own):
            reasons.append(
                Reason("birth-differs", day.isoformat() if day else f"{month[0]}-{month[1]:02d}" if month else "")
            )
        elif not day and not month and not spellings.is_nothing(spellings.folded(birth)):
            reasons.append(Reason("birth-unreadable", text_of(birth)[:20]))
    sex = spellings.read_sex(cells.get("sex"))
    if sex and sex != number.sex:
        reasons.append(Reason("sex-differs", "男" if sex == "male" else "女"))


def _rest(cells: Mapping[str, Cell], values: dict[str, Any], reasons: list[Reason], group: str, *, demo: bool) -> None:
    for kept in ("household", "relation", "address", "grid_worker"):
        text = " ".join(text_of(cells.get(kept)).split()).removesuffix(".0" if kept == "household" else "\0")
        if not spellings.is_nothing(text):
            values[kept] = text[: LENGTHS[kept]]
    written = text_of(cells.get("group")) or text_of(cells.get("village_group"))
    if written and not spellings.is_nothing(written):
        group = fold_group(written)
    if group:
        values["group"] = group[: LENGTHS["group"]]
    phones = spellings.read_phones(cells.get("phone"), demo=demo)
    if phones.numbers:
        values["phone"] = phones.numbers[0]
    if phones.unusable:
        reasons.append(Reason("phone-unusable", text_of(cells.get("phone"))[:40]))
    if len(phones.numbers) > 1:
        reasons.append(Reason("phone-several", "、".join(phones.numbers[1:])))
    _helper(cells, values, demo=demo)
    _sensitive(cells, values, reasons)


def _helper(cells: Mapping[str, Cell], values: dict[str, Any], *, demo: bool) -> None:
    contact = spellings.read_name(cells.get("contact_name"))
    phones = spellings.read_phones(cells.get("contact_phone"), demo=demo).numbers
    name = contact.text if isinstance(contact, spellings.Name) else ""
    relation = spellings.folded(cells.get("contact_relation"))[:20]
    said = {"helper_name": name, "helper_relation": relation, "helper_phone": phones[0] if phones else ""}
    values |= {kept: text for kept, text in said.items() if text and (name or phones)}


def _sensitive(cells: Mapping[str, Cell], values: dict[str, Any], reasons: list[Reason]) -> None:
    if kinds := spellings.read_list(cells.get("kinds")):
        values["kinds"] = list(kinds)
    if kind := spellings.read_disability(cells.get("disability_kind")):
        values["disability_kind"] = kind
    written = text_of(cells.get("disability_grade"))
    if grade := spellings.read_grade(written):
        values["disability_grade"] = grade
    elif written and not spellings.is_nothing(written):
        reasons.append(Reason("grade-unreadable", written[:20]))


NEEDS_OF_DISABILITY = {"听力": "hearing", "视力": "sight", "肢体": "mobility", "言语": "speech"}


def _needs(values: Mapping[str, Any]) -> tuple[str, ...]:
    """What an agent should know at the door, as far as the roster itself says it. Only for a new record."""
    needs = [NEEDS_OF_DISABILITY.get(values.get("disability_kind", ""), "")]
    needs += ["alone"] if "独居" in values.get("kinds", ()) else []
    return tuple(need for need in needs if need)


def decide(
    line: Line, *, known: Known | None, earlier: str, prefixes: Sequence[str] | None, records: int = 1
) -> Decision:
    """Decide over one line.

    `known` is the record its ID number meets, `records` how many it meets; `earlier` the place of an earlier row of
    the same file with that number, or ""; `prefixes` the areas the uploader may touch, None for all of them.
    Somebody known outside those areas is answered like a row that lies outside them: a list must not find out
    where anybody lives.
    """
    if line.id_number and earlier:
        return Decision(Outcome.DUPLICATE, (Reason("id-duplicate", earlier), *line.reasons))
    if line.blocked:
        return _review(line)
    if not _within(line.area, prefixes) or (known and not _within(known.area, prefixes)):
        return _review(line, "ask-county")
    if known is None:
        return Decision(Outcome.IMPORTED, line.reasons)
    if records > 1:
        return _review(line, "two-records")
    if known.life != "presumed_alive":
        return _review(line, "death-recorded")
    if known.state == "archived":
        return _review(line, "record-closed")
    if not line.confirmed and not _alike(str(known.values.get("name", "")), str(line.values["name"])):
        return _review(line, "name-differs", str(known.values.get("name", "")))
    changes, notes = compare(line.values, known)
    reasons = (*line.reasons, *notes)
    return Decision(Outcome.UPDATED if changes else Outcome.UNCHANGED, reasons, changes)


def compare(said: Mapping[str, Any], known: Known) -> tuple[dict[str, Any], tuple[Reason, ...]]:
    """What a roster changes in a record: only what it says anew since it last spoke.

    An empty cell erases nothing. Where the record was changed since by somebody who was there, and the roster says
    something new as well, the record stays and the difference is noted.
    """
    changes: dict[str, Any] = {}
    notes: list[Reason] = []
    for kept in FIELDS:
        new, own, last = said.get(kept), known.values.get(kept), known.listed.get(kept)
        if not new or new in (own, last):
            continue
        if last and own and own != last:
            notes.append(Reason("newer-kept", kept))
            continue
        changes[kept] = new
        if kept in ("name", "area", "phone") and own:
            notes.append(Reason(f"{kept}-changed", str(own)))
    return changes, tuple(notes)


def _review(line: Line, code: str = "", fact: str = "") -> Decision:
    return Decision(Outcome.REVIEW, (*((Reason(code, fact),) if code else ()), *line.reasons))


def _within(area: str, prefixes: Sequence[str] | None) -> bool:
    return prefixes is None or area.startswith(tuple(prefixes))


def _alike(one: str, other: str) -> bool:
    """Whether two names may be one person's: they share a character. Rows of a list sorted apart mostly do not."""
    return not one or bool(set(one) & set(other) - {"·"})
