"""A badge's number is read over the phone; what it is worth depends on its state and the day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.badges import (
    NotPossible,
    Shown,
    Term,
    check_digit,
    ends_soon,
    hindrance,
    is_public_id,
    last_day,
    number,
    read_number,
    shown,
)

ON = date(2026, 10, 13)
A_YEAR = Term("active", date(2026, 3, 1), date(2027, 2, 28))
serials = st.integers(0, 9999)


def test_the_check_digit_is_the_one_damm_published():
    assert check_digit("572") == "4"


@given(serials)
def test_a_number_is_read_back_however_it_was_typed(serial):
    made = number("HL", serial)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in made)
    for typed in (made, made.lower(), made.replace("-", ""), made.replace("-", " "), f"  {made} ", wide):
        assert read_number(typed) == made


@given(serials, st.integers(0, 4), st.integers(1, 9))
def test_one_misheard_digit_is_found(serial, place, other):
    letters, digits = "HL", number("HL", serial).replace("-", "")[2:]
    wrong = digits[:place] + str((int(digits[place]) + other) % 10) + digits[place + 1 :]
    assert read_number(letters + wrong) is None


@given(serials, st.integers(0, 3))
def test_two_digits_exchanged_are_found(serial, place):
    digits = number("HL", serial).replace("-", "")[2:]
    changed = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assert (read_number("HL" + changed) is None) == (changed != digits)


@pytest.mark.parametrize("typed", ["", "HL", "HL-2047", "2047-8", "HLHL-2047-8", "HL-2047-8x", "'; --", "号" * 90])
def test_what_is_no_number_is_none(typed):
    assert read_number(typed) is None


@pytest.mark.parametrize(
    ("term", "on", "verdict"),
    [
        (A_YEAR, ON, Shown.VALID),
        (A_YEAR, A_YEAR.valid_to, Shown.VALID),  # its last day still counts
        (A_YEAR, A_YEAR.valid_to + timedelta(days=1), Shown.EXPIRED),
        (A_YEAR, A_YEAR.valid_from - timedelta(days=1), Shown.PAUSED),
        (Term("suspended", A_YEAR.valid_from, A_YEAR.valid_to), ON, Shown.PAUSED),
        (Term("suspended", A_YEAR.valid_from, date(2026, 10, 12)), ON, Shown.EXPIRED),
        (Term("revoked", A_YEAR.valid_from, A_YEAR.valid_to), ON, Shown.REVOKED),
        (Term("revoked", A_YEAR.valid_from, date(2026, 10, 12)), ON, Shown.REVOKED),
        (Term("lost", A_YEAR.valid_from, A_YEAR.valid_to), ON, Shown.REVOKED),
    ],
)
def test_what_the_door_says(term, on, verdict):
    assert shown(term, on=on) is verdict


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        (date(2026, 11, 22), 12, date(2027, 11, 21)),
        (date(2026, 3, 1), 12, date(2027, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 1), 1, date(2026, 12, 31)),
    ],
)
def test_a_badge_lasts_whole_months(first, months, last):
    assert last_day(first, months) == last


def test_its_holder_is_told_thirty_days_ahead_and_not_before():
    assert ends_soon(A_YEAR, on=A_YEAR.valid_to - timedelta(days=30), warn_days=30)
    assert not ends_soon(A_YEAR, on=A_YEAR.valid_to - timedelta(days=31), warn_days=30)
    assert not ends_soon(Term("revoked", A_YEAR.valid_from, A_YEAR.valid_to), on=A_YEAR.valid_to, warn_days=30)


@pytest.mark.parametrize(
    ("step", "state", "why"),
    [
        ("suspend", "active", None),
        ("suspend", "suspended", NotPossible.NOT_ACTIVE),
        ("resume", "suspended", None),
        ("resume", "active", NotPossible.NOT_SUSPENDED),
        ("resume", "revoked", NotPossible.ENDED),
        ("revoke", "suspended", None),
        ("revoke", "lost", NotPossible.ENDED),
    ],
)
def test_what_has_ended_never_comes_back(step, state, why):
    assert hindrance(step, Term(state, A_YEAR.valid_from, A_YEAR.valid_to)) is why


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("AbCdEfGhIjKlMn-_", True),
        ("short", False),
        ("AbCdEfGhIjKlMn-_x", False),
        ("AbCd/fGhIjKlMn-_", False),
        ("", False),
    ],
)
def test_a_public_id_is_96_bits_of_base64url(text, is_one):
    assert is_public_id(text) is is_one
