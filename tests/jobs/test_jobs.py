"""The queue carries names of jobs, nothing else; each job finds its own work and is safe to run twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from huey.registry import Message

from actions import bell, cards, enrolments, housekeeping
from jobs import JOBS, JsonSerializer, open_queue
from models import Attempt, Enrolment, PhoneSession, Resident, transaction
from tests.support.device import enrolled


def test_a_message_survives_the_queue_as_json():
    message = Message(id="1", name="jobs.heard", eta=datetime(2026, 10, 13, tzinfo=UTC), args=["pictures"], kwargs={})
    packed = JsonSerializer().serialize(message)
    assert packed.startswith(b"{")
    assert JsonSerializer().deserialize(packed) == message


def test_nothing_but_plain_values_goes_into_the_queue():
    with pytest.raises(TypeError):
        JsonSerializer().serialize(Message(id="1", name="x", args=[object()]))


def test_a_broken_bell_holds_up_nobody():
    def broken(what):
        raise OSError("no queue")

    bell.hang(broken)
    try:
        bell.ring("pictures")
    finally:
        bell._ringers.clear()


def test_every_job_can_be_named_by_a_bell():
    assert set(JOBS) >= {"pictures", "cards", "retakes", "sweep"}


def test_the_card_job_run_twice_changes_nothing_more(db, cast, now):
    with transaction(cast.chen_guilan.scope):
        cards.touch([cast.chen_guilan.id], now=now)
    later = now + timedelta(days=20)
    today = date(2026, 11, 2)
    assert cards.review_due(today=today, now=later) == 1
    rev = Resident.get_by_id(cast.chen_guilan.id).rev
    assert cards.review_due(today=today, now=later) == 0
    assert Resident.get_by_id(cast.chen_guilan.id).rev == rev


def test_what_is_over_is_swept_out_and_the_rest_stays(db, cast, now):
    phone = enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now)
    for name, ends_at in (("old", now - timedelta(seconds=1)), ("new", now + timedelta(hours=1))):
        PhoneSession.create(token_hash=name, device=phone.id, made_at=now, ends_at=ends_at)
        Attempt.create(key=name, misses=1, next_at=ends_at - timedelta(days=2))
    offered = enrolments.offer(cast.wang_fang.actor, actor=cast.luo_guoxiu.actor, now=now - timedelta(hours=2))
    for _ in range(2):
        housekeeping.sweep_out(now=now)
    assert [row.token_hash for row in PhoneSession.select()] == ["new"]
    assert [row.key for row in Attempt.select()] == ["new"]
    row = Enrolment.get_by_id(offered.id)
    assert (row.state, row.code) == ("expired", None)


def test_the_queue_lies_beside_the_database_whatever_that_is(settings):
    queue = open_queue(settings)
    queue.flush()
    rings = []

    @queue.task()
    def heard_here(what):
        rings.append(what)

    heard_here("pictures")
    task = queue.dequeue()
    queue.execute(task)
    assert (rings, queue.dequeue()) == (["pictures"], None)
    assert queue.storage.queue_size() == 0
