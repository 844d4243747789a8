"""What is installed is pinned, hashed, and what the .in files ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def asked(name: str) -> set[str]:
    lines = (ROOT / name).read_text().splitlines()
    return {
        re.split(r"[\[ #=<>]", line)[0].lower().replace("_", "-")
        for line in lines
        if line and not line.startswith(("#", "-"))
    }


def pinned(name: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([a-z0-9.-]+)(?:\[[a-z,]+\])?==(\S+)", (ROOT / name).read_text()))


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_requirement_is_pinned_with_a_hash(name: str):
    text = (ROOT / f"{name}.txt").read_text()
    assert asked(f"{name}.in") <= set(pinned(f"{name}.txt")), f"make {name}.txt anew, as {name}.in says on top"
    for block in re.split(r"(?m)^(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert "--index-url" not in text
    assert "--find-links" not in text


def test_both_files_name_the_same_versions():
    for_use, for_tests = pinned("requirements.txt"), pinned("requirements-dev.txt")
    differing = {name for name in for_use.keys() & for_tests.keys() if for_use[name] != for_tests[name]}
    assert not differing


def test_packages_of_the_phone_program_are_pinned_exactly():
    package = json.loads((ROOT / "package.json").read_text())
    loose = {
        name: version
        for group in ("dependencies", "devDependencies")
        for name, version in package[group].items()
        if not re.fullmatch(r"\d+\.\d+\.\d+", version)
    }
    assert not loose
    lock = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in lock, "the lock names one registry; npm's omit-lockfile-registry-resolved leaves it out"


def test_the_lock_holds_every_kind_of_machine():
    """A lock made where packages were missing installs on that machine only."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, package in packages.items():
        for optional in package.get("optionalDependencies", {}):
            nested = f"{name}/node_modules/{optional}"
            assert f"node_modules/{optional}" in packages or nested in packages, f"{optional} (of {name}) is missing"
