"""Giving a phone to an agent: a code is shown, a phone claims it, the lead types six digits, the phone is released."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import models
from actions import inbox, journal, phones
from models import Attempt, Device, Enrolment, Installation, Person, Post, transaction
from rules import ciphers
from rules import enrolment as rule
from rules.actors import Actor, Role, area_prefix, scope_of
from rules.days import day_of
from rules.problems import DigitsDiffer, EnrolmentCodeUnknown, EnrolmentNotClaimed, EnrolmentVoid, NotFound, TooOften


@dataclass(frozen=True)
class Claimed:
    """What the phone is told: ask again for `enrolment` with `claim` as the bearer."""

    enrolment: UUID
    claim: str
    ends_at: datetime


@dataclass(frozen=True)
class Again:
    """What a phone is known by: its id, and the hash of its mailbox token. It keeps both where the county forgot it."""

    device: UUID
    mailbox_hash: str


@dataclass(frozen=True)
class Released:
    """What the phone gets once its digits were typed."""

    device: UUID
    person: UUID
    scope: str
    mailbox: str  # empty: the phone has its own


def offer(agent: Actor, *, actor: Actor, now: datetime) -> Enrolment:
    """Make a code for the agent's phone; a code still open for the same agent becomes void.

    `agent` is the person to carry the phone, with the posts in force. Raises AgentNotHere.
    """
    rule.may_offer(actor, agent)
    here = [each for each in agent.posts if actor.covers(each.area, *rule.GIVES_PHONES)]
    post = next(each for each in here if each.role in rule.CARRIES_PHONE)
    scope = scope_of(post.area)
    code = ciphers.enrolment_code(os.urandom(16))
    with transaction(scope):
        open_now = Enrolment.person == agent.person, Enrolment.state.in_(("offered", "claimed"))
        _void(list(Enrolment.select().where(*open_now)), why="a newer code", actor=actor, now=now)
        made = Enrolment.create(
            person=agent.person, scope=scope, code_hash=_hash(code), typed_hash=_hash(code[: rule.TYPED]), code=code,
            offered_by=actor.person, offered_at=now,
            ends_at=now + timedelta(minutes=models.setting("enrolment.minutes")),
        )  # fmt: skip
        journal.write(
            [journal.Deed("enrolment.offered", scope, {"enrolment": made.id, "person": agent.person})],
            actor=actor, now=now,
        )  # fmt: skip
    return made


def void(enrolment: Enrolment, *, actor: Actor, now: datetime) -> None:
    """Make an open code useless; one that is over stays as it is."""
    with transaction(enrolment.scope):
        found = Enrolment.select().where(Enrolment.id == enrolment.id, Enrolment.state.in_(("offered", "claimed")))
        _void(list(found), why="taken back", actor=actor, now=now)


def claim(
    code: str, public_key_b64: str, version: str, *, again: Again | None = None, network: str, now: datetime
) -> Claimed:
    """A phone asks with the code it was shown. Raises EnrolmentCodeUnknown, EnrolmentVoid, TooOften, BodyInvalid."""
    said = None if again is None else {"device": str(again.device), "mailbox": again.mailbox_hash}
    _limit(network, now)
    public_key = ciphers.unb64(public_key_b64)
    ciphers.public_key_from(public_key)
    cleaned = ciphers.clean_code(code)
    column = {rule.TYPED: Enrolment.typed_hash, rule.WHOLE: Enrolment.code_hash}.get(len(cleaned))
    hint = None if column is None else Enrolment.get_or_none(column == _hash(cleaned))
    if hint is None:
        _miss(f"enrol:{network}", now)
        raise EnrolmentCodeUnknown()
    with transaction(hint.scope):
        found = Enrolment.get_by_id(hint.id)  # again, now that nobody else can change it
        decision = rule.claim(_offer(found), public_key, now=now)
        token = ciphers.b64(os.urandom(32))
        if decision == "void":
            _void([found], why="claimed twice", actor=None, now=now)
        elif decision != "gone":
            Enrolment.update(
                state="claimed", code=None, public_key=public_key, claim_hash=ciphers.token_hash(token),
                digits=ciphers.enrolment_digits(cleaned[: rule.TYPED], public_key_b64), version=version, again=said,
            ).where(Enrolment.id == found.id).execute()  # fmt: skip
    if decision == "void":  # raised outside, for the voiding must stay
        raise EnrolmentVoid()
    if decision == "gone":
        _miss(f"enrol:{network}", now)
        raise EnrolmentCodeUnknown()
    return Claimed(found.id, token, found.ends_at)


def release(enrolment: Enrolment, digits: str, *, actor: Actor, now: datetime) -> Device:
    """The lead typed what the agent's phone shows: the phone becomes the agent's only active one.

    Raises EnrolmentNotClaimed, DigitsDiffer (the third miss voids the code).
    """
    typed = "".join(c for c in digits if c.isdecimal())
    with transaction(enrolment.scope):
        found = Enrolment.get_by_id(enrolment.id)
        if rule.state(_offer(found), now=now) != "claimed":
            raise EnrolmentNotClaimed()
        if typed == found.digits:
            return _release(found, actor=actor, now=now)
        misses = _miss(f"digits:{found.id}", now)
        if misses >= rule.MAX_DIGIT_MISSES:
            _void([found], why="digits differed", actor=actor, now=now)
    raise DigitsDiffer(max(rule.MAX_DIGIT_MISSES - misses, 0))


def _release(found: Enrolment, *, actor: Actor, now: datetime) -> Device:
    Person.locked(found.person_id)
    mailbox = ciphers.b64(os.urandom(32))
    made = Again(ciphers.uuid7(int(now.timestamp() * 1000)), ciphers.token_hash(mailbox))
    again = _forgotten(found)
    this = again or made
    old = list(Device.select().where(Device.person == found.person_id, Device.state == "active"))
    device = Device(
        id=this.device, person=found.person_id, scope=found.scope, public_key=found.public_key,
        mailbox_hash=this.mailbox_hash, enrolled_at=now, enrolled_by=actor.person, version=found.version,
    )  # fmt: skip
    models.insert([device])
    for each in old:
        each.state = "send_only"
    Device.update(state="send_only").where(Device.id.in_([each.id for each in old])).execute()
    phones.end_sessions([each.id for each in old])
    handed = None if again else mailbox
    Enrolment.update(state="released", device=device, mailbox=handed, digits=None).where(
        Enrolment.id == found.id
    ).execute()
    body = {"device": device.id, "person": found.person_id, "enrolment": found.id, "sends_only": [e.id for e in old]}
    kind = "device.known_again" if again else "device.enrolled"
    journal.write([journal.Deed(kind, found.scope, body, rows=[device, *old])], actor=actor, now=now)
    county = Post.in_force(day_of(now)).where(Post.role == Role.COUNTY)
    told = {found.person_id, *(post.person_id for post in county if _covers(post.area, found.scope))}
    name = Person.select(Person.name).where(Person.id == found.person_id).scalar()
    inbox.tell(
        [inbox.Message(person, found.scope, "phone", about=device.id, words=str(name)) for person in sorted(told)],
        now=now,
    )
    return device


def _forgotten(found: Enrolment) -> Again | None:
    """What the phone says it was, where a restored county bears nothing of that id or token: it goes on as that phone.

    Whoever claimed has to hold its key to open a session, and a person vouches for whose it is: more is not known of a new
    phone either. What cannot be is passed over, and the phone becomes a new one.
    """
    restored_at = Installation.select(Installation.restored_at).scalar()
    if found.again is None or restored_at is None:
        return None
    said = Again(UUID(found.again["device"]), found.again["mailbox"])
    taken = (Device.id == said.device) | (Device.mailbox_hash == said.mailbox_hash)
    given_before = ciphers.uuid7_at(said.device) < restored_at
    return said if given_before and not Device.select().where(taken).exists() else None


def state_of(enrolment: UUID, claim_token: str, *, now: datetime) -> tuple[str, Released | None]:
    """What a polling phone learns; the release can be read again until its first session. Raises NotFound."""
    found = Enrolment.get_or_none(
        (Enrolment.id == enrolment) & (Enrolment.claim_hash == ciphers.token_hash(claim_token))
    )
    if found is None:
        raise NotFound()
    state = rule.state(_offer(found), now=now)
    if state != "released":
        return {"claimed": "waiting"}.get(state, state), None
    return state, Released(found.device_id, found.person_id, found.scope, found.mailbox or "")


def forget_release(device: UUID) -> None:
    """The phone has opened its first session, so it holds its mailbox token: ours is not kept in the clear any more."""
    Enrolment.update(mailbox=None, claim_hash=None).where(
        (Enrolment.device == device) & Enrolment.mailbox.is_null(False)
    ).execute()


def state_for_desk(enrolment: Enrolment, *, now: datetime) -> str:
    """offered | claimed | released | void | expired, as of now."""
    return rule.state(_offer(enrolment), now=now)


def _void(found: list[Enrolment], *, why: str, actor: Actor | None, now: datetime) -> None:
    for each in found:
        Enrolment.update(state="void", code=None, digits=None).where(Enrolment.id == each.id).execute()
        body = {"enrolment": each.id, "person": each.person_id, "why": why}
        journal.write([journal.Deed("enrolment.voided", each.scope, body)], actor=actor, now=now)


def _offer(found: Enrolment) -> rule.Offer:
    key = None if found.public_key is None else bytes(found.public_key)
    return rule.Offer(state=found.state, ends_at=found.ends_at, public_key=key)


def _covers(area: str, scope: str) -> bool:
    return scope.startswith(area_prefix(area))


def _hash(code: str) -> str:
    return ciphers.lookup(models.keys().lookup, f"enrolment\n{code}")


def _limit(network: str, now: datetime) -> None:
    found = Attempt.get_or_none(Attempt.key == f"enrol:{network}")
    if found is not None and found.next_at > now:
        raise TooOften(seconds=int((found.next_at - now).total_seconds()) + 1)


def _miss(key: str, now: datetime) -> int:
    """Count a miss and give how many there are; after a quiet day counting begins anew."""
    with transaction():
        found = Attempt.counted(key, now=now)[key]
        misses = 1 if now - found.next_at > timedelta(days=1) else found.misses + 1
        Attempt.update(misses=misses, next_at=now + rule.wait_after(misses)).where(Attempt.key == key).execute()
    return misses
