"""Stories in a real browser against a real server process; offline is made by killing that process.

def test_a_visit_on_the_mountain(server, phone):
    mine = phone()                       # 360×740, its own storage
    mine.page.goto("/field/")
    mine.look("field-welcome")           # picture, axe-core, html-validate
    server.kill()                        # out of signal
    …
    server.start()                       # back in the township
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from commands import demo_people
from tests.support.browser import FLAGS, chromium
from tests.support.phone import Phone
from tests.support.server import ROOT, Server
from tests.support.small_county import enrol, make


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo county."""

    def demo(server: Server) -> None:
        server.flask("migrate", "--demo")
        if "demo " in server.flask("--help"):
            server.flask("demo")

    return made_once("demo", demo, tmp_path_factory)


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small cast of the other tests."""
    return made_once("small", make, tmp_path_factory)


def made_once(name: str, make: Callable[[Server], None], factory: pytest.TempPathFactory) -> Path:
    """The folder of a county that is made once for all workers; each story gets a copy of it."""
    base = factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = Server(shared / f"{name}-making")
            make(making)
            making.folder.rename(folder)
    return folder


@pytest.fixture
def server(demo_folder: Path, tmp_path: Path) -> Iterator[Server]:
    """The demo county on a server of its own, running. Fails the test if the server logged a fault of its own."""
    server = Server.like(demo_folder, tmp_path / "server")
    server.start()
    yield server
    server.kill()
    assert not server.bugs(), server.bugs()


@pytest.fixture
def jobs(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """The second process of the county: what the clock and the bell start."""
    command = [sys.executable, "-m", "huey.bin.huey_consumer", "jobs.huey", "--quiet"]
    running = subprocess.Popen(command, cwd=ROOT, env=server.environment)
    yield running
    running.kill()  # as it may be at any moment: asked to end, it first draws every picture that waits
    running.wait()


@pytest.fixture
def small_county(small_folder: Path, tmp_path: Path) -> Iterator[Server]:
    """The small cast of the other tests on a server of its own, running; a module takes it as its `server`."""
    server = Server.like(small_folder, tmp_path / "server")
    server.start()
    yield server
    server.kill()
    assert not server.bugs(), server.bugs()


@pytest.fixture
def enrolled(phone: Callable[..., Phone], server: Server) -> Phone:
    """王芳's phone of the small county with its pack, on Today, its shell kept by the worker."""
    mine = phone()
    enrol(mine.page, server)
    return mine


@pytest.fixture
def phone(playwright: Playwright, server: Server, tmp_path: Path) -> Iterator[Callable[..., Phone]]:
    """Open a phone: `phone()`; a second one: `phone("of a colleague")`. Options go to Playwright's context."""
    opened: list[Phone] = []

    def open_phone(name: str = "phone", **options: object) -> Phone:
        opened.append(Phone(playwright, tmp_path / name, server.url, **options))
        return opened[-1]

    yield open_phone
    for each in opened:
        each.close()
    errors = [line for each in opened for line in each.errors]
    assert not errors, "The browser complained:\n  " + "\n  ".join(errors)


@pytest.fixture(scope="session")
def _chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def window(_chromium: Browser, server: Server) -> Iterator[Callable[..., BrowserContext]]:
    """Open a desk's browser: `window()` is 1280×800, `window(width=390, height=844)` the lead's phone."""
    opened: list[BrowserContext] = []

    def open_window(width: int = 1280, height: int = 800, **options: object) -> BrowserContext:
        context = _chromium.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            base_url=server.url,
            **options,
        )
        context.set_default_timeout(15_000)
        opened.append(context)
        return context

    yield open_window
    for each in opened:
        each.close()


@pytest.fixture
def office(window: Callable[..., BrowserContext], server: Server) -> Callable[..., Page]:
    """Sign somebody in at a desk and give the page: `office("liguoxiu")` of the demo, or of the cast with its password."""

    def signed_in(name: str, password: str = demo_people.PASSWORD, **size: int) -> Page:
        page = window(**size).new_page()
        page.goto("/office/sign-in")
        page.fill("#name", name)
        page.fill("#password", password)
        page.fill("#code", server.totp(name))
        page.click("form#sign-in button")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    return signed_in
