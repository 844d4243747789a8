"""Rounds: who is due by village and month, as the agency's list says, with how far it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from actions import reads
from api.access import allows
from api.office import bp, log
from api.office.frame import area_names, villages
from api.office.roles import OFFICERS
from api.office.words import benefit_name
from models import Entitlement, LifeVerification, Resident, Visit
from rules import rounds as rule
from rules.days import day_of

AHEAD = 6  # months in the chart
FIRST_SHOWN = 8  # people late, beside the chart
AT_ONCE = 500  # ids in one statement
IN_VAIN = ("not_home", "away", "refused", "hospital", "unsafe")
CONFIRMED_SINCE = timedelta(days=92)  # the agency's confirmations that still belong to this round


@bp.get("/rounds", endpoint="rounds")
@allows(*OFFICERS)
def rounds_page() -> ResponseReturnValue:
    """How many are due, how far it is, by village in the order of its code, and the months ahead."""
    today, months, month = _month()
    dues = _dues(rule.last_of(months[-1]))
    in_round = [due for due in dues if due.due_on <= rule.last_of(month)]
    tries = _tries({due.resident for due in in_round}, today)
    steps = rule.people(in_round, tries, today=today)
    here = villages(g.actor, *OFFICERS)
    area = request.args.get("area", "")
    counts = rule.by_area(steps, [a.code for a in here])
    longest = max((sum(c.values()) for c in counts.values()), default=0)
    ahead = rule.by_month(dues, months)
    _note("rounds")
    late = [(r, due) for r, (step, due) in steps.items() if step == "over"]
    late.sort(key=lambda pair: (pair[1].due_on, pair[1].area, str(pair[0])))
    return render_template(
        "office/rounds.html",
        month=month,
        last_day=rule.last_of(month),
        in_all=len(steps),
        sums={name: sum(c[name] for c in counts.values()) for name in rule.STEPS},
        bars=[
            {"code": code, "name": name, "counts": counts[code], "pieces": rule.bar(counts[code], longest=longest)}
            for code, name in _named(counts).items()
        ],
        late=_people(late[:FIRST_SHOWN], steps, tries),
        late_in_all=len(late),
        columns=_columns(months, ahead),
        months=months,
        area=area,
        listed=_people(
            [(r, due) for r, (step, due) in steps.items() if due.area == area and step != "done"], steps, tries
        )
        if area
        else [],
        area_name=area_names({area}).get(area, "") if area else "",
    )


@bp.get("/rounds/list")
@allows(*OFFICERS)
def rounds_list() -> ResponseReturnValue:
    """Everybody still to be seen by the end of the month, by village and group, to print and take along."""
    today, _months, month = _month()
    dues = _dues(rule.last_of(month))
    tries = _tries({due.resident for due in dues}, today)
    steps = rule.people(dues, tries, today=today)
    area = request.args.get("area", "")
    wanted = [
        (r, due)
        for r, (step, due) in steps.items()
        if step in ("over", "todo", "missed") and (not area or due.area == area)
    ]
    rows = _people(wanted, steps, tries)
    by_village: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_village[row["due"].area].append(row)
    _note("rounds-list")
    return render_template(
        "office/rounds_list.html",
        month=month,
        last_day=rule.last_of(month),
        villages=[(name, by_village[code]) for code, name in _named(dict.fromkeys(sorted(by_village))).items()],
        in_all=len(rows),
    )


# ---- pieces


def _month() -> tuple[date, list[date], date]:
    """Today, the months of the chart, and the month asked for (this one, unless another of them)."""
    today = day_of(g.now)
    months = rule.months_from(today, AHEAD)
    wanted = request.args.get("month", "")
    return today, months, next((m for m in months if m.isoformat()[:7] == wanted), months[0])


def _dues(until: date) -> list[rule.Due]:
    """The benefits of people alive under one's posts that are due until then; those just confirmed stay in the round."""
    e = Entitlement
    since = g.now - CONFIRMED_SINCE
    in_round = e.listed | (e.confirmed_elsewhere_at >= since)
    found = (
        e.visible_to(g.actor, *OFFICERS)
        .join(Resident)
        .where(
            (e.due_on <= until)
            & in_round
            & (e.agency_state != "ended")
            & (Resident.life == "presumed_alive")
            & Resident.state.in_(("verified", "provisional"))
        )
        .select(e.id, e.resident, e.area, e.due_on, e.listed, e.last_success_on)
        .order_by(e.area, e.due_on, e.id)
    )
    return [rule.Due(*row) for row in found.tuples()]


def _tries(residents: set[UUID], today: date) -> dict[UUID, list[rule.Try]]:
    """Attempts of the last 13 months and visits in vain of the last three, wherever these people lived then."""
    since, recent = g.now - timedelta(days=400), g.now - timedelta(days=90)
    v, w = LifeVerification, Visit
    found: dict[UUID, list[rule.Try]] = defaultdict(list)
    for ids in _parts(residents):
        attempts = v.select(v.resident, v.state, v.entitlements, v.captured_at)
        for resident, state, entitlements, at in attempts.where(
            v.resident.in_(ids) & (v.captured_at >= since)
        ).tuples():
            found[resident].append(rule.Try(state, frozenset(entitlements), day_of(at)))
        in_vain = w.resident.in_(ids) & (w.ended_at >= recent) & w.outcome.in_(IN_VAIN) & w.corrected_by.is_null()
        for resident, at in w.select(w.resident, w.ended_at).where(in_vain).tuples():
            found[resident].append(rule.Try("missed", frozenset(), day_of(at)))
    return found


def _parts(ids: Collection[UUID]) -> Iterator[list[UUID]]:
    """As many ids as one statement takes well, in their order in the tables."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]


def _people(wanted: list[tuple[UUID, rule.Due]], steps: Any, tries: Any) -> list[dict[str, Any]]:
    """Names and facts of these people, in the order a walk takes: village, group, household."""
    ids = [r for r, _ in wanted]
    found: dict[UUID, Any] = {}
    for part in _parts(ids):
        found |= {r.id: r for r in Resident.select().where(Resident.id.in_(part))}
    e = Entitlement
    benefits: dict[UUID, str] = {}
    for part in _parts([due.id for _, due in wanted]):
        benefits |= dict(e.select(e.id, e.benefit).where(e.id.in_(part)).tuples())
    names = area_names({due.area for _, due in wanted})
    last, again = _last_outcomes(ids), _to_take_again(ids)
    rows = [
        {
            "resident": found[r],
            "due": due,
            "step": steps[r][0],
            "village": names.get(due.area, ""),
            "benefit": benefit_name(benefits.get(due.id, "")),
            "went": sum(1 for t in tries.get(r, ()) if t.state == "missed"),
            "last": last.get(r, ""),
            "again": r in again,
        }
        for r, due in wanted
        if r in found
    ]
    return sorted(
        rows,
        key=lambda row: (
            row["due"].area,
            row["resident"].group,
            str(row["resident"].household_id or ""),
            row["due"].due_on,
        ),
    )


def _to_take_again(ids: list[UUID]) -> set[UUID]:
    """People whose picture was sent back and has not come again."""
    v, found = LifeVerification, set()
    for part in _parts(ids):
        back = v.resident.in_(part) & (v.state == "sent_back") & v.not_retaken()
        found |= {resident for (resident,) in v.select(v.resident).where(back).tuples()}
    return found


def _last_outcomes(ids: list[UUID]) -> dict[UUID, str]:
    v = Visit
    found: dict[UUID, str] = {}
    recent = v.corrected_by.is_null() & (v.ended_at >= g.now - timedelta(days=90)) & v.outcome.in_(IN_VAIN)
    for part in _parts(ids):
        rows = v.select(v.resident, v.outcome).where(v.resident.in_(part) & recent)
        found |= dict(rows.order_by(v.ended_at).tuples())
    return found


def _named(counts: Any) -> dict[str, str]:
    names = area_names(set(counts))
    return {code: names.get(code, code) for code in counts}


def _columns(months: list[date], ahead: list[int]) -> list[dict[str, Any]]:
    """The chart of months: 36 wide, 62 apart, 110 high at most."""
    most = max([*ahead, 1])
    return [
        {"month": m, "count": n, "x": 20 + i * 62, "y": round(140 - 110 * n / most), "height": round(110 * n / most)}
        for i, (m, n) in enumerate(zip(months, ahead, strict=True))
    ]


def _note(what: str) -> None:
    reads.note(
        [reads.Read(scope=log.scope_of_actor(g.actor), person=g.actor.person, resident=None, what=what)], now=g.now
    )
