"""Arrays that a market is made of: masks and figures by provider, and tables of capacity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.vocabulary import GRID_MINUTES, MINUTES_PER_DAY

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
SLOTS_PER_DAY = MINUTES_PER_DAY // GRID_MINUTES
NO_LIMIT = np.iinfo(np.int64).max
"""Stands inside arrays for a limit that was not given; never leaves them."""
NO_RATE = -1
"""Stands inside arrays of money for a rate that was not given; never leaves them."""


@dataclass(frozen=True)
class Table:
    """Capacity of the providers that have any: one row of ``free`` for each, found by ``row``.

    Parameters
    ----------
    row
        For each provider of the market its row in ``free``, or -1; shape [providers].
    free
        Homecare: carers free, [rows, 7, 288]. Beds: vacancies by night, [rows, nights + 1], the
        last column standing for every night after the horizon.
    """

    row: npt.NDArray[np.int32]
    free: npt.NDArray[np.int16]

    def of(self, provider: int) -> npt.NDArray[np.int16]:
        """Return the capacity of one provider; all zero when it has none on record."""
        row = int(self.row[provider])
        if row < 0:
            return np.zeros(self.free.shape[1:], dtype=np.int16)
        return np.asarray(self.free[row], dtype=np.int16)


def any_of(masks: Iterable[Mask]) -> Mask:
    """Return where at least one of some masks holds; at least one mask."""
    return np.asarray(np.logical_or.reduce(list(masks)), dtype=np.bool_)


def all_of(masks: Iterable[Mask]) -> Mask:
    """Return where every one of some masks holds; at least one mask."""
    return np.asarray(np.logical_and.reduce(list(masks)), dtype=np.bool_)
