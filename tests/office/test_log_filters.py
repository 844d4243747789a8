"""Whatever way the log takes to find visits, by an index or down the newest, it finds the same, for one township and for all."""

from __future__ import annotations

from itertools import combinations

import pytest

from api.access import actor_of
from api.office import log_places, log_search
from models import LifeVerification, Person, Visit
from rules.days import day_of
from tests.office.scenes import a_verification, a_visit
from tests.support.cast import NOW


@pytest.fixture
def visits(db, cast):
    """Visits of both townships, of several kinds."""
    rows = [
        a_visit(of=cast.chen_guilan, minutes_ago=10),
        a_visit(of=cast.chen_guilan, minutes_ago=60 * 24 * 40, outcome="not_home"),
        a_visit(of=cast.zhou_xinglin, minutes_ago=30, reasons="care,request"),
        a_visit(of=cast.zhou_xinglin, minutes_ago=30, state="queried"),
        a_visit(of=cast.ma_xiuying, by=cast.zhao_min, minutes_ago=30),
        a_visit(of=cast.ma_xiuying, by=cast.zhao_min, minutes_ago=60 * 24 * 20, outcome="not_home", reasons="other"),
    ]
    for row, state in ((rows[0], "captured"), (rows[4], "captured"), (rows[2], "sent_back")):
        made = a_verification(of=row.resident)
        LifeVerification.update(state=state, visit=row.id, scope=row.scope, area=row.area).where(
            LifeVerification.id == made.id
        ).execute()
    return list(Visit.select())


OFFERED = [
    {}, {"days": "all"}, {"days": "30"}, {"reason": "care"}, {"reason": "other"}, {"outcome": "not_home"},
    {"state": "queried"}, {"state": "to_check"}, {"state": "sent_back"}, {"text": "马"}, {"text": "陈桂"}, {"text": "z"},
    {"text": "没有"}, {"agent": "王芳"}, {"resident": "马秀英"}, {"area": "here"},
]  # fmt: skip


@pytest.mark.parametrize("alike", [1, 2000], ids=["as if many were alike", "few are"])
@pytest.mark.parametrize("who", ["luo_guoxiu", "he_jing"])
def test_every_filter_and_every_two_find_what_they_say(visits, cast, monkeypatch, who, alike):
    monkeypatch.setattr(log_search, "MANY_ALIKE", alike)
    actor = actor_of(Person.get_by_id(getattr(cast, who).id), now=NOW)
    told = {"王芳": str(cast.wang_fang.id), "马秀英": str(cast.ma_xiuying.id), "here": str(cast.chen_guilan.area)}
    seen = [row for row in visits if actor.covers(row.area)]
    for one, two in combinations(OFFERED, 2):
        asked = {name: told.get(value, value) for name, value in (one | two).items()}
        filters = log_search.Filters.of({"days": "all"} | asked)
        found, _ = log_search.page(log_search.queries(actor, filters, today=day_of(NOW)), "")
        wanted = sorted(
            (row for row in seen if fits(row, filters)), key=lambda row: (row.ended_at, row.id), reverse=True
        )
        assert [row.id for row in found] == [row.id for row in wanted], filters
        every = [
            Visit.id.python_value(line.id)
            for part in log_places.every(log_search.queries(actor, filters, today=day_of(NOW)), 1)
            for line in part
        ]
        assert every == [row.id for row in wanted], filters


def fits(row, filters):
    """What each filter says, one row at a time."""
    states = [v.state for v in LifeVerification.select().where(LifeVerification.visit == row.id)]
    days = (day_of(NOW) - day_of(row.ended_at)).days
    begins = row.resident_initials if filters.text.isascii() else row.resident_name
    return (
        (filters.days == "all" or days < int(filters.days))
        and (not filters.reason or filters.reason in row.reasons.split(","))
        and (not filters.outcome or row.outcome == filters.outcome)
        and (not filters.agent or str(row.person_id) == filters.agent)
        and (not filters.resident or str(row.resident_id) == filters.resident)
        and (not filters.area or row.area == filters.area)
        and (not filters.text or begins.startswith(filters.text))
        and {
            "": True, "queried": row.state == "queried", "to_check": "captured" in states, "sent_back": "sent_back" in states,
        }[filters.state]
    )  # fmt: skip


def test_a_place_whose_few_are_all_among_the_newest_is_asked_for_more(db, cast):
    """Each of many places is asked for a few; nearly all of the newest may be of one of them."""
    for minute in range(30):
        a_visit(of=cast.chen_guilan, minutes_ago=10 + minute)
    a_visit(of=cast.ma_xiuying, by=cast.zhao_min, minutes_ago=15)
    a_visit(of=cast.ma_xiuying, by=cast.zhao_min, minutes_ago=500)
    here = log_places.places(actor_of(Person.get_by_id(cast.he_jing.id), now=NOW))
    assert len(here) >= 3  # two places are each asked for all that is wanted
    asked = log_places.Asked(log_places.everywhere(Visit.select(), here))
    wanted = sorted(((row.ended_at, row.id) for row in Visit.select()), reverse=True)[:30]
    found = asked.newest_lines((Visit.ended_at, Visit.id), 30)
    assert [(Visit.ended_at.python_value(at), Visit.id.python_value(key)) for at, key in found] == wanted
