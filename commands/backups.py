"""Backups: made while the server runs, put back into an empty database."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from actions import backup_files
from actions import restore as restoring
from commands._acting import acting

FOLDER = click.Path(path_type=Path)
SHOWN = 20  # of what does not prove


def add_to(app: Flask) -> None:
    app.cli.add_command(backup)
    app.cli.add_command(restore)
    app.cli.add_command(restore_pictures)


@click.command("backup")
@with_appcontext
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option(
    "--reread", is_flag=True, help="Read the pictures of earlier backups again too; takes as long as they are many."
)
@acting
def backup(folder: Path, reread: bool, by: str) -> None:
    """Write a backup into DIR while the server runs, and read it back; DIR belongs on another machine or disk."""
    try:
        made = backup_files.make(
            current_app.config["SETTINGS"], folder, clock=current_app.config["CLOCK"], by=by, tell=_tell, reread=reread
        )
    except backup_files.NoBackup as error:
        raise click.ClickException(str(error)) from error
    found = made.manifest
    entries = found.counts["journal_entry"]
    click.echo(
        f"Backup {found.backup} is written and read back: {entries} entries, {found.pictures} pictures "
        f"({made.copied} of them new). Phones may let go of what it holds."
    )
    if made.let_go:
        click.echo(f"Deleted, since their keys are destroyed: {', '.join(made.let_go)}.")
    if made.new_key:
        click.echo(
            f"A key for this month was made: {made.new_key}. Copy it now to where the folder of keys is kept a second time; "
            "without it nobody can open this month's backups."
        )
    for event, role in made.missing[:SHOWN]:
        click.echo(f"Not in it: picture {event}.{role}, whose file is gone or damaged here.")
    if made.missing:
        raise click.ClickException(
            f"{len(made.missing)} pictures are not in the backup. Their phones keep them, if they still have them; put the "
            "files back from another copy."
        )


@click.command("restore")
@with_appcontext
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option(
    "--backup", "name", default="", metavar="NAME", help="Which one, as its folder is called; else the newest."
)
@acting
def restore(folder: Path, name: str, by: str) -> None:
    """Put a backup of DIR back into an EMPTY database (DAIBAN_DATABASE), with its pictures; the server must not run."""
    try:
        done = restoring.put_back(
            current_app.config["SETTINGS"], folder, name, clock=current_app.config["CLOCK"], by=by, tell=_tell
        )
    except restoring.NoRestore as error:
        raise click.ClickException(str(error)) from error
    for line in done.proof.broken[:SHOWN]:
        click.echo(line)
    click.echo(
        f"Backup {done.manifest.backup}, made {done.manifest.at:%Y-%m-%d %H:%M} UTC, is put back: {done.proof.entries} "
        f"entries, {done.proof.pictures} pictures. The server is in epoch {done.epoch}: each phone offers again what it holds."
    )
    if done.missing:
        click.echo(f"{done.missing} pictures were not in the backup; their phones are asked for them.")
    click.echo(
        "What desks did since then is gone and must be done again: above all phones locked, people removed and badges "
        "revoked. The desk's page To do says which phones have not been heard yet."
    )
    if done.proof.broken:
        raise click.ClickException(
            f"{len(done.proof.broken)} things do not prove; `flask --app app verify` names them all."
        )
    click.echo("Everything in it proves, up to the end of the backup.")


@click.command("restore-pictures")
@with_appcontext
@click.argument("folder", metavar="DIR", type=FOLDER)
@acting
def restore_pictures(folder: Path, by: str) -> None:
    """The pictures were lost and the database was not: put the files of DIR back; the server may run."""
    try:
        copied, lacking = restoring.put_pictures_back(
            current_app.config["SETTINGS"], folder, clock=current_app.config["CLOCK"], by=by, tell=_tell
        )
    except restoring.NoRestore as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{copied} pictures are put back.")
    if lacking:
        click.echo(f"{lacking} lie in no backup; their phones are asked for them.")


def _tell(words: str) -> None:
    click.echo(words, err=True)
