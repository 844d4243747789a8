"""A new version of the phone program, and two versions side by side: nobody loses what is being written."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import settle, until
from tests.support.phone import Phone
from tests.support.server import ROOT, Server
from tests.support.small_county import CHEN, enter

expect.set_options(timeout=20_000)

NOTE_A_VISIT = "a[href*='/field/visits/new'] >> nth=0"
WAITS = "navigator.serviceWorker.getRegistration().then((r) => r.update()).then(() => true)"


@pytest.fixture
def server(small_folder: Path, tmp_path: Path) -> Iterator[Server]:
    """The small county on a program of its own, so that a test can put a new version in place."""
    server = Server.like(small_folder, tmp_path / "server")
    server.root = tmp_path / "program"
    server.root.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in ("static", "app.py", "var", ".git"):
            (server.root / entry.name).symlink_to(entry)
    shutil.copy(ROOT / "app.py", server.root)
    shutil.copytree(ROOT / "static", server.root / "static")
    server.start()
    yield server
    server.kill()
    assert not server.bugs(), server.bugs()


def put_in_place_the_next_version(server: Server) -> None:
    """Another program: as in a build, each part that names a part with another name has another name too."""
    built = server.root / "static" / "built"
    manifest = json.loads((built / "manifest.json").read_text())
    main = Path(manifest["main"]).name
    parts = [path.name for path in built.glob("*-*.js") if not path.name.startswith("plain-")]
    assert main in parts
    assert len(parts) > 1
    renamed = {name: re.sub(r"-\w+\.js$", "-NEXT0000.js", name) for name in parts}
    for script in list(built.glob("*.js")):
        text = re.sub(r"daiban-[0-9a-f]{12}", "daiban-next", script.read_text())
        for old, new in renamed.items():
            text = text.replace(old, new)
        if script.name == main:
            text += '\n;document.documentElement.dataset.next = "";'
        script.unlink()
        (built / renamed.get(script.name, script.name)).write_text(text)
    manifest |= {"main": f"/static/built/{renamed[main]}", "version": "next"}
    (built / "manifest.json").write_text(json.dumps(manifest))


def a_waiting_worker(page: Page) -> None:
    page.evaluate(WAITS)
    until(page, "navigator.serviceWorker.getRegistration().then((r) => r.waiting !== null)")


def test_a_new_version_waits_for_the_form_in_every_window(enrolled: Phone, server: Server) -> None:
    page = enrolled.page
    other = enrolled.context.new_page()
    other.goto("/field/")
    enter(other)
    other.click(f"text={CHEN}")
    other.click(NOTE_A_VISIT)
    other.fill("[name=notes]", "在另一个窗口写的")
    other.wait_for_selector("form[data-kept]", state="attached")
    page.click(f"text={CHEN}")
    page.click("text=老人有事要办")
    page.fill("textarea", "想把老年证补一张")
    page.wait_for_selector("form[data-kept]", state="attached")

    put_in_place_the_next_version(server)
    a_waiting_worker(page)
    settle(page)
    assert page.locator(".update").count() == 0, "a new version is not even offered under an open form"
    expect(page.locator("textarea")).to_have_value("想把老年证补一张")

    # The other window still runs the version before: the camera is a part of it that was not asked for yet.
    page.click(".bar-back")
    expect(page.locator(".update")).to_contain_text("有新版")
    enrolled.look("new-version")
    with page.expect_navigation():  # it begins anew, as the next version
        page.click(".update button")
    until(page, "document.documentElement.dataset.next === ''")
    expect(other.locator("[name=notes]")).to_have_value("在另一个窗口写的")
    assert other.evaluate("document.documentElement.dataset.next") is None
    other.click("label[for=outcome-done]")
    other.click(".dock .btn-primary")
    other.wait_for_selector("[data-signature][data-open]")  # a chunk of the version before
    other.click(".bar-back")
    settle(other)

    enter(page)
    page.click(f"text={CHEN} >> nth=-1")
    page.click("text=老人有事要办")
    expect(page.locator("textarea")).to_have_value("想把老年证补一张")
    assert page.evaluate("document.documentElement.dataset.next") == ""


def test_a_store_that_a_newer_program_opened_is_left_alone(enrolled: Phone) -> None:
    """Another window runs a program with a newer store: this one keeps what is being written, lets go, and says so."""
    page = enrolled.page
    other = enrolled.context.new_page()
    other.goto("/static/icons/icon-192.png")
    page.click(f"text={CHEN}")
    page.click(NOTE_A_VISIT)
    page.fill("[name=notes]", "最后几个字")  # not a moment to wait for: handed over, it is kept first
    drafts = other.evaluate(
        """() => new Promise((done) => {
            const asked = indexedDB.open('daiban-field', 99);
            asked.onsuccess = () => {
                const all = asked.result.transaction('drafts').objectStore('drafts').count();
                all.onsuccess = () => { asked.result.close(); done(all.result); };
            };
        })"""
    )
    assert drafts >= 1
    expect(page.locator("[data-plain=newer]")).to_be_visible()
    expect(page.locator("main")).to_contain_text("帮代办要换成新的")
    enrolled.look("store-is-newer")
    kept = other.evaluate("indexedDB.databases().then((all) => all.map(({ name, version }) => name + version).join())")
    assert kept == "daiban-field99"
    enrolled.errors.clear()  # the program says on the console why it could not start
