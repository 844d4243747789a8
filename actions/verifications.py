"""Life verifications as phones bring them, and their check at the township. Nothing done at a bedside is refused for a date (design §4)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import models
from actions import cards, desk, inbox, journal, people
from actions.arrivals import Arrived, Batch, tell_leads, unused
from actions.holders import holders_of, holding, over
from models import (
    Challenge,
    Device,
    Entitlement,
    InboxMessage,
    JournalEntry,
    LifeVerification,
    Person,
    RecoveryReading,
    Resident,
    transaction,
)
from rules import life_verification as rule
from rules.actors import Actor, Role
from rules.days import add_working_days, day_of
from rules.enrolment import CARRIES_PHONE
from rules.events import VerificationCaptured
from rules.problems import AlreadyDealtWith, FieldMissing, NoAgentThere, NotAllowed, Problem


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`verification.captured`: waits for its check. A lapsed or foreign challenge is marked for the checker."""
    fresh = unused(records, batch, LifeVerification, lambda record: record.body.verification)
    challenges = _challenges(fresh)
    for record in fresh:
        row = row_of(record, batch, challenges)
        batch.add(record, row)
        batch.touched.add(row.resident_id)
        if row.retake_of is not None:
            batch.settled.append(row.retake_of)


def row_of(record: Arrived, batch: Batch, challenges: Mapping[UUID | None, Any]) -> LifeVerification:
    """The capture as its row; `challenges` are those issued, by id."""
    body: VerificationCaptured = record.body
    resident = batch.resident_of(record)
    captured_at = batch.trusted(record, body.captured_at)
    person = batch.people[record.actor] if record.actor else None
    lapsed = rule.challenge_lapsed(
        challenges.get(body.challenge), person=record.actor, resident=resident.id, captured_at=captured_at
    )
    return LifeVerification(
        id=body.verification, visit=body.visit, resident=resident.id, scope=resident.scope, area=resident.area,
        event=record.id, entitlements=[str(each) for each in body.entitlements], state="captured",
        captured_by=record.actor, second_agent=body.second_agent, captured_at=captured_at, received_at=batch.received_at,
        challenge=body.challenge, gesture=body.gesture, challenge_lapsed=lapsed, document=body.document,
        condition=body.condition, witness=body.witness.model_dump(mode="json", exclude_defaults=True),
        kin=body.kin or (person is not None and str(resident.id) in (person.kin or ())),
        mark=body.mark.model_dump(mode="json", exclude_defaults=True), remarks=body.remarks,
        official_app_receipt=body.official_app_receipt, retake_of=body.retake_of,
    )  # fmt: skip


def receive_not_taken(records: Sequence[Arrived], batch: Batch) -> None:
    """`verification.not_taken`: why it could not be; the entitlement stays due. Not found is not dead (R-LIF-5).

    Who is kin stays so on the agent's own row (R-LIF-9). Of kin, and of a benefit that may have ended, the leads hear.
    """
    for record in unused(records, batch, LifeVerification, lambda record: record.body.verification):
        body, resident = record.body, batch.resident_of(record)
        row = LifeVerification(
            id=body.verification, visit=body.visit, resident=resident.id, scope=resident.scope, area=resident.area,
            event=record.id, entitlements=[str(each) for each in body.entitlements], state="closed_other",
            outcome=body.outcome, captured_by=record.actor, captured_at=batch.trusted(record, record.at),
            received_at=batch.received_at, loss=body.loss, remarks=" ".join(each for each in (body.where, body.remarks) if each),
        )  # fmt: skip
        batch.add(record, row)
        batch.touched.add(resident.id)
        if body.outcome == "kin":
            _keep_kin(record, str(resident.id), batch)
        if body.outcome in TOLD:
            tell_leads(batch, record, TOLD[body.outcome], area=resident.area, about=row.id, words=row.remarks)


#: What a lead has to do something about, and the message that says so.
TOLD = {"kin": "kin", "suspected_loss": "loss"}
ASKED_DAYS = 30  # how long somebody from elsewhere has a post in the village to take one picture [DEF]


def _keep_kin(record: Arrived, resident: str, batch: Batch) -> None:
    person = batch.people.get(record.actor) if record.actor else None
    if person is not None and resident not in (person.kin or ()):
        person.kin = [*(person.kin or ()), resident]
        batch.change(record, person, Person.kin)


def correct(record: Arrived, body: VerificationCaptured, original: UUID, batch: Batch) -> bool:
    """What was written beside the picture is put right; the picture and its time stay. Only before its check."""
    row = next((r for r in batch.inserts if isinstance(r, LifeVerification) and r.event == original), None)
    here = row is not None
    v = LifeVerification
    row = row or v.get_or_none((v.event == original) & (v.state == "captured"))
    if row is None:
        return False
    row.document, row.condition, row.remarks = body.document, body.condition, body.remarks
    row.witness = body.witness.model_dump(mode="json", exclude_defaults=True)
    row.kin, row.second_agent = row.kin or body.kin, body.second_agent
    if here:
        record.rows.append(row)
    else:
        batch.change(record, row, v.document, v.condition, v.remarks, v.witness, v.kin, v.second_agent)
    batch.touched.add(row.resident_id)
    return True


def _challenges(records: Sequence[Arrived]) -> Mapping[UUID | None, Any]:
    wanted = {record.body.challenge for record in records if record.body.challenge is not None}
    if not wanted:
        return {}
    rows = Challenge.select().where(Challenge.id.in_(wanted))
    return {
        each.id: rule.Issued(person=each.person_id, resident=each.resident_id, ends_at=each.ends_at) for each in rows
    }


# ---- at the desk


def check(verification: LifeVerification, *, actor: Actor, now: datetime) -> LifeVerification:
    """Let a capture go to the agency. Raises AlreadyDealtWith, CheckerIsCapturer, CheckerEnrolledPhone, SecondAgentNeeded."""
    with transaction(verification.scope):
        found = _checkable(verification, actor)
        rule.may_let_go(capture_of(found))
        desk.keep(found, state="checked_ok", checked_by=actor.person, checked_at=now)
        body = {"verification": found.id, "challenge_lapsed": found.challenge_lapsed}
        deed = journal.Deed("verification.checked", found.scope, body, found.resident_id, [found])
        journal.write([deed], actor=actor, now=now)
        cards.touch([found.resident_id], now=now)
    return found


def reopen(verification: LifeVerification, *, actor: Actor, now: datetime) -> LifeVerification:
    """Take one's own "fine" back while the agency has not got it: it waits for its check again.

    Raises AlreadyDealtWith, NotAllowed.
    """
    with transaction(verification.scope):
        found = desk.fresh(verification, "checked_ok")
        if found.checked_by_id != actor.person:
            raise NotAllowed()
        desk.keep(found, state="captured", checked_by=None, checked_at=None)
        deed = journal.Deed(
            "verification.reopened", found.scope, {"verification": found.id}, found.resident_id, [found]
        )
        journal.write([deed], actor=actor, now=now)
        cards.touch([found.resident_id], now=now)
    return found


def send_back(verification: LifeVerification, why: str, *, actor: Actor, now: datetime) -> LifeVerification:
    """Have a picture taken again: it returns as a task on the agent's phone, with the reason and a day.

    Raises FieldMissing, AlreadyDealtWith, CheckerIsCapturer, CheckerEnrolledPhone.
    """
    why = why.strip()
    if not why:
        raise FieldMissing("why")
    with transaction(verification.scope):
        found = _checkable(verification, actor)
        revisit_on = add_working_days(
            day_of(now), models.setting("verification.revisit_working_days"), models.working_calendar()
        )
        desk.keep(
            found, state="sent_back", checked_by=actor.person, checked_at=now, sent_back_why=why, revisit_on=revisit_on
        )
        body = {"verification": found.id, "why": why, "revisit_on": revisit_on}
        deed = journal.Deed("verification.sent_back", found.scope, body, found.resident_id, [found])
        journal.write([deed], actor=actor, now=now)
        _tell_takers(found, _takers(found.captured_by_id, found.area, now), now)
        cards.touch([found.resident_id], now=now)
    return found


def asked_of(scope_of: Any) -> list[LifeVerification]:
    """What `receive_not_taken` told the leads of and is open still, the oldest first; `scope_of`: the rows one may see.

    Kin: until somebody else takes the picture. A benefit that may have ended: until a desk passed it on. Either only
    while the agency's list asks for the person. Of one person the newest of each kind.
    """
    v = LifeVerification
    wanted = scope_of.where((v.state == "closed_other") & v.outcome.in_(list(TOLD)) & v.checked_at.is_null())
    newest = {(each.resident_id, each.outcome): each for each in wanted.order_by(v.captured_at, v.id)}
    residents = {resident for resident, _ in newest}
    attempts, due = cards.attempts_of(residents), _asked_for(residents)

    def is_open(each: LifeVerification) -> bool:
        entitled = [e for e in due.get(each.resident_id, ()) if e[1] is None or e[1] < day_of(each.captured_at)]
        if not entitled or each.outcome != "kin":
            return bool(entitled)
        others = [a for a in attempts[each.resident_id] if a.captured_by != each.captured_by_id]
        return not all(cards.taken(others, key, last_on) for key, last_on in entitled)

    return sorted(filter(is_open, newest.values()), key=lambda each: (each.captured_at, each.id))


def _asked_for(residents: Collection[UUID]) -> dict[UUID, list[tuple[UUID, Any]]]:
    """(entitlement, last success) of everybody alive that the agency's list asks for."""
    e, found = Entitlement, defaultdict(list)
    if residents:
        rows = (
            e.select(e.resident, e.id, e.last_success_on)
            .join(Resident)
            .where(
                e.resident.in_(residents) & e.listed & (e.agency_state != "ended") & (Resident.life == "presumed_alive")
            )
        )
        for resident, key, last_on in rows.tuples():
            found[resident].append((key, last_on))
    return found


def ask_another(told: LifeVerification, agent: Person, *, actor: Actor, now: datetime) -> LifeVerification:
    """Another agent is asked to take the picture that kin does not take (R-LIF-9): a message on their phone.

    Who serves elsewhere has a post in the village for `ASKED_DAYS`, so that the person comes onto the phone; it needs
    the right to give posts. Raises AlreadyDealtWith, NoAgentThere, MayNotGivePost.
    """
    today = day_of(now)
    with transaction(told.scope):
        found = desk.fresh(told, "closed_other")
        if found.outcome != "kin":
            raise AlreadyDealtWith(found.state)
        if agent.id == found.captured_by_id or str(found.resident_id) in (agent.kin or ()):
            raise NoAgentThere()
        if agent.id not in over(found.area, holding(*CARRIES_PHONE, on=today)):
            post = people.NewPost(Role.AGENT, found.area, today, today + timedelta(days=ASKED_DAYS))
            people.give_post(agent, post, actor=actor, now=now)
        desk.keep(found, second_agent=agent.id)
        body = {"verification": found.id, "agent": agent.id}
        deed = journal.Deed("verification.another_asked", found.scope, body, found.resident_id, [found])
        journal.write([deed], actor=actor, now=now)
        inbox.settle([found.id], now=now)
        inbox.tell([inbox.Message(agent.id, found.scope, "due", found.resident_id, found.id)], now=now)
    return found


def pass_on(told: LifeVerification, *, actor: Actor, now: datetime) -> LifeVerification:
    """The agency heard that this benefit may have ended; it decides (R-LIF-5). Raises AlreadyDealtWith."""
    with transaction(told.scope):
        found = desk.fresh(told, "closed_other")
        if found.outcome != "suspected_loss" or found.checked_at is not None:
            raise AlreadyDealtWith(found.state)
        desk.keep(found, checked_by=actor.person, checked_at=now)
        body = {"verification": found.id, "loss": found.loss}
        deed = journal.Deed("verification.passed_on", found.scope, body, found.resident_id, [found])
        journal.write([deed], actor=actor, now=now)
        inbox.settle([found.id], now=now)
    return found


def hand_on(*, now: datetime) -> int:
    """The hourly job: what was sent back to somebody who serves there no more goes to the agents of the village.

    Gives how many pictures found somebody new; safe to repeat. Where nobody holds the post it waits until somebody does.
    """
    v, count = LifeVerification, 0
    carrying = holding(*CARRIES_PHONE, on=day_of(now))
    rows = list(v.select(v.id, v.scope, v.resident, v.area, v.captured_by).where(v.state == "sent_back").tuples())
    left = [row for row in rows if row[4] not in over(row[3], carrying)]
    attempts = cards.attempts_of({row[2] for row in left})
    for key, scope, resident, *_ in left:
        if key not in {each.id for each in cards.retakes(attempts[resident])}:
            continue
        with transaction(scope):
            found = LifeVerification.get_by_id(key)
            takers = _takers(found.captured_by_id, found.area, now)
            m = InboxMessage
            told = list(m.select(m.id, m.person, m.done_at).where((m.about == key) & (m.kind == "sent_back")))
            fresh = takers - {each.person_id for each in told}
            if not fresh:
                continue
            for each in told:
                if each.done_at is None and each.person_id not in takers:
                    inbox.mark_done(each.id, each.person_id, now=now)
            _tell_takers(found, fresh, now)
            cards.touch([resident], now=now)
        count += 1
    return count


def _takers(captured_by: UUID, area: str, now: datetime) -> set[UUID]:
    """Who takes a picture again: whoever took it, or, where they serve no more, who holds an agent's post there now."""
    today = day_of(now)
    if captured_by in over(area, holding(*CARRIES_PHONE, on=today)):
        return {captured_by}
    return holders_of(Role.AGENT, [area], on=today)[area]


def _tell_takers(found: LifeVerification, takers: set[UUID], now: datetime) -> None:
    why = found.sent_back_why
    inbox.tell(
        [inbox.Message(each, found.scope, "sent_back", found.resident_id, found.id, why) for each in takers], now=now
    )


def _checkable(verification: LifeVerification, actor: Actor) -> LifeVerification:
    found = desk.fresh(verification)
    rule.may_check(capture_of(found), actor=actor, checker_days=models.setting("device.checker_days"))
    return found


def capture_of(found: LifeVerification) -> rule.Capture:
    """What a check is decided from: who captured it, who released its phone or was shown its code, who adopted it."""
    entry = JournalEntry.get_or_none(JournalEntry.id == found.event)
    phone = Device.get_or_none(Device.id == entry.device) if entry is not None and entry.device else None
    return rule.Capture(
        id=found.id, state=found.state, captured_by=found.captured_by_id, second_agent=found.second_agent,
        captured_at=found.captured_at, enrolled_by=phone.enrolled_by_id if phone else None,
        enrolled_at=phone.enrolled_at if phone else None,
        adopted_by=_adopter(entry) if entry is not None and entry.state == "adopted" else None,
        code_shown=_code_shown(phone, found.received_at) if phone else (),
        kin=found.kin,
    )  # fmt: skip


def _code_shown(phone: Device, before: datetime) -> tuple[tuple[UUID, datetime], ...]:
    """To whom the phone's recovery code had been shown when the capture arrived: the phone's own clock proves nothing."""
    r = RecoveryReading
    return tuple(r.select(r.person, r.at).where((r.device == phone.id) & (r.at <= before)).tuples())


def _adopter(entry: JournalEntry) -> UUID | None:
    """Who let a held record take effect; the deed names the record it adopted."""
    deeds = JournalEntry.select().where(
        (JournalEntry.scope == entry.scope)
        & (JournalEntry.kind == "held.adopted")
        & (JournalEntry.subject == entry.subject)
    )
    for deed in deeds:
        if deed.payload and json.loads(deed.payload)["body"].get("event") == str(entry.id):
            return UUID(str(deed.actor)) if deed.actor else None
    return None


def hindrance(verification: LifeVerification, actor: Actor) -> Problem | None:
    """Why this person may not check it, so that the page can say so before anybody presses; None when they may."""
    try:
        rule.may_check(capture_of(verification), actor=actor, checker_days=models.setting("device.checker_days"))
    except Problem as problem:
        return problem
    return None


def last_time(verification: LifeVerification) -> LifeVerification | None:
    """The picture to compare with: the newest of the same person that somebody found good."""
    v = LifeVerification
    good = v.state.in_(("checked_ok", "exported", "acknowledged")) & (v.captured_at < verification.captured_at)
    found: LifeVerification | None = (
        v.select().where((v.resident == verification.resident_id) & good).order_by(v.captured_at.desc()).first()
    )
    return found
