"""Who may be shown the digits that open a phone whose PIN was forgotten, and how often (design §5). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from rules.actors import Actor
from rules.problems import OwnPhone, PhoneNotInUse, RecoveryCodeMissing, RecoveryCodeReadOften

GROUP = 4  # digits read out in one breath: six groups, two lines of three, on the desk and on the phone
A_DAY = timedelta(hours=24)
MOST_OF_A_PHONE = 3  # [DEF] within a day: a wrong digit, a lost call, once more
MOST_OF_A_PERSON = 10  # [DEF] within a day, over all phones


@dataclass(frozen=True)
class Phone:
    """A phone as far as its code goes."""

    person: UUID
    state: str
    digits: str | None


def may_read(
    phone: Phone, *, actor: Actor, of_phone: Sequence[datetime], by_actor: Sequence[datetime], now: datetime
) -> tuple[str, ...]:
    """Give the digits in groups, or raise the reason they are not shown.

    `of_phone` and `by_actor` are the instants of earlier readings. A reading exactly a day old counts no more.
    Raises OwnPhone, PhoneNotInUse, RecoveryCodeMissing, RecoveryCodeReadOften.
    """
    if phone.person == actor.person:
        raise OwnPhone()
    if phone.state not in ("active", "send_only"):
        raise PhoneNotInUse()
    if phone.digits is None:
        raise RecoveryCodeMissing()
    for readings, most in ((of_phone, MOST_OF_A_PHONE), (by_actor, MOST_OF_A_PERSON)):
        recent = sorted(at for at in readings if now - at < A_DAY)
        if len(recent) >= most:
            free_at = recent[-most] + A_DAY
            raise RecoveryCodeReadOften(seconds=int((free_at - now).total_seconds()) + 1)
    return tuple(phone.digits[at : at + GROUP] for at in range(0, len(phone.digits), GROUP))
