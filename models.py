"""Remembers: tables, constraints, queries. No business verbs: every change of a row is made in actions/.

`…_at` is an aware UTC instant, `…_on` a day in Asia/Shanghai. `scope` is the 12-digit code of a township (or of the
county itself), `area` that of a village. Ids of things born on a phone are minted there, so a resend names the same
row. Columns that only repeat or index others are named in `Meta.derived` and stay out of the leaf (docs/formats.md §3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from peewee import (
    SQL,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    Expression,
    ForeignKeyField,
    IntegerField,
    ModelSelect,
    SmallIntegerField,
    TextField,
    fn,
)

from rules import county_settings
from rules.actors import Actor, Role
from rules.ciphers import uuid7
from rules.rounds import UNDER_WAY
from storage.connection import Keyring as Keyring
from storage.connection import again as again
from storage.connection import bind as bind
from storage.connection import database as database
from storage.connection import is_conflict as is_conflict
from storage.connection import is_sqlite as is_sqlite
from storage.connection import keys as keys
from storage.connection import open_database as open_database
from storage.connection import passing_through as passing_through
from storage.connection import transaction as transaction
from storage.rows import DateField, JsonField, SealedField, SealedJsonField, UtcField, UUIDField
from storage.rows import Row as Row
from storage.rows import canonical as canonical
from storage.rows import leaf_of as leaf_of
from storage.statements import Columns as Columns
from storage.statements import Given as Given
from storage.statements import Lookup as Lookup
from storage.statements import Once as Once
from storage.statements import Rows as Rows
from storage.statements import filled as filled
from storage.statements import for_each as for_each
from storage.statements import given as given
from storage.statements import insert as insert
from storage.statements import update_rows as update_rows
from storage.statements import update_values as update_values
from storage.statements import within as within

# ---- the installation and its clockwork


class Installation(Row):
    """One row: what this database is, for ever, and how often it was restored."""

    kind = TextField()  # demo | real
    epoch = IntegerField(default=1)  # new at each restore of the server
    fingerprint = TextField()  # of the keys it was made with
    made_at = UtcField()
    backed_up_at = UtcField(
        null=True
    )  # when what the newest verified backup holds was read; none: the county keeps no backups
    restored_at = UtcField(null=True)  # the last time
    restored_from = UtcField(null=True)  # when the backup that was put back had been made

    @classmethod
    def is_demo(cls) -> bool:
        return cls.select(cls.kind).scalar() == "demo"


class Scope(Row):
    """The counters of one township (or county): order of `rev` is order of commit, for the row is locked."""

    code = TextField(primary_key=True)
    rev = BigIntegerField(default=0)
    position = BigIntegerField(default=0)
    chain = TextField(default="")
    kept_to = BigIntegerField(default=0)  # inside the last verified backup; unused where the county keeps none
    receipt_on = DateField(null=True)  # day of the last receipt number
    receipt_count = IntegerField(default=0)


class Setting(Row):
    """A business setting; its history is in the journal (`setting.changed`)."""

    key = TextField(primary_key=True)
    value = JsonField()


class Attempt(Row):
    """Misses against a secret, by what was guarded and from where; a limit that guards secrets is a row."""

    key = TextField(primary_key=True)
    misses = IntegerField(default=0)
    next_at = UtcField()

    @classmethod
    def counted(cls, *keys: str, now: datetime) -> dict[str, Any]:
        """The rows of these keys, locked to the end of the transaction: tries made at once are counted one by one."""
        fresh = [{"key": key, "misses": 0, "next_at": now} for key in sorted(keys)]
        cls.insert_many(fresh).on_conflict_ignore().execute()
        found = cls.select().where(cls.key.in_(keys)).order_by(cls.key)
        return {each.key: each for each in (found if is_sqlite() else found.for_update())}


# ---- places and people who work here


class Area(Row):
    """An administrative area by its 12-digit code; a name is no identity (two 石头村)."""

    code = TextField(primary_key=True)
    name = TextField(index=True)
    level = TextField()  # province | city | county | township | village
    parent = TextField(null=True, index=True)
    valid_from = DateField(null=True)
    valid_to = DateField(null=True)
    successor = TextField(null=True)

    @classmethod
    def names(cls, codes: Iterable[str]) -> dict[str, str]:
        """The name of each of these areas."""
        return dict(_AREA_NAMES(codes))


_AREA_NAMES = Lookup(Area.code, Area.name, by=Area.code)


class Station(Row):
    """A service centre, station or point; a village may have several."""

    id = UUIDField(primary_key=True, default=uuid7)
    area = TextField(index=True)
    name = TextField()
    level = TextField()  # township_centre | village_station | service_point
    address = TextField(default="")
    phone = TextField(default="")
    hours = TextField(default="")


class Person(Row):
    """Someone who works here: an agent, an officer, a lead. Rights come from posts."""

    id = UUIDField(primary_key=True, default=uuid7)
    name = TextField()
    initials = TextField(default="")
    unit = TextField(default="")
    duty = TextField(default="")
    phone = TextField(default="")
    photo = BlobField(null=True)  # small JPEG for the badge
    kin = SealedJsonField(null=True)  # self-declared: ids of residents
    removed_at = UtcField(null=True)
    inbox_rev = BigIntegerField(default=0)  # counter of this person's inbox; updating it locks the row

    class Meta:
        derived = ("inbox_rev",)

    @classmethod
    def names(cls, people: Iterable[UUID]) -> dict[UUID, str]:
        """The name of each of these people."""
        return dict(_PEOPLE_NAMES(people))

    @classmethod
    def locked(cls, person: UUID) -> None:
        """Nobody else decides about this person to the end of the transaction; SQLite has one writer anyway."""
        if not is_sqlite():
            cls.select(cls.id).where(cls.id == person).for_update().scalar()

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        """People who hold or held a post where the actor looks after posts."""
        return cls.select().where(cls.id.in_(Post.visible_to(actor, *roles).select(Post.person)))


_PEOPLE_NAMES = Lookup(Person.id, Person.name, by=Person.id)


class Post(Row):
    """Person × role × area × from/to: what one may see and do."""

    id = UUIDField(primary_key=True, default=uuid7)
    person = ForeignKeyField(Person, backref="posts", on_delete="RESTRICT")
    role = TextField()
    area = TextField(index=True)
    scope = TextField(index=True)
    kind = TextField(default="")  # two_committees | group_leader | grid_worker | window | …
    station = ForeignKeyField(Station, null=True, on_delete="RESTRICT")
    from_on = DateField()
    to_on = DateField(null=True)

    @classmethod
    def in_force(cls, on: date) -> ModelSelect[Any]:
        return cls.select().where((cls.from_on <= on) & (cls.to_on.is_null() | (cls.to_on >= on)))

    @classmethod
    def held_by(cls, person: UUID, on: date) -> list[Post]:
        """The posts of one person that are in force: asked at every request."""
        return _POSTS_OF.of([person], *[cls.from_on.db_value(on)] * 2)

    @classmethod
    def leads(cls, on: date) -> list[tuple[UUID, str, str, str]]:
        """(post, area, name, telephone) of all leads in force."""
        return _LEADS([Role.LEAD.value], *[cls.from_on.db_value(on)] * 2)

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, cls.area, actor.prefixes(*(roles or STAFF))))


_IN_FORCE = "from_on <= {} AND (to_on IS NULL OR to_on >= {})"
_POSTS_OF = Rows(Post, by=Post.person, also=_IN_FORCE, order="id")
_LEADS = Lookup(
    Post.id, Post.area, Person.name, Person.phone, by=Post.role, also=_IN_FORCE,
    joined='JOIN "person" ON "person"."id" = "person_id"',
)  # fmt: skip


class Account(Row):
    """A desk sign-in: password (argon2id) and a second factor."""

    person = ForeignKeyField(Person, primary_key=True, on_delete="RESTRICT", backref="account")
    name = TextField(unique=True)
    password = TextField()  # argon2id, with its parameters
    totp_secret = SealedField(null=True)
    totp_step = BigIntegerField(default=0)  # newest step used: a code counts once
    known = BooleanField(default=False)  # sample sign-in of a demo

    class Meta:
        derived = ("totp_step",)  # moves with each sign-in, which is no event


class DeskSession(Row):
    """A signed-in desk: only the hash of its token is kept."""

    token_hash = TextField(primary_key=True)
    person = ForeignKeyField(Person, on_delete="CASCADE")
    made_at = UtcField()
    ends_at = UtcField()
    browser = TextField(default="")


class KnownBrowser(Row):
    """A browser that signed in well before: it is never locked out by others' misses."""

    token_hash = TextField(primary_key=True)
    person = ForeignKeyField(Person, on_delete="CASCADE")
    made_at = UtcField()


# ---- people served


class Household(Row):
    """People under one door."""

    id = UUIDField(primary_key=True, default=uuid7)
    scope = TextField()
    area = TextField(index=True)
    number = TextField(default="")  # as the village numbers it
    group = TextField(default="", column_name="group_name")
    address = TextField(default="")

    class Meta:
        indexes = ((("area", "number"), False),)


class Resident(Row):
    """Someone served. `card` says how much of them is on phones and is kept by actions and by a daily job."""

    id = UUIDField(primary_key=True, default=uuid7)
    scope = TextField()
    area = TextField()
    household = ForeignKeyField(Household, null=True, on_delete="RESTRICT", backref="residents")
    relation = TextField(default="")  # to the head of the household
    group = TextField(default="", column_name="group_name")
    name = TextField()
    initials = TextField(default="")
    other_name = TextField(default="")
    sex = TextField(default="")  # male | female
    birth_on = DateField(null=True)
    birth_year = IntegerField(null=True)
    id_number = SealedField(null=True)
    id_lookup = TextField(null=True)  # keyed hash
    id_tail = TextField(default="")
    id_verified = BooleanField(default=False)
    id_missing_why = TextField(default="")
    people = TextField(default="")  # ethnic group, only where an item needs it
    phone = TextField(default="")
    phone_of = TextField(default="")
    no_phone = BooleanField(default=False)
    needs = TextField(
        default=""
    )  # comma-separated codes: hearing, sight, mobility, wheelchair, bedridden, speech, dialect, alone
    dialect = TextField(default="")
    hours = TextField(default="")  # when at home
    helper = JsonField(null=True)  # {name, relation, phone}
    guardian = JsonField(null=True)
    address = TextField(default="")  # residence, where it differs
    registration_area = TextField(default="")
    paying_area = TextField(default="")
    sensitive = SealedJsonField(null=True)  # disability kind, grade, card; relief; people kinds
    roster_said = SealedJsonField(null=True)  # what a roster said last, so that an old list never undoes newer word
    grid_worker = TextField(default="")
    state = TextField(default="verified")  # provisional | verified | merged | archived
    merged_into = ForeignKeyField("self", null=True, on_delete="RESTRICT", backref="merged")
    life = TextField(default="presumed_alive")  # presumed_alive | death_reported | death_confirmed
    card = TextField(default="name")  # name | full
    card_review_on = DateField(null=True)  # day on which time alone may change the card
    rev = BigIntegerField(default=0)

    class Meta:
        derived = ("initials", "id_lookup", "id_tail", "card", "card_review_on", "rev")
        indexes = (
            (("area", "rev"), False),
            (("scope", "name"), False),
            (("scope", "initials"), False),
            (("scope", "card_review_on"), False),
            (("id_lookup",), False),
        )

    @classmethod
    def provisional(cls) -> Any:
        """Those nobody has matched yet, as the index has them; its condition must stand in the statement word for word."""
        return cls.state == SQL("'provisional'")

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        """The people of the places where the actor holds a post that serves people."""
        return cls.select().where(within(cls.scope, cls.area, actor.prefixes(*(roles or SERVING))))


class Departure(Row):
    """Somebody who left a village's list (moved, merged, archived): phones that hold the row let go of it."""

    area = TextField()
    resident = UUIDField()
    rev = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("area", "resident")
        indexes = ((("area", "rev"), False),)


Resident.add_index(
    Resident.index(Resident.scope, Resident.area, name="resident_provisional", where=SQL("state = 'provisional'"))
)

# One verified person a number; a number not yet verified may stand twice until somebody matches it (R-DAT-1).
Resident.add_index(
    Resident.index(
        Resident.id_lookup,
        name="resident_verified_id",
        unique=True,
        where=SQL("id_verified AND state = 'verified'"),
    )
)


class CareEntry(Row):
    """A place on the care roster: proposed → enrolled → paused → left."""

    id = UUIDField(primary_key=True, default=uuid7)
    resident = ForeignKeyField(Resident, on_delete="RESTRICT", backref="care")
    scope = TextField(index=True)
    area = TextField()
    state = TextField(default="proposed")
    reason = TextField(default="")
    every_days = IntegerField(default=30)
    next_visit_on = DateField(null=True, index=True)
    review_on = DateField(null=True)
    consent = UUIDField(null=True)

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, cls.area, actor.prefixes(*(roles or SERVING))))


class ConsentRecord(Row):
    """asked → given | refused → withdrawn, one row each answer."""

    id = UUIDField(primary_key=True)
    resident = ForeignKeyField(Resident, on_delete="RESTRICT", backref="consents")
    purpose = TextField()
    state = TextField()  # given | refused | withdrawn
    text_version = TextField()
    told = TextField()
    by = TextField(column_name="given_by")
    guardian = TextField(default="")
    mark = JsonField(null=True)
    why = TextField(default="")
    at = UtcField(column_name="happened_at")
    event = UUIDField()


class Entitlement(Row):
    """A benefit somebody draws, from the agency's list; only the agency's file moves `agency_state`."""

    id = UUIDField(primary_key=True, default=uuid7)
    resident = ForeignKeyField(Resident, on_delete="RESTRICT", backref="entitlements")
    scope = TextField()
    area = TextField()
    benefit = TextField()
    number = TextField(default="")
    paying_area = TextField(default="")
    cycle_months = IntegerField()
    last_success_on = DateField(null=True)
    due_on = DateField(index=True)
    agency_state = TextField(default="paying")  # paying | suspended | resumed | ended
    listed = BooleanField(default=True)  # in the newest list of people not yet confirmed
    confirmed_elsewhere_at = UtcField(null=True)

    class Meta:
        indexes = ((("resident", "benefit", "number"), True), (("scope", "listed", "due_on"), False))

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, cls.area, actor.prefixes(*(roles or SERVING))))


# ---- phones


class Device(Row):
    """An agent's phone: its public key, what it said of itself, and what it is told."""

    id = UUIDField(primary_key=True, default=uuid7)
    person = ForeignKeyField(Person, on_delete="RESTRICT", backref="devices")
    scope = TextField(index=True)
    public_key = BlobField()  # SPKI
    mailbox_hash = TextField(unique=True)
    state = TextField(default="active")  # active | send_only | locked | wiped
    order = TextField(default="", column_name="standing_order")  # lock | wipe, until obeyed
    enrolled_at = UtcField()
    enrolled_by = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    heard_at = UtcField(null=True)
    version = TextField(default="")
    waiting_records = IntegerField(default=0)  # as the phone said when last heard
    waiting_blobs = IntegerField(default=0)
    clock_ms = BigIntegerField(null=True)  # server minus phone when last heard
    seq = BigIntegerField(default=0)  # newest record received
    head = TextField(default="")  # its hash
    recovery = SealedField(null=True)  # 24 digits that open the phone once
    recovery_n = IntegerField(default=0)  # which of the phone's own count of codes that is; 0: before they were counted
    locked_at = UtcField(null=True)
    order_at = UtcField(null=True)  # when the standing order was given
    wiped_at = UtcField(null=True)  # when the phone said that it is empty
    lost = JsonField(null=True)  # what an emptied phone could not bring: {"items": [{event, role, why}], "drafts": n}
    newest = BigIntegerField(default=0)  # the newest count of its own that the phone ever said it wrote
    missing = JsonField(null=True)  # [[first, last], …] of its own count that the phone says it lost
    emptied_at = UtcField(null=True)  # when the county heard that its store had been emptied, by nobody's order

    class Meta:
        derived = (
            "heard_at",
            "version",
            "waiting_records",
            "waiting_blobs",
            "clock_ms",
            "seq",
            "head",
            "recovery",
            "recovery_n",
            "order",
            "order_at",
            "wiped_at",
            "lost",
            "newest",
            "missing",
            "emptied_at",
        )

    @classmethod
    def in_order(cls, kept: Iterable[tuple[Any, ...]]) -> list[Device]:
        """The phones with these ids, which are as the database keeps them, in the same order."""
        wanted = [cls.id.python_value(key) for (key,) in kept]
        found = {each.id: each for each in _DEVICES.of(wanted)} if wanted else {}
        return [found[key] for key in wanted if key in found]

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, None, actor.prefixes(*(roles or DESKS))))


_DEVICES = Rows(Device, by=Device.id)


class RecoveryReading(Row):
    """Somebody was shown the digits that open a phone: who, when, and which of the phone's codes."""

    id = UUIDField(primary_key=True, default=uuid7)
    device = ForeignKeyField(Device, on_delete="RESTRICT", backref="readings", index=False)
    person = ForeignKeyField(Person, on_delete="RESTRICT", backref="+", index=False)
    n = IntegerField()
    why = TextField()
    at = UtcField(column_name="read_at")

    class Meta:
        indexes = ((("device", "at"), False), (("person", "at"), False))


class ClosedTail(Row):
    """A stretch of a phone's own count that never came and will not: lead and agent closed it, with words."""

    id = UUIDField(primary_key=True, default=uuid7)
    device = ForeignKeyField(Device, on_delete="RESTRICT", backref="closed_tails")
    scope = TextField(index=True)
    first = BigIntegerField(column_name="first_seq")
    last = BigIntegerField(column_name="last_seq")
    words = TextField()
    asked = BooleanField()  # the agent was asked; false: could not be
    closed_by = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    closed_at = UtcField()


class Enrolment(Row):
    """A code shown once for one phone: offered → claimed → released | void | expired."""

    id = UUIDField(primary_key=True, default=uuid7)
    person = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    scope = TextField(index=True)
    code_hash = TextField(unique=True)  # keyed, of all 26 characters
    typed_hash = TextField(unique=True)  # keyed, of the 10 that can be typed
    code = SealedField(null=True)  # to draw it again on the lead's page; gone once claimed
    state = TextField(default="offered")
    offered_by = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    offered_at = UtcField()
    ends_at = UtcField()
    public_key = BlobField(null=True)
    digits = SealedField(null=True)
    claim_hash = TextField(null=True)
    mailbox = SealedField(null=True)  # handed over at release
    version = TextField(default="")
    again = JsonField(null=True)  # {device, mailbox}: what the phone says it was, and the hash of its token
    device = ForeignKeyField(Device, null=True, on_delete="RESTRICT", backref="+")

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, None, actor.prefixes(*(roles or DESKS))))


class PhoneChallenge(Row):
    """Something random to sign, once, within two minutes."""

    token_hash = TextField(primary_key=True)
    device = ForeignKeyField(Device, on_delete="CASCADE")
    ends_at = UtcField()


class PhoneSession(Row):
    token_hash = TextField(primary_key=True)
    device = ForeignKeyField(Device, on_delete="CASCADE")
    made_at = UtcField()
    ends_at = UtcField()


class Challenge(Row):
    """A gesture issued to one agent for one person, fetched before leaving (R-LIF-7)."""

    id = UUIDField(primary_key=True, default=uuid7)
    person = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    resident = ForeignKeyField(Resident, on_delete="RESTRICT", backref="+")
    gestures = JsonField()  # {normal, one_side, bedridden, none: code of the county's list}
    issued_at = UtcField()
    ends_at = UtcField()

    class Meta:
        indexes = ((("person", "resident", "ends_at"), False),)


# ---- the journal


class JournalEntry(Row):
    """Everything that happened, once, in order of receipt within its scope."""

    scope = TextField()
    position = BigIntegerField()
    id = UUIDField(unique=True)
    hash = TextField()
    chain = TextField()
    kind = TextField()
    v = SmallIntegerField()
    device = UUIDField(null=True)  # null: a desk
    seq = BigIntegerField()
    prev = TextField()
    actor = UUIDField(null=True)
    post = UUIDField(null=True)
    subject = UUIDField(null=True)
    at = UtcField(column_name="happened_at")
    received_at = UtcField()
    state = TextField()  # accepted | held | adopted | answered
    why = TextField(default="")  # held: post-not-in-force, device-locked, time-uncertain, fork
    number = TextField(default="")
    payload = SealedField(null=True)  # null once erased
    signature = BlobField()
    leaves = TextField(default="{}")

    class Meta:
        primary_key = CompositeKey("scope", "position")
        derived = ("state", "why")
        indexes = ((("device", "seq"), False), (("subject", "received_at"), False))

    @classmethod
    def held(cls) -> Any:
        """Those that wait for people, as the index has them; its condition must stand in the statement word for word."""
        return cls.state == SQL("'held'")


# All others would only fill it: a journal has millions of entries, a tray a few.
JournalEntry.add_index(
    JournalEntry.index(
        JournalEntry.scope, JournalEntry.position, name="journal_entry_held", where=SQL("state = 'held'")
    )
)


class Refusal(Row):
    """An item that could not be taken, kept as it came so that people see it and nothing is lost."""

    id = UUIDField()
    hash = TextField()
    device = UUIDField(null=True)
    seq = BigIntegerField(null=True)  # its place in the phone's own count, where it could be read
    scope = TextField(index=True)
    why = TextField()
    received_at = UtcField()
    item = SealedJsonField()  # a clear item names people

    class Meta:
        primary_key = CompositeKey("id", "hash")


class Picture(Row):
    """A sealed picture named by an event: the ciphertext as the phone made it, its own key apart."""

    event = UUIDField()
    role = TextField()
    device = UUIDField()
    sha256 = TextField()
    plain_sha256 = TextField()
    key = SealedField()
    bytes = IntegerField()
    type = TextField()
    got = IntegerField(default=0)  # bytes received so far
    state = TextField(
        default="wanted"
    )  # wanted | bad (came damaged, wanted again) | stored | shown (a copy exists) | unshowable | forgotten (its time was over)
    stored_at = UtcField(null=True)
    near_hash = TextField(default="")  # perceptual, for the near-copy search
    kept = BooleanField(default=False)  # the newest verified backup holds it

    class Meta:
        primary_key = CompositeKey("event", "role")
        derived = ("got", "state", "stored_at", "near_hash", "kept")
        indexes = ((("device", "state"), False), (("state", "stored_at"), False), (("device", "kept"), False))


class ReadEntry(Row):
    """Who looked at whose data, in its own chain (R-PRI-5)."""

    scope = TextField()
    position = BigIntegerField()
    chain = TextField()
    person = UUIDField()
    resident = UUIDField(null=True, index=True)
    what = TextField()
    reason = TextField(default="")
    at = UtcField(column_name="happened_at")

    class Meta:
        primary_key = CompositeKey("scope", "position")


# ---- what happened at the doors


class Visit(Row):
    """One agent at one home, once."""

    id = UUIDField(primary_key=True)
    resident = ForeignKeyField(Resident, on_delete="RESTRICT", backref="visits", index=False)
    scope = TextField()
    area = TextField()
    person = ForeignKeyField(Person, on_delete="RESTRICT", backref="visits", index=False)
    post = UUIDField()
    device = UUIDField()
    event = UUIDField(unique=True)
    number = TextField(default="")
    reasons = TextField()  # comma-separated
    outcome = TextField()
    where = TextField(default="", column_name="whereto")
    notes = TextField(default="")
    met = JsonField(null=True)
    badge_shown = BooleanField(null=True)
    mark = JsonField(null=True)
    started_at = UtcField()
    ended_at = UtcField()
    received_at = UtcField()
    offset_ms = BigIntegerField(null=True)
    return_on = DateField(null=True)
    flags = TextField(
        default=""
    )  # comma-separated exceptions: no_mark, late, clock, overlap, many, kin, badge, unsure_time
    state = TextField(default="synced")  # synced | queried | answered | checked
    checked_by = ForeignKeyField(Person, null=True, on_delete="RESTRICT", backref="+", index=False)
    checked_at = UtcField(null=True)
    query = UUIDField(null=True)
    query_words = TextField(default="")
    answer_words = TextField(default="")
    corrected_by = UUIDField(null=True)  # the event that replaced it
    position = JsonField(null=True)
    resident_name = TextField(default="")
    resident_initials = TextField(default="")

    class Meta:
        derived = ("resident_name", "resident_initials")
        indexes = (
            (("ended_at", "id"), False),
            (("scope", "ended_at", "id"), False),
            (("area", "ended_at"), False),
            (("person", "ended_at"), False),
            (("resident", "ended_at"), False),
            (("scope", "state", "ended_at", "id"), False),
            (("scope", "resident_name"), False),
            (("scope", "resident_initials"), False),
            (("scope", "outcome", "ended_at", "id"), False),
        )

    @classmethod
    def flagged(cls) -> Any:
        """Those with exceptions, as the index has them; its condition must stand in the statement word for word."""
        return (cls.flags != SQL("''")) & cls.corrected_by.is_null()

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, cls.area, actor.prefixes(*(roles or DESKS))))


Visit.add_index(
    Visit.index(Visit.scope, Visit.ended_at, name="visit_flagged", where=SQL("flags <> '' AND corrected_by IS NULL"))
)


class LifeVerification(Row):
    """One attempt to verify a life: captured → checked_ok | sent_back → exported → acknowledged."""

    id = UUIDField(primary_key=True)
    visit = UUIDField(null=True, index=True)
    resident = ForeignKeyField(Resident, on_delete="RESTRICT", backref="verifications")
    scope = TextField()
    area = TextField()
    event = UUIDField(unique=True)
    entitlements = JsonField()  # ids
    state = (
        TextField()
    )  # captured | checked_ok | sent_back | closed_other | exported | acknowledged | rejected_by_agency
    outcome = TextField(default="")  # closed_other: why not taken
    captured_by = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    second_agent = UUIDField(null=True)
    captured_at = UtcField()
    received_at = UtcField()
    challenge = UUIDField(null=True)
    gesture = TextField(default="")
    challenge_lapsed = BooleanField(default=False)
    document = TextField(default="")
    condition = TextField(default="")
    witness = JsonField(null=True)
    kin = BooleanField(default=False)
    mark = JsonField(null=True)
    loss = TextField(default="")
    remarks = TextField(default="")
    official_app_receipt = TextField(default="")
    retake_of = UUIDField(null=True)
    checked_by = ForeignKeyField(Person, null=True, on_delete="RESTRICT", backref="+")
    checked_at = UtcField(null=True)
    sent_back_why = TextField(default="")
    revisit_on = DateField(null=True)

    class Meta:
        indexes = ((("scope", "state", "captured_at"), False), (("resident", "captured_at"), False))

    @classmethod
    def not_retaken(cls) -> Expression:
        """Of those sent back: no picture has come since that stands or waits for its check, as phones see it too."""
        later = cls.alias()
        stands = later.state.in_(sorted(UNDER_WAY)) & (later.captured_at > cls.captured_at)
        again = later.select(later.id).where((later.resident == cls.resident) & ((later.retake_of == cls.id) | stands))
        return ~fn.EXISTS(again)

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, cls.area, actor.prefixes(*(roles or DESKS))))


class Request(Row):
    """What somebody needs, in their words: raised → taken_on → answered | passed_on | declined."""

    id = UUIDField(primary_key=True)
    resident = ForeignKeyField(Resident, null=True, on_delete="RESTRICT", backref="requests")
    scope = TextField()
    area = TextField()
    event = UUIDField(unique=True)
    visit = UUIDField(null=True, index=True)
    words = TextField()
    may_act = JsonField(null=True)
    papers = JsonField(null=True)
    state = TextField(default="raised")
    raised_by = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    raised_at = UtcField()
    received_at = UtcField()
    owner = ForeignKeyField(Person, null=True, on_delete="RESTRICT", backref="+")
    answer = TextField(default="")
    passed_to = TextField(default="")
    answered_at = UtcField(null=True)

    class Meta:
        indexes = ((("scope", "state", "raised_at"), False),)

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, cls.area, actor.prefixes(*(roles or DESKS))))


class Delivery(Row):
    """A result on its way to a hand: ready → delivered | attempted → back → ready."""

    OPEN = ("ready", "attempted")  # not in the right hands yet, and not back at the station

    id = UUIDField(primary_key=True, default=uuid7)
    resident = ForeignKeyField(Resident, on_delete="RESTRICT", backref="deliveries")
    scope = TextField()
    area = TextField()
    what = TextField()
    money_function = BooleanField(default=False)  # bank or social card: self or guardian only
    who_may = TextField(default="")
    agent = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    due_on = DateField(index=True)
    state = TextField(default="ready")
    planned_by = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    planned_at = UtcField()
    tries = IntegerField(default=0)
    made = JsonField(null=True)  # to, name, relation, identity_seen, mark, or why not
    done_at = UtcField(null=True)
    event = UUIDField(null=True)
    visit = UUIDField(null=True, index=True)

    class Meta:
        indexes = ((("scope", "state", "due_on"), False),)

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, cls.area, actor.prefixes(*(roles or DESKS))))


class DeathReport(Row):
    """reported → confirmed | mistaken; from the report on, all visits and letters stop."""

    id = UUIDField(primary_key=True)
    resident = ForeignKeyField(Resident, on_delete="RESTRICT", backref="deaths")
    scope = TextField()
    area = TextField()
    event = UUIDField(unique=True)
    state = TextField(default="reported")
    reporter = TextField()
    relation = TextField(default="")
    died_on = DateField(null=True)
    source = TextField()
    words = TextField(default="")
    reported_by = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    reported_at = UtcField()
    decided_by = ForeignKeyField(Person, null=True, on_delete="RESTRICT", backref="+")
    decided_at = UtcField(null=True)
    decided_source = TextField(default="")
    note = TextField(default="")

    class Meta:
        indexes = ((("scope", "state"), False),)

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, cls.area, actor.prefixes(*(roles or DESKS))))


class Complaint(Row):
    """A complaint or suggestion about the program or the work it makes (R-BUR-2)."""

    id = UUIDField(primary_key=True)
    scope = TextField()
    event = UUIDField(unique=True)
    kind = TextField()
    words = TextField()
    person = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    made_at = UtcField()
    received_at = UtcField()
    state = TextField(default="received")  # received | answered
    answer = TextField(default="")
    answered_by = ForeignKeyField(Person, null=True, on_delete="RESTRICT", backref="+")
    answered_at = UtcField(null=True)

    class Meta:
        indexes = ((("scope", "state", "made_at"), False),)

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, None, actor.prefixes(*(roles or DESKS))))


class Clash(Row):
    """A field that desk and phone changed from the same value to different ones: both are shown, a person decides."""

    id = UUIDField(primary_key=True, default=uuid7)
    resident = ForeignKeyField(Resident, on_delete="RESTRICT", backref="clashes")
    scope = TextField(index=True)
    area = TextField()
    field = TextField(column_name="field_name")
    base = TextField(null=True)
    ours = TextField(null=True)
    theirs = TextField(null=True)
    event = UUIDField()
    noted_by = UUIDField()
    noted_at = UtcField()
    state = TextField(default="open")  # open | ours | theirs

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, cls.area, actor.prefixes(*(roles or DESKS))))


class InboxMessage(Row):
    """Something a person should know on the phone or at the desk; part of the sync. No push text holds it."""

    id = UUIDField(primary_key=True, default=uuid7)
    person = ForeignKeyField(Person, on_delete="CASCADE", backref="inbox", index=False)
    scope = TextField()
    rev = BigIntegerField()
    kind = TextField()  # as api/phone/wire.py InboxRow lists them
    subject = UUIDField(null=True)  # resident
    about = UUIDField(null=True)  # verification, visit, request …
    words = TextField(default="")
    at = UtcField(column_name="happened_at")
    done_at = UtcField(null=True)

    class Meta:
        derived = ("rev",)
        indexes = ((("person", "rev"), False),)


# ---- badges


class Badge(Row):
    """Shows that an agent is one: issued → active → suspended ↔ active → lost, revoked, expired."""

    id = UUIDField(primary_key=True, default=uuid7)
    public_id = TextField(unique=True)  # 96 random bits
    number = TextField(unique=True)  # with a check character, can be read over the phone
    person = ForeignKeyField(Person, on_delete="RESTRICT", backref="badges")
    scope = TextField(index=True)
    area = TextField()
    name = TextField()
    unit = TextField()
    duty = TextField()
    photo = BlobField(null=True)
    phone = TextField(default="")  # the office to call
    state = TextField(default="active")  # active | suspended | lost | revoked
    valid_from = DateField()
    valid_to = DateField()
    issued_by = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    issued_at = UtcField()
    ended_why = TextField(default="")
    ended_at = UtcField(null=True)
    secret = SealedField()  # for the live code

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, None, actor.prefixes(*(roles or DESKS))))


class BadgeScan(Row):
    """A check at a door: time, badge, result, kind of browser. No resident, no place (R-BDG-3)."""

    badge = ForeignKeyField(Badge, null=True, on_delete="CASCADE", backref="scans")
    at = UtcField(column_name="happened_at", index=True)
    result = TextField()
    client = TextField(default="")


# ---- lists that come in


class Import(Row):
    """A file on its way in: by chunks, resumable, every row accounted for."""

    id = UUIDField(primary_key=True, default=uuid7)
    kind = TextField()  # roster | entitlements | areas
    scope = TextField(index=True)  # what the uploader may touch
    file_name = TextField()
    sha256 = TextField()
    file = SealedField(null=True)  # path of the sealed upload, until it is done
    person = ForeignKeyField(Person, null=True, on_delete="RESTRICT", backref="+")
    by = TextField(column_name="made_by")  # sign-in name or the operating system's user
    dry_run = BooleanField(default=False)
    state = TextField(default="waiting")  # waiting | running | done | failed
    rows_total = IntegerField(default=0)
    rows_done = IntegerField(default=0)
    counts = JsonField(null=True)  # {imported, updated, unchanged, duplicate, review}
    problem = TextField(default="")
    started_at = UtcField()
    ended_at = UtcField(null=True)

    class Meta:
        derived = ("state", "rows_done", "rows_total", "counts", "problem", "ended_at", "file")

    @classmethod
    def visible_to(cls, actor: Actor, *roles: Role) -> ModelSelect[Any]:
        return cls.select().where(within(cls.scope, None, actor.prefixes(*(roles or DESKS))))


class ImportRow(Row):
    """A source row that needs a person: what it said, why, and what is proposed."""

    import_ = ForeignKeyField(Import, column_name="import_id", on_delete="CASCADE", backref="rows")
    sheet = TextField()
    row = IntegerField(column_name="row_number")
    outcome = TextField()
    reasons = JsonField()
    values = SealedJsonField()  # the cells as they stood
    proposal = SealedJsonField(null=True)

    class Meta:
        indexes = ((("import_", "sheet", "row"), True),)


# ---- tables that somebody takes away


class Workbook(Row):
    """The visit log as a workbook for whoever asked: a job writes it; it is kept sealed, for some days."""

    id = UUIDField(primary_key=True, default=uuid7)
    person = ForeignKeyField(Person, on_delete="RESTRICT", backref="+")
    posts = JsonField()  # ids of those that opened it: a post gained later opens nothing more
    filters = SealedJsonField()  # as in the address; they may name somebody
    language = TextField()
    state = TextField(default="waiting")  # waiting | running | done | failed
    rows_total = IntegerField(default=0)
    rows_done = IntegerField(default=0)
    begun = IntegerField(default=0)  # how often; more than once where its process died
    problem = TextField(default="")
    key = SealedField(null=True)  # opens its file and no other one
    bytes = BigIntegerField(default=0)  # of the file, opened
    asked_at = UtcField()
    ended_at = UtcField(null=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ModelSelect[Any]:
        """Their own: what one may see in the log is another's matter."""
        return cls.select().where(cls.person == actor.person)


SERVING = (
    Role.AGENT, Role.CLERK, Role.VILLAGE_REVIEWER, Role.TOWNSHIP_OFFICER, Role.DEPUTY_LEADER, Role.TOWNSHIP_HEAD,
    Role.LEAD, Role.COUNTY,
)  # fmt: skip
#: Roles that work at a desk and see records of their places. A sysadmin and an auditor see no business data here.
DESKS = (
    Role.CLERK, Role.TOWNSHIP_OFFICER, Role.DEPUTY_LEADER, Role.TOWNSHIP_HEAD, Role.LEAD, Role.COUNTY,
)  # fmt: skip
#: Roles that look after people and their posts; no resident is shown for it.
STAFF = (Role.LEAD, Role.TOWNSHIP_HEAD, Role.COUNTY, Role.SYSADMIN)

#: Every table, parents first.
TABLES: tuple[type[Row], ...] = (
    Installation, Scope, Setting, Attempt, Area, Station, Person, Post, Account, DeskSession, KnownBrowser, Household,
    Resident, Departure, CareEntry, ConsentRecord, Entitlement, Device, RecoveryReading, ClosedTail, Enrolment,
    PhoneChallenge, PhoneSession, Challenge,
    JournalEntry, Refusal, Picture, ReadEntry, Visit, LifeVerification, Request, Delivery, DeathReport, Complaint,
    Clash, InboxMessage, Badge, BadgeScan, Import, ImportRow,
    Workbook,
)  # fmt: skip


def next_revs(scope: str, count: int = 1) -> int:
    """Take `count` revisions of the scope's feed and give the first; only inside a transaction that names the scope."""
    p = database.param
    sql = f'UPDATE "scope" SET "rev" = "rev" + {p} WHERE "code" = {p} RETURNING "rev"'  # noqa: S608
    row = database.execute_sql(sql, [count, scope]).fetchone()
    if row is None:
        Scope.insert(code=scope, rev=count).execute()
        return 1
    return int(row[0]) - count + 1


_SETTINGS = Lookup(Setting.key, Setting.value, by=Setting.key)


def setting(key: str) -> Any:
    """The county's value of a business setting, or its default. Raises KeyError for a name that is none."""
    return settings_of(key)[key]


def own_settings() -> dict[str, Any]:
    """What the county has set by itself; all else is as in `county_settings.ALL`."""
    return dict(_SETTINGS(sorted(county_settings.ALL)))


def settings_of(*keys: str) -> dict[str, Any]:
    """Several business settings by one query."""
    own = dict(_SETTINGS(keys))
    return {key: own.get(key, county_settings.ALL[key].default) for key in keys}


def working_calendar() -> dict[date, bool]:
    """Days that are worked or free otherwise than the State Council's calendar says, as the county has set them."""
    return {date.fromisoformat(day): bool(worked) for day, worked in setting("calendar.days").items()}


def posts_of(people: Iterable[UUID], *, on: date) -> Mapping[UUID, list[Post]]:
    """The posts in force of several people at once."""
    found: dict[UUID, list[Post]] = {}
    for post in Post.in_force(on).where(Post.person.in_(list(people))):
        found.setdefault(post.person_id, []).append(post)
    return found
