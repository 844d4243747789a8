"""What becomes of a record: certain authority, trusted time, gaps in a phone's own chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.admission import Held, Link, PhoneFacts, PostFacts, Span, authority, believed, gaps, told_at

NOW = datetime(2026, 10, 13, 2, 42, tzinfo=UTC)
PERSON, OTHER, POST = UUID(int=1), UUID(int=2), UUID(int=3)
AGENT = PostFacts(POST, PERSON, "agent", "520121107202", "520121107000", date(2026, 1, 1), None)
DAYS = Span(NOW - timedelta(days=3), NOW)  # 10 to 13 October


def why(post: PostFacts | None = AGENT, *, locked=False, actor=PERSON, scope="520121107000", span=DAYS):
    return authority(
        phone=PhoneFacts(PERSON, locked), post=post, actor=actor, scope=scope, roles=("agent", "clerk"), span=span
    )


def test_an_agent_with_a_post_and_a_phone_may():
    assert why() is None


@pytest.mark.parametrize(
    "refused",
    [
        why(None),
        why(replace(AGENT, person=OTHER)),
        why(actor=OTHER),
        why(replace(AGENT, role="lead")),
        why(scope="520121208000"),
    ],
)
def test_nobody_acts_under_a_post_that_is_not_theirs(refused):
    assert refused is Held.NOT_OWN_POST


def test_a_locked_phone_has_no_say_whatever_its_post():
    assert why(locked=True) is Held.DEVICE_LOCKED


@pytest.mark.parametrize(
    ("from_on", "to_on", "outcome"),
    [
        (date(2026, 10, 10), date(2026, 10, 13), None),  # just the days of the span
        (date(2026, 10, 11), None, Held.TIME_UNCERTAIN),
        (date(2026, 1, 1), date(2026, 10, 12), Held.TIME_UNCERTAIN),
        (date(2026, 10, 14), None, Held.POST_NOT_IN_FORCE),
        (date(2026, 1, 1), date(2026, 10, 9), Held.POST_NOT_IN_FORCE),
    ],
)
def test_a_post_must_count_on_every_day_of_the_trusted_time(from_on, to_on, outcome):
    assert why(replace(AGENT, from_on=from_on, to_on=to_on)) is outcome


def test_days_are_those_of_shanghai():
    """16:30 UTC on the 12th is half past midnight on the 13th there."""
    span = Span(datetime(2026, 10, 12, 16, 30, tzinfo=UTC), NOW)
    assert why(replace(AGENT, from_on=date(2026, 10, 13)), span=span) is None


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.integers(-(10**12), 10**12))  # noqa: DTZ001  # hypothesis wants them bare
def test_what_is_believed_lies_in_the_trusted_time(at, offset):
    found = believed(told_at(at.replace(tzinfo=UTC), offset), DAYS)
    assert DAYS.earliest <= found <= DAYS.latest


@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_no_offset_a_phone_can_claim_breaks_the_clock(offset):
    told_at(NOW, offset)


# ---- gaps


def chain(*seqs):
    """A phone's records with these counts, each linked to the one before it in the list of all counts."""
    return [Link(seq, f"hash-{seq}", f"hash-{seq - 1}" if seq > 1 else "") for seq in seqs]


@pytest.mark.parametrize(
    ("here", "newest", "missing"),
    [
        ([], 0, []),
        ([1, 2, 3], 0, []),
        ([2, 3], 0, [(1, 1)]),
        ([1, 4, 7], 0, [(2, 3), (5, 6)]),
        ([3, 1, 2], 5, [(4, 5)]),
        ([], 2, [(1, 2)]),
    ],
)
def test_what_never_came_is_named(here, newest, missing):
    assert gaps(chain(*here), newest_said=newest) == missing


def test_a_record_that_names_another_before_it_shows_the_place():
    links = [Link(1, "a", ""), Link(2, "b", "something else")]
    assert gaps(links) == [(1, 1)]


@given(st.sets(st.integers(1, 60)), st.integers(0, 80))
def test_what_is_here_and_what_is_missing_make_the_whole_count(here, newest):
    missing = {seq for first, last in gaps(chain(*here), newest_said=newest) for seq in range(first, last + 1)}
    assert missing.isdisjoint(here)
    assert missing | here == set(range(1, max([newest, *here]) + 1))
