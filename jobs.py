"""What the clock starts. `huey_consumer jobs.huey` runs it beside the web process.

The queue only rings the bell: it forgets a job in a crash and may ring before a commit. So each job looks into our own
tables for work that is due, does it, and is safe to run twice; a bell that nobody heard costs a minute.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from huey import Huey, PostgresHuey, SqliteHuey, crontab
from huey.registry import Message
from huey.serializer import Serializer

import keys
import models
from actions import (
    backups,
    badges,
    cards,
    dues,
    housekeeping,
    imports,
    pictures,
    retention,
    verifications,
    workbooks,
)
from api.office import log_table
from rules.days import day_of
from settings import Settings, from_environment, log_no_values

log = structlog.get_logger()


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey has no types
    """Messages as JSON: a queue that somebody else writes to can name one of our jobs, and nothing more."""

    def _serialize(self, data: Any) -> bytes:
        found = {"message": data._asdict()} if isinstance(data, Message) else {"value": data}
        return json.dumps(found, default=_instant).encode()

    def _deserialize(self, data: bytes) -> Any:
        found = json.loads(data)
        if "message" not in found:
            return found["value"]
        members = found["message"]
        for name in ("eta", "expires_resolved"):
            if isinstance(members.get(name), str):
                members[name] = datetime.fromisoformat(members[name])
        return Message(**{name: members[name] for name in Message._fields if name in members})


def _instant(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a queue: jobs get ids only")


def open_queue(settings: Settings) -> Huey:
    """The queue that fits the database: a file beside SQLite, tables in PostgreSQL, or Redis where DAIBAN_REDIS names one."""
    common = {"name": "daiban", "results": False, "serializer": JsonSerializer()}
    if settings.redis:
        from huey import RedisHuey  # only here: the redis package is needed for it

        return RedisHuey(url=settings.redis, **common)
    if settings.database.startswith("sqlite:///"):
        file = Path(settings.database.removeprefix("sqlite:///")).with_suffix(".queue.sqlite3")
        file.parent.mkdir(parents=True, exist_ok=True)
        return SqliteHuey(filename=str(file), **common)
    return PostgresHuey(dsn=settings.database, **common)


log_no_values()
settings = from_environment()
huey = open_queue(settings)


# ---- the jobs: each looks for work that is due


def draw_pictures() -> int:
    """Copies of pictures for people to look at."""
    return pictures.draw_copies(settings.blobs_path)


def review_cards() -> int:
    """People whose card time alone changes, and challenges that run out."""
    now = datetime.now(UTC)
    return cards.review_due(today=day_of(now), now=now)


def tell_overdue() -> int:
    """Leads hear once a week whose verification is overdue."""
    return dues.tell_overdue(now=datetime.now(UTC))


def hand_on_retakes() -> int:
    """Pictures sent back to somebody who left go to who serves there now."""
    return verifications.hand_on(now=datetime.now(UTC))


def sweep_out() -> int:
    """Sessions, challenges and counted misses that are long over."""
    return housekeeping.sweep_out(now=datetime.now(UTC))


def take_lists() -> int:
    """Rosters and the agency's lists that were sent at a desk."""
    return imports.run_waiting(now=lambda: datetime.now(UTC), folder=settings.blobs_path)


def forget_lists() -> int:
    """Rows of lists that nobody came back for."""
    return imports.forget_old(now=datetime.now(UTC), folder=settings.blobs_path)


def write_workbooks() -> int:
    """Visit logs that somebody asked for as a workbook."""
    return workbooks.run_waiting(log_table.spoken, now=lambda: datetime.now(UTC), folder=settings.blobs_path)


def forget_workbooks() -> int:
    """Workbooks whose days are over."""
    return workbooks.forget_old(now=datetime.now(UTC), folder=settings.blobs_path)


def forget_pictures() -> int:
    """Pictures whose time is over, and old scans of badges."""
    return retention.forget(now=datetime.now(UTC), folder=settings.blobs_path)


def destroy_backup_keys() -> int:
    """Keys of months whose time is over: nobody can open their backups from then on."""
    return backups.destroy_keys(settings.keys_path, now=datetime.now(UTC))


def warn_of_badges() -> int:
    """Holders and leads hear once that a badge ends soon."""
    return badges.warn_ending(now=datetime.now(UTC))


#: What a bell may name.
JOBS: dict[str, Callable[[], int]] = {
    "pictures": draw_pictures,
    "cards": review_cards,
    "overdue": tell_overdue,
    "retakes": hand_on_retakes,
    "sweep": sweep_out,
    "lists": take_lists,
    "old lists": forget_lists,
    "workbooks": write_workbooks,
    "old workbooks": forget_workbooks,
    "badges": warn_of_badges,
    "retention": forget_pictures,
    "backup keys": destroy_backup_keys,
}


@huey.on_startup()
def bind() -> None:
    """Each worker opens the database as the web does; without keys it stops with one line."""
    models.bind(models.open_database(settings.database), keys.read(settings.keys_path))


@huey.task()
def heard(what: str) -> None:
    """A bell rang."""
    if what in JOBS:
        _run(what)


@huey.periodic_task(crontab(minute="*"))
def each_minute() -> None:
    """What no bell announced, or a crash forgot."""
    _run("pictures")
    _run("lists")
    _run("workbooks")


@huey.periodic_task(crontab(minute="7"))
def each_hour() -> None:
    """Days begin at midnight in Shanghai; an hour's look finds a new one even after the machine slept."""
    _run("cards")
    _run("overdue")
    _run("retakes")
    _run("sweep")
    _run("old lists")
    _run("old workbooks")
    _run("badges")


@huey.periodic_task(crontab(minute="37", hour="18-20"))
def each_night() -> None:
    """Between half past two and five in Shanghai; the clock of the queue is UTC. Three tries, for a machine may sleep."""
    _run("retention")
    _run("backup keys")


def _run(what: str) -> None:
    """Work until nothing is due. A job that breaks is logged, and tried again in its next round."""
    models.database.connect(reuse_if_open=True)
    try:
        while JOBS[what]():
            pass
    except Exception as error:
        log.error("job broke", job=what, exc_info=error)
    finally:
        models.database.close()


def ring(what: str) -> None:
    """Carry a bell to the jobs' process."""
    heard(what)
