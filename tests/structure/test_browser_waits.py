"""Waits in browser tests: only those that our CSP lets a page answer."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
FORBIDDEN = ".wait_for_" + "function("


def test_nothing_waits_by_evaluating_inside_the_page():
    """Playwright's second try is an eval in the page: a test that waits so is red whenever the machine is slow."""
    found = [
        f"{path.relative_to(TESTS)}:{number}"
        for path in TESTS.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if FORBIDDEN in line
    ]
    assert not found, "use tests.support.browser.until(page, …) instead:\n  " + "\n  ".join(found)
