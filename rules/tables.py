"""Reading the tables that offices keep: find the heading, name the columns, leave out what is no record.

Above the heading stand titles, the heading may have two or three levels, below it stand subtotals, repeated
headings, empty numbered lines, section titles and remarks. Each record comes out with the row number that the
spreadsheet shows. Pure: cells in, records out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

Cell = str | int | float | bool | date | None
#: A merged range: first row, first column, last row, last column; rows count from 1, columns from 0.
Merged = tuple[int, int, int, int]


@dataclass(frozen=True)
class Sheet:
    """One sheet of a file. `rows` gives (row number, cells) of every row that is not blank, in order."""

    name: str
    rows: Iterable[tuple[int, Sequence[Cell]]]
    merged: Sequence[Merged] = ()
    hidden: bool = False


@dataclass(frozen=True)
class Group:
    """What columns under a group heading mean instead: under 联系人 a 姓名 is the contact's, not the person's."""

    pattern: re.Pattern[str]
    fields: Mapping[str, str]
    keeps_rest: bool = False


@dataclass(frozen=True)
class Columns:
    """What headings mean for one kind of list.

    `exact` and `patterns` give a heading's field, `groups` another one under certain group headings. A heading is
    found where every set of `needs` has one of its fields. `instead` renames fields where none of certain others
    has a column.
    `down` are the fields that a cell merged over several rows gives to all of them; `person` those without which
    a row says nothing of anybody.
    """

    exact: Mapping[str, str]
    patterns: Sequence[tuple[re.Pattern[str], str]]
    needs: Sequence[frozenset[str]]
    groups: Sequence[Group] = ()
    instead: Sequence[tuple[frozenset[str], Mapping[str, str]]] = ()
    down: frozenset[str] = frozenset()
    person: frozenset[str] = frozenset()

    @property
    def first(self) -> frozenset[str]:
        """The fields that make a heading."""
        return frozenset().union(*self.needs)

    def field_of(self, heading: str, above: str = "") -> str:
        """The field of a heading, "" for one that is not kept. `above` is the group heading over it."""
        name = fold_heading(heading)
        own = self._alone(name) if name else ""
        group = self.group_of(above)
        if group is None or own in group.fields.values():
            return own
        return group.fields.get(own, own if group.keeps_rest else "")

    def group_of(self, above: str) -> Group | None:
        folded = fold_heading(above)
        return next((group for group in self.groups if group.pattern.search(folded)), None) if folded else None

    def is_exact(self, heading: str) -> bool:
        """Whether a heading is a known spelling, rather than one that only contains a known word."""
        return any(each in self.exact for each in _spellings(fold_heading(heading)))

    def _alone(self, name: str) -> str:
        name, bare = _spellings(name)
        for each in (name, bare):
            if each in self.exact:
                return self.exact[each]
        return next((kept for pattern, kept in self.patterns if pattern.search(bare)), "")


@dataclass(frozen=True)
class Record:
    """One source row: its place as the spreadsheet counts it, and the cells by field.

    `twofold` are fields of which the row says two different things in two columns.
    """

    sheet: str
    row: int
    cells: Mapping[str, Cell]
    headed: bool = True  # False: it stands where no heading was found
    columns: frozenset[str] = frozenset()  # the fields that its heading has, also where this row says nothing
    twofold: frozenset[str] = frozenset()


class Why(StrEnum):
    """Why a row that is not blank is no record."""

    TITLE = "title"
    HEADING = "heading"
    SUBTOTAL = "subtotal"
    REMARK = "remark"
    EMPTY = "empty"
    HIDDEN = "hidden"
    NO_HEADING = "no-heading"


@dataclass(frozen=True)
class Skipped:
    """A row that is no record."""

    sheet: str
    row: int
    why: Why


class NoHeading(Exception):
    """No sheet has a heading with the columns that are needed."""


BRACKETS = re.compile(r"\(.*?\)|\[.*?\]|【.*?】|<.*?>")
INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
SUBTOTAL = re.compile(r"^\D{0,14}?(小计|合计|总计|共计|累计|总人数)([:：(（].*|\d.*|人数?.*|户数?.*)?$")
REMARK = re.compile(
    r"^(注|备注|说明|填表说明|填报说明|填报?表?人|制表人?|制表单位|填报单位|填报日期|填报时间|审核人?|负责人|单位负责人|分管领导|"
    r"村主任|村支书|经办人|报送人|统计人|日期|时间|盖章|以上|以下|此表|本表)\s*([:：(（].*|.{8,})$"
)
#: Alone in its row: whose people follow.
PLACE = re.compile(
    r"([(]?[一二三四五六七八九十\d]{1,3}[)、.])?([^\d\W]{2,}([县镇村寨]|街道|社区|(村委|居委|委员)会)|[^\d\W]{3,}乡|\w+组)(\(.*\))?"
    r"|[(]?[一二三四五六七八九十]{1,3}[)、.].+"
)
#: What stands under a heading to explain or to count its columns.
EXPLAINS = re.compile(
    r"必填项?|选填项?|必录|选录|文本(格式|型)?|字符(型|串)?|数字|数值|日期(格式)?|下拉选择|格式[::].*|长度\d+"
)
COUNTS = ("abcdefghijklmnopqrstuvwxyz", "甲乙丙丁戊己庚辛壬癸", "一二三四五六七八九十")
#: What stands in a row of few cells below or between people: who signs, when, pages, shares of the sum, lines drawn.
NOTE = re.compile(
    r"[*※]\D{4,}.*|[^\w]{3,}|\(?.{0,4}(以下|此页)(空白|无正文).*|(转下|接上|第\d+)页.*|续表.*|附[件表]\d*|"
    r"\d{4}年(\d{1,2}月)?(\d{1,2}日)?|\d{4}\D\d{1,2}\D\d{1,2}|"
    r"共\d+[人户条名].*|其中.*|[男女]性?|平均.*|\d+周?岁.*|(单位|主送|抄送|数据来源|填表单位)\W.*|.*(签字|签名|盖章)\W*|"
    r"(填表|填报|制表|经办|审核|报送|统计|负责)人"
)
FEW_CELLS = 4
SECTION_SHARE = 0.5  # a merged cell this wide, alone in its row, is a title
HEADING_LEVELS = 3
#: Digits that look like an ID number: rows that hold them are people whatever else they say.
LIKE_A_PERSON = re.compile(r"^\D{0,2}\d[\d\s-]{13,22}[\dXx]?\D{0,2}$")


def fold_heading(text: str) -> str:
    """Give a heading without width, spaces, line breaks, marks and numbers at its front: ＊1. 姓 名： → 姓名."""
    folded = unicodedata.normalize("NFKC", text)
    folded = "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc"))
    folded = re.sub(r"^[*★☆●#]+|[*★☆●:;,。]+$", "", folded)
    return re.sub(r"^\(?\d{1,2}[.、)]", "", folded)


def _spellings(folded: str) -> tuple[str, str]:
    """A folded heading as it is looked up: with and without what stands in brackets, Latin letters small."""
    name = folded.lower()
    return name, BRACKETS.sub("", name) or name


def _bare(cell: Cell) -> str:
    return "".join(unicodedata.normalize("NFKC", text_of(cell)).split()).upper()


def _says_more(cell: Cell, other: Cell) -> bool:
    """Whether only the first of two cells can be an ID number: beside one, the number of another paper is nothing."""
    return bool(LIKE_A_PERSON.match(text_of(cell))) and not LIKE_A_PERSON.match(text_of(other))


def is_blank(cell: Cell) -> bool:
    return cell is None or (type(cell) is str and not text_of(cell))


def text_of(cell: Cell) -> str:
    """A cell as text, without spaces and invisible characters around it."""
    if type(cell) is str:  # nearly all of them
        return cell.strip() if cell.isascii() else INVISIBLE.sub("", cell).strip()
    match cell:
        case None:
            return ""
        case bool():
            return "是" if cell else "否"
        case int() | float() if abs(cell) >= 1e15:  # a spreadsheet keeps and shows 15 digits
            return f"{Decimal(f'{cell:.15g}'):f}"
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case date():
            return cell.isoformat()
    return str(cell)


@dataclass
class _Heading:
    """Where the columns are, by block (some offices set two lists side by side), and the rows that say so."""

    blocks: list[dict[int, str]]
    texts: dict[int, str]
    words: dict[int, frozenset[str]]  # of all its levels
    rows: tuple[int, ...]
    width: int

    @property
    def fields(self) -> dict[int, str]:
        return self.blocks[0]


def records(sheets: Iterable[Sheet], columns: Columns) -> Iterator[Record | Skipped]:
    """Every record of a file, and every row that is none. Raises NoHeading before giving anything.

    Hidden sheets are not read: nobody sees what is in them. Rows that look like people on a sheet without a
    heading come last, as records that no heading explains.
    """
    lost: list[Record | Skipped] = []
    any_heading = False
    for sheet in sheets:
        if sheet.hidden:
            lost += [Skipped(sheet.name, row, Why.HIDDEN) for row, _ in sheet.rows]
            continue
        for each in _Reading(sheet, columns).run():
            if isinstance(each, _Lost):
                lost.append(each.what)
            else:
                any_heading = True
                yield from lost
                lost.clear()
                yield each
    if not any_heading:
        raise NoHeading
    yield from lost


@dataclass(frozen=True)
class _Lost:
    what: Record | Skipped


@dataclass
class _Reading:
    """Reads one sheet, row by row, looking no further ahead than a heading is high."""

    sheet: Sheet
    columns: Columns
    heading: _Heading | None = None
    waiting: list[tuple[int, Sequence[Cell]]] = field(default_factory=list)
    above: list[tuple[int, Sequence[Cell]]] = field(default_factory=list)
    spans: dict[int, list[Merged]] = field(default_factory=dict)
    falling: dict[int, tuple[Merged, Cell]] = field(default_factory=dict)

    def run(self) -> Iterator[Record | Skipped | _Lost]:
        for span in self.sheet.merged:
            self.spans.setdefault(span[0], []).append(span)
        for numbered in self.sheet.rows:
            self.waiting.append(numbered)
            if len(self.waiting) > HEADING_LEVELS:
                yield from self._next()
        while self.waiting:
            yield from self._next()

    def _next(self) -> Iterator[Record | Skipped | _Lost]:
        row, cells = self.waiting.pop(0)
        found = self._heading_at(row, cells)
        if found:
            self.heading, self.above = found, []
            yield Skipped(self.sheet.name, row, Why.HEADING)
            for _ in found.rows[1:]:
                under, _cells = self.waiting.pop(0)
                yield Skipped(self.sheet.name, under, Why.HEADING)
            return
        if self.heading is None:
            self.above = [*self.above, (row, cells)][1 - HEADING_LEVELS :]
            people = any(LIKE_A_PERSON.match(text_of(c)) for c in cells)
            record = Record(self.sheet.name, row, {str(i): c for i, c in enumerate(cells)}, headed=False)
            yield _Lost(record if people else Skipped(self.sheet.name, row, Why.NO_HEADING))
            return
        cells = self._filled(row, cells, self.heading)
        for number, block in enumerate(self.heading.blocks):
            each = self._record(row, cells, block)
            if number == 0:
                self.above = [*self.above, (row, cells)][1 - HEADING_LEVELS :] if isinstance(each, Skipped) else []
                yield each
            elif isinstance(each, Record):
                yield replace(each, sheet=f"{each.sheet}（右）")

    def _record(self, row: int, cells: Sequence[Cell], block: Mapping[int, str]) -> Record | Skipped:
        found: dict[str, Cell] = {}
        twofold = set()
        for column, kept in block.items():
            if column >= len(cells) or is_blank(cells[column]):
                continue
            if kept not in found or (kept in self.columns.first and _says_more(cells[column], found[kept])):
                found[kept] = cells[column]
            elif kept in self.columns.first and not _says_more(found[kept], cells[column]):
                twofold |= {kept} if _bare(cells[column]) != _bare(found[kept]) else set()
        person = Record(self.sheet.name, row, found, columns=frozenset(block.values()), twofold=frozenset(twofold))
        if any(kept in found and LIKE_A_PERSON.match(text_of(found[kept])) for kept in self.columns.first):
            return person
        why = self._no_record(row, cells, found, block)
        return Skipped(self.sheet.name, row, why) if why else person

    def _no_record(
        self, row: int, cells: Sequence[Cell], found: Mapping[str, Cell], block: Mapping[int, str]
    ) -> Why | None:
        """Why a row without anything like an ID number is no record, or None where it may be one."""
        assert self.heading is not None
        texts = [(i, unicodedata.normalize("NFKC", text_of(c))) for i, c in enumerate(cells) if not is_blank(c)]
        if not texts:
            return Why.EMPTY
        same = sum(1 for i, text in texts if fold_heading(text) in self.heading.words.get(i, ()))
        if same >= min(2, len(texts)) and same * 2 >= len(texts):
            return Why.HEADING
        words = [re.sub(r"\s", "", text) for _, text in texts[:3] if not text.isdigit()]
        column = next((i for i, text in texts if not text.isdigit()), 0)
        beside = block.get(column, "") not in ("", *self.columns.first)  # it begins with a birthday, a sex, a village
        if any(SUBTOTAL.match(text) for text in words[:2]):
            return Why.SUBTOTAL
        few = len(texts) <= FEW_CELLS and not beside
        if words and (REMARK.match(words[0]) or (few and _is_note(words[0], alone=len(texts) < 3))):
            return Why.REMARK
        if len(texts) == 1:
            column, text = texts[0]
            wide = any(
                span[1] <= column <= span[3] and span[3] - span[1] + 1 >= self.heading.width * SECTION_SHARE
                for span in self.spans.get(row, ())
            )
            if (
                wide
                or (column not in block and not text.replace(".", "").isdigit())
                or PLACE.fullmatch(re.sub(r"\s", "", text))
            ):
                return Why.TITLE
        if len(texts) > 2 and _explains([text for _, text in texts]):
            return Why.HEADING
        if not any(kept in found for kept in self.columns.person):
            return Why.EMPTY  # numbered or placed beforehand, nobody written in
        return None

    def _filled(self, row: int, cells: Sequence[Cell], heading: _Heading) -> Sequence[Cell]:
        """The cells, with those of merged places filled down, and of a person whose cells are merged over rows."""
        if not self.spans:
            return cells
        for column in [c for c, (span, _) in self.falling.items() if span[2] < row]:
            del self.falling[column]
        for span in self.spans.get(row, ()):
            if span[2] > row and span[1] < len(cells):
                self.falling[span[1]] = (span, cells[span[1]])
        if not self.falling:
            return cells
        first = {
            heading.fields[c]: s for c, (s, _) in self.falling.items() if heading.fields.get(c) in self.columns.first
        }
        one_person = len(first) == len(self.columns.needs) and len({(s[0], s[2]) for s in first.values()}) == 1
        filled = list(cells)
        for column, (_, value) in self.falling.items():
            kept = heading.fields.get(column, "")
            if kept in self.columns.down or (kept in self.columns.first and one_person):
                filled += [None] * (column + 1 - len(filled))
                if is_blank(filled[column]):
                    filled[column] = value
        return filled

    # ---- headings

    def _heading_at(self, row: int, cells: Sequence[Cell]) -> _Heading | None:
        """The heading that begins in this row, over one to three rows, or None."""
        if not _could_be_heading(cells):
            return None
        following = list(self.waiting[: HEADING_LEVELS - 1])
        one = self._heading([(row, cells)])
        if one is None:
            levels = [(row, cells)]
            for number, under in following:
                if not _could_be_heading(under) or self._heading([(number, under)]):
                    return None  # that row is the heading; this one is a title, or the groups above it
                levels.append((number, under))
                if found := self._heading(levels):
                    return found
            return None
        levels = [(row, cells)]
        needed = [column for column, kept in one.fields.items() if kept in self.columns.first]
        for number, under in following:
            texts = {i: text_of(c) for i, c in enumerate(under) if not is_blank(c)}
            divides = _could_be_heading(under) and not any(column in texts for column in needed)
            divides = divides and len(texts) > 1 and not any(":" in fold_heading(text[:-1]) for text in texts.values())
            if not divides or not any(self.columns.field_of(text) for text in texts.values()):
                break
            if not self._divides(one, [*levels, (number, under)]):
                break
            levels.append((number, under))
        return self._heading(levels, self.above) or self._heading(levels)

    def _divides(self, one: _Heading, levels: Sequence[tuple[int, Sequence[Cell]]]) -> bool:
        """Whether the last of these rows divides the heading's groups, rather than being its first people.

        Under 联系人 or 户籍 other columns may take the group's place; under 村 stands no other heading.
        """
        found = self._heading(levels)
        if found is None:
            return False
        gone = set(one.fields.values()) - set(found.fields.values())
        return all(self.columns.group_of(one.texts[column]) for column, kept in one.fields.items() if kept in gone)

    def _heading(
        self, levels: Sequence[tuple[int, Sequence[Cell]]], above: Sequence[tuple[int, Sequence[Cell]]] = ()
    ) -> _Heading | None:
        spread = [self._spread(row, cells) for row, cells in (*above, *levels)]
        width = len(spread[-1][0])
        spread = [each for each in spread[:-1] if self._groups(each[0], width)] + spread[-1:]
        grid = [texts for texts, _ in spread]
        self._reach_right(grid, [closed for _, closed in spread])
        fields: dict[int, str] = {}
        said: dict[int, tuple[str, ...]] = {}
        for column in sorted({column for texts in grid for column in texts}):
            stack = [texts[column] for texts in grid if column in texts]
            said[column] = tuple(text for i, text in enumerate(stack) if text not in stack[:i])
            fields[column] = self._field_of(said[column])
        kept = {column: name for column, name in fields.items() if name}
        present = frozenset(kept.values())
        for missing, names in self.columns.instead:
            if not missing & present:
                kept = {column: names.get(name, name) for column, name in kept.items()}
        if not all(need & set(kept.values()) for need in self.columns.needs):
            return None
        kept = self._surest(kept, said)
        texts = {column: fold_heading(words[-1]) for column, words in said.items()}
        folded = {column: frozenset(filter(None, map(fold_heading, words))) for column, words in said.items()}
        rows = tuple(row for row, _ in levels)
        return _Heading(_blocks(kept, said, self.columns), texts, folded, rows, max(said) + 1)

    def _field_of(self, said: Sequence[str]) -> str:
        """The field of a column whose headings, from the top, are these."""
        above = "".join(said[:-1])
        found = self.columns.field_of(said[-1], above)
        if found or not above or self.columns.field_of(said[-1]):
            return found
        return self.columns.field_of("".join(said[-2:]))

    def _surest(self, kept: dict[int, str], said: Mapping[int, tuple[str, ...]]) -> dict[int, str]:
        """Without the columns whose heading only contains a field's word, where another is called just that.

        Beside 姓名 a column 照护人姓名 is somebody else's, also in the row where 姓名 is empty.
        """
        sure = {column for column in kept if self.columns.is_exact(said[column][-1])}
        called = {kept[column] for column in sure}
        return {column: name for column, name in kept.items() if column in sure or name not in called}

    def _spread(self, row: int, cells: Sequence[Cell]) -> tuple[dict[int, str], set[int]]:
        """The texts of a heading's row by column, merged ones over all their columns, and where merged ones end."""
        texts = {i: text_of(c) for i, c in enumerate(cells) if not is_blank(c)}
        closed = set()
        for _, first, _, last in self.spans.get(row, ()):
            if first in texts and last > first:
                closed.add(last)
                for column in range(first + 1, last + 1):
                    texts.setdefault(column, texts[first])
        return texts, closed

    def _groups(self, texts: Mapping[int, str], width: int) -> bool:
        """Whether a row above a heading divides it, rather than being a title or a line of remarks.

        One text alone does where it is a known group's and short; a title stands over most of the width.
        """
        if any(":" in t or "：" in t or len(t) > 16 for t in texts.values()):
            return False
        if len(set(texts.values())) > 1:
            return True
        alone = next(iter(texts.values()), "")
        return len(texts) * 2 <= width and len(alone) <= 8 and self.columns.group_of(alone) is not None

    def _reach_right(self, grid: Sequence[dict[int, str]], closed: Sequence[set[int]]) -> None:
        """Let a group heading reach over the columns right of it that it leaves blank and lower headings divide.

        CSV knows no merged cells, and some offices only type over the first column. A group ends where a higher one
        begins, where its merged cell ends, and, alone in its row, where a heading is none of its own.
        """
        own = [dict(texts) for texts in grid]
        for level, texts in enumerate(grid[:-1]):
            under = set().union(*grid[level + 1 :])
            group = self.columns.group_of(next(iter(texts.values()), "")) if len(set(texts.values())) == 1 else None
            reaching = ""
            for column in range(max(under | set(texts), default=-1) + 1):
                field = self.columns.field_of(grid[-1].get(column, ""))
                if column in own[level]:
                    reaching = own[level][column] if column in under else ""
                    if group and group.fields and field not in group.fields and _starts(own[level], column):
                        texts.pop(column)  # a title that has a group's word in it
                        reaching = ""
                elif column in under and reaching and not any(_starts(above, column) for above in own[:level]):
                    reaching = reaching if group is None or field in ("", *group.fields) else ""
                    if reaching:
                        texts[column] = reaching
                else:
                    reaching = ""
                if column in closed[level]:
                    reaching = ""


def _starts(texts: Mapping[int, str], column: int) -> bool:
    """Whether a text begins in a column of a heading's row."""
    return column in texts and texts[column] != texts.get(column - 1)


def _is_note(text: str, *, alone: bool) -> bool:
    """Whether a row begins as notes do. `alone`: with at most one cell beside it, where any word and a colon do."""
    return bool(NOTE.fullmatch(text)) or (alone and 0 < text.find(":") < 12)


def _explains(texts: Sequence[str]) -> bool:
    """Whether a row counts the columns under their heading (1 2 3, (1) (2), 甲 乙 丙, A B C) or says how to fill them."""
    bare = [text.strip("()[]【】.、 ").lower() for text in texts]
    counted = ([str(i) for i in range(1, len(bare) + 1)], *(list(line[: len(bare)]) for line in COUNTS))
    return bare in counted or all(EXPLAINS.match(text) for text in texts)


def _blocks(fields: dict[int, str], said: Mapping[int, tuple[str, ...]], columns: Columns) -> list[dict[int, str]]:
    """One block, or two where the very same headings come again further right."""
    start = min(said)
    for second in (c for c in said if c > start and said[c] == said[start]):
        left = {c: name for c, name in fields.items() if c < second}
        right = {c: name for c, name in fields.items() if c >= second}
        if all(need & set(left.values()) and need & set(right.values()) for need in columns.needs):
            return [left, right]
    return [fields]


def _could_be_heading(cells: Sequence[Cell]) -> bool:
    """Headings are words: no dates, no long numbers, at least one cell."""
    said = [c for c in cells if not is_blank(c)]
    return bool(said) and not any(isinstance(c, date | bool) or re.search(r"\d{5}", text_of(c)) for c in said)
