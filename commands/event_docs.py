"""docs/events.md, written from rules/events.py, so that what is read there is what is checked on arrival."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import click
from flask import Flask
from pydantic.json_schema import models_json_schema

from actions import sync
from rules import events

TARGET = Path(__file__).resolve().parents[1] / "docs" / "events.md"

HEAD = """# What can happen

Made by `flask --app app events-doc` from `rules/events.py`; a test compares the two. How an event is signed, sealed and
chained: [formats.md](formats.md).

A phone may send the kinds of the first part, with no signal; they reach the county whenever they can. Everything of the
second part happens at a desk or by the command line, is signed with the county's key and is never sent by a phone.
Members may be added with a default, never changed or removed: phones carry these bodies for weeks.
"""


def add_to(app: Flask) -> None:
    app.cli.add_command(write_events_doc)


@click.command("events-doc")
@click.option("--check", is_flag=True, help="Only say whether the page is current.")
def write_events_doc(check: bool) -> None:
    """Write docs/events.md from rules/events.py."""
    if check:
        current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text()
        sys.exit(0 if current else "docs/events.md is not current: run flask --app app events-doc")
    TARGET.write_text(text(), encoding="utf-8")


def text() -> str:
    """The whole page."""
    bodies = list(dict.fromkeys(events.PHONE_KINDS.values()))
    _, schema = models_json_schema([(body, "validation") for body in bodies])
    shapes: dict[str, Any] = schema["$defs"]
    parts = [HEAD, "## On a phone\n"]
    for kind, body in events.PHONE_KINDS.items():
        parts.append(f"### `{kind}`\n\n{_about(body)}\nAbout: {_subject(kind)}.\n\n{_table(shapes[body.__name__])}")
    parts.append("## Pieces of these\n")
    named = {body.__name__ for body in bodies}
    for name in sorted(set(shapes) - named):
        parts.append(f"### {name}\n\n{_piece(name, shapes[name])}")
    parts.append("## At a desk\n\n| kind | means |\n|---|---|")
    return "\n".join(parts) + "\n" + "".join(f"| `{kind}` | {means} |\n" for kind, means in events.DESK_KINDS.items())


def _about(body: type) -> str:
    return " ".join((body.__doc__ or "").split()) + "\n"


def _subject(kind: str) -> str:
    if kind in sync.OWN_SUBJECT:
        return "the new resident, whose id is minted on the phone"
    return "nobody, or the resident of the record it names" if kind in sync.NO_SUBJECT else "one resident"


def _table(shape: dict[str, Any]) -> str:
    needed = shape.get("required", ())
    rows = [
        f"| `{name}` | {_type(member)} | {'must' if name in needed else 'may'} |\n"
        for name, member in shape.get("properties", {}).items()
    ]
    return "| member | is | |\n|---|---|---|\n" + "".join(rows)


def _piece(name: str, shape: dict[str, Any]) -> str:
    about = " ".join(shape.get("description", "").split())
    found = getattr(events, name, None)
    if isinstance(found, type) and issubclass(found, StrEnum):
        return f"{about}\n\nOne of {', '.join(f'`{value}`' for value in shape['enum'])}.\n"
    return f"{about}\n\n{_table(shape)}"


def _type(member: dict[str, Any]) -> str:
    """A member's type in words."""
    if "$ref" in member:
        name = str(member["$ref"]).rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in member:
        return " or ".join(_type(each) for each in member["anyOf"])
    if "enum" in member:
        return ", ".join(f"`{value}`" if value else "empty" for value in member["enum"])
    if "const" in member:
        return f"`{member['const']}`"
    match member.get("type"):
        case "array":
            most = f" (up to {member['maxItems']})" if "maxItems" in member else ""
            return f"list of {_type(member['items'])}{most}"
        case "object":
            return _object(member)
        case "string":
            return _string(member)
        case "null":
            return "null"
        case "integer" | "number":
            return _number(member)
        case "boolean":
            return "yes or no"
    return "anything"


def _object(member: dict[str, Any]) -> str:
    values = member.get("additionalProperties")
    if not isinstance(values, dict):
        return "the whole body, of the kind it replaces"
    names = member.get("propertyNames", {}).get("enum", ())
    return f"{_type(values)} for any of {', '.join(f'`{name}`' for name in names)}"


def _string(member: dict[str, Any]) -> str:
    known = {"uuid": "id", "date": "day", "date-time": "instant"}
    if member.get("format") in known:
        return known[member["format"]]
    if member.get("pattern") == r"^\d{12}$":
        return "area code"
    return f"text (up to {member['maxLength']})" if "maxLength" in member else "text"


def _number(member: dict[str, Any]) -> str:
    low, high = member.get("minimum"), member.get("maximum")
    if low is not None and high is not None:
        return f"number from {low:g} to {high:g}"
    return f"number of at least {low:g}" if low is not None else "number"
