"""An officer takes the visit log away as a workbook, with the real jobs running; without scripts too."""

from __future__ import annotations

from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from tests.support.browser import look


def test_asked_for_written_and_fetched(office, request, tmp_path):
    page = office("liguoxiu")
    page.goto("/office/visits?days=all")
    page.get_by_role("button", name="导出 Excel 表").click()
    expect(page.get_by_role("heading", name="您要的 Excel 表")).to_be_visible()
    expect(page.get_by_text("马上开始做这张表")).to_be_visible()
    look(page, "workbook-waits")
    page.goto("/office/visits")
    page.get_by_role("button", name="导出 Excel 表").click()
    expect(page.locator("#problems")).to_contain_text("您上次要的表还在做")
    look(page, "workbook-one-at-a-time")
    page.locator("#problems a").click()

    request.getfixturevalue("jobs")
    expect(page.get_by_text("表做好了")).to_be_visible(timeout=90_000)  # nobody reloads the page
    look(page, "workbook-ready")
    page.set_viewport_size({"width": 390, "height": 844})
    look(page, "workbook-ready-390")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="下载 Excel 表").click()
    fetched.value.save_as(tmp_path / "visits.xlsx")
    heading, *rows = CalamineWorkbook.from_path(str(tmp_path / "visits.xlsx")).get_sheet_by_index(0).to_python()
    assert heading[0] == "居民"
    assert f"{len(rows)} 次走访" in page.locator("main").inner_text()
    assert len(rows) > 50

    page.get_by_role("button", name="现在就删").click()
    expect(page.get_by_text("表删掉了")).to_be_visible()
    look(page, "workbook-none-390")


def test_without_scripts_one_looks_again(office, request):
    page = office("liguoxiu", java_script_enabled=False)
    page.goto("/office/visits?outcome=done")
    page.get_by_role("button", name="导出 Excel 表").click()
    expect(page.get_by_text("马上开始做这张表")).to_be_visible()
    request.getfixturevalue("jobs")
    while page.get_by_text("表做好了").count() == 0:
        page.get_by_role("link", name="再看一下").or_(page.get_by_role("link", name="下载 Excel 表")).wait_for()
        if page.get_by_role("link", name="再看一下").count():
            page.get_by_role("link", name="再看一下").click()
    page.get_by_role("button", name="现在就删").click()
    expect(page.get_by_text("表删掉了")).to_be_visible()
