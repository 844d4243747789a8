"""Trays that hold more than fifty: everything in them is reached, once, in its order."""

from __future__ import annotations

from datetime import timedelta

import pytest

import models
from models import Complaint, DeathReport, Delivery, JournalEntry, Refusal, Request, Resident
from rules import ciphers
from tests.support.cast import NOW, TODAY, TOWNSHIP, VILLAGE

MANY = 120


@pytest.fixture
def lead(desk, cast):
    return desk(cast.luo_guoxiu)


def further(page, where):
    """The addresses under "50 more" there; one or none."""
    return [a.attrs["href"] for a in page.select(f"{where} .later a") if "再看 50 条" in a.text]


def walked(desk, url, rows, where="main"):
    """The texts of these rows on all pages, from the first to the last; the last leads back."""
    found = []
    page = desk.get(url)
    while True:
        found += [row.text for row in page.select(rows)]
        later = further(page, where)
        if not later:
            assert [a.attrs["href"] for a in page.select(".later a") if "回到开头" in a.text]
            return found
        page = desk.get(later[0])


def named(number):
    return f"第{number:03d}件"


def numbers(texts):
    """Which of the many a text is about."""
    return [next(number for number in range(MANY) if named(number) in text) for text in texts]


def minutes(number):
    """Some happen at the same moment, across the end of a page too."""
    return NOW - timedelta(days=1) + timedelta(minutes=number // 7)


def place(cast):
    return {"scope": TOWNSHIP, "area": VILLAGE, "resident": cast.chen_guilan.id}


def a_mix(rows):
    """Their keys are no order of arrival."""
    models.insert(sorted(rows, key=lambda row: str(row.get_id())[::-1]))


def test_all_requests_are_reached_the_oldest_first_and_all_of_them_the_newest_first(lead, cast):
    a_mix(
        Request(
            id=ciphers.uuid7(), event=ciphers.uuid7(), words=named(n), raised_by=cast.wang_fang.id,
            raised_at=minutes(n), received_at=NOW, state="answered" if n < 20 else "raised", **place(cast),
        )
        for n in range(MANY)
    )  # fmt: skip
    found = numbers(walked(lead, "/office/requests", ".rows.found > li"))
    assert sorted(found) == list(range(20, MANY))
    assert [n // 7 for n in found] == [n // 7 for n in range(20, MANY)]
    found = numbers(walked(lead, "/office/requests?all=1", ".rows.found > li"))
    assert sorted(found) == list(range(MANY))
    assert [n // 7 for n in found] == sorted((n // 7 for n in range(MANY)), reverse=True)


def test_both_lists_of_things_to_hand_over_go_on_by_themselves(lead, cast):
    a_mix(
        Delivery(
            what=named(n), agent=cast.wang_fang.id, due_on=TODAY + timedelta(days=n // 7),
            planned_by=cast.li_qiang.id, planned_at=NOW, state="back" if n % 2 else "ready", **place(cast),
        )
        for n in range(MANY)
    )  # fmt: skip
    assert sorted(
        numbers(walked(lead, "/office/deliveries", "section[aria-labelledby=way] li", "section[aria-labelledby=way]"))
    ) == [*range(0, MANY, 2)]
    page = lead.get("/office/deliveries")
    assert len(page.select("section[aria-labelledby=back] li")) == 50
    page = lead.get(further(page, "section[aria-labelledby=back]")[0])
    assert len(page.select("section[aria-labelledby=back] li")) == 10
    page = lead.get(further(page, "section[aria-labelledby=way]")[0])
    assert [len(page.select(f"section[aria-labelledby={each}] li")) for each in ("back", "way")] == [10, 10]


def test_all_people_to_match_are_reached(lead):
    a_mix(
        Resident(scope=TOWNSHIP, area=VILLAGE, name=named(n), initials="abcd"[n % 4], state="provisional")
        for n in range(MANY)
    )
    found = numbers(walked(lead, "/office/matches", ".rows.found > li"))
    assert sorted(found) == list(range(MANY))
    assert [n % 4 for n in found] == sorted(n % 4 for n in range(MANY))


def test_all_deaths_told_of_are_reached(lead, cast):
    people = [Resident(id=ciphers.uuid7(), scope=TOWNSHIP, area=VILLAGE, name=named(n)) for n in range(MANY)]
    models.insert(people)
    a_mix(
        DeathReport(
            id=ciphers.uuid7(), event=ciphers.uuid7(), reporter="邻居", source="neighbour", scope=TOWNSHIP,
            area=VILLAGE, resident=people[n].id, reported_by=cast.wang_fang.id, reported_at=minutes(n),
        )
        for n in range(MANY)
    )  # fmt: skip
    assert sorted(numbers(walked(lead, "/office/deaths", ".rows.found > li"))) == list(range(MANY))


def test_all_complaints_are_reached(lead, cast):
    a_mix(
        Complaint(
            id=ciphers.uuid7(), event=ciphers.uuid7(), scope=TOWNSHIP, kind="suggestion", words=named(n),
            person=cast.wang_fang.id, made_at=minutes(n), received_at=NOW,
        )
        for n in range(MANY)
    )  # fmt: skip
    assert sorted(numbers(walked(lead, "/office/complaints", ".card .quote"))) == list(range(MANY))


def test_all_held_and_all_refused_records_are_reached(lead, cast):
    models.insert(
        [
            JournalEntry(
                scope=TOWNSHIP, position=1_000 + n, id=ciphers.uuid7(), hash="", chain="", kind="visit.ended", v=1,
                device=ciphers.uuid7(), seq=n + 1, prev="", actor=cast.wang_fang.id, at=NOW, received_at=minutes(n),
                state="held", why="device-locked", signature=b"",
            )
            for n in range(MANY)
        ]
    )  # fmt: skip
    a_mix(
        Refusal(id=ciphers.uuid7(), hash="0" * 64, scope=TOWNSHIP, why="signature", received_at=minutes(n), item={})
        for n in range(MANY)
    )
    page = lead.get("/office/held")
    links = {a.attrs["href"] for a in page.select(".rows.found a")}
    refused = len(page.select("section[aria-labelledby=refused] li"))
    for _ in range(2):
        held = lead.get(further(page, "main")[0])
        links |= {a.attrs["href"] for a in held.select(".rows.found a")}
        page = lead.get(further(held, "section[aria-labelledby=refused]")[0])
        refused += len(page.select("section[aria-labelledby=refused] li"))
    assert len(links) == MANY
    assert refused == MANY


@pytest.mark.parametrize("tray", ["requests", "deliveries", "matches", "deaths", "held", "complaints"])
@pytest.mark.parametrize(
    "place", ["~", "x~y", "2026-10-13~z~1", "~~", "%00~%00", "2026-10-13T02:00:00~0", "9" * 40 + "~" + "9" * 40]
)
def test_a_place_that_is_none_is_the_beginning(lead, tray, place):
    lead.get(f"/office/{tray}?after={place}&back={place}&refused={place}&endpoint=1&_external=1")
