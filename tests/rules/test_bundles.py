"""Reading a bundle: whole parts come through whatever stands around them."""

from __future__ import annotations

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.bundles import Damage, NotABundle, Part, head_of, parts
from tests.support.bundles import part

BODIES = [b"first", b"second\n@part {not one}\n", os.urandom(3000)]
WHOLE = b"daiban-bundle/1" + b"".join(part("item", body) for body in BODIES) + part("end", b"")


def read(raw: bytes) -> list[Part | Damage]:
    return list(parts(io.BytesIO(raw)))


def bodies(raw: bytes) -> list[bytes]:
    return [each.body for each in read(raw) if isinstance(each, Part) and each.kind == "item"]


def test_every_part_comes_as_it_was_written():
    assert bodies(WHOLE) == BODIES
    assert read(WHOLE)[-1].kind == "end"
    assert not [each for each in read(WHOLE) if isinstance(each, Damage)]


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_cut_anywhere_gives_all_its_whole_parts(at):
    try:
        found = bodies(WHOLE[:at])
    except NotABundle:
        assert at < len(b"daiban-bundle/1" + part("item", BODIES[0])[:20])
        return
    assert found == BODIES[: len(found)]
    here = sum(1 for n in range(len(BODIES)) if at >= WHOLE.index(BODIES[n]) + len(BODIES[n]))
    assert len(found) == here


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_costs_at_most_the_part_it_is_in(at, how):
    damaged = bytearray(WHOLE)
    damaged[at] ^= how
    try:
        found = bodies(bytes(damaged))
    except NotABundle:
        pytest.fail("one byte never hides a whole file")
    assert len(found) >= len(BODIES) - 1
    assert set(found) <= set(BODIES)


@pytest.mark.parametrize(
    "raw", [b"", b"x", b"PK\x03\x04" + bytes(5000), b"\x1f\x8b\x08" + os.urandom(500), "一个表".encode()]
)
def test_what_is_no_bundle_is_said_to_be_none(raw):
    with pytest.raises(NotABundle):
        read(raw)


@pytest.mark.parametrize("size", [-1, 10**12, "7", None, 300_001])
def test_a_part_that_claims_more_than_there_can_be_is_not_read(size):
    import json

    header = json.dumps({"part": "item", "bytes": size, "sha256": "0" * 64}).encode()
    raw = b"daiban-bundle/1\n@part " + header + b"\nbody" + part("item", b"next")
    assert bodies(raw) == [b"next"]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"said": 3, "proof": 4}', b'{"said": "{}", "proof": ""}', b"[" * 9000]
)
def test_a_head_that_is_none_is_none(body):
    assert head_of(body) is None
