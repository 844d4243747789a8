"""Lists sent at a desk: kept sealed until a job has taken them in, with a progress that the page shows.

A job may die at any moment and be started again: each import goes on where it was, and twice is once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

import models
from actions import bell, entitlements, roster, spreadsheets
from models import Import, ImportRow, Person, Post, transaction
from rules.actors import Actor, HeldPost, Role
from rules.ciphers import uuid7
from rules.days import day_of
from rules.entitlements import COLUMNS as ENTITLEMENTS
from rules.problems import AlreadyDealtWith, FieldMissing, ListHasNoHeading, NotAllowed, Problem
from rules.roster_columns import ROSTER
from rules.tables import Columns, NoHeading, records

log = structlog.get_logger()
KINDS = {"roster": ROSTER, "entitlements": ENTITLEMENTS}
KEPT_DAYS = 30  # [DEF] rows that wait for people hold ID numbers; by then they are corrected or sent again
NEVER_STARTED_DAYS = 7  # [DEF] a list that was only looked at


def receive(
    raw: bytes, file_name: str, *, kind: str, dry_run: bool, actor: Actor, now: datetime, folder: Path
) -> Import:
    """Keep a list for the job, once it is certain that it is one. `dry_run`: only say what would happen.

    Raises NotAllowed, FieldMissing, SpreadsheetUnreadable, ListHasNoHeading; then nothing is kept.
    """
    if kind not in KINDS:
        raise FieldMissing("kind")
    roster.may_touch(actor)
    book = spreadsheets.read_bytes(raw)
    _look_for_heading(book, kind, KINDS[kind])
    sent = Import(
        id=uuid7(), kind=kind, scope=roster.home_scope(actor), file_name=Path(file_name).name[:200],
        sha256=hashlib.sha256(raw).hexdigest(), person=actor.person, by=actor.name, dry_run=dry_run,
        rows_total=book.row_count, started_at=now,
    )  # fmt: skip
    kept = folder / "imports" / f"{sent.id}.sealed"
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept.write_bytes(models.keys().columns.seal(raw))
    sent.file = kept.name
    with transaction():
        sent.save(force_insert=True)
    bell.ring("lists")
    return sent


def start(looked_at: Import, *, whole: bool = False) -> Import:
    """Take a list in that was only looked at; `whole`: somebody says that it lacks nobody.

    Raises AlreadyDealtWith, also when two people press at once.
    """
    ready = (Import.id == looked_at.id) & Import.dry_run & (Import.state == "done") & Import.file.is_null(False)
    said = {"whole": True} if whole else None  # until the job counts
    with transaction():
        begun = Import.update(dry_run=False, state="waiting", rows_done=0, counts=said, ended_at=None).where(ready)
        if begun.execute() == 0:
            raise AlreadyDealtWith("import")
        ImportRow.delete().where(ImportRow.import_ == looked_at.id).execute()
    bell.ring("lists")
    return Import.get_by_id(looked_at.id)


def run_waiting(*, now: Callable[[], datetime], folder: Path) -> int:
    """Take in what waits, oldest first, and what a dead job left half done; gives how many. Safe to run again."""
    waiting = Import.state.in_(("waiting", "running")) & Import.file.is_null(False)
    found = [key for (key,) in Import.select(Import.id).where(waiting).order_by(Import.started_at, Import.id).tuples()]
    for key in found:  # no query stays open: it would pin the database as it was, and then nothing can be written
        _run(Import.get_by_id(key), now=now, folder=folder)
    return len(found)


def forget_old(*, now: datetime, folder: Path) -> int:
    """What nobody came back for: rows that waited for people, and lists that were only looked at; gives how many."""
    old = Import.ended_at < now - timedelta(days=KEPT_DAYS)
    done = [sent.id for sent in Import.select(Import.id).where(old)]
    with transaction():
        count = int(ImportRow.delete().where(ImportRow.import_.in_(done)).execute()) if done else 0
    unstarted = (
        Import.dry_run & Import.file.is_null(False) & (Import.started_at < now - timedelta(days=NEVER_STARTED_DAYS))
    )
    for sent in Import.select().where(unstarted):
        _let_go(sent, folder)
        count += 1
    return count


def _look_for_heading(book: spreadsheets.Spreadsheet, kind: str, columns: Columns) -> None:
    try:
        next(records(book.sheets(), columns), None)
    except NoHeading:
        raise ListHasNoHeading(kind) from None


def _run(sent: Import, *, now: Callable[[], datetime], folder: Path) -> None:
    kept = folder / "imports" / str(sent.file)
    try:
        book = spreadsheets.read_bytes(models.keys().columns.open(kept.read_bytes()))
        actor = _actor(sent, now())
        source = roster.Source(book, sent.file_name, sent.sha256, actor)
        if sent.kind == "roster":
            roster.load(source, now=now, dry_run=sent.dry_run, into=sent)
        else:
            _take_entitlements(source, sent, now=now())
    except FileNotFoundError:
        _failed(sent, "missing", now())
    except Problem as problem:
        _failed(sent, problem.code, now())
        _let_go(sent, folder)
    except Exception as bug:  # the next list must not wait for this one; what was taken in stays, twice is once
        log.error("list broke off", import_id=str(sent.id), exc_info=bug)
        _failed(sent, "bug", now())
        _let_go(sent, folder)
    else:
        if not sent.dry_run:
            _let_go(sent, folder)


def _actor(sent: Import, now: datetime) -> Actor:
    """Whoever sent the list, with the posts in force now. Raises NotAllowed when there is none any more."""
    person: Person | None = sent.person
    if person is None or person.removed_at is not None:
        raise NotAllowed()
    posts = Post.in_force(day_of(now)).where(Post.person == person.id)
    return Actor(person.id, person.name, tuple(HeldPost(p.id, Role(p.role), p.area) for p in posts))


def _take_entitlements(source: roster.Source, sent: Import, *, now: datetime) -> None:
    whole = bool((sent.counts or {}).get("whole"))
    loaded = entitlements.load(source, whole=whole, now=now, dry_run=sent.dry_run)
    shown = [row for row in loaded.rows if row["outcome"] in ("review", "duplicate")]
    with transaction():
        ImportRow.delete().where(ImportRow.import_ == sent.id).execute()
        for start_at in range(0, len(shown), 500):
            ImportRow.insert_many([_shown(sent, row) for row in shown[start_at : start_at + 500]]).execute()
        sent.counts = loaded.counts | {
            "dropped": loaded.dropped, "kept_for_review": loaded.kept, "withheld": loaded.withheld,
        }  # fmt: skip
        sent.rows_done = sent.rows_total = len(loaded.rows)
        sent.state, sent.ended_at = "done", now
        sent.save(only=[Import.counts, Import.rows_done, Import.rows_total, Import.state, Import.ended_at])


def _shown(sent: Import, row: dict[str, Any]) -> dict[str, Any]:
    tail = (row["id_number"] or "")[-4:]
    values = {"cells": {"name": row["name"], "tail": tail}, "facts": row["facts"]}
    return {
        "import_": sent.id, "sheet": row["sheet"], "row": row["row"], "outcome": row["outcome"],
        "reasons": row["reasons"], "values": values, "proposal": None,
    }  # fmt: skip


def _failed(sent: Import, code: str, now: datetime) -> None:
    sent.state, sent.problem, sent.ended_at = "failed", code, now
    with transaction():
        sent.save(only=[Import.state, Import.problem, Import.ended_at])


def _let_go(sent: Import, folder: Path) -> None:
    (folder / "imports" / str(sent.file)).unlink(missing_ok=True)
    sent.file = None
    with transaction():
        sent.save(only=[Import.file])
