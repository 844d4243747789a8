"""What becomes of one row: read, decided, said in words."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import roster, roster_columns, roster_words
from rules.areas import Area, Gazetteer, Level, PlaceFlaw, PlaceNote
from rules.id_numbers import Flaw, check_character
from rules.roster import REVIEWED, Decision, Known, Outcome, Reason, decide
from rules.tables import Record

TODAY = date(2026, 11, 22)
DATA = Path(__file__).parents[2] / "data"
BODY = "99010119480302001"
ID = BODY + check_character(BODY)  # a man born on 2 March 1948
VILLAGE, ELSEWHERE = "520121107202", "520121208206"


@pytest.fixture(scope="module")
def county():
    with open(DATA / "areas-520121.csv", encoding="utf-8", newline="") as file:
        return Gazetteer(
            [Area(r["code"], r["name"], Level(r["level"]), r["parent_code"]) for r in csv.DictReader(file)], TODAY
        )


def read(county, demo=True, **cells):
    said = {"name": "周兴林", "id_number": ID, "area_code": VILLAGE} | cells
    return roster.read(Record("S", 7, said), county, demo=demo, today=TODAY)


def codes(line):
    return [reason.code for reason in line.reasons]


def settle(line, known=None, earlier="", prefixes=None, records=1):
    return decide(line, known=known, earlier=earlier, prefixes=prefixes, records=records)


def known(**changes):
    values = {"name": "周兴林", "area": VILLAGE, "phone": "10211111111"}
    return Known(
        1,
        changes.pop("area", VILLAGE),
        changes.pop("state", "verified"),
        changes.pop("life", "presumed_alive"),
        values | changes.pop("values", {}),
        changes.pop("listed", {}),
    )


def test_a_plain_row_is_imported(county):
    line = read(county, phone="10212345678", group="3", household="12", relation="户主")
    assert (line.id_number, line.area, line.sex, line.birth_on) == (ID, VILLAGE, "male", date(1948, 3, 2))
    assert line.values == {
        "name": "周兴林",
        "area": VILLAGE,
        "phone": "10212345678",
        "group": "三组",
        "household": "12",
        "relation": "户主",
    }
    assert settle(line) == Decision(Outcome.IMPORTED, ())


STOPPED = [
    ({"name": ""}, "name-missing"),
    ({"name": "周兴林（已故）"}, "name-remark"),
    ({"name": "周\ufffd林"}, "name-unreadable"),
    ({"id_number": ""}, "id-missing"),
    ({"id_number": None}, "id-missing"),
    ({"id_number": ID[:17]}, "id-length"),
    ({"id_number": ID[:17] + "*"}, "id-characters"),
    ({"id_number": "990101194802300018"}, "id-date"),
    ({"id_number": ID[:17] + ("1" if ID[17] != "1" else "2")}, "id-check"),
    ({"id_number": "990101480302999"}, "id-century"),
    ({"id_number": int(ID) if ID.isdigit() else 990101194803020000}, "id-number-cell"),
    ({"id_number": 990101480302001}, "id-number-cell"),
    ({"id_number": 9.90101194803020e17}, "id-number-cell"),
    ({"area_code": ""}, "village-missing"),
    ({"area_code": "", "village": "滚水坝村"}, "village-unknown"),
    ({"area_code": "", "village": "石头村"}, "village-ambiguous"),
    ({"area_code": "520121107999"}, "village-code-unknown"),
    ({"village": "高寨乡石头村"}, "village-code-differs"),
    ({"remark": "已故"}, "remark-death"),
    ({"remark": "户口已迁出"}, "remark-gone"),
]


@pytest.mark.parametrize(("cells", "code"), STOPPED)
def test_what_needs_a_person_is_never_taken(county, cells, code):
    line = read(county, **cells)
    assert code in codes(line)
    assert settle(line).outcome is Outcome.REVIEW


def test_a_number_cell_is_looked_at_even_when_its_check_character_fits(county):
    body = next(
        f"990101{1900 + n}0101" + "200" for n in range(99) if check_character(f"990101{1900 + n}0101200") == "0"
    )
    whole = body + "0"
    assert settle(read(county, id_number=whole)).outcome is Outcome.IMPORTED  # as text it is a number like any other
    assert settle(read(county, id_number=int(whole))).outcome is Outcome.REVIEW


@pytest.mark.parametrize(("kept", "code"), [("name", "name-two"), ("id_number", "id-two")])
def test_two_different_names_or_numbers_in_one_row_are_for_a_person_to_look_at(county, kept, code):
    said = {"name": "周兴林", "id_number": ID, "area_code": VILLAGE}
    line = roster.read(Record("S", 7, said, twofold=frozenset({kept})), county, demo=True, today=TODAY)
    assert codes(line) == [code]
    assert settle(line).outcome is Outcome.REVIEW


def test_sample_people_live_in_a_demo_only(county):
    assert settle(read(county)).outcome is Outcome.IMPORTED
    real = read(county, demo=False)
    assert codes(real) == ["id-sample"]
    assert settle(real).outcome is Outcome.REVIEW


NOTED = [
    ({"birth": "1948年3月2日"}, []),
    ({"birth": "1948年3月"}, []),
    ({"birth": "1948年2月"}, ["birth-differs"]),
    ({"birth": "1948.2.1"}, ["birth-differs"]),
    ({"birth": "三月初二"}, ["birth-unreadable"]),
    ({"birth": ""}, []),
    ({"sex": "男"}, []),
    ({"sex": "女"}, ["sex-differs"]),
    ({"id_number": ID[:6] + ID[8:17]}, ["id-made-18"]),
    ({"phone": "1021234567"}, ["phone-unusable"]),
    ({"phone": "10211111111/10222222222"}, ["phone-several"]),
    ({"disability_grade": "五级"}, ["grade-unreadable"]),
    ({"village": "滚水坝村"}, ["village-name-unknown"]),
    ({"remark": "老伴已故，外出务工"}, []),
]


@pytest.mark.parametrize(("cells", "said"), NOTED)
def test_a_disagreement_is_noted_and_the_id_number_is_followed(county, cells, said):
    line = read(county, **cells)
    assert codes(line) == said
    assert (line.birth_on, line.sex) == (date(1948, 3, 2), "male")
    assert settle(line).outcome is Outcome.IMPORTED


def test_an_earlier_row_with_the_same_number_makes_a_duplicate_whatever_else_is_wrong(county):
    for cells in ({}, {"area_code": ""}, {"name": "周兴林（重复）"}):
        assert settle(read(county, **cells), earlier="第 3 行").outcome is Outcome.DUPLICATE
    assert settle(read(county, id_number=""), earlier="").outcome is Outcome.REVIEW


def test_nothing_new_is_unchanged_and_an_empty_cell_erases_nothing(county):
    assert settle(read(county), known()).outcome is Outcome.UNCHANGED
    assert settle(read(county, phone="无"), known()).changes == {}


def test_something_new_is_an_update(county):
    decision = settle(read(county, phone="10222222222", group="2组"), known())
    assert decision.outcome is Outcome.UPDATED
    assert decision.changes == {"phone": "10222222222", "group": "二组"}
    assert decision.reasons == (Reason("phone-changed", "10211111111"),)


def test_an_old_list_never_undoes_a_newer_word_from_the_home(county):
    line = read(county, phone="10211111111")
    record = known(values={"phone": "10233333333"}, listed={"name": "周兴林", "phone": "10211111111"})
    assert settle(line, record).outcome is Outcome.UNCHANGED


def test_a_newer_list_and_a_newer_word_from_the_home_are_both_shown(county):
    line = read(county, phone="10222222222")
    record = known(values={"phone": "10233333333"}, listed={"phone": "10211111111"})
    decision = settle(line, record)
    assert decision.outcome is Outcome.UNCHANGED
    assert decision.reasons == (Reason("newer-kept", "phone"),)


def test_somebody_outside_ones_area_is_answered_like_a_row_outside_it(county):
    here = ("520121107",)
    outside_row = settle(read(county, area_code=ELSEWHERE), prefixes=here)
    outside_person = settle(read(county), known(area=ELSEWHERE), prefixes=here)
    dead_outside = settle(read(county), known(area=ELSEWHERE, life="death_confirmed"), prefixes=here)
    other_name_outside = settle(read(county), known(area=ELSEWHERE, values={"name": "李强"}), prefixes=here)
    assert outside_row == outside_person == dead_outside == other_name_outside
    assert outside_row == Decision(Outcome.REVIEW, (Reason("ask-county"),))
    assert settle(read(county), prefixes=here).outcome is Outcome.IMPORTED


KEPT_FROM = [
    ({"life": "death_reported"}, "death-recorded"),
    ({"life": "death_confirmed"}, "death-recorded"),
    ({"state": "archived"}, "record-closed"),
    ({"values": {"name": "李秀英"}}, "name-differs"),
]


@pytest.mark.parametrize(("record", "code"), KEPT_FROM)
def test_a_record_is_not_overwritten_where_something_does_not_fit(county, record, code):
    decision = settle(read(county), known(**record))
    assert decision.outcome is Outcome.REVIEW
    assert decision.reasons[0].code == code


def test_two_records_of_one_number_are_matched_by_people(county):
    assert settle(read(county), known(), records=2).reasons == (Reason("two-records"),)


def test_another_name_is_taken_once_somebody_confirmed_it(county):
    decision = settle(read(county, confirm="是"), known(values={"name": "李秀英"}))
    assert decision.outcome is Outcome.UPDATED
    assert decision.changes == {"name": "周兴林"}


def test_one_character_put_right_needs_no_confirmation(county):
    assert settle(read(county, name="周兴琳"), known()).changes == {"name": "周兴琳"}


def test_a_row_that_no_heading_explains_goes_to_a_person(county):
    line = roster.read(Record("续", 3, {"0": "周兴林", "1": ID}, headed=False), county, demo=True, today=TODAY)
    assert settle(line) == Decision(Outcome.REVIEW, (Reason("no-heading"),))


def test_what_the_roster_says_of_needs_is_there_for_the_first_visit(county):
    line = read(county, kinds="高龄、独居", disability_kind="听力", disability_grade="2级")
    assert line.needs == ("hearing", "alone")
    assert (line.values["kinds"], line.values["disability_grade"]) == (["高龄", "独居"], 2)


ALL_CODES = REVIEWED | {str(code) for code in [*Flaw, *PlaceFlaw, *PlaceNote]} | {"id-duplicate", "newer-kept"}


@pytest.mark.parametrize("code", sorted(ALL_CODES | set(roster_words.WORDS)))
def test_every_code_has_a_plain_sentence(code):
    reasons = [Reason(code, "phone" if code == "newer-kept" else "某某")]
    said = roster_words.reasons_in_words(reasons) + roster_words.proposals_in_words(reasons)
    assert said
    assert "{" not in said
    assert not re.search("系统|操作|提交|成功|失败|非法|异常|用户|采集|[!！]", said)
    if code in REVIEWED:
        assert roster_words.proposals_in_words(reasons)


def test_every_code_a_rule_can_give_is_in_the_table(county):
    source = Path(roster.__file__).read_text()
    given = set(re.findall(r'Reason\("([a-z0-9-]+)"', source)) | set(re.findall(r'_review\(line, "([a-z-]+)"', source))
    assert given
    assert given <= set(roster_words.WORDS)


def test_a_list_that_only_has_the_registered_address_is_read_by_it(county):
    cells = {"name": "周兴林", "id_number": ID, "registered_address": "开阳县花梨镇清江村大寨组12号"}
    alone = roster.read(Record("S", 2, cells, columns=frozenset(cells)), county, demo=True, today=TODAY)
    assert (alone.area, alone.values["group"]) == (VILLAGE, "大寨组")
    beside = roster.read(Record("S", 2, cells, columns=frozenset({*cells, "village"})), county, demo=True, today=TODAY)
    assert codes(beside) == ["village-missing"]


def test_where_somebody_lives_never_tells_where_they_are_registered(county):
    cells = {"name": "周兴林", "id_number": ID, "address": "开阳县花梨镇清江村大寨组12号"}
    line = roster.read(Record("S", 2, cells, columns=frozenset(cells)), county, demo=True, today=TODAY)
    assert codes(line) == ["village-missing"]


def test_every_code_stands_in_the_document():
    told = set(
        re.findall(r"^\| `([a-z0-9-]+)` \|", (Path(__file__).parents[2] / "docs" / "lists.md").read_text(), re.M)
    )
    assert told == set(roster_words.WORDS)


def test_a_list_belongs_to_the_county_that_its_codes_name():
    def rows(*codes):
        return [Record("S", 2, {"area_code": code}) for code in codes]

    both = {"520121", "513223"}
    assert roster.home_of(rows(VILLAGE, "", "5.20121E+11"), both, None) == "520121"
    assert roster.home_of(rows(VILLAGE, "513223100200"), both, None) == ""
    assert roster.home_of(rows(""), both, None) == ""
    assert roster.home_of(rows(""), both, ("513223100",)) == "513223"
    assert roster.home_of(rows(""), {"520121"}, None) == "520121"


COUNTY = Gazetteer(
    [Area("520121107000", "花梨镇", Level.TOWNSHIP), Area(VILLAGE, "清江村", Level.VILLAGE, "520121107000")], TODAY
)
FIELDS = sorted(set(roster_columns.ROSTER.exact.values()))
CELL = st.one_of(
    st.sampled_from([ID, int(ID) if ID.isdigit() else 1, "周兴林", VILLAGE, "清江村", "花梨镇", "男", "10212345678", "已故", ""]),
    st.text(max_size=12), st.integers(-(10**18), 10**18), st.floats(), st.dates(), st.booleans(), st.none(),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), CELL), st.booleans())
def test_whatever_a_row_holds_it_ends_as_one_outcome_and_only_a_whole_one_is_taken(cells, demo):
    line = roster.read(Record("S", 2, cells, columns=frozenset(cells)), COUNTY, demo=demo, today=TODAY)
    decision = settle(line)
    assert decision.outcome in (Outcome.IMPORTED, Outcome.REVIEW)
    assert {reason.code for reason in decision.reasons} <= set(roster_words.WORDS)
    assert roster_words.reasons_in_words(decision.reasons) or not decision.reasons
    if decision.outcome is Outcome.IMPORTED:
        assert len(line.id_number) == 18
        assert isinstance(cells["id_number"], str)
        assert (line.area, demo or not line.id_number.startswith("99")) == (VILLAGE, True)
        assert line.values["name"]
    assert settle(line, Known(1, line.area, "verified", "presumed_alive", line.values, line.values)).changes == {}
