"""`flask --app app import areas|roster|entitlements`: lists that come in as files."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_babel import ngettext

from actions import areas, entitlements, roster, spreadsheets
from actions.review_workbook import ReviewWorkbook
from api.access import actor_of
from commands._acting import acting
from models import Account
from rules.actors import Actor
from rules.days import day_of
from rules.problems import Problem
from rules.roster import Decision, Line

import_commands = AppGroup("import", help="Lists that come in as files: areas, roster, entitlements.")
FILE = click.Path(path_type=Path)


class _Out(click.Path):
    """A file to write, which nothing must keep from being written once the list is taken in."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not os.access(path.absolute().parent, os.W_OK):
            self.fail(f"'{path}' cannot be written: there is no such folder, or it is locked.", param, ctx)
        return path


OUT = _Out()


def add_to(app: Flask) -> None:
    app.cli.add_command(import_commands)


@import_commands.command("areas")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@acting
def import_areas(file: Path, dry_run: bool, as_json: bool, by: str) -> None:
    """Load a list of areas: code, name, level, parent_code, and valid_from, valid_to, successor where known."""
    with _told():
        counts = areas.load(spreadsheets.read(file), actor=_actor(by), now=_now(), by=by, dry_run=dry_run)
    _say(counts, {"dry_run": dry_run}, as_json)


@import_commands.command("roster")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--rows", type=OUT, help="Write one JSON line a row.")
@click.option("--report", type=OUT, help="Write the review workbook (.xlsx): to be corrected and imported again.")
@acting
def import_roster(file: Path, dry_run: bool, as_json: bool, rows: Path | None, report: Path | None, by: str) -> None:
    """Take in a residents' roster (.xlsx, .csv). Each row ends imported, updated, unchanged, duplicate or review."""
    with _told(), ExitStack() as open_files:
        book = spreadsheets.read(file)
        source = roster.Source(book, file.name, _sha256(file), _actor(by), by)
        roster.may_touch(source.actor)
        sinks: list[Callable[[Any, Any], object]] = []
        if rows:
            lines = open_files.enter_context(rows.open("w", encoding="utf-8"))
            sinks.append(lambda line, decision: lines.write(_row(line, decision)))
        if report:
            workbook = ReviewWorkbook(report, areas.gazetteer(day_of(_now())))
            sinks.append(open_files.enter_context(workbook).add)
        bar = open_files.enter_context(_bar(book.row_count))

        def told(line: Any, decision: Any) -> None:
            for sink in sinks:
                sink(line, decision)

        loaded = roster.load(source, now=_now, dry_run=dry_run, on_row=told, on_progress=bar.update)
    more = {"rows": loaded.rows, "skipped": loaded.skipped, "dry_run": dry_run}
    _say(loaded.counts, more | ({"import": str(loaded.import_id)} if loaded.import_id else {}), as_json)


@import_commands.command("entitlements")
@click.argument("file", type=FILE)
@click.option("--area", default="", help="12-digit code of the paying area this list is complete for.")
@click.option("--benefit", default="", help="The benefit this list is about, where it has no such column.")
@click.option("--whole", is_flag=True, help="The list lacks nobody, although it takes most people off the rounds.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--rows", type=OUT, help="Write one JSON line a row.")
@acting
def import_entitlements(
    file: Path, area: str, benefit: str, whole: bool, dry_run: bool, as_json: bool, rows: Path | None, by: str
) -> None:
    """Take in the agency's list of people not yet confirmed; who is no longer in it drops off the rounds."""
    with _told(), ExitStack() as open_files:
        source = entitlements.Source(spreadsheets.read(file), file.name, _sha256(file), _actor(by), by)
        loaded = entitlements.load(source, covers=area, benefit=benefit, whole=whole, now=_now(), dry_run=dry_run)
        if rows:
            lines = open_files.enter_context(rows.open("w", encoding="utf-8"))
            said = ("sheet", "row", "outcome", "reasons", "id_number")
            lines.writelines(
                json.dumps({name: row[name] for name in said}, ensure_ascii=False) + "\n" for row in loaded.rows
            )
    more = {
        "rows": len(loaded.rows), "dropped": loaded.dropped, "kept_for_review": loaded.kept,
        "withheld": loaded.withheld, "dry_run": dry_run,
    }  # fmt: skip
    _say(loaded.counts, more, as_json)
    if loaded.withheld:
        with current_app.test_request_context():
            click.echo(_withheld(loaded.withheld), err=True)


# ---- what they share


def _now() -> datetime:
    return current_app.config["CLOCK"]()  # type: ignore[no-any-return]


def _actor(by: str) -> Actor | None:
    """A desk account's own posts bound what it may import; the operating system's user keeps the whole database."""
    account = Account.get_or_none(Account.name == by)
    return actor_of(account.person, now=_now()) if account else None


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _row(line: Line, decision: Decision) -> str:
    said = {
        "sheet": line.sheet, "row": line.row, "outcome": decision.outcome.value,
        "reasons": [reason.code for reason in decision.reasons], "id_number": line.id_number or None,
        "area_code": line.area or None,
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False) + "\n"


def _bar(length: int) -> Any:
    """A progress bar on standard error; on a terminal only."""
    return click.progressbar(length=length, label="", file=sys.stderr, update_min_steps=max(1, length // 100))


def _say(counts: dict[str, int], more: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(counts | more, ensure_ascii=False))
        return
    for name, value in (counts | more).items():
        click.echo(f"{name:<16} {value}")


@contextmanager
def _told() -> Iterator[None]:
    """A refusal becomes one sentence on standard error, and exit code 1."""
    try:
        yield
    except Problem as problem:
        raise click.ClickException(_sentence(problem)) from problem


def _withheld(people: int) -> str:
    words: str = ngettext(
        "%(num)s person not on this list stays on the rounds: it seems incomplete, or another place's. If it is "
        "whole, take it in once more with --whole.",
        "%(num)s people not on this list stay on the rounds: it seems incomplete, or another place's. If it is "
        "whole, take it in once more with --whole.",
        people,
    )
    return words


def _sentence(problem: Problem) -> str:
    """The first block of the problem's page, as text, in the language of the offices."""
    with current_app.test_request_context():
        template = current_app.jinja_env.get_template(f"problems/{problem.code}.html")
        context = template.new_context({"problem": problem, "fragment": True, "face": "office"})
        return "".join("".join(template.blocks[part](context)).strip() for part in ("what", "next_step"))
