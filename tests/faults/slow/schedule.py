"""What happens in one run, drawn from its seed: deeds, and the faults before, during and after them.

The same seed gives the same schedule for ever: deeds, faults, delays in ms. What a real browser has done when a delay is over
differs from one playing to the next, so a seed that failed may need a few playings to fail again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.faults.slow import deadly
from tests.faults.slow import link as links
from tests.faults.slow.county import NAMES, OF_DEATH, WITH_PENSION, WITH_RESULT
from tests.faults.slow.deeds import Deed
from tests.faults.slow.link import Trouble

YEAR_MS = 31_557_600_000
SHIFTS = (-50 * YEAR_MS, YEAR_MS)
SMALL_QUOTA = 2_000_000  # bytes, then none at all
WITH_PICTURE = ("signed visit", "verification", "delivery")


@dataclass(frozen=True)
class Step:
    """One thing of a schedule. `what` names a method of `play.Player`; `given` are its arguments."""

    what: str
    phone: int = 0
    given: tuple[object, ...] = ()

    def __str__(self) -> str:
        return f"phone {self.phone}: {self.what}({', '.join(str(each) for each in self.given)})"


@dataclass
class Schedule:
    seed: int
    phones: int
    workers: int  # of gunicorn
    steps: list[Step] = field(default_factory=list)


def draw(seed: int) -> Schedule:
    return _Drawer(seed).draw()


class _Drawer:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(f"slow faults {seed}")
        self.phones = 2 if self.dice.random() < 0.3 else 1
        self.schedule = Schedule(seed, self.phones, workers=self.dice.choice((1, 2)))
        self.left = self.dice.randint(5, 12)  # deeds
        self.number = 0
        self.done: set[tuple[str, str]] = set()  # kind and person of what can be done once

    def draw(self) -> Schedule:
        families = [
            self.kill_save, self.kill_save, self.kill_photo, self.kill_send, self.kill_server, self.no_server, self.troubles,
            self.troubles, self.replay, self.late, self.tabs, self.quota, self.lose_row, self.spoil, self.clock, self.jump,
            self.kill_idle, self.taps,
        ]  # fmt: skip
        for family in self.dice.sample(families, self.dice.randint(3, 6)):
            self.plain(self.dice.randint(0, 1))
            family(self.dice.randrange(self.phones))
        self.plain(self.left)
        if self.dice.random() < 0.15:  # at the end: the phone has to be enrolled anew then
            self.add("signal", 0, False)
            self.do(0)
            self.add(self.dice.choice(("evict_all", "garble")), 0, self.dice.randrange(2**31))
        return self.schedule

    # ---- families of faults

    def kill_save(self, phone: int) -> None:
        self.do(phone, kill=("save", self.soon()))

    def kill_photo(self, phone: int) -> None:
        deed = self.deed(phone, kinds=("verification",))
        self.add("do", phone, deed, ("photo", self.soon()))

    def kill_send(self, phone: int) -> None:
        only = self.dice.choice(("/sync", "/sync", "/blobs/"))
        point = self.dice.choice(links.POINTS)
        wait = self.dice.choice((0, self.dice.randint(0, 300))) if point == "after" else 0
        self.trouble(phone, Trouble("kill", point, wait, only))
        self.do(phone, kinds=WITH_PICTURE if only == "/blobs/" else ())
        self.add("rest", phone, self.dice.randint(100, 700))

    def kill_server(self, phone: int) -> None:
        point = self.dice.choice(deadly.POINTS)
        path = self.dice.choice(("/sync", "/sync", "/blobs/"))
        self.add("server_dies", phone, point, path, self.dice.randint(0, 40))
        self.do(phone, kinds=WITH_PICTURE if path == "/blobs/" else ())
        self.add("rest", phone, 300)
        self.plain(self.dice.randint(0, 1))
        self.add("server_up", phone)

    def no_server(self, phone: int) -> None:
        self.add("server_down", phone)
        self.plain(self.dice.randint(1, 3))
        if self.dice.random() < 0.4:
            self.do(phone, kill=("save", self.soon()))
        self.add("server_up", phone)
        self.add("send", phone)

    def troubles(self, phone: int) -> None:
        for _ in range(self.dice.randint(1, 4)):
            kind = self.dice.choice(links.TROUBLES)
            only = self.dice.choice(("/api/", "/sync", "/sync", "/blobs/"))
            self.trouble(phone, Trouble(kind, wait=self.dice.randint(100, 1500) if kind == "delay" else 0, only=only))
        self.do(phone)
        self.add("send", phone)
        self.do(phone)

    def replay(self, phone: int) -> None:
        self.trouble(phone, Trouble("replay", only="/sync"))
        self.trouble(phone, Trouble("replay", only=self.dice.choice(("/sync", "/blobs/"))))
        self.do(phone, kinds=WITH_PICTURE)

    def late(self, phone: int) -> None:
        for _ in range(self.dice.randint(1, 2)):
            self.trouble(phone, Trouble("late", only=self.dice.choice(("/sync", "/sync", "/blobs/"))))
        self.do(phone)
        self.add("send", phone)
        self.plain(1)
        if self.dice.random() < 0.5:  # else it comes after everything else
            self.add("bring_late", phone)

    def tabs(self, phone: int) -> None:
        if self.dice.random() < 0.5:
            deed = self.deed(phone, kinds=("visit", "request", "newcomer"))
            self.add("two_tabs", phone, deed, deed)
        else:
            self.add(
                "two_tabs",
                phone,
                self.deed(phone, kinds=("visit", "request")),
                self.deed(phone, kinds=("newcomer", "visit")),
            )

    def taps(self, phone: int) -> None:
        self.add("two_taps", phone, self.deed(phone))

    def quota(self, phone: int) -> None:
        """2 MB; then a little, in which the words fit and not the picture; then none, and the phone hardly opens."""
        self.add("quota", phone, "whole", SMALL_QUOTA)
        self.do(phone, kinds=WITH_PICTURE)
        self.add("quota", phone, "left", self.dice.choice((4_000, 20_000, 60_000)))
        self.do(phone, kinds=WITH_PICTURE)
        self.do(phone, kill=("save", self.soon()) if self.dice.random() < 0.3 else None)
        self.add("quota", phone, "whole", 0)
        if self.dice.random() < 0.5:
            self.do(phone)
        self.add("quota", phone, "as before", 0)

    def lose_row(self, phone: int) -> None:
        self.add("signal", phone, False)
        self.do(phone, kinds=WITH_PICTURE)
        self.add("lose", phone, self.dice.choice(("outbox", "records", "ciphers")), self.dice.randrange(2**31))
        self.plain(self.dice.randint(0, 1))
        self.add("signal", phone, True)

    def spoil(self, phone: int) -> None:
        self.add("signal", phone, False)
        self.do(phone)
        self.add("spoil", phone, self.dice.choice(("flipped", "misshapen")))
        self.plain(self.dice.randint(0, 2))
        self.add("signal", phone, True)
        self.add("send", phone)

    def clock(self, phone: int) -> None:
        self.add("kill", phone)
        self.add("clock", phone, self.dice.choice(SHIFTS))
        self.do(phone)
        if self.dice.random() < 0.5:
            self.do(phone)
        self.add("clock", phone, 0)

    def jump(self, phone: int) -> None:
        """The clock jumps while a visit's form is open."""
        shift = self.dice.choice((*SHIFTS, 3 * 3_600_000, -86_400_000))
        self.add("do", phone, self.deed(phone), None, shift)
        if self.dice.random() < 0.5:
            self.do(phone)
        self.add("clock", phone, 0)

    def kill_idle(self, phone: int) -> None:
        self.add("kill", phone)

    # ---- pieces

    def plain(self, count: int) -> None:
        for _ in range(min(count, max(self.left, 0))):
            self.do(self.dice.randrange(self.phones))

    def do(self, phone: int, *, kinds: tuple[str, ...] = (), kill: tuple[str, int] | None = None) -> None:
        self.add("do", phone, self.deed(phone, kinds), kill)

    def soon(self) -> int:
        """A delay in ms; most of a save is over in the first 100."""
        return self.dice.randint(0, self.dice.choice((40, 120, 300, 800)))

    def trouble(self, phone: int, trouble: Trouble) -> None:
        self.add("trouble", phone, trouble)

    def add(self, what: str, phone: int, *given: object) -> None:
        self.schedule.steps.append(Step(what, phone, given))

    def deed(self, phone: int, kinds: tuple[str, ...] = ()) -> Deed:
        """One that can be done once is not drawn again, whoever asks for it: then it is a visit."""
        self.left -= 1
        self.number += 1
        wanted = kinds or (
            "visit",
            "visit",
            "signed visit",
            "verification",
            "request",
            "delivery",
            "change",
            "newcomer",
            "death",
        )
        kind, name = self.dice.choice([*self._open(phone, wanted)] or [("visit", self.dice.choice(NAMES[:5]))])
        if once := _once(kind, name, phone):
            self.done.add(once)
        return Deed(self.number, kind, name, f"事{self.seed}之{self.number}号")

    def _open(self, phone: int, kinds: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        whose = {"verification": WITH_PENSION, "delivery": WITH_RESULT, "death": (OF_DEATH,), "newcomer": ("",)}
        for kind in kinds:
            name = self.dice.choice(whose.get(kind, NAMES[:5]))
            once = _once(kind, name, phone)
            if once is None or once not in self.done:
                yield kind, name


def _once(kind: str, name: str, phone: int) -> tuple[str, str] | None:
    """What makes this deed impossible a second time; None for what can be done any number of times."""
    if kind in ("verification", "death", "change"):
        return kind, name
    return (f"{kind} of {phone}", name) if kind == "delivery" else None
