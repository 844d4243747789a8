"""The documents about the phone's API say what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import schemathesis

from api.phone import openapi, wire
from commands import event_docs
from rules import events

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_about_events_is_current():
    assert event_docs.TARGET.read_text(encoding="utf-8") == event_docs.text(), "run: flask --app app events-doc"


def test_the_types_of_the_phone_are_made_from_the_same_models():
    check = [sys.executable, "pwa/build/wire_types.py", "--check"]
    subprocess.run([sys.executable, "pwa/build/wire_types.py"], cwd=ROOT, check=True)
    assert subprocess.run(check, cwd=ROOT).returncode == 0


def test_every_route_of_the_phone_is_in_the_document_and_no_other(app):
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/phone")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {(each.method, each.path) for each in openapi.OPERATIONS}


def test_every_shape_in_the_document_is_valid_json_schema():
    for shape in openapi.document()["components"]["schemas"].values():
        jsonschema_rs.meta.validate(shape)


def test_the_document_can_be_read_as_openapi(client):
    found = client.get("/api/phone/openapi.json").get_json()
    assert found["openapi"].startswith("3.1")
    schema = schemathesis.openapi.from_dict(found)
    assert schema.statistic.operations.total == len(openapi.OPERATIONS)


def test_every_model_of_the_wire_is_in_the_document():
    named = {
        name for name, each in vars(wire).items() if isinstance(each, type) and issubclass(each, wire.Asked | wire.Told)
    }
    assert set(openapi.document()["components"]["schemas"]) >= named - {"Asked", "Told", "Misshapen"}


def test_every_kind_of_deed_in_the_code_is_written_down():
    said = re.compile(r'Deed\(\s*"([\w.]+)"')
    used = {kind for file in (ROOT / "actions").glob("*.py") for kind in said.findall(file.read_text(encoding="utf-8"))}
    assert used
    assert used <= set(events.DESK_KINDS), f"add to rules/events.py: {sorted(used - set(events.DESK_KINDS))}"


def test_a_phone_may_not_send_what_only_a_desk_may_do():
    assert not set(events.DESK_KINDS) & set(events.PHONE_KINDS)
