"""A phone proves with its key that it is the one enrolled, and gets a session."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, g, request
from flask.typing import ResponseReturnValue

from actions import phones
from api.access import from_phone
from api.phone import bp
from api.phone.bodies import asked, told
from api.phone.wire import ChallengeRequest, SessionRequest
from rules.ciphers import Unreadable, unb64
from rules.problems import PhoneUnknown

COOKIE = "__Host-phone"


@bp.post("/api/phone/challenges")
@from_phone
def add_challenge() -> ResponseReturnValue:
    """Give something random to sign; it counts once, for two minutes."""
    return told({"challenge": phones.challenge(asked(ChallengeRequest).device, now=g.now)}, 201)


@bp.post("/api/phone/sessions")
@from_phone
def add_session() -> ResponseReturnValue:
    """Open a session for the phone that signed its challenge."""
    body = asked(SessionRequest)
    hours = current_app.config["SETTINGS"].session_hours
    try:
        signature = unb64(body.signature)
    except Unreadable:
        raise PhoneUnknown() from None
    token = phones.open_session(body.device, body.challenge, signature, hours=hours, now=g.now)
    response = Response(status=204)
    response.set_cookie(COOKIE, token, max_age=hours * 3600, path="/", secure=True, httponly=True, samesite="Strict")
    return response


def phone_here() -> Any:
    """The phone whose session this request carries, with its person. Raises PhoneUnknown, PhoneLocked, PhoneReplaced."""
    return phones.of_session(request.cookies.get(COOKIE, ""), now=g.now)
