"""The door: 王芳's badge in each of its states."""

from __future__ import annotations

import pytest

from api.public import tries
from tests.badges.conftest import issued  # noqa: F401  # the same fixture here


@pytest.fixture(autouse=True)
def _nobody_asked_before():
    tries.forget()
