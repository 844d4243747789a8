"""Write static/public.css: the tokens and the parts of ui.css marked [public], so that a badge page stays small.

Run `python static/make_public.py` after changing tokens.css or ui.css; the file is committed and a test compares it.
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
SECTION = re.compile(r"^/\* ---- (.+?) ---- \*/$", re.M)
OFFICE = re.compile(r"@media \(min-width: 900px\) \{\n  html\.office \{.*?\n\}\n", re.S)


def public_css() -> str:
    tokens = OFFICE.sub("", (HERE / "tokens.css").read_text())
    parts = SECTION.split((HERE / "ui.css").read_text())
    kept = [text for name, text in zip(parts[1::2], parts[2::2], strict=True) if "[public]" in name]
    rules = re.sub(r"/\*.*?\*/", "", tokens + "\n".join(kept), flags=re.S)
    lines = [re.sub(r"\s+", " ", line).strip() for line in rules.splitlines()]
    return "/* Made from tokens.css and ui.css by make_public.py. */\n" + "\n".join(filter(None, lines)) + "\n"


if __name__ == "__main__":
    (HERE / "public.css").write_text(public_css())
