"""The phone program itself over a link that is torn off: everything arrives, and almost nothing goes up twice."""

from __future__ import annotations

import pytest

from api.phone import bodies
from bench import photo


@pytest.mark.long
@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_picture_over_a_link_that_breaks_goes_up_once(how):
    (found,) = photo.measure([40_000], rate=100_000, how=how)
    assert found.cuts >= 3
    assert found.resent_bytes <= (found.cuts * bodies.PART if how == "reset" else 0)
    assert found.conversations <= 1 + found.cuts
