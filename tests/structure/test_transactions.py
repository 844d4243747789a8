"""All writing goes through models.transaction(): anything else answers "database is locked" under load, or locks no scope."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = [
    *ROOT.glob("*.py"),
    *(
        path
        for folder in ("rules", "storage", "actions", "api", "commands", "bench")
        for path in (ROOT / folder).rglob("*.py")
    ),
]
OWN_TRANSACTIONS = {"atomic", "manual_commit", "savepoint"}
OF_A_DATABASE = {"begin", "commit", "rollback", "session_start", "transaction"}  # when called on a database itself


def test_transactions_begin_in_one_place_only():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: .{node.func.attr}()"
        for path in CODE
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.Module)
        for node in _calls_directly_in(function)
        if isinstance(node.func, ast.Attribute)
        if node.func.attr in OWN_TRANSACTIONS or (node.func.attr in OF_A_DATABASE and _is_database(node.func.value))
        if not (path.match("storage/connection.py") and getattr(function, "name", "") == "transaction")
    ]
    assert not found, "use models.transaction(scope, …) instead:\n  " + "\n  ".join(found)


def test_only_actions_and_models_write_rows():
    """A row changed outside actions/ leaves no event, and `verify` will call it forged."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: .{node.func.attr}()"
        for folder in ("api", "rules")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr
        in {"insert_many", "save", "create", "bulk_create", "bulk_update", "delete_instance", "get_or_create"}
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id[:1].isupper()
    ]
    assert not found, "make it an action (actions/), with its event:\n  " + "\n  ".join(found)


def _is_database(node: ast.AST) -> bool:
    """Whether this is `db`, `database` or `models.database`."""
    return getattr(node, "id", getattr(node, "attr", "")) in {"db", "database"}


def _calls_directly_in(function: ast.AST) -> list[ast.Call]:
    """The calls of this function's own body, without those of functions inside it."""
    found: list[ast.Call] = []
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Call):
            found.append(node)
        waiting += ast.iter_child_nodes(node)
    return found
