"""The link between a phone and the county: an HTTP proxy that mangles what crosses it, one trouble for one request.

Troubles wait in a line; each request of the phone program under `/api/` takes the next one. Everything else (the shell,
scripts) passes. Every answer closes its connection: a browser that finds a kept one dead sends the same request again by
itself, and the trouble would be spent on a request nobody counts.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"}
TIMES = 5  # of a replay

#: What can befall one request.
TROUBLES = (
    "drop-request", "drop-response", "cut-request", "cut-response", "double", "replay", "delay", "late", "stale", "hollow",
    "portal",
)  # fmt: skip
POINTS = ("before", "between", "after")  # of a kill: not forwarded yet, not answered yet, just answered


@dataclass(frozen=True)
class Trouble:
    """`kind` of TROUBLES, or `kill`: then `strike` is called at `point`, `after` that `wait` ms later. `only`: part of a path."""

    kind: str
    point: str = ""
    wait: int = 0  # ms
    only: str = "/api/"

    def __str__(self) -> str:
        return " ".join(str(each) for each in (self.kind, self.point, f"{self.wait} ms" if self.wait else "") if each)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Answered:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass
class Link:
    """One phone's way to the county at `upstream`; `strike` is what a kill does, `note` is told what happened."""

    upstream: int
    strike: Callable[[], None] = lambda: None
    note: Callable[[str], None] = lambda _: None
    dead: bool = False  # no signal at all
    troubles: deque[Trouble] = field(default_factory=deque)
    late: list[Asked] = field(default_factory=list)  # taken from the phone, not brought yet
    answered: int = 0  # how often the county answered a sync
    _last: dict[str, Answered] = field(default_factory=dict)  # by path, to be given once more

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        link = self

        class Handler(_Handler):
            pass

        Handler.link = link
        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def heal(self) -> None:
        """No more troubles; there is a signal."""
        self.troubles.clear()
        self.dead = False

    def bring_late(self) -> int:
        """What was held back arrives at the county now, after all that was sent since; nobody hears the answers."""
        held, self.late = self.late, []
        for asked in held:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.forward(asked)
        return len(held)

    def next_trouble(self, path: str) -> Trouble | None:
        if "/api/" not in path:
            return None
        with self._lock:
            found = next((each for each in self.troubles if each.only in path), None)
            if found is not None:
                self.troubles.remove(found)
            return found

    def forward(self, asked: Asked, *, cut: bool = False) -> Answered:
        """Ask the county. With `cut` half of the body is sent, then the line is dead: raises OSError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        try:
            connection.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
            for name, value in asked.headers:
                connection.putheader(name, value)
            connection.endheaders(asked.body[: len(asked.body) // 2] if cut else asked.body)
            if cut:
                raise ConnectionResetError("cut")
            answer = connection.getresponse()
            headers = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP)
            return Answered(answer.status, headers, answer.read())
        finally:
            connection.close()

    def last(self, path: str) -> Answered | None:
        return self._last.get(path.partition("?")[0])

    def remember(self, path: str, answered: Answered) -> None:
        self.answered += "/sync" in path
        if answered.status == 200:
            self._last[path.partition("?")[0]] = answered


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that was killed ends its connections in every possible way; that is no fault of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    link: Link

    def log_message(self, format: str, *args: object) -> None: ...

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = [(name, value) for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP]
        asked = Asked(self.command, self.path, (*headers, ("Connection", "close")), body)
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._pass(asked)

    def _pass(self, asked: Asked) -> None:
        link = self.link
        trouble = link.next_trouble(asked.path)
        if link.dead and "/api/" in asked.path:
            return self._hang_up()
        if trouble is None:
            return self._answer(asked, link.forward(asked))
        link.note(f"link: {trouble} of {asked.method} {asked.path.partition('?')[0]}, {len(asked.body)} bytes")
        getattr(self, f"_{trouble.kind.replace('-', '_')}")(asked, trouble)
        return None

    # ---- troubles

    def _drop_request(self, asked: Asked, trouble: Trouble) -> None:
        self._hang_up()

    def _drop_response(self, asked: Asked, trouble: Trouble) -> None:
        self.link.forward(asked)
        self._hang_up()

    def _cut_request(self, asked: Asked, trouble: Trouble) -> None:
        with contextlib.suppress(OSError):
            self.link.forward(asked, cut=True)
        self._hang_up()

    def _cut_response(self, asked: Asked, trouble: Trouble) -> None:
        self._answer(asked, self.link.forward(asked), half=True)

    def _double(self, asked: Asked, trouble: Trouble) -> None:
        self.link.forward(asked)
        self._answer(asked, self.link.forward(asked))

    def _replay(self, asked: Asked, trouble: Trouble) -> None:
        with ThreadPoolExecutor(TIMES) as pool:
            answers = [pool.submit(self.link.forward, asked) for _ in range(TIMES)]
        self._answer(asked, answers[-1].result())

    def _delay(self, asked: Asked, trouble: Trouble) -> None:
        time.sleep(trouble.wait / 1000)
        self._answer(asked, self.link.forward(asked))

    def _late(self, asked: Asked, trouble: Trouble) -> None:
        self.link.late.append(asked)
        self._hang_up()

    def _stale(self, asked: Asked, trouble: Trouble) -> None:
        """An answer overtakes: the phone gets the one to an earlier request, the right one is lost."""
        before = self.link.last(asked.path)
        fresh = self.link.forward(asked)
        self._answer(asked, before or fresh)

    def _hollow(self, asked: Asked, trouble: Trouble) -> None:
        """200 from something that is not the county's store: nothing was taken in, no receipt is in it."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = json.dumps({"now": now, "epoch": 1}).encode()
        self._answer(None, Answered(200, (("Content-Type", "application/json"),), body))

    def _portal(self, asked: Asked, trouble: Trouble) -> None:
        """The network's own page, which asks for a telephone number."""
        self._answer(None, Answered(200, (("Content-Type", "text/html"),), b"<!doctype html><title>Wi-Fi</title>"))

    def _kill(self, asked: Asked, trouble: Trouble) -> None:
        strike = self.link.strike
        if trouble.point == "before":
            return strike()
        answered = self.link.forward(asked)
        if trouble.point == "between":
            return strike()
        self._answer(asked, answered)
        if trouble.wait:
            threading.Timer(trouble.wait / 1000, strike).start()
        else:
            strike()
        return None

    # ---- the end of it

    def _answer(self, asked: Asked | None, answered: Answered, *, half: bool = False) -> None:
        if asked is not None and not half:
            self.link.remember(asked.path, answered)
        self.send_response_only(answered.status)
        for name, value in answered.headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if answered.status not in (204, 304):
            self.send_header("Content-Length", str(len(answered.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answered.body[: len(answered.body) // 2] if half else answered.body)
        self.wfile.flush()
        if half:
            self._hang_up()

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
