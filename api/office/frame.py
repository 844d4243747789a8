"""What every page of the office shows around its matter: the places one's posts open, and how much waits in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from flask import current_app, g, request
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from peewee import SQL

from api.office import waiting
from api.office.roles import CHECKERS, DESKS, OFFICERS, STAFF
from models import Area, Installation, Once
from rules.actors import Actor, Role
from rules.days import day_of


@dataclass(frozen=True)
class Place:
    """One entry of the rail; `on_phone` says whether the bottom bar has room for it."""

    endpoint: str
    icon: str
    label: Any
    roles: tuple[Role, ...]
    on_phone: bool = True
    count: str = ""  # which tray's number it carries
    short: Any = ""  # the word for the bottom bar, where five have to stand side by side


PLACES = (
    Place("office.trays", "inbox", _l("To do"), DESKS, count="trays"),
    Place("office.visits", "list-check", _l("Visit log"), OFFICERS),
    Place("office.verifications", "shield-check", _l("Checks"), CHECKERS, count="verifications"),
    Place("office.rounds", "chart-bar", _l("Due"), OFFICERS),
    Place("office.residents", "users", _l("Residents"), DESKS, on_phone=False),
    Place("office.people", "device-mobile", _l("People and phones"), STAFF, short=_l("People")),
    Place("office.imports", "file-import", _l("Lists"), OFFICERS, on_phone=False),
)


def facts() -> dict[str, Any]:
    """The context of every office page; nothing for other faces."""
    if not request.path.startswith("/office"):
        return {}
    actor = g.get("actor")
    found: dict[str, Any] = {
        "demo": Installation.is_demo(),
        "actor": actor,
        "now": g.now,
        "today": day_of(g.now).isoformat(),
        "language": str(get_locale()).replace("_", "-"),
        "places": (),
    }
    if actor is not None:
        counts = waiting.counts(actor)
        views = current_app.view_functions
        found["places"] = [p for p in PLACES if p.endpoint in views and actor.may(*p.roles)]
        trays = sum(n for key, n in counts.items() if key != "verifications") + waiting.messages(actor)
        found["waits"] = counts | {"trays": trays}
        found["where"] = where_of(actor)
    return found


def where_of(actor: Any) -> str:
    """The name of the highest area the actor's posts cover."""
    codes = sorted({p.area for p in actor.posts}, key=lambda code: (len(code.rstrip("0")), code))
    return (Area.select(Area.name).where(Area.code == codes[0]).scalar() or "") if codes else ""


def area_names(codes: set[str]) -> dict[str, str]:
    """The names of these areas."""
    return Area.names(codes)


def villages(actor: Actor, *roles: Role) -> list[Village]:
    """The villages of today under the actor's posts of these roles, in the order of their codes."""
    return [Village._make(row) for row in _VILLAGES(actor.prefixes(*(roles or DESKS)), day_of(g.now))]


class Village(NamedTuple):
    """A village as a list to choose from needs it."""

    code: str
    name: str


def _villages(prefixes: Sequence[str], today: date) -> Any:
    a = Area
    current = a.valid_to.is_null() | (a.valid_to >= today)
    under = reduce(or_, (a.code.between(p.ljust(12, "0"), p.ljust(12, "9")) for p in prefixes), SQL("1 = 0"))
    return a.select(a.code, a.name).where(under, a.level == "village", current).order_by(a.code)


_VILLAGES = Once(_villages)
