"""The page checker itself: each thing it looks for, once on a page that has it."""

from __future__ import annotations

import pytest

from tests.support.pages import Page

GOOD = """<!doctype html><html lang="zh-Hans"><head><title>今天</title></head><body><main><h1>今天</h1>
<form action="/office/visits"><label for="q">姓名</label><input id="q" name="q" value="陈"><button>查</button></form>
<p>回执 <span class="num">HL-1013-02</span>，见 <a href="/b/1">https://daiban.example/b/1</a></p></main></body></html>"""


def test_nothing_is_found_on_a_good_page():
    assert Page(200, GOOD).findings() == []


@pytest.mark.parametrize(
    ("good", "bad", "finding"),
    [
        ("</p>", "</p></div>", "not valid HTML"),
        ("<h1>今天</h1>", "<h2>今天</h2>", "0 h1"),
        ('<label for="q">姓名</label>', "<span>姓名</span>", "a field without a label"),
        ('<label for="q">', '<label for="r">', "points at nothing"),
        ("<p>", '<p id="q">', "stands 2 times"),
        ("<p>", '<p style="color:red">', "inline style"),
        ("<button>", '<button onclick="go()">', "inline code"),
        ("<button>", '<button hx-on:click="go()">', "inline code"),
        ("<main>", "<main><script>go()</script>", "inline script"),
        ("<button>查</button>", "<button></button>", "without a name"),
        ("<p>", '<p><img src="/x.png">', "without alt"),
        ("姓名", "用户姓名", "a word we do not say"),
        ("姓名", "Name", "English left"),
        ("<input ", '<input placeholder="Type here" ', "English left"),
        (' lang="zh-Hans"', "", "does not say its language"),
        ("<title>今天</title>", "<title></title>", "no title"),
    ],
)
def test_what_is_wrong_is_named(good: str, bad: str, finding: str):
    assert good in GOOD
    found = Page(200, GOOD.replace(good, bad, 1)).findings()
    assert any(finding in each for each in found), found


def test_a_piece_of_a_table_is_valid_by_itself():
    assert Page(200, '<tr id="visit-1"><td>陈桂兰</td></tr>').findings() == []


def test_a_form_sends_what_stands_in_it():
    assert Page(200, GOOD).fields_of("form") == {"q": "陈"}
