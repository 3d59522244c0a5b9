"""Blocks that are not listed, beside others that are: priced by their rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from matcher.solvers.bound import SAFE_BITS, rounded
from matcher.solvers.packing import Ints, Packing

FINE = 4
"""Times what all amounts of a row have in common that its least must be, for it to measure options
rather than count them."""


class Loose:
    """Some blocks of a packing of which only the rows count, and shares of options are allowed.

    Parameters
    ----------
    packing
        The problem.
    blocks
        The blocks.
    """

    def __init__(self, packing: Packing, blocks: Iterable[int]) -> None:
        self.packing, self.blocks = packing, frozenset(blocks)
        inside = [np.zeros(0, np.int64)]
        self.options = np.concatenate(inside + [packing.options_in[b] for b in sorted(self.blocks)])
        rows = [packing.rows_in[b] for b in sorted(self.blocks) if b in packing.rows_in]
        self.rows = np.concatenate(inside + rows)
        is_here = np.isin(packing.row_of_entry, self.rows)
        place = np.zeros(len(packing.limits), np.int64)
        place[self.rows] = np.arange(len(self.rows))
        self._row = place[packing.row_of_entry[is_here]]
        at = np.zeros(len(packing), np.int64)
        at[self.options] = np.arange(len(self.options))
        self._option = at[packing.row_option[is_here]]
        self._amount = packing.row_amount[is_here]
        self.limits = packing.limits[self.rows]
        self._owner = packing.block[self.options]
        self._row_owner = np.zeros(len(self.rows), np.int64)
        self._row_owner[self._row] = self._owner[self._option]

    def __len__(self) -> int:
        return len(self.options)

    def entries(self, blocks: set[int], requests: set[int]) -> tuple[Ints, Ints, Ints, Ints]:
        """Return the options that are open; rows, places among those options, and amounts.

        Parameters
        ----------
        blocks, requests
            What is still to be decided.
        """
        is_open = self._is_open(blocks, requests)
        place = np.cumsum(is_open) - 1
        used = is_open[self._option]
        return (
            self.options[is_open],
            self._row[used],
            place[self._option[used]],
            self._amount[used],
        )

    def tightened(self, shares: Mapping[int, float]) -> Ints:
        """Return limits lowered by a share; rows that only count options stay, [rows].

        Parameters
        ----------
        shares
            By what share, for blocks of which that is asked.
        """
        least, common = np.full(len(self.rows), 1 << 40), np.zeros(len(self.rows), np.int64)
        np.minimum.at(least, self._row, self._amount)
        np.gcd.at(common, self._row, self._amount)
        share = np.array([shares.get(block, 0.0) for block in self._row_owner.tolist()])
        lowered = np.floor(share * self.limits).astype(np.int64)
        return self.limits - np.where(least >= FINE * common, lowered, 0)

    def _is_open(self, blocks: set[int], requests: set[int]) -> np.ndarray:
        request = self.packing.request[self.options]
        return np.isin(self._owner, [*blocks]) & np.isin(request, [*requests])

    def bound(
        self, weights: Ints, charges: Mapping[int, int], prices: Ints, blocks: set[int]
    ) -> int:
        """Return what no choice of their options can beat, by weak duality in whole numbers.

        Parameters
        ----------
        weights
            Weight of each stage, scaled, [stages].
        charges
            What has to be paid for serving each request that may be served, scaled.
        prices
            What one unit of each row is worth, scaled and not negative, [rows].
        blocks
            The blocks that are still to be decided.
        """
        is_open = self._is_open(blocks, {*charges})
        costs = weights @ self.packing.costs[:, self.options]
        np.add.at(costs, self._option, prices[self._row] * self._amount)
        paid = [charges.get(r, 0) for r in self.packing.request[self.options].tolist()]
        costs = costs + np.array(paid, np.int64)
        rows = np.isin(self._row_owner, [*blocks])
        least = int(np.minimum(costs[is_open], 0).sum())
        return least - int(prices[rows] @ self.limits[rows])

    def safe(self, prices: np.ndarray) -> Ints:
        """Return prices of rows in whole fractions, lowered where sums would not be exact."""
        total = np.bincount(self._row, self._amount, len(self.rows)) + self.limits + 1.0
        most = float(1 << SAFE_BITS) / (total * max(len(self.rows), 1))
        return rounded(prices, np.floor(most))
