"""A phone claims its code and waits for the lead (docs/formats.md §4). A GET spends nothing."""

from __future__ import annotations

from uuid import UUID

from flask import g, request
from flask.typing import ResponseReturnValue

import models
from actions import county_settings, enrolments
from api.access import from_phone
from api.phone import bp
from api.phone.bodies import asked, bearer, told
from api.phone.wire import EnrolmentRequest
from models import Installation
from rules.ciphers import Unreadable, b64, raw_point
from rules.problems import BodyInvalid
from rules.sign_in import network_of


@bp.post("/api/phone/enrolments")
@from_phone
def add_enrolment() -> ResponseReturnValue:
    """Claim a code with the public key of a new phone."""
    body = asked(EnrolmentRequest)
    network = network_of(request.remote_addr or "")
    again = body.again and enrolments.Again(body.again.device, body.again.mailbox)
    try:
        made = enrolments.claim(body.code, body.public_key, body.version, again=again, network=network, now=g.now)
    except Unreadable:
        raise BodyInvalid(where="public_key") from None
    return told({"enrolment": made.enrolment, "claim": made.claim, "expires_at": made.ends_at}, 201)


@bp.get("/api/phone/enrolments/<uuid:enrolment>")
@from_phone
def show_enrolment(enrolment: UUID) -> ResponseReturnValue:
    """Say whether the lead has typed the six digits, and if so what the phone needs from now on."""
    state, released = enrolments.state_of(enrolment, bearer(), now=g.now)
    if released is None:
        return told({"state": state, "release": None})
    installation = Installation.select().first()
    return told(
        {
            "state": state,
            "release": {
                "device": released.device,
                "mailbox": released.mailbox,
                "person": released.person,
                "county_key": {
                    "id": models.keys().county_id,
                    "public": b64(raw_point(models.keys().county.public_key())),
                },
                "county": county_settings.county_name(released.scope),
                "epoch": installation.epoch,
                "demo": installation.kind == "demo",
            },
        }
    )
