"""The styles stay readable for the oldest engines we name: Chromium 85 and Safari 14 (README of the look, phone-facts)."""

from __future__ import annotations

import re

import pytest

from tests.templates.engines import ROOT

SECTIONS = re.split(r"^(?=/\* ---- )", (ROOT / "static/ui.css").read_text(), flags=re.M)
#: The desk runs on desktops of today; the last section speaks of the old engines itself.
PHONE = re.sub(
    r"/\*.*?\*/", "", "".join(s for s in SECTIONS if not re.match(r"/\* ---- (office|old engines)", s)), flags=re.S
)
TOKENS = re.sub(r"/\*.*?\*/", "", (ROOT / "static/tokens.css").read_text(), flags=re.S)

TOO_NEW = {
    r":has\(": "Chromium 105: draw it by what follows the input",
    r"[;{\s]inset(-inline|-block)?:": "Chromium 87: top, right, bottom, left",
    r"(margin|padding|border)-(inline|block)(-start|-end)?:": "the short forms need Chromium 87: left and right",
    r"aspect-ratio:": "Chromium 88",
    r":is\(|:where\(": "Chromium 88",
    r"[;{\s]color-mix\(|oklch\(|lch\(": "Chromium 111",
    r"@container|@layer": "Chromium 99 and later",
    r"url\(": "the CSP loads nothing from data:, and a file is one more request",
}


@pytest.mark.parametrize("pattern", TOO_NEW)
def test_nothing_is_too_new_for_an_old_phone(pattern):
    found = re.findall(rf".{{0,40}}(?:{pattern}).{{0,20}}", PHONE)
    assert not found, f"{TOO_NEW[pattern]}: {found}"


def test_a_height_of_the_new_kind_has_the_old_one_before_it():
    for rule in re.findall(r"\{([^{}]*dvh[^{}]*)\}", PHONE):
        assert re.search(r"100vh.*100dvh", rule), rule


def test_appearance_is_also_said_the_old_way():
    for rule in re.findall(r"\{([^{}]*appearance: none[^{}]*)\}", PHONE):
        assert "-webkit-appearance: none" in rule, rule


def test_colours_are_written_once():
    """A number of a colour stands in tokens.css; elsewhere it is a name."""
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", PHONE)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text))


LIGHT = _colours(TOKENS.split("@media (prefers-color-scheme: dark)")[0])
DARK = LIGHT | _colours(TOKENS.split("@media (prefers-color-scheme: dark)")[1].split("html.elder")[0])
#: words on ground, and the least contrast the look promises (law: 4.5 for words, 3 for edges)
PAIRS = [
    *((word, ground, 7) for word in ("ink", "ink-2") for ground in ("paper", "surface", "sunken")),
    *((word, ground, 6.3) for word in ("accent", "act") for ground in ("paper", "surface")),
    ("on-accent", "accent", 7),
    ("on-accent-soft", "accent-soft", 7),
    ("on-soon-soft", "soon-soft", 7),
    ("on-act", "act", 6.3),
    ("on-act-soft", "act-soft", 7),
    ("edge", "surface", 3.9),
    ("edge", "paper", 3.9),
]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("word", "ground", "least"), PAIRS, ids=lambda each: str(each))
def test_words_can_be_read_in_the_sun(theme, word, ground, least):
    assert _contrast(theme[word], theme[ground]) >= least
