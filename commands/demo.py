"""`flask --app app demo`: a county to try everything in, made once, only in a database that was born a demo."""

from __future__ import annotations

import shlex
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import qrcode
from flask import Flask, current_app

import models
from actions import badges, bell, enrolments
from api.access import actor_of
from commands import demo_people as who
from commands import demo_story
from models import Badge, Installation, Person
from settings import Settings


def add_to(app: Flask) -> None:
    app.cli.add_command(demo)


@click.command("demo")
@click.option("--show", is_flag=True, help="Print sign-ins, a badge, and a code to put the program on a phone.")
@click.option("--address", default="", help="Address of the running server, for --show.")
def demo(show: bool, address: str) -> None:
    """Fill a demo database with 开阳县: real areas, invented people. A second run changes nothing."""
    settings: Settings = current_app.config["SETTINGS"]
    now: datetime = current_app.config["CLOCK"]()
    if not Installation.is_demo():
        raise click.ClickException(
            "This database holds real people; a demo county is made only where `migrate --demo` was."
        )
    if show:
        _show(address or settings.origin, now)
        return
    if models.setting("county.name"):
        click.echo("The demo county is there already.")
        return
    if Person.select().exists():
        raise click.ClickException(
            "A demo county was begun here and not finished. Remove its folder (var, unless DAIBAN_HOME names another), "
            "then try again."
        )
    bell.hang(lambda _: None)  # no job need hurry for what is told here
    story = demo_story.Story(settings.blobs_path, now)
    begun = time.monotonic()
    with click.progressbar(
        story.chapters(), length=demo_story.CHAPTERS, label="makes the demo county", item_show_func=lambda words: words or "",
    ) as chapters:  # fmt: skip
        for _ in chapters:
            pass
    click.echo(f"The demo county is made ({time.monotonic() - begun:.0f} s).")


# ---- what dev.py shows


def sign_ins() -> list[tuple[str, str, str, str]]:
    """(sign-in name, password, who, what they do) of every desk of the demo."""
    return [(each.sign_in, who.PASSWORD, each.name, each.duty) for each in who.STAFF if each.sign_in]


def _show(address: str, now: datetime) -> None:
    badge = Badge.select().where(Badge.name == "杨秀芝", Badge.state == "active").first()
    revoked = Badge.select().where(Badge.state == "revoked").order_by(Badge.id).first()
    click.echo(f"Phone    {address}/field/")
    click.echo(f"Desk     {address}/office/")
    if badge is not None:
        click.echo(f"Badge    {badges.address(badge, address)}   (one that counts)")
    if revoked is not None:
        click.echo(f"         {badges.address(revoked, address)}   (one that was revoked)")
    click.echo(f"\nDesks: the password of all is  {who.PASSWORD}")
    for name, _password, person, duty in sign_ins():
        click.echo(f"  {name:<10} {person}  {duty}")
    click.echo(f"  The second factor's code of this moment:  {_flask()} account code liguoxiu")
    _enrolment(address, now)


def _flask() -> str:
    """The command line as it must be typed here: a demo kept elsewhere has to be named."""
    settings = current_app.config["SETTINGS"]
    named = {"DATABASE": settings.database, "KEYS": settings.keys}
    usual = {"DATABASE": f"sqlite:///{Path('var/daiban.sqlite3').resolve()}", "KEYS": str(Path("var/keys").resolve())}
    said = [f"DAIBAN_{name}={shlex.quote(value)}" for name, value in named.items() if value not in (usual[name], "")]
    return " ".join([*said, ".venv/bin/flask --app app"])


def _enrolment(address: str, now: datetime) -> None:
    """A code for 杨秀芝's next phone, drawn in the terminal."""
    agent, lead = (Person.get_or_none(Person.name == name) for name in ("杨秀芝", "李国秀"))
    if agent is None or lead is None:
        return
    made: Any = enrolments.offer(actor_of(agent, now=now), actor=actor_of(lead, now=now), now=now)
    minutes = (made.ends_at - now) // timedelta(minutes=1)
    click.echo(
        f"\nA phone for 杨秀芝 (agent of 清江村). Open {address}/field/enrol and type {made.code[:5]}-{made.code[5:10]},"
    )
    click.echo(f"or scan this within {minutes} minutes; then 李国秀 types the phone's six digits at")
    click.echo(f"{address}/office/enrolments/{made.id}")
    code = qrcode.QRCode(border=2)
    code.add_data(f"{address}/field/enrol#{made.code}")
    code.make(fit=True)
    code.print_ascii(invert=True)
    click.echo(f"A new code: {_flask()} demo --show")
