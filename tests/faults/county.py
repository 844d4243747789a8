"""The real county server inside this process, over a database that each schedule begins anew; its process may die at any step."""

from __future__ import annotations

import base64
import io
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from werkzeug.test import EnvironBuilder, run_wsgi_app

import models
from actions import backups, journal, phones
from app import create_app
from models import Device, Entitlement, Household, Installation, Person, Picture, Post, Resident
from rules import ciphers, id_numbers
from rules.actors import Role
from tests.support import cast as the_cast
from tests.support.cast import CAST, NOW, TOWNSHIP, VILLAGE
from tests.support.made import HOST, Made

NAMES = ("罗正英", "陈国发", "杨昌明", "吴兴珍", "周家贵", "田景芝")  # whom the agents visit


AT_ONCE = 5  # of the same request, where a network gives it out more than once


class ProcessDied(BaseException):
    """The server's process ended here: nothing of it runs on, not even what handles errors."""


@dataclass(frozen=True)
class Agent:
    id: UUID
    post: UUID


AGENTS = (
    Agent(CAST.wang_fang.id, CAST.wang_fang.post),
    Agent(UUID(int=0x0199 << 112 | 0xA), UUID(int=0x0199 << 112 | 0xB)),
)


class County:
    """Answers what phones ask, at the time the schedule says, and dies where it says."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.made = Made(kind, folder, more=_people)
        self.app = create_app(self.made.settings)
        self.now = NOW
        self.app.config["CLOCK"] = lambda: self.now
        self.threads = ThreadPoolExecutor(AT_ONCE)
        self._apart = False  # the threads have connections of their own, for as long as the file is the same
        self._steps = threading.local()
        self._kept: tuple[bytes, set[Path], datetime] | None = None
        self._teach_to_die()

    # ---- a schedule

    def begin(self, *, backups: bool) -> dict[str, Any]:
        """Everything as at first; with `backups` the schedule takes some."""
        self._close_apart()
        self.made.restore()
        self.now = NOW
        self._kept = None
        now = int(NOW.timestamp() * 1000)
        return {"now": now, "village": VILLAGE, "backups": backups, "residents": self._residents}

    @cached_property
    def _residents(self) -> list[dict[str, str]]:
        """Whom agents visit; the same at the beginning of each schedule."""
        people = Resident.select(Resident.id, Resident.name).where(Resident.name.in_(NAMES)).order_by(Resident.name)
        return [{"id": str(each.id), "name": each.name} for each in people]

    def do(self, asked: dict[str, Any]) -> Any:
        """One question of the phones' process, by its name."""
        self.now = datetime.fromtimestamp(asked["now"] / 1000, UTC)
        match asked["op"]:
            case "ask":
                return self._answer(asked)
            case "five":
                return self._answer_five(asked)
            case "enrol":
                return self._enrol(AGENTS[asked["agent"]], ciphers.unb64(asked["public_key"]))
            case "backup":
                return self.backup()
            case "restore":
                return self.restore()
            case "lose":
                lead = CAST.luo_guoxiu.actor
                return phones.lock(
                    Device.get_by_id(UUID(asked["device"])), wipe=True, why="丢了", actor=lead, now=self.now
                )
        raise ValueError(asked["op"])

    # ---- answering

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        body = base64.b64decode(asked["body"])
        arrived = body[: asked["cut"]] if "cut" in asked else body
        builder = EnvironBuilder(
            path=asked["path"].partition("?")[0], query_string=asked["path"].partition("?")[2], method=asked["method"],
            base_url=f"https://{HOST}", input_stream=io.BytesIO(arrived),
            headers={**asked["headers"], "Origin": f"https://{HOST}", "Sec-Fetch-Site": "same-origin"},
        )  # fmt: skip
        environ = builder.get_environ() | {"CONTENT_LENGTH": str(len(body))}
        with self._dying_at(asked.get("dies")) as steps:
            try:
                told, status, headers = run_wsgi_app(self.app, environ, buffered=True)
                text = b"".join(told).decode()
            except ProcessDied as died:
                self._bury()
                return {"status": 0, "headers": {}, "body": "", "died": str(died)}
        answer = {
            "status": int(status.split()[0]),
            "headers": {"set-cookie": headers.get("Set-Cookie", "")},
            "body": text,
        }
        return answer | ({"died": f"after its answer ({steps[0]} steps)", "status": 0} if "dies" in asked else {})

    def _answer_five(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        self._apart = True
        return list(self.threads.map(self._answer, [asked] * AT_ONCE))

    def _close_apart(self) -> None:
        """End the connections of the threads: the file is about to be another one."""
        if self._apart:
            all_here = threading.Barrier(AT_ONCE)  # so each thread takes one: none ends before the others began

            def close(_: int) -> None:
                all_here.wait()
                models.database.close()

            list(self.threads.map(close, range(AT_ONCE)))
            self._apart = False

    # ---- dying

    @contextmanager
    def _dying_at(self, step: int | None) -> Iterator[list[int]]:
        counted = [0]
        self._steps.here = (counted, step)
        try:
            yield counted
        finally:
            self._steps.here = None

    def _step(self, what: str, sql: Any = "") -> None:
        """Something durable or visible is about to happen, or has just happened: `what`, with the first words of `sql`."""
        here = getattr(self._steps, "here", None)
        if here is None:
            return
        counted, dies = here
        counted[0] += 1
        if counted[0] == dies:
            raise ProcessDied(" ".join([what, *str(sql).split()[:3]]))

    def _bury(self) -> None:
        """The connection of the dead process is gone, with all it had not committed."""
        state = self.made.db._state
        connection = state.conn
        state.reset()
        if connection is not None:
            connection.close()

    def _teach_to_die(self) -> None:
        """Between any two statements, on both sides of a commit, and around all that is written beside the database."""
        db, fsync, rename = self.made.db, os.fsync, Path.rename
        run, commit = db.execute_sql, db.commit

        def execute_sql(sql: str, *given: Any, **named: Any) -> Any:
            self._step("before", sql)
            return run(sql, *given, **named)

        def committed(*given: Any, **named: Any) -> Any:
            self._step("before commit")
            done = commit(*given, **named)
            self._step("after commit")
            return done

        def synced(handle: int) -> None:
            self._step("before fsync")
            fsync(handle)

        def renamed(path: Path, target: Any) -> Path:
            self._step("before rename")
            done = rename(path, target)
            self._step("after rename")
            return done

        db.execute_sql, db.commit = execute_sql, committed
        os.fsync, Path.rename = synced, renamed  # type: ignore[method-assign]

    # ---- what a desk does there

    def _enrol(self, agent: Agent, public_key: bytes) -> dict[str, Any]:
        """A phone as a lead has released it; the agent's older one may only send."""
        mailbox, device = ciphers.b64(os.urandom(32)), ciphers.uuid7(int(self.now.timestamp() * 1000))
        with models.transaction(TOWNSHIP):
            older = list(Device.select().where(Device.person == agent.id))
            for each in older:
                each.state = "send_only"
                each.save()
            phones.end_sessions([each.id for each in older])
            phone = Device.create(
                id=device, person=agent.id, scope=TOWNSHIP, public_key=public_key,
                mailbox_hash=ciphers.token_hash(mailbox), enrolled_at=self.now, enrolled_by=CAST.luo_guoxiu.id,
            )  # fmt: skip
            deed = journal.Deed("sample.made", TOWNSHIP, rows=[phone, *older])
            journal.write([deed], actor=None, now=self.now, by="tests")
        keyring = models.keys()
        return {
            "device": str(device), "mailbox": mailbox, "person": str(agent.id), "county": "开阳县",
            "epoch": Installation.get().epoch, "demo": True,
            "county_key": {"id": keyring.county_id, "public": ciphers.b64(ciphers.raw_point(keyring.county.public_key()))},
        }  # fmt: skip

    def backup(self) -> None:
        """Keep the database and the pictures as they are, and tell phones how far."""
        connection = models.database.connection()
        here = (Picture.state.in_(backups.HERE)) & (Picture.kept == False)  # noqa: E712
        pictures, heads = list(Picture.select(Picture.event, Picture.role).where(here).tuples()), backups.heads_at()
        self._kept = connection.serialize(), self._files(), self.now
        backups.note_verified(heads, made_at=self.now, now=self.now, by="tests", kept=pictures)

    def restore(self) -> None:
        """The last backup takes the place of everything, as a new epoch."""
        assert self._kept is not None
        database, files, made_at = self._kept
        self._close_apart()
        models.database.close()
        for ending in ("-wal", "-shm"):
            Path(f"{self.made.file}{ending}").unlink(missing_ok=True)
        self.made.file.write_bytes(database)
        for path in self._files() - files:
            path.unlink()
        models.database.connect()
        backups.begin_epoch(made_at=made_at, now=self.now, by="tests")

    def _files(self) -> set[Path]:
        return {path for path in self.made.settings.blobs_path.rglob("*") if path.is_file()}


def _people() -> None:
    """Two agents of one village and whom they visit, each due for a verification, by events as everything."""
    second = AGENTS[1]
    rows: list[models.Row] = [
        Person(id=second.id, name="杨秀芝", initials="yxz", unit="花梨镇便民服务中心", phone="10212340009"),
        Post(id=second.post, person=second.id, role=Role.AGENT, area=VILLAGE, scope=TOWNSHIP, from_on=date(2026, 1, 1)),
    ]  # fmt: skip
    with models.transaction(TOWNSHIP):
        first = models.next_revs(TOWNSHIP, len(NAMES))
        for number, name in enumerate(NAMES):
            rows += _resident(number, name, first + number)
        models.insert(rows)
        journal.write([journal.Deed("sample.made", TOWNSHIP, rows=rows)], actor=None, now=NOW, by="tests")


def _resident(number: int, name: str, rev: int) -> Sequence[models.Row]:
    household, resident = ciphers.uuid7(1_760_000_000_000 + number), ciphers.uuid7(1_760_000_001_000 + number)
    body = f"9901011945060{number}{number:03d}"
    text = body + id_numbers.check_character(body)
    return (
        Household(id=household, scope=TOWNSHIP, area=VILLAGE, number=f"9{number:02d}", group="3组"),
        Resident(
            id=resident, scope=TOWNSHIP, area=VILLAGE, household=household, group="3组", name=name, initials="abc",
            sex="female", birth_on=date(1945, 6, 1 + number), birth_year=1945, id_number=text,
            id_lookup=ciphers.lookup(models.keys().lookup, text), id_tail=text[-4:], id_verified=True, card="full", rev=rev,
        ),
        Entitlement(
            id=ciphers.uuid7(1_760_000_002_000 + number), resident=resident, scope=TOWNSHIP, area=VILLAGE,
            benefit="BPIURR", number=f"P-9{number:03d}", paying_area=the_cast.COUNTY, cycle_months=12,
            last_success_on=NOW.date() - timedelta(days=350), due_on=date(2026, 12, 31),
        ),
    )  # fmt: skip
