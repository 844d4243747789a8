"""A PIN was forgotten: the lead is shown the 24 digits that open the phone, after a second factor and with a reason.

The digits stay those of the phone until it has been opened with them and its new ones have come; they are shown only in
the answer to a fresh proof, never again by a page that is loaded anew.
"""

from __future__ import annotations

from datetime import datetime

from actions import desk_sessions, inbox, journal, reads
from models import Device, Person, Post, RecoveryReading, transaction
from rules import admission
from rules import phone_recovery as rule
from rules.actors import Actor, Role
from rules.days import day_of
from rules.problems import FieldMissing


def read_out(device: Device, code: str, *, why: str, actor: Actor, now: datetime) -> tuple[str, ...]:
    """Give the digits, in groups, to somebody who proved the second factor with `code` just now.

    Written down as a reading, as an event and as a look; the agent and the county are told. Raises FieldMissing, OwnPhone,
    PhoneNotInUse, RecoveryCodeMissing, RecoveryCodeReadOften, and of the proof TooOften, SecondFactorRefused.
    """
    why = why.strip()
    if not why:
        raise FieldMissing("why")
    _groups(device, actor, now)  # what is refused anyway spends no code
    desk_sessions.prove_by_code(actor.person, code, now=now)
    with transaction(device.scope):
        found = Device.get_by_id(device.id)  # again: it may have been locked, or have sent newer digits
        groups = _groups(found, actor, now)
        reading = RecoveryReading(device=found.id, person=actor.person, n=found.recovery_n, why=why, at=now)
        reading.save(force_insert=True)
        body = {"device": found.id, "person": found.person_id, "n": found.recovery_n, "why": why}
        deed = journal.Deed("phone.recovery_read", found.scope, body, rows=[reading])
        journal.write([deed], actor=actor, now=now)
        reads.note([reads.Read(found.scope, actor.person, None, "recovery-code", why)], now=now)
        _tell(found, actor, now)
    return groups


def _groups(device: Device, actor: Actor, now: datetime) -> tuple[str, ...]:
    r = RecoveryReading
    recent = r.at > now - rule.A_DAY
    return rule.may_read(
        rule.Phone(person=device.person_id, state=device.state, digits=device.recovery),
        actor=actor,
        of_phone=[at for (at,) in r.select(r.at).where((r.device == device.id) & recent).tuples()],
        by_actor=[at for (at,) in r.select(r.at).where((r.person == actor.person) & recent).tuples()],
        now=now,
    )


def _tell(device: Device, actor: Actor, now: datetime) -> None:
    """The agent and the county hear that the code was shown, whoever asked for it."""
    county = Post.in_force(day_of(now)).where(Post.role == Role.COUNTY)
    told = {post.person_id for post in county if admission.covers(post.area, device.scope)} - {actor.person}
    name = str(Person.select(Person.name).where(Person.id == device.person_id).scalar())
    messages = [inbox.Message(each, device.scope, "recovery", about=device.id, words=name) for each in sorted(told)]
    mine = inbox.Message(device.person_id, device.scope, "recovery", about=device.id, words=actor.name)
    inbox.tell([*messages, mine], now=now)
