"""What else happens at a door, lived without signal: papers, deliveries, changes, somebody new, a death, and putting right.

The county is the small cast of the other tests; "away" is the server's process killed.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.phone import Phone, sign
from tests.support.server import Server
from tests.support.small_county import CHEN, at_the_county, enter

expect.set_options(timeout=20_000)  # a busy machine is no fault of the phone


@pytest.fixture
def server(small_county: Server) -> Server:
    return small_county


def go(page: Page, path: str) -> None:
    """By the address: a new page, so the PIN is asked again."""
    page.goto(path)
    enter(page)


def open_person(page: Page, name: str = CHEN) -> None:
    go(page, "/field/find")
    page.fill("#q", name)
    page.locator("#found .row", has_text=name).first.click()
    expect(page.locator("h1", has_text=name)).to_be_visible()


def keep(page: Page, said: str) -> None:
    page.click(".dock button[form]")
    expect(page.locator(".says")).to_contain_text(said)


def send(page: Page) -> None:
    go(page, "/field/outbox")
    now = page.locator("button", has_text="现在传")
    expect(now).to_be_visible()
    if now.is_enabled():
        now.click()
    expect(page.locator("h1")).to_have_text("都传了", timeout=60_000)


ALL = """{
  "requests": [(r.words, r.papers) for r in models.Request.select()],
  "deliveries": [(d.state, d.made["to"]) for d in models.Delivery.select()],
  "chen": [(r.phone, r.needs, r.life) for r in [models.Resident.get_by_id(CAST.chen_guilan.id)]][0],
  "new": [r.name for r in models.Resident.select().where(models.Resident.state == "provisional")],
  "visits": [(v.outcome, v.corrected_by is None, v.answer_words) for v in models.Visit.select().order_by(models.Visit.received_at, models.Visit.ended_at)],
  "pictures": sorted(p.role for p in models.Picture.select()),
  "deaths": [(d.state, d.note) for d in models.DeathReport.select()],
}"""


def county_has(server: Server, expression: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        at_the_county(server, f"import json; print(json.dumps({expression}, ensure_ascii=False, default=str))")
    )
    return found


def plan(server: Server, what: str) -> None:
    at_the_county(
        server,
        "from actions import deliveries; from datetime import timedelta\n"
        f"wanted = deliveries.Plan('{what}', CAST.wang_fang.id, (now + timedelta(days=3)).date(), who_may='女儿 陈大兰')\n"
        "deliveries.plan(models.Resident.get_by_id(CAST.chen_guilan.id), wanted, actor=CAST.li_qiang.actor, now=now)",
    )


def test_a_day_of_everything_out_of_signal_arrives_whole(server: Server, enrolled: Phone) -> None:
    plan(server, "残疾人证")
    page = enrolled.page
    send(page)  # the delivery comes down
    open_person(page)
    server.kill()

    # What she needs, with two papers; consent first, once.
    page.click("main >> text=老人有事要办")
    page.fill("#words", "想换残疾人证，旧的看不清了")
    page.click("a:has-text('给材料拍照')")
    enrolled.look("else-consent")
    page.click("label[for=by-self]")
    page.click("text=念给老人听了")
    for name in ("id_card", "household_book"):
        page.wait_for_selector("[data-camera-shutter]:not([disabled])")
        page.click("[data-camera-shutter]")
        page.click(f"label[for=paper-{name}]")
        page.click("text=用这张")
        if name == "id_card":
            page.click("text=再拍一张")
    expect(page.locator(".paper")).to_have_count(2)

    # The program is killed: words and papers are there again.
    enrolled.kill()
    page = enrolled.open()
    open_person(page)
    page.click("main >> text=老人有事要办")
    expect(page.locator("#words")).to_have_value("想换残疾人证，旧的看不清了")
    expect(page.locator(".paper")).to_have_text(["身份证", "户口簿"])
    enrolled.look("else-request")
    keep(page, "照原话记好了")

    # The result goes into her hands.
    page.click("a[href*='/deliveries/']")
    page.click("label[for=to-self]")
    page.click("label[for=identity-id_card]")
    sign(page)
    enrolled.look("else-delivery")
    keep(page, "交到手里了")

    # Something changed; it shows at once.
    page.click("main >> text=电话、需要或时间变了")
    page.fill("#phone", "102 8631 0427")
    page.click("label[for=needs-mobility]")
    enrolled.look("else-changes")
    keep(page, "改好了")
    expect(page.locator(".call")).to_have_attribute("href", "tel:10286310427")

    # Somebody who is in no list.
    go(page, "/field/find")
    page.fill("#q", "王桂珍")
    page.click("text=先记下这个人")
    page.fill("#name", "王桂珍")
    page.fill("#birth_year", "1947")
    enrolled.look("else-provisional")
    keep(page, "先记下了")
    page.click("a.btn-primary[href*='visits/new']")
    page.click("label[for=outcome-not_home]")
    page.click("label[for=reasons-care]")
    keep(page, "记好了")

    # Not "not at home": she had gone away. The first record stays, struck.
    page.locator("a.row", has_text="看望").first.click()
    page.click("main a[href$='/correction']")
    page.fill("#why", "点错了")
    page.click("label[for=outcome-away]")
    page.fill("#where_away", "广东")
    keep(page, "原来那条还留着")
    expect(page.locator(".struck")).to_contain_text("没在家")
    enrolled.look("else-corrected")

    server.start()
    send(page)
    enrolled.look("else-outbox")
    assert county_has(server, ALL) == {
        "requests": [["想换残疾人证，旧的看不清了", ["身份证", "户口簿"]]],
        "deliveries": [["delivered", "self"]],
        "chen": ["10286310427", "hearing,mobility", "presumed_alive"],
        "new": ["王桂珍"],
        "visits": [["done", True, ""], ["not_home", False, ""], ["away", True, ""]],  # what she needs and got is one
        "pictures": ["mark", "paper-1", "paper-2"],
        "deaths": [],
    }


def test_told_of_a_death_and_heard_wrong(server: Server, enrolled: Phone) -> None:
    page = enrolled.page
    open_person(page)
    server.kill()
    page.click("a[href*='visits/new'] >> nth=0")
    page.click("label[for=outcome-death_reported]")
    if not page.is_checked("#reasons-care"):
        page.click("label[for=reasons-care]")
    page.click(".dock button[form]")
    expect(page.locator("main")).to_contain_text("请先替我们向家人道一声节哀")
    enrolled.look("else-death")
    page.click("label[for=told-family]")
    page.fill("#on", "昨天")
    page.click("label[for=seen-none]")
    keep(page, "上门和消息已停")
    go(page, "/field/today")
    expect(page.locator("h1")).not_to_contain_text("还要见")

    server.start()
    send(page)
    assert county_has(server, ALL)["chen"][2] == "death_reported"
    at_the_county(
        server,
        "from actions import visits\nvisits.ask(models.Visit.get(), '是谁说的？', actor=CAST.luo_guoxiu.actor, now=now)",
    )

    # The township asks; the question waits on Today, and is answered in its place.
    send(page)
    go(page, "/field/inbox")
    page.click("text=问一下陈桂兰的事")
    enrolled.look("else-query")
    page.fill("#words", "女儿说的")
    keep(page, "答好了")

    # Heard wrong: one press and she is visited again.
    open_person(page)
    page.click("main >> text=听错了，改回来")
    enrolled.look("else-heard-wrong")
    page.fill("#why", "今天在家见到了")
    keep(page, "该办的照旧")
    send(page)
    found = county_has(server, ALL)
    assert found["chen"][2] == "presumed_alive"
    assert found["deaths"] == [["mistaken", "今天在家见到了"]]
    assert found["visits"] == [["death_reported", True, "女儿说的"]]
