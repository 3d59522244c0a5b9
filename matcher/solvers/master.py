"""The master problem over rounds: which round of each block, at which prices they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from matcher.solvers.bound import SAFE_BITS
from matcher.solvers.linear import solve_linear
from matcher.solvers.packing import Ints, Packing, Pick, Plan
from matcher.solvers.pricing import Round

Lock = tuple[Ints, int]
"""A weighted sum of stages, and by how much options may at most change it."""


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

    def solve(
        self,
        open_: Open,
        box: Mapping[int, tuple[int, int]] | None = None,
        seconds: float | None = None,
    ) -> tuple[Guide, list[tuple[float, Round]]]:
        """Return the prices of the relaxation over what is still open, and its rounds by share.

        Parameters
        ----------
        open_
            Blocks and requests still to be decided.
        box
            The least and the most that each request's price may be, scaled; any when not given.
        seconds
            Time for this; as long as it takes when not given.
        """
        columns = [
            (Round(block, picks), value)
            for block in sorted(open_.blocks)
            for picks, value in self.rounds.get(block, {}).items()
            if all(int(self.packing.request[pick.option]) in open_.requests for pick in picks)
        ]
        requests, blocks = sorted(open_.requests), sorted(open_.blocks)
        costs = np.array([float(self.aim @ value) for _, value in columns])
        unit = max(float(np.abs(costs).max(initial=0)), 1.0) * self.scale
        entries = self._entries(columns, requests, blocks)
        paid = (costs / (unit / self.scale)).tolist()
        for row, request in enumerate(requests):
            if box is None:
                break
            # Serving a request twice costs the most that its price may be; not serving it at
            # all brings in the least.
            least, most = box[request]
            entries += [(row, len(paid), -1.0), (row, len(paid) + 1, 1.0)]
            paid += [most / unit, -least / unit]
        limits = [1.0] * (len(requests) + len(blocks))
        limits += [float(most - lock @ open_.spent) for lock, most in self.locks]
        answer = solve_linear(paid, limits, _by_column(sorted(entries)), seconds=seconds)
        if not (answer.has_primal_feasible_solution() and answer.has_dual_feasible_solution()):
            # No time was left, or what is fixed leaves no way to keep the locks by known rounds.
            return Guide(dict.fromkeys(requests, 0), np.zeros(len(self.locks), np.int64)), []
        duals = answer.dual_values()
        prices = np.maximum(-np.array([duals[row] for row in duals]), 0) * unit
        first = len(requests)
        guide = Guide(
            dict(zip(requests, self._rounded(prices[:first]).tolist(), strict=True)),
            self._safe(prices[first + len(blocks) :]),
        )
        shares = answer.variable_values()
        taken = [
            (share, found)
            for share, (found, _) in zip(shares.values(), columns, strict=False)
            if share > 1e-6
        ]
        return guide, sorted(taken, key=lambda pair: (-pair[0], pair[1].block))

    def _safe(self, prices: np.ndarray) -> Ints:
        """Return prices of locks, lowered where sums of priced amounts would not be exact."""
        most = [
            float(1 << SAFE_BITS) / (float(np.abs(lock) @ self.packing.most) + 1.0)
            for lock, _ in self.locks
        ]
        return self._rounded(np.floor(np.minimum(prices, np.array(most))))

    def _rounded(self, prices: np.ndarray) -> Ints:
        """Return prices as whole fractions; any that are not negative prove something."""
        sound = np.clip(np.nan_to_num(prices), 0, 2.0**SAFE_BITS)
        return np.asarray(np.rint(sound), np.int64)

    def _entries(
        self, columns: list[tuple[Round, Ints]], requests: list[int], blocks: list[int]
    ) -> list[tuple[int, int, float]]:
        """Return what rounds take of every row: requests, then blocks, then locks."""
        place = {request: i for i, request in enumerate(requests)}
        owner = {block: len(requests) + i for i, block in enumerate(blocks)}
        entries = [
            (place[int(self.packing.request[pick.option])], column, 1.0)
            for column, (found, _) in enumerate(columns)
            for pick in found.picks
        ]
        entries += [(owner[found.block], column, 1.0) for column, (found, _) in enumerate(columns)]
        for row, (weights, _) in enumerate(self.locks, len(requests) + len(blocks)):
            entries += [
                (row, column, float(weights @ value))
                for column, (_, value) in enumerate(columns)
                if weights @ value
            ]
        return entries


def _by_column(
    entries: list[tuple[int, int, float]],
) -> tuple[list[int], list[int], list[float]]:
    rows, columns, amounts = zip(*entries, strict=True) if entries else ((), (), ())
    return list(rows), list(columns), list(amounts)


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
