"""The visit log as a table to take away, the same whether it streams as CSV or a job writes it as a workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import Path

from flask import Flask
from flask_babel import Babel, force_locale
from flask_babel import gettext as _

from actions import exports
from actions.workbook_file import Cell, Table
from api.filters import spaced_id
from api.office import log, log_search
from api.office.frame import area_names
from models import Lookup, Resident
from rules.actors import Actor
from rules.days import CHINA

ROOT = Path(__file__).resolve().parents[2]
_NUMBERS = Lookup(Resident.id, Resident.id_number, by=Resident.id)


def of(actor: Actor, filters: log_search.Filters, *, today: date, whole_numbers: bool = False) -> Table:
    """What the actor sees by these filters, in the language that is spoken now."""
    found = log_search.queries(actor, filters, today=today)
    columns = [
        (_("Resident"), 12), (_("Village"), 16), (_("When"), 17), (_("Arrived"), 17), (_("Why they went"), 24),
        (_("Outcome"), 16), (_("Left behind"), 24), (_("Agent"), 12), (_("State"), 20), (_("Notes"), 60),
        *([(_("ID number"), 24)] if whole_numbers else []),
    ]  # fmt: skip
    return Table(_("Visit log"), columns, found.count, _rows(found, whole_numbers))


@contextmanager
def spoken(actor: Actor, filters: Mapping[str, str], *, today: date, language: str) -> Iterator[Table]:
    """The same for a job, which has no request that says in which language."""
    with _speaker().app_context(), force_locale(language):
        yield of(actor, log_search.Filters.of(filters), today=today)


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


def _rows(found: log_search.Asked, whole_numbers: bool) -> Iterator[list[list[Cell]]]:
    names: dict[str, str] = {}
    states, say = {code: str(words) for code, words in log_search.STATES.items()}, log.Sayer()
    for part in log_search.every(found):
        names |= area_names({visit.area for visit in part} - set(names))
        numbers = dict(_NUMBERS({visit.resident_id for visit in part})) if whole_numbers else {}
        yield [
            [
                row["visit"].resident_name, names.get(row["visit"].area, row["visit"].area),
                row["visit"].ended_at, row["visit"].received_at, "、".join(row["why"]), row["outcome"],
                "、".join(row["left"]), row["agent"], states.get(row["state"], row["state"]),
                # In groups, as on paper: a spreadsheet makes a number of eighteen digits, and loses the last ones.
                *([row["visit"].notes, spaced_id(numbers.get(row["visit"].resident_id))] if whole_numbers else
                  [exports.without_numbers(row["visit"].notes)]),
            ]
            for row in log.rows_of(part, say, with_tries=False)
        ]  # fmt: skip


def _lines(rows: Iterable[Iterable[Cell]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(
        [_local(c) if isinstance(c, datetime) else exports.harmless(c) for c in row] for row in rows
    )
    return out.getvalue()


def _local(at: datetime) -> str:
    there = at.astimezone(CHINA)
    return f"{there.year}-{there.month:02}-{there.day:02} {there.hour:02}:{there.minute:02}"
