"""Stations: added by the command line, chosen for a post of their place."""

from __future__ import annotations

import json

import pytest

import models
from actions import people, stations
from models import JournalEntry, Post, Station
from rules import posts
from rules.actors import Role
from rules.ciphers import uuid7
from rules.posts import StationLevel
from rules.problems import AlreadyDealtWith, FieldMissing
from tests.support.cast import NEXT_VILLAGE, TODAY, TOWNSHIP, TOWNSHIP_ELSEWHERE, VILLAGE, VILLAGE_ELSEWHERE


@pytest.fixture
def run(app):
    """Run a command and give what it says; a refusal is its message."""

    def ran(*words: str, code: int = 0) -> str:
        result = app.test_cli_runner().invoke(args=list(words))
        assert result.exit_code == code, result.output
        return result.output.strip()

    return ran


def a_station(area=VILLAGE, name="便民服务站", level=StationLevel.VILLAGE_STATION):
    row = Station(area=area, name=name, level=str(level))
    models.insert([row])
    return row


@pytest.mark.parametrize(
    ("station", "post", "held"),
    [
        (VILLAGE, VILLAGE, True),
        (TOWNSHIP, VILLAGE, True),  # the centre of its township
        (NEXT_VILLAGE, VILLAGE, False),
        (VILLAGE, TOWNSHIP, True),
        (TOWNSHIP_ELSEWHERE, VILLAGE, False),
    ],
)
def test_a_post_is_held_at_a_station_of_its_place_or_the_centre_of_its_township(station, post, held):
    assert posts.held_at(station, post) is held


def test_a_station_is_added_in_somebodys_name_and_listed(run):
    made = run(
        "station", "add", "花梨镇便民服务中心", "--area", "花梨镇", "--level", "township_centre", "--phone", "10286310427",
        "--hours", "9:00–17:00", "--as", "hejing",
    )  # fmt: skip
    event = JournalEntry.get(JournalEntry.kind == "station.added")
    assert event.scope == TOWNSHIP
    assert f"station:{made}" in json.loads(event.leaves)
    assert "hejing" in event.payload
    run("station", "add", "石头村便民服务站", "--area", "石头村")
    assert run("station", "list").splitlines() == [
        f"{made}  {TOWNSHIP}  township_centre  花梨镇便民服务中心  10286310427  9:00–17:00",
        f"{Station.get(Station.area == VILLAGE_ELSEWHERE).id}  {VILLAGE_ELSEWHERE}  village_station  石头村便民服务站",
    ]
    assert made not in run("station", "list", "--area", "石头村")


def test_a_station_without_a_name_or_place_or_added_twice_is_none(run, db, now):
    a_station()
    for name, area, why in (
        ("便民服务站", VILLAGE, AlreadyDealtWith),
        (" ", VILLAGE, FieldMissing),
        ("站", "9" * 12, FieldMissing),
    ):
        with pytest.raises(why):
            stations.add(stations.NewStation(name, StationLevel.VILLAGE_STATION, area), actor=None, now=now, by="x")
    assert Station.select().count() == 1
    assert "Traceback" not in run("station", "add", "便民服务站", "--area", VILLAGE, code=1)


def test_a_post_is_given_at_a_station_by_the_command_line(run, cast):
    at = a_station()
    post = run("post", "give", "王芳", "agent", "清江村", "--station", "便民服务站")
    assert Post.get_by_id(post).station_id == at.id
    assert run("post", "give", "王芳", "agent", "花梨村", "--station", str(at.id), code=1).startswith("Error:")
    a_station(area=NEXT_VILLAGE)
    assert "2 stations are called" in run("post", "give", "王芳", "agent", "清江村", "--station", "便民服务站", code=1)


def test_no_post_is_held_at_a_station_that_is_none(db, cast, now):
    person = models.Person.get_by_id(cast.wang_fang.id)
    post = people.NewPost(Role.AGENT, VILLAGE, TODAY, station=uuid7())
    with pytest.raises(FieldMissing):
        people.give_post(person, post, actor=cast.luo_guoxiu.actor, now=now)


def test_a_lead_chooses_among_the_stations_of_her_township(desk, cast):
    lead, url = desk(cast.luo_guoxiu), f"/office/people/{cast.wang_fang.id}"
    assert "站点" not in lead.get(url)  # there is none to choose
    here, other = a_station(), a_station(area=NEXT_VILLAGE)
    a_station(area=VILLAGE_ELSEWHERE, name="石头村便民服务站")
    page = lead.get(url)
    assert [o.text for o in page.select("#give-post #station option")] == [
        "不在站点",
        "花梨村 便民服务站",
        "清江村 便民服务站",
    ]
    refused = lead.submit(page, "#give-post", role="agent", area=VILLAGE, station=str(other.id), status=422)
    assert "这个岗位所在地方的站点" in refused
    page = lead.submit(page, "#give-post", role="agent", area=VILLAGE, station=str(here.id))
    assert "便民服务站" in page.one("section[aria-labelledby=posts] .rows").text
    page = lead.submit(
        lead.get("/office/people/new"), "#add-person", name="田兴文", role="agent", area=VILLAGE, station=""
    )
    assert Post.select().where(Post.station == here.id).count() == 1
