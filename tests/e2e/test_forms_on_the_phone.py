"""What a form of the phone does under a thumb: it says what is missing where it is seen, and it is found again after a kill."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import settle
from tests.support.phone import Phone
from tests.support.server import Server
from tests.support.small_county import CHEN, enrol, enter

expect.set_options(timeout=20_000)  # a busy machine is no fault of the phone

NOTE_A_VISIT = "a[href*='/field/visits/new'] >> nth=0"


@pytest.fixture
def server(small_county: Server) -> Server:
    return small_county


def stands_clear(page: Page, selector: str) -> bool:
    """Whether this is seen whole, above the dock."""
    expect(page.locator(selector)).to_be_visible()
    settle(page)
    edge, box = page.locator(".dock").bounding_box(), page.locator(selector).bounding_box()
    assert edge and box
    return box["y"] >= 0 and box["y"] + box["height"] <= edge["y"]


def test_what_is_missing_is_in_sight_and_the_form_is_found_again_from_the_icon(
    phone: Callable[..., Phone], server: Server
) -> None:
    mine = phone()
    page = mine.page
    page.goto("/field/enrol")
    page.click("text=下一步")  # nothing typed: our own words, not the browser's
    expect(page.locator(".error")).to_have_text("登记码是 10 位，现在 0 位")
    enrol(page, server)
    page.click(f"text={CHEN}")
    page.click(NOTE_A_VISIT)
    assert stands_clear(page, "label[for=outcome-unsafe]"), "not all nine are seen at once"
    server.kill()
    page.click("label[for=outcome-refused]")
    for chosen in page.locator("[name=reasons]:checked").all():  # what is due stands chosen
        page.click(f"label[for={chosen.get_attribute('id')}]")
    page.click(".dock .btn-primary")
    missing = page.locator("#reasons-error")
    expect(missing).to_be_in_viewport()
    assert stands_clear(page, "#reasons-error"), "the line hides under the dock"
    group = page.locator("fieldset", has=page.locator(":focus"))
    expect(group).to_have_attribute("aria-describedby", "reasons-error")

    page.fill("[name=notes]", "老人说腿好多了")
    page.wait_for_selector("form[data-kept]", state="attached")
    mine.kill()
    page = mine.open()
    page.goto("/field/")
    enter(page)
    page.locator(".row", has_text=f"{CHEN}没写完：走访").click()
    expect(page.locator("[name=notes]")).to_have_value("老人说腿好多了")
    expect(page.locator("[name=notes]")).to_be_focused()
