"""Making a database, bringing it up to date, and saying how this process is set."""

from __future__ import annotations

from dataclasses import fields

import click
from flask import Flask, current_app

import keys
from actions import installation
from settings import Settings


def add_to(app: Flask) -> None:
    app.cli.add_command(migrate)
    app.cli.add_command(show_settings)


@click.command("migrate")
@click.option("--demo", is_flag=True, help="A new database becomes a demo, for ever.")
def migrate(demo: bool) -> None:
    """Make a database with its keys, or bring an older one up to date."""
    settings: Settings = current_app.config["SETTINGS"]
    try:
        steps = installation.migrate(settings, demo=demo, now=current_app.config["CLOCK"]())
    except (installation.WrongKeys, installation.WrongKind, keys.KeysMissing) as error:
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(f"done: {step}" for step in steps) or "The database is up to date.")


@click.command("settings")
def show_settings() -> None:
    """List every setting of the process: its name, its value now, what it means."""
    settings: Settings = current_app.config["SETTINGS"]
    for each in fields(Settings):
        click.echo(f"DAIBAN_{each.name.upper():<16} {getattr(settings, each.name)!s:<40} {each.metadata['about']}")
