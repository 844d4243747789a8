"""A phone that can be killed at any instant: one agent's real Chromium, its store read from outside, its clock, its disk.

`strike()` may be called from any thread, in the middle of whatever the browser does. Whoever is just driving it then meets
`Died`. What was on the screen until that moment was told; nothing else was.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import CDPSession, Error, Page, Playwright

from tests.support import browser
from tests.support.phone import Phone
from tests.support.small_county import PIN

DATABASE = "daiban-field"  # pwa/store/db.ts
INDEXED_DB = "profile/Default/IndexedDB"
PAUSE_S = 0.03  # between two looks at the page

# A clock that is `shift` ms wrong, for everything in the page; the browser's own (cookies, timers) goes right.
CLOCK = """(() => {
  const Real = Date;
  globalThis.__shift = %d;
  const now = () => Real.now() + globalThis.__shift;
  globalThis.Date = new Proxy(Real, {
    construct: (real, given) => given.length ? new real(...given) : new real(now()),
    apply: () => new Real(now()).toString(),
    get: (real, name) => name === 'now' ? now : Reflect.get(real, name),
  });
})()"""

# Looks into the store without making one: to open what is not there would leave an empty one behind.
IN_STORE = f"""async ([stores, mode, work, given]) => {{
  if (!(await indexedDB.databases()).some(({{ name }}) => name === '{DATABASE}')) return null;
  const db = await new Promise((done, no) => {{
    const asked = indexedDB.open('{DATABASE}');
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => no(asked.error);
  }});
  try {{
    const tx = db.transaction(stores, mode);
    const all = (name) => new Promise((done, no) => {{
      const asked = tx.objectStore(name).getAll();
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => no(asked.error);
    }});
    const over = new Promise((done, no) => {{ tx.oncomplete = done; tx.onerror = tx.onabort = () => no(tx.error); }});
    const found = await WORK[work](tx, all, given);
    await over;
    return found;
  }} finally {{ db.close(); }}
}}"""
WORK = """{
  rows: async (tx, all) => ({
    outbox: (await all('outbox')).map(({ item, ...row }) => ({ ...row, item: item !== null })),
    blobs: (await all('blobs')).map(({ sealed, ...row }) => row),
  }),
  drop: async (tx, all, [store, key]) => { tx.objectStore(store).delete(key); },
  spoil: async (tx, all, [id, how]) => {
    const rows = await all('outbox');
    const row = rows.find((one) => one.id === id);
    if (!row || !row.item) return;
    const { sealed } = row.item;
    const at = Math.floor(sealed.length / 2);
    const flipped = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    const item = how === 'misshapen' ? { ...row.item, sealed: { '0': 1 } } : { ...row.item, sealed: flipped };
    tx.objectStore('outbox').put({ ...row, item });
  },
}"""


class Died(Exception):
    """The browser was killed under whoever drove it."""


class Handset(Phone):
    """A phone whose program comes from `ORIGIN`, answered at this port of this machine."""

    def __init__(self, playwright: Playwright, folder: Path, origin: str, port: int) -> None:
        self.origin, self.port = origin, port
        self.shift_ms = 0
        self.quota: int | None = None
        self.died = threading.Event()
        self._root: psutil.Process | None = None
        self._clocks: dict[Page, tuple[CDPSession, str]] = {}
        super().__init__(playwright, folder, origin)

    # ---- alive

    def open(self) -> Page:
        self.died.clear()
        self.options["args"] = self._flags()
        before = {each.pid for each in psutil.Process().children(recursive=True)}
        page = super().open()
        self._root = self._browser(before)
        self._clocks = {}
        self.set_clock(page)
        return page

    def _flags(self) -> list[str]:
        place = self.origin.partition("://")[2]
        flags = [
            *browser.FLAGS,
            *browser.fake_camera(self.film),
            f"--host-resolver-rules=MAP {place} 127.0.0.1:{self.port}",
        ]
        if self.quota is not None:  # of the pool one origin gets three quarters
            flags.append(f"--enable-features=StorageQuotaSettings:PoolSizeBytes/{max(1000, self.quota * 4 // 3)}")
        return flags

    def _browser(self, before: set[int]) -> psutil.Process | None:
        mark = f"--user-data-dir={self.folder / 'profile'}"
        for each in psutil.Process().children(recursive=True):
            if each.pid in before:
                continue
            with contextlib.suppress(psutil.NoSuchProcess):
                line = each.cmdline()
                if mark in line and not any(word.startswith("--type=") for word in line):
                    return each
        return None

    @property
    def is_open(self) -> bool:
        return self._is_open and not self.died.is_set()

    def strike(self) -> None:
        """SIGKILL to all of the browser, now; from any thread."""
        root = self._root
        if root is None or self.died.is_set():
            return
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            os.kill(root.pid, signal.SIGSTOP)  # not one step more while its processes are counted
            parts = root.children(recursive=True)
            os.kill(root.pid, signal.SIGKILL)
            for part in parts:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(part.pid, signal.SIGKILL)
        self.died.set()

    def bury(self) -> None:
        """Clear away what the killed browser left open, so that it can be started again."""
        self.strike()
        if self._root is not None:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                self._root.wait(timeout=10)
        self._root = None
        if self._is_open:
            self._forget()
        for name in ("SingletonLock", "SingletonSocket", "SingletonCookie"):
            (self.folder / "profile" / name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def mortal(self) -> Iterator[None]:
        """Turn whatever a driver meets because the browser was killed into `Died`."""
        try:
            yield
        except Error as error:
            gone = "closed" in str(error).lower() or "crash" in str(error).lower()
            if gone and (self.died.is_set() or self.died.wait(1)):
                raise Died() from None
            raise

    # ---- the screen

    def ask(self, script: str, given: Any = None, page: Page | None = None) -> Any:
        """Evaluate in the page; None while it is just being left."""
        with self.mortal():
            try:
                return (page or self.page).evaluate(script, given)
            except Error as error:
                if "context was destroyed" in str(error) or "navigat" in str(error):
                    return None
                raise

    def until(self, script: str, given: Any = None, seconds: float = 8, page: Page | None = None) -> Any:
        """Ask again and again until the answer is true; None after so many seconds."""
        ends = time.monotonic() + seconds
        while True:
            if found := self.ask(script, given, page):
                return found
            if time.monotonic() > ends:
                return None
            time.sleep(PAUSE_S)

    def goto(self, path: str, page: Page | None = None) -> None:
        with self.mortal():
            (page or self.page).goto(path, wait_until="commit")

    def unlock(self, page: Page | None = None) -> str:
        """Give the PIN if it is asked for; give what is shown then: `page`, `enrolment`, `no store`, or `` in all that time."""
        keys = "for (const digit of given) document.querySelector(`form[data-pin]:not([data-sent]) [data-key='${digit}']`)?.click()"
        shown = self.until(SHOWN, seconds=15, page=page)
        if shown == "pin":
            self.ask(f"given => {{ {keys} }}", PIN, page)
            shown = self.until(
                f"() => {{ const at = ({SHOWN})(); return at === 'pin' ? '' : at }}", seconds=15, page=page
            )
        return str(shown or "")

    def second_tab(self) -> Page:
        with self.mortal():
            page = self.context.new_page()
        self.set_clock(page)
        self.goto("/field/", page)
        self.unlock(page)
        return page

    # ---- the store

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """What the phone holds, in clear as it lies there: `outbox` rows without their items, `blobs` rows."""
        return self._in_store(["outbox", "blobs"], "readonly", "rows", None) or {"outbox": [], "blobs": []}

    def drop(self, store: str, key: Any) -> None:
        """One row is gone from the disk, as an eviction or a bad block would take it."""
        self._in_store([store], "readwrite", "drop", [store, key])

    def spoil(self, record: str, how: str) -> None:
        """Damage a sealed record: `flipped` one letter of what is sealed, or `misshapen`, no seal at all."""
        self._in_store(["outbox"], "readwrite", "spoil", [record, how])

    def _in_store(self, stores: list[str], mode: str, work: str, given: Any) -> Any:
        return self.ask(IN_STORE.replace("WORK[work]", f"({WORK})[work]"), [stores, mode, work, given])

    def evict_all(self) -> None:
        """The browser threw the store away while it was closed; the shell stays."""
        assert not self._is_open
        for place in (self.folder / INDEXED_DB).glob("*.indexeddb.*"):
            for file in sorted(place.rglob("*"), reverse=True):
                file.rmdir() if file.is_dir() else file.unlink()
            place.rmdir()

    def garble(self, dice: random.Random) -> None:
        """Bytes of the store's files went bad while the browser was closed."""
        assert not self._is_open
        for file in sorted((self.folder / INDEXED_DB).glob("*.leveldb/*")):
            if file.suffix not in (".log", ".ldb") or not file.stat().st_size:
                continue
            content = bytearray(file.read_bytes())
            for _ in range(max(8, len(content) // 200)):
                content[dice.randrange(len(content))] ^= dice.randrange(1, 256)
            file.write_bytes(content)

    # ---- the room and the clock

    def used(self) -> int:
        """Bytes the origin has taken on the disk, by the browser's own count."""
        with self.mortal():
            session = self.context.new_cdp_session(self.page)
            return int(session.send("Storage.getUsageAndQuota", {"origin": self.origin})["usage"])

    def jump(self, shift_ms: int) -> None:
        """The clock is so much wrong from now on, under the open page too, until it is set again."""
        self.shift_ms = shift_ms
        if not self.is_open:
            return
        for page in self.context.pages:
            self.set_clock(page)
            self.ask("shift => { if (globalThis.__shift !== undefined) globalThis.__shift = shift; }", shift_ms, page)

    def set_clock(self, page: Page) -> None:
        """What this page loads from here on sees the shifted clock."""
        with self.mortal():
            if page in self._clocks:
                session, script = self._clocks[page]
                session.send("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})
            else:
                session = self.context.new_cdp_session(page)
                session.send("Page.enable")
            made = session.send("Page.addScriptToEvaluateOnNewDocument", {"source": CLOCK % self.shift_ms})
            self._clocks[page] = session, made["identifier"]


# What kind of screen this is: the PIN, a page of an enrolled phone, or the way to be enrolled (anew); "" while there is none yet.
SHOWN = """() => {
  if (/^\\/field\\/(enrol|emptied)/.test(location.pathname)) return document.querySelector('main') ? 'enrolment' : '';
  if (document.querySelector('form[data-pin]:not([data-closed]) [data-key]')) return 'pin';
  if (document.querySelector('[data-plain=storage]:not([hidden])')) return 'no store';
  return document.querySelector('.tabs, .bar-back, .dock') ? 'page' : '';
}"""
