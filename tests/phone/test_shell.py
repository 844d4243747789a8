"""The shell, its worker and its manifest: what the county serves under /field/, and nothing else."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from api.phone import shell


@pytest.mark.parametrize("path", ["/field/", "/field/today", "/field/residents/1/visit", "/field/enrol?x=1"])
def test_every_address_of_the_phone_answers_the_same_page(app: Flask, path: str) -> None:
    client = app.test_client()
    answer, first = client.get(path), client.get("/field/")
    assert answer.status_code == 200
    assert answer.data == first.data
    assert answer.headers["Cache-Control"] == "no-cache"


def test_without_its_slash_the_address_is_put_right(app: Flask) -> None:
    """The worker's scope is /field/: the page without the slash would be outside it."""
    assert app.test_client().get("/field").headers["Location"].endswith("/field/")


def test_the_shell_names_the_files_that_are_built(app: Flask) -> None:
    page = app.test_client().get("/field/").text
    with app.app_context():
        built = shell.built()
        for name in ("main", "styles", "plain"):
            assert built[name] in page
            assert (shell.folder() / built[name].rsplit("/", 1)[-1]).is_file()


def test_the_shell_may_run_its_own_scripts_and_nothing_else(app: Flask) -> None:
    policy = app.test_client().get("/field/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_worker_is_asked_anew_and_keeps_to_its_scope(app: Flask) -> None:
    answer = app.test_client().get("/field/sw.js")
    assert answer.headers["Service-Worker-Allowed"] == "/field/"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.mimetype == "text/javascript"
    assert "/api/" not in answer.text


def test_the_worker_keeps_only_files_that_are_there(app: Flask) -> None:
    client = app.test_client()
    source = client.get("/field/sw.js").text
    kept = [path for path in json.loads("[" + source.split("[", 1)[1].split("]", 1)[0] + "]") if path.startswith("/")]
    assert len(kept) > 5
    for path in [*kept, "/field/"]:
        assert client.get(path).status_code == 200, path


def test_the_icon_opens_the_phone_program(app: Flask) -> None:
    client = app.test_client()
    manifest = client.get("/field/manifest.webmanifest").get_json()
    assert (manifest["scope"], manifest["display"]) == ("/field/", "standalone")
    for icon in manifest["icons"]:
        assert client.get(icon["src"]).mimetype == "image/png"


def test_nothing_is_changed_under_field(app: Flask) -> None:
    for method in ("post", "put", "delete"):
        assert getattr(app.test_client(), method)("/field/today").status_code in (404, 405)
