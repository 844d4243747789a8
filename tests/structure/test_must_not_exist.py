"""What this program must never have (design §6; 国办函〔2026〕12号; docs/rules.md R-BUR).

No check-in, no track, no ranking of people, no points or streaks, no log-in statistics, no picture from a gallery for a
verification, no face recognition, no default stars, no field that charges for service. Whoever meets a red test here
has found a rule, not a slip: take the thing out.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import models
from rules import events

ROOT = Path(__file__).resolve().parents[2]

# Words on screens, in Chinese.
WORDS = (
    "打卡", "签到", "签退", "积分", "排名", "排行", "榜单", "得分", "评分", "名次", "连续天数", "在线时长", "登录次数",
    "轨迹", "人脸", "刷脸", "服务费", "收费", "手续费", "工作照", "默认好评",
)  # fmt: skip

# Names in code and in the schema, as whole words of a snake_case or camelCase name.
NAMES = {
    "checkin", "clockin", "clockout", "leaderboard", "ranking", "rank", "ranks", "score", "scores", "streak",
    "streaks", "trajectory", "mileage", "itinerary", "geofence", "stars", "fee", "fees", "surcharge", "tip",
}  # fmt: skip
PAIRS = {
    ("check", "in"), ("clock", "in"), ("clock", "out"), ("log", "ins"), ("login", "count"), ("online", "time"),
    ("online", "seconds"), ("online", "minutes"), ("face", "match"), ("face", "recognition"), ("face", "detector"),
    ("watch", "position"), ("service", "charge"), ("gps", "track"), ("location", "track"), ("track", "points"),
}  # fmt: skip


# What a table or an event must not even hold under a short name; in code these words have honest meanings too.
KEPT_NAMES = NAMES | {"points", "steps"}


def parts(name: str) -> list[str]:
    return [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]


def forbidden(name: str, names: frozenset[str] | set[str] = frozenset(NAMES)) -> bool:
    found = parts(name)
    return bool(names & set(found)) or any(pair in PAIRS for pair in itertools.pairwise(found))


def files(*patterns: str) -> list[Path]:
    found = [path for pattern in patterns for path in ROOT.glob(pattern)]
    return [path for path in found if not {"node_modules", ".venv", "var", "generated", "built"} & set(path.parts)]


TEMPLATES = files("templates/**/*.html")
PYTHON = files("*.py", "rules/**/*.py", "actions/**/*.py", "api/**/*.py", "commands/**/*.py", "migrations/**/*.py")
SCRIPTS = files("pwa/**/*.ts", "pwa/**/*.mjs")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "name",
    [
        "check_in_at",
        "checkinTime",
        "leaderboard",
        "visit_score",
        "watchPosition",
        "service_fee",
        "loginCount",
        "streakDays",
    ],
)
def test_the_forbidden_names_are_recognised(name: str):
    assert forbidden(name)


@pytest.mark.parametrize(
    "name", ["checked_at", "CheckerIsCapturer", "getVideoTracks", "point", "feedback", "scope", "blank_line", "tips"]
)
def test_innocent_names_are_not(name: str):
    assert not forbidden(name)


def test_no_table_or_column_holds_it():
    names = [model._meta.table_name for model in models.TABLES]
    names += [f"{model.__name__}.{field}" for model in models.TABLES for field in model._meta.fields]
    assert not [name for name in names if any(forbidden(part, KEPT_NAMES) for part in name.split("."))]


def test_no_event_of_a_phone_carries_it():
    carried = [
        f"{kind}.{field}"
        for kind, body in events.PHONE_KINDS.items()
        for field in re.findall(r'"(\w+)":', str(body.model_json_schema()).replace("'", '"'))
        if forbidden(field, KEPT_NAMES)
    ]
    assert not carried


def test_a_place_is_one_optional_point():
    """Position: one point, off by default (R-BUR-3). A list of positions would be a track."""
    for kind, body in events.PHONE_KINDS.items():
        for name, field in body.model_fields.items():
            if "position" in name or "latitude" in str(field.annotation):
                assert not field.is_required(), f"{kind}.{name} must stay optional"
                assert field.default is None, f"{kind}.{name} must be off by default"
                assert "tuple" not in str(field.annotation), f"{kind}.{name} must be one point"
                assert "list" not in str(field.annotation), f"{kind}.{name} must be one point"


def names_in(path: Path) -> Iterator[str]:
    """Every name a Python file defines or uses; comments and docstrings may speak of what must not be."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Name():
                yield node.id
            case ast.Attribute():
                yield node.attr
            case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.arg():
                yield node.arg
            case ast.keyword(arg=str()):
                yield str(node.arg)


def test_no_name_in_the_server_speaks_of_it():
    found = [f"{relative(path)}: {name}" for path in PYTHON for name in set(names_in(path)) if forbidden(name)]
    assert not found, "\n".join(found)


def test_no_name_in_the_phone_program_speaks_of_it():
    found = []
    for path in SCRIPTS:
        code = re.sub(r"/\*[^]*?\*/".replace("[^]", r"[\s\S]"), "", path.read_text())
        code = re.sub(r"(?m)^\s*//.*$|\s//\s.*$", "", code)
        found += [
            f"{relative(path)}: {name}" for name in sorted(set(re.findall(r"[A-Za-z_]\w+", code))) if forbidden(name)
        ]
    assert not found, "\n".join(found)


def test_no_screen_says_it():
    sources = [*TEMPLATES, *SCRIPTS, *files("translations/src/*.po", "static/*.webmanifest")]
    found = [
        f"{relative(path)}:{number}: {word}"
        for path in sources
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for word in WORDS
        if word in line and not line.lstrip().startswith("#")
    ]
    assert not found, "\n".join(found)


def test_no_field_screen_takes_a_picture_from_the_gallery():
    """A life verification is a live camera's picture; a file could be anyone's and any day's.

    A colleague's sealed records are the one file a phone takes: no form stands around its field, and no picture can be
    chosen there, for a part is kept only under the hash and the seal that a signed record names.
    """
    carried = (ROOT / "templates" / "field" / "carry.html").read_text()
    assert "accept" not in carried and "data-draft" not in carried
    found = [
        relative(path)
        for path in [*files("templates/field/**/*.html", "templates/shared/**/*.html"), *SCRIPTS]
        if path.name != "carry.html"
        and re.search(
            r"""type=["']file["']|\bcapture=|showOpenFilePicker|\.type\s*=\s*["']file["']""", path.read_text()
        )
    ]
    assert not found, "\n".join(found)


def test_no_rating_comes_chosen():
    for path in TEMPLATES:
        for tag in re.findall(r"<input[^>]*>", path.read_text()):
            if re.search(r'name="(rating|satisfaction|evaluation)', tag):
                assert "checked" not in tag, f"{relative(path)}: nobody's opinion is filled in for them: {tag}"
