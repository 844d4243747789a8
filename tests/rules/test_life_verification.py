"""When a verification is due, what a challenge is worth, who may check."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from rules.actors import Actor
from rules.life_verification import Capture, Issued, challenge_lapsed, due_on, may_check, may_let_go
from rules.problems import AlreadyDealtWith, CheckerEnrolledPhone, CheckerIsCapturer, SecondAgentNeeded

NOW = datetime(2026, 10, 13, 2, 42, tzinfo=UTC)
AGENT, SECOND, LEAD, OFFICER, RESIDENT = (UUID(int=n) for n in range(1, 6))

PUBLISHED = [  # R-LIF-1
    (date(2023, 6, 15), 12, date(2024, 6, 30)),
    (date(2018, 7, 1), 12, date(2019, 7, 31)),
    (date(2022, 4, 1), 6, date(2022, 10, 31)),
    (date(2023, 11, 30), 3, date(2024, 2, 29)),
]


@pytest.mark.parametrize(("last_success_on", "cycle_months", "last_day"), PUBLISHED)
def test_a_cycle_ends_with_its_last_month(last_success_on, cycle_months, last_day):
    assert due_on(last_success_on, cycle_months) == last_day


ISSUED = Issued(AGENT, RESIDENT, NOW)


@pytest.mark.parametrize(
    ("issued", "at", "lapsed"),
    [
        (ISSUED, NOW, False),  # its very last instant
        (ISSUED, NOW + timedelta(microseconds=1), True),
        (replace(ISSUED, person=SECOND), NOW, True),
        (replace(ISSUED, resident=AGENT), NOW, True),
        (None, NOW, True),
    ],
)
def test_a_challenge_proves_a_day_for_one_agent_and_one_person(issued, at, lapsed):
    assert challenge_lapsed(issued, person=AGENT, resident=RESIDENT, captured_at=at) is lapsed


CAPTURE = Capture(UUID(int=9), "captured", AGENT, SECOND, NOW, enrolled_by=LEAD, enrolled_at=NOW - timedelta(days=30))


def check(person, capture=CAPTURE):
    may_check(capture, actor=Actor(person, "", ()), checker_days=30)


def test_an_officer_who_had_no_part_in_it_checks():
    check(OFFICER)


@pytest.mark.parametrize("person", [AGENT, SECOND])
def test_whoever_took_part_does_not_check(person):
    with pytest.raises(CheckerIsCapturer):
        check(person)


def test_whoever_let_it_take_effect_does_not_check():
    with pytest.raises(CheckerIsCapturer):
        check(OFFICER, replace(CAPTURE, adopted_by=OFFICER))


def test_whoever_released_the_phone_waits_thirty_days():
    with pytest.raises(CheckerEnrolledPhone):
        check(LEAD)
    check(LEAD, replace(CAPTURE, enrolled_at=NOW - timedelta(days=30, microseconds=1)))


def test_only_what_waits_is_checked():
    with pytest.raises(AlreadyDealtWith):
        check(OFFICER, replace(CAPTURE, state="checked_ok"))


@pytest.mark.parametrize("second", [None, AGENT])
def test_what_kin_captured_goes_nowhere_without_a_second_agent(second):  # R-LIF-9
    with pytest.raises(SecondAgentNeeded):
        may_let_go(replace(CAPTURE, kin=True, second_agent=second))


def test_a_second_agent_or_no_kin_lets_it_go():
    may_let_go(replace(CAPTURE, kin=True))
    may_let_go(replace(CAPTURE, second_agent=None))
