"""How much of somebody is on phones, and when time alone changes it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cards import Matters, due_first, level

TODAY = date(2026, 10, 13)


def at(day, **matters):
    found = level(Matters(**matters), today=day, due_days=90, challenge_days=30)
    return found.card, found.review_on


@pytest.mark.parametrize("matter", ["provisional", "care", "open"])
def test_a_matter_makes_a_full_card(matter):
    assert at(TODAY, **{matter: True}) == ("full", None)
    assert at(TODAY, return_on=TODAY) == ("full", None)


def test_nobody_without_a_matter_is_more_than_a_name():
    assert at(TODAY) == ("name", None)


def test_whoever_is_gone_is_a_name_whatever_else():
    assert at(TODAY, gone=True, care=True, due=(TODAY,)) == ("name", None)


def test_a_reported_death_stays_on_the_card_so_that_nobody_knocks():
    assert at(TODAY, dead=True) == ("full", None)


def test_a_verification_enters_ninety_days_before_its_last_day():
    due = date(2027, 1, 31)
    enters = date(2026, 11, 2)
    assert at(enters - timedelta(days=1), due=(due,)) == ("name", enters)
    assert at(enters, due=(due,)) == ("full", enters + timedelta(days=15))
    assert at(due + timedelta(days=400), due=(due,))[0] == "full"  # overdue is still to be done


@given(
    st.dates(date(2026, 1, 1), date(2028, 1, 1)),
    st.lists(st.dates(date(2026, 1, 1), date(2029, 1, 1)), max_size=3),
    st.booleans(),
)
def test_until_its_review_a_card_stays_what_it_is(today, due, care):
    """Looked at on any day before the review day, the level is the same; so a daily job need look at nobody else."""
    now = level(Matters(due=tuple(due), care=care), today=today, due_days=90, challenge_days=30)
    assert now.review_on is None or now.review_on > today
    last = (now.review_on or today + timedelta(days=400)) - timedelta(days=1)
    for day in (today + timedelta(days=1), last):
        if day <= last:
            assert level(Matters(due=tuple(due), care=care), today=day, due_days=90, challenge_days=30).card == now.card


def test_people_nobody_waits_for_come_last_in_a_pack():
    days = [date(2026, 11, 1), None]
    assert sorted([due_first([None]), due_first(days), due_first([])]) == [date(2026, 11, 1), date.max, date.max]
