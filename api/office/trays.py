"""What waits for somebody: one page of trays, and the trays themselves: requests, results to hand over, people to match,
deaths, held records, complaints. A row is a thing to do, and each is done once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import fn

import models
from actions import complaints, deaths, deliveries, held, inbox, matches, pictures, reads, requests
from actions.badges import ISSUERS
from api.access import allows, get_object_or_404
from api.filters import listing, moment
from api.office import bp, forms, go_to, waiting
from api.office.frame import PLACES, area_names
from api.office.kept import kept
from api.office.paging import page
from api.office.residents import agents_of, villages_of
from api.office.roles import CHECKERS, DESKS, LEADS, OFFICERS
from api.office.words import WORDS, said
from models import (
    Complaint,
    DeathReport,
    Delivery,
    Device,
    InboxMessage,
    JournalEntry,
    Person,
    Refusal,
    Request,
    Resident,
    Visit,
    within,
)
from rules.days import day_of

MESSAGES = 50  # one's own, shown at once; more appear as they are put away
LATELY = 20  # rows of what was done

#: tray → its page, icon and words.
TRAYS: dict[str, tuple[str, str, Any]] = {
    "verifications": ("office.verifications", "shield-check", _l("Verifications to check")),
    "requests": ("office.requests", "message-2", _l("Requests")),
    "deliveries": ("office.deliveries", "package", _l("To hand over")),
    "matches": ("office.matches", "users", _l("People to match")),
    "clashes": ("office.clashes", "alert-circle", _l("Changed on both sides")),
    "deaths": ("office.deaths", "info-circle", _l("Deaths told of")),
    "held": ("office.held", "lock", _l("Records that wait for your word")),
    "complaints": ("office.complaints", "message-language", _l("Complaints and suggestions")),
}


@bp.get("/to-do", endpoint="trays")
@allows(*DESKS)
def trays_page() -> ResponseReturnValue:
    """Every tray one's posts open, with how much is in it, and one's own messages."""
    counts = waiting.counts(g.actor)
    trays = [(*TRAYS[name], counts[name]) for name in TRAYS if name in counts]
    mine = InboxMessage.select().where((InboxMessage.person == g.actor.person) & InboxMessage.done_at.is_null())
    messages = list(mine.order_by(InboxMessage.at.desc()).limit(MESSAGES))
    subjects = {m.subject for m in messages if m.subject}
    seen = Resident.visible_to(g.actor, *DESKS).where(Resident.id.in_(subjects)) if subjects else []
    others = [p for p in PLACES if not p.on_phone and g.actor.may(*p.roles)]
    return render_template(
        "office/trays.html",
        links={m.id: _link(m) for m in messages},
        kept=kept(g.actor, now=g.now),
        trays=trays,
        messages=messages,
        names={r.id: r.name for r in seen},
        others=others,
    )


def _link(message: Any) -> str:
    """The page a message is about; "" where a desk has none."""
    if message.kind == "death" and message.about and g.actor.may(*OFFICERS):
        return url_for("office.death", death_id=message.about)
    if message.kind in ("phone", "recovery") and message.about and g.actor.may(*LEADS):
        return url_for("office.phone", device_id=message.about)
    if message.kind == "complaint" and g.actor.may(*LEADS):
        return url_for("office.complaints")
    if message.kind in ("kin", "loss") and g.actor.may(*CHECKERS):
        return url_for("office.verifications", _anchor="asked")
    if message.kind == "badge" and message.about and g.actor.may(*ISSUERS):
        return url_for("office.badge", badge_id=message.about)
    if message.kind == "due" and not message.subject and g.actor.may(*OFFICERS):
        return url_for("office.rounds")
    return url_for("office.resident", resident_id=message.subject) if message.subject else ""


@bp.post("/messages/<uuid:message_id>/done")
@allows(*DESKS)
def put_message_away(message_id: UUID) -> ResponseReturnValue:
    mine = InboxMessage.select().where(InboxMessage.person == g.actor.person)
    inbox.mark_done(get_object_or_404(mine, InboxMessage.id == message_id).id, g.actor.person, now=g.now)
    return go_to(url_for("office.trays"))


# ---- requests


@bp.get("/requests", endpoint="requests")
@allows(*OFFICERS)
def requests_page() -> ResponseReturnValue:
    """Open ones, the oldest first; `all` in the address adds what was answered."""
    r = Request
    found = r.visible_to(g.actor, *OFFICERS)
    everything = "all" in request.args
    if not everything:
        found = found.where(r.state.in_(("raised", "taken_on")))
    here = page(found, r.raised_at, r.id, newest_first=everything)
    return render_template("office/requests.html", page=here, rows=_with_people(here.rows), everything=everything)


@bp.get("/requests/<uuid:request_id>")
@allows(*OFFICERS)
def request_page(request_id: UUID) -> ResponseReturnValue:
    found = _request(request_id)
    if found.resident_id is not None:
        _note(found, "request")
    return render_template(
        "office/request.html",
        request_=found,
        row=_with_people([found])[0],
        pictures=pictures.roles_of([found.event]),
        mine=found.owner_id == g.actor.person,
        visit=_visit_of(found),
    )


@bp.post("/requests/<uuid:request_id>/<any(take_on, answer, pass_on, decline):step>")
@allows(*OFFICERS)
def deal_with_request(request_id: UUID, step: str) -> ResponseReturnValue:
    found, words = _request(request_id), request.form.get("answer", "")[:500]
    if step == "take_on":
        requests.take_on(found, actor=g.actor, now=g.now)
    elif step == "answer":
        requests.answer(found, words, actor=g.actor, now=g.now)
    elif step == "pass_on":
        requests.pass_on(found, request.form.get("to", "")[:60], words, actor=g.actor, now=g.now)
    else:
        requests.decline(found, request.form.get("why", "")[:500], actor=g.actor, now=g.now)
    flash(
        _("You have it now.")
        if step == "take_on"
        else _("The answer goes to the agent's phone, who tells the person."),
        "done",
    )
    return go_to(url_for("office.request_page", request_id=request_id))


def _visit_of(found: Any) -> Any:
    """The visit it came from, where that has arrived and is this desk's to see: an agent may still be writing it."""
    return found.visit and Visit.visible_to(g.actor, *OFFICERS).where(Visit.id == found.visit).first()


def _request(request_id: UUID) -> Any:
    return get_object_or_404(Request.visible_to(g.actor, *OFFICERS), Request.id == request_id)


# ---- to hand over


@bp.get("/deliveries", endpoint="deliveries")
@allows(*OFFICERS)
def deliveries_page() -> ResponseReturnValue:
    """What is on its way, by its day; what came back first."""
    d = Delivery
    found = d.visible_to(g.actor, *OFFICERS)
    on_the_way = page(found.where(d.state.in_(d.OPEN)), d.due_on, d.id)
    back = page(found.where(d.state == "back"), d.due_on, d.id, place="back")
    done = list(found.where(d.state == "delivered").order_by(d.done_at.desc()).limit(LATELY))
    return render_template(
        "office/deliveries.html",
        way_page=on_the_way,
        back_page=back,
        back=_with_people(back.rows),
        on_the_way=_with_people(on_the_way.rows),
        done=_with_people(done),
    )


@bp.get("/deliveries/<uuid:delivery_id>")
@allows(*OFFICERS)
def delivery(delivery_id: UUID) -> ResponseReturnValue:
    found = _delivery(delivery_id)
    _note(found, "delivery")
    return render_template(
        "office/delivery.html",
        delivery=found,
        row=_with_people([found])[0],
        agents=agents_of(found.area),
        pictures=pictures.roles_of([found.event]) if found.event else {},
        visit=_visit_of(found),
    )


@bp.post("/deliveries/<uuid:delivery_id>/plan")
@allows(*OFFICERS)
def plan_delivery_again(delivery_id: UUID) -> ResponseReturnValue:
    due_on = forms.day("due_on", needed=True)
    assert due_on is not None
    deliveries.plan_again(_delivery(delivery_id), forms.uuid("agent"), due_on, actor=g.actor, now=g.now)
    flash(_("It appears on the agent's phone."), "done")
    return go_to(url_for("office.delivery", delivery_id=delivery_id))


@bp.post("/deliveries/<uuid:delivery_id>/return")
@allows(*OFFICERS)
def bring_delivery_back(delivery_id: UUID) -> ResponseReturnValue:
    deliveries.bring_back(_delivery(delivery_id), forms.words("why", limit=120), actor=g.actor, now=g.now)
    flash(_("It is back at the station, and off the agent's phone."), "done")
    return go_to(url_for("office.delivery", delivery_id=delivery_id))


def _delivery(delivery_id: UUID) -> Any:
    return get_object_or_404(Delivery.visible_to(g.actor, *OFFICERS), Delivery.id == delivery_id)


# ---- people to match


@bp.get("/matches", endpoint="matches")
@allows(*OFFICERS)
def matches_page() -> ResponseReturnValue:
    here = page(waiting.matches(g.actor), Resident.area, Resident.initials, Resident.id)
    merged = Resident.select().where(
        within(Resident.scope, Resident.area, g.actor.prefixes(*OFFICERS)) & (Resident.state == "merged")
    )
    return render_template(
        "office/matches.html",
        page=here,
        rows=here.rows,
        merged=list(merged.order_by(Resident.id.desc()).limit(LATELY)),
        names=area_names({r.area for r in here.rows}),
    )


@bp.get("/matches/<uuid:resident_id>")
@allows(*OFFICERS)
def match(resident_id: UUID) -> ResponseReturnValue:
    """A provisional person beside those who may be meant."""
    found = _provisional(resident_id)
    _note(found, "resident")
    likely = matches.likely(found)
    wanted = request.args.get("known", "")
    if wanted:
        chosen = get_object_or_404(_known(), Resident.id == forms.as_uuid(wanted))
        likely = [(chosen, matches.agreement(found, chosen)), *((r, a) for r, a in likely if r.id != chosen.id)]
    return render_template(
        "office/match.html",
        here=found,
        likely=likely,
        names=dict(villages_of(found)),
        by=_person_of("resident.provisional", found.id),
        visits=list(Visit.select().where(Visit.resident == found.id).order_by(Visit.ended_at.desc()).limit(5)),
    )


@bp.post("/matches/<uuid:resident_id>/merge")
@allows(*OFFICERS)
def merge(resident_id: UUID) -> ResponseReturnValue:
    known = get_object_or_404(_known(), Resident.id == forms.uuid("resident"))
    matches.merge(_provisional(resident_id), known, actor=g.actor, now=g.now)
    flash(_("Made one. It can be undone on this page."), "done")
    return go_to(url_for("office.resident", resident_id=known.id))


@bp.post("/matches/<uuid:resident_id>/verify")
@allows(*OFFICERS)
def keep_as_new(resident_id: UUID) -> ResponseReturnValue:
    """Nobody on the lists: a new resident."""
    found = matches.accept(_provisional(resident_id), actor=g.actor, now=g.now)
    flash(_("%(name)s is on the list of residents now.", name=found.name), "done")
    return go_to(url_for("office.resident", resident_id=resident_id))


@bp.post("/matches/<uuid:resident_id>/part")
@allows(*OFFICERS)
def part(resident_id: UUID) -> ResponseReturnValue:
    merged = get_object_or_404(_residents(), Resident.id == resident_id, Resident.state == "merged")
    matches.part(merged, actor=g.actor, now=g.now)
    flash(_("They are two again. Everything recorded at the door is back with this person."), "done")
    return go_to(url_for("office.match", resident_id=resident_id))


def _residents() -> Any:
    return Resident.visible_to(g.actor, *OFFICERS)


def _known() -> Any:
    return _residents().where(Resident.state == "verified")


def _provisional(resident_id: UUID) -> Any:
    return get_object_or_404(_residents(), Resident.id == resident_id, Resident.state == "provisional")


# ---- deaths


@bp.get("/deaths", endpoint="deaths")
@allows(*OFFICERS)
def deaths_page() -> ResponseReturnValue:
    d = DeathReport
    found = d.visible_to(g.actor, *OFFICERS)
    here = page(found.where(d.state == "reported"), d.reported_at, d.id)
    return render_template(
        "office/deaths.html",
        page=here,
        rows=_with_people(here.rows),
        decided=_with_people(list(found.where(d.state != "reported").order_by(d.decided_at.desc()).limit(LATELY))),
    )


@bp.get("/deaths/<uuid:death_id>")
@allows(*OFFICERS)
def death(death_id: UUID) -> ResponseReturnValue:
    found = _death(death_id)
    _note(found, "death")
    return render_template("office/death.html", death=found, row=_with_people([found])[0])


@bp.post("/deaths/<uuid:death_id>/confirm")
@allows(*OFFICERS)
def confirm_death(death_id: UUID) -> ResponseReturnValue:
    source = forms.words("source", limit=120)
    deaths.confirm(_death(death_id), source, forms.day("died_on"), actor=g.actor, now=g.now)
    flash(_("Noted with its source. Visits and letters stay stopped."), "done")
    return go_to(url_for("office.death", death_id=death_id))


@bp.post("/deaths/<uuid:death_id>/mistake")
@allows(*OFFICERS)
def death_was_a_mistake(death_id: UUID) -> ResponseReturnValue:
    deaths.mistaken(_death(death_id), forms.words("words", limit=500), actor=g.actor, now=g.now)
    flash(_("Put right. Visits return, and the agent reads your note."), "done")
    return go_to(url_for("office.death", death_id=death_id))


def _death(death_id: UUID) -> Any:
    return get_object_or_404(DeathReport.visible_to(g.actor, *OFFICERS), DeathReport.id == death_id)


# ---- held records


@bp.get("/held", endpoint="held")
@allows(*LEADS)
def held_page() -> ResponseReturnValue:
    j, r = JournalEntry, Refusal
    here = page(waiting.held(g.actor), j.received_at, j.scope, j.position)
    there = r.select(r.id, r.hash, r.device, r.why, r.received_at).where(
        within(r.scope, None, g.actor.prefixes(*LEADS)),
        ~fn.EXISTS(j.select(1).where((j.id == r.id) & (j.hash == r.hash))),  # it came later and was taken in
    )
    refused = page(there, r.received_at, r.id, r.hash, place="refused", newest_first=True)
    devices = {d.id: d for d in Device.select().where(Device.id.in_({r.device for r in refused.rows if r.device}))}
    return render_template(
        "office/held.html",
        page=here,
        rows=_entries(here.rows),
        refused_page=refused,
        refused=[(row, devices.get(row.device)) for row in refused.rows],
    )


@bp.get("/held/<uuid:event_id>")
@allows(*LEADS)
def held_record(event_id: UUID) -> ResponseReturnValue:
    """What the record says, why it waits, and what can be done."""
    found = _entry(event_id)
    if found.subject:
        reads.note(
            [reads.Read(scope=found.scope, person=g.actor.person, resident=found.subject, what="held")], now=g.now
        )
    return render_template("office/held_record.html", row=_entries([found])[0], own=found.actor == g.actor.person)


@bp.post("/held/<uuid:event_id>/adopt")
@allows(*LEADS)
def adopt_held(event_id: UUID) -> ResponseReturnValue:
    held.adopt([_entry(event_id)], why=forms.words("why", limit=200), actor=g.actor, now=g.now)
    flash(_("The record counts now, under its author's name."), "done")
    return go_to(url_for("office.held"))


@bp.post("/held/<uuid:event_id>/answer")
@allows(*LEADS)
def answer_held(event_id: UUID) -> ResponseReturnValue:
    held.answer([_entry(event_id)], words=forms.words("answer", limit=200), actor=g.actor, now=g.now)
    flash(_("Answered. The agent reads it on the phone; the record stays without effect."), "done")
    return go_to(url_for("office.held"))


def _entry(event_id: UUID) -> Any:
    there = within(JournalEntry.scope, None, g.actor.prefixes(*LEADS)) & JournalEntry.device.is_null(False)
    return get_object_or_404(
        JournalEntry.select().where(there),
        JournalEntry.id == event_id,
        JournalEntry.state.in_(("held", "adopted", "answered")),
    )


def _entries(found: Sequence[Any]) -> list[dict[str, Any]]:
    people = dict(Person.select(Person.id, Person.name).where(Person.id.in_({e.actor for e in found})).tuples())
    subjects = {e.subject for e in found if e.subject}
    there = Resident.visible_to(g.actor, *LEADS).where(Resident.id.in_(subjects))
    residents = {r.id: r for r in there} if subjects else {}
    phones = {d.id: d for d in Device.select().where(Device.id.in_({e.device for e in found}))}
    return [
        {
            "entry": e,
            "by": people.get(e.actor, ""),
            "resident": residents.get(e.subject),
            "phone": phones.get(e.device),
            "says": _says(held.body_of(e)),
        }
        for e in found
    ]


#: How the values of these fields are said; the others as they stand. What only names other records is left out.
SAID = {"outcome": "outcome", "reasons": "reason", "source": "death-source", "why": "not-handed", "purpose": "purpose"}


def _says(body: Any) -> list[tuple[Any, str]]:
    """The body of a record in words: its label and what stands there."""
    if body is None:
        return []
    found = []
    for name, value in body:
        label = WORDS["body-field"].get(name)
        if label is None or value in (None, "", ()):
            continue
        if isinstance(value, datetime):
            words = moment(value, day_of(g.now))
        elif isinstance(value, tuple):
            words = listing(str(said(each, SAID.get(name, ""))) for each in value)
        else:
            words = str(said(value, SAID.get(name, "")))
        found.append((label, words))
    return found


# ---- complaints


@bp.get("/complaints", endpoint="complaints")
@allows(*LEADS)
def complaints_page() -> ResponseReturnValue:
    c = Complaint
    found = c.visible_to(g.actor, *LEADS)
    here = page(found.where(c.state == "received"), c.made_at, c.id)
    days, calendar = models.setting("complaint.answer_working_days"), models.working_calendar()
    return render_template(
        "office/complaints.html",
        page=here,
        answer_by={each.id: complaints.answer_by(each, days, calendar) for each in here.rows},
        answered=list(found.where(c.state == "answered").order_by(c.answered_at.desc()).limit(LATELY)),
    )


@bp.post("/complaints/<uuid:complaint_id>/answer")
@allows(*LEADS)
def answer_complaint(complaint_id: UUID) -> ResponseReturnValue:
    found = get_object_or_404(Complaint.visible_to(g.actor, *LEADS), Complaint.id == complaint_id)
    complaints.answer(found, forms.words("answer", limit=1000), actor=g.actor, now=g.now)
    flash(_("Answered. It is read on the phone."), "done")
    return go_to(url_for("office.complaints"))


# ---- pieces


def _with_people(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows with their resident, the place and the people named in them."""
    residents = (
        {r.id: r for r in Resident.select().where(Resident.id.in_({x.resident_id for x in rows}))} if rows else {}
    )
    names = area_names({x.area for x in rows})
    columns = ("raised_by_id", "owner_id", "agent_id", "reported_by_id", "decided_by_id", "planned_by_id")
    ids = {getattr(x, c) for x in rows for c in columns if getattr(x, c, None)}
    people = dict(Person.select(Person.id, Person.name).where(Person.id.in_(ids)).tuples()) if ids else {}
    return [
        {"row": x, "resident": residents.get(x.resident_id), "village": names.get(x.area, ""), "people": people}
        for x in rows
    ]


def _note(found: Any, what: str) -> None:
    resident = found.id if isinstance(found, Resident) else found.resident_id
    reads.note([reads.Read(scope=found.scope, person=g.actor.person, resident=resident, what=what)], now=g.now)


def _person_of(kind: str, subject: UUID) -> str:
    entry = JournalEntry.get_or_none((JournalEntry.subject == subject) & (JournalEntry.kind == kind))
    return (Person.select(Person.name).where(Person.id == entry.actor).scalar() or "") if entry else ""
