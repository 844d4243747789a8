"""A slow link that breaks, between a phone and a real server: bytes go up at so many a second and are cut when told."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

#: How a link ends: in order, torn off, or without a word (what a phone behind a hill does).
How = Literal["closed", "reset", "silent"]
STEP = 0.05  # s between two portions, as a radio sends
PUT = re.compile(
    rb"PUT /api/phone/blobs/\S*offset=(\d+)\S* .*?\r\nContent-Length: *(\d+)\r\n(?:.*?\r\n)?\r\n", re.S | re.I
)


@dataclass
class Passed:
    """What went through so far, upwards."""

    bytes: int = 0
    cuts: int = 0
    pictures: int = 0  # bytes of pictures among them
    pieces: int = 0  # pieces of pictures that were begun


class SlowLink:
    """A TCP proxy on a free port of this machine to `port`; used as a context.

    `rate` bytes a second go up (None: as they come), `cut_every` of them end the link `how` (None: never). Downwards
    all goes as it comes. A connection that was cut `silent` stays open and passes nothing more, either way.
    """

    def __init__(self, port: int, *, rate: int | None = None, cut_every: int | None = None, how: How = "reset") -> None:
        self.to, self.rate, self.cut_every, self.how = port, rate, cut_every, how
        self.passed = Passed()
        self._left = cut_every
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> SlowLink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for each in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                phone, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.to))
                self._open += [phone, server]
                pair = _Pair(phone, server)
                pair.down = threading.Thread(target=self._down, args=(pair,), daemon=True)
                pair.down.start()
                threading.Thread(target=self._up, args=(pair,), daemon=True).start()

    def _up(self, pair: _Pair) -> None:
        portion = max(int((self.rate or 1_000_000) * STEP), 1)
        with contextlib.suppress(OSError):
            while part := pair.phone.recv(portion):
                with self._lock:
                    cut = self._left is not None and len(part) >= self._left
                    part = part[: self._left] if cut else part
                    if self._left is not None:
                        self._left = self.cut_every if cut else self._left - len(part)
                    self.passed.cuts += cut
                    self._count(pair, part)
                pair.server.sendall(part)
                if self.rate:
                    time.sleep(len(part) / self.rate)
                if cut:
                    return self._cut(pair)
        return _end(pair.server)

    def _down(self, pair: _Pair) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed
            while not pair.over:
                if not select.select([pair.server], [], [], STEP)[0]:
                    continue
                part = pair.server.recv(65_536)
                if not part:
                    break
                pair.phone.sendall(part)
        if not pair.over:
            _end(pair.phone)

    def _cut(self, pair: _Pair) -> None:
        pair.over = True
        pair.down.join()  # a socket somebody still waits on is not closed by closing it
        if self.how == "silent":
            return
        for each in (pair.phone, pair.server):
            if self.how == "reset":
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            each.close()

    def _count(self, pair: _Pair, part: bytes) -> None:
        """Tell the bytes of pictures from the rest of what goes up."""
        self.passed.bytes += len(part)
        while part:
            if pair.body:
                taken = part[: pair.body]
                self.passed.pictures += len(taken)
                pair.body -= len(taken)
                part = part[len(taken) :]
                continue
            pair.head += part
            found = PUT.search(pair.head)
            if not found:
                pair.head = pair.head[-4096:]
                return
            pair.body = int(found[2])
            self.passed.pieces += pair.body > 0
            part, pair.head = pair.head[found.end() :], b""


@dataclass
class _Pair:
    phone: socket.socket
    server: socket.socket
    down: threading.Thread = field(default_factory=threading.Thread)
    over: bool = False  # nothing passes any more
    head: bytes = b""
    body: int = 0  # bytes of a picture's piece still to come


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_WR)
