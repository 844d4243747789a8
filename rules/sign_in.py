"""How long a desk waits after misses, and when a second factor counts (design §5). Pure: the clock comes in.

Codes are those of RFC 6238: 30 seconds, six digits, SHA-1, as every authenticator app shows them.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

import pyotp

STEP_S = 30
FREE_MISSES = 4  # of one account or one known browser, before any wait
FREE_MISSES_OF_NETWORK = 40  # a township sits behind one address
LONGEST_WAIT = timedelta(minutes=15)
MISSES_FADE = timedelta(hours=24)


def wait_after(misses: int, *, free: int = FREE_MISSES) -> timedelta:
    """How long to wait after so many misses in a row: nothing for the free ones, then 5 s, doubling up to 15 minutes."""
    if misses <= free:
        return timedelta(0)
    return min(timedelta(seconds=5 * 2 ** min(misses - free - 1, 12)), LONGEST_WAIT)


def totp_step(secret: str, code: str, *, now: datetime) -> int | None:
    """The 30-second step whose code this is, or None. One step either side is allowed for clocks that differ."""
    digits = "".join(c for c in code if c.isdigit())
    current = int(now.timestamp()) // STEP_S
    generator = pyotp.TOTP(secret)
    found = None
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(generator.generate_otp(step), digits):
            found = step
    return found


def totp_code(secret: str, *, now: datetime) -> str:
    """The code an app shows now."""
    return str(pyotp.TOTP(secret).generate_otp(int(now.timestamp()) // STEP_S))


def network_of(address: str) -> str:
    """What counts as one network: an IPv4 address, or the first 64 bits of an IPv6 one."""
    if ":" not in address:
        return address
    return ":".join(address.split("%")[0].split(":")[:4])
