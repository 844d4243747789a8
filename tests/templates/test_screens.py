"""Every screen of the phone in every state, as a strict visitor sees it: in Chromium, at 360×740, with a thumb."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.support import browser
from tests.templates import engines, shots

engines.build_words()
JOBS = [job for job in engines.fixtures("field") if "template" in job]
PAGES = {job["name"]: engines.with_jinja(job) for job in JOBS}
#: In these states a screen has all its parts, or its longest words; the others differ in words only and are not drawn.
DRAWN = ("usual", "bad", "elder", "long")
#: Forms that need no draft: kept at once, or there is no key yet to seal a draft with.
KEPT_OTHERWISE = (
    'role="search"',
    "data-camera",
    'action="/field/enrol',
    'action="/field/recover"',
    'action="/field/me/view"',
)
LOOKED_AT = [job for job in JOBS if job["name"].rsplit("-", 1)[1] in DRAWN]


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser.chromium(), args=browser.FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def screen(chromium):
    page = chromium.new_page(viewport={"width": 360, "height": 740})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"

        def show(job):
            file.write_text(shots.document(PAGES[job["name"]], job))
            page.goto(file.as_uri())
            return page

        yield show
    page.close()


@pytest.mark.parametrize("job", LOOKED_AT, ids=lambda job: job["name"])
def test_a_screen_can_be_used_by_everybody(screen, job):
    page = screen(job)
    found = shots.problems_of(page, elder="elder" in job["context"]["page"]["view"])
    if not job["name"].endswith("-long"):
        found += shots.axe_of(page)
    assert not found, "\n  ".join([job["name"], *found])


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job["name"])
def test_a_screen_is_valid_html(job):
    found = browser.validate(shots.document(PAGES[job["name"]], job))
    assert not found, "\n  ".join([job["name"], *found])


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job["name"])
def test_a_screen_keeps_the_rules_of_the_house(job):
    html = PAGES[job["name"]]
    assert len(re.findall(r'class="btn btn-primary"', html)) <= 1, "one primary button a page"
    assert "placeholder=" not in html, "a placeholder is no label"
    assert " style=" not in html and "<script" not in html, "the CSP forbids it"
    for form in re.findall(r"<form[^>]*>", html):
        if not any(each in form for each in KEPT_OTHERWISE):
            assert "data-draft" in form or not _typed(html, form), f"kept nowhere: {form}"
    title = re.search(r"<title>(.*?)</title>", html, re.S)
    people = [job["context"].get(key, {}).get("name") for key in ("person", "r") if job["context"].get(key)]
    assert title and not any(name and name in title[1] for name in people), "a title names no person"


def _typed(html: str, form: str) -> bool:
    body = html.split(form, 1)[1].split("</form>", 1)[0]
    return bool(re.search(r"<textarea|<input(?![^>]*type=\"hidden\")", body))


def test_every_icon_named_is_one_we_ship():
    shipped = set(re.findall(r'^  "([a-z0-9-]+)":', (engines.ROOT / "templates/shared/icons.html").read_text(), re.M))
    used = {
        name
        for path in (engines.ROOT / "templates").rglob("*.html")
        for name in re.findall(r"""\bicon\(["']([a-z0-9-]+)["']\)""", path.read_text())
    }
    assert used <= shipped, f"add to pwa/build/icons.mjs: {used - shipped}"
