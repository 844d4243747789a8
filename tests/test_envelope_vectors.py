"""What the phone's code wrote, read by the county's; tests/pwa/vectors.test.ts reads the other way round."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

from rules import ciphers
from rules.ciphers import Unreadable, unb64
from rules.events import Payload

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "envelope.json").read_text())
COUNTY = load_der_private_key(unb64(VECTORS["county_key"]["private_key_pkcs8"]), None)

both_sides = pytest.mark.parametrize("side", [VECTORS["phone"], VECTORS["county"]], ids=["phone", "county"])


@both_sides
def test_hash_and_signature_are_of_the_exact_text(side: dict[str, Any]) -> None:
    event = side["event"]
    text = ciphers.EVENT_PREFIX + event["payload"]
    key, signature = ciphers.public_key_from(unb64(side["public_key"])), unb64(event["signature"])
    assert ciphers.event_hash(event["payload"]) == event["hash"]
    assert ciphers.signature_fits(key, text, signature)
    assert not ciphers.signature_fits(key, text + " ", signature)


@both_sides
def test_an_item_opens_only_under_its_own_id_hash_and_device(side: dict[str, Any]) -> None:
    item, event = side["item"], side["event"]
    info = ciphers.item_info(item["id"], item["hash"], item["device"])
    inside = json.loads(ciphers.hpke_open(COUNTY, unb64(item["sealed"]), info))
    assert inside == {"payload": event["payload"], "signature": event["signature"]}
    for wrong in (
        ("x", item["hash"], item["device"]),
        (item["id"], "0" * 64, item["device"]),
        (item["id"], item["hash"], "x"),
    ):
        with pytest.raises(Unreadable):
            ciphers.hpke_open(COUNTY, unb64(item["sealed"]), ciphers.item_info(*wrong))


@both_sides
def test_a_picture_opens_with_the_key_in_its_event(side: dict[str, Any]) -> None:
    blob = side["blob"]
    cipher, ref = unb64(blob["cipher"]), blob["ref"]
    plain = ciphers.blob_open(unb64(ref["key"]), cipher, blob["event"], ref["role"])
    assert plain == unb64(blob["plain"])
    assert (ciphers.sha256(cipher), ciphers.sha256(plain), len(cipher)) == (
        ref["sha256"],
        ref["plain_sha256"],
        ref["bytes"],
    )
    with pytest.raises(Unreadable):
        ciphers.blob_open(unb64(ref["key"]), cipher, blob["event"], "other")


@both_sides
def test_the_six_digits_come_out_alike(side: dict[str, Any]) -> None:
    digits = side["digits"]
    assert ciphers.enrolment_digits(digits["typed"], digits["public_key"]) == digits["digits"]


def test_the_phone_writes_payloads_the_county_reads() -> None:
    payload = Payload.model_validate_json(VECTORS["phone"]["event"]["payload"])
    assert payload.kind == "visit.ended"
    assert payload.body["notes"] == "老人说“好”，\n腿好多了 😀"
    assert payload.blobs[0].role == "picture"


def test_a_phone_signs_its_challenge_so_that_the_county_believes_it() -> None:
    session = VECTORS["phone"]["session"]
    text = f"daiban-session/1\n{session['device']}\n{session['challenge']}"
    key = ciphers.public_key_from(unb64(VECTORS["phone"]["public_key"]))
    assert ciphers.signature_fits(key, text, unb64(session["signature"]))
    assert not ciphers.signature_fits(key, text.replace("challenge-1", "challenge-2"), unb64(session["signature"]))


def test_the_recovery_digits_open_for_the_county() -> None:
    recovery = VECTORS["phone"]["recovery"]
    info = f"daiban-recovery/1\n{recovery['device']}".encode()
    assert ciphers.hpke_open(COUNTY, unb64(recovery["sealed"]), info).decode() == recovery["digits"]
