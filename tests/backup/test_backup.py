"""A backup is written while others write, read back before it counts, and holds each picture once."""

from __future__ import annotations

import json
import os
import threading
from datetime import timedelta

import pytest

import disk
import models
from actions import _backup_store as store
from actions import backup_files, backups, verify
from models import Installation, JournalEntry, Picture, Scope
from tests.backup.conftest import position_of
from tests.support.cast import TOWNSHIP


def test_a_verified_backup_moves_kept_to_and_stands_in_the_journal(sender, back_up, folder, now):
    sender().visit(now)
    head = Scope.get_by_id(TOWNSHIP).position
    assert Installation.get().backed_up_at is None
    made = back_up()
    assert store.names(folder) == [made.manifest.backup]
    assert made.manifest.ends[TOWNSHIP] == (head, Scope.get_by_id(TOWNSHIP).chain)
    assert made.manifest.counts["journal_entry"] == JournalEntry.select().count() - 1
    assert Scope.get_by_id(TOWNSHIP).kept_to == head
    assert Installation.get().backed_up_at == made.manifest.at
    told = JournalEntry.get(JournalEntry.kind == "backup.verified")
    assert json.loads(told.payload)["body"]["kept_to"][TOWNSHIP] == head
    assert verify.verify().broken == []


def test_nothing_of_anybody_lies_there_in_the_clear(sender, back_up, folder, cast, now, settings):
    one = sender()
    one.bring(one.visit(now, picture=True), now=now)
    back_up()
    everything = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    for word in (cast.chen_guilan.name, cast.wang_fang.name, cast.chen_guilan.id_number, str(cast.chen_guilan.id)):
        assert word.encode() not in everything
        assert word.replace("-", "").encode() not in everything
    assert b"SQLite format" not in everything and b"COPY " not in everything
    month_key = next((settings.keys_path / "backup-keys").glob("*.key"))
    assert month_key.stat().st_mode & 0o777 == 0o600
    assert month_key.read_bytes() not in everything
    assert all(
        file.stat().st_mode & 0o077 == 0 for file in folder.rglob("*") if file.is_file() and file.name != ".lock"
    )
    assert not list(settings.keys_path.parent.glob("*being-backed-up*"))


def test_a_second_backup_copies_only_new_pictures(sender, back_up, folder, now):
    one = sender()
    first = one.bring(one.visit(now, picture=True), now=now)
    assert back_up().copied == 1
    lies = next((folder / "pictures").glob("??/*"))
    before = lies.stat()
    assert lies.read_bytes() == first.read_bytes()
    one.bring(one.visit(now + timedelta(hours=1), picture=True), now=now)
    made = back_up()
    assert (made.copied, made.manifest.pictures) == (1, 2)
    assert (lies.stat().st_ino, lies.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_picture_that_rotted_in_the_folder_is_found_by_reading_again_and_copied_anew(sender, back_up, folder, now):
    one = sender()
    whole = one.bring(one.visit(now, picture=True), now=now).read_bytes()
    back_up()
    lies = next((folder / "pictures").glob("??/*"))
    lies.write_bytes(b"x" + whole[1:])
    assert back_up().copied == 0  # believed by its size
    assert back_up(reread=True).copied == 1
    assert lies.read_bytes() == whole


def test_others_go_on_writing_while_the_copy_is_made(sender, back_up, now, made):
    """The copy is of one moment: its heads are those of a state that was, though records arrive all the while."""
    writers = [sender() for _ in range(2)]
    stop, counts, faults = threading.Event(), [0, 0], []

    def write(number):
        try:
            while not stop.is_set() and counts[number] < 400:
                writers[number].visit(now + timedelta(seconds=counts[number]))
                counts[number] += 1
        except Exception as error:
            faults.append(error)
        finally:
            models.database.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            found = back_up().manifest
            position, chain = found.ends[TOWNSHIP]
            assert JournalEntry.get_by_id((TOWNSHIP, position)).chain == chain
            assert found.counts["journal_entry"] == sum(position for position, _ in found.ends.values())
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not faults
    assert all(counts)
    assert verify.verify().broken == []


def test_two_backups_at_once_are_one(back_up, folder):
    with store.held(folder), pytest.raises(backup_files.NoBackup, match="Another backup is being written"):
        back_up()
    assert store.names(folder) == []


@pytest.mark.parametrize(
    ("module", "step"),
    [(store, "write_manifest"), (store, "write_sealed"), (store, "read_sealed"), (disk, "sync_folder")],
)
def test_one_that_was_killed_is_never_seen_and_cleared_away_by_the_next(
    sender, back_up, folder, now, monkeypatch, module, step
):  # fmt: skip
    sender().visit(now)

    class Killed(BaseException):
        pass

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(module, step, killed)
        with pytest.raises(Killed):
            back_up()
    assert store.names(folder) == []
    assert [each.name[:10] for each in folder.iterdir() if each.is_dir()] == ["unfinished"]
    assert (Scope.get_by_id(TOWNSHIP).kept_to, Installation.get().backed_up_at) == (0, None)
    made = back_up()
    assert sorted(each.name for each in folder.iterdir()) == [".lock", made.manifest.backup]


def test_what_cannot_be_read_back_does_not_count(sender, back_up, folder, now, monkeypatch):
    """The disk says yes and keeps something else."""
    sender().visit(now)
    write = store.write_sealed

    def rotting(path, plain, key):
        write(path, plain, key)
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)

    monkeypatch.setattr(store, "write_sealed", rotting)
    with pytest.raises(backup_files.NoBackup, match="cannot be opened"):
        back_up()
    assert store.names(folder) == []
    assert Installation.get().backed_up_at is None


def test_a_full_disk_is_said_in_a_sentence(app, folder, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_sealed", full)
    found = app.test_cli_runner().invoke(args=["backup", str(folder)])
    assert found.exit_code == 1
    assert (
        "No space left on device. No backup was made; earlier ones and the database are as they were." in found.output
    )
    assert "Traceback" not in found.output


def test_a_journal_cut_before_the_backup_makes_none(sender, back_up, now, made):
    sender().visit(now)
    JournalEntry.delete().where(JournalEntry.scope == TOWNSHIP, JournalEntry.position == _end()).execute()
    with pytest.raises(backup_files.NoBackup, match=r"does not end where its counter says|holds other rows"):
        back_up()


def test_a_picture_whose_file_is_gone_is_named_and_its_phone_keeps_it(sender, app, folder, clock, now):
    one = sender()
    event = one.visit(now, picture=True)
    one.bring(event, now=now).unlink()
    clock.forward(seconds=1)
    found = app.test_cli_runner().invoke(args=["backup", str(folder), "--as", "hejing"])
    assert found.exit_code == 1
    assert f"Not in it: picture {event}.mark" in found.output
    assert "1 pictures are not in the backup" in found.output
    assert backups.held_back(one.phone.id, now=now) == {TOWNSHIP: position_of(event)}
    told = json.loads(JournalEntry.get(JournalEntry.kind == "backup.verified").payload)["body"]
    assert (told["missing"], told["by"]) == ([f"{event}.mark"], "hejing")


def test_the_command_says_what_was_made_and_that_there_is_a_new_key(sender, app, folder, now):
    one = sender()
    one.bring(one.visit(now, picture=True), now=now)
    found = app.test_cli_runner().invoke(args=["backup", str(folder)])
    assert found.exit_code == 0, found.output
    assert "is written and read back" in found.output and "1 pictures (1 of them new)" in found.output
    assert "A key for this month was made" in found.output
    again = app.test_cli_runner().invoke(args=["backup", str(folder)])
    assert "A key for this month" not in again.output
    assert len(store.names(folder)) == 2  # in the same second


# ---- keys of months


def test_the_key_of_a_month_is_destroyed_ninety_days_after_it_began(back_up, folder, settings, clock, made):
    back_up()
    (file,) = (settings.keys_path / "backup-keys").glob("*.key")
    assert file.name == "2026-10.key"
    clock.now = clock.now.replace(
        month=12, day=29, hour=15, minute=59, second=0
    )  # a minute before 30 December in Shanghai
    assert backups.destroy_keys(settings.keys_path, now=clock.now) == 0
    assert file.exists()
    clock.forward(minutes=1)
    backups.destroy_keys(settings.keys_path, now=clock.now)
    assert not file.exists()
    gone = JournalEntry.select().where(JournalEntry.kind == "backup.key_destroyed")
    assert [json.loads(each.payload)["body"]["month"] for each in gone] == ["2026-10"]
    backups.destroy_keys(settings.keys_path, now=clock.now)
    assert gone.count() == 1


def test_what_nobody_can_open_any_more_is_deleted_by_the_next_backup(sender, back_up, folder, settings, clock, now):
    one = sender()
    event = one.visit(now, picture=True)
    one.bring(event, now=now)
    old = back_up().manifest.backup
    Picture.update(state="forgotten", key="").execute()
    clock.forward(days=90)
    kept = one.visit(clock.now, picture=True)
    one.bring(kept, now=clock.now)
    backups.destroy_keys(settings.keys_path, now=clock.now)
    made = back_up()
    assert made.let_go == [old]
    assert store.names(folder) == [made.manifest.backup]
    assert [each.name for each in (folder / "pictures").glob("??/*")] == [Picture.get(Picture.event == kept).sha256]


def test_the_key_of_this_month_is_never_destroyed(back_up, settings, clock, db):
    models.Setting.create(key="backup.key_days", value=1)
    back_up()
    backups.destroy_keys(settings.keys_path, now=clock.now)
    assert os.listdir(settings.keys_path / "backup-keys") == ["2026-10.key"]


def _end():
    return Scope.get_by_id(TOWNSHIP).position
