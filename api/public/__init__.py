"""Public pages: no sign-in, no JavaScript, large type."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("public", __name__)


def add_to(app: Flask) -> None:
    """Register the blueprint with every public module."""
    from api.public import badges, front  # noqa: F401  # routes register themselves

    app.register_blueprint(bp)
