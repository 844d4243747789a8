"""Residents: found by name, initials or number, shown with what is due, changed, and looked in on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

import models
from actions import care, deliveries, lookups, people, reads, residents
from api.access import allows, get_object_or_404
from api.office import bp, forms, go_to, log, log_search, waiting
from api.office.frame import area_names, villages
from api.office.roles import DESKS, LEADS, OFFICERS
from api.office.words import benefit_name
from models import (
    Area,
    CareEntry,
    Clash,
    ConsentRecord,
    DeathReport,
    Delivery,
    Entitlement,
    LifeVerification,
    Person,
    Post,
    ReadEntry,
    Request,
    Resident,
    Visit,
)
from rules import id_numbers
from rules.actors import area_prefix
from rules.days import day_of
from rules.enrolment import CARRIES_PHONE
from rules.problems import NoAgentThere

A_PAGE = 50
NEEDS: dict[str, Any] = {
    "hearing": _l("hard of hearing"), "sight": _l("sees badly"), "mobility": _l("walks with difficulty"),
    "wheelchair": _l("uses a wheelchair"), "bedridden": _l("bedridden"), "speech": _l("speaks with difficulty"),
    "dialect": _l("speaks dialect"), "alone": _l("lives alone"),
}  # fmt: skip
LOOKS: dict[str, Any] = {
    "resident": _l("the record"), "visit": _l("a visit"), "picture": _l("a picture"),
    "id-number": _l("the full ID number"), "verification": _l("a life verification"), "id-lookup": _l("found by ID number"),
    "request": _l("a request"), "delivery": _l("something to hand over"), "death": _l("a death told of"),
    "held": _l("a record that waits"),
}  # fmt: skip


@bp.get("/residents", endpoint="residents")
@allows(*DESKS)
def residents_page() -> ResponseReturnValue:
    """Find somebody. Nothing is listed before something is asked: a list of everybody helps nobody."""
    args = request.args
    return _found(args.get("text", ""), args.get("area", ""), args.get("roster", ""), args.get("after", ""))


@bp.post("/residents/find")
@allows(*DESKS)
def find_resident() -> ResponseReturnValue:
    """What was typed leads to an address that can be shared; a whole ID number stands in no address, and no log of one."""
    text, area = request.form.get("text", ""), request.form.get("area", "")
    if _is_number(text):
        return _found(text, area)
    return go_to(url_for("office.residents", text=text.strip() or None, area=area or None))


def _found(text: str, area: str, roster: str = "", after: str = "") -> ResponseReturnValue:
    text = text.strip()[:40]
    found: list[Any] = []
    more = ""
    if text or area or roster:
        found, more = _search(text, area, roster, after)
        reads.note(
            [reads.Read(scope=log.scope_of_actor(g.actor), person=g.actor.person, resident=None, what="residents")],
            now=g.now,
        )
    return render_template(
        "office/residents.html",
        rows=found,
        names=area_names({r.area for r in found}),
        text="" if _is_number(text) else text,
        area=area,
        roster=roster,
        areas=[(a.code, a.name) for a in villages(g.actor, *DESKS)],
        more=url_for("office.residents", text=text, area=area, roster=roster, after=more) if more else "",
        asked=bool(text or area or roster),
    )


@bp.get("/residents/<uuid:resident_id>")
@allows(*DESKS)
def resident(resident_id: UUID) -> ResponseReturnValue:
    """One person: what to know, what is due, what happened, who looked."""
    found = _resident(resident_id)
    _note(found, "resident")
    return render_template("office/resident.html", **_facts(found))


@bp.post("/residents/<uuid:resident_id>/unmask")
@allows(*DESKS)
def unmask_resident(resident_id: UUID) -> ResponseReturnValue:
    """The same page with the full ID number on it, this once."""
    found = _resident(resident_id)
    number = residents.unmask(found, request.form.get("why", ""), actor=g.actor, now=g.now)
    return render_template("office/resident.html", **(_facts(found) | {"full_number": number}))


@bp.get("/residents/<uuid:resident_id>/edit")
@allows(*DESKS)
def edit_resident(resident_id: UUID) -> ResponseReturnValue:
    found = _resident(resident_id)
    _note(found, "resident")
    return render_template(
        "office/resident_edit.html",
        resident=found,
        needs=list(NEEDS.items()),
        areas=villages_of(found),
        numbered=isinstance(id_numbers.read(found.id_number or "", today=day_of(g.now)), id_numbers.IdNumber),
    )


@bp.post("/residents/<uuid:resident_id>")
@allows(*DESKS)
def change_resident(resident_id: UUID) -> ResponseReturnValue:
    form = request.form
    wanted: dict[str, Any] = {
        name: form.get(name, "").strip()[:limit]
        for name, limit in (
            ("name", 60),
            ("other_name", 60),
            ("phone_of", 40),
            ("dialect", 40),
            ("hours", 80),
            ("address", 120),
            ("group", 40),
        )
        if name in form
    }
    found = _resident(resident_id)
    wanted["phone"] = forms.phone("phone", found.phone)
    if "birth_on" in form:
        wanted["sex"] = form.get("sex", "") if form.get("sex") in ("male", "female") else ""
        wanted["birth_on"] = forms.day("birth_on")
    wanted["no_phone"] = form.get("no_phone") == "yes"
    wanted["needs"] = ",".join(code for code in NEEDS if code in form.getlist("needs"))
    wanted["helper"], wanted["guardian"] = _contact("helper", found.helper), _contact("guardian", found.guardian)
    if "area" in form:
        wanted["area"] = forms.area("area")
    residents.change(found, wanted, actor=g.actor, now=g.now)
    flash(_("Changed. Phones of the village fetch it at their next round."), "done")
    return go_to(url_for("office.resident", resident_id=resident_id))


@bp.get("/clashes", endpoint="clashes")
@allows(*OFFICERS)
def clashes_page() -> ResponseReturnValue:
    """Fields that a desk and a phone changed to different things, the oldest first; each is decided on the person's page."""
    found = list(waiting.clashes(g.actor).order_by(Clash.noted_at, Clash.id).limit(A_PAGE))
    people = {r.id: r for r in Resident.select().where(Resident.id.in_({each.resident_id for each in found}))}
    look = reads.Read(scope=log.scope_of_actor(g.actor), person=g.actor.person, resident=None, what="clashes")
    reads.note([look], now=g.now)
    return render_template("office/clashes.html", rows=[(each, people[each.resident_id]) for each in found])


@bp.post("/clashes/<uuid:clash_id>")
@allows(*DESKS)
def settle_clash(clash_id: UUID) -> ResponseReturnValue:
    clash = get_object_or_404(Clash.select(), Clash.id == clash_id)
    _resident(clash.resident_id)
    residents.settle(clash, request.form.get("which", ""), actor=g.actor, now=g.now)
    return go_to(url_for("office.resident", resident_id=clash.resident_id))


@bp.post("/residents/<uuid:resident_id>/kin")
@allows(*OFFICERS)
def declare_kin(resident_id: UUID) -> ResponseReturnValue:
    """An agent of the place said that this person is kin, or is not."""
    found = _resident(resident_id, *OFFICERS)
    agents = {key for key, _name in agents_of(found.area)}
    person = get_object_or_404(Person.select(), Person.id == forms.uuid("agent"))
    if str(person.id) not in agents:
        raise NoAgentThere()
    is_kin = request.form.get("kin") == "yes"
    people.declare_kin(person, found, is_kin=is_kin, actor=g.actor, now=g.now)
    flash(_("Noted as kin.") if is_kin else _("No longer noted as kin."), "done")
    return go_to(url_for("office.resident", resident_id=resident_id))


# ---- the care roster


@bp.post("/residents/<uuid:resident_id>/care")
@allows(*OFFICERS)
def enrol_in_care(resident_id: UUID) -> ResponseReturnValue:
    made = care.enrol(
        _resident(resident_id, *OFFICERS), forms.words("why", limit=120), forms.number("every_days", least=1, most=366),
        actor=g.actor, now=g.now,
    )  # fmt: skip
    flash(
        _("On the roster.")
        if made.state == "enrolled"
        else _("Proposed. An agent asks for their consent at the next visit."),
        "done",
    )
    return go_to(url_for("office.resident", resident_id=resident_id))


@bp.post("/care/<uuid:care_id>/<any(pause, leave, resume):step>")
@allows(*OFFICERS)
def change_care(care_id: UUID, step: str) -> ResponseReturnValue:
    """`pause` and `leave` with a reason, `resume` where consent stands."""
    entry = get_object_or_404(CareEntry.visible_to(g.actor, *OFFICERS), CareEntry.id == care_id)
    if step == "resume":
        care.resume(entry, actor=g.actor, now=g.now)
        flash(_("Visits begin again."), "done")
    elif step == "pause":
        care.pause(entry, forms.words("why", limit=120), actor=g.actor, now=g.now)
        flash(_("Paused. It can go on again at any time."), "done")
    else:
        care.leave(entry, forms.words("why", limit=120), actor=g.actor, now=g.now)
        flash(_("Taken off the roster."), "done")
    return go_to(url_for("office.resident", resident_id=entry.resident_id))


# ---- something to hand over


@bp.post("/residents/<uuid:resident_id>/deliveries")
@allows(*OFFICERS)
def plan_delivery(resident_id: UUID) -> ResponseReturnValue:
    form = request.form
    wanted = deliveries.Plan(
        what=forms.words("what", limit=60), agent=forms.uuid("agent"), due_on=forms.day("due_on", needed=True),  # type: ignore[arg-type]
        who_may=form.get("who_may", "")[:200], money_function=form.get("money_function") == "yes",
    )  # fmt: skip
    deliveries.plan(_resident(resident_id, *OFFICERS), wanted, actor=g.actor, now=g.now)
    flash(_("It appears on the agent's phone."), "done")
    return go_to(url_for("office.resident", resident_id=resident_id))


# ---- pieces


def _resident(resident_id: UUID, *roles: Any) -> Any:
    return get_object_or_404(Resident.visible_to(g.actor, *(roles or DESKS)), Resident.id == resident_id)


def _note(found: Any, what: str) -> None:
    reads.note([reads.Read(scope=found.scope, person=g.actor.person, resident=found.id, what=what)], now=g.now)


def _contact(name: str, kept: dict[str, str] | None) -> dict[str, str] | None:
    parts = {key: request.form.get(f"{name}_{key}", "").strip()[:60] for key in ("name", "relation")}
    parts["phone"] = forms.phone(f"{name}_phone", (kept or {}).get("phone", ""))
    return {key: value for key, value in parts.items() if value} or None


def villages_of(found: Any) -> list[tuple[str, str]]:
    under = Area.code.between(found.scope[:9] + "000", found.scope[:9] + "999")
    return [(a.code, a.name) for a in Area.select().where(under & (Area.level == "village")).order_by(Area.code)]


def _search(text: str, area: str, roster: str, after: str) -> tuple[list[Any], str]:
    """Fifty people whose name, initials or number begins so, in order of their names."""
    r = Resident
    found = r.visible_to(g.actor, *DESKS).where(r.state.in_(("verified", "provisional")))
    if area:
        found = found.where(r.area == area)
    if roster:
        on = CareEntry.visible_to(g.actor, *DESKS).where(CareEntry.state == roster)
        found = found.where(r.id.in_(on.select(CareEntry.resident)))
    if text:
        found = found.where(_said(text))
    name, _tilde, key = after.partition("~")
    if key:
        found = found.where((r.name > name) | ((r.name == name) & (r.id > _uuid(key))))
    rows = list(found.order_by(r.name, r.id).limit(A_PAGE + 1))
    last = rows[A_PAGE - 1] if len(rows) > A_PAGE else None
    return rows[:A_PAGE], f"{last.name}~{last.id}" if last else ""


def _said(text: str) -> Any:
    r = Resident
    plain = text.replace(" ", "").upper()
    if _is_number(text):
        return r.id_lookup == lookups.by_number(plain, actor=g.actor, scope=log.scope_of_actor(g.actor), now=g.now)
    if plain.isdigit() and len(plain) == 11:
        return r.phone == plain
    if plain[:-1].isdigit() and len(plain) == 4:
        return r.id_tail == plain
    if text.isascii():
        return (r.initials >= text.lower()) & (r.initials < text.lower() + log_search.LAST)
    return (r.name >= text) & (r.name < text + log_search.LAST)


def _is_number(text: str) -> bool:
    """Whether somebody typed a whole ID number."""
    plain = text.replace(" ", "")
    return len(plain) in (15, 18) and plain[:-1].isdigit()


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _facts(found: Any) -> dict[str, Any]:
    today = day_of(g.now)
    officer = g.actor.covers(found.area, *OFFICERS)
    visits = list(
        Visit.visible_to(g.actor, *OFFICERS)
        .where((Visit.resident == found.id) & Visit.corrected_by.is_null())
        .order_by(Visit.ended_at.desc())
        .limit(10)
    )
    looks = []
    if g.actor.covers(found.area, *LEADS):
        looks = list(
            ReadEntry.select()
            .where(ReadEntry.resident == found.id)
            .order_by(ReadEntry.at.desc(), ReadEntry.position.desc())
            .limit(10)
        )
    people = {look.person for look in looks}
    return {
        "resident": found,
        "village": area_names({found.area}).get(found.area, ""),
        "household": found.household,
        "under_one_roof": list(
            Resident.select().where((Resident.household == found.household_id) & (Resident.id != found.id)).limit(20)
        )
        if found.household_id
        else [],
        "needs": [code for code in found.needs.split(",") if code],
        "entitlements": [
            {"row": e, "name": benefit_name(e.benefit)}
            for e in Entitlement.select().where(Entitlement.resident == found.id).order_by(Entitlement.due_on)
        ],
        "care": CareEntry.select().where((CareEntry.resident == found.id) & (CareEntry.state != "left")).first(),
        "care_days": models.setting("care.every_days"),
        "visits": log.rows_of(visits),
        "requests": list(
            Request.visible_to(g.actor, *OFFICERS)
            .where(Request.resident == found.id)
            .order_by(Request.raised_at.desc())
            .limit(5)
        ),
        "deliveries": list(
            Delivery.visible_to(g.actor, *OFFICERS)
            .where(Delivery.resident == found.id)
            .order_by(Delivery.planned_at.desc())
            .limit(5)
        ),
        "verifications": list(
            LifeVerification.visible_to(g.actor, *OFFICERS)
            .where(LifeVerification.resident == found.id)
            .order_by(LifeVerification.captured_at.desc())
            .limit(5)
        ),
        "deaths": list(DeathReport.visible_to(g.actor, *OFFICERS).where(DeathReport.resident == found.id)),
        "clashes": list(Clash.select().where((Clash.resident == found.id) & (Clash.state == "open"))),
        "consents": _consents(found),
        "merged": list(Resident.select().where(Resident.merged_into == found.id)),
        "agents": agents_of(found.area),
        "kin": _kin_among(found),
        "delivery_due": today + timedelta(days=models.setting("delivery.days")),
        "looks": looks,
        "look_names": dict(Person.select(Person.id, Person.name).where(Person.id.in_(people)).tuples())
        if people
        else {},
        "look_words": LOOKS,
        "officer": officer,
        "full_number": "",
    }


def _consents(found: Any) -> dict[str, Any]:
    """The newest answer for each purpose."""
    c = ConsentRecord
    return {row.purpose: row for row in c.select().where(c.resident == found.id).order_by(c.at, c.id)}


def _kin_among(found: Any) -> list[Any]:
    """The agents of the place who said that this person is kin."""
    ids = [UUID(key) for key, _name in agents_of(found.area)]
    return [p for p in Person.select().where(Person.id.in_(ids)) if str(found.id) in (p.kin or ())]


def agents_of(area: str) -> list[tuple[str, str]]:
    posts = Post.in_force(day_of(g.now)).where(Post.role.in_(list(CARRIES_PHONE)) & (Post.scope == area[:9] + "000"))
    here = {p.person_id for p in posts if area.startswith(area_prefix(p.area))}
    found = Person.select().where(Person.id.in_(here) & Person.removed_at.is_null()).order_by(Person.initials)
    return [(str(p.id), p.name) for p in found]
