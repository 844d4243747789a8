"""Write static/public.css: what the pages at the door need of tokens.css and ui.css, and nothing else.

A rule stays when every class in it stands in a template of templates/public, a token when a rule that stayed uses
it. Run `python static/make_public.py` after changing any of these; the file is committed and a test compares it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
TEMPLATES = HERE.parent / "templates" / "public"
OUT = HERE / "public.css"
#: Classes that no template writes out: made from a value, or set on <html>.
GIVEN = {
    "public",
    "elder",
    "icon",
    "verdict-valid",
    "verdict-paused",
    "verdict-expired",
    "verdict-revoked",
    "verdict-unknown",
}
TAGS = {
    "html",
    "body",
    "h1",
    "h2",
    "p",
    "ul",
    "b",
    "a",
    "button",
    "input",
    "li",
    "svg",
    "img",
    "span",
    "div",
    "main",
    "section",
    "form",
    "label",
}
CONDITION = {"disabled", "type", "aria-disabled"}  # attributes that no page at the door has


def public_css() -> str:
    text = (HERE / "tokens.css").read_text() + (HERE / "ui.css").read_text()
    kept = list(_kept(re.sub(r"/\*.*?\*/", "", text, flags=re.S), _classes()))
    css = "\n".join(kept)
    while (slimmer := _without_unused_tokens(css)) != css:
        css = slimmer
    lines = [line for line in css.splitlines() if not re.fullmatch(r"(?:@[^{]+\{)?[^{}]*\{\}\}?", line)]
    return "/* Made by make_public.py. */\n" + "\n".join(lines) + "\n"


def _classes() -> set[str]:
    found = set(GIVEN)
    for file in TEMPLATES.glob("*.html"):
        for value in re.findall(r'class="([^"]*)"', file.read_text()):
            found.update(re.findall(r"[\w-]+", re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", value)))
    return found


def _kept(text: str, classes: set[str]) -> Iterator[str]:
    for head, body in _blocks(text):
        if head.startswith("@"):
            inner = "".join(_kept(body, classes))
            if inner and "min-width: 900px" not in head:
                yield f"{_tight(head)}{{{inner}}}"
            continue
        selectors = [each for each in _selectors(head) if _is_used(each, classes)]
        if selectors:
            yield f"{','.join(_tight(each) for each in selectors)}{{{_declarations(body)}}}"


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Give (head, body) of each block at this level."""
    depth = start = 0
    head = ""
    for place, character in enumerate(text):
        if character == "{":
            if depth == 0:
                head, start = text[start:place].strip(), place + 1
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                yield head, text[start:place]
                start = place + 1


def _selectors(head: str) -> list[str]:
    return [each.strip() for each in re.split(r",(?![^(]*\))", head)]


def _is_used(selector: str, classes: set[str]) -> bool:
    if not set(re.findall(r"\.([\w-]+)", selector)) <= classes or set(re.findall(r"\[([\w-]+)", selector)) & CONDITION:
        return False
    tags = re.findall(r"(?<![.\w:-])([a-z][a-z0-9]*)", re.sub(r"\([^)]*\)|::?[\w-]+|\.[\w-]+", " ", selector))
    return set(tags) <= TAGS


def _declarations(body: str) -> str:
    return ";".join(_tight(each) for each in body.split(";") if each.strip())


def _tight(text: str) -> str:
    return re.sub(r"\s*([:,>])\s+", r"\1", re.sub(r"\s+", " ", text.strip())) if "(" not in text else _around(text)


def _around(text: str) -> str:
    """Spaces inside parentheses may count (`calc`, `@media`); only those after `:` and `,` go."""
    return re.sub(r"([:,])\s+", r"\1", re.sub(r"\s+", " ", text.strip()))


def _without_unused_tokens(css: str) -> str:
    used = set(re.findall(r"var\((--[\w-]+)", css))
    return re.sub(
        r"(?<=[{;])(--[\w-]+):[^;{}]*(;|(?=\}))", lambda found: found.group() if found.group(1) in used else "", css
    )


if __name__ == "__main__":
    OUT.write_text(public_css())
