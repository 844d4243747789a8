"""What a phone wrote and has not brought stays open: said by the phone, carried by a colleague, or closed by people."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from actions import pictures, tails, verify
from models import Device, JournalEntry, Visit
from rules import ciphers
from rules.ciphers import uuid7
from rules.problems import CloserIsAgent, NothingOpen
from tests.support.device import Picture, enrolled, instant
from tests.sync.conftest import the, visit


@pytest.fixture
def seen(cast, now):
    return visit(cast, now)


# ---- what a phone says it wrote and lost


def test_the_newest_count_a_phone_says_is_kept_and_never_falls(sync, phone, now):
    sync(phone, waiting={"records": 3, "blobs": 0, "newest": 3, "missing": [[2, 2]]})
    row = Device.get_by_id(phone.id)
    assert (row.newest, row.missing) == (3, [[2, 2]])
    sync(phone, waiting={"records": 3, "blobs": 0, "newest": 1})
    row = Device.get_by_id(phone.id)
    assert (row.newest, row.missing) == (3, None)
    sync(phone)  # an older program does not say
    assert Device.get_by_id(phone.id).newest == 3


def test_a_count_no_phone_can_have_reached_is_not_believed(sync, phone):
    sync(phone, waiting={"newest": 2**53})
    assert Device.get_by_id(phone.id).newest == 0


def test_a_phone_set_up_anew_tells_of_the_one_it_was(sync, phone, cast, now):
    old = enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=90))
    for _ in range(2):
        sync(phone, before={"device": str(old.id), "newest": 7})
    row = Device.get_by_id(old.id)
    assert (row.newest, row.emptied_at) == (7, now)
    assert JournalEntry.select().where(JournalEntry.kind == "device.emptied").count() == 1
    assert list(tails.of(row).open) == [(1, 7)]
    assert not [each for each in verify.verify().broken if str(old.id) in each]


def test_a_phone_speaks_for_its_own_agent_only(sync, phone, cast, now):
    other = enrolled(cast.zhao_min, by=cast.luo_guoxiu, now=now)
    for which in (other.id, phone.id, uuid7()):
        sync(phone, before={"device": str(which), "newest": 7})
    assert not Device.select().where(Device.emptied_at.is_null(False) | (Device.newest > 0)).exists()


def test_only_lead_and_agent_close_what_nobody_can_bring(phone, cast, now, sync, seen):
    payload = phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    sync(phone, [phone.sealed(payload)], waiting={"newest": 4, "missing": [[3, 3]]})
    row = Device.get_by_id(phone.id)
    found = tails.of(row)
    assert (list(found.open), list(found.lost), list(found.closable)) == ([(2, 4)], [(3, 3)], [(3, 3)])
    with pytest.raises(CloserIsAgent):
        tails.close(row, words="x", asked=True, actor=cast.wang_fang.actor, now=now)
    assert tails.close(row, words="周兴林那次", asked=True, actor=cast.luo_guoxiu.actor, now=now) == [(3, 3)]
    assert list(tails.of(row).open) == [(2, 2), (4, 4)]
    with pytest.raises(NothingOpen):
        tails.close(row, words="x", asked=True, actor=cast.luo_guoxiu.actor, now=now)
    entry = JournalEntry.get(JournalEntry.kind == "device.tail_closed")
    assert json.loads(entry.payload)["body"]["counts"] == [[3, 3]]
    assert verify.verify().broken == []


def test_what_was_closed_and_comes_all_the_same_is_taken_in(phone, cast, now, sync, seen):
    payload = phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    Device.update(newest=1, state="locked", locked_at=now).where(Device.id == phone.id).execute()
    row = Device.get_by_id(phone.id)
    tails.close(row, words="x", asked=False, actor=cast.luo_guoxiu.actor, now=now)
    Device.update(state="active").where(Device.id == phone.id).execute()
    assert the(sync(phone, [phone.sealed(payload)]))["state"] == "accepted"
    assert list(tails.of(Device.get_by_id(phone.id)).open) == []


# ---- carried by a colleague


def test_a_colleague_s_phone_carries_records_and_pictures(client, phone, cast, now, seen, settings):
    colleague = enrolled(cast.zhao_min, by=cast.luo_guoxiu, now=now)
    event, picture = str(uuid7(int(now.timestamp() * 1000))), Picture("mark", b"x" * 900)
    payload = phone.payload(
        "visit.ended", seen, at=now, subject=cast.chen_guilan.id, id=event, blobs=[picture.seal(event)]
    )
    mail = {"Authorization": f"Bearer {colleague.mailbox}"}
    body = {"device": str(colleague.id), "clock": instant(now), "items": [phone.sealed(payload)]}
    answer = client.post("/api/phone/mailbox", json=body, headers=mail).get_json()
    assert [(r["id"], r["state"]) for r in answer["receipts"]] == [(event, "accepted")]
    assert Visit.get().person_id == cast.wang_fang.id
    size, url = len(picture.cipher), f"/api/phone/blobs/{event}/mark"

    def put(piece, offset, digest=""):
        where = f"{url}?offset={offset}&total={size}" + (f"&sha256={digest}" if digest else "")
        answer = client.put(where, data=piece, headers=mail)
        return answer.status_code, (answer.get_json() or {}).get("offset")

    digest = ciphers.sha256(picture.cipher)
    assert put(picture.cipher, 0)[0] == 404
    assert put(picture.cipher, 0, "0" * 64)[0] == 404
    assert put(picture.cipher[:400], 0, digest) == (202, 400)
    assert put(picture.cipher, 0, digest) == (409, 400)
    assert put(picture.cipher[400:], 400, digest) == (201, size)
    assert put(picture.cipher[400:], 400, digest) == (201, size)
    assert put(picture.cipher, 0, "0" * 64)[0] == 404  # whoever does not know it learns nothing


def test_a_phone_that_asks_for_too_much_that_is_not_there_has_to_wait(client, cast, now, db, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_MISSES", 3)
    colleague = enrolled(cast.zhao_min, by=cast.luo_guoxiu, now=now)
    mail = {"Authorization": f"Bearer {colleague.mailbox}"}
    url = f"/api/phone/blobs/{uuid7()}/mark?offset=0&total=10&sha256={'0' * 64}"
    assert [client.put(url, data=b"x", headers=mail).status_code for _ in range(5)] == [404, 404, 404, 429, 429]


# ---- at the desk


def test_a_lead_sees_what_an_emptied_phone_leaves_open_and_closes_it(sync, phone, cast, now, desk):
    old = enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=90))
    assert "没有着落" not in desk(cast.luo_guoxiu).get("/office/visits")
    sync(phone, before={"device": str(old.id), "newest": 7})
    log = desk(cast.luo_guoxiu).get("/office/visits")
    assert "王芳的手机被清空过，第 1–7 条没有着落" in log
    assert f"/office/phones/{old.id}" in log.html
    assert "王芳的手机被清空过" in desk(cast.li_qiang).get("/office/visits")
    lead = desk(cast.luo_guoxiu)
    page = lead.get(f"/office/phones/{old.id}")
    assert "有 7 条记录没来" in page
    lead.submit(page, "#close-tail", words="", asked="yes", status=422)
    done = lead.submit(page, "#close-tail", words="三户走访，都补记了", asked="yes")
    assert "第 1–7 条已关上" in done
    assert "三户走访，都补记了" in done
    assert "没有着落" not in lead.get("/office/visits")


def test_a_lost_phone_that_said_it_had_more_stands_in_the_log(sync, phone, cast, now, desk):
    sync(phone, waiting={"records": 2, "newest": 2})
    assert "没有着落" not in desk(cast.luo_guoxiu).get("/office/visits")
    Device.update(state="locked", locked_at=now).where(Device.id == phone.id).execute()
    assert "王芳的手机不在了，第 1–2 条没有着落" in desk(cast.luo_guoxiu).get("/office/visits")
