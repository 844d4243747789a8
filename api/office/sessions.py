"""Signing in and out, and one's own page."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from actions import accounts, desk_sessions
from api.access import allows, open_to_all
from api.office import COOKIE, KNOWN_COOKIE, bp, go_to

HOME = ("office.trays", "office.visits", "office.people")


@bp.get("/")
@allows()
def home() -> ResponseReturnValue:
    """The first place one's posts open."""
    return go_to(url_for(_home()))


@bp.get("/sign-in")
@open_to_all
def sign_in() -> ResponseReturnValue:
    if g.actor is not None:
        return go_to(url_for("office.home"))
    return render_template("office/sign_in.html", next=_safe(request.args.get("next", "")))


@bp.post("/sign-in")
@open_to_all
def open_session() -> ResponseReturnValue:
    form = request.form
    opened = desk_sessions.open_with(
        form.get("name", ""),
        form.get("password", ""),
        form.get("code", ""),
        network=request.remote_addr or "",
        known=request.cookies.get(KNOWN_COOKIE, ""),
        browser=request.user_agent.string,
        hours=current_app.config["SETTINGS"].session_hours,
        now=g.now,
    )
    answer = go_to(_safe(form.get("next", "")) or url_for("office.home"))
    _set(answer, COOKIE, opened.token, None)
    _set(answer, KNOWN_COOKIE, opened.known, int(desk_sessions.KNOWN_FOR.total_seconds()))
    return answer


@bp.post("/sign-out")
@open_to_all
def end_session() -> ResponseReturnValue:
    desk_sessions.end(request.cookies.get(COOKIE, ""))
    answer = go_to(url_for("office.sign_in"))
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Strict")
    return answer


@bp.get("/me")
@allows()
def me() -> ResponseReturnValue:
    """One's own posts, the language, and the way out."""
    return render_template("office/me.html", posts=g.actor.posts)


@bp.post("/me/password")
@allows()
def change_own_password() -> ResponseReturnValue:
    form = request.form
    accounts.change_own_password(
        g.actor.person, form.get("password", ""), form.get("new_password", ""), form.get("code", ""),
        keep=request.cookies.get(COOKIE, ""), now=g.now,
    )  # fmt: skip
    flash(_("The new password counts from now on. Other browsers are signed out."), "done")
    return go_to(url_for("office.me"))


@bp.post("/language")
@open_to_all
def set_language() -> ResponseReturnValue:
    chosen = request.form.get("language", "")
    answer = go_to(_safe(request.form.get("next", "")) or url_for("office.me"))
    answer.set_cookie("language", chosen if chosen == "en" else "zh_Hans", max_age=31_536_000, samesite="Lax")
    return answer


def _home() -> str:
    from api.office.frame import PLACES

    roles = {place.endpoint: place.roles for place in PLACES}
    views = current_app.view_functions
    return next((e for e in HOME if e in views and g.actor.may(*roles[e])), "office.me")


def _set(answer: Response, name: str, value: str, age: int | None) -> None:
    answer.set_cookie(name, value, max_age=age, path="/", secure=True, httponly=True, samesite="Strict")


def _safe(target: str) -> str:
    """An address of this office, or nothing: a link cannot lead a sign-in elsewhere."""
    parts = urlsplit(target)
    inside = parts.path.startswith("/office/") and not parts.scheme and not parts.netloc and "\\" not in target
    return target if inside and parts.path != url_for("office.sign_in") else ""
