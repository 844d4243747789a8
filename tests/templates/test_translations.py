"""Every word of every screen stands in the zh_Hans catalogue, in the voice of ui/README §4."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("merge", ROOT / "translations" / "merge.py")
assert SPEC is not None and SPEC.loader is not None
merge = importlib.util.module_from_spec(SPEC)
sys.modules["merge"] = merge
SPEC.loader.exec_module(merge)

CATALOG = merge.merged()
FOUND = [*merge.on_phone(), *merge.messages(merge.DESK)]
GAP = re.compile(r"%\((\w+)\)s|\{(\w+)\}")
NOT_SAID = ("系统", "操作", "提交", "成功", "失败", "用户", "采集", "请稍后再试", "非法", "异常", "！", "!")


def translation(message: str | tuple[str, ...]) -> str:
    known = CATALOG.get(merge.key(message))
    words = known.string if known else ""
    return words if isinstance(words, str) else "".join(words)


def test_nothing_is_left_in_english():
    missing = sorted({f"{where}: {message!r}" for where, message in FOUND if not translation(message)})
    assert not missing, "add these to translations/src/*.zh_Hans.po:\n  " + "\n  ".join(missing)


def test_nobodys_sex_is_guessed():
    """Neither 他 nor 她 of one person; 其他 and 他人 are nobody's."""
    of_one = re.compile(r"(?<!其)[他她](?![人们])")
    assert not sorted({words for _, message in FOUND if of_one.search(words := translation(message))})


def test_one_message_has_one_translation():
    merge.merged()
    assert not merge.DIFFERENT, "\n  ".join(merge.DIFFERENT)


def test_one_english_sentence_has_one_plural():
    plurals: dict[str, set[str]] = {}
    for _, message in FOUND:
        if not isinstance(message, str):
            plurals.setdefault(message[0], set()).add(message[1])
    doubled = {one: many for one, many in plurals.items() if len(many) > 1}
    assert not doubled, f"the first form is the key, so it cannot have two others: {doubled}"


def test_a_translation_keeps_every_gap():
    wrong = []
    for message in CATALOG:
        forms = message.string if isinstance(message.string, tuple | list) else [message.string]
        ids = message.id if isinstance(message.id, tuple | list) else [message.id]
        allowed = {name for text in ids if text for pair in GAP.findall(text) for name in pair if name}
        for text in filter(None, forms):
            here = {name for pair in GAP.findall(text) for name in pair if name}
            if here - allowed or (allowed - here - {"num", "n"}):
                wrong.append(f"{merge.key(message.id)!r} → {text!r}")
    assert not wrong, "\n  ".join(wrong)


def test_a_message_of_a_template_holds_no_html():
    """Its text is trusted as it is, in both engines; only what is filled in is escaped."""
    bad = [m for w, m in FOUND if w.startswith("templates/") and re.search(r"[<>&]", merge.key(m))]
    assert not bad, bad


@pytest.mark.parametrize("word", NOT_SAID)
def test_we_do_not_say(word):
    said = [
        str(m.string)
        for m in CATALOG
        if m.id and word in "".join(m.string if isinstance(m.string, tuple) else [m.string or ""])
    ]
    assert not said, f"{word}: {said}"


def test_the_catalogues_can_be_made():
    done = subprocess.run([sys.executable, ROOT / "translations/merge.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
