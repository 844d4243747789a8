"""Every refusal has its page with three blocks, and no page speaks for a refusal that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rules import problems

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "problems"


def every(cls: type) -> list[type]:
    return [found for each in cls.__subclasses__() for found in ([each] if hasattr(each, "code") else []) + every(each)]


@pytest.mark.parametrize("problem", every(problems.Problem), ids=lambda problem: problem.code)
def test_a_refusal_says_what_happened_what_to_do_and_what_is_kept(problem):
    text = (FOLDER / f"{problem.code}.html").read_text()
    for block in ("what", "next_step", "kept"):
        assert re.search(r"\{%-?\s*block " + block + r"\s*-?%\}\s*\S", text), f"the block {block} is missing or empty"


def test_no_page_is_left_of_a_refusal_that_is_gone():
    codes = {problem.code for problem in every(problems.Problem)} | {"bug"}
    assert not [path.name for path in FOLDER.glob("*.html") if not path.name.startswith("_") and path.stem not in codes]


def test_codes_are_stable_names():
    codes = [problem.code for problem in every(problems.Problem)]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code) for code in codes)


ASKED_FOR = re.compile(r'''(?:FieldMissing|forms\.(?:words|day|number|one_of|uuid|area)|_needed)\((?:\w+, )?"(\w+)"''')


def test_each_field_that_can_be_missing_has_a_word(app):
    from api.office.words import field_word

    root = FOLDER.parents[1]
    names = {
        n for part in ("api", "actions") for p in (root / part).rglob("*.py") for n in ASKED_FOR.findall(p.read_text())
    }
    with app.test_request_context():
        assert {"name", "died_on", "why"} <= names
        assert not [name for name in sorted(names) if field_word(name) == name]
