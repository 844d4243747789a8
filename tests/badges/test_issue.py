"""罗国秀 issues a badge to 王芳, pauses it, and takes it back; each is an event that proves the rows."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta

import pytest
from PIL import Image

import models
from actions import badges
from models import Badge, DeskSession, InboxMessage, JournalEntry, Person
from rules.badges import Shown, read_number, shown
from rules.problems import (
    BadgeNeedsPicture,
    BadgeNeedsPost,
    BadgeNumberTaken,
    BadgeStepNotPossible,
    FieldMissing,
    PictureUnreadable,
)
from tests.badges.conftest import draw


def state_of(badge, on):
    return shown(badges.term(Badge.get_by_id(badge.id)), on=on)


def test_a_badge_names_its_holder_the_place_and_a_year(issued, cast, now):
    badge = Badge.get_by_id(issued().id)
    assert (badge.name, badge.unit, badge.duty) == ("王芳", "花梨镇清江村", "代办员")
    assert (badge.valid_from, badge.valid_to) == (date(2026, 10, 13), date(2027, 10, 12))
    assert read_number(badge.number) == badge.number
    assert badge.number.startswith("HL-")
    assert len(badge.public_id) == 16
    assert InboxMessage.get(InboxMessage.person == cast.wang_fang.id).kind == "badge"


def test_the_event_proves_the_rows(issued, cast):
    badge = issued()
    entry = JournalEntry.get(JournalEntry.kind == "badge.issued")
    leaves = json.loads(entry.leaves)
    for row in (Badge.get_by_id(badge.id), Person.get_by_id(cast.wang_fang.id)):
        name, digest = models.leaf_of(row)
        assert leaves[name] == digest


def test_the_picture_is_small_and_says_nothing_of_the_camera(issued):
    exif = Image.Exif()
    exif[0x010F] = "Camera maker"
    exif[0x0112] = 6  # lying on its side
    badge = issued(picture=draw((1600, 1200), exif=exif.tobytes()))
    stored = bytes(Badge.get_by_id(badge.id).photo)
    image = Image.open(io.BytesIO(stored))
    assert len(stored) <= 6_000
    assert image.size == (200, 250)
    assert not image.getexif()
    assert b"Camera" not in stored


def test_a_second_badge_takes_the_place_of_the_first(issued, now):
    first, second = issued(), issued(picture=None)
    assert state_of(first, now.date()) is Shown.REVOKED
    assert Badge.get_by_id(first.id).ended_why == "replaced"
    assert bytes(second.photo) == bytes(first.photo)
    assert first.number != second.number


def test_a_paused_badge_counts_again(issued, cast, now):
    badge = issued()
    badges.suspend([badge], why="请假", actor=cast.luo_guoxiu.actor, now=now)
    assert state_of(badge, now.date()) is Shown.PAUSED
    badges.resume([badge], actor=cast.luo_guoxiu.actor, now=now)
    assert state_of(badge, now.date()) is Shown.VALID
    kinds = [
        e.kind
        for e in JournalEntry.select().where(JournalEntry.kind.startswith("badge.")).order_by(JournalEntry.position)
    ]
    assert kinds == ["badge.issued", "badge.suspended", "badge.resumed"]


def test_a_lost_badge_is_taken_back(issued, cast, now):
    badge = issued()
    badges.revoke([badge], why="证丢了", lost=True, actor=cast.luo_guoxiu.actor, now=now)
    assert Badge.get_by_id(badge.id).state == "lost"
    assert state_of(badge, now.date()) is Shown.REVOKED


def test_whoever_no_longer_works_here_has_no_badge_and_no_session(issued, cast, now):
    badge = issued(worker=cast.li_qiang)
    DeskSession.create(token_hash="x", person=cast.li_qiang.id, made_at=now, ends_at=now + timedelta(hours=1))
    with models.transaction(cast.li_qiang.scope):
        ended = badges.revoke_of([cast.li_qiang.id], why="不再任职", actor=cast.he_jing.actor, now=now)
    assert [each.id for each in ended] == [badge.id]
    assert state_of(badge, now.date()) is Shown.REVOKED
    assert DeskSession.select().where(DeskSession.person == cast.li_qiang.id).count() == 0


def test_the_phone_gets_the_printed_code(issued, cast):
    badge = issued()
    carried = badges.for_phone(cast.wang_fang.id, origin="https://daiban.example")
    assert carried is not None
    assert carried.url == f"https://daiban.example/b/{badge.public_id}"
    assert carried.qr.startswith("<svg")
    assert carried.photo.startswith("data:image/jpeg;base64,")
    assert badges.for_phone(cast.zhao_min.id, origin="https://daiban.example") is None


def test_a_lead_issues_only_for_posts_of_her_own_township(issued, cast):
    with pytest.raises(BadgeNeedsPost):
        issued(worker=cast.zhao_min)
    assert Badge.select().count() == 0


def test_no_badge_without_a_face(issued):
    with pytest.raises(BadgeNeedsPicture):
        issued(picture=None)


@pytest.mark.parametrize("file", [b"not a picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", draw()[:400]])
def test_what_is_no_picture_is_refused(issued, file):
    with pytest.raises(PictureUnreadable):
        issued(picture=file)


def test_a_number_is_given_once(issued, cast):
    issued(serial=2047)
    with pytest.raises(BadgeNumberTaken):
        issued(worker=cast.li_qiang, serial=2047)


def test_pausing_and_taking_back_need_a_reason(issued, cast, now):
    badge = issued()
    for step in (badges.suspend, badges.revoke):
        with pytest.raises(FieldMissing):
            step([badge], why=" ", actor=cast.luo_guoxiu.actor, now=now)


def test_a_revoked_badge_stays_revoked(issued, cast, now):
    badge = issued()
    badges.revoke([badge], why="换岗", actor=cast.luo_guoxiu.actor, now=now)
    for refused in (
        lambda: badges.resume([badge], actor=cast.luo_guoxiu.actor, now=now),
        lambda: badges.suspend([badge], why="x", actor=cast.luo_guoxiu.actor, now=now),
        lambda: badges.revoke([badge], why="x", actor=cast.luo_guoxiu.actor, now=now),
    ):
        with pytest.raises(BadgeStepNotPossible):
            refused()


def test_holder_and_lead_hear_once_that_a_badge_ends(issued, cast, now):
    badge = issued(months=1)
    assert badges.warn_ending(now=now - timedelta(days=10)) == 0
    for _ in range(2):
        badges.warn_ending(now=now)
    heard = InboxMessage.select().where(InboxMessage.about == badge.id, InboxMessage.words.startswith("快到期"))
    assert {each.person_id: each.words for each in heard} == {
        cast.wang_fang.id: f"快到期：您的证 {badge.number} 用到 11月12日，请换新证",
        cast.luo_guoxiu.id: f"快到期：王芳的证 {badge.number} 用到 11月12日，请换新证",
    }


def test_a_badge_paused_or_far_from_its_end_is_not_mentioned(issued, cast, now):
    issued()
    paused = issued(worker=cast.li_qiang, months=1)
    badges.suspend([paused], why="请假", actor=cast.luo_guoxiu.actor, now=now)
    assert badges.warn_ending(now=now) == 0
