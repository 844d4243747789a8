"""Every setting: name, default, unit, source. Read from the environment once, at start.

Business settings (cycles, limits, ratios) are rows in the database with a history, not settings of the process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

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
    """Log tracebacks plainly: the pretty ones print what every name holds, and with it people's data."""
    lines = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], lines])


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
