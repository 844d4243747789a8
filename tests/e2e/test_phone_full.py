"""A phone whose disk is full, with Chromium's own quota: what is said to be saved is there, pictures are refused before they are taken.

The quota counts only if it is set before the page opens its database, so each story kills the program and opens it anew.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import settle
from tests.support.phone import Phone
from tests.support.server import Server
from tests.support.small_county import CHEN, enter

expect.set_options(timeout=20_000)

NOTE_A_VISIT = "a[href*='/field/visits/new'] >> nth=0"
RESERVE = 512 * 1024
FILL = """async (piece) => {
    const db = await new Promise((done) => {
        const asked = indexedDB.open('daiban-field');
        asked.onsuccess = () => done(asked.result);
    });
    const put = (bytes) => new Promise((done) => {
        const noise = new Uint8Array(bytes);
        for (let at = 0; at < bytes; at += 65536) crypto.getRandomValues(noise.subarray(at, Math.min(bytes, at + 65536)));
        const tx = db.transaction('ciphers', 'readwrite', {durability: 'strict'});
        tx.objectStore('ciphers').put(noise.buffer, ['filler', String(Math.random())]);
        tx.oncomplete = () => done(true);
        tx.onabort = () => done(tx.error?.name === 'QuotaExceededError' ? false : tx.error?.name);
    });
    let filled = 0;
    for (let size = 256 * 1024; size >= piece; size = Math.floor(size / 2))
        for (let kept = await put(size); kept === true; kept = await put(size)) filled += size;
    db.close();
    return filled;
}"""


LET_GO = """() => new Promise((done) => {
    const asked = indexedDB.open('daiban-field');
    asked.onsuccess = () => {
        const tx = asked.result.transaction('device', 'readwrite');
        tx.objectStore('device').delete('reserve_pin');
        tx.oncomplete = () => { asked.result.close(); done(); };
    };
})"""


@pytest.fixture
def server(small_county: Server) -> Server:
    return small_county


def reopen(phone: Phone, room: int) -> Page:
    """Kill the program and open it with so many bytes left for it."""
    phone.page.goto("/office/sign-in")
    used = phone.page.evaluate("navigator.storage.estimate().then(({ usage }) => usage)")
    phone.kill()
    page = phone.open()
    cdp = phone.context.new_cdp_session(page)
    origin = phone.url.rstrip("/")
    cdp.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": used + room})
    page.goto("/office/sign-in")
    page.goto("/field/")
    enter(page)
    page.wait_for_url("**/field/today")
    settle(page)
    return page


def save_a_visit(page: Page, words: str) -> bool:
    """Note a visit in words, from Today; whether the phone says that it is kept."""
    page.click(f"text={CHEN} >> nth=-1")
    page.click(NOTE_A_VISIT)
    page.fill("[name=notes]", words)
    page.click("label[for=outcome-not_home]")
    page.click(".dock .btn-primary")
    settle(page)
    return "said=visit" in page.url


def kept_on_the_phone(page: Page) -> int:
    return page.evaluate(
        """() => new Promise((done) => {
            const asked = indexedDB.open('daiban-field');
            asked.onsuccess = () => {
                const count = asked.result.transaction('outbox').objectStore('outbox').count();
                count.onsuccess = () => { asked.result.close(); done(count.result); };
            };
        })"""
    )


def test_words_are_saved_on_a_full_phone_and_pictures_refused_before_they_are_taken(
    enrolled: Phone, server: Server
) -> None:
    page = reopen(enrolled, room=2_000_000)
    server.kill()
    assert page.evaluate(FILL, 1024) > 500_000
    page.click(f"text={CHEN} >> nth=-1")
    page.click("text=老人有事要办")
    page.fill("textarea", "想把老年证补一张")
    page.get_by_role("link", name=re.compile("拍")).or_(page.get_by_role("button", name=re.compile("拍"))).first.click()
    page.click("label[for=by-self]")
    page.click("text=念给老人听了")  # a record in words, on the full phone
    page.wait_for_selector("[data-camera]")
    expect(page.locator("[data-camera-full]")).to_be_visible()
    expect(page.locator("[data-camera-full]")).to_contain_text("手机快满了，先不拍")
    expect(page.locator("[data-camera-shutter]")).to_be_hidden()
    assert page.evaluate("document.querySelector('[data-camera-view]').srcObject") is None, "nobody held still for it"
    enrolled.look("camera-phone-full")
    page.click("text=不拍，接着办")
    expect(page.locator("textarea")).to_have_value("想把老年证补一张")
    page.click(".dock .btn-primary")
    page.wait_for_url("**/residents/*said=*")
    said = kept_on_the_phone(page)
    assert said >= 2

    # Nothing left at all: what the phone says is kept is there after a kill, what it cannot keep it does not claim.
    page.evaluate(FILL, 16)
    page.click(".bar-back")
    page.wait_for_url("**/field/today")
    before = kept_on_the_phone(page)
    claimed = save_a_visit(page, "满了以后的一句话")
    if not claimed:
        expect(page.locator("h1")).to_have_text("手机满了，这条没存下")
        enrolled.look("phone-full")
    assert kept_on_the_phone(page) == before + claimed

    # The same at its next start: it opens with the PIN and shows what it keeps.
    page.evaluate(FILL, 16)
    page.goto("/field/today")
    enter(page)
    page.wait_for_url("**/field/today")
    expect(page.locator("main")).to_contain_text(CHEN)
    enrolled.look("today-phone-full")

    # The room kept for opening is gone, too: it says so at the PIN, and claims nothing.
    page.evaluate(LET_GO)
    page.evaluate(FILL, 16)
    page.goto("/field/today")
    enter(page)
    expect(page.locator("h1")).to_have_text("手机满了，帮代办打不开")
    enrolled.look("unlock-phone-full")
    for name, dress in (("elder", "document.documentElement.classList.add('elder')"), ("dark", None)):
        page.evaluate(dress) if dress else page.emulate_media(color_scheme="dark")
        enrolled.look(f"unlock-phone-full-{name}")
    page.emulate_media(color_scheme="light")
    page.click("text=返回")
    expect(page.locator("[data-key='8']")).to_be_visible()
    assert kept_on_the_phone(page) == before + claimed
    server.start()
    page = reopen(enrolled, room=20_000_000)
    assert kept_on_the_phone(page) == before + claimed
