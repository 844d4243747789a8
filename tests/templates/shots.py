"""Draw fixtures as a phone shows them: `python -m tests.templates.shots FOLDER [NAME…]` writes PNGs at 360×740, scale 2.

NAME is the beginning of a fixture's name (`field/today`, `field/today-usual`). `--dark`, `--wide` (412×915), `--whole`
(the whole page), `--check` (axe-core, sideways scroll, small targets) change what is done. For looking, not for comparing.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.templates import engines

ROOT = engines.ROOT
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
SMALL = """() => [...document.querySelectorAll('a, button:not(.unseen), input:not([type=hidden]), textarea, select, label.pick, summary')]
  .filter(e => e.offsetParent && !e.closest('.picks, .choice') || e.matches('label.pick'))
  .filter(e => { const b = e.getBoundingClientRect(); return b.height < least - .5 || b.width < least - .5 })
  .map(e => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 20)} ${Math.round(e.getBoundingClientRect().width)}x${Math.round(e.getBoundingClientRect().height)}`)"""


def document(body: str, job: dict[str, Any]) -> str:
    view, lang = job["context"]["page"]["view"], job["lang"]
    styles = f'<link rel="stylesheet" href="file://{ROOT}/pwa/styles.css">'
    title, rest = body.split("</title>", 1)
    return (
        f'<!doctype html><html lang="{lang}" class="{view}"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1, viewport-fit=cover">{styles}{title.strip()}</title></head><body>{rest}</body></html>'
    )


def axe_of(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"axe {v['id']}: {v['nodes'][0]['html'][:160]} ({len(v['nodes'])})" for v in found]


def problems_of(page: Page, elder: bool) -> list[str]:
    """Say what is too small for a finger, and whether the page scrolls sideways."""
    said = [f"small: {line}" for line in page.evaluate(SMALL.replace("least", "60" if elder else "44"))]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        said.append("scrolls sideways")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    for flag in ("--dark", "--wide", "--whole", "--check"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    engines.build_words()
    wanted = [job for job in engines.fixtures() if not options.names or job["name"].startswith(tuple(options.names))]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        context = browser.new_context(
            viewport={"width": 412, "height": 915} if options.wide else {"width": 360, "height": 740},
            device_scale_factor=2,
            color_scheme="dark" if options.dark else "light",
        )
        page = context.new_page()
        for job in wanted:
            name = job["name"].replace("/", "-") + ("-dark" if options.dark else "")
            html = options.folder / f"{name}.html"
            html.write_text(document(engines.with_jinja(job), job))
            page.goto(html.as_uri())
            page.screenshot(path=options.folder / f"{name}.png", full_page=options.whole)
            print(name)
            if options.check:
                for line in axe_of(page) + problems_of(page, "elder" in job["context"]["page"]["view"]):
                    print("   ", line)
        browser.close()


if __name__ == "__main__":
    main()
