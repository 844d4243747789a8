"""Plays one schedule: a county, its server, one or two phones, and whatever befalls them; ends when all faults have ended,
the phones have sent what they have, and the ledger is written."""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright

from tests.faults.slow import deadly, deeds, ledger
from tests.faults.slow.county import ORIGIN, ORIGIN_PORT
from tests.faults.slow.deeds import Deed, NotOffered, killing
from tests.faults.slow.handset import Died, Handset
from tests.faults.slow.ledger import Ledger, Told
from tests.faults.slow.link import Link, Trouble
from tests.faults.slow.schedule import Schedule, Step
from tests.support.server import Server

QUIET_S = 45  # for a phone to send what it holds once nothing is in its way
AGAIN_S = 3  # between two taps on “send now”

# The outbox as it stands on the screen: section, record where the line leads to one, words.
LINES = """() => [...document.querySelectorAll('main section')].flatMap((section) =>
  [...section.querySelectorAll('li')].map((line) => ({
    section: section.getAttribute('aria-labelledby'),
    record: ((line.querySelector('a[href*="/field/records/"]') || {}).href || '').split('/').pop(),
    text: line.innerText.replace(/\\s+/g, ' ').trim(),
  })))"""

# The thumb of both hands: a moment from now, so that the other tab's comes in the same instant.
PRESS_SOON = "() => { setTimeout(() => document.querySelector('.dock button[form].btn-primary')?.click(), 120) }"


class DeadlyServer(Server):
    """gunicorn over the county, which may be ordered to die at a point of a request."""

    application = "tests.faults.slow.deadly:create_app()"

    def __init__(self, folder: Path, workers: int, built: Path | None) -> None:
        super().__init__(folder)
        self.workers = workers
        self.orders = folder / "orders"
        self.environment |= {"DAIBAN_HOST_NAME": f"localhost:{ORIGIN_PORT}", deadly.ORDERS: str(self.orders)}
        if built:
            self.environment[deadly.BUILT] = str(built)

    def raise_again(self) -> bool:
        """Start it if it has died; true if it had."""
        if self.is_up:
            return False
        self.kill()  # what is left of its group
        self.start()
        return True


class Carried:
    """One phone of a run: its handset, its way to the county, and what the ledger knows of it."""

    def __init__(self, number: int, handset: Handset, link: Link) -> None:
        self.number, self.handset, self.link = number, handset, link
        self.seen = ledger.Phone(number)


class Player:
    """Each step of a schedule is a method of its name."""

    def __init__(
        self, schedule: Schedule, made: Path, folder: Path, playwright: Playwright, built: Path | None
    ) -> None:
        self.schedule, self.playwright = schedule, playwright
        self.ledger = Ledger(schedule.seed)
        self.told: list[Told] = []
        self.begun = time.monotonic()
        shutil.copytree(made / "server", folder / "server")
        self.server = DeadlyServer(folder / "server", schedule.workers, built)
        self.server.start()
        self.phones: list[Carried] = []
        self.folder, self.made, self.built = folder, made, built

    # ---- the whole

    def play(self) -> Ledger:
        self.note(
            f"seed {self.schedule.seed}: {self.schedule.phones} phone(s), gunicorn with {self.schedule.workers} worker(s)"
        )
        try:
            self.take_phones()
            for step in self.schedule.steps:
                self.take(step)
            for carried in self.phones:
                self.end(carried)
            for carried in self.phones:
                self.read_screen(carried)
        except Exception as error:
            error.add_note("\n".join(self.ledger.story))
            raise
        finally:
            for carried in self.phones:
                carried.handset.strike()
                carried.handset.bury()
                carried.link.close()
            self.server.kill()
        if bugs := self.server.bugs():
            self.ledger.broken.append(f"the server logged a fault of its own:\n{bugs[-3000:]}")
        ledger.settle(self.ledger, [each.seen for each in self.phones], self.told, ledger.read(self.server))
        return self.ledger

    def take_phones(self) -> None:
        for number in range(self.schedule.phones):
            place = self.folder / f"phone-{number}"
            shutil.copytree(self.made / f"phone-{number}", place)
            if self.built:  # the worker keeps the right program: it goes, and the broken one comes from the server
                shutil.rmtree(place / "profile" / "Default" / "Service Worker")
            link = Link(self.server.port, note=self.note)
            handset = Handset(self.playwright, place, ORIGIN, link.port)
            link.strike = handset.strike
            self.phones.append(Carried(number, handset, link))
            handset.goto("/field/")
            assert handset.unlock() == "page", "the prepared phone does not open"

    def take(self, step: Step) -> None:
        carried = self.phones[step.phone]
        if not carried.seen.is_enrolled:
            return
        if step.what not in ("do", "two_tabs", "two_taps"):
            self.note(str(step))
        with contextlib.suppress(Died):
            getattr(self, step.what)(carried, *step.given)
        if not carried.handset.is_open and step.what != "kill":
            self.revive(carried)

    def note(self, words: str) -> None:
        self.ledger.story.append(f"{time.monotonic() - self.begun:6.2f} s  {words}")

    # ---- steps: deeds

    def do(self, carried: Carried, deed: Deed, kill: tuple[str, int] | None = None, jump: int | None = None) -> None:
        self.ledger.deeds += 1
        said = self.try_once(carried, deed, kill, jump)
        if said is not None:
            return
        self.revive(carried)
        if carried.seen.is_enrolled and not self.is_there(carried, deed):
            self.note(f"  not on the screen: the agent does it again ({deed})")
            if self.try_once(carried, deed, None, None) is None:
                self.revive(carried)

    def try_once(self, carried: Carried, deed: Deed, kill: tuple[str, int] | None, jump: int | None) -> str | None:
        """Do it; None when the browser died before anything was said."""
        handset = carried.handset
        before = killing(handset, *kill) if kill else _jumping(handset, jump) if jump else lambda _: None
        self.note(
            f"phone {carried.number}: {deed}"
            + (f", killed {kill[1]} ms after “{kill[0]}”" if kill else "")
            + (f", the clock jumps {jump} ms" if jump else "")
        )
        try:
            said = deeds.do(handset, deed, before)
        except Died:
            self.ledger.kills += 1
            self.note("  the browser was killed, nothing had been said")
            return None
        except NotOffered as why:
            self.note(f"  not done: {why}")
            return "not offered"
        self.note(f"  {said}")
        if said.startswith("said: "):
            self.tell(carried, deed, said.removeprefix("said: "))
        return said

    def two_taps(self, carried: Carried, deed: Deed) -> None:
        """The button that keeps it is tapped twice and once more."""
        self.ledger.deeds += 1
        self.note(f"phone {carried.number}: {deed}, tapped twice")
        try:
            said = deeds.do(carried.handset, deed, twice=True)
        except NotOffered as why:
            return self.note(f"  not done: {why}")
        self.note(f"  {said}")
        if said.startswith("said: "):
            self.tell(carried, deed, said.removeprefix("said: "))
        return None

    def tell(self, carried: Carried, deed: Deed, words: str) -> None:
        """The screen said that it is kept. What came into the store with it is promised from here on."""
        if any(each.deed is deed for each in self.told):
            return
        told = Told(deed, carried.number, words)
        self.told.append(told)
        with contextlib.suppress(Died):
            told.records |= self.look_into_store(carried)

    def two_tabs(self, carried: Carried, one: Deed, other: Deed) -> None:
        """Both forms stand filled in, and both are kept in the same instant.

        One deed twice is one form that stands open in both: the second tab is opened when the first has begun to write.
        """
        self.ledger.deeds += 1 if one is other else 2
        handset = carried.handset
        self.note(f"phone {carried.number}: two tabs: {one} / {other}")
        pages = [handset.page]
        said = ["", ""]
        for at, deed in enumerate((one, other)):
            if at:
                pages.append(handset.second_tab())
            try:
                deeds.do(handset, deed, _stop, pages[at])
            except _Stopped:
                said[at] = "ready"
            except NotOffered as why:
                said[at] = f"not offered: {why}"
        ready = [at for at in (0, 1) if said[at] == "ready"]
        for at in ready:
            handset.ask(PRESS_SOON, page=pages[at])
        time.sleep(0.2)
        for at in ready:
            said[at] = str(handset.until(deeds.OUTCOME, page=pages[at]) or "nothing was said")
        self.note(f"  {said[0]} / {said[1]}")
        for words, deed in zip(said, (one, other), strict=True):
            if words.startswith("said: "):
                self.tell(carried, deed, words.removeprefix("said: "))
        with handset.mortal():
            pages[-1].close()

    def send(self, carried: Carried) -> None:
        self.to_outbox(carried)
        carried.handset.ask(deeds.TAP, "form[action='/field/outbox/send'] button")
        self.rest(carried, 400)

    def rest(self, carried: Carried, wait_ms: int) -> None:
        """Let it send; a phone killed meanwhile is seen by the next step."""
        carried.handset.died.wait(wait_ms / 1000)

    # ---- steps: faults

    def kill(self, carried: Carried) -> None:
        self.remember(carried)
        self.ledger.kills += 1
        carried.handset.strike()
        self.revive(carried)

    def trouble(self, carried: Carried, trouble: Trouble) -> None:
        carried.link.troubles.append(trouble)

    def bring_late(self, carried: Carried) -> None:
        self.note(f"  {carried.link.bring_late()} requests held back arrive now")

    def signal(self, carried: Carried, is_there: bool) -> None:
        carried.link.dead = not is_there

    def server_dies(self, carried: Carried, point: str, path: str, wait: int) -> None:
        deadly.order(self.server.orders, point, path, wait)

    def server_down(self, carried: Carried) -> None:
        self.server.kill()

    def server_up(self, carried: Carried) -> None:
        self.server.orders.unlink(missing_ok=True)
        if self.server.raise_again():
            self.ledger.kills += 1

    def quota(self, carried: Carried, how: str, bytes_: int) -> None:
        """So much may the browser keep from its next start on: `whole` for all, `left` beside what it keeps already."""
        handset = carried.handset
        self.remember(carried)
        if how == "left":  # what it takes is known when the store has been opened anew: the start tidies it
            handset.quota = None
            handset.strike()
            self.revive(carried)
            bytes_ += handset.used()
        handset.quota = None if how == "as before" else bytes_
        self.note(f"  the quota is {handset.quota}")
        handset.strike()
        self.revive(carried)

    def clock(self, carried: Carried, shift_ms: int) -> None:
        carried.handset.jump(shift_ms)
        carried.handset.goto("/field/")
        carried.handset.unlock()

    def lose(self, carried: Carried, store: str, chance: int) -> None:
        """One row is gone that nobody but this phone has: an item, its readable copy, or a picture."""
        self.remember(carried)
        rows = carried.handset.rows()
        waiting = [row["id"] for row in rows["outbox"] if row["state"] == "queued"]
        keys: list[Any] = waiting
        if store == "ciphers":
            keys = [[row["event"], row["role"]] for row in rows["blobs"] if row["saved"] and row["event"] in waiting]
        if not keys:
            return self.note("  there was none")
        key = keys[chance % len(keys)]
        carried.handset.drop(store, key)
        self.note(f"  {store}: {key}")
        if store == "outbox":
            carried.seen.destroyed.add(key)
        elif store == "ciphers":
            carried.seen.picture_destroyed.add((key[0], key[1]))
        return None

    def spoil(self, carried: Carried, how: str) -> None:
        """Poison: the first record in the queue cannot be read by anybody."""
        self.remember(carried)
        waiting = sorted(
            (row for row in carried.handset.rows()["outbox"] if row["state"] == "queued" and row["item"]),
            key=lambda row: row["seq"],
        )
        if not waiting:
            return self.note("  there was none")
        carried.handset.spoil(waiting[0]["id"], how)
        carried.seen.spoilt.add(waiting[0]["id"])
        return self.note(f"  {how}: {waiting[0]['id']}")

    def evict_all(self, carried: Carried, chance: int) -> None:
        self.destroy(carried, lambda handset: handset.evict_all())

    def garble(self, carried: Carried, chance: int) -> None:
        self.destroy(carried, lambda handset: handset.garble(random.Random(chance)))

    def destroy(self, carried: Carried, how: Callable[[Handset], None]) -> None:
        """What was not sent is gone with the store; whatever had left must be at the county all the same."""
        self.remember(carried)
        rows = carried.handset.rows()
        for row in rows["outbox"]:
            if row["state"] in ("queued", "sending"):
                carried.seen.destroyed.add(row["id"])
        for blob in rows["blobs"]:
            if blob["saved"] and not blob["done"]:
                carried.seen.picture_destroyed.add((blob["event"], blob["role"]))
        carried.handset.strike()
        carried.handset.bury()
        how(carried.handset)
        self.revive(carried)

    # ---- looking

    def revive(self, carried: Carried) -> None:
        """Open the killed browser on the same storage and give the PIN."""
        handset = carried.handset
        for _ in range(3):  # a trouble may still be waiting to kill it
            if handset.is_open:
                return
            handset.bury()
            handset.open()
            with contextlib.suppress(Died):
                handset.goto("/field/")
                shown = handset.unlock()
                carried.seen.is_enrolled = shown != "enrolment"
                self.note(f"  phone {carried.number} is opened again: {shown or 'nothing to see'}")
                return
        raise AssertionError("the phone does not stay open")

    def remember(self, carried: Carried) -> None:
        """What lies in the store now is promised."""
        self.look_into_store(carried)

    def look_into_store(self, carried: Carried) -> set[str]:
        """Note what is in the store; gives the records that were not there before."""
        rows = carried.handset.rows()
        seen = carried.seen
        fresh = {row["id"] for row in rows["outbox"]} - set(seen.promised)
        for row in rows["outbox"]:
            seen.promised.setdefault(row["id"], row["hash"])
        for blob in rows["blobs"]:
            if blob["saved"] and blob["event"] in seen.promised:
                seen.pictures.setdefault((blob["event"], blob["role"]), blob["sha256"])
        seen.states |= {row["id"]: row["state"] for row in rows["outbox"]}
        return fresh

    def is_there(self, carried: Carried, deed: Deed) -> bool:
        """Look for it as the agent would: is there a record on the screen that was not there before, and is it this one?"""
        with contextlib.suppress(Died):
            lines = self.lines(carried)
            new = [line for line in lines if line["record"] and line["record"] not in carried.seen.promised]
            fresh = self.look_into_store(carried)
            words = ""
            for line in new:
                words += self.words_of(carried, line["record"])
            self.note(f"  on the screen after it: {[line['text'] for line in new]}")
            if deed.word in words:
                if all(each.deed is not deed for each in self.told):
                    self.told.append(Told(deed, carried.number, "it stands in the outbox", fresh))
                return True
            return bool(new)  # something is there that cannot be read now: nobody does it twice
        return True

    def words_of(self, carried: Carried, record: str) -> str:
        self.to_outbox(carried)
        if not carried.handset.until(deeds.TAP, f"a[href='/field/records/{record}']", seconds=3):
            return ""
        return str(
            carried.handset.until(
                "() => document.querySelector('.facts, .head + main .say') ? document.querySelector('main').innerText : ''",
                seconds=5,
            )
            or ""
        )

    def lines(self, carried: Carried) -> list[dict[str, str]]:
        self.to_outbox(carried)
        return list(carried.handset.ask(LINES) or [])

    def to_outbox(self, carried: Carried) -> None:
        handset = carried.handset
        for _ in range(8):
            if handset.ask("() => !!document.querySelector('.tabs a[href=\"/field/outbox\"][aria-current]')"):
                return
            if handset.ask("() => !!document.querySelector('form[data-pin]')"):
                handset.unlock()
            if not handset.ask(deeds.TAP, ".tabs a[href='/field/outbox']"):
                handset.ask(deeds.TAP, ".bar-back, .dock a.btn")
            handset.until("() => document.querySelector('.tabs a[href=\"/field/outbox\"][aria-current]')", seconds=1)
        handset.goto("/field/outbox")
        handset.unlock()
        handset.until("() => document.querySelector('.tabs a[href=\"/field/outbox\"][aria-current]')", seconds=5)

    # ---- the end

    def end(self, carried: Carried) -> None:
        """All faults end; the phone is opened, unlocked, and sends until it has nothing left."""
        self.server.orders.unlink(missing_ok=True)
        self.server.raise_again()
        carried.link.heal()
        carried.handset.died.wait(0.4)  # a kill that has begun already comes now
        handset = carried.handset
        if handset.quota is not None:
            handset.quota = None
            handset.strike()
        self.revive(carried)
        handset.jump(0)
        handset.goto("/field/")
        shown = handset.unlock()
        carried.seen.is_enrolled = shown == "page"
        self.note(f"phone {carried.number} is opened at the end: {shown}")
        if not carried.seen.is_enrolled:
            return
        self.look_into_store(carried)
        self.note(f"phone {carried.number}: all faults have ended, it sends what it has")
        if not self.until_quiet(carried):
            self.note(f"  not quiet within {QUIET_S} s")
        if brought := carried.link.bring_late():
            self.note(f"  {brought} requests held back arrive at the county at last")
        answered = carried.link.answered
        handset.goto("/field/")
        handset.unlock()
        _until(lambda: carried.link.answered > answered, 5)
        self.until_quiet(carried)

    def until_quiet(self, carried: Carried) -> bool:
        """Tap “send now” until nothing waits; false when it still does after so long, or only what was spoilt waits."""
        ends, tapped = time.monotonic() + QUIET_S, 0.0
        while time.monotonic() < ends:
            waiting, travelling = self.unsent(carried)
            if not waiting and not travelling:
                return True
            since = time.monotonic() - tapped
            if tapped and since > 2 and waiting <= carried.seen.spoilt and not travelling:
                return False
            if since > AGAIN_S:
                self.to_outbox(carried)
                carried.handset.ask(deeds.TAP, "form[action='/field/outbox/send'] button")
                tapped = time.monotonic()
            time.sleep(0.1)
        return False

    def unsent(self, carried: Carried) -> tuple[set[str], set[tuple[str, str]]]:
        """Records and pictures that still have to leave the phone, and can."""
        rows = carried.handset.rows()
        states = {row["id"]: row["state"] for row in rows["outbox"]}
        waiting = {record for record, state in states.items() if state in ("queued", "sending")}
        pictures = {
            (each["event"], each["role"])
            for each in rows["blobs"]
            if each["saved"] and each["held"] and not each["done"] and states.get(each["event"]) in ("accepted", "held")
        }
        return waiting, pictures - carried.seen.picture_destroyed

    def read_screen(self, carried: Carried) -> None:
        seen = carried.seen
        seen.states.clear()  # only what lies there now counts
        if seen.is_enrolled:
            for line in self.lines(carried):
                if line["record"]:
                    seen.shown[line["record"]] = line["section"]
                seen.needing += line["section"] == "needs-you"
            self.look_into_store(carried)
        seen.says_what_is_gone = says_what_is_gone(carried.handset)
        screen = str(carried.handset.ask("() => document.body.innerText") or "")
        self.note(f"phone {carried.number} says at the end: {' '.join(screen.split())[:300]}")


def says_what_is_gone(handset: Handset) -> bool:
    """Whether the screen says that records were lost on this phone: the page of a
    phone that was emptied, or the outbox's own part for single ones."""
    found = "() => location.pathname === '/field/emptied' || document.querySelector('section[aria-labelledby=lost]') !== null"
    return bool(handset.ask(found))


class _Stopped(Exception):
    pass


def _stop(tap: str) -> None:
    if tap == "save":
        raise _Stopped()


def _jumping(handset: Handset, shift_ms: int) -> Callable[[str], None]:
    def before(tap: str) -> None:
        if tap == "save":
            handset.jump(shift_ms)

    return before


def _until(is_so: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.05)
