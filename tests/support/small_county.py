"""The cast of the tests as a county that answers real phones, and what a desk does there, by the actions themselves."""

from __future__ import annotations

import re
import subprocess
import sys

from playwright.sync_api import Page, expect

from tests.support.browser import until_kept_offline
from tests.support.server import ROOT, Server

PIN = "835274"
CHEN = "陈桂兰"
PRELUDE = """
from datetime import UTC, datetime, timedelta
from argon2 import PasswordHasher
import models
from actions import enrolments, journal, phones
from app import create_app
from tests.support import cast
create_app().app_context().push()
models.database.connect(reuse_if_open=True)
CAST, now = cast.CAST, datetime.now(UTC)
"""


def make(server: Server) -> None:
    """Put the cast into the server's new database."""
    server.flask("migrate", "--demo")
    hashed = "PasswordHasher(time_cost=1, memory_cost=64).hash(cast.PASSWORD)"
    at_the_county(server, f"cast.make({hashed}, due_on=(now + timedelta(days=60)).date())")


def at_the_county(server: Server, lines: str) -> str:
    """Do something at the county as a desk would; give what it prints."""
    command = [sys.executable, "-c", PRELUDE + lines]
    ended = subprocess.run(command, cwd=ROOT, env=server.environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def enrol(page: Page, server: Server, agent: str = "wang_fang", by: str = "luo_guoxiu", code: str = "") -> None:
    """The agent's phone: the code, a PIN, the six digits that `by` types at a desk, the pack; ends on Today."""
    page.goto(f"/field/enrol#{code or offer(server, agent, by)}")
    page.click("text=下一步")
    enter(page)
    expect(page.locator("h1")).to_have_text("再输一遍")
    enter(page)
    release(server, re.sub(r"\D", "", page.locator(".enrol-digits").inner_text()), by)
    page.click("text=去“今天”", timeout=60_000)
    page.wait_for_url("**/field/today")
    until_kept_offline(page)


def offer(server: Server, agent: str = "wang_fang", by: str = "luo_guoxiu") -> str:
    """A code for the agent's phone, given out by `by`."""
    return at_the_county(server, f"print(enrolments.offer(CAST.{agent}.actor, actor=CAST.{by}.actor, now=now).code)")


def release(server: Server, digits: str, by: str = "luo_guoxiu") -> None:
    """The lead types the six digits that the phone shows."""
    newest = "models.Enrolment.select().order_by(models.Enrolment.offered_at.desc()).first()"
    at_the_county(server, f"enrolments.release({newest}, '{digits}', actor=CAST.{by}.actor, now=now)")


def enter(page: Page, pin: str = PIN) -> None:
    for digit in pin:
        page.click(f"[data-key='{digit}']")
    expect(page.locator("form[data-sent]")).to_have_count(0)
