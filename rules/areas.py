"""Area codes and names: a code is an identity, a name is not.

Twelve digits: two for the province, two for the city, two for the county, three for the township, three for the
village. Codes end and have successors when places are merged. Source: docs/rules.md R-DAT-2.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import StrEnum


class Level(StrEnum):
    """How high an area stands, highest first."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


#: How many digits say something at each level.
DIGITS = {Level.PROVINCE: 2, Level.CITY: 4, Level.COUNTY: 6, Level.TOWNSHIP: 9, Level.VILLAGE: 12}
#: Above this many names alike, a proposal helps nobody.
PROPOSALS = 4


@dataclass(frozen=True)
class Area:
    """One area. `valid_from` and `valid_to` are days, both included; None means without end."""

    code: str
    name: str
    level: Level
    parent: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str = ""

    def in_force(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)


def level_of(code: str) -> Level:
    """The level that a 12-digit code is made for. The 000 of a township's village part names no village."""
    for level in Level:
        if code[DIGITS[level] :].strip("0") == "" and code[: DIGITS[level]].strip("0"):
            return level
    return Level.VILLAGE


# ---- a list of areas as it arrives


class ListFlaw(StrEnum):
    """Why a list of areas cannot be taken."""

    CODE = "area-code"
    NAME = "area-name"
    LEVEL = "area-level"
    PARENT = "area-parent"
    TWICE = "area-twice"
    SUCCESSOR = "area-successor"
    DATES = "area-dates"


@dataclass(frozen=True)
class ListDoubt:
    """What is wrong with one row of a list of areas."""

    flaw: ListFlaw
    code: str


def doubts(listed: Sequence[Area], known: Iterable[str]) -> list[ListDoubt]:
    """What keeps a list from being taken; `known` are the codes there already. An empty list means: take it."""
    found: list[ListDoubt] = []
    codes = {area.code for area in listed} | set(known)
    seen: set[str] = set()
    for area in listed:
        if not re.fullmatch(r"[1-9][0-9]{11}", area.code):
            found.append(ListDoubt(ListFlaw.CODE, area.code))
            continue
        if area.code in seen:
            found.append(ListDoubt(ListFlaw.TWICE, area.code))
        seen.add(area.code)
        if not area.name:
            found.append(ListDoubt(ListFlaw.NAME, area.code))
        if level_of(area.code) is not area.level:
            found.append(ListDoubt(ListFlaw.LEVEL, area.code))
        elif not _hangs_well(area, codes):
            found.append(ListDoubt(ListFlaw.PARENT, area.code))
        if area.valid_from and area.valid_to and area.valid_to < area.valid_from:
            found.append(ListDoubt(ListFlaw.DATES, area.code))
        if area.successor and (area.successor not in codes or area.successor == area.code):
            found.append(ListDoubt(ListFlaw.SUCCESSOR, area.code))
    return found


def _hangs_well(area: Area, codes: set[str]) -> bool:
    """A parent is there, higher, and its digits begin the code. Cities without districts hold townships themselves."""
    if not area.parent:
        return area.level is Level.PROVINCE
    if area.parent not in codes:
        return False
    above = level_of(area.parent)
    return DIGITS[above] < DIGITS[area.level] and area.code.startswith(area.parent[: DIGITS[above]])


# ---- finding a village by what a roster says


class PlaceFlaw(StrEnum):
    """Why no single village can be made out. The values are reason codes of the importers."""

    MISSING = "village-missing"
    UNKNOWN = "village-unknown"
    AMBIGUOUS = "village-ambiguous"
    CODE_UNKNOWN = "village-code-unknown"
    DIFFERS = "village-code-differs"


class PlaceNote(StrEnum):
    """What people like to know about how a village was found."""

    SUCCESSOR = "village-successor"
    NAME_UNKNOWN = "village-name-unknown"


@dataclass(frozen=True)
class Place:
    """The one village meant, and the villager group where the same cell names it."""

    area: Area
    group: str = ""
    notes: tuple[PlaceNote, ...] = ()


@dataclass(frozen=True)
class NoPlace:
    """No single village; `candidates` are those a person may choose from."""

    flaw: PlaceFlaw
    candidates: tuple[Area, ...] = ()


def fold_name(text: str) -> str:
    """Give the text with width, spaces and invisible characters out of the way."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc"))


NUMERALS = "零一二三四五六七八九"
GROUP_NUMBER = re.compile(r"第?([0-9]{1,3}|[〇零一二两三四五六七八九十百]{1,5})(?:(?:村民|居民)?小?组|社|队)?")
#: What may stand between a township and its village in one cell.
BETWEEN = "-—–_/\\、,.·>→|:"
NO_PLACE = re.compile(r"无|没有|空|不详|未知|暂无|待补|待查|[/\\\-—?*]+|N/?A|#N/A|#REF!|NULL|0", re.I)
GROUP_TAIL = re.compile(r"(?:第?[0-9〇零一二两三四五六七八九十百]{1,5}|[^\W\d_]{1,6})(?:村民|居民)?小?(?:组|社|队)")


def fold_group(text: str) -> str:
    """One spelling for numbered villager groups, so that one walk meets all: 3, 第3村民小组 → 三组; 大寨组 stays."""
    folded = fold_name(text).removesuffix(".0")
    number = GROUP_NUMBER.fullmatch(folded)
    if not number or folded.endswith(("社", "队")):
        return folded
    digits = number[1]
    return f"{_numeral(int(digits)) if digits.isascii() else digits.replace('〇', '零').replace('两', '二')}组"


def _numeral(n: int) -> str:
    if n >= 100:
        return str(n)
    tens, ones = divmod(n, 10)
    front = "" if tens == 0 else "十" if tens == 1 else NUMERALS[tens] + "十"
    return front + (NUMERALS[ones] if ones or not tens else "")


VILLAGE_OFFICES = ("村民委员会", "村委会", "村委")
COMMUNITY_OFFICES = ("居民委员会", "居委会", "居委")
PEOPLES = (
    "蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇 "
    "柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 "
    "塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺 各"
).split()
OF_PEOPLES = re.compile(rf"(?:(?:{'|'.join(sorted(PEOPLES, key=len, reverse=True))})族)+")


def village_spellings(name: str) -> tuple[frozenset[str], str]:
    """How people write one village: whole spellings, and its bare stem (清江村 → 清江)."""
    short = name
    community = name.endswith("社区")
    for tail in (*VILLAGE_OFFICES, *COMMUNITY_OFFICES):
        if name.endswith(tail) and len(name) > len(tail) + 1:
            short = name[: -len(tail)]
            community = tail in COMMUNITY_OFFICES
            break
    stem = short.removesuffix("社区") if community else short.removesuffix("村")
    stem = stem or short
    if community:
        tails = ("社区", *COMMUNITY_OFFICES, *("社区" + tail for tail in COMMUNITY_OFFICES))
    elif short.endswith("村") or short != name:
        tails = ("村", *VILLAGE_OFFICES, *("村" + tail for tail in VILLAGE_OFFICES))
    else:  # a name of its own kind: 牧场, 林场, 园区
        return frozenset({name}), name
    return frozenset({name, *(stem + tail for tail in tails)}), stem


def higher_spellings(name: str, level: Level) -> frozenset[str]:
    """How people write a township, county, city or province, longest and shortest."""
    plain = OF_PEOPLES.sub("", name)
    spelt = {name, plain}
    if level is Level.TOWNSHIP:
        for each in (name, plain):
            if each.endswith("街道"):
                spelt |= {each + "办事处", each + "办"}
            spelt.add(each + "人民政府")
        bare = re.sub(r"(?:街道|镇|乡|苏木)$", "", plain)
    else:
        bare = re.sub(r"(?:特别行政区|自治区|自治州|自治县|省|市|区|县|旗|州|盟)$", "", plain)
    if len(bare) > 1:
        spelt.add(bare)
    return frozenset(spelt)


@dataclass
class Gazetteer:
    """All areas, indexed by every usual spelling. Made once for an import; pure, keeps what it has answered."""

    areas: Iterable[Area]
    on: date
    home: str = ""  # digits of the county whose list this is: it decides between villages of one name in two counties
    by_code: dict[str, Area] = field(init=False)

    def __post_init__(self) -> None:
        self.by_code = {area.code: area for area in self.areas}
        self._villages: dict[str, set[str]] = {}  # a whole spelling → codes in force
        self._stems: dict[str, set[str]] = {}
        self._higher: dict[str, set[str]] = {}
        self._longest = 0
        self._answers: dict[tuple[str, str, str], Place | NoPlace] = {}
        for area in self.by_code.values():
            if area.level is Level.VILLAGE:
                heir = self.heir(area)
                if heir is None:
                    continue
                whole, stem = village_spellings(fold_name(area.name))
                for spelling in whole:
                    self._villages.setdefault(spelling, set()).add(heir.code)
                self._stems.setdefault(stem, set()).add(heir.code)
            else:
                for spelling in higher_spellings(fold_name(area.name), area.level):
                    self._higher.setdefault(spelling, set()).add(area.code)
                    self._longest = max(self._longest, len(spelling))

    @property
    def counties(self) -> set[str]:
        """The digits of all counties that have villages here."""
        return {code[: DIGITS[Level.COUNTY]] for code, area in self.by_code.items() if area.level is Level.VILLAGE}

    def heir(self, area: Area) -> Area | None:
        """The area itself while in force, else what took its place, step by step; None where nothing did."""
        seen: set[str] = set()
        while not area.in_force(self.on):
            seen.add(area.code)
            following = self.by_code.get(area.successor)
            if following is None or following.code in seen:
                return None
            area = following
        return area

    def path(self, area: Area) -> str:
        """What people call a village where names repeat: 花梨镇清江村."""
        above = self.by_code.get(area.parent)
        return f"{above.name if above else ''}{area.name}"

    def find(self, *, code: str = "", village: str = "", township: str = "") -> Place | NoPlace:
        """The village that a code, a name and a township mean together. Each may be empty; none is ever guessed."""
        asked = (code, village, township)
        if asked not in self._answers:
            if len(self._answers) > 50_000:
                self._answers.clear()
            self._answers[asked] = self._find(*(_said(text) for text in asked))
        return self._answers[asked]

    def find_in_address(self, address: str) -> Place | NoPlace:
        """The village that a whole address names after its township: 开阳县花梨镇清江村大寨组12号."""
        asked = ("", address, "\0")
        if asked not in self._answers:
            self._answers[asked] = self._find_in_address(fold_name(address))
        return self._answers[asked]

    def _find_in_address(self, address: str) -> Place | NoPlace:
        found: dict[str, str] = {}
        for rest, inside in self._fronts(address):
            if not inside or any(self.by_code[code].level is not Level.TOWNSHIP for code in inside):
                continue
            for cut in range(len(rest), 1, -1):
                codes = {c for c in self._villages.get(rest[:cut], ()) if self._within({c}, inside)}
                if codes:
                    group = GROUP_TAIL.match(rest[cut:])
                    found |= dict.fromkeys(codes, fold_group(group[0]) if group else "")
                    break
        if len(found) == 1:
            code, group_name = next(iter(found.items()))
            return Place(self.by_code[code], group_name)
        return NoPlace(PlaceFlaw.AMBIGUOUS if found else PlaceFlaw.MISSING, self._areas(set(found)))

    def _find(self, code_text: str, village: str, township: str) -> Place | NoPlace:
        code = read_code(code_text)
        if not code_text and read_code(village):  # a code in the column of names
            code, village = read_code(village), ""
        if not code and not village and code_text and not code_text[0].isascii():  # a name in the column of codes
            village = code_text
        bounds = self._higher_codes(township) if township else None
        named = self._named(village, bounds)
        if code:
            stated = self.by_code.get(code)
            if stated is None:
                return NoPlace(PlaceFlaw.CODE_UNKNOWN, self._areas(named.codes))
            if stated.level is Level.VILLAGE:
                return self._by_code(stated, named, village, bounds)
            # The code of a township or county bounds the name.
            prefix = code[: DIGITS[stated.level]]
            inside = {c for c in named.codes if c.startswith(prefix)}
            if named.codes and not inside:
                return NoPlace(PlaceFlaw.DIFFERS, self._areas(named.codes))
            named = _Named(inside, named.group, named.bounds)
        return self._by_name(named, village, bounds)

    def _by_code(self, stated: Area, named: _Named, village: str, bounds: set[str] | None) -> Place | NoPlace:
        heir = self.heir(stated)
        if heir is None:
            return NoPlace(PlaceFlaw.CODE_UNKNOWN, self._areas(named.codes))
        notes = () if heir is stated else (PlaceNote.SUCCESSOR,)
        if named.codes and heir.code not in named.codes:
            return NoPlace(PlaceFlaw.DIFFERS, self._areas({heir.code} | named.codes))
        if not all(self._within({heir.code, stated.code}, each) for each in (bounds, named.bounds)):
            return NoPlace(PlaceFlaw.DIFFERS, (heir,))
        if village and not named.codes:
            notes = (*notes, PlaceNote.NAME_UNKNOWN)
        return Place(heir, named.group, notes)

    def _by_name(self, named: _Named, village: str, bounds: set[str] | None) -> Place | NoPlace:
        if not village:
            return NoPlace(PlaceFlaw.MISSING)
        if not named.codes:
            return NoPlace(PlaceFlaw.UNKNOWN, self._alike(village, bounds or named.bounds))
        codes = named.codes
        if len(codes) > 1 and self.home:
            codes = {code for code in codes if code.startswith(self.home)} or codes
        if len(codes) > 1:
            return NoPlace(PlaceFlaw.AMBIGUOUS, self._areas(codes))
        return Place(self.by_code[next(iter(codes))], named.group)

    def _named(self, village: str, bounds: set[str] | None) -> _Named:
        """Every village a text may mean, whichever higher names stand before it and whichever group behind it."""
        best = _Named(set(), "", None)
        if not village:
            return best
        for rest, inside in self._fronts(village):
            codes, group = self._whole(rest)
            if inside is not None and best.bounds is None:
                best = _Named(best.codes, best.group, inside)
            codes = {c for c in codes if self._within({c}, inside) and self._within({c}, bounds)}
            if codes:
                best = _Named(best.codes | codes, best.group or group, best.bounds)
        if best.codes:
            return _Named(best.codes, best.group, None)
        return best

    def _fronts(self, text: str) -> Iterable[tuple[str, set[str] | None]]:
        """What may remain of a text after the higher names at its front, with the areas they bound it to."""
        waiting: list[tuple[str, set[str] | None]] = [(text, None)]
        while waiting:
            rest, inside = waiting.pop()
            yield rest, inside
            for length in range(2, min(self._longest, len(rest) - 1) + 1):
                codes = self._higher.get(rest[:length])
                if codes is None:
                    continue
                narrower = {c for c in codes if inside is None or self._within({c}, inside)}
                if narrower:
                    waiting.append((rest[length:].lstrip(BETWEEN), narrower))

    def _whole(self, text: str) -> tuple[set[str], str]:
        """Villages that the whole text names, or all of it but a villager group at its end."""
        if text in self._villages:
            return self._villages[text], ""
        if text in self._stems:
            return self._stems[text], ""
        for cut in range(len(text) - 1, 1, -1):
            group = _unbracketed(text[cut:].lstrip(BETWEEN))
            if text[:cut] in self._villages and GROUP_TAIL.fullmatch(group):
                return self._villages[text[:cut]], fold_group(group)
        return set(), ""

    def _higher_codes(self, township: str) -> set[str]:
        """The areas a township column names, with or without the county before it; empty when it names none."""
        for rest, inside in self._fronts(township):
            codes = self._higher.get(rest)
            if codes:
                found = {c for c in codes if inside is None or self._within({c}, inside)}
                if found:
                    return found
        return set()

    def _within(self, codes: set[str], bounds: set[str] | None) -> bool:
        """Whether one of the codes lies in one of the bounds; no bounds hold everything, empty ones nothing."""
        if bounds is None:
            return True
        prefixes = tuple(b[: DIGITS[self.by_code[b].level]] for b in bounds)
        return any(code.startswith(prefixes) for code in codes) if prefixes else False

    def _alike(self, village: str, bounds: set[str] | None) -> tuple[Area, ...]:
        rest = min((rest for rest, _ in self._fronts(village)), key=len)
        near = {
            spelling: codes
            for spelling, codes in self._villages.items()
            if abs(len(spelling) - len(rest)) < 3 and (not bounds or any(self._within({c}, bounds) for c in codes))
        }
        close = get_close_matches(rest, near, n=2 * PROPOSALS, cutoff=0.6)
        return self._areas({c for s in close for c in near[s] if not bounds or self._within({c}, bounds)})

    def _areas(self, codes: set[str]) -> tuple[Area, ...]:
        return tuple(self.by_code[code] for code in sorted(codes))[:PROPOSALS]


@dataclass(frozen=True)
class _Named:
    codes: set[str]
    group: str
    bounds: set[str] | None  # where higher names in the text itself say it must lie, though no village fits


def _said(text: str) -> str:
    """A folded text, "" where it only says that there is nothing to say."""
    folded = fold_name(text)
    return "" if NO_PLACE.fullmatch(folded) else folded


def _unbracketed(text: str) -> str:
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text


def read_code(text: str) -> str:
    """The 12-digit code a folded cell holds, "" where it holds none that can be read (5.20121E+11)."""
    digits = re.sub(r"['’‘`\"\-]", "", text).removesuffix(".0")
    if not digits.isascii() or not digits.isdigit() or len(digits) not in (6, 9, 12):
        return ""
    return digits.ljust(12, "0")
