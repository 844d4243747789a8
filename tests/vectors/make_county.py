"""Write the county's half of tests/vectors/envelope.json: `python tests/vectors/make_county.py`, then make_phone.ts.

Plain `cryptography`, not our own modules, so that both halves of the program are measured against a third.
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

FILE = Path(__file__).with_name("envelope.json")
EVENT, DEVICE = "0193a000-0000-7000-8000-000000000002", "0193a000-0000-7000-8000-000000000801"


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def pkcs8(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return b64(key.private_bytes(*form))


county, device = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
point = county.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
spki = b64(
    device.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)

key, iv, plain = os.urandom(32), os.urandom(12), "不是真照片".encode()
cipher = iv + AESGCM(key).encrypt(iv, plain, f"daiban-blob/1\n{EVENT}\nmark".encode())
ref = {
    "sha256": sha256(cipher).hexdigest(), "plain_sha256": sha256(plain).hexdigest(), "key": b64(key),
    "bytes": len(cipher), "type": "image/png", "role": "mark",
}  # fmt: skip
payload = json.dumps(
    {
        "id": EVENT, "salt": b64(bytes(16)), "kind": "delivery.made", "v": 1, "device": DEVICE, "seq": 2, "prev": "0" * 64,
        "scope": "520121107000", "after": 0, "actor": DEVICE, "post": DEVICE, "subject": EVENT, "at": "2026-11-22T10:04:01.123Z",
        "offset_ms": None, "offset_age_s": None, "body": {"name": "石头村\u2028三组 / \\ \""}, "blobs": [ref],
    },
    ensure_ascii=False,
)  # fmt: skip
text = f"daiban-event/1\n{payload}".encode()
r, s = decode_dss_signature(device.sign(text, ec.ECDSA(hashes.SHA256())))
signature = b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
digest = sha256(text).hexdigest()
inside = json.dumps({"payload": payload, "signature": signature}).encode()
suite = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
sealed = suite.encrypt(inside, county.public_key(), info=f"daiban-seal/1\n{EVENT}\n{digest}\n{DEVICE}".encode())
mac = hmac.HMAC(b"ZYXWVTSRQP", hashes.SHA256())
mac.update(f"daiban-digits/1\n{spki}".encode())
number = int.from_bytes(mac.finalize()[:8], "big") % 10**6

found = json.loads(FILE.read_text()) if FILE.exists() else {}
found |= {
    "about": "docs/formats.md §1, §2, §4, §5, written by each side for the other; keys are of tests only",
    "county_key": {"id": "test-1", "public": b64(point), "private_key_pkcs8": pkcs8(county)},
    "county": {
        "public_key": spki,
        "event": {"payload": payload, "signature": signature, "hash": digest},
        "item": {"id": EVENT, "hash": digest, "device": DEVICE, "key": "test-1", "sealed": b64(sealed)},
        "blob": {"event": EVENT, "ref": ref, "cipher": b64(cipher), "plain": b64(plain)},
        "digits": {"typed": "ZYXWVTSRQP", "public_key": spki, "digits": f"{number:06d}"},
    },
}
FILE.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
