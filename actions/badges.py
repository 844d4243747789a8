"""Badges: issued by a township, paused, taken back; what the page at the door says of one, and the log of checks."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import models
from actions import inbox, journal
from actions.arrivals import leads_of
from models import (
    Area,
    Badge,
    BadgeScan,
    DeskSession,
    Device,
    InboxMessage,
    Person,
    PhoneSession,
    Post,
    Rows,
    transaction,
)  # fmt: skip
from rules import badges as rule
from rules import ciphers, portraits, qr
from rules.actors import Actor, HeldPost, Role, county_of, scope_of
from rules.days import day_of
from rules.problems import (
    BadgeNeedsPicture,
    BadgeNeedsPost,
    BadgeNumberTaken,
    BadgeStepNotPossible,
    FieldMissing,
    NotFound,
    PictureUnreadable,
)

#: Roles whose posts issue, pause and take back badges of their area (domain §5: the township).
ISSUERS = (Role.LEAD, Role.TOWNSHIP_HEAD, Role.DEPUTY_LEADER, Role.COUNTY)


@dataclass(frozen=True)
class Order:
    """A badge to make: for whom, what it says, the face. Empty words and no months: what the county has set."""

    person: Person
    posts: tuple[HeldPost, ...]  # in force
    unit: str = ""
    duty: str = ""
    phone: str = ""
    picture: bytes | None = None  # as uploaded; None: the one of the last badge
    first_on: date | None = None  # None: today
    months: int | None = None
    serial: int | None = None  # where a township numbers its own cards


@dataclass(frozen=True)
class Scan:
    """One check at a door. Nobody's name and no place (R-BDG-3)."""

    badge: UUID | None
    at: datetime
    result: str
    client: str


@dataclass(frozen=True)
class PhoneBadge:
    """The badge as its holder's phone shows it."""

    id: UUID
    number: str
    name: str
    unit: str
    duty: str
    phone: str
    state: str
    valid_from: date
    valid_to: date
    url: str
    qr: str
    photo: str


# ---- issued


def issue(orders: Sequence[Order], *, actor: Actor, now: datetime) -> list[Badge]:
    """Make a badge for each; whoever held one before gets the new one in its place.

    Raises BadgeNeedsPost, BadgeNeedsPicture, PictureUnreadable, BadgeNumberTaken; then none is made.
    """
    made: list[Badge] = []
    posts = [_post_shown(order, actor) for order in orders]
    with transaction(*(scope_of(post.area) for post in posts)):
        earlier = _not_ended([order.person.id for order in orders])
        taken: set[str] = set()
        for order, post in zip(orders, posts, strict=True):
            badge = _new(order, post, taken, actor=actor, now=now)
            replaced = [each for each in earlier if each.person_id == order.person.id]
            for each in replaced:
                each.state, each.ended_why, each.ended_at = "revoked", "replaced", now
            order.person.photo = badge.photo
            _save(replaced)
            models.insert([badge])
            Person.update(photo=badge.photo).where(Person.id == order.person.id).execute()
            body = {
                "badge": badge.id, "number": badge.number, "person": badge.person_id, "valid_from": badge.valid_from,
                "valid_to": badge.valid_to, "replaces": [each.id for each in replaced],
            }  # fmt: skip
            person = Person.get_by_id(order.person.id)
            journal.write(
                [journal.Deed("badge.issued", badge.scope, body, rows=[badge, person, *replaced])], actor=actor, now=now
            )
            made.append(badge)
        _tell(made, {each.id: f"新证发好了，证号 {each.number}" for each in made}, now)
    return made


def _post_shown(order: Order, actor: Actor) -> HeldPost:
    """The post the card names: an agent's before any other, within what the issuer may issue."""
    within = [post for post in order.posts if actor.covers(post.area, *ISSUERS)]
    if not within or order.person.removed_at is not None:
        raise BadgeNeedsPost()
    return min(within, key=lambda post: (post.role != Role.AGENT, post.area))


def _new(order: Order, post: HeldPost, taken: set[str], *, actor: Actor, now: datetime) -> Badge:
    scope = scope_of(post.area)
    first = order.first_on or day_of(now)
    return Badge(
        id=ciphers.uuid7(int(now.timestamp() * 1000)),
        public_id=secrets.token_urlsafe(12),
        number=_number(journal.abbreviation(scope), order.serial, taken),
        person=order.person.id,
        scope=scope,
        area=post.area,
        name=order.person.name,
        unit=order.unit.strip() or place_name(post.area),
        duty=order.duty.strip() or order.person.duty or DUTIES.get(post.role, ""),
        photo=_picture(order),
        phone=order.phone.strip(),
        state="active",
        valid_from=first,
        valid_to=rule.last_day(first, order.months or models.setting("badge.months")),
        issued_by=actor.person,
        issued_at=now,
        ended_why="",
        secret=ciphers.b64(secrets.token_bytes(32)),
    )


def _picture(order: Order) -> bytes:
    if order.picture:
        try:
            return portraits.portrait(order.picture)
        except portraits.NoPicture:
            raise PictureUnreadable() from None
    if order.person.photo is None:
        raise BadgeNeedsPicture()
    return bytes(order.person.photo)


def _number(prefix: str, serial: int | None, taken: set[str]) -> str:
    """A free number of the township; drawn, so that one number does not tell the next."""
    used = {n for (n,) in Badge.select(Badge.number).where(Badge.number.startswith(f"{prefix}-")).tuples()} | taken
    wanted = rule.number(prefix, serial) if serial is not None else ""
    if wanted in used:
        raise BadgeNumberTaken(wanted)
    while not wanted or wanted in used:
        wanted = rule.number(prefix, 1000 + secrets.randbelow(9000))
    taken.add(wanted)
    return wanted


# ---- paused, back again, taken back


def suspend(badges: Sequence[Badge], *, why: str, actor: Actor, now: datetime) -> None:
    """Pause badges: the page at the door says so at once. Raises BadgeStepNotPossible, FieldMissing."""
    _step("suspend", "badge.suspended", badges, why, "suspended", actor=actor, now=now)


def resume(badges: Sequence[Badge], *, actor: Actor, now: datetime) -> None:
    """Let paused badges count again. Raises BadgeStepNotPossible."""
    _step("resume", "badge.resumed", badges, "", "active", actor=actor, now=now)


def revoke(badges: Sequence[Badge], *, why: str, lost: bool = False, actor: Actor, now: datetime) -> None:
    """Take badges back for ever: no name or face is shown any more. Raises BadgeStepNotPossible, FieldMissing."""
    _step("revoke", "badge.revoked", badges, why, "lost" if lost else "revoked", actor=actor, now=now)


def revoke_of(people: Collection[UUID], *, why: str, actor: Actor | None, now: datetime, by: str = "") -> list[Badge]:
    """Take back every badge of people who no longer work here and end their sessions, at desks and on phones.

    Called inside the transaction that removes them; the badges' scopes are locked here.
    """
    found = _not_ended(people)
    with transaction(*(each.scope for each in found)):
        found = _not_ended(people)
        _end(found, "revoked", why, "badge.revoked", actor=actor, now=now, by=by)
        DeskSession.delete().where(DeskSession.person.in_(list(people))).execute()
        phones = Device.select(Device.id).where(Device.person.in_(list(people)))
        PhoneSession.delete().where(PhoneSession.device.in_(phones)).execute()
    return found


def _step(step: str, kind: str, badges: Sequence[Badge], why: str, state: str, *, actor: Actor, now: datetime) -> None:
    ids = [each.id for each in badges]
    scopes = {each.scope for each in badges}
    if step != "resume" and not why.strip():
        raise FieldMissing("why")
    with transaction(*scopes):
        found = list(Badge.select().where(Badge.id.in_(ids)))
        for each in found:
            if hindrance := rule.hindrance(step, term(each)):
                raise BadgeStepNotPossible(hindrance, each.number)
        _end(found, state, why.strip(), kind, actor=actor, now=now)


def _end(
    found: Sequence[Badge], state: str, why: str, kind: str, *, actor: Actor | None, now: datetime, by: str = ""
) -> None:
    for each in found:
        each.state, each.ended_why = state, why
        each.ended_at = None if state == "active" else now
    _save(found)
    deeds = [
        journal.Deed(
            kind, each.scope, {"badge": each.id, "number": each.number, "state": state, "why": why}, rows=[each]
        )
        for each in found
    ]
    journal.write(deeds, actor=actor, now=now, by=by)
    _tell(found, {each.id: SAID[kind].format(why=why) for each in found}, now)


#: What the holder reads in the inbox; said by the township, so it is not translated.
SAID = {"badge.suspended": "证先停用：{why}", "badge.resumed": "证恢复使用了", "badge.revoked": "证作废了：{why}"}


def warn_ending(*, now: datetime, limit: int = 100) -> int:
    """The daily job: holders and leads hear once that a badge ends soon. Gives how many badges; safe to repeat."""
    today = day_of(now)
    last = today + timedelta(days=models.setting("badge.warn_days"))
    told = InboxMessage.select(InboxMessage.about).where(
        (InboxMessage.kind == "badge") & InboxMessage.words.startswith(ENDING)
    )
    ending = Badge.valid_to.between(today, last) & (Badge.state == "active") & Badge.id.not_in(told)
    with transaction():
        found = list(Badge.select().where(ending).order_by(Badge.valid_to, Badge.id).limit(limit))
        leads = leads_of({each.area for each in found}, on=today)
        messages = [
            inbox.Message(person, each.scope, "badge", about=each.id, words=_ending(each, person))
            for each in found
            for person in sorted({each.person_id, *leads[each.area]})
        ]
        inbox.tell(messages, now=now)
    return len(found)


ENDING = "快到期："


def _ending(badge: Badge, reader: UUID) -> str:
    whose = "您的证" if reader == badge.person_id else f"{badge.name}的证"
    return f"{ENDING}{whose} {badge.number} 用到 {badge.valid_to.month}月{badge.valid_to.day}日，请换新证"


def _save(badges: Sequence[Badge]) -> None:
    for each in badges:  # a handful, each with its own words
        Badge.update(state=each.state, ended_why=each.ended_why, ended_at=each.ended_at).where(
            Badge.id == each.id
        ).execute()


def _not_ended(people: Collection[UUID]) -> list[Badge]:
    return list(Badge.select().where(Badge.person.in_(list(people)), Badge.state.in_(("active", "suspended"))))


def _tell(badges: Sequence[Badge], words: dict[UUID, str], now: datetime) -> None:
    inbox.tell(
        [inbox.Message(each.person_id, each.scope, "badge", about=each.id, words=words[each.id]) for each in badges],
        now=now,
    )


# ---- shown


def term(badge: Badge) -> rule.Term:
    return rule.Term(badge.state, badge.valid_from, badge.valid_to)


def by_public_id(text: str) -> Badge:
    """The badge of a printed code. Raises NotFound for one that is none, well formed or not."""
    found: list[Badge] = _BY_CODE.of([text]) if rule.is_public_id(text) else []
    if not found:
        raise NotFound()
    return found[0]


_BY_CODE = Rows(Badge, by=Badge.public_id)


def by_number(typed: str) -> Badge:
    """The badge of a number as somebody typed or said it. Raises NotFound."""
    number = rule.read_number(typed)
    found = Badge.get_or_none(Badge.number == number) if number else None
    if found is None:
        raise NotFound()
    return found


def note_scans(scans: Sequence[Scan]) -> None:
    """Log checks at doors; they belong to no journal, for nobody did anything to anybody's record."""
    with transaction():
        models.insert(
            [BadgeScan.of(badge=each.badge, at=each.at, result=each.result, client=each.client) for each in scans]
        )


def for_phone(person: UUID, *, origin: str) -> PhoneBadge | None:
    """The badge its holder carries: the newest, or None where there never was one."""
    badge = Badge.select().where(Badge.person == person).order_by(Badge.issued_at.desc(), Badge.id.desc()).first()
    if badge is None:
        return None
    url = address(badge, origin)
    return PhoneBadge(
        id=badge.id, number=badge.number, name=badge.name, unit=badge.unit, duty=badge.duty, phone=badge.phone,
        state=badge.state, valid_from=badge.valid_from, valid_to=badge.valid_to, url=url, qr=qr.svg(url),
        photo=photo_address(badge),
    )  # fmt: skip


def address(badge: Badge, origin: str) -> str:
    """What the printed code says."""
    return f"{origin}/b/{badge.public_id}"


class Face(NamedTuple):
    """What anyone at a door may read of a badge, beside its picture."""

    number: str
    name: str
    unit: str
    duty: str
    phone: str
    valid_to: date
    ended_at: datetime | None


def face(badge: Badge) -> Face:
    return Face(
        badge.number, badge.name, badge.unit, badge.duty, badge.phone, badge.valid_to, badge.ended_at
    )  # fmt: skip


def photo_address(badge: Badge) -> str:
    """The picture as a data: address, so that a page is one answer; "" where there is none."""
    return data_address(badge.photo) if badge.photo else ""


def data_address(photo: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(bytes(photo)).decode()


def place_name(area: str) -> str:
    """花梨镇清江村: the township and the village, or only the township."""
    codes = [scope_of(area), area] if area != scope_of(area) else [area]
    names = Area.names(codes)
    return "".join(names.get(code, "") for code in codes)


def places_of(person: UUID, *, on: date) -> list[str]:
    """The areas of the posts somebody holds that day."""
    return [post.area for post in Post.held_by(person, on)]


def place_names(area: str, posts: Sequence[str]) -> dict[str, Any]:
    """`county` and `township` of the card, and `place`: all areas of the holder's posts, as people say them."""
    areas = sorted({area, *posts} if area in posts or not posts else set(posts))
    county = county_of(area)
    wanted = {*areas, *(scope_of(each) for each in areas), scope_of(area), county}
    names = Area.names(wanted)
    by_scope: dict[str, list[str]] = {}
    for each in areas:
        by_scope.setdefault(scope_of(each), []).extend([] if each == scope_of(each) else [names.get(each, "")])
    places = [names.get(scope, "") + "、".join(villages) for scope, villages in by_scope.items()]
    return {"county": names.get(county, ""), "township": names.get(scope_of(area), ""), "place": "、".join(places)}


#: What a card says of a post where nobody wrote other words; it stands on paper, so it is not translated.
DUTIES = {
    Role.AGENT: "代办员",
    Role.CLERK: "窗口办事员",
    Role.TOWNSHIP_OFFICER: "镇经办人",
    Role.LEAD: "代办工作负责人",
}


def holders(actor: Actor, *, on: date) -> list[tuple[Person, tuple[HeldPost, ...]]]:
    """The people within reach of an issuer, with their posts in force: to whom a badge may be issued."""
    found = Post.in_force(on).where(models.within(Post.scope, Post.area, actor.prefixes(*ISSUERS)))
    by_person: dict[UUID, list[HeldPost]] = {}
    for post in found.order_by(Post.area, Post.role):
        by_person.setdefault(post.person_id, []).append(HeldPost(post.id, Role(post.role), post.area))
    people = Person.select().where(Person.id.in_(list(by_person)), Person.removed_at.is_null())
    return [(person, tuple(by_person[person.id])) for person in people.order_by(Person.name)]
