"""How often one address may try what could be guessed: counted in this process only, and forgotten with the hour.

A village shares one address, so no limit stands before a scanned code.
"""

from __future__ import annotations

from collections.abc import Sequence

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

_store = MemoryStorage()
_counted = FixedWindowRateLimiter(_store)


def count(limits: Sequence[RateLimitItem], address: str) -> None:
    """Count a try from this address. Raises TooManyRequests."""
    if not all(_counted.hit(each, address) for each in limits):
        raise TooManyRequests()


def forget() -> None:
    """Begin to count anew."""
    _store.reset()
