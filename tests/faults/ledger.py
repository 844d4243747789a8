"""The ledger: what agents were told, beside what the county holds. Nothing here decides what is right but this comparison."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from actions import pictures, tails, verify
from models import Device, JournalEntry, Picture, Refusal, Visit
from rules import ciphers


@dataclass
class Ledger:
    """What a schedule ended with; each line says what and whose."""

    lost: list[str] = field(default_factory=list)  # told saved, not at the county, and nobody says so
    doubled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # other author, other words, other picture
    refused_unseen: list[str] = field(default_factory=list)  # refused or held, and its phone does not say so
    broken: list[str] = field(default_factory=list)  # what `verify` names, and faults of the programs themselves
    destroyed: int = 0  # the only copy was destroyed on the phone, and people are told
    told: int = 0
    received: int = 0

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.changed or self.refused_unseen or self.broken)

    def lines(self) -> list[str]:
        groups = ("lost", "doubled", "changed", "refused_unseen", "broken")
        return [f"{name}: {line}" for name in groups for line in getattr(self, name)]


def compare(report: Mapping[str, Any], agents: Mapping[int, UUID], folder: Path, *, prove: bool) -> Ledger:
    """Read the county's own tables and hold them against the report of the phones; `prove`: and let `verify` prove all."""
    found = _Comparison(report, agents, folder).ledger()
    if prove:
        found.broken += [f"verify: {line}" for line in verify.verify(folder=folder).broken]
    return found


class _Comparison:
    def __init__(self, report: Mapping[str, Any], agents: Mapping[int, UUID], folder: Path) -> None:
        self.report, self.agents, self.folder = report, agents, folder
        self.devices = {UUID(each["device"]): each for each in report["devices"]}
        entries = JournalEntry.select().where(JournalEntry.device.in_(list(self.devices)))
        self.entries = {str(entry.id): entry for entry in entries}
        self.payloads = {key: json.loads(entry.payload) for key, entry in self.entries.items()}
        self.seen = {each["id"]: each for each in report["seen"]}
        self.gone = {each["event"]: each for each in report["destroyed"] if not each["role"]}
        self.found = Ledger(told=len(report["told"]), received=len(self.entries))

    def ledger(self) -> Ledger:
        self._told()
        self._shown()
        self._content()
        self._pictures()
        self._refused()
        self._destroyed()
        self.found.broken += [f"program: {line}" for line in self.report["bugs"]]
        return self.found

    def _bearing(self, token: str, kind: str) -> list[str]:
        """Ids of the entries of this kind that bear the agent's words."""
        return [
            key
            for key, payload in self.payloads.items()
            if payload["kind"] == kind and token in json.dumps(payload["body"], ensure_ascii=False)
        ]

    def _told(self) -> None:
        """Each thing said to be saved is there, once, with its author and its subject."""
        for told in self.report["told"]:
            here = self._bearing(told["token"], told["kind"])
            of_token = [
                each for each in self.report["seen"] if each["token"] == told["token"] and each["kind"] == told["kind"]
            ]
            if len(here) > 1:
                self.found.doubled.append(f"{told['token']} {told['kind']} came as {', '.join(here)}")
            if here:
                entry = self.entries[here[0]]
                if entry.actor != self.agents[told["agent"]]:
                    self.found.changed.append(f"{told['token']} is by {entry.actor}")
                if told["subject"] and str(entry.subject) != told["subject"]:
                    self.found.changed.append(f"{told['token']} is about {entry.subject}, not {told['subject']}")
            elif not any(each["id"] in self.gone for each in of_token) and not self._refused_seen(of_token):
                self.found.lost.append(f"{told['token']} {told['kind']} was told saved and is nowhere")

    def _refused_seen(self, records: Iterable[Mapping[str, Any]]) -> bool:
        return any(each["state"] == "refused" for each in records)

    def _shown(self) -> None:
        """What a phone shows as received is there, under the number it shows."""
        for key, seen in self.seen.items():
            entry = self.entries.get(key)
            if seen["state"] not in ("accepted", "held") or key in self.gone:
                continue
            if entry is None:
                self.found.lost.append(
                    f"{seen['kind']} {key} shows as {seen['state']} {seen['number']} and is not there"
                )
            elif seen["stands"] and seen["number"] and entry.number != seen["number"]:
                self.found.changed.append(f"{key} shows no. {seen['number']}, the county says {entry.number}")

    def _content(self) -> None:
        for key, entry in self.entries.items():
            seen = self.seen.get(key)
            if seen is not None and entry.hash != seen["hash"]:
                self.found.changed.append(f"{key} has another hash than on its phone")
        visits = Counter(str(event) for (event,) in Visit.select(Visit.event).tuples())
        for key, entry in self.entries.items():
            if entry.kind == "visit.ended" and entry.state in ("accepted", "adopted") and visits[key] != 1:
                self.found.doubled.append(f"visit {key} has {visits[key]} rows")

    def _pictures(self) -> None:
        """Every picture that a received record names is there, and is the one that was taken."""
        destroyed = {(each["event"], each["role"]) for each in self.report["destroyed"] if each["role"]}
        rows: dict[tuple[str, str], Any] = {
            (str(row.event), row.role): row for row in Picture.select().where(Picture.device.in_(list(self.devices)))
        }
        for key, payload in self.payloads.items():
            for named in payload["blobs"]:
                row = rows.get((key, named["role"]))
                if row is not None and row.state in ("stored", "shown"):
                    try:
                        plain = pictures.original(row, self.folder)
                    except (ciphers.Unreadable, FileNotFoundError) as error:
                        self.found.lost.append(f"picture {named['role']} of {key} cannot be opened: {error!r}")
                        continue
                    if ciphers.sha256(plain) != named["plain_sha256"]:
                        self.found.changed.append(f"picture {named['role']} of {key} is another one")
                elif (key, named["role"]) in destroyed:
                    self.found.destroyed += 1  # the office sees it as missing
                else:
                    state = "unknown" if row is None else row.state
                    self.found.lost.append(f"picture {named['role']} of {key} ({payload['kind']}) is {state}")

    def _refused(self) -> None:
        """What the county refused or holds is said on the phone it came from, in the list where people look."""
        counted: dict[str, Counter[str]] = defaultdict(Counter)
        for row in Refusal.select().where(Refusal.device.in_(list(self.devices))):
            seen = self.seen.get(str(row.id))
            if self._unasked(row.device) or str(row.id) in self.entries:
                continue
            if seen is None or seen["state"] != "refused":
                self.found.refused_unseen.append(
                    f"{row.id} was refused ({row.why}); the phone says {seen and seen['state']}"
                )
            else:
                counted[str(row.device)]["refused"] += 1
        for key, entry in self.entries.items():
            seen = self.seen.get(key)
            if entry.state == "held" and seen is not None and not self._unasked(entry.device):
                if seen["state"] != "held":
                    self.found.refused_unseen.append(f"{key} is held ({entry.why}); the phone says {seen['state']}")
                elif key not in self.gone:
                    counted[str(entry.device)]["held"] += 1
        for screen in self.report["screens"]:
            shown = screen["text"].count('class="out out-act"'), screen["text"].count("Received, the township decides")
            wanted = counted[screen["device"]]
            if screen["text"] and (shown[0] < wanted["refused"] or shown[1] + screen["waiting"] < wanted["held"]):
                self.found.refused_unseen.append(f"the list shows {shown} of {dict(wanted)}")

    def _unasked(self, device: UUID) -> bool:
        """A phone that was emptied shows nothing any more; the office does."""
        return bool(self.devices[device]["wiped"] or self.devices[device]["gone"])

    def _destroyed(self) -> None:
        """What a disk destroyed cannot come; people must be told: as refused on the phone, or as open at the county."""
        for event, each in self.gone.items():
            if event in self.entries:
                continue
            missing = tails.of(Device.get_by_id(UUID(each["device"]))).open
            seen = self.seen.get(event)
            said = seen is not None and seen["state"] == "refused"
            said |= any(first <= each["seq"] <= last for first, last in missing)
            if said:
                self.found.destroyed += 1
            else:
                self.found.lost.append(
                    f"no. {each['seq']} of {each['device']} was destroyed on the phone, and nobody says so"
                )
