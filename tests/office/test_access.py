"""Who may ask what at a desk: every route × every role × a foreign area. What one may not see does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

import models
from actions import desk_sessions, enrolments, inbox, journal
from api.office import COOKIE, waiting
from models import Badge, Clash, Complaint, Delivery, Import, InboxMessage, JournalEntry, Person, Post, Workbook
from rules import ciphers
from rules.actors import Actor, HeldPost, Role
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
from tests.support.cast import (
    CAST,
    COUNTY,
    NOW,
    TODAY,
    TOWNSHIP,
    TOWNSHIP_ELSEWHERE,
    VILLAGE,
    VILLAGE_ELSEWHERE,
)
from tests.support.made import HOST

OPEN = {"office.sign_in", "office.open_session", "office.end_session", "office.set_language"}

#: Routes that name their thing behind the question mark.
IN_THE_QUERY = {"office.new_badge": ("person", "person_id"), "office.badge_sheet": ("id", "badge_id")}

#: What one may not see does not exist.
HIDDEN = {403, 404}

#: A form that fits every route, as far as it is needed: with it only the right to do it is missing.
FORM: dict[str, Any] = {
    "name": "田兴文", "role": "agent", "area": VILLAGE, "why": "试一试", "words": "试一试", "answer": "试一试",
    "to": "县里", "what": "证", "agent": str(CAST.wang_fang.id), "due_on": "2026-10-30", "source": "证明",
    "digits": "123456", "which": "theirs", "every_days": "30", "reason": "gesture", "sign_in_name": "nobody",
    "resident": str(CAST.chen_guilan.id), "person": str(CAST.wang_fang.id), "kind": "roster", "asked": "yes",
}  # fmt: skip


def things(cast: Any) -> dict[str, Any]:
    """One of each thing of 花梨镇, by the name its id has in addresses."""
    visit = a_visit()
    badge = Badge.create(
        public_id="p" * 16, number="HL-0001-1", person=cast.wang_fang.id, scope=TOWNSHIP, area=VILLAGE, name="王芳",
        unit="花梨镇", duty="代办员", valid_from=TODAY, valid_to=TODAY.replace(year=2027), issued_by=cast.luo_guoxiu.id,
        issued_at=NOW, secret="s",
    )  # fmt: skip
    clash = Clash.create(
        resident=cast.chen_guilan.id, scope=TOWNSHIP, area=VILLAGE, field="phone", base="", ours="1", theirs="2",
        event=ciphers.uuid7(), noted_by=cast.wang_fang.id, noted_at=NOW,
    )  # fmt: skip
    complaint = Complaint(
        id=ciphers.uuid7(), scope=TOWNSHIP, kind="complaint", words="太慢", person=cast.wang_fang.id, made_at=NOW,
        received_at=NOW,
    )  # fmt: skip
    an_event("complaint.made", cast.wang_fang, None, [complaint])
    inbox.tell([inbox.Message(cast.luo_guoxiu.id, TOWNSHIP, "badge")], now=NOW)
    agent = Person.get_by_id(cast.wang_fang.id)
    from api.access import actor_of

    offered = enrolments.offer(actor_of(agent, now=NOW), actor=cast.luo_guoxiu.actor, now=NOW)
    listed = Import.create(
        kind="roster", scope=TOWNSHIP, file_name="清江村.xlsx", sha256="0" * 64, by="luoguoxiu", started_at=NOW
    )
    workbook = Workbook.create(
        person=cast.luo_guoxiu.id, posts=[str(cast.luo_guoxiu.post)], filters={"text": "陈桂兰"}, language="zh_Hans",
        asked_at=NOW,
    )  # fmt: skip
    return {
        "visit_id": visit.id,
        "verification_id": a_verification().id,
        "resident_id": cast.chen_guilan.id,
        "provisional_id": a_provisional().id,
        "person_id": cast.wang_fang.id,
        "post_id": cast.wang_fang.post,
        "device_id": a_phone(cast.wang_fang.id, TOWNSHIP, cast.luo_guoxiu.id).id,
        "enrolment_id": offered.id,
        "badge_id": badge.id,
        "bundle_id": a_bundle(),
        "care_id": cast.care,
        "clash_id": clash.id,
        "complaint_id": complaint.id,
        "death_id": a_death(of=cast.zhou_xinglin).id,
        "delivery_id": a_delivery().id,
        "event_id": an_event("visit.ended", cast.wang_fang, cast.chen_guilan.id, [], state="held"),
        "import_id": listed.id,
        "message_id": InboxMessage.get().id,
        "request_id": a_request().id,
        "workbook_id": workbook.id,
        "role": "picture",
    }


def a_bundle() -> Any:
    body = {
        "device": None, "person": None, "file": "0" * 64, "records": {"new": 1}, "refused": {}, "pictures": {},
        "damaged": {}, "whole": True, "said": None, "devices": {},
    }  # fmt: skip
    with models.transaction(TOWNSHIP):
        deed = journal.Deed("bundle.taken_in", TOWNSHIP, body)
        return journal.write([deed], actor=CAST.luo_guoxiu.actor, now=NOW)[0].id


def questions(app: Flask, ids: dict[str, Any]) -> Iterator[tuple[str, str, str, tuple[Any, ...], bool]]:
    """(endpoint, method, address, roles, names a thing of 花梨镇) of every route of the office."""
    adapter = app.url_map.bind(HOST, url_scheme="https")
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if not rule.endpoint.startswith("office.") or rule.endpoint in OPEN:
            continue
        values = {}
        for name in rule.arguments:
            if name == "step":
                values[name] = "take_on" if "request" in rule.endpoint else "pause"
            elif name == "resident_id" and "match" in rule.rule:
                values[name] = ids["provisional_id"]
            else:
                assert name in ids, f"{rule} has <{name}>; add one to things() in this test"
                values[name] = ids[name]
        for method in (rule.methods or set()) & {"GET", "POST"}:
            view = app.view_functions[rule.endpoint]
            url, named = adapter.build(rule.endpoint, values), bool(rule.arguments)
            if field := IN_THE_QUERY.get(rule.endpoint):
                url, named = f"{url}?{field[0]}={ids[field[1]]}", True
            yield rule.endpoint, method, url, getattr(view, "allowed", ()), named


@pytest.fixture
def without_tokens(app: Flask) -> Iterator[None]:
    """This test asks who may, not where a form comes from."""
    app.config["WTF_CSRF_ENABLED"] = False
    yield
    app.config["WTF_CSRF_ENABLED"] = True


def somebody(role: Role, area: str, *more: tuple[Role, str]) -> Any:
    person = Person.create(name="某某", initials="mm")
    for each, where in ((role, area), *more):
        scope = where[:9] + "000" if where[6:9] != "000" else where
        Post.create(person=person, role=str(each), area=where, scope=scope, from_on=TODAY)
    return person


def browser_of(app: Flask, person: Any) -> Any:
    client = app.test_client()
    token = desk_sessions.start(person.id, now=NOW)
    client.set_cookie(COOKIE, token, domain=HOST, secure=True, httponly=True)
    return client


def ask(client: Any, method: str, url: str) -> Any:
    return client.open(url, method=method, data=FORM if method == "POST" else None)


def state_of_things() -> tuple[Any, ...]:
    """What changes when anything is done: the journal, and what is written without it."""
    return JournalEntry.select().count(), InboxMessage.select().where(InboxMessage.done_at.is_null()).count()


def test_every_route_says_who_may(app):
    bare = [
        rule.endpoint for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("office.") and not getattr(app.view_functions[rule.endpoint], "allowed", ())
    ]  # fmt: skip
    assert not bare, f"name the roles with @allows or @open_to_all: {bare}"


def test_without_a_session_every_route_leads_to_the_sign_in(app, cast, without_tokens):
    client, ids = app.test_client(), things(cast)
    before = state_of_things()
    for endpoint, method, url, *_ in questions(app, ids):
        answer = ask(client, method, url)
        assert answer.status_code == 303, f"{method} {url} ({endpoint}) answered {answer.status_code}"
        assert "/office/sign-in" in answer.headers["Location"], endpoint
    assert state_of_things() == before


@pytest.mark.parametrize("made", ["sqlite"], indirect=True)  # a thousand questions; rights are the same on both
@pytest.mark.parametrize("role", list(Role))
def test_nobody_elsewhere_sees_or_does_anything_here(app, cast, without_tokens, role):
    ids = things(cast)
    where = VILLAGE_ELSEWHERE if role in (Role.AGENT, Role.VILLAGE_REVIEWER) else TOWNSHIP_ELSEWHERE
    client = browser_of(app, somebody(role, where))
    before = state_of_things()
    names = ("王芳", "陈桂兰", "周兴林", "想换个新的医保卡", "残疾人证", "太慢", "清江村")
    for endpoint, method, url, roles, named in questions(app, ids):
        answer = ask(client, method, url)
        here = f"{role} elsewhere: {method} {url} ({endpoint}) answered {answer.status_code}"
        if roles != ("any desk",) and role not in roles:
            assert answer.status_code == 403, here
        elif named:
            assert answer.status_code in HIDDEN, here
        elif method == "POST":
            assert answer.status_code != 500, here
        else:
            assert answer.status_code in (200, 303), here
            seen = [name for name in names if name in answer.get_data(as_text=True)]
            assert not seen, f"{here}, and shows {seen}"
    kinds = {e.kind for e in JournalEntry.select(JournalEntry.kind).where(JournalEntry.position > 0)} - {"export.made"}
    after = state_of_things()
    exported = JournalEntry.select().where(JournalEntry.kind == "export.made").count()
    assert (after[0] - exported, after[1]) == before, kinds


@pytest.mark.parametrize("made", ["sqlite"], indirect=True)  # a thousand questions; rights are the same on both
@pytest.mark.parametrize("role", list(Role))
def test_each_role_here_gets_what_its_posts_open_and_nothing_else(app, cast, without_tokens, role):
    ids = things(cast)
    area = COUNTY if role in (Role.COUNTY, Role.SYSADMIN, Role.AUDITOR) else TOWNSHIP
    client = browser_of(app, somebody(role, area))
    for endpoint, method, url, roles, _ in questions(app, ids):
        if method != "GET":
            continue
        answer = ask(client, method, url)
        here = f"{role}: GET {url} ({endpoint}) answered {answer.status_code}"
        if roles != ("any desk",) and role not in roles:
            assert answer.status_code == 403, here
        else:
            assert answer.status_code in (200, 204, 303, 404), here
            may_be_missing = {"office.picture", "office.review_workbook", "office.import_review"}
            may_be_missing |= {"office.workbook_progress", "office.workbook_file"}  # each has their own
            assert answer.status_code != 404 or endpoint in may_be_missing or "review" in endpoint, here


def test_a_lead_elsewhere_who_is_an_agent_here_stays_an_agent_here(app, cast, without_tokens):
    """A post opens its own place only: rights of two posts do not add up."""
    ids = things(cast)
    client = browser_of(app, somebody(Role.LEAD, TOWNSHIP_ELSEWHERE, (Role.AGENT, VILLAGE)))
    before = state_of_things()
    for endpoint, method, url, _, named in questions(app, ids):
        if not named:
            continue
        answer = ask(client, method, url)
        assert answer.status_code in HIDDEN, f"{method} {url} ({endpoint}) answered {answer.status_code}"
    assert state_of_things() == before


def test_an_officer_here_who_is_a_clerk_there_counts_nothing_of_there(db, cast):
    """A number says as much as a page: a tray counts where one's posts open it, and nowhere else."""
    for made in (a_request, a_delivery, a_death):
        made(of=cast.ma_xiuying, by=cast.zhao_min)
    Delivery.update(state="back").execute()
    a_verification(of=cast.ma_xiuying, by=cast.zhao_min)
    clerk = HeldPost(cast.zhao_min.post, Role.CLERK, TOWNSHIP_ELSEWHERE)
    for role in (Role.TOWNSHIP_OFFICER, Role.LEAD):
        both = Actor(cast.li_qiang.id, "李强", (HeldPost(cast.li_qiang.post, role, TOWNSHIP), clerk))
        assert set(waiting.counts(both).values()) == {0}


def test_somebody_without_a_post_today_sees_only_their_own_page(app, cast):
    person = somebody(Role.LEAD, TOWNSHIP)
    Post.update(to_on=TODAY.replace(day=12)).where(Post.person == person).execute()
    client = browser_of(app, person)
    assert client.get("/office/visits").status_code == 403
    page = client.get("/office/me").get_data(as_text=True)
    assert "没有在任的岗位" in page
    assert client.get("/office/").headers["Location"].endswith("/office/me")


def test_the_models_are_asked_with_the_roles_of_the_route(db, cast):
    """A village's post sees no row of the whole township."""
    clerk = type(cast.wang_fang)(ciphers.uuid7(), ciphers.uuid7(), "某", "m", Role.CLERK, VILLAGE).actor
    assert not models.Device.visible_to(clerk).exists()
    assert models.Resident.visible_to(clerk).count() == 2


def test_an_address_that_is_only_for_a_form_opens_nothing(desk, cast):
    lead = desk(cast.luo_guoxiu)
    assert "这里没有您能打开的内容" in lead.get("/office/me/password", status=404)


def test_a_file_too_large_is_refused_in_words(app, desk, cast, monkeypatch):
    lead = desk(cast.luo_guoxiu)
    form = lead.get("/office/people/new").fields_of("#add-person")
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 100)
    assert "文件太大" in lead.htmx("POST", "/office/people", form, status=422)
    assert "文件太大" in lead.post("/office/people", form, status=422)


def test_a_fault_of_ours_is_told_to_htmx_as_a_piece_not_as_a_page_in_a_page(desk, cast, monkeypatch):
    def fall(*_args, **_facts):
        raise RuntimeError

    monkeypatch.setattr("actions.people.add", fall)
    lead = desk(cast.luo_guoxiu)
    form = lead.get("/office/people/new").fields_of("#add-person") | {"name": "田兴武"}
    page = lead.htmx("POST", "/office/people", form, status=500)
    assert not page.is_whole
    assert page.one("[role=alert]").text
