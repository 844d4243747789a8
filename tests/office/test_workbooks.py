"""The visit log as a workbook: asked for at a desk, written by a job that may die, read here with another's reader."""

from __future__ import annotations

import csv
import io
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from actions import workbook_file, workbooks
from api.office import log_table
from models import JournalEntry, Person, Post, Workbook
from tests.office.scenes import a_verification, a_visit
from tests.support.cast import CAST, NOW, TODAY, TOWNSHIP_ELSEWHERE
from tests.support.made import HOST

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(settings):
    found = settings.blobs_path / "workbooks"
    shutil.rmtree(found, ignore_errors=True)
    return found


@pytest.fixture
def lead(desk, cast):
    return desk(cast.luo_guoxiu)


@pytest.fixture
def work(folder, clock):
    """The job, as the clock starts it."""
    return lambda: workbooks.run_waiting(log_table.spoken, now=clock, folder=folder.parent)


def ask(desk_, query="days=all", **more):
    return desk_.submit(desk_.get(f"/office/visits?{query}"), "#as-workbook", **more)


def fetched(desk_, asked=None):
    asked = asked or Workbook.get()
    answer = desk_.client.get(f"/office/workbooks/{asked.id}/visits.xlsx")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.data


def rows_of(raw, sheet=0):
    return CalamineWorkbook.from_filelike(io.BytesIO(raw)).get_sheet_by_index(sheet).to_python()


def text_of(cell):
    return cell.strftime("%Y-%m-%d %H:%M") if hasattr(cell, "strftime") else cell


def events():
    return JournalEntry.select().where(JournalEntry.kind == "export.made").count()


def test_it_holds_what_the_csv_holds(lead, work, cast):
    a_verification(visit=a_visit(reasons="verification", notes="老人精神好"))
    a_visit(of=cast.zhou_xinglin, outcome="hospital", where="县医院", mark=None, minutes_ago=60 * 24 * 40)
    a_visit(notes=f"证号{cast.chen_guilan.id_number}")
    page = ask(lead)
    assert "马上开始" in page
    assert work() == 1
    answer = lead.submit(lead.get("/office/visits?days=all"), "form[action$=export]")
    lines = list(csv.reader(io.StringIO(answer.html.removeprefix("\ufeff"))))
    raw = fetched(lead)
    rows = rows_of(raw)
    assert [[text_of(cell) for cell in row] for row in rows] == lines
    assert len(rows) == 4
    assert cast.chen_guilan.id_number not in str(rows)
    assert str(rows[1][2]).startswith("2026-10-13 10:22")  # a date that can be counted with, as of Shanghai
    sheet = zipfile.ZipFile(io.BytesIO(raw)).read("xl/worksheets/sheet1.xml").decode()
    assert '<pane ySplit="1"' in sheet and 'state="frozen"' in sheet
    assert '<autoFilter ref="A1:J4"/>' in sheet
    assert 'customWidth="1"' in sheet


@pytest.mark.parametrize(
    "begins", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://evil")', "http://evil", "0123", "\t=1"]
)
def test_no_text_becomes_a_formula_a_link_or_a_number(lead, work, begins):
    a_visit(notes=begins)
    ask(lead)
    work()
    raw = fetched(lead)
    assert rows_of(raw)[1][9] == begins
    book = zipfile.ZipFile(io.BytesIO(raw))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "hyperlink" not in sheet
    assert not [name for name in book.namelist() if "rels" in name and "sheet" in name]


def test_only_what_was_filtered_for(lead, work, cast):
    a_visit(outcome="not_home", mark=None)
    a_visit(of=cast.zhou_xinglin)
    a_visit(minutes_ago=60 * 24 * 20, outcome="not_home", mark=None)
    page = ask(lead, "outcome=not_home")
    assert "没在家" in page
    work()
    assert [row[0] for row in rows_of(fetched(lead))] == ["居民", "陈桂兰"]


def test_it_is_registered_before_anything_is_written(lead, cast):
    a_visit()
    ask(lead, "outcome=done")
    entry = JournalEntry.get(JournalEntry.kind == "export.made")
    assert entry.actor == cast.luo_guoxiu.id
    assert '"masked":true' in entry.payload
    assert '"outcome":"done"' in entry.payload


def test_one_at_a_time(lead, work, desk, cast):
    ask(lead)
    refused = ask(lead, status=409)
    assert "您上次要的表还在做" in refused
    assert (events(), Workbook.select().count()) == (1, 1)
    ask(desk(cast.li_qiang))  # somebody else's is another matter
    assert work() == 2
    ask(lead)
    assert Workbook.select().count() == 3


def test_it_speaks_as_whoever_asked(lead, work):
    a_visit()
    lead.client.set_cookie("language", "en", domain=HOST)
    assert "The workbook is waiting for its turn." in ask(lead)
    lead.client.set_cookie("language", "zh_Hans", domain=HOST)
    work()
    book = CalamineWorkbook.from_filelike(io.BytesIO(fetched(lead)))
    assert book.sheet_names == ["Visit log"]
    heading, row = book.get_sheet_by_index(0).to_python()
    assert heading[:3] == ["Resident", "Village", "When"]
    assert row[5] == "all done"


def test_where_a_sheet_is_full_the_rows_go_on_in_the_next(lead, work, monkeypatch):
    monkeypatch.setattr(workbook_file, "SHEET_ROWS", 10)
    for minutes in range(25):
        a_visit(minutes_ago=minutes)
    ask(lead)
    work()
    book = CalamineWorkbook.from_filelike(io.BytesIO(fetched(lead)))
    assert book.sheet_names == ["走访记录", "走访记录 2", "走访记录 3"]
    sheets = [book.get_sheet_by_index(n).to_python() for n in range(3)]
    assert [len(rows) for rows in sheets] == [11, 11, 6]
    assert sheets[0][0] == sheets[1][0] == sheets[2][0]
    assert len({str(row[2]) for rows in sheets for row in rows[1:]}) == 25


def test_an_empty_log_is_a_sheet_with_its_heading(lead, work):
    ask(lead)
    work()
    assert [len(row) for row in rows_of(fetched(lead))] == [10]


# ---- whose it is


def test_nobody_else_sees_it(lead, work, desk, cast):
    a_visit()
    ask(lead, "text=陈")
    work()
    asked = Workbook.get()
    for other in (cast.li_qiang, cast.he_jing, cast.qian_wei):
        page = desk(other)
        assert "陈" not in page.get("/office/workbooks").one("main").text
        page.get(f"/office/workbooks/{asked.id}/progress", status=404)
        page.get(f"/office/workbooks/{asked.id}/visits.xlsx", status=404)
        form = page.get("/office/visits").fields_of("#as-workbook")
        page.post(f"/office/workbooks/{asked.id}/removal", {"csrf_token": form["csrf_token"]}, status=404)
    assert len(rows_of(fetched(lead))) == 2


def test_it_holds_only_what_its_reader_may_see(desk, work, cast):
    a_visit(of=cast.ma_xiuying, by=cast.zhao_min)
    a_visit()
    for worker, seen in ((cast.luo_guoxiu, 1), (cast.he_jing, 2)):
        ask(desk(worker))
        work()
        asked = Workbook.get(Workbook.person == worker.id)
        assert (asked.rows_done, len(rows_of(fetched(desk(worker), asked)))) == (seen, seen + 1)


def test_whoever_lost_the_post_meanwhile_gets_nothing(desk, work, cast, clock, folder):
    """And a post gained meanwhile opens nothing more."""
    a_visit()
    a_visit(of=cast.ma_xiuying, by=cast.zhao_min)
    ask(desk(cast.luo_guoxiu))
    Post.update(to_on=TODAY - timedelta(days=1)).where(Post.id == cast.luo_guoxiu.post).execute()
    Post.create(
        person=cast.luo_guoxiu.id, role="lead", area=TOWNSHIP_ELSEWHERE, scope=TOWNSHIP_ELSEWHERE, from_on=TODAY
    )  # fmt: skip
    assert work() == 1
    asked = Workbook.get()
    assert (asked.state, asked.problem, asked.key) == ("failed", "not-allowed", None)
    assert list(folder.iterdir()) == []
    page = desk(cast.luo_guoxiu).get("/office/workbooks")
    assert "岗位已经结束" in page
    assert work() == 0


def test_a_post_that_ends_later_closes_it(lead, work, cast):
    a_visit()
    ask(lead)
    work()
    Post.create(
        person=cast.luo_guoxiu.id, role="lead", area=TOWNSHIP_ELSEWHERE, scope=TOWNSHIP_ELSEWHERE, from_on=TODAY
    )  # fmt: skip
    Post.update(to_on=TODAY - timedelta(days=1)).where(Post.id == cast.luo_guoxiu.post).execute()
    page = lead.get("/office/workbooks")
    assert "打不开了" in page
    assert not page.select("a[href$=xlsx]")
    assert "打不开了" in lead.get(f"/office/workbooks/{Workbook.get().id}/visits.xlsx", status=403)


def test_somebody_removed_gets_nothing(lead, work):
    ask(lead)
    Person.update(removed_at=NOW).where(Person.id == CAST.luo_guoxiu.id).execute()
    work()
    assert Workbook.get().problem == "not-allowed"


# ---- the job


def test_the_page_asks_until_it_is_ready(lead, work, monkeypatch):
    monkeypatch.setattr(workbooks, "TOLD_EACH", 10)
    every = log_table.log_places.every
    monkeypatch.setattr(log_table.log_places, "every", lambda found: every(found, at_once=10))
    for minutes in range(25):
        a_visit(minutes_ago=minutes)
    ask(lead)
    part = f"/office/workbooks/{Workbook.get().id}/progress"
    assert "every 2s" in lead.get(part).html
    note, seen = workbooks._note, []

    def watched(asked, **facts):
        note(asked, **facts)
        if "rows_done" in facts and facts.get("state") != "done":
            seen.append(lead.get(part).text)

    monkeypatch.setattr(workbooks, "_note", watched)
    work()
    said = [re.search(r"共 (\d+) 行，已写 (\d+) 行", text) for text in seen]
    assert [found and found.groups() for found in said] == [("25", "0"), ("25", "10"), ("25", "20")]
    page = lead.get(part)
    assert "every 2s" not in page.html
    assert "25 次走访" in page
    assert "10月16日 10:42 自动删除" in page
    assert page.select("a[href$=xlsx]")


def test_what_is_kept_is_sealed_and_nothing_else_is(lead, work, folder):
    a_visit(notes="夜里起来不方便")
    ask(lead)
    work()
    (kept,) = folder.iterdir()
    raw = kept.read_bytes()
    assert not raw.startswith(b"PK") and b"worksheets" not in raw
    assert len(raw) == Workbook.get().bytes + 16


def test_a_job_that_died_begins_anew_and_leaves_nothing_in_plain(lead, work, folder, monkeypatch):
    a_visit()
    ask(lead)

    def dying(table, to, *, tell):
        list(table.parts)
        to.write_bytes(b"PK in plain")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(workbook_file, "write", dying)
        with pytest.raises(KeyboardInterrupt):
            work()
    assert list(folder.iterdir()) == []
    asked = Workbook.get()
    assert asked.state == "running"
    left = folder / f"{asked.id}.making"  # as kill -9 leaves it
    left.mkdir()
    (left / "visits.xlsx").write_bytes(b"PK in plain")
    assert work() == 1
    assert [path.name for path in folder.iterdir()] == [f"{asked.id}.sealed"]
    assert len(rows_of(fetched(lead))) == 2
    assert work() == 0


def test_killed_in_the_middle_it_is_whole_in_the_next_round(lead, work, folder, settings):
    for minutes in range(30):
        a_visit(minutes_ago=minutes)
    ask(lead)
    slow = (
        "import time, jobs\n"
        "from api.office import log_places\n"
        "every = log_places.every\n"
        "def slowly(found):\n"
        "    for part in every(found, at_once=5):\n"
        "        yield part\n"
        "        time.sleep(0.5)\n"
        "log_places.every = slowly\n"
        "jobs.bind()\n"
        "jobs.write_workbooks()\n"
    )
    environment = {f"DAIBAN_{each.name.upper()}": str(getattr(settings, each.name)) for each in fields(settings)}
    child = subprocess.Popen([sys.executable, "-c", slow], cwd=ROOT, env=environment)
    asked = Workbook.get()
    ends = time.monotonic() + 30
    while not any(folder.glob("*.making/*")) and time.monotonic() < ends:
        time.sleep(0.05)
    assert workbooks.run_waiting(log_table.spoken, now=lambda: NOW, folder=settings.blobs_path) == 0  # not beside it
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert Workbook.get().state == "running"
    assert any(folder.glob("*.making"))
    assert work() == 1
    assert [path.name for path in folder.iterdir()] == [f"{asked.id}.sealed"]
    assert len(rows_of(fetched(lead))) == 31


def test_what_kills_its_process_each_time_is_given_up_and_takes_nobody_along(lead, desk, cast, work, folder, settings):
    a_visit()
    ask(lead)
    deadly = (
        "import os, signal, jobs\n"
        "from actions import workbook_file\n"
        "workbook_file.write = lambda *asked, **more: os.kill(os.getpid(), signal.SIGKILL)\n"
        "jobs.bind()\n"
        "jobs.write_workbooks()\n"
    )
    environment = {f"DAIBAN_{each.name.upper()}": str(getattr(settings, each.name)) for each in fields(settings)}
    for _ in range(workbooks.MOST_BEGUN):
        done = subprocess.run([sys.executable, "-c", deadly], cwd=ROOT, env=environment)
        assert done.returncode == -signal.SIGKILL
    ask(desk(cast.li_qiang))
    assert work() == 2
    assert sorted(each.state for each in Workbook.select()) == ["done", "failed"]
    assert "我们这边出了错" in lead.get("/office/workbooks").text
    assert [path.suffix for path in folder.iterdir()] == [".sealed"]


@pytest.mark.parametrize(
    ("error", "words"), [(RuntimeError("a bug"), "我们这边出了错"), (OSError(28, "full"), "硬盘满了")]
)
def test_what_breaks_says_so_and_the_next_one_does_not_wait(lead, desk, cast, work, folder, monkeypatch, error, words):
    a_visit()
    ask(lead)
    ask(desk(cast.li_qiang))
    write = workbook_file.write

    def once(table, to, **more):
        if Workbook.select().where(Workbook.state == "failed").exists():
            return write(table, to, **more)
        to.write_bytes(b"PK in plain")
        raise error

    monkeypatch.setattr(workbook_file, "write", once)
    work()
    assert words in lead.get("/office/workbooks")
    assert len(rows_of(fetched(desk(cast.li_qiang), Workbook.get(Workbook.state == "done")))) == 2
    assert [path.suffix for path in folder.iterdir()] == [".sealed"]


def test_what_a_dead_job_left_keeps_nobody_waiting(lead, desk, cast, work, monkeypatch):
    ask(lead)
    Workbook.update(state="running").execute()
    ask(desk(cast.li_qiang))
    second = Workbook.get(Workbook.state == "waiting")
    begun, run = [], workbooks._run
    monkeypatch.setattr(workbooks, "_run", lambda asked, *a, **k: (begun.append(asked.id), run(asked, *a, **k)))
    work()
    assert begun[0] == second.id


def test_it_can_be_stopped_and_deleted(lead, work, folder, monkeypatch):
    a_visit()
    page = ask(lead)
    write = workbook_file.write

    def stopped_meanwhile(table, to, **more):
        lead.submit(page, "form[action$=removal]")
        return write(table, to, **more)

    with monkeypatch.context() as patched:
        patched.setattr(workbook_file, "write", stopped_meanwhile)
        work()
    assert (Workbook.select().count(), list(folder.iterdir())) == (0, [])
    ask(lead)
    work()
    page = lead.submit(lead.get("/office/workbooks"), "form[action$=removal]")
    assert "表删掉了" in page
    assert (Workbook.select().count(), list(folder.iterdir())) == (0, [])


def test_it_is_forgotten_after_three_days(lead, work, folder, clock):
    a_visit()
    ask(lead)
    clock.forward(hours=2)
    work()
    (folder / "0190-of-a-row-that-is-gone.sealed").write_bytes(b"")
    assert workbooks.forget_old(now=NOW + timedelta(days=3), folder=folder.parent) == 0
    assert len(list(folder.iterdir())) == 1
    assert workbooks.forget_old(now=NOW + timedelta(days=3, hours=3), folder=folder.parent) == 1
    assert workbooks.forget_old(now=NOW + timedelta(days=3, hours=3), folder=folder.parent) == 0
    assert (Workbook.select().count(), list(folder.iterdir())) == (0, [])
    assert "这里还没有表" in lead.get("/office/workbooks")


def test_a_file_that_is_gone_is_not_found(lead, work, folder):
    ask(lead)
    work()
    next(folder.iterdir()).unlink()
    lead.get(f"/office/workbooks/{Workbook.get().id}/visits.xlsx", status=404)


def test_the_log_leads_to_ones_workbooks(lead):
    a_visit()
    assert not lead.get("/office/visits").select("a[href$=workbooks]")
    ask(lead)
    assert lead.get("/office/visits").select("a[href$=workbooks]")
