"""Public pages: no sign-in, no JavaScript, large type."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("public", __name__)


def add_to(app: Flask) -> None:
    """Register the blueprint with every public module."""
    # each module registers its routes: add `from api.X import module` here
    app.register_blueprint(bp)
