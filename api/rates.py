"""How often each API key may call, and each address without a valid one."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from time import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from api.errors import TooManyCallsError

HOUSE_BITS = 64
"""Of an IPv6 address these are one house's, which may choose the others for every call."""


def neighbourhood_of(address: str) -> str:
    """Return by what an address is counted: itself, or of an IPv6 address its house's part."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(IPv6Network((int(known), HOUSE_BITS), strict=False))


class RateLimiter:
    """Counts calls by a sliding minute, in this process.

    Parameters
    ----------
    calls_per_minute
        Calls of one key, or of one address without a valid key, in a minute; 0 for no limit.
    """

    def __init__(self, calls_per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(calls_per_minute) if calls_per_minute else None
        self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count_nobody(self, request: Request) -> None:
        """Count a call without a valid key, by where it comes from.

        Raises
        ------
        TooManyCallsError
            If there were too many in the last minute.
        """
        address = request.client.host if request.client else "nowhere"
        self.count(f"from {neighbourhood_of(address)}")

    def count(self, who: str) -> None:
        """Count a call.

        Raises
        ------
        TooManyCallsError
            If there were too many in the last minute.
        """
        if self._limit is None or self._windows.hit(self._limit, who):
            return
        resets = self._windows.get_window_stats(self._limit, who).reset_time
        # From then on calls are forgotten one by one, evenly over a minute.
        one_forgotten = self._limit.get_expiry() / self._limit.amount
        raise TooManyCallsError(
            f"More than {self._limit.amount:,} calls in a minute with one API key, or from one "
            "address without a valid one.",
            ceil(max(resets - time(), 0) + one_forgotten),
        )
