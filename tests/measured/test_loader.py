"""What the loader writes cannot be told from what phones send: the same columns, and `verify` proves it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

import models
from actions import sync, verify
from api.phone.sync import items_of
from api.phone.wire import ClearItem
from bench import loader
from bench.databases import DATABASES
from bench.phones import instant, phones_of
from models import Device, JournalEntry, LifeVerification, Picture, Scope, Visit
from rules import ciphers
from storage import connection

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(params=DATABASES)
def loaded(request):
    bound = models.database.obj, list(connection._keyring)
    with loader.ready(request.param, 400, 40, quick=True) as database:
        yield database
    models.database.initialize(bound[0]), connection._keyring.__setitem__(slice(None), bound[1])


def test_all_that_is_loaded_proves(loaded):
    proof = verify.verify()
    assert proof.broken == []
    assert proof.signatures == proof.entries > 400
    assert proof.rows > 150


def test_a_second_run_adds_nothing_and_one_cut_off_goes_on(loaded):
    before = JournalEntry.select().count()
    (loaded.folder / "loaded").unlink()
    assert loader.load(loaded, 400, people=40, processes=1, townships=2) == before
    assert verify.verify().broken == []


def test_its_rows_have_the_columns_of_rows_that_phones_sent(loaded):
    """Fifty by the way in, and those loaded: wherever the one says something, so may the other, and in the same shape."""
    loaded_rows = {model: shape(model, model.select()) for model in (Visit, LifeVerification, Picture)}
    loaded_rows[JournalEntry] = shape(JournalEntry, JournalEntry.select().where(JournalEntry.device.is_null(False)))
    last = dict(Scope.select(Scope.code, Scope.position).tuples())
    phones = phones_of(loaded, 2)
    now = datetime.now(UTC)
    for phone in phones:
        items = [item for _ in range(25) for item in a_visit(phone, now)]
        told = sync.receive(
            items_of([ClearItem.model_validate(each) for each in items]), now=now,
            only_from=Device.get_by_id(phone.device),
        )  # fmt: skip
        assert {each.state for each in told} == {"accepted"}
    e = JournalEntry
    fresh = [row for row in e.select() if row.position > last[row.scope]]
    assert len(fresh) == 100
    sent = {each.id for each in fresh}
    for model, key in ((Visit, Visit.event), (LifeVerification, LifeVerification.event), (Picture, Picture.event)):
        compare(shape(model, model.select().where(key.in_(sent))), loaded_rows[model], model)
    compare(shape(e, fresh), loaded_rows[e], e)
    assert verify.verify().broken == []


#: Set once a picture has come, or a lead has looked; among what is loaded some have.
LATER = {"got", "stored_at", "near_hash", "checked_by", "checked_at"}


def compare(real, made, model):
    for column in real.keys() - LATER:
        kinds = real[column]
        assert kinds <= made[column], f"{model.__name__}.{column}: phones bring {kinds}, the loader {made[column]}"
        assert kinds == made[column] or column in SOMETIMES, (
            f"{model.__name__}.{column}: only the loader leaves it {made[column] - kinds}"
        )


#: What these fifty all have or all lack, and others do not.
SOMETIMES = {
    "where",
    "flags",
    "return_on",
    "why",
    "device",
    "number",
    "prev",
    "seq",
    "notes",
    "met",
    "mark",
    "badge_shown",
    "offset_ms",
}


def shape(model, rows):
    """Of each column: whether it is ever empty, ever set."""
    found = defaultdict(set)
    for row in rows:
        for field in model._meta.sorted_fields:
            found[field.name].add("empty" if row.__data__[field.name] in (None, "", 0) else "set")
    return found


def a_visit(phone, now):
    """A visit with a verification, as a phone signs them."""
    ended = now - timedelta(minutes=30)
    person = phone.residents[phone.seq % len(phone.residents)]
    mark, visit, verification = {"kind": "signature", "role": "mark"}, str(ciphers.uuid7()), str(ciphers.uuid7())
    blob = {
        "sha256": "a" * 64, "plain_sha256": "b" * 64, "key": "c" * 43, "bytes": 8000, "type": "application/json",
        "role": "mark",
    }  # fmt: skip
    body = {
        "visit": visit, "reasons": ["verification"], "met": [{"resident": person}], "outcome": "done", "notes": "在家",
        "badge_shown": True, "mark": mark, "started_at": instant(ended - timedelta(minutes=9)),
        "ended_at": instant(ended), "verifications": [verification],
    }  # fmt: skip
    yield phone.event("visit.ended", person, ended, body, blobs=[blob])
    body = {
        "verification": verification, "visit": visit, "entitlements": [str(ciphers.uuid7())], "document": "id_card",
        "condition": "healthy", "gesture": "normal", "witness": {"name": "陈国发", "relation": "neighbour"}, "kin": False,
        "captured_at": instant(ended), "mark": mark,
    }  # fmt: skip
    yield phone.event("verification.captured", person, ended, body, blobs=[blob])
