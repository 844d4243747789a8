"""Life verifications to check: the picture beside the last one, the challenge, the witness; let go or send back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

import models
from actions import pictures, reads, verifications
from actions.holders import over
from api.access import allows, get_object_or_404
from api.office import bp, forms, go_to, log
from api.office.frame import area_names
from api.office.roles import CHECKERS
from models import Challenge, Entitlement, LifeVerification, Person, Picture, Post, Resident
from rules import life_verification
from rules import pictures as rule
from rules.actors import Role
from rules.days import day_of
from rules.enrolment import CARRIES_PHONE
from rules.posts import GIVES
from rules.problems import NoAgentThere

A_PAGE = 50
OTHERS = 8  # agents to ask, with their telephone
#: What is most often wrong with a picture, as the agent reads it.
REASONS = {
    "gesture": _l("The gesture is not in the picture."),
    "unclear": _l("The face is not clear."),
    "person": _l("It does not look like the same person."),
    "document": _l("The document does not fit."),
    "witness": _l("The witness is missing."),
    "kin": _l("A relation needs a second agent, who is named."),
}


@bp.get("/verifications", endpoint="verifications")
@allows(*CHECKERS)
def verifications_page() -> ResponseReturnValue:
    """What waits for its check, the oldest first, and what was sent back and has not returned."""
    waiting = list(_waiting().limit(A_PAGE + 1))
    v = LifeVerification
    back = v.visible_to(g.actor, *CHECKERS).where((v.state == "sent_back") & v.not_retaken())
    back = back.order_by(v.revisit_on, v.id).limit(A_PAGE)
    return render_template(
        "office/verifications.html",
        waiting=_rows(waiting[:A_PAGE]),
        more=len(waiting) > A_PAGE,
        sent_back=_rows(list(back)),
        checked=_rows(list(_checked().limit(20))),
        asked=_asked(),
    )


@bp.get("/verifications/<uuid:verification_id>")
@allows(*CHECKERS)
def verification(verification_id: UUID) -> ResponseReturnValue:
    """One capture to check. `send_back` in the address opens the reasons."""
    found = _verification(verification_id)
    before = verifications.last_time(found)
    resident = Resident.get_by_id(found.resident_id)
    _note(resident)
    waiting = [key for (key,) in _waiting().select(LifeVerification.id).limit(200).tuples()]
    return render_template(
        "office/verification.html",
        verification=found,
        resident=resident,
        village=area_names({found.area}).get(found.area, ""),
        benefits=list(dict.fromkeys(log.benefits_of([found]).values())),
        before=before,
        agents=_names([found, before] if before else [found]),
        second=Person.get_or_none(Person.id == found.second_agent) if found.second_agent else None,
        challenge=Challenge.get_or_none(Challenge.id == found.challenge) if found.challenge else None,
        gesture=models.setting("verification.gestures").get(found.gesture, found.gesture),
        pictures=pictures.roles_of([found.event, before.event] if before else [found.event]),
        copies=_near_copies(found),
        due_on=_due_on(found),
        hindrance=verifications.hindrance(found, g.actor),
        may_go=not life_verification.needs_second_agent(
            kin=found.kin, second_agent=found.second_agent, captured_by=found.captured_by_id
        ),
        number=waiting.index(found.id) + 1 if found.id in waiting else 0,
        in_all=len(waiting),
        sending_back="send_back" in request.args,
        reasons=list(REASONS.items()),
    )


@bp.post("/verifications/<uuid:verification_id>/check")
@allows(*CHECKERS)
def check_verification(verification_id: UUID) -> ResponseReturnValue:
    found = verifications.check(_verification(verification_id), actor=g.actor, now=g.now)
    return _next(_("%(name)s: fine, it goes to the agency.", name=found.resident.name))


@bp.post("/verifications/<uuid:verification_id>/reopening")
@allows(*CHECKERS)
def reopen_verification(verification_id: UUID) -> ResponseReturnValue:
    verifications.reopen(_verification(verification_id), actor=g.actor, now=g.now)
    flash(_("Taken back. It waits for its check again."), "done")
    return go_to(url_for("office.verification", verification_id=verification_id))


@bp.post("/verifications/<uuid:verification_id>/return")
@allows(*CHECKERS)
def send_verification_back(verification_id: UUID) -> ResponseReturnValue:
    why = " ".join(
        [
            *(str(REASONS[r]) for r in request.form.getlist("reason") if r in REASONS),
            forms.words("words", needed=False, limit=120),
        ]
    )
    found = verifications.send_back(_verification(verification_id), why, actor=g.actor, now=g.now)
    return _next(_("%(name)s: sent back to the agent's phone.", name=found.resident.name))


@bp.post("/verifications/<uuid:verification_id>/another-agent")
@allows(*CHECKERS)
def ask_another(verification_id: UUID) -> ResponseReturnValue:
    """Ask an agent who is not kin to take the picture."""
    found = _not_taken(verification_id)
    agent = forms.uuid("agent")
    chosen = next((person for person, _here in _others(found) if person.id == agent), None)
    if chosen is None:
        raise NoAgentThere()
    verifications.ask_another(found, chosen, actor=g.actor, now=g.now)
    flash(_("%(name)s was asked, it is on their phone.", name=chosen.name), "done")
    return go_to(url_for("office.verifications", _anchor="asked"))


@bp.post("/verifications/<uuid:verification_id>/passing-on")
@allows(*CHECKERS)
def pass_loss_on(verification_id: UUID) -> ResponseReturnValue:
    """The agency was told that somebody may no longer be entitled."""
    found = _not_taken(verification_id)
    verifications.pass_on(found, actor=g.actor, now=g.now)
    flash(_("%(name)s: noted that the agency knows.", name=found.resident.name), "done")
    return go_to(url_for("office.verifications", _anchor="asked"))


# ---- pieces


def _asked() -> list[dict[str, Any]]:
    """Who asked for another agent, and who may no longer be entitled; with the agents to ask."""
    rows = _rows(verifications.asked_of(LifeVerification.visible_to(g.actor, *CHECKERS))[:A_PAGE])
    seconds = {each["row"].second_agent for each in rows} - {None}
    names = dict(Person.select(Person.id, Person.name).where(Person.id.in_(seconds)).tuples()) if seconds else {}
    for each in rows:
        told = each["row"]
        others = _others(told) if told.outcome == "kin" else []
        each["others"] = [person for person, _here in others][:OTHERS]
        each["choices"] = [(person.id, person.name) for person, here in others if here or _may_send(told)]
        each["second"] = names.get(told.second_agent, "")
    return rows


def _may_send(told: Any) -> bool:
    """Whether this desk may give somebody from another village a post for it."""
    return any(
        Role.AGENT in GIVES.get(held.role, ()) and g.actor.covers(told.area, held.role) for held in g.actor.posts
    )


def _others(told: Any) -> list[tuple[Any, bool]]:
    """The agents of the township who are not kin, with whether they serve in that village; these first."""
    posts = Post.in_force(day_of(g.now)).where(Post.role.in_(list(CARRIES_PHONE)) & (Post.scope == told.scope))
    held = [(post.person_id, post.area) for post in posts]
    here = over(told.area, held)
    people = Person.select().where(Person.id.in_({key for key, _area in held}) & Person.removed_at.is_null())
    others = [p for p in people if p.id != told.captured_by_id and str(told.resident_id) not in (p.kin or ())]
    return sorted(((p, p.id in here) for p in others), key=lambda each: (not each[1], each[0].initials))


def _verification(verification_id: UUID) -> Any:
    found = LifeVerification.visible_to(g.actor, *CHECKERS).where(LifeVerification.state != "closed_other")
    return get_object_or_404(found, LifeVerification.id == verification_id)


def _not_taken(verification_id: UUID) -> Any:
    found = LifeVerification.visible_to(g.actor, *CHECKERS).where(LifeVerification.state == "closed_other")
    return get_object_or_404(found, LifeVerification.id == verification_id)


def _waiting() -> Any:
    v = LifeVerification
    return v.visible_to(g.actor, *CHECKERS).where(v.state == "captured").order_by(v.captured_at, v.id)


def _checked() -> Any:
    v = LifeVerification
    good = v.state.in_(("checked_ok", "exported", "acknowledged", "rejected_by_agency"))
    return v.visible_to(g.actor, *CHECKERS).where(good).order_by(v.captured_at.desc(), v.id.desc())


def _next(words: str) -> ResponseReturnValue:
    """On to the next of the pile; back to the list when it is empty."""
    flash(words, "done")
    following = _waiting().first()
    if following is None:
        return go_to(url_for("office.verifications"))
    return go_to(url_for("office.verification", verification_id=following.id))


def _rows(found: Sequence[Any]) -> list[dict[str, Any]]:
    benefits, agents = log.benefits_of(found), _names(found)
    residents = (
        {r.id: r for r in Resident.select().where(Resident.id.in_([v.resident_id for v in found]))} if found else {}
    )
    names = area_names({v.area for v in found})
    due = _due_of(found)
    return [
        {
            "row": v,
            "resident": residents[v.resident_id],
            "village": names.get(v.area, ""),
            "benefits": list(dict.fromkeys(benefits.get(e, "") for e in v.entitlements)),
            "agent": agents.get(v.captured_by_id, ""),
            "due_on": due.get(v.id),
        }
        for v in found
    ]


def _due_of(found: Sequence[Any]) -> dict[UUID, Any]:
    ids = {UUID(e) for v in found for e in v.entitlements}
    due = (
        dict(Entitlement.select(Entitlement.id, Entitlement.due_on).where(Entitlement.id.in_(ids)).tuples())
        if ids
        else {}
    )
    return {v.id: min((due[UUID(e)] for e in v.entitlements if UUID(e) in due), default=None) for v in found}


def _due_on(found: Any) -> Any:
    return _due_of([found])[found.id]


def _names(found: Sequence[Any]) -> dict[UUID, str]:
    ids = {v.captured_by_id for v in found}
    return dict(Person.select(Person.id, Person.name).where(Person.id.in_(ids)).tuples()) if ids else {}


def _near_copies(found: Any) -> list[Any] | None:
    """Earlier pictures of the same person that this one is a copy of; None while its own is not here yet."""
    p = Picture
    mine = p.select(p.near_hash).where((p.event == found.event) & (p.role == "picture")).scalar()
    if not mine:
        return None
    v = LifeVerification
    earlier = v.select().where(
        (v.resident == found.resident_id) & (v.id != found.id) & (v.captured_at < found.captured_at)
    )
    hashes = dict(
        p.select(p.event, p.near_hash).where(p.event.in_([e.event for e in earlier]) & (p.role == "picture")).tuples()
    )
    return [day_of(e.captured_at) for e in earlier if rule.is_near_copy(mine, hashes.get(e.event, ""))]


def _note(resident: Any) -> None:
    reads.note(
        [reads.Read(scope=resident.scope, person=g.actor.person, resident=resident.id, what="verification")], now=g.now
    )
