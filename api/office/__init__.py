"""The office: server-rendered HTML with htmx, on a phone or a desk. One module per thing people work on."""

from __future__ import annotations

from flask import Blueprint, Flask, redirect, request, url_for
from werkzeug.wrappers import Response

bp = Blueprint("office", __name__, url_prefix="/office")


def add_to(app: Flask) -> None:
    """Register the blueprint with every module of the office."""
    # each module registers its routes: add `from api.X import module` here
    app.register_blueprint(bp)


def to_sign_in() -> Response:
    """Send somebody without a session to the sign-in, and back afterwards; htmx is told to load the whole page."""
    target = url_for("office.sign_in", next=request.full_path.rstrip("?") if request.method == "GET" else None)
    if request.headers.get("HX-Request") == "true":
        answer = Response("", 200)
        answer.headers["HX-Redirect"] = target
        return answer
    return redirect(target, code=303)
