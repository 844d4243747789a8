"""The command line: `flask --app app …`. Every command that changes or exports takes `--as NAME`."""

from __future__ import annotations

from flask import Flask


def add_to(app: Flask) -> None:
    """Register every command."""
    from commands import imports, installation, people

    for module in (imports, installation, people):
        module.add_to(app)
