"""A signature's strokes become a drawing, and nothing else comes through."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import pictures, strokes


def test_strokes_become_one_path():
    drawn = strokes.svg('{"v":1,"w":320,"h":132,"strokes":[[20,60,10,-20,5,5],[90,40]]}')
    assert 'viewBox="0 0 320 132"' in drawn
    assert "M20 60l10 -20l5 5M90 40h0" in drawn


@pytest.mark.parametrize(
    "text", ["[]", '{"strokes":"<script>"}', '{"strokes":[["<b>",1]]}', '{"strokes":[[1,1e99]]}', "no"]
)
def test_what_is_no_strokes_is_refused(text):
    with pytest.raises(ValueError):
        strokes.svg(text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=4)))
def test_only_numbers_come_through(hostile):
    try:
        drawn = strokes.svg(json.dumps({"w": 10, "h": 10, "strokes": hostile}))
    except ValueError:
        return
    assert not set(drawn.split('d="')[1].split('"')[0]) - set("Mlh0123456789- ")


def test_near_copies_differ_in_few_bits():
    assert pictures.is_near_copy("00ff00ff00ff00ff", "00ff00ff00ff00e0")
    assert not pictures.is_near_copy("00ff00ff00ff00ff", "ff00ff00ff00ff00")
    assert not pictures.is_near_copy("", "")
