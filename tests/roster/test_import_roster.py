"""A roster comes in: what it changes, what it never changes, what it leaves to people."""

import json
from itertools import pairwise

import pytest

from actions import journal, packs, roster, spreadsheets
from models import CareEntry, Entitlement, Household, Import, ImportRow, JournalEntry, Resident, leaf_of, transaction
from tests.roster.files import DATA, number
from tests.support.cast import CAST, NEXT_VILLAGE, NOW, TOWNSHIP, TOWNSHIP_ELSEWHERE, VILLAGE, VILLAGE_ELSEWHERE

HEADING = [
    "姓名",
    "公民身份号码",
    "户籍村代码",
    "村民小组",
    "户号",
    "与户主关系",
    "联系电话",
    "现居住地址",
    "人群类别",
    "联系人",
    "联系人电话",
]
ZHOU = number(1950, 5, 6)
ZHOU_ROW = [
    "周国华",
    ZHOU,
    VILLAGE,
    "3组",
    "0012",
    "户主",
    "10211111111",
    "清江村三组12号",
    "高龄、独居",
    "周小红",
    "10222222222",
]
WANG_ROW = ["王玉珍", number(1952, 7, 8, 802), VILLAGE, "3组", "0012", "配偶"]


def found(id_number=ZHOU):
    from models import keys
    from rules import ciphers

    return Resident.get(Resident.id_lookup == ciphers.lookup(keys().lookup, id_number))


def test_somebody_new_has_a_card_a_home_and_an_event(take, write, db):
    said = take("roster", write([HEADING, ZHOU_ROW, WANG_ROW]))
    assert (said["imported"], said["review"]) == (2, 0)
    zhou = found()
    assert (zhou.name, zhou.sex, str(zhou.birth_on), zhou.area, zhou.scope) == (
        "周国华",
        "male",
        "1950-05-06",
        VILLAGE,
        TOWNSHIP,
    )
    assert (zhou.group, zhou.phone, zhou.initials, zhou.id_tail) == ("三组", "10211111111", "zgh", ZHOU[-4:])
    assert zhou.id_number == ZHOU
    assert zhou.helper == {"name": "周小红", "relation": "", "phone": "10222222222"}
    assert zhou.sensitive == {"kinds": ["高龄", "独居"]}
    assert zhou.needs == "alone"
    assert (zhou.state, zhou.card, zhou.id_verified) == ("verified", "name", True)
    assert zhou.household.number == "0012"
    assert zhou.household.residents.count() == 2
    event = JournalEntry.get(JournalEntry.kind == "roster.imported")
    assert event.scope == TOWNSHIP
    assert json.loads(event.payload)["body"]["by"] == "office"
    leaves = json.loads(event.leaves)
    for row in (zhou, zhou.household, found(WANG_ROW[1])):
        name, leaf = leaf_of(type(row).get_by_id(row.id))
        assert leaves[name] == leaf


def test_no_id_number_stands_readable_in_the_database_file(take, write, made, db):
    take("roster", write([HEADING, ZHOU_ROW, ["李强（已故）", number(1960, 1, 1), VILLAGE]]))
    if made.kind == "sqlite":
        db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        raw = made.file.read_bytes()
        assert ZHOU.encode() not in raw
        assert number(1960, 1, 1).encode() not in raw


def test_the_phones_of_the_village_hear_of_a_new_person(take, write, db):
    before = max(r.rev for r in Resident.select().where(Resident.scope == TOWNSHIP))
    take("roster", write([HEADING, ZHOU_ROW, WANG_ROW]))
    revs = [found().rev, found(WANG_ROW[1]).rev]
    assert min(revs) > before
    assert len(set(revs)) == 2


def test_the_same_file_twice_changes_nothing(take, write, db):
    file = write([HEADING, ZHOU_ROW, ["", number(1960, 1, 1), VILLAGE]])
    take("roster", file)
    rows = {r.id: leaf_of(r) for r in Resident.select()}
    counts = [t.select().count() for t in (Resident, Household, JournalEntry, Import, ImportRow)]
    revs = {r.id: r.rev for r in Resident.select()}
    said = take("roster", file)
    assert (said["imported"], said["updated"], said["unchanged"], said["review"]) == (0, 0, 1, 1)
    assert {r.id: leaf_of(r) for r in Resident.select()} == rows
    assert [t.select().count() for t in (Resident, Household, JournalEntry, Import, ImportRow)] == counts
    assert {r.id: r.rev for r in Resident.select()} == revs


def test_somebody_known_is_updated_and_their_card_moves_on(take, write, db):
    take("roster", write([HEADING, ZHOU_ROW]))
    before = found()
    said = take("roster", write([HEADING, ["周国华", ZHOU, VILLAGE, "大寨组", "0013", "户主", "10233333333"]]))
    assert said["updated"] == 1
    after = found()
    assert (after.group, after.phone, after.household.number, after.address) == (
        "大寨组",
        "10233333333",
        "0013",
        "清江村三组12号",
    )
    assert after.rev > before.rev
    assert after.id == before.id


def test_what_an_agent_heard_at_the_door_outlives_the_old_list(take, write, db):
    file = write([HEADING, ZHOU_ROW])
    take("roster", file)
    with transaction(TOWNSHIP):
        zhou = found()
        zhou.phone = "10299999999"
        zhou.save(only=[Resident.phone])
        journal.write([journal.Deed("resident.changed", TOWNSHIP, rows=[zhou])], actor=None, now=NOW)
    assert take("roster", file)["unchanged"] == 1
    assert found().phone == "10299999999"
    newer = write([HEADING, [*ZHOU_ROW[:6], "10244444444"]])
    row = take.rows(newer)[0]
    assert (row["outcome"], row["reasons"]) == ("unchanged", ["newer-kept"])
    assert found().phone == "10299999999"


def test_somebody_who_moved_takes_benefit_and_care_along(take, write, db):
    chen = CAST.chen_guilan
    said = take.rows(write([HEADING, [chen.name, chen.id_number, VILLAGE_ELSEWHERE]]))
    assert said[0]["outcome"] == "updated"
    assert "area-changed" in said[0]["reasons"]
    row = Resident.get_by_id(chen.id)
    assert (row.area, row.scope, row.household) == (VILLAGE_ELSEWHERE, TOWNSHIP_ELSEWHERE, None)
    assert Entitlement.get_by_id(CAST.entitlement).scope == TOWNSHIP_ELSEWHERE
    assert CareEntry.get_by_id(CAST.care).area == VILLAGE_ELSEWHERE
    pulled = packs.pull(CAST.wang_fang.actor, [VILLAGE], {VILLAGE: 1}, now=NOW)
    assert any(str(each["id"]) == str(chen.id) and each.get("gone") for each in pulled.rows)


ELSEWHERE_ROW = ["马秀英", CAST.ma_xiuying.id_number, VILLAGE]


def test_a_township_that_meets_somebody_elsewhere_learns_nothing(take, write, db):
    file = write(
        [
            HEADING,
            ELSEWHERE_ROW,
            ["李强", number(1961, 1, 1), VILLAGE_ELSEWHERE],
            ["何某", CAST.ma_xiuying.id_number[:-1] + "0", VILLAGE],
        ]
    )
    rows = take.rows(file, by="liqiang")  # 李强 is an officer of 花梨镇
    assert [row["outcome"] for row in rows] == ["review"] * 3
    assert rows[0]["reasons"] == rows[1]["reasons"] == ["ask-county"]
    assert Resident.get_by_id(CAST.ma_xiuying.id).area == VILLAGE_ELSEWHERE
    assert take.rows(file, by="hejing")[0]["outcome"] == "updated"  # the county centre may


def test_an_officer_brings_in_their_own_township(take, write, db):
    assert take("roster", write([HEADING, ZHOU_ROW]), by="liqiang")["imported"] == 1
    event = JournalEntry.get(JournalEntry.kind == "roster.imported")
    assert event.actor == CAST.li_qiang.id


def test_who_keeps_the_machine_brings_in_nobody(take, write, db):
    before = Resident.select().count()
    assert take.refused("roster", write([HEADING, ZHOU_ROW]), by="zhengtao")
    assert Resident.select().count() == before


def test_a_number_in_a_number_cell_is_for_a_person_to_look_at(take, write, db):
    rows = take.rows(write([HEADING, ["周国华", int(number(1950, 5, 6, 800)[:15] + "000"), VILLAGE]]))
    assert (rows[0]["outcome"], rows[0]["reasons"], rows[0]["id_number"]) == ("review", ["id-number-cell"], None)


def test_a_village_code_in_a_number_cell_has_lost_nothing(take, write, db):
    assert take("roster", write([HEADING, [ZHOU_ROW[0], ZHOU, int(VILLAGE)]]))["imported"] == 1


def test_a_later_row_with_the_same_number_is_a_duplicate_on_any_sheet(take, write, db):
    rows = take.rows(
        write({"花梨镇": [HEADING, ZHOU_ROW], "续": [HEADING, ["周国华", ZHOU[:6] + " " + ZHOU[6:], VILLAGE]]})
    )
    assert [(row["sheet"], row["row"], row["outcome"]) for row in rows] == [
        ("花梨镇", 2, "imported"),
        ("续", 2, "duplicate"),
    ]
    assert rows[1]["id_number"] == ZHOU


def test_somebody_who_died_is_not_brought_back_by_a_list(take, write, db):
    Resident.update(life="death_reported").where(Resident.id == CAST.chen_guilan.id).execute()
    rows = take.rows(write([HEADING, [CAST.chen_guilan.name, CAST.chen_guilan.id_number, VILLAGE]]))
    assert (rows[0]["outcome"], rows[0]["reasons"]) == ("review", ["death-recorded"])


def test_a_real_county_takes_no_sample_people(take, write, db):
    from models import Installation

    Installation.update(kind="real").execute()
    rows = take.rows(write([HEADING, ZHOU_ROW]))
    assert (rows[0]["outcome"], rows[0]["reasons"][0]) == ("review", "id-sample")
    assert (
        take("roster", write([HEADING, ["王芳", "11010519491231002X", VILLAGE, "", "", "", "10211111111"]]))["imported"]
        == 1
    )
    assert found("11010519491231002X").phone == ""


def test_where_two_counties_are_known_a_lists_own_codes_say_which_is_meant(take, write, county, db):
    take("areas", DATA / "areas-513223.csv")  # it has a 沙坝村 too
    heading = ["姓名", "身份证号", "村代码", "村"]
    alone = [heading, ["周国华", ZHOU, "", "沙坝村"]]
    assert take.rows(write(alone))[0]["reasons"] == ["village-ambiguous"]
    rows = take.rows(write([*alone, ["王玉珍", WANG_ROW[1], VILLAGE, "清江村"]]))
    assert [row["area_code"] for row in rows] == ["520121102202", VILLAGE]


@pytest.mark.parametrize("option", ["--rows", "--report"])
def test_what_cannot_be_written_is_said_before_anybody_comes_in(app, write, tmp_path, db, option):
    file = write([HEADING, ["周国华", number(1950, 5, 6), VILLAGE]])
    for out in (tmp_path / "nowhere" / "out.xlsx", tmp_path):
        said = app.test_cli_runner().invoke(args=["import", "roster", str(file), option, str(out)])
        assert said.exit_code == 2
        assert Resident.select().where(Resident.name == "周国华").count() == 0


def test_the_counts_cover_every_row(take, write, db):
    said = take(
        "roster",
        write([["花名册"], HEADING, ZHOU_ROW, ZHOU_ROW, ["", "", "", "", "", "", "10211111111"], ["小计", "3"]]),
    )
    assert said["rows"] == 3
    assert {name: said[name] for name in ("imported", "updated", "unchanged", "duplicate", "review")} == {
        "imported": 1, "updated": 0, "unchanged": 0, "duplicate": 1, "review": 1,
    }  # fmt: skip
    assert said["skipped"]["subtotal"] == 1


# ---- cut off, and at the same time


def many(count):
    people = [
        ["周国华", number(1930 + n % 60, 1 + n % 12, 1 + n % 28, 100 + n), VILLAGE if n % 2 else NEXT_VILLAGE]
        for n in range(count)
    ]
    return [HEADING, *people, ["王芳", "", VILLAGE]]


class Cut(Exception):
    """The power went."""


def source(file):
    return roster.Source(spreadsheets.read(file), file.name, "a" * 64, None, "office")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(roster, "CHUNK", 50)


@pytest.mark.usefixtures("small", "db")
def test_a_run_that_was_cut_off_goes_on_and_accounts_for_every_row(write):
    file = write(many(220))
    before = Resident.select().count()

    def cut(rows):
        if Resident.select().count() >= before + 100:
            raise Cut

    with pytest.raises(Cut):
        roster.load(source(file), now=lambda: NOW, on_progress=cut)
    assert Resident.select().count() == before + 100
    heard = []
    loaded = roster.load(source(file), now=lambda: NOW, on_row=lambda line, decision: heard.append(decision.outcome))
    assert loaded.counts == {"imported": 220, "updated": 0, "unchanged": 0, "duplicate": 0, "review": 1}
    assert heard.count("imported") == 220
    assert Resident.select().count() == before + 220
    assert Import.select().count() == 1
    assert Import.get().state == "done"
    assert ImportRow.select().count() == 1


@pytest.mark.usefixtures("small", "db")
def test_a_chunk_is_written_whole_or_not_at_all(write, monkeypatch):
    before = Resident.select().count(), JournalEntry.select().count()

    def broken(*_, **__):
        raise Cut

    monkeypatch.setattr(journal, "write", broken)
    with pytest.raises(Cut):
        roster.load(source(write(many(30))), now=lambda: NOW)
    assert (Resident.select().count(), JournalEntry.select().count()) == before


@pytest.mark.usefixtures("small", "db")
def test_two_lists_with_the_same_person_at_the_same_moment_make_one_record(write, monkeypatch):
    first, second = write([HEADING, ZHOU_ROW]), write([HEADING, [*ZHOU_ROW[:6], "10255555555"]])
    roster.load(roster.Source(spreadsheets.read(second), "b", "b" * 64, None, "office"), now=lambda: NOW)
    known, calls = roster._known, []

    def too_early(lines):
        calls.append(1)
        return {} if len(calls) == 1 else known(lines)  # it read before the other list was committed

    monkeypatch.setattr(roster, "_known", too_early)
    loaded = roster.load(source(first), now=lambda: NOW)
    assert len(calls) == 2
    assert loaded.counts["updated"] == 1
    assert Resident.select().where(Resident.name == "周国华").count() == 1


@pytest.mark.usefixtures("small", "db")
def test_the_chain_holds_over_all_chunks(write):
    roster.load(source(write(many(120))), now=lambda: NOW)
    entries = list(JournalEntry.select().where(JournalEntry.scope == TOWNSHIP).order_by(JournalEntry.position))
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    for earlier, later in pairwise(entries):
        assert later.chain == journal.link(
            earlier.chain, later.position, str(later.id), later.hash, later.received_at, later.leaves
        )
