"""The master problem over rounds: which round of each block, at which prices they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from math import ceil, inf, isfinite
from typing import NamedTuple

import numpy as np

from matcher.solvers.bound import SAFE_BITS, rounded
from matcher.solvers.linear import Entries, Linear, joined, solve_linear, solve_whole
from matcher.solvers.loose import Loose
from matcher.solvers.packing import Ints, Packing, Pick, Plan
from matcher.solvers.pricing import Round
from matcher.solvers.search import Budget

LEAST_SHARE = 1e-6
"""Shares up to which a round counts as not taken."""
SLACK = 1e-7
"""Of the largest cost, how inexact bounds in whole numbers may be for each request."""
MOST_NODES, NODES_A_UNIT = 10_000, 100
"""Nodes of the search tree after which a choice of rounds is ended, however much time is left; and
how many count as a unit of solver work."""
ENTRY_WORK = 1e-7
"""Solver work units counted for each entry of a choice of rounds, before any node."""
Lock = tuple[Ints, int]
"""A weighted sum of stages, and by how much options may at most change it."""


@dataclass(frozen=True, eq=False)
class Guide:
    """Prices that coordinate blocks, in whole fractions, and the bound that they prove.

    Parameters
    ----------
    requests
        What serving each request has to pay, by its number; not negative.
    locks, rows
        What one unit of each lock is worth, and of each row of the loose blocks.
    proved
        The least by which any plan changes the aim, in fractions.
    """

    requests: Mapping[int, int]
    locks: Ints
    rows: Ints
    proved: int | None = None


class Relaxed(NamedTuple):
    """Prices of a relaxation, rounds by their share in it, and by how much it changes the aim.

    Infinitely much where there is no way to keep the locks by known rounds, or no time was left.
    """

    guide: Guide
    shares: list[tuple[float, Round]]
    value: float


class Selection(NamedTuple):
    """The options chosen in each block, ``None`` if none were found, and what none can beat."""

    chosen: dict[int, list[int]] | None
    bound: int | None


@dataclass
class Master:
    """The relaxation over known rounds: which share of each block's time goes to which round.

    Parameters
    ----------
    packing, aim, locks
        The problem, what is minimised, and what must not get worse.
    scale
        Fractions of a unit in which prices are told.
    loose
        Blocks that take part with their options and rows instead of rounds.
    """

    packing: Packing
    aim: Ints
    locks: list[Lock]
    scale: int
    loose: Loose
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
            for block in sorted(open_.blocks - self.loose.blocks)
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
            guide = Guide(dict.fromkeys(requests, 0), nothing, np.zeros_like(self.loose.rows))
            return Relaxed(guide, [], inf)
        prices = np.maximum(-answer.duals, 0) * unit
        last = first + len(self.locks)
        guide = Guide(
            dict(zip(requests, rounded(prices[: len(requests)]).tolist(), strict=True)),
            self._safe(prices[first:last]),
            self.loose.safe(prices[last:]),
        )
        shares = answer.values[: len(rounds)].tolist()
        taken = [pair for pair in zip(shares, rounds, strict=True) if pair[0] > LEAST_SHARE]
        value = answer.cost * unit / self.scale + float(self.aim @ open_.spent)
        return Relaxed(guide, sorted(taken, key=lambda pair: (-pair[0], pair[1].block)), value)

    def select(
        self,
        open_: Open,
        rounds: Sequence[Round],
        budget: Budget,
        tightness: Mapping[int, float] | None = None,
        proves: bool = True,
    ) -> Selection:
        """Return the best that some rounds, and the options of loose blocks, make together.

        Parameters
        ----------
        open_
            Blocks and requests still to be decided.
        rounds
            Rounds to choose from.
        budget
            Time for this.
        tightness
            By what share rows of some loose blocks are lowered; nothing is proved then.
        proves
            Whether to look for what none can beat as well.
        """
        tightness = tightness or {}
        problem, unit = self.problem(open_, rounds)
        each = unit / self.scale
        options = self.loose.entries(open_.blocks, open_.requests)[0]
        limits = problem.limits.copy()
        limits[len(limits) - len(self.loose.rows) :] = self.loose.tightened(tightness)
        answer = solve_whole(
            Linear(problem.costs, limits, problem.entries),
            seconds=budget.seconds_left(),
            nodes=_nodes(budget),
            proves=proves and not tightness,
        )
        budget.charge(ENTRY_WORK * len(problem.entries.rows) + answer.nodes / NODES_A_UNIT)
        least = answer.least * each
        slack = SLACK * each * (1 + len(open_.requests))
        bound = ceil(least - slack) if isfinite(least) and not tightness else None
        if answer.values is None:
            return Selection(None, bound)
        taken = answer.values > 0.5
        chosen: dict[int, list[int]] = {}
        for found in compress(rounds, taken):
            chosen[found.block] = [pick.option for pick in found.picks]
        for option in compress(options.tolist(), taken[len(rounds) :]):
            chosen.setdefault(int(self.packing.block[option]), []).append(option)
        return Selection(chosen, bound)

    def problem(self, open_: Open, rounds: Sequence[Round]) -> tuple[Linear, float]:
        """Return the linear problem of what is open, and what one of its units is, scaled.

        Unknowns are rounds, then options of loose blocks. Rows are requests, blocks, locks, and
        the rows of loose blocks.
        """
        options, rows, places, amounts = self.loose.entries(open_.blocks, open_.requests)
        picked = [pick.option for found in rounds for pick in found.picks]
        sizes = [len(found.picks) for found in rounds]
        column = np.concatenate(
            [np.repeat(np.arange(len(rounds)), sizes), len(rounds) + np.arange(len(options))]
        )
        taken = np.concatenate([np.array(picked, np.int64), options])
        requests, blocks = np.array(sorted(open_.requests)), np.array(sorted(open_.blocks))
        first = len(requests) + len(blocks)

        extra = np.array([self.packing.extra_of(found.picks) for found in rounds], np.int64)

        def changes(aim: Ints) -> np.ndarray:
            each = aim @ self.packing.costs[:, taken]
            own = np.bincount(column, each, len(rounds) + len(options))
            own[: len(rounds)] += extra.reshape(-1, len(aim)) @ aim
            return own

        costs = changes(self.aim)
        unit = max(float(np.abs(costs).max(initial=0)), 1.0)
        owner = np.searchsorted(blocks, np.array([found.block for found in rounds], np.int64))
        entries = joined(
            _ones(np.searchsorted(requests, self.packing.request[taken]), column),
            _ones(len(requests) + owner, np.arange(len(rounds))),
            *(_whole_row(first + n, changes(lock)) for n, (lock, _) in enumerate(self.locks)),
            Entries(first + len(self.locks) + rows, len(rounds) + places, amounts),
        )
        left = [most - int(lock @ open_.spent) for lock, most in self.locks]
        limits = np.concatenate([np.ones(first), left, self.loose.limits])
        return Linear(costs / unit, limits, entries), unit * self.scale

    def _safe(self, prices: np.ndarray) -> Ints:
        """Return prices of locks, lowered where sums of priced amounts would not be exact."""
        most = [
            float(1 << SAFE_BITS) / (float(np.abs(lock) @ self.packing.most) + 1.0)
            for lock, _ in self.locks
        ]
        return rounded(np.floor(np.minimum(prices, np.array(most))))


def _nodes(budget: Budget) -> int:
    """Return how many nodes of a search tree there is work left for."""
    return (
        MOST_NODES if budget.work is None else 1 + int(min(budget.work * NODES_A_UNIT, MOST_NODES))
    )


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

    def copy(self) -> Open:
        """Return the same, to be fixed apart."""
        return Open({*self.blocks}, {*self.requests}, self.spent.copy(), dict(self.plan))

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
