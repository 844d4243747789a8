"""How long pictures of people are kept (R-PRI-7)."""

from __future__ import annotations

from datetime import date

import pytest

from rules.retention import Benefit, life_picture_until, papers_until

TAKEN = date(2026, 10, 13)


@pytest.mark.parametrize(
    ("benefits", "until"),
    [
        ([Benefit(12)], None),  # no next success yet
        ([Benefit(12, last_success_on=date(2026, 10, 20))], None),  # this picture's own success
        ([Benefit(12, last_success_on=date(2027, 4, 30))], None),  # half a cycle, to the end of its month
        ([Benefit(12, last_success_on=date(2027, 9, 8))], date(2027, 11, 7)),
        ([Benefit(12, elsewhere_on=date(2027, 9, 8))], date(2027, 11, 7)),  # confirmed by comparing data
        ([Benefit(12, checked_on=[date(2026, 11, 2)])], date(2027, 1, 1)),  # taken again, and found good
        ([Benefit(12, checked_on=[date(2027, 10, 1)], last_success_on=date(2027, 9, 8))], date(2027, 11, 7)),
        ([Benefit(1, last_success_on=date(2026, 12, 1))], date(2027, 1, 30)),
        ([Benefit(12, checked_on=[date(2027, 9, 8)]), Benefit(12)], None),  # the other benefit still needs it
        ([Benefit(12, checked_on=[date(2027, 9, 8)]), Benefit(12, elsewhere_on=date(2027, 9, 10))], date(2027, 11, 9)),
        ([], None),  # of what it was for nothing is known: it stays
    ],
)
def test_a_life_picture_serves_until_the_next_success_of_all_it_was_for(benefits, until):
    assert life_picture_until(TAKEN, benefits, days=60) == until


def test_papers_are_kept_for_so_many_days_after_the_answer():
    assert papers_until(date(2026, 10, 13), days=30) == date(2026, 11, 12)
