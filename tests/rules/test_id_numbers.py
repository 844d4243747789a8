"""Citizen ID numbers: the standard's own examples, and what people type (R-DAT-1)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.id_numbers import CHECK_CHARACTERS, Flaw, IdNumber, check_character, fold, masked, read

TODAY = date(2026, 11, 22)

PUBLISHED = [  # GB 11643-1999, examples of the standard
    ("11010519491231002X", date(1949, 12, 31), "female"),
    ("440524188001010014", date(1880, 1, 1), "male"),
]


@pytest.mark.parametrize(("text", "birth_on", "sex"), PUBLISHED)
def test_the_examples_of_the_standard_are_read(text, birth_on, sex):
    assert read(text, today=TODAY) == IdNumber(text, birth_on, sex)


TYPED = [
    "11010519491231002x",
    "１１０１０５１９４９１２３１００２Ｘ",
    " 110105 19491231 002X ",
    "110105\u300019491231002X",
    "'11010519491231002X",
    "‘11010519491231002X",
    '="11010519491231002X"',
    "11010519491231002X\t",
    "1101051949\u200b1231002X\ufeff",
    "110105-19491231-002X",
    "11010519491231002×",
    "11010519491231002х",  # Cyrillic
    "11010519491231\n002X",
    "\u202d11010519491231002X\u202c",  # how some phones paste numbers
]


@pytest.mark.parametrize("typed", TYPED)
def test_width_spaces_case_and_invisible_characters_do_not_matter(typed):
    assert read(typed, today=TODAY).text == "11010519491231002X"


def test_a_number_of_15_digits_is_made_18():
    read_15 = read("110105491231002", today=TODAY)
    assert read_15 == IdNumber("11010519491231002X", date(1949, 12, 31), "female", was_15=True)


FLAWED = [
    ("", Flaw.MISSING),
    ("  ", Flaw.MISSING),
    ("无", Flaw.MISSING),
    ("待补", Flaw.MISSING),
    ("/", Flaw.MISSING),
    ("#N/A", Flaw.MISSING),
    ("1101051949123100", Flaw.LENGTH),
    ("1101051949123100X", Flaw.LENGTH),
    ("11010519491231002X1", Flaw.CHARACTERS),
    ("1101051949123100 2X 110105", Flaw.CHARACTERS),
    ("11010519491231002*", Flaw.CHARACTERS),
    ("1.10105E+17", Flaw.CHARACTERS),
    ("11010519491231002X（旧）", Flaw.CHARACTERS),
    ("CHN860101000000", Flaw.CHARACTERS),
    ("11010519491231002X.0", Flaw.CHARACTERS),
    ("110105194912310021", Flaw.CHECK),
    ("110105194912310012", Flaw.CHECK),
    ("110105194902300026", Flaw.DATE),
    ("110105194913310026", Flaw.DATE),
    ("110105000000000000", Flaw.DATE),
    ("110105205001010010", Flaw.DATE),  # not born yet
    ("110105102001010010", Flaw.DATE),
    ("110105491331002", Flaw.DATE),
    ("11010549123100X", Flaw.LENGTH),
    ("110105491231999", Flaw.CENTURY),
]


@pytest.mark.parametrize(("typed", "flaw"), FLAWED)
def test_what_cannot_be_used_says_why(typed, flaw):
    assert read(typed, today=TODAY) is flaw


def test_someone_born_today_has_a_number_and_someone_born_tomorrow_has_none():
    def number(day):
        body = f"990101{day:%Y%m%d}001"
        return body + check_character(body)

    assert isinstance(read(number(TODAY), today=TODAY), IdNumber)
    assert read(number(date(2026, 11, 23)), today=TODAY) is Flaw.DATE


BODIES = st.builds(
    lambda area, day, order: f"{area:06d}{day:%Y%m%d}{order:03d}",
    st.integers(110000, 999999),
    st.dates(date(1850, 1, 1), TODAY),
    st.integers(1, 999),
)


@given(BODIES)
def test_every_well_made_number_is_read_as_itself(body):
    number = body + check_character(body)
    found = read(number, today=TODAY)
    assert isinstance(found, IdNumber)
    assert found.text == number
    assert f"{found.birth_on:%Y%m%d}" == body[6:14]
    assert found.sex == ("male" if int(body[16]) % 2 else "female")


@given(BODIES, st.integers(0, 17), st.sampled_from(CHECK_CHARACTERS))
def test_one_wrong_character_is_always_noticed(body, place, wrong):
    number = body + check_character(body)
    if number[place] == wrong:
        return
    spoilt = number[:place] + wrong + number[place + 1 :]
    assert isinstance(read(spoilt, today=TODAY), Flaw)


@given(BODIES, st.integers(0, 16))
def test_two_neighbours_swapped_are_always_noticed(body, place):
    number = body + check_character(body)
    if number[place] == number[place + 1]:
        return
    spoilt = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert isinstance(read(spoilt, today=TODAY), Flaw)


@given(st.text())
def test_any_text_is_either_a_number_or_a_flaw(text):
    found = read(text, today=TODAY)
    assert isinstance(found, Flaw) or (isinstance(found, IdNumber) and read(found.text, today=TODAY).text == found.text)


@given(st.text())
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


def test_a_list_shows_the_first_three_and_the_last_four():
    assert masked("11010519491231002X") == "110***********002X"
    assert masked("1234") == "****"
