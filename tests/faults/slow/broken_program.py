"""A phone program with one rule broken on purpose, to show that the machine sees what follows.

Built from a copy of the sources into a folder of its own; the program of this tree is left as it is.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.browser import NODE
from tests.support.server import ROOT

#: “Delete only on a receipt”: here any answer of the county's form lets go of what was sent, as ODK's and Workbox's queues do.
RULE = "for (const { id } of batch) sending.delete(id);"
BROKEN = (
    "for (const { id } of batch) { sending.delete(id); await db.delete('outbox', id); await db.delete('records', id); }"
)


def build(folder: Path) -> Path:
    """Give the folder that stands for `static/built` of the broken program."""
    for name in ("pwa", "static", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("built", ".building-*"))
    shutil.copy(ROOT / "package.json", folder)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    source = folder / "pwa" / "talk.ts"
    text = source.read_text()
    assert text.count(RULE) == 1, "pwa/talk.ts no longer says it so: break the rule where it stands now"
    source.write_text(text.replace(RULE, BROKEN))
    built = subprocess.run([NODE, "pwa/build.mjs"], cwd=folder, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder / "static" / "built"
