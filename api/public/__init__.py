"""Public pages: no sign-in, no JavaScript, large type."""

from __future__ import annotations

from flask import Blueprint, Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

bp = Blueprint("public", __name__)
#: Counts in this process only. A village shares one address, so no limit stands before a scanned code.
limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False)


def add_to(app: Flask) -> None:
    """Register the blueprint with every public module."""
    from api.public import badges, front  # noqa: F401  # routes register themselves

    limiter.init_app(app)
    app.register_blueprint(bp)
