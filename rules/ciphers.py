"""Every cipher of the program, behind one module so that SM2/SM3/SM4 can take their places (R-SEC).

Pure functions over keys that are passed in; formats are those of docs/formats.md. Failures raise `Unreadable`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

EVENT_PREFIX = "daiban-event/1\n"
SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Unreadable(ValueError):
    """Something sealed could not be opened, or a signature does not fit: changed, cut, or for another key."""


# ---- small shapes


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Raises Unreadable."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, TypeError) as error:
        raise Unreadable(str(error)) from error


LAST_MS = 253_402_214_400_000  # 31 December 9999: no datetime goes further


def uuid7(at_ms: int | None = None) -> UUID:
    """A UUIDv7: 48 bits of milliseconds, then 74 random bits (RFC 9562)."""
    ms = int(time.time() * 1000) if at_ms is None else at_ms
    value = (ms & (1 << 48) - 1) << 80 | 0x7 << 76 | int.from_bytes(os.urandom(2)) >> 4 << 64
    return UUID(int=value | 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2)


def uuid7_at(found: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond; the year 9999 where it is none and says something later."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(found.int >> 80, LAST_MS))


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


# ---- columns at rest


@dataclass(frozen=True)
class ColumnKeys:
    """AES-256 keys of encrypted columns by their one-byte id; `current` seals, all open (rotation)."""

    current: int
    keys: dict[int, bytes]

    def seal(self, plain: bytes) -> bytes:
        iv = os.urandom(12)
        return bytes([self.current]) + iv + AESGCM(self.keys[self.current]).encrypt(iv, plain, None)

    def open(self, sealed: bytes) -> bytes:
        try:
            return AESGCM(self.keys[sealed[0]]).decrypt(sealed[1:13], sealed[13:], None)
        except (InvalidTag, KeyError, IndexError, ValueError) as error:
            raise Unreadable("column") from error


def lookup(key: bytes, text: str) -> str:
    """Keyed hash under which a secret value is found again; the key stays outside database and backup."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def token_hash(token: str) -> str:
    """What is stored of a bearer token: tokens are random, so a plain hash is enough."""
    return sha256(token.encode())


# ---- events


def event_hash(payload: str) -> str:
    return sha256((EVENT_PREFIX + payload).encode())


def signature_fits(public_key: ec.EllipticCurvePublicKey, text: str, signature: bytes) -> bool:
    """Whether raw r‖s (64 bytes) over `text` was made with the key's private half."""
    if len(signature) != 64:
        return False
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    try:
        public_key.verify(der, text.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def sign(private_key: ec.EllipticCurvePrivateKey, text: str) -> bytes:
    r, s = decode_dss_signature(private_key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def public_key_from(spki: bytes) -> ec.EllipticCurvePublicKey:
    """A P-256 public key from SPKI. Raises Unreadable."""
    try:
        key = serialization.load_der_public_key(spki)
    except ValueError as error:
        raise Unreadable("public key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Unreadable("public key")
    return key


# ---- sealed for the county


def item_info(event_id: str, digest: str, device: str) -> bytes:
    """What binds a sealed item to its outside (docs/formats.md §2)."""
    return f"daiban-seal/1\n{event_id}\n{digest}\n{device}".encode()


def hpke_open(private_key: ec.EllipticCurvePrivateKey, sealed: bytes, info: bytes) -> bytes:
    """Open `enc ‖ ct`. Raises Unreadable."""
    try:
        return SUITE.decrypt(sealed, private_key, info=info)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("sealed item") from error


def hpke_seal(public_key: ec.EllipticCurvePublicKey, plain: bytes, info: bytes) -> bytes:
    return SUITE.encrypt(plain, public_key, info=info)


def raw_point(public_key: ec.EllipticCurvePublicKey) -> bytes:
    """The uncompressed point (65 bytes), as phones pin it."""
    return public_key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


# ---- pictures


def blob_open(key: bytes, cipher: bytes, event_id: str, role: str) -> bytes:
    """Open a picture: 12-byte IV ‖ AES-256-GCM. Raises Unreadable."""
    try:
        return AESGCM(key).decrypt(cipher[:12], cipher[12:], f"daiban-blob/1\n{event_id}\n{role}".encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable("picture") from error


# ---- enrolment


def enrolment_code(raw: bytes) -> str:
    """128 random bits as 26 characters of Crockford's base32; the first 10 are the typed form."""
    number, text = int.from_bytes(raw) << 2, ""
    for _ in range(26):
        number, digit = divmod(number, 32)
        text = CROCKFORD[digit] + text
    return text


def clean_code(typed: str) -> str:
    """What somebody typed, made comparable: capitals, no spaces or hyphens, i and l are 1, o is 0."""
    kept = "".join(c for c in typed.upper() if c.isalnum())
    return kept.translate(str.maketrans("ILO", "110"))


def enrolment_digits(typed_code: str, public_key_b64: str) -> str:
    """The six digits that phone and desk compute alike from code and key (docs/formats.md §4)."""
    mac = hmac.new(typed_code.encode(), f"daiban-digits/1\n{public_key_b64}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(mac[:8]) % 1_000_000:06d}"
