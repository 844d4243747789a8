"""Scenario 4: a village in which sixty are due by the agency's list. Twenty were confirmed by comparing data and are
spared the knock; two are not at home, one has died, a couple is verified: without signal, counted at the desk after.

The county is the small cast of the other tests; everything about these people comes from files as offices send them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rules import id_numbers
from rules.days import CHINA
from tests.support import cast
from tests.support.browser import look, until_pictures_are_drawn
from tests.support.phone import Phone, sign
from tests.support.server import Server
from tests.support.small_county import enrol, enter

expect.set_options(timeout=20_000)  # a busy machine is no fault of the phone

VILLAGE = "石头村"
GROUPS = "一组 二组 三组 四组 五组".split()
SURNAMES = "石 罗 杨 陈 吴 龙 田 骆 熊 冉 邓 宋".split()
GIVEN = "国才 开芬 昌贵 德珍 照义".split()


@dataclass(frozen=True)
class Pensioner:
    """Somebody of the village, as its roster and the agency know them."""

    name: str
    id_number: str
    group: str
    household: str
    number: str

    @property
    def on_the_roster(self) -> list[str]:
        return [self.name, self.id_number, VILLAGE, self.group, self.household, "是"]

    @property
    def on_the_list(self) -> list[str]:
        """Last confirmed in this month a year ago: due at its end."""
        last = last_year(today()).strftime("%Y%m%d")
        return [self.name, self.id_number, "城乡居民基本养老保险", self.number, "开阳县", "12", last, "正常"]


def pensioner(number: int) -> Pensioner:
    """Two to a household, the households of a group together."""
    name = SURNAMES[number % 12] + GIVEN[number // 12]
    body = f"990101{1941 + number // 4}{number % 12 + 1:02d}{number % 28 + 1:02d}{500 + number}"
    household = number // 2
    return Pensioner(
        name,
        body + id_numbers.check_character(body),
        GROUPS[household // 6],
        f"{household + 1:03d}",
        f"P{70000 + number}",
    )


def today() -> date:
    return datetime.now(CHINA).date()


def last_year(day: date) -> date:
    return day.replace(year=day.year - 1, day=5)


ALL = [pensioner(number) for number in range(60)]
CONFIRMED = ALL[::3]  # all over the village
LEFT = [each for each in ALL if each not in CONFIRMED]
NOBODY_HOME = (ALL[2], ALL[8])
DIED = ALL[5]
COUPLE = (ALL[10], ALL[11])  # of one household


@pytest.fixture
def server(small_county: Server) -> Server:
    return small_county


@pytest.fixture
def officer(office: Callable[..., Page]) -> Page:
    """钱伟 at the township's desk."""
    return office(cast.CAST.qian_wei.sign_in, cast.PASSWORD)


def write(file: Path, rows: list[list[str]], encoding: str) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    file.write_bytes(text.getvalue().encode(encoding))
    return str(file)


def take(server: Server, what: str, file: str) -> dict[str, int]:
    counts: dict[str, int] = json.loads(server.flask("import", what, file, "--json"))
    return counts


def take_roster(server: Server, folder: Path) -> None:
    heading = ["姓名", "公民身份号码", "户籍村", "村民小组", "户号", "养老金领取"]
    file = write(folder / "roster.csv", [heading, *(each.on_the_roster for each in ALL)], "utf-8-sig")
    said = take(server, "roster", file)
    assert (said["imported"], said["review"]) == (60, 0), said


def agency_list(people: list[Pensioner]) -> list[list[str]]:
    heading = ["姓名", "身份证号码", "待遇名称", "个人编号", "待遇发放地", "认证周期(月)", "上次认证日期", "待遇状态"]
    return [["开阳县城乡居民养老保险未认证人员名单"], heading, *(each.on_the_list for each in people)]


def round_at_the_desk(desk: Page) -> dict[str, int]:
    """The figures over the villages, and how many the village still has, as the page says them."""
    desk.goto("/office/rounds")
    expect(desk.locator(".page-head h1")).to_contain_text(f"{today().month}月")
    sums = [int(text) for text in desk.locator(".sum b").all_inner_texts()]
    bar = desk.locator(".bars tr", has_text=VILLAGE)
    left = re.search(r"\d+", bar.locator("td").last.inner_text())
    label = bar.locator("svg").get_attribute("aria-label") or ""
    assert [int(n) for n in re.findall(r" (\d+)", label)] == sums, label  # nobody is due elsewhere here
    return dict(zip(("over", "todo", "missed", "waiting", "done"), sums, strict=True)) | {
        "all": sum(sums),
        "left": int(left[0]) if left else 0,
    }


def to_see(page: Page) -> int:
    """How many Today says are still to see."""
    found = re.search(r"\d+", page.locator("h1").first.inner_text())
    return int(found[0]) if found else 0


def back_to_today(page: Page) -> None:
    """With the phone's own buttons: back until the bottom bar is there."""
    for _ in range(5):
        if page.locator(".tabs").count():
            break
        page.locator(".bar-back").click()
        page.wait_for_timeout(300)
    page.click(".tabs >> text=今天")
    expect(page.locator("h1")).to_contain_text("还要见")


def opened_again(page: Page, *, until: int) -> None:
    """A list stays as it is under somebody's hands; opened again it shows what a sync brought."""
    for _ in range(30):
        if to_see(page) == until:
            return
        page.wait_for_timeout(500)
        page.click(".tabs >> text=今天")
    expect(page.locator("h1")).to_contain_text(str(until))


def open_from_today(page: Page, who: Pensioner) -> None:
    back_to_today(page)
    page.locator("main .row", has_text=who.name).click()
    expect(page.locator("h1", has_text=who.name)).to_be_visible()


def nobody_home(page: Page, who: Pensioner, again: date) -> None:
    open_from_today(page, who)
    page.locator("a[href*='visits/new']").first.click()
    page.click("label[for=outcome-not_home]")
    expect(page.locator("main")).to_contain_text(f"{again.month}月{again.day}日再来")
    expect(page.locator("#reasons-verification")).to_be_checked()
    page.click(".dock button[form]")
    expect(page.locator(".says")).to_contain_text("记好了")
    expect(page.locator(".card", has_text="再来一次")).to_contain_text(f"{again.month}月{again.day}日")


def told_of_a_death(mine: Phone, page: Page, who: Pensioner) -> None:
    open_from_today(page, who)
    page.locator("a[href*='visits/new']").first.click()
    page.click("label[for=outcome-death_reported]")
    page.click(".dock button[form]")
    expect(page.locator("main")).to_contain_text("请先替我们向家人道一声节哀")
    mine.look("village-death")
    page.click("label[for=told-family]")
    page.fill("#on", "上个月底")
    page.click("label[for=seen-none]")
    page.click(".dock button[form]")
    expect(page.locator(".says")).to_contain_text("上门和消息已停")
    expect(page.locator("a[href$='/verification']")).to_have_count(0)


def verify(mine: Phone, page: Page, who: Pensioner, witness: str) -> None:
    open_from_today(page, who)
    page.locator(".dock a[href$='/verification']").click()
    page.click("label[for=by-self]")  # nobody asked them before
    page.click("button[value=aloud]")
    page.click("button[value=id_card]")
    page.wait_for_selector("[data-camera-shutter]:not([disabled])")
    expect(page.locator(".challenge")).not_to_contain_text("没有")  # a gesture was brought along
    page.wait_for_timeout(800)
    page.click("[data-camera-shutter]")
    page.wait_for_selector("img[data-photo][src^='blob:']")
    page.click("label[for=witness-other]")
    page.fill("#witness_other", witness)
    page.click("label[for=condition-healthy]")
    sign(page)
    mine.look("village-couple")
    page.click(".dock button[form]")
    expect(page.locator("h1", has_text=who.name)).to_be_visible()


def test_sixty_due_twenty_spared_and_the_rest_walked_without_signal(
    server: Server, phone: Callable[..., Phone], officer: Page, tmp_path: Path
) -> None:
    # The agency's list of the month, as its own file.
    take_roster(server, tmp_path)
    said = take(server, "entitlements", write(tmp_path / "list-1.csv", agency_list(ALL), "utf-8-sig"))
    assert (said["imported"], said["review"]) == (60, 0), said
    figures = round_at_the_desk(officer)
    assert (figures["all"], figures["todo"], figures["left"]) == (60, 60, 60)
    mine = phone()
    page = mine.page
    enrol(page, server, agent="zhao_min", by="he_jing")
    assert to_see(page) == 60

    # A second one: twenty were confirmed by comparing data. They are spared, at the desk and on the phone.
    said = take(server, "entitlements", write(tmp_path / "list-2.csv", agency_list(LEFT), "gb18030"))
    assert (said["unchanged"], said["dropped"], said["kept_for_review"]) == (40, 20, 0), said
    figures = round_at_the_desk(officer)
    assert (figures["all"], figures["todo"], figures["done"], figures["left"]) == (60, 40, 20, 40)
    look(officer, "village-desk-spared")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    opened_again(page, until=40)
    for each in (CONFIRMED[0], CONFIRMED[-1]):
        assert page.locator("main .row", has_text=each.name).count() == 0, each
    assert page.locator("main a.row[href*='/residents/']").count() == 40
    names = page.locator("main a.row .row-name").all_inner_texts()
    doors = [next(n for n, name in enumerate(names) if name.startswith(each.name)) for each in COUPLE]
    assert abs(doors[0] - doors[1]) == 1, names  # one door, one after the other
    mine.look("village-today")

    # Out of signal, from the icon.
    server.kill()
    mine.kill()
    page = mine.open()
    page.goto("/field/")
    enter(page)
    again = today() + timedelta(days=7)
    for each in NOBODY_HOME:
        nobody_home(page, each, again)
    mine.look("village-not-home")
    told_of_a_death(mine, page, DIED)
    for each in COUPLE:
        verify(mine, page, each, "石光明，邻居")
    back_to_today(page)
    assert to_see(page) == 35
    gone = (*NOBODY_HOME, DIED, *COUPLE)
    due = page.locator("main section:not([aria-labelledby=seen]) .row")
    assert [each.name for each in gone if due.filter(has_text=each.name).count()] == []
    mine.look("village-today-walked")
    page.click(".tabs >> text=待传")
    expect(page.locator("h1")).to_contain_text("没传")
    waiting = page.locator("a.out").count()
    assert waiting >= 10, page.locator("main").inner_text()  # visits, tries, the death, two consents, two pictures
    assert not server.is_up

    # Back in the township: a receipt for each.
    server.start()
    page.click("text=/现在传/")
    expect(page.locator("h1")).to_have_text("都传了", timeout=60_000)
    expect(page.locator(".out-done")).to_have_count(waiting)
    assert page.locator(".out-done .num").count() == waiting, "a record without its number"
    mine.look("village-received")
    server.do_jobs()

    # The desk: the round, the log, the tray, and the two pictures to check.
    figures = round_at_the_desk(officer)
    assert figures == {"over": 0, "todo": 35, "missed": 2, "waiting": 2, "done": 20, "all": 59, "left": 37}
    look(officer, "village-desk-rounds")
    officer.goto(officer.locator(".bars tr", has_text=VILLAGE).locator("a").get_attribute("href") or "")
    for each in NOBODY_HOME:
        expect(officer.locator("section[aria-labelledby=listed] .row", has_text=each.name)).to_contain_text("没在家")
    assert officer.locator("main .row", has_text=DIED.name).count() == 0
    officer.goto("/office/visits")
    for each, outcome in [*((one, "没在家") for one in NOBODY_HOME), (DIED, "听说走了")]:
        expect(officer.locator("main tbody tr", has_text=each.name)).to_contain_text(outcome)
    for each in COUPLE:
        expect(officer.locator("main tbody tr", has_text=each.name)).to_contain_text("赵敏")
    look(officer, "village-desk-log")
    officer.goto("/office/deaths")
    officer.locator("main .row", has_text=DIED.name).click()
    officer.wait_for_url("**/office/deaths/*")
    expect(officer.locator("main")).to_contain_text("赵敏")
    expect(officer.locator("main")).not_to_contain_text("家人，家人")
    look(officer, "village-desk-death")

    officer.goto("/office/verifications")
    waits = officer.locator("section[aria-labelledby=waiting] .row")
    for each in COUPLE:
        expect(waits.filter(has_text=each.name)).to_have_count(1)
    waits.filter(has_text=COUPLE[0].name).click()
    officer.wait_for_url("**/verifications/*-*")
    until_pictures_are_drawn(officer)
    look(officer, "village-desk-check")
    with officer.expect_navigation():
        officer.click("button:has-text('没问题')")
    officer.goto("/office/verifications")
    expect(waits.filter(has_text=COUPLE[0].name)).to_have_count(0)
    expect(waits.filter(has_text=COUPLE[1].name)).to_have_count(1)
    assert "Consistent" in server.flask("verify")

    # On the agreed day, again without signal, the two stand on Today; the dead is visited no more.
    server.kill()
    mine.kill()
    page = mine.open()
    page.clock.set_fixed_time(datetime.combine(again, datetime.min.time(), CHINA) + timedelta(hours=9))
    page.goto("/field/today")
    enter(page)
    expect(page.locator("h1")).to_contain_text("37")
    for each in NOBODY_HOME:
        assert page.locator("main .row", has_text=each.name).count() == 1, each
    for each in (DIED, *COUPLE, CONFIRMED[0]):
        assert page.locator("main .row", has_text=each.name).count() == 0, each
    mine.look("village-a-week-later")
