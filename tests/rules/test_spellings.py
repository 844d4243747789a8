"""Names, days, telephones and short words as offices type them."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.spellings import (
    YEARS,
    Name,
    NoName,
    is_yes,
    read_day,
    read_disability,
    read_grade,
    read_list,
    read_month,
    read_name,
    read_phones,
    read_sex,
    says_dead,
    says_gone,
)

NAMES = [
    ("王芳", "王芳"),
    ("王 芳", "王芳"),
    ("王\u3000芳 ", "王芳"),
    (" 王\u200b芳\ufeff", "王芳"),
    ("王\n芳", "王芳"),
    ("欧阳 桂兰", "欧阳桂兰"),
    ("欧阳\n桂兰", "欧阳桂兰"),
    ("王小\n芳", "王小芳"),
    ("李 女", "李女"),
    ("已芳", "已芳"),
    ("张之女", "张之女"),
    ("李参军", "李参军"),
    ("王某某", "王某某"),
    ("扎西·多吉", "扎西·多吉"),
    ("扎西•多吉", "扎西·多吉"),
    ("扎西．多吉", "扎西·多吉"),
    ("扎西 · 多吉", "扎西·多吉"),
    ("泽仁卓玛", "泽仁卓玛"),
    ("阿卜杜拉・买买提", "阿卜杜拉·买买提"),
    ("刘𬭎", "刘𬭎"),
    ("龑㛃", "龑㛃"),
    ("〇敏", "〇敏"),
    ("Maria  Santos", "Maria Santos"),
    ("Ｍａｒｉａ　Ｓａｎｔｏｓ", "Maria Santos"),
    ("王", "王"),
    ("'王芳", "王芳"),
]


@pytest.mark.parametrize(("typed", "name"), NAMES)
def test_a_name_is_read_however_it_is_spaced(typed, name):
    assert read_name(typed) == Name(name)


NO_NAMES = [
    (None, "name-missing", ""),
    ("", "name-missing", ""),
    (" \u3000", "name-missing", ""),
    ("无", "name-missing", ""),
    ("不详", "name-missing", ""),
    ("没有", "name-missing", ""),
    ("户主", "name-remark", ""),
    ("/", "name-missing", ""),
    ("#REF!", "name-missing", ""),
    (0, "name-missing", ""),
    ("王芳（已故）", "name-remark", "王芳"),
    ("王芳(迁出)", "name-remark", "王芳"),
    ("王芳（重复）", "name-remark", "王芳"),
    ("王芳？", "name-remark", "王芳"),
    ("王芳?", "name-remark", "王芳"),
    ("王芳*", "name-remark", "王芳"),
    ("王芳2", "name-remark", "王芳"),
    ("王芳【外出】", "name-remark", "王芳"),
    ("王芳 已故", "name-remark", "王芳"),
    ("王芳已去世", "name-remark", "王芳"),
    ("王芳、李强", "name-remark", "王芳"),
    ("王芳\n李强", "name-remark", "王芳"),
    ("王芳 女", "name-remark", "王芳"),
    ("王芳女儿", "name-remark", "王芳"),
    ("王芳 儿子", "name-remark", "王芳"),
    ("王芳之母", "name-remark", "王芳"),
    ("王芳的妈", "name-remark", "王芳"),
    ("王芳-低保", "name-remark", ""),
    ("王芳低保户", "name-remark", "王芳"),
    ("王芳 残疾", "name-remark", "王芳"),
    ("王芳已搬", "name-remark", "王芳"),
    ("王芳死", "name-remark", "王芳"),
    ("王芳先生", "name-remark", "王芳"),
    ("王芳查无此人", "name-remark", "王芳"),
    ("〃", "name-remark", ""),
    ("王芳A", "name-remark", ""),
    ("（已故）", "name-remark", ""),
    (17594, "name-remark", ""),
    ("王\ue123", "name-unreadable", ""),
    ("王\ufffd", "name-unreadable", ""),
    ("王□", "name-unreadable", ""),
]


@pytest.mark.parametrize(("typed", "flaw", "bare"), NO_NAMES)
def test_a_remark_in_a_name_is_never_cut_off_silently(typed, flaw, bare):
    assert read_name(typed) == NoName(flaw, bare)


@given(st.text(max_size=20))
def test_a_name_read_again_is_the_same_name(text):
    found = read_name(text)
    if isinstance(found, Name):
        assert read_name(found.text) == found


BORN = date(1948, 3, 2)
DAYS = [
    BORN,
    "1948年3月2日",
    "1948年03月02日",
    "1948 年 3 月 2 日",
    "1948.3.2",
    "1948．3．2",
    "1948/03/02",
    "1948-3-2",
    "1948-03-02 00:00:00",
    "1948-3-2 18:30",
    "1948/3/2 8:30:00",
    "1948-03-02T00:00:00",
    "1948、3、2",
    "1948。3。2",
    "1948，3，2",
    "1948—03—02",
    "1948.3.2.",
    "19480302",
    19480302,
    17594,
    17594.0,
    "17594",
    "１９４８年３月２日",
    "1948年3月2号",
]


@pytest.mark.parametrize("written", DAYS)
def test_a_day_is_read_however_it_is_written(written):
    assert read_day(written) == BORN


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "不详",
        "1948年",
        "1948年3月",
        "1948.3",
        "48.3.2",
        "1948年2月30日",
        "1948-13-01",
        "三月初二",
        0,
        99999,
        1948,
        "1948",
        "2025",
        "农历1948.3.2",
        "1948年二月初二",
    ],
)
def test_what_names_no_day_is_none(written):
    assert read_day(written) is None


@pytest.mark.parametrize(
    ("written", "month"),
    [("1948年3月", (1948, 3)), ("1948.03", (1948, 3)), ("194803", (1948, 3)), ("1948-13", None), ("17594", None)],
)
def test_a_month_without_its_day_is_read(written, month):
    assert read_month(written) == month


@given(st.dates(date(1900, 3, 1), date(2099, 12, 31)))
def test_every_spelling_of_a_day_gives_that_day(day):
    serial = (day - date(1899, 12, 30)).days
    for written in (
        f"{day:%Y/%m/%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        day.isoformat(),
    ):
        assert read_day(written) == day
    assert read_day(serial) == (None if serial in YEARS else day)  # of 1905 it may as well be a year


PHONES = [
    ("10212345678", ("10212345678",), False),
    (10212345678, ("10212345678",), False),
    (10212345678.0, ("10212345678",), False),
    ("10212345678.0", ("10212345678",), False),
    ("+8610212345678", ("10212345678",), False),
    ("+86 102-1234-5678", ("10212345678",), False),
    ("0086 10212345678", ("10212345678",), False),
    ("86-10212345678", ("10212345678",), False),
    ("１０２１２３４５６７８", ("10212345678",), False),
    ("102 1234 5678", ("10212345678",), False),
    ("10212345678/10287654321", ("10212345678", "10287654321"), False),
    ("10212345678、10287654321", ("10212345678", "10287654321"), False),
    ("10212345678，10212345678", ("10212345678",), False),
    ("1021234567810287654321", ("10212345678", "10287654321"), False),
    ("1021234567", (), True),
    ("10212345678/1028765", ("10212345678",), True),
    ("0851-87221234", ("085187221234",), False),
    ("87221234", ("87221234",), False),
    ("无", (), False),
    ("", (), False),
    (None, (), False),
    ("找村长", (), True),
]


@pytest.mark.parametrize(("typed", "numbers", "unusable"), PHONES)
def test_a_telephone_is_read_however_it_is_typed(typed, numbers, unusable):
    found = read_phones(typed, demo=True)
    assert (found.numbers, found.unusable) == (numbers, unusable)


def test_a_sample_telephone_counts_in_a_demo_only():
    assert read_phones("10212345678", demo=False).numbers == ()
    assert read_phones("10212345678", demo=False).unusable


@pytest.mark.parametrize(
    ("typed", "sex"),
    [
        ("男", "male"),
        ("男 ", "male"),
        (1, "male"),
        ("M", "male"),
        ("女性", "female"),
        ("2", "female"),
        ("ｆ", "female"),
        ("", ""),
        ("未知", ""),
    ],
)
def test_sex_in_other_words(typed, sex):
    assert read_sex(typed) == sex


@pytest.mark.parametrize(
    ("typed", "grade"),
    [("二级", 2), ("2级", 2), ("2", 2), (2, 2), (2.0, 2), ("二", 2), ("贰级", 2), ("Ⅱ级", 2), ("五级", 0), ("", 0)],
)
def test_a_disability_grade_in_other_words(typed, grade):
    assert read_grade(typed) == grade


@pytest.mark.parametrize(
    ("typed", "kind"),
    [("肢体", "肢体"), ("肢体残疾", "肢体"), ("听力残疾人", "听力"), ("视残", ""), ("视力、听力", "视力"), ("", "")],
)
def test_a_disability_kind(typed, kind):
    assert read_disability(typed) == (kind or ("视力" if typed.startswith("视残") else ""))


@pytest.mark.parametrize(
    "typed",
    [
        "高龄、独居",
        "高龄,独居",
        "高龄，独居",
        "高龄/独居",
        "高龄 独居",
        "高龄;独居",
        "高龄\n独居",
        "高龄、独居、高龄",
        "高龄、独居、无",
    ],
)
def test_words_set_apart_in_any_way(typed):
    assert read_list(typed) == ("高龄", "独居")


@pytest.mark.parametrize("remark", ["已故", "2025年3月去世", "本人已死亡", "死亡", "病故", "于上月过世"])
def test_a_remark_that_says_this_person_died(remark):
    assert says_dead(remark)


@pytest.mark.parametrize(
    "remark", ["", "老伴已故", "父亲去世", "丈夫已去世，独居", "儿子2019年病故", "未死亡", "外出务工"]
)
def test_a_remark_about_somebody_elses_death_or_none(remark):
    assert not says_dead(remark)


@pytest.mark.parametrize(
    ("remark", "gone"),
    [("已迁出", True), ("户口已迁走", True), ("户口注销", True), ("外出务工", False), ("迁入", False)],
)
def test_a_remark_that_says_somebody_moved_away(remark, gone):
    assert says_gone(remark) is gone


@pytest.mark.parametrize(
    ("typed", "yes"), [("是", True), ("√", True), (True, True), ("1", True), ("否", False), ("", False), (None, False)]
)
def test_yes_in_other_words(typed, yes):
    assert is_yes(typed) is yes


def test_a_moment_of_a_date_cell_is_its_day():
    assert read_day(datetime(1948, 3, 2).date()) == BORN  # noqa: DTZ001  # cells know no zone
