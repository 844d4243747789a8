"""A phone in a test: Chromium at 360×740, touched, in Chinese, with a camera that shows a film of ours."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright, expect

from tests.support import browser
from tests.support.browser import FLAGS, chromium, fake_camera

# What a browser says when the server is away: being offline is normal, and no fault of the program.
OFFLINE = re.compile(
    r"ERR_CONNECTION|ERR_FAILED|ERR_INTERNET|ERR_NETWORK|ERR_EMPTY_RESPONSE|ERR_SOCKET|Failed to fetch|NetworkError|status of (4\d\d|503)"
)


class Phone:
    """One phone with its own storage in `folder`; `kill` and `open` again is what Android does to an app.

    Every page error, every refusal of the CSP and every error on the console is kept in `errors`;
    the fixture fails on any that a missing signal does not explain.
    """

    def __init__(self, playwright: Playwright, folder: Path, url: str, **options: Any) -> None:
        self.playwright, self.folder, self.url, self.options = playwright, folder, url, options
        self.errors: list[str] = []
        self.page: Page
        self.context: BrowserContext
        self._is_open = False
        folder.mkdir(parents=True, exist_ok=True)
        self.film = folder / "camera.mjpeg"
        self.film.write_bytes(film())
        self.open()

    def open(self) -> Page:
        """Start the browser on the same storage."""
        assert not self._is_open
        self.context = self.playwright.chromium.launch_persistent_context(
            str(self.folder / "profile"),
            **{
                "executable_path": chromium(),
                "args": [*FLAGS, *fake_camera(self.film)],
                "viewport": {"width": 360, "height": 740},
                "device_scale_factor": 2,
                "is_mobile": True,
                "has_touch": True,
                "locale": "zh-CN",
                "timezone_id": "Asia/Shanghai",
                "permissions": ["camera"],
                "base_url": self.url,
                "reduced_motion": "reduce",
                **self.options,
            },
        )
        self._is_open = True
        self.context.set_default_timeout(15_000)
        self.page = self.context.pages[0] if self.context.pages else self.context.new_page()
        for page in self.context.pages:
            self._listen(page)
        self.context.on("page", self._listen)
        return self.page

    def kill(self) -> None:
        """End the browser at once (SIGKILL), in the middle of whatever it does."""
        mark = f"--user-data-dir={self.folder / 'profile'}"
        for process in psutil.Process().children(recursive=True):
            try:
                if mark in process.cmdline():
                    process.kill()
            except psutil.NoSuchProcess:
                pass
        self._forget()
        (self.folder / "profile" / "SingletonLock").unlink(missing_ok=True)

    def close(self) -> None:
        """End the browser as one swipes an app away."""
        if self._is_open:
            self._forget()

    def look(self, name: str, page: Page | None = None) -> None:
        """Keep a picture as `var/shots/<name>.png`; fail on anything axe-core or html-validate finds."""
        browser.look(page or self.page, name)

    def _forget(self) -> None:
        self._is_open = False
        try:
            self.context.close()
        except Exception as error:  # a killed browser cannot be closed
            if "closed" not in str(error).lower():
                raise

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        page.on("console", self._note_console)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self._note(f"console: {message.text}")

    def _note(self, line: str) -> None:
        if not OFFLINE.search(line):
            self.errors.append(line)


def film() -> bytes:
    """A few frames for the fake camera, portrait, each a little different, drawn and nobody's face."""
    frames = []
    for number in range(12):
        image = Image.effect_noise((480, 640), 40).convert("RGB")
        draw = ImageDraw.Draw(image)
        draw.ellipse((140, 120, 340, 380), fill=(222, 184, 135))
        draw.ellipse((190, 220 + number % 3, 220, 245), fill=(30, 30, 30))
        draw.ellipse((260, 220 + number % 3, 290, 245), fill=(30, 30, 30))
        draw.rectangle((100, 400, 380, 640), fill=(40, 80 + number, 120))
        draw.text((20, 20), f"SAMPLE {number:02d}", fill=(255, 255, 255))
        packed = BytesIO()
        image.save(packed, "JPEG", quality=80)
        frames.append(packed.getvalue())
    return b"".join(frames)


def sign(page: Page) -> None:
    """Strokes with a finger on the pad, until they are kept."""
    stroke(page)
    expect(page.locator("input[type=hidden][name=mark]")).to_have_value(re.compile(r"^[0-9a-f]{64}$"))


def stroke(page: Page) -> None:
    """One stroke with a finger, as soon as the pad takes ink."""
    pad = page.locator("[data-signature][data-open] canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(box["x"] + 40 + step * 9, box["y"] + 40 + step % 5 * 12)
    page.mouse.up()
