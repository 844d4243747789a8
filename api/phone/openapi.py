"""/api/phone/openapi.json: what phones may ask, made from the models of wire.py (OpenAPI 3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask.typing import ResponseReturnValue
from pydantic.json_schema import models_json_schema

from api.access import open_to_all
from api.phone import bp, wire
from api.phone.bodies import told

VERSION = "1"
REF = "#/components/schemas/{model}"


@dataclass(frozen=True)
class Operation:
    """One thing a phone may ask. `path` is as OpenAPI writes it."""

    method: str
    path: str
    about: str
    asked: type[wire.Asked] | None = None
    answers: dict[int, type[wire.Told] | None] = field(default_factory=dict)
    who: tuple[str, ...] = ()  # any of these; none: nobody has to be known
    problems: tuple[int, ...] = ()
    parameters: tuple[dict[str, Any], ...] = ()
    raw: str = ""  # type of a body that is no JSON


def _in_path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(name: str, about: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0, "maximum": 10**11}
    return {"name": name, "in": "query", "required": True, "description": about, "schema": schema}


CARRIED = {
    "name": "sha256", "in": "query", "required": False, "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "description": "of the ciphertext, where the picture is carried for another phone",
}  # fmt: skip

ID = {"type": "string", "format": "uuid"}
ROLE = {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,30}$"}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "post", "/api/phone/enrolments", "Claim a code with the public key of a new phone.",
        wire.EnrolmentRequest, {201: wire.EnrolmentClaim}, problems=(404, 409, 422, 429),
    ),
    Operation(
        "get", "/api/phone/enrolments/{enrolment}", "Ask whether the lead has typed the six digits.",
        None, {200: wire.EnrolmentState}, ("claim",), (401, 404), (_in_path("enrolment", ID),),
    ),
    Operation(
        "post", "/api/phone/challenges", "Get something random to sign, once, within two minutes.",
        wire.ChallengeRequest, {201: wire.ChallengeAnswer}, problems=(422,),
    ),
    Operation(
        "post", "/api/phone/sessions", "Open a session by signing a challenge; the answer sets the cookie.",
        wire.SessionRequest, {204: None}, problems=(401, 403, 422),
    ),
    Operation(
        "post", "/api/phone/sync", "One round trip: records up; receipts, rows, inbox and orders down.",
        wire.SyncRequest, {200: wire.SyncAnswer}, ("session",), (401, 403, 422),
    ),
    Operation(
        "post", "/api/phone/mailbox", "Drop sealed records, read orders: from a phone that is locked or was replaced.",
        wire.MailboxRequest, {200: wire.MailboxAnswer}, ("mailbox",), (401, 422),
    ),
    Operation(
        "put", "/api/phone/blobs/{event}/{role}", "Add a piece of a picture where the last one ended.",
        None, {201: wire.PieceAnswer, 202: wire.PieceAnswer, 409: wire.PieceAnswer}, ("session", "mailbox"),
        (401, 403, 404, 422, 429),
        (
            _in_path("event", ID), _in_path("role", ROLE), _in_query("offset", "bytes that are here already"),
            _in_query("total", "bytes of the whole ciphertext, as the record says"), CARRIED,
        ),
        "application/octet-stream",
    ),
    Operation("get", "/api/phone/openapi.json", "This document.", None, {200: None}),
)  # fmt: skip

MEANS = {
    200: "Done.", 201: "Made, or whole.", 202: "Taken; more is wanted.", 204: "Done.", 401: "Not signed in, or no longer.",
    403: "This phone may not.", 404: "There is no such thing, or not for this phone.",
    409: "It does not fit what is here.", 422: "The request has another form.", 429: "Tried too often.",
}  # fmt: skip


@bp.get("/api/phone/openapi.json")
@open_to_all
def show_openapi() -> ResponseReturnValue:
    """What phones may ask, for whoever builds or tests one."""
    return told(document())


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Daiban: what phones ask",
            "version": VERSION,
            "description": "How records are signed, sealed and chained: docs/formats.md. Kinds of records: docs/events.md.",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-phone"},
                "mailbox": {"type": "http", "scheme": "bearer", "description": "The mailbox token of a phone."},
                "claim": {"type": "http", "scheme": "bearer", "description": "The claim of an enrolment."},
            },
        },
    }


def _schemas() -> dict[str, Any]:
    asked = [(each, "validation") for each in _of(wire.Asked) if each is not wire.Misshapen]
    told_ = [(each, "serialization") for each in _of(wire.Told)]
    _, schema = models_json_schema([*asked, *told_], ref_template=REF)  # type: ignore[arg-type]
    return {name: shape for name, shape in schema["$defs"].items() if name != "Misshapen"}


def _of(base: type) -> list[type]:
    return [
        each for each in vars(wire).values() if isinstance(each, type) and issubclass(each, base) and each is not base
    ]


def _operation(operation: Operation) -> dict[str, Any]:
    answers = {
        str(status): {"description": MEANS[status]} | (_content(model) if model else {})
        for status, model in operation.answers.items()
    }
    answers |= {
        str(status): {"description": MEANS[status]} | _content(wire.ProblemAnswer) for status in operation.problems
    }
    found: dict[str, Any] = {"summary": operation.about, "responses": answers}
    if operation.parameters:
        found["parameters"] = list(operation.parameters)
    if operation.asked is not None:
        found["requestBody"] = {"required": True} | _content(operation.asked)
    if operation.raw:
        found["requestBody"] = {"required": True, "content": {operation.raw: {}}}
    if operation.who:
        found["security"] = [{scheme: []} for scheme in operation.who]
    return found


def _content(model: type) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": REF.format(model=model.__name__)}}}}
