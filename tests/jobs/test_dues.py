"""Who comes due is told to the agents of the village, who is overdue to the leads: once a day, once a week."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from actions import cards, dues
from models import Entitlement, InboxMessage, LifeVerification, Person, Post, Resident, transaction
from tests.office.scenes import a_verification
from tests.support.cast import NEXT_VILLAGE, TOWNSHIP, VILLAGE

ENTERS = date(2026, 11, 2)  # 90 days before 31 January


def touched(*people, now):
    with transaction(TOWNSHIP):
        cards.touch([each.id for each in people], now=now)


def pension(who, due_on, **other):
    return Entitlement.create(
        resident=who.id, scope=TOWNSHIP, area=VILLAGE, benefit="BPIURR", cycle_months=12, due_on=due_on, **other
    )


def night_before(day):
    """Seven minutes past midnight in Shanghai."""
    return datetime(day.year, day.month, day.day, 0, 7, tzinfo=UTC) - timedelta(hours=8)


def review(day):
    while cards.review_due(today=day, now=night_before(day)):
        pass


def told(person, kind="due"):
    rows = InboxMessage.select().where((InboxMessage.person == person.id) & (InboxMessage.kind == kind))
    return list(rows.order_by(InboxMessage.rev))


@pytest.fixture
def coming(db, cast, now):
    """周兴林's pension is due on 31 January."""
    pension(cast.zhou_xinglin, date(2027, 1, 31), last_success_on=date(2026, 1, 5))
    touched(cast.zhou_xinglin, cast.chen_guilan, now=now)


def test_the_date_passes_and_the_agent_hears_once(coming, cast):
    review(ENTERS - timedelta(days=1))
    assert told(cast.wang_fang) == []
    for _ in range(2):
        review(ENTERS)
    (message,) = told(cast.wang_fang)
    assert message.words == "清江村有 1 位到了认证的时候：周兴林"
    review(ENTERS + timedelta(days=20))  # only challenges are renewed
    assert len(told(cast.wang_fang)) == 1
    assert told(cast.zhao_min) == told(cast.luo_guoxiu) == []


def test_a_day_without_the_machine_is_made_up_for(coming, cast):
    review(ENTERS + timedelta(days=3))
    assert len(told(cast.wang_fang)) == 1


def test_several_of_one_village_are_one_message_to_each_agent(coming, cast, now):
    pension(cast.chen_guilan, date(2027, 1, 31))  # her card is full already, yet this is new
    touched(cast.chen_guilan, now=now)
    second = Person.create(name="吴军", initials="wj")
    Post.create(person=second.id, role="agent", area=VILLAGE, scope=TOWNSHIP, from_on=date(2026, 1, 1))
    review(ENTERS)
    for agent in (cast.wang_fang, second):
        (message,) = told(agent)
        assert message.words.startswith("清江村有 2 位到了认证的时候：")
        assert {"陈桂兰", "周兴林"} == set(message.words.partition("：")[2].split("、"))


def test_of_the_dead_and_of_what_was_taken_nobody_hears(coming, cast, now):
    Resident.update(life="death_reported").where(Resident.id == cast.zhou_xinglin.id).execute()
    review(ENTERS)
    assert told(cast.wang_fang) == []


def test_another_villages_agent_hears_nothing(coming, cast):
    Post.update(area=NEXT_VILLAGE).where(Post.id == cast.wang_fang.post).execute()
    review(ENTERS)
    assert told(cast.wang_fang) == []


# ---- overdue

MONDAY = date(2027, 1, 4)  # 陈桂兰's pension was due on 31 December


def test_leads_hear_once_a_week_what_is_overdue(db, cast):
    pension(cast.zhou_xinglin, date(2026, 12, 30))
    for hours in (0, 1, 50):
        while dues.tell_overdue(now=night_before(MONDAY) + timedelta(hours=hours)):
            pass
    (message,) = told(cast.luo_guoxiu)
    assert message.words == "过了认证的日子还没办的有 2 位：清江村 2 位"
    assert told(cast.wang_fang) == []
    assert dues.tell_overdue(now=night_before(MONDAY + timedelta(days=7))) == 1
    old, new = told(cast.luo_guoxiu)
    assert (old.done_at is not None, new.done_at) == (True, None)  # last week's is put away


def test_on_its_last_day_nothing_is_overdue(db, cast):
    assert dues.tell_overdue(now=night_before(date(2026, 12, 31))) == 0
    assert dues.tell_overdue(now=night_before(date(2027, 1, 1))) == 1


def test_what_was_taken_and_what_the_agency_ended_is_not_overdue(db, cast):
    row = a_verification()
    assert dues.tell_overdue(now=night_before(MONDAY)) == 0
    LifeVerification.update(state="sent_back").where(LifeVerification.id == row.id).execute()
    Entitlement.update(agency_state="ended").execute()
    assert dues.tell_overdue(now=night_before(MONDAY)) == 0
    Entitlement.update(agency_state="suspended").execute()
    assert dues.tell_overdue(now=night_before(MONDAY)) == 1
