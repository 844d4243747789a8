"""The folder of secrets (DAIBAN_KEYS): made once, with an empty database, and read at each start.

Losing it loses everything that is sealed; it never lies in the database or its backup.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from disk import sync_folder
from models import Keyring
from rules.ciphers import ColumnKeys, b64, raw_point, sha256, unb64

FILE = "daiban-keys.json"
MONTHS = "backup-keys"  # one file a month in this folder of it; destroying a file destroys what it opens


class KeysMissing(RuntimeError):
    """There are no keys where the settings look for them."""


def make(folder: Path) -> None:
    """Write new secrets, readable by their owner only. Raises FileExistsError rather than replace any."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    county, signing = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    secrets = {
        "columns": {"1": b64(os.urandom(32))},
        "current": 1,
        "lookup": b64(os.urandom(32)),
        "leaves": b64(os.urandom(32)),
        "cookies": b64(os.urandom(32)),
        "county": _pkcs8(county),
        "signing": _pkcs8(signing),
    }
    handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(secrets, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path) -> Keyring:
    """Raises KeysMissing."""
    try:
        found = json.loads((folder / FILE).read_text())
    except FileNotFoundError:
        raise KeysMissing(
            f"No keys in {folder}. Run `flask --app app migrate` to make a database and its keys."
        ) from None
    county = _private(found["county"])
    return Keyring(
        columns=ColumnKeys(found["current"], {int(k): unb64(v) for k, v in found["columns"].items()}),
        lookup=unb64(found["lookup"]),
        leaves=unb64(found["leaves"]),
        cookies=unb64(found["cookies"]),
        signing=_private(found["signing"]),
        county=county,
        county_id=sha256(raw_point(county.public_key()))[:16],
    )


def fingerprint(keyring: Keyring) -> str:
    """What the database remembers of its keys, so that it never meets foreign ones."""
    return sha256(b"".join([keyring.lookup, keyring.leaves, *(v for _, v in sorted(keyring.columns.keys.items())[:1])]))


# ---- the keys of backups


def month_key(folder: Path, month: str, *, make: bool = False) -> bytes:
    """The key that seals the backups of a month (`2026-11`); `make` one where there is none yet.

    Raises KeysMissing: it was destroyed when its time was over, or the folder was not put back whole.
    """
    path = folder / MONTHS / f"{month}.key"
    if make and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(b64(os.urandom(32)))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
        sync_folder(path.parent)
    try:
        return unb64(path.read_text())
    except FileNotFoundError:
        raise KeysMissing(f"No key of {month} in {path.parent}.") from None


def months(folder: Path) -> list[str]:
    """The months whose backups can still be opened, oldest first."""
    return sorted(path.stem for path in (folder / MONTHS).glob("????-??.key"))


def destroy_month(folder: Path, month: str) -> None:
    """Overwrite and delete a month's key. A disk may keep the old block for a while: the folder belongs on an encrypted one."""
    path = folder / MONTHS / f"{month}.key"
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


def _pkcs8(key: ec.EllipticCurvePrivateKey) -> str:
    return b64(
        key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _private(text: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_der_private_key(unb64(text), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeysMissing("A key is of another kind than this program makes.")
    return key
