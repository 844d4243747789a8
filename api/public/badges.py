"""The page at the door: somebody scans a badge, or types its number, and reads what it is worth.

One answer holds everything, the picture too; checks are logged after it has left (R-BDG-3).
"""

from __future__ import annotations

import threading
from collections import deque

import structlog
from flask import Response, g, request
from limits import parse_many
from peewee import InterfaceError, OperationalError
from playhouse.pool import MaxConnectionsExceeded
from werkzeug.exceptions import TooManyRequests

import models
from actions import badges
from api.access import open_to_all
from api.public import bp, tries
from api.public.pages import page
from models import Badge
from rules.badges import Shown, shown
from rules.days import day_of
from rules.problems import NotFound

log = structlog.get_logger()

MOST_WAITING = 20_000  # checks, while the database cannot be written
#: Numbers are short enough to be guessed one after another; printed codes are not, so nothing limits those.
NUMBERS_TRIED = parse_many("60/minute;1200/hour")


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
@open_to_all
def find() -> Response:
    """The same by the number on the card, for a code that cannot be read."""
    if "n" in request.args:
        tries.count(NUMBERS_TRIED, request.remote_addr or "")
    try:
        badge = badges.by_number(request.args.get("n", ""))
    except NotFound:
        return _answer(None, by_number=True)
    return _answer(badge, by_number=True)


@bp.errorhandler(TooManyRequests)
def wait_a_minute(_: TooManyRequests) -> Response:
    """Too many numbers from one address: wait, call, or scan the code, which always works."""
    return page("public/too_often.html", status=429)


def _answer(badge: Badge | None, *, by_number: bool) -> Response:
    if badge is None:
        verdict = Shown.UNKNOWN
        response = page("public/unknown.html", status=404, typed=request.args.get("n", "").strip()[:20])
    else:
        posts = badges.places_of(badge.person_id, on=day_of(g.now))
        verdict = shown(badges.term(badge), on=day_of(g.now), has_post=bool(posts))
        today, places = day_of(g.now), badges.place_names(badge.area, posts)
        response = page(
            "public/badge.html", once=True, badge=badges.face(badge), verdict=verdict, by_number=by_number, today=today,
            photo=badges.photo_address(badge) if verdict is Shown.VALID else "", **places,
        )  # fmt: skip
    scans.note(response, badges.Scan(badge.id if badge else None, g.now, verdict, _kind_of_browser()))
    return response


def _kind_of_browser() -> str:
    """As coarse as is useful; nothing that tells one phone from another."""
    agent = request.headers.get("User-Agent", "")
    return "wechat" if "MicroMessenger" in agent else "alipay" if "AlipayClient" in agent else "browser"


class Scans:
    """Checks waiting to be logged: all that come within a moment are written at once, so a busy market day costs few
    transactions, and nobody at a door waits for a disk.
    """

    def __init__(self, gather_s: float, again_s: float = 5) -> None:
        self._gather_s, self._again_s = gather_s, again_s
        self._waiting: deque[badges.Scan] = deque(maxlen=MOST_WAITING)
        self._begun = threading.Lock()  # held while a write is coming that will take whatever waits
        self._writing = threading.Lock()  # one at a time: a slow database gets no second connection
        self._timer: threading.Timer | None = None

    def note(self, response: Response, scan: badges.Scan) -> None:
        """Log the check once the answer has left."""
        self._waiting.append(scan)
        response.call_on_close(lambda: self._soon(self._gather_s))

    def finish(self) -> None:
        """Wait until whatever came so far is written."""
        while (timer := self._timer) is not None and timer.is_alive():
            timer.join()

    def _soon(self, seconds: float) -> None:
        if self._begun.acquire(blocking=False):
            self._timer = threading.Timer(seconds, self._write)
            self._timer.start()  # Python waits for it before it ends

    def _write(self) -> None:
        with self._writing:
            self._begun.release()  # who comes from now on begins another moment
            batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not batch:
                return
            try:
                models.database.connect(reuse_if_open=True)
                badges.note_scans(batch)
            except (OperationalError, InterfaceError, MaxConnectionsExceeded) as error:  # busy, or gone for now
                self._waiting.extendleft(reversed(batch))
                log.error("checks not logged yet", count=len(batch), exc_info=error)
                if threading.main_thread().is_alive():  # else the server is being stopped, and must not wait for ever
                    self._soon(self._again_s)
            finally:
                models.database.close()


scans = Scans(gather_s=0.2)
