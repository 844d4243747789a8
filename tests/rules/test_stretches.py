"""Stretches of a count: what is left when others are taken away."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rules.stretches import both, joined, size, without

stretch = st.tuples(st.integers(1, 40), st.integers(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1]))
several = st.lists(stretch, max_size=6)


def counts(stretches):
    return {n for first, last in stretches for n in range(first, last + 1)}


@given(several, several)
def test_they_say_what_sets_of_counts_say(one, other):
    assert counts(joined(one)) == counts(one)
    assert counts(without(one, other)) == counts(one) - counts(other)
    assert counts(both(one, other)) == counts(one) & counts(other)
    assert size(one) == len(counts(one))


@given(several)
def test_joined_stretches_neither_meet_nor_touch(one):
    found = joined(one)
    assert all(after[0] > before[1] + 1 for before, after in pairwise(found))


def test_nothing_without_something_is_nothing():
    assert without([], [(1, 3)]) == []
    assert without([(1, 3)], []) == [(1, 3)]
