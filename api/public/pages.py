"""What every public page says and how it is sent: no cookie, no cache, compressed for whoever can read that."""

from __future__ import annotations

import gzip
from typing import Any

from flask import Response, current_app, g, make_response, render_template, request
from flask_babel import get_locale

import models
from models import Area
from rules import county_settings
from rules.days import CHINA


def page(template: str, *, status: int = 200, county: str = "", **facts: Any) -> Response:
    """Answer with a public page. `county`: the name of the county it is about, where that is known."""
    text = render_template(template, **_county(county), **_frame(), **facts)
    response = make_response(text, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.vary.add("Accept-Encoding")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.set_data(gzip.compress(text.encode(), 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _frame() -> dict[str, Any]:
    """What the frame of a page needs and no database knows."""
    return {
        "large": request.args.get("text") == "large",
        "language": "en" if str(get_locale()) == "en" else "zh-Hans",
        "host": current_app.config["SETTINGS"].host_name,
        "checked": g.now.astimezone(CHINA),
    }


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
