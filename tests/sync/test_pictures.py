"""Pictures come in pieces, only those a record names, and nobody ever sees the original."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from actions import pictures
from models import Picture
from rules.ciphers import Unreadable, uuid7
from rules.problems import NotFound
from tests.support import device
from tests.sync.conftest import the, visit


def jpeg(width=600, height=800, **options):
    packed = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(packed, "JPEG", quality=70, **options)
    return packed.getvalue()


@pytest.fixture
def taken(sync, phone, cast, now):
    """A visit that names one picture; gives its event and the picture's ciphertext."""

    def made(plain=None, type="image/jpeg"):
        picture = device.Picture("mark", plain or jpeg(), type=type)
        event = str(uuid7(int(now.timestamp() * 1000)))
        payload = phone.payload(
            "visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id, id=event, blobs=[picture.seal(event)]
        )
        assert the(sync(phone, [phone.sealed(payload)]))["state"] == "accepted"
        return event, picture

    return made


@pytest.fixture
def put(client):
    def sent(event, piece, offset, total, role="mark", **headers):
        url = f"/api/phone/blobs/{event}/{role}?offset={offset}&total={total}"
        answer = client.put(url, data=piece, headers=headers)
        return answer.status_code, (answer.get_json() or {}).get("offset")

    return sent


def test_a_picture_is_wanted_until_all_of_it_is_here(sync, put, taken, phone, settings):
    event, picture = taken()
    whole, size = picture.cipher, len(picture.cipher)
    assert sync(phone)["wanted"] == [{"event": event, "role": "mark", "offset": 0}]
    assert put(event, whole[:1000], 0, size) == (202, 1000)
    assert sync(phone)["wanted"] == [{"event": event, "role": "mark", "offset": 1000}]
    assert put(event, whole[1000:], 1000, size) == (201, size)
    assert "wanted" not in sync(phone)
    stored = pictures.place(settings.blobs_path, Picture.get().event, "mark")
    assert stored.read_bytes() == whole
    assert not list((settings.blobs_path / "partial").iterdir())


def test_a_piece_that_begins_elsewhere_is_told_where(put, taken):
    event, picture = taken()
    size = len(picture.cipher)
    assert put(event, picture.cipher[500:], 500, size) == (409, 0)
    put(event, picture.cipher[:500], 0, size)
    assert put(event, picture.cipher[:500], 0, size) == (409, 500)  # the answer got lost, the piece came again
    assert put(event, picture.cipher[500:], 500, size) == (201, size)
    assert put(event, picture.cipher[500:], 500, size) == (201, size)  # and once more


def test_a_damaged_picture_begins_anew(sync, put, taken, phone):
    event, picture = taken()
    size = len(picture.cipher)
    assert put(event, b"\x00" * size, 0, size) == (409, 0)
    assert sync(phone)["wanted"] == [{"event": event, "role": "mark", "offset": 0}]
    assert put(event, picture.cipher, 0, size) == (201, size)


def test_nothing_but_what_a_record_of_this_phone_names_is_taken(put, taken, client, phone, cast, now):
    event, picture = taken()
    size = len(picture.cipher)
    assert put(event, picture.cipher, 0, size, role="other")[0] == 404
    assert put(str(uuid7()), picture.cipher, 0, size)[0] == 404
    other = device.enrolled(cast.zhao_min, by=cast.luo_guoxiu, now=now)
    assert put(event, picture.cipher, 0, size, Authorization=f"Bearer {other.mailbox}")[0] == 404
    assert put(event, picture.cipher, 0, size, Authorization=f"Bearer {phone.mailbox}") == (201, size)
    assert put(event, picture.cipher, 0, size, Authorization="Bearer nothing")[0] == 401


@pytest.mark.parametrize(("offset", "total"), [("x", 1), (-1, 1), (0, "")])
def test_an_address_that_says_no_numbers_is_refused(put, taken, offset, total):
    assert put(taken()[0], b"x", offset, total)[0] == 422


def test_more_than_the_record_said_is_not_taken(put, taken):
    event, picture = taken()
    assert put(event, picture.cipher, 0, len(picture.cipher) + 1)[0] == 422
    assert put(event, picture.cipher + b"x", 0, len(picture.cipher))[0] == 422


def test_what_a_held_record_names_is_taken_and_what_a_refused_one_names_is_not(sync, put, phone, cast, now):
    for kind, status in (("seal.used", 201), (None, 404)):
        picture, event = device.Picture("mark", jpeg(50, 50)), str(uuid7())
        payload = phone.payload(kind or "visit.ended", {}, at=now, id=event, blobs=[picture.seal(event)])
        item = phone.sealed(payload) if kind else phone.sealed(payload) | {"hash": "0" * 64}
        sync(phone, [item])
        assert put(event, picture.cipher, 0, len(picture.cipher))[0] == status


def test_one_role_for_two_pictures_holds_the_record_and_stops_nobody(sync, put, phone, cast, now):
    event, pair = str(uuid7()), [device.Picture("mark", jpeg(50, 50)) for _ in range(2)]
    named = [picture.seal(event) for picture in pair]
    bad = phone.payload("visit.ended", visit(cast, now), at=now, id=event, subject=cast.chen_guilan.id, blobs=named)
    good = phone.payload("visit.ended", visit(cast, now), at=now, subject=cast.chen_guilan.id)
    receipts = sync(phone, [phone.sealed(bad), phone.sealed(good)])["receipts"]
    assert [(r["state"], r["reason"]) for r in receipts] == [("held", "unreadable-body"), ("accepted", "")]
    assert put(event, pair[0].cipher, 0, len(pair[0].cipher))[0] == 201


# ---- the copy people see


def test_people_see_a_picture_drawn_anew(put, taken, settings, now):
    exif = Image.Exif()
    exif[0x010E] = "a note"
    event, picture = taken(jpeg(600, 800, exif=exif) + b"trailing bytes")
    put(event, picture.cipher, 0, len(picture.cipher))
    with pytest.raises(NotFound):
        pictures.shown(Picture.get().event, "mark", folder=settings.blobs_path)
    assert pictures.draw_copies(settings.blobs_path) == 1
    kind, copy = pictures.shown(Picture.get().event, "mark", folder=settings.blobs_path)
    assert kind == "image/jpeg"
    with Image.open(io.BytesIO(copy)) as seen:
        assert seen.size == (600, 800)
        assert not seen.getexif()
    assert b"trailing" not in copy
    assert len(Picture.get().near_hash) == 64
    assert pictures.draw_copies(settings.blobs_path) == 0
    at_rest = pictures.copy_path(settings.blobs_path, Picture.get().event, "mark").read_bytes()
    assert at_rest != copy
    assert b"JFIF" not in at_rest


def test_a_file_that_is_no_picture_is_never_shown(put, taken, settings):
    event, picture = taken(b"GIF89a" + b"\x00" * 100)
    put(event, picture.cipher, 0, len(picture.cipher))
    pictures.draw_copies(settings.blobs_path)
    assert Picture.get().state == "unshowable"


def test_strokes_nested_without_end_hold_up_no_other_picture(put, taken, settings):
    event, picture = taken(b"[" * 100_000, type="application/json")
    put(event, picture.cipher, 0, len(picture.cipher))
    pictures.draw_copies(settings.blobs_path)
    assert Picture.get().state == "unshowable"


def test_a_picture_with_too_many_pixels_is_never_drawn(put, taken, settings):
    packed = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(packed, "PNG")
    event, picture = taken(packed.getvalue(), type="image/png")
    put(event, picture.cipher, 0, len(picture.cipher))
    pictures.draw_copies(settings.blobs_path)
    assert Picture.get().state == "unshowable"


def test_two_pictures_of_one_scene_have_near_hashes(put, taken, settings, now):
    plain = Image.linear_gradient("L").resize((300, 400)).rotate(20)
    for quality in (90, 40):
        packed = io.BytesIO()
        plain.convert("RGB").save(packed, "JPEG", quality=quality)
        event, picture = taken(packed.getvalue())
        put(event, picture.cipher, 0, len(picture.cipher))
    pictures.draw_copies(settings.blobs_path)
    first, second = (int(row.near_hash, 16) for row in Picture.select())
    assert (first ^ second).bit_count() < 20


def test_the_original_opens_only_with_the_key_its_record_carries(put, taken, settings):
    event, picture = taken()
    put(event, picture.cipher, 0, len(picture.cipher))
    row = Picture.get()
    assert pictures.original(row, settings.blobs_path) == picture.plain
    row.key = row.key[::-1]
    with pytest.raises(Unreadable):
        pictures.original(row, settings.blobs_path)
