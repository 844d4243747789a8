"""`dev.py run`, as the README says: it starts, tells what one needs, serves, and stops everything it started."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.support.server import ROOT, free_port


def _hear_ctrl_c() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def home(demo_folder: Path, tmp_path: Path) -> Path:
    """A data folder in which the demo county was made before: this is a second start."""
    return Path(shutil.copytree(demo_folder, tmp_path / "home"))


def test_a_second_start_takes_seconds_and_ctrl_c_stops_both(home: Path):
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DAIBAN_")}
    began = time.monotonic()
    running = subprocess.Popen(
        [sys.executable, "dev.py", "run", "--port", str(port)],
        cwd=ROOT, env=environment | {"DAIBAN_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True, preexec_fn=_hear_ctrl_c,
    )  # fmt: skip
    said = ""
    for line in running.stdout:
        said += line
        if "A new code:" in line:
            break
    started_in = time.monotonic() - began
    try:
        assert running.poll() is None, said
        for wanted in ("/field/", "/office/", "/b/", "password", "account code", "liguoxiu", "/field/enrol", "█"):
            assert wanted in said, f"{wanted} is not told:\n{said}"
        assert re.search(r"ready after \d+ s", said)
        assert urllib.request.urlopen(f"http://localhost:{port}/field/").status == 200
        children = psutil.Process(running.pid).children(recursive=True)
        commands = [" ".join(child.cmdline()) for child in children]
        assert any("gunicorn" in each for each in commands), commands
        assert any("huey_consumer" in each for each in commands), commands
    finally:
        running.send_signal(signal.SIGINT)
        rest = running.communicate(timeout=30)[0]
    assert running.returncode == 0, said + rest
    assert "Traceback" not in said + rest, said + rest
    _, going_on = psutil.wait_procs(children, timeout=10)
    left = [child for child in going_on if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert not left, "something it started goes on"
    assert started_in < 60, f"{started_in:.0f} s: something is made again that was there"


def test_a_busy_port_is_one_sentence(server):
    ended = subprocess.run(
        [sys.executable, "dev.py", "run", "--port", str(server.port)], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"Port {server.port} is taken" in ended.stderr
