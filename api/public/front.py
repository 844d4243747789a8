"""The bare address: whoever types what the card says finds the way to check a badge, to the phone program, to a desk."""

from __future__ import annotations

from flask import Response

from api.access import open_to_all
from api.public import bp
from api.public.pages import page


@bp.get("/")
@open_to_all
def front() -> Response:
    """Three doors; the first is the residents'."""
    return page("public/front.html")
