"""`--as NAME`: in whose name a command changes something; it stands in the journal."""

from __future__ import annotations

import getpass
from typing import Any

import click


def acting(command: Any) -> Any:
    """Add `--as NAME`, by default the operating system's user; the command gets it as `by`."""
    return click.option(
        "--as", "by", metavar="NAME", default=_user, show_default="the operating system's user", help="Who does this."
    )(command)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "unknown"
