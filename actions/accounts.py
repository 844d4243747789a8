"""Desk accounts: a sign-in name, a password, a second factor. Only their holder ever sees the secret, once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pyotp
from peewee import IntegrityError

from actions import desk_sessions, journal
from models import Account, Person, Post, transaction
from rules import posts
from rules.actors import Actor, Role
from rules.problems import FieldMissing, SignInNameTaken

SHORTEST_PASSWORD = 10
ISSUER = "Daiban"


@dataclass(frozen=True)
class Made:
    """What is told once, to the holder: nothing of it is stored in the clear."""

    name: str
    password: str
    totp_secret: str

    @property
    def uri(self) -> str:
        """What a code app scans."""
        return str(pyotp.TOTP(self.totp_secret).provisioning_uri(name=self.name, issuer_name=ISSUER))


def make(
    person: Person, name: str, *, password: str = "", totp_secret: str = "", known: bool = False,
    actor: Actor | None, now: datetime, by: str = "",
) -> Made:  # fmt: skip
    """Make somebody's desk account, or give it a new password and second factor; all their sessions end.

    Without a password one is made up. Raises SignInNameTaken, FieldMissing, MayNotGivePost.
    """
    name = name.strip().lower()
    if not name or len(name) > 60 or any(c.isspace() for c in name):
        raise FieldMissing("sign_in_name")
    if password and len(password) < SHORTEST_PASSWORD:
        raise FieldMissing("password")
    held = list(Post.select().where(Post.person == person.id).order_by(Post.from_on, Post.id))
    if actor is not None:
        posts.may_look_after(person.id, [(Role(p.role), p.area) for p in held], actor=actor)
    password = password or _password()
    secret = totp_secret or pyotp.random_base32()
    scope = held[0].scope
    hashed = desk_sessions.hasher.hash(password)
    with transaction(scope):
        taken = Account.get_or_none(Account.name == name)
        if taken is not None and taken.person_id != person.id:
            raise SignInNameTaken(name)
        fresh = Account.get_or_none(Account.person == person.id) is None
        row = Account(person=person.id, name=name, password=hashed, totp_secret=secret, totp_step=0, known=known)
        try:
            row.save(force_insert=fresh)
        except IntegrityError as error:  # the same name, made a moment ago
            raise SignInNameTaken(name) from error
        desk_sessions.end_all_of(person.id, browsers_too=True)
        kind = "account.made" if fresh else "account.changed"
        body: dict[str, Any] = {"person": person.id, "name": name}
        journal.write([journal.Deed(kind, scope, body, rows=[row])], actor=actor, now=now, by=by)
    return Made(name, password, secret)


def change_own_password(
    person: UUID, current: str, wanted: str, code: str, *, keep: str, now: datetime
) -> None:  # fmt: skip
    """Somebody changes their own password, with the old one and a fresh code; every other session of theirs ends.

    `keep` is the token of the session they are in. Raises SignInRefused, TooOften, FieldMissing.
    """
    if len(wanted) < SHORTEST_PASSWORD or wanted == current:
        raise FieldMissing("new_password")
    desk_sessions.prove(person, current, code, now=now)
    hashed = desk_sessions.hasher.hash(wanted)
    first = Post.select().where(Post.person == person).order_by(Post.from_on, Post.id).first()
    with transaction(first.scope):
        row: Account = Account.get(Account.person == person)
        row.password = hashed
        row.save(only=[Account.password])
        desk_sessions.end_all_of(person, browsers_too=True, but=keep)
        deed = journal.Deed("account.changed", first.scope, {"person": person, "name": row.name}, rows=[row])
        journal.write([deed], actor=Actor(person, row.name, ()), now=now)


def _password() -> str:
    """Four groups that can be read out and typed: 80 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
