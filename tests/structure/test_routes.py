"""Every route says who may ask it."""

from __future__ import annotations

from rules.actors import Role

KNOWN = {*Role, "any desk", "anyone", "phone"}


def test_every_route_names_its_roles(app):
    bare = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.endswith("static") and not getattr(app.view_functions[rule.endpoint], "allowed", ())
    ]
    assert not bare, "put @allows(…), @open_to_all or @from_phone (api/access.py) on:\n  " + "\n  ".join(bare)


def test_the_roles_named_are_roles(app):
    named = {role for view in app.view_functions.values() for role in getattr(view, "allowed", ())}
    assert named <= KNOWN, f"no roles: {named - KNOWN}"


def test_only_the_office_is_for_desks_and_only_api_phone_is_for_phones(app):
    for rule in app.url_map.iter_rules():
        allowed = set(getattr(app.view_functions[rule.endpoint], "allowed", ()))
        if allowed & {*Role, "any desk"}:
            assert rule.rule.startswith("/office"), f"{rule.rule} asks for a desk's sign-in outside /office"
        if "phone" in allowed:
            assert rule.rule.startswith("/api/phone"), f"{rule.rule} is for phones and lies outside /api/phone"


def test_a_route_that_writes_is_no_get(app):
    """A look changes nothing: browsers and WeChat fetch links ahead of people."""
    for rule in app.url_map.iter_rules():
        name = app.view_functions[rule.endpoint].__name__
        verbs = ("add_", "remove_", "change_", "make_", "create_", "delete_", "issue_", "lock_", "send_")
        if "GET" in (rule.methods or ()):
            assert not name.startswith(verbs), (
                f"{rule.rule} ({name}) sounds as if it changed something, and answers GET"
            )
