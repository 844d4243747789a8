"""Every business setting: name, default, unit, source. The county's own values are rows with a history.

A default marked [DEF] is ours, because no rule at hand gives a number (docs/rules.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class BusinessSetting:
    key: str
    default: Any
    unit: str
    about: str
    source: str


#: Gestures for the picture of a life verification, by code: what is read out. One-sided and bedridden people have their own.
GESTURES = {
    "hand-on-chest": "请老人右手放胸口",
    "hand-on-ear": "请老人右手摸右耳",
    "thumb-up": "请老人竖起大拇指",
    "two-fingers": "请老人伸出两个手指",
    "palm-open": "请老人张开手掌",
    "fist": "请老人握个拳头",
    "left-hand-on-chest": "请老人左手放胸口",
    "left-thumb-up": "请老人竖起左手大拇指",
    "eyes-to-window": "请老人看看窗户那边",
    "blanket-hand": "手放在被子外面就行",
    "none": "不用做动作，照平常样子拍",
}

CONSENT_LIFE = (
    "我来帮您办养老金认证，要给您拍一张照片，证明是您本人。\n"
    "照片只给镇里和社保看，下次办好两个月后删掉。不要钱。您不愿意也行，换别的办法办。"
)
CONSENT_CARE = "我们想把您记进看望名单，常来看看您。名单只有管您的人看得到。您不愿意也行，随时可以不要。"
CONSENT_PAPERS = "要给您的材料拍照，只给办这件事的人看，事情办完一个月后删掉。不要钱。您不愿意也行。"

ALL: dict[str, BusinessSetting] = {
    each.key: each
    for each in (
        BusinessSetting("verification.due_soon_days", [90, 30], "days", "a due verification shows on phones from the first, amber from the second", "domain §8"),
        BusinessSetting("verification.cycle_months", 12, "months", "between two verifications where the agency's list does not say", "R-LIF-1"),
        BusinessSetting("verification.challenge_days", 30, "days", "a challenge is good for so long", "[DEF] design §4"),
        BusinessSetting("verification.revisit_working_days", 5, "working days", "to take a sent-back picture again", "[DEF] domain §8"),
        BusinessSetting("verification.max_an_hour", 6, "captures", "more in one hour are shown to the lead", "[DEF] domain §6"),
        BusinessSetting("verification.picture_days", 60, "days", "a picture is kept after the next success; the consent text says so", "[DEF] R-PRI-7"),
        BusinessSetting("verification.gestures", GESTURES, "", "gestures and what is read out", "R-LIF-7"),
        BusinessSetting("verification.gesture_sets", {
            "normal": ["hand-on-chest", "hand-on-ear", "thumb-up", "two-fingers", "palm-open", "fist"],
            "one_side": ["left-hand-on-chest", "left-thumb-up", "thumb-up", "fist"],
            "bedridden": ["eyes-to-window", "blanket-hand"],
            "none": ["none"],
        }, "", "which gestures suit whom", "R-LIF-7"),
        BusinessSetting("visit.retry_days", 7, "days", "come again after nobody was home", "[DEF] domain §6"),
        BusinessSetting("visit.max_tries", 3, "tries", "then the township decides", "[DEF] domain §6"),
        BusinessSetting("visit.late_days", 3, "days", "a record that stayed on a phone longer is shown", "[DEF] domain §6"),
        BusinessSetting("visit.correct_working_days", 2, "working days", "an agent may correct an own record", "[DEF] domain §6"),
        BusinessSetting("visit.clock_minutes", 10, "minutes", "a phone clock further off is shown", "[DEF]"),
        BusinessSetting("device.lease_days", 30, "days", "a phone not heard for so long locks its pack; work stays", "design §3"),
        BusinessSetting("device.checker_days", 30, "days", "who enrolled a phone does not check its captures", "design §5"),
        BusinessSetting("enrolment.minutes", 10, "minutes", "an enrolment code lives", "[DEF]"),
        BusinessSetting("care.every_days", 30, "days", "between care visits", "[DEF] domain §1"),
        BusinessSetting("care.review_months", 6, "months", "a place on the care roster is looked at again", "[DEF] domain §1"),
        BusinessSetting("delivery.days", 7, "days", "to hand over a result", "[DEF] domain §14"),
        BusinessSetting("request.papers_days", 30, "days", "pictures of papers are kept after the answer; the consent text says so", "[DEF] R-PRI-7"),
        BusinessSetting("badge.scan_days", 90, "days", "the log of scanned badges goes back", "[DEF] R-PRI-7"),
        BusinessSetting("badge.months", 12, "months", "a badge is valid", "[DEF] domain §5"),
        BusinessSetting("badge.warn_days", 30, "days", "before a badge ends its holder is told", "[DEF] domain §5"),
        BusinessSetting("complaint.answer_working_days", 5, "working days", "to answer a complaint", "[DEF] domain §23"),
        BusinessSetting("backup.key_days", 90, "days", "after a month began its backups can no longer be opened", "[DEF] design §5"),
        BusinessSetting("backup.late_days", 2, "days", "without a new verified backup, then the office is warned", "[DEF]"),
        BusinessSetting("benefits", {"BPIURR": "养老金", "old-age-allowance": "高龄津贴"}, "", "short names people use", "domain S20"),
        BusinessSetting("consent.life_verification", {"version": "2026-1", "text": CONSENT_LIFE}, "", "read to the person", "R-PRI-2"),
        BusinessSetting("consent.care_roster", {"version": "2026-1", "text": CONSENT_CARE}, "", "read to the person", "R-PRI-2"),
        BusinessSetting("consent.request_papers", {"version": "2026-1", "text": CONSENT_PAPERS}, "", "read to the person", "R-PRI-2"),
        BusinessSetting("calendar.days", {}, "", 'days worked or free otherwise than the State Council says: {"2027-02-05": false}', "[DEF]"),
        BusinessSetting("county.name", "", "", "shown on badges and pages", ""),
        BusinessSetting("county.hotline", "12345", "", "a way without a phone of one's own", "R-OLD-3"),
    )
}  # fmt: skip

LARGEST = 3650  # of anything counted in days, months or minutes; no number of ours comes near
#: Where nothing at all is a choice: no day's grace, no warning beforehand.
MAY_BE_NONE = frozenset(
    {"visit.retry_days", "visit.late_days", "visit.clock_minutes", "device.checker_days", "badge.warn_days"}
)
#: By these a card shows on phones; when one changes, everybody who waits for a verification is looked at again.
OF_CARDS = frozenset({"verification.due_soon_days", "verification.challenge_days"})


def fits(key: str, value: Any, *, gestures: Mapping[str, str], sets: Mapping[str, Sequence[str]]) -> bool:
    """Whether a value is one that the program can work with: a wrong one would stop every phone at once.

    `gestures` and `sets` are those that stand now: a set names no gesture that has no words.
    """
    default = ALL[key].default
    if type(value) is not type(default):
        return False
    match key:
        case "verification.due_soon_days":
            return len(value) == 2 and all(type(n) is int for n in value) and 0 <= value[1] <= value[0] <= LARGEST
        case "verification.gestures":
            return _words(value) and all(code in value for codes in sets.values() for code in codes)
        case "verification.gesture_sets":
            return set(value) == set(default) and all(
                isinstance(codes, list) and codes and all(code in gestures for code in codes)
                for codes in value.values()
            )
        case "calendar.days":
            return all(_is_day(day) and isinstance(worked, bool) for day, worked in value.items())
        case "benefits":
            return _words(value)
    if key.startswith("consent."):
        return {"version", "text"} <= set(value) <= {"version", "text", "english"} and _words(value)
    if isinstance(value, int):
        return (0 if key in MAY_BE_NONE else 1) <= value <= LARGEST
    return len(value) <= 60


def _words(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(isinstance(words, str) and words.strip() for words in value.values())


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
