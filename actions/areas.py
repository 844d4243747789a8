"""Loading a list of areas: codes are identities, names are not; the same list twice changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

import models
from actions import county_settings, journal
from actions.spreadsheets import Spreadsheet
from models import Area, Scope, transaction
from rules import areas as rule
from rules import spellings
from rules.actors import Actor, area_prefix, county_of, scope_of
from rules.areas import Level
from rules.problems import AreaListWrong, ListHasNoHeading
from rules.tables import Columns, NoHeading, Record, records, text_of

_SPELLINGS = {
    "code": "code 代码 编码 区划代码 行政区划代码 统计用区划代码 地区代码",
    "name": "name 名称 区划名称 单位名称 行政区划名称 地区名称",
    "level": "level 级别 层级 行政级别",
    "parent": "parent_code parent 上级代码 上级 上级区划代码 父级代码",
    "valid_from": "valid_from 启用日期 生效日期 开始日期",
    "valid_to": "valid_to 停用日期 失效日期 截止日期 结束日期 撤销日期",
    "successor": "successor 继任代码 并入 并入代码 现代码 新代码",
}
COLUMNS = Columns(
    exact={spelling: field for field, spellings in _SPELLINGS.items() for spelling in spellings.split()},
    patterns=(),
    needs=(frozenset({"code"}), frozenset({"name"})),
    person=frozenset({"code", "name"}),
)
LEVEL_WORDS = {
    "省": Level.PROVINCE, "省级": Level.PROVINCE, "市": Level.CITY, "市级": Level.CITY, "地级": Level.CITY,
    "县": Level.COUNTY, "县级": Level.COUNTY, "区县": Level.COUNTY, "乡镇": Level.TOWNSHIP, "乡级": Level.TOWNSHIP,
    "乡": Level.TOWNSHIP, "镇": Level.TOWNSHIP, "街道": Level.TOWNSHIP, "村": Level.VILLAGE, "村级": Level.VILLAGE,
    "社区": Level.VILLAGE,
}  # fmt: skip


def load(
    book: Spreadsheet, *, actor: Actor | None, now: datetime, by: str = "", dry_run: bool = False
) -> dict[str, int]:
    """Take a list of areas, all of it or nothing; gives how many were imported, updated and unchanged.

    Raises ListHasNoHeading, AreaListWrong.
    """
    listed = _listed(book)
    before = {row.code: row for row in Area.select()}
    found = rule.doubts(listed, before)
    if found:
        raise AreaListWrong(found[0].flaw, found[0].code, len(found))
    fresh = [_row(area) for area in listed if area.code not in before]
    changed = [_row(area) for area in listed if area.code in before and _facts(before[area.code]) != _facts(_row(area))]
    if not dry_run and (fresh or changed):
        _write(fresh, changed, actor=actor, now=now, by=by)
    return {
        "imported": len(fresh),
        "updated": len(changed),
        "unchanged": len(listed) - len(fresh) - len(changed),
    }


def gazetteer(on: date) -> rule.Gazetteer:
    """All areas, as of a day, for finding villages by what lists call them."""
    return rule.Gazetteer([as_rule(row) for row in Area.select()], on)


def as_rule(row: Area) -> rule.Area:
    return rule.Area(
        row.code, row.name, Level(row.level), row.parent or "", row.valid_from, row.valid_to, row.successor or ""
    )


def _listed(book: Spreadsheet) -> list[rule.Area]:
    try:
        found = [each for each in records(book.sheets(), COLUMNS) if isinstance(each, Record) and each.headed]
    except NoHeading:
        raise ListHasNoHeading("areas") from None
    codes = {_code(each, "code") for each in found} | {code for (code,) in Area.select(Area.code).tuples()}
    return [_read(each, codes) for each in found]


def _read(record: Record, codes: set[str]) -> rule.Area:
    code = _code(record, "code")
    if not re.fullmatch(r"\d{12}", code):
        raise AreaListWrong(rule.ListFlaw.CODE, code[:20] or text_of(record.cells.get("name"))[:20], 1)
    said = text_of(record.cells.get("level")).lower()
    try:
        level = LEVEL_WORDS.get(said) or (Level(said) if said else rule.level_of(code))
    except ValueError:
        raise AreaListWrong(rule.ListFlaw.LEVEL, code, 1) from None
    parent = _code(record, "parent") or next(_above(code, level, codes), "")
    return rule.Area(
        code, rule.fold_name(text_of(record.cells.get("name"))), level, parent, _day(record, code, "valid_from"),
        _day(record, code, "valid_to"), _code(record, "successor"),
    )  # fmt: skip


def _code(record: Record, kept: str) -> str:
    """A code as text; a number cell keeps all twelve digits of one."""
    text = rule.fold_name(text_of(record.cells.get(kept)))
    return rule.read_code(text) or text


def _day(record: Record, code: str, kept: str) -> date | None:
    cell = record.cells.get(kept)
    if not text_of(cell):
        return None
    day = spellings.read_day(cell)
    if day is None:
        raise AreaListWrong(rule.ListFlaw.DATES, code, 1)
    return day


def _above(code: str, level: Level, codes: set[str]) -> Iterator[str]:
    for digits in (9, 6, 4, 2):
        above = code[:digits].ljust(12, "0")
        if digits < rule.DIGITS[level] and above in codes:
            yield above


def _row(area: rule.Area) -> Area:
    return Area(
        code=area.code, name=area.name, level=area.level.value, parent=area.parent or None,
        valid_from=area.valid_from, valid_to=area.valid_to, successor=area.successor or None,
    )  # fmt: skip


def _facts(row: Area) -> tuple[object, ...]:
    return row.name, row.level, row.parent or None, row.valid_from, row.valid_to, row.successor or None


def _write(fresh: list[Area], changed: list[Area], *, actor: Actor | None, now: datetime, by: str) -> None:
    """Rows, their counters, and one event a county; areas above a county stand in the first county's event."""
    rows = sorted([*fresh, *changed], key=lambda row: str(row.code))
    counties = sorted({county_of(row.code) for row in rows if len(area_prefix(row.code)) >= 6})
    home = counties[0] if counties else county_settings.county()
    by_county: dict[str, list[Area]] = {}
    for row in rows:
        county = county_of(row.code) if len(area_prefix(row.code)) >= 6 else home
        by_county.setdefault(county, []).append(row)
    scopes = {scope_of(row.code) for row in rows if len(area_prefix(row.code)) >= 6} | set(by_county)
    with transaction():
        missing = scopes - {code for (code,) in Scope.select(Scope.code).tuples()}
        models.insert([Scope(code=code) for code in sorted(missing)])
    with transaction(*by_county):
        models.insert(fresh)
        for row in changed:
            row.save(only=[Area.name, Area.level, Area.parent, Area.valid_from, Area.valid_to, Area.successor])
        deeds = [
            journal.Deed("areas.imported", county, {"rows": len(found)}, rows=found)
            for county, found in sorted(by_county.items())
        ]
        journal.write(deeds, actor=actor, now=now, by=by)
