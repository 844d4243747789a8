"""What people were told when they agreed to a picture happens: it is deleted when its time is over, and only then."""

from __future__ import annotations

from datetime import timedelta

import pytest

import models
from actions import pictures, retention
from models import BadgeScan, Entitlement, JournalEntry, Picture
from rules import ciphers
from rules.problems import NotFound
from tests.office.scenes import a_request, a_verification
from tests.support.cast import NOW


@pytest.fixture
def put(settings):
    """A picture of a record as the job leaves it: the sealed original and its copy."""

    def stored(event, role="picture", kind="image/jpeg"):
        for path in (
            pictures.place(settings.blobs_path, event, role),
            pictures.copy_path(settings.blobs_path, event, role),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(models.keys().columns.seal(b"\xff\xd8"))
        return Picture.create(
            event=event, role=role, device=ciphers.uuid7(), sha256="0" * 64, plain_sha256="1" * 64, key="k", bytes=2,
            type=kind, state="shown", near_hash="00ff00ff00ff00ff",
        )  # fmt: skip

    return stored


@pytest.fixture
def night(settings):
    def passes(**later):
        assert retention.forget(now=NOW + timedelta(**later), folder=settings.blobs_path) == 0
        return {(row.event, row.role): row.state for row in Picture.select()}

    return passes


def files_of(settings, event):
    return sorted(each.name for each in settings.blobs_path.rglob(f"{event}*"))


def test_a_life_picture_goes_sixty_days_after_the_next_good_one(db, put, night, settings):
    before = a_verification(minutes_ago=60 * 24 * 390, state="checked_ok", checked_at=NOW - timedelta(days=389))
    now = a_verification(state="checked_ok", checked_at=NOW)
    put(before.event)
    put(before.event, "mark", "application/json")
    put(now.event)
    assert set(night(days=60).values()) == {"shown"}
    after = night(days=61)
    assert after == {
        (before.event, "picture"): "forgotten",
        (before.event, "mark"): "shown",
        (now.event, "picture"): "shown",
    }
    assert files_of(settings, before.event) == [f"{before.event}.mark", f"{before.event}.mark.copy"]
    gone = Picture.get((Picture.event == before.event) & (Picture.role == "picture"))
    assert (gone.key, gone.plain_sha256, gone.near_hash) == ("", "1" * 64, "00ff00ff00ff00ff")  # hashes and facts stay
    with pytest.raises(NotFound):
        pictures.shown(before.event, "picture", folder=settings.blobs_path)
    entries = JournalEntry.select().where(JournalEntry.kind == "picture.forgotten")
    assert [(entry.scope, entry.subject) for entry in entries] == [(before.scope, before.resident_id)]
    night(days=62)
    assert entries.count() == 1


def test_a_later_picture_that_nobody_found_good_is_no_success(db, put, night):
    before = a_verification(minutes_ago=60 * 24 * 390, state="checked_ok", checked_at=NOW - timedelta(days=389))
    a_verification(state="sent_back", checked_at=NOW, sent_back_why="看不清")
    put(before.event)
    assert set(night(days=3650).values()) == {"shown"}


def test_a_success_elsewhere_counts_too(db, cast, put, night):
    capture = a_verification(state="checked_ok", checked_at=NOW)
    put(capture.event)
    Entitlement.update(last_success_on=(NOW + timedelta(days=3)).date()).where(
        Entitlement.id == cast.entitlement
    ).execute()
    assert set(night(days=400).values()) == {"shown"}, "its own success"
    Entitlement.update(last_success_on=(NOW + timedelta(days=340)).date()).where(
        Entitlement.id == cast.entitlement
    ).execute()
    assert set(night(days=401).values()) == {"forgotten"}


def test_a_crash_between_file_and_word_is_put_right_the_next_night(db, put, night, settings):
    before = a_verification(minutes_ago=60 * 24 * 390, state="checked_ok", checked_at=NOW - timedelta(days=389))
    a_verification(state="checked_ok", checked_at=NOW)
    put(before.event)
    pictures.delete_files(settings.blobs_path, before.event, "picture")
    assert set(night(days=61).values()) == {"forgotten"}


@pytest.mark.parametrize(
    ("state", "after"), [("answered", "forgotten"), ("declined", "forgotten"), ("passed_on", "shown")]
)
def test_papers_go_a_month_after_the_answer(db, put, night, state, after):
    request = a_request(state=state, answered_at=NOW, papers=["id_card"])
    put(request.event, "paper-1")
    assert set(night(days=30).values()) == {"shown"}
    assert set(night(days=31).values()) == {after}


def test_papers_of_an_open_request_stay(db, put, night):
    put(a_request(papers=["id_card"]).event, "paper-1")
    assert set(night(days=3650).values()) == {"shown"}


def test_more_than_one_round_takes(db, put, night, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for _ in range(5):
        put(a_request(state="answered", answered_at=NOW, papers=["id_card"]).event, "paper-1")
    before = [
        a_verification(minutes_ago=60 * 24 * 390 + n, state="checked_ok", checked_at=NOW - timedelta(days=389))
        for n in range(5)
    ]
    a_verification(state="checked_ok", checked_at=NOW)
    for each in before:
        put(each.event)
    assert set(night(days=61).values()) == {"forgotten"}


def test_the_phone_is_not_asked_for_a_picture_that_was_deleted(db, put, night, settings):
    request = a_request(state="answered", answered_at=NOW, papers=["id_card"])
    made = put(request.event, "paper-1")
    night(days=31)
    taken = pictures.take(
        made.device,
        request.event,
        "paper-1",
        offset=0,
        total=2,
        piece=[b"\xff\xd8"],
        folder=settings.blobs_path,
        now=NOW,
    )
    assert taken.whole
    assert files_of(settings, request.event) == []


def test_the_checker_reads_why_the_last_picture_is_gone(db, desk, cast, put, night):
    before = a_verification(minutes_ago=60 * 24 * 390, state="checked_ok", checked_at=NOW - timedelta(days=389))
    capture = a_verification(state="checked_ok", checked_at=NOW)
    put(before.event)
    put(capture.event)
    night(days=61)
    page = desk(cast.li_qiang).get(f"/office/verifications/{capture.id}")
    assert "到期已删" in page


def test_old_scans_go(db, night):
    for days in (89, 91):
        BadgeScan.create(at=NOW - timedelta(days=days), result="unknown")
    night(days=0)
    assert [row.at for row in BadgeScan.select()] == [NOW - timedelta(days=89)]
