"""What a lead is asked to look at, decided over many visits at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.visits import Stay, may_correct, overlapping, return_on, too_many, tries

NOW = datetime(2026, 10, 13, 2, 42, tzinfo=UTC)
AGENT, COLLEAGUE = UUID(int=1), UUID(int=2)


def stay(number, start, end, *, person=AGENT, home=None):
    minutes = timedelta(minutes=1)
    return Stay(UUID(int=number), person, home or UUID(int=1000 + number), NOW + start * minutes, NOW + end * minutes)


def test_nobody_is_at_two_homes_at_once():
    first, second, third = stay(1, 0, 20), stay(2, 10, 30), stay(3, 30, 40)
    assert overlapping([first, second, third], []) == {first.visit, second.visit}


def test_a_visit_begun_when_another_ends_does_not_overlap():
    assert overlapping([stay(1, 0, 20), stay(2, 20, 30)], []) == set()


def test_only_the_fresh_visit_is_marked_when_the_other_is_here_already():
    known, fresh = stay(1, 0, 20), stay(2, 10, 30)
    assert overlapping([fresh], [known]) == {fresh.visit}


def test_two_agents_and_two_people_of_one_home_do_not_overlap():
    home = UUID(int=9)
    assert overlapping([stay(1, 0, 20), stay(2, 0, 20, person=COLLEAGUE)], []) == set()
    assert overlapping([stay(1, 0, 20, home=home), stay(2, 0, 20, home=home)], []) == set()


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=8))
def test_overlap_is_mutual(spans):
    stays = [stay(number, start, start + length) for number, (start, length) in enumerate(spans, 1)]
    marked = overlapping(stays, [])
    assert len(marked) != 1


def test_six_in_an_hour_are_taken_with_care_and_seven_are_shown():
    six = [NOW + timedelta(minutes=10 * n) for n in range(6)]
    assert too_many({AGENT: six}, 6) == {}
    seven = [*six, NOW + timedelta(minutes=59)]
    assert too_many({AGENT: seven}, 6) == {AGENT: set(seven)}
    assert too_many({AGENT: [*six, NOW + timedelta(minutes=60)]}, 6) == {}


@pytest.mark.parametrize(("outcomes", "count"), [
    ([], 0), (["done"], 0), (["not_home"], 1), (["not_home", "not_home", "done", "not_home"], 2),
])  # fmt: skip
def test_tries_are_counted_in_a_row(outcomes, count):
    assert tries(outcomes) == count


@pytest.mark.parametrize(
    ("outcome", "wished", "day"),
    [
        ("not_home", None, date(2026, 10, 20)),
        ("not_home", date(2026, 10, 15), date(2026, 10, 15)),
        ("done", None, None),
        ("away", date(2026, 11, 1), date(2026, 11, 1)),
    ],
)
def test_the_day_of_the_next_try(outcome, wished, day):
    assert return_on(outcome, wished, NOW, 7) == day


def test_a_year_nobody_announced_yet_counts_monday_to_friday():
    """2090 is in no published calendar; 2 January is a Monday there."""
    made = datetime(2090, 1, 6, 2, tzinfo=UTC)  # a Friday
    assert may_correct(made, datetime(2090, 1, 10, 15, 59, tzinfo=UTC), 2, {})
    assert not may_correct(made, datetime(2090, 1, 10, 16, 0, tzinfo=UTC), 2, {})


def test_the_countys_own_calendar_comes_first():
    made = datetime(2026, 10, 13, 2, tzinfo=UTC)  # a Tuesday
    late = datetime(2026, 10, 16, 2, tzinfo=UTC)
    assert not may_correct(made, late, 2, {})
    assert may_correct(made, late, 2, {date(2026, 10, 14): False})
