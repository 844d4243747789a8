"""People and phones: who works where, what each phone said last, and giving a phone to somebody."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import current_app, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

import models
from actions import accounts, backups, enrolments, people, phones, tails
from actions.badges import ISSUERS
from api.access import actor_of, allows, get_object_or_404
from api.office import bp, forms, go_to
from api.office.frame import area_names
from api.office.kept import kept
from api.office.phone_trouble import trouble_of
from api.office.roles import LEADS, STAFF
from api.office.words import said
from models import Account, Area, Badge, Device, Enrolment, Person, Post, Station
from rules import posts, qr
from rules.actors import Role
from rules.days import day_of
from rules.enrolment import CARRIES_PHONE, GIVES_PHONES

SILENT_DAYS = "visit.late_days"  # a phone that holds records and was not heard for so long is to be called


@bp.get("/people", endpoint="people")
@allows(*STAFF)
def people_page() -> ResponseReturnValue:
    """Everybody with a post here today, and every phone of one's places."""
    staff = _staff()
    return render_template(
        "office/people.html", staff=staff, idle=_idle({row["person"].id for row in staff}), phones=_phones(),
        can_enrol=g.actor.may(*GIVES_PHONES), may_badge=g.actor.may(*ISSUERS), kept=kept(g.actor, now=g.now),
    )  # fmt: skip


@bp.get("/people/new")
@allows(*STAFF)
def new_person() -> ResponseReturnValue:
    return render_template("office/person_new.html", roles=_roles(), areas=_areas(), stations=_stations())


@bp.post("/people")
@allows(*STAFF)
def add_person() -> ResponseReturnValue:
    form = request.form
    made = people.add(
        form.get("name", ""), _new_post(), phone=forms.phone("phone"), unit=form.get("unit", ""),
        duty=form.get("duty", ""), actor=g.actor, now=g.now,
    )  # fmt: skip
    flash(_("%(name)s is on the list.", name=made.name), "done")
    return go_to(url_for("office.person", person_id=made.id))


@bp.get("/people/<uuid:person_id>")
@allows(*STAFF)
def person(person_id: UUID) -> ResponseReturnValue:
    """One person: posts, phones, desk, and what can be done."""
    found = _person(person_id)
    today = day_of(g.now)
    held = list(Post.visible_to(g.actor).where(Post.person == found.id).order_by(Post.to_on, Post.area))
    current = [p for p in held if p.to_on is None or p.to_on >= today]
    return render_template(
        "office/person.html",
        person=found,
        posts=current,
        past=[p for p in held if p not in current],
        names=area_names({p.area for p in held}),
        phones=_phone_facts(list(_devices().where(Device.person == found.id).order_by(Device.enrolled_at.desc()))),
        account=Account.get_or_none(Account.person == found.id),
        badge=Badge.select().where(Badge.person == found.id).order_by(Badge.issued_at.desc()).first(),
        roles=_roles(),
        areas=_areas(),
        stations=_stations(),
        may_enrol=g.actor.may(*GIVES_PHONES) and any(Role(p.role) in CARRIES_PHONE for p in current),
        may_change=_may_look_after(found, current),
        may_badge=bool(current) and g.actor.may(*ISSUERS),
        needs_desk=any(Role(p.role) in posts.AT_A_DESK for p in current),
    )


@bp.post("/people/<uuid:person_id>")
@allows(*STAFF)
def change_person(person_id: UUID) -> ResponseReturnValue:
    form = request.form
    found = _person(person_id)
    people.change(
        found, name=form.get("name", ""), phone=forms.phone("phone", found.phone), unit=form.get("unit", ""),
        duty=form.get("duty", ""), actor=g.actor, now=g.now,
    )  # fmt: skip
    flash(_("Changed."), "done")
    return go_to(url_for("office.person", person_id=person_id))


@bp.post("/people/<uuid:person_id>/removal")
@allows(*STAFF)
def remove_person(person_id: UUID) -> ResponseReturnValue:
    gone = people.remove(_person(person_id), why=request.form.get("why", ""), actor=g.actor, now=g.now)
    flash(_("%(name)s no longer works here. Posts, badge and phones ended at once.", name=gone.name), "done")
    return go_to(url_for("office.people"))


@bp.post("/people/<uuid:person_id>/posts")
@allows(*STAFF)
def give_post(person_id: UUID) -> ResponseReturnValue:
    people.give_post(_person(person_id), _new_post(), actor=g.actor, now=g.now)
    flash(_("The post is given."), "done")
    return go_to(url_for("office.person", person_id=person_id))


@bp.post("/posts/<uuid:post_id>/end")
@allows(*STAFF)
def end_post(post_id: UUID) -> ResponseReturnValue:
    """End a post now; the day before today is its last."""
    post = get_object_or_404(Post.visible_to(g.actor), Post.id == post_id)
    people.end_post(post, last_on=day_of(g.now) - timedelta(days=1), actor=g.actor, now=g.now)
    flash(_("The post has ended."), "done")
    return go_to(url_for("office.person", person_id=post.person_id))


@bp.post("/people/<uuid:person_id>/account")
@allows(*STAFF)
def make_account(person_id: UUID) -> ResponseReturnValue:
    """A desk account, or a new password and second factor; both are shown this once."""
    found = _person(person_id)
    made = accounts.make(found, request.form.get("sign_in_name", ""), actor=g.actor, now=g.now)
    return render_template("office/account_made.html", person=found, made=made, code=qr.svg(made.uri))


# ---- phones


@bp.get("/phones/<uuid:device_id>")
@allows(*LEADS)
def phone(device_id: UUID) -> ResponseReturnValue:
    found = get_object_or_404(_devices(), Device.id == device_id)
    return render_template(
        "office/phone.html",
        phone=_phone_facts([found])[0],
        may_lock=g.actor.may(*GIVES_PHONES),
        awaited=backups.awaited(found.id),
        trouble=trouble_of(found),
        tail=tails.of(found),
    )


@bp.post("/phones/<uuid:device_id>/lock")
@allows(*GIVES_PHONES)
def lock_phone(device_id: UUID) -> ResponseReturnValue:
    found = get_object_or_404(Device.visible_to(g.actor, *GIVES_PHONES), Device.id == device_id)
    why, wipe = forms.words("why"), request.form.get("wipe") == "yes"
    phones.lock(found, why=why, wipe=wipe, actor=g.actor, now=g.now)
    ordered = _("The order is given. The phone sends all it has first, then it empties itself.")
    flash(
        ordered if wipe else _("The phone is locked. What it still holds is received and shown to you first."), "done"
    )
    return go_to(url_for("office.phone", device_id=device_id))


@bp.post("/phones/<uuid:device_id>/unlock")
@allows(*GIVES_PHONES)
def unlock_phone(device_id: UUID) -> ResponseReturnValue:
    found = get_object_or_404(Device.visible_to(g.actor, *GIVES_PHONES), Device.id == device_id)
    phones.unlock(found, why=forms.words("why"), actor=g.actor, now=g.now)
    flash(_("The phone counts again."), "done")
    return go_to(url_for("office.phone", device_id=device_id))


# ---- giving a phone


@bp.post("/people/<uuid:person_id>/enrolments")
@allows(*GIVES_PHONES)
def offer_enrolment(person_id: UUID) -> ResponseReturnValue:
    agent = actor_of(_person(person_id), now=g.now)
    made = enrolments.offer(agent, actor=g.actor, now=g.now)
    return go_to(url_for("office.enrolment", enrolment_id=made.id))


@bp.get("/enrolments/<uuid:enrolment_id>")
@allows(*GIVES_PHONES)
def enrolment(enrolment_id: UUID) -> ResponseReturnValue:
    """The code to scan; after the phone's claim, the six digits to type."""
    found = _enrolment(enrolment_id)
    return render_template("office/enrolment.html", phones=_phones(), **_enrolment_facts(found))


@bp.get("/enrolments/<uuid:enrolment_id>/step")
@allows(*GIVES_PHONES)
def enrolment_step(enrolment_id: UUID) -> ResponseReturnValue:
    """The same card again, asked every few seconds while a phone is awaited; 204 while nothing changed."""
    found = _enrolment(enrolment_id)
    facts = _enrolment_facts(found)
    if facts["state"] == request.args.get("seen"):
        return "", 204
    return render_template("office/_enrolment.html", **facts)


@bp.post("/enrolments/<uuid:enrolment_id>/void")
@allows(*GIVES_PHONES)
def void_enrolment(enrolment_id: UUID) -> ResponseReturnValue:
    enrolments.void(_enrolment(enrolment_id), actor=g.actor, now=g.now)
    return go_to(url_for("office.enrolment", enrolment_id=enrolment_id))


@bp.post("/enrolments/<uuid:enrolment_id>/digits")
@allows(*GIVES_PHONES)
def release_enrolment(enrolment_id: UUID) -> ResponseReturnValue:
    enrolments.release(_enrolment(enrolment_id), request.form.get("digits", ""), actor=g.actor, now=g.now)
    return go_to(url_for("office.enrolment", enrolment_id=enrolment_id))


# ---- finding


def _person(person_id: UUID) -> Any:
    return get_object_or_404(Person.visible_to(g.actor), Person.id == person_id, Person.removed_at.is_null())


def _devices() -> Any:
    return Device.visible_to(g.actor, *LEADS)


def _enrolment(enrolment_id: UUID) -> Any:
    return get_object_or_404(Enrolment.visible_to(g.actor, *GIVES_PHONES), Enrolment.id == enrolment_id)


def _may_look_after(found: Any, held: list[Any]) -> bool:
    try:
        posts.may_look_after(found.id, [(Role(p.role), p.area) for p in held], actor=g.actor)
    except posts.MayNotGivePost:
        return False
    return True


def _new_post() -> people.NewPost:
    today = day_of(g.now)
    station = forms.uuid("station") if request.form.get("station") else None
    return people.NewPost(
        forms.one_of("role", Role), forms.area("area"), forms.day("from_on") or today, forms.day("to_on"),
        station=station,
    )  # fmt: skip


def _roles() -> list[tuple[str, Any]]:
    return [(role.value, said(role.value, "role")) for role in posts.can_be_given(g.actor)]


def _areas() -> list[tuple[str, str]]:
    """The townships and villages under one's posts, as a list to choose from, in the order of their codes."""
    found: dict[str, str] = {}
    for prefix in g.actor.prefixes(*STAFF):
        under = Area.code.between(prefix.ljust(12, "0"), prefix.ljust(12, "9"))
        for area in Area.select().where(under).order_by(Area.code):
            found[area.code] = area.name if area.level != "village" else f"\u3000{area.name}"
    return list(found.items())


def _stations() -> list[tuple[str, str]]:
    """The stations under one's posts, as a list to choose from, in the order of their places."""
    found: dict[UUID, Any] = {}
    for prefix in g.actor.prefixes(*STAFF):
        under = Station.area.between(prefix.ljust(12, "0"), prefix.ljust(12, "9"))
        found |= {each.id: each for each in Station.select().where(under).order_by(Station.area, Station.name)}
    names = area_names({each.area for each in found.values()})
    return [(str(key), f"{names.get(each.area, '')} {each.name}") for key, each in found.items()]


def _staff() -> list[dict[str, Any]]:
    """People with a post in force under one's own, once each, with all their posts here."""
    today = day_of(g.now)
    here = Post.visible_to(g.actor).where((Post.from_on <= today) & (Post.to_on.is_null() | (Post.to_on >= today)))
    held: dict[UUID, list[Any]] = defaultdict(list)
    for post in here.order_by(Post.area, Post.role):
        held[post.person_id].append(post)
    names = area_names({p.area for each in held.values() for p in each})
    found = Person.select().where(Person.id.in_(list(held)) & Person.removed_at.is_null())
    rows = [{"person": p, "posts": held[p.id], "first": held[p.id][0].area} for p in found]
    with_phone = {
        d.person_id for d in Device.select(Device.person).where(Device.person.in_(list(held)), Device.state == "active")
    }
    for row in rows:
        row["places"] = [
            _("%(place)s %(role)s", place=names.get(p.area, p.area), role=said(p.role, "role")) for p in row["posts"]
        ]
        row["needs_phone"] = (
            any(Role(p.role) == Role.AGENT for p in row["posts"]) and row["person"].id not in with_phone
        )
    return sorted(rows, key=lambda row: (row["first"], row["person"].initials, str(row["person"].id)))


def _idle(busy: set[UUID]) -> list[Person]:
    """Those with a post here that is over or has not begun, and none today: a post ended by mistake is given again."""
    here = Post.visible_to(g.actor).select(Post.person).where(Post.person.not_in(busy))
    found = Person.select().where(Person.id.in_(here) & Person.removed_at.is_null())
    return list(found.order_by(Person.initials, Person.id).limit(50))


def _phones() -> list[dict[str, Any]]:
    """Phones in use or locked, those that need a call first."""
    found = _devices().where(Device.state.in_(("active", "send_only", "locked")))
    rows = _phone_facts(list(found))
    order = {"call": 0, "send_only": 2, "fine": 1, "locked": 3}
    return sorted(rows, key=lambda row: (order[row["state"]], row["place"], str(row["device"].id)))


def _phone_facts(devices: list[Any]) -> list[dict[str, Any]]:
    """What phones said last, in facts: nothing here counts or compares people."""
    today, days = day_of(g.now), models.setting(SILENT_DAYS)
    people = {p.id: p for p in Person.select().where(Person.id.in_({d.person_id for d in devices}))}
    held = Post.in_force(today).where(Post.person.in_(list(people))).order_by(Post.area)
    areas = {post.person_id: post.area for post in held}  # of several the last: a village before its township
    names = area_names(set(areas.values()))
    return [_facts_of(d, people[d.person_id], names.get(areas.get(d.person_id, ""), ""), today, days) for d in devices]


def _facts_of(device: Any, person: Any, place: str, today: date, days: int) -> dict[str, Any]:
    heard = device.heard_at or device.enrolled_at
    silent = (today - day_of(heard)).days
    waits = device.waiting_records + device.waiting_blobs
    if device.state == "locked":
        state = "locked"
    elif waits and silent >= days and device.state in ("active", "send_only"):
        state = "call"
    else:
        state = "fine" if device.state == "active" else "send_only"
    return {
        "device": device,
        "person": person,
        "place": place,
        "heard": device.heard_at,
        "silent_days": silent,
        "waits": waits,
        "state": state,
    }


def _enrolment_facts(found: Any) -> dict[str, Any]:
    state = enrolments.state_for_desk(found, now=g.now)
    facts: dict[str, Any] = {"enrolment": found, "agent": found.person, "state": state}
    if state == "offered":
        origin = current_app.config["SETTINGS"].origin
        facts["qr"] = qr.svg(f"{origin}/field/enrol#{found.code}")
        facts["typed"] = f"{found.code[:5]}-{found.code[5:10]}"
        facts["host"] = origin.partition("://")[2]
    left = max(int((found.ends_at - g.now).total_seconds()), 0)
    facts["minutes"], facts["seconds"] = divmod(left, 60)
    return facts
