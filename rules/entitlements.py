"""The agency's list of people not yet confirmed: reading its rows, and who leaves the rounds because of it.

Only the agency's file says who draws what and what the agency did; nothing here stops a payment or says that one
was stopped. Source: docs/rules.md R-LIF-1, R-LIF-3, R-LIF-4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rules import id_numbers, spellings
from rules.areas import Gazetteer, Level, NoPlace, fold_name, read_code
from rules.days import end_of_month_after
from rules.life_verification import due_on
from rules.roster import TWOFOLD, Reason
from rules.roster_columns import ROSTER
from rules.tables import Columns, Record, text_of

_SPELLINGS = {
    "benefit": "待遇 待遇名称 待遇类型 待遇类别 待遇种类 险种 险种类型 险种名称 保险类型 补贴类型 补贴名称 津贴名称 业务类型 benefit",
    "number": "待遇编号 个人编号 社保编号 个人社保编号 个人代码 参保编号 人员编号 待遇证号 待遇号 电脑号 编号 个人账号编号 number",
    "paying_area": "待遇发放地 发放地 发放机构 发放单位 参保地 统筹区 统筹地区 经办机构 参保机构 所属机构 待遇发放机构 社保机构 领取地 paying_area",
    "cycle_months": "认证周期 认证周期(月) 周期 周期(月) 认证周期月数 周期月数 认证频次 cycle_months",
    "last_success": "上次认证日期 上次认证时间 最近认证时间 最近认证日期 上次通过日期 上次认证通过日期 最近一次认证时间 最后认证时间 "
    "最近一次认证日期 上次确认日期 认证日期 认证时间 last_success",
    "due_on": "认证截止日期 截止日期 到期日期 认证到期日 应认证日期 认证到期日期 有效期至 due_on",
    "agency_state": "待遇状态 发放状态 领取状态 状态 agency_state",
}
COLUMNS = Columns(
    exact={spelling: field for field, spellings in _SPELLINGS.items() for spelling in spellings.split()}
    | {spelling: field for spelling, field in ROSTER.exact.items() if field in ("name", "id_number")},
    patterns=(
        (re.compile(r"(上次|最近|最后).*(认证|确认)"), "last_success"),
        (re.compile(r"(截止|到期)"), "due_on"),
        (re.compile(r"周期|频次"), "cycle_months"),
        *((pattern, field) for pattern, field in ROSTER.patterns if field in ("name", "id_number", "")),
        (re.compile(r"(待遇|险种|津贴|补贴).*(名称|类型|类别|种类)"), "benefit"),
        (re.compile(r"(社保|待遇|个人|参保).*编号"), "number"),
    ),
    needs=(frozenset({"name"}), frozenset({"id_number"})),
    groups=ROSTER.groups[:1],
    down=frozenset({"benefit", "paying_area", "cycle_months"}),
    person=frozenset({"name", "id_number", "number"}),
)
#: What agencies call a benefit; the county's own names (setting `benefits`) are added to these.
BENEFITS = {
    "BPIURR": "城乡居民基本养老保险 城乡居民养老保险 城乡居民社会养老保险 居民养老保险 居民养老 城乡居保 城居保 居保 新农保 养老保险 养老金 基本养老金 "
    "城乡居民养老 城乡居民基本养老 pension",
    "old-age-allowance": "高龄津贴 高龄补贴 高龄老人津贴 高龄老年人津贴 长寿补贴 长寿金 old_age_allowance",
}
STATES = {
    "paying": "正常 在发 正常发放 在领 享受 正常领取 发放 paying",
    "suspended": "暂停 停发待认证 暂停发放 已暂停 暂停待遇 suspended",
    "resumed": "恢复 恢复发放 已恢复 resumed",
    "ended": "终止 停发 终止发放 已终止 注销 ended",
}
REVIEWED = frozenset(
    "name-missing name-remark name-unreadable id-missing id-characters id-length id-date id-check id-century "
    "id-number-cell id-sample no-heading name-two id-two benefit-missing resident-unknown two-records name-differs".split()
)
LONGEST_CYCLE = 60
#: [DEF] So many may leave the rounds by one list without anybody being asked.
FEW = 20


@dataclass(frozen=True)
class Listed:
    """A row of the list once read."""

    sheet: str
    row: int
    reasons: tuple[Reason, ...] = ()
    name: str = ""
    id_number: str = ""
    benefit: str = ""
    number: str = ""
    paying_area: str = ""
    cycle_months: int | None = None
    last_success_on: date | None = None
    due_on: date | None = None
    agency_state: str = ""

    @property
    def blocked(self) -> bool:
        return any(reason.code in REVIEWED for reason in self.reasons)


@dataclass(frozen=True)
class Held:
    """An entitlement on the rounds, as far as it decides whether it leaves them."""

    id: Any
    name: str
    benefit: str
    number: str
    paying_area: str
    area: str


def read(record: Record, gazetteer: Gazetteer, *, names: Mapping[str, str], demo: bool, today: date) -> Listed:
    """Read one row. `names` are the county's own names of benefits, by code."""
    cells, reasons = record.cells, []
    if not record.headed:
        return Listed(record.sheet, record.row, (Reason("no-heading"),))
    name = spellings.read_name(cells.get("name"))
    if isinstance(name, spellings.NoName):
        reasons.append(Reason(name.flaw, name.bare))
    number = _id_number(record, reasons, demo=demo, today=today)
    reasons += [Reason(code) for kept, code in TWOFOLD.items() if kept in record.twofold]
    benefit = read_benefit(text_of(cells.get("benefit")), names)
    if not benefit:
        reasons.append(Reason("benefit-missing"))
    last = _last_success(record, reasons, today)
    return Listed(
        record.sheet, record.row, tuple(reasons), name.text if isinstance(name, spellings.Name) else name.bare, number,
        benefit, spellings.folded(cells.get("number"))[:60].removesuffix(".0"),
        paying_area(text_of(cells.get("paying_area")), gazetteer), read_cycle(text_of(cells.get("cycle_months"))), last,
        spellings.read_day(cells.get("due_on")), _word(STATES, text_of(cells.get("agency_state"))),
    )  # fmt: skip


def _id_number(record: Record, reasons: list[Reason], *, demo: bool, today: date) -> str:
    cell = record.cells.get("id_number")
    if isinstance(cell, int | float):
        reasons.append(Reason("id-number-cell", text_of(cell)))
        return ""
    found = id_numbers.read(text_of(cell), today=today)
    if isinstance(found, id_numbers.Flaw):
        reasons.append(Reason(str(found), str(len(id_numbers.fold(text_of(cell))))))
        return ""
    if found.is_sample and not demo:
        reasons.append(Reason("id-sample"))
    return found.text


def _last_success(record: Record, reasons: list[Reason], today: date) -> date | None:
    """The day of the last success; of a month that names no day its first, since a cycle counts whole months."""
    cell = record.cells.get("last_success")
    day, month = spellings.read_day(cell), spellings.read_month(cell)
    found = day or (date(*month, 1) if month else None)
    if found and found > today:
        reasons.append(Reason("last-in-future", found.isoformat()))
        return None
    if not found and not spellings.is_nothing(spellings.folded(cell)):
        reasons.append(Reason("last-unreadable", text_of(cell)[:20]))
    return found


def read_benefit(text: str, names: Mapping[str, str]) -> str:
    """The code of a benefit, or the agency's own word for one nobody gave a code."""
    folded = fold_name(text)
    for code, name in names.items():
        if folded.lower() in (code.lower(), name.lower()):
            return code
    return _word(BENEFITS, folded) or folded[:60]


def read_cycle(text: str) -> int | None:
    """Months between two verifications: 12, 12个月, 一年, 每季度. None where the row does not say."""
    folded = fold_name(text).removesuffix(".0")
    for words, months in (
        ("半年", 6),
        ("一年 1年 每年 年 按年 年度", 12),
        ("季 季度 每季 每季度 按季 一季度", 3),
        ("每月 月 按月", 1),
        ("两年 2年", 24),
    ):
        if folded in words.split():
            return months
    found = re.fullmatch(r"(\d{1,2})(个?月)?", folded)
    return int(found[1]) if found and 0 < int(found[1]) <= LONGEST_CYCLE else None


def paying_area(text: str, gazetteer: Gazetteer) -> str:
    """The code of the area that pays, where it is one of ours; else the agency's own word for it."""
    folded = fold_name(text)
    code = read_code(folded)
    if code:
        return code
    plain = re.sub(r"(社会保险|社保|人社|人力资源和社会保障).*$", "", folded)
    if not plain:
        return folded[:60]
    higher = [area for area in gazetteer.by_code.values() if area.level is not Level.VILLAGE]
    found = [area.code for area in higher if plain in (area.name, _short(area.name))]
    if len(found) == 1:
        return found[0]
    place = gazetteer.find(village=plain)
    return folded[:60] if isinstance(place, NoPlace) else place.area.code


def _short(name: str) -> str:
    return re.sub(r"(省|市|区|县|镇|乡|街道)$", "", name)


def _word(words: Mapping[str, str], text: str) -> str:
    folded = fold_name(text).lower()
    return next((code for code, spelt in words.items() if folded and folded in spelt.lower().split()), "")


def due(listed: Listed, *, cycle_months: int, last_success_on: date | None, today: date) -> date:
    """The last day in time: as the agency says, else by the cycle, else the end of this month (never confirmed yet)."""
    if listed.due_on:
        return listed.due_on
    if last_success_on:
        return due_on(last_success_on, cycle_months)
    return end_of_month_after(today, 0)


def leaving(
    held: Iterable[Held], listed: Iterable[Listed], *, on_list: Iterable[Any], covers: str, benefit: str
) -> tuple[list[Held], list[Held]]:
    """Who leaves the rounds because the list no longer names them, and who stays because a row may still mean them.

    The list is complete for the benefits and paying areas it names, or for `covers` (12 digits) and `benefit` where
    these are given. A row that nobody could read may be anyone of its name or number: nobody is lost by a slip.
    """
    rows = list(listed)
    named = {(row.benefit, row.paying_area) for row in rows if row.benefit}
    benefits = {benefit} if benefit else {row.benefit for row in rows if row.benefit}
    unread = [row for row in rows if row.blocked]
    names, numbers = {row.name for row in unread if row.name}, {row.number for row in unread if row.number}
    there = set(on_list)
    gone: list[Held] = []
    stay: list[Held] = []
    for each in held:
        if each.id in there:
            continue
        if covers:
            if each.benefit not in benefits or not each.area.startswith(_prefix(covers)):
                continue
        elif (each.benefit, each.paying_area) not in named and (each.benefit, "") not in named:
            continue
        (stay if each.name in names or (each.number and each.number in numbers) else gone).append(each)
    return gone, stay


def seems_incomplete(*, leaving: int, staying: int, named: int) -> bool:
    """Whether a list looks cut short, or another place's: then it takes nobody off before somebody says it is whole.

    `leaving` of those on the rounds would leave them, `staying` would stay; `named` of the list's rows name somebody
    known here. A month's confirmations are fewer than half of a round, or few enough to be looked through.
    """
    return leaving > 0 and (named == 0 or (leaving > FEW and leaving > staying))


def _prefix(code: str) -> str:
    return next((code[:length] for length in (2, 4, 6, 9) if not code[length:].strip("0")), code)
