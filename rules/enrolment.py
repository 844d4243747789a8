"""How a phone becomes an agent's (docs/formats.md §4). Pure: what is stored and the clock come in, a decision goes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from rules.actors import Actor, Role
from rules.problems import AgentNotHere

TYPED = 10  # characters of the typed form
WHOLE = 26  # characters of the QR
MAX_DIGIT_MISSES = 3  # then the code is void: six digits must not be guessed
FREE_CODE_MISSES = 5  # of one network, before any wait
CHALLENGE_LIFE = timedelta(minutes=2)

#: Who may give a phone to an agent, and whose posts carry one.
GIVES_PHONES = (Role.LEAD, Role.COUNTY)
CARRIES_PHONE = (Role.AGENT, Role.CLERK)

State = Literal["offered", "claimed", "released", "void", "expired"]


@dataclass(frozen=True)
class Offer:
    """A code as it stands."""

    state: str
    ends_at: datetime
    public_key: bytes | None


def may_offer(actor: Actor, agent: Actor) -> None:
    """Let a lead give a phone to an agent of the lead's own area. Raises AgentNotHere."""
    areas = [post.area for post in agent.posts if post.role in CARRIES_PHONE]
    if not any(actor.covers(area, *GIVES_PHONES) for area in areas):
        raise AgentNotHere(agent.person)


def claim(offer: Offer, public_key: bytes, *, now: datetime) -> Literal["claim", "again", "void", "gone"]:
    """What a POST of the code does: takes it; repeats an answer that got lost; voids both phones; or finds nothing.

    The very last instant is still good. The same key again is the same phone, whose first answer never arrived.
    """
    if state(offer, now=now) not in ("offered", "claimed"):
        return "gone"
    if offer.state == "offered":
        return "claim"
    return "again" if offer.public_key == public_key else "void"


def state(offer: Offer, *, now: datetime) -> str:
    """The state people see: an open code past its end is expired."""
    return "expired" if offer.state in ("offered", "claimed") and now > offer.ends_at else offer.state


def wait_after(misses: int) -> timedelta:
    """How long a network waits after so many unknown codes: nothing for the free ones, then 10 s doubling to 10 minutes."""
    if misses <= FREE_CODE_MISSES:
        return timedelta(0)
    return min(timedelta(seconds=10 * 2 ** min(misses - FREE_CODE_MISSES - 1, 10)), timedelta(minutes=10))
