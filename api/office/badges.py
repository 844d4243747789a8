"""Badges at the township: issue, print eight to a sheet, pause, take back. Scans are shown nowhere: they count nobody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

import models
from actions import badges, county_settings
from api.access import allows, get_object_or_404
from api.office import bp, forms, go_to
from models import Badge, Person, Station
from rules import badges as rule
from rules import qr
from rules.actors import Role, scope_of
from rules.days import day_of
from rules.problems import NotFound

A_PAGE = 50
A_SHEET = 8
PICTURE_LIMIT = 12 * 1024 * 1024

#: Filters of the list: code → words.
KINDS = {"used": _l("In use"), "ended": _l("Ended"), "all": _l("All")}


@bp.get("/badges", endpoint="badges")
@allows(*badges.ISSUERS)
def badges_page() -> ResponseReturnValue:
    """The badges of one's places, newest first, fifty at a time."""
    kind = request.args.get("kind", "used")
    query = Badge.visible_to(g.actor, *badges.ISSUERS)
    if kind == "used":
        query = query.where(Badge.state.in_(("active", "suspended")))
    elif kind == "ended":
        query = query.where(Badge.state.in_(("revoked", "lost")))
    if before := request.args.get("before"):
        query = query.where(Badge.id < _uuid(before))
    found = list(query.order_by(Badge.id.desc()).limit(A_PAGE + 1))
    warn_days = models.setting("badge.warn_days")
    return render_template(
        "office/badges/list.html",
        rows=[_facts(badge, warn_days) for badge in found[:A_PAGE]],
        kind=kind if kind in KINDS else "all",
        kinds=list(KINDS.items()),
        later=found[A_PAGE - 1].id if len(found) > A_PAGE else None,
        without=_without(),
        a_sheet=A_SHEET,
    )


@bp.get("/badges/new")
@allows(*badges.ISSUERS)
def new_badge() -> ResponseReturnValue:
    """The form for one person, filled with what the post and the last badge say."""
    person, posts = _holder(_uuid(request.args.get("person", "")))
    last = Badge.select().where(Badge.person == person.id).order_by(Badge.id.desc()).first()
    post = min(posts, key=lambda held: (held.role != Role.AGENT, held.area))
    return render_template(
        "office/badges/new.html",
        person=person,
        unit=last.unit if last else badges.place_name(post.area),
        duty=last.duty if last else person.duty or badges.DUTIES.get(post.role, ""),
        phone=last.phone if last else _office_phone(post.area),
        months=models.setting("badge.months"),
        last=last,
        photo=_photo(person.photo),
    )


@bp.post("/badges")
@allows(*badges.ISSUERS)
def issue_badge() -> ResponseReturnValue:
    person, posts = _holder(forms.uuid("person"))
    order = badges.Order(
        person,
        posts,
        unit=forms.words("unit", limit=40),
        duty=forms.words("duty", limit=20),
        phone=_digits(forms.words("phone", needed=False, limit=20)),
        picture=_uploaded("picture"),
        months=forms.number("months", least=1, most=36),
    )
    made = badges.issue([order], actor=g.actor, now=g.now)[0]
    flash(
        _("The badge of %(name)s is issued, no. %(number)s. Print it now.", name=made.name, number=made.number), "done"
    )
    return go_to(url_for("office.badge", badge_id=made.id))


@bp.get("/badges/<uuid:badge_id>")
@allows(*badges.ISSUERS)
def badge(badge_id: UUID) -> ResponseReturnValue:
    """One badge, what happened to it, and what can be done."""
    found = _badge(badge_id)
    warn_days = models.setting("badge.warn_days")
    facts = _facts(found, warn_days)
    return render_template(
        "office/badges/badge.html",
        **facts,
        photo=_photo(found.photo) if facts["verdict"] != rule.Shown.REVOKED else "",
        address=badges.address(found, current_app.config["SETTINGS"].origin),
        issuer=Person.select(Person.name).where(Person.id == found.issued_by).scalar(),
        place=badges.place_name(found.area),
        can={step: rule.hindrance(step, badges.term(found)) is None for step in ("suspend", "resume", "revoke")},
        may_renew=found.ended_why != "replaced" and any(person.id == found.person_id for person, _posts in _holders()),
        others=[_facts(each, warn_days) for each in _others(found)],
    )


@bp.post("/badges/<uuid:badge_id>/suspension")
@allows(*badges.ISSUERS)
def suspend_badge(badge_id: UUID) -> ResponseReturnValue:
    badges.suspend([_badge(badge_id)], why=forms.words("why", limit=200), actor=g.actor, now=g.now)
    flash(_("The badge is paused. Whoever scans it reads that now."), "done")
    return go_to(url_for("office.badge", badge_id=badge_id))


@bp.post("/badges/<uuid:badge_id>/resumption")
@allows(*badges.ISSUERS)
def resume_badge(badge_id: UUID) -> ResponseReturnValue:
    badges.resume([_badge(badge_id)], actor=g.actor, now=g.now)
    flash(_("The badge counts again."), "done")
    return go_to(url_for("office.badge", badge_id=badge_id))


@bp.post("/badges/<uuid:badge_id>/revocation")
@allows(*badges.ISSUERS)
def revoke_badge(badge_id: UUID) -> ResponseReturnValue:
    lost = request.form.get("lost") == "yes"
    why = forms.words("why", limit=200)
    badges.revoke([_badge(badge_id)], why=why, lost=lost, actor=g.actor, now=g.now)
    flash(_("The badge is revoked. Whoever scans it reads that now."), "done")
    return go_to(url_for("office.badge", badge_id=badge_id))


@bp.get("/badges/sheet")
@allows(*badges.ISSUERS)
def badge_sheet() -> ResponseReturnValue:
    """Cards to print, eight to an A4 sheet, with the code and the county's address in large type."""
    ids = [_uuid(text) for text in request.args.getlist("id")]
    found = list(Badge.visible_to(g.actor, *badges.ISSUERS).where(Badge.id.in_(ids)).order_by(Badge.area, Badge.number))
    if ids and not found:
        raise NotFound()
    today = day_of(g.now)
    good = [each for each in found if rule.shown(badges.term(each), on=today) is rule.Shown.VALID]
    if not good:
        flash(_("Tick the badges to print first. Only those that count now can be printed."), "soon")
        return go_to(url_for("office.badges"))
    settings = current_app.config["SETTINGS"]
    cards = [
        {"badge": each, "qr": qr.svg(badges.address(each, settings.origin)), "photo": _photo(each.photo)}
        for each in good
    ]
    return render_template(
        "office/badges/sheet.html",
        sheets=[cards[start : start + A_SHEET] for start in range(0, len(cards), A_SHEET)],
        left_out=len(found) - len(good),
        host=settings.host_name,
        county=county_settings.county_name(good[0].area),
        hotline=models.setting("county.hotline"),
    )


# ---- finding


def _badge(badge_id: UUID) -> Badge:
    found: Badge = get_object_or_404(Badge.visible_to(g.actor, *badges.ISSUERS), Badge.id == badge_id)
    return found


def _holder(person_id: UUID) -> tuple[Person, Any]:
    for person, posts in _holders():
        if person.id == person_id:
            return person, posts
    raise NotFound()


def _holders() -> list[tuple[Person, Any]]:
    """To whom a badge may be issued here today, with their posts."""
    return list(badges.holders(g.actor, on=day_of(g.now)))


def _without() -> list[Person]:
    """Whoever goes to doors here and has no badge in use."""
    holders = _holders()
    people = [person for person, posts in holders if any(post.role == Role.AGENT for post in posts)]
    in_use = Badge.state.in_(("active", "suspended")) & Badge.person.in_([person.id for person in people])
    held = {person for (person,) in Badge.select(Badge.person).where(in_use).tuples()}
    return [person for person in people if person.id not in held]


def _facts(found: Badge, warn_days: int) -> dict[str, Any]:
    term, today = badges.term(found), day_of(g.now)
    return {
        "badge": found,
        "verdict": rule.shown(term, on=today),
        "ends_soon": rule.ends_soon(term, on=today, warn_days=warn_days),
    }


def _others(found: Badge) -> list[Badge]:
    """The same person's earlier and later badges, newest first."""
    query = Badge.visible_to(g.actor, *badges.ISSUERS).where(Badge.person == found.person_id, Badge.id != found.id)
    return list(query.order_by(Badge.id.desc()).limit(A_PAGE))


def _office_phone(area: str) -> str:
    """The telephone that answers for badges of this place: the township's centre, else what the last badge said."""
    scope = scope_of(area)
    centre = Station.select(Station.phone).where(Station.area == scope, Station.phone != "").scalar()
    last = Badge.select(Badge.phone).where(Badge.scope == scope).order_by(Badge.id.desc()).limit(1).scalar()
    return str(centre or last or "")


def _photo(photo: Any) -> str:
    return badges.data_address(photo) if photo else ""


def _uploaded(name: str) -> bytes | None:
    file = request.files.get(name)
    return (file.stream.read(PICTURE_LIMIT) or None) if file else None


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit() or c in "+-")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound() from None
