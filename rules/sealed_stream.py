"""A long text sealed in pieces, so that a database of any size passes through the same little memory.

Each piece is AES-256-GCM under one key that is used for this stream alone. The nonce of a piece is its number and whether
it is the last (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015): pieces that were swapped, left
out, put in or cut off at the end do not open. Formats: docs/formats.md §7.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rules.ciphers import Unreadable

PIECE = 1 << 20  # bytes of plain text
TAG = 16


def key_for(month_key: bytes, salt: bytes, purpose: str) -> bytes:
    """A key of its own for one stream or one seal: no two of them ever share nonces."""
    info = f"daiban-backup/1\n{purpose}".encode()
    return HKDF(hashes.SHA256(), length=32, salt=salt, info=info).derive(month_key)


def seal(plain: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """The sealed pieces of a text that comes in parts of any length; at least one piece, also of nothing."""
    cipher, number, waiting = AESGCM(key), 0, bytearray()
    for part in plain:
        waiting += part
        while len(waiting) > PIECE:  # one piece waits always: only the end shows which is the last
            yield cipher.encrypt(_nonce(number, last=False), bytes(waiting[:PIECE]), None)
            del waiting[:PIECE]
            number += 1
    yield cipher.encrypt(_nonce(number, last=True), bytes(waiting), None)


def open_sealed(file: BinaryIO, key: bytes) -> Iterator[bytes]:
    """The text again, piece by piece. Raises Unreadable at the first piece that is not as it was sealed."""
    cipher, number = AESGCM(key), 0
    here = file.read(PIECE + TAG)
    while True:
        following = file.read(PIECE + TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), here, None)
        except InvalidTag as error:
            raise Unreadable("sealed stream") from error
        if not following:
            return
        here, number = following, number + 1


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def mac_fits(key: bytes, text: str, given: str) -> bool:
    return hmac.compare_digest(mac(key, text), given)
