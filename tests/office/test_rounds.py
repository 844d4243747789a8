"""Rounds: who is due by village and month, in the order of codes, with what needs somebody first."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

import models
from models import Entitlement, LifeVerification, Resident, Visit
from rules import ciphers, rounds
from tests.office.scenes import a_verification, a_visit
from tests.support.cast import CAST, NOW, TODAY, TOWNSHIP, TOWNSHIP_ELSEWHERE, VILLAGE, VILLAGE_ELSEWHERE


@pytest.fixture
def lead(desk, cast):
    return desk(cast.luo_guoxiu)


def due(on, listed=True, last_on=None, resident=None, area=VILLAGE):
    return rounds.Due(ciphers.uuid7(), resident or ciphers.uuid7(), area, on, listed, last_on)


def of(one, state, on):
    return rounds.Try(state, frozenset([str(one.id)]), on)


LATE, SOON = date(2026, 9, 30), date(2026, 10, 31)


def test_each_benefit_is_at_one_step():
    late, soon, gone = due(LATE), due(SOON), due(SOON, listed=False)
    assert rounds.step(late, [], today=TODAY) == "over"
    assert rounds.step(soon, [], today=TODAY) == "todo"
    assert rounds.step(gone, [], today=TODAY) == "done"
    assert rounds.step(soon, [rounds.Try("missed", frozenset(), TODAY)], today=TODAY) == "missed"
    assert rounds.step(soon, [of(soon, "sent_back", TODAY)], today=TODAY) == "missed"
    assert rounds.step(late, [of(late, "captured", TODAY)], today=TODAY) == "waiting"
    assert rounds.step(soon, [of(late, "captured", TODAY)], today=TODAY) == "todo"


def test_the_last_day_itself_is_not_late():
    assert rounds.step(due(TODAY), [], today=TODAY) == "todo"
    assert rounds.step(due(TODAY - timedelta(days=1)), [], today=TODAY) == "over"


def test_an_attempt_before_the_last_success_says_nothing():
    one = due(SOON, last_on=date(2025, 10, 5))
    assert rounds.step(one, [of(one, "captured", date(2025, 10, 5))], today=TODAY) == "todo"


def test_somebody_with_two_benefits_counts_once_where_they_are_needed_first():
    who = ciphers.uuid7()
    found = rounds.people([due(SOON, resident=who), due(LATE, resident=who)], {}, today=TODAY)
    assert [step for step, _ in found.values()] == ["over"]


def test_villages_stand_in_the_order_of_their_codes_also_without_anybody():
    steps = rounds.people([due(LATE, area="520121107202")], {}, today=TODAY)
    found = rounds.by_area(steps, ["520121107203", "520121107200"])
    assert list(found) == ["520121107200", "520121107202", "520121107203"]
    assert sum(found["520121107200"].values()) == 0


def test_bars_share_a_scale_and_fit():
    counts = {"over": 1, "todo": 2, "missed": 3, "waiting": 4, "done": 90}
    pieces = rounds.bar(counts, longest=100)
    assert [p.step for p in pieces] == list(rounds.STEPS)
    assert pieces[-1].x + pieces[-1].width <= 400
    half = rounds.bar({k: v // 2 for k, v in counts.items()}, longest=100)
    assert half[-1].width == pytest.approx(pieces[-1].width / 2, abs=0.2)


def test_months_cross_the_year():
    assert rounds.months_from(date(2026, 11, 30), 3) == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]


# ---- the page


def make_due(on, resident=CAST.chen_guilan, **facts):
    given = {"benefit": "BPIURR", "number": str(ciphers.uuid7()), "cycle_months": 12} | facts
    return Entitlement.create(resident=resident.id, scope=TOWNSHIP, area=resident.area, due_on=on, **given)


def test_the_page_says_who_is_late_and_how_far_it_is(lead, cast):
    make_due(LATE)
    make_due(SOON, cast.zhou_xinglin)
    page = lead.get("/office/rounds")
    assert "10月底前到期：2 人" in page
    assert "过期 1 人，先去看" in page
    assert "陈桂兰" in page
    assert [th.text.strip() for th in page.select(".bars th")] == ["花梨村", "清江村"]
    assert "还差 2 人" in page


def test_who_was_taken_waits_and_who_was_not_met_is_said(lead, cast):
    one = make_due(SOON)
    make_due(SOON, cast.zhou_xinglin)
    a_verification(entitlements=[str(one.id)])
    a_visit(of=cast.zhou_xinglin, outcome="not_home", mark=None, reasons="verification")
    page = lead.get("/office/rounds")
    sums = [b.text for b in page.select(".sum b")]
    assert sums == ["0", "0", "1", "1", "0"]


def test_the_dead_and_those_elsewhere_are_on_no_list(lead, cast):
    make_due(LATE)
    Resident.update(life="death_reported").where(Resident.id == cast.chen_guilan.id).execute()
    assert "没有人到期" in lead.get("/office/rounds")


def test_another_month_and_one_village(lead, cast):
    page = lead.get(f"/office/rounds?month=2026-12&area={VILLAGE}")
    assert "12月底前到期：1 人" in page
    assert "陈桂兰" in page.one("section[aria-labelledby=listed]").text


def test_the_list_to_take_along_leaves_out_who_was_taken(lead, cast):
    make_due(LATE)
    one = make_due(SOON, cast.zhou_xinglin)
    a_verification(of=cast.zhou_xinglin, entitlements=[str(one.id)])
    page = lead.get("/office/rounds/list")
    assert "10月31日前要见的：1 人" in page
    assert "耳背" in page
    assert "周兴林" not in page
    assert cast.chen_guilan.id_number not in page.html


def test_a_long_list_says_of_everybody_what_it_says_of_the_first(lead, cast):
    many = 950
    people = [
        Resident(id=ciphers.uuid7(), scope=TOWNSHIP, area=VILLAGE, name=f"村民{number}", group="1组")
        for number in range(many)
    ]
    models.insert(people)
    models.insert(
        [
            Entitlement(
                resident=each.id, scope=TOWNSHIP, area=VILLAGE, benefit="BPIURR", number=str(number), cycle_months=12,
                due_on=LATE,
            )
            for number, each in enumerate(people)
        ]
    )  # fmt: skip
    models.insert(
        [
            Visit(
                id=ciphers.uuid7(), event=ciphers.uuid7(), resident=each.id, scope=TOWNSHIP, area=VILLAGE,
                person=cast.wang_fang.id, post=cast.wang_fang.post, device=ciphers.uuid7(), reasons="verification",
                outcome="hospital", started_at=NOW - timedelta(days=2), ended_at=NOW - timedelta(days=2),
                received_at=NOW,
            )
            for each in people
        ]
    )  # fmt: skip
    page = lead.get("/office/rounds/list")
    rows = [row.text for row in page.select("tbody tr") if "村民" in row.text]
    assert len(rows) == many
    assert [row for row in rows if "养老金" not in row] == []
    page = lead.get(f"/office/rounds?area={VILLAGE}")
    rows = [row.text for row in page.one("section[aria-labelledby=listed]").select("li") if "村民" in row.text]
    assert len(rows) == many
    assert [row for row in rows if "养老金" not in row or "住院" not in row] == []


def test_what_was_taken_where_somebody_lived_before_counts(lead, cast):
    one = make_due(SOON)
    a_verification(by=cast.zhao_min, entitlements=[str(one.id)])
    LifeVerification.update(scope=TOWNSHIP_ELSEWHERE, area=VILLAGE_ELSEWHERE).execute()
    assert [b.text for b in lead.get("/office/rounds").select(".sum b")] == ["0", "0", "0", "1", "0"]


def test_confirmed_by_the_agency_stays_in_the_round_for_a_while(lead, cast):
    make_due(SOON, listed=False, confirmed_elsewhere_at=NOW - timedelta(days=3))
    assert [b.text for b in lead.get("/office/rounds").select(".sum b")] == ["0", "0", "0", "0", "1"]


def test_a_picture_sent_back_is_said_so_and_not_that_nobody_was_met(desk, cast):
    """Whoever was photographed was met; what is left to do is another picture."""
    a_verification(state="sent_back", sent_back_why="手没拍进去", entitlements=[str(cast.entitlement)])
    due = Entitlement.get_by_id(cast.entitlement).due_on
    page = desk(cast.luo_guoxiu).get(f"/office/rounds?month={due:%Y-%m}&area={VILLAGE}")
    row = page.one("section[aria-labelledby=listed] .row")
    assert "要补拍" in row.text
    assert "去了没办成" in row.text
    assert "没见到" not in page
