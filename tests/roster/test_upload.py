"""A township sends a list at its desk and watches it being taken in; the job may die and start again."""

import io
from datetime import timedelta

import pytest

from actions import imports, roster
from models import Entitlement, Import, ImportRow, JournalEntry, Person, Resident
from tests.roster.files import number
from tests.support.cast import CAST, NOW, VILLAGE, VILLAGE_ELSEWHERE

HEADING = ["姓名", "公民身份号码", "户籍村代码"]
PEOPLE = [
    ["周国华", number(1950, 5, 6), VILLAGE],
    ["王玉珍（已故）", number(1952, 7, 8, 802), VILLAGE],
    ["何登科", number(1961, 1, 1), VILLAGE_ELSEWHERE],
]


@pytest.fixture
def folder(settings):
    return settings.blobs_path


@pytest.fixture
def work(folder):
    """The job, as the clock starts it."""
    return lambda: imports.run_waiting(now=lambda: NOW, folder=folder)


@pytest.fixture
def send(desk, write):
    """Send a list at 李强's desk; gives the page it leads to."""

    def sent(rows=(HEADING, *PEOPLE), *, how="take", kind="roster", worker=CAST.li_qiang, raw=None, status=200):
        content = raw if raw is not None else write(list(rows)).read_bytes()
        page = desk(worker)
        file = (io.BytesIO(content), "花名册.xlsx")
        form = page.get("/office/imports")
        return page, page.submit(form, "#send-list", button=f"how={how}", kind=kind, file=file, status=status)

    return sent


def the_import():
    return Import.select().order_by(Import.started_at.desc(), Import.id.desc()).first()


def test_a_list_is_sent_watched_and_taken_in(send, work, db):
    page, answer = send()
    assert "正在导入" in answer or "马上开始" in answer
    assert Resident.select().where(Resident.name == "周国华").count() == 0
    assert work() == 1
    shown = page.get(f"/office/imports/{the_import().id}")
    assert "姓名里夹着别的字。" in shown
    assert "王玉珍（已故）" in shown
    assert "这一行不归您这里办。" in shown
    assert Resident.get(Resident.name == "周国华").area == VILLAGE
    assert Resident.select().where(Resident.name == "何登科").count() == 0
    event = JournalEntry.get(JournalEntry.kind == "roster.imported")
    assert event.actor == CAST.li_qiang.id


def test_the_page_asks_for_its_progress_until_it_is_done(send, work, db):
    page, _ = send()
    part = f"/office/imports/{the_import().id}/progress"
    assert "every 2s" in page.get(part).html
    work()
    assert "every 2s" not in page.get(part).html


def test_looking_first_changes_nobody_and_then_it_is_taken_in(send, work, db):
    page, _ = send(how="look")
    work()
    sent = the_import()
    shown = page.get(f"/office/imports/{sent.id}")
    assert "还没有导入" in shown
    assert sent.counts == {"imported": 1, "updated": 0, "unchanged": 0, "duplicate": 0, "review": 2}
    assert Resident.select().where(Resident.name == "周国华").count() == 0
    page.submit(shown, "#progress form")
    work()
    assert Resident.select().where(Resident.name == "周国华").count() == 1
    assert the_import().state == "done"
    assert ImportRow.select().count() == 2


def test_nothing_of_the_file_is_left_lying_about(send, work, folder, db):
    send()
    kept = list((folder / "imports").iterdir())
    assert len(kept) == 1
    assert number(1950, 5, 6).encode() not in kept[0].read_bytes()
    assert not kept[0].read_bytes().startswith(b"PK")
    work()
    assert list((folder / "imports").iterdir()) == []


def test_the_sheet_to_correct_is_fetched_and_that_is_registered(send, work, db):
    page, _ = send()
    work()
    answer = page.client.get(f"/office/imports/{the_import().id}/review.xlsx")
    assert answer.data.startswith(b"PK")
    assert JournalEntry.select().where(JournalEntry.kind == "export.made").count() == 1


def test_a_job_that_died_goes_on_where_it_was(send, work, db, monkeypatch):
    people = [["周国华", number(1930 + n, 1, 1, 100 + n), VILLAGE] for n in range(30)]
    monkeypatch.setattr(roster, "CHUNK", 10)
    send([HEADING, *people])
    settle, calls = roster._Run.settle, []

    def dying(run, chunk):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return settle(run, chunk)

    monkeypatch.setattr(roster._Run, "settle", dying)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert (the_import().state, the_import().rows_done) == ("running", 20)
    work()
    assert the_import().counts["imported"] == 30
    assert Resident.select().where(Resident.name == "周国华").count() == 30
    assert work() == 0


def test_a_file_that_is_no_list_is_refused_before_it_is_kept(send, db):
    for raw, words in (
        (b"", "文件里没有内容"),
        (b"PK\x03\x04", "文件坏了"),
        ("事项,部门\n甲,乙\n".encode(), "没找到表头"),
    ):
        _, answer = send(raw=raw, status=422)
        assert words in answer
    assert Import.select().count() == 0


def test_no_file_and_no_kind(desk, db):
    page = desk(CAST.li_qiang)
    form = page.get("/office/imports")
    page.submit(form, "#send-list", kind="roster", file=None, status=422)
    file = (io.BytesIO("姓名,身份证号\n".encode()), "a.csv")
    page.submit(form, "#send-list", kind="else", file=file, status=422)


def test_another_township_sees_nothing_of_it(send, work, desk, db):
    send()
    work()
    page = desk(CAST.qian_wei)
    assert "花名册.xlsx" not in page.get("/office/imports")
    for path in ("", "/progress", "/review.xlsx"):
        page.get(f"/office/imports/{the_import().id}{path}", status=404)
    token = page.get("/office/imports").fields_of("#send-list")["csrf_token"]
    page.post(f"/office/imports/{the_import().id}/start", {"csrf_token": token}, status=404)


def test_who_keeps_the_machine_sends_no_lists(desk, db):
    desk(CAST.zheng_tao).get("/office/imports", status=403)


def test_a_list_of_somebody_who_left_meanwhile_is_not_taken_in(send, work, db):
    send()
    Person.update(removed_at=NOW).where(Person.id == CAST.li_qiang.id).execute()
    work()
    assert (the_import().state, the_import().problem) == ("failed", "not-allowed")
    assert Resident.select().where(Resident.name == "周国华").count() == 0


def test_two_presses_start_one_import(send, work, db):
    page, _ = send(how="look")
    work()
    shown = page.get(f"/office/imports/{the_import().id}")
    page.submit(shown, "#progress form")
    page.submit(shown, "#progress form", status=409)


def test_the_agencys_list_is_sent_in_the_same_way(send, work, db):
    Entitlement.delete().execute()
    chen = CAST.chen_guilan
    heading = ["姓名", "身份证号", "待遇名称", "上次认证日期"]
    page, _ = send(
        [heading, [chen.name, chen.id_number, "养老金", "2025-12-03"], ["何不知", number(1950, 1, 1), "养老金", ""]],
        kind="entitlements",
    )
    work()
    shown = page.get(f"/office/imports/{the_import().id}")
    assert "您管的名单里没有这个人。" in shown
    assert Entitlement.select().where(Entitlement.listed).count() == 1


def test_of_the_agencys_list_no_sheet_is_promised(send, work, db):
    heading = ["姓名", "身份证号", "待遇名称", "上次认证日期"]
    strangers = [["何不知", number(1950, 1, 1 + n % 28, 501 + 2 * n), "养老金", ""] for n in range(60)]
    page, _ = send([heading, *strangers], kind="entitlements", how="look")
    work()
    shown = page.get(f"/office/imports/{the_import().id}")
    assert "还有 10 行" in shown
    assert "行在表里" not in shown


def test_another_places_list_takes_nobody_off_until_somebody_says_that_it_is_whole(send, work, db):
    heading = ["姓名", "身份证号", "待遇名称", "上次认证日期"]
    on_the_rounds = Entitlement.select().where(Entitlement.listed)
    before = on_the_rounds.count()
    page, _ = send([heading, ["何不知", number(1950, 1, 1), "养老金", ""]], kind="entitlements", how="look")
    work()
    address = f"/office/imports/{the_import().id}"
    shown = page.get(address)
    assert "这些人先照旧上门" in shown
    page.submit(shown, f"form[action='{address}/start']")
    work()
    assert (the_import().counts["dropped"], on_the_rounds.count()) == (0, before)
    page, _ = send([heading, ["何不知", number(1950, 1, 1), "养老金", ""]], kind="entitlements", how="look")
    work()
    address = f"/office/imports/{the_import().id}"
    page.submit(page.get(address), f"form[action='{address}/start']", whole="yes")
    work()
    assert the_import().counts["dropped"] > 0
    assert on_the_rounds.count() == before - the_import().counts["dropped"]


def test_rows_that_waited_too_long_are_forgotten(send, work, folder, db):
    send()
    send(how="look")
    work()
    assert imports.forget_old(now=NOW + timedelta(days=6), folder=folder) == 0
    assert imports.forget_old(now=NOW + timedelta(days=31), folder=folder) > 0
    assert ImportRow.select().count() == 0
    assert list((folder / "imports").iterdir()) == []


def test_a_list_that_breaks_on_our_side_says_so_and_the_next_one_does_not_wait_for_it(send, work, db, monkeypatch):
    page, _ = send()
    broken = the_import().id
    send([HEADING, ["何登高", number(1963, 1, 1), VILLAGE]])
    load = roster.load

    def once(source, **more):
        if more["into"].id == broken:
            raise RuntimeError("a bug")
        return load(source, **more)

    monkeypatch.setattr(roster, "load", once)
    work()
    assert "会接着导" in page.get(f"/office/imports/{broken}")
    assert Resident.select().where(Resident.name == "何登高").count() == 1
