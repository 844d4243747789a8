"""A picture that was sent back, when whoever took it serves the village no more: who serves it now takes it again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from actions import people, verifications
from models import InboxMessage, Person, Post
from rules.problems import NoAgentThere
from tests.office.scenes import a_verification
from tests.support.cast import NEXT_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.device import enrolled
from tests.sync.test_kinds import capture


@pytest.fixture
def wu_jun(db, cast):
    """The other agent of 清江村, as a worker with a post."""
    person = Person.create(name="吴军", initials="wj")
    post = Post.create(person=person.id, role="agent", area=VILLAGE, scope=TOWNSHIP, from_on=date(2026, 1, 1))
    return type(cast.wang_fang)(person.id, post.id, "吴军", "wj", cast.wang_fang.role, VILLAGE)


@pytest.fixture
def his_phone(wu_jun, cast, now):
    return enrolled(wu_jun, by=cast.luo_guoxiu, now=now - timedelta(days=60))


@pytest.fixture
def sent_back(db, cast, now):
    def done(row=None):
        return verifications.send_back(row or a_verification(), "手没拍进去", actor=cast.li_qiang.actor, now=now)

    return done


def open_for(person):
    wanted = (InboxMessage.person == person) & (InboxMessage.kind == "sent_back") & InboxMessage.done_at.is_null()
    return [(row.about, row.words) for row in InboxMessage.select().where(wanted)]


def retakes(rows):
    return [task["id"] for row in rows for task in row.get("tasks", []) if task["kind"] == "retake"]


def leaves(cast, now):
    people.remove(Person.get_by_id(cast.wang_fang.id), why="不干了", actor=cast.luo_guoxiu.actor, now=now)


def test_while_she_serves_only_her_own_phone_has_it(wu_jun, his_phone, sent_back, pull, cast, now):
    row = sent_back()
    assert retakes(pull(his_phone)[0]) == []
    assert verifications.hand_on(now=now) == 0
    assert (open_for(cast.wang_fang.id), open_for(wu_jun.id)) == ([(row.id, "手没拍进去")], [])


def test_sent_back_after_she_left_it_goes_to_who_serves_there(wu_jun, his_phone, sent_back, pull, cast, now):
    row = a_verification()
    leaves(cast, now)
    sent_back(row)
    assert retakes(pull(his_phone)[0]) == [str(row.id)]
    assert (open_for(cast.wang_fang.id), open_for(wu_jun.id)) == ([], [(row.id, "手没拍进去")])
    assert verifications.hand_on(now=now) == 0


def test_when_she_leaves_afterwards_it_is_handed_on_once(wu_jun, his_phone, sent_back, pull, cast, now):
    row = sent_back()
    _, villages = pull(his_phone)
    leaves(cast, now)
    assert verifications.hand_on(now=now) == 1
    assert verifications.hand_on(now=now) == 0
    assert retakes(pull(his_phone, villages)[0]) == [str(row.id)]
    assert (open_for(cast.wang_fang.id), open_for(wu_jun.id)) == ([], [(row.id, "手没拍进去")])


def test_a_post_that_ends_by_its_date_hands_on_too(wu_jun, sent_back, cast, now):
    row = sent_back()
    Post.update(to_on=date(2026, 10, 20)).where(Post.id == cast.wang_fang.post).execute()
    assert verifications.hand_on(now=now + timedelta(days=7)) == 0  # the 20th, her last day
    assert verifications.hand_on(now=now + timedelta(days=8)) == 1
    assert open_for(wu_jun.id) == [(row.id, "手没拍进去")]


def test_it_waits_where_nobody_serves_and_does_not_go_to_another_village(sent_back, cast, now):
    sent_back()
    Post.update(area=NEXT_VILLAGE).where(Post.id == cast.wang_fang.post).execute()
    assert verifications.hand_on(now=now) == 0
    Post.update(area=VILLAGE).where(Post.id == cast.wang_fang.post).execute()
    assert verifications.hand_on(now=now) == 0


def test_what_was_taken_again_is_not_handed_on(wu_jun, sent_back, cast, now):
    row = sent_back(a_verification(minutes_ago=60))
    a_verification(retake_of=row.id, minutes_ago=5)
    leaves(cast, now)
    assert verifications.hand_on(now=now) == 0
    assert open_for(wu_jun.id) == []


def test_the_other_agents_picture_settles_it(wu_jun, his_phone, sent_back, sync, cast, now):
    row = sent_back()
    leaves(cast, now)
    verifications.hand_on(now=now)
    payload = his_phone.payload(
        "verification.captured", capture(cast, now, retake_of=str(row.id)), at=now, subject=cast.chen_guilan.id
    )
    answer = sync(his_phone, [his_phone.sealed(payload)])
    assert [each["state"] for each in answer["receipts"]] == ["accepted"]
    assert open_for(wu_jun.id) == []


# ---- a relation takes no picture: another agent is asked


@pytest.fixture
def hao_jie(db, cast):
    """An agent of the next village."""
    person = Person.create(name="郝洁", initials="hj")
    post = Post.create(person=person.id, role="agent", area=NEXT_VILLAGE, scope=TOWNSHIP, from_on=date(2026, 1, 1))
    return type(cast.wang_fang)(person.id, post.id, "郝洁", "hj", cast.wang_fang.role, NEXT_VILLAGE)


def test_whoever_is_asked_has_the_person_on_the_phone_with_what_is_due(hao_jie, sync, pull, cast, now):
    phone = enrolled(hao_jie, by=cast.luo_guoxiu, now=now - timedelta(days=60))
    rows, villages = pull(phone)
    assert str(cast.chen_guilan.id) not in {row["id"] for row in rows if row["card"] == "full"}
    row = a_verification(state="closed_other", outcome="kin")
    verifications.ask_another(row, Person.get_by_id(hao_jie.id), actor=cast.luo_guoxiu.actor, now=now)
    rows, _ = pull(phone, villages)
    card = next(each for each in rows if each["id"] == str(cast.chen_guilan.id))
    assert (card["card"], card.get("kin", False)) == ("full", False)
    assert [each["id"] for each in card["entitlements"]] == [str(cast.entitlement)]
    told = [(each["kind"], each["resident"]) for each in sync(phone)["inbox"]]
    assert told == [("due", str(cast.chen_guilan.id))]


def test_no_relation_is_asked(hao_jie, cast, now):
    row = a_verification(state="closed_other", outcome="kin")
    Person.update(kin=[str(cast.chen_guilan.id)]).where(Person.id == hao_jie.id).execute()
    for person in (hao_jie, cast.wang_fang):
        with pytest.raises(NoAgentThere):
            verifications.ask_another(row, Person.get_by_id(person.id), actor=cast.luo_guoxiu.actor, now=now)
