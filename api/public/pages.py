"""What every public page says and how it is sent: no cookie, no cache, compressed for whoever can read that."""

from __future__ import annotations

import gzip
from collections.abc import Hashable
from typing import Any

from flask import Response, current_app, g, make_response, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

import models
from api import filters
from models import Area
from rules import county_settings
from rules.days import CHINA

#: Stands in a drawn page where the moment of the check comes.
CHECKED = Markup("\0checked\0")
KEPT = 500  # drawn pages, of some 7 KB
_drawn: dict[Hashable, str] = {}


def page(template: str, *, status: int = 200, county: str = "", once: bool = False, **facts: Any) -> Response:
    """Answer with a public page. `county`: the name of the county it is about, where that is known.

    With `once` a page is drawn once for the same facts, which are all that it can say, for at a fair many look at few
    badges; only the moment is written into it each time. The facts must be hashable.
    """
    facts |= _county(county) | _frame()
    text = (_once if once else _draw)(template, facts).replace(CHECKED, escape(_moment()))
    response = make_response(text, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.vary.add("Accept-Encoding")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.set_data(gzip.compress(text.encode(), 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _once(template: str, facts: dict[str, Any]) -> str:
    key = (template, *facts.values())
    text = _drawn.get(key)
    if text is None:
        if len(_drawn) >= KEPT:
            _drawn.clear()
        text = _drawn[key] = _draw(template, facts)
    return text


def _draw(template: str, facts: dict[str, Any]) -> str:
    return render_template(template, checked=CHECKED, **facts)


def _frame() -> dict[str, Any]:
    """What the frame of a page needs and no database knows."""
    return {
        "large": request.args.get("text") == "large",
        "language": "en" if str(get_locale()) == "en" else "zh-Hans",
        "host": current_app.config["SETTINGS"].host_name,
    }


def _moment() -> str:
    now = g.now.astimezone(CHINA)
    return _("Checked on %(day)s at %(time)s", day=filters.day(now, now), time=f"{now:%H:%M:%S}")


def _county(known: str) -> dict[str, Any]:
    """Name and hotline of the county, and whether all this is only a demo."""
    own = models.settings_of("county.name", "county.hotline")
    name = own["county.name"] or known or _only_county()
    hotline = own["county.hotline"] or county_settings.ALL["county.hotline"].default
    return {"county": name, "hotline": hotline, "demo": current_app.config["DEMO"]}


def _only_county() -> str:
    """The county of this installation, where there is but one."""
    only = current_app.config["SETTINGS"].county
    names = Area.select(Area.name).where((Area.level == "county") & Area.code.startswith(only)).limit(2).tuples()
    return names[0][0] if len(names) == 1 else ""
