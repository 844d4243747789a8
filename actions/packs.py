"""The pack: the rows a phone pulls of its villages, page by page."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from actions.card_rows import HOMES, STANDING, name_card, project
from models import (
    Area,
    CareEntry,
    Delivery,
    Departure,
    Entitlement,
    Lookup,
    Resident,
    Scope,
)  # fmt: skip
from rules import cards as rule
from rules.actors import Actor, area_prefix, county_of, scope_of
from rules.enrolment import CARRIES_PHONE

ROWS_AT_ONCE = 400  # of names
FEWEST, MOST = 8, 150  # full cards worth a round of queries, and those of one


@dataclass
class Pulled:
    """A page of rows, and where to go on."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    villages: dict[str, int] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    more: bool = False
    cursor: str = ""


class _Page:
    """Rows up to a number of bytes; at least one, however large."""

    def __init__(self, room: int) -> None:
        self.room, self.rows = room, []  # type: int, list[dict[str, Any]]
        self._full = [1_400]  # bytes of full cards, and a first guess

    def take(self, row: dict[str, Any]) -> bool:
        """Add the row if it fits."""
        size = _size(row)
        if size > self.room and self.rows:
            return False
        self.room -= size
        self.rows.append(row)
        if row.get("card") == "full":
            self._full.append(size)
        return True

    def part(self, left: int) -> int:
        """How many of the full cards that are left to read at once: about as many as fit, for reading has a cost of its own.

        None where so few more would fit that they are better read with the next page; an empty page takes one at least.
        """
        fit = self.room * len(self._full) // sum(self._full) + 1
        if self.rows and fit < min(FEWEST, left):
            return 0
        return min(fit, left, MOST)


@dataclass(frozen=True)
class Places:
    """Where an agent works: names of the posts' areas and of their townships, villages served, the county's name."""

    county: str
    names: Mapping[str, str]  # of each of these areas by its code
    villages: Mapping[str, str]  # {code: name} of those where a post in force serves people from a phone


def places_of(actor: Actor, home: str) -> Places:
    """`home`: the township whose phone it is; its county is the one that is named."""
    whole = [post.area for post in actor.posts if post.role in CARRIES_PHONE]
    county = county_of(home)
    found = _PLACES({county, *whole, *map(scope_of, whole)})
    names = {code: name for code, name, _ in found}
    villages = {code: name for code, name, level in found if level == "village" and code in whole}
    for prefix in (area_prefix(area) for area in whole):
        if len(prefix) < 12:
            inside = Area.code.between(prefix.ljust(12, "0"), prefix.ljust(12, "9"))
            villages |= dict(Area.select(Area.code, Area.name).where((Area.level == "village") & inside).tuples())
    return Places(names.get(county, ""), names, dict(sorted(villages.items())))


_PLACES = Lookup(Area.code, Area.name, Area.level, by=Area.code)


def pull(
    actor: Actor, mine: Collection[str], asked: Mapping[str, int], *, newest: Mapping[str, int] | None = None,
    cursor: str = "", page: int = 16_384, now: datetime,
) -> Pulled:  # fmt: skip
    """The rows this actor's phone lacks of these villages: what changed since the revisions it names, then whole ones.

    A page ends at `page` bytes. `asked` may name villages that are no longer the actor's; they are dropped. `newest`:
    revisions of scopes as they were read a moment ago; others are read here. Nothing past them is taken: up to there
    all is committed, while between two queries another change might commit and be passed over.
    """
    newest = newest or {}
    newest = {**newest, **dict(_REVISIONS({scope_of(area) for area in mine} - newest.keys()))}
    answer, page_ = Pulled(dropped=sorted(set(asked) - set(mine))), _Page(page)
    answer.rows = page_.rows
    known = {area: rev for area, rev in asked.items() if rev > 0 and area in mine}
    answer.villages = dict(known)
    if known:
        _changed_since(actor, known, newest, answer, page_, now)
    fresh = sorted(set(mine) - set(known))
    if fresh and not answer.more:
        _pack(actor, {area: newest.get(scope_of(area), 0) for area in fresh}, cursor, answer, page_, now)
    return answer


_REVISIONS = Lookup(Scope.code, Scope.rev, by=Scope.code)


def _changed_since(
    actor: Actor, known: Mapping[str, int], newest: Mapping[str, int], answer: Pulled, page: _Page, now: datetime
) -> None:
    """Rows and departures of known villages, in order of revision."""
    changes = sorted((area, rev, resident, gone) for area, rev, resident, gone in _since(known, newest, ROWS_AT_ONCE))
    start = 0
    while start < len(changes):
        part = changes[start : start + page.part(len(changes) - start)]
        start += len(part)
        if not part:
            answer.more = True
            return
        rows = project(actor, [resident for _, _, resident, gone in part if not gone], now=now)
        for area, rev, resident, gone in part:
            row = None if gone else rows.get(resident)
            if not page.take(row or {"id": str(resident), "area": area, "rev": rev, "gone": True}):
                answer.more = True
                return
            answer.villages[area] = max(rev, answer.villages[area])
    answer.more = len(changes) >= ROWS_AT_ONCE


def _since(known: Mapping[str, int], newest: Mapping[str, int], limit: int) -> list[tuple[str, int, UUID, bool]]:
    """(area, revision, resident, departed) after the known revisions and up to the newest, oldest first."""
    r, d = Resident, Departure
    behind = {area: rev for area, rev in known.items() if rev < newest.get(scope_of(area), 0)}
    if not behind:
        return []
    rows, gone = r.rev.is_null(), d.rev.is_null()
    for area, rev in behind.items():
        rows |= (r.area == area) & r.rev.between(rev + 1, newest[scope_of(area)])
        gone |= (d.area == area) & d.rev.between(rev + 1, newest[scope_of(area)])
    changed = list(r.select(r.area, r.rev, r.id).where(rows).order_by(r.rev).limit(limit).tuples())
    departed = list(d.select(d.area, d.rev, d.resident).where(gone).order_by(d.rev).limit(limit).tuples())
    found = [(*row, False) for row in changed] + [(*row, True) for row in departed]
    if len(changed) == limit or len(departed) == limit:  # a change past the shorter list's end must wait for its turn
        ends = [part[-1][1] for part in (changed, departed) if len(part) == limit]
        found = [row for row in found if row[1] <= min(ends)]
    return found


def _pack(actor: Actor, fresh: Mapping[str, int], cursor: str, answer: Pulled, page: _Page, now: datetime) -> None:
    """Whole villages, at these revisions: people due first, then the other full cards, then names by id. Resumed by `cursor`.

    The revisions of the start are answered at the end, so that what changed meanwhile comes as a change. A pack under
    way goes on without a village that was lost since, and one that was gained comes behind it.
    """
    place = _read_cursor(cursor, fresh) or {"at": dict(fresh), "part": "full", "after": None}
    areas = sorted(place["at"])
    answer.more = True
    answer.villages |= dict.fromkeys(fresh, 0)
    if place["part"] == "full" and _pack_full(actor, areas, place, page, now):
        place |= {"part": "name", "after": None}
    if place["part"] == "name" and _pack_names(areas, place, page):
        answer.villages |= {area: max(rev, 1) for area, rev in place["at"].items()}
        answer.more = len(areas) < len(fresh)
        return
    answer.cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _pack_full(actor: Actor, fresh: Sequence[str], place: dict[str, Any], page: _Page, now: datetime) -> bool:
    """Full cards, those due first; False when the page ended before they did."""
    order = _due_order(fresh)
    if place["after"] is not None:
        order = [each for each in order if each > tuple(place["after"])]
    start = 0
    while start < len(order):
        part = order[start : start + page.part(len(order) - start)]
        start += len(part)
        if not part:
            return False
        rows = project(actor, [UUID(key) for _, key in part], now=now)
        for due, key in part:
            row = rows.get(UUID(key))
            if row is not None and not page.take(row):
                return False
            place["after"] = [due, key]
    return True


def _pack_names(fresh: Sequence[str], place: dict[str, Any], page: _Page) -> bool:
    """Names of everybody else; False when the page ended before they did."""
    while True:
        after = place["after"] or str(UUID(int=0))
        found = _NAMED(fresh, Resident.id.db_value(after), ROWS_AT_ONCE)
        homes = _numbers(home for *_, home in found if home)
        for key, area, rev, name, initials, group, home in found:
            if not page.take(name_card(key, area, rev, name, initials, group, homes.get(home, ""))):
                return False
            place["after"] = str(key)
        if len(found) < ROWS_AT_ONCE:
            return True


def _numbers(households: Iterable[UUID]) -> dict[UUID, str]:
    return {home.id: home.number for home in HOMES.of(set(households))}


def _due_order(areas: Sequence[str]) -> list[tuple[str, str]]:
    """(earliest day somebody waits, id in hex) of all full cards of these villages, sorted. Asked for each page: ids
    stay as the database keeps them."""
    days: dict[Any, list[date]] = defaultdict(list)
    for lookup in _DAYS:
        for resident, day in lookup.by_kept(areas):
            days[resident].append(day)
    full = [key for (key,) in _FULL.by_kept(areas)]
    return sorted(
        (rule.due_first(days.get(key, ())).isoformat(), key.hex if isinstance(key, UUID) else key) for key in full
    )


_FULL = Lookup(Resident.id, by=Resident.area, also=f"card = 'full' AND {STANDING}")
_NAMED = Lookup(
    Resident.id, Resident.area, Resident.rev, Resident.name, Resident.initials, Resident.group, Resident.household,
    by=Resident.area, also=f"card = 'name' AND {STANDING} AND id > {{}}", order="id LIMIT {}",
)  # fmt: skip
_DAYS = (
    Lookup(Entitlement.resident, Entitlement.due_on, by=Entitlement.area, also="listed"),
    Lookup(CareEntry.resident, CareEntry.next_visit_on, by=CareEntry.area, also="state = 'enrolled'"),
    Lookup(Delivery.resident, Delivery.due_on, by=Delivery.area, also=f"state IN {Delivery.OPEN}"),
)


def _read_cursor(cursor: str, fresh: Collection[str]) -> dict[str, Any] | None:
    """The place in a pack under way, for the villages of it that are still wanted; None when there is none."""
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        at = {str(area): int(rev) for area, rev in place["at"].items() if area in fresh}
        after = place["after"]
        if not at or place["part"] not in ("full", "name"):
            return None
        if after is not None and place["part"] == "name":
            UUID(after)
        elif after is not None:
            after = [str(after[0]), UUID(after[1]).hex]
        return {"at": at, "part": place["part"], "after": after}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None


def _size(row: Mapping[str, Any]) -> int:
    return len(orjson.dumps(row)) + 1
