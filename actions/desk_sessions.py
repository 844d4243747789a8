"""Signing in at a desk and out again. A session is a row with its token's hash: ended at once by removing the row."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models import Account, Attempt, DeskSession, Installation, KnownBrowser, Person, transaction
from rules import ciphers, sign_in
from rules.problems import SecondFactorRefused, SignInRefused, TooOften

KNOWN_FOR = timedelta(days=180)

hasher = PasswordHasher()
#: Checked when there is no such account, so that the answer takes as long.
NOBODY = hasher.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True)
class Opened:
    """What the browser gets: the session's token, and one by which it is known next time."""

    token: str
    known: str
    person: UUID


def open_with(
    name: str, password: str, code: str, *, network: str, known: str = "", browser: str = "", hours: int, now: datetime
) -> Opened:
    """Sign in with name, password and the second factor's code; each code counts once.

    Misses are counted before the password is looked at, so that many tries at once do not slip through. A browser
    that signed in before as this person is counted by itself, so nobody else's misses can lock it out.
    Raises TooOften, SignInRefused.
    """
    account = Account.select(Account, Person).join(Person).where(Account.name == name.strip().lower()).first()
    keys = _counted_by(account, name, network, known, now)
    _count_a_miss(keys, now)
    fits = _password_fits(account, password)
    step = sign_in.totp_step(account.totp_secret, code, now=now) if account and account.totp_secret else None
    if not fits or step is None or account.person.removed_at is not None:
        raise SignInRefused()
    if account.known and not Installation.is_demo():  # everybody can read it in our documents
        raise SignInRefused()
    with transaction():
        taken = Account.update(totp_step=step).where((Account.person == account.person) & (Account.totp_step < step))
        if taken.execute() == 0:
            raise SignInRefused()
        _forgive(keys)
        return _open(account.person_id, known, browser, hours, now)


def prove(person: UUID, password: str, code: str, *, now: datetime) -> None:
    """Make sure that whoever sits at an open desk is its holder. Raises TooOften, SignInRefused."""
    account = Account.get_or_none(Account.person == person)
    keys = {f"desk-proof:{person}": sign_in.FREE_MISSES}
    _count_a_miss(keys, now)
    step = sign_in.totp_step(account.totp_secret, code, now=now) if account and account.totp_secret else None
    if not _password_fits(account, password) or step is None:
        raise SignInRefused()
    with transaction():
        if Account.update(totp_step=step).where((Account.person == person) & (Account.totp_step < step)).execute() == 0:
            raise SignInRefused()
        _forgive(keys)


def prove_by_code(person: UUID, code: str, *, now: datetime) -> None:
    """Make sure that whoever sits at an open desk holds its second factor now. Raises TooOften, SecondFactorRefused."""
    account = Account.get_or_none(Account.person == person)
    keys = {f"desk-proof:{person}": sign_in.FREE_MISSES}
    _count_a_miss(keys, now)
    step = sign_in.totp_step(account.totp_secret, code, now=now) if account and account.totp_secret else None
    if step is None:
        raise SecondFactorRefused()
    with transaction():
        if Account.update(totp_step=step).where((Account.person == person) & (Account.totp_step < step)).execute() == 0:
            raise SecondFactorRefused()
        _forgive(keys)


def start(person: UUID, *, browser: str = "", hours: int = 12, now: datetime) -> str:
    """Open a session for somebody whose identity is already certain; gives the token for the cookie."""
    with transaction():
        return _open(person, "", browser, hours, now).token


def find(token: str, *, now: datetime) -> Any:
    """The person of a session that has not ended, or None."""
    if not token:
        return None
    return (
        Person.select()
        .join(DeskSession)
        .where(
            (DeskSession.token_hash == ciphers.token_hash(token))
            & (DeskSession.ends_at > now)
            & Person.removed_at.is_null()
        )
        .first()
    )


def end(token: str) -> None:
    """Sign out: this session is gone."""
    with transaction():
        DeskSession.delete().where(DeskSession.token_hash == ciphers.token_hash(token)).execute()


def end_all_of(person: UUID, *, browsers_too: bool = False, but: str = "") -> None:
    """End every session of somebody, inside the caller's transaction; with `browsers_too` no browser stays known.

    The session of the token `but` goes on.
    """
    DeskSession.delete().where(
        (DeskSession.person == person) & (DeskSession.token_hash != ciphers.token_hash(but))
    ).execute()
    if browsers_too:
        KnownBrowser.delete().where(KnownBrowser.person == person).execute()


def _open(person: UUID, known: str, browser: str, hours: int, now: datetime) -> Opened:
    token = secrets.token_urlsafe(32)
    DeskSession.delete().where(DeskSession.ends_at <= now).execute()
    DeskSession.create(
        token_hash=ciphers.token_hash(token), person=person, made_at=now, ends_at=now + timedelta(hours=hours),
        browser=browser[:200],
    )  # fmt: skip
    if not known or not _is_known(person, known, now):
        known = secrets.token_urlsafe(32)
        KnownBrowser.create(token_hash=ciphers.token_hash(known), person=person, made_at=now)
    return Opened(token, known, person)


def _is_known(person: UUID, known: str, now: datetime) -> bool:
    found = KnownBrowser.select().where(
        (KnownBrowser.token_hash == ciphers.token_hash(known))
        & (KnownBrowser.person == person)
        & (KnownBrowser.made_at > now - KNOWN_FOR)
    )
    return bool(found.exists())


def _password_fits(account: Any, password: str) -> bool:
    try:
        return bool(hasher.verify(account.password if account else NOBODY, password)) and account is not None
    except (VerificationError, InvalidHashError):
        return False


# ---- misses


def _counted_by(account: Any, name: str, network: str, known: str, now: datetime) -> dict[str, int]:
    """The keys that count this try, each with the misses it has free."""
    if account and known and _is_known(account.person_id, known, now):
        return {f"desk-browser:{ciphers.token_hash(known)[:32]}": sign_in.FREE_MISSES}
    named = ciphers.sha256(name.strip().lower().encode())[:32]
    return {
        f"desk-account:{named}": sign_in.FREE_MISSES,
        f"desk-network:{sign_in.network_of(network)}": sign_in.FREE_MISSES_OF_NETWORK,
    }


def _count_a_miss(keys: dict[str, int], now: datetime) -> None:
    """Count the try as a miss until it proves good. Raises TooOften while one of the keys has to wait."""
    with transaction():
        found = Attempt.counted(*keys, now=now)
        for attempt in found.values():
            if attempt.next_at > now:
                raise TooOften(seconds=int((attempt.next_at - now).total_seconds()) + 1)
        for key, free in keys.items():
            old = found[key]
            misses = 1 if old.next_at + sign_in.MISSES_FADE < now else old.misses + 1
            next_at = now + sign_in.wait_after(misses, free=free)
            Attempt.update(misses=misses, next_at=next_at).where(Attempt.key == key).execute()


def _forgive(keys: dict[str, int]) -> None:
    """After a good sign-in: this account's misses are over; the network only gets this one try back."""
    mine = [key for key in keys if not key.startswith("desk-network:")]
    Attempt.delete().where(Attempt.key.in_(mine)).execute()
    others = [key for key in keys if key not in mine]
    Attempt.update(misses=Attempt.misses - 1).where(Attempt.key.in_(others) & (Attempt.misses > 0)).execute()
