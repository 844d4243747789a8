"""What a lead is asked to look at: facts, never a score."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

import models
from actions import tails
from api.filters import facts, moment
from api.office.frame import area_names
from api.office.log import MOST_TRIES
from api.office.log_search import Asked, everywhere, places
from api.office.roles import LEADS, OFFICERS
from api.office.words import gap_words, waiting_words
from models import Device, Resident, Visit
from rules.actors import Actor
from rules.days import day_of
from rules.visits import tries as tries_in_a_row


@dataclass(frozen=True)
class ToLookAt:
    """A sentence of facts, where and when, and one thing to do."""

    words: str
    where: str
    action: str
    url: str


def exceptions(actor: Actor, *, now: datetime, url_for: Any, most: int = 6) -> tuple[list[ToLookAt], int]:
    """The newest facts to look at, and how many there are in all (bounded)."""
    found = [
        *_open_tails(actor, now, url_for),
        *_silent_phones(actor, now, url_for),
        *_flagged(actor, now, url_for),
        *_often_not_home(actor, now, url_for),
        *_clocks(actor, now, url_for),
    ]
    return found[:most], len(found)


def _silent_phones(actor: Actor, now: datetime, url_for: Any) -> Iterator[ToLookAt]:
    limit = now - timedelta(days=models.setting("visit.late_days"))
    d = Device
    waits = (d.waiting_records > 0) | (d.waiting_blobs > 0)
    alive = d.state.in_(("active", "send_only")) & d.emptied_at.is_null()
    silent = d.visible_to(actor, *OFFICERS).where(alive & waits & (d.heard_at < limit))
    for device in silent.order_by(d.heard_at).limit(20):
        days = (day_of(now) - day_of(device.heard_at)).days
        yield ToLookAt(
            _(
                "%(name)s's phone was not heard for %(days)s days, %(what)s not sent",
                name=device.person.name, days=days, what=waiting_words(device),
            ),
            facts([_place_of(device.person_id, now), _("last heard %(moment)s", moment=_moment(device.heard_at, now))]),
            _("Call") if device.person.phone else "",
            f"tel:{device.person.phone}" if device.person.phone else "",
        )  # fmt: skip


def _open_tails(actor: Actor, now: datetime, url_for: Any) -> Iterator[ToLookAt]:
    """Phones that cannot bring by themselves what they wrote: who must bring it is said on the phone's page."""
    for device, tail in tails.to_look_at(actor, *OFFICERS):
        name, numbers = device.person.name, gap_words(list(tail.open))
        if device.emptied_at is not None:
            words = _("%(name)s's phone was emptied, open at no. %(numbers)s", name=name, numbers=numbers)
        elif tail.lost:
            words = _("%(name)s's phone lost records, open at no. %(numbers)s", name=name, numbers=numbers)
        else:
            words = _("%(name)s's phone is gone, open at no. %(numbers)s", name=name, numbers=numbers)
        heard = device.heard_at or device.enrolled_at
        where = facts([_place_of(device.person_id, now), _("last heard %(moment)s", moment=_moment(heard, now))])
        if actor.may(*LEADS):
            yield ToLookAt(words, where, _("Look"), url_for("office.phone", device_id=device.id))
        else:
            yield ToLookAt(words, where, _("Take in a file"), url_for("office.bundles"))


def _clocks(actor: Actor, now: datetime, url_for: Any) -> Iterator[ToLookAt]:
    limit = models.setting("visit.clock_minutes") * 60_000
    d = Device
    off = (d.clock_ms > limit) | (d.clock_ms < -limit)
    for device in d.visible_to(actor, *OFFICERS).where((d.state == "active") & off).limit(20):
        yield ToLookAt(
            ngettext("A phone's clock is %(num)s minute off", "A phone's clock is %(num)s minutes off", abs(device.clock_ms) // 60_000),
            _("%(place)s, records are taken, times to be looked at", place=_place_of(device.person_id, now)),
            _("Look"),
            url_for("office.visits", agent=str(device.person_id)),
        )  # fmt: skip


FLAG_WORDS = {
    "no_mark": _l("no mark twice in a row"),
    "late": _l("arrived late"),
    "clock": _l("the phone's time does not fit"),
    "unsure_time": _l("the time is not certain"),
    "overlap": _l("two visits at the same time"),
    "many": _l("many verifications in one hour"),
    "kin": _l("the agent is kin"),
    "badge": _l("the badge was not valid that day"),
}


def _flagged(actor: Actor, now: datetime, url_for: Any) -> Iterator[ToLookAt]:
    v = Visit
    open_now = v.select().where(
        v.flagged() & v.state.in_(("synced", "answered")) & (v.ended_at > now - timedelta(days=30))
    )
    found = Asked(everywhere(open_now, places(actor))).newest(40)
    names = area_names({visit.area for visit in found})
    groups = dict(
        Resident.select(Resident.id, Resident.group).where(Resident.id.in_({x.resident_id for x in found})).tuples()
    )
    for visit in found:
        words = [str(FLAG_WORDS[flag]) for flag in visit.flags.split(",") if flag in FLAG_WORDS]
        yield ToLookAt(
            f"{visit.resident_name} {facts(words)}",
            f"{names.get(visit.area, '')}{groups.get(visit.resident_id, '')} {_moment(visit.ended_at, now)}",
            _("Look"),
            url_for("office.visit", visit_id=visit.id),
        )


def _often_not_home(actor: Actor, now: datetime, url_for: Any) -> Iterator[ToLookAt]:
    """After so many tries in a row the township decides what next (domain §6)."""
    limit = models.setting("visit.max_tries")
    v = Visit
    recent = (v.outcome == "not_home") & v.corrected_by.is_null() & (v.ended_at > now - timedelta(days=60))
    columns = (v.ended_at, v.id, v.resident, v.resident_name, v.area)
    newest: dict[UUID, tuple[str, str]] = {}
    for *_key, resident, name, area in Asked(everywhere(v.select().where(recent), places(actor))).newest_lines(
        columns, 200
    ):
        newest.setdefault(v.resident.python_value(resident), (name, area))
    failed = [resident for resident, tries in _tries(list(newest), limit).items() if tries >= limit]
    counts = _tries(failed, MOST_TRIES)
    names = area_names({newest[resident][1] for resident in failed})
    for resident in failed:
        name, area = newest[resident]
        yield ToLookAt(
            _("%(name)s was not at home %(num)s times in a row", name=name, num=counts[resident]),
            names.get(area, ""),
            _("Look"),
            url_for("office.resident", resident_id=resident),
        )


def _tries(residents: Sequence[UUID], most: int) -> dict[UUID, int]:
    """How often in a row nobody was home, of the newest so many visits of each."""
    one = (
        "SELECT CAST({0} AS INTEGER) AS number, outcome FROM visit WHERE resident_id = {1} AND corrected_by IS NULL "  # noqa: S608
        f"ORDER BY ended_at DESC LIMIT {int(most)}"
    )
    outcomes: dict[int, list[str]] = defaultdict(list)
    asked = [(number, Visit.resident.db_value(each)) for number, each in enumerate(residents)]
    for number, outcome in models.for_each(one, ("integer", "uuid"), asked):
        outcomes[number].append(outcome)
    return {each: tries_in_a_row(outcomes[number]) for number, each in enumerate(residents)}


def _place_of(person: UUID, now: datetime) -> str:
    post = (
        models.Post.in_force(day_of(now)).where(models.Post.person == person).order_by(models.Post.area.desc()).first()
    )
    return area_names({post.area}).get(post.area, "") if post else ""


def _moment(at: datetime, now: datetime) -> str:
    return moment(at, day_of(now))
