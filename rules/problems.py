"""Every refusal of the program, one dataclass each: it carries the facts, the template speaks (style §7).

`code` is stable: phones and tests compare it. `kind` becomes 422, 401, 403, 404, 409 or 429 in app.py only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

Kind = Literal["invalid", "unknown-sign-in", "forbidden", "missing", "conflict", "too-often"]


@dataclass(eq=False)
class Problem(Exception):
    """What happened; subclasses add the facts their template shows."""

    code: ClassVar[str]
    kind: ClassVar[Kind]

    def __str__(self) -> str:
        return f"{self.code}: {vars(self)}"


@dataclass(eq=False)
class NotFound(Problem):
    """There is no such thing, or not for this actor: the two are never told apart."""

    code = "not-found"
    kind = "missing"


@dataclass(eq=False)
class NotAllowed(Problem):
    """The actor's posts do not give this right."""

    code = "not-allowed"
    kind = "forbidden"


@dataclass(eq=False)
class SignInNeeded(Problem):
    """No session, or it ended."""

    code = "sign-in-needed"
    kind = "unknown-sign-in"


@dataclass(eq=False)
class TooOften(Problem):
    """A secret was tried too often; it can be tried again at a known time."""

    code = "too-often"
    kind = "too-often"
    seconds: int


@dataclass(eq=False)
class BodyInvalid(Problem):
    """A request's body was not of its form. `where` names the member."""

    code = "body-invalid"
    kind = "invalid"
    where: str


@dataclass(eq=False)
class CheckerIsCapturer(Problem):
    """Whoever captured a life verification may not check it (R-LIF-7)."""

    code = "checker-is-capturer"
    kind = "forbidden"
    verification: UUID


@dataclass(eq=False)
class SecondAgentNeeded(Problem):
    """Kin captured a life verification without a second agent, so it does not go to the agency (R-LIF-9)."""

    code = "second-agent-needed"
    kind = "conflict"
    verification: UUID


@dataclass(eq=False)
class PageTooOld(Problem):
    """A form came back without a valid token: the page was open too long, or came from elsewhere."""

    code = "page-too-old"
    kind = "forbidden"


# ---- desks


@dataclass(eq=False)
class SignInRefused(Problem):
    """Name, password or code did not fit; which of them is not said."""

    code = "sign-in-refused"
    kind = "invalid"


@dataclass(eq=False)
class FileTooLarge(Problem):
    """A form came with more than the county takes at once; nothing of it was read. `bundle`: it was to be a phone's."""

    code = "file-too-large"
    kind = "invalid"
    bundle: bool = False


@dataclass(eq=False)
class FieldMissing(Problem):
    """A form came without something it cannot do without, or with something unreadable there. `field` names it."""

    code = "field-missing"
    kind = "invalid"
    field: str


@dataclass(eq=False)
class AlreadyDealtWith(Problem):
    """Somebody else decided this in the meantime; the first decision stands."""

    code = "already-dealt-with"
    kind = "conflict"
    state: str


@dataclass(eq=False)
class WorkbookUnderWay(Problem):
    """One workbook a person at a time: the one asked for before is not written yet."""

    code = "workbook-under-way"
    kind = "conflict"


@dataclass(eq=False)
class WorkbookOutOfReach(Problem):
    """A post under which a workbook was asked for is not in force any more."""

    code = "workbook-out-of-reach"
    kind = "forbidden"


@dataclass(eq=False)
class MayNotGivePost(Problem):
    """The actor's own posts do not allow giving or ending this post, or it is the actor's own."""

    code = "may-not-give-post"
    kind = "forbidden"
    role: str


@dataclass(eq=False)
class SignInNameTaken(Problem):
    """A desk account of this name exists."""

    code = "sign-in-name-taken"
    kind = "conflict"
    name: str


@dataclass(eq=False)
class CheckerEnrolledPhone(Problem):
    """Whoever enrolled a phone or was shown its recovery code does not check its captures for 30 days (design §5)."""

    code = "checker-enrolled-phone"
    kind = "forbidden"
    until: date
    by_code: bool = False  # by the recovery code


@dataclass(eq=False)
class NoAgentThere(Problem):
    """The person chosen holds no post in the resident's village."""

    code = "no-agent-there"
    kind = "invalid"


@dataclass(eq=False)
class NotTheSamePlace(Problem):
    """Two records of different townships cannot be made one here."""

    code = "not-the-same-place"
    kind = "invalid"


@dataclass(eq=False)
class AdopterIsAuthor(Problem):
    """Nobody lets their own held record take effect."""

    code = "adopter-is-author"
    kind = "forbidden"


@dataclass(eq=False)
class ReasonMissing(Problem):
    """A full ID number is shown only for a reason that is written down (R-PRI-4)."""

    code = "reason-missing"
    kind = "invalid"


@dataclass(eq=False)
class AgentNotHere(Problem):
    """A phone is given to agents and window clerks of one's own area only."""

    code = "agent-not-here"
    kind = "forbidden"
    person: UUID


@dataclass(eq=False)
class EnrolmentCodeUnknown(Problem):
    """No open enrolment has this code: mistyped, used, void or past its ten minutes. They are not told apart."""

    code = "enrolment-code-unknown"
    kind = "missing"


@dataclass(eq=False)
class EnrolmentVoid(Problem):
    """A second phone claimed the same code, so both are void."""

    code = "enrolment-void"
    kind = "conflict"


@dataclass(eq=False)
class EnrolmentNotClaimed(Problem):
    """No phone has claimed the code yet, or it is over: there are no digits to compare."""

    code = "enrolment-not-claimed"
    kind = "conflict"


@dataclass(eq=False)
class DigitsDiffer(Problem):
    """The six digits typed are not those of the phone. `left` is how many tries remain; at 0 the code is void."""

    code = "digits-differ"
    kind = "invalid"
    left: int


@dataclass(eq=False)
class PhoneUnknown(Problem):
    """No phone fits: another one, a wrong signature, a challenge used or past its two minutes."""

    code = "phone-unknown"
    kind = "unknown-sign-in"


@dataclass(eq=False)
class PhoneLocked(Problem):
    """This phone is locked. What it holds may still be dropped into its mailbox."""

    code = "phone-locked"
    kind = "forbidden"


@dataclass(eq=False)
class PhoneReplaced(Problem):
    """The agent has a newer phone, or this one's count was found twice; it may only send what it holds."""

    code = "phone-replaced"
    kind = "forbidden"


@dataclass(eq=False)
class SecondFactorRefused(Problem):
    """The code of the second factor did not fit, or had been used."""

    code = "second-factor-refused"
    kind = "invalid"


@dataclass(eq=False)
class OwnPhone(Problem):
    """Nobody reads out the recovery code of their own phone."""

    code = "own-phone"
    kind = "forbidden"


@dataclass(eq=False)
class PhoneNotInUse(Problem):
    """The phone is locked or emptied: its recovery code is shown to nobody."""

    code = "phone-not-in-use"
    kind = "conflict"


@dataclass(eq=False)
class RecoveryCodeMissing(Problem):
    """The phone has not sent its recovery code yet."""

    code = "recovery-code-missing"
    kind = "missing"


@dataclass(eq=False)
class RecoveryCodeReadOften(Problem):
    """The code of one phone, or codes by one person, were shown as often as they may be in a day."""

    code = "recovery-code-read-often"
    kind = "too-often"
    seconds: int


@dataclass(eq=False)
class PictureNotWanted(Problem):
    """No accepted or held record of this phone names that picture."""

    code = "picture-not-wanted"
    kind = "missing"


@dataclass(eq=False)
class NoBundle(Problem):
    """The file is no bundle. `empty`: there is nothing in it at all."""

    code = "no-bundle"
    kind = "invalid"
    empty: bool


@dataclass(eq=False)
class BundleForeign(Problem):
    """Everything in the bundle is sealed to another county."""

    code = "bundle-foreign"
    kind = "invalid"


@dataclass(eq=False)
class BundleBroken(Problem):
    """The file began as a bundle, but no record or picture in it is whole."""

    code = "bundle-broken"
    kind = "invalid"


@dataclass(eq=False)
class CloserIsAgent(Problem):
    """Whose records are missing does not say alone that they will not come."""

    code = "closer-is-agent"
    kind = "forbidden"


@dataclass(eq=False)
class NothingOpen(Problem):
    """Nothing of this phone is open, or it may still come by itself."""

    code = "nothing-open"
    kind = "conflict"


@dataclass(eq=False)
class BadgeStepNotPossible(Problem):
    """A badge that ended never comes back; one that is not paused cannot be resumed, and so on."""

    code = "badge-step-not-possible"
    kind = "conflict"
    why: str  # rules.badges.NotPossible
    number: str


@dataclass(eq=False)
class BadgeNeedsPost(Problem):
    """A badge is issued for a post in force within the issuer's area."""

    code = "badge-needs-post"
    kind = "invalid"


@dataclass(eq=False)
class BadgeNeedsPicture(Problem):
    """A badge shows the face, and there is no picture of this person yet."""

    code = "badge-needs-picture"
    kind = "invalid"


@dataclass(eq=False)
class PictureUnreadable(Problem):
    """The file chosen is no picture this program can read."""

    code = "picture-unreadable"
    kind = "invalid"


@dataclass(eq=False)
class BadgeNumberTaken(Problem):
    """Another badge has this number."""

    code = "badge-number-taken"
    kind = "conflict"
    number: str


@dataclass(eq=False)
class SpreadsheetUnreadable(Problem):
    """A file that is no list: broken, encrypted, empty, of an old kind … `why` says which; nothing was changed."""

    code = "spreadsheet-unreadable"
    kind = "invalid"
    why: str


@dataclass(eq=False)
class ListHasNoHeading(Problem):
    """No sheet of a file has the headings that are needed; nothing was changed."""

    code = "list-has-no-heading"
    kind = "invalid"
    list: str  # roster | entitlements | areas


@dataclass(eq=False)
class AreaListWrong(Problem):
    """A list of areas does not hang together; nothing was changed."""

    code = "area-list-wrong"
    kind = "invalid"
    flaw: str  # rules.areas.ListFlaw
    area: str
    count: int


@dataclass(eq=False)
class HeldHasNoEffect(Problem):
    """A held record cannot take effect: what it is about is not here, or it cannot be read. It can be answered."""

    code = "held-has-no-effect"
    kind = "conflict"
    why: str


@dataclass(eq=False)
class OwnVisit(Problem):
    """Nobody finds their own visit fine or asks themselves about it."""

    code = "own-visit"
    kind = "forbidden"
    visit: UUID


@dataclass(eq=False)
class ConsentNeeded(Problem):
    """A place on the care roster rests on consent, and there is none, or it was refused or withdrawn."""

    code = "consent-needed"
    kind = "invalid"
