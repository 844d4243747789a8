"""What a phone wrote and has not brought: unknown, never zero, until it comes or lead and agent close it (design §4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from actions import journal, phones
from models import ClosedTail, Device, JournalEntry, Once, transaction
from rules import stretches
from rules.actors import Actor, Role
from rules.problems import CloserIsAgent, NothingOpen
from rules.stretches import Stretch

FAR = 1_000_000  # a phone that says it wrote so many more than before does not count as we do
MOST = 20  # phones looked at for one page


@dataclass(frozen=True)
class Tail:
    """`newest` is the highest count the phone is known to have written. `open`: not here, and not closed."""

    newest: int
    open: Sequence[Stretch]
    lost: Sequence[Stretch]  # of these, what the phone itself says it no longer holds
    closable: Sequence[Stretch]  # nobody is expected to bring them any more
    closed: Sequence[Any]

    @property
    def count(self) -> int:
        return stretches.size(self.open)


def of(device: Device) -> Tail:
    """What is open of this phone, by all it ever sent."""
    newest = max(device.newest, device.seq)
    return _tail(device, phones.gaps(device.id, newest_said=newest))


def _tail(device: Any, missing: Sequence[Stretch]) -> Tail:
    closed = list(ClosedTail.select().where(ClosedTail.device == device.id).order_by(ClosedTail.closed_at))
    still = stretches.without(missing, [(each.first, each.last) for each in closed])
    lost = stretches.both(still, said_lost(device))
    alive = device.state == "active" and device.emptied_at is None
    return Tail(max(device.newest, device.seq), still, lost, lost if alive else still, closed)


def said_lost(device: Any) -> list[Stretch]:
    """What the phone itself says it lost. An emptied phone holds nothing."""
    if device.emptied_at is not None:
        return [(1, max(device.newest, device.seq))]
    return [(int(first), int(last)) for first, last in device.missing or ()]


def to_look_at(actor: Actor, *roles: Role) -> Iterator[tuple[Any, Tail]]:
    """Phones that cannot bring by themselves what is open, as far as their last words tell; at most `MOST`."""
    for device in Device.in_order(_IN_QUESTION(actor, roles)):
        said = [*(said_lost(device) if device.emptied_at is None else ()), (device.seq + 1, device.newest)]
        tail = _tail(device, _not_here(device.id, said))
        if tail.open:
            yield device, tail


def _in_question(actor: Actor, roles: Sequence[Role]) -> Any:
    """The phones of which something may be open, those heard of last first."""
    d = Device
    vanished = d.state.in_(("locked", "wiped")) & (d.newest > d.seq)
    asked = d.missing.is_null(False) | d.emptied_at.is_null(False) | vanished
    return d.visible_to(actor, *roles).where(asked).select(d.id).order_by(d.heard_at.desc(), d.id).limit(MOST)


_IN_QUESTION = Once(_in_question)


def _not_here(device: UUID, said: Sequence[Stretch]) -> list[Stretch]:
    """What of these stretches is not in the journal."""
    e = JournalEntry
    here: list[Stretch] = []
    for first, last in stretches.joined(said):
        there = (e.device == device) & e.seq.between(first, last)
        here += [(seq, seq) for (seq,) in e.select(e.seq).where(there).tuples()]
    return stretches.without(said, here)


def close(device: Device, *, words: str, asked: bool, actor: Actor, now: datetime) -> list[Stretch]:
    """Say that what is open will not come any more, and what is known of it; gives the stretches closed.

    `asked`: the agent was asked; false where that cannot be done any more. What comes all the same is taken in like
    anything else. Raises CloserIsAgent, NothingOpen.
    """
    if actor.person == device.person_id:
        raise CloserIsAgent()
    with transaction(device.scope):
        found = of(Device.get_by_id(device.id)).closable
        if not found:
            raise NothingOpen()
        rows = [
            ClosedTail(
                device=device.id, scope=device.scope, first=first, last=last, words=words, asked=asked,
                closed_by=actor.person, closed_at=now,
            )
            for first, last in found
        ]  # fmt: skip
        for row in rows:
            row.save(force_insert=True)
        body = {"device": device.id, "person": device.person_id, "counts": found, "words": words, "asked": asked}
        journal.write([journal.Deed("device.tail_closed", device.scope, body, rows=rows)], actor=actor, now=now)
    return list(found)


def note_emptied(phone: Device, before: UUID, newest: int, *, now: datetime) -> None:
    """A phone enrolled anew says that it was another phone of the same agent, whose store was emptied by nobody's order.

    Anything else it says is passed over: a phone speaks for its own agent only.
    """
    of_the_same = (Device.id == before) & (Device.person == phone.person_id) & (Device.id != phone.id)
    old = Device.get_or_none(of_the_same & Device.emptied_at.is_null())
    if old is None or old.state == "wiped":
        return
    with transaction(old.scope):
        old.emptied_at, old.newest = now, believed(old, newest)
        Device.update(emptied_at=now, newest=old.newest).where(Device.id == old.id).execute()
        body = {"device": old.id, "person": old.person_id, "newest": old.newest, "said_by": phone.id}
        journal.write([journal.Deed("device.emptied", old.scope, body, rows=[old])], actor=None, now=now, by="phone")


def believed(device: Any, newest: int | None) -> int:
    """The newest count a phone says it wrote; never less than before, and nothing beyond what it can have written."""
    known = max(device.newest, device.seq)
    return newest if newest is not None and known < newest <= known + FAR else known
