"""Yesterday's backup on a new machine: what phones had sent since comes again, once, and nothing is doubled."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

import keys
import models
from actions import _backup_store as store
from actions import backups, restore, sync, verify
from models import DeskSession, Device, Installation, JournalEntry, Person, Picture, Scope, Setting, Visit
from tests.backup.conftest import position_of
from tests.support.cast import TOWNSHIP


def test_yesterdays_backup_is_healed_by_every_phone(sender, back_up, put_back, clock, cast, now):
    one, other = sender(), sender(cast.zhao_min)
    other.cast = replace(cast, chen_guilan=cast.ma_xiuying)
    before = [one.visit(now, picture=True), other.visit(now)]
    one.bring(before[0], now=now)
    back_up()
    since = [one.visit(now + timedelta(hours=h), picture=True) for h in (1, 2)]
    since.append(other.visit(now + timedelta(hours=3)))
    for event in since[:2]:
        one.bring(event, now=now)
    lost = Scope.get_by_id(TOWNSHIP)
    clock.forward(days=1)

    done = put_back()
    assert done.epoch != 1
    assert (done.missing, done.proof.broken, done.proof.ends_proven) == (0, [], True)
    assert {visit.event for visit in Visit.select()} == set(before)
    receipts = [sync.receive(each.items, now=clock.now) for each in (one, other)]  # all they hold, in their own order
    assert {r.state for each in receipts for r in each} == {"accepted"}
    assert {visit.event for visit in Visit.select()} == {*before, *since}
    assert JournalEntry.select().where(JournalEntry.kind == "visit.ended").count() == len(before + since)
    assert lost.position <= Scope.get_by_id(TOWNSHIP).position
    again = [sync.receive(each.items, now=clock.now) for each in (one, other)]
    assert [[r.position for r in each] for each in again] == [[r.position for r in each] for each in receipts]
    wanted = {(p.event, p.got) for p in Picture.select().where(Picture.state == "wanted")}
    assert wanted == {(event, 0) for event in since[:2]}
    assert verify.verify().broken == []


def test_a_record_from_before_the_restore_is_believed_its_time(sender, back_up, put_back, clock, now):
    """It names a position its phone had seen; after the restore somebody else's record has that place."""
    one, other = sender(), sender()
    one.visit(now)
    back_up()
    seen = position_of(one.visit(now + timedelta(hours=1)))
    other.phone.after = seen
    made_at = now + timedelta(hours=2)
    honest = other.visit(made_at)
    clock.now = now + timedelta(days=3)
    put_back()
    sync.receive(one.items, now=clock.forward(minutes=1))
    assert position_of(one.events[-1]) == seen
    sync.receive(other.items, now=clock.forward(minutes=1))
    assert "clock" not in Visit.get(Visit.event == honest).flags
    clock.forward(hours=3)
    liar = sender()
    liar.phone.after = seen
    late = liar.visit(clock.now - timedelta(days=30), send=False)
    sync.receive(liar.items, now=clock.now)
    assert "clock" in Visit.get(Visit.event == late).flags  # before the backup was made it cannot have seen it


def test_what_stands_there_is_what_the_backup_proves(sender, back_up, put_back, elsewhere, clock, now):
    one = sender()
    event = one.visit(now, picture=True)
    picture = one.bring(event, now=now).read_bytes()
    waits = one.visit(now + timedelta(minutes=1), picture=True)
    Picture.update(got=3).where(Picture.event == waits).execute()
    Picture.update(state="shown").where(Picture.event == event).execute()
    DeskSession.create(token_hash="x", person=one.phone.worker.id, made_at=now, ends_at=now + timedelta(days=9))
    made = back_up()
    Person.update(name="不该在").execute()
    clock.forward(hours=1)
    done = put_back()
    here = Installation.get()
    assert (here.epoch, here.restored_at, here.restored_from) == (done.epoch, clock.now, made.manifest.at)
    for scope in Scope.select().where(Scope.position > 0):
        assert scope.kept_to == made.manifest.ends[scope.code][0]
    told = json.loads(JournalEntry.get(JournalEntry.kind == "backup.restored").payload)["body"]
    assert (told["epoch"], told["backup"], told["by"]) == (done.epoch, made.manifest.backup, "test")
    file = restore.pictures.place(elsewhere.blobs_path, event, "mark")
    assert file.read_bytes() == picture
    rows = {p.event: (p.state, p.kept, p.got) for p in Picture.select()}
    assert rows == {event: ("stored", True, len(picture)), waits: ("wanted", False, 0)}  # its copy is drawn anew
    assert DeskSession.select().count() == 0
    assert Person.select().where(Person.name == "不该在").count() == 0


def test_lists_and_workbooks_lie_in_no_backup_and_say_so(sender, back_up, put_back, cast, now):
    asked = {"person": cast.li_qiang.id, "posts": [], "filters": {}, "language": "zh_Hans", "asked_at": now}
    written = models.Workbook.create(**asked, state="done", key="k", ended_at=now)
    waits = models.Workbook.create(**asked)
    listed = models.Import.create(
        kind="roster", scope=TOWNSHIP, file_name="a.xlsx", sha256="0" * 64, file="a.sealed", by="liqiang", started_at=now
    )  # fmt: skip
    sender().visit(now)
    back_up()
    put_back()
    here = {each.id: (each.state, each.problem, each.key) for each in models.Workbook.select()}
    assert here == {written.id: ("failed", "missing", None), waits.id: ("waiting", "", None)}
    assert models.Import.get_by_id(listed.id).problem == "missing"


def test_work_goes_on_where_the_rows_came_back(sender, back_up, put_back, clock, now):
    """Numbers that the database itself gives go on, and a journal that goes on proves."""
    models.BadgeScan.create(at=now, result="valid")
    models.BadgeScan.create(at=now, result="valid")
    sender().visit(now)
    back_up()
    put_back()
    models.BadgeScan.create(at=now, result="valid")
    assert models.BadgeScan.select().count() == 3
    again = sender()
    again.visit(clock.forward(hours=1))
    assert verify.verify().broken == []


def test_a_picture_that_was_in_no_backup_is_wanted_from_its_phone(sender, back_up, put_back, folder, now):
    one = sender()
    event = one.visit(now, picture=True)
    one.bring(event, now=now)
    back_up()
    next((folder / "pictures").glob("??/*")).unlink()
    done = put_back()
    assert (done.missing, done.proof.broken) == (1, [])
    row = Picture.get()
    assert (row.state, row.got, row.kept) == ("wanted", 0, False)
    assert backups.held_back(one.phone.id, now=now) != {}


def test_a_promise_kept_since_the_backup_is_kept_again(sender, back_up, put_back, elsewhere, clock, now, monkeypatch):
    """Pictures whose time is over go before the server answers, not in the following night."""
    one = sender()
    event = one.visit(now, picture=True)
    one.bring(event, now=now)
    back_up()
    over = [restore.retention.Over(event, "mark", TOWNSHIP, None, "life picture")]
    monkeypatch.setattr(restore.retention, "_life_pictures", lambda *_: iter([over]))
    put_back()
    assert Picture.get().state == "forgotten"
    assert not restore.pictures.place(elsewhere.blobs_path, event, "mark").exists()
    assert verify.verify(folder=elsewhere.blobs_path).broken == []


def test_the_old_machine_is_untouched_by_it(sender, back_up, put_back, made, now):
    sender().visit(now)
    back_up()
    put_back()
    models.database.close()
    models.bind(made.db, made.keyring)
    assert Installation.get().epoch == 1


def test_lost_pictures_come_back_from_the_backup_or_else_from_their_phones(sender, back_up, app, folder, settings, now):
    one = sender()
    kept, later = (one.visit(now + timedelta(minutes=n), picture=True) for n in (1, 2))
    one.bring(kept, now=now)
    back_up()
    one.bring(later, now=now)
    shutil.rmtree(settings.blobs_path)
    assert len(verify.verify(folder=settings.blobs_path).broken) == 2
    found = app.test_cli_runner().invoke(args=["restore-pictures", str(folder)])
    assert found.exit_code == 0, found.output
    assert "1 pictures are put back." in found.output and "1 lie in no backup" in found.output
    rows = {picture.event: (picture.state, picture.got) for picture in Picture.select()}
    assert rows[later] == ("wanted", 0) and rows[kept][0] == "stored"
    assert verify.verify(folder=settings.blobs_path).broken == []
    one.bring(later, now=now)
    assert verify.verify(folder=settings.blobs_path).broken == []


def test_a_phone_enrolled_since_is_not_known_and_what_it_sends_is_kept_as_refused(
    sender, back_up, put_back, clock, now
):
    back_up()
    late = sender()
    late.visit(now)
    put_back()
    (receipt,) = sync.receive(late.items, now=clock.now)
    assert (receipt.state, receipt.reason, receipt.position) == ("refused", "unknown-device", None)
    assert models.Refusal.select().count() == 1


# ---- what is refused, each in a sentence


def refusal(put_back, *args, **named):
    with pytest.raises(restore.NoRestore) as refused:
        put_back(*args, **named)
    return str(refused.value)


def test_only_into_an_empty_database(back_up, put_back, settings, made):
    back_up()
    assert "is not empty. A backup is only put back into an empty one" in refusal(put_back, settings=settings)
    models.bind(made.db, made.keyring)
    assert Installation.get().epoch == 1


def test_never_without_the_key_of_its_month(back_up, put_back, settings):
    back_up()
    (settings.keys_path / "backup-keys" / "2026-10.key").unlink()
    said = refusal(put_back)
    assert "The key of 2026-10 is not in" in said and "nobody can open" in said


def test_never_with_the_keys_of_another_county(back_up, put_back, elsewhere, tmp_path, settings):
    back_up()
    keys.make(tmp_path / "other")
    (settings.keys_path / "backup-keys").rename(tmp_path / "other" / "backup-keys")
    said = refusal(put_back, settings=replace(elsewhere, keys=str(tmp_path / "other")))
    assert "are not those of this backup" in said


def test_without_keys_at_all_it_says_which_folder(back_up, put_back, elsewhere, tmp_path):
    back_up()
    said = refusal(put_back, settings=replace(elsewhere, keys=str(tmp_path / "none")))
    assert f"No keys in {tmp_path / 'none'}" in said and "Put back the folder of keys" in said


def test_a_backup_of_one_kind_of_database_goes_into_that_kind(back_up, put_back, elsewhere, made, tmp_path):
    back_up()
    other = "postgresql://localhost/none" if made.kind == "sqlite" else f"sqlite:///{tmp_path / 'x.sqlite3'}"
    assert "can only be put back into one" in refusal(put_back, settings=replace(elsewhere, database=other))


def test_a_backup_of_a_newer_program_waits_for_that_program(back_up, put_back, folder, settings, monkeypatch):
    made = back_up()
    key = keys.month_key(settings.keys_path, "2026-10")
    newer = replace(made.manifest, steps=[*made.manifest.steps, "0999_from_the_future"])
    store.write_manifest(folder / made.manifest.backup, newer, key)
    assert "newer version of this program (0999_from_the_future)" in refusal(put_back)


def test_an_empty_folder_and_a_wrong_name_are_told(back_up, put_back, folder):
    assert "There is no complete backup in" in refusal(put_back)
    made = back_up()
    assert f"There are: {made.manifest.backup}." in refusal(put_back, "20200101T000000Z")


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("manifest.json", lambda raw: raw.replace(b"2026-10-13", b"2026-10-12", 1)),
        ("manifest.json", lambda raw: raw[:40]),
        ("database.sealed", lambda raw: raw[:-1]),
        ("database.sealed", lambda raw: b"\x00" + raw[1:]),
        ("pictures.txt", lambda raw: b""),
    ],
)
def test_a_backup_that_was_changed_is_never_put_back(sender, back_up, put_back, folder, elsewhere, now, file, change):
    one = sender()
    one.bring(one.visit(now, picture=True), now=now)
    made = back_up()
    path = folder / made.manifest.backup / file
    path.write_bytes(change(path.read_bytes()))
    said = refusal(put_back)
    assert file in said and "Nothing was put back; take another backup" in said
    if elsewhere.database.startswith("sqlite"):
        assert not list(elsewhere.blobs_path.parent.glob("*"))


def test_the_pieces_of_a_large_database_cannot_be_swapped_or_cut_off(folder):
    from rules import sealed_stream as stream
    from rules.ciphers import Unreadable

    folder.mkdir()
    key, plain = b"k" * 32, [bytes([n]) * 700_000 for n in range(5)]
    pieces = list(stream.seal(plain, key))
    assert len(pieces) == 4 and len(pieces[0]) == stream.PIECE + stream.TAG

    def opened(*order):
        path = folder / "sealed"
        path.write_bytes(b"".join(pieces[n] for n in order))
        with path.open("rb") as file:
            return b"".join(stream.open_sealed(file, key))

    assert opened(0, 1, 2, 3) == b"".join(plain)
    for wrong in ((1, 0, 2, 3), (0, 1, 2), (0, 2, 3), (0, 1, 2, 3, 3), (0, 0, 1, 2, 3)):
        with pytest.raises(Unreadable):
            opened(*wrong)
    assert b"".join(stream.seal([], key)) != b""


def test_a_restore_that_is_killed_leaves_the_database_empty(sender, back_up, put_back, elsewhere, now, monkeypatch):
    one = sender()
    one.bring(one.visit(now, picture=True), now=now)
    back_up()

    class Killed(BaseException):
        pass

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(backups, "begin_epoch", killed)
        with pytest.raises(Killed):
            put_back()
    assert put_back().epoch != 1  # it was still empty, or this would be refused


def test_a_setting_of_the_county_comes_back_too(back_up, put_back, db):
    Setting.create(key="backup.late_days", value=5)
    back_up()
    put_back()
    assert models.setting("backup.late_days") == 5
    assert Device.select().count() == 0
