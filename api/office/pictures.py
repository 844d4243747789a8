"""Pictures of records: a copy drawn anew by a job, never the sealed original, and never kept by a browser."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app, g
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from actions import pictures, reads
from api.access import allows
from api.office import bp
from api.office.roles import OFFICERS
from models import JournalEntry, LifeVerification, Request, Resident, Visit
from rules import strokes
from rules.problems import NotFound


@bp.get("/pictures/<uuid:event_id>/<role>")
@allows(*OFFICERS)
def picture(event_id: UUID, role: str) -> ResponseReturnValue:
    """The copy of one picture of one record, for whoever may see that record; each look is noted."""
    scope, resident = _record(event_id)
    kind, copy = pictures.shown(event_id, role, folder=current_app.config["SETTINGS"].blobs_path)
    if kind == "application/json":
        kind, copy = "image/svg+xml", strokes.svg(copy).encode()
    reads.note([reads.Read(scope=scope, person=g.actor.person, resident=resident, what="picture")], now=g.now)
    answer = Response(copy, mimetype=kind)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'none'"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Disposition"] = "inline"
    return answer


def _record(event_id: UUID) -> tuple[str, UUID | None]:
    """The scope and the resident of the record of this event, if the actor may see it; else it does not exist."""
    for model in (LifeVerification, Visit, Request):
        found: Any = model.visible_to(g.actor, *OFFICERS).where(model.event == event_id).first()
        if found is not None:
            return found.scope, found.resident_id
    entry = JournalEntry.get_or_none(JournalEntry.id == event_id)
    if entry is not None and entry.subject is not None:
        seen = Resident.visible_to(g.actor, *OFFICERS).where(Resident.id == entry.subject).first()
        if seen is not None:
            return entry.scope, seen.id
    raise NotFound()
