"""create_app(): settings, database, blueprints, headers, the one error handler, the command line."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import structlog
from flask import Flask, Request, Response, current_app, g, jsonify, render_template, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_translations
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

import commands
import keys
import models
from actions import bell
from api import access, filters, office, phone, public
from rules.problems import FileTooLarge, NotFound, PageTooOld, Problem
from settings import Settings, from_environment, log_no_values

STATUS = {
    "invalid": 422,
    "unknown-sign-in": 401,
    "forbidden": 403,
    "missing": 404,
    "conflict": 409,
    "too-often": 429,
}
LANGUAGES = ("zh_Hans", "en")

NEVER_SHOWN = {"csrf_token", "password", "new_password", "code", "digits", "next"}
CODE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{12}|[a-z_]+")  # ids, areas, choices: not typed

csrf = CSRFProtect()
babel = Babel()
log = structlog.get_logger()


class Sessions(SecureCookieSessionInterface):
    """Flask's own, but who brings no cookie has an empty session at once: phones and people at doors never have one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return (
            super().open_session(app, request) if self.get_cookie_name(app) in request.cookies else self.session_class()
        )


class Server(Flask):
    """Flask, but what a desk asked for is done again where PostgreSQL ended it for another's sake."""

    session_interface = Sessions()

    def dispatch_request(self) -> ResponseReturnValue:
        if not request.path.startswith("/office/"):  # what phones send is done again by its action
            return super().dispatch_request()
        return models.again(self._from_the_start)

    def _from_the_start(self) -> ResponseReturnValue:
        for file in request.files.values():  # read once already, if this is another try
            file.seek(0)
        return super().dispatch_request()


def create_app(settings: Settings | None = None, *, clock: Callable[[], datetime] = access.system_clock) -> Flask:
    """Make the county server. The database must exist, except for `flask migrate`, which makes it."""
    log_no_values()
    if settings is None:
        bell.hang(_ring)
    settings = settings or from_environment()
    app = Server(__name__)
    app.config.update(
        SETTINGS=settings,
        CLOCK=clock,
        MAX_CONTENT_LENGTH=64 * 1024 * 1024,
        SESSION_COOKIE_NAME="__Host-daiban",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # our pages send no Referer; refuse_strangers() looks at what browsers do send
        BABEL_DEFAULT_LOCALE="zh_Hans",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        TEMPLATES_AUTO_RELOAD=False,
    )
    if settings.proxies:  # else every village would seem to come from one address: the proxy's
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    _open(app, settings)
    babel.init_app(app, locale_selector=_language)
    _speak(app)
    access.read_clock(app)
    access.refuse_strangers(app)
    app.jinja_env.filters.update(filters.FILTERS)
    app.jinja_env.globals["drawn_once"] = (
        cache  # a macro said of each row of a table is drawn once for what it is said of
    )
    for face in (phone, office, public):
        face.add_to(app)
    csrf.init_app(app)  # after the faces: its refusal is a page, which needs the clock and who asks
    csrf.exempt(phone.bp)
    app.after_request(_headers)
    app.register_error_handler(Problem, _say)
    app.register_error_handler(CSRFError, lambda _: _say(PageTooOld()))
    app.register_error_handler(404, lambda _: _say(NotFound()))
    app.register_error_handler(405, lambda error: error if request.path.startswith("/api/") else _say(NotFound()))
    app.register_error_handler(413, lambda _: _say(FileTooLarge(bundle=request.endpoint == "office.add_bundle")))
    app.register_error_handler(Exception, _bug)
    commands.add_to(app)
    return app


def _ring(what: str) -> None:
    """Wake a job; the queue is opened by the first bell only, so that commands need none."""
    import jobs

    jobs.ring(what)


def _open(app: Flask, settings: Settings) -> None:
    """Bind the database with its keys; without keys only the commands that make them can run."""
    try:
        keyring = keys.read(settings.keys_path)
    except keys.KeysMissing as missing:
        app.config["WITHOUT_KEYS"] = str(missing)
        app.secret_key = secrets.token_bytes(32)
        return
    app.secret_key = keyring.cookies
    models.bind(models.open_database(settings.database, pool=32), keyring)

    @app.before_request
    def _connect() -> None:
        models.database.connect(reuse_if_open=True)
        if "DEMO" not in app.config:  # for ever what it was made as
            app.config["DEMO"] = models.Installation.is_demo()

    @app.teardown_request
    def _close(_: BaseException | None) -> None:
        if not models.is_sqlite():  # a thread keeps its SQLite connection; the others go back to the pool
            models.database.close()


def _speak(app: Flask) -> None:
    """Let pages find the words of their language once a request; Flask-Babel looks for them anew at each of them."""

    def here() -> Any:
        try:
            return g.words
        except AttributeError:
            g.words = get_translations()
            return g.words

    app.jinja_env.install_gettext_callables(
        gettext=lambda text: here().ugettext(text),
        ngettext=lambda one, many, count: here().ungettext(one, many, count),
        pgettext=lambda context, text: here().upgettext(context, text),
        npgettext=lambda context, one, many, count: here().unpgettext(context, one, many, count),
        newstyle=True,
    )


def _language() -> str:
    chosen = request.cookies.get("language", "")
    return chosen if chosen in LANGUAGES else "zh_Hans"


def _headers(response: Response) -> Response:
    """What every answer carries. CSP per face: the phone's own scripts, none at all on public pages."""
    path = request.path
    if path.startswith("/field"):
        csp = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
            "manifest-src 'self'; worker-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'"
        )
    elif path.startswith(("/office", "/static")):
        csp = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
    else:
        csp = (
            "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'"
        )
    response.headers.setdefault("Content-Security-Policy", csp)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(self), microphone=()")
    if not path.startswith("/static"):
        response.headers.setdefault("Cache-Control", "no-store")
    if request.is_secure and not current_app.config.get("DEMO", True):  # a demo may move, and hosts beside are not ours
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _say(problem: Problem) -> tuple[Response | str, int] | Response:
    """A refusal as its page, as a piece for htmx, or as JSON for a phone; `kind` becomes a status only here."""
    status = STATUS[problem.kind]
    if request.path.startswith("/api/"):
        facts = {
            k: v if isinstance(v, int | str) else str(v) for k, v in vars(problem).items() if not k.startswith("_")
        }
        return jsonify(code=problem.code, kind=problem.kind, facts=facts), status
    if problem.kind == "unknown-sign-in" and request.path.startswith("/office"):
        return office.to_sign_in()
    return _shown(problem.code, problem, status)


def _shown(code: str, problem: Problem | None, status: int) -> Response:
    fragment = request.headers.get("HX-Request") == "true"
    typed = [] if fragment or problem is None or problem.kind not in ("invalid", "conflict") else _typed()
    page = render_template(
        f"problems/{code}.html", problem=problem, fragment=fragment, face=_face(), typed=typed, back=_page_above()
    )
    response = Response(page, status)
    if fragment:
        response.headers["HX-Retarget"] = "#problems"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _typed() -> list[tuple[str, str]]:
    """What a form without scripts sent in words: its page is gone, so the refusal shows them, to be copied."""
    if (request.content_length or 0) > current_app.config["MAX_CONTENT_LENGTH"]:
        return []
    kept = [(name, value.strip()) for name, value in request.form.items(multi=True) if name not in NEVER_SHOWN]
    return [(name, value) for name, value in kept if value and not CODE.fullmatch(value)]


def _page_above() -> str:
    """The nearest page above the address a form was sent to, for whoever has to go back to it."""
    path, routes = request.path, current_app.create_url_adapter(request)
    while request.method == "POST" and routes is not None and path.count("/") >= 2:
        if routes.test(path, "GET"):
            return path
        path = path.rpartition("/")[0]
    return ""


def _face() -> str:
    return "office" if request.path.startswith("/office") else "public"


def _bug(error: Exception) -> tuple[Response | str, int] | Response | HTTPException:
    """Anything that is no Problem is a bug: logged once, and a page that says what is kept."""
    if isinstance(error, HTTPException):
        return error
    log.error("bug", path=request.path, exc_info=error)
    if request.path.startswith("/api/"):
        return jsonify(code="bug", kind="bug", facts={}), 500
    g.actor = g.get("actor")
    return _shown("bug", None, 500)
