"""A phone whose clock is wrong: it says so, notes all the same, and the county knows three times of each record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.support.phone import Phone
from tests.support.server import Server
from tests.support.small_county import CHEN, at_the_county, enrol

expect.set_options(timeout=20_000)


@pytest.fixture
def server(small_county: Server) -> Server:
    return small_county


def test_a_phone_three_hours_slow_warns_and_its_record_is_right_at_the_county(
    phone: Callable[..., Phone], server: Server
) -> None:
    mine = phone()
    page = mine.page
    page.clock.install(time=datetime.now(UTC) - timedelta(hours=3, minutes=5))
    enrol(page, server)
    expect(page.locator(".clock-wrong")).to_contain_text("手机的时间慢了 3 小时")
    mine.look("clock-slow")
    page.click(f"text={CHEN}")
    page.click("a[href*='/field/visits/new'] >> nth=0")
    page.fill("[name=notes]", "钟慢了三小时")
    page.click("label[for=outcome-not_home]")
    page.click(".dock .btn-primary")
    page.wait_for_url("**/residents/**")
    page.click(".bar-back")
    page.click("nav >> text=待传")
    expect(page.locator(".out-done")).to_contain_text("收到，回执")
    told = at_the_county(
        server,
        "import json\n"
        "e = models.JournalEntry.get(models.JournalEntry.kind == 'visit.ended')\n"
        "p, v = json.loads(e.payload), models.Visit.get()\n"
        "hours = (e.received_at - e.at).total_seconds() / 3600\n"
        "print(3 < hours < 3.2, 184 < p['offset_ms'] / 60_000 < 186, p['offset_age_s'] >= 0,"
        " abs((e.received_at - v.ended_at).total_seconds()) < 180, e.state)",
    )
    assert told == "True True True True accepted"
