"""What an agent does on the phone's own screens, by the taps a thumb would make, as fast as the screens come.

Each deed bears a word nobody else writes (`Deed.word`), in a field of its record: by it the record is known again on the
screen, in the store's place at the county, and twice if it came twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.faults.slow.handset import Handset
from tests.support.phone import stroke

KINDS = ("visit", "signed visit", "verification", "request", "delivery", "change", "newcomer", "death")

# What the last tap led to: said, refused (a form shown again, a problem), the PIN; "" while nothing is there yet.
OUTCOME = """() => {
  const says = document.querySelector('.says .notice');
  if (says && !document.querySelector('form[data-draft]')) return 'said: ' + says.innerText.trim();
  const error = document.querySelector('form[data-draft] .error');
  if (error) return 'form: ' + error.innerText.trim();
  if (document.querySelector('form[data-pin]')) return 'PIN';
  const notKept = [...document.querySelectorAll('[data-camera-not-kept], [data-signature-not-kept]')].find((e) => !e.hidden);
  if (notKept) return 'not kept: ' + notKept.innerText.trim();
  const problem = document.querySelector('.head + main .say');
  if (problem) return 'problem: ' + document.querySelector('.head').innerText.trim();
  return '';
}"""
TAP = """(selector) => {
  const it = [...document.querySelectorAll(selector)].find((e) => !e.disabled);
  if (!it) return false;
  it.click();
  return true;
}"""
# A thumb that taps twice because nothing seemed to happen.
TAP_TWICE = TAP.replace("it.click();", "it.click(); it.click(); setTimeout(() => it.isConnected && it.click(), 40);")
# Fill what stands there as typing would: each field says it changed, so that the draft keeps it.
FILL = """(values) => {
  for (const [selector, value] of Object.entries(values)) {
    const field = document.querySelector(selector);
    if (!field) continue;
    if (value === true) { if (!field.checked) field.click(); continue; }
    field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }
}"""
ROW = """([scope, name]) => {
  const it = [...document.querySelectorAll(scope + ' a.row')].find((e) => e.innerText.includes(name));
  if (!it) return false;
  it.click();
  return true;
}"""


@dataclass(frozen=True)
class Deed:
    number: int
    kind: str
    name: str  # of the person; empty for a newcomer, who is named by `word`
    word: str

    def __str__(self) -> str:
        return f"deed {self.number}: {self.kind}, {self.name or 'somebody new'}, “{self.word}”"


class NotOffered(Exception):
    """The screen does not lead there: the person is gone, the thing was done before, the pack is closed."""


Before = Callable[[str], None]  # told of each tap that matters, "photo" and "save", just before it


def do(
    phone: Handset, deed: Deed, before: Before = lambda _: None, page: Page | None = None, *, twice: bool = False
) -> str:
    """Do it; give what the screen then says (see OUTCOME). `twice`: the last button is tapped twice. Raises Died, NotOffered."""
    return _Thumb(phone, deed, before, page or phone.page, twice).do()


class _Thumb:
    def __init__(self, phone: Handset, deed: Deed, before: Before, page: Page, twice: bool) -> None:
        self.phone, self.deed, self.before, self.page, self.twice = phone, deed, before, page, twice

    def do(self) -> str:
        if self.deed.kind == "newcomer":
            self.find(self.deed.word)
            self.tap("a[href='/field/people/new']")
            self.arrive("#name")
            self.fill({"#name": self.deed.word, "#birth_year": "1947"})
            return self.save("#f")
        self.open_person()
        return getattr(self, self.deed.kind.replace(" ", "_"))()

    # ---- to the person

    def find(self, text: str) -> None:
        self.to_a_place()
        self.tap(".tabs a[href='/field/find']")
        self.arrive("#q")
        self.fill({"#q": text})
        if not self.until("() => document.querySelector('#found a.btn[href=\"/field/people/new\"]')"):
            raise NotOffered("nothing was found by what was typed")

    def to_a_place(self) -> None:
        """Back, until the bottom bar is there."""
        for _ in range(6):
            shown = self.until(
                "() => document.querySelector('.tabs') ? 'tabs' : document.querySelector('form[data-pin]') ? 'PIN' : document.querySelector('.bar-back, .dock a.btn') ? 'back' : ''"
            )
            if shown == "tabs":
                return
            if shown == "PIN":
                self.phone.unlock(self.page)
                continue
            before = self.ask("() => location.pathname + document.body.innerText.length")
            self.tap(".bar-back, .dock a.btn")
            self.until("(before) => location.pathname + document.body.innerText.length !== before", before, 3)
        raise NotOffered("no way back to the bottom bar")

    def open_person(self) -> None:
        self.find(self.deed.name)
        if not self.until(ROW, ["#found", self.deed.name]):
            raise NotOffered("not in the list")
        if not self.until(
            "(name) => document.querySelector('.bar-back') && document.querySelector('main').innerText && document.body.innerText.includes(name) && !document.querySelector('#found')",
            self.deed.name,
        ):
            raise NotOffered("the page of the person does not come")

    # ---- deeds

    def visit(self) -> str:
        """Nobody was at home: the shortest record there is."""
        self.tap("a[href*='/field/visits/new']")
        self.arrive("#notes")
        self.fill({"#outcome-away": True, "#where_away": "广东", "#reasons-care": True, "#notes": self.deed.word})
        return self.save("#visit")

    def signed_visit(self) -> str:
        self.tap("a[href*='/field/visits/new']")
        self.arrive("#notes")
        self.fill({"#outcome-done": True, "#reasons-care": True, "#notes": self.deed.word})
        self.tap(".dock button[form=visit]")
        self.arrive("#mark-form, form[data-draft] .error")
        self.sign()
        return self.save("#mark-form")

    def verification(self) -> str:
        self.tap("a[href*='/verification']:not([href*='verifications'])")
        for _ in range(4):
            here = self.until(
                "() => document.querySelector('#witness_other') ? 'confirm' : document.querySelector('[data-camera-shutter]:not([disabled])') ? 'camera' : document.querySelector('button[name=document]') ? 'document' : document.querySelector('#by-self') ? 'consent' : ''",
                seconds=8,
            )
            if here == "confirm":
                break
            if here == "document":
                self.tap("button[name=document][value=id_card]")
                self.until("() => !document.querySelector('button[name=document]')")
            elif here == "camera":
                self.before("photo")
                self.tap("[data-camera-shutter]")
                self.until(
                    "() => document.querySelector('#witness_other') || [...document.querySelectorAll('[data-camera-not-kept]')].some((e) => !e.hidden)"
                )
                if (refused := self.ask(OUTCOME)) and str(refused).startswith("not kept"):
                    return str(refused)
            else:
                raise NotOffered("no way into the verification")
        else:
            raise NotOffered("the verification does not come to its end")
        self.fill({"#witness-other": True, "#witness_other": f"{self.deed.word} 女儿", "#condition-weak": True})
        self.sign()
        return self.save("#f")

    def request(self) -> str:
        self.tap("a[href$='/request']")
        self.arrive("#words")
        self.fill({"#words": f"{self.deed.word} 想换一副老花镜"})
        return self.save("#f")

    def delivery(self) -> str:
        self.tap("a[href*='/deliveries/']")
        self.arrive("#identity-known")
        self.fill({"#to-authorised": True, "#authorised_name": self.deed.word, "#identity-known": True})
        self.sign()
        return self.save("#f")

    def change(self) -> str:
        self.tap("a[href$='/changes']")
        self.arrive("#hours")
        self.fill({"#hours": self.deed.word})
        return self.save("#f")

    def death(self) -> str:
        self.tap("a[href$='/death']")
        self.arrive("#told_name")
        self.fill({"#told-other": True, "#told_name": self.deed.word, "#seen-none": True})
        return self.save("#f")

    # ---- a thumb

    def sign(self) -> None:
        self.fill({"#mark_kind-signature": True})
        if not self.until("() => document.querySelector('[data-signature][data-open] canvas')"):
            raise NotOffered("the pad does not open")
        with self.phone.mortal():
            stroke(self.page)
        self.until(
            "() => document.querySelector('input[name=mark]').value || [...document.querySelectorAll('[data-signature-not-kept]')].some((e) => !e.hidden)",
            seconds=5,
        )

    def save(self, form: str) -> str:
        """The tap that keeps it; then whatever the screen says of it."""
        button = f".dock button[form={form[1:]}].btn-primary"
        self.arrive(button)
        self.before("save")
        if self.twice:
            self.until(TAP_TWICE, button)
        else:
            self.tap(button)
        time.sleep(0.02)
        return str(self.until(OUTCOME, seconds=10) or "nothing was said")

    def tap(self, selector: str) -> None:
        if not self.until(TAP, selector):
            raise NotOffered(f"there is no {selector}")

    def arrive(self, selector: str) -> None:
        if not self.until("(selector) => document.querySelector(selector) !== null", selector):
            raise NotOffered(f"{selector} does not come: {self.ask('() => document.body.innerText.slice(0, 200)')!r}")

    def fill(self, values: dict[str, Any]) -> None:
        self.ask(FILL, values)

    def ask(self, script: str, given: Any = None) -> Any:
        return self.phone.ask(script, given, self.page)

    def until(self, script: str, given: Any = None, seconds: float = 8) -> Any:
        return self.phone.until(script, given, seconds, self.page)


def killing(phone: Handset, at: str, wait_ms: int) -> Before:
    """Kill the browser so long after the tap `at`; once."""
    begun = threading.Event()

    def before(tap: str) -> None:
        if tap == at and not begun.is_set():
            begun.set()
            threading.Timer(wait_ms / 1000, phone.strike).start()

    return before
