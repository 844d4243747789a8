"""Each kind of record a phone can bring, what it changes, and when it has to wait for people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from actions import care, complaints, held, verifications, verify
from models import (
    Badge,
    CareEntry,
    Challenge,
    Clash,
    Complaint,
    ConsentRecord,
    DeathReport,
    Delivery,
    InboxMessage,
    JournalEntry,
    LifeVerification,
    Person,
    Post,
    ReadEntry,
    Request,
    Resident,
    Visit,
)
from rules.ciphers import uuid7
from rules.problems import AdopterIsAuthor, AlreadyDealtWith, HeldHasNoEffect
from tests.support.cast import TOWNSHIP, VILLAGE
from tests.support.device import instant
from tests.sync.conftest import the, visit

MARK = {"kind": "signature", "role": "mark"}


@pytest.fixture
def send(sync, phone, cast, now):
    """One record of 王芳's about 陈桂兰; gives its receipt."""

    def sent(kind, body, *, at=None, subject=cast.chen_guilan.id, **other):
        payload = phone.payload(kind, body, at=at or now, subject=subject, **other)
        return the(sync(phone, [phone.sealed(payload)]))

    return sent


def accepted(receipt):
    assert (receipt["state"], receipt.get("reason", "")) == ("accepted", "")
    return receipt


def waits(receipt, why):
    assert (receipt["state"], receipt["reason"]) == ("held", why)
    return JournalEntry.get(JournalEntry.id == receipt["id"])


# ---- visits: what the lead is asked to look at


def flags(body):
    return set(filter(None, Visit.get_by_id(body["visit"]).flags.split(",")))


def test_an_ordinary_visit_shows_no_exception(send, cast, now):
    body = visit(cast, now)
    accepted(send("visit.ended", body))
    assert flags(body) == set()


def test_a_visit_that_stayed_on_the_phone_for_longer_than_three_days_is_late(send, cast, now):
    for days, expected in ((3, set()), (3.01, {"late"})):
        at = now - timedelta(days=days)
        body = visit(cast, at, ended_at=instant(at))
        accepted(send("visit.ended", body, at=at))
        assert flags(body) == expected


def test_a_clock_that_is_far_off_is_put_right_and_shown(send, cast, now):
    fast = now + timedelta(minutes=47)
    body = visit(cast, fast)
    accepted(send("visit.ended", body, at=fast, offset_ms=-47 * 60_000))
    assert flags(body) == {"clock"}
    assert Visit.get_by_id(body["visit"]).ended_at == now - timedelta(minutes=1)


def test_a_clock_outside_its_trusted_time_is_not_believed(send, cast, now):
    later = now + timedelta(days=200)
    body = visit(cast, later)
    accepted(send("visit.ended", body, at=later))
    row = Visit.get_by_id(body["visit"])
    assert flags(body) == {"clock"}
    assert (row.ended_at, row.started_at) == (now - timedelta(minutes=1), now - timedelta(minutes=20))


@pytest.mark.parametrize("began", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_visit_of_no_real_time_is_kept_and_its_page_opens(send, cast, now, desk, began):
    body = visit(cast, now, started_at=began)
    accepted(send("visit.ended", body, at=now))
    row = Visit.get_by_id(body["visit"])
    assert datetime(2000, 1, 1, tzinfo=UTC) <= row.started_at <= now
    assert "陈桂兰" in desk(cast.luo_guoxiu).get(f"/office/visits/{row.id}")


def test_a_phone_that_never_heard_the_time_is_shown(send, cast, now):
    body = visit(cast, now)
    accepted(send("visit.ended", body, offset_ms=None, offset_age_s=None))
    assert flags(body) == {"unsure_time"}


def test_two_homes_at_one_time_are_shown_but_not_two_people_of_one_home(send, cast, now):
    first, second = visit(cast, now), visit(cast, now)
    accepted(send("visit.ended", first))
    accepted(send("visit.ended", second, subject=cast.zhou_xinglin.id))
    assert (flags(first), flags(second)) == (set(), {"overlap"})
    Resident.update(household=cast.chen_guilan.household).where(Resident.id == cast.zhou_xinglin.id).execute()
    third = visit(cast, now - timedelta(days=1))
    fourth = visit(cast, now - timedelta(days=1))
    accepted(send("visit.ended", third, at=now - timedelta(days=1)))
    accepted(send("visit.ended", fourth, at=now - timedelta(days=1), subject=cast.zhou_xinglin.id))
    assert (flags(third), flags(fourth)) == (set(), set())


def test_no_mark_twice_in_a_row_is_shown(send, cast, now):
    found = []
    for days in (2, 1, 0):
        at = now - timedelta(days=days)
        body = visit(cast, at, mark={"kind": "none", "why": "手在干活"})
        accepted(send("visit.ended", body, at=at))
        found.append(flags(body))
    assert found == [set(), {"no_mark"}, {"no_mark"}]


def unmarked(cast, at):
    return visit(cast, at, mark={"kind": "none", "why": "手在干活"})


def test_no_mark_twice_in_a_row_is_shown_also_of_what_comes_at_once(sync, phone, cast, now):
    bodies, items = [], []
    for days in (2, 1):
        at = now - timedelta(days=days)
        bodies.append(unmarked(cast, at))
        items.append(phone.sealed(phone.payload("visit.ended", bodies[-1], at=at, subject=cast.chen_guilan.id)))
    sync(phone, items)
    assert [flags(body) for body in bodies] == [set(), {"no_mark"}]


def test_a_visit_is_compared_with_the_one_before_it_not_with_a_later_one_that_came_first(send, cast, now):
    first, second, third = (now - timedelta(hours=hours) for hours in (30, 20, 10))
    accepted(send("visit.ended", visit(cast, first), at=first))
    accepted(send("visit.ended", unmarked(cast, third), at=third))
    late = unmarked(cast, second)
    accepted(send("visit.ended", late, at=second))
    assert flags(late) == set()


def test_kin_and_an_expired_badge_are_shown(send, cast, now):
    Person.update(kin=[str(cast.chen_guilan.id)]).where(Person.id == cast.wang_fang.id).execute()
    Badge.create(
        public_id="x" * 16, number="HL-1", person=cast.wang_fang.id, scope=TOWNSHIP, area=VILLAGE, name="王芳", unit="",
        duty="", valid_from=date(2025, 10, 13), valid_to=date(2026, 10, 12), issued_by=cast.luo_guoxiu.id,
        issued_at=now - timedelta(days=365), secret="s",
    )  # fmt: skip
    body = visit(cast, now)
    accepted(send("visit.ended", body))
    assert flags(body) == {"kin", "badge"}


def test_a_badge_counts_on_its_last_day(send, cast, now):
    Badge.create(
        public_id="x" * 16, number="HL-1", person=cast.wang_fang.id, scope=TOWNSHIP, area=VILLAGE, name="王芳", unit="",
        duty="", valid_from=date(2025, 10, 13), valid_to=date(2026, 10, 13), issued_by=cast.luo_guoxiu.id,
        issued_at=now - timedelta(days=365), secret="s",
    )  # fmt: skip
    body = visit(cast, now)
    accepted(send("visit.ended", body))
    assert flags(body) == set()


def test_more_than_six_verifications_in_an_hour_are_shown(send, sync, phone, cast, now):
    bodies, items = [], []
    for number in range(7):
        at = now - timedelta(minutes=70 - 8 * number)
        body = visit(cast, at, reasons=["verification"], started_at=instant(at - timedelta(minutes=5)))
        taken = capture(cast, at, visit=body["visit"])
        for kind, what in (("verification.captured", taken), ("visit.ended", body)):
            items.append(phone.sealed(phone.payload(kind, what, at=at, subject=cast.chen_guilan.id)))
        bodies.append(body)
    answer = sync(phone, items[:8])
    assert {r["state"] for r in answer["receipts"]} == {"accepted"}
    assert all("many" not in flags(body) for body in bodies[:4])
    sync(phone, items[8:])
    assert all("many" in flags(body) for body in bodies)


def test_nobody_home_sets_the_day_of_the_next_try(send, pull, phone, cast, now):
    body = visit(cast, now, outcome="not_home", mark=None)
    accepted(send("visit.ended", body))
    assert Visit.get_by_id(body["visit"]).return_on == date(2026, 10, 20)
    card = next(row for row in pull(phone)[0] if row["card"] == "full")
    assert card["tries"] == 1
    assert {"id": body["visit"], "kind": "revisit", "due_on": "2026-10-20"} in card["tasks"]


def test_a_day_agreed_at_the_door_counts_first(send, cast, now):
    body = visit(cast, now, outcome="not_home", return_on="2026-10-15")
    accepted(send("visit.ended", body))
    assert Visit.get_by_id(body["visit"]).return_on == date(2026, 10, 15)


def test_a_care_visit_sets_the_day_of_the_next_one(send, cast, now):
    accepted(send("visit.ended", visit(cast, now)))
    assert CareEntry.get_by_id(cast.care).next_visit_on == date(2026, 11, 12)


def test_a_visit_whose_id_is_used_waits(send, cast, now):
    body = visit(cast, now)
    accepted(send("visit.ended", body))
    waits(send("visit.ended", body), "id-used")


# ---- life verification


def capture(cast, at, **other):
    return {
        "verification": str(uuid7()), "visit": str(uuid7()), "entitlements": [str(cast.entitlement)],
        "gesture": "thumb-up", "document": "id_card", "condition": "healthy",
        "witness": {"name": "周兴林", "relation": "邻居"}, "kin": False,
        "captured_at": instant(at - timedelta(minutes=5)), "mark": MARK,
    } | other  # fmt: skip


def test_a_capture_waits_for_its_check_and_the_card_says_so(send, pull, phone, cast, now):
    card = next(row for row in pull(phone)[0] if row["card"] == "full")
    body = capture(cast, now, challenge=card["challenge"]["id"])
    accepted(send("verification.captured", body))
    row = LifeVerification.get_by_id(body["verification"])
    assert (row.state, row.challenge_lapsed, row.kin) == ("captured", False, False)
    card = next(row for row in pull(phone)[0] if row["card"] == "full")
    assert card["entitlements"][0]["taken"] == "captured"
    assert (card["condition"], card["witness"]) == ("healthy", {"name": "周兴林", "relation": "邻居"})
    assert "challenge" not in card


@pytest.mark.parametrize(("ends", "lapsed"), [(-5, False), (-5.01, True)])
def test_a_lapsed_challenge_is_marked_and_never_refused(send, cast, now, ends, lapsed):
    challenge = Challenge.create(
        person=cast.wang_fang.id, resident=cast.chen_guilan.id, gestures={}, issued_at=now - timedelta(days=30),
        ends_at=now + timedelta(minutes=ends),
    )  # fmt: skip
    body = capture(cast, now, challenge=str(challenge.id))
    accepted(send("verification.captured", body))
    assert LifeVerification.get_by_id(body["verification"]).challenge_lapsed is lapsed


def test_a_challenge_of_somebody_else_or_none_is_marked(send, cast, now):
    foreign = Challenge.create(
        person=cast.zhao_min.id,
        resident=cast.chen_guilan.id,
        gestures={},
        issued_at=now,
        ends_at=now + timedelta(days=30),
    )
    for challenge in (str(foreign.id), None):
        body = capture(cast, now, challenge=challenge)
        accepted(send("verification.captured", body))
        assert LifeVerification.get_by_id(body["verification"]).challenge_lapsed is True


def test_declared_kin_is_kin_whatever_was_ticked(send, cast, now):
    Person.update(kin=[str(cast.chen_guilan.id)]).where(Person.id == cast.wang_fang.id).execute()
    body = capture(cast, now)
    accepted(send("verification.captured", body))
    assert LifeVerification.get_by_id(body["verification"]).kin is True


def test_taking_a_picture_again_ends_the_task(send, pull, phone, cast, now):
    first = capture(cast, now)
    accepted(send("verification.captured", first))
    LifeVerification.update(state="sent_back", sent_back_why="手没拍进去").execute()
    tasks = next(row for row in pull(phone)[0] if row["card"] == "full")["tasks"]
    assert "retake" in {task["kind"] for task in tasks}
    accepted(send("verification.captured", capture(cast, now, retake_of=first["verification"])))
    tasks = next(row for row in pull(phone)[0] if row["card"] == "full")["tasks"]
    assert "retake" not in {task["kind"] for task in tasks}


def test_not_found_is_not_dead(send, pull, phone, cast, now):
    body = {"verification": str(uuid7()), "entitlements": [str(cast.entitlement)], "outcome": "not_home"}
    accepted(send("verification.not_taken", body))
    row = LifeVerification.get_by_id(body["verification"])
    assert (row.state, row.outcome) == ("closed_other", "not_home")
    card = next(row for row in pull(phone)[0] if row["card"] == "full")
    assert "taken" not in card["entitlements"][0]
    assert "life" not in card


# ---- consent


def consent(purpose="life_verification", **other):
    return {
        "consent": str(uuid7()),
        "purpose": purpose,
        "text_version": "2026-1",
        "told": "aloud",
        "mark": MARK,
    } | other


def test_consent_stands_until_it_is_withdrawn(send, pull, phone, cast, now):
    accepted(send("consent.given", consent(), at=now - timedelta(hours=2)))
    assert next(row for row in pull(phone)[0] if row["card"] == "full")["consents"] == {"life_verification": "given"}
    accepted(send("consent.withdrawn", consent(), at=now - timedelta(hours=1)))
    assert next(row for row in pull(phone)[0] if row["card"] == "full")["consents"] == {
        "life_verification": "withdrawn"
    }
    assert [row.state for row in ConsentRecord.select().order_by(ConsentRecord.at)] == ["given", "withdrawn"]
    assert InboxMessage.get().person_id == cast.luo_guoxiu.id


def test_without_consent_nobody_stays_on_the_care_roster(send, cast, now):
    accepted(send("consent.withdrawn", consent("care_roster")))
    entry = CareEntry.get_by_id(cast.care)
    assert (entry.state, entry.next_visit_on) == ("paused", None)


@pytest.fixture
def proposed(db, cast, now):
    """The desk would like 周兴林 on the roster."""
    return care.enrol(Resident.get_by_id(cast.zhou_xinglin.id), "独居", 30, actor=cast.li_qiang.actor, now=now)


def card_of(cast, rows):
    return next(row for row in rows if row["id"] == str(cast.zhou_xinglin.id))


def test_whom_the_desk_proposes_for_the_roster_is_asked_by_the_agent(proposed, send, pull, phone, cast, now):
    card = card_of(cast, pull(phone)[0])
    assert card["card"] == "full"
    assert card["tasks"] == [{"id": str(proposed.id), "kind": "consent", "what": "care_roster", "why": "独居"}]
    yes = consent("care_roster")
    accepted(send("consent.given", yes, subject=cast.zhou_xinglin.id))
    entry = CareEntry.get_by_id(proposed.id)
    assert (entry.state, str(entry.consent)) == ("enrolled", yes["consent"])
    assert (entry.next_visit_on, entry.review_on) == (date(2026, 11, 12), date(2027, 4, 30))
    assert card_of(cast, pull(phone)[0])["tasks"] == [{"id": str(proposed.id), "kind": "care", "due_on": "2026-11-12"}]
    assert verify.verify().broken == []


def test_a_no_ends_the_proposal_and_its_words_stay(proposed, send, pull, phone, cast):
    accepted(send("consent.refused", consent("care_roster", why="女儿在家"), subject=cast.zhou_xinglin.id))
    entry = CareEntry.get_by_id(proposed.id)
    assert (entry.state, entry.reason, entry.next_visit_on) == ("left", "独居。女儿在家", None)
    assert card_of(cast, pull(phone)[0])["card"] == "name"


def test_a_yes_to_something_else_leaves_the_proposal_as_it_is(proposed, send, cast):
    accepted(send("consent.given", consent("request_papers"), subject=cast.zhou_xinglin.id))
    assert CareEntry.get_by_id(proposed.id).state == "proposed"


# ---- requests, deliveries


def test_a_request_waits_to_be_taken_on(send, cast, now):
    body = {"request": str(uuid7()), "words": "想办残疾证", "may_act": {"name": "周兴林"}, "papers": ["户口簿"]}
    accepted(send("request.raised", body))
    row = Request.get_by_id(body["request"])
    assert (row.state, row.words, row.may_act, row.papers) == ("raised", "想办残疾证", {"name": "周兴林"}, ["户口簿"])


@pytest.fixture
def carried(cast, now):
    return Delivery.create(
        resident=cast.chen_guilan.id, scope=TOWNSHIP, area=VILLAGE, what="社保卡", money_function=True,
        agent=cast.wang_fang.id, due_on=date(2026, 10, 20), planned_by=cast.li_qiang.id, planned_at=now,
    )  # fmt: skip


def made(delivery, **other):
    return {"delivery": str(delivery.id), "to": "self", "identity_seen": "id_card", "mark": MARK} | other


def test_only_the_recipients_own_act_closes_a_delivery(send, cast, now, carried):
    accepted(send("delivery.attempted", {"delivery": str(carried.id), "why": "not_home"}))
    row = Delivery.get_by_id(carried.id)
    assert (row.state, row.tries, row.made) == ("attempted", 1, {"why": "not_home"})
    accepted(send("delivery.made", made(carried)))
    row = Delivery.get_by_id(carried.id)
    assert (row.state, row.done_at, row.made["to"]) == ("delivered", now, "self")
    waits(send("delivery.made", made(carried)), "already-done")


def test_a_card_with_money_goes_only_into_the_persons_or_the_guardians_hands(send, cast, now, carried):
    entry = waits(
        send("delivery.made", made(carried, to="household_adult", name="周强", relation="儿子")), "money-function"
    )
    assert Delivery.get_by_id(carried.id).state == "ready"
    with pytest.raises(HeldHasNoEffect):
        held.adopt([entry], why="", actor=cast.luo_guoxiu.actor, now=now)
    accepted(send("delivery.made", made(carried, to="guardian")))


def test_a_delivery_for_somebody_else_or_unknown_waits(send, cast, now, carried):
    waits(send("delivery.made", made(carried), subject=cast.zhou_xinglin.id), "record-unknown")
    waits(send("delivery.made", made(carried) | {"delivery": str(uuid7())}), "record-unknown")


# ---- people


def noted(**changes):
    return {"changes": {name: {"base": base, "value": value} for name, (base, value) in changes.items()}}


def test_a_field_as_the_agent_saw_it_takes_the_new_value(send, cast, now):
    helper = '{"name":"周兴林","phone":"10200000003"}'
    accepted(
        send(
            "resident.noted",
            noted(
                phone=("", "10200000001"),
                needs=("hearing", "hearing,mobility"),
                no_phone=("", "true"),
                helper=("", helper),
            ),
        )
    )
    row = Resident.get_by_id(cast.chen_guilan.id)
    assert (row.phone, row.needs, row.no_phone) == ("10200000001", "hearing,mobility", True)
    assert row.helper == {"name": "周兴林", "phone": "10200000003"}
    assert not Clash.select().exists()


def test_a_field_the_desk_changed_meanwhile_is_a_clash_and_never_silent(send, cast, now):
    Resident.update(phone="10200000009").where(Resident.id == cast.chen_guilan.id).execute()
    accepted(send("resident.noted", noted(phone=("", "10200000001"), hours=(None, "晚上"))))
    row = Resident.get_by_id(cast.chen_guilan.id)
    assert (row.phone, row.hours) == ("10200000009", "晚上")
    clash = Clash.get()
    assert (clash.field, clash.base, clash.ours, clash.theirs) == ("phone", "", "10200000009", "10200000001")


def test_two_phones_that_noted_the_same_do_not_clash(send, cast, now):
    for _ in range(2):
        accepted(send("resident.noted", noted(phone=("", "10200000001"))))
    assert not Clash.select().exists()


def provisional(**other):
    return {
        "name": "罗正英",
        "sex": "female",
        "birth_year": 1950,
        "area": VILLAGE,
        "group": "2组",
        "why": "名单里没有",
    } | other


def test_somebody_not_in_the_pack_is_recorded_and_visited_at_once(sync, phone, cast, now, pull):
    new = uuid7()
    person = phone.payload("resident.provisional", provisional(), at=now, subject=new)
    seen = phone.payload("visit.ended", visit(cast, now), at=now, subject=new)
    answer = sync(phone, [phone.sealed(person), phone.sealed(seen)])
    assert [r["state"] for r in answer["receipts"]] == ["accepted", "accepted"]
    row = Resident.get_by_id(new)
    assert (row.state, row.name, row.initials, row.birth_year) == ("provisional", "罗正英", "lzy", 1950)
    card = next(row for row in pull(phone)[0] if row["id"] == str(new))
    assert (card["card"], card["state"]) == ("full", "provisional")


def test_a_known_number_is_taken_in_without_a_word(send, cast, now, phone):
    receipt = accepted(send("resident.provisional", provisional(id_number=cast.chen_guilan.id_number), subject=uuid7()))
    assert receipt.get("reason", "") == ""
    known = Resident.get_by_id(cast.chen_guilan.id)
    assert (
        Resident.select().where((Resident.id_lookup == known.id_lookup) & (Resident.state == "provisional")).count()
        == 1
    )


def test_nobody_is_recorded_outside_the_agents_villages(send, cast, now):
    waits(send("resident.provisional", provisional(area=cast.ma_xiuying.area), subject=uuid7()), "resident-elsewhere")
    waits(send("resident.provisional", provisional(), subject=cast.chen_guilan.id), "resident-exists")


def test_a_visit_to_somebody_unknown_waits(send, cast, now):
    waits(send("visit.ended", visit(cast, now), subject=uuid7()), "resident-unknown")


def test_what_is_said_of_somebody_merged_belongs_to_whom_they_turned_out_to_be(send, cast, now):
    Resident.update(state="merged", merged_into=cast.chen_guilan.id).where(
        Resident.id == cast.zhou_xinglin.id
    ).execute()
    body = visit(cast, now)
    accepted(send("visit.ended", body, subject=cast.zhou_xinglin.id))
    assert Visit.get_by_id(body["visit"]).resident_id == cast.chen_guilan.id


def test_looking_at_a_full_number_is_logged_with_its_reason(send, cast, now):
    accepted(send("resident.unmasked", {"why": "对身份证"}))
    entry = ReadEntry.get()
    assert (entry.person, entry.resident, entry.what, entry.reason) == (
        cast.wang_fang.id,
        cast.chen_guilan.id,
        "id-number",
        "对身份证",
    )


def test_a_death_stops_all_visits_at_once(send, pull, phone, cast, now):
    body = {"death": str(uuid7()), "reporter": "周强", "relation": "儿子", "source": "family", "died_on": "2026-10-12"}
    accepted(send("death.reported", body))
    assert DeathReport.get_by_id(body["death"]).state == "reported"
    card = next(row for row in pull(phone)[0] if row["name"] == "陈桂兰")
    assert card["life"] == "death_reported"
    assert not {"tasks", "challenge", "id_number"} & set(card)
    message = InboxMessage.get()
    assert (message.person_id, message.kind, message.about) == (cast.luo_guoxiu.id, "death", DeathReport.get().id)


def test_a_complaint_is_about_nobody(send, cast, now):
    body = {"complaint": str(uuid7()), "kind": "suggestion", "words": "字再大一点"}
    accepted(send("complaint.made", body, subject=None))
    assert Complaint.get_by_id(body["complaint"]).person_id == cast.wang_fang.id


def test_the_leads_hear_of_a_complaint_until_it_is_answered(send, cast, now):
    body = {"complaint": str(uuid7()), "kind": "complaint", "words": "要填两次"}
    accepted(send("complaint.made", body, subject=None))
    message = InboxMessage.get()
    assert (message.person_id, message.kind, str(message.about)) == (cast.luo_guoxiu.id, "complaint", body["complaint"])
    row = Complaint.get_by_id(body["complaint"])
    complaints.answer(row, "下月起不用了", actor=cast.luo_guoxiu.actor, now=now)
    assert [(m.person_id, m.kind) for m in InboxMessage.select().where(InboxMessage.done_at.is_null())] == [
        (cast.wang_fang.id, "answer")
    ]


# ---- questions and corrections


def test_an_answer_reaches_the_question(send, cast, now):
    body, question = visit(cast, now), uuid7()
    accepted(send("visit.ended", body))
    Visit.update(state="queried", query=question, query_words="谁在家？").execute()
    accepted(send("query.answered", {"query": str(question), "words": "儿子"}))
    row = Visit.get_by_id(body["visit"])
    assert (row.state, row.answer_words) == ("answered", "儿子")
    waits(send("query.answered", {"query": str(question), "words": "女儿"}), "already-done")


def test_a_correction_stands_in_place_of_the_old_record_which_stays(send, pull, phone, cast, now):
    body = visit(cast, now)
    first = accepted(send("visit.ended", body))
    right = body | {"notes": "是左膝盖"}
    second = accepted(send("record.corrected", {"corrects": first["id"], "why": "写错了", "body": right}))
    old, new = Visit.get_by_id(body["visit"]), Visit.get(Visit.event == second["id"])
    assert (str(old.corrected_by), old.notes) == (second["id"], "膝盖好些了")
    assert (new.notes, new.ended_at, new.number) == ("是左膝盖", old.ended_at, second["number"])
    assert [p["notes"] for p in next(row for row in pull(phone)[0] if row["card"] == "full")["past"]] == ["是左膝盖"]


def test_a_record_corrected_before_it_was_ever_sent(sync, phone, cast, now):
    body = visit(cast, now)
    first = phone.sealed(phone.payload("visit.ended", body, at=now, subject=cast.chen_guilan.id))
    change = {"corrects": first["id"], "why": "写错了", "body": body | {"notes": "是左膝盖"}}
    second = phone.sealed(phone.payload("record.corrected", change, at=now, subject=cast.chen_guilan.id))
    assert [r["state"] for r in sync(phone, [first, second])["receipts"]] == ["accepted", "accepted"]
    assert Visit.select().where(Visit.corrected_by.is_null()).get().notes == "是左膝盖"
    assert Visit.select().count() == 2


@pytest.mark.parametrize(
    ("first_at", "again_at", "outcome"),
    [
        ("2026-10-13T02:00", "2026-10-15T15:59", "accepted"),  # a Tuesday; Thursday is the second working day
        ("2026-10-13T02:00", "2026-10-15T16:00", "held"),
        ("2026-09-30T02:00", "2026-10-09T15:59", "accepted"),  # over the National Day week: 8 and 9 October
        ("2026-09-30T02:00", "2026-10-09T16:00", "held"),
        ("2026-10-16T02:00", "2026-10-20T15:59", "accepted"),  # over a weekend
    ],
)
def test_a_correction_has_two_working_days(send, clock, cast, first_at, again_at, outcome):
    first_at, again_at = (datetime.fromisoformat(f"{text}:00+00:00") for text in (first_at, again_at))
    clock.now = first_at
    body = visit(cast, first_at)
    first = accepted(send("visit.ended", body, at=first_at))
    clock.now = again_at
    receipt = send("record.corrected", {"corrects": first["id"], "why": "写错了", "body": body}, at=again_at)
    assert (receipt["state"], receipt.get("reason", "")) == (outcome, "" if outcome == "accepted" else "too-late")


def test_nobody_corrects_another_persons_record(send, sync, cast, now, client):
    body = visit(cast, now)
    first = accepted(send("visit.ended", body))
    JournalEntry.update(actor=cast.zhao_min.id).where(JournalEntry.id == first["id"]).execute()
    waits(send("record.corrected", {"corrects": first["id"], "why": "", "body": body}), "not-own-record")
    waits(send("record.corrected", {"corrects": str(uuid7()), "why": "", "body": body}), "record-unknown")


def test_what_was_written_beside_a_picture_can_be_put_right_before_the_check(send, cast, now):
    body = capture(cast, now)
    first = accepted(send("verification.captured", body))
    change = {"corrects": first["id"], "why": "看错了", "body": body | {"condition": "weak"}}
    accepted(send("record.corrected", change))
    assert LifeVerification.get_by_id(body["verification"]).condition == "weak"
    LifeVerification.update(state="checked_ok").execute()
    waits(send("record.corrected", change), "already-done")


# ---- held, adopted, answered


@pytest.fixture
def too_late(send, cast, now):
    """A visit of a day on which 王芳's post may have been over."""
    Post.update(to_on=date(2026, 10, 12)).where(Post.id == cast.wang_fang.post).execute()
    body = visit(cast, now)
    return body, waits(send("visit.ended", body), "time-uncertain")


def test_an_adopted_record_takes_effect_as_its_author_wrote_it(too_late, sync, phone, cast, clock):
    body, entry = too_late
    assert not Visit.select().exists()
    later = clock.forward(days=5)
    held.adopt([entry], why="那天还在岗", actor=cast.luo_guoxiu.actor, now=later)
    row = Visit.get_by_id(body["visit"])
    assert (row.person_id, row.received_at, row.flags) == (cast.wang_fang.id, entry.received_at, "")
    assert row.number == entry.number
    assert JournalEntry.get(JournalEntry.kind == "held.adopted").actor == cast.luo_guoxiu.id
    answer = sync(phone)
    assert answer["inbox"][0]["about"] == str(entry.id)
    assert [(r["id"], r["state"]) for r in answer["receipts"]] == [(str(entry.id), "accepted")]
    with pytest.raises(AlreadyDealtWith):
        held.adopt([entry], why="", actor=cast.luo_guoxiu.actor, now=later)


def test_an_answered_record_has_no_effect_and_its_author_hears_why(too_late, sync, phone, cast, now):
    _, entry = too_late
    held.answer([entry], words="岗已经停了", actor=cast.luo_guoxiu.actor, now=now)
    assert not Visit.select().exists()
    answer = sync(phone)
    assert answer["inbox"][0]["words"] == "岗已经停了"
    assert [(r["state"], r["reason"]) for r in answer["receipts"]] == [("held", "time-uncertain")]


def test_nobody_adopts_an_own_record(too_late, cast, now):
    with pytest.raises(AdopterIsAuthor):
        held.adopt([too_late[1]], why="", actor=cast.wang_fang.actor, now=now)


def test_what_cannot_be_understood_can_only_be_answered(send, cast, now):
    entry = waits(send("seal.used", {}), "unknown-kind")
    with pytest.raises(HeldHasNoEffect):
        held.adopt([entry], why="", actor=cast.luo_guoxiu.actor, now=now)
    held.answer([entry], words="请更新程序", actor=cast.luo_guoxiu.actor, now=now)


def test_a_lead_decides_nothing_about_somebody_of_another_township(send, cast, now):
    told = {"death": str(uuid7()), "reporter": "邻居", "source": "neighbour"}
    entry = waits(send("death.reported", told, subject=cast.ma_xiuying.id), "resident-elsewhere")
    with pytest.raises(HeldHasNoEffect):
        held.adopt([entry], why="", actor=cast.luo_guoxiu.actor, now=now)
    assert Resident.get_by_id(cast.ma_xiuying.id).life == "presumed_alive"
    held.adopt([entry], why="问过村里", actor=cast.he_jing.actor, now=now)
    assert Resident.get_by_id(cast.ma_xiuying.id).life == "death_reported"


def test_a_correction_after_its_term_can_be_adopted(send, clock, cast, now):
    body = visit(cast, now)
    first = accepted(send("visit.ended", body))
    later = clock.forward(days=9)
    change = {"corrects": first["id"], "why": "写错了", "body": body | {"notes": "是左膝盖"}}
    entry = waits(send("record.corrected", change, at=later), "too-late")
    held.adopt([entry], why="", actor=cast.luo_guoxiu.actor, now=later)
    assert Visit.select().where(Visit.corrected_by.is_null()).get().notes == "是左膝盖"


# ---- what a lead has to do something about


def a_try(cast, **why):
    return {"verification": str(uuid7()), "entitlements": [str(cast.entitlement)], **why}


def test_a_relation_asks_for_another_agent_and_is_known_as_one(send, cast, pull, phone):
    body = a_try(cast, outcome="kin")
    accepted(send("verification.not_taken", body))
    told = [(m.person_id, m.kind, m.subject, str(m.about)) for m in InboxMessage.select()]
    assert told == [(cast.luo_guoxiu.id, "kin", cast.chen_guilan.id, body["verification"])]
    card = next(row for row in pull(phone)[0] if row["id"] == str(cast.chen_guilan.id))
    assert card["kin"] is True, "the phone goes on asking for somebody else"
    assert verify.verify().broken == []
    accepted(send("verification.not_taken", a_try(cast, outcome="kin")))
    assert Person.get_by_id(cast.wang_fang.id).kin == [str(cast.chen_guilan.id)], "said twice, noted once"
    assert verify.verify().broken == []


def test_the_leads_hear_of_whoever_may_no_longer_be_entitled(send, cast, now):
    accepted(
        send("verification.not_taken", a_try(cast, outcome="suspected_loss", loss="missing", remarks="村主任说的"))
    )
    told = [(m.person_id, m.kind, m.subject, m.words) for m in InboxMessage.select()]
    assert told == [(cast.luo_guoxiu.id, "loss", cast.chen_guilan.id, "村主任说的")]
    verifications.pass_on(LifeVerification.get(), actor=cast.li_qiang.actor, now=now)
    assert InboxMessage.get().done_at == now, "passed on, so nobody is asked any more"
    assert verify.verify().broken == []


def test_of_somebody_away_no_lead_hears(send, cast):
    accepted(send("verification.not_taken", a_try(cast, outcome="away")))
    assert not InboxMessage.select().exists()
