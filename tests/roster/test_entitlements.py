"""The agency's list of people not yet confirmed: who is on the rounds, who leaves them, whom nobody may lose."""

import json
from datetime import date

import pytest

from models import Entitlement, JournalEntry, Resident
from tests.roster.files import number
from tests.support.cast import CAST, COUNTY, TOWNSHIP, VILLAGE

HEADING = ["姓名", "身份证号", "待遇名称", "待遇编号", "待遇发放地", "认证周期（月）", "上次认证日期"]
PENSION = "城乡居民基本养老保险"
CHEN, ZHOU, MA = CAST.chen_guilan, CAST.zhou_xinglin, CAST.ma_xiuying


@pytest.fixture(autouse=True)
def nobody_listed_yet(db):
    Entitlement.delete().execute()


def row(person, *, last="2025-12-03", months="12", benefit=PENSION, name="", tail="1", paying="开阳县"):
    return [name or person.name, person.id_number, benefit, f"P-{person.id_number[-4:]}-{tail}", paying, months, last]


def listed():
    rows = Entitlement.select(Resident.name).join(Resident).where(Entitlement.listed).order_by(Resident.name)
    return sorted(name for (name,) in rows.tuples())


def test_people_on_the_list_are_due_by_its_cycle(take, write):
    said = take(
        "entitlements", write([["未认证人员名单"], HEADING, row(CHEN), row(ZHOU, last="2026年4月1日", months="6")])
    )
    assert (said["imported"], said["review"], said["dropped"]) == (2, 0, 0)
    chen = Entitlement.get(Entitlement.resident == CHEN.id)
    assert (chen.benefit, chen.paying_area, chen.cycle_months, chen.due_on) == (
        "BPIURR",
        COUNTY,
        12,
        date(2026, 12, 31),
    )
    assert (chen.scope, chen.area, chen.agency_state) == (TOWNSHIP, VILLAGE, "paying")
    assert Entitlement.get(Entitlement.resident == ZHOU.id).due_on == date(2026, 10, 31)
    event = JournalEntry.get(JournalEntry.kind == "entitlements.imported")
    assert f"entitlement:{chen.id}" in json.loads(event.leaves)


def test_who_is_due_soon_gets_a_full_card(take, write):
    assert Resident.get_by_id(ZHOU.id).card == "name"
    take("entitlements", write([HEADING, row(ZHOU, last="2025-10-05")]))
    assert Resident.get_by_id(ZHOU.id).card == "full"


def test_the_same_list_twice_changes_nothing(take, write):
    file = write([HEADING, row(CHEN), row(ZHOU)])
    take("entitlements", file)
    before = JournalEntry.select().count(), {r.id: r.rev for r in Resident.select()}
    said = take("entitlements", file)
    assert (said["imported"], said["updated"], said["unchanged"], said["dropped"]) == (0, 0, 2, 0)
    assert (JournalEntry.select().count(), {r.id: r.rev for r in Resident.select()}) == before


def test_who_is_no_longer_listed_was_confirmed_elsewhere_and_nobody_climbs_for_them(take, write, now):
    take("entitlements", write([HEADING, row(CHEN), row(ZHOU), row(MA)]))
    said = take("entitlements", write([HEADING, row(CHEN)]))
    assert said["dropped"] == 2
    assert listed() == ["陈桂兰"]
    zhou = Entitlement.get(Entitlement.resident == ZHOU.id)
    assert zhou.confirmed_elsewhere_at == now
    assert Resident.get_by_id(ZHOU.id).card == "name"
    assert take("entitlements", write([HEADING, row(CHEN), row(ZHOU, last="2026-09-01")]))["updated"] == 1
    assert listed() == ["周兴林", "陈桂兰"] or listed() == sorted(["周兴林", "陈桂兰"])


@pytest.fixture
def sixty(take, write):
    """Sixty people on the rounds, and their lines."""
    people = [
        (f"王{'甲乙丙丁戊己庚辛壬癸'[n % 10]}", number(1940 + n % 20, 1 + n % 12, 1 + n % 28, 201 + 2 * n))
        for n in range(60)
    ]
    take("roster", write([["姓名", "身份证号", "村代码"], *([name, text, VILLAGE] for name, text in people)]))
    lines = [[name, text, PENSION, f"P-{n}", "开阳县", 12, date(2025, 11, 2)] for n, (name, text) in enumerate(people)]
    take("entitlements", write([HEADING, *lines]))
    return lines


def test_sixty_people_less_twenty_confirmed_by_comparison(take, write, sixty):
    said = take("entitlements", write([HEADING, *sixty[20:]]))
    assert (said["unchanged"], said["dropped"]) == (40, 20)
    assert len(listed()) == 40


def test_a_list_that_was_cut_short_takes_nobody_off_before_somebody_says_that_it_is_whole(take, write, sixty):
    short = write([HEADING, *sixty[:3]])
    for how in (["--dry-run"], [], []):  # looked at, taken, and taken again
        said = take("entitlements", short, *how)
        assert (said["unchanged"], said["dropped"], said["withheld"]) == (3, 0, 57)
        assert len(listed()) == 60
    said = take("entitlements", short, "--whole")
    assert (said["dropped"], said["withheld"]) == (57, 0)
    assert len(listed()) == 3


def test_more_than_half_may_leave_only_where_somebody_says_so(take, write, sixty):
    assert take("entitlements", write([HEADING, *sixty[:29]]))["withheld"] == 31
    assert take("entitlements", write([HEADING, *sixty[:30]]))["dropped"] == 30


def test_that_somebody_stays_is_said(take, write, sixty, app):
    said = app.test_cli_runner().invoke(
        args=["import", "entitlements", str(write([HEADING, *sixty[:3]])), "--json", "--as", "office"]
    )
    assert "有 57 人不在这份名单上，先照旧上门" in said.stderr
    assert json.loads(said.stdout)["withheld"] == 57


def test_another_places_list_takes_nobody_off(take, write):
    take("entitlements", write([HEADING, row(CHEN), row(ZHOU)]))
    stranger = ["何不知", number(1950, 1, 1), PENSION, "P-9", "开阳县", 12, ""]
    said = take("entitlements", write([HEADING, stranger]))
    assert (said["review"], said["dropped"], said["withheld"]) == (1, 0, 2)
    assert take("entitlements", write([HEADING, row(MA)]), by="liqiang")["withheld"] == 2
    assert len(listed()) == 2


def test_another_benefit_and_another_paying_area_stay_as_they_are(take, write):
    take("entitlements", write([HEADING, row(CHEN), row(ZHOU, benefit="高龄津贴"), row(MA, paying="贵阳市")]))
    assert take("entitlements", write([HEADING, row(CHEN)]))["dropped"] == 0
    assert len(listed()) == 3


def test_an_empty_list_takes_off_only_what_it_says_it_is_complete_for(take, write):
    take("entitlements", write([HEADING, row(CHEN), row(ZHOU)]))
    empty = write([HEADING])
    assert take("entitlements", empty)["dropped"] == 0
    assert take("entitlements", empty, "--area", TOWNSHIP, "--benefit", PENSION)["dropped"] == 2


def test_a_row_that_nobody_can_read_keeps_its_people_on_the_rounds(take, write):
    take("entitlements", write([HEADING, row(CHEN), row(ZHOU), row(MA)]))
    spoilt = row(ZHOU)
    spoilt[1] = spoilt[1][:17]  # one digit short: this may be 周兴林
    said = take("entitlements", write([HEADING, row(CHEN), spoilt]))
    assert (said["review"], said["dropped"], said["kept_for_review"]) == (1, 1, 1)
    assert "周兴林" in listed()
    assert "马秀英" not in listed()


def test_somebody_not_on_any_roster_is_for_people_to_look_at(take, write):
    stranger = ["何不知", number(1950, 1, 1), PENSION, "P-9", "开阳县", 12, ""]
    rows = take.rows(write([HEADING, stranger]), kind="entitlements")
    assert (rows[0]["outcome"], rows[0]["reasons"]) == ("review", ["resident-unknown"])


def test_a_township_hears_the_same_of_somebody_elsewhere_as_of_nobody(take, write):
    stranger = ["何不知", number(1950, 1, 1), PENSION, "P-9", "开阳县", 12, ""]
    rows = take.rows(write([HEADING, row(MA), stranger]), kind="entitlements", by="liqiang")
    assert rows[0]["reasons"] == rows[1]["reasons"] == ["resident-unknown"]


def test_a_townships_list_takes_nobody_off_another_townships_rounds(take, write):
    take("entitlements", write([HEADING, row(CHEN), row(MA)]))
    assert take("entitlements", write([HEADING, row(CHEN)]), by="liqiang")["dropped"] == 0
    assert listed() == sorted(["陈桂兰", "马秀英"])


def test_only_the_agencys_file_says_that_it_suspended(take, write):
    heading = [*HEADING, "待遇状态"]
    take("entitlements", write([heading, [*row(CHEN), "暂停发放"]]))
    assert Entitlement.get().agency_state == "suspended"
    assert take("entitlements", write([heading, [*row(CHEN), "恢复发放"]]))["updated"] == 1
    assert Entitlement.get().agency_state == "resumed"


def test_a_success_we_know_of_is_not_undone_by_an_older_list(take, write):
    take("entitlements", write([HEADING, row(CHEN, last="2026-09-10")]))
    take("entitlements", write([HEADING, row(CHEN, last="2025-09-10")]))
    assert Entitlement.get().due_on == date(2027, 9, 30)


LAST = [
    ("2025年11月", date(2026, 11, 30)),
    ("2025.11.02", date(2026, 11, 30)),
    (date(2025, 11, 2), date(2026, 11, 30)),
    ("", date(2026, 10, 31)),
]


@pytest.mark.parametrize(("last", "due"), LAST)
def test_the_last_success_in_any_spelling_and_none_at_all(take, write, last, due):
    take("entitlements", write([HEADING, row(CHEN, last=last)]))
    assert Entitlement.get().due_on == due


@pytest.mark.parametrize(
    ("cycle", "months"), [(12, 12), ("12个月", 12), ("半年", 6), ("每季度", 3), ("", 12), ("一年", 12), (6.0, 6)]
)
def test_the_cycle_in_any_spelling(take, write, cycle, months):
    take("entitlements", write([HEADING, row(CHEN, months=cycle)]))
    assert Entitlement.get().cycle_months == months


def test_a_list_of_one_benefit_without_its_column(take, write):
    file = write([["姓名", "公民身份号码", "最近认证时间"], [CHEN.name, CHEN.id_number, "2025-11-02"]])
    assert "待遇名称" in take.refused("entitlements", file)
    assert take("entitlements", file, "--benefit", "养老金")["imported"] == 1
    assert Entitlement.get().benefit == "BPIURR"


def test_a_dry_run_takes_nobody_on_or_off(take, write):
    take("entitlements", write([HEADING, row(CHEN), row(ZHOU)]))
    before = JournalEntry.select().count()
    said = take("entitlements", write([HEADING, row(MA)]), "--dry-run")
    assert (said["imported"], said["dropped"]) == (1, 2)
    assert listed() == sorted(["陈桂兰", "周兴林"])
    assert JournalEntry.select().count() == before


def test_the_same_entitlement_twice_in_one_list(take, write):
    rows = take.rows(write([HEADING, row(CHEN), row(CHEN)]), kind="entitlements")
    assert [each["outcome"] for each in rows] == ["imported", "duplicate"]


def test_two_benefits_of_one_person_are_two(take, write):
    assert take("entitlements", write([HEADING, row(CHEN), row(CHEN, benefit="高龄津贴", tail="2")]))["imported"] == 2
