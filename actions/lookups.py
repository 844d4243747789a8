"""Finding somebody by a full ID number: by its keyed hash, noted, and not more often than a desk's work needs (design §5)."""

from __future__ import annotations

from datetime import datetime, timedelta

import models
from actions import reads
from models import Attempt, transaction
from rules import ciphers, id_numbers
from rules.actors import Actor
from rules.problems import TooOften

AN_HOUR = timedelta(hours=1)
MOST = 60  # of one person in an hour


def by_number(text: str, *, actor: Actor, scope: str, now: datetime) -> str:
    """The keyed hash to look for; the look is noted whether anybody is found or not. Raises TooOften."""
    key = f"id-lookup:{actor.person}"
    with transaction(scope):
        found = Attempt.counted(key, now=now)[key]
        if found.next_at <= now:
            count, until = 1, now + AN_HOUR
        else:
            count, until = found.misses + 1, found.next_at
        if count > MOST:
            raise TooOften(seconds=int((until - now).total_seconds()) + 1)
        Attempt.update(misses=count, next_at=until).where(Attempt.key == key).execute()
        reads.note([reads.Read(scope=scope, person=actor.person, resident=None, what="id-lookup")], now=now)
    return ciphers.lookup(models.keys().lookup, id_numbers.fold(text))
