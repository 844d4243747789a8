"""The visit log as a table to take away, the same whether it streams as CSV or a job writes it as a workbook."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import Babel, force_locale
from flask_babel import gettext as _

from actions import exports
from actions.workbook_file import Cell, Table
from api.filters import spaced_id
from api.office import log, log_places, log_search
from api.office.frame import area_names
from models import Lookup, Person, Resident, Visit
from rules.actors import Actor
from rules.days import CHINA

ROOT = Path(__file__).resolve().parents[2]
_NUMBERS = Lookup(Resident.id, Resident.id_number, by=Resident.id)


def of(
    actor: Actor, filters: log_search.Filters, *, today: date, whole_numbers: bool = False,
    instant: Callable[[Any], Cell] | None = None,
) -> Table:  # fmt: skip
    """What the actor sees by these filters, in the language that is spoken now.

    Times are local and to the minute, or what `instant` makes of them as the database keeps them.
    """
    found = log_search.queries(actor, filters, today=today)
    columns = [
        (_("Resident"), 12), (_("Village"), 16), (_("When"), 17), (_("Arrived"), 17), (_("Why they went"), 24),
        (_("Outcome"), 16), (_("Left behind"), 24), (_("Agent"), 12), (_("State"), 20), (_("Notes"), 60),
        *([(_("ID number"), 24)] if whole_numbers else []),
    ]  # fmt: skip
    rows = _Rows(whole_numbers, instant or _local)
    return Table(_("Visit log"), columns, found.count, map(rows.of, log_places.every(found)))


@contextmanager
def spoken(actor: Actor, filters: Mapping[str, str], *, today: date, language: str) -> Iterator[Table]:
    """The same for a job, which has no request that says in which language; times are instants."""
    with _speaker().app_context(), force_locale(language):
        yield of(actor, log_search.Filters.of(filters), today=today, instant=Visit.ended_at.python_value)


def as_csv(table: Table) -> Iterator[str]:
    """A piece for each part of the rows; the first character tells a spreadsheet that this is UTF-8."""
    yield "\ufeff" + _lines([[heading for heading, _width in table.columns]])
    for part in table.parts:
        yield _lines(part)


@cache
def _speaker() -> Flask:
    """Our words, without the server."""
    app = Flask("daiban", root_path=str(ROOT))
    Babel(app, default_locale="zh_Hans", default_timezone="Asia/Shanghai")
    return app


class _Rows:
    """Lines made rows of cells. Whatever many lines share is looked up and put into words once for the whole table."""

    def __init__(self, whole_numbers: bool, instant: Callable[[Any], Cell]) -> None:
        self._whole, self._instant = whole_numbers, instant
        self._say = log.Sayer()
        self._areas: dict[str, str] = {}
        self._people: dict[Any, str] = {}  # by their ids as the database keeps them
        self._alone: dict[tuple[str, ...], list[str]] = {}

    def of(self, lines: Sequence[log_places.Line]) -> list[list[Cell]]:
        self._learn(lines)
        beside = log.Beside([line.id for line in lines], kept=True)
        with_more = beside.verifications.keys() | beside.deliveries.keys()
        numbers = self._numbers(lines)
        rows: list[list[Cell]] = []
        for line in lines:
            codes = line.reasons, line.outcome, _mark(line.mark), line.state
            if line.id in with_more:
                why, outcome, left, state = self._words(beside, line.id, codes)
            else:
                why, outcome, left, state = self._alone.get(codes) or self._words_alone(beside, line.id, codes)
            rows.append(
                [
                    line.resident_name, self._areas.get(line.area, line.area), self._instant(line.ended_at),
                    self._instant(line.received_at), why, outcome,
                    "、".join(filter(None, (left, line.where))) if line.where else left, self._people[line.person_id],
                    state, *(numbers(line) if numbers else (exports.without_numbers(line.notes),)),
                ]
            )  # fmt: skip
        return rows

    def _learn(self, lines: Sequence[log_places.Line]) -> None:
        """Names of villages and agents not met before."""
        self._areas |= area_names({line.area for line in lines} - self._areas.keys())
        unknown = {line.person_id for line in lines} - self._people.keys()
        fresh = {kept: Person.id.python_value(kept) for kept in unknown}
        names = Person.names(fresh.values())
        self._people |= {kept: names.get(key, "") for kept, key in fresh.items()}

    def _words(self, beside: log.Beside, key: Any, codes: tuple[str, ...]) -> list[str]:
        told = beside.told(self._say, key, *codes)
        return ["、".join(told.why), told.outcome, "、".join(told.left), self._say.state(told.state)]

    def _words_alone(self, beside: log.Beside, key: Any, codes: tuple[str, ...]) -> list[str]:
        """Of a visit with nothing beside it: the same for all with these codes."""
        return self._alone.setdefault(codes, self._words(beside, key, codes))

    def _numbers(self, lines: Sequence[log_places.Line]) -> Callable[[log_places.Line], tuple[str, str]] | None:
        """Whole notes and ID numbers, where they may be given."""
        if not self._whole:
            return None
        keys = {line.resident_id: Resident.id.python_value(line.resident_id) for line in lines}
        known = dict(_NUMBERS(set(keys.values())))
        # In groups, as on paper: a spreadsheet makes a number of eighteen digits, and loses the last ones.
        return lambda line: (line.notes, spaced_id(known.get(keys[line.resident_id])))


@lru_cache(1000)  # most say the same
def _mark(text: str | None) -> str:
    return str(json.loads(text).get("kind", "")) if text else ""


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(map(exports.harmless, rows))
    return out.getvalue()


def _local(at: str) -> str:
    """2026-11-30 14:05, from an instant as a long table has it: text in UTC without a zone."""
    return f"{_local_hour(at[:13])}{at[13:16]}"


@lru_cache(10_000)
def _local_hour(hour: str) -> str:
    return f"{datetime.fromisoformat(f'{hour}:00+00:00').astimezone(CHINA):%Y-%m-%d %H}"
