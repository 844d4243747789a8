"""罗国秀 at her desk: issues, pauses, revokes, prints; nobody of another township sees it."""

from __future__ import annotations

import io

import pytest
from werkzeug.datastructures import FileStorage

from actions import badges, people
from models import Badge, Person
from tests.badges.conftest import draw
from tests.support.browser import validate
from tests.support.visitor import Visitor


@pytest.fixture
def lead(desk, cast) -> Visitor:
    return desk(cast.luo_guoxiu)


def a_picture(content=None):
    return FileStorage(io.BytesIO(content or draw()), filename="face.jpg", content_type="image/jpeg")


def test_a_lead_issues_a_badge_and_reads_it_back(lead, cast):
    page = lead.get("/office/badges")
    assert "王芳" in page.one(".exceptions").text  # works here without a badge
    form = lead.get(f"/office/badges/new?person={cast.wang_fang.id}")
    made = lead.submit(form, "#issue-badge", picture=a_picture(), phone="102 8631 0427")
    assert "花梨镇清江村" in made
    badge = Badge.get(Badge.person == cast.wang_fang.id)
    assert badge.number in made
    assert badge.phone == "10286310427"
    assert not lead.get("/office/badges").select(".exceptions")


def test_pausing_and_revoking_from_the_page(lead, browser, issued):
    badge = issued()
    page = lead.get(f"/office/badges/{badge.id}")
    page = lead.submit(page, "#suspend-badge", why="请假")
    assert "停用了" in page
    assert "暂停使用" in browser.get(f"/b/{badge.public_id}")
    page = lead.submit(page, f"form[action$='/badges/{badge.id}/resumption']")
    assert "有效" in browser.get(f"/b/{badge.public_id}")
    page = lead.submit(page, "#revoke-badge", why="证丢了", lost="yes")
    assert "证丢了" in page
    assert Badge.get_by_id(badge.id).state == "lost"
    assert "已作废" in browser.get(f"/b/{badge.public_id}")


def test_eight_cards_to_a_sheet(lead, desk, cast, now):
    people = []
    for number in range(9):
        from actions import people as staff  # the ninth begins a second sheet
        from rules.actors import Role

        post = staff.NewPost(Role.AGENT, cast.wang_fang.area, now.date())
        people.append(staff.add(f"代办员{number}", post, actor=cast.luo_guoxiu.actor, now=now))
    held = {p.id: posts for p, posts in badges.holders(cast.luo_guoxiu.actor, on=now.date())}
    orders = [badges.Order(p, held[p.id], picture=draw((200, 250))) for p in people]
    made = badges.issue(orders, actor=cast.luo_guoxiu.actor, now=now)
    page = lead.get("/office/badges/sheet?" + "&".join(f"id={badge.id}" for badge in made))
    assert [len(sheet.select(".id-card")) for sheet in page.select(".a4")] == [8, 1]
    assert {host.text for host in page.select(".id-host")} == {"daiban.example"}
    assert "办事不收钱" in page
    assert validate(page.html) == []


def test_only_badges_that_count_are_printed(lead, issued, cast, now):
    good, paused = issued(), issued(worker=cast.li_qiang)
    badges.suspend([paused], why="请假", actor=cast.luo_guoxiu.actor, now=now)
    page = lead.get(f"/office/badges/sheet?id={good.id}&id={paused.id}")
    assert len(page.select(".id-card")) == 1
    assert "有 1 张现在不能用" in page
    for ticked in ("", f"?id={paused.id}"):
        page = lead.get(f"/office/badges/sheet{ticked}")
        assert page.one("h1").text == "工作证"
        assert "先勾上要印的证" in page


def test_nobody_who_left_is_offered_a_new_badge(lead, issued, cast, now):
    url = f"/office/badges/{issued().id}"
    assert "换发新证" in lead.get(url)
    people.remove(Person.get_by_id(cast.wang_fang.id), why="调走", actor=cast.luo_guoxiu.actor, now=now)
    assert "换发新证" not in lead.get(url)


def test_what_is_wrong_with_an_order_is_said_above_the_form(lead, cast):
    form = lead.get(f"/office/badges/new?person={cast.wang_fang.id}")
    assert "证上要有照片" in lead.submit(form, "#issue-badge", status=422)
    assert "不是能看的照片" in lead.submit(form, "#issue-badge", status=422, picture=a_picture(b"x"))
    assert Badge.select().count() == 0


def test_a_second_tap_on_revoke_says_it_is_done_already(lead, issued):
    badge = issued()
    page = lead.get(f"/office/badges/{badge.id}")
    lead.submit(page, "#revoke-badge", why="换岗")
    assert "已经作废" in lead.submit(page, "#revoke-badge", status=409, why="换岗")


def test_nobody_of_another_township_sees_it(desk, cast, issued):
    badge = issued()
    elsewhere = desk(cast.qian_wei)  # an officer there, and no issuer either
    for url in ("/office/badges", f"/office/badges/{badge.id}", f"/office/badges/sheet?id={badge.id}"):
        elsewhere.get(url, status=403)
    county = desk(cast.he_jing)
    assert badge.number in county.get(f"/office/badges/{badge.id}")


def test_an_officer_issues_no_badges(desk, cast):
    desk(cast.li_qiang).get("/office/badges", status=403)


def test_the_list_is_walked_fifty_at_a_time(lead, issued, cast):
    for _ in range(52):
        issued(picture=draw((200, 250)))
    page = lead.get("/office/badges?kind=all")
    assert len(page.select(".badge-rows > li")) == 50
    rest = lead.get(page.one(".later a")["href"])
    assert len(rest.select(".badge-rows > li")) == 2
    assert not rest.select(".later")


def test_every_page_is_valid_html(lead, issued, cast):
    badge = issued()
    for url in ("/office/badges", f"/office/badges/{badge.id}", f"/office/badges/new?person={cast.wang_fang.id}"):
        assert validate(lead.get(url).html) == []
