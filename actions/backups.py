"""What the journal knows of backups: how far one was verified, and that the server was put back from one.

The files are the work of actions/backup_files.py and actions/restore.py; here is only what phones and desks are told.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from peewee import fn

import keys
import models
from actions import journal, reads
from actions.county_settings import county
from models import (
    DeskSession,
    Installation,
    JournalEntry,
    PhoneChallenge,
    PhoneSession,
    Picture,
    Scope,
    transaction,
)
from rules import backups as rule
from rules import ciphers
from rules.days import day_of

#: States in which a whole picture lies on the disk.
HERE = ("stored", "shown", "unshowable")
AT_ONCE = 500
NAMED = 50  # pictures that an event lists by name

Named = tuple[UUID, str]  # a picture: its event and role


class NotThisJournal(RuntimeError):
    """What was verified is not, or no longer, a part of this journal; nothing was changed."""


def heads_at(scopes: Iterable[str] | None = None) -> dict[str, tuple[int, str]]:
    """The end of every chain as it is now: {scope: (position, chain)}. Read it in the transaction that copies the rows."""
    found = Scope.select(Scope.code, Scope.position, Scope.chain).where(Scope.position > 0)
    ends = {code: (position, chain) for code, position, chain in found.tuples()}
    return ends if scopes is None else {code: ends[code] for code in scopes}


def note_verified(
    heads: Mapping[str, tuple[int, str]], *, made_at: datetime, now: datetime, by: str,
    kept: Iterable[Named] = (), missing: Iterable[Named] = (), backup: str = "",
) -> None:  # fmt: skip
    """A backup holds the journal up to these heads and can be read: phones may let go of what lies before them.

    `kept`: pictures that lie in it and were in none before. `missing`: pictures the county should have and it lacks;
    their phones go on keeping them, for `kept_to` stops before their records (see `held_back`).
    Raises NotThisJournal, where a head is not one of this journal: it was restored while the backup was made.
    """
    lacking = list(missing)
    with transaction(county(), *heads):
        for code, (position, chain) in heads.items():
            here = (JournalEntry.scope == code) & (JournalEntry.position == position)
            if JournalEntry.select(JournalEntry.chain).where(here).scalar() != chain:
                raise NotThisJournal(f"{code} position {position} is not the one in the backup.")
            forward = (Scope.code == code) & (Scope.kept_to < position)
            Scope.update(kept_to=position).where(forward).execute()
        _mark(kept, kept=True)
        _mark(lacking, kept=False)
        Installation.update(backed_up_at=made_at).execute()
        body = {
            "backup": backup, "made_at": made_at, "kept_to": {code: position for code, (position, _) in heads.items()},
            "missing": [f"{event}.{role}" for event, role in lacking[:NAMED]], "missing_count": len(lacking),
            "looks": reads.ends(),
        }  # fmt: skip
        deed = journal.Deed("backup.verified", county(), body, rows=[Installation.get()])
        journal.write([deed], actor=None, now=now, by=by)


def begin_epoch(
    *, made_at: datetime, now: datetime, by: str, missing: Iterable[Named] = (), backup: str = ""
) -> int:  # fmt: skip
    """The database was put back from a backup made at `made_at`: phones offer again what they hold. Gives the new epoch.

    To be called once, before the server answers anybody. What it holds now is in that backup, so `kept_to` is the end
    of each chain. Sessions end, for one that was ended since would count again. `missing`: pictures that were not in
    the backup; they are wanted again from their phones. The copies people look at are drawn anew.
    """
    with transaction(county(), *heads_at()):
        epoch = _another(Installation.select(Installation.epoch).get().epoch)
        Installation.update(epoch=epoch, restored_at=now, restored_from=made_at, backed_up_at=made_at).execute()
        Scope.update(kept_to=Scope.position).execute()
        for sessions in (PhoneSession, DeskSession, PhoneChallenge):
            sessions.delete().execute()
        Picture.update(kept=True).where(Picture.state.in_(HERE)).execute()
        Picture.update(state="stored").where(Picture.state == "shown").execute()
        lacking = list(missing)
        _want(lacking)
        Picture.update(got=0).where(Picture.state.in_(("wanted", "bad"))).execute()  # pieces lie in no backup
        body = {
            "backup": backup, "made_at": made_at, "epoch": epoch,
            "kept_to": {code: position for code, (position, _) in heads_at().items()},
            "missing": [f"{event}.{role}" for event, role in lacking[:NAMED]], "missing_count": len(lacking),
            "looks": reads.ends(),
        }  # fmt: skip
        deed = journal.Deed("backup.restored", county(), body, rows=[Installation.get()])
        journal.write([deed], actor=None, now=now, by=by)
    return int(epoch)


def _another(epoch: int) -> int:
    """Never one that was before: counting on would give the same one again where the same backup is put back twice, and
    phones that were heard in between would not notice."""
    drawn = epoch
    while drawn == epoch:
        drawn = 1 + secrets.randbelow(2**31 - 1)  # as large as a column holds
    return drawn


def want_again(lacking: Iterable[Named], *, copied: int, now: datetime, by: str) -> None:
    """Files of pictures were put back from a backup; those that lie in none are asked for again, and hold `kept_to` back."""
    gone = list(lacking)
    with transaction(county()):
        _want(gone)
        body = {
            "copied": copied, "missing": [f"{event}.{role}" for event, role in gone[:NAMED]], "missing_count": len(gone),
        }  # fmt: skip
        journal.write([journal.Deed("pictures.restored", county(), body)], actor=None, now=now, by=by)


def _want(pictures: Iterable[Named]) -> None:
    for here in _of(pictures):
        Picture.update(state="wanted", got=0, kept=False, stored_at=None).where(here).execute()


def _mark(pictures: Iterable[Named], *, kept: bool) -> None:
    for here in _of(pictures):
        Picture.update(kept=kept).where(here).execute()


def _of(pictures: Iterable[Named]) -> Iterator[object]:
    """Conditions that together find these pictures, a part of them each."""
    by_role: dict[str, list[UUID]] = {}
    for event, role in pictures:
        by_role.setdefault(role, []).append(event)
    for role, events in by_role.items():
        for start in range(0, len(events), AT_ONCE):
            yield (Picture.role == role) & Picture.event.in_(events[start : start + AT_ONCE])


def heard_before_restore(earliest: datetime, *, at: datetime, phone: Any) -> datetime:
    """The earliest a record can have been signed, where a restore gave the position that its phone had seen to another.

    `earliest`: when what stands there now was received. `at`: the time the record claims. One from before the restore had
    seen a journal that went on after the backup: it was signed after that was made. A phone that the backup did not know
    has heard nothing of the restored county until it was released again, and wrote nothing before its first release.
    """
    here = Installation.get()
    if here.restored_at is None:
        return earliest
    back = rule.came_back(phone.id, phone.enrolled_at, here.restored_at)
    until = phone.enrolled_at if back else here.restored_at
    if not (at < until and here.restored_at <= earliest):
        return earliest
    made_at: datetime = here.restored_from
    return min(earliest, max(made_at, ciphers.uuid7_at(phone.id)) if back else made_at)


# ---- what a phone may let go of


def held_back(phone: UUID, *, now: datetime) -> dict[str, int]:
    """{scope: position of this phone's first record there with a picture that is in no verified backup}.

    A phone lets go of a record together with its pictures, and it may have heard `kept_to` before a picture of it had
    arrived. So what it is told ends before that record: with the next backup, which holds the picture, it moves on. One
    that has not come for 30 days [DEF] holds back no longer (the office sees it); once it has come it does again.
    """
    p = models.database.param
    states = ", ".join(f"'{state}'" for state in HERE)
    sql = (
        'SELECT e."scope", MIN(e."position") FROM "picture" p JOIN "journal_entry" e ON e."id" = p."event" '  # noqa: S608
        f'WHERE p."device" = {p} AND p."kept" = {p} AND (p."state" IN ({states}) '
        f'OR (p."state" IN (\'wanted\', \'bad\') AND e."received_at" >= {p})) GROUP BY e."scope"'
    )
    since = JournalEntry.received_at.db_value(now - rule.PICTURE_WAIT)
    found = models.database.execute_sql(sql, [Picture.device.db_value(phone), False, since])
    return {scope: int(position) for scope, position in found.fetchall()}


def awaited(phone: UUID) -> tuple[int, datetime | None]:
    """How many pictures of this phone's records have not come, and since when the first of them is missing."""
    wanted = (Picture.device == phone) & Picture.state.in_(("wanted", "bad"))
    found = (
        Picture.select(fn.COUNT(Picture.role), fn.MIN(JournalEntry.received_at))
        .join(JournalEntry, on=(JournalEntry.id == Picture.event))
        .where(wanted)
    )
    count, since = found.tuples().get()
    return count, JournalEntry.received_at.python_value(since)


# ---- keys of months


def destroy_keys(folder: Path, *, now: datetime) -> int:
    """The job: destroy the keys of months whose time is over; nobody can open their backups from then on.

    The word of it first: a crash in between tells it twice, never not at all. Gives 0: one round finds all.
    """
    today, days = day_of(now), models.setting("backup.key_days")
    for month in keys.months(folder):
        if month < rule.month_of(today) and rule.key_ends_on(month, days=days) <= today:
            with transaction(county()):
                deed = journal.Deed("backup.key_destroyed", county(), {"month": month})
                journal.write([deed], actor=None, now=now, by="clock")
            keys.destroy_month(folder, month)
    return 0
