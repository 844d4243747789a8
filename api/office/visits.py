"""The visit log, newest first, with its filters in the address; one visit with all it produced; the table to take away."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import flash, g, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from actions import exports, pictures, reads, visits
from api.access import allows, get_object_or_404
from api.office import bp, forms, go_to, log, log_search, log_table, to_look_at
from api.office.frame import area_names, villages
from api.office.roles import OFFICERS
from api.office.words import said
from models import (
    Delivery,
    JournalEntry,
    LifeVerification,
    Once,
    Person,
    Post,
    Request,
    Resident,
    Visit,
    Workbook,
    within,
)
from rules.actors import Actor, Role
from rules.days import day_of
from rules.events import Outcome, Reason
from rules.visits import Flag


@bp.get("/visits", endpoint="visits")
@allows(*OFFICERS)
def visits_page() -> ResponseReturnValue:
    """The log: what needs a look on top, then the filters, then the newest fifty."""
    filters = log_search.Filters.of(request.args)
    today = day_of(g.now)
    before = request.args.get("before", "")
    found, more = log_search.page(log_search.queries(g.actor, filters, today=today), before)
    most = 60 if "look" in request.args else 0 if filters.args() else 6  # what is filtered for comes first
    shown, in_all = ([], 0) if before else to_look_at.exceptions(g.actor, now=g.now, most=most)
    _note_look("visit-log", None)
    return render_template(
        "office/visits.html",
        rows=log.rows_of(found),
        more=url_for("office.visits", **filters.args(), before=more) if more else "",
        earlier=bool(before),
        exceptions=shown,
        exceptions_in_all=in_all,
        filters=filters,
        chips=_chips(filters),
        choices=_choices(),
        has_workbooks=Workbook.visible_to(g.actor).exists(),
    )


@bp.post("/visits/export")
@allows(*OFFICERS)
def export_visits() -> ResponseReturnValue:
    """The same filters as a table: UTF-8 with its mark, so that a spreadsheet reads it; numbers masked; registered."""
    return _table(whole_numbers=False)


@bp.post("/visits/export/numbers")
@allows(*OFFICERS)
def export_visits_with_numbers() -> ResponseReturnValue:
    """The same table with whole ID numbers, for a reason that stays with the look and with the export (R-PRI-4)."""
    return _table(whole_numbers=True, why=request.form.get("why", ""))


def _table(*, whole_numbers: bool, why: str = "") -> Response:
    filters = log_search.Filters.of(request.form)
    table = log_table.of(g.actor, filters, today=day_of(g.now), whole_numbers=whole_numbers)
    exports.register("visits", filters.args(), whole_numbers=whole_numbers, why=why, actor=g.actor, now=g.now)
    name = f"visits-{day_of(g.now).isoformat()}.csv"
    answer = Response(stream_with_context(log_table.as_csv(table)), mimetype="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@bp.get("/visits/<uuid:visit_id>")
@allows(*OFFICERS)
def visit(visit_id: UUID) -> ResponseReturnValue:
    """One visit with everything it produced, and what it replaced."""
    found = _visit(visit_id)
    resident = Resident.get_by_id(found.resident_id)
    verifications = list(LifeVerification.select().where(LifeVerification.visit == found.id))
    deliveries = list(Delivery.select().where(Delivery.visit == found.id))
    requests = list(Request.select().where(Request.visit == found.id))
    _note_look("visit", resident.id)
    benefits = log.benefits_of(verifications)
    events = [found.event, *(each.event for each in (*verifications, *requests))]
    entry = JournalEntry.get_or_none(JournalEntry.id == found.event)
    doubtful = {Flag.CLOCK, Flag.UNSURE_TIME} & set(found.flags.split(","))
    return render_template(
        "office/visit.html",
        visit=found,
        times=log.three_times(entry) if doubtful else None,
        row=log.rows_of([found])[0],
        resident=resident,
        agent=Person.get_by_id(found.person_id),
        village=area_names({found.area}).get(found.area, ""),
        verifications=[{"row": v, "benefits": [benefits.get(e, "") for e in v.entitlements]} for v in verifications],
        deliveries=deliveries,
        requests=requests,
        others=_others(found),
        pictures=pictures.roles_of(events),
        flags=[to_look_at.FLAG_WORDS[flag] for flag in found.flags.split(",") if flag in to_look_at.FLAG_WORDS],
        met=_met(found),
        replaced=list(Visit.select().where(Visit.corrected_by == found.event)),
        replaced_by=Visit.get_or_none(Visit.event == found.corrected_by) if found.corrected_by else None,
        entry=entry,
        own=found.person_id == g.actor.person,
    )


@bp.post("/visits/<uuid:visit_id>/check")
@allows(*OFFICERS)
def check_visit(visit_id: UUID) -> ResponseReturnValue:
    visits.check(_visit(visit_id), actor=g.actor, now=g.now)
    flash(_("Noted as fine."), "done")
    return go_to(url_for("office.visit", visit_id=visit_id))


@bp.post("/visits/<uuid:visit_id>/query")
@allows(*OFFICERS)
def ask_about_visit(visit_id: UUID) -> ResponseReturnValue:
    visits.ask(_visit(visit_id), forms.words("words", limit=200), actor=g.actor, now=g.now)
    flash(_("The question goes to the agent's phone."), "done")
    return go_to(url_for("office.visit", visit_id=visit_id))


# ---- pieces


def _visit(visit_id: UUID) -> Any:
    return get_object_or_404(Visit.visible_to(g.actor, *OFFICERS), Visit.id == visit_id)


def _note_look(what: str, resident: UUID | None) -> None:
    scope = log.scope_of_actor(g.actor)
    reads.note([reads.Read(scope=scope, person=g.actor.person, resident=resident, what=what)], now=g.now)


def _met(found: Any) -> list[str]:
    """The people met: by name where they are residents, else by relation."""
    ids = [UUID(each["resident"]) for each in found.met or () if each.get("resident")]
    names = (
        {str(k): n for k, n in Resident.select(Resident.id, Resident.name).where(Resident.id.in_(ids)).tuples()}
        if ids
        else {}
    )
    told = [
        names.get(each.get("resident", ""), "") or str(said(each.get("relation", ""), "met"))
        for each in found.met or ()
    ]
    return [each for each in told if each]


OTHER_KINDS = (
    "consent.given", "consent.refused", "consent.withdrawn", "resident.noted", "resident.unmasked", "death.reported",
    "resident.provisional",
)  # fmt: skip


def _others(found: Any) -> list[Any]:
    """What the same agent recorded of the same person around this visit."""
    around = JournalEntry.at.between(found.started_at - timedelta(minutes=5), found.ended_at + timedelta(minutes=15))
    j = JournalEntry
    of = (j.subject == found.resident_id) & (j.actor == found.person_id) & j.kind.in_(OTHER_KINDS)
    return list(j.select().where(of & around).order_by(j.at))


def _agents(actor: Actor, today: date) -> Any:
    """Who serves in one of the actor's places on that day, by initials."""
    here = within(Post.scope, Post.area, actor.prefixes(*OFFICERS))
    posts = Post.in_force(today).where(here & (Post.role == Role.AGENT))
    p = Person
    return p.select(p.id, p.name).where(p.id.in_(posts.select(Post.person))).order_by(p.initials, p.id)


_AGENTS = Once(_agents)


def _choices() -> dict[str, list[tuple[str, Any]]]:
    here = villages(g.actor, *OFFICERS)
    agents = _AGENTS(g.actor, day_of(g.now))
    return {
        "area": [(area.code, area.name) for area in here],
        "agent": [(str(Person.id.python_value(key)), name) for key, name in agents],
        "reason": [(each.value, said(each.value, "reason")) for each in Reason],
        "outcome": [(each.value, said(each.value, "outcome")) for each in Outcome],
        "state": list(log_search.STATES.items()),
        "days": list(log_search.DAYS.items()),
    }


def _chips(filters: log_search.Filters) -> list[tuple[Any, str]]:
    """The filters that are on, in words, each with the address without it."""
    return [(words, url_for("office.visits", **filters.without(name))) for name, words in in_words(filters).items()]


def in_words(filters: log_search.Filters) -> dict[str, Any]:
    """The filters that are on, by name, in words."""
    words: dict[str, Any] = {
        "area": lambda: _area_name(filters.area),
        "agent": lambda: _name_of(Person, filters.agent),
        "resident": lambda: _name_of(Resident, filters.resident),
        "reason": lambda: said(filters.reason, "reason"),
        "outcome": lambda: said(filters.outcome, "outcome"),
        "state": lambda: log_search.STATES[filters.state],
        "days": lambda: log_search.DAYS[filters.days],
        "text": lambda: filters.text,
    }
    return {name: words[name]() for name in filters.chosen}


def _area_name(code: str) -> str:
    """The name of a place in the address, for whoever has a post over it."""
    return area_names({code}).get(code, code) if g.actor.covers(code, *OFFICERS) else code


def _name_of(model: Any, key: str) -> str:
    """The name behind an id in the address, for whoever may see that person; else nothing."""
    found = model.visible_to(g.actor, *OFFICERS).where(model.id == UUID(key)).first()
    return found.name if found is not None else "…"
