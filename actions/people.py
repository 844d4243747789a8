"""People who work here and their posts. `by` names the operating system's user where a command acts for no post."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from actions import badges, bell, cards, desk_sessions, journal, phones
from models import Area, Device, Person, Post, Resident, Station, transaction
from rules import names, posts
from rules.actors import Actor, Role, scope_of
from rules.days import day_of
from rules.problems import AlreadyDealtWith, FieldMissing


@dataclass(frozen=True)
class NewPost:
    """A post to give: both days included; no last day: until it is ended."""

    role: Role
    area: str
    from_on: date
    to_on: date | None = None
    kind: str = ""
    station: UUID | None = None  # where it is held, if anywhere


def add(
    name: str, post: NewPost, *, phone: str = "", unit: str = "", duty: str = "", actor: Actor | None, now: datetime,
    by: str = "",
) -> Person:  # fmt: skip
    """Somebody begins to work here, with a first post. Raises MayNotGivePost, FieldMissing."""
    name = _needed(name, "name")
    _sound(post)
    person = Person(
        name=name, initials=names.initials(name), phone=_digits(phone), unit=unit.strip(), duty=duty.strip()
    )
    if actor is not None:
        posts.may_give(post.role, post.area, person.id, actor=actor)
    scope = scope_of(post.area)
    with transaction(scope):
        person.save(force_insert=True)
        given = _post(person.id, post)
        given.save(force_insert=True)
        deeds = [
            journal.Deed("person.added", scope, {"person": person.id}, rows=[person]),
            journal.Deed("post.given", scope, _facts(given), rows=[given]),
        ]
        journal.write(deeds, actor=actor, now=now, by=by)
    return person


def change(
    person: Person, *, name: str, phone: str, unit: str, duty: str, actor: Actor | None, now: datetime, by: str = ""
) -> Person:
    """A name, telephone, unit or duty changed. Raises MayNotGivePost, FieldMissing."""
    scope = _home(person, actor)
    name = _needed(name, "name")
    with transaction(scope):
        found: Person = Person.get_by_id(person.id)
        before = {"name": found.name, "phone": found.phone, "unit": found.unit, "duty": found.duty}
        found.name, found.initials, found.phone = name, names.initials(name), _digits(phone)
        found.unit, found.duty = unit.strip(), duty.strip()
        found.save(only=[Person.name, Person.initials, Person.phone, Person.unit, Person.duty])
        body = {"person": found.id, "before": before}
        journal.write([journal.Deed("person.changed", scope, body, rows=[found])], actor=actor, now=now, by=by)
    return found


def give_post(person: Person, post: NewPost, *, actor: Actor | None, now: datetime, by: str = "") -> Post:
    """Give somebody a post. Raises MayNotGivePost, FieldMissing."""
    _sound(post)
    if actor is not None:
        posts.may_give(post.role, post.area, person.id, actor=actor)
    scope = scope_of(post.area)
    with transaction(scope):
        if Person.get_by_id(person.id).removed_at is not None:
            raise AlreadyDealtWith("removed")
        given = _post(person.id, post)
        given.save(force_insert=True)
        journal.write([journal.Deed("post.given", scope, _facts(given), rows=[given])], actor=actor, now=now, by=by)
    bell.ring("retakes")
    return given


def end_post(post: Post, *, last_on: date, actor: Actor | None, now: datetime, by: str = "") -> Post:
    """End a post after `last_on`; a day before today ends it at once. Raises MayNotGivePost."""
    if actor is not None:
        posts.may_give(Role(post.role), post.area, post.person_id, actor=actor)
    with transaction(post.scope):
        found: Post = Post.get_by_id(post.id)
        found.to_on = last_on
        found.save(only=[Post.to_on])
        journal.write(
            [journal.Deed("post.ended", found.scope, _facts(found), rows=[found])], actor=actor, now=now, by=by
        )
    bell.ring("retakes")
    return found


def declare_kin(
    person: Person, resident: Resident, *, is_kin: bool, actor: Actor | None, now: datetime, by: str = ""
) -> Person:
    """An agent says that somebody served is kin (or no longer counts so): a second agent is then needed (R-LIF-9)."""
    scope = _home(person, None)
    with transaction(scope, resident.scope):
        found: Person = Person.get_by_id(person.id)
        kin = [each for each in found.kin or [] if each != str(resident.id)]
        found.kin = [*kin, str(resident.id)] if is_kin else kin
        found.save(only=[Person.kin])
        body = {"person": found.id, "kin": is_kin}
        journal.write([journal.Deed("person.changed", scope, body, resident.id, [found])], actor=actor, now=now, by=by)
        cards.touch([resident.id], now=now)
    return found


def remove(person: Person, *, why: str, actor: Actor | None, now: datetime, by: str = "") -> Person:
    """Somebody stops working here: posts, badges, sessions and phones end in this minute. Work already done stays theirs.

    Raises MayNotGivePost, FieldMissing.
    """
    why = _needed(why, "why")
    held = _held(person.id, now)
    scope = _home(person, actor, now)
    phones_of = list(Device.select().where((Device.person == person.id) & Device.state.in_(("active", "send_only"))))
    scopes = {scope, *(p.scope for p in held), *(d.scope for d in phones_of)}
    with transaction(*scopes):
        found: Person = Person.get_by_id(person.id)
        if found.removed_at is not None:
            raise AlreadyDealtWith("removed")
        found.removed_at = now
        found.save(only=[Person.removed_at])
        deeds = [journal.Deed("person.removed", scope, {"person": found.id, "why": why}, rows=[found])]
        yesterday = day_of(now) - timedelta(days=1)
        for post in held:
            post.to_on = yesterday
            post.save(only=[Post.to_on])
            deeds.append(journal.Deed("post.ended", post.scope, _facts(post), rows=[post]))
        journal.write(deeds, actor=actor, now=now, by=by)
        badges.revoke_of([found.id], why=why, actor=actor, now=now, by=by)
        for phone in phones_of:
            phones.lock(phone, why=why, actor=actor, now=now, by=by)
        phones.end_all_of(found.id)
        desk_sessions.end_all_of(found.id, browsers_too=True)
    bell.ring("retakes")
    return found


def _home(person: Person, actor: Actor | None, now: datetime | None = None) -> str:
    """The scope in whose journal a person's own row is written: that of their first post; checks the actor's right."""
    held = list(Post.select().where(Post.person == person.id).order_by(Post.from_on, Post.id))
    if actor is not None:
        current = [p for p in held if now is None or p.to_on is None or p.to_on >= day_of(now)]
        posts.may_look_after(person.id, [(Role(p.role), p.area) for p in current or held], actor=actor)
    return str(held[0].scope)


def _held(person: UUID, now: datetime) -> list[Post]:
    today = day_of(now)
    return list(Post.select().where((Post.person == person) & (Post.to_on.is_null() | (Post.to_on >= today))))


def _post(person: UUID, post: NewPost) -> Post:
    return Post(
        person=person, role=str(post.role), area=post.area, scope=scope_of(post.area), kind=post.kind,
        station=post.station, from_on=post.from_on, to_on=post.to_on,
    )  # fmt: skip


def _facts(post: Post) -> dict[str, Any]:
    return {
        "post": post.id, "person": post.person_id, "role": post.role, "area": post.area, "from_on": post.from_on,
        "to_on": post.to_on, "station": post.station_id,
    }  # fmt: skip


def _sound(post: NewPost) -> None:
    if not Area.select().where(Area.code == post.area).exists():
        raise FieldMissing("area")
    if post.station is not None:
        station = Station.get_or_none(Station.id == post.station)
        if station is None or not posts.held_at(station.area, post.area):
            raise FieldMissing("station")
    if post.to_on is not None and post.to_on < post.from_on:
        raise FieldMissing("to_on")


def _needed(words: str, field: str) -> str:
    if not words.strip():
        raise FieldMissing(field)
    return words.strip()


def _digits(phone: str) -> str:
    return "".join(c for c in phone if c.isdigit() or c == "+")
