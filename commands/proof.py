"""Proving the journal from the command line, and writing down what events there are."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from actions import exports
from actions import verify as action
from commands._acting import acting


def add_to(app: Flask) -> None:
    app.cli.add_command(verify)
    app.cli.add_command(heads)


@click.command("verify")
@with_appcontext
@click.option(
    "--heads", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Heads kept outside the database."
)
def verify(heads: Path | None) -> None:
    """Prove every chain, signature, row and picture; name what is broken."""
    try:
        kept = action.read_heads(heads) if heads else None
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"{heads} is no file of heads.") from error
    proof = action.verify(heads=kept, folder=current_app.config["SETTINGS"].blobs_path)
    for line in proof.broken:
        click.echo(line)
    click.echo(
        f"{proof.entries} entries ({proof.erased} forgotten), {proof.signatures} signatures, "
        f"{proof.rows} rows, {proof.pictures} pictures, {proof.looks} looks."
    )
    if proof.broken:
        raise click.ClickException(f"{len(proof.broken)} things do not prove.")
    click.echo("Everything proves." if proof.ends_proven else "Consistent; the end is not proven (give --heads FILE).")


@click.command("heads")
@with_appcontext
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@acting
def heads(file: Path, by: str) -> None:
    """Write the end of every chain into FILE, to be kept where nobody who can write the database can write."""
    now = current_app.config["CLOCK"]()
    exports.register("heads", {}, actor=None, now=now, by=by)
    action.write_heads(file, now=now)
