"""Whoever changes what was written, in whatever table, is found; what is only forgotten is not taken for tampering."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

import models
from actions import county_settings, journal, pictures, reads, retention, sync, verify
from actions import held as action
from models import JournalEntry, Person, Picture, ReadEntry, Resident, Scope, Visit, transaction
from rules.ciphers import uuid7
from tests.support.cast import TOWNSHIP
from tests.support.device import Picture as Drawn
from tests.support.device import enrolled
from tests.sync.conftest import visit


@pytest.fixture
def phone(db, cast, now):
    return enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=60))


@pytest.fixture
def filed(phone, cast, now):
    """王芳's two visits are in the journal."""
    receipts = []
    for hours in (5, 1):
        at = now - timedelta(hours=hours)
        payload = phone.payload("visit.ended", visit(cast, at), at=at, subject=cast.chen_guilan.id)
        sent = phone.clear(payload)
        item = sync.Item(sent["id"], sent["hash"], sent["device"], payload=payload, signature=sent["signature"])
        receipts += sync.receive([item], now=now)
    assert [r.state for r in receipts] == ["accepted", "accepted"]
    return receipts


def broken():
    return verify.verify().broken


def test_an_honest_journal_proves(filed):
    proof = verify.verify()
    assert proof.broken == []
    assert proof.entries == proof.signatures >= 5
    assert proof.rows > 20
    assert proof.ends_proven is False


def test_heads_from_outside_prove_the_end_too(filed, tmp_path, now):
    file = tmp_path / "heads.jsonl"
    verify.write_heads(file, now=now)
    assert verify.verify(heads=verify.read_heads(file)).ends_proven is True


def test_a_changed_row_is_named(filed):
    row = Visit.select().first()
    Visit.update(notes="别的话").where(Visit.id == row.id).execute()
    assert broken() == [
        f"row visit:{row.id}: it was changed without an event since {TOWNSHIP} position {_position(row)}"
    ]


def test_a_deleted_row_is_named(filed):
    row = Visit.select().first()
    row.delete_instance()
    assert broken() == [f"row visit:{row.id}: it is gone without an event since {TOWNSHIP} position {_position(row)}"]


def test_a_row_nobody_wrote_is_named(filed):
    row = Person.create(name="谁")
    assert broken() == [f"row person:{row.id}: no event ever wrote it"]


def test_columns_that_only_repeat_others_prove_nothing_and_may_change(filed, cast):
    Resident.update(rev=Resident.rev + 5, card="name").execute()
    Person.update(inbox_rev=9).execute()
    assert broken() == []


def test_what_waited_its_turn_or_a_clock_put_back_is_no_tampering(filed, now):
    """The order of a township is that of its positions: who asked first may have been written second."""
    for days, at in ((14, now), (21, now - timedelta(seconds=3))):
        county_settings.change("care.every_days", days, actor=None, now=at, by="zhang")
    assert broken() == []


@pytest.mark.parametrize("column", ["received_at", "hash", "leaves", "chain"])
def test_a_changed_link_breaks_the_chain_there(filed, column, now):
    changed = {"received_at": now - timedelta(hours=1), "hash": "0" * 64, "leaves": "{}", "chain": "0" * 64}[column]
    position = filed[0].position
    JournalEntry.update({getattr(JournalEntry, column): changed}).where(
        (JournalEntry.scope == TOWNSHIP) & (JournalEntry.position == position)
    ).execute()
    assert any(f"{TOWNSHIP} position {position}: it is not as it was written" in line for line in broken())


def test_a_changed_text_is_found_even_with_the_keys_in_hand(filed):
    entry = JournalEntry.get_by_id((TOWNSHIP, filed[0].position))
    text = entry.payload.replace("膝盖", "手臂")
    _rewrite(entry, payload=text)
    assert f"{TOWNSHIP} position {entry.position}: its text is not the one that was signed" in broken()


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("kind", "its column kind says something else"),
        ("actor", "its column actor says something else"),
        ("signature", "its signature does not fit"),
        ("seq", "its place in the phone's own chain"),
        ("device", "a phone that is not here"),
        ("at", "its column at says something else"),
    ],
)
def test_a_changed_column_is_found_though_the_chain_holds(filed, cast, now, column, found):
    changed = {
        "kind": "visit.checked", "actor": cast.zhao_min.id, "signature": b"\x01" * 64, "seq": 9, "device": cast.care,
        "at": now - timedelta(days=9),
    }[column]  # fmt: skip
    entry = JournalEntry.get_by_id((TOWNSHIP, filed[0].position))
    _rewrite(entry, **{column: changed})
    assert any(found in line for line in broken())


def test_a_cut_tail_is_found_by_the_counter_or_else_by_the_heads(filed, tmp_path, now):
    file = tmp_path / "heads.jsonl"
    verify.write_heads(file, now=now)
    last = JournalEntry.get_by_id((TOWNSHIP, filed[1].position))
    Visit.delete().where(Visit.event == last.id).execute()
    last.delete_instance()
    assert any("the end was cut off" in line for line in broken())
    before = JournalEntry.get_by_id((TOWNSHIP, last.position - 1))
    Scope.update(position=before.position, chain=before.chain).where(Scope.code == TOWNSHIP).execute()
    assert not any("cut off" in line or "not as it was" in line for line in broken())
    proof = verify.verify(heads=verify.read_heads(file))
    assert any("is gone" in line for line in proof.broken)


def test_a_chain_made_anew_is_found_by_the_heads(filed, tmp_path, now):
    file = tmp_path / "heads.jsonl"
    verify.write_heads(file, now=now)
    _make_anew(from_position=filed[0].position, received_at=now - timedelta(days=1))
    assert not any("not as it was written" in line for line in broken())
    assert any("made anew" in line for line in verify.verify(heads=verify.read_heads(file)).broken)


def test_a_missing_position_is_named(filed):
    JournalEntry.delete().where(
        (JournalEntry.scope == TOWNSHIP) & (JournalEntry.position == filed[0].position)
    ).execute()
    assert any(f"positions {filed[0].position} to {filed[0].position} are missing" in line for line in broken())


def test_a_forgotten_text_is_no_tampering_and_one_taken_away_is(filed, cast, now):
    entry = JournalEntry.get_by_id((TOWNSHIP, filed[0].position))
    _rewrite(entry, payload=None)
    why = f"{TOWNSHIP} position {entry.position}: its text is gone, and no event says that it was forgotten"
    assert broken() == [why]
    with transaction(TOWNSHIP):
        deeds = [journal.Deed("erased", TOWNSHIP, {}, subject=cast.zhou_xinglin.id)]
        journal.write(deeds, actor=None, now=now, by="test")
    assert broken() == [why]
    with transaction(TOWNSHIP):
        deeds = [journal.Deed("erased", TOWNSHIP, {}, subject=cast.chen_guilan.id)]
        journal.write(deeds, actor=None, now=now, by="test")
    proof = verify.verify()
    assert (proof.broken, proof.erased) == ([], 1)


@pytest.fixture
def held(phone, cast, now, db):
    """A visit to somebody elsewhere waits in the tray."""
    payload = phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.ma_xiuying.id)
    sent = phone.clear(payload)
    item = sync.Item(sent["id"], sent["hash"], sent["device"], payload=payload, signature=sent["signature"])
    (receipt,) = sync.receive([item], now=now)
    assert receipt.state == "held"
    return JournalEntry.get_by_id((receipt.scope, receipt.position))


@pytest.mark.parametrize("state", ["accepted", "answered", "adopted"])
def test_a_held_record_does_not_leave_the_tray_unseen(held, state):
    assert broken() == []
    _rewrite(held, state=state)
    assert any(line.startswith(f"{held.scope} position {held.position}: its state ({state}") for line in broken())


def test_an_answered_record_proves_and_does_not_come_back_unseen(held, cast, now):
    action.answer([held], words="不在我镇", actor=cast.luo_guoxiu.actor, now=now)
    assert broken() == []
    _rewrite(held, state="held")
    assert any("its state (held) is none that an event gave it" in line for line in broken())


def test_an_applied_record_does_not_come_into_the_tray_unseen(filed):
    entry = JournalEntry.get_by_id((TOWNSHIP, filed[0].position))
    _rewrite(entry, state="held")
    assert broken() == [
        f"{TOWNSHIP} position {entry.position}: its state (held with effect) is none that an event gave it"
    ]


@pytest.fixture
def pictured(phone, cast, now, settings):
    """A visit whose mark has arrived."""
    event, mark = str(uuid7()), Drawn("mark", b"jpeg")
    blobs = [mark.seal(event)]
    payload = phone.payload("visit.ended", visit(cast, now), at=now, id=event, subject=cast.chen_guilan.id, blobs=blobs)
    sent = phone.clear(payload)
    item = sync.Item(sent["id"], sent["hash"], sent["device"], payload=payload, signature=sent["signature"])
    assert sync.receive([item], now=now)[0].state == "accepted"
    taken = pictures.take(
        phone.id, UUID(event), "mark", offset=0, total=len(mark.cipher), piece=[mark.cipher],
        folder=settings.blobs_path, now=now,
    )  # fmt: skip
    assert taken.whole
    return pictures.place(settings.blobs_path, UUID(event), "mark")


def test_a_picture_is_proven_by_the_record_that_names_it(pictured, settings):
    proof = verify.verify(folder=settings.blobs_path)
    assert (proof.broken, proof.pictures) == ([], 1)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda file: file.write_bytes(b"another"), "its file is not the one that came"),
        (lambda file: file.unlink(), "its file is gone"),
        (lambda _: Picture.update(sha256="0" * 64).execute(), "it is not the one that its record names"),
        (lambda _: Picture.update(key="A" * 43).execute(), "it is not the one that its record names"),
        (lambda _: Picture.update(role="other").execute(), "no record names it"),
        (lambda _: Picture.delete().execute(), "it is gone without an event since"),
    ],
)
def test_a_changed_or_missing_picture_is_found(pictured, settings, change, found):
    change(pictured)
    assert any(
        line.startswith("picture ") and found in line for line in verify.verify(folder=settings.blobs_path).broken
    )


@pytest.fixture
def deleted(pictured, settings, now):
    """The same, deleted when its time was over."""
    row = Picture.get()
    over = retention.Over(row.event, row.role, TOWNSHIP, None, "life picture")
    retention.delete([over], now=now, folder=settings.blobs_path)
    return row


def test_a_picture_deleted_by_its_event_is_proven_without_its_file(deleted, pictured, settings):
    assert not pictured.exists()
    proof = verify.verify(folder=settings.blobs_path)
    assert (proof.broken, proof.pictures) == ([], 1)


def test_a_deletion_that_no_event_tells_is_found(pictured, settings):
    Picture.update(state="forgotten", key="").execute()
    assert "it was deleted without an event" in verify.verify(folder=settings.blobs_path).broken[0]


def test_a_deleted_picture_that_is_here_again_is_found(deleted, settings):
    Picture.update(state="stored", key=deleted.key).execute()
    assert "an event deleted it, and it is here again" in verify.verify(folder=settings.blobs_path).broken[0]


def test_the_log_of_looks_has_a_chain_of_its_own(filed, cast, now):
    looks = [reads.Read(TOWNSHIP, cast.li_qiang.id, cast.chen_guilan.id, "resident", f"第{n}次") for n in range(3)]
    reads.note(looks[:2], now=now)
    reads.note(looks[2:], now=now)
    assert (broken(), verify.verify().looks) == ([], 3)
    ReadEntry.update(person=cast.zhao_min.id).where(ReadEntry.position == 2).execute()
    assert broken() == [f"{TOWNSHIP}: look 2 is not as it was written, or the one before it is not"]


def test_one_command_says_what_is_broken(filed, app, tmp_path):
    runner = app.test_cli_runner()
    file = tmp_path / "heads.jsonl"
    assert runner.invoke(args=["heads", str(file), "--as", "hejing"]).exit_code == 0
    taken = JournalEntry.get(JournalEntry.kind == "export.made")
    assert json.loads(taken.payload)["body"] == {"what": "heads", "filters": {}, "masked": True, "by": "hejing"}
    assert json.loads(file.read_text().splitlines()[0])["scope"]
    plain = runner.invoke(args=["verify"])
    assert (plain.exit_code, plain.output.splitlines()[-1]) == (
        0,
        "Consistent; the end is not proven (give --heads FILE).",
    )
    full = runner.invoke(args=["verify", "--heads", str(file)])
    assert (full.exit_code, full.output.splitlines()[-1]) == (0, "Everything proves.")
    Visit.update(notes="别的话").execute()
    found = runner.invoke(args=["verify"])
    assert found.exit_code == 1
    assert "2 things do not prove." in found.output


def _position(row):
    return JournalEntry.get(JournalEntry.id == row.event).position


def _rewrite(entry, **changes):
    for name, value in changes.items():
        setattr(entry, name, value)
    entry.save(only=[getattr(JournalEntry, name) for name in changes])


def _make_anew(*, from_position, received_at):
    """What somebody with the database and no keys could do: change times and hash the rest again."""
    before = JournalEntry.get_by_id((TOWNSHIP, from_position - 1))
    position, chain = before.position, before.chain
    for entry in (
        JournalEntry.select()
        .where((JournalEntry.scope == TOWNSHIP) & (JournalEntry.position > position))
        .order_by(JournalEntry.position)
    ):
        entry.received_at = received_at
        chain = journal.link(chain, entry.position, str(entry.id), entry.hash, entry.received_at, entry.leaves)
        _rewrite(entry, received_at=received_at, chain=chain)
    Scope.update(chain=chain).where(Scope.code == TOWNSHIP).execute()
    assert models.Scope.get_by_id(TOWNSHIP).chain == chain
