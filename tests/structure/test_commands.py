"""Commands where there is nothing to work on yet: one sentence that says what to do, and no trace of code."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import click
import pytest
from flask import Flask

import commands
from app import create_app
from settings import Settings


@pytest.fixture
def without(tmp_path) -> Iterator[Flask]:
    """An app before `migrate`."""
    settings = Settings(database=f"sqlite:///{tmp_path / 'none.sqlite3'}", keys=str(tmp_path / "keys"))
    app = create_app(settings)
    with app.app_context():
        yield app


def leaves(command: click.Command, *path: str):
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from leaves(each, *path, name)
    else:
        yield path, command


def test_every_command_says_that_there_is_no_database(without, tmp_path):
    file = tmp_path / "list.csv"
    file.touch()
    ours = {
        "account",
        "backup",
        "demo",
        "heads",
        "import",
        "person",
        "post",
        "restore-pictures",
        "setting",
        "station",
        "verify",
    }
    assert ours <= set(without.cli.commands)
    for name in sorted(ours):
        for path, command in leaves(without.cli.commands[name], name):
            words = [*path]
            for each in (p for p in command.params if p.required):
                words += [each.opts[0]] if isinstance(each, click.Option) else []
                words.append(
                    str(file)
                    if isinstance(each.type, click.Path)
                    else getattr(each.type, "choices", [str(UUID(int=1))])[0]
                )
            result = without.test_cli_runner().invoke(args=words)
            assert result.exit_code == 1, (words, result.output)
            assert "flask --app app migrate" in result.output, (words, result.output)


def test_a_database_that_does_not_answer_is_said_too(without, app, tmp_path):
    without.config.pop("WITHOUT_KEYS")
    import models

    bound = models.database.obj
    models.database.initialize(models.open_database(f"sqlite:///{tmp_path / 'none.sqlite3'}"))
    try:
        result = without.test_cli_runner().invoke(args=["setting", "list"])
    finally:
        models.database.initialize(bound)
    assert result.exit_code == 1
    assert "does not answer, or was never made" in result.output


def test_what_needs_no_database_works_without(without):
    assert {"migrate", "settings", "events-doc", "restore"} == commands.NEED_NO_DATABASE
    assert "DAIBAN_DATABASE" in without.test_cli_runner().invoke(args=["settings"]).output
    assert "Put back the folder of keys" in without.test_cli_runner().invoke(args=["restore", "nowhere"]).output
