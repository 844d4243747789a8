"""The page at the door: somebody scans a badge, or types its number, and reads what it is worth.

One answer holds everything, the picture too; checks are logged after it has left (R-BDG-3).
"""

from __future__ import annotations

import gzip
import threading
from collections import deque

from flask import Response, current_app, g, make_response, render_template, request
from flask_babel import get_locale
from werkzeug.exceptions import TooManyRequests

import models
from actions import badges
from api.access import open_to_all
from api.public import bp, limiter
from models import Area, Badge, Installation, Setting
from rules import county_settings
from rules.actors import area_prefix, scope_of
from rules.badges import Shown, shown
from rules.days import CHINA, day_of
from rules.problems import NotFound

#: Numbers are short enough to be guessed one after another; printed codes are not, so nothing limits those.
NUMBERS_TRIED = "60/minute;1200/hour"


@bp.get("/b/<path:public_id>")
@open_to_all
def show(public_id: str) -> Response:
    """What the badge of a printed code is worth now; an unknown or malformed code gets the same calm page."""
    try:
        badge = badges.by_public_id(public_id)
    except NotFound:
        return _answer(None, by_number=False)
    return _answer(badge, by_number=False)


@bp.get("/b/")
@limiter.limit(NUMBERS_TRIED, exempt_when=lambda: "n" not in request.args)
@open_to_all
def find() -> Response:
    """The same by the number on the card, for a code that cannot be read."""
    try:
        badge = badges.by_number(request.args.get("n", ""))
    except NotFound:
        return _answer(None, by_number=True)
    return _answer(badge, by_number=True)


@bp.errorhandler(TooManyRequests)
def wait_a_minute(_: TooManyRequests) -> Response:
    """Too many numbers from one address: wait, call, or scan the code, which always works."""
    return _page("public/too_often.html", None, 429)


def _answer(badge: Badge | None, *, by_number: bool) -> Response:
    verdict = Shown.UNKNOWN if badge is None else shown(badges.term(badge), on=day_of(g.now))
    response = _page(
        "public/unknown.html" if badge is None else "public/badge.html",
        badge,
        404 if badge is None else 200,
        verdict=verdict,
        by_number=by_number,
    )
    scans.note(response, badges.Scan(badge.id if badge else None, g.now, verdict, _kind_of_browser()))
    return response


def _page(template: str, badge: Badge | None, status: int, **facts: object) -> Response:
    text = render_template(
        template,
        badge=badge,
        photo=badges.photo_address(badge) if badge and facts.get("verdict") is Shown.VALID else "",
        large=request.args.get("text") == "large",
        language="en" if str(get_locale()) == "en" else "zh-Hans",
        host=current_app.config["SETTINGS"].host_name,
        checked=g.now.astimezone(CHINA),
        today=day_of(g.now),
        **_county(badge),
        **facts,
    )
    response = make_response(text, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.vary.add("Accept-Encoding")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.set_data(gzip.compress(text.encode(), 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _county(badge: Badge | None) -> dict[str, object]:
    """What every page says beside the badge: two questions to the database."""
    keys = ("county.name", "county.hotline")
    found = {row.key: row.value for row in Setting.select().where(Setting.key.in_(keys))}
    name, hotline = (found.get(key) or county_settings.ALL[key].default for key in keys)
    places = {badge.area, scope_of(badge.area)} if badge else set()
    areas = list(Area.select().where(Area.code.in_(places) | (Area.level == "county")))
    names = {area.code: area.name for area in areas}
    only = current_app.config["SETTINGS"].county or (area_prefix(badge.area)[:6] if badge else "")
    counties = [area.name for area in areas if area.level == "county" and area.code.startswith(only)]
    return {
        "county": name or (counties[0] if len(counties) == 1 else ""),
        "hotline": hotline,
        "township": names.get(scope_of(badge.area), "") if badge else "",
        "place": "".join(dict.fromkeys(names.get(c, "") for c in (scope_of(badge.area), badge.area))) if badge else "",
        "demo": Installation.is_demo(),
    }


def _kind_of_browser() -> str:
    """As coarse as is useful; nothing that tells one phone from another."""
    agent = request.headers.get("User-Agent", "")
    return "wechat" if "MicroMessenger" in agent else "alipay" if "AlipayClient" in agent else "browser"


class Scans:
    """Checks waiting to be logged: whoever comes first writes for all, so a busy market day costs few transactions."""

    def __init__(self) -> None:
        self._waiting: deque[badges.Scan] = deque()
        self._writing = threading.Lock()

    def note(self, response: Response, scan: badges.Scan) -> None:
        """Log the check once the answer has left; nobody at a door waits for a disk."""
        self._waiting.append(scan)
        response.call_on_close(self.write)

    def write(self) -> None:
        while self._waiting and self._writing.acquire(blocking=False):
            try:
                batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
                models.database.connect(reuse_if_open=True)
                try:
                    badges.note_scans(batch)
                finally:
                    if not models.is_sqlite():
                        models.database.close()
            finally:
                self._writing.release()


scans = Scans()

