"""What the review workbook says of a row: the reason in plain words, and what to do about it.

The workbook is a paper of Chinese township offices, so its words are Chinese whatever language a screen shows.
`{fact}` is what the rule found (rules/roster.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.roster import REVIEWED, Reason

#: code → (what is so, what to do). An empty second part: nothing to do.
WORDS: dict[str, tuple[str, str]] = {
    "name-missing": ("没有姓名。", "请写上姓名。"),
    "name-remark": ("姓名里夹着别的字。", "姓名一格只写姓名{name}。人已去世的，这一行不用再导入，请按去世另报。"),
    "name-unreadable": ("姓名里有字显示不出来。", "请对照身份证把姓名重新写一遍。"),
    "name-two": ("这一行有两个不同的姓名。", "请只留下本人的姓名。"),
    "id-two": ("这一行有两个不同的身份证号。", "请只留下本人的身份证号。"),
    "id-missing": ("没有身份证号。", "请写上身份证号。还没有号码的人，请在居民页面单独登记。"),
    "id-characters": ("身份证号里有不该有的字符。", "请对照身份证重新写一遍，只写号码。"),
    "id-length": ("身份证号现在是 {fact} 位，应当是 18 位。", "请对照身份证数一遍，补齐或去掉多的。"),
    "id-date": ("身份证号里的出生日期不对。", "请对照身份证核对第 7 到 14 位。"),
    "id-check": ("身份证号有一位写错了，或者两位写反了。", "请对照身份证逐位核对。"),
    "id-century": ("15 位旧号码，看不出是哪个世纪出生的。", "请改写成 18 位的号码。"),
    "id-number-cell": (
        "身份证号那一格存成了数字，后几位已经丢了，现在看到的是 {fact}。",
        "请先把这一格设成“文本”，再对照身份证写全 18 位。",
    ),
    "id-sample": ("这是演示用的号码，不是真人的。", "请写上本人的身份证号。"),
    "id-duplicate": ("和{fact}是同一个身份证号，只用了前一行。", ""),
    "id-made-18": ("15 位旧号码，已按规则改成 18 位。", ""),
    "village-missing": ("没写是哪个村。", "请写上村名和乡镇，或者村代码。"),
    "village-unknown": ("没有找到这个村。", "{guess}请写上村代码，或者“乡镇＋村名”。"),
    "village-ambiguous": ("同名的村不止一个：{fact}。", "请写明是哪个乡镇的，或者写上村代码。"),
    "village-code-unknown": ("没有这个村代码。", "{guess}请核对村代码，可以查“村名和代码”那一页。"),
    "village-code-differs": ("村代码和村名、乡镇对不上：{fact}。", "请核对后改成同一个村。"),
    "village-successor": ("这个村已经合并，记到了{fact}。", ""),
    "village-name-unknown": ("村名不认得，按村代码记到了{fact}。", ""),
    "remark-death": (
        "备注里写着：{fact}。",
        "人已去世的，这一行不用再导入，请按去世另报。人还在的，请删掉备注再导入。",
    ),
    "remark-gone": ("备注里写着：{fact}。", "户口已迁走的，这一行不用再导入。人还在的，请删掉备注再导入。"),
    "ask-county": ("这一行不归您这里办。", "请交给县里导入。"),
    "death-recorded": ("这个人有去世的记录。", "请先核对去世记录，听错了可以改回来，再导入这一行。"),
    "record-closed": ("这个人的记录已经归档。", "请先在居民页面恢复记录，再导入这一行。"),
    "two-records": ("这个身份证号现在有两份记录。", "请先在居民页面合并这两份记录。"),
    "name-differs": (
        "这个身份证号原来记的是{fact}，姓名完全不同。",
        "多半是排序时错了行。确实改了名的，在“确认”一格写“是”。",
    ),
    "no-heading": ("这一页没有表头，不知道每一列是什么。", "请把这些行抄到有表头的表里。"),
    "entitlement-twice": ("这个人的同一项待遇前面已经有一行，只用了前一行。", ""),
    "benefit-missing": ("没写是哪种待遇。", "请写上待遇名称。"),
    "resident-unknown": ("您管的名单里没有这个人。", "请先在花名册里补上这个人，再导入这份名单。"),
    "last-in-future": ("上次认证日期 {fact} 还没到，没有记。", "请核对日期。"),
    "last-unreadable": ("上次认证日期写的是“{fact}”，看不出是哪天。", "请核对日期。"),
    "birth-differs": ("表上写的出生日期是 {fact}，和身份证号不一样，按身份证号记。", ""),
    "birth-unreadable": ("出生日期写的是“{fact}”，看不出是哪天，按身份证号记。", ""),
    "sex-differs": ("表上写的性别是{fact}，和身份证号不一样，按身份证号记。", ""),
    "phone-unusable": ("电话“{fact}”不是完整的号码，没有记。", "请核对电话。"),
    "phone-several": ("还有别的电话：{fact}，只记了第一个。", ""),
    "grade-unreadable": ("残疾等级写的是“{fact}”，看不出是几级，没有记。", "请核对残疾等级。"),
    "name-changed": ("原来记的姓名是{fact}，已按表上的改。", "请核对姓名。"),
    "area-changed": ("换了村，原来的村代码是 {fact}。", "请核对是不是搬了家或迁了户口。"),
    "phone-changed": ("原来记的电话是 {fact}，已按表上的改。", ""),
    "newer-kept": ("{field}在这份表之后改过，留着新的，没有按表改。", "请核对哪个对。"),
}
FIELD_WORDS = {
    "name": "姓名", "area": "村", "household": "户号", "relation": "与户主关系", "group": "村民小组", "address": "住址",
    "phone": "电话", "grid_worker": "网格员", "helper_name": "联系人", "helper_relation": "联系人关系",
    "helper_phone": "联系人电话", "kinds": "人群类别", "disability_kind": "残疾类别", "disability_grade": "残疾等级",
}  # fmt: skip
#: Worth a person's look although the row was taken.
WORTH_A_LOOK = frozenset(
    "village-name-unknown village-successor birth-differs birth-unreadable sex-differs phone-unusable phone-several "
    "grade-unreadable name-changed area-changed newer-kept id-made-18".split()
)


def reasons_in_words(reasons: Sequence[Reason]) -> str:
    """Why, in plain sentences, what stops the row first."""
    return "".join(_filled(WORDS[reason.code][0], reason) for reason in _ordered(reasons))


def proposals_in_words(reasons: Sequence[Reason]) -> str:
    """What to do about it."""
    said = [_filled(WORDS[reason.code][1], reason) for reason in _ordered(reasons)]
    return "".join(dict.fromkeys(text for text in said if text))


def _ordered(reasons: Sequence[Reason]) -> list[Reason]:
    return sorted(reasons, key=lambda reason: reason.code not in REVIEWED)


def _filled(text: str, reason: Reason) -> str:
    return text.format(
        fact=reason.fact,
        name=f"，例如：{reason.fact}" if reason.fact else "",
        guess=f"是不是{reason.fact}？" if reason.fact else "",
        field=FIELD_WORDS.get(reason.fact, reason.fact),
    )
