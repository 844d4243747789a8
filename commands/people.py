"""The first administrator, and what else is done to people, stations, posts, accounts and settings from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import click
import qrcode
from flask import Flask, current_app
from flask.cli import AppGroup

import models
from actions import accounts, county_settings, people, stations
from commands._acting import acting
from models import Account, Area, Installation, Person, Post, Station
from rules import county_settings as known_settings
from rules import sign_in
from rules.actors import Role
from rules.days import CHINA, day_of
from rules.posts import StationLevel
from rules.problems import Problem

person_commands = AppGroup("person", help="People who work here.")
station_commands = AppGroup("station", help="Service centres, stations and points.")
post_commands = AppGroup("post", help="Posts: person x role x area x from/to.")
account_commands = AppGroup("account", help="Desk accounts: password and second factor.")
setting_commands = AppGroup("setting", help="Business settings, with their history.")

ROLES = click.Choice([role.value for role in Role])
DAY = click.DateTime(formats=["%Y-%m-%d"])


def add_to(app: Flask) -> None:
    for group in (person_commands, station_commands, post_commands, account_commands, setting_commands):
        app.cli.add_command(group)


# ---- person


@person_commands.command("add")
@click.argument("name")
@click.option("--role", type=ROLES, required=True, help="The first post.")
@click.option("--area", required=True, help="12-digit code of the area, or its name where only one has it.")
@click.option("--phone", default="", help="Telephone.")
@click.option("--unit", default="", help="Where they work, as a badge shows it.")
@click.option("--duty", default="", help="What they do, as a badge shows it.")
@click.option("--from", "from_on", type=DAY, help="First day; today by default.")
@acting
def add_person(name: str, role: str, area: str, phone: str, unit: str, duty: str, from_on: Any, by: str) -> None:
    """Add somebody with a first post, and print their id."""
    now = _now()
    first = from_on.date() if from_on else day_of(now)
    with _told():
        post = people.NewPost(Role(role), _area(area), first)
        made = people.add(name, post, phone=phone, unit=unit, duty=duty, actor=None, now=now, by=by)
    click.echo(str(made.id))


@person_commands.command("list")
@click.option("--area", default="", help="Only people with a post under this area.")
def list_people(area: str) -> None:
    """List people with their posts of today."""
    prefix = _area(area).rstrip("0") if area else ""
    query = Post.in_force(day_of(_now())).join(Person).where(Person.removed_at.is_null())
    for post in query.where(Post.area.startswith(prefix)).order_by(Post.area, Post.role, Person.name):
        click.echo(f"{post.person_id}  {post.person.name}  {post.role}  {post.area}  post {post.id}")


@person_commands.command("remove")
@click.argument("person")
@click.option("--why", required=True, help="The reason; it is kept.")
@acting
def remove_person(person: str, why: str, by: str) -> None:
    """End somebody's posts, badges, sessions and phones at once. PERSON is an id or a name."""
    with _told():
        found = people.remove(_person(person), why=why, actor=None, now=_now(), by=by)
    click.echo(f"{found.name} no longer works here.")


# ---- station


@station_commands.command("add")
@click.argument("name")
@click.option("--area", required=True, help="12-digit code of the area, or its name where only one has it.")
@click.option(
    "--level", type=click.Choice([each.value for each in StationLevel]), default="village_station", show_default=True
)
@click.option("--address", default="", help="Where it is, as people say it.")
@click.option("--phone", default="", help="Telephone.")
@click.option("--hours", default="", help="When it is open, in words.")
@acting
def add_station(name: str, area: str, level: str, address: str, phone: str, hours: str, by: str) -> None:
    """Add a station, and print its id."""
    with _told():
        wanted = stations.NewStation(name, StationLevel(level), _area(area), address, phone, hours)
        made = stations.add(wanted, actor=None, now=_now(), by=by)
    click.echo(str(made.id))


@station_commands.command("list")
@click.option("--area", default="", help="Only stations under this area.")
def list_stations(area: str) -> None:
    """List stations with their places, telephones and hours."""
    prefix = _area(area).rstrip("0") if area else ""
    for each in Station.select().where(Station.area.startswith(prefix)).order_by(Station.area, Station.name):
        click.echo(f"{each.id}  {each.area}  {each.level}  {each.name}  {each.phone}  {each.hours}".rstrip())


# ---- post


@post_commands.command("give")
@click.argument("person")
@click.argument("role", type=ROLES)
@click.argument("area")
@click.option("--from", "from_on", type=DAY, help="First day; today by default.")
@click.option("--to", "to_on", type=DAY, help="Last day; open by default.")
@click.option("--kind", default="", help="two_committees, group_leader, grid_worker, window …")
@click.option("--station", default="", help="Where the post is held: id or name of a station of the place.")
@acting
def give_post(person: str, role: str, area: str, from_on: Any, to_on: Any, kind: str, station: str, by: str) -> None:
    """Give PERSON (id or name) a post in AREA (code or name), and print its id."""
    now = _now()
    first = from_on.date() if from_on else day_of(now)
    with _told():
        at = _station(station) if station else None
        post = people.NewPost(Role(role), _area(area), first, to_on.date() if to_on else None, kind, at)
        given = people.give_post(_person(person), post, actor=None, now=now, by=by)
    click.echo(str(given.id))


@post_commands.command("end")
@click.argument("post", type=click.UUID)
@click.option("--last", "last_on", type=DAY, help="Its last day; yesterday by default, so that it ends now.")
@acting
def end_post(post: UUID, last_on: Any, by: str) -> None:
    """End a post."""
    now = _now()
    found = Post.get_or_none(Post.id == post)
    if found is None:
        raise click.ClickException(f"No post has the id {post}.")
    last: date = last_on.date() if last_on else day_of(now) - timedelta(days=1)
    with _told():
        people.end_post(found, last_on=last, actor=None, now=now, by=by)
    click.echo(f"The post ends with {last}.")


# ---- account


@account_commands.command("make")
@click.argument("person")
@click.option("--name", required=True, help="What they sign in with.")
@click.option("--password", default="", help="At least 10 characters; made up when left out.")
@click.option("--password-prompt", is_flag=True, help="Ask for the password instead of making one up.")
@acting
def make_account(person: str, name: str, password: str, password_prompt: bool, by: str) -> None:
    """Make a desk account for PERSON (id or name), or a new password and second factor. Shown once."""
    if password_prompt:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with _told():
        made = accounts.make(_person(person), name, password=password, actor=None, now=_now(), by=by)
    click.echo(f"Sign-in name  {made.name}")
    if not password:
        click.echo(f"Password      {made.password}")
    click.echo(f"Second factor {made.totp_secret}")
    click.echo(made.uri)
    code = qrcode.QRCode(border=2)
    code.add_data(made.uri)
    code.make(fit=True)
    code.print_ascii(invert=True)
    click.echo("Scan it with any code app. None of this is shown again.")


@account_commands.command("code")
@click.argument("name")
def show_code(name: str) -> None:
    """Print the second-factor code of this moment; only in a demo, where it is no secret."""
    if not Installation.is_demo():
        raise click.ClickException("This database holds real people: codes are shown only by their holder's code app.")
    found = Account.get_or_none(Account.name == name.strip().lower())
    if found is None or not found.totp_secret:
        raise click.ClickException(f"Nobody signs in as {name}.")
    now = _now()
    step = int(now.timestamp()) // sign_in.STEP_S
    # A code counts once: when this one is used up, the next is already good.
    ahead = timedelta(seconds=sign_in.STEP_S if found.totp_step >= step else 0)
    click.echo(sign_in.totp_code(found.totp_secret, now=now + ahead))


# ---- setting


@setting_commands.command("list")
def list_settings() -> None:
    """Every business setting: its value, its unit, what it is for, where the number comes from."""
    for key, each in known_settings.ALL.items():
        value = json.dumps(models.setting(key), ensure_ascii=False)
        changed = "" if models.setting(key) == each.default else "  (set here)"
        click.echo(f"{key} = {value} {each.unit}{changed}\n    {each.about}; {each.source}")


@setting_commands.command("set")
@click.argument("key")
@click.argument("value")
@acting
def set_setting(key: str, value: str, by: str) -> None:
    """Give KEY a new VALUE, written as JSON: 30, true, "words", [90, 30]."""
    if key not in known_settings.ALL:
        raise click.ClickException(f"There is no setting {key!r}. `flask --app app setting list` names them all.")
    try:
        wanted = json.loads(value)
    except ValueError:
        wanted = value
    try:
        before, after = county_settings.change(key, wanted, actor=None, now=_now(), by=by)
    except Problem:
        kind = json.dumps(known_settings.ALL[key].default, ensure_ascii=False)
        raise click.ClickException(f"{value} does not fit; the default is {kind}.") from None
    click.echo(f"{key}: {json.dumps(before, ensure_ascii=False)} -> {json.dumps(after, ensure_ascii=False)}")


@setting_commands.command("history")
@click.argument("key")
def show_history(key: str) -> None:
    """Who changed KEY, when, from what to what; newest first."""
    for at, who, before, after in county_settings.history(key):
        when = at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        click.echo(
            f"{when}  {who}  {json.dumps(before, ensure_ascii=False)} -> {json.dumps(after, ensure_ascii=False)}"
        )


# ---- finding


def _now() -> datetime:
    found: datetime = current_app.config["CLOCK"]()
    return found


def _person(text: str) -> Person:
    """Somebody by id, or by a name only one of them has."""
    try:
        found = list(Person.select().where(Person.id == UUID(text)))
    except ValueError:
        found = list(Person.select().where((Person.name == text) & Person.removed_at.is_null()))
    if len(found) == 1:
        only: Person = found[0]
        return only
    if not found:
        raise click.ClickException(f"Nobody here is {text}.")
    raise click.ClickException(f"{len(found)} people are called {text}; take the id: `flask --app app person list`.")


def _station(text: str) -> UUID:
    """A station by id, or by a name only one of them has."""
    try:
        found = list(Station.select().where(Station.id == UUID(text)))
    except ValueError:
        found = list(Station.select().where(Station.name == text))
    if len(found) == 1:
        return UUID(str(found[0].id))
    raise click.ClickException(
        f"{len(found) or 'No'} stations are called {text}; take the id: `flask --app app station list`."
    )


def _area(text: str) -> str:
    """The code of an area given by code or by a name only one of them has."""
    if text.isdigit():
        return text.ljust(12, "0")
    found = [a.code for a in Area.select().where(Area.name == text)]
    if len(found) == 1:
        return str(found[0])
    raise click.ClickException(f"{len(found) or 'No'} areas are called {text}; take the code of 12 digits.")


@contextmanager
def _told() -> Iterator[None]:
    """A refusal in one line, without a traceback."""
    try:
        yield
    except Problem as problem:
        facts = ", ".join(f"{key} {value}" for key, value in vars(problem).items())
        raise click.ClickException(f"{(problem.__doc__ or problem.code).splitlines()[0]} ({facts})") from problem
