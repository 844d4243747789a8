"""Codes of records as an office says them, for `{{ code|said("role") }}` in templates and for exported tables.

What agents say too stands in templates/shared/words.html; this holds what only an office needs. An unknown code is
shown as it is: the agency's own name of a benefit is a word already.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

import models
from api.filters import listing
from models import Area
from rules.actors import Actor

WORDS: dict[str, dict[str, Any]] = {
    "role": {
        "agent": _l("Agent"),
        "clerk": _l("Window clerk"),
        "village_reviewer": _l("Village reviewer"),
        "township_officer": _l("Officer in charge"),
        "deputy_leader": _l("Deputy leader"),
        "township_head": _l("Head of the township"),
        "dept_officer": _l("Department officer"),
        "lead": _l("Lead of the agents"),
        "duty_leader": _l("Leader on duty"),
        "county": _l("County centre"),
        "partner": _l("Partner outlet"),
        "auditor": _l("Auditor"),
        "sysadmin": _l("Keeper of the machine"),
    },
    "field": {
        "name": _l("name"),
        "role": _l("post"),
        "area": _l("area"),
        "from_on": _l("from day"),
        "to_on": _l("to day"),
        "phone": _l("phone number"),
        "helper_phone": _l("the helper's phone number"),
        "guardian_phone": _l("the guardian's phone number"),
        "words": _l("what you write"),
        "password": _l("password"),
        "died_on": _l("day of death"),
        "answer": _l("answer"),
        "why": _l("reason"),
        "what": _l("what it is"),
        "due_on": _l("last day"),
        "agent": _l("agent"),
        "person": _l("person"),
        "source": _l("source"),
        "digits": _l("six digits"),
        "resident": _l("resident"),
        "birth_on": _l("birth day"),
        "sign_in_name": _l("sign-in name"),
        "new_password": _l("new password"),
        "to": _l("where it goes"),
        "asked": _l("whether the agent was asked"),
        "every_days": _l("days between two visits"),
        "review_on": _l("day of the next review"),
        "unit": _l("unit"),
        "duty": _l("duty"),
        "months": _l("months it is valid"),
        "picture": _l("picture of the face"),
        "file": _l("the file"),
        "kind": _l("the kind of list"),
        "station": _l("a station of the place where the post is"),
    },
    "benefit": {
        "BPIURR": _l("Pension"),
        "old-age-allowance": _l("Old-age allowance"),
        "disability-allowance": _l("Disability allowance"),
        "care-allowance": _l("Care allowance"),
    },
    "outcome": {
        "done": _l("all done"),
        "part_done": _l("partly done"),
        "not_home": _l("not at home"),
        "away": _l("away"),
        "refused": _l("not this time"),
        "hospital": _l("in hospital"),
        "moved": _l("moved"),
        "death_reported": _l("said to have died"),
        "unsafe": _l("road not safe"),
    },
    "loss": {
        "double_benefit": _l("Draws a pension elsewhere too"),
        "missing": _l("Missing for a long time"),
        "serving_sentence": _l("Serving a sentence"),
        "lost_nationality": _l("Has another nationality now"),
        "other": _l("Something else"),
    },
    "reason": {
        "verification": _l("life verification"),
        "care": _l("look in"),
        "delivery": _l("bring a result"),
        "request": _l("take a request"),
        "revisit": _l("come again"),
        "other": _l("something else"),
    },
    "visit-state": {
        "synced": _l("to look at"),
        "queried": _l("asked, waiting for the answer"),
        "answered": _l("answered, to look at"),
        "checked": _l("fine"),
    },
    "received-by": {
        "self": _l("received in person"),
        "guardian": _l("received by the guardian"),
        "authorised": _l("received by whom they named"),
        "household_adult": _l("received by family"),
    },
    "not-handed": {
        "not_home": _l("not at home"),
        "away": _l("away"),
        "refused": _l("not this time"),
        "hospital": _l("in hospital"),
        "moved": _l("moved"),
        "death_reported": _l("said to have died"),
        "not_entitled": _l("nobody there may receive it"),
        "other": _l("something else"),
    },
    "kind": {
        "visit.ended": _l("a visit"),
        "verification.captured": _l("a life verification"),
        "verification.not_taken": _l("a life verification that could not be taken"),
        "consent.given": _l("they agreed"),
        "consent.refused": _l("they did not agree"),
        "consent.withdrawn": _l("they took their agreement back"),
        "request.raised": _l("a request"),
        "delivery.made": _l("something handed over"),
        "delivery.attempted": _l("something that could not be handed over"),
        "resident.noted": _l("something about the person changed"),
        "resident.provisional": _l("somebody not on the list"),
        "resident.unmasked": _l("the full ID number was looked at"),
        "death.reported": _l("a death was told of"),
        "record.corrected": _l("a correction"),
        "query.answered": _l("an answer"),
        "complaint.made": _l("a complaint or suggestion"),
    },
    "resident-field": {
        "phone": _l("phone number"),
        "phone_of": _l("whose phone"),
        "no_phone": _l("no telephone"),
        "needs": _l("needs"),
        "dialect": _l("dialect"),
        "hours": _l("when they are at home"),
        "helper": _l("helper"),
    },
    "met": {
        "helper": _l("helper"),
        "guardian": _l("guardian"),
        "family": _l("family"),
        "neighbour": _l("neighbour"),
        "leader": _l("group leader"),
    },
    "agency-state": {
        "paying": _l("being paid"),
        "suspended": _l("suspended by the agency"),
        "resumed": _l("paid again"),
        "ended": _l("ended by the agency"),
    },
    "not-brought": {
        "damaged": _l("damaged on the phone"),
        "missing": _l("no longer on the phone"),
        "refused": _l("the county did not take it"),
        "unanswered": _l("sent several times, never answered"),
    },
    "care-state": {
        "proposed": _l("proposed, consent to be asked"),
        "enrolled": _l("on the roster"),
        "paused": _l("paused"),
        "left": _l("off the roster"),
    },
    "purpose": {
        "life_verification": _l("picture for the life verification"),
        "care_roster": _l("care roster"),
        "request_papers": _l("pictures of papers"),
    },
    "consent-state": {"given": _l("agreed"), "refused": _l("did not agree"), "withdrawn": _l("took it back")},
    "message": {
        "sent_back": _l("A picture was sent back"),
        "query": _l("A question"),
        "answer": _l("An answer"),
        "assigned": _l("Something to hand over"),
        "due": _l("Somebody is due"),
        "badge": _l("About a badge"),
        "phone_locked": _l("Your phone was locked"),
        "phone": _l("A phone: given out, or emptied"),
        "recovery": _l("The code of a phone was shown"),
        "consent": _l("Somebody took their agreement back"),
        "death": _l("About a death told of"),
        "held": _l("A record waits for your word"),
        "complaint": _l("Somebody complains or suggests"),
        "kin": _l("A relation asks for another agent"),
        "loss": _l("Perhaps no longer entitled"),
    },
    "request-state": {"answered": _l("Answered"), "passed_on": _l("Passed on"), "declined": _l("It cannot be done")},
    "death-source": {
        "family": _l("the family said so"),
        "neighbour": _l("neighbours said so"),
        "village": _l("the village said so"),
        "document": _l("a paper was seen"),
    },
    "agrees": {
        "number": _l("ID number"),
        "name": _l("name"),
        "sound": _l("sound of the name"),
        "village": _l("village"),
        "group": _l("villager group"),
        "sex": _l("sex"),
        "year": _l("year of birth"),
        "phone": _l("phone number"),
    },
    "complaint-kind": {"complaint": _l("A complaint"), "suggestion": _l("A suggestion")},
    "held": {
        "unknown-kind": _l("The phone wrote something this program does not know yet."),
        "unreadable-body": _l("It was signed well, but what it says cannot be understood."),
        "fork": _l("Two records took the same place on this phone."),
        "device-locked": _l("The phone was locked when this was made."),
        "not-own-post": _l("The post it names was not this person's."),
        "post-not-in-force": _l("The post was not in force on that day."),
        "time-uncertain": _l("It is not certain that the post was in force at that time."),
        "resident-elsewhere": _l("The person lives outside the agent's area."),
        "resident-unknown": _l("It names somebody who is not here."),
        "resident-exists": _l("It adds somebody who is already here."),
        "record-unknown": _l("It names a record that is not here."),
        "not-own-record": _l("It is about somebody else's record."),
        "too-late": _l("The days for correcting it are over."),
        "money-function": _l("A card with money on it went into other hands."),
        "already-done": _l("This was already done."),
        "id-used": _l("Another record has its number."),
    },
    "refused": {
        "malformed": _l("It has not the shape of a record."),
        "unreadable": _l("It was not sealed for this county, or cut on the way."),
        "hash-differs": _l("It is not what it says it is."),
        "unknown-device": _l("The phone is not known here."),
        "signature": _l("It was not signed by this phone."),
        "other-content": _l("The same record came before and said something else."),
    },
    "held-state": {
        "adopted": _l("It counts since somebody let it."),
        "answered": _l("It was answered and has no effect."),
    },
    "body-field": {
        "outcome": _l("Outcome"),
        "where": _l("Where"),
        "notes": _l("Notes"),
        "words": _l("Words"),
        "why": _l("Why"),
        "started_at": _l("Begun"),
        "ended_at": _l("Finished"),
        "captured_at": _l("Taken"),
        "reasons": _l("What for"),
        "name": _l("Name"),
        "relation": _l("Relation"),
        "phone": _l("Telephone"),
        "return_on": _l("Come again"),
        "document": _l("Document"),
        "condition": _l("Condition"),
        "remarks": _l("Notes"),
        "purpose": _l("Purpose"),
    },
    "mark": {"signature": _l("signature"), "thumbprint": _l("thumbprint"), "none": _l("no mark")},
    "sex": {"male": _l("male"), "female": _l("female")},
}


def said(code: Any, kind: str) -> Any:
    """The words for a code; the code itself where there are none."""
    return WORDS.get(kind, {}).get(str(code), code)


def benefit_name(code: str) -> str:
    """The short name people use for a benefit, as the county set it; else our word; else the agency's own."""
    return str(models.setting("benefits").get(code) or said(code, "benefit"))


def role_words(actor: Actor) -> str:
    """The one post by which somebody is best known: the widest area first."""
    posts = sorted(actor.posts, key=lambda p: len(p.area.rstrip("0")))
    return str(said(posts[0].role, "role")) if posts else ""


def area_name(code: str) -> str:
    return Area.select(Area.name).where(Area.code == code).scalar() or code


def gap_words(gaps: list[tuple[int, int]]) -> str:
    """Stretches of a phone's own count: 3, 7–9."""
    return listing(str(first) if first == last else f"{first}–{last}" for first, last in gaps)


def waiting_words(device: Any) -> str:
    """What a phone said it still holds: 5 records, 7 pictures."""
    return listing(
        [
            ngettext("%(num)s record", "%(num)s records", device.waiting_records) if device.waiting_records else "",
            ngettext("%(num)s picture", "%(num)s pictures", device.waiting_blobs) if device.waiting_blobs else "",
        ]
    )


def field_word(name: str) -> Any:
    return said(name, "field")


def add_to(app: Flask) -> None:
    app.jinja_env.filters["said"] = said
    app.jinja_env.globals.update(
        role_words=role_words,
        role_word=lambda role: said(role, "role"),
        area_name=area_name,
        field_word=field_word,
        gap_words=gap_words,
        waiting_words=waiting_words,
        has_page=lambda endpoint: endpoint in app.view_functions,
    )
