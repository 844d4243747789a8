"""What is overdue, told to those who lead the agents: once a week, as numbers by village, never by agent (domain §8, R-BUR-1)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from actions import cards, inbox
from actions.holders import holding
from models import Area, InboxMessage, transaction
from rules.actors import Role, area_prefix, scope_of
from rules.days import day_of

WEEK = timedelta(days=7)
WEEKS_BACK = 8  # how far messages of weeks past are looked for, to put them away
VILLAGES = 6  # named in a message; of the others the sum is enough


def tell_overdue(*, now: datetime) -> int:
    """The weekly job: each lead hears how many are overdue. Gives how many were told; safe to repeat."""
    today = day_of(now)
    monday = today - timedelta(days=today.weekday())
    this_week = _about(monday)
    with transaction():
        told = {m.person_id for m in InboxMessage.select(InboxMessage.person).where(InboxMessage.about == this_week)}
        leads = [(person, area) for person, area in holding(Role.LEAD, on=today) if person not in told]
        if not leads:
            return 0
        late = cards.overdue(today=today)
        names = dict(Area.select(Area.code, Area.name).where(Area.code.in_(list(late))).tuples())
        messages: dict[UUID, inbox.Message] = {}
        for person, area in sorted(
            leads, key=lambda each: (each[0], len(area_prefix(each[1])))
        ):  # the widest post first
            mine = {code: count for code, count in late.items() if code.startswith(area_prefix(area))}
            if mine and person not in messages:
                words = _words(mine, names)
                messages[person] = inbox.Message(person, scope_of(area), "due", about=this_week, words=words)
        inbox.settle([_about(monday - WEEK * n) for n in range(1, WEEKS_BACK + 1)], now=now)
        inbox.tell(list(messages.values()), now=now)
    return len(messages)


def _about(monday: date) -> UUID:
    return uuid5(NAMESPACE_OID, f"overdue/{monday}")


def _words(late: dict[str, int], names: dict[str, str]) -> str:
    first = "、".join(f"{names.get(code, code)} {count} 位" for code, count in list(late.items())[:VILLAGES])
    return f"过了认证的日子还没办的有 {sum(late.values())} 位：{first}{'等' if len(late) > VILLAGES else ''}"
