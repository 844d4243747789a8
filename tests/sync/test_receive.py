"""Records arrive: filed, held or refused, once, each with a receipt; nothing stops the others."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

import models
from actions import phone_talk, phones, verify
from actions import sync as action
from api.phone import bodies
from models import Device, InboxMessage, JournalEntry, Post, Refusal, Resident, Visit
from rules import ciphers
from tests.support.device import TestDevice, enrolled
from tests.sync.conftest import the, visit


@pytest.fixture
def seen(cast, now):
    return visit(cast, now)


def test_a_sealed_visit_is_filed_and_its_receipt_can_be_read_out(sync, phone, cast, now, seen):
    payload = phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    receipt = the(sync(phone, [phone.sealed(payload)]))
    entry = JournalEntry.get_by_id((cast.wang_fang.scope, receipt["position"]))
    assert receipt["state"] == "accepted"
    assert receipt["number"] == "HL-1013-01"
    assert (receipt["hash"], entry.payload) == (ciphers.event_hash(payload), payload)
    row = Visit.get_by_id(seen["visit"])
    assert (row.resident_id, row.person_id, row.outcome, row.number) == (
        cast.chen_guilan.id,
        cast.wang_fang.id,
        "done",
        "HL-1013-01",
    )
    assert Device.get_by_id(phone.id).seq == 1


def test_a_visit_in_the_clear_is_read_just_the_same(sync, phone, cast, now, seen):
    payload = phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    assert the(sync(phone, [phone.clear(payload)]))["state"] == "accepted"
    assert Visit.get_by_id(seen["visit"]).notes == "膝盖好些了"


def test_a_batch_is_answered_in_its_own_order(sync, phone, cast, now):
    bodies = [visit(cast, now - timedelta(hours=5 - n)) for n in range(5)]
    items = [
        phone.sealed(phone.payload("visit.ended", b, at=now - timedelta(hours=5 - n), subject=cast.chen_guilan.id))
        for n, b in enumerate(bodies)
    ]
    receipts = sync(phone, items)["receipts"]
    assert [r["id"] for r in receipts] == [item["id"] for item in items]
    assert [r["number"][-2:] for r in receipts] == ["01", "02", "03", "04", "05"]


def test_a_visit_makes_a_new_row_for_the_phones_of_the_village(sync, pull, phone, cast, now, seen):
    _, villages = pull(phone)
    payload = phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    sync(phone, [phone.sealed(payload)])
    rows, _ = pull(phone, villages)
    assert [row["name"] for row in rows] == ["陈桂兰"]
    assert rows[0]["past"][0] | {"id": ""} == {
        "id": "", "on": "2026-10-13", "reasons": ["care"], "outcome": "done", "by": "王芳", "notes": "膝盖好些了",
    }  # fmt: skip


# ---- what is refused


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "x\x00y", "hash": "\x00" * 64, "device": "d"},
        {"id": "x", "hash": "é" * 64, "device": "\x00"},
        {"id": "x", "hash": ["a"], "device": {"a": 1}},
        "\x00",
        None,
    ],
)
def test_what_is_no_item_stops_nobody(sync, phone, cast, now, seen, bad):
    good = phone.sealed(phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id))
    receipts = sync(phone, [bad, good])["receipts"]
    assert [(r["state"], r["reason"]) for r in receipts] == [("refused", "malformed"), ("accepted", "")]
    assert Refusal.select().count() == 1


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_no_clock_of_ours_can_say_stops_nobody(sync, phone, cast, now, seen, at):
    text = json.loads(phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id)) | {"at": at}
    good = phone.sealed(phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id))
    receipts = sync(phone, [phone.sealed(json.dumps(text)), good])["receipts"]
    assert [(r["state"], r["reason"]) for r in receipts] == [("refused", "malformed"), ("accepted", "")]


def test_an_item_that_cannot_be_read_is_kept_and_the_others_go_on(sync, phone, cast, now, seen):
    good = phone.sealed(phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id))
    other = TestDevice(cast.wang_fang)

    def payload():
        return other.payload("visit.ended", visit(cast, now), at=now)

    signed = payload()
    bad = {
        "unreadable": phone.sealed(payload()) | {"sealed": good["sealed"][:-8] + "AAAAAAAA"},
        "malformed": {"id": "one", "hash": "two"},
        "unknown-device": other.sealed(payload()),
        "hash-differs": phone.clear(payload(), hash="0" * 64),
        "signature": phone.clear(signed) | {"signature": other.clear(signed)["signature"]},
    }
    answer = sync(phone, [*bad.values(), good])
    assert [(r["state"], r["reason"]) for r in answer["receipts"]] == [
        *(("refused", why) for why in bad),
        ("accepted", ""),
    ]
    assert {r.why for r in Refusal.select()} == set(bad)
    assert all(r["position"] is None for r in answer["receipts"][:-1])


def test_a_payload_that_is_no_event_is_refused(sync, phone, now):
    payload = json.dumps({"id": str(ciphers.uuid7()), "kind": "visit.ended"})
    assert the(sync(phone, [phone.clear(payload)]))["reason"] == "malformed"


@pytest.mark.parametrize(
    "inside",
    [
        b"",
        b"[]",
        b"{}",
        b'{"payload": 1, "signature": ""}',
        b'{"payload": "\\ud83d", "signature": "AAAA"}',
        b"[" * 5000,
    ],
)
def test_whatever_was_sealed_stops_nobody(sync, phone, cast, now, seen, inside):
    event, digest = str(ciphers.uuid7()), "0" * 64
    info = ciphers.item_info(event, digest, str(phone.id))
    sealed = ciphers.b64(ciphers.hpke_seal(models.keys().county.public_key(), inside, info))
    bad = {"id": event, "hash": digest, "device": str(phone.id), "key": models.keys().county_id, "sealed": sealed}
    good = phone.sealed(phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id))
    answer = sync(phone, [bad, good])
    assert [(r["state"], r["reason"]) for r in answer["receipts"]] == [("refused", "unreadable"), ("accepted", "")]


def test_what_a_refused_item_says_of_people_is_sealed_where_it_is_kept(sync, phone, cast, now, seen, db):
    other = TestDevice(cast.wang_fang)
    payload = other.payload("visit.ended", seen | {"notes": "陈桂兰膝盖疼"}, at=now, subject=cast.chen_guilan.id)
    assert the(sync(phone, [other.clear(payload)]))["reason"] == "unknown-device"
    raw = bytes(db.execute_sql('SELECT "item" FROM "refusal"').fetchone()[0])
    for name in ("陈桂兰", "膝盖疼", str(cast.chen_guilan.id)):
        assert name.encode() not in raw
    assert "陈桂兰膝盖疼" in Refusal.get().item["item"]["payload"]


def test_a_refused_item_sent_again_is_kept_once(sync, phone, now):
    payload = json.dumps({"id": str(ciphers.uuid7())})
    for _ in range(2):
        sync(phone, [phone.clear(payload)])
    assert Refusal.select().count() == 1


def test_a_word_cut_in_the_middle_of_an_emoji_loses_nobody_a_visit(sync, phone, cast, now):
    body = visit(cast, now, notes="好PLACE")
    payload = phone.payload("visit.ended", body, at=now, subject=cast.chen_guilan.id).replace("PLACE", "\\ud83d")
    phone.head = ciphers.event_hash(payload)
    assert the(sync(phone, [phone.sealed(payload)]))["state"] == "accepted"
    assert Visit.get_by_id(body["visit"]).notes == "好\ufffd"
    assert JournalEntry.get(JournalEntry.kind == "visit.ended").payload == payload


# ---- twice


def test_the_same_event_twice_gets_the_same_receipt_and_one_row(sync, phone, cast, now, seen):
    item = phone.sealed(phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id))
    first, both = the(sync(phone, [item])), sync(phone, [item, item])["receipts"]
    assert both == [first, first]
    assert Visit.select().count() == 1
    assert JournalEntry.select().where(JournalEntry.kind == "visit.ended").count() == 1


def test_the_same_event_twice_in_one_batch_is_filed_once(sync, phone, cast, now, seen):
    item = phone.sealed(phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id))
    first, second = sync(phone, [item, item])["receipts"]
    assert first == second
    assert Visit.select().count() == 1


@pytest.mark.parametrize("together", [True, False])
def test_the_same_id_with_other_content_is_refused_and_seen(sync, phone, cast, now, seen, together):
    payload = phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    event = json.loads(payload)["id"]
    changed = phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id, id=event)
    items = [phone.sealed(payload), phone.sealed(changed)]
    answers = sync(phone, items)["receipts"] if together else [the(sync(phone, [item])) for item in items]
    assert [(r["state"], r["reason"]) for r in answers] == [("accepted", ""), ("refused", "other-content")]
    assert Refusal.get().why == "other-content"


# ---- forks and gaps


def test_two_events_at_one_place_of_a_phone_are_both_kept_and_the_second_held(sync, phone, cast, now, seen):
    first = phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    second = phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id, seq=1, prev="")
    answer = sync(phone, [phone.sealed(first), phone.sealed(second)])
    assert [(r["state"], r["reason"]) for r in answer["receipts"]] == [("accepted", ""), ("held", "fork")]
    assert Visit.select().count() == 1
    assert JournalEntry.select().where(JournalEntry.kind == "device.fork").count() == 1
    assert InboxMessage.get().person_id == cast.luo_guoxiu.id


def test_a_phone_whose_count_forked_only_sends_until_it_is_enrolled_again(sync, client, phone, cast, now, seen):
    first = phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    second = phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id, seq=1, prev="")
    sync(phone, [phone.sealed(first), phone.sealed(second)])
    assert Device.get_by_id(phone.id).state == "send_only"
    assert client.post("/api/phone/sync", json={"device": phone.id}).status_code == 401  # its session has ended
    third = phone.sealed(phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id))
    mail = {"Authorization": f"Bearer {phone.mailbox}"}
    body = {"device": str(phone.id), "clock": "2026-10-13T02:42:00.000Z", "items": [third]}
    answer = client.post("/api/phone/mailbox", json=body, headers=mail).get_json()
    assert answer["receipts"][0]["state"] == "accepted"
    assert verify.verify().broken == []


def test_a_lock_made_while_a_batch_is_on_its_way_counts(phone, cast, now, seen, monkeypatch):
    payload = phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    sent = phone.clear(payload)
    item = action.Item(sent["id"], sent["hash"], sent["device"], payload=payload, signature=sent["signature"])
    read = action._phones

    def locked_meanwhile(*given):
        found = read(*given)
        phones.lock(Device.get_by_id(phone.id), why="lost", actor=cast.luo_guoxiu.actor, now=now)
        return found

    monkeypatch.setattr(action, "_phones", locked_meanwhile)
    assert [(r.state, r.reason) for r in action.receive([item], now=now)] == [("held", "device-locked")]


def test_a_gap_is_no_reason_to_refuse(sync, phone, cast, now, seen):
    phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id)  # stays on the phone
    second = phone.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    assert the(sync(phone, [phone.sealed(second)]))["state"] == "accepted"
    assert phones.gaps(phone.id) == [(1, 1)]


# ---- authority


def ended(cast, on):
    Post.update(to_on=on).where(Post.id == cast.wang_fang.post).execute()


def held(sync, phone, cast, now, **members):
    body = visit(cast, now)
    payload = phone.payload("visit.ended", body, at=now, subject=cast.chen_guilan.id, **members)
    receipt = the(sync(phone, [phone.sealed(payload)]))
    assert Visit.select().exists() == (receipt["state"] == "accepted")
    return receipt["state"], receipt["reason"]


def test_a_post_counts_to_its_last_day(sync, phone, cast, now):
    ended(cast, date(2026, 10, 13))
    assert held(sync, phone, cast, now) == ("accepted", "")


def test_a_post_that_ended_meanwhile_leaves_the_time_uncertain(sync, phone, cast, now):
    ended(cast, date(2026, 10, 12))
    assert held(sync, phone, cast, now) == ("held", "time-uncertain")


def test_a_post_that_had_ended_before_the_phone_last_heard_us_is_not_in_force(sync, phone, cast, now):
    ended(cast, date(2026, 10, 12))
    answer = sync(phone)
    phone.after = answer["heads"][cast.wang_fang.scope]["position"]
    assert held(sync, phone, cast, now) == ("held", "post-not-in-force")


def test_someone_elses_post_gives_no_right(sync, phone, cast, now):
    assert held(sync, phone, cast, now, post=cast.zhao_min.post) == ("held", "not-own-post")


def test_a_resident_elsewhere_is_not_an_agents_own(sync, phone, cast, now):
    payload = phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.ma_xiuying.id)
    receipt = the(sync(phone, [phone.sealed(payload)]))
    assert (receipt["state"], receipt["reason"]) == ("held", "resident-elsewhere")


def test_a_locked_phone_can_still_drop_its_records_which_are_held(client, phone, cast, now, clock):
    device = Device.get_by_id(phone.id)
    phones.lock(device, why="lost", actor=cast.luo_guoxiu.actor, now=now)
    payload = phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id)
    body = {"device": str(phone.id), "clock": "2026-10-13T02:42:00.000Z", "items": [phone.sealed(payload)]}
    answer = client.post(
        "/api/phone/mailbox", json=body, headers={"Authorization": f"Bearer {phone.mailbox}"}
    ).get_json()
    assert (answer["receipts"][0]["state"], answer["receipts"][0]["reason"]) == ("held", "device-locked")
    assert answer["orders"] == ["lock"]
    assert "rows" not in answer


def test_a_colleagues_phone_may_carry_sealed_records(sync, phone, cast, now, seen):
    lost = enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=9))
    payload = lost.payload("visit.ended", seen, at=now, subject=cast.chen_guilan.id)
    assert the(sync(phone, [lost.sealed(payload)]))["state"] == "accepted"
    clear = lost.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id)
    assert the(sync(phone, [lost.clear(clear)]))["reason"] == "unknown-device"


# ---- kinds nobody knows yet


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        ("seal.used", {}, "unknown-kind"),
        ("visit.ended", {"visit": "none"}, "unreadable-body"),
        ("visit.ended", {"notes": "a\x00b"}, "unreadable-body"),
    ],
)
def test_what_is_truly_signed_is_kept_even_if_it_is_not_understood(sync, phone, cast, now, kind, body, why):
    full = visit(cast, now) | body if body else {}
    receipt = the(sync(phone, [phone.sealed(phone.payload(kind, full, at=now, subject=cast.chen_guilan.id))]))
    assert (receipt["state"], receipt["reason"]) == ("held", why)
    assert receipt["position"] is not None


def test_one_record_that_breaks_the_batch_is_held_and_the_others_are_filed(sync, phone, cast, now, monkeypatch):
    """Whatever a bug of ours makes of a record, the phone can let go of the others."""
    bodies = [visit(cast, now - timedelta(hours=3 - n)) for n in range(3)]
    items = [
        phone.sealed(phone.payload("visit.ended", b, at=now - timedelta(hours=3 - n), subject=cast.chen_guilan.id))
        for n, b in enumerate(bodies)
    ]
    write = models.insert

    def insert(rows):
        if any(isinstance(row, Visit) and str(row.id) == bodies[1]["visit"] for row in rows):
            raise ValueError("a bug")
        write(rows)

    monkeypatch.setattr(models, "insert", insert)
    answer = sync(phone, items)
    assert [(r["state"], r["reason"]) for r in answer["receipts"]] == [
        ("accepted", ""),
        ("held", "unreadable-body"),
        ("accepted", ""),
    ]


# ---- edges of the wire


def test_no_session_no_sync(client, phone):
    assert client.post("/api/phone/sync", json={"device": str(phone.id)}).status_code == 401


def test_a_removed_agent_has_no_session_any_more(sync, phone, cast, now):
    sync(phone)
    models.Person.update(removed_at=now).where(models.Person.id == cast.wang_fang.id).execute()
    assert sync(phone, status=403)["code"] == "phone-locked"


def test_a_body_may_be_gzipped(client, phone, sign_in):
    import gzip

    sign_in(phone)
    body = gzip.compress(json.dumps({"device": str(phone.id), "clock": "2026-10-13T02:42:00.000Z"}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json", "Accept-Encoding": "gzip"}
    answer = client.post("/api/phone/sync", data=body, headers=headers)
    assert answer.status_code == 200
    assert client.post("/api/phone/sync", data=body[:-9], headers=headers).status_code == 422


def test_nobody_unknown_makes_the_county_read_or_unpack_much(client, cast):
    import gzip
    import io

    fits = {"device": str(ciphers.uuid7())}
    said = (json.dumps(fits) + " " * bodies.SMALL).encode()
    packed = gzip.compress(said)
    assert len(packed) < 200
    for path in ("/api/phone/enrolments", "/api/phone/challenges", "/api/phone/sessions"):
        rest = io.BytesIO(said * 100)
        answers = [
            client.post(path, data=said),
            client.post(path, data=packed, headers={"Content-Encoding": "gzip"}),
            client.post(path, input_stream=rest, environ_overrides={"wsgi.input_terminated": True}),  # no length told
        ]
        assert [(a.status_code, a.get_json()["code"]) for a in answers] == [(422, "body-invalid")] * 3
        assert rest.tell() <= len(said) * 20, "more was read than may be"
    assert client.post("/api/phone/challenges", json=fits).status_code == 201


def test_a_batch_larger_than_batches_are_is_refused_before_it_is_read(client, phone, sign_in, monkeypatch):
    from api.phone import sync as route

    sign_in(phone)
    monkeypatch.setattr(
        route, "asked", lambda model, most: bodies.asked(model, most=2_000 if most == bodies.BATCH else 0)
    )
    body = {"device": str(phone.id), "clock": "2026-10-13T02:42:00.000Z"}
    assert client.post("/api/phone/sync", json=body).status_code == 200
    answer = client.post("/api/phone/sync", json=body | {"items": [{"id": "x" * 3_000}]})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "body-invalid")


def test_the_24_digits_are_kept_for_the_day_a_pin_is_forgotten(sync, phone):
    digits = "123456789012345678901234"
    info = f"daiban-recovery/1\n{phone.id}".encode()
    sealed = ciphers.b64(ciphers.hpke_seal(models.keys().county.public_key(), digits.encode(), info))
    assert sync(phone, recovery=sealed)["recovery_kept"] is True
    assert Device.get_by_id(phone.id).recovery == digits


def test_a_head_the_journal_no_longer_holds_is_noticed(sync, phone, cast):
    head = sync(phone)["heads"][cast.wang_fang.scope]
    seen = {cast.wang_fang.scope: (head["position"], head["chain"])}
    assert phone_talk.missing_heads(seen) == []
    assert phone_talk.missing_heads({cast.wang_fang.scope: (head["position"], "0" * 64)}) == [cast.wang_fang.scope]
    assert phone_talk.missing_heads({cast.wang_fang.scope: (head["position"] + 1, head["chain"])}) == [
        cast.wang_fang.scope
    ]


def test_a_cut_journal_is_written_down_once_a_day_and_the_county_is_told(sync, phone, cast):
    answer = sync(phone)
    head = answer["heads"][cast.wang_fang.scope]
    cut = {cast.wang_fang.scope: {"position": head["position"] + 5, "chain": head["chain"]}}
    for epoch in (answer["epoch"], answer["epoch"], answer["epoch"] + 1):
        sync(phone, heads=cut, epoch=epoch)
    assert JournalEntry.select().where(JournalEntry.kind == "journal.head_missing").count() == 1
    assert [message.person_id for message in InboxMessage.select()] == [cast.he_jing.id]


def test_a_journal_whose_end_was_cut_off_still_takes_records_and_the_county_is_told(sync, phone, cast):
    answer = sync(phone)
    head = answer["heads"][cast.wang_fang.scope]
    last = (JournalEntry.scope == cast.wang_fang.scope) & (JournalEntry.position == head["position"])
    JournalEntry.delete().where(last).execute()
    seen = {cast.wang_fang.scope: {"position": head["position"], "chain": head["chain"]}}
    sync(phone, heads=seen, epoch=answer["epoch"])
    assert JournalEntry.select().where(JournalEntry.kind == "journal.head_missing").count() == 1


def test_the_office_hears_how_much_a_phone_still_holds(sync, phone):
    sync(phone, waiting={"records": 3, "blobs": 2}, version="1.2")
    device = Device.get_by_id(phone.id)
    assert (device.waiting_records, device.waiting_blobs, device.version) == (3, 2, "1.2")
    assert Resident.select().where(Resident.rev == 0).count() == 0
