"""The office: server-rendered HTML with htmx, on a phone or a desk. One module per thing people work on."""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from actions import desk_sessions
from api.access import actor_of, size_body

bp = Blueprint("office", __name__, url_prefix="/office")

COOKIE = "__Host-desk"
KNOWN_COOKIE = "__Host-desk-known"


def add_to(app: Flask) -> None:
    """Register the blueprint with every module of the office."""
    from api.office import (  # noqa: F401  (routes register themselves)
        badges,
        bundles,
        frame,
        imports,
        people,
        phone_trouble,
        pictures,
        residents,
        rounds,
        sessions,
        trays,
        verifications,
        visits,
        words,
        workbooks,
    )

    app.before_request(_read_session)
    app.before_request(size_body)
    app.context_processor(frame.facts)
    words.add_to(app)
    app.register_blueprint(bp)


def _read_session() -> None:
    """Set `g.actor` for the office, once a request; for the app, since a wrong address has no blueprint."""
    g.actor = None
    if request.path.startswith(bp.url_prefix or ""):
        g.person = desk_sessions.find(request.cookies.get(COOKIE, ""), now=g.now)
        if g.person is not None:
            g.actor = actor_of(g.person, now=g.now)


def to_sign_in() -> Response:
    """Send somebody without a session to the sign-in, and back afterwards; htmx is told to load the whole page."""
    asked = request.full_path.rstrip("?") if request.method == "GET" and not _by_htmx() else None
    return go_to(url_for("office.sign_in", next=asked))


def go_to(url: str) -> Response:
    """Lead on to a page after something was done; htmx loads it whole, so that the address is right."""
    if _by_htmx():
        answer: Response = current_app.response_class("", 200)
        answer.headers["HX-Redirect"] = url
        return answer
    return redirect(url, code=303)


def _by_htmx() -> bool:
    return request.headers.get("HX-Request") == "true"
