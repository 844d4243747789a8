"""A real county server in a process of its own, which a test may kill as a cut network would."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """gunicorn on a free port of this machine with its own SQLite file, blobs and keys in `folder`.

    `kill()` is SIGKILL to all of it: for a phone, the end of the signal. `start()` brings the same server back.
    """

    application = "app:create_app()"  # what gunicorn is told to serve
    workers = 1

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder, self.root = folder, ROOT
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("DAIBAN_")} | {
            "DAIBAN_DATABASE": f"sqlite:///{folder / 'daiban.sqlite3'}",
            "DAIBAN_BLOBS": str(folder / "blobs"),
            "DAIBAN_KEYS": str(folder / "keys"),
            "DAIBAN_HOST_NAME": f"localhost:{self.port}",
            "PYTHONUNBUFFERED": "1",
        }

    @classmethod
    def like(cls, made: Path, folder: Path) -> Server:
        """A server that begins with a copy of what another one keeps in its folder."""
        shutil.copytree(made, folder)
        return cls(folder)

    def flask(self, *arguments: str) -> str:
        """Run a command of the server's own command line and give what it prints."""
        command = [sys.executable, "-m", "flask", "--app", "app", *arguments]
        ended = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert ended.returncode == 0, f"flask {' '.join(arguments)}:\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--worker-class",
            "gthread",
            "--workers",
            str(self.workers),
            "--threads",
            "8",
            "--log-level",
            "warning",
        ]
        command += ["--bind", f"127.0.0.1:{self.port}", self.application]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.root, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        for _ in range(300):
            if self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/field/", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise AssertionError(f"The server did not answer:\n{self.log.read_text()}")

    def kill(self) -> None:
        """End it at once, as no signal at all would look from outside."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def do_jobs(self) -> None:
        """Do what the clock would start within the next minute: these tests run no second process beside the web."""
        command = [sys.executable, "-c", "import jobs; jobs.bind(); jobs._run('pictures'); jobs._run('lists')"]
        ended = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert ended.returncode == 0 and "job broke" not in ended.stdout, ended.stdout + ended.stderr

    def totp(self, name: str) -> str:
        """The second-factor code that counts next for this sign-in name (demo only)."""
        return self.flask("account", "code", name).strip()

    @property
    def is_up(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def bugs(self) -> str:
        """What the server logged as its own faults."""
        if not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").splitlines()
        found = [number for number, line in enumerate(lines) if "Traceback" in line or "bug " in line]
        return "\n".join(lines[max(0, found[0] - 2) :]) if found else ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
