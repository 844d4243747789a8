"""What phones ask: enrolment, sessions, sync, pictures (JSON), and the shell of the phone program."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("phone", __name__)


def add_to(app: Flask) -> None:
    """Register the blueprint with every module of the phone's API."""
    from api.phone import enrolments, openapi, pictures, sessions, shell, sync  # noqa: F401  # each module registers its routes

    app.register_blueprint(bp)
