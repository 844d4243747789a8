"""Pictures come in pieces: each begins where the last one ended (docs/formats.md §6)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app, g, request
from flask.typing import ResponseReturnValue

from actions import phones, pictures
from api.access import from_phone
from api.phone import bp
from api.phone.bodies import arriving, bearer, told
from api.phone.sessions import phone_here
from rules.problems import BodyInvalid

LARGEST_PIECE = 2_000_000  # as large as a whole picture may be (rules/events.py)


@bp.put("/api/phone/blobs/<uuid:event>/<role>")
@from_phone
def put_piece(event: UUID, role: str) -> ResponseReturnValue:
    """Add a piece as it comes in: 202 where to go on, 201 when whole, 409 where it should have begun.

    Of a piece that was cut on its way all that arrived is kept; an empty piece asks how much that is.
    `sha256` names the ciphertext of a picture carried for another phone.
    """
    phone = _phone()
    offset, total = _count("offset"), _count("total")
    taken = pictures.take(
        phone.id, event, role, offset=offset, total=total, piece=arriving(min(LARGEST_PIECE, max(total - offset, 0))),
        folder=current_app.config["SETTINGS"].blobs_path, now=g.now,
        sha256=request.args.get("sha256", ""),
    )  # fmt: skip
    status = 201 if taken.whole else 202 if taken.fits else 409
    return told({"offset": taken.offset}, status)


def _phone() -> Any:
    """By session, or by the mailbox token, which may drop pieces too."""
    return phones.of_mailbox(bearer()) if "Authorization" in request.headers else phone_here()


def _count(name: str) -> int:
    text = request.args.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise BodyInvalid(where=name)
    return int(text)
