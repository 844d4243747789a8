"""What a lead is asked to look at: facts, never a score."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

import models
from actions import tails
from api.filters import facts, moment
from api.office.frame import area_names
from api.office.log import MOST_TRIES
from api.office.log_places import newest_at
from api.office.roles import LEADS, OFFICERS
from api.office.words import gap_words, waiting_words
from models import Device, Lookup, Once, Resident, Visit, given
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


class Kind(NamedTuple):
    """One kind of fact: what is found of it, bounded, what matters first, and how some of that is said."""

    find: Callable[[Actor, datetime], Sequence[Any]]
    say: Callable[[Sequence[Any], Actor, datetime], Iterable[ToLookAt]]


def exceptions(actor: Actor, *, now: datetime, most: int = 6) -> tuple[list[ToLookAt], int]:
    """The newest facts to look at, and how many there are in all (bounded). Only what is shown is put into words."""
    shown: list[ToLookAt] = []
    in_all = 0
    for kind in KINDS:
        found = kind.find(actor, now)
        in_all += len(found)
        if some := found[: most - len(shown)]:
            shown += kind.say(some, actor, now)
    return shown, in_all


# ---- phones


def _open_tails(actor: Actor, now: datetime) -> Sequence[Any]:
    """Phones that cannot bring by themselves what they wrote: who must bring it is said on the phone's page."""
    return list(tails.to_look_at(actor, *OFFICERS))


def _say_open_tails(found: Sequence[Any], actor: Actor, now: datetime) -> Iterator[ToLookAt]:
    for device, tail in found:
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


def _silent_phones(actor: Actor, now: datetime) -> Sequence[Any]:
    limit = now - timedelta(days=models.setting("visit.late_days"))
    return Device.in_order(_SILENT(actor, limit=Device.heard_at.db_value(limit)))


def _silent(actor: Actor) -> Any:
    d = Device
    waits = (d.waiting_records > 0) | (d.waiting_blobs > 0)
    alive = d.state.in_(("active", "send_only")) & d.emptied_at.is_null()
    silent = d.visible_to(actor, *OFFICERS).where(alive & waits & (d.heard_at < given("limit")))
    return silent.select(d.id).order_by(d.heard_at).limit(20)


_SILENT = Once(_silent)


def _say_silent_phones(found: Sequence[Any], actor: Actor, now: datetime) -> Iterator[ToLookAt]:
    for device in found:
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


def _clocks(actor: Actor, now: datetime) -> Sequence[Any]:
    return Device.in_order(_OFF(actor, models.setting("visit.clock_minutes")))


def _off(actor: Actor, minutes: int) -> Any:
    d = Device
    off = (d.clock_ms > minutes * 60_000) | (d.clock_ms < -minutes * 60_000)
    return d.visible_to(actor, *OFFICERS).where((d.state == "active") & off).select(d.id).limit(20)


_OFF = Once(_off)


def _say_clocks(found: Sequence[Any], actor: Actor, now: datetime) -> Iterator[ToLookAt]:
    for device in found:
        yield ToLookAt(
            ngettext("A phone's clock is %(num)s minute off", "A phone's clock is %(num)s minutes off", abs(device.clock_ms) // 60_000),
            _("%(place)s, records are taken, times to be looked at", place=_place_of(device.person_id, now)),
            _("Look"),
            url_for("office.visits", agent=str(device.person_id)),
        )  # fmt: skip


# ---- visits


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


V = Visit


class Flagged(NamedTuple):
    """A visit with exceptions, as the database keeps it."""

    ended_at: Any
    id: Any
    resident: Any
    resident_name: str
    area: str
    flags: str


def _flagged(actor: Actor, now: datetime) -> Sequence[Flagged]:
    columns = (V.ended_at, V.id, V.resident, V.resident_name, V.area, V.flags)
    since = V.ended_at.db_value(now - timedelta(days=30))
    return [Flagged._make(line) for line in newest_at(actor, _with_flags, columns, 40, since=since)]


def _with_flags() -> Any:
    return V.flagged() & V.state.in_(("synced", "answered")) & (V.ended_at > given("since"))


def _say_flagged(found: Sequence[Flagged], actor: Actor, now: datetime) -> Iterator[ToLookAt]:
    names = area_names({visit.area for visit in found})
    groups = dict(_GROUPS.by_kept({visit.resident for visit in found}))
    for visit in found:
        words = [str(FLAG_WORDS[flag]) for flag in visit.flags.split(",") if flag in FLAG_WORDS]
        ended = V.ended_at.python_value(visit.ended_at)
        yield ToLookAt(
            f"{visit.resident_name} {facts(words)}",
            f"{names.get(visit.area, '')}{groups.get(visit.resident, '')} {_moment(ended, now)}",
            _("Look"),
            url_for("office.visit", visit_id=V.id.python_value(visit.id)),
        )


_GROUPS = Lookup(Resident.id, Resident.group, by=Resident.id)


class NotHome(NamedTuple):
    """Somebody often not met; the id as the database keeps it."""

    resident: Any
    name: str
    area: str


def _often_not_home(actor: Actor, now: datetime) -> Sequence[NotHome]:
    """After so many tries in a row the township decides what next (domain §6)."""
    limit = models.setting("visit.max_tries")
    columns = (V.ended_at, V.id, V.resident, V.resident_name, V.area)
    since = V.ended_at.db_value(now - timedelta(days=60))
    newest: dict[Any, NotHome] = {}
    for *_key, resident, name, area in newest_at(actor, _nobody_home, columns, 200, since=since):
        newest.setdefault(resident, NotHome(resident, name, area))
    return [newest[resident] for resident, tries in _tries(list(newest), limit).items() if tries >= limit]


def _say_not_home(found: Sequence[NotHome], actor: Actor, now: datetime) -> Iterator[ToLookAt]:
    counts = _tries([each.resident for each in found], MOST_TRIES)
    names = area_names({each.area for each in found})
    for each in found:
        yield ToLookAt(
            _("%(name)s was not at home %(num)s times in a row", name=each.name, num=counts[each.resident]),
            names.get(each.area, ""),
            _("Look"),
            url_for("office.resident", resident_id=V.resident.python_value(each.resident)),
        )


def _nobody_home() -> Any:
    return (V.outcome == "not_home") & V.corrected_by.is_null() & (V.ended_at > given("since"))


def _tries(residents: Sequence[Any], most: int) -> dict[Any, int]:
    """How often in a row nobody was home, of the newest so many visits of each."""
    one = (
        "SELECT CAST({0} AS INTEGER) AS number, outcome FROM visit WHERE resident_id = {1} AND corrected_by IS NULL "  # noqa: S608
        f"ORDER BY ended_at DESC LIMIT {int(most)}"
    )
    outcomes: dict[int, list[str]] = defaultdict(list)
    for number, outcome in models.for_each(one, ("integer", "uuid"), list(enumerate(residents))):
        outcomes[number].append(outcome)
    return {each: tries_in_a_row(outcomes[number]) for number, each in enumerate(residents)}


KINDS = (
    Kind(_open_tails, _say_open_tails),
    Kind(_silent_phones, _say_silent_phones),
    Kind(_flagged, _say_flagged),
    Kind(_often_not_home, _say_not_home),
    Kind(_clocks, _say_clocks),
)


def _place_of(person: UUID, now: datetime) -> str:
    post = (
        models.Post.in_force(day_of(now)).where(models.Post.person == person).order_by(models.Post.area.desc()).first()
    )
    return area_names({post.area}).get(post.area, "") if post else ""


def _moment(at: datetime, now: datetime) -> str:
    return moment(at, day_of(now))
