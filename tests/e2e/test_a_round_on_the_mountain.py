"""The main job from end to end on the demo county: a phone is given, goes out of signal, verifies, takes in a need,
hands over a result, comes back; the township looks, lets one go and sends one back. Scenario 1 (its visit and
delivery half) and the first paragraph of the issue, with the server's process killed while "away"."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import look, until_kept_offline, until_pictures_are_drawn
from tests.support.phone import Phone, sign
from tests.support.server import Server

PIN = "835274"
AGENT, LUO, ZHOU, TIAN = "杨秀芝", "罗正英", "周兴林", "田景芝"


@pytest.fixture
def desk(office: Callable[..., Page]) -> Page:
    return office("liguoxiu")


@pytest.fixture
def mine(phone: Callable[..., Phone], desk: Page) -> Phone:
    """杨秀芝's new phone: the code from the desk's page, six digits read to the lead, a PIN, the pack."""
    desk.goto("/office/people")
    desk.locator("main .row", has_text=AGENT).first.click()
    desk.get_by_role("button", name=re.compile("登记|手机")).last.click()
    desk.wait_for_url("**/enrolments/**")
    look(desk, "round-desk-code")
    typed = re.sub(r"[^0-9A-Z]", "", desk.locator(".typed").inner_text())
    carried = phone()
    page = carried.page
    page.goto(f"/field/enrol#{typed[:10]}")
    page.click("text=下一步")
    pin(page)
    expect(page.locator("h1")).to_have_text("再输一遍")
    pin(page)
    digits = re.sub(r"\D", "", page.locator(".enrol-digits").inner_text())
    field = desk.locator("input[name=digits]")
    field.wait_for()
    field.fill(digits)
    look(desk, "round-desk-digits")
    field.press("Enter")
    page.click("text=去“今天”", timeout=60_000)
    page.wait_for_url("**/field/today")
    until_kept_offline(page)
    return carried


def pin(page: Page) -> None:
    for digit in PIN:
        page.click(f"[data-key='{digit}']")


def heading(page: Page, words: str) -> None:
    expect(page.locator("h1", has_text=words).first).to_be_visible(timeout=15_000)


def to_a_place(page: Page, name: str) -> None:
    """Back until the bottom bar is there, then to one of its places."""
    for _ in range(5):
        if page.locator(".tabs").count():
            break
        page.click(".bar-back")
        page.wait_for_timeout(400)
    page.click(f".tabs >> text={name}")


def open_person(page: Page, name: str) -> None:
    to_a_place(page, "找人")
    page.fill("input[name=q]", name)
    page.locator(".row", has_text=name).first.click()
    expect(page.locator("h1", has_text=name)).to_be_visible()


def test_a_round_out_of_signal_arrives_whole(
    server: Server, office: Callable[..., Page], desk: Page, mine: Phone
) -> None:
    page = mine.page
    before = visits_in_the_log(desk)
    mine.look("round-today")
    server.kill()

    # Cold start from the icon, no signal at all.
    mine.kill()
    page = mine.open()
    page.goto("/field/")
    pin(page)
    expect(page.locator("h1")).to_contain_text("还要见")
    mine.look("round-today-offline")

    verify_a_life(mine, page)
    take_in_a_need(mine, page)
    hand_over(mine, page)
    assert not server.is_up
    to_a_place(page, "待传")
    expect(page.locator("h1")).to_contain_text("没传")
    mine.look("round-outbox-offline")
    waiting = int(re.sub(r"\D", "", page.locator("h1").inner_text()))
    assert waiting >= 4, page.locator("main").inner_text()

    # Back in the township.
    server.start()
    page.click("text=/现在传/")
    expect(page.locator("h1")).to_have_text("都传了", timeout=60_000)
    mine.look("round-outbox-received")

    # Each going is one visit more in the log, though no visit was noted beside what was done.
    new = {href: row for href, row in visits_in_the_log(desk).items() if href not in before}
    of = {name: [href for href, row in new.items() if name in row and AGENT in row] for name in (LUO, TIAN, ZHOU)}
    assert [len(found) for found in of.values()] == [1, 1, 1] and len(new) == 3, new
    look(desk, "round-desk-log")
    for place, name in (("requests", TIAN), ("deliveries", ZHOU)):
        desk.goto(f"/office/{place}")
        desk.locator("main a.row, main .row a", has_text=name).first.click()
        desk.click("main a:has-text('看这次走访')")
        desk.wait_for_url(f"**{of[name][0]}")
        expect(desk.locator("h1")).to_contain_text(name)
        look(desk, f"round-desk-visit-{place}")

    # Who gave this phone out does not check what it brings; the officer looks, and sends the picture back.
    verification(desk, LUO)
    expect(desk.locator("main")).to_contain_text("这部手机是您登记的")
    server.do_jobs()
    officer = office("zhoumin")
    verification(officer, LUO)
    expect(officer.locator("main img").last).to_be_visible()
    until_pictures_are_drawn(officer)
    look(officer, "round-desk-check")
    officer.click("a:has-text('退回')")
    officer.click("label:has-text('动作没拍进去')")
    look(officer, "round-desk-send-back")
    with officer.expect_navigation():
        officer.click("button:has-text('退回')")
    # The lead asks about a visit; both reach the agent.
    desk.goto("/office/visits")
    desk.click(f"main tbody a[href='{of[ZHOU][0]}']")
    desk.fill("textarea[name=words]", "证送到时家里还有谁在？")
    with desk.expect_navigation():
        desk.click("button:has-text('发过去')")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("main .out", has_text=LUO).locator("a.btn")).to_be_visible(timeout=30_000)
    mine.look("round-outbox-sent-back")

    # She takes the picture again, at home with the person, and answers.
    page.locator(".out", has_text=LUO).locator("a.btn").click()
    page.click(".dock >> text=去补拍")
    heading(page, "看证件")
    page.click("button:has-text('身份证')")
    page.wait_for_selector("[data-camera-view]")
    page.wait_for_timeout(1500)
    page.click("[data-camera-shutter]")
    keep_the_picture(mine, page)
    to_a_place(page, "今天")
    page.click("main >> text=镇里的消息")
    page.wait_for_url("**/field/inbox")
    page.locator(".row", has_text=ZHOU).first.click()
    mine.look("round-question")
    page.fill("textarea[name=words]", "他儿子在，看着他签的。")
    page.click(".dock .btn-primary")
    to_a_place(page, "待传")
    expect(page.locator("h1")).to_have_text("都传了", timeout=60_000)

    verification(officer, LUO)
    officer.click("button:has-text('没问题')")
    expect(officer.locator("main")).to_be_visible()
    desk.goto(of[ZHOU][0])
    expect(desk.locator("main")).to_contain_text("他儿子在，看着他签的。")
    expect(desk.locator("main img.mark")).to_be_visible()  # the strokes of the hand-over
    until_pictures_are_drawn(desk)
    look(desk, "round-desk-visit-answered")
    assert "Consistent" in server.flask("verify")


def visits_in_the_log(desk: Page) -> dict[str, str]:
    """Each visit of the log's first page, the newest: its address and what its row says."""
    desk.goto("/office/visits")
    rows = desk.locator("main tbody tr")
    expect(rows.first).to_be_visible()
    return {row.locator("th a").first.get_attribute("href") or "": row.inner_text() for row in rows.all()}


def verification(desk: Page, name: str) -> None:
    """Open what waits to be checked of this person."""
    desk.goto("/office/verifications")
    desk.locator("section[aria-labelledby=waiting] .row", has_text=name).first.click()
    desk.wait_for_url("**/verifications/*-*")


def verify_a_life(mine: Phone, page: Page) -> None:
    open_person(page, LUO)
    mine.look("round-resident")
    page.click("text=开始认证")
    heading(page, "念给老人听")  # the first time for this purpose
    mine.look("round-consent")
    page.click("label:has-text('本人')")
    page.click("button:has-text('念给老人听了')")
    heading(page, "看证件")
    mine.look("round-document")
    page.click("button:has-text('身份证')")
    page.wait_for_selector("[data-camera-view]")
    page.wait_for_timeout(1500)
    mine.look("round-camera")
    page.click("[data-camera-shutter]")
    keep_the_picture(mine, page)
    mine.look("round-resident-after")


def keep_the_picture(mine: Phone, page: Page) -> None:
    page.wait_for_selector("img[data-photo]")
    page.wait_for_timeout(500)
    mine.look("round-confirm")
    page.click("label:has-text('陈大兰')")
    page.click("label:has-text('走动难')")
    sign(page)
    page.click("button:has-text('存好')")
    expect(page.locator("h1", has_text=LUO)).to_be_visible()


def take_in_a_need(mine: Phone, page: Page) -> None:
    open_person(page, TIAN)
    page.click("main a[href$='/request']")
    page.fill("textarea[name=words]", "想换一副老花镜，还要问问残疾证怎么补")
    mine.look("round-request")
    page.click(".dock .btn-primary")
    expect(page.locator("h1", has_text=TIAN)).to_be_visible()


def hand_over(mine: Phone, page: Page) -> None:
    open_person(page, ZHOU)
    page.click("a[href*='/deliveries/']")
    page.click(f"label:has-text('{ZHOU}')")
    page.click("label:has-text('身份证')")
    sign(page)
    mine.look("round-delivery")
    page.click(".dock .btn-primary")
    expect(page.locator("h1", has_text=ZHOU)).to_be_visible()
