"""The command line: `flask --app app …`. Every command that changes or exports takes `--as NAME`."""

from __future__ import annotations

from flask import Flask


def add_to(app: Flask) -> None:
    """Register every command."""
    from commands import demo, event_docs, imports, installation, people, proof

    for module in (demo, event_docs, imports, installation, people, proof):
        module.add_to(app)
