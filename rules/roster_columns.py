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
    "群众姓名 人口姓名 公民姓名 人员名称 居民名称 家庭成员名称 被保险人姓名 持证人 持证人姓名 申请人 申请人姓名 受益人 受益人姓名 "
    "享受人姓名 认证对象 村民 居民 老人 老年人 对象 姓名/name 姓名name name fullname xm",
    "id_number": "身份证 身份证号 身份证号码 身份证编号 身份证件号码 居民身份证号 居民身份证号码 居民身份证 公民身份号码 公民身份证号 "
    "公民身份证号码 公民身份证 证件号 证件号码 身份号码 本人身份证号 本人身份证号码 社会保障号码 社会保障号 身份证件 身份证件号 证件代码 "
    "公民号码 身份id 身份证id 身份证no 身份证no. 身份证号/id id号码 idnumber idno idno. idcard id_card id_number idcardno idcardnumber sfz sfzh sfzhm",
    "sex": "性别 sex gender",
    "birth": "出生日期 出生年月日 出生年月 生日 出生时间 出生 birthday birth dateofbirth",
    "area_code": "户籍村代码 村代码 村编码 村级代码 区划代码 行政区划代码 行政区划 区划编码 行政区代码 村(社区)代码 村社区代码 "
    "村居代码 所属村代码 户籍地代码 户籍村编码 统计区划代码 地区代码 地区编码 区划码 行政区划码 "
    "村码 areacode area_code",
    "village": "户籍村 村 村名 村名称 行政村 所属村 所在村 户籍所在村 户籍村(社区) 村(社区) 村(居) 村社区 村/社区 村居 村居委会 村(居)委会 "
    "村委会 社区 社区(村) 居委会 所属村(社区) 所在村(社区) 所属社区 村别 "
    "村/居 村/社区名称 村社 村屯 村级 村庄 村寨 建制村 归属村 管理村 村委会名 居委会名 village 村民委员会 户籍所在村(社区) 户籍所属村 行政村(社区)",
    "village_group": "村组 村组名称 村/组 村、组 村(组) 所属村组 所在村组",
    "region": "所属区划 所在区划 区划名称 行政区划名称 所属行政区划 户籍区划 所属地区 所属辖区",
    "township": "乡镇 乡镇名 乡镇名称 乡(镇) 镇乡 镇(乡) 镇 街道 乡镇(街道) 乡镇街道 镇(街道) 镇街 镇街道 所属乡镇 所在乡镇 户籍乡镇 "
    "乡镇(街道办) 乡(镇、街道) 乡、镇 街道(乡镇) 户籍所在乡镇 乡 街镇 镇名 所属镇 所在镇 乡镇办 "
    "乡/镇 镇/街道 镇/乡 乡镇/街道 街道/乡镇 街道(镇) township town",
    "group": "村民小组 组 组别 小组 村民组 组名 所属组 所在组 村小组 居民小组 村(居)民小组 居民组 村民小组名称 社 社别 网格 组(社) 自然村 自然寨 寨 "
    "组号 队 生产队 屯 group",
    "household": "户号 户编号 户口号 户籍号 家庭编号 家庭户号 户主编号 户口簿号 户口本号 户籍编号 家庭号 户编码",
    "relation": "与户主关系 家庭关系 户主关系 关系 与户主的关系 成员关系 与户主之关系 同户主关系 户内关系",
    "address": "现居住地址 家庭住址 现住址 常住地址 居住地 居住地址 家庭地址 住址 地址 现居住地 详细地址 现居地 联系地址 常住地 住所 实际居住地",
    "registered_address": "户籍地址 户籍地 户口所在地 户籍所在地 户口地址 户籍住址 身份证地址 户籍",
    "phone": "联系电话 电话 手机 手机号 手机号码 联系方式 本人电话 电话号码 本人联系电话 本人手机号 移动电话 联系手机 本人联系方式 电话(手机) 手机(电话) 本人手机 "
    "本人手机号码 手机/电话 联系号码 固定电话 座机 固话 家庭电话 住宅电话 宅电 tel telephone phone phonenumber mobile",
    "kinds": "人群类别 人员类别 重点人群 人群标签 备注(人群) 人群 人员类型 人群类型 特殊人群 特殊群体 重点人群类别 人口类别 对象类别 类别",
    "disability_kind": "残疾类别 残疾类型 残疾种类 残疾情况",
    "disability_grade": "残疾等级 残疾级别 残疾等次",
    "contact_name": "联系人 联系人姓名 紧急联系人 紧急联系人姓名 家属姓名 家属 亲属姓名 监护人 监护人姓名 亲属 子女姓名 家庭联系人 赡养人 赡养人姓名 "
    "照护人 照护人姓名 照料人 照料人姓名",
    "contact_phone": "联系人电话 家属电话 紧急联系电话 联系人手机 紧急联系人电话 监护人电话 亲属电话 联系人联系方式 家属联系电话 联系人联系电话 "
    "联系人手机号 子女电话 监护人联系电话 赡养人电话 赡养人联系电话 照护人电话 照护人联系电话 照料人电话",
    "contact_relation": "与本人关系 联系人关系 与联系人关系 与老人关系",
    "grid_worker": "网格员 网格员姓名 包保网格员 责任网格员 网格长 包片网格员",
    "head_name": "户主 户主姓名 家庭户主 户主名称",
    "head_id": "户主身份证号 户主身份证号码 户主身份证 户主证件号码",
    "remark": "备注 说明 情况说明 备注说明 其他 其它 备注信息 备考 情况",
    "confirm": "确认 核对结果 是否确认",
}

#: Others whose names, numbers and telephones stand beside a person's own.
_OTHERS = (
    "网格|包保|包村|帮扶|责任人|负责|代办|代理|代领|代管|委托|受托|干部|领导|书记|支书|主任|村长|组长|队长|校长|教师|老师|医生|医师|"
    "(护理|照护|照料|赡养|扶养|监护|介绍|证明|登记|录入|采集|调查|核实|审核|审批)[人员]|担保|法人|法定|经办|填报|填表|工作人员|志愿者|"
    "银行|开户|账户|单位|机构|村委|居委|配偶|父|母"
)

_PATTERNS = (
    (r"^按|一致$|拼音|首字母|出生地|籍贯", ""),
    (r"身份证.*(类型|有效|地址|复印|照片|姓名)|证件(类型|类别|种类|名称|有效)|是否|有无", ""),
    (r"^原", ""),
    (
        r"(联系人|紧急|家属|亲属|监护人|子女|儿女).*(电话|手机|方式|号码)$|(电话|手机|方式).*(联系人|家属|亲属|监护人|子女)",
        "contact_phone",
    ),
    (
        rf"({_OTHERS}|户主|联系人|家属|亲属|子女).*(电话|手机|方式)",
        "",
    ),
    (r"户主.*(身份证|证件|身份号)", "head_id"),
    (rf"({_OTHERS}|联系人|家属|亲属|子女).*(身份证|证件|身份号)", ""),
    (r"身[份分][证證]|公民身[份分]|身份号|证件号|证件编号", "id_number"),
    (r"^id(号|num(ber)?|no\.?)?$", "id_number"),
    (r"^户主.*(姓名|名)$", "head_name"),
    (r"网格员|网格长", "grid_worker"),
    (r"(联系人|家属|亲属|监护人|子女).*(姓名|名字)$", "contact_name"),
    (r"对象.*(姓名|名字)$", "name"),
    (rf"({_OTHERS}|曾用|别|英文).*(姓名|名字|名)$", ""),
    (r"(姓名|名字)$", "name"),
    (r"(现居住?|居住|常住|现住|实际).*(村|社区).*(代码|编码|编号)", "home_code"),
    (r"(村|社区|区划|行政区).*(代码|编码|编号)", "area_code"),
    (r"(现居住?|居住|常住|现住|实际).*(村|社区|村居)(名称?)?$", "home_village"),
    (r"(现居住?|居住|常住|现住|实际).*(乡镇|街道)", "home_township"),
    (r"(户籍|户口|身份证).*(地址|住址|所在地)", "registered_address"),
    (r"(所属|所在|户籍|行政|隶属).*(村|社区|村居)(名称?)?$", "village"),
    (r"^(所属|所在|户籍|户口|隶属|行政|归属|县|市|区|的)*(乡镇|街道)(名称?)?$", "township"),
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
        # One column for village and group, or for the whole way from the province down.
        (frozenset({"village"}), {"village_group": "village"}),
        (frozenset({"village", "village_group", "area_code"}), {"region": "village"}),
        # Where only the residence is told, it is the place.
        (
            frozenset({"village", "village_group", "region", "area_code"}),
            {"home_village": "village", "home_township": "township", "home_code": "area_code", "home_group": "group"},
        ),
    ),
    down=frozenset(
        "area_code village village_group region township group home_code home_village home_township home_group household address "
        "registered_address head_name head_id grid_worker".split()
    ),
    person=frozenset(
        "name id_number sex birth relation phone kinds disability_kind disability_grade contact_name contact_phone".split()
    ),
)
