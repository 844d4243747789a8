"""Dates and numbers read alike on both sides: one table of cases, two programs."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

from api.filters import FILTERS, age, day, moment
from tests.templates import engines

CASES = json.loads((Path(__file__).parent / "filters.json").read_text())
SCRIPT = """
import { makeFilters } from "./pwa/filters.ts";
const cases = JSON.parse(process.argv[1]);
const answer = (lang) => { const all = makeFilters(() => lang); return cases.map(([name, args]) => all[name](...args)); };
console.log(JSON.stringify({ names: Object.keys(makeFilters(() => "en")), zh: answer("zh-Hans"), en: answer("en") }));
"""


@pytest.fixture(scope="module")
def phone():
    command = [engines.node(), "--input-type=module-typescript", "-e", SCRIPT, json.dumps(CASES)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=engines.ROOT).stdout)


@pytest.fixture(params=["zh_Hans", "en"])
def locale(request):
    app = Flask("filters")
    Babel(app, default_locale=request.param)
    with app.test_request_context():
        yield request.param


def test_the_county_reads_them_so(locale):
    said = [FILTERS[name](*args) for name, args, *_ in CASES]
    assert said == [zh if locale == "zh_Hans" else en for *_, zh, en in CASES]


def test_the_phone_reads_them_so(phone):
    assert phone["zh"] == [zh for *_, zh, _en in CASES]
    assert phone["en"] == [en for *_, en in CASES]


def test_both_sides_have_the_same_filters(phone):
    assert set(phone["names"]) == set(FILTERS)


def test_the_county_also_takes_real_dates():
    assert day(date(2026, 10, 13), date(2026, 11, 22)) == "10月13日"
    assert moment(datetime(2026, 10, 12, 16, 0, tzinfo=UTC), date(2026, 10, 13)) == "今天 0:00"
    assert age(date(1944, 10, 13), date(2026, 10, 12)) == "81"
