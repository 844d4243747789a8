"""The visit log as a workbook: ask for one, watch it being written, fetch it, delete it. Each sees their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from actions import workbooks
from api.access import allows, get_object_or_404
from api.filters import listing
from api.office import bp, go_to, log_search
from api.office.imports import XLSX
from api.office.roles import OFFICERS
from api.office.visits import in_words
from models import Workbook
from rules.days import day_of


@bp.post("/visits/workbook")
@allows(*OFFICERS)
def add_workbook() -> ResponseReturnValue:
    """Ask for what the log shows by these filters; registered, like the table that streams."""
    filters = log_search.Filters.of(request.form).args()
    workbooks.ask(filters, roles=OFFICERS, language=str(get_locale()), actor=g.actor, now=g.now)
    return go_to(url_for("office.workbooks"))


@bp.get("/workbooks", endpoint="workbooks")
@allows(*OFFICERS)
def workbooks_page() -> ResponseReturnValue:
    """What one asked for in the last days, newest first."""
    asked = Workbook.visible_to(g.actor).order_by(Workbook.asked_at.desc(), Workbook.id.desc())
    return render_template("office/workbooks/list.html", workbooks=[_facts(each) for each in asked])


@bp.get("/workbooks/<uuid:workbook_id>/progress")
@allows(*OFFICERS)
def workbook_progress(workbook_id: UUID) -> ResponseReturnValue:
    """The part of the page that changes while the job writes."""
    return render_template("office/workbooks/_workbook.html", each=_facts(_workbook(workbook_id)))


@bp.get("/workbooks/<uuid:workbook_id>/visits.xlsx")
@allows(*OFFICERS)
def workbook_file(workbook_id: UUID) -> ResponseReturnValue:
    asked = _workbook(workbook_id)
    pieces = workbooks.read(asked, actor=g.actor, folder=_folder())
    answer = Response(pieces, mimetype=XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="visits-{day_of(asked.asked_at).isoformat()}.xlsx"'
    answer.content_length = asked.bytes
    return answer


@bp.post("/workbooks/<uuid:workbook_id>/removal")
@allows(*OFFICERS)
def remove_workbook(workbook_id: UUID) -> ResponseReturnValue:
    """Delete it; one that is being written stops."""
    workbooks.delete(_workbook(workbook_id), folder=_folder())
    flash(_("The workbook is deleted."), "done")
    return go_to(url_for("office.workbooks"))


# ---- pieces


def _workbook(workbook_id: UUID) -> Workbook:
    found: Workbook = get_object_or_404(Workbook.visible_to(g.actor), Workbook.id == workbook_id)
    return found


def _folder() -> Any:
    return current_app.config["SETTINGS"].blobs_path


def _facts(asked: Workbook) -> dict[str, Any]:
    words = in_words(log_search.Filters.of(asked.filters))
    ended = asked.ended_at
    return {
        "row": asked,
        "what": listing(str(each) for each in words.values()) or _("All visits"),
        "under_way": asked.state in workbooks.UNDER_WAY,
        "out_of_reach": not workbooks.opens(asked, g.actor),
        "megabytes": f"{max(asked.bytes / 1e6, 0.1):.1f}",
        "until": ended + timedelta(days=workbooks.KEPT_DAYS) if ended else None,
    }
