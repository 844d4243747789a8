"""The county server as gunicorn runs it, except that a test may have it killed at a point of one request.

`gunicorn tests.faults.slow.deadly:create_app()`; the orders lie as one file in `DAIBAN_TEST_ORDERS`: `point wait path`. What is
killed is the real program: SIGKILL to every process of its group, before the application sees the request, after it has
committed and before a byte of the answer leaves, or `amid`, so many milliseconds after the request came.

With `DAIBAN_TEST_BUILT` the phone program is served from another folder: a broken one, to show that the machine sees it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.middleware.shared_data import SharedDataMiddleware

import app as county
from api.phone import shell

ORDERS = "DAIBAN_TEST_ORDERS"
BUILT = "DAIBAN_TEST_BUILT"
POINTS = ("before", "amid", "after")


def create_app() -> Flask:
    made = county.create_app()
    if built := os.environ.get(BUILT):
        shell.folder = lambda: Path(built)
        made.wsgi_app = SharedDataMiddleware(made.wsgi_app, {"/static/built": built})  # type: ignore[method-assign]
    made.wsgi_app = Deadly(made.wsgi_app, Path(os.environ[ORDERS]))  # type: ignore[method-assign]
    return made


def order(file: Path, point: str, path: str, wait: int = 0) -> None:
    """Have the server killed at the next request whose path has this in it; `wait` ms after it came, for `amid`."""
    writing = file.with_suffix(".new")
    writing.write_text(f"{point} {wait} {path}")
    writing.rename(file)


class Deadly:
    def __init__(self, application: Callable[..., Iterable[bytes]], orders: Path) -> None:
        self.application, self.orders = application, orders

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        point, wait = self._taken(environ["PATH_INFO"])
        if point == "before":
            die()
        if point == "amid":
            threading.Timer(wait / 1000, die).start()
        answer = self.application(environ, start_response)
        if point == "after":
            b"".join(answer)
            die()
        return answer

    def _taken(self, path: str) -> tuple[str, int]:
        """An order counts once, for one process: whoever can take its file away has it."""
        try:
            point, wait, wanted = self.orders.read_text().split(" ", 2)
            if wanted not in path:
                return "", 0
            self.orders.unlink()
        except (FileNotFoundError, ValueError):
            return "", 0
        return point, int(wait)


def die() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)
