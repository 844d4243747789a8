"""What the CSP forbids is not written, and the phone's pages never reload."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
FIELD = [path for path in TEMPLATES if path.is_relative_to(ROOT / "templates" / "field")]

FORBIDDEN = {
    r"\shx-on[:\s=]": "hx-on builds functions from text, which needs unsafe-eval",
    r"""=["']\s*(js|javascript):""": "js: builds functions from text, which needs unsafe-eval",
    r"\son[a-z]+\s*=": "an inline handler, which the CSP refuses",
    r"\sstyle\s*=": "an inline style, which the CSP refuses: put a class into static/ui.css",
    r"<style[\s>]": "an inline style sheet, which the CSP refuses",
    r"<script(?![^>]*\ssrc=)(?![^>]*application/json)[^>]*>": "an inline script, which the CSP refuses",
    r"hx-trigger=\"[^\"]*\[": "a trigger filter builds functions from text, which needs unsafe-eval",
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_holds_no_code_of_its_own(path: Path):
    text = re.sub(r"\{#[\s\S]*?#\}", "", path.read_text())
    found = [reason for pattern, reason in FORBIDDEN.items() if re.search(pattern, text)]
    assert not found, found


@pytest.mark.parametrize("path", FIELD, ids=lambda path: path.name)
def test_no_link_of_the_phone_leaves_the_page(path: Path):
    """An unboosted link reloads the page, and the agent is asked for the PIN again in front of the old lady's door."""
    text = re.sub(r"\{#[\s\S]*?#\}|\{%[\s\S]*?%\}", "", path.read_text())
    for tag in re.findall(r"<(?:a|form)\b[^>]*>", text):
        address = re.search(r'(?:href|action)="([^"]*)"', tag)
        if address is None or re.match(r"(tel|sms|mailto|https?|blob):|#|\{\{", address[1]):
            continue
        assert address[1].startswith("/field"), f"{tag}: a page of the phone leads only to other pages of the phone"
        assert 'hx-boost="false"' not in tag, f"{tag}: reloads the page"
        assert not re.search(r"\s(target|download)\b", tag), f"{tag}: leaves the page"


def test_the_shell_boosts_every_link():
    shell = (ROOT / "templates" / "field" / "shell.html").read_text()
    assert re.search(r'<body[^>]*hx-boost:inherited="true"', shell), "htmx 4 inherits only what says so"


def test_a_template_says_what_it_is():
    """`{#- shared/resident_card.html: … -#}` on top: what it shows and what it needs."""
    shown = [path for path in TEMPLATES if path.parent.name != "problems"]  # a refusal's file is named for it
    bare = [str(path.relative_to(ROOT)) for path in shown if not path.read_text().lstrip().startswith("{#")]
    assert not bare, "begin with {#- name: what it shows, what it needs -#}:\n  " + "\n  ".join(bare)
