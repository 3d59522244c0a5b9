"""The master problem over rounds: which round of each block, at which prices they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from matcher.solvers.instance.assignment import Ints, Lock, Packing, Pick, Plan
from matcher.solvers.relaxation.dual_bound import SAFE_BITS, rounded
from matcher.solvers.relaxation.linear import Entries, Linear, joined, solve_linear
from matcher.solvers.search.pricing import Round

LEAST_SHARE = 1e-6
"""Shares up to which a round counts as not taken."""


@dataclass(frozen=True, eq=False)
class Guide:
    """Prices that coordinate blocks, in whole fractions, and the bound that they prove.

    Parameters
    ----------
    requests
        What serving each request has to pay, by its number; not negative.
    locks
        What one unit of each lock is worth.
    proved
        The least by which any plan changes the aim, in fractions.
    """

    requests: Mapping[int, int]
    locks: Ints
    proved: int | None = None


class Relaxed(NamedTuple):
    """Prices of a relaxation, and rounds by their share in it.

    No rounds where there is no way to keep the locks by known ones, or no time was left.
    """

    guide: Guide
    shares: list[tuple[float, Round]]


@dataclass
class Master:
    """The relaxation over known rounds: which share of each block's time goes to which round.

    Parameters
    ----------
    packing, aim, locks
        The problem, what is minimised, and what must not get worse.
    scale
        Fractions of a unit in which prices are told.
    """

    packing: Packing
    aim: Ints
    locks: list[Lock]
    scale: int
    rounds: dict[int, dict[tuple[Pick, ...], Ints]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many picks all known rounds hold together."""
        return sum(len(picks) for known in self.rounds.values() for picks in known)

    def add(self, found: Round) -> bool:
        """Add a round, and say whether it is new."""
        known = self.rounds.setdefault(found.block, {})
        if not found.picks or found.picks in known:
            return False
        known[found.picks] = self.packing.value_of(found.picks)
        return True

    def known(self, open_: Open) -> list[Round]:
        """Return the known rounds that serve nobody but those who are still open."""
        return [
            Round(block, picks)
            for block in sorted(open_.blocks)
            for picks in self.rounds.get(block, {})
            if all(int(self.packing.request[pick.option]) in open_.requests for pick in picks)
        ]

    def solve(
        self,
        open_: Open,
        box: Mapping[int, tuple[int, int]] | None = None,
        seconds: float | None = None,
    ) -> Relaxed:
        """Return what the relaxation over what is still open comes to.

        Parameters
        ----------
        open_
            Blocks and requests still to be decided.
        box
            The least and the most that each request's price may be, scaled; any when not given.
        seconds
            Time for this; as long as it takes when not given.
        """
        rounds, requests = self.known(open_), sorted(open_.requests)
        problem, unit = self.problem(open_, rounds)
        if box is not None:
            problem = _boxed(problem, np.array([box[r] for r in requests]) / unit)
        answer = solve_linear(problem, seconds=seconds)
        first = len(requests) + len(open_.blocks)
        if answer.values is None or answer.duals is None or not answer.is_solved:
            # No time was left, or what is fixed leaves no way to keep the locks by known rounds.
            nothing = np.zeros(len(self.locks), np.int64)
            return Relaxed(Guide(dict.fromkeys(requests, 0), nothing), [])
        prices = np.maximum(-answer.duals, 0) * unit
        guide = Guide(
            dict(zip(requests, rounded(prices[: len(requests)]).tolist(), strict=True)),
            self._safe(prices[first:]),
        )
        shares = answer.values[: len(rounds)].tolist()
        taken = [pair for pair in zip(shares, rounds, strict=True) if pair[0] > LEAST_SHARE]
        return Relaxed(guide, sorted(taken, key=lambda pair: (-pair[0], pair[1].block)))

    def problem(self, open_: Open, rounds: Sequence[Round]) -> tuple[Linear, float]:
        """Return the linear problem of what is open, and what one of its units is, scaled.

        Unknowns are rounds. Rows are requests, blocks and locks.
        """
        picked = np.array([pick.option for found in rounds for pick in found.picks], np.int64)
        places = np.arange(len(rounds))
        column = np.repeat(places, [len(found.picks) for found in rounds])
        requests, blocks = np.array(sorted(open_.requests)), np.array(sorted(open_.blocks))
        first = len(requests) + len(blocks)

        def changes(aim: Ints) -> np.ndarray:
            return np.bincount(column, aim @ self.packing.costs[:, picked], len(rounds))

        costs = changes(self.aim)
        unit = max(float(np.abs(costs).max(initial=0)), 1.0)
        owner = np.searchsorted(blocks, np.array([found.block for found in rounds], np.int64))
        entries = joined(
            _ones(np.searchsorted(requests, self.packing.request[picked]), column),
            _ones(len(requests) + owner, places),
            *(_whole_row(first + n, changes(lock)) for n, (lock, _) in enumerate(self.locks)),
        )
        left = [most - int(lock @ open_.spent) for lock, most in self.locks]
        limits = np.concatenate([np.ones(first), left])
        return Linear(costs / unit, limits, entries), unit * self.scale

    def _safe(self, prices: np.ndarray) -> Ints:
        """Return prices of locks, lowered where sums of priced amounts would not be exact."""
        most = [
            float(1 << SAFE_BITS) / (float(np.abs(lock) @ self.packing.most) + 1.0)
            for lock, _ in self.locks
        ]
        return rounded(np.floor(np.minimum(prices, np.array(most))))


def _ones(rows: Ints, columns: Ints) -> Entries:
    return Entries(rows, columns, np.ones(len(rows)))


def _whole_row(row: int, amounts: np.ndarray) -> Entries:
    used = np.flatnonzero(amounts)
    return Entries(np.full(len(used), row), used, amounts[used])


def _boxed(problem: Linear, prices: np.ndarray) -> Linear:
    """Return a problem whose first rows' prices stay between some, [rows, least and most].

    Exceeding a row by one costs the most that its price may be; staying below brings in the least.
    """
    count, rows = len(problem.costs), np.arange(len(prices))
    ones = np.ones(len(rows))
    return Linear(
        np.concatenate([problem.costs, prices[:, 1], -prices[:, 0]]),
        problem.limits,
        joined(
            problem.entries,
            Entries(rows, count + rows, -ones),
            Entries(rows, count + len(rows) + rows, ones),
        ),
    )


@dataclass
class Open:
    """What a dive has not fixed yet.

    Parameters
    ----------
    blocks, requests
        Blocks and requests still to be decided.
    spent
        By how much what is fixed changes each stage, [stages].
    plan
        What is fixed.
    """

    blocks: set[int]
    requests: set[int]
    spent: Ints
    plan: dict[int, Pick] = field(default_factory=dict)

    def fix(self, packing: Packing, found: Round) -> None:
        """Fix a round: its block and requests are decided."""
        self.blocks.discard(found.block)
        for pick in found.picks:
            request = int(packing.request[pick.option])
            self.requests.discard(request)
            self.plan[request] = pick
        self.spent = self.spent + packing.value_of(found.picks)


def rounds_of(packing: Packing, plan: Plan) -> dict[int, Round]:
    """Return a plan as rounds, by block."""
    picks: dict[int, list[Pick]] = {}
    for request in sorted(plan):
        picks.setdefault(int(packing.block[plan[request].option]), []).append(plan[request])
    return {block: Round(block, tuple(members)) for block, members in sorted(picks.items())}
