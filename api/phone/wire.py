"""What crosses the wire between a phone and the county: one pydantic model for each request and answer.

From here come the checks on arrival, /api/phone/openapi.json and the phone's own types (pwa/generated/wire.ts).
Members may be added with a default, never changed or removed (docs/formats.md). Instants are aware UTC, days are of
Asia/Shanghai, `b64` is base64url without padding. An answer leaves out what is empty, so that a row stays small.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, WrapValidator
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

B64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
AreaCode = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
Short = Annotated[str, StringConstraints(max_length=60, pattern=r"^[^\x00-\x1f]*$")]
Count = Annotated[int, Field(ge=0, le=2**53)]


class Asked(BaseModel):
    """What a phone sends; members of newer phones are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Told(BaseModel):
    """What the county answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# ---- enrolment (docs/formats.md §4)


class Again(Asked):
    """A phone that was set up before, and that the county put back from a backup does not know any more."""

    device: UUID
    mailbox: Sha256  # of the token it has


class EnrolmentRequest(Asked):
    """A phone claims the code it was shown, once, with the public half of its key."""

    code: Annotated[str, StringConstraints(min_length=10, max_length=40)]
    public_key: Annotated[B64, StringConstraints(max_length=400)]  # SPKI
    version: Short = ""
    again: Again | None = None  # then `public_key` is the one it had


class EnrolmentClaim(Told):
    """The phone now shows its six digits and asks again with `claim` as its bearer."""

    enrolment: UUID
    claim: str
    expires_at: AwareDatetime


class CountyKey(Told):
    """The public key to which the phone seals; pinned for as long as the phone is enrolled."""

    id: str
    public: B64  # uncompressed point, 65 bytes


class Release(Told):
    """What the phone gets once the lead typed its six digits."""

    device: UUID
    mailbox: str  # empty for a phone that is known again: it keeps the one it has
    person: UUID
    county_key: CountyKey
    county: str  # its name
    epoch: int
    demo: bool


class EnrolmentState(Told):
    state: Literal["waiting", "released", "void", "expired"]
    release: Release | None = None


class ChallengeRequest(Asked):
    device: UUID


class ChallengeAnswer(Told):
    challenge: str  # to be signed once, within two minutes


class SessionRequest(Asked):
    """ES256, raw r‖s, over `daiban-session/1`, device and challenge; 204 with the cookie."""

    device: UUID
    challenge: Annotated[str, StringConstraints(max_length=100)]
    signature: Annotated[B64, StringConstraints(max_length=100)]


# ---- records going up


class SealedItem(Asked):
    """An event as the outbox holds it: sealed to the county (docs/formats.md §2)."""

    id: UUID
    hash: Sha256
    device: UUID
    key: Short
    sealed: Annotated[B64, StringConstraints(min_length=1, max_length=200_000)]


class ClearItem(Asked):
    """An event without its seal, over a session of the phone that signed it; the county reads it just the same."""

    id: UUID
    hash: Sha256
    device: UUID
    payload: Annotated[str, StringConstraints(min_length=1, max_length=150_000)]
    signature: Annotated[B64, StringConstraints(max_length=100)]


class Misshapen(Asked):
    """An item that is none. It gets its refusal and is kept as it came; the others of its batch go on."""

    raw: Any


def _keep_misshapen(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    try:
        return check(value)
    except ValidationError:
        return Misshapen(raw=value)


Item = Annotated[SealedItem | ClearItem, WrapValidator(_keep_misshapen)]
OnlySealed = Annotated[SealedItem, WrapValidator(_keep_misshapen)]


class SeenHead(Asked):
    position: Count
    chain: Annotated[str, StringConstraints(max_length=64)]


class Waiting(Asked):
    """What the phone still holds after this request, as far as it knows."""

    records: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    blobs: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    newest: Count | None = None  # the newest count of its own chain; older programs do not say
    missing: Annotated[list[tuple[Count, Count]], Field(max_length=50)] = []  # of that count: what it knows it lost


class Before(Asked):
    """What this phone was before its store was emptied, from a mark that outlived the store."""

    device: UUID
    newest: Count


Order = Literal["lock", "wipe"]


class RecoveryCode(Asked):
    """The 24 digits that open the phone, sealed to the county; `n` counts the phone's codes, so that an older one that
    comes late never takes the place of a newer one."""

    n: Annotated[int, Field(ge=1, le=2**31 - 1)]
    sealed: Annotated[B64, StringConstraints(max_length=400)]
    signature: Annotated[B64, StringConstraints(max_length=100)]  # ES256 by the device key: docs/formats.md §5


class Lost(Asked):
    """What a phone could not bring before it emptied itself: a picture by event and role, or a record (no role)."""

    event: UUID
    role: Short = ""
    why: Short = ""  # damaged | missing | refused | unanswered


class MailboxRequest(Asked):
    """Dropped by a locked phone, by its worker or by a colleague: only sealed items, nothing to read but orders."""

    device: UUID
    version: Short = ""
    v: int = 1
    clock: AwareDatetime
    items: Annotated[list[OnlySealed], Field(max_length=200)] = []
    waiting: Waiting | None = None
    done: list[Order] = []  # orders obeyed
    code: RecoveryCode | None = None  # while the county does not have the newest
    lost: Annotated[list[Lost], Field(max_length=200)] = []  # with `done`: what could not be brought
    drafts: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0  # with `done`: forms that were begun and never saved


class SyncRequest(Asked):
    """One round trip: records up; receipts, rows, inbox and orders down."""

    device: UUID
    version: Short = ""  # of the phone program
    v: int = 1  # of this format
    epoch: int | None = None  # null before the first answer
    clock: AwareDatetime  # the phone's, as it sends
    heads: dict[AreaCode, SeenHead] = {}  # the newest chain heads it has seen
    items: Annotated[list[Item], Field(max_length=200)] = []
    villages: dict[AreaCode, Count] | None = (
        None  # null: no rows, `me`, `county` wanted now; a village at 0 is a full pack
    )
    cursor: Annotated[str, StringConstraints(max_length=4000)] = ""  # as answered with `more`
    inbox: Count = 0
    waiting: Waiting = Waiting()
    recovery: Annotated[B64, StringConstraints(max_length=400)] | None = None  # as older programs sent their one code
    code: RecoveryCode | None = None  # while the county does not have the newest
    me: Short = ""  # version known
    county: Short = ""  # version known
    done: list[Order] = []  # orders obeyed
    page: Annotated[int, Field(ge=1024, le=1_048_576)] = 16_384  # bytes of rows wanted at once, before gzip
    before: Before | None = None  # sent until an answer comes


# ---- what comes down: receipts


class Receipt(Told):
    """What became of an item; only one that names the same id and hash changes anything on the phone."""

    id: str  # as the item gave it
    hash: str
    scope: str  # empty: never known
    position: int | None
    state: Literal["accepted", "held", "refused"]
    reason: str = ""
    number: str = ""  # what people read out: HL-1013-02


class Wanted(Told):
    """A picture still missing, and how much of it is here."""

    event: UUID
    role: str
    offset: int


class Head(Told):
    position: int
    chain: str
    at: AwareDatetime  # when the newest of them was received


# ---- what comes down: people


class Helper(Told):
    name: str = ""
    relation: str = ""
    phone: str = ""


class EntitlementRow(Told):
    id: UUID
    benefit: str  # code; its name is in County.benefits
    due_on: date
    last_on: date | None = None
    agency_state: str = "paying"
    taken: str = ""  # state of an attempt under way: captured, checked_ok, exported


class TaskRow(Told):
    """Something this agent has to do for this person, beside verifications."""

    id: UUID  # of the thing itself: delivery, verification to retake, visit asked about, request …
    kind: Literal["delivery", "retake", "care", "query", "revisit", "request_answer", "consent"]
    what: str = ""  # of a consent to ask for: its purpose
    due_on: date | None = None
    who_may: str = ""
    money: bool = False  # delivery: only into the hands of the person or the guardian
    why: str = ""  # sent back, asked or answered: the township's words
    about: UUID | None = None  # a query's own id; the visit of a retake


class WitnessRow(Told):
    name: str = ""
    relation: str = ""
    resident: UUID | None = None


class PastVisit(Told):
    id: UUID
    on: date
    reasons: list[str]
    outcome: str
    by: str = ""
    notes: str = ""


class ChallengeRow(Told):
    """Gestures to show in the picture, by how somebody can move; codes of County.gestures."""

    id: UUID
    gestures: dict[str, str]
    ends_at: AwareDatetime


class ClashRow(Told):
    """A field changed here and at the desk; both values stand until somebody decides."""

    field: str
    ours: str | None = None
    theirs: str | None = None


class NameCard(Told):
    """Enough to address somebody: name, household, villager group."""

    id: UUID
    area: AreaCode
    rev: int
    card: Literal["name"]
    name: str
    initials: str
    household: str  # number, as the village counts
    group: str


class ResidentCard(Told):
    """What an agent needs at the door. Empty members are left out."""

    id: UUID
    area: AreaCode
    rev: int
    card: Literal["full"]
    name: str
    initials: str
    household: str  # number, as the village counts
    group: str
    household_id: UUID | None = None
    state: str = ""  # provisional; empty: verified
    sex: str = ""
    birth_on: date | None = None
    birth_year: int | None = None
    address: str = ""
    phone: str = ""
    phone_of: str = ""
    no_phone: bool = False
    needs: list[str] = []
    dialect: str = ""
    hours: str = ""
    helper: Helper | None = None
    guardian: Helper | None = None
    id_masked: str = ""
    id_number: str = ""  # only where a verification is due
    tail: str = ""
    entitlements: list[EntitlementRow] = []
    tasks: list[TaskRow] = []
    consents: dict[str, str] = {}  # purpose: given | refused | withdrawn
    condition: str = ""  # at the last verification
    witness: WitnessRow | None = None  # of the last verification
    past: list[PastVisit] = []  # newest first, at most 5
    tries: int = 0  # not home, in a row
    life: str = ""  # death_reported | death_confirmed; empty: presumed alive
    kin: bool = False  # this agent declared to be kin
    challenge: ChallengeRow | None = None
    clashes: list[ClashRow] = []


class GoneRow(Told):
    """Somebody who left this village's list: the row leaves the phone."""

    id: UUID
    area: AreaCode
    rev: int
    gone: Literal[True]


class InboxRow(Told):
    id: UUID
    kind: Literal[
        "sent_back",
        "query",
        "answer",
        "assigned",
        "due",
        "badge",
        "phone_locked",
        "consent",
        "death",
        "held",
        "phone",
        "complaint",
        "kin",
        "loss",
        "recovery",
    ]
    resident: UUID | None = None
    about: UUID | None = None  # what to open; of a query its own id, of an answer the request or complaint
    words: str = ""
    at: AwareDatetime
    done: bool = False


# ---- what comes down: me and the county, only when changed


class PersonRow(Told):
    id: UUID
    name: str
    initials: str = ""
    unit: str = ""
    duty: str = ""
    phone: str = ""


class PostRow(Told):
    id: UUID
    role: str
    area: AreaCode
    area_name: str
    scope: AreaCode
    scope_name: str = ""
    from_on: date
    to_on: date | None = None


class BadgeRow(Told):
    id: UUID
    number: str
    name: str
    unit: str
    duty: str
    phone: str = ""
    state: str  # active | suspended | lost | revoked
    valid_from: date
    valid_to: date
    url: str  # what the printed code says
    qr: str  # that code as SVG
    photo: str = ""  # data: address of a small JPEG


class Me(Told):
    version: str
    person: PersonRow
    posts: list[PostRow]
    villages: dict[str, str]  # code: name, of all villages the posts cover
    badge: BadgeRow | None = None
    lead: Helper | None = None  # whom to call at the township


class Gesture(Told):
    code: str
    words: str  # said to the person, in Chinese
    english: str = ""


class ConsentText(Told):
    purpose: Literal["life_verification", "care_roster", "request_papers"]
    version: str
    words: str  # read aloud, in Chinese; paragraphs by line breaks
    english: str = ""


class PhoneNumber(Told):
    name: str
    phone: str


class County(Told):
    """The county's own words and numbers."""

    version: str
    name: str
    gestures: list[Gesture]
    consents: list[ConsentText]
    benefits: dict[str, str]  # code: name
    needs: dict[str, str]  # code: what to do, as said on the chip
    phones: list[PhoneNumber]
    retry_days: int  # after "not home"
    max_tries: int
    due_days: int  # a verification counts as due so long before its last day
    correction_days: int  # working days in which one's own record can be corrected
    complaint_days: int = 5  # working days in which a complaint is answered
    no_working_days: list[date] = []  # days off of this and next year, beside weekends
    working_weekends: list[date] = []
    lease_days: int
    photo_bytes: int


class MailboxAnswer(Told):
    epoch: int
    now: AwareDatetime
    kept_to: dict[str, int] = {}
    receipts: list[Receipt] = []
    wanted: list[Wanted] = []
    orders: list[Order] = []
    recovery_kept: bool = False  # the code of this request, or a newer one, is kept


class SyncAnswer(Told):
    epoch: int  # new at each restore of the server
    now: AwareDatetime
    kept_to: dict[str, int] = {}
    heads: dict[str, Head] = {}
    receipts: list[Receipt] = []
    wanted: list[Wanted] = []
    rows: list[NameCard | ResidentCard | GoneRow] = []
    villages: dict[str, int] = {}  # revs to send next time
    dropped: list[str] = []  # villages that are no longer this phone's
    more: bool = False
    cursor: str = ""  # with `more`: to be sent back, together with `villages`
    inbox: list[InboxRow] = []
    inbox_rev: int = 0
    me: Me | None = None
    county: County | None = None
    orders: list[Order] = []
    recovery_kept: bool = False  # the code of this request, or a newer one, is kept


class PieceAnswer(Told):
    offset: int  # bytes of the picture that are here


class ProblemAnswer(Told):
    """A refusal: `code` is stable."""

    code: str
    kind: str
    facts: dict[str, Any] = {}
