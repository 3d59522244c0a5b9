"""Random draws: one stream for each table, so that a longer one does not disturb the others."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matcher.synthetic.spec import CountySpec

T = TypeVar("T")
Floats = npt.NDArray[np.float64]


class Dice:
    """A stream of draws that depends only on the seed, the council and the table's name.

    Parameters
    ----------
    spec
        The county.
    table
        What the draws are for.
    """

    def __init__(self, spec: CountySpec, table: str) -> None:
        names = (zlib.crc32(spec.council.encode()), zlib.crc32(table.encode()))
        self.generator = np.random.default_rng([spec.seed, *names])

    def happens(self, share: float) -> bool:
        """Return True in a share of the calls."""
        return float(self.generator.random()) < share

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return int(self.generator.integers(low, high + 1))

    def pick(self, items: Sequence[T]) -> T:
        """Return one of the items, each as likely."""
        return items[self.whole(0, len(items) - 1)]

    def weighted(self, shares: Mapping[T, float]) -> T:
        """Return one of the keys, as likely as its share says."""
        return list(shares)[self.place(list(accumulate(shares.values())))]

    def place(self, running_totals: Sequence[float]) -> int:
        """Return a place in a list of running totals, as likely as its own part of the total."""
        draw = float(self.generator.random()) * running_totals[-1]
        return min(bisect_right(running_totals, draw), len(running_totals) - 1)

    def dealt(self, shares: Mapping[T, float], count: int) -> list[T]:
        """Return `count` keys in random order, each as often as its share says, to within one."""
        hand = [key for key, times in quotas(shares, count).items() for _ in range(times)]
        return [hand[i] for i in self.generator.permutation(count).tolist()]

    def some(self, items: Sequence[T], shares: Mapping[T, float]) -> tuple[T, ...]:
        """Return those items that each happen to come up, in their order."""
        return tuple(item for item in items if self.happens(shares[item]))

    def lognormal(self, median: float, sigma: float, count: int) -> Floats:
        """Return `count` draws that spread evenly by ratio around a median."""
        return self.generator.lognormal(np.log(median), sigma, count)

    def day_before(self, last: date, days: int) -> date:
        """Return a day at most `days` before a last day."""
        return last - timedelta(days=self.whole(0, days))


def quotas(shares: Mapping[T, float], count: int) -> dict[T, int]:
    """Divide a count by shares into whole numbers, largest remainders first.

    References
    ----------
    Hamilton's method of apportionment; equal remainders go to the earlier key.
    """
    total = sum(shares.values())
    exact = {key: share * count / total for key, share in shares.items()}
    whole = {key: int(value + 1e-9) for key, value in exact.items()}
    left = count - sum(whole.values())
    for key in sorted(exact, key=lambda key: whole[key] - exact[key])[:left]:
        whole[key] += 1
    return whole
