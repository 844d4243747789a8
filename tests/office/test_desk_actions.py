"""What the township does with what phones brought: each deed once, by the right person, with its event and its message."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from actions import care, complaints, deaths, deliveries, matches, requests, residents, verifications, visits
from models import (
    CareEntry,
    Complaint,
    ConsentRecord,
    DeathReport,
    Delivery,
    InboxMessage,
    JournalEntry,
    LifeVerification,
    ReadEntry,
    Request,
    Resident,
    Visit,
)
from rules import ciphers
from rules.problems import (
    AlreadyDealtWith,
    CheckerEnrolledPhone,
    CheckerIsCapturer,
    ConsentNeeded,
    FieldMissing,
    NoAgentThere,
    NotAllowed,
    NotTheSamePlace,
    OwnVisit,
    ReasonMissing,
)
from tests.office.scenes import (
    a_death,
    a_delivery,
    a_phone,
    a_provisional,
    a_request,
    a_verification,
    a_visit,
    an_event,
)
from tests.support.cast import NEXT_VILLAGE, NOW, TODAY, TOWNSHIP


def last_event(scope=TOWNSHIP):
    return JournalEntry.select().where(JournalEntry.scope == scope).order_by(JournalEntry.position.desc()).first()


def messages_of(person):
    return [
        (m.kind, m.words)
        for m in InboxMessage.select().where(InboxMessage.person == person.id, InboxMessage.done_at.is_null())
    ]


def rev_of(resident):
    return Resident.get_by_id(resident.id).rev


# ---- visits


def test_only_who_found_a_picture_fine_takes_that_back(db, cast, now):
    capture = a_verification()
    verifications.check(capture, actor=cast.li_qiang.actor, now=now)
    with pytest.raises(NotAllowed):
        verifications.reopen(capture, actor=cast.luo_guoxiu.actor, now=now)
    verifications.reopen(capture, actor=cast.li_qiang.actor, now=now)
    assert JournalEntry.select().where(JournalEntry.kind == "verification.reopened").count() == 1
    with pytest.raises(AlreadyDealtWith):
        verifications.reopen(capture, actor=cast.li_qiang.actor, now=now)


def test_a_visit_is_found_fine_once(db, cast, now):
    visit = a_visit()
    visits.check(visit, actor=cast.luo_guoxiu.actor, now=now)
    assert Visit.get_by_id(visit.id).state == "checked"
    assert last_event().kind == "visit.checked"
    with pytest.raises(AlreadyDealtWith):
        visits.check(visit, actor=cast.li_qiang.actor, now=now)


def test_a_question_waits_on_the_agents_phone(db, cast, now):
    visit, before = a_visit(), rev_of(cast.chen_guilan)
    visits.ask(visit, "签名是谁签的？", actor=cast.luo_guoxiu.actor, now=now)
    assert messages_of(cast.wang_fang) == [("query", "签名是谁签的？")]
    assert InboxMessage.get().about == Visit.get_by_id(visit.id).query
    assert rev_of(cast.chen_guilan) > before


def test_a_question_has_words(db, cast, now):
    with pytest.raises(FieldMissing):
        visits.ask(a_visit(), "  ", actor=cast.luo_guoxiu.actor, now=now)


def test_nobody_finds_their_own_visit_fine(db, cast, now):
    visit = a_visit(by=cast.wang_fang)
    with pytest.raises(OwnVisit):
        visits.check(visit, actor=cast.wang_fang.actor, now=now)


# ---- verifications


def test_a_capture_goes_to_the_agency_after_another_persons_check(db, cast, now):
    capture = a_verification()
    verifications.check(capture, actor=cast.li_qiang.actor, now=now)
    found = LifeVerification.get_by_id(capture.id)
    assert (found.state, found.checked_by_id) == ("checked_ok", cast.li_qiang.id)


def test_the_capturer_does_not_check(db, cast, now):
    capture = a_verification(by=cast.wang_fang)
    with pytest.raises(CheckerIsCapturer):
        verifications.check(capture, actor=cast.wang_fang.actor, now=now)


def test_who_enrolled_the_phone_does_not_check_for_thirty_days(db, cast, now):
    phone = a_phone(cast.wang_fang.id, TOWNSHIP, cast.luo_guoxiu.id, enrolled_at=NOW - timedelta(days=29))
    capture = a_verification(device=phone)
    with pytest.raises(CheckerEnrolledPhone) as refused:
        verifications.check(capture, actor=cast.luo_guoxiu.actor, now=now)
    assert refused.value.until == TODAY + timedelta(days=1)
    verifications.check(capture, actor=cast.li_qiang.actor, now=now)


def test_after_thirty_days_who_enrolled_the_phone_checks_too(db, cast, now):
    phone = a_phone(cast.wang_fang.id, TOWNSHIP, cast.luo_guoxiu.id, enrolled_at=NOW - timedelta(days=31))
    verifications.check(a_verification(device=phone), actor=cast.luo_guoxiu.actor, now=now)


def test_what_is_sent_back_returns_to_the_agent_with_reason_and_day(db, cast, now):
    capture, before = a_verification(), rev_of(cast.chen_guilan)
    verifications.send_back(capture, "手没拍进去", actor=cast.li_qiang.actor, now=now)
    found = LifeVerification.get_by_id(capture.id)
    assert found.state == "sent_back"
    assert found.revisit_on == date(2026, 10, 20)  # five working days
    assert messages_of(cast.wang_fang) == [("sent_back", "手没拍进去")]
    assert rev_of(cast.chen_guilan) > before
    with pytest.raises(AlreadyDealtWith):
        verifications.check(capture, actor=cast.li_qiang.actor, now=now)


def test_sending_back_needs_a_reason(db, cast, now):
    with pytest.raises(FieldMissing):
        verifications.send_back(a_verification(), "", actor=cast.li_qiang.actor, now=now)


# ---- requests


def test_a_request_is_taken_on_by_the_first_and_answered(db, cast, now):
    request = a_request()
    requests.take_on(request, actor=cast.li_qiang.actor, now=now)
    with pytest.raises(AlreadyDealtWith):
        requests.take_on(request, actor=cast.luo_guoxiu.actor, now=now)
    requests.answer(request, "下周一带身份证到窗口", actor=cast.luo_guoxiu.actor, now=now)
    found = Request.get_by_id(request.id)
    assert (found.state, found.owner_id) == ("answered", cast.li_qiang.id)
    assert messages_of(cast.wang_fang) == [("answer", "下周一带身份证到窗口")]


def test_declining_needs_a_reason_and_passing_on_a_place(db, cast, now):
    request = a_request()
    with pytest.raises(FieldMissing):
        requests.decline(request, " ", actor=cast.li_qiang.actor, now=now)
    with pytest.raises(FieldMissing):
        requests.pass_on(request, "", "", actor=cast.li_qiang.actor, now=now)
    requests.pass_on(request, "县医保局", "", actor=cast.li_qiang.actor, now=now)
    assert Request.get_by_id(request.id).passed_to == "县医保局"


# ---- deliveries


def a_plan(cast, **facts):
    given = {"what": "残疾人证", "agent": cast.wang_fang.id, "due_on": TODAY + timedelta(days=7)} | facts
    return deliveries.Plan(**given)


def test_a_result_is_given_to_an_agent_of_that_village(db, cast, now):
    resident = Resident.get_by_id(cast.chen_guilan.id)
    made = deliveries.plan(resident, a_plan(cast, who_may="本人或女儿"), actor=cast.li_qiang.actor, now=now)
    assert Delivery.get_by_id(made.id).state == "ready"
    assert messages_of(cast.wang_fang) == [("assigned", "残疾人证")]
    with pytest.raises(NoAgentThere):
        deliveries.plan(resident, a_plan(cast, agent=cast.zhao_min.id), actor=cast.li_qiang.actor, now=now)
    with pytest.raises(FieldMissing):
        deliveries.plan(resident, a_plan(cast, due_on=TODAY - timedelta(days=1)), actor=cast.li_qiang.actor, now=now)


def test_what_is_back_at_the_station_leaves_the_phone(db, cast, now):
    delivery = a_delivery(state="attempted")
    deliveries.bring_back(delivery, "搬走了", actor=cast.li_qiang.actor, now=now)
    assert Delivery.get_by_id(delivery.id).state == "back"
    deliveries.plan_again(delivery, cast.wang_fang.id, TODAY + timedelta(days=3), actor=cast.li_qiang.actor, now=now)
    assert Delivery.get_by_id(delivery.id).state == "ready"


# ---- deaths


def test_a_death_is_confirmed_with_its_source(db, cast, now):
    report = a_death()
    with pytest.raises(FieldMissing):
        deaths.confirm(report, " ", None, actor=cast.li_qiang.actor, now=now)
    deaths.confirm(report, "派出所户籍注销证明", date(2026, 10, 12), actor=cast.li_qiang.actor, now=now)
    assert Resident.get_by_id(cast.chen_guilan.id).life == "death_confirmed"
    assert DeathReport.get_by_id(report.id).died_on == date(2026, 10, 12)


@pytest.mark.parametrize("confirmed_first", [False, True])
def test_a_mistake_is_put_right_and_visits_return(db, cast, now, confirmed_first):
    report = a_death()
    if confirmed_first:
        deaths.confirm(report, "邻居说的", None, actor=cast.li_qiang.actor, now=now)
    deaths.mistaken(report, "是同名的另一位，已经上门道歉", actor=cast.li_qiang.actor, now=now)
    found = Resident.get_by_id(cast.chen_guilan.id)
    assert found.life == "presumed_alive"
    assert found.card == "full"
    assert messages_of(cast.wang_fang) == [("death", "是同名的另一位，已经上门道歉")]


# ---- complaints


def test_a_complaint_is_answered_on_the_phone(db, cast, now):
    row = Complaint(
        id=ciphers.uuid7(),
        scope=TOWNSHIP,
        kind="complaint",
        words="太慢",
        person=cast.wang_fang.id,
        made_at=NOW,
        received_at=NOW,
    )
    an_event("complaint.made", cast.wang_fang, None, [row])
    complaints.answer(row, "已经换了服务器", actor=cast.luo_guoxiu.actor, now=now)
    assert messages_of(cast.wang_fang) == [("answer", "已经换了服务器")]


# ---- residents


def test_a_desk_changes_a_record_and_keeps_what_stood_there(db, cast, now):
    found = Resident.get_by_id(cast.chen_guilan.id)
    residents.change(found, {"phone": "10286310427", "needs": "hearing"}, actor=cast.li_qiang.actor, now=now)
    assert Resident.get_by_id(found.id).phone == "10286310427"
    assert '"before":{"phone":""}' in last_event().payload


def test_who_moves_to_the_next_village_takes_their_matters_along(db, cast, now):
    found = Resident.get_by_id(cast.chen_guilan.id)
    a_visit()
    residents.change(found, {"area": NEXT_VILLAGE}, actor=cast.li_qiang.actor, now=now)
    assert Resident.get_by_id(found.id).area == NEXT_VILLAGE
    assert CareEntry.get_by_id(cast.care).area == NEXT_VILLAGE
    assert Visit.get().area == cast.chen_guilan.area
    with pytest.raises(FieldMissing):
        residents.change(found, {"area": cast.ma_xiuying.area}, actor=cast.he_jing.actor, now=now)


def test_the_full_number_is_shown_only_for_a_reason(db, cast, now):
    found = Resident.get_by_id(cast.chen_guilan.id)
    with pytest.raises(ReasonMissing):
        residents.unmask(found, " ", actor=cast.li_qiang.actor, now=now)
    assert residents.unmask(found, "填残疾人证申请", actor=cast.li_qiang.actor, now=now) == cast.chen_guilan.id_number
    look = ReadEntry.get()
    assert (look.person, look.resident, look.reason) == (cast.li_qiang.id, found.id, "填残疾人证申请")


# ---- people to match


def test_a_provisional_person_is_merged_and_parted_again(db, cast, now):
    known = Resident.get_by_id(cast.chen_guilan.id)
    here = a_provisional()
    visit = a_visit(of=type(cast.chen_guilan)(here.id, here.id, here.name, "cgl", "female", TODAY, known.area, ""))
    matches.merge(here, known, actor=cast.li_qiang.actor, now=now)
    assert Visit.get_by_id(visit.id).resident_id == known.id
    assert Resident.get_by_id(here.id).state == "merged"
    later = a_visit()
    matches.part(here, actor=cast.li_qiang.actor, now=now)
    assert Visit.get_by_id(visit.id).resident_id == here.id
    assert Visit.get_by_id(later.id).resident_id == known.id
    assert Resident.get_by_id(here.id).state == "provisional"


def test_likely_people_are_found_by_what_agrees(db, cast):
    here = a_provisional()
    found = matches.likely(here)
    assert [row.id for row, _ in found] == [cast.chen_guilan.id]
    assert found[0][1] == ("name", "village", "group", "sex", "year")


def test_two_townships_are_not_merged_here(db, cast, now):
    with pytest.raises(NotTheSamePlace):
        matches.merge(a_provisional(), Resident.get_by_id(cast.ma_xiuying.id), actor=cast.he_jing.actor, now=now)


# ---- the care roster


def agree(resident, state="given"):
    row = ConsentRecord(
        id=ciphers.uuid7(), resident=resident.id, purpose="care_roster", state=state, text_version="2026-1", told="aloud",
        by="self", at=NOW, event=ciphers.uuid7(),
    )  # fmt: skip
    row.save(force_insert=True)


def test_a_place_on_the_roster_rests_on_consent(db, cast, now):
    found = Resident.get_by_id(cast.zhou_xinglin.id)
    entry = care.enrol(found, "独居", 30, actor=cast.li_qiang.actor, now=now)
    assert entry.state == "proposed"
    with pytest.raises(ConsentNeeded):
        care.resume(entry, actor=cast.li_qiang.actor, now=now)
    agree(found)
    assert care.resume(entry, actor=cast.li_qiang.actor, now=now).state == "enrolled"
    care.pause(entry, "去女儿家", actor=cast.li_qiang.actor, now=now)
    care.leave(entry, "搬走了", actor=cast.li_qiang.actor, now=now)
    assert CareEntry.get_by_id(entry.id).state == "left"


def test_a_no_is_respected(db, cast, now):
    found = Resident.get_by_id(cast.zhou_xinglin.id)
    agree(found, "refused")
    with pytest.raises(ConsentNeeded):
        care.enrol(found, "独居", 30, actor=cast.li_qiang.actor, now=now)
    assert not CareEntry.select().where(CareEntry.resident == found.id).exists()
