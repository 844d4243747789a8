"""Data that leaves the program: registered as an event before the first line goes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from actions import journal, reads
from actions.county_settings import county
from models import transaction
from rules import id_numbers
from rules.actors import Actor, area_prefix, scope_of
from rules.problems import ReasonMissing

LONG_NUMBER = re.compile(r"\d{10,18}[\dXx]")


def register(
    what: str, filters: Mapping[str, Any], *, actor: Actor | None, now: datetime, by: str = "",
    whole_numbers: bool = False, why: str = "",
) -> None:  # fmt: skip
    """Note who takes away what, by which filters: a desk where its posts are, a command for the whole county.

    Whole ID numbers leave only for a reason, which stays with the event and in the log of looks (R-PRI-4). Raises
    ReasonMissing.
    """
    why = why.strip()
    if whole_numbers and len(why) < 2:
        raise ReasonMissing()
    scope = county()
    if actor is not None:
        scope = scope_of(min((p.area for p in actor.posts), key=lambda code: (len(area_prefix(code)), code)))
    with transaction(scope):
        body = {"what": what, "filters": dict(filters), "masked": not whole_numbers} | ({"why": why} if why else {})
        journal.write([journal.Deed("export.made", scope, body)], actor=actor, now=now, by=by)
        if whole_numbers and actor is not None:
            look = reads.Read(scope=scope, person=actor.person, resident=None, what="id-numbers", reason=why)
            reads.note([look], now=now)


def without_numbers(text: str) -> str:
    """Somebody's own words with ID, card and telephone numbers masked: what an agent types may hold one."""
    return LONG_NUMBER.sub(lambda found: id_numbers.masked(found[0]), text)


#: What a spreadsheet takes for the beginning of a formula.
FORMULA = frozenset("=+-@\t\r＝＋－＠")


def harmless(cells: Iterable[str]) -> list[str]:
    """Cells that no spreadsheet takes for formulas: what begins like one gets an apostrophe in front."""
    return [f"'{text}" if text[:1] in FORMULA else text for text in cells]
