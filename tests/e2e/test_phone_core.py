"""The phone program itself, in real Chromium: set up, locked, killed, out of signal, sent, emptied.

The county is the small cast of the other tests; "away" is the server's process killed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.support.browser import settle
from tests.support.phone import Phone, sign, stroke
from tests.support.server import Server
from tests.support.small_county import CHEN, PIN, at_the_county, enrol, enter, offer, release

expect.set_options(timeout=20_000)  # a busy machine is no fault of the phone

NOTE_A_VISIT = "a[href*='/field/visits/new'] >> nth=0"


@pytest.fixture
def server(small_county: Server) -> Server:
    return small_county


def reopen(phone: Phone) -> Page:
    """Kill the program and open it from its icon."""
    phone.kill()
    page = phone.open()
    page.goto("/field/")
    return page


def test_setting_up_a_phone(phone: Callable[..., Phone], server: Server) -> None:
    mine = phone()
    page = mine.page
    code = offer(server)
    page.goto(f"/field/enrol#{code}")
    expect(page.locator("#code")).to_have_value(code)
    assert "#" not in page.url, "the code must not stay in the address"
    mine.look("enrol-code")
    page.fill("#code", "01234-5678U")
    page.click("text=下一步")
    expect(page.locator(".error")).to_contain_text("没有字母 U")
    mine.look("enrol-code-wrong")
    page.fill("#code", f"{code[:5]}-{code[5:10].lower()}")
    page.click("text=下一步")
    page.wait_for_url("**/enrol/pin")
    mine.look("enrol-pin")
    enter(page, "123456")
    expect(page.get_by_role("alert")).to_contain_text("最容易被猜到")
    enter(page)
    page.wait_for_url("**/enrol/pin-again")
    enter(page)
    page.wait_for_selector(".enrol-digits")
    mine.look("enrol-digits")

    # The phone is killed while the lead types: after the PIN it goes on.
    digits = re.sub(r"\D", "", page.locator(".enrol-digits").inner_text())
    page = reopen(mine)
    enter(page)
    expect(page.locator(".enrol-digits")).to_contain_text(digits[:3])
    release(server, digits)
    expect(page.locator("h1")).to_have_text("可以出门了", timeout=60_000)
    mine.look("enrol-ready")
    page.click("text=去“今天”")
    expect(page.locator("main")).to_contain_text(CHEN)


def test_a_code_that_is_not_good(phone: Callable[..., Phone], server: Server) -> None:
    mine = phone()
    page = mine.page
    page.goto("/field/")
    page.fill("#code", "0123456789")
    page.click("text=下一步")
    enter(page)
    expect(page.locator("h1")).to_have_text("再输一遍")
    enter(page)
    expect(page.locator("h1")).to_have_text("登记码不对")
    mine.look("enrol-code-refused")
    page.click("text=输登记码")
    page.fill("#code", offer(server)[:10])
    page.click("text=下一步")
    expect(page.locator(".enrol-digits")).to_be_visible()


def test_a_visit_out_of_signal_with_the_program_killed_in_the_middle(enrolled: Phone, server: Server) -> None:
    page = enrolled.page
    server.kill()
    page.click(f"text={CHEN}")
    page.click(NOTE_A_VISIT)
    page.fill("[name=notes]", "老人说腿好多了")
    page.click("label[for=outcome-done]")
    page.wait_for_selector("form[data-kept]", state="attached")

    page = reopen(enrolled)
    expect(page.locator("[data-key='1']")).to_be_visible()
    enrolled.look("unlock")
    enter(page)
    page.click(f"text={CHEN} >> nth=-1")  # by her own row; the one on top leads to the form at once
    page.click(NOTE_A_VISIT)
    expect(page.locator("[name=notes]")).to_have_value("老人说腿好多了")
    expect(page.locator("#outcome-done")).to_be_checked()
    page.click(".dock .btn-primary")
    sign(page)
    page.click("text=存好")
    page.wait_for_url("**/residents/**")
    expect(page.locator("form[data-draft]")).to_have_count(0)

    page.click(".bar-back")
    page.click("nav >> text=待传")
    expect(page.locator("h1")).to_have_text("1 条没传")
    expect(page.locator(".out")).to_contain_text("在手机里")
    enrolled.look("outbox-one-waiting")

    server.start()
    page.click("text=现在传")
    expect(page.locator(".out-done")).to_contain_text("收到，回执", timeout=20_000)
    expect(page.locator("h1")).to_have_text("都传了")
    enrolled.look("outbox-received")
    found = at_the_county(
        server,
        "e = models.JournalEntry\n"
        "r = e.select().where(e.kind == 'visit.ended').get()\n"
        "print(r.number, r.state, r.device == models.Device.select().get().id)",
    )
    number, state, own = found.split()
    assert (state, own) == ("accepted", "True")
    assert number in page.locator(".out-done").inner_text()


def test_wrong_digits_wait_longer_even_after_a_kill(enrolled: Phone) -> None:
    page = reopen(enrolled)
    for _ in range(2):
        enter(page, "999998")
        expect(page.get_by_role("alert")).to_contain_text("再输一遍")
    enter(page, "999998")
    expect(page.locator("[data-wait]")).to_contain_text("后再输")
    enrolled.look("unlock-wait")
    expect(page.locator("[data-key='1']")).to_be_disabled()
    page = reopen(enrolled)
    expect(page.locator("[data-key='1']")).to_be_disabled()


def test_left_alone_it_locks_and_goes_on_where_it_was(phone: Callable[..., Phone], server: Server) -> None:
    mine = phone()
    mine.page.clock.install()
    enrol(mine.page, server)
    page = mine.page
    page.click(f"text={CHEN}")
    page.click(NOTE_A_VISIT)
    page.fill("[name=notes]", "走")
    page.clock.fast_forward("06:00")
    expect(page.locator("[data-key='1']")).to_be_visible()
    assert CHEN not in page.content()
    enter(page)
    expect(page.locator("[name=notes]")).to_have_value("走")


def test_a_picture_is_small_bare_and_kept_before_the_view_closes(enrolled: Phone, server: Server) -> None:
    page = enrolled.page
    page.click(f"text={CHEN}")
    page.click("text=老人有事要办")
    page.fill("textarea", "想把老年证补一张")
    server.kill()
    page.get_by_role("link", name=re.compile("拍")).or_(page.get_by_role("button", name=re.compile("拍"))).first.click()
    page.click("label[for=by-self]")
    page.click("text=念给老人听了")
    page.wait_for_selector("[data-camera-shutter]:not([disabled])", timeout=30_000)
    page.click("[data-camera-shutter]")
    page.wait_for_selector("img[data-photo][src^='blob:']")
    page.click("text=用这张")
    expect(page.locator("textarea")).to_have_value("想把老年证补一张")
    page.click(".dock .btn-primary")
    page.wait_for_url("**/residents/*said=*")
    server.start()
    page.click(".bar-back")
    page.click("nav >> text=待传")
    page.click("text=现在传")
    expect(page.locator("h1")).to_have_text("都传了")
    expect(page.locator(".out-way")).to_have_count(0)
    facts = at_the_county(
        server,
        "from pathlib import Path\n"
        "from actions import pictures\n"
        "from settings import from_environment\n"
        "plain = pictures.original(models.Picture.get(), Path(from_environment().blobs))\n"
        "print(len(plain) <= 150_000, plain[:2].hex(), b'Exif' in plain)",
    )
    assert facts == "True ffd8 False"


def test_a_full_phone_says_so_and_keeps_what_was_typed(enrolled: Phone) -> None:
    """Where nothing more can be stored the shutter does not pretend: the view stays, and the next press counts again."""
    page = enrolled.page
    page.click(f"text={CHEN}")
    page.click("text=老人有事要办")
    page.fill("textarea", "想把老年证补一张")
    page.get_by_role("link", name=re.compile("拍")).or_(page.get_by_role("button", name=re.compile("拍"))).first.click()
    page.click("label[for=by-self]")
    page.click("text=念给老人听了")
    page.wait_for_selector("[data-camera-shutter]:not([disabled])", timeout=30_000)
    page.evaluate(
        """() => {
            const { put } = IDBObjectStore.prototype;
            window.diskIsFull = true;
            IDBObjectStore.prototype.put = function (...given) {
                const asked = put.apply(this, given);
                if (window.diskIsFull && this.name === 'ciphers') this.transaction.abort(); // as the browser does
                return asked;
            };
        }"""
    )
    page.click("[data-camera-shutter]")
    expect(page.get_by_role("alert")).to_contain_text("照片没存下，手机满了")
    enrolled.look("camera-full")
    page.evaluate("window.diskIsFull = false")
    page.click("[data-camera-shutter]")
    page.click("text=用这张")
    expect(page.locator("textarea")).to_have_value("想把老年证补一张")


def test_saving_right_after_the_last_stroke_waits_for_it(enrolled: Phone) -> None:
    """On a slow phone a stroke is still being sealed when the thumb is already on the button."""
    page = enrolled.page
    page.click(f"text={CHEN}")
    page.click(NOTE_A_VISIT)
    page.click("label[for=outcome-done]")
    page.click(".dock .btn-primary")
    page.wait_for_selector("[data-signature][data-open]")
    page.evaluate(
        """() => {
            const { encrypt } = crypto.subtle;
            crypto.subtle.encrypt = async (...given) => {
                await new Promise((done) => setTimeout(done, 400));
                return encrypt.apply(crypto.subtle, given);
            };
        }"""
    )
    stroke(page)
    page.click("text=存好")
    page.wait_for_url("**/residents/**")


def test_two_windows_write_one_chain(enrolled: Phone, server: Server) -> None:
    """Today stays open in a second window; what one writes the other shows, and the county sees no fork."""
    other = enrolled.context.new_page()
    other.goto("/field/")
    enter(other)
    other.wait_for_url("**/field/today")
    for page in (enrolled.page, other):
        page.click(f"text={CHEN}")
        page.click(NOTE_A_VISIT)
        page.click("label[for=outcome-not_home]")
        page.click(".dock .btn-primary")
        page.wait_for_url("**/residents/**")
        page.click(".bar-back")
    other.click("nav >> text=待传")
    expect(other.locator(".out-done")).to_have_count(2, timeout=20_000)
    seqs = at_the_county(
        server,
        "e = models.JournalEntry\n"
        "rows = e.select().where(e.kind == 'visit.ended').order_by(e.seq)\n"
        "print([(r.seq, r.state) for r in rows])",
    )
    assert seqs == "[(1, 'accepted'), (2, 'accepted')]"


def test_locked_by_the_township(enrolled: Phone, server: Server) -> None:
    at_the_county(server, "phones.lock(models.Device.select().get(), actor=CAST.luo_guoxiu.actor, now=now, why='lost')")
    page = enrolled.page
    page.click("nav >> text=待传")
    settle(page)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page = reopen(enrolled)
    expect(page.locator("main")).to_contain_text("镇里锁上了这部手机", timeout=15_000)
    enrolled.look("unlock-locked-by-township")
    assert not page.locator("[data-key]").count()
    at_the_county(server, "phones.unlock(models.Device.select().get(), actor=CAST.luo_guoxiu.actor, now=now)")
    page = reopen(enrolled)
    enter(page)
    expect(page.locator("main")).to_contain_text(CHEN)


def test_emptied_by_the_township_only_after_it_sent_all(enrolled: Phone, server: Server) -> None:
    page = enrolled.page
    server.kill()
    page.click(f"text={CHEN}")
    page.click(NOTE_A_VISIT)
    page.click("label[for=outcome-not_home]")
    page.click(".dock .btn-primary")
    page.wait_for_url("**/residents/**")
    server.start()
    wipe = "phones.lock(models.Device.select().get(), wipe=True, actor=CAST.luo_guoxiu.actor, now=now, why='gone')"
    at_the_county(server, wipe)
    page = reopen(enrolled)
    expect(page.locator("#code")).to_be_visible(timeout=20_000)
    expect_held = "e = models.JournalEntry\nprint(e.select().where(e.kind == 'visit.ended').count(), models.Device.select().get().state)"
    assert at_the_county(server, expect_held) == "1 wiped"
    assert left_in_the_browser(page) == 0


def test_forgetting_this_phone(enrolled: Phone) -> None:
    page = enrolled.page
    page.click("nav >> text=我的")
    enrolled.look("me")
    page.click("text=这部手机")
    enrolled.look("me-phone")
    page.click("text=清空这部手机")
    enrolled.look("me-forget")
    page.click(".dock .btn")
    expect(page.locator(".btn-danger-sure")).to_be_visible()
    enrolled.look("me-forget-sure")
    page.click(".btn-danger-sure")
    expect(page.locator("#code")).to_be_visible()
    assert left_in_the_browser(page) == 0


def left_in_the_browser(page: Page) -> int:
    return page.evaluate(
        """() => new Promise((done) => {
            const asked = indexedDB.open('daiban-field');
            asked.onsuccess = () => {
                const names = [...asked.result.objectStoreNames];
                const tx = asked.result.transaction(names);
                let left = 0;
                for (const name of names) tx.objectStore(name).count().onsuccess = (e) => { left += e.target.result; };
                tx.oncomplete = () => done(left);
            };
        })"""
    )


def test_size_of_words_and_language(enrolled: Phone) -> None:
    page = enrolled.page
    page.click("nav >> text=我的")
    page.click("text=字号和语言")
    page.click("label[for=view-max]")
    expect(page.locator("html")).to_have_class("elder elder-max")
    enrolled.look("me-view-max")
    page.click("text=English")
    expect(page.locator("h1")).to_have_text("Size of words, language")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.click("text=中文")
    page.click("text=好了")
    settle(page)
    page = reopen(enrolled)
    expect(page.locator("html")).to_have_class("elder elder-max")
    enrolled.look("unlock-max")


def test_english_is_fetched_once_and_stays(enrolled: Phone, server: Server) -> None:
    page = enrolled.page
    page.click("nav >> text=我的")
    page.click("text=字号和语言")
    server.kill()
    page.click("text=English")
    expect(page.locator(".error")).to_contain_text("英文要取一次，现在没有信号")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("#lang-zh-Hans")).to_be_checked()
    enrolled.look("me-view-english-without-signal")
    server.start()
    page.evaluate("dispatchEvent(new Event('online'))")  # the phone hears the county again
    settle(page)
    page.goto("/field/")
    enter(page)
    page.click("nav >> text=我的")
    page.click("text=字号和语言")
    page.click("text=English")
    expect(page.locator("h1")).to_have_text("Size of words, language")
    server.kill()
    page = reopen(enrolled)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("main")).to_contain_text("please enter your 6 digits")
    enter(page)
    expect(page.locator("nav")).to_contain_text("Today")


def test_inside_wechat_it_asks_for_the_phones_own_browser(phone: Callable[..., Phone], playwright: Playwright) -> None:
    mine = phone(user_agent="Mozilla/5.0 (Linux; Android 12) Chrome/120 Mobile Safari/537.36 MicroMessenger/8.0")
    mine.page.goto("/field/enrol#0123456789ABCDEFGHJKMNPQRS")
    expect(mine.page.locator("main")).to_contain_text("请用手机自带的浏览器打开")
    assert not mine.page.locator("#code").count()
    mine.look("shell-inside-wechat")


def test_an_old_browser_is_told_what_to_do(phone: Callable[..., Phone]) -> None:
    mine = phone()
    mine.context.add_init_script("delete String.prototype.replaceAll")
    mine.page.goto("/field/")
    expect(mine.page.locator("main")).to_contain_text("这个浏览器太旧了")
    assert not mine.page.locator("#code").count()
    mine.errors.clear()  # there htmx itself stumbles; the sentence stands all the same


def test_a_browser_that_keeps_nothing_is_told_so(phone: Callable[..., Phone]) -> None:
    mine = phone()
    mine.context.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('private mode', 'SecurityError'); }"
    )
    mine.page.goto("/field/")
    expect(mine.page.locator("main")).to_contain_text("手机存不了东西")
    mine.errors.clear()  # the program says on the console why it could not start


def test_nothing_personal_lies_open_on_the_disk(enrolled: Phone) -> None:
    page = enrolled.page
    page.click(f"text={CHEN}")
    page.click(NOTE_A_VISIT)
    page.fill("[name=notes]", "只在这里的一句话XQZ")
    page.wait_for_selector("form[data-kept]", state="attached")
    enrolled.kill()
    looked_at = 0
    for file in (enrolled.folder / "profile" / "Default").rglob("*"):
        if file.is_file() and (
            "IndexedDB" in file.parts or "Local Storage" in str(file) or "Session Storage" in str(file)
        ):
            looked_at += 1
            raw = file.read_bytes()
            for words in (CHEN, "只在这里的一句话XQZ", PIN):
                for coded in (words.encode(), words.encode("utf-16-le")):
                    assert coded not in raw, f"{words} in {file.name}"
    assert looked_at
