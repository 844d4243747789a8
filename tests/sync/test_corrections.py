"""One's own record put right, for the kinds whose row stays: what changes, what does not, and when it has to wait."""

from __future__ import annotations

from datetime import date

import pytest

from actions import deaths, deliveries
from models import Complaint, DeathReport, Delivery, InboxMessage, JournalEntry, Resident, Visit
from rules.ciphers import uuid7
from tests.sync.conftest import the, visit

MARK = {"kind": "signature", "role": "mark"}


@pytest.fixture
def send(sync, phone, cast, now):
    """One record of 王芳's about 陈桂兰; gives its receipt."""

    def sent(kind, body, *, at=None, subject=cast.chen_guilan.id, **other):
        payload = phone.payload(kind, body, at=at or now, subject=subject, **other)
        return the(sync(phone, [phone.sealed(payload)]))

    return sent


@pytest.fixture
def put_right(send):
    def corrected(first, body, why="写错了", **other):
        return send("record.corrected", {"corrects": first["id"], "why": why, "body": body}, **other)

    return corrected


def accepted(receipt):
    assert (receipt["state"], receipt.get("reason", "")) == ("accepted", "")
    return receipt


def waits(receipt, why):
    assert (receipt["state"], receipt["reason"]) == ("held", why)


@pytest.fixture
def card(db, cast, now):
    """A result that 王芳 carries to 陈桂兰."""

    def planned(**other):
        return Delivery.create(
            resident=cast.chen_guilan.id, scope=cast.wang_fang.scope, area=cast.wang_fang.area, what="残疾人证",
            agent=cast.wang_fang.id, due_on=date(2026, 10, 20), planned_by=cast.li_qiang.id, planned_at=now, **other,
        )  # fmt: skip

    return planned


def handed(row, **other):
    return {"delivery": str(row.id), "to": "self", "identity_seen": "id_card", "mark": MARK} | other


def test_into_whose_hands_it_went_is_put_right(send, put_right, card):
    row = card()
    first = accepted(send("delivery.made", handed(row)))
    accepted(put_right(first, handed(row, to="household_adult", name="陈大兰", relation="女儿")))
    kept = Delivery.get_by_id(row.id)
    assert (kept.state, kept.made["to"], kept.made["name"], kept.made["mark"]) == (
        "delivered",
        "household_adult",
        "陈大兰",
        MARK,
    )
    assert str(kept.event) == first["id"]


def test_a_card_with_money_does_not_go_to_others_by_a_correction(send, put_right, card):
    row = card(money_function=True)
    first = accepted(send("delivery.made", handed(row)))
    waits(put_right(first, handed(row, to="household_adult", name="陈大兰", relation="女儿")), "money-function")
    assert Delivery.get_by_id(row.id).made["to"] == "self"


def test_why_it_was_not_handed_over_is_put_right_until_it_is_planned_again(send, put_right, card):
    row = card()
    first = accepted(send("delivery.attempted", {"delivery": str(row.id), "why": "not_home"}))
    right = {"delivery": str(row.id), "why": "away", "words": "去女儿家了"}
    accepted(put_right(first, right))
    kept = Delivery.get_by_id(row.id)
    assert (kept.made, kept.tries) == ({"why": "away", "words": "去女儿家了"}, 1)
    Delivery.update(state="ready").where(Delivery.id == row.id).execute()
    waits(put_right(first, right), "already-done")


def test_what_goes_back_is_on_no_phone_until_it_is_planned_again(send, pull, phone, card, cast, now):
    def tasks():
        full = next(each for each in pull(phone)[0] if each["id"] == str(cast.chen_guilan.id))
        return [task["what"] for task in full.get("tasks", []) if task["kind"] == "delivery"]

    row = card()
    assert tasks() == ["残疾人证"]
    accepted(send("delivery.attempted", {"delivery": str(row.id), "why": "not_home"}))
    assert tasks() == []
    planned = Delivery.get_by_id(row.id)
    deliveries.plan_again(planned, cast.wang_fang.id, date(2026, 10, 21), actor=cast.li_qiang.actor, now=now)
    assert tasks() == ["残疾人证"]


def told(**other):
    return {"death": str(uuid7()), "reporter": "女儿", "relation": "family", "source": "family"} | other


def test_a_death_told_with_the_wrong_day_is_put_right(send, put_right, cast):
    body = told(died_on="2026-10-08")
    first = accepted(send("death.reported", body))
    accepted(put_right(first, body | {"died_on": "2026-10-07"}))
    row = DeathReport.get_by_id(body["death"])
    assert (row.state, row.died_on) == ("reported", date(2026, 10, 7))
    assert Resident.get_by_id(cast.chen_guilan.id).life == "death_reported"


def test_heard_wrong_brings_the_visits_back_at_once_and_the_lead_hears_of_it(send, put_right, pull, phone, cast, now):
    body = told()
    first = accepted(send("death.reported", body))
    accepted(put_right(first, body | {"mistaken": True}, why="今天在家见到了"))
    row = DeathReport.get_by_id(body["death"])
    assert (row.state, row.decided_by_id, row.note) == ("mistaken", cast.wang_fang.id, "今天在家见到了")
    assert Resident.get_by_id(cast.chen_guilan.id).life == "presumed_alive"
    full = next(each for each in pull(phone)[0] if each["id"] == str(cast.chen_guilan.id))
    assert "life" not in full
    messages = InboxMessage.select().where(InboxMessage.person == cast.luo_guoxiu.id, InboxMessage.kind == "death")
    first_told, then = messages.order_by(InboxMessage.rev)
    assert first_told.done_at is not None
    assert then.done_at is None
    assert "今天在家见到了" in then.words


def test_told_twice_by_two_people_one_mistake_does_not_wake_anybody(send, put_right, cast, now):
    first_body = told()
    first = accepted(send("death.reported", first_body))
    accepted(send("death.reported", told(reporter="邻居", source="neighbour", relation="neighbour")))
    accepted(put_right(first, first_body | {"mistaken": True}, why="听错了"))
    assert Resident.get_by_id(cast.chen_guilan.id).life == "death_reported"


def test_a_death_the_office_confirmed_is_not_undone_from_a_phone(send, put_right, cast, now):
    body = told()
    first = accepted(send("death.reported", body))
    deaths.confirm(DeathReport.get_by_id(body["death"]), "火化证明", None, actor=cast.li_qiang.actor, now=now)
    waits(put_right(first, body | {"mistaken": True}), "already-done")
    assert Resident.get_by_id(cast.chen_guilan.id).life == "death_confirmed"


def test_somebody_noted_first_gets_the_right_name_while_nobody_knows_who_it_is(send, put_right, cast):
    new, body = uuid7(), {"name": "王桂珍", "area": cast.wang_fang.area}
    first = accepted(send("resident.provisional", body, subject=new))
    accepted(
        put_right(first, body | {"name": "王桂芳", "birth_year": 1947, "id_number": "110105194912310 02x"}, subject=new)
    )
    row = Resident.get_by_id(new)
    assert (row.name, row.initials, row.birth_year, row.id_tail) == ("王桂芳", "wgf", 1947, "002X")
    Resident.update(state="verified").where(Resident.id == new).execute()
    waits(put_right(first, body, subject=new), "already-done")


def test_a_complaint_says_something_else_until_it_is_answered(send, put_right, cast):
    body = {"complaint": str(uuid7()), "kind": "complaint", "words": "重复填"}
    first = accepted(send("complaint.made", body, subject=None))
    accepted(put_right(first, body | {"kind": "suggestion", "words": "少填一遍"}, subject=None))
    row = Complaint.get_by_id(body["complaint"])
    assert (row.kind, row.words) == ("suggestion", "少填一遍")
    Complaint.update(state="answered").execute()
    waits(put_right(first, body, subject=None), "already-done")


def test_an_answer_is_put_right_until_the_visit_is_looked_at(send, put_right, cast, now):
    body, question = visit(cast, now), uuid7()
    accepted(send("visit.ended", body))
    Visit.update(state="queried", query=question, query_words="谁在家？").execute()
    first = accepted(send("query.answered", {"query": str(question), "words": "儿子"}))
    accepted(put_right(first, {"query": str(question), "words": "女儿"}))
    assert Visit.get_by_id(body["visit"]).answer_words == "女儿"
    Visit.update(state="checked").execute()
    waits(put_right(first, {"query": str(question), "words": "孙子"}), "already-done")


def test_a_correction_is_corrected_in_its_turn(send, put_right, cast, now):
    body = visit(cast, now)
    first = accepted(send("visit.ended", body))
    second = accepted(put_right(first, body | {"notes": "是左膝盖"}))
    third = accepted(put_right(second, body | {"notes": "两个膝盖"}))
    standing = Visit.get(Visit.corrected_by.is_null())
    assert (standing.notes, str(standing.event)) == ("两个膝盖", third["id"])
    assert Visit.select().count() == 3

    asked = {"request": str(uuid7()), "words": "修路灯"}
    one = accepted(send("request.raised", asked))
    two = accepted(put_right(one, asked | {"words": "修水管"}))
    accepted(put_right(two, asked | {"words": "修水管和路灯"}))


def test_what_was_never_sent_before_is_put_right_in_the_same_batch(sync, phone, card, cast, now):
    row, body = card(), told()
    items = []
    for kind, said, right in (
        ("delivery.made", handed(row), handed(row, to="guardian", name="陈大兰")),
        ("death.reported", body, body | {"mistaken": True}),
    ):
        first = phone.sealed(phone.payload(kind, said, at=now, subject=cast.chen_guilan.id))
        change = {"corrects": first["id"], "why": "写错了", "body": right}
        items += [first, phone.sealed(phone.payload("record.corrected", change, at=now, subject=cast.chen_guilan.id))]
    assert [r["state"] for r in sync(phone, items)["receipts"]] == ["accepted"] * 4
    assert Delivery.get_by_id(row.id).made["to"] == "guardian"
    assert DeathReport.get_by_id(body["death"]).state == "mistaken"
    assert Resident.get_by_id(cast.chen_guilan.id).life == "presumed_alive"


@pytest.mark.parametrize("circle", [1, 2, 3])
def test_corrections_that_name_each_other_in_a_circle_wait_and_stop_nobody(sync, phone, cast, now, circle):
    ids = [str(uuid7()) for _ in range(circle)]

    def correction(number):
        body = {"corrects": ids[(number + 1) % circle], "why": "写错了", "body": {}}
        return phone.sealed(phone.payload("record.corrected", body, at=now, id=ids[number]))

    together = [correction(number) for number in range(circle)]
    for items in (
        together,
        [phone.sealed(phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id))],
    ):
        receipts = sync(phone, items)["receipts"]
    assert receipts[0]["state"] == "accepted"
    assert {
        (entry.state, entry.why) for entry in JournalEntry.select().where(JournalEntry.kind == "record.corrected")
    } == {("held", "record-unknown")}


def test_a_circle_closed_by_a_later_batch_waits_too(sync, phone, now):
    first, second = str(uuid7()), str(uuid7())
    for event, corrects in ((first, second), (second, first)):
        body = {"corrects": corrects, "why": "写错了", "body": {}}
        receipt = sync(phone, [phone.sealed(phone.payload("record.corrected", body, at=now, id=event))])["receipts"][0]
        assert (receipt["state"], receipt["reason"]) == ("held", "record-unknown")


def test_the_journal_still_proves_its_rows(send, put_right, card, cast, app):
    row, body = card(), told()
    accepted(put_right(accepted(send("delivery.made", handed(row))), handed(row, to="guardian", name="陈大兰")))
    accepted(put_right(accepted(send("death.reported", body)), body | {"mistaken": True}))
    leaves = [entry.leaves for entry in JournalEntry.select().where(JournalEntry.kind == "record.corrected")]
    assert all(leaf != "{}" for leaf in leaves)
