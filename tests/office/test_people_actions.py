"""Who begins to work, who gives posts, who stops, and what each of it leaves in the journal."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

import models
from actions import accounts, cards, county_settings, desk_sessions, people, phone_facts
from models import Account, CareEntry, DeskSession, Entitlement, JournalEntry, Person, Post, Resident
from rules import county_settings as known
from rules.actors import Role
from rules.problems import FieldMissing, MayNotGivePost, SignInNameTaken
from tests.support.cast import COUNTY, NEXT_VILLAGE, TODAY, TOWNSHIP, VILLAGE, VILLAGE_ELSEWHERE


def agent_in(area, first=TODAY):
    return people.NewPost(Role.AGENT, area, first)


def last_event(scope=TOWNSHIP):
    return JournalEntry.select().where(JournalEntry.scope == scope).order_by(JournalEntry.position.desc()).first()


def test_nobody_begins_with_a_post_that_is_over(db, cast, now):
    over = dataclasses.replace(agent_in(VILLAGE), to_on=agent_in(VILLAGE).from_on - timedelta(days=1))
    with pytest.raises(FieldMissing, match="to_on"):
        people.add("田兴文", over, actor=cast.luo_guoxiu.actor, now=now)


def test_a_lead_adds_an_agent_and_the_journal_says_so(db, cast, now):
    made = people.add("田兴文", agent_in(VILLAGE), phone="102 8631 0427", actor=cast.luo_guoxiu.actor, now=now)
    found = Person.get_by_id(made.id)
    assert (found.name, found.initials, found.phone) == ("田兴文", "txw", "10286310427")
    assert Post.get(Post.person == made.id).area == VILLAGE
    assert last_event().kind == "post.given"
    assert last_event().actor == cast.luo_guoxiu.id


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNTY, Role.SYSADMIN, Role.TOWNSHIP_HEAD])
def test_a_lead_makes_no_second_lead(db, cast, now, role):
    with pytest.raises(MayNotGivePost):
        people.add("田兴文", people.NewPost(role, TOWNSHIP, TODAY), actor=cast.luo_guoxiu.actor, now=now)
    assert not Person.select().where(Person.name == "田兴文").exists()


def test_a_lead_gives_no_post_elsewhere(db, cast, now):
    person = Person.get_by_id(cast.wang_fang.id)
    with pytest.raises(MayNotGivePost):
        people.give_post(person, agent_in(VILLAGE_ELSEWHERE), actor=cast.luo_guoxiu.actor, now=now)


def test_nobody_gives_a_post_to_themselves(db, cast, now):
    person = Person.get_by_id(cast.he_jing.id)
    with pytest.raises(MayNotGivePost):
        people.give_post(person, people.NewPost(Role.LEAD, TOWNSHIP, TODAY), actor=cast.he_jing.actor, now=now)


def test_an_agent_without_a_right_gives_none(db, cast, now):
    person = Person.get_by_id(cast.zhao_min.id)
    with pytest.raises(MayNotGivePost):
        people.give_post(person, agent_in(VILLAGE), actor=cast.wang_fang.actor, now=now)


def test_a_post_ends_with_its_last_day(db, cast, now):
    post = Post.get_by_id(cast.wang_fang.post)
    people.end_post(post, last_on=date(2026, 10, 31), actor=cast.luo_guoxiu.actor, now=now)
    assert Post.in_force(date(2026, 10, 31)).where(Post.id == post.id).exists()
    assert not Post.in_force(date(2026, 11, 1)).where(Post.id == post.id).exists()


def test_removing_somebody_ends_posts_and_sessions_in_the_same_minute(db, cast, now):
    desk_sessions.start(cast.li_qiang.id, now=now)
    people.remove(Person.get_by_id(cast.li_qiang.id), why="调走", actor=cast.luo_guoxiu.actor, now=now)
    assert not DeskSession.select().exists()
    assert not Post.in_force(TODAY).where(Post.person == cast.li_qiang.id).exists()
    assert Person.get_by_id(cast.li_qiang.id).removed_at == now


def test_a_lead_cannot_remove_or_rename_the_county(db, cast, now):
    county = Person.get_by_id(cast.he_jing.id)
    with pytest.raises(MayNotGivePost):
        people.remove(county, why="?", actor=cast.luo_guoxiu.actor, now=now)
    with pytest.raises(MayNotGivePost):
        people.change(county, name="x", phone="", unit="", duty="", actor=cast.luo_guoxiu.actor, now=now)


def test_a_lead_cannot_set_the_countys_password(db, cast, now):
    with pytest.raises(MayNotGivePost):
        accounts.make(Person.get_by_id(cast.he_jing.id), "hejing", actor=cast.luo_guoxiu.actor, now=now)


def test_a_new_account_opens_a_desk_and_ends_old_sessions(db, cast, now):
    desk_sessions.start(cast.li_qiang.id, now=now)
    made = accounts.make(Person.get_by_id(cast.li_qiang.id), "LiQiang", actor=cast.luo_guoxiu.actor, now=now)
    assert not DeskSession.select().exists()
    assert made.name == "liqiang"
    assert Account.get(Account.name == "liqiang").password != made.password
    from rules import sign_in

    code = sign_in.totp_code(made.totp_secret, now=now)
    assert desk_sessions.open_with("liqiang", made.password, code, network="192.0.2.1", hours=12, now=now).token


def test_a_sign_in_name_belongs_to_one(db, cast, now):
    with pytest.raises(SignInNameTaken):
        accounts.make(Person.get_by_id(cast.li_qiang.id), "luoguoxiu", actor=None, now=now, by="root")


def test_a_setting_keeps_its_history(db, now):
    county_settings.change("care.every_days", 14, actor=None, now=now, by="zhang")
    county_settings.change("care.every_days", 21, actor=None, now=now, by="li")
    assert models.setting("care.every_days") == 21
    assert [(who, before, after) for _, who, before, after in county_settings.history("care.every_days")] == [
        ("li", 14, 21),
        ("zhang", 30, 14),
    ]
    assert last_event(COUNTY).kind == "setting.changed"


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        *(("care.every_days", wrong) for wrong in ("30", True, [30], None, 0, -1, 10**9)),
        *(("verification.due_soon_days", wrong) for wrong in ([], [90], [30, 90], [90, "30"], [90, -1], [10**9, 1])),
        *(("calendar.days", wrong) for wrong in ({"spring": False}, {"2027-02-05": "free"}, {"20270205": True})),
        *(("verification.gestures", wrong) for wrong in ({}, {"fist": "请老人握个拳头"}, {"fist": 1})),
        *(("verification.gesture_sets", wrong) for wrong in ({}, {"normal": ["fist"]})),
        (
            "verification.gesture_sets",
            {"normal": ["jump"], "one_side": ["fist"], "bedridden": ["fist"], "none": ["none"]},
        ),
        ("verification.gesture_sets", {"normal": [], "one_side": ["fist"], "bedridden": ["fist"], "none": ["none"]}),
        *(("consent.care_roster", wrong) for wrong in ({}, {"version": "2"}, {"version": "2", "text": ""})),
        *(("benefits", wrong) for wrong in ({"BPIURR": None}, {})),
        ("county.name", "县" * 61),
    ],
)
def test_a_setting_that_would_stop_every_phone_is_refused(db, now, key, wrong):
    with pytest.raises(FieldMissing):
        county_settings.change(key, wrong, actor=None, now=now, by="zhang")


@pytest.mark.parametrize("key", list(known.ALL))
def test_every_default_fits_itself(db, now, key):
    county_settings.change(key, known.ALL[key].default, actor=None, now=now, by="zhang")
    phone_facts.county(models.own_settings(), name="", known="", today=now.date())


def test_another_length_of_soon_moves_people_onto_phones_without_an_edit(db, cast, now):
    due_on = now.date() + timedelta(days=110)
    Entitlement.update(due_on=due_on).where(Entitlement.resident == cast.chen_guilan.id).execute()
    CareEntry.update(state="left").execute()
    with models.transaction(TOWNSHIP):
        cards.touch([cast.chen_guilan.id], now=now)
    assert Resident.get_by_id(cast.chen_guilan.id).card == "name"
    county_settings.change("verification.due_soon_days", [120, 30], actor=None, now=now, by="zhang")
    assert cards.review_due(today=now.date(), now=now) == 1
    assert Resident.get_by_id(cast.chen_guilan.id).card == "full"
    assert cards.review_due(today=now.date(), now=now) == 0


# ---- the command line


def run(app, *words):
    return app.test_cli_runner().invoke(args=list(words))


def test_the_first_administrator_comes_from_the_command_line(app, browser, clock):
    added = run(app, "person", "add", "周明", "--role", "county", "--area", COUNTY, "--as", "root")
    assert added.exit_code == 0, added.output
    made = run(app, "account", "make", added.output.strip(), "--name", "zhouming", "--as", "root")
    assert made.exit_code == 0, made.output
    assert "otpauth://totp/Daiban:zhouming" in made.output
    assert "█" in made.output
    lines = dict(line.split(None, 2)[::2] for line in made.output.splitlines() if line.startswith(("Sign", "Second")))
    password = next(line.split()[1] for line in made.output.splitlines() if line.startswith("Password"))
    assert lines["Sign-in"] == "zhouming"
    code = run(app, "account", "code", "zhouming").output.strip()
    page = browser.get("/office/sign-in")
    assert "周明" in browser.submit(page, "#sign-in", name="zhouming", password=password, code=code)


def test_a_command_says_in_one_line_what_does_not_work(app):
    ended = run(app, "person", "add", "周明", "--role", "county", "--area", "石头寨")
    assert ended.exit_code == 1
    assert ended.output == "Error: No areas are called 石头寨; take the code of 12 digits.\n"


def test_posts_are_given_and_ended_from_the_command_line(app, cast):
    given = run(app, "post", "give", "王芳", "agent", NEXT_VILLAGE, "--as", "root")
    assert given.exit_code == 0, given.output
    assert Post.in_force(TODAY).where((Post.person == cast.wang_fang.id) & (Post.area == NEXT_VILLAGE)).exists()
    ended = run(app, "post", "end", given.output.strip(), "--as", "root")
    assert ended.exit_code == 0, ended.output
    assert not Post.in_force(TODAY).where((Post.person == cast.wang_fang.id) & (Post.area == NEXT_VILLAGE)).exists()


def test_a_setting_is_set_and_its_history_shown(app):
    assert run(app, "setting", "set", "care.every_days", "14", "--as", "zhang").exit_code == 0
    assert "zhang  30 -> 14" in run(app, "setting", "history", "care.every_days").output
    assert run(app, "setting", "set", "care.every_days", "often").exit_code == 1
    assert run(app, "setting", "set", "nonsense", "1").exit_code == 1
