"""Every setting: name, default, unit, source. Read from the environment once, at start.

Business settings (cycles, limits, ratios) are rows in the database with a history, not settings of the process.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import structlog


@dataclass(frozen=True)
class Settings:
    """The process's settings; each comes from `DAIBAN_<NAME>`, all are optional."""

    database: str = field(
        default="sqlite:///var/daiban.sqlite3", metadata={"about": "sqlite:///PATH or postgresql://…"}
    )
    blobs: str = field(default="var/blobs", metadata={"about": "folder of sealed pictures"})
    keys: str = field(default="var/keys", metadata={"about": "folder of secrets, never in the database or its backup"})
    host_name: str = field(
        default="localhost:8000",
        metadata={"about": "name in every QR; changing it orphans printed badges and every phone's store"},
    )
    county: str = field(
        default="", metadata={"about": "six digits of the county this installation serves; empty: the only one"}
    )
    session_hours: int = field(default=12, metadata={"about": "hours a desk or phone session lives"})
    proxies: int = field(
        default=0,
        metadata={"about": "proxies before this server whose word on address and https counts; 0: nobody's"},
    )
    redis: str = field(default="", metadata={"about": "redis://… for the queue of jobs; empty: beside the database"})
    demo: bool = field(default=False, metadata={"about": "only used when a database is made: demo for ever, or real"})

    @property
    def keys_path(self) -> Path:
        return Path(self.keys)

    @property
    def blobs_path(self) -> Path:
        return Path(self.blobs)

    @property
    def origin(self) -> str:
        """The address people and phones use; plain http only on this very machine."""
        local = self.host_name.split(":")[0] in ("localhost", "127.0.0.1")
        return f"{'http' if local else 'https'}://{self.host_name}"


def log_no_values() -> None:
    """Log where faults happen and of what kind they are, never what they hold: that would be people's data.

    It holds for the libraries' own logs too: a record comes with its fault already written out.
    """
    lines = structlog.dev.ConsoleRenderer(
        exception_formatter=lambda out, fault: print(f"\n{_told(fault[1])}", file=out)
    )
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], lines])
    logging.setLogRecordFactory(_record)


def _record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    made = logging.LogRecord(*args, **kwargs)
    if made.exc_info:
        made.exc_text = _told(made.exc_info[1])
    return made


def _told(fault: BaseException | None) -> str:
    """The lines of code and the kinds of faults, the first fault first.

    No message: PostgreSQL quotes the whole row in one, pydantic what was typed, `int()` what is no number.
    """
    told: list[str] = []
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        kind = f"{type(fault).__module__}.{type(fault).__qualname__}"
        code = getattr(fault, "sqlstate", None) or getattr(fault, "sqlite_errorname", None)
        told.append("".join(traceback.format_tb(fault.__traceback__)) + (f"{kind} ({code})" if code else kind))
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    return "\n\nwhich led to:\n\n".join(reversed(told))


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read `DAIBAN_…`. Raises ValueError naming a number that is none."""
    found: dict[str, object] = {}
    for each in fields(Settings):
        text = environment.get(f"DAIBAN_{each.name.upper()}")
        if text is None:
            continue
        if isinstance(each.default, bool):
            found[each.name] = text.lower() in ("1", "true", "yes")
        elif isinstance(each.default, int):
            try:
                found[each.name] = int(text)
            except ValueError:
                raise ValueError(f"DAIBAN_{each.name.upper()} is {text!r}; it must be a whole number.") from None
        else:
            found[each.name] = text
    return Settings(**found)  # type: ignore[arg-type]
