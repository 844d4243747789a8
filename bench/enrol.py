"""100 phones enrol together, each with 500 people: claim, six digits typed at the desk, release, session, the whole pack.

The phones speak the real protocol to a real server. The lead's typing is the action behind the desk's form, done as
soon as a phone shows its digits. Usable means that the last page of the pack has come.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from actions import enrolments
from bench import county
from bench.databases import DATABASES, Database
from bench.phones import Phone
from bench.pull import pages
from bench.push import together
from bench.results import Found, at_most, percentile
from bench.server import Client, Server
from models import Enrolment, Person, Post, Resident, database
from rules import ciphers
from rules.actors import Actor, Role
from rules.enrolment import TYPED

ROW = "100 phones enrolling together, 500 people each: all usable"


def measure(
    *, databases: Sequence[str] = DATABASES, quick: bool = False, phones: int = 100, people: int = 500
) -> Iterator[Found]:
    phones, people = (3, 10) if quick else (phones, people)
    for kind in databases:
        with Database.fresh(kind) as here:
            now = datetime.now(UTC)
            villages = sum(map(len, county.villages().values()))
            county.make(
                here, people * villages if not quick else 60, now=now - timedelta(days=60), most=2 if quick else 18
            )
            offers = _offers(phones, now)
            server, desk = Server(here), threading.Lock()
            with server.running():
                enrol = partial(_enrol, port=server.port, began=time.perf_counter(), desk=desk)
                done = together(server.port, offers, enrol, phones)
                used = sum(server.cpu())
            times, rows = [each[0] for each in done], [each[1] for each in done]
            assert min(rows) > 0
            yield at_most(
                ROW, kind, max(times), 30, "s", phones=phones, people_each=round(sum(rows) / len(rows)),
                half_usable_s=percentile(times, 50), server_cpu_seconds=round(used, 1),
            )  # fmt: skip


@dataclass(frozen=True)
class Offer:
    enrolment: UUID
    code: str
    village: str
    lead: Actor


def _offers(count: int, now: datetime) -> list[Offer]:
    """A code for so many agents, each of another village, as their leads show them."""
    leads = {post.area: county.actor_of(post.person_id, now) for post in Post.select().where(Post.role == Role.LEAD)}
    agents = list(Post.select().where(Post.role == Role.AGENT).order_by(Post.area).limit(count))
    found = []
    for post in agents:
        lead = leads[post.scope]
        made = enrolments.offer(county.actor_of(post.person_id, now), actor=lead, now=now)
        found.append(Offer(made.id, str(made.code), post.area, lead))
    return found


def _enrol(offer: Offer, client: Client, *, port: int, began: float, desk: threading.Lock) -> tuple[float, int]:
    """One phone from its code to its last page; gives when it was usable and how many people it holds."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = ciphers.b64(county.spki(key))
    plain = {"Content-Type": "application/json"}
    body = {"code": offer.code, "public_key": public, "version": "bench"}
    claimed = json.loads(client.ask("POST", "/api/phone/enrolments", json.dumps(body).encode(), **plain).body)
    with desk, database.connection_context():  # one lead after the other
        found = Enrolment.get_by_id(offer.enrolment)
        digits = ciphers.enrolment_digits(offer.code[:TYPED], public)
        enrolments.release(found, digits, actor=offer.lead, now=datetime.now(UTC))
    released = _released(client, claimed)
    person = Person.get_by_id(released["person"])
    phone = Phone(released["device"], str(person.id), "", "", [], key)
    phone.sign_in(port)
    rows = [row for told, _ in pages(phone, client, offer.village) for row in told["rows"]]
    with database.connection_context():
        wanted = Resident.select().where(Resident.area == offer.village).count()
    assert len({row["id"] for row in rows}) == wanted, f"{len(rows)} people came, {wanted} live there"
    return time.perf_counter() - began, wanted


def _released(client: Client, claimed: dict[str, Any]) -> dict[str, Any]:
    """Ask every second, as phones do."""
    bearer = {"Authorization": f"Bearer {claimed['claim']}"}
    while True:
        told = json.loads(client.ask("GET", f"/api/phone/enrolments/{claimed['enrolment']}", **bearer).body)
        if told.get("release"):
            return dict(told["release"])
        time.sleep(1)
