"""The township's desk in a real browser, on the demo county: every screen at both sizes, light and dark, and what htmx adds."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import look

SIZES = [
    pytest.param({"width": 1280, "height": 800}, id="desk"),
    pytest.param({"width": 390, "height": 844}, id="phone"),
]

PLACES = (
    "to-do", "visits", "verifications", "rounds", "rounds/list", "residents?text=l", "people", "people/new", "requests",
    "deliveries", "matches", "deaths", "held", "complaints", "me",
)  # fmt: skip


def seen(page: Page, name: str) -> None:
    """Keep the whole page, so that nothing hides under the bar at the bottom of a phone, and check it."""
    page.set_viewport_size(
        {"width": page.viewport_size["width"], "height": page.evaluate("document.documentElement.scrollHeight")}
    )
    look(page, name)


def name_of(place: str) -> str:
    return re.sub(r"\W+", "-", place).strip("-")


@pytest.mark.parametrize("size", SIZES)
def test_every_place_looks_right(office, size):
    page = office("liguoxiu", **size)
    for place in PLACES:
        page.set_viewport_size(size)
        page.goto(f"/office/{place}")
        seen(page, f"office-{name_of(place)}-{size['width']}")
    page.emulate_media(color_scheme="dark")  # the same colours by their roles; these four use all of them
    for place in ("visits", "verifications", "rounds", "people"):
        page.set_viewport_size(size)
        page.goto(f"/office/{place}")
        seen(page, f"office-{name_of(place)}-{size['width']}-dark")


def test_one_long_name_leaves_the_other_columns_of_the_log_whole(office, server):
    page = office("liguoxiu")
    page.goto("/office/residents?text=cgl")
    page.locator(".found a.row").first.click()
    page.click("text=修改")
    page.fill("#name", "欧阳阿依古丽·买买提江·阿卜杜热合曼")
    page.click("#edit button")
    expect(page.locator("h1")).to_contain_text("欧阳阿依古丽")
    page.goto("/office/visits")
    expect(page.locator(".table tbody")).to_contain_text("欧阳阿依古丽")
    one_line = page.locator(".table thead th").first.bounding_box()["height"]
    for cell in page.locator(".table td.who, .table td.num:not(:has(.late))").all():
        lines = cell.evaluate(
            "e => { const r = document.createRange(); r.selectNodeContents(e); return r.getBoundingClientRect().height }"
        )
        assert lines < one_line, cell.inner_text()


@pytest.mark.parametrize("size", SIZES)
def test_every_thing_opens_from_its_list(office, size):
    """From each list the first row opens, is whole, and nothing of it is inline, unnamed or cut off."""
    page = office("liguoxiu", **size)
    ways = {
        "visit": ("visits?days=all", ".table tbody th a"),
        "verification": ("verifications", "section[aria-labelledby=waiting] a.row"),
        "resident": ("residents?text=l", ".found a.row"),
        "person": ("people", "section[aria-labelledby=staff] a.row"),
        "phone": ("people", "section[aria-labelledby=phones-head] a.row"),
        "request": ("requests?all=1", ".found a.row"),
        "delivery": ("deliveries", ".split a.row"),
        "match": ("matches", ".found a.row"),
        "death": ("deaths", "a.row"),
    }
    for name, (place, row) in ways.items():
        page.set_viewport_size(size)
        page.goto(f"/office/{place}")
        if not page.locator(row).count():
            assert page.locator(".empty").count(), f"{place} shows neither a row nor why there is none"
            continue
        with page.expect_navigation():
            page.locator(row).first.click()
        seen(page, f"office-{name}-{size['width']}")


def test_a_refusal_appears_in_the_page_and_nothing_typed_is_lost(office):
    page = office("liguoxiu")
    page.goto("/office/people/new")
    page.fill("#unit", "花梨镇便民服务中心")
    page.click("#add-person button")
    expect(page.locator("#problems [role=alert]")).to_contain_text("名字")
    expect(page.locator("#name")).to_be_focused()
    expect(page.locator(".field-bad")).to_contain_text("没填")
    assert page.input_value("#unit") == "花梨镇便民服务中心"
    assert page.url.endswith("/office/people/new")
    page.fill("#name", "田兴武")
    page.select_option("#area", label="\u3000清江村")
    page.click("#add-person button")
    expect(page.get_by_role("heading", name="田兴武")).to_be_visible()
    expect(page.locator("#problems [role=status]")).to_contain_text("添好了")


def test_who_works_by_keyboard_alone_comes_past_the_rail_at_once(office):
    page = office("liguoxiu")
    page.goto("/office/visits")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("main button").first).to_be_focused()


def test_a_county_that_does_not_answer_loses_nothing_typed(office, server):
    page = office("liguoxiu")
    page.goto("/office/people/new")
    page.fill("#name", "田兴武")
    server.kill()
    page.click("#add-person button")
    expect(page.locator("#problems [role=alert]")).to_contain_text("没连上")
    assert page.input_value("#name") == "田兴武"
    server.start()
    page.select_option("#area", label="\u3000清江村")
    page.click("#add-person button")
    expect(page.get_by_role("heading", name="田兴武")).to_be_visible()


def test_a_filter_applies_at_once_and_stands_in_the_address(office):
    page = office("liguoxiu")
    page.goto("/office/visits?days=all")
    before = page.locator(".table tbody tr").count()
    page.select_option("select[name=outcome]", "not_home")
    page.wait_for_url("**/office/visits?outcome=not_home&days=all")
    rows = page.locator(".table tbody tr")
    assert 0 < rows.count() < before or before == 50
    assert {cell.strip() for cell in page.locator(".table tbody td:nth-child(4)").all_inner_texts()} == {"没在家"}


def test_without_scripts_every_form_still_works(window, server):
    from commands import demo_people

    page = window(java_script_enabled=False).new_page()
    page.goto("/office/visits?days=all")
    page.fill("#name", "liguoxiu")
    page.fill("#password", demo_people.PASSWORD)
    page.fill("#code", server.totp("liguoxiu"))
    page.click("#sign-in button")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    assert page.url.endswith("/office/visits?days=all")
    state = page.locator(".table tbody tr", has=page.locator(".tag", has_text="待看")).first
    state.locator("a").click()
    page.get_by_role("button", name="没问题").click()
    expect(page.locator("#problems [role=status]")).to_contain_text("没问题")


def test_the_code_for_a_phone_is_renewed_on_the_page_by_itself(office, server):
    """The card shows the six-digit step as soon as a phone has claimed the code, and says when the minutes are over."""
    page = office("liguoxiu")
    page.goto("/office/people")
    page.locator("a.row", has_text="骆开芬").click()
    page.get_by_role("button", name="登记手机").click()
    expect(page.locator(".qr svg")).to_be_visible()
    first = page.locator("[data-ends-at]").inner_text()
    page.wait_for_timeout(2200)
    assert page.locator("[data-ends-at]").inner_text() != first
    page.get_by_role("button", name="作废这个码").click()
    expect(page.get_by_text("这个码作废了")).to_be_visible()


def test_the_desk_keeps_to_its_content_policy(office):
    page = office("liguoxiu")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    for place in ("visits", "verifications", "rounds", "to-do"):
        page.goto(f"/office/{place}")
    page.goto("/office/people/new")
    page.click("#add-person button")
    expect(page.locator("#problems [role=alert]")).to_be_visible()
    assert [each for each in complaints if "Content Security Policy" in each] == []


def test_paper_holds_what_the_screen_shows_and_no_more(office):
    """One A4 page a sheet of badges, each code large enough to be scanned; and a list of people stays a table."""
    page = office("liguoxiu")
    page.goto("/office/badges")
    for box in page.locator(".badge-rows input").all():
        box.check()
    page.click(".more button")
    page.wait_for_url("**/sheet?*")
    sheets = page.locator(".a4").count()
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == sheets
    page.emulate_media(media="print")
    for code in page.locator(".id-code svg").all():
        assert code.bounding_box()["width"] / 96 * 25.4 >= 25
    page.set_viewport_size({"width": 720, "height": 1040})  # an A4 page without its margins
    page.goto("/office/rounds/list")
    head, row = (page.locator(f".table {part}").first.bounding_box() for part in ("thead", "tbody tr"))
    assert head["width"] == row["width"] > 600
