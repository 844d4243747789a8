"""A visit with a picture and a signature over a slow link that breaks: how long until the county has all of it.

The phone is the real program's store and sync in Node, the county a real gunicorn, and between them a link that lets so
many bytes a second up and is torn off after so many. Counted are the seconds from the save to the last "all is here",
pauses included, and the bytes of pictures that went up more than once.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev import node_environment
from tests.support.server import ROOT, Server
from tests.support.slow_link import How, SlowLink
from tests.support.small_county import at_the_county, make

PICTURE, MARK = 150_000, 8_000  # bytes, before they are sealed
RATE = 20_000  # bytes a second: a village at the edge of the signal
CUTS: tuple[int | None, ...] = (None, 150_000, 60_000)  # bytes after which the link is torn off

ENROL = """
import json
from cryptography.hazmat.primitives import serialization as s
from models import Installation
from rules import ciphers
from tests.support import device
phone = device.enrolled(CAST.wang_fang, by=CAST.luo_guoxiu, now=now)
pkcs8 = phone.key.private_bytes(s.Encoding.DER, s.PrivateFormat.PKCS8, s.NoEncryption())
keys = models.keys()
point = keys.county.public_key().public_bytes(s.Encoding.X962, s.PublicFormat.UncompressedPoint)
county_key = {"id": keys.county_id, "public": ciphers.b64(point)}
identity = {"device": str(phone.id), "mailbox": phone.mailbox, "person": str(CAST.wang_fang.id), "epoch": 1,
            "county": "开阳县", "demo": True, "county_key": county_key}
print(json.dumps({"identity": identity, "key": ciphers.b64(pkcs8), "resident": str(CAST.chen_guilan.id)}))
"""


@dataclass(frozen=True)
class Result:
    rate_bytes_per_second: int
    cut_every_bytes: int  # 0: never
    cuts: int
    seconds: float
    ideal_seconds: float  # all that had to go up, at that rate without a pause
    conversations: int  # times the phone began to send
    pieces: int
    picture_bytes: int  # to be brought, sealed
    resent_bytes: int
    sent_bytes: int  # all that went up: records, questions and headers too


def measure(cuts: Sequence[int | None] = CUTS, *, rate: int = RATE, how: How = "reset") -> list[Result]:
    """One visit for each of these links. Raises AssertionError where the county does not hold both pictures at the end."""
    folder = Path(tempfile.mkdtemp(prefix="daiban-bench-"))
    try:
        return [_one(folder / str(number), cut, rate, how) for number, cut in enumerate(cuts)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _one(folder: Path, cut: int | None, rate: int, how: How) -> Result:
    server = Server(folder)
    make(server)
    phone = json.loads(at_the_county(server, ENROL))
    server.start()
    try:
        with SlowLink(server.port, rate=rate, cut_every=cut, how=how) as link:
            given = phone | {
                "county": server.url, "link": f"http://localhost:{link.port}", "picture": PICTURE, "mark": MARK,
            }  # fmt: skip
            found = _phone(given)
            passed = link.passed
    finally:
        server.kill()
    kept = at_the_county(server, "print(*(p.bytes for p in models.Picture.select() if p.state == 'stored'))")
    picture_bytes = sum(map(int, kept.split()))
    assert (len(kept.split()), found["state"]) == (2, "accepted"), f"{found['state']}; stored: {kept}"
    return Result(
        rate_bytes_per_second=rate,
        cut_every_bytes=cut or 0,
        cuts=passed.cuts,
        seconds=round(found["seconds"], 1),
        ideal_seconds=round((picture_bytes + passed.bytes - passed.pictures) / rate, 1),
        conversations=found["conversations"],
        pieces=passed.pieces,
        picture_bytes=picture_bytes,
        resent_bytes=passed.pictures - picture_bytes,
        sent_bytes=passed.bytes,
    )


def _phone(given: dict[str, object]) -> dict[str, float | int | str]:
    command = ["node", "--no-warnings", "--experimental-transform-types", str(ROOT / "bench" / "photo_phone.ts")]
    ended = subprocess.run(
        command, cwd=ROOT, env=node_environment(), input=json.dumps(given), capture_output=True, text=True, timeout=600
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, float | int | str] = json.loads(ended.stdout)
    return found


def main() -> None:
    """Print a table: one column for each link."""
    results = measure()
    for name in Result.__dataclass_fields__:
        print(f"{name:<24}" + "".join(f"{getattr(found, name):>14,}" for found in results))


if __name__ == "__main__":
    main()
