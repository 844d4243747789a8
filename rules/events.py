"""What can happen, as it is written in the journal: one pydantic body for each kind of event.

These bodies are formats that phones carry for weeks: fields may be added with a default, never changed or
removed (docs/formats.md). From here come the check on arrival, docs/events.md and the phone's own types.
Instants are aware UTC; days are of Asia/Shanghai; every `str` has a limit, so that a phone cannot fill the county.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
AreaCode = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class Fact(BaseModel):
    """A frozen piece of an event. Unknown members are kept out of the row but stay in the signed text."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Outcome(StrEnum):
    """How a visit ended (domain: visit, all nine)."""

    DONE = "done"
    PART_DONE = "part_done"
    NOT_HOME = "not_home"
    AWAY = "away"
    REFUSED = "refused"
    HOSPITAL = "hospital"
    MOVED = "moved"
    DEATH_REPORTED = "death_reported"
    UNSAFE = "unsafe"


class Reason(StrEnum):
    """Why an agent goes to a home."""

    VERIFICATION = "verification"
    CARE = "care"
    DELIVERY = "delivery"
    REQUEST = "request"
    REVISIT = "revisit"
    OTHER = "other"


class Mark(Fact):
    """What the resident left as a sign: strokes, a thumbprint in ink on a paper slip, or none and why."""

    kind: Literal["signature", "thumbprint", "none"]
    role: Word = ""  # signature: the role of its blob
    slip: Word = ""  # thumbprint: number of the paper slip
    witnesses: tuple[Word, ...] = Field(default=(), max_length=2)  # thumbprint: two people, never the agent
    why: Words = ""  # none


class Met(Fact):
    """Someone met at the door: a resident by id, or only a relation."""

    resident: UUID | None = None
    relation: Word = ""


class Position(Fact):
    """One point, off by default, never required (R-BUR-3). WGS-84 degrees, accuracy in metres."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    accuracy_m: float = Field(ge=0, allow_inf_nan=False)


class VisitEnded(Fact):
    """One agent at one home, once; nothing is sent while a visit is open. Subject: the resident visited."""

    visit: UUID
    reasons: tuple[Reason, ...] = Field(min_length=1, max_length=6)
    met: tuple[Met, ...] = Field(default=(), max_length=12)
    outcome: Outcome
    where: Words = ""  # away, hospital, moved: where to
    notes: Words = ""
    badge_shown: bool | None = None
    mark: Mark | None = None
    started_at: AwareDatetime
    ended_at: AwareDatetime
    return_on: date | None = None
    verifications: tuple[UUID, ...] = ()
    deliveries: tuple[UUID, ...] = ()
    requests: tuple[UUID, ...] = ()
    position: Position | None = None


class Witness(Fact):
    """Who stood by: named, and how related; a resident by id where known."""

    name: Word
    relation: Word = ""
    resident: UUID | None = None


class VerificationCaptured(Fact):
    """A life verification taken at the bedside (R-LIF-7, R-LIF-10). The picture is the blob of role `picture`."""

    verification: UUID
    visit: UUID
    entitlements: tuple[UUID, ...] = Field(min_length=1, max_length=8)
    challenge: UUID | None = None
    gesture: Word = ""  # the one used: normal, one_side, bedridden, none, with the county's code
    document: Literal["id_card", "household_book", "none"]
    condition: Literal["healthy", "weak", "bedridden", "hospital"]
    witness: Witness
    kin: bool  # the agent is kin of the resident, or draws the same benefit: a second agent is needed
    second_agent: UUID | None = None
    captured_at: AwareDatetime
    retake_of: UUID | None = None
    mark: Mark
    official_app_receipt: Word = ""
    remarks: Words = ""


class VerificationNotTaken(Fact):
    """Why it could not be taken. Not found is not dead (R-LIF-5)."""

    verification: UUID
    visit: UUID | None = None
    entitlements: tuple[UUID, ...] = Field(default=(), max_length=8)
    outcome: Literal[
        "not_home", "away", "refused", "hospital", "moved", "death_reported", "suspected_loss", "kin", "unsafe"
    ]
    where: Words = ""
    loss: Literal["", "double_benefit", "missing", "serving_sentence", "lost_nationality", "other"] = ""
    remarks: Words = ""


class Consent(Fact):
    """Consent asked for one purpose (R-PRI-2). Refusal leaves a way without pictures open."""

    consent: UUID
    purpose: Literal["life_verification", "care_roster", "request_papers"]
    text_version: Word
    told: Literal["read", "aloud", "dialect"]
    by: Literal["self", "guardian"] = "self"
    guardian: Word = ""
    mark: Mark | None = None
    why: Words = ""


class MayAct(Fact):
    """Who may act for the resident in this matter."""

    name: Word
    relation: Word = ""
    phone: Word = ""


class RequestRaised(Fact):
    """What somebody needs, in their words, with pictures of papers in blobs `paper-1`, `paper-2` …"""

    request: UUID
    visit: UUID | None = None
    words: Text
    may_act: MayAct | None = None
    papers: tuple[Word, ...] = Field(default=(), max_length=12)  # names of the papers, in blob order


class DeliveryMade(Fact):
    """A result handed to the person: only the recipient's own act closes it."""

    delivery: UUID
    visit: UUID | None = None
    to: Literal["self", "guardian", "authorised", "household_adult"]
    name: Word = ""
    relation: Word = ""
    identity_seen: Literal["id_card", "household_book", "known", "none"]
    mark: Mark


class DeliveryAttempted(Fact):
    """Carried there, not handed over; the thing goes back to the station."""

    delivery: UUID
    visit: UUID | None = None
    why: Literal["not_home", "away", "refused", "hospital", "moved", "death_reported", "not_entitled", "other"]
    words: Words = ""


class Change(Fact):
    """One field: the value the agent saw, and the new one. A clash with the desk is shown, never silent."""

    base: str | None = Field(max_length=400)
    value: str | None = Field(max_length=400)


class ResidentNoted(Fact):
    """Something changed. As text: needs are comma-separated codes, as in the row; `no_phone` is "true" or "";
    `helper` is JSON of its members that are not empty, keys sorted, "" for nobody.
    """

    changes: dict[Literal["phone", "phone_of", "no_phone", "needs", "dialect", "hours", "helper"], Change] = Field(
        min_length=1
    )


class ResidentProvisional(Fact):
    """Someone not in the pack, recorded at the door and matched by the office. Subject: the new id."""

    name: Word
    sex: Literal["male", "female", ""] = ""
    birth_year: int | None = Field(default=None, ge=1880, le=2100)
    phone: Word = ""
    area: AreaCode
    group: Word = ""
    id_number: Word = ""
    why: Words = ""


class ResidentUnmasked(Fact):
    """The full ID number was shown on the phone, and why (R-PRI-4)."""

    why: Words


class DeathReported(Fact):
    """Told of a death: visits and letters stop at once; the office confirms or puts it right (R-LIF-6)."""

    death: UUID
    visit: UUID | None = None
    reporter: Word
    relation: Word = ""
    died_on: date | None = None
    source: Literal["family", "neighbour", "village", "document"]
    words: Words = ""
    mistaken: bool = False  # only in a correction: the agent heard wrong, visits come back


class RecordCorrected(Fact):
    """A new record in place of one's own old one, within 2 working days; the old stays visible."""

    corrects: UUID  # id of the old event
    why: Words
    body: dict[str, object]  # the whole new body, of the old kind


class QueryAnswered(Fact):
    """The agent's answer to what the township asked about a visit."""

    query: UUID
    words: Words


class ComplaintMade(Fact):
    """A complaint or suggestion about this very program or the work it makes (R-BUR-2)."""

    complaint: UUID
    kind: Literal["complaint", "suggestion"]
    words: Text


#: kind → body; version 1 of each. What a phone may send.
PHONE_KINDS: dict[str, type[Fact]] = {
    "visit.ended": VisitEnded,
    "verification.captured": VerificationCaptured,
    "verification.not_taken": VerificationNotTaken,
    "consent.given": Consent,
    "consent.refused": Consent,
    "consent.withdrawn": Consent,
    "request.raised": RequestRaised,
    "delivery.made": DeliveryMade,
    "delivery.attempted": DeliveryAttempted,
    "resident.noted": ResidentNoted,
    "resident.provisional": ResidentProvisional,
    "resident.unmasked": ResidentUnmasked,
    "death.reported": DeathReported,
    "record.corrected": RecordCorrected,
    "query.answered": QueryAnswered,
    "complaint.made": ComplaintMade,
}

#: Kinds made at a desk or by the command line; their bodies are written by our own actions.
DESK_KINDS: dict[str, str] = {
    "database.made": "this database was born, demo or real for ever",
    "areas.imported": "a list of areas was loaded",
    "roster.imported": "a chunk of a roster was loaded",
    "entitlements.imported": "the agency's list of people not yet confirmed was loaded",
    "person.added": "someone began to work here",
    "person.changed": "a worker's name, phone, picture or kin changed",
    "person.removed": "someone stopped working here",
    "station.added": "a service centre, station or point began to serve",
    "post.given": "a person received a post",
    "post.ended": "a post ended",
    "account.made": "a desk account was made",
    "account.changed": "a password or second factor was set",
    "setting.changed": "a business setting changed",
    "enrolment.offered": "a code for a phone was shown",
    "enrolment.voided": "a code for a phone was made useless",
    "device.enrolled": "a phone was released to an agent",
    "device.known_again": "a phone enrolled after the backup that was put back was released to an agent again",
    "device.locked": "a phone was locked",
    "device.unlocked": "a phone was unlocked",
    "device.wiped": "a phone said it is empty, and what it could not bring",
    "phone.recovery_read": "the digits that open a phone were shown to a lead, with the reason",
    "device.emptied": "a phone's store had been emptied by nobody's order",
    "device.tail_closed": "what a phone wrote and nobody can bring any more was closed, with words",
    "bundle.taken_in": "a phone's records came as a file, and a desk took them in",
    "journal.head_missing": "a phone has seen a journal that is no longer here: it was cut off or made anew",
    "device.fork": "two events took the same place on one phone",
    "visit.checked": "a visit was found fine",
    "visit.queried": "the township asked about a visit",
    "verification.checked": "a life verification may go to the agency",
    "verification.reopened": "who had found a life verification fine took that back, before the agency had it",
    "verification.sent_back": "a life verification must be taken again",
    "verification.another_asked": "another agent was asked to take what kin does not take",
    "verification.passed_on": "the agency was told that a benefit may have ended",
    "delivery.planned": "a result was given to an agent to hand over",
    "delivery.returned": "a result could not be handed over and is back at the station",
    "request.taken_on": "a request was taken on",
    "request.answered": "a request was answered",
    "request.passed_on": "a request was passed on",
    "request.declined": "a request was declined, with a reason",
    "resident.changed": "a desk changed a resident's record",
    "resident.merged": "a provisional person turned out to be a known resident",
    "resident.parted": "a merge was undone",
    "roster.changed": "someone was enrolled in, paused in or left the care roster",
    "death.confirmed": "a death was confirmed, with its source",
    "death.mistaken": "a death report was a mistake",
    "picture.forgotten": "a picture was deleted because its time was over",
    "held.adopted": "a held record took effect",
    "held.answered": "a held record was answered without effect",
    "clash.settled": "a field that desk and phone had changed differently was decided",
    "complaint.answered": "a complaint or suggestion was answered",
    "export.made": "data left the program",
    "backup.verified": "a backup was written and read back; phones may let go of what it holds",
    "backup.restored": "the server was put back from a backup; phones offer again what they hold",
    "pictures.restored": "files of pictures were put back from a backup; those in none are asked for again",
    "backup.key_destroyed": "the key of a month's backups was destroyed, because its time was over",
    "badge.issued": "a badge was issued",
    "badge.suspended": "a badge was paused",
    "badge.resumed": "a paused badge counts again",
    "badge.revoked": "a badge was revoked",
}


class BlobRef(Fact):
    """A picture that belongs to an event: hashes of ciphertext and plain text, its own key, and its role."""

    sha256: Sha256
    plain_sha256: Sha256
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    bytes: int = Field(gt=0, le=2_000_000)
    type: Literal["image/jpeg", "image/png", "image/webp", "application/json"]
    role: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class Payload(Fact):
    """The signed part of an event as docs/formats.md §1 gives it; `body` is checked by its kind afterwards."""

    id: UUID
    salt: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
    kind: Word
    v: int = Field(ge=1)
    device: UUID
    seq: int = Field(ge=1)
    prev: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
    scope: AreaCode
    after: int = Field(ge=0)
    actor: UUID
    post: UUID
    subject: UUID | None
    at: AwareDatetime
    offset_ms: int | None
    offset_age_s: int | None
    body: dict[str, object]
    blobs: tuple[BlobRef, ...] = Field(default=(), max_length=16)
