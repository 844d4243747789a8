"""A phone that finds no signal: its records leave as a file from the locked phone, reach the county by a desk and by a colleague's
phone, and nothing is counted twice when the phone comes back. Then its store is emptied, and both sides say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support import cast
from tests.support.browser import look, settle
from tests.support.phone import Phone, sign
from tests.support.server import Server
from tests.support.small_county import CHEN, at_the_county, enrol, enter

expect.set_options(timeout=20_000)

ZHOU = cast.CAST.zhou_xinglin.name
COUNT = """
v, p, e = models.Visit, models.Picture, models.JournalEntry
print(v.select().count(), p.select().where(p.state != 'wanted').count(), p.select().where(p.state == 'wanted').count(),
      e.select().where(e.kind == 'visit.ended').count(), e.select().where(e.kind == 'bundle.taken_in').count())
"""


@pytest.fixture
def server(small_county: Server) -> Server:
    return small_county


@pytest.fixture
def lead(office: Callable[..., Page]) -> Callable[[], Page]:
    """罗国秀 at her desk."""
    return lambda: office(cast.CAST.luo_guoxiu.sign_in, cast.PASSWORD)


def note_a_visit(page: Page, name: str = CHEN) -> None:
    """From any of the four places, by name, and back there."""
    page.click(".tabs >> text=找人")
    page.fill("input[name=q]", name)
    page.locator(".row", has_text=name).first.click()
    page.click("a[href*='/field/visits/new'] >> nth=0")
    if name != CHEN:  # nothing is due there that would be the reason by itself
        page.click("label[for^=reason] >> nth=0")
    page.click("label[for=outcome-done]")
    page.click(".dock .btn-primary")
    sign(page)
    page.click("text=存好")
    page.wait_for_url("**/residents/**")
    page.click(".bar-back")
    settle(page)


def locked(phone: Phone) -> Page:
    """Swiped away and opened again, without a signal: it asks for the PIN."""
    phone.close()
    page = phone.open()
    page.goto("/field/")
    expect(page.locator("[data-key='1']")).to_be_visible()
    return page


def take_out(phone: Phone, to: Path) -> Path:
    """From the PIN page to the file on the disk; the PIN is never given."""
    page = phone.page
    page.click("text=把我的记录取成文件")
    expect(page.locator("[data-part=make]")).to_be_visible()
    phone.look("bundle-make")
    page.click("[data-part=make]")
    expect(page.locator("[data-part=save]")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="文件做好了")).to_be_visible()
    phone.look("bundle-ready")
    with page.expect_download() as waited:
        page.click("[data-part=save]")
    assert waited.value.suggested_filename.endswith(".dbx")
    expect(page.get_by_role("status").filter(has_text="县里说收到之前")).to_be_visible()
    path = to / waited.value.suggested_filename
    waited.value.save_as(path)
    return path


def take_in(desk: Page, path: Path) -> None:
    desk.goto("/office/bundles")
    desk.set_input_files("#file", path)
    desk.click("#send-bundle .btn-primary")
    desk.wait_for_url("**/office/bundles/*-*")


def test_a_file_from_the_locked_phone_is_taken_in_and_nothing_doubles_when_the_phone_comes_back(
    enrolled: Phone, server: Server, lead: Callable[[], Page], tmp_path: Path
) -> None:
    server.kill()
    note_a_visit(enrolled.page)
    note_a_visit(enrolled.page, ZHOU)
    locked(enrolled)
    path = take_out(enrolled, tmp_path)
    assert CHEN.encode() not in path.read_bytes()
    enrolled.close()

    server.start()
    desk = lead()
    desk.goto("/office/to-do")
    desk.click("text=从文件收记录")
    expect(desk.locator("#send-bundle")).to_be_visible()
    look(desk, "bundle-desk")
    take_in(desk, path)
    expect(desk.locator("main")).to_contain_text("收进了 2 条记录")
    expect(desk.locator("main")).to_contain_text("收进 2 张")
    look(desk, "bundle-desk-done")
    assert at_the_county(server, COUNT) == "2 2 0 2 1"
    take_in(desk, path)
    expect(desk.locator("main")).to_contain_text("早就在这里了")
    (tmp_path / "none.dbx").write_bytes(b"PK not one of ours")
    desk.goto("/office/bundles")
    desk.set_input_files("#file", tmp_path / "none.dbx")
    desk.click("#send-bundle .btn-primary")
    expect(desk.locator("#problems [role=alert]")).to_contain_text("不是手机里的记录文件")
    look(desk, "bundle-desk-none")

    page = enrolled.open()  # the phone comes back, and a signal with it
    page.goto("/field/")
    enter(page)
    page.click("nav >> text=待传")
    expect(page.locator("h1")).to_have_text("都传了")
    assert at_the_county(server, COUNT) == "2 2 0 2 2"
    expect(page.locator(".out-done")).to_have_count(2)


def test_a_colleague_carries_it_and_an_emptied_phone_is_said_on_both_sides(
    enrolled: Phone, phone: Callable[..., Phone], server: Server, lead: Callable[[], Page], tmp_path: Path
) -> None:
    other = phone("of a colleague")
    enrol(other.page, server, "zhao_min", "he_jing")
    server.kill()
    note_a_visit(enrolled.page)
    locked(enrolled)
    path = take_out(enrolled, tmp_path)

    page = other.page
    page.click("nav >> text=待传")
    page.click("text=帮同事带记录")
    expect(page.locator("[data-part=choose]")).to_be_visible()
    page.set_input_files("#carry-file", path)
    expect(page.locator("main")).to_contain_text("替王芳带的")
    expect(page.locator("main")).to_contain_text("1 条记录，县里收到 0 条")
    server.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("main")).to_contain_text("1 条记录，县里收到 1 条")
    expect(page.locator("main")).to_contain_text("1 张照片，县里收到 1 张")
    page.wait_for_timeout(1_500)  # the page follows the sending, and comes anew under axe-core
    other.look("carry-arrived")
    assert at_the_county(server, COUNT) == "1 1 0 1 0"
    page.click("text=收起")
    expect(page.locator("main")).not_to_contain_text("替王芳带的")

    # 王芳's phone notes one more without a signal; then the browser takes its store.
    page = enrolled.page
    page.goto("/field/")
    enter(page)
    page.click("nav >> text=待传")
    expect(page.locator("h1")).to_have_text("都传了")
    assert at_the_county(server, COUNT) == "1 1 0 1 0"
    server.kill()
    note_a_visit(page, ZHOU)
    page.goto("about:blank")
    session = enrolled.context.new_cdp_session(page)
    session.send(
        "Storage.clearDataForOrigin",
        {"origin": server.url, "storageTypes": "indexeddb,cache_storage,service_workers"},
    )
    server.start()
    page.goto("/field/")
    expect(page.locator("h1")).to_have_text("这部手机被清空过")
    expect(page.locator("main")).to_contain_text("到第 1 条都收到了。第 2 条")
    enrolled.look("emptied")
    page.click("text=重新登记")
    expect(page.locator("#code")).to_be_visible()
    enrol(page, server)

    desk = lead()
    desk.goto("/office/visits")
    expect(desk.locator("main")).to_contain_text("王芳的手机被清空过，第 2 条没有着落")
    look(desk, "emptied-log")
    desk.locator("a", has_text="看").and_(desk.locator("[href*='/phones/']")).first.click()
    expect(desk.locator("main")).to_contain_text("有 1 条记录没来")
    desk.click("summary")
    look(desk, "emptied-phone")
    desk.click("label[for=asked-yes]")
    desk.fill("#tail-words", "去看了陈桂兰，补记了")
    desk.click("#close-tail button")
    expect(desk.locator("main")).to_contain_text("第 2 条已关上")
