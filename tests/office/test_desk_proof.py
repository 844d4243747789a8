"""Whatever a desk does is proven by its event: after a day of deeds the journal and every row still prove."""

from __future__ import annotations

from datetime import timedelta

from actions import (
    accounts,
    care,
    complaints,
    county_settings,
    deaths,
    deliveries,
    matches,
    people,
    requests,
    residents,
    verifications,
    verify,
    visits,
)
from models import CareEntry, Complaint, Person, Post, Resident, Visit
from rules import ciphers
from rules.actors import Role
from tests.office.scenes import a_death, a_provisional, a_request, a_verification, a_visit, an_event
from tests.support.cast import NEXT_VILLAGE, NOW, TODAY, TOWNSHIP, VILLAGE


def rows_broken():
    """What does not prove. The phones of scenes.py sign nothing, which is not what this asks."""
    return [line for line in verify.verify().broken if "signed by a phone that is not here" not in line]


def test_after_a_day_at_the_desk_every_row_proves(db, cast, now):
    officer, lead = cast.li_qiang.actor, cast.luo_guoxiu.actor
    chen, zhou = (Resident.get_by_id(each.id) for each in (cast.chen_guilan, cast.zhou_xinglin))
    who = {"actor": officer, "now": now}
    visits.check(a_visit(), **who)
    asked = a_visit()
    visits.ask(asked, "谁签的名？", **who)
    verifications.check(a_verification(), **who)
    verifications.reopen(verifications.check(a_verification(), **who), **who)
    verifications.send_back(a_verification(of=cast.zhou_xinglin), "看不清", **who)
    requests.take_on(request := a_request(), **who)
    requests.answer(request, "下周一", **who)
    plan = deliveries.Plan("残疾人证", cast.wang_fang.id, TODAY + timedelta(days=7))
    made = deliveries.plan(chen, plan, **who)
    deliveries.bring_back(made, "没人", **who)
    deliveries.plan_again(made, cast.wang_fang.id, TODAY + timedelta(days=3), **who)
    here = a_provisional()
    a_visit(of=type(cast.chen_guilan)(here.id, here.id, here.name, "cgl", "female", TODAY, VILLAGE, ""))
    matches.merge(here, chen, **who)
    matches.part(here, **who)
    matches.accept(here, **who)
    residents.change(chen, {"phone": "10286310427", "area": NEXT_VILLAGE, "name": "陈桂蓝"}, **who)
    entry = care.enrol(zhou, "独居", 30, **who)
    care.leave(entry, "搬走", **who)
    care.pause(CareEntry.get_by_id(cast.care), "住院", **who)
    row = Complaint(
        id=ciphers.uuid7(),
        scope=TOWNSHIP,
        kind="complaint",
        words="慢",
        person=cast.wang_fang.id,
        made_at=NOW,
        received_at=NOW,
    )
    an_event("complaint.made", cast.wang_fang, None, [row])
    complaints.answer(row, "在改", actor=lead, now=now)
    new = people.add("田兴文", people.NewPost(Role.AGENT, VILLAGE, TODAY), actor=lead, now=now)
    people.change(new, name="田兴武", phone="", unit="", duty="", actor=lead, now=now)
    people.end_post(Post.get(Post.person == new.id), last_on=TODAY, actor=lead, now=now)
    people.remove(Person.get_by_id(new.id), why="调走", actor=lead, now=now)
    accounts.make(Person.get_by_id(cast.li_qiang.id), "liqiang", actor=lead, now=now)
    county_settings.change("care.every_days", 14, actor=None, now=now, by="tests")
    assert rows_broken() == []


def test_a_death_put_right_proves_too(db, cast, now):
    report = a_death()
    # The scene sets the life of the resident behind the journal's back; the deed afterwards covers it again.
    deaths.confirm(report, "户籍注销证明", None, actor=cast.li_qiang.actor, now=now)
    assert rows_broken() == []
    deaths.mistaken(report, "弄错了", actor=cast.li_qiang.actor, now=now)
    assert rows_broken() == []


def test_a_row_changed_behind_the_journals_back_is_found(db, cast, now):
    visit = a_visit()
    visits.check(visit, actor=cast.li_qiang.actor, now=now)
    Visit.update(state="queried").where(Visit.id == visit.id).execute()
    assert any(str(visit.id) in line for line in rows_broken())
