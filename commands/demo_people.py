"""Who is who in the demo: 花梨镇 and 永温镇 of 开阳县 are real places, the people are invented."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rules.actors import Role
from rules.days import end_of_month_after
from rules.posts import StationLevel

DATA = Path(__file__).parent.parent / "data"
AREAS = DATA / "areas-520121.csv"
ROSTER = DATA / "demo-roster.csv"

COUNTY = "520121000000"
HUALI = "520121107000"
YONGWEN = "520121106000"
QINGJIANG = "520121107202"
JIANZHONG = "520121107203"

PASSWORD = "kaiyang 2026 demo"  # noqa: S105  # of every sign-in of a demo; a real database refuses known ones
HOTLINE_OF_HUALI = "10286310427"
STATIONS = (
    (HUALI, StationLevel.TOWNSHIP_CENTRE, HOTLINE_OF_HUALI),
    (QINGJIANG, StationLevel.VILLAGE_STATION, "10286310431"),
    (JIANZHONG, StationLevel.VILLAGE_STATION, "10286310432"),
)


@dataclass(frozen=True)
class Worker:
    """Someone who works here. `sign_in`: has a desk. `phone_state`: new badge, lost, expired, paused, removed …"""

    name: str
    role: Role
    area: str
    sign_in: str = ""
    duty: str = ""
    carries: bool = False  # has had a phone since the start
    badge: str = "valid"  # valid | expired | ending | paused | lost-replaced | removed | none
    stands_in: str = ""  # a second village


STAFF = (
    Worker("郑涛", Role.SYSADMIN, COUNTY, "admin", "县中心管理员", badge="none"),
    Worker("何静", Role.COUNTY, COUNTY, "hejing", "县政务服务中心", badge="none"),
    Worker("李国秀", Role.LEAD, HUALI, "liguoxiu", "分管负责人"),
    Worker("周敏", Role.TOWNSHIP_OFFICER, HUALI, "zhoumin", "社保经办人", badge="none"),
    Worker("田方", Role.LEAD, YONGWEN, "tianfang", "分管负责人", badge="none"),
    Worker("宋代英", Role.AGENT, "520121107001", carries=True),
    Worker("王文芳", Role.AGENT, "520121107200", carries=True),
    Worker("冉茂林", Role.AGENT, "520121107201", carries=True, badge="ending"),
    Worker("杨秀芝", Role.AGENT, QINGJIANG, carries=True, badge="lost-replaced"),
    Worker("赵文会", Role.AGENT, JIANZHONG, carries=True, stands_in=QINGJIANG),
    Worker("陈启明", Role.AGENT, "520121107204", carries=True, badge="expired"),
    Worker("田维刚", Role.AGENT, "520121107205", carries=True, badge="paused"),
    Worker("石光荣", Role.AGENT, "520121107206", carries=True, badge="removed"),
    Worker("骆开芬", Role.AGENT, "520121107206"),
    Worker("邓国祥", Role.AGENT, "520121106200", carries=True),
    Worker("吴琼芳", Role.AGENT, "520121106201", badge="none"),
)

#: What a note at the door says; ordinary, short, without judgement.
NOTES = (
    "", "", "", "身体还好，能自己做饭。", "问了医保缴费的事，讲清楚了。", "门口路滑，已跟村里说。", "儿子在外打工，过年回来。",
    "药快吃完了，提醒了女儿。", "院子里摔过一次，没大碍。", "说电视看不了，帮着调好了。", "换了新电话，记下了。",
)  # fmt: skip
NEEDS = {
    "罗正英": "hearing,dialect,alone", "周兴林": "mobility", "田景芝": "alone", "王德珍": "sight", "李应芬": "bedridden,hearing",
    "陈桂兰": "wheelchair", "吴兴德": "mobility", "石国珍": "dialect", "熊开祥": "hearing",
}  # fmt: skip
HOURS = {"罗正英": "上午在家", "周兴林": "下午三点后", "田景芝": "赶场天不在家"}


@dataclass(frozen=True)
class Listed:
    """A row of the roster, as far as the agency's list needs it."""

    name: str
    id_number: str
    area: str
    born_on: date


def pensioners() -> list[Listed]:
    """Everybody the roster says draws the pension, in its order."""
    with ROSTER.open(encoding="utf-8", newline="") as file:
        return [
            Listed(row["姓名"], row["公民身份号码"], row["户籍村代码"], date.fromisoformat(row["出生日期"]))
            for row in csv.DictReader(file)
            if row["养老金领取"] == "是"
        ]


#: Months from now to the month whose end is the due day, by name; the others are drawn.
DUE_IN = {
    "罗正英": -1, "龙国才": -1, "吴兴德": -1, "石国珍": -1, "杨昌贵": 0, "陈国发": 0, "龙照义": 0, "彭德珍": 0, "赵德清": 1,
    "陈桂兰": 1, "熊开祥": 1, "田景芝": 2, "周兴林": 3,
}  # fmt: skip
DRAWN = (-2, *(-1,) * 2, *(0,) * 22, *(1,) * 24, *(2,) * 18, *(3,) * 14, *(4,) * 11, *(5,) * 8)


def due_in(person: Listed) -> int:
    dice = random.Random(f"due {person.id_number}")
    return DUE_IN.get(person.name, dice.choice(DRAWN))


def agency_list(people: Iterable[Listed], *, today: date) -> str:
    """The agency's list of people not yet confirmed, as its own CSV."""
    file = io.StringIO()
    out = csv.writer(file, lineterminator="\n")
    out.writerow(
        ["姓名", "身份证号码", "待遇名称", "个人编号", "待遇发放地", "认证周期(月)", "上次认证日期", "待遇状态"]
    )
    for person in people:
        dice = random.Random(f"last {person.id_number}")
        number = dice.randint(10_000, 99_999)  # the agency's own, the same in every list
        month_end = end_of_month_after(today, due_in(person) - 12)
        last = month_end - timedelta(days=dice.randint(0, month_end.day - 1))
        state = "暂停" if due_in(person) <= -2 else "正常"
        row = ["城乡居民基本养老保险", f"P{number}", "开阳县", 12, last.isoformat(), state]
        out.writerow([person.name, person.id_number, *row])
        if (today - person.born_on).days > 80 * 365.25:
            row = ["高龄津贴", f"G{number}", "开阳县", 12, last.isoformat(), "正常"]
            out.writerow([person.name, person.id_number, *row])
    return file.getvalue()
