"""王芳's phone, its records and its round trips."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from api.phone import wire
from rules.ciphers import uuid7
from tests.support.device import TestDevice, enrolled, instant
from tests.support.made import HOST


@pytest.fixture
def phone(db, cast, now) -> TestDevice:
    return enrolled(cast.wang_fang, by=cast.luo_guoxiu, now=now - timedelta(days=60))


@pytest.fixture
def sign_in(client):
    """Open a session for a phone in the test's own client."""

    def signed_in(phone: TestDevice) -> None:
        challenge = client.post("/api/phone/challenges", json={"device": str(phone.id)}).get_json()["challenge"]
        signature = phone.sign(f"daiban-session/1\n{phone.id}\n{challenge}")
        body = {"device": str(phone.id), "challenge": challenge, "signature": signature}
        assert client.post("/api/phone/sessions", json=body).status_code == 204

    return signed_in


@pytest.fixture
def sync(client, clock, sign_in):
    """One round trip; the answer is checked against the wire's own model."""

    def synced(phone: TestDevice, items=(), *, status: int = 200, **members):
        if client.get_cookie("__Host-phone", HOST) is None:
            sign_in(phone)
        body = {"device": str(phone.id), "clock": instant(clock()), "items": list(items)} | members
        answer = client.post("/api/phone/sync", json=body)
        if answer.status_code == 401 and status != 401:  # the session ended, as after a night: the phone opens another
            sign_in(phone)
            answer = client.post("/api/phone/sync", json=body)
        assert answer.status_code == status, answer.get_data(as_text=True)
        if status == 200:
            wire.SyncAnswer.model_validate_json(answer.get_data())
        return answer.get_json()

    return synced


@pytest.fixture
def pull(sync):
    """All pages of a pull, put together."""

    def pulled(phone: TestDevice, villages=None, **members):
        rows, cursor, villages = [], "", dict(villages or {})
        while True:
            answer = sync(phone, villages=villages, cursor=cursor, **members)
            rows += answer.get("rows", [])
            for area in answer.get("dropped", []):
                villages.pop(area)
            villages |= answer.get("villages", {})
            cursor = answer.get("cursor", "")
            if not answer.get("more"):
                return rows, villages

    return pulled


def visit(cast, now, **other):
    """The body of a visit to 陈桂兰 that ended a minute ago."""
    return {
        "visit": str(uuid7()), "reasons": ["care"], "met": [{"resident": str(cast.chen_guilan.id)}], "outcome": "done",
        "notes": "膝盖好些了", "badge_shown": True, "mark": {"kind": "signature", "role": "mark"},
        "started_at": instant(now - timedelta(minutes=20)), "ended_at": instant(now - timedelta(minutes=1)),
    } | other  # fmt: skip


def only(receipts):
    assert len(receipts) == 1
    return receipts[0]


def the(answer):
    return only(answer["receipts"])


def uid(text: str) -> UUID:
    return UUID(text)
