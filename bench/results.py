"""What a measurement gives: one `Found` for each row of design §9 and each database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Found:
    """One thing measured beside its budget. `details` are for whoever wants to know more; numbers and short texts."""

    row: str  # as docs/benchmarks.md names it
    database: str  # sqlite | postgresql | "" where none is involved
    found: float
    budget: float
    unit: str
    ok: bool
    details: dict[str, Any] = field(default_factory=dict)


def at_least(row: str, database: str, found: float, budget: float, unit: str, **details: Any) -> Found:
    return Found(row, database, round(found, 3), budget, unit, found >= budget, details)


def at_most(row: str, database: str, found: float, budget: float, unit: str, **details: Any) -> Found:
    return Found(row, database, round(found, 3), budget, unit, found <= budget, details)


def percentile(numbers: Sequence[float], percent: float) -> float:
    ordered = sorted(numbers)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))], 2)
