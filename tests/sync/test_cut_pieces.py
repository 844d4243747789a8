"""A picture over a link that breaks: what arrived of a cut piece stays, to the byte, and the phone goes on behind it.

Here gunicorn itself answers, in a process of its own, for it is what cuts and hands over bodies.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import fields

import pytest

from api.phone import bodies
from models import Picture
from tests.support.server import ROOT, free_port
from tests.support.slow_link import SlowLink
from tests.sync.test_pictures import jpeg, put, taken  # noqa: F401

SIZE = 150_000


@pytest.fixture
def gunicorn(settings, tmp_path):
    """A real server over the test's own database; gives its port."""
    port = free_port()
    environment = os.environ | {
        f"DAIBAN_{each.name.upper()}": str(getattr(settings, each.name)) for each in fields(settings)
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--worker-class",
        "gthread",
        "--threads",
        "4",
        "--log-level",
        "warning",
    ]
    command += ["--bind", f"127.0.0.1:{port}", "app:create_app()"]
    with (tmp_path / "gunicorn.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/field/manifest.webmanifest", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # at once: a piece may still hang
        process.wait()
        assert "Traceback" not in (tmp_path / "gunicorn.log").read_text()


@pytest.fixture
def send(phone, gunicorn):
    """Send a piece by the mailbox token; gives (status, offset), or None where the link was cut."""

    def sent(event, piece, offset, total, *, port=gunicorn):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
        headers = {"Authorization": f"Bearer {phone.mailbox}", "Content-Type": "application/octet-stream"}
        try:
            connection.request("PUT", f"/api/phone/blobs/{event}/mark?offset={offset}&total={total}", piece, headers)
            answer = connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return answer.status, json.loads(told).get("offset")

    return sent


@pytest.fixture
def picture(taken):  # noqa: F811
    event, made = taken(jpeg(900, 1200)[:SIZE])
    return event, made.cipher


def where_it_ended(send, event, size):
    """Ask with an empty piece until the server has noticed the cut."""
    _, before = send(event, b"", 0, size)
    while True:
        time.sleep(0.1)
        _, offset = send(event, b"", 0, size)
        if offset == before:
            return offset
        before = offset


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_what_arrived_of_a_cut_piece_is_kept(send, picture, gunicorn, how):
    event, cipher = picture
    size = len(cipher)
    with SlowLink(gunicorn, rate=400_000, cut_every=60_000, how=how) as link:
        assert send(event, cipher, 0, size, port=link.port) is None
        passed = link.passed.pictures
    assert 50_000 < passed < 60_000
    offset = where_it_ended(send, event, size)
    lost = 0 if how == "closed" else bodies.PART + 20_000  # of a link torn off, what nobody had read yet is gone
    assert passed - lost <= offset <= passed
    assert offset > 30_000
    assert send(event, cipher[offset:], offset, size) == (201, size)
    assert Picture.get().state == "stored"


def test_whoever_comes_next_does_not_wait_for_a_piece_that_hangs(send, picture, gunicorn):
    """A phone behind the hill says nothing at all: its first try stays open for long, the second goes on."""
    event, cipher = picture
    size = len(cipher)
    with SlowLink(gunicorn, rate=400_000, cut_every=60_000, how="silent") as link:
        assert send(event, cipher, 0, size, port=link.port) is None
        began = time.monotonic()
        status, offset = send(event, b"", 0, size)
        assert (status, offset > 50_000) == (409, True)
        assert send(event, cipher[offset:], offset, size) == (201, size)
        assert time.monotonic() - began < 5


def test_a_link_that_says_nothing_lets_go_of_its_thread(app, db, picture, phone, monkeypatch):
    event, cipher = picture
    monkeypatch.setattr(bodies, "SILENCE", 0.2)
    here, there = socket.socketpair()
    there.sendall(cipher[:9_000])
    with here.makefile("rb") as stream, app.test_client() as client:
        answer = client.put(
            f"/api/phone/blobs/{event}/mark?offset=0&total={len(cipher)}",
            headers={"Authorization": f"Bearer {phone.mailbox}"},
            environ_overrides={"wsgi.input": stream, "CONTENT_LENGTH": str(len(cipher)), "gunicorn.socket": here},
        )
    assert (answer.status_code, answer.get_json()["offset"]) == (202, 2 * bodies.PART)
    assert here.gettimeout() is None
    there.close()


def test_an_empty_piece_asks_how_much_is_there(put, picture):  # noqa: F811
    event, cipher = picture
    size = len(cipher)
    put(event, cipher[:777], 0, size)
    assert put(event, b"", 0, size) == (409, 777)
    assert put(event, b"", 777, size) == (202, 777)


def test_two_that_bring_the_last_byte_at_once_both_hear_that_it_is_there(put, picture, settings):  # noqa: F811
    event, cipher = picture
    size = len(cipher)
    put(event, cipher[:-1], 0, size)
    partial = settings.blobs_path / "partial" / f"{event}.mark"
    with partial.open("ab") as other:  # another process had the file open and wrote the last byte
        other.write(cipher[-1:])
    assert put(event, b"", size, size) == (201, size)
    assert put(event, cipher[-1:], size - 1, size) == (201, size)
