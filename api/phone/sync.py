"""One round trip: sealed records up; receipts, rows, inbox and orders down (docs/formats.md §6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from flask import Response, current_app, g, request
from flask.typing import ResponseReturnValue

import models
from actions import inbox, packs, phone_facts, phone_talk, phones, sync, tails
from api.access import actor_with, from_phone, posts_in_force
from api.phone import bp
from api.phone.bodies import BATCH, MARK, asked, bearer, mark, told
from api.phone.sessions import phone_here
from api.phone.wire import ClearItem, MailboxRequest, Misshapen, SealedItem, SyncRequest
from rules.actors import Actor, scope_of
from rules.days import day_of
from rules.problems import PhoneUnknown

log = structlog.get_logger()


@bp.post("/api/phone/sync")
@from_phone
def add_sync() -> ResponseReturnValue:
    """Take in records, answer with all that is new for this agent; without `villages` only with what is urgent."""
    phone = phone_here()
    body = asked(SyncRequest, most=BATCH)
    if body.device != phone.id:
        raise PhoneUnknown()
    receipts = sync.receive(items_of(body.items), now=g.now, only_from=phone)
    kept = phone_talk.note(phone, _said(body), now=g.now)
    if body.before is not None:
        tails.note_emptied(phone, body.before.device, body.before.newest, now=g.now)
    held = posts_in_force(phone.person, now=g.now)
    actor = actor_with(phone.person, held)
    now_of = {phone.scope, *(scope_of(post.area) for post in actor.posts), *(r.scope for r in receipts if r.scope)}
    here = phone_talk.county_now(now_of | phone_talk.written_in(phone.id, set(body.heads) - now_of))
    answer = _answer(phone, receipts, here)
    _compare_heads(body, answer, phone)
    if body.villages is not None or not (body.me and body.county):
        places = packs.places_of(actor, phone.scope)
        answer |= _rows(actor, places, body, here) | _facts(phone, held, places, body)
    rows, answer["inbox_rev"] = inbox.since(phone.person_id, body.inbox)
    answer["inbox"] = rows
    decided = [row["about"] for row in rows if row["kind"] == "held" and row["about"]]
    answer["receipts"] += [vars(receipt) for receipt in sync.receipts_of(decided, phone.id)]
    answer["recovery_kept"] = kept
    response = told({key: value for key, value in answer.items() if value not in (None, [], {}, "", False)})
    _mark(response, phone, receipts)
    return response


@bp.post("/api/phone/mailbox")
@from_phone
def add_mail() -> ResponseReturnValue:
    """Take in sealed records from a phone that is locked, replaced or carried by its worker; tell it its orders."""
    phone = phones.of_mailbox(bearer())
    body = asked(MailboxRequest, most=BATCH)
    if body.device != phone.id:
        raise PhoneUnknown()
    receipts = sync.receive(items_of(body.items), now=g.now, carrier=phone)
    kept = phone_talk.note(phone, _said(body), now=g.now)
    scopes = [phone.scope, *(receipt.scope for receipt in receipts if receipt.scope)]
    answer = _answer(phone, receipts, phone_talk.county_now(scopes))
    del answer["heads"]
    response = told(answer | ({"recovery_kept": True} if kept else {}))
    _mark(response, phone, receipts)
    return response


def items_of(items: Iterable[Any]) -> list[sync.Item]:
    """Items as the wire shapes them, made those of the action; a misshapen one keeps what names it."""
    return [_item(item) for item in items]


def _item(item: SealedItem | ClearItem | Misshapen) -> sync.Item:
    if isinstance(item, Misshapen):
        raw = item.raw if isinstance(item.raw, dict) else {}
        named = {name: str(raw.get(name, ""))[:100] for name in ("id", "hash")}
        return sync.Item(**named, device="", raw=item.raw)
    raw = item.model_dump(mode="json")
    same = {"id": str(item.id), "hash": item.hash, "device": str(item.device), "raw": raw}
    if isinstance(item, SealedItem):
        return sync.Item(**same, sealed=item.sealed)
    return sync.Item(**same, payload=item.payload, signature=item.signature)


def _said(body: SyncRequest | MailboxRequest) -> phone_talk.Said:
    waiting, code = body.waiting, body.code
    lost = [each.model_dump(mode="json") for each in getattr(body, "lost", ())]
    old = getattr(body, "recovery", None)
    return phone_talk.Said(
        version=body.version, clock=body.clock, done=body.done,
        code=phone_talk.Code(code.n, code.sealed, code.signature) if code else phone_talk.Code(0, old) if old else None,
        records=waiting.records if waiting else None, blobs=waiting.blobs if waiting else None,
        lost=lost, drafts=getattr(body, "drafts", 0),
        newest=waiting.newest if waiting else None, missing=waiting.missing if waiting else (),
    )  # fmt: skip


def _mark(response: Response, phone: Any, receipts: list[sync.Receipt]) -> None:
    """With receipts, and at the first answer: the mark a phone's store cannot take along when it is emptied."""
    if receipts or MARK not in request.cookies:
        mark(response, phone.id, phone.seq, g.now)


def _answer(phone: Any, receipts: list[sync.Receipt], here: phone_talk.County) -> dict[str, Any]:
    told_now = phone_talk.told_of(phone, here, now=g.now)
    return {"now": g.now, "receipts": [vars(receipt) for receipt in receipts]} | told_now


def _rows(actor: Actor, places: packs.Places, body: SyncRequest, here: phone_talk.County) -> dict[str, Any]:
    """Rows wanted now. A phone of an earlier epoch holds rows of a journal that is gone: it gets all anew."""
    if body.villages is None:
        return {}
    known = body.villages if body.epoch in (None, here.epoch) else dict.fromkeys(body.villages, 0)
    mine = places.villages
    return vars(packs.pull(actor, mine, known, newest=here.revs, cursor=body.cursor, page=body.page, now=g.now))


def _facts(phone: Any, held: Sequence[Any], places: packs.Places, body: SyncRequest) -> dict[str, Any]:
    """What the phone does not know yet of its agent and of the county."""
    own, origin = models.own_settings(), current_app.config["SETTINGS"].origin
    name = own.get("county.name") or places.county
    return {
        "me": phone_facts.me(phone.person, held, places, origin=origin, known=body.me, now=g.now),
        "county": phone_facts.county(own, name=name, known=body.county, today=day_of(g.now)),
    }


def _compare_heads(body: SyncRequest, answer: dict[str, Any], phone: Any) -> None:
    """A head this phone has seen and we no longer hold means that the journal was cut or made anew."""
    if body.epoch != answer["epoch"]:  # after a restore the county itself says so, by its new epoch
        return
    newest = {scope: (head["position"], head["chain"]) for scope, head in answer["heads"].items()}
    told = {scope: (head.position, head.chain) for scope, head in body.heads.items()}
    seen = {scope: head for scope, head in told.items() if head != newest.get(scope)}
    for scope in phone_talk.report_missing_heads(phone, seen, now=g.now):
        log.critical("journal head missing", scope=scope, device=str(phone.id), position=seen[scope][0])
