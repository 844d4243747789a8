"""Each record carries three times; where they disagree the township reads all three."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import JournalEntry, Visit
from tests.sync.conftest import the, visit


def recorded(sync, phone, cast, now, *, off, **said):
    """A visit a moment ago, by a phone whose clock is so far off."""
    shown = now + off
    payload = phone.payload("visit.ended", visit(cast, shown), at=shown, subject=cast.chen_guilan.id, **said)
    return the(sync(phone, [phone.sealed(payload)]))


@pytest.mark.parametrize(
    ("off", "words"),
    [(timedelta(hours=-3, minutes=-5), "手机慢 185 分钟"), (timedelta(days=365), "手机快 525600 分钟")],
)
def test_a_wrong_clock_is_put_right_and_all_three_times_are_shown(sync, phone, cast, now, desk, off, words):
    offset = -int(off.total_seconds() * 1000)
    receipt = recorded(sync, phone, cast, now, off=off, offset_ms=offset, offset_age_s=7200)
    assert receipt["state"] == "accepted"
    found, entry = Visit.get(), JournalEntry.get(JournalEntry.kind == "visit.ended")
    assert abs(found.ended_at - now) < timedelta(minutes=2)
    assert (entry.at, entry.received_at) == (now + off, now)
    page = desk(cast.luo_guoxiu).get(f"/office/visits/{found.id}")
    assert words in page
    assert "2 小时前对的" in page
    assert "手机上的时间" in page


def test_a_phone_fifty_years_behind_that_never_heard_the_county_is_flagged_and_lost_nothing(
    sync, phone, cast, now, desk
):
    receipt = recorded(sync, phone, cast, now, off=timedelta(days=-18_262), offset_ms=None, offset_age_s=None)
    assert receipt["state"] == "accepted"
    found = Visit.get_or_none()
    if receipt["state"] == "accepted":
        page = desk(cast.luo_guoxiu).get(f"/office/visits/{found.id}")
        assert "还没对过" in page


def test_a_clock_that_fits_shows_one_time(sync, phone, cast, now, desk):
    recorded(sync, phone, cast, now, off=timedelta(seconds=-30), offset_ms=30_000, offset_age_s=60)
    assert "手机上的时间" not in desk(cast.luo_guoxiu).get(f"/office/visits/{Visit.get().id}")
