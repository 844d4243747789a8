"""Digits forgotten on the mountain, a phone lost on market day, an agent dismissed: nothing that was saved is lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support import cast
from tests.support.browser import look, settle
from tests.support.phone import Phone
from tests.support.server import Server
from tests.support.small_county import CHEN, PIN, at_the_county, enter

NOTE_A_VISIT = "a[href*='/field/visits/new'] >> nth=0"
NEW_PIN = "274835"
UNTIL = "import time\ndef until(so):\n    ends = time.monotonic() + 30\n    while not so() and time.monotonic() < ends: time.sleep(0.2)\n"
PHONE = "models.Device.select().get()"
VISIT = "e = models.JournalEntry\nv = e.select().where(e.kind == 'visit.ended').get()\n"


@pytest.fixture
def server(small_county: Server) -> Server:
    return small_county


@pytest.fixture
def lead(office: Callable[..., Page]) -> Page:
    """罗国秀 at her desk."""
    return office(cast.CAST.luo_guoxiu.sign_in, cast.PASSWORD)


def reopen(phone: Phone) -> Page:
    """Kill the program and open it from its icon."""
    phone.kill()
    page = phone.open()
    page.goto("/field/")
    return page


def phones_page(lead: Page, server: Server) -> None:
    lead.goto(f"/office/phones/{at_the_county(server, f'print({PHONE}.id)')}")


def note_a_visit(page: Page, outcome: str = "not_home") -> None:
    """From Today; ends on the person's page."""
    page.click(f"text={CHEN}")
    page.click(NOTE_A_VISIT)
    page.click(f"label[for=outcome-{outcome}]")
    page.click(".dock .btn-primary")
    page.wait_for_url("**/residents/**")


def begin_a_form(page: Page) -> None:
    """A visit begun and not saved."""
    page.click("text=老人有事要办")
    page.fill("textarea", "想把老年证补一张")
    page.wait_for_selector("form[data-kept]", state="attached")


def type_digits(page: Page, groups: list[str]) -> None:
    page.locator("#group-1").focus()
    page.keyboard.type("".join(groups))


def choose(page: Page) -> None:
    expect(page.locator("h1")).to_have_text("设 6 位密码")
    enter(page, NEW_PIN)
    expect(page.locator("h1")).to_have_text("再输一遍")
    enter(page, NEW_PIN)
    expect(page.locator("h1")).to_have_text("打开了")


# ---- the digits are forgotten


def test_a_lead_reads_the_digits_out_and_the_next_ones_come_by_themselves(
    enrolled: Phone, lead: Page, server: Server
) -> None:
    phones_page(lead, server)
    look(lead, "office-phone-code-1280")
    lead.fill("#code-why", "王芳在山上，密码想不起来")
    lead.fill("#second-factor", server.totp(cast.CAST.luo_guoxiu.sign_in))
    lead.click("#read-code button")
    groups = [each.strip() for each in lead.locator(".read-out [aria-hidden]").all_inner_texts()]
    assert len(groups) == 6 and all(re.fullmatch(r"\d{4}", each) for each in groups)
    look(lead, "office-code-shown-1280")
    lead.set_viewport_size({"width": 390, "height": 844})
    look(lead, "office-code-shown-390")

    page = reopen(enrolled)
    page.click("text=忘了密码")
    type_digits(page, groups)
    page.click("#go-on")
    choose(page)
    page.click(".dock .btn")
    expect(page.locator("main")).to_contain_text(CHEN)
    fresh = at_the_county(server, f"{UNTIL}until(lambda: {PHONE}.recovery_n == 2)\nprint({PHONE}.recovery)")
    assert len(fresh) == 24 and fresh != "".join(groups)
    page.goto("/field/unlock")  # opened anew: the page itself asks for the PIN
    enter(page, NEW_PIN)
    page.click("a[href='/field/inbox']")
    expect(page.locator("main")).to_contain_text("镇里看过这部手机的恢复码")


def test_forgotten_on_the_mountain_all_is_there_without_any_signal(enrolled: Phone, server: Server) -> None:
    page = enrolled.page
    digits = at_the_county(server, f"print({PHONE}.recovery)")
    groups = re.findall("....", digits)
    server.kill()
    note_a_visit(page)
    begin_a_form(page)
    page = reopen(enrolled)
    page.click("text=忘了密码")
    enrolled.look("recover")
    misheard = [*groups[:2], f"{(int(groups[2]) + 1) % 10_000:04d}", *groups[3:]]
    type_digits(page, misheard)
    expect(page.locator("#group-6")).to_have_value(groups[5])
    page.click("#go-on")
    expect(page.locator(".error")).to_contain_text("只改听错的那组")
    expect(page.locator("#group-3")).to_have_value(misheard[2])
    enrolled.look("recover-misheard")
    page.fill("#group-3", groups[2])
    page.click("#go-on")
    choose(page)
    enrolled.look("recovered")
    page.click(".dock .btn")

    page = reopen(enrolled)  # killed again: the new digits count, without any signal yet
    enter(page, PIN)
    expect(page.get_by_role("alert")).to_contain_text("再输一遍")
    enter(page, NEW_PIN)
    page.click("nav >> text=待传")
    expect(page.locator("h1")).to_have_text("1 条没传")
    page.click("nav >> text=今天")
    page.click("a.row:has-text('没写完')")
    expect(page.locator("textarea")).to_have_value("想把老年证补一张")


def test_digits_pasted_in_one_piece_flow_through_the_boxes_and_the_keyboard_leads_back(enrolled: Phone) -> None:
    page = reopen(enrolled)
    page.click("text=忘了密码")
    page.locator("#group-1").focus()
    page.evaluate("document.querySelector('#group-1').value = '１２０９ 8765-4321 0987 6543 2109'")
    page.evaluate("document.querySelector('#group-1').dispatchEvent(new InputEvent('input', {bubbles: true}))")
    values = "[...document.querySelectorAll('[name^=group]')].map((box) => box.value).join(' ')"
    assert page.evaluate(values) == "1209 8765 4321 0987 6543 2109"
    page.fill("#group-4", "")
    page.locator("#group-4").focus()
    page.keyboard.press("Backspace")
    assert page.evaluate("document.activeElement.id") == "group-3"
    page.keyboard.type("55")
    assert page.evaluate(values) == "1209 8765 55  6543 2109"


def test_the_wait_after_wrong_digits_outlives_a_kill_and_a_clock_set_back(enrolled: Phone, server: Server) -> None:
    page = reopen(enrolled)
    page.click("text=忘了密码")
    type_digits(page, ["1209", "8765", "4321", "0987", "6543", "2109"])
    for _ in range(4):
        page.click("#go-on")
        expect(page.locator(".error")).to_be_visible()
        settle(page)
    expect(page.locator("#go-on")).to_be_disabled()
    expect(page.locator("[data-wait]")).to_contain_text("后再试")
    enrolled.look("recover-wait")
    page = reopen(enrolled)
    enter(page)  # whoever remembers after all is not held up by it
    expect(page.locator("main")).to_contain_text(CHEN)
    page = reopen(enrolled)
    page.click("text=忘了密码")
    expect(page.locator("#go-on")).to_be_enabled()  # the right PIN forgave it


def test_between_two_wrong_pins_the_browser_is_killed_and_the_clock_set(enrolled: Phone) -> None:
    page = reopen(enrolled)
    for _ in range(3):
        enter(page, "999998")
        settle(page)
        page = reopen(enrolled)  # each time: the count is on the disk before the PIN is looked at
    wait = page.locator("[data-wait]")
    expect(wait).to_contain_text("后再输")
    page.clock.install(time="2020-01-01T00:00:00Z")
    page.reload()
    expect(wait).to_contain_text(re.compile("1:00|0:5"))
    assert page.locator("[data-key='1']").is_disabled()
    page.clock.run_for(61_000)
    expect(page.locator("[data-key='1']")).to_be_enabled()
    enter(page)
    expect(page.locator("nav.tabs")).to_be_visible()  # by that clock nobody is due yet


# ---- a phone is lost


def test_lost_on_market_day_found_by_somebody_and_empty_in_the_end(enrolled: Phone, lead: Page, server: Server) -> None:
    page = enrolled.page
    server.kill()
    note_a_visit(page)
    begin_a_form(page)
    enrolled.kill()  # it falls out of the bag

    server.start()
    phones_page(lead, server)
    lead.fill("#lock-phone [name=why]", "赶集时丢了")
    lead.click("#lock-phone button")
    expect(lead.locator("section[aria-labelledby=order]")).to_contain_text("之后手机还没联系过")
    lead.click("summary:has-text('清空')")
    lead.fill("#wipe-phone [name=why]", "找不到了")
    lead.click("#wipe-phone button")
    expect(lead.locator("#order")).to_contain_text("先传完，再清空")
    look(lead, "office-phone-order-given-1280")

    page = enrolled.open()  # somebody finds it and opens it; there is a signal, and no PIN
    page.goto("/field/")
    expect(page.locator("#code")).to_be_visible(timeout=20_000)
    assert at_the_county(server, f"{VISIT}print(v.state, v.why, {PHONE}.state)") == "held device-locked wiped"
    lead.reload()
    order = lead.locator("section[aria-labelledby=order]")
    expect(order).to_contain_text("手机里的都到了")
    expect(order).to_contain_text("清空好了")
    expect(lead.locator("section[aria-labelledby=not-brought]")).to_contain_text("有 1 张表开了头，没存")
    look(lead, "office-phone-emptied-1280")
    lead.set_viewport_size({"width": 390, "height": 844})
    look(lead, "office-phone-emptied-390")


def test_told_to_lock_it_says_whom_to_call_and_the_desk_sees_that_all_has_arrived(
    enrolled: Phone, lead: Page, server: Server
) -> None:
    page = enrolled.page
    server.kill()
    note_a_visit(page)
    enrolled.kill()
    server.start()
    at_the_county(server, f"phones.lock({PHONE}, actor=CAST.luo_guoxiu.actor, now=now, why='丢了')")
    page = enrolled.open()
    page.goto("/field/")
    expect(page.locator("main")).to_contain_text("镇里锁上了这部手机", timeout=15_000)
    expect(page.locator("main")).to_contain_text("记录县里都收到了")
    expect(page.locator("a[href^='tel:']")).to_contain_text("罗国秀")
    enrolled.look("unlock-locked-whom-to-call")
    page.goto("/field/recover")
    expect(page.locator("[name^=group]")).to_have_count(0)  # nobody opens a locked phone with digits
    phones_page(lead, server)
    expect(lead.locator("section[aria-labelledby=order]")).to_contain_text("手机里的都到了")
    look(lead, "office-phone-locked-all-arrived-1280")


# ---- somebody stops working here


def test_dismissed_while_out_of_signal_the_records_wait_for_the_lead_under_their_own_name(
    enrolled: Phone, lead: Page, server: Server
) -> None:
    page = enrolled.page
    server.kill()
    note_a_visit(page)
    page.click(".bar-back")
    remove = "from actions import people\nfrom models import Person\n"
    at_the_county(
        server,
        f"{remove}people.remove(Person.get_by_id(CAST.wang_fang.id), why='调走', actor=CAST.luo_guoxiu.actor, now=now)",
    )
    server.start()
    page = reopen(enrolled)
    expect(page.locator("main")).to_contain_text("镇里锁上了这部手机", timeout=15_000)
    expect(page.locator("main")).to_contain_text("记录县里都收到了")
    enrolled.look("unlock-dismissed")

    lead.goto("/office/held")
    expect(lead.locator("main")).to_contain_text("王芳")
    lead.click("main a.row >> nth=0")
    look(lead, "office-held-of-a-dismissed-agent-1280")
    lead.fill("#adopt-form [name=why]", "走之前就办了")
    lead.click("#adopt-form button")
    settle(lead)
    found = at_the_county(
        server,
        f"{VISIT}print(v.state, v.actor == CAST.wang_fang.id, models.Visit.select().where(models.Visit.person == CAST.wang_fang.id).count())",
    )
    assert found == "adopted True 1"


def test_a_post_that_ended_is_said_plainly_and_what_was_noted_is_still_handed_in(
    enrolled: Phone, server: Server
) -> None:
    page = enrolled.page
    server.kill()
    note_a_visit(page)
    page.click(".bar-back")
    end = "from datetime import timedelta\nfrom actions import people\nfrom models import Post\n"
    at_the_county(
        server,
        f"{end}people.end_post(Post.get_by_id(CAST.wang_fang.post), last_on=(now - timedelta(days=40)).date(), actor=CAST.luo_guoxiu.actor, now=now)",
    )
    server.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.click("nav >> text=待传")
    expect(page.locator("#looking")).to_be_visible(timeout=20_000)
    expect(page.locator("main")).to_contain_text("那天您的岗位没生效")
    enrolled.look("outbox-after-the-post-ended")
    page.click("nav >> text=今天")
    settle(page)
    expect(page.locator("h1")).to_have_text("您现在没有岗位")
    enrolled.look("today-after-the-post-ended")
    assert at_the_county(server, f"{VISIT}print(v.state, v.actor == CAST.wang_fang.id)") == "held True"
