"""What the documents point at is there, and the repository could be cloned anywhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Put together here, so that this file does not contain them itself.
OF_ONE_MACHINE = [
    re.compile(pattern)
    for pattern in (
        r"(?<![\w.])/" + r"(work|root|home/\w+|Users/\w+|opt|tmp/\w+)/",
        r"\.\./" + "shared",
        r"(?i)\b(pypi|pythonhosted|npmjs|npmmirror|jsdelivr|unpkg)\." + r"(org|com|net)\b",
        r"(?i)mirrors?\.[a-z]+\.(edu\.)?(cn|com)",
    )
]
NOT_TEXT = {".png", ".jpg", ".ico", ".xlsx", ".woff2", ".y4m", ".mjpeg", ".gz", ".webp"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path):
    text = re.sub(r"```[\s\S]*?```", "", path.read_text())
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img[^>]*src="([^"]+)"', text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        if not found.exists() or (heading and found.suffix == ".md" and heading not in anchors(found)):
            broken.append(target)
    assert not broken


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    headings = re.findall(r"(?m)^#+\s+(.+?)\s*$", path.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_commands_in_the_documents_exist(app):
    told = {
        (path.name, name)
        for path in DOCUMENTS
        for name in re.findall(r"flask --app app ([a-z][a-z-]*)", path.read_text())
    }
    missing = [f"{document}: flask --app app {name}" for document, name in sorted(told) if name not in app.cli.commands]
    assert not missing


def test_files_named_in_backticks_exist():
    """`actions/journal.py` in a document is a promise that it is there."""
    broken = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in DOCUMENTS
        if path.name != "CHANGELOG.md"
        for name in re.findall(
            r"`((?:rules|actions|api|pwa|templates|static|tests|docs|bench|commands)/[\w./-]+\.\w+)`", path.read_text()
        )
        if "…" not in name and "generated" not in name and "built" not in name and not (ROOT / name).exists()
    ]
    assert not broken


def test_the_changelog_speaks_to_people():
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"(?m)^#+ Improvements$", text)


def test_nothing_tracked_belongs_to_one_machine():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    found = []
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in NOT_TEXT or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            found += [f"{name}:{number}: {each.search(line)[0]}" for each in OF_ONE_MACHINE if each.search(line)]
    assert not found, "\n".join(found)
