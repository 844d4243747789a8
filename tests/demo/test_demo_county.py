"""The demo county: made once, through the real actions, with something in every state to look at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

import keys
import models
from actions import badges
from api.access import actor_of
from app import create_app
from commands import demo_people as who
from models import (
    Badge,
    CareEntry,
    Clash,
    Complaint,
    DeathReport,
    Delivery,
    Device,
    Entitlement,
    JournalEntry,
    LifeVerification,
    Person,
    Picture,
    Post,
    Request,
    Resident,
    Scope,
    Station,
    Visit,
)
from rules.badges import Shown, shown
from settings import Settings

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
HELD = {"device-locked", "resident-elsewhere"}


def run(app: Flask, *arguments: str) -> Result:
    """A command of the command line, as `flask --app app …` runs it."""
    with app.app_context():
        return app.test_cli_runner().invoke(args=list(arguments))


def fresh(folder: Path, *, demo: bool) -> Flask:
    """A database of its own in this folder, with its keys."""
    settings = Settings(
        database=f"sqlite:///{folder / 'demo.sqlite3'}", blobs=str(folder / "blobs"), keys=str(folder / "keys"),
        host_name="daiban.example",
    )  # fmt: skip
    app = create_app(settings, clock=lambda: NOW)
    assert run(app, "migrate", *(["--demo"] if demo else [])).exit_code == 0
    return create_app(settings, clock=lambda: NOW)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = fresh(tmp_path_factory.mktemp("county"), demo=True)
    made = run(app, "demo")
    assert made.exit_code == 0, made.output + str(made.exception)
    yield app
    models.database.close()


@pytest.fixture(autouse=True)
def _bound(county):
    settings = county.config["SETTINGS"]
    models.bind(models.open_database(settings.database), keys.read(settings.keys_path))
    yield
    models.database.close()


def states(model, field="state"):
    column = getattr(model, field)
    return {value for (value,) in model.select(column).distinct().tuples()}


def test_it_is_a_real_county_of_invented_people():
    assert Resident.select().where(Resident.state == "verified").count() >= 2000
    assert {scope for (scope,) in Resident.select(Resident.scope).distinct().tuples()} == {who.HUALI, who.YONGWEN}
    assert all(
        number.startswith("99")
        for (number,) in Resident.select(Resident.id_number)
        .where(Resident.id_number.is_null(False))
        .limit(300)
        .tuples()
    )
    phones = Resident.select(Resident.phone).where(Resident.phone != "").tuples()
    assert all(phone.startswith("102") for (phone,) in phones)


def test_something_is_there_in_every_state():
    assert states(Visit) >= {"synced", "checked", "queried"}
    assert states(Visit, "outcome") >= {"done", "part_done", "not_home", "away", "hospital", "refused"}
    assert states(LifeVerification) >= {"captured", "checked_ok", "sent_back", "closed_other"}
    assert states(Request) == {"raised", "taken_on", "answered", "passed_on", "declined"}
    assert states(Delivery) == {"ready", "delivered", "back"}
    assert states(DeathReport) == {"reported", "confirmed", "mistaken"}
    assert states(Complaint) == {"received", "answered"}
    assert states(CareEntry) >= {"enrolled", "paused", "left"}
    assert states(Device) == {"active", "locked"}
    assert states(Clash) == {"open"}
    assert Resident.select().where(Resident.state == "provisional").count() == 1
    assert LifeVerification.select().where(LifeVerification.retake_of.is_null(False)).exists()
    assert Visit.select().where(Visit.corrected_by.is_null(False)).exists()


def test_a_lead_has_something_to_look_at():
    flags = {flag for (text,) in Visit.select(Visit.flags).distinct().tuples() for flag in text.split(",") if flag}
    assert flags >= {"late", "overlap", "clock", "many", "no_mark", "badge", "unsure_time"}
    assert {e.why for e in JournalEntry.select().where(JournalEntry.state == "held")} == HELD
    assert Device.select().where(Device.waiting_records > 0).count() == 1


def test_people_are_due_in_every_way():
    listed = [e.due_on for e in Entitlement.select().where(Entitlement.listed)]
    today = NOW.date()
    assert any(day < today for day in listed)
    assert any((day.year, day.month) == (today.year, today.month) for day in listed)
    assert any((day - today).days > 90 for day in listed)
    assert Entitlement.select().where(~Entitlement.listed).exists()  # confirmed elsewhere meanwhile


def test_agents_hold_their_posts_at_the_station_of_their_village():
    held = {post.station.name for post in Post.select().where(Post.station.is_null(False), Post.role == "agent")}
    assert held == {"花梨镇清江村便民服务站", "花梨镇建中村便民服务站"}
    assert Station.select().where(Station.level == "township_centre").count() == 1


def test_there_is_a_badge_for_each_page_at_the_door():
    shown_now = {shown(badges.term(badge), on=NOW.date()) for badge in Badge.select()}
    assert shown_now == {Shown.VALID, Shown.PAUSED, Shown.EXPIRED, Shown.REVOKED}
    assert all(badge.photo for badge in Badge.select())


def test_the_journal_grew_as_time_passed_and_proves_its_rows():
    for scope in Scope.select():
        entries = list(JournalEntry.select().where(JournalEntry.scope == scope.code).order_by(JournalEntry.position))
        times = [entry.received_at for entry in entries]
        assert times == sorted(times)
        assert not times or times[-1] <= NOW
    newest: dict[str, str] = {}
    for entry in JournalEntry.select().order_by(JournalEntry.scope, JournalEntry.position):
        newest |= json.loads(entry.leaves)
    for model in (Visit, LifeVerification, Badge, Request, DeathReport):
        for row in model.select():
            name, digest = models.leaf_of(row)
            assert newest[name] == digest, name


def test_every_picture_came_whole_and_those_to_check_can_be_seen():
    assert states(Picture) == {"shown", "stored"}
    waiting = [row.event for row in LifeVerification.select().where(LifeVerification.state == "captured")]
    assert {row.state for row in Picture.select().where(Picture.event.in_(waiting))} == {"shown"}


def test_nothing_is_written_the_second_time(county):
    before = JournalEntry.select().count()
    again = run(county, "demo")
    assert again.exit_code == 0
    assert "already" in again.output
    assert JournalEntry.select().count() == before


def test_it_says_how_to_get_in(county):
    shown_text = run(county, "demo", "--show", "--address", "http://localhost:8000").output
    assert who.PASSWORD in shown_text
    assert re.search(r"type [0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5},", shown_text)
    badge = re.search(r"/b/[\w-]{16}", shown_text)
    assert badge is not None
    assert county.test_client().get(badge.group()).status_code == 200
    code = run(county, "account", "code", "liguoxiu").output.strip()
    assert re.fullmatch(r"\d{6}", code)


def test_an_agent_sees_her_villages_and_no_more():
    actor = actor_of(Person.get(Person.name == "杨秀芝"), now=NOW)
    assert {row.area for row in Resident.visible_to(actor)} == {who.QINGJIANG}


def test_no_demo_where_people_are_real(tmp_path, county):
    real = fresh(tmp_path, demo=False)
    refused = run(real, "demo")
    assert refused.exit_code == 1
    assert "real people" in refused.output
    with real.app_context():
        assert Person.select().count() == 0
