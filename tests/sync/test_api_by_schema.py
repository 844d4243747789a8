"""Whatever a phone sends that the document allows, and much that it does not: an answer of the document, never a bug.

schemathesis makes the requests from /api/phone/openapi.json; the session, the tokens and the signatures are a test
device's, so that the requests reach what lies behind the door.
"""

from __future__ import annotations

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from actions import enrolments
from api.phone import openapi
from models import JournalEntry, Scope, Visit
from tests.support.device import TestDevice
from tests.sync.conftest import visit

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance, content_type_conformance]
FEW = settings(
    max_examples=20, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)  # fmt: skip

SCHEMA = schemathesis.openapi.from_dict(openapi.document())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]


@pytest.fixture
def claimed(client, phone, cast, now):
    """A code claimed by a phone that waits."""
    offered = enrolments.offer(cast.wang_fang.actor, actor=cast.luo_guoxiu.actor, now=now)
    fresh = TestDevice(cast.wang_fang)
    return client.post("/api/phone/enrolments", json={"code": offered.code, "public_key": fresh.public_key}).get_json()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
def test_every_answer_is_one_of_the_document(client, sign_in, phone, claimed, cast, now, operation):
    sign_in(phone)

    @FEW
    @given(case=operation.as_strategy(), signed=st.booleans(), sealed=st.booleans())
    def told(case, signed, sealed):
        body = case.body if isinstance(case.body, dict) else None
        if body is not None and "device" in body:
            body["device"] = str(phone.id)
        if body is not None and signed and "items" in body:
            body["items"] = [*body["items"][:3], item(phone, cast, now, sealed=sealed)]
        path = case.formatted_path.replace(str(case.path_parameters.get("enrolment", "-")), claimed["enrolment"])
        response = client.open(
            path, method=case.method, query_string=case.query, headers=tokens(case.path, phone, claimed),
            **({"json": body} if body is not None else {"data": raw(case.body)}),
        )  # fmt: skip
        case.validate_response(response, checks=CHECKS)

    told()
    assert JournalEntry.select().count() == sum(scope.position for scope in Scope.select())


def item(phone, cast, now, *, sealed):
    payload = phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id)
    return phone.sealed(payload) if sealed else phone.clear(payload)


def tokens(path, phone, claimed):
    token = {"/api/phone/mailbox": phone.mailbox, "/api/phone/enrolments/{enrolment}": claimed["claim"]}.get(path)
    return {"Authorization": f"Bearer {token}"} if token else {}


def raw(body):
    return body if isinstance(body, bytes) else b"" if not isinstance(body, str) else body.encode()


# ---- what no schema says


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(FEW, max_examples=40)
@given(
    changes=st.dictionaries(
        st.sampled_from(
            [
                "seq",
                "v",
                "after",
                "at",
                "offset_ms",
                "offset_age_s",
                "body",
                "blobs",
                "subject",
                "post",
                "actor",
                "scope",
                "kind",
                "salt",
                "prev",
            ]
        ),
        JSON,
        max_size=4,
    )
)
def _signed_nonsense(sync_action, phone, now, changes):
    """A truly signed event with anything in its members: filed, held or refused, and the next one still gets through."""
    payload = json.loads(phone.payload("complaint.made", {}, at=now)) | changes
    text = json.dumps(payload)
    sent = phone.clear(text)
    found = sync_action.Item(sent["id"], sent["hash"], sent["device"], payload=text, signature=sent["signature"])
    assert sync_action.receive([found], now=now)[0].state in ("held", "refused")


def test_signed_nonsense_is_held_or_refused_and_nothing_breaks(phone, cast, now):
    from actions import sync

    _signed_nonsense(sync, phone, now)
    payload = phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id)
    sent = phone.clear(payload)
    good = sync.Item(sent["id"], sent["hash"], sent["device"], payload=payload, signature=sent["signature"])
    assert sync.receive([good], now=now)[0].state == "accepted"
    assert Visit.select().count() == 1
