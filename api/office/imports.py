"""Lists: send a roster or the agency's list, watch it being taken in, fetch what waits for people."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

from flask import current_app, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from actions import areas, exports, imports, review_workbook
from actions.roster import IMPORTERS
from api.access import allows, get_object_or_404
from api.office import bp, forms, go_to
from api.office.roles import OFFICERS
from models import Import, ImportRow
from rules import id_numbers
from rules.days import day_of
from rules.problems import FieldMissing
from rules.roster import Reason
from rules.roster_words import proposals_in_words, reasons_in_words

SHOWN = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/imports", endpoint="imports")
@allows(*OFFICERS)
def imports_page() -> ResponseReturnValue:
    """What was sent, newest first, and a form to send another."""
    sent = list(Import.visible_to(g.actor, *OFFICERS).order_by(Import.started_at.desc(), Import.id.desc()).limit(SHOWN))
    return render_template("office/imports/list.html", sent=sent, may_send=g.actor.may(*IMPORTERS))


@bp.post("/imports")
@allows(*IMPORTERS)
def add_import() -> ResponseReturnValue:
    """Keep a list for the job; it was opened once already, so a file that is none is refused here."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise FieldMissing("file")
    sent = imports.receive(
        file.read(), file.filename, kind=forms.words("kind"), dry_run=request.form.get("how") != "take",
        actor=g.actor, now=g.now, folder=current_app.config["SETTINGS"].blobs_path,
    )  # fmt: skip
    return go_to(url_for("office.import_page", import_id=sent.id))


@bp.get("/imports/<uuid:import_id>", endpoint="import_page")
@allows(*OFFICERS)
def import_page(import_id: UUID) -> ResponseReturnValue:
    """One list: how far it is, what became of it, what waits for people."""
    sent = _import(import_id)
    return render_template("office/imports/import.html", sent=sent, **_facts(sent))


@bp.get("/imports/<uuid:import_id>/progress")
@allows(*OFFICERS)
def import_progress(import_id: UUID) -> ResponseReturnValue:
    """The part of the page that changes while the job works."""
    sent = _import(import_id)
    return render_template("office/imports/_progress.html", sent=sent, **_facts(sent))


@bp.post("/imports/<uuid:import_id>/start")
@allows(*IMPORTERS)
def start_import(import_id: UUID) -> ResponseReturnValue:
    """Take in a list that was only looked at."""
    sent = imports.start(_import(import_id), whole="whole" in request.form)
    return go_to(url_for("office.import_page", import_id=sent.id))


@bp.get("/imports/<uuid:import_id>/review.xlsx")
@allows(*IMPORTERS)
def import_review(import_id: UUID) -> ResponseReturnValue:
    """The workbook to correct; registered, since it holds ID numbers."""
    sent = _import(import_id)
    exports.register("import-review", {"import": str(sent.id)}, actor=g.actor, now=g.now)
    out = io.BytesIO()
    review_workbook.of_import(sent, out, areas.gazetteer(day_of(g.now)))
    answer = Response(out.getvalue(), mimetype=XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename=review-{day_of(g.now).isoformat()}.xlsx"
    return answer


def _import(import_id: UUID) -> Import:
    found: Import = get_object_or_404(Import.visible_to(g.actor, *OFFICERS), Import.id == import_id)
    return found


def _facts(sent: Import) -> dict[str, Any]:
    waiting = ImportRow.select().where((ImportRow.import_ == sent.id) & (ImportRow.outcome == "review"))
    rows = list(waiting.order_by(ImportRow.sheet, ImportRow.row).limit(SHOWN)) if sent.state == "done" else []
    looked_at = ImportRow.select().where(ImportRow.import_ == sent.id).exists() if sent.state == "done" else False
    return {
        "rows": [_row(row, several=len({each.sheet for each in rows}) > 1) for row in rows],
        "more": max(0, (sent.counts or {}).get("review", 0) - len(rows)) if rows else 0,
        "has_workbook": looked_at and g.actor.may(*IMPORTERS),
        "under_way": sent.state in ("waiting", "running"),
        "may_start": sent.dry_run and sent.state == "done" and sent.file is not None and g.actor.may(*IMPORTERS),
    }


def _row(row: ImportRow, *, several: bool) -> dict[str, Any]:
    """One row that waits; its sheet is named where there are several."""
    facts = row.values["facts"]
    if "id-number-cell" in facts:  # what is left of a number is still most of one
        facts["id-number-cell"] = id_numbers.masked(facts["id-number-cell"])
    reasons = [Reason(code, facts.get(code, "")) for code in row.reasons]
    return {
        "sheet": row.sheet if several else "",
        "row": row.row,
        "name": row.values["cells"].get("name", ""),
        "why": reasons_in_words(reasons),
        "what": proposals_in_words(reasons),
    }
