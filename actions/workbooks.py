"""The visit log as a workbook: asked for at a desk, written by a job, kept sealed for whoever asked.

The job may die at any moment and be started again: it begins a workbook anew until it is whole, and twice is once. What
is written lies on the disk in plain only meanwhile, in a folder of its own that goes whatever happens; one that a dead
job left behind goes in the job's next round.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import structlog
from peewee import fn

import models
from actions import bell, exports, workbook_file
from actions.workbook_file import Table
from disk import sync_folder
from models import Person, Post, Workbook, transaction
from rules import ciphers, sealed_stream
from rules.actors import Actor, HeldPost, Role
from rules.days import day_of
from rules.problems import NotAllowed, NotFound, Problem, WorkbookOutOfReach, WorkbookUnderWay

log = structlog.get_logger()
KEPT_DAYS = 3  # [DEF] from when it was ready
TOLD_EACH = 10_000  # rows, before the page hears how far it is
UNDER_WAY = ("waiting", "running")


class Maker(Protocol):
    """Makes the table of what that person sees, in their language."""

    def __call__(
        self, actor: Actor, filters: Mapping[str, str], *, today: date, language: str
    ) -> AbstractContextManager[Table]: ...


def ask(filters: Mapping[str, str], *, roles: Collection[Role], language: str, actor: Actor, now: datetime) -> Workbook:
    """Register that somebody takes away what these filters find, and keep it for the job; `roles` open the log.

    Raises WorkbookUnderWay; then nothing is registered.
    """
    posts = [str(post.id) for post in actor.posts if post.role in roles]
    with transaction():
        exports.register("visits", filters, actor=actor, now=now)  # first: two presses at once wait here for each other
        if Workbook.visible_to(actor).where(Workbook.state.in_(UNDER_WAY)).exists():
            raise WorkbookUnderWay()
        asked = Workbook.create(
            person=actor.person, posts=posts, filters=dict(filters), language=language, asked_at=now
        )  # fmt: skip
    bell.ring("workbooks")
    return asked


def opens(asked: Workbook, actor: Actor) -> bool:
    """Whether the actor still holds every post under which it was written."""
    return {post.id for post in actor.posts} >= {UUID(each) for each in asked.posts}


def read(asked: Workbook, *, actor: Actor, folder: Path) -> Iterator[bytes]:
    """The workbook, opened a piece at a time. Raises WorkbookOutOfReach, and NotFound while there is none."""
    if not opens(asked, actor):
        raise WorkbookOutOfReach()
    if asked.state != "done" or asked.key is None:
        raise NotFound()
    try:
        file = _place(folder, asked.id).open("rb")
    except FileNotFoundError:
        raise NotFound() from None

    def pieces() -> Iterator[bytes]:
        with file:
            yield from sealed_stream.open_sealed(file, ciphers.unb64(asked.key))

    return pieces()


def delete(asked: Workbook, *, folder: Path) -> None:
    """Delete a workbook with its key, or stop one that is being written."""
    with transaction():
        Workbook.delete().where(Workbook.id == asked.id).execute()
    _place(folder, asked.id).unlink(missing_ok=True)


def forget_old(*, now: datetime, folder: Path) -> int:
    """Workbooks whose days are over, and files whose row is gone; gives how many rows. Safe to repeat."""
    limit = Workbook.asked_at.db_value(now - timedelta(days=KEPT_DAYS))
    old = list(Workbook.select().where(fn.COALESCE(Workbook.ended_at, Workbook.asked_at) < limit))
    for asked in old:
        delete(asked, folder=folder)
    files = list(_folder(folder).glob("*.sealed"))  # before the rows: a file made meanwhile has its row
    known = {f"{key}.sealed" for (key,) in Workbook.select(Workbook.id).tuples()}
    for path in files:
        if path.name not in known:
            path.unlink(missing_ok=True)
    return len(old)


def run_waiting(table: Maker, *, now: Callable[[], datetime], folder: Path) -> int:
    """Write what waits, oldest first, then what a dead job began; gives how many. Safe to run again, and beside itself."""
    with _alone(_folder(folder)) as alone:
        if not alone:
            return 0
        for left in _folder(folder).glob("*.making"):
            shutil.rmtree(left, ignore_errors=True)
        under_way = Workbook.select().where(Workbook.state.in_(UNDER_WAY))
        # What an earlier run left comes last: one that kills its process each time keeps nobody else waiting. All are
        # read first: a query left open would pin the database as it was, and then nothing can be written.
        waiting = list(under_way.order_by(Workbook.state.desc(), Workbook.asked_at, Workbook.id))
        for asked in waiting:
            _run(asked, table, now=now, folder=folder)
        return len(waiting)


# ---- one workbook


class _Cancelled(Exception):
    """Whoever asked for it has deleted it meanwhile."""


#: A workbook whose process died so often is not begun again: it would take the clock with it each time.
MOST_BEGUN = 3


def _run(asked: Workbook, table: Maker, *, now: Callable[[], datetime], folder: Path) -> None:
    key = os.urandom(32)
    try:
        if asked.begun >= MOST_BEGUN:
            log.error("workbook given up", workbook=str(asked.id), begun=asked.begun)
            return _failed(asked, "bug", now())
        _note(asked, begun=asked.begun + 1)  # before anything of it can kill this process
        actor = _actor(asked, now())
        posts = [str(post.id) for post in actor.posts]
        made = table(actor, asked.filters, today=day_of(asked.asked_at), language=asked.language)
        with models.passing_through(), made as found:
            _note(asked, state="running", posts=posts, rows_total=found.count(), rows_done=0)
            rows, size = _write(asked, found, key, folder)
        _note(
            asked, state="done", rows_total=rows, rows_done=rows, key=ciphers.b64(key), bytes=size, ended_at=now()
        )  # fmt: skip
    except _Cancelled:
        _place(folder, asked.id).unlink(missing_ok=True)
    except Problem as problem:
        _failed(asked, problem.code, now())
    except Exception as bug:  # the next one must not wait for this one
        log.error("workbook broke off", workbook=str(asked.id), exc_info=bug)
        _failed(asked, "no-room" if isinstance(bug, OSError) and bug.errno == errno.ENOSPC else "bug", now())


def _actor(asked: Workbook, now: datetime) -> Actor:
    """Whoever asked, with those of their posts that are still in force. Raises NotAllowed when there is none any more."""
    person: Person = asked.person
    mine = (Post.person == person.id) & Post.id.in_([UUID(each) for each in asked.posts])
    posts = [] if person.removed_at else list(Post.in_force(day_of(now)).where(mine))
    if not posts:
        raise NotAllowed()
    return Actor(person.id, person.name, tuple(HeldPost(p.id, Role(p.role), p.area) for p in posts))


def _write(asked: Workbook, table: Table, key: bytes, folder: Path) -> tuple[int, int]:
    """Write it in plain, seal it into its place; gives its rows and its bytes. Nothing in plain stays."""
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if done - told >= TOLD_EACH:
            told = done
            _note(asked, rows_done=done)

    making = _folder(folder) / f"{asked.id}.making"
    making.mkdir(mode=0o700)
    try:
        plain = making / "visits.xlsx"
        rows = workbook_file.write(table, plain, tell=tell)
        _seal(plain, making / "sealed", key)
        size = plain.stat().st_size
        (making / "sealed").rename(_place(folder, asked.id))
        sync_folder(_folder(folder))
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return rows, size


def _seal(plain: Path, to: Path, key: bytes) -> None:
    with plain.open("rb") as source, to.open("wb") as target:
        for piece in sealed_stream.seal(iter(lambda: source.read(sealed_stream.PIECE), b""), key):
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())


def _note(asked: Workbook, **facts: Any) -> None:
    """Write down how far it is. Raises _Cancelled where the row is gone."""
    with transaction():
        if Workbook.update(**facts).where(Workbook.id == asked.id).execute() == 0:
            raise _Cancelled


def _failed(asked: Workbook, code: str, now: datetime) -> None:
    with transaction():
        failed = Workbook.update(state="failed", problem=code, key=None, ended_at=now)
        failed.where(Workbook.id == asked.id).execute()


# ---- where they lie


def _folder(folder: Path) -> Path:
    found = folder / "workbooks"
    found.mkdir(parents=True, exist_ok=True, mode=0o700)
    return found


def _place(folder: Path, key: UUID) -> Path:
    return _folder(folder) / f"{key}.sealed"


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether no other job writes here now: two would write one workbook twice, and take twice the memory."""
    here = os.open(folder, os.O_RDONLY)
    try:
        alone = True
        try:
            fcntl.flock(here, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alone = False
        yield alone
    finally:
        os.close(here)
