"""Phones that were not renewed for a while send as they did then, and are taken in: the last three ways of writing.

Written down from the phone program at the commits they name (tests/vectors/old_clients). A new way of writing adds a
file; the oldest may go when three newer ones stand beside it.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from models import Request, Visit
from rules.ciphers import uuid7
from tests.support.device import instant

FILES = sorted((Path(__file__).parents[1] / "vectors" / "old_clients").glob("*.json"))


def filled(value, places):
    """The recorded value with this test's people, ids and moments in its places."""
    if isinstance(value, dict):
        return {name: filled(each, places) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, places) for each in value]
    return places.get(value, value) if isinstance(value, str) else value


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def client_of_then(request):
    return json.loads(request.param.read_text())


@pytest.fixture
def written(client_of_then, phone, cast, now):
    """Its records, signed and sealed by this test's phone."""
    request, other = str(uuid7()), str(uuid7())
    places = {
        "$resident": str(cast.chen_guilan.id), "$now": instant(now), "$began": instant(now - timedelta(minutes=20)),
        "$other": other, "$request": request,
    }  # fmt: skip
    items = []
    for record in client_of_then["records"]:
        event = request if record["kind"] == "request.raised" else str(uuid7())
        body = filled(record["body"], places | {"$id": event})
        payload = phone.payload(
            record["kind"], body, at=now, subject=cast.chen_guilan.id, id=event, **client_of_then["payload"]
        )
        items.append(phone.sealed(payload))
    return items


def test_three_ways_of_writing_are_kept():
    assert len(FILES) >= 3


def test_what_an_older_program_sends_is_accepted(client_of_then, written, sync, phone):
    answer = sync(phone, written, **client_of_then["sync"])
    assert [receipt["state"] for receipt in answer["receipts"]] == ["accepted", "accepted"]
    assert (Visit.select().count(), Request.select().count()) == (1, 1)
    assert answer["rows"], "its pack comes too"
    again = sync(phone, written, **client_of_then["sync"])
    assert again["receipts"] == answer["receipts"]


def test_and_by_its_mailbox_while_it_is_locked(client_of_then, written, client, phone, now):
    body = client_of_then["mailbox"] | {"device": str(phone.id), "clock": instant(now), "items": written}
    answer = client.post("/api/phone/mailbox", json=body, headers={"Authorization": f"Bearer {phone.mailbox}"})
    assert [receipt["state"] for receipt in answer.get_json()["receipts"]] == ["accepted", "accepted"]


def test_a_newer_program_may_say_more_than_this_county_knows(client_of_then, written, sync, phone):
    more = {"battery": 80, "waiting": {"records": 0, "blobs": 0, "films": 2}}
    answer = sync(phone, written, **client_of_then["sync"] | more)
    assert [receipt["state"] for receipt in answer["receipts"]] == ["accepted", "accepted"]
