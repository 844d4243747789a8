"""The county of the slow faults, made once for all workers; every run begins with a copy."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.faults.slow import county


@pytest.fixture(scope="session")
def prepared_county(tmp_path_factory: pytest.TempPathFactory, playwright: Playwright) -> Path:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    folder = shared / "slow-county"
    with (shared / "slow-county.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return folder if folder.exists() else county.prepare(folder, playwright)
