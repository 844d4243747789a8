"""The command line: `flask --app app …`. Every command that changes or exports takes `--as NAME`."""

from __future__ import annotations

from functools import wraps
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from peewee import OperationalError, ProgrammingError

import models

#: Commands that make a database, or need none.
NEED_NO_DATABASE = {"migrate", "settings", "events-doc", "restore"}


def add_to(app: Flask) -> None:
    """Register every command; one that needs the database says so in a sentence where there is none."""
    from commands import backups, demo, event_docs, imports, installation, people, proof

    built_in = set(app.cli.commands)
    for module in (backups, demo, event_docs, imports, installation, people, proof):
        module.add_to(app)
    for name, command in app.cli.commands.items():
        if name not in built_in | NEED_NO_DATABASE:
            _ask_first(command)


def _ask_first(command: click.Command) -> None:
    if isinstance(command, click.Group):
        for each in command.commands.values():
            _ask_first(each)
    elif not hasattr(command.callback, "asks_first"):  # commands are the same for every app of a process
        command.callback = _with_database(command.callback)


def _with_database(callback: Any) -> Any:
    @with_appcontext
    @wraps(callback)
    def checked(*given: Any, **named: Any) -> Any:
        if "WITHOUT_KEYS" in current_app.config:
            raise click.ClickException(current_app.config["WITHOUT_KEYS"])
        try:
            models.Installation.is_demo()
        except (OperationalError, ProgrammingError):
            raise click.ClickException(
                "The database does not answer, or was never made. Look at DAIBAN_DATABASE, or run "
                "`flask --app app migrate`. Nothing was changed."
            ) from None
        return callback(*given, **named)

    checked.asks_first = True  # type: ignore[attr-defined]
    return checked
