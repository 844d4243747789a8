"""Stretches of a count, as (first, last), both included: what is missing of a phone's own count. Pure."""

from __future__ import annotations

from collections.abc import Iterable

Stretch = tuple[int, int]


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same counts in as few stretches as can be, in order."""
    found: list[Stretch] = []
    for first, last in sorted(each for each in stretches if each[0] <= each[1]):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def without(stretches: Iterable[Stretch], others: Iterable[Stretch]) -> list[Stretch]:
    """What of `stretches` is in none of `others`."""
    left, away = joined(stretches), joined(others)
    for gone_first, gone_last in away:
        kept: list[Stretch] = []
        for first, last in left:
            kept += [(first, min(last, gone_first - 1)), (max(first, gone_last + 1), last)]
        left = [each for each in kept if each[0] <= each[1]]
    return joined(left)


def both(stretches: Iterable[Stretch], others: Iterable[Stretch]) -> list[Stretch]:
    """What is in the one and in the other."""
    one = joined(stretches)
    return without(one, without(one, others))


def size(stretches: Iterable[Stretch]) -> int:
    """How many counts they hold together."""
    return sum(last - first + 1 for first, last in joined(stretches))
