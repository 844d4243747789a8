"""Reading what a phone sends and writing what it is answered: JSON, gzipped where that is worth it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from flask import Response, request
from pydantic import ValidationError
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from api.phone.wire import Asked
from rules.days import day_of
from rules.problems import BodyInvalid, PhoneUnknown

Model = TypeVar("Model", bound=Asked)

BATCH = 24 * 1024 * 1024  # bytes of records in one body, packed and unpacked
SMALL = 8 * 1024  # of a body that anyone may send: a code, a key, a signature
WORTH_PACKING = 860  # bytes: below, gzip saves no packet
PART = 4 * 1024  # bytes of a body read at once: no more than this is lost with a link that is torn off
#: Seconds without a byte after which a link is dead [DEF]; one that ends without a word would hold a thread for ever.
SILENCE = 30


def asked(model: type[Model], *, most: int = SMALL) -> Model:
    """The request's body of at most so many bytes. Raises BodyInvalid naming the first member that does not fit."""
    try:
        return model.model_validate_json(_unpacked(raw(most), most))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        raise BodyInvalid(where=where or "body") from None


def raw(most: int) -> bytes:
    """The body as it came. Raises BodyInvalid for one that is larger, before more of it is read."""
    request.max_content_length = most
    try:
        with _no_longer_than_this_silent():
            return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise BodyInvalid(where="body") from None


def arriving(most: int) -> Iterator[bytes]:
    """The body as it comes in, part by part; where the link is cut it ends early, and what came before counts.

    Raises BodyInvalid for one that is larger, before any of it is read.
    """
    if (request.content_length or 0) > most:
        raise BodyInvalid(where="body")
    request.max_content_length = most + 1  # at its last byte werkzeug would call the stream too large
    return _parts()


def _parts() -> Iterator[bytes]:
    with _no_longer_than_this_silent():
        while True:
            try:
                part = request.stream.read(PART)
            except ClientDisconnected:
                return
            if not part:
                return
            yield part


@contextmanager
def _no_longer_than_this_silent() -> Iterator[None]:
    """Let a read fail once the link has been silent too long. Only gunicorn hands its socket over."""
    socket = request.environ.get("gunicorn.socket")
    if socket is None:
        yield
        return
    before = socket.gettimeout()
    socket.settimeout(SILENCE)
    try:
        yield
    finally:
        socket.settimeout(before)


def _unpacked(raw: bytes, most: int) -> bytes:
    if request.headers.get("Content-Encoding", "").lower() != "gzip":
        return raw
    machine = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = machine.decompress(raw, most)
    except zlib.error:
        raise BodyInvalid(where="gzip") from None
    if machine.unconsumed_tail or not machine.eof:
        raise BodyInvalid(where="gzip")
    return plain


def told(answer: dict[str, Any], status: int = 200) -> Response:
    """The answer as compact JSON; `answer` has the members of a Told model."""
    raw = orjson.dumps(answer, default=plain, option=orjson.OPT_PASSTHROUGH_DATETIME)
    response = Response(status=status, content_type="application/json")
    if len(raw) >= WORTH_PACKING and "gzip" in request.headers.get("Accept-Encoding", ""):
        raw = gzip.compress(raw, 9, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "no-store"
    response.set_data(raw)
    return response


MARK = "daiban-phone"
MARK_DAYS = 400  # as long as browsers keep a cookie


def mark(response: Response, device: UUID, newest: int, now: datetime) -> None:
    """Leave a mark that outlives the phone's own store, so that an emptied phone does not look like a new one.

    It says which phone this was and the newest of its records here. The page may read it; it opens nothing (adr/0014).
    """
    value = f"{device}.{newest}.{day_of(now)}"
    age = MARK_DAYS * 86_400
    response.set_cookie(MARK, value, max_age=age, path="/field", secure=True, httponly=False, samesite="Strict")


def plain(value: Any) -> str:
    """Instants and days as docs/formats.md writes them."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not cross the wire")


def bearer() -> str:
    """The token of `Authorization: Bearer …`. Raises PhoneUnknown."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or not token:
        raise PhoneUnknown()
    return token
