"""A phone's outbox that comes as a file: taken in once, whoever brings it, however often, whatever was cut."""

from __future__ import annotations

import io
import json
import os
import zipfile
from datetime import timedelta

import pytest

from actions import bundles, pictures, tails
from models import Device, JournalEntry, Picture, Refusal, Visit
from rules.ciphers import uuid7
from rules.problems import BundleBroken, BundleForeign, NoBundle
from tests.support import device
from tests.support.bundles import bundle, part
from tests.support.device import enrolled
from tests.sync.conftest import visit


@pytest.fixture
def outbox(phone, cast, now):
    """Sealed visits of 王芳 with one picture each; gives the items and the pictures."""

    def made(count=3, on=phone):
        items, drawn = [], []
        for number in range(count):
            at = now - timedelta(hours=count - number)
            event = str(uuid7(int(at.timestamp() * 1000)))
            picture = device.Picture("mark", os.urandom(2000))
            blobs = [picture.seal(event)]
            ended = visit(cast, at)
            payload = on.payload("visit.ended", ended, at=at, subject=cast.chen_guilan.id, id=event, blobs=blobs)
            items.append(on.sealed(payload))
            drawn.append((event, picture))
        return items, drawn

    return made


@pytest.fixture
def take_in(cast, now, settings):
    def taken(raw: bytes, by=None):
        actor = (by or cast.li_qiang).actor
        event = bundles.take_in(io.BytesIO(raw), actor=actor, folder=settings.blobs_path, now=now)
        return bundles.taken_in(event, actor)[1]

    return taken


def test_every_record_and_picture_of_a_file_is_taken_in(take_in, outbox, phone, settings, cast):
    items, drawn = outbox()
    body = take_in(bundle(phone, items, drawn))
    assert body["records"] == {"new": 3, "held": 0}
    assert body["pictures"] == {"stored": 3}
    assert body["whole"] and not body["damaged"]
    assert body["person"] == str(cast.wang_fang.id)
    assert Visit.select().where(Visit.person == cast.wang_fang.id).count() == 3
    for event, picture in drawn:
        here = Picture.get((Picture.event == event) & (Picture.role == "mark"))
        assert pictures.place(settings.blobs_path, here.event, "mark").read_bytes() == picture.cipher
    assert not list((settings.blobs_path / "partial").iterdir())


def test_twice_doubles_nothing_and_each_time_is_written_down(take_in, outbox, phone):
    items, drawn = outbox()
    raw = bundle(phone, items, drawn)
    take_in(raw)
    before = (Visit.select().count(), Picture.select().count())
    body = take_in(raw)
    assert body["records"] == {"known": 3}
    assert body["pictures"] == {"known": 3}
    assert (Visit.select().count(), Picture.select().count()) == before
    assert JournalEntry.select().where(JournalEntry.kind == "bundle.taken_in").count() == 2


def test_when_the_phone_comes_back_it_gets_the_same_receipts_and_lets_go(take_in, outbox, phone, sync):
    items, drawn = outbox()
    take_in(bundle(phone, items, drawn))
    count = Visit.select().count()
    answer = sync(phone, items)
    assert [(r["id"], r["state"]) for r in answer["receipts"]] == [(item["id"], "accepted") for item in items]
    assert all(r["position"] <= answer["kept_to"][r["scope"]] for r in answer["receipts"])
    assert "wanted" not in answer
    assert Visit.select().count() == count


def test_what_the_phone_sent_itself_before_is_known(take_in, outbox, phone, sync):
    items, drawn = outbox()
    sync(phone, items[:2])
    body = take_in(bundle(phone, items, drawn))
    assert body["records"] == {"new": 1, "held": 0, "known": 2}
    assert body["pictures"] == {"stored": 3}


def test_a_picture_half_sent_by_the_phone_is_finished_by_the_file(take_in, outbox, phone, sync, client):
    items, drawn = outbox(1)
    sync(phone, items)
    event, picture = drawn[0]
    url = f"/api/phone/blobs/{event}/mark?offset=0&total={len(picture.cipher)}"
    assert client.put(url, data=picture.cipher[:700]).status_code == 202
    assert take_in(bundle(phone, items, drawn))["pictures"] == {"stored": 1}
    answer = client.put(url.replace("offset=0", "offset=700"), data=picture.cipher[700:])
    assert (answer.status_code, answer.get_json()["offset"]) == (201, len(picture.cipher))


def test_a_locked_phone_s_records_wait_for_the_lead(take_in, outbox, phone):
    items, _ = outbox(2)
    Device.update(state="locked").where(Device.id == phone.id).execute()
    assert take_in(bundle(phone, items))["records"] == {"new": 2, "held": 2}


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_a_file_cut_short_gives_its_whole_parts_and_says_so(take_in, outbox, phone, keep):
    items, drawn = outbox()
    raw = bundle(phone, items, drawn)
    body = take_in(raw[: int(len(raw) * keep)])
    assert body["records"]["new"] >= 1
    assert not body["whole"]
    assert body["said"] == {"records": 3, "pictures": 3, "newest": 3}
    assert take_in(raw)["records"].get("new", 0) == 3 - body["records"]["new"]
    assert Visit.select().count() == 3


def test_a_damaged_record_does_not_cost_the_others(take_in, outbox, phone):
    items, drawn = outbox()
    raw = bytearray(bundle(phone, items, drawn))
    at = raw.index(items[1]["sealed"].encode()) + 40
    raw[at] = raw[at] ^ 1
    body = take_in(bytes(raw))
    assert body["records"] == {"new": 2, "held": 0}
    assert body["damaged"] == {"item": 1}
    assert body["pictures"] == {"stored": 2, "unwanted": 1}


def test_a_picture_with_the_right_name_and_other_content_is_not_taken(take_in, outbox, phone):
    items, drawn = outbox(1)
    other = device.Picture("mark", b"x")
    other.cipher = os.urandom(2028)
    assert take_in(bundle(phone, items, [(drawn[0][0], other)]))["pictures"] == {"damaged": 1}
    assert Picture.get().state == "wanted"


def test_a_record_somebody_changed_is_refused_and_kept_to_be_seen(take_in, outbox, phone):
    items, _ = outbox(2)
    items[1]["hash"] = "0" * 64
    body = take_in(bundle(phone, items))
    assert body["records"] == {"new": 1, "held": 0, "refused": 1}
    assert body["refused"] == {"unreadable": 1}
    assert Refusal.get().device == phone.id


def test_a_file_from_a_phone_nobody_knows_is_refused_where_the_desk_sees_it(take_in, outbox, cast, now):
    stranger = device.TestDevice(cast.wang_fang, mailbox="none")
    items, _ = outbox(1, on=stranger)
    body = take_in(bundle(stranger, items))
    assert body["refused"] == {"unknown-device": 1}
    assert body["device"] is None
    assert Refusal.get().scope == cast.li_qiang.scope


@pytest.mark.parametrize("raw", [b"", b"\x00" * 100, b"name,phone\n" * 50])
def test_what_is_no_bundle_is_refused_and_changes_nothing(take_in, db, raw):
    before = JournalEntry.select().count()
    with pytest.raises(NoBundle) as refused:
        take_in(raw)
    assert refused.value.empty is (raw == b"")
    assert JournalEntry.select().count() == before


def test_a_file_that_would_unfold_is_no_bundle_and_is_never_unfolded(take_in, db):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("daiban.dbx", bytes(50_000_000))
    with pytest.raises(NoBundle):
        take_in(packed.getvalue())


def test_a_file_of_another_county_is_not_opened_and_nothing_of_it_is_kept(take_in, outbox, phone):
    items, drawn = outbox()
    for item in items:
        item["key"] = "another"
    with pytest.raises(BundleForeign):
        take_in(bundle(phone, items, drawn))
    assert not Refusal.select().exists()


def test_a_file_without_one_whole_record_is_said_to_be_broken(take_in, outbox, phone):
    items, _ = outbox(1)
    raw = bundle(phone, items)
    with pytest.raises(BundleBroken):
        take_in(raw[: raw.index(b'"part":"item"') + 60])


def test_a_file_may_come_to_a_desk_of_another_township_which_learns_no_name(take_in, outbox, phone, cast):
    items, _ = outbox(1)
    body = take_in(bundle(phone, items), by=cast.qian_wei)
    assert body["records"]["new"] == 1
    assert Visit.get().scope == cast.wang_fang.scope


# ---- what is still open


def test_the_head_says_what_is_open_only_where_the_phone_proves_it(take_in, outbox, phone, now):
    items, _ = outbox(5)
    row = Device.get_by_id(phone.id)
    take_in(bundle(phone, items[:2], newest=5))
    row = Device.get_by_id(phone.id)
    assert (row.newest, list(tails.of(row).open)) == (5, [(3, 5)])
    raw = bundle(phone, items[:2], newest=5).replace(b'\\"newest\\": 5', b'\\"newest\\": 9')
    body = raw[: raw.index(b"\n@part")] + _with_right_sums(raw)
    take_in(body)
    assert Device.get_by_id(phone.id).newest == 5


def _with_right_sums(raw: bytes) -> bytes:
    """The parts once more, the sums as somebody would write them who changed a head."""
    begin = raw.index(b"\n", raw.index(b"\n@part") + 1) + 1
    size = json.loads(raw[raw.index(b"{") : begin - 1])["bytes"]
    return part("head", raw[begin : begin + size]) + raw[begin + size :]


def test_two_files_of_one_phone_close_the_gap(take_in, outbox, phone):
    items, _ = outbox(4)
    take_in(bundle(phone, [items[0], items[3]]))
    assert list(tails.of(Device.get_by_id(phone.id)).open) == [(2, 3)]
    take_in(bundle(phone, items[1:3]))
    assert list(tails.of(Device.get_by_id(phone.id)).open) == []


# ---- at the desk


def test_an_officer_takes_a_file_in_and_reads_what_became_of_it(desk, app, cast, outbox, phone):
    items, drawn = outbox()
    page = upload(app, desk, cast.li_qiang, bundle(phone, items, drawn))
    assert "收进了 3 条记录" in page
    assert "王芳" in page
    again = upload(app, desk, cast.li_qiang, bundle(phone, items, drawn))
    assert "早就在这里了" in again


def test_a_foreign_desk_sees_no_name(desk, app, cast, outbox, now):
    other = enrolled(cast.zhao_min, by=cast.luo_guoxiu, now=now)
    items, _ = outbox(1, on=other)
    page = upload(app, desk, cast.li_qiang, bundle(other, items))
    assert "别处的手机" in page
    assert "赵敏" not in page


def test_a_file_that_is_none_is_said_in_words(desk, app, cast):
    assert "不是手机里的记录文件" in upload(app, desk, cast.li_qiang, b"nothing", status=422)
    assert "文件里没有内容" in upload(app, desk, cast.li_qiang, b"", status=422)


def test_the_file_may_be_larger_than_a_list_but_not_without_end(desk, app, cast, outbox, phone, monkeypatch):
    items, drawn = outbox(1)
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000)
    raw = bundle(phone, items, drawn)
    assert len(raw) > 1000
    assert "收进了 1 条记录" in upload(app, desk, cast.li_qiang, raw)
    view = app.view_functions["office.add_bundle"]
    monkeypatch.setattr(view, "largest_body", 1000)
    assert "300 MB" in upload(app, desk, cast.li_qiang, raw, status=422)


def upload(app, desk, worker, raw: bytes, status: int = 200):
    visitor = desk(worker)
    file = (io.BytesIO(raw), "daiban-1a2b3c4d-2026-10-13.dbx")
    return visitor.submit(visitor.get("/office/bundles"), "#send-bundle", file=file, status=status)
