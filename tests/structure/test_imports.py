"""Imports run one way. `.importlinter` proves it for the packages; here for the modules beside them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"app", "settings", "disk", "keys", "models", "jobs", "rules", "storage", "actions", "api", "commands"}
MAY_IMPORT = {
    "settings": set(),
    "disk": set(),
    "models": {"rules", "storage"},
    "keys": {"disk", "models", "rules"},
    "jobs": {"api", "actions", "models", "rules", "settings", "keys"},
    "app": OURS,
}


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_a_module_knows_only_what_lies_below_it(module: str):
    tree = ast.parse((ROOT / f"{module}.py").read_text())
    found = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert (found & OURS) - MAY_IMPORT[module] - {module} == set()


def test_models_know_no_request():
    assert "flask" not in (ROOT / "models.py").read_text().lower()
