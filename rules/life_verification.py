"""Life verification: when it is due, what a challenge is worth, who may check it. Pure (R-LIF)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from rules.actors import Actor
from rules.days import day_of, end_of_month_after
from rules.problems import AlreadyDealtWith, CheckerEnrolledPhone, CheckerIsCapturer, SecondAgentNeeded


def due_on(last_success_on: date, cycle_months: int) -> date:
    """Give the last day on which the next life verification is still in time.

    The cycle counts whole months and ends with a month: June 2023 and 12 months give 30 June 2024. Days are of
    Asia/Shanghai; `cycle_months` is a setting of the benefit and the region, never a constant. Source: docs/rules.md R-LIF-1.
    """
    return end_of_month_after(last_success_on, cycle_months)


@dataclass(frozen=True)
class Issued:
    """A challenge as the county issued it: one agent, one person, until when."""

    person: UUID
    resident: UUID
    ends_at: datetime


def challenge_lapsed(issued: Issued | None, *, person: UUID | None, resident: UUID, captured_at: datetime) -> bool:
    """Whether the checker is told that the challenge does not prove the day: none, another's, or past its end.

    Its very last instant is still good. Never a refusal. Source: docs/rules.md R-LIF-7.
    """
    if issued is None or issued.person != person or issued.resident != resident:
        return True
    return captured_at > issued.ends_at


@dataclass(frozen=True)
class Capture:
    """What a check decides from. `adopted_by`, `enrolled_by` and those of `code_shown` are who may not check it."""

    id: UUID
    state: str
    captured_by: UUID
    second_agent: UUID | None
    captured_at: datetime
    enrolled_by: UUID | None  # who released the phone it came from
    enrolled_at: datetime | None
    adopted_by: UUID | None = None
    code_shown: tuple[tuple[UUID, datetime], ...] = ()  # to whom the phone's recovery code was shown before it arrived
    kin: bool = False  # of the capturer, who then needs a second agent


def may_check(capture: Capture, *, actor: Actor, checker_days: int) -> None:
    """Let this person check the capture, or raise the reason they may not; persons are compared, not posts.

    Whoever released the phone, or was shown the code that opens it, does not check what was captured on it up to
    `checker_days` days later; the last of them counts in full. Raises AlreadyDealtWith, CheckerIsCapturer, CheckerEnrolledPhone. Source: R-LIF-7, design §5.
    """
    if capture.state != "captured":
        raise AlreadyDealtWith(capture.state)
    if actor.person in (capture.captured_by, capture.second_agent, capture.adopted_by):
        raise CheckerIsCapturer(capture.id)
    if capture.enrolled_by == actor.person and capture.enrolled_at is not None:
        until = capture.enrolled_at + timedelta(days=checker_days)
        if capture.captured_at <= until:
            raise CheckerEnrolledPhone(day_of(until))
    shown = [at + timedelta(days=checker_days) for person, at in capture.code_shown if person == actor.person]
    if shown and capture.captured_at <= max(shown):
        raise CheckerEnrolledPhone(day_of(max(shown)), by_code=True)


def may_let_go(capture: Capture) -> None:
    """Let a capture go to the agency, as far as kin goes; the capturer is no second agent of their own.

    Raises SecondAgentNeeded. Source: R-LIF-9.
    """
    if needs_second_agent(kin=capture.kin, second_agent=capture.second_agent, captured_by=capture.captured_by):
        raise SecondAgentNeeded(capture.id)


def needs_second_agent(*, kin: bool, second_agent: UUID | None, captured_by: UUID | None) -> bool:
    """Whether kin took the picture and nobody else stands beside them (R-LIF-9)."""
    return kin and second_agent in (None, captured_by)
