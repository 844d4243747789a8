"""What phones send: opened, checked, filed or held or refused, all at once, each with a receipt that can be read out.

`receive` works on a batch: one query for known ids, one for posts, one for each kind of thing, one insert a table, one
transaction. An item that cannot be read does not stop the others; one that breaks the batch is found by taking them
one by one, and is held.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from peewee import OperationalError
from pydantic import ValidationError

import models
from actions import (
    arrivals,
    backups,
    complaints,
    consents,
    corrections,
    deaths,
    deliveries,
    inbox,
    journal,
    pictures,
    requests,
    residents,
    verifications,
    visits,
)
from actions.arrivals import Arrived, Batch
from actions.phones import end_sessions
from models import Device, JournalEntry, Lookup, Person, Post, Refusal, Visit, transaction
from rules import admission as rule
from rules import ciphers, events
from rules.admission import Held, PhoneFacts, PostFacts, Refused, Span
from rules.days import day_of
from rules.enrolment import CARRIES_PHONE
from rules.visits import may_correct

log = structlog.get_logger()

SHA256 = re.compile("[0-9a-f]{64}")
LARGEST = 2**53  # counts beyond are no counts of ours, and no database holds them


@dataclass(frozen=True)
class Item:
    """An event as it came: sealed for the county, or in the clear from the phone that signed it."""

    id: str
    hash: str
    device: str
    sealed: str = ""
    payload: str = ""
    signature: str = ""
    raw: Any = None  # as it came, to keep if it is refused


@dataclass(frozen=True)
class Receipt:
    id: str
    hash: str
    scope: str
    position: int | None
    state: str
    reason: str = ""
    number: str = ""


@dataclass
class _Opened:
    """A readable, truly signed event."""

    item: Item
    record: Arrived
    phone: Any  # the Device that signed it
    payload: events.Payload


def receive(items: Sequence[Item], *, now: datetime, only_from: Any = None, carrier: Any = None) -> list[Receipt]:
    """Take in a batch; give one receipt each, in order.

    `only_from`: items in the clear count only from that phone. `carrier`: the phone or desk that brought them, in whose
    township (`scope`) people see what nobody can read.
    """
    if not items:
        return []
    carrier = carrier or only_from
    phones = _phones(items, only_from)
    opened: list[_Opened | Receipt] = [_open(item, phones, only_from) for item in items]
    readable = [each for each in opened if isinstance(each, _Opened)]
    refused = [(item, each) for item, each in zip(items, opened, strict=True) if isinstance(each, Receipt)]
    receipts = _admit(readable, now)
    if refused:
        _keep_refused(refused, phones, carrier, now)
    return [each if isinstance(each, Receipt) else receipts[id(each)] for each in opened]


# ---- opening


def _phones(items: Iterable[Item], here: Any) -> dict[str, Any]:
    """The phones that signed these items, by id as text; `here` is known already."""
    found = {} if here is None else {str(here.id): here}
    wanted = set()
    for item in items:
        try:
            wanted |= {UUID(item.device)} if item.device not in found else set()
        except (ValueError, AttributeError, TypeError):
            continue
    rows = Device.select(Device, Person).join(Person).where(Device.id.in_(wanted)) if wanted else ()
    return found | {str(each.id): each for each in rows}


def _open(item: Item, phones: Mapping[str, Any], only_from: Any) -> _Opened | Receipt:
    """Open, compare, check the signature. What fails here can be read by nobody, or is not what it says."""
    phone = phones.get(item.device)
    if not item.device or not (item.sealed or item.payload):
        return _refuse(item, Refused.MALFORMED)
    if phone is None:
        return _refuse(item, Refused.UNKNOWN_DEVICE)
    if item.payload and only_from is not None and phone.id != only_from.id:
        return _refuse(item, Refused.UNKNOWN_DEVICE)
    try:
        payload, signature = _inside(item)
        digest = ciphers.event_hash(payload)
    except (ciphers.Unreadable, ValueError, KeyError, TypeError, RecursionError):
        return _refuse(item, Refused.UNREADABLE)
    if digest != item.hash:
        return _refuse(item, Refused.HASH_DIFFERS)
    if not ciphers.signature_fits(_key(phone), ciphers.EVENT_PREFIX + payload, signature):
        return _refuse(item, Refused.SIGNATURE)
    said = read_payload(payload)
    if said is None:
        return _refuse(item, Refused.MALFORMED)
    if str(said.id) != item.id or said.device != phone.id or max(said.seq, said.after) > LARGEST or said.v > 32_767:
        return _refuse(item, Refused.MALFORMED)
    try:
        at = said.at.astimezone(UTC)
    except OverflowError:  # the first or last day there is, in another zone
        return _refuse(item, Refused.MALFORMED)
    record = Arrived(
        id=said.id, scope=said.scope, hash=item.hash, kind=said.kind, v=said.v, device=said.device, seq=said.seq,
        prev=said.prev, actor=said.actor, post=said.post, subject=said.subject, at=at, payload=payload,
        signature=signature, blobs=said.blobs, after=said.after, offset_ms=said.offset_ms,
    )  # fmt: skip
    return _Opened(item, record, phone, said)


HALF = re.compile("[\ud800-\udfff]")


def read_payload(text: str) -> events.Payload | None:
    """The signed text as values, or None where it is no event.

    A text field cut in the middle of an emoji leaves half of it: JavaScript writes it, strict readers refuse it. The
    signed text stays as it is; in the row that half becomes a replacement character.
    """
    try:
        return events.Payload.model_validate_json(text)
    except ValidationError:
        if "\\ud" not in text.lower():
            return None
    try:
        return events.Payload.model_validate(_whole(json.loads(text)))
    except (ValidationError, ValueError, RecursionError):
        return None


def _whole(value: Any) -> Any:
    match value:
        case str():
            return HALF.sub("\ufffd", value)
        case list():
            return [_whole(each) for each in value]
        case dict():
            return {_whole(name): _whole(each) for name, each in value.items()}
    return value


def _inside(item: Item) -> tuple[str, bytes]:
    if item.payload:
        return item.payload, ciphers.unb64(item.signature)
    info = ciphers.item_info(item.id, item.hash, item.device)
    found = json.loads(ciphers.hpke_open(models.keys().county, ciphers.unb64(item.sealed), info))
    payload, signature = found["payload"], found["signature"]
    if not isinstance(payload, str):
        raise ValueError("payload is no text")
    return payload, ciphers.unb64(signature)


def _key(phone: Any) -> Any:
    """The phone's public key, read once a batch."""
    if not hasattr(phone, "_read_key"):
        phone._read_key = ciphers.public_key_from(bytes(phone.public_key))
    return phone._read_key


def _refuse(item: Item, why: Refused) -> Receipt:
    return Receipt(item.id, item.hash, "", None, "refused", why.value)


def _keep_refused(
    refused: Sequence[tuple[Item, Receipt]], phones: Mapping[str, Any], carrier: Any, now: datetime
) -> None:
    """Keep refused items as they came, so that people see them; the same item is kept once."""
    rows: dict[tuple[UUID, str], dict[str, Any]] = {}
    for item, receipt in refused:
        phone = phones.get(item.device)
        seen_by = phone or carrier
        try:
            key = UUID(item.id)
        except (ValueError, AttributeError, TypeError):
            key = ciphers.uuid7(int(now.timestamp() * 1000))
        digest = item.hash if SHA256.fullmatch(item.hash) else ciphers.sha256(repr(item.raw).encode())
        rows[key, digest] = {
            "id": key, "hash": digest, "device": phone.id if phone else None, "scope": seen_by.scope if seen_by else "",
            "seq": None, "why": receipt.reason, "received_at": now, "item": _keepable(item),
        }  # fmt: skip
    with transaction():
        Refusal.insert_many(list(rows.values())).on_conflict_ignore().execute()


def _keepable(item: Item) -> Any:
    raw = item.raw if item.raw is not None else {"id": item.id, "hash": item.hash, "device": item.device}
    text = models.canonical({"item": raw})
    return {"item": raw} if len(text) <= 300_000 else {"cut": text[:300_000]}


# ---- admitting


def _admit(opened: Sequence[_Opened], now: datetime) -> dict[int, Receipt]:
    """Admit all in one transaction; if that breaks, one by one, so that one item cannot hold up the others."""
    if not opened:
        return {}
    try:
        return models.again(lambda: _admit_together(_as_they_came(opened), now))
    except OperationalError:  # busy or gone: the phone tries again
        raise
    except Exception as error:  # whatever it is, it must not keep a phone from handing in the rest
        log.error("batch broke", count=len(opened), exc_info=error)
    if len(opened) > 1:
        found: dict[int, Receipt] = {}
        for each in opened:
            found |= _admit([each], now)
        return found
    return models.again(lambda: _admit_together(_as_they_came(opened), now, breaks=True))


def _as_they_came(opened: Sequence[_Opened]) -> Sequence[_Opened]:
    """What an earlier try that broke has written into the records is taken out again."""
    for each in opened:
        record = each.record
        record.body, record.state, record.why, record.number, record.position = None, "accepted", "", "", 0
        record.rows = []
    return opened


def _admit_together(opened: Sequence[_Opened], now: datetime, *, breaks: bool = False) -> dict[int, Receipt]:
    posts = posts_by_id(each.payload.post for each in opened)
    for each in opened:
        post = posts.get(each.payload.post)
        each.record.scope = post.scope if post is not None and post.person == each.payload.actor else each.phone.scope
    with transaction(*{scope for each in opened for scope in (each.record.scope, each.phone.scope)}):
        _see_states(opened)
        receipts, fresh = _sift(opened)
        if not fresh:
            _keep_other_content(opened, receipts, now)
            return receipts
        batch = Batch(now=now, received_at=now, posts=posts)
        batch.people = {each.phone.person_id: each.phone.person for each in fresh}
        forks = _decide(fresh, batch, now, breaks=breaks)
        apply([each.record for each in fresh if each.record.state == "accepted"], batch)
        _save(fresh, batch, now)
        _note_forks(forks, now)
        _keep_other_content(opened, receipts, now)
    for each in fresh:
        receipts[id(each)] = _receipt(each.record)
        each.phone.seq = max(each.phone.seq, each.record.seq)
    by_id = {each.record.id: receipts[id(each)] for each in fresh}
    for each in opened:  # the same event twice in one batch: both get the one receipt
        if id(each) not in receipts:
            receipts[id(each)] = by_id[each.record.id]
    return receipts


_STATES = Lookup(Device.id, Device.state, by=Device.id)


def _see_states(opened: Sequence[_Opened]) -> None:
    """Whether the phones are locked, as it stands now that their townships are ours: a lock just made counts."""
    states = dict(_STATES({each.phone.id for each in opened}))
    for each in opened:
        each.phone.state = states[each.phone.id]


_p = Post
POSTS = Lookup(_p.id, _p.person, _p.role, _p.area, _p.scope, _p.from_on, _p.to_on, by=_p.id)


def posts_by_id(wanted: Iterable[UUID]) -> dict[UUID, PostFacts]:
    """Posts as the rules see them."""
    return {row[0]: PostFacts(*row) for row in POSTS(set(wanted))}


_e = JournalEntry
_FOR_RECEIPT = (_e.id, _e.hash, _e.scope, _e.position, _e.state, _e.why, _e.number)
_KNOWN = Lookup(*_FOR_RECEIPT, by=_e.id)
_KNOWN_OF_PHONE = Lookup(*_FOR_RECEIPT, by=_e.id, also="device = {}")
_HEARD = Lookup(_e.position, _e.received_at, by=_e.position, also="scope = {}")
_PLACES = Lookup(_e.seq, by=_e.seq, also="device = {}")


def _sift(opened: Sequence[_Opened]) -> tuple[dict[int, Receipt], list[_Opened]]:
    """Set apart what came before: same id and hash, the same receipt; same id, other content, refused."""
    known = {row[0]: row[1:] for row in _KNOWN(each.record.id for each in opened)}
    receipts: dict[int, Receipt] = {}
    fresh: dict[UUID, _Opened] = {}
    for each in opened:
        record = each.record
        first = known.get(record.id)
        if first is not None and first[0] == record.hash:
            receipts[id(each)] = _receipt_again(each.item, first)
        elif first is not None or (record.id in fresh and fresh[record.id].record.hash != record.hash):
            receipts[id(each)] = _refuse(each.item, Refused.OTHER_CONTENT)
        else:
            fresh.setdefault(record.id, each)
    return receipts, list(fresh.values())


def _receipt_again(item: Item, first: tuple[Any, ...]) -> Receipt:
    _, scope, position, state, why, number = first
    stands = "held" if state in ("held", "answered") else "accepted"
    return Receipt(item.id, item.hash, scope, position, stands, why if stands == "held" else "", number)


def receipts_of(events_: Iterable[UUID], device: UUID) -> list[Receipt]:
    """The receipts of this phone's records as they stand now: a held one may have been adopted since."""
    rows = _KNOWN_OF_PHONE(events_, _e.device.db_value(device))
    return [_receipt_again(Item(str(row[0]), row[1], str(device)), row[1:]) for row in rows]


def _receipt(record: Arrived) -> Receipt:
    return Receipt(str(record.id), record.hash, record.scope, record.position, record.state, record.why, record.number)


def _keep_other_content(opened: Sequence[_Opened], receipts: Mapping[int, Receipt], now: datetime) -> None:
    rows = [
        {
            "id": each.record.id, "hash": each.record.hash, "device": each.phone.id, "scope": each.record.scope,
            "seq": each.record.seq, "why": Refused.OTHER_CONTENT.value, "received_at": now, "item": _keepable(each.item),
        }
        for each in opened
        if id(each) in receipts and receipts[id(each)].reason == Refused.OTHER_CONTENT
    ]  # fmt: skip
    if rows:
        Refusal.insert_many(rows).on_conflict_ignore().execute()


# ---- deciding


def _decide(fresh: Sequence[_Opened], batch: Batch, now: datetime, *, breaks: bool) -> list[_Opened]:
    """Set state and reason of each record, and its checked body; gives those that fork their phone's chain."""
    arrivals.load(batch, [each.record for each in fresh])
    heard = _received_at(fresh)
    taken = _places_taken(fresh)
    forks = []
    offsets: dict[UUID, int | None] = {}
    for each in fresh:
        record, phone = each.record, each.phone
        earliest = min(heard.get((record.scope, record.after), phone.enrolled_at), now)
        if rule.told_at(record.at, record.offset_ms) < earliest:
            earliest = backups.heard_before_restore(earliest, at=record.at, phone=phone)
        batch.spans[record.id] = Span(earliest, now)
        batch.offsets[record.id] = offsets.get(phone.id, phone.clock_ms)
        offsets[phone.id] = record.offset_ms if record.offset_ms is not None else offsets.get(phone.id)
        why = rule.authority(
            phone=PhoneFacts(person=phone.person_id, locked=phone.state in ("locked", "wiped")),
            post=batch.posts.get(each.payload.post), actor=each.payload.actor, scope=each.payload.scope,
            roles=CARRIES_PHONE, span=batch.spans[record.id],
        )  # fmt: skip
        if (phone.id, record.seq) in taken:
            forks.append(each)
            why = Held.FORK
        taken.add((phone.id, record.seq))
        why = why or _read_body(each, breaks)
        if why is not None:
            batch.hold(record, why)
    _hold_foreign([each.record for each in fresh if each.record.state == "accepted"], batch)
    return forks


def _received_at(fresh: Sequence[_Opened]) -> dict[tuple[str, int], datetime]:
    """When the county had received what each phone had seen: the earliest its record can have been signed."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for each in fresh:
        if each.record.after:
            wanted[each.record.scope].add(each.record.after)
    return {(scope, position): at for scope, positions in wanted.items() for position, at in _HEARD(positions, scope)}


def _places_taken(fresh: Sequence[_Opened]) -> set[tuple[UUID, int]]:
    """Places in their phones' own count that another event has."""
    wanted: dict[UUID, list[int]] = defaultdict(list)
    for each in fresh:
        wanted[each.phone.id].append(each.record.seq)
    return {(phone, seq) for phone, seqs in wanted.items() for (seq,) in _PLACES(seqs, _e.device.db_value(phone))}


def _read_body(each: _Opened, breaks: bool) -> Held | None:
    """Check the body by its kind; what cannot be understood is kept for people, since it is truly signed."""
    record, payload = each.record, each.payload
    model = events.PHONE_KINDS.get(payload.kind)
    if model is None or payload.v != 1:
        return Held.UNKNOWN_KIND
    roles = [blob.role for blob in payload.blobs]
    if breaks or "\\u0000" in record.payload or len(set(roles)) != len(roles):
        return Held.UNREADABLE_BODY
    try:
        record.body = model.model_validate(payload.body)
    except ValidationError:
        return Held.UNREADABLE_BODY
    return None


NO_SUBJECT = frozenset({"complaint.made", "record.corrected", "query.answered"})
OWN_SUBJECT = frozenset({"resident.provisional"})


def _hold_foreign(records: Sequence[Arrived], batch: Batch) -> None:
    """Hold what is about nobody we know, or about somebody outside the post's area.

    Whoever is recorded as provisional in this batch is known to the records after it.
    """
    coming = {
        record.subject: record.body.area
        for record in records
        if record.kind in OWN_SUBJECT and record.subject is not None
    }
    for record in records:
        if record.kind in OWN_SUBJECT or (record.kind in NO_SUBJECT and record.subject is None):
            continue
        resident = batch.residents.get(record.subject) if record.subject is not None else None
        area = resident.area if resident is not None else coming.get(record.subject) if record.subject else None
        if area is None:
            batch.hold(record, Held.RESIDENT_UNKNOWN)
        elif record.post is None or not rule.covers(batch.posts[record.post].area, area):
            batch.hold(record, Held.RESIDENT_ELSEWHERE)


# ---- applying

Receive = Callable[[Sequence[Arrived], Batch], None]

#: In this order: people before what happens to them, visits before what is found about them.
RECEIVERS: tuple[tuple[frozenset[str], Receive], ...] = (
    (frozenset({"resident.provisional"}), residents.receive_provisional),
    (frozenset({"resident.noted"}), residents.receive_noted),
    (frozenset({"resident.unmasked"}), residents.receive_unmasked),
    (frozenset(consents.STATES), consents.receive),
    (frozenset({"visit.ended"}), visits.receive),
    (frozenset({"verification.captured"}), verifications.receive),
    (frozenset({"verification.not_taken"}), verifications.receive_not_taken),
    (frozenset({"request.raised"}), requests.receive),
    (frozenset({"delivery.made", "delivery.attempted"}), deliveries.receive),
    (frozenset({"death.reported"}), deaths.receive),
    (frozenset({"query.answered"}), visits.receive_answers),
    (frozenset({"complaint.made"}), complaints.receive),
)


def apply(records: Sequence[Arrived], batch: Batch) -> None:
    """Let records take effect: each kind by its receiver, then corrections. Nothing is written yet."""
    for kinds, receiver in RECEIVERS:
        mine = [record for record in records if record.kind in kinds]
        if mine:
            receiver(mine, batch)
            if receiver is residents.receive_provisional:
                _hold_without_provisional(records, batch)
                records = [record for record in records if record.state == "accepted"]
    visits.flag_many(records, batch)
    for record in records:
        if record.kind == "record.corrected":
            _correct(record, records, batch)


def _hold_without_provisional(records: Sequence[Arrived], batch: Batch) -> None:
    for record in records:
        if record.subject is not None and record.state == "accepted" and record.subject not in batch.residents:
            batch.hold(record, Held.RESIDENT_UNKNOWN)


CORRECTORS: Mapping[str, Callable[[Arrived, Any, UUID, Batch], bool]] = {
    "visit.ended": visits.correct,
    "verification.captured": verifications.correct,
    "request.raised": requests.correct,
    "resident.provisional": corrections.provisional,
    "delivery.made": corrections.delivery_made,
    "delivery.attempted": corrections.delivery_attempted,
    "death.reported": corrections.death,
    "query.answered": corrections.answer,
    "complaint.made": corrections.complaint,
}


def _correct(record: Arrived, records: Sequence[Arrived], batch: Batch) -> None:
    """`record.corrected`: a new record in place of one's own old one, within its working days; else the lead decides."""
    found = next((each for each in records if each.id == record.body.corrects), None)
    e = JournalEntry
    original: Any = found or e.get_or_none(e.id == record.body.corrects)
    first = _first(original, records)
    if first is None:
        batch.hold(record, Held.RECORD_UNKNOWN)
        return
    corrector = CORRECTORS.get(first.kind)
    made_at = min(first.at, getattr(first, "received_at", batch.now))
    at, days = rule.believed(batch.claimed(record), batch.spans[record.id]), batch.setting("visit.correct_working_days")
    if original.actor != record.actor:
        batch.hold(record, Held.NOT_OWN_RECORD)
    elif corrector is None or original.state not in ("accepted", "adopted") or original.subject != record.subject:
        batch.hold(record, Held.RECORD_UNKNOWN)
    elif not batch.adopting and not may_correct(made_at, at, days, batch.calendar):
        batch.hold(record, Held.TOO_LATE)
    else:
        try:
            body = events.PHONE_KINDS[first.kind].model_validate(record.body.body)
        except ValidationError:
            batch.hold(record, Held.UNREADABLE_BODY)
            return
        # A row may name the first record or its newest correction as what made it.
        if not any(corrector(record, body, each, batch) for each in dict.fromkeys((original.id, first.id))):
            batch.hold(record, Held.ALREADY_DONE)


def _first(original: Any, records: Sequence[Arrived]) -> Any:
    """What a correction, or the correction of a correction, is about in the end; None when that is not known.

    A phone chooses the ids: corrections may name each other in a circle, which leads nowhere.
    """
    e, seen = JournalEntry, set()
    while original is not None and original.kind == "record.corrected":
        if original.payload is None or original.id in seen:  # erased, or a circle
            return None
        seen.add(original.id)
        named = UUID(json.loads(original.payload)["body"]["corrects"])
        original = next((each for each in records if each.id == named), None) or e.get_or_none(e.id == named)
    return original


# ---- saving


def _save(fresh: Sequence[_Opened], batch: Batch, now: datetime) -> None:
    """Rows, journal, pictures wanted and the phones' own counts, each in one statement."""
    journal.append([each.record for each in fresh], now=now, numbered=put_number)
    batch.write()
    pictures.expect([each.record for each in fresh])
    newest: dict[UUID, Arrived] = {}
    for each in fresh:
        if each.phone.id not in newest or each.record.seq > newest[each.phone.id].seq:
            newest[each.phone.id] = each.record
    ends = [(phone, record.seq, record.hash) for phone, record in newest.items()]
    models.update_values(Device, (Device.seq, Device.head), ends, newer=Device.seq)


def put_number(record: Arrived) -> None:
    """A visit shows the number that was read out for it."""
    for row in record.rows:
        if isinstance(row, Visit) and row.event == record.id:
            row.number = record.number


def _note_forks(forks: Sequence[_Opened], now: datetime) -> None:
    """Two events took one place on a phone: the phone was copied, or its store was put back.

    People must see it, and the phone may only send what it holds until it is enrolled again (design §4).
    """
    messages = []
    for each in forks:
        if each.phone.state == "active":
            each.phone.state = "send_only"
            Device.update(state="send_only").where(Device.id == each.phone.id).execute()
            end_sessions([each.phone.id])
        body = {"device": each.phone.id, "seq": each.record.seq, "event": each.record.id}
        deed = journal.Deed("device.fork", each.phone.scope, body, rows=[each.phone])
        journal.write([deed], actor=None, now=now, by="phone")
        leads = arrivals.leads_of([each.phone.scope], on=day_of(now))[each.phone.scope]
        messages += [
            inbox.Message(lead, each.phone.scope, "held", None, each.record.id, "fork") for lead in sorted(leads)
        ]
    if messages:
        inbox.tell(messages, now=now)
