"""Putting away what is over and proves nothing: sessions, challenges, counted misses."""

from __future__ import annotations

from datetime import datetime, timedelta

from models import Attempt, DeskSession, Enrolment, PhoneChallenge, PhoneSession, transaction

MISSES_KEPT = timedelta(days=2)  # counting begins anew after one quiet day
CODES_KEPT = timedelta(hours=1)  # a code past its end is not shown again; the row stays as history


def sweep_out(*, now: datetime) -> int:
    """Delete rows past their end. Gives 0: one round is enough, however much it found."""
    with transaction():
        PhoneSession.delete().where(PhoneSession.ends_at < now).execute()
        PhoneChallenge.delete().where(PhoneChallenge.ends_at < now).execute()
        DeskSession.delete().where(DeskSession.ends_at < now).execute()
        Attempt.delete().where(Attempt.next_at < now - MISSES_KEPT).execute()
        over = (Enrolment.ends_at < now - CODES_KEPT) & Enrolment.state.in_(("offered", "claimed"))
        Enrolment.update(state="expired", code=None, digits=None).where(over).execute()
    return 0
