"""Reads a page as a browser would, and finds what no page of ours may contain.

Used by `visit` in tests/conftest.py on every page a test fetches, and on its own for templates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import html5lib
from bs4 import BeautifulSoup, Tag
from bs4.element import Comment, NavigableString

# Words people read as they are, in Chinese too.
NOT_ENGLISH = {
    "Android", "App", "APP", "Chrome", "Chromium", "CSV", "Daiban", "Edge", "English", "Excel", "GBK", "iOS", "iPhone", "PIN", "Safari", "WPS",
    "TOTP", "USB", "UTF", "WeChat", "XLSX", "xlsx", "xls", "csv", "http", "https", "www", "localhost", "BOM",
}  # fmt: skip
BANNED_WORDS = (
    "系统",
    "操作",
    "提交",
    "成功",
    "失败",
    "用户",
    "采集",
    "请稍后再试",
    "！",
    "!",
)  # ui/README §4, in our own words
READ_ALOUD = ("aria-label", "alt", "title", "placeholder")
EXEMPT = ("script", "style", "code", "samp", "kbd", "template")


@dataclass
class Page:
    """One answer: `select` and `text` to look at it, `findings` for what is wrong with it."""

    status: int
    html: str
    url: str = ""

    @cached_property
    def is_whole(self) -> bool:
        """Whether this is a page of its own, not a piece that htmx puts into one."""
        return self.html.lstrip()[:15].lower().startswith("<!doctype")

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.html, "html5lib" if self.is_whole else "html.parser")

    def select(self, selector: str) -> list[Tag]:
        return list(self.soup.select(selector))

    def one(self, selector: str) -> Tag:
        """Give the only element of this selector; the message says what the page held instead."""
        found = self.select(selector)
        assert len(found) == 1, f"{len(found)} elements are {selector!r} on {self.url}:\n{self.text}"
        return found[0]

    @cached_property
    def text(self) -> str:
        """Everything a person reads, spaces made single."""
        return " ".join(str(text).strip() for text, _ in self._words() if str(text).strip())

    def __contains__(self, words: str) -> bool:
        return words in self.text

    def fields_of(self, form: str) -> dict[str, str]:
        """What the form would send if nobody touched it."""
        sent: dict[str, str] = {}
        for field in self.one(form).select("input[name], select[name], textarea[name], button[name]"):
            name, kind = str(field["name"]), field.get("type", "text")
            if field.name == "select":
                chosen = field.select_one("option[selected]") or field.select_one("option")
                sent[name] = str(chosen.get("value", chosen.text)) if chosen else ""
            elif field.name == "textarea":
                sent[name] = field.text
            elif kind in ("checkbox", "radio"):
                if field.has_attr("checked"):
                    sent[name] = str(field.get("value", "on"))
            elif field.name == "input" and kind not in ("submit", "button", "file"):
                sent[name] = str(field.get("value", ""))
        return sent

    def findings(self) -> list[str]:
        """Name everything that is wrong: markup, names of things, what the CSP forbids, words."""
        return [
            *self._parse_errors(),
            *self._unnamed(),
            *self._broken_references(),
            *self._inline_code(),
            *self.words_that_do_not_belong(),
        ]

    def _parse_errors(self) -> Iterator[str]:
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        if self.is_whole:
            parser.parse(self.html)
        else:
            first = self.soup.find(True)
            parser.parseFragment(self.html, container=CONTAINERS.get(first.name if first else "", "div"))
        for (line, column), code, facts in parser.errors:
            yield f"not valid HTML, line {line}, column {column}: {code} {facts}"

    def _unnamed(self) -> Iterator[str]:
        if self.is_whole:
            html = self.soup.html
            if not (html and html.get("lang")):
                yield "the page does not say its language"
            if not (self.soup.title and self.soup.title.text.strip()):
                yield "the page has no title"
            if len(self.select("h1")) != 1:
                yield f"the page has {len(self.select('h1'))} h1, not one"
        for field in self.select("input, select, textarea"):
            if field.get("type") in ("hidden", "submit", "button", "image"):
                continue
            if not self._is_labelled(field):
                yield f"a field without a label: {_short(field)}"
        for control in self.select("button, a[href], summary"):
            named = (
                control.get_text(strip=True) or control.get("aria-label") or control.select("img[alt]:not([alt=''])")
            )
            if not named and not control.get("aria-labelledby"):
                yield f"something to press without a name: {_short(control)}"
        for image in self.select("img:not([alt])"):
            yield f"a picture without alt: {_short(image)}"

    def _is_labelled(self, field: Tag) -> bool:
        if field.get("aria-label") or field.get("aria-labelledby") or field.find_parent("label"):
            return True
        return bool(field.get("id")) and any(label.get("for") == field["id"] for label in self.select("label[for]"))

    def _broken_references(self) -> Iterator[str]:
        ids = Counter(str(tag["id"]) for tag in self.select("[id]"))
        yield from (f"the id {name!r} stands {times} times" for name, times in ids.items() if times > 1)
        if not self.is_whole:
            return
        for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "list"):
            for tag in self.select(f"[{attribute}]"):
                for name in str(tag[attribute]).split():
                    if name not in ids:
                        yield f"{attribute}={name!r} points at nothing"

    def _inline_code(self) -> Iterator[str]:
        for tag in self.soup.find_all(True):
            for attribute, value in tag.attrs.items():
                if attribute == "style":
                    yield f"an inline style, which the CSP refuses: {_short(tag)}"
                elif attribute.startswith(("on", "hx-on")) or str(value).lstrip().lower().startswith(
                    ("javascript:", "js:")
                ):
                    yield f"inline code, which the CSP refuses: {_short(tag)}"
        if self.select("style"):
            yield "an inline style sheet, which the CSP refuses"
        for script in self.select("script:not([src])"):
            if script.get("type") != "application/json":
                yield f"an inline script, which the CSP refuses: {_short(script)}"

    def words_that_do_not_belong(self) -> Iterator[str]:
        """Name words we do not say, and English on a page that says it is Chinese."""
        if not self._is_chinese():
            return
        for text, where in self._words():
            for word in BANNED_WORDS:
                if word in text:
                    yield f"a word we do not say, {word!r}: {text.strip()[:80]}"
            if where is not None and where.find_parent(attrs={"lang": "en"}) is None and where.get("lang") != "en":
                left = [
                    word for word in re.findall(r"[A-Za-z]{3,}", _without_addresses(text)) if word not in NOT_ENGLISH
                ]
                if left:
                    yield f"English left on a Chinese page, {' '.join(left)!r}: {text.strip()[:80]}"

    def _is_chinese(self) -> bool:
        html = self.soup.find("html")
        return str(html.get("lang", "zh")).startswith("zh") if isinstance(html, Tag) else True

    def _words(self) -> Iterator[tuple[str, Tag | None]]:
        for text in self.soup.find_all(string=True):
            if isinstance(text, Comment) or type(text) is not NavigableString:
                continue
            parents = {parent.name for parent in text.parents}
            if not parents & set(EXEMPT):
                quiet = text.find_parent(attrs={"translate": "no"})
                yield str(text), None if quiet else text.parent
        for attribute in READ_ALOUD:
            for tag in self.select(f"[{attribute}]"):
                yield str(tag[attribute]), tag


CONTAINERS = {
    "tr": "tbody",
    "td": "tr",
    "th": "tr",
    "tbody": "table",
    "option": "select",
    "li": "ul",
    "dt": "dl",
    "dd": "dl",
}


def _without_addresses(text: str) -> str:
    text = re.sub(
        r"https?://\S+|\S+@\S+|[\w.-]+:\d+[\w/.-]*|[\w.-]+\.(?:html?|csv|xlsx?|jsonl?|cn|gov|example)\S*", "", text
    )
    return re.sub(r"\b[A-Z]{2,4}-[\w-]+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "", text)  # HL-1013-02, ids


def _short(tag: Tag) -> str:
    return str(tag).split("\n")[0][:140]
