"""The shell of the phone program: one static page for every address under /field/, its worker, its manifest.

The county renders nothing of the phone's screens; they are made in the phone (docs/adr, handlers in the page).
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Response, current_app, jsonify, render_template, send_from_directory
from flask.typing import ResponseReturnValue

from api.access import open_to_all
from api.phone import bp

NO_CACHE = "no-cache"  # kept by the worker alone; asked anew whenever there is a signal


@bp.get("/field/", defaults={"path": ""})
@bp.get("/field/<path:path>")
@open_to_all
def shell(path: str) -> ResponseReturnValue:
    """Answer the same page everywhere; `path` is read in the phone."""
    response = Response(render_template("field/shell.html", built=built()))
    response.headers["Cache-Control"] = NO_CACHE
    return response


@bp.get("/field/sw.js")
@open_to_all
def worker() -> ResponseReturnValue:
    response = send_from_directory(folder(), "sw.js", mimetype="text/javascript", max_age=0)
    response.headers["Service-Worker-Allowed"] = "/field/"
    response.headers["Cache-Control"] = NO_CACHE
    return response


@bp.get("/field/manifest.webmanifest")
@open_to_all
def manifest() -> ResponseReturnValue:
    icons = [
        {"src": "/static/icons/icon-192.png", "sizes": "192x192", "type": "image/png", "purpose": "any"},
        {"src": "/static/icons/icon-512.png", "sizes": "512x512", "type": "image/png", "purpose": "any"},
        {"src": "/static/icons/maskable-512.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    response = jsonify(
        id="/field/",
        name="帮代办",
        short_name="帮代办",
        lang="zh-Hans",
        start_url="/field/",
        scope="/field/",
        display="standalone",
        orientation="portrait",
        background_color="#f6f4ee",
        theme_color="#f6f4ee",
        icons=icons,
    )
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = NO_CACHE
    return response


def folder() -> Path:
    return Path(current_app.root_path) / "static" / "built"


def built() -> dict[str, Any]:
    """Names of the bundle's files; read again when a new bundle was made."""
    path = folder() / "manifest.json"
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, _changed: int) -> dict[str, Any]:
    names: dict[str, Any] = json.loads(path.read_text())
    return names
