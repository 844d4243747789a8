"""What the headings of residents' rosters mean, in the many spellings of township offices.

Spellings are written folded (rules/tables.py): half-width, without spaces, line breaks, stars and numbers in front.
"""

from __future__ import annotations

import re

from rules.tables import Columns, Group

NAME, ID = frozenset({"name"}), frozenset({"id_number"})

_SPELLINGS = {
    "name": "姓名 名字 居民姓名 村民姓名 人员姓名 本人姓名 成员姓名 家庭成员姓名 家庭成员 老人姓名 老年人姓名 对象姓名 服务对象 "
    "服务对象姓名 参保人 参保人姓名 参保人员姓名 领取人 领取人姓名 领待人姓名 待遇领取人 待遇领取人姓名 残疾人姓名 儿童姓名 "
    "群众姓名 人口姓名 公民姓名 name",
    "id_number": "身份证 身份证号 身份证号码 身份证编号 身份证件号码 居民身份证号 居民身份证号码 居民身份证 公民身份号码 公民身份证号 "
    "公民身份证号码 公民身份证 证件号 证件号码 身份号码 本人身份证号 本人身份证号码 社会保障号码 社会保障号 idnumber idcard",
    "sex": "性别 sex",
    "birth": "出生日期 出生年月日 出生年月 生日 出生时间 出生 birthday",
    "area_code": "户籍村代码 村代码 村编码 村级代码 区划代码 行政区划代码 行政区划 区划编码 行政区代码 村(社区)代码 村社区代码 "
    "村居代码 所属村代码 户籍地代码 户籍村编码 统计区划代码 地区代码 areacode",
    "village": "户籍村 村 村名 村名称 行政村 所属村 所在村 户籍所在村 户籍村(社区) 村(社区) 村(居) 村社区 村/社区 村居 村居委会 村(居)委会 "
    "村委会 社区 社区(村) 居委会 所属村(社区) 所在村(社区) 所属社区 村组 村别 村民委员会 户籍所在村(社区) 户籍所属村 行政村(社区)",
    "township": "乡镇 乡镇名 乡镇名称 乡(镇) 镇乡 镇(乡) 镇 街道 乡镇(街道) 乡镇街道 镇(街道) 镇街 镇街道 所属乡镇 所在乡镇 户籍乡镇 "
    "乡镇(街道办) 乡(镇、街道) 乡、镇 街道(乡镇) 户籍所在乡镇",
    "group": "村民小组 组 组别 小组 村民组 组名 所属组 所在组 村小组 居民小组 村(居)民小组 居民组 村民小组名称 社 社别 网格 组(社) 自然村 自然寨 寨",
    "household": "户号 户编号 户口号 户籍号 家庭编号 家庭户号 户主编号 户口簿号 户口本号 户籍编号 家庭号 户编码",
    "relation": "与户主关系 家庭关系 户主关系 关系 与户主的关系 成员关系 与户主之关系 同户主关系 户内关系",
    "address": "现居住地址 家庭住址 现住址 常住地址 居住地 居住地址 家庭地址 住址 地址 现居住地 详细地址 现居地 联系地址 常住地 住所 实际居住地",
    "registered_address": "户籍地址 户籍地 户口所在地 户籍所在地 户口地址 户籍住址 身份证地址 户籍",
    "phone": "联系电话 电话 手机 手机号 手机号码 联系方式 本人电话 电话号码 本人联系电话 本人手机号 移动电话 联系手机 本人联系方式 电话(手机) 手机(电话)",
    "kinds": "人群类别 人员类别 重点人群 人群标签 备注(人群) 人群 人员类型 人群类型 特殊人群 特殊群体 重点人群类别 人口类别 对象类别 类别",
    "disability_kind": "残疾类别 残疾类型 残疾种类 残疾情况",
    "disability_grade": "残疾等级 残疾级别 残疾等次",
    "contact_name": "联系人 联系人姓名 紧急联系人 紧急联系人姓名 家属姓名 家属 亲属姓名 监护人 监护人姓名 亲属 子女姓名",
    "contact_phone": "联系人电话 家属电话 紧急联系电话 联系人手机 紧急联系人电话 监护人电话 亲属电话 联系人联系方式 家属联系电话 联系人联系电话 "
    "联系人手机号 子女电话 监护人联系电话",
    "contact_relation": "与本人关系 联系人关系 与联系人关系 与老人关系",
    "grid_worker": "网格员 网格员姓名 包保网格员 责任网格员 网格长 包片网格员",
    "head_name": "户主 户主姓名 家庭户主 户主名称",
    "head_id": "户主身份证号 户主身份证号码 户主身份证 户主证件号码",
    "remark": "备注 说明 情况说明 备注说明 其他 其它 备注信息",
    "confirm": "确认 核对结果 是否确认",
}

_PATTERNS = (
    (r"身份证.*(类型|有效|地址|复印|照片|姓名)|证件(类型|类别|种类|名称|有效)|是否|有无", ""),
    (r"^原", ""),
    (
        r"(联系人|紧急|家属|亲属|监护人|子女|儿女).*(电话|手机|方式|号码)$|(电话|手机|方式).*(联系人|家属|亲属|监护人|子女)",
        "contact_phone",
    ),
    (
        r"(网格|包保|包村|帮扶|责任人|代办|干部|户主|联系人|家属|亲属|监护人|配偶|父|母|代领|委托|经办|填报|银行|开户).*(电话|手机|方式)",
        "",
    ),
    (r"户主.*(身份证|证件|身份号)", "head_id"),
    (r"(联系人|家属|亲属|监护人|配偶|父|母|子女|代领|委托|经办|网格|帮扶|责任人).*(身份证|证件|身份号)", ""),
    (r"身份证|公民身份|身份号|证件号|证件编号", "id_number"),
    (r"^户主.*(姓名|名)$", "head_name"),
    (r"网格员|网格长", "grid_worker"),
    (r"(联系人|家属|亲属|监护人|子女).*(姓名|名字)$", "contact_name"),
    (r"(配偶|父|母|代领|委托|经办|填报|包保|包村|帮扶|责任人|代办|干部|开户|账户|曾用|别|英文).*(姓名|名)$", ""),
    (r"(姓名|名字)$", "name"),
    (r"(现居住?|居住|常住|现住|实际).*(村|社区).*(代码|编码|编号)", "home_code"),
    (r"(村|社区|区划|行政区).*(代码|编码|编号)", "area_code"),
    (r"(现居住?|居住|常住|现住|实际).*(村|社区|村居)(名称?)?$", "home_village"),
    (r"(现居住?|居住|常住|现住|实际).*(乡镇|街道)", "home_township"),
    (r"(户籍|户口|身份证).*(地址|住址|所在地)", "registered_address"),
    (r"(所属|所在|户籍|行政|隶属).*(村|社区|村居)(名称?)?$", "village"),
    (r"(所属|所在|户籍|隶属)?.*(乡镇|街道)(名称?)?$", "township"),
    (r"^(行政)?(村|社区|村居|村社区|村委会|居委会|村民委员会|村委|居委)(名称?|全称)?$", "village"),
    (r"(村民|居民).*组|小组", "group"),
    (r"户.*(编号|号|编码)$", "household"),
    (r"与?户主.*关系", "relation"),
    (r"(居住|常住|现住|家庭|联系|通讯|住宅).*(地址|住址|地)", "address"),
    (r"性别", "sex"),
    (r"出生|生日", "birth"),
    (r"备用|其他电话|其它电话|电话[2-9二三]|手机[2-9二三]", ""),
    (r"电话|手机|联系方式|联系号码", "phone"),
    (r"残疾.*(等级|级别)", "disability_grade"),
    (r"残疾.*(类别|类型|种类)", "disability_kind"),
    (r"(人群|人员|对象).*(类别|类型|标签|分类)", "kinds"),
    (r"备注", "remark"),
)

ROSTER = Columns(
    exact={spelling: field for field, spellings in _SPELLINGS.items() for spelling in spellings.split()},
    patterns=tuple((re.compile(pattern), field) for pattern, field in _PATTERNS),
    needs=(NAME, ID),
    groups=(
        Group(
            re.compile(r"联系人|紧急|家属|亲属|监护人|子女|儿女"),
            {"name": "contact_name", "phone": "contact_phone", "relation": "contact_relation"},
        ),
        Group(re.compile(r"^(联系方式|联系电话|电话|手机)"), {"contact_name": "contact_phone"}, keeps_rest=True),
        Group(re.compile(r"户主"), {"name": "head_name", "id_number": "head_id"}),
        Group(re.compile(r"网格"), {"name": "grid_worker", "phone": ""}, keeps_rest=True),
        Group(re.compile(r"帮扶|包保|责任人|干部|代办|经办|配偶|父|母|代领|银行|账户"), {}),
        Group(
            re.compile(r"居住|常住|现住|住址"),
            {
                "village": "home_village",
                "township": "home_township",
                "area_code": "home_code",
                "group": "home_group",
                "registered_address": "address",
            },
            keeps_rest=True,
        ),
        Group(re.compile(r"户籍|户口"), {"address": "registered_address"}, keeps_rest=True),
    ),
    instead=(
        # A list of households: the head stands for the home. Never one person's name with another's number.
        (frozenset({"name"}), {"head_name": "name"}),
        (frozenset({"name", "id_number"}), {"head_name": "name", "head_id": "id_number"}),
        # Where only the residence is told, it is the place.
        (
            frozenset({"village", "area_code"}),
            {"home_village": "village", "home_township": "township", "home_code": "area_code", "home_group": "group"},
        ),
    ),
    down=frozenset(
        "area_code village township group home_code home_village home_township home_group household address "
        "registered_address head_name head_id grid_worker".split()
    ),
    person=frozenset(
        "name id_number sex birth relation phone kinds disability_kind disability_grade contact_name contact_phone".split()
    ),
)
