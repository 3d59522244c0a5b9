"""What no plan can beat: a linear relaxation, its prices checked in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.math_opt.python import mathopt

from matcher.solvers.instance.assignment import Ints, Packing
from matcher.solvers.relaxation.linear import Entries, Linear, solve_linear

MOST_SCALE_BITS = 20
"""Prices are rounded to fractions of a unit no finer than one in two to this power."""
SAFE_BITS = 51
"""Sums of scaled costs stay below two to this power: exact in 64 bits, and in a double."""
FIRST_ORDER_ENTRIES = 1_500_000
"""Entries of rows from which on the relaxation is solved by a first-order method."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices of a relaxation in whole fractions of 1 / ``scale``, and the bound they prove.

    Parameters
    ----------
    rows, locks
        What one unit of each row, cuts last, or of each lock, is worth, [rows] and [locks].
    requests
        What it is worth to be free to serve each request, by the number of the request.
    reduced
        [options] by how much taking an option falls short of the best for its request.
    bound, exact
        The least by which any plan changes the aim; in fractions before rounding up.
    solved
        Whether the relaxation was solved; prices of zero prove something even where not.
    """

    rows: Ints
    locks: Ints
    requests: dict[int, int]
    reduced: Ints
    scale: int
    bound: int
    exact: int
    solved: bool


class Relaxation:
    """The linear relaxation of a packing: each request takes at most one option, rows are kept.

    Parameters
    ----------
    packing
        The problem; its details are left out, but never count less than nothing.
    to_the_end
        Whether prices of a relaxation stopped half-way are of no use: then it is solved by the
        simplex method, however large, and in time or not at all.
    """

    def __init__(self, packing: Packing, *, to_the_end: bool = False) -> None:
        self._packing, self._to_the_end = packing, to_the_end
        self._place = {request: i for i, request in enumerate(packing.requests)}
        request = np.array([self._place[r] for r in packing.request.tolist()], np.int64)
        options = np.arange(len(packing))
        rows = len(self._place) + packing.row_of_entry
        self._rows = np.concatenate([request, rows])
        self._columns = np.concatenate([options, packing.row_option])
        self._amounts = np.concatenate([np.ones(len(packing), np.int64), packing.row_amount])
        self._limits = [1] * len(self._place) + packing.limits.tolist()
        self.locks: list[tuple[Ints, int]] = []

    def lock(self, aim: Ints, most: int) -> None:
        """Let the options' part of an aim change it by at most ``most`` from now on."""
        self.locks.append((aim, most))

    def cut(self, options: Sequence[int], most: int) -> None:
        """Let at most ``most`` of some options be taken from now on: every plan keeps to that."""
        self._rows = np.append(self._rows, np.full(len(options), len(self._limits)))
        self._columns = np.append(self._columns, np.array(options, np.int64))
        self._amounts = np.append(self._amounts, np.ones(len(options), np.int64))
        self._limits.append(most)

    def prices(self, aim: Ints, seconds: float | None) -> Prices:
        """Return prices of capacity under an aim, and what they prove.

        The relaxation's prices are rounded to whole fractions and the bound is worked out from
        them by weak duality in whole numbers, so it holds however exactly the relaxation was
        solved - and even when it was not solved at all, with prices of zero.

        Parameters
        ----------
        aim
            Weight of each stage in what is minimised, [stages].
        seconds
            Time for the relaxation; ``None`` for as long as it takes.
        """
        nothing = self._proved(aim, None)
        if not len(self._packing) or (seconds is not None and seconds <= 0):
            return nothing
        duals = self._duals(aim, seconds)
        solved = nothing if duals is None else self._proved(aim, duals)
        # Prices of a relaxation stopped half-way may prove less than none at all.
        return solved if solved.solved and solved.bound >= nothing.bound else nothing

    # -- solving ---------------------------------------------------------------------------

    def problem(self, aim: Ints) -> tuple[Linear, float]:
        """Return the relaxation as a linear problem of options, and what a unit of its costs is.

        Parameters
        ----------
        aim
            Weight of each stage in what is minimised, [stages].
        """
        costs = (aim @ self._packing.costs).astype(float)
        # Weighted sums of many stages are large: scaled, they do not trouble the solver.
        unit = max(float(np.abs(costs).max(initial=0)), 1.0)
        limits = np.array([*self._limits, *(most for _, most in self.locks)], np.float64)
        return Linear(costs / unit, limits, self._entries()), unit

    def _duals(self, aim: Ints, seconds: float | None) -> np.ndarray | None:
        """Return minus the dual value of every row: requests, rows, locks; ``None`` if unknown."""
        is_large = len(self._amounts) > FIRST_ORDER_ENTRIES and not self._to_the_end
        problem, unit = self.problem(aim)
        answer = solve_linear(
            problem,
            seconds=seconds,
            kind=mathopt.SolverType.PDLP if is_large else mathopt.SolverType.GLOP,
        )
        if answer.duals is None or (self._to_the_end and not answer.is_solved):
            return None
        return -answer.duals * unit

    def _entries(self) -> Entries:
        """Return the entries of all rows, locks among them, that are not zero."""
        count, first = len(self._packing), len(self._limits)
        locks = [weights @ self._packing.costs for weights, _ in self.locks]
        rows = [self._rows, *(np.full(count, first + i) for i in range(len(locks)))]
        columns = [self._columns, *(np.arange(count) for _ in locks)]
        row, column, amount = (np.concatenate(e) for e in (rows, columns, [self._amounts, *locks]))
        used = amount != 0
        return Entries(row[used], column[used], amount[used])

    # -- proving ---------------------------------------------------------------------------

    def _proved(self, aim: Ints, duals: np.ndarray | None) -> Prices:
        """Return rounded prices with the bound that they prove."""
        packing, scale = self._packing, scale_of(self._packing, aim)
        first, last = len(self._place), len(self._limits)
        prices = np.zeros(last + len(self.locks), np.int64)
        if duals is not None and np.isfinite(duals).all():
            # Minimising with rows "at most" gives duals of at most zero: a price is minus that.
            exact = np.maximum(duals, 0)
            scale, is_safe = self._safe_scale(exact, scale)
            # Prices so large that their sums would not be exact prove nothing.
            prices = np.rint(exact * scale).astype(np.int64) if is_safe else prices
        rows, locks = prices[first:last], prices[last:]
        reduced, fixed = self._reduced(aim, scale, rows, locks)
        place = self._rows[: len(packing)]
        cheapest = np.zeros(len(self._place), np.int64)
        np.minimum.at(cheapest, place, reduced)
        total = fixed + int(cheapest.sum())
        requests = dict(zip(self._place, (-cheapest).tolist(), strict=True))
        return Prices(
            rows=rows,
            locks=locks,
            requests=requests,
            reduced=reduced - cheapest[place],
            scale=scale,
            bound=-(-total // scale),
            exact=total,
            solved=duals is not None,
        )

    def _reduced(self, aim: Ints, scale: int, rows: Ints, locks: Ints) -> tuple[Ints, int]:
        """Return what each option costs at some prices, scaled, and what the prices cost."""
        packing, first = self._packing, len(self._place)
        reduced = (aim @ packing.costs) * scale
        own = slice(len(packing), None)
        priced = rows[self._rows[own] - first] * self._amounts[own]
        np.add.at(reduced, self._columns[own], priced)
        fixed = -int(rows @ np.array(self._limits[first:], np.int64))
        for (weights, most), price in zip(self.locks, locks.tolist(), strict=True):
            reduced += price * (weights @ packing.costs)
            fixed -= price * most
        return reduced, fixed

    def _safe_scale(self, prices: np.ndarray, scale: int) -> tuple[int, bool]:
        """Return a scale at which sums of priced amounts are exact, and whether it is one."""
        packing, last = self._packing, len(self._limits)
        largest = float(np.abs(prices[:last] * np.array(self._limits)).sum())
        for (weights, most), price in zip(self.locks, prices[last:].tolist(), strict=True):
            most_each = float(np.abs(weights @ packing.costs).sum())
            largest += price * (abs(most) + most_each)
        if len(packing):
            own = slice(len(packing), None)
            largest += float((prices[self._rows[own]] * self._amounts[own]).sum())
        while scale > 1 and largest * scale > 2.0**SAFE_BITS:
            scale >>= 1
        return scale, largest * scale <= 2.0**SAFE_BITS


def rounded(prices: np.ndarray, most: np.ndarray | float = 2.0**SAFE_BITS) -> Ints:
    """Return prices as whole fractions of at most so much; any not negative prove something."""
    sound = np.clip(np.nan_to_num(prices), 0, np.minimum(most, 2.0**SAFE_BITS))
    return np.asarray(np.rint(sound), np.int64)


def scale_of(packing: Packing, aim: Ints) -> int:
    """Return the fraction of a unit to which prices under an aim are rounded."""
    most = max(int(aim @ packing.most), 1)
    return 1 << max(min(MOST_SCALE_BITS, SAFE_BITS - 1 - most.bit_length()), 0)
