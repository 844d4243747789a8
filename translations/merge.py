"""Merge translations/src/*.zh_Hans.po into what the two programs read.

Writes translations/zh_Hans/LC_MESSAGES/messages.mo (the county server) and pwa/generated/messages.json (the phone:
only messages its own sources use). Run `python translations/merge.py`; `dev.py` does so in each build.
The same message may stand in several files, but with the same words: the first one counts, a test names the others.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "translations" / "src"
MO = ROOT / "translations" / "zh_Hans" / "LC_MESSAGES" / "messages.mo"
JSON = ROOT / "pwa" / "generated" / "messages.json"
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "_l": None, "ngettext": (1, 2)}
JINJA = {"newstyle_gettext": "true", "silent": "false"}
PHONE = (
    ("templates/field", "**.html", "jinja2", JINJA),
    ("templates/shared", "**.html", "jinja2", JINJA),
)
COMMENT = re.compile(r"/\*[\s\S]*?\*/")
#: `t("…")` and `t.n("…", "…", n)` of the phone's TypeScript, which Babel's lexer for JavaScript loses its way in.
SPOKEN = re.compile(r"""\bt(?P<n>\.n)?\(\s*"(?P<one>(?:[^"\\]|\\.)*)"(?:\s*,\s*"(?P<many>(?:[^"\\]|\\.)*)")?""")
DESK = (
    ("templates/office", "**.html", "jinja2", JINJA),
    ("templates/public", "**.html", "jinja2", JINJA),
    ("templates/problems", "**.html", "jinja2", JINJA),
    ("api", "**.py", "python", {}),
    ("actions", "**.py", "python", {}),
    ("rules", "**.py", "python", {}),
)
DIFFERENT: list[str] = []  # found by merged(): one message, two translations
Found = tuple[str, str | tuple[str, ...]]


def messages(places: tuple[tuple[str, str, str, dict[str, str]], ...]) -> Iterator[Found]:
    """Give (where, message) of every message in these sources; a plural message is a tuple."""
    for folder, pattern, method, options in places:
        if not (ROOT / folder).is_dir():
            continue
        found = extract_from_dir(ROOT / folder, [(pattern, method)], {pattern: options}, KEYWORDS)
        for name, line, message, _comments, _context in found:
            yield f"{folder}/{name}:{line}", message


def spoken() -> Iterator[Found]:
    """Give (where, message) of what the phone's TypeScript says."""
    for file in sorted((ROOT / "pwa").rglob("*.ts")):
        source = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), file.read_text())
        for found in SPOKEN.finditer(source):
            one, many = (json.loads(f'"{words}"') if words else "" for words in found.group("one", "many"))
            line = source.count("\n", 0, found.start()) + 1
            yield f"{file.relative_to(ROOT)}:{line}", (one, many) if found["n"] else one


def on_phone() -> Iterator[Found]:
    yield from messages(PHONE)
    yield from spoken()


def merged() -> Catalog:
    DIFFERENT.clear()
    catalog = Catalog(locale="zh_Hans", fuzzy=False)
    for file in sorted(SOURCES.glob("*.zh_Hans.po")):
        with file.open("rb") as source:
            for message in read_po(source, locale="zh_Hans"):
                if message.id:
                    add(catalog, message, file)
    return catalog


def add(catalog: Catalog, message: Message, file: Path) -> None:
    known = catalog.get(message.id)
    if known and known.string and message.string and known.string != message.string:
        DIFFERENT.append(f"{file.name}: {message.id!r} is {message.string!r} here and {known.string!r} in another file")
    if not known or not known.string:
        catalog.add(message.id, message.string, flags=message.flags)


def key(message: str | tuple[str, ...]) -> str:
    return message if isinstance(message, str) else message[0]


def main() -> None:
    catalog = merged()
    MO.parent.mkdir(parents=True, exist_ok=True)
    with MO.open("wb") as target:
        write_mo(target, catalog)
    phone = {}
    for message in sorted({key(message) for _, message in on_phone()}):
        known = catalog.get(message)
        if known and known.string:
            phone[message] = known.string if isinstance(known.string, str) else list(known.string)
    JSON.parent.mkdir(parents=True, exist_ok=True)
    JSON.write_text(json.dumps(phone, ensure_ascii=False, indent=0, sort_keys=True) + "\n")
    for line in DIFFERENT:
        print(line, file=sys.stderr)
    print(f"{len(catalog)} messages, {len(phone)} of them on the phone")


if __name__ == "__main__":
    main()
