"""What every server test has: both databases, the cast, one fixed moment, and a visitor who reads every page strictly.

    def test_a_lead_reads_the_log(desk, cast):      # runs twice: on SQLite and on PostgreSQL
        page = desk(cast.luo_guoxiu).get("/office/visits")
        assert "陈桂兰" in page

Whatever needs the database takes `db`, or something that takes it: `app`, `browser`, `desk`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import models
from settings import Settings
from tests.support import cast as the_cast
from tests.support import databases
from tests.support.made import HOST, Made
from tests.support.visitor import Visitor

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the process that was started; xdist's workers inherit the folder
        databases.postgres_folder()
        merge_translations()


def merge_translations() -> None:
    """Bring the catalogues up to date; `dev.py` does so in its build, a bare pytest would read old words."""
    made = ROOT / "translations" / "zh_Hans" / "LC_MESSAGES" / "messages.mo"
    sources = (ROOT / "translations" / "src").glob("*.po")
    if not made.exists() or any(source.stat().st_mtime > made.stat().st_mtime for source in sources):
        subprocess.run([sys.executable, "translations/merge.py"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        databases.stop_postgres()


# ---- time and people


class Clock:
    """The only clock of the server under test; it stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = the_cast.NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **how_long: float) -> datetime:
        self.now += timedelta(**how_long)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def now() -> datetime:
    return the_cast.NOW


@pytest.fixture
def cast() -> the_cast.Cast:
    return the_cast.CAST


# ---- databases


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Made]:
    return cache(lambda kind: Made(kind, tmp_path_factory.getbasetemp() / kind))


@pytest.fixture(params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, _made: Callable[[str], Made]) -> Iterator[Made]:
    made = _made(request.param)
    made.restore()
    yield made
    models.bind(made.db, made.keyring)
    made.db.close()


@pytest.fixture
def db(made: Made) -> Any:
    """A database with the cast in it; the models are bound to it."""
    return made.db


@pytest.fixture
def settings(made: Made) -> Settings:
    return made.settings


# ---- the browser


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    """What starts browsers; one for all tests of a worker, since no second can be started beside it."""
    from playwright.sync_api import sync_playwright  # tests without a browser need none

    with sync_playwright() as started:
        yield started


# ---- the server


@pytest.fixture
def app(made: Made, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    from api.public import badges  # tests of rules and actions need no server

    app = made.app()
    models.bind(made.db, made.keyring)
    app.config["CLOCK"] = clock
    monkeypatch.setattr(badges, "scans", badges.Scans(gather_s=0))
    yield app
    badges.scans.finish()  # a check is logged after its answer has left


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A bare client over https, for JSON and bodies; pages are better fetched by `browser` or `desk`."""
    return app.test_client()


@pytest.fixture
def browser(client: FlaskClient) -> Visitor:
    """Somebody who is not signed in; every page they get is checked."""
    return Visitor(client, f"https://{HOST}")


@pytest.fixture
def desk(app: Flask, clock: Clock) -> Callable[[the_cast.Worker], Visitor]:
    """Sign somebody in at a desk: `desk(cast.li_qiang).get("/office/…")`."""
    from actions import desk_sessions
    from api.office import COOKIE

    def signed_in(worker: the_cast.Worker) -> Visitor:
        client = app.test_client()
        token = desk_sessions.start(worker.id, now=clock.now)
        client.set_cookie(COOKIE, token, domain=HOST, secure=True, httponly=True)
        return Visitor(client, f"https://{HOST}")

    return signed_in
