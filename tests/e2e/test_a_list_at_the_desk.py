"""A township sends a messy roster at its desk, looks first, takes it in, corrects what was left, with the real jobs running."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import expect

from tests.roster import messy
from tests.roster.files import DATA
from tests.support.browser import look


@pytest.fixture
def roster(tmp_path):
    """Two hundred people of 花梨镇, as messy as lists are."""
    places = [place for place in messy.villages(DATA / "areas-520121.csv") if place.code.startswith("520121107")]
    rows = messy.made(places, 200, seed=7, rate=0.2, prefix=990701)
    messy.two_levels(tmp_path / "花梨镇花名册.xlsx", rows, random.Random(7))
    return tmp_path / "花梨镇花名册.xlsx", rows


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}], ids=["desk", "phone"])
def test_look_first_then_take_it_in(office, roster, size, tmp_path):
    file, rows = roster
    width = size["width"]
    page = office("zhoumin", **size)
    page.goto("/office/imports")
    look(page, f"imports-{width}")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="先看看").click()
    expect(page.get_by_role("heading", name="花梨镇花名册.xlsx")).to_be_visible()
    expect(page.get_by_text("还没有导入")).to_be_visible(timeout=60_000)
    look(page, f"import-looked-at-{width}")
    page.get_by_role("button", name="现在导入").click()
    expect(page.get_by_text("还没有导入")).to_have_count(0)
    expect(page.get_by_text("要您看的行")).to_be_visible(timeout=60_000)
    look(page, f"import-done-{width}")
    imported = sum(row.outcome == "imported" for row in rows)
    waiting = sum(row.outcome == "review" for row in rows)
    facts = page.locator("#progress dd").all_inner_texts()
    assert [int(facts[0]), int(facts[4])] == [imported, waiting]

    with page.expect_download() as fetched:
        page.get_by_role("link", name="下载要改的表").click()
    fetched.value.save_as(tmp_path / "review.xlsx")
    page.goto("/office/imports")
    page.set_input_files("#file", tmp_path / "review.xlsx")
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.locator("#progress dd").nth(4)).to_have_text(str(waiting), timeout=60_000)  # nobody corrected anything
    assert page.locator("#progress dd").nth(0).inner_text() == "0"


def test_a_file_that_is_no_list_is_refused_on_the_same_page(office, tmp_path):
    (tmp_path / "锁住的.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"))
    page = office("zhoumin")
    page.goto("/office/imports")
    page.set_input_files("#file", tmp_path / "锁住的.xlsx")
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.locator("#problems")).to_contain_text("文件加了密码，打不开。")
    look(page, "import-refused")
