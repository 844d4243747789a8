"""Names, days, telephones and the like as offices type them, made into one spelling. Nothing is ever guessed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from rules.tables import Cell, text_of

WIDTH: dict[int, int | str | None] = {0x3000: " ", **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}}
NOTHING = re.compile(
    r"^(无|没有|空|待补|待查|待核|待定|不详|未知|暂无|无名|[/\\\-—?.*]+|N/?A|#N/A|#REF!|#VALUE!|NULL|NONE|0)?$", re.I
)

SPACES = re.compile(r"\s+")


def is_nothing(text: str) -> bool:
    """Whether a folded text only says that there is nothing to say."""
    return bool(NOTHING.match(text))


def folded(cell: Cell) -> str:
    """A cell as text of one width, without spaces or invisible characters."""
    return SPACES.sub("", unicodedata.normalize("NFKC", text_of(cell)))


# ---- names

DOTS = re.compile(r"\s*[·•‧∙⋅・･●᛫]\s*|(?<=[^\x00-\x7f])\s*\.\s*(?=[^\x00-\x7f])")
LOST_CHARACTER = re.compile("[\ufffd□\ue000-\uf8ff\U000f0000-\U000ffffd]")
PLAIN_NAME = re.compile("[\u4e00-\u9fff]{2,4}")
BETWEEN = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")
REMARK_WORDS = tuple(
    "已故 死亡 已死 去世 已逝 病故 亡故 过世 已殁 迁出 已迁 迁走 外迁 迁入 重复 重名 注销 销户 已销 待查 待核 待补 失踪 失联 服刑 "
    "出嫁 外嫁 嫁出 空挂 同上 户主 外出 在外 务工 暂无 搬走 搬迁 走了 不在 不在家 打工 外省 外县 外地 找不到 未找到 查无此人 新增 改名 更名 "
    "曾用名 低保 特困 残疾 残疾人 住院 瘫痪 卧床 失能 离婚 老人 女士 先生 本人 配偶 老伴 妻子 丈夫 儿子 女儿 儿媳 媳妇 父亲 母亲 爸爸 妈妈 "
    "孙子 孙女".split()
)
#: Nobody is called so: characters of remarks only, what has happened (王芳已搬), and whose kin it is (王芳之母).
IN_REMARKS = re.compile(r"[死的户岁嫁〃]|(?<=..)已.{1,3}$|(?<=..)之[父母夫妻子女孙]$")
#: 王芳 女, and two names in two lines of one cell.
SEX_BEHIND, TWO_LINES = re.compile(r"\S{2,}\s+[男女]"), re.compile(r"(\S{2,})\s*[\r\n]\s*\S{2,}")
COMPOUND_SURNAMES = frozenset(
    "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 令狐 慕容 司徒 司空 夏侯 端木 轩辕 长孙 宇文 独孤 南宫 西门 赫连 澹台 闻人 呼延 拓跋".split()
)
DEATH_WORDS = re.compile(r"已故|死亡|已死|去世|已逝|病故|亡故|过世|已殁|身故|离世")
#: Somebody else's death in a remark: 老伴已故 says nothing of this person.
OTHERS_DEATH = re.compile(rf"(未|无|父|母|夫|妻|子|女|儿|伴|爱人|配偶|户主)[^,，。;；]{{0,10}}({DEATH_WORDS.pattern})")
GONE_WORDS = re.compile(r"已?迁出|已?迁走|已?外迁|户口已?迁|已?销户|户口注销|注销户口|^注销$|^已注销")


@dataclass(frozen=True)
class Name:
    """A name that can stand on a card."""

    text: str


@dataclass(frozen=True)
class NoName:
    """Why a cell is no name: nothing there, a remark in it, or a character lost; `bare` is the name before a remark."""

    flaw: Literal["name-missing", "name-remark", "name-unreadable"]
    bare: str = ""


def read_name(cell: Cell) -> Name | NoName:
    """Read a name: 王 芳 is 王芳, 扎西．多吉 is 扎西·多吉; 王芳（已故） is no name."""
    said = text_of(cell)
    plain = PLAIN_NAME.fullmatch(said) and not is_nothing(said) and not IN_REMARKS.search(said)
    if plain and not said.endswith(REMARK_WORDS) and not said.startswith(REMARK_WORDS):
        return Name(said)  # nearly all of them
    lines = TWO_LINES.fullmatch(said)
    if SEX_BEHIND.fullmatch(said) or (lines and lines[1] not in COMPOUND_SURNAMES):
        return NoName("name-remark", said.split()[0])
    text = " ".join(said.translate(WIDTH).split())
    text = BETWEEN.sub("", text)
    text = DOTS.sub("·", text).strip("'‘’`·,，、。;；:：")
    if is_nothing(text):
        return NoName("name-missing")
    if LOST_CHARACTER.search(text):
        return NoName("name-unreadable")
    bare = re.split(r"[(\[【<（〔{《?!*#0-9:：,，、;；/]", text, maxsplit=1)[0]
    if remark := IN_REMARKS.search(bare):
        bare = bare[: remark.start()] if remark.start() > 1 else ""
        bare = next((bare.removesuffix(word) for word in REMARK_WORDS if bare.endswith(word)), bare)
    if bare != text or not _is_name(text):
        return NoName("name-remark", bare if _is_name(bare) else "")
    for word in REMARK_WORDS:
        if text.endswith(word) or (text.startswith(word) and len(text) > len(word) + 1):
            return NoName("name-remark", text.removesuffix(word).removeprefix(word))
    return Name(text)


def _is_name(text: str) -> bool:
    """Letters of one writing, joined by a dot, an apostrophe, a hyphen or a space."""
    letters = [c for c in text if c not in "·'-. "]
    if not letters or len(text) > 40 or not all(unicodedata.category(c)[0] in "LM" or c == "〇" for c in letters):
        return False
    latin = sum(c < "\u0250" for c in letters)
    return latin == len(letters) or (latin == 0 and "-" not in text)


def says_dead(text: str) -> bool:
    """Whether a remark says that this very person died."""
    return bool(DEATH_WORDS.search(OTHERS_DEATH.sub("", text)))


def says_gone(text: str) -> bool:
    """Whether a remark says that this person's household registration moved away or ended."""
    return bool(GONE_WORDS.search(text))


# ---- days

EXCEL_EPOCH = date(1899, 12, 30)
DAY = re.compile(r"^(\d{4})(?:年|[-—–./\\、,。·])(\d{1,2})(?:月|[-—–./\\、,。·])(\d{1,2})(?:日|号)?[.。]?$")
TIME = re.compile(r"(?:T|\s+)\d{1,2}[:：]\d{2}\S*$")
#: A whole number from the one to the other is somebody's year, and no day that Excel counts.
YEARS = range(1850, 2101)
MONTH = re.compile(r"^(\d{4})(?:年|[-./\\])?(\d{1,2})月?$")


def read_day(cell: Cell) -> date | None:
    """A day however it is written: 1948年3月2日, 1948.3.2, 19480302, a serial number of Excel. None: no whole day."""
    if isinstance(cell, date):
        return cell
    text = folded(TIME.sub("", text_of(cell))).removesuffix(".0")
    if found := DAY.match(text):
        return _day(*found.groups())
    if re.fullmatch(r"\d{8}", text):
        return _day(text[:4], text[4:6], text[6:])
    if re.fullmatch(r"\d{1,5}", text) and 0 < int(text) < 80_000 and int(text) not in YEARS:
        return EXCEL_EPOCH + timedelta(days=int(text))
    return None


def read_month(cell: Cell) -> tuple[int, int] | None:
    """Year and month of a cell that names no day: 1948年3月, 1948.03, 194803."""
    text = folded(cell)
    found = MONTH.match(text) if not re.fullmatch(r"\d{5}", text) else None
    return (int(found[1]), int(found[2])) if found and 1 <= int(found[2]) <= 12 else None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


# ---- telephones

SAMPLE_PHONE = re.compile(r"^102\d{8}$")  # leads to no service: fictional people only
MOBILE, LANDLINE = re.compile(r"^1[3-9]\d{9}$"), re.compile(r"^(0\d{2,3}[2-9]\d{6,7}|[2-9]\d{6,7}|400\d{7})$")


@dataclass(frozen=True)
class Phones:
    """The usable numbers of a cell, in order, and whether something in it was none."""

    numbers: tuple[str, ...]
    unusable: bool = False


def read_phones(cell: Cell, *, demo: bool) -> Phones:
    """Read one or several telephone numbers; sample ones only count in a demo."""
    said = text_of(cell)
    if len(said) == 11 and said.isascii() and (MOBILE.match(said) or (demo and SAMPLE_PHONE.match(said))):
        return Phones((said,))  # nearly all of them
    text = unicodedata.normalize("NFKC", said)
    if is_nothing(SPACES.sub("", text)):
        return Phones(())
    found: list[str] = []
    unusable = False
    for part in re.split(r"[/、,，;；|\\\n或]", text):
        digits = re.sub(r"[^\d.]", "", part)
        digits = re.sub(r"\.0+$", "", digits).replace(".", "")
        digits = re.sub(r"^(00)?86(?=1\d{10}$)", "", digits)
        pieces = [digits[:11], digits[11:]] if re.fullmatch(r"(1\d{10}){2}", digits) else [digits]
        for piece in pieces:
            if MOBILE.match(piece) or LANDLINE.match(piece) or (demo and SAMPLE_PHONE.match(piece)):
                if piece not in found:
                    found.append(piece)
            elif part.strip():
                unusable = True
    return Phones(tuple(found), unusable)


# ---- words from short lists

SEXES = {
    "male": {"男", "男性", "1", "M", "MALE", "男姓"},
    "female": {"女", "女性", "2", "F", "FEMALE", "女姓"},
}


def read_sex(cell: Cell) -> str:
    """`male`, `female`, or "" for any other word."""
    text = folded(cell).upper().removesuffix(".0")
    return next((sex for sex, words in SEXES.items() if text in words), "")


def read_grade(cell: Cell) -> int:
    """A disability grade from 1 (heaviest) to 4, or 0: 二级, 2级, 贰级, Ⅱ级."""
    text = folded(cell).upper().removesuffix(".0").removesuffix("级")
    for words in (("一", "二", "三", "四"), ("壹", "贰", "叁", "肆"), ("I", "II", "III", "IV"), ("1", "2", "3", "4")):
        if text in words:
            return words.index(text) + 1
    return 0


DISABILITIES = ("视力", "听力", "言语", "肢体", "智力", "精神", "多重")


def read_disability(cell: Cell) -> str:
    """One of the seven kinds (R-DAT-4), or ""."""
    text = folded(cell)
    found = [kind for kind in DISABILITIES if text.startswith((kind, kind[0] + "残"))]
    return found[0] if len(found) == 1 else ""


def read_list(cell: Cell) -> tuple[str, ...]:
    """Words set apart in any way: 高龄、独居 and 高龄/独居 alike; each once, in order."""
    text = unicodedata.normalize("NFKC", text_of(cell))
    parts = (part.strip() for part in re.split(r"[、,，/;；|+\s]+", text))
    return tuple(dict.fromkeys(part[:40] for part in parts if part and not is_nothing(part)))


YES = {"是", "有", "√", "✓", "✔", "对", "1", "Y", "YES", "TRUE", "确认", "已确认"}


def is_yes(cell: Cell) -> bool:
    return folded(cell).upper().removesuffix(".0") in YES
