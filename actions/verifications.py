"""Life verifications as phones bring them. Nothing done at a bedside is refused for a date (design §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from actions.arrivals import Arrived, Batch, unused
from models import Challenge, LifeVerification
from rules import life_verification as rule
from rules.events import VerificationCaptured


def receive(records: Sequence[Arrived], batch: Batch) -> None:
    """`verification.captured`: waits for its check. A lapsed or foreign challenge is marked for the checker."""
    fresh = unused(records, batch, LifeVerification, lambda record: record.body.verification)
    challenges = _challenges(fresh)
    for record in fresh:
        body: VerificationCaptured = record.body
        resident = batch.resident_of(record)
        captured_at = batch.trusted(record, body.captured_at)
        person = batch.people[record.actor] if record.actor else None
        row = LifeVerification(
            id=body.verification, visit=body.visit, resident=resident.id, scope=resident.scope, area=resident.area,
            event=record.id, entitlements=[str(each) for each in body.entitlements], state="captured",
            captured_by=record.actor, second_agent=body.second_agent, captured_at=captured_at, received_at=batch.now,
            challenge=body.challenge, gesture=body.gesture,
            challenge_lapsed=rule.challenge_lapsed(
                challenges.get(body.challenge), person=record.actor, resident=resident.id, captured_at=captured_at
            ),
            document=body.document, condition=body.condition, witness=body.witness.model_dump(mode="json", exclude_defaults=True),
            kin=body.kin or (person is not None and str(resident.id) in (person.kin or ())),
            mark=body.mark.model_dump(mode="json", exclude_defaults=True), remarks=body.remarks,
            official_app_receipt=body.official_app_receipt, retake_of=body.retake_of,
        )  # fmt: skip
        batch.add(record, row)
        batch.touched.add(resident.id)
        if body.retake_of is not None:
            batch.settled.append(body.retake_of)


def receive_not_taken(records: Sequence[Arrived], batch: Batch) -> None:
    """`verification.not_taken`: why it could not be; the entitlement stays due. Not found is not dead (R-LIF-5)."""
    for record in unused(records, batch, LifeVerification, lambda record: record.body.verification):
        body, resident = record.body, batch.resident_of(record)
        row = LifeVerification(
            id=body.verification, visit=body.visit, resident=resident.id, scope=resident.scope, area=resident.area,
            event=record.id, entitlements=[str(each) for each in body.entitlements], state="closed_other",
            outcome=body.outcome, captured_by=record.actor, captured_at=batch.trusted(record, record.at),
            received_at=batch.now, loss=body.loss, remarks=" ".join(each for each in (body.where, body.remarks) if each),
        )  # fmt: skip
        batch.add(record, row)
        batch.touched.add(resident.id)


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
