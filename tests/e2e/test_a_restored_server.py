"""The county's machine burns down. Yesterday's backup is put back on another, and every phone brings what it still holds."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import look, until
from tests.support.cast import CAST, PASSWORD
from tests.support.phone import Phone, sign
from tests.support.server import Server
from tests.support.small_county import CHEN, at_the_county, enrol, enter, offer, release

expect.set_options(timeout=20_000)

NOTE_A_VISIT = "a[href*='/field/visits/new'] >> nth=0"
WHAT_IS_HERE = """
from models import *
notes = sorted(v.notes for v in Visit.select())
marks = sorted(p.state for p in Picture.select())
print(len(notes), "|".join(notes), "|".join(marks), JournalEntry.select().where(JournalEntry.kind == "visit.ended").count())
"""


@pytest.fixture
def server(small_county: Server) -> Server:
    return small_county


@pytest.fixture
def lead(office: Callable[..., Page]) -> Callable[[], Page]:
    """罗国秀 at her desk; she signs in again each time, for a restored server knows no session."""

    def signed_in() -> Page:
        page = office(CAST.luo_guoxiu.sign_in, PASSWORD, width=390, height=844)
        page.goto("/office/to-do")
        return page

    return signed_in


def visit(page: Page, notes: str) -> None:
    """A visit with a signature, which is a picture of its own."""
    page.goto("/field/today")
    unlock(page)
    page.click(f"text={CHEN} >> nth=-1")
    page.click(NOTE_A_VISIT)
    page.fill("[name=notes]", notes)
    page.click("label[for=outcome-done]")
    if not page.locator("[name=reasons]:checked").count():  # after a visit nothing may be due any more
        page.click("label[for=reasons-care]")
    page.click(".dock .btn-primary")
    sign(page)
    page.click("text=存好")
    page.wait_for_url("**/residents/**")


def unlock(page: Page) -> None:
    """A page that was loaded anew asks for the PIN."""
    page.wait_for_selector("[data-key='1']")
    enter(page)


def outbox(page: Page, words: str) -> None:
    page.goto("/field/outbox")
    unlock(page)
    expect(page.locator("h1")).to_have_text(words, timeout=30_000)


def test_yesterdays_backup_is_put_back_and_a_phone_heals_it(
    server: Server, enrolled: Phone, lead: Callable[[], Page], tmp_path: Path
) -> None:
    page, backups = enrolled.page, tmp_path / "backups"
    visit(page, "昨天的")
    outbox(page, "都传了")
    server.do_jobs()
    assert at_the_county(server, WHAT_IS_HERE).endswith("1 昨天的 shown 1")
    said = server.flask("backup", str(backups))
    assert "is written and read back" in said and "1 pictures (1 of them new)" in said

    visit(page, "今天的")
    outbox(page, "都传了")
    server.kill()
    visit(page, "没信号时的")  # still on the phone when the machine is gone
    assert held(page) == 2
    enrolled.close()
    burn_down(server)
    said = server.flask("restore", str(backups))
    assert "each phone offers again what it holds" in said and "Everything in it proves" in said
    assert at_the_county(server, WHAT_IS_HERE).endswith("1 昨天的 stored 1")
    server.start()

    desk = lead()
    told = desk.locator("section[aria-labelledby=restored]")
    expect(told).to_contain_text("还有 1 部手机没有联网")
    expect(told).to_contain_text("它的记录收到第 1 条，后面的还不清楚")
    look(desk, "office-restored")

    page = enrolled.open()
    outbox(page, "都传了")
    server.do_jobs()
    assert at_the_county(server, WHAT_IS_HERE).endswith("3 今天的|昨天的|没信号时的 shown|shown|shown 3")
    assert "Consistent" in server.flask("verify")
    desk.reload()
    expect(told).to_contain_text("每部手机都联过网了")
    expect(desk.locator("main")).to_contain_text("最近一次备份（已读回核对）")

    # What the next backup holds may leave the phone; not a moment sooner.
    assert held(page) == 2
    server.flask("backup", str(backups))
    outbox(page, "都传了")  # opening the program talks to the county
    until(page, f"{HELD}.then((count) => count === 0)")


def test_a_phone_given_out_after_the_backup_is_set_up_again_and_loses_nothing(
    server: Server, phone: Callable[..., Phone], lead: Callable[[], Page], tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    server.flask("backup", str(backups))
    mine = phone()
    page = mine.page
    enrol(page, server)
    visit(page, "传过的")
    outbox(page, "都传了")
    server.kill()
    visit(page, "没传的")
    burn_down(server)
    server.flask("restore", str(backups))
    server.start()

    page.goto("/field/outbox")
    unlock(page)
    told = page.locator("#unknown")
    expect(told).to_contain_text("现在不认识这部手机", timeout=30_000)
    expect(page.locator("h1")).to_have_text("1 条没传")
    mine.look("field-outbox-unknown")
    page.goto("/field/today")
    unlock(page)
    expect(told).to_contain_text("什么都别删")
    told.locator("a").click()
    page.fill("#code", offer(server)[:10])
    page.click("text=下一步")
    release(server, re.sub(r"\D", "", page.locator(".enrol-digits").inner_text()))
    page.click("text=去“今天”", timeout=60_000)
    outbox(page, "都传了")
    expect(told).to_have_count(0)
    server.do_jobs()
    assert at_the_county(server, WHAT_IS_HERE).endswith("2 传过的|没传的 shown|shown 2")
    assert "Consistent" in server.flask("verify")
    desk = lead()
    restored = desk.locator("section[aria-labelledby=restored]")
    expect(restored).to_contain_text("这样的手机已有 1 部重新登记")
    expect(restored).to_contain_text("它的记录收到第 2 条")
    look(desk, "office-known-again")


def burn_down(server: Server) -> None:
    """The database and the pictures are gone; the folder of keys lies elsewhere too."""
    for gone in (*server.folder.glob("daiban.sqlite3*"), server.folder / "blobs"):
        if gone.is_dir():
            shutil.rmtree(gone)
        else:
            gone.unlink()


HELD = """new Promise((done, fail) => {
  const asked = indexedDB.open("daiban-field");
  asked.onerror = () => fail(asked.error);
  asked.onsuccess = () => {
    const all = asked.result.transaction("outbox").objectStore("outbox").getAll();
    all.onsuccess = () => { asked.result.close(); done(all.result.filter((row) => row.item).length); };
  };
})"""


def held(page: Page) -> int:
    """Sealed records this phone still keeps."""
    return int(page.evaluate(HELD))
