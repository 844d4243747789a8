"""Scenario 5, its printed half: a badge is printed, scanned at a door, taken back, scanned again, read over the phone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect

from tests.support.browser import look

SCANNER = {"user_agent": "Mozilla/5.0 (Linux; Android 12) Mobile MicroMessenger/8.0", "java_script_enabled": False}


def read_codes(picture: Path) -> set[str]:
    """What a scanner reads in this picture."""
    done = subprocess.run(
        ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def is_void(door, number):
    """Taken back: says so at once, with the number, without name and face, and nothing of it beyond the screen's edge."""
    assert door.get_by_role("heading", level=1).inner_text() == "已作废"
    assert "王文芳" not in door.content()
    assert door.locator("img").count() == 0
    assert number in door.content()
    assert door.locator("h1").bounding_box()["y"] < 740 / 2
    assert door.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture
def scan(window):
    """Open an address as WeChat's scanner does: no script, nothing remembered. Gives the page."""

    def opened(address, width=390, height=844):
        page = window(width=width, height=height, **SCANNER).new_page()
        page.goto(address)
        return page

    return opened


def test_a_printed_badge_is_scanned_and_taken_back(server, office, scan, window, tmp_path):
    desk = office("liguoxiu")
    desk.goto("/office/badges")
    look(desk, "office-badges")
    boxes = desk.get_by_role("checkbox").all()
    for box in boxes:
        box.check()
    desk.get_by_role("button", name="印勾上的").click()
    desk.wait_for_url("**/badges/sheet**")
    look(desk, "office-badge-sheet")

    sheets = desk.locator(".a4").all()
    counts = [sheet.locator(".id-card").count() for sheet in sheets]
    assert sum(counts) == len(boxes) > 0
    assert max(counts) <= 8
    millimetres = desk.evaluate("document.querySelector('.id-code svg').getBoundingClientRect().width / 96 * 25.4")
    modules = desk.evaluate("+document.querySelector('.id-code svg').getAttribute('viewBox').split(' ')[2]")
    assert millimetres * (modules - 8) / modules >= 25  # the code itself, without its white edge
    for number, sheet in enumerate(sheets):
        picture = tmp_path / f"sheet-{number}.png"
        sheet.screenshot(path=picture)
        printed = sheet.locator(".id-card").count()
        codes = read_codes(picture)
        assert len(codes) == printed
        assert all(re.fullmatch(rf"{server.url}/b/[\w-]{{16}}", code) for code in codes)

    card = desk.locator(".id-card", has_text="王文芳")
    card.screenshot(path=tmp_path / "card.png")
    (address,) = read_codes(tmp_path / "card.png")
    number = re.search(r"HL-\d{4}-\d", card.inner_text()).group()

    door = scan(address)
    assert door.get_by_role("heading", level=1).inner_text() == "有效"
    assert "王文芳" in door.content()
    assert door.locator(".badge-face img").evaluate("image => image.naturalWidth") == 200
    door.screenshot(path="var/shots/door-badge-valid.png")
    assert "有效" in scan(f"{address}?text=large", 360, 740).content()

    desk.goto("/office/people")
    desk.get_by_role("link", name=re.compile("王文芳")).first.click()
    desk.locator("summary", has_text="不在这里工作了").click()
    desk.locator("#remove-person [name=why]").fill("到外地工作")
    desk.locator("#remove-person button").click()
    desk.wait_for_url("**/office/people")

    is_void(scan(address), number)
    # The county's machine is cut off and comes back: it still knows.
    server.kill()
    with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
        scan(address)
    server.start()
    is_void(scan(address), number)
    is_void(scan(f"{address}?text=large", 360, 740), number)
    with_script = window(width=360, height=740).new_page()
    with_script.goto(address)
    is_void(with_script, number)
    look(with_script, "door-void-after-restart")
    typed = scan("/b/", 360, 740)
    typed.fill("#n", number.lower().replace("-", " "))
    typed.get_by_role("button", name="再查一次").click()
    expect(typed.get_by_role("heading", level=1)).to_have_text("已作废")


@pytest.mark.parametrize(("text", "size"), [("", (390, 844)), ("?text=large", (360, 740))])
def test_every_page_at_the_door_passes_the_checks(server, office, window, text, size):
    desk = office("liguoxiu")
    desk.goto("/office/badges?kind=all")
    links = [link.get_attribute("href") for link in desk.locator(".badge-rows a").all()]
    seen = set()
    for link in links:
        desk.goto(link)
        address = desk.get_by_role("link", name="看扫码页").get_attribute("href")
        page = window(width=size[0], height=size[1]).new_page()
        page.goto(f"{address}{text}")
        verdict = page.locator("section.verdict").get_attribute("class")
        if verdict not in seen:
            seen.add(verdict)
            look(page, f"door-{verdict.split('verdict-')[-1]}{'-large' if text else ''}")
        page.close()
    assert {each.split("verdict-")[-1] for each in seen} == {"valid", "paused", "expired", "revoked"}
