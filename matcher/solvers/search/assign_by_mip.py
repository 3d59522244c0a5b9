"""Options chosen as a whole by all rows at once, then given details block by block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, isfinite
from time import monotonic
from typing import NamedTuple

import numpy as np

from matcher.solvers.exact.cp_sat import Budget
from matcher.solvers.exact.one_provider import all_of, most_of
from matcher.solvers.instance.assignment import Ints, Pick, Plan
from matcher.solvers.relaxation.linear import Entries, Linear, joined, solve_whole
from matcher.solvers.search.conflict_rows import Conflict, conflict_among
from matcher.solvers.search.incumbent import State

ATTEMPTS = 30
"""How often options are chosen anew while blocks cannot hold what their rows let in."""
CHOICE_SHARE, REST_SHARE, LOOSE_SHARE = 0.85, 0.9, 0.5
"""Of the time left, the most for a choice; of all, that for choices, and of those, the share for
choices by better rows."""
QUICK, LONGER, PROVING = 15, 8, 4
"""How many times as much as a first choice took there must be time for to choose by better rows;
how many times as long such a choice may take; and what there must be time for to prove anything."""
MOST_CUT = 20
"""Options chosen in a block up to which it is asked why it cannot hold them."""
WHOLE_SHARE, MOST_EACH, MOST_WAY = 0.05, 1.0, 0.1
"""Of the time left, the most for the details of one block; seconds, or solver work units; and
those for one of several ways to leave somebody out."""
MOST_VARIED = 10
"""Options chosen in a block up to which it is asked what it can hold without each of them."""
LOWERED = 0.02
"""Share by which rows of larger blocks are lowered, each time that they promised too much."""
NO_ROWS = np.zeros(0, np.int64)
LEAST_SECONDS, NEEDED = 0.2, 1.2
"""Seconds below which a choice is not begun, and how many times as much as the last one took."""
LEVELS = 1_000
"""Steps from what is worth least to what is worth most, where not all can be served."""
SLACK = 2e-7
"""Of the largest cost, how inexact bounds in whole numbers may be for each request: twice by how
much the solver lets a reduced cost be off, as a request takes one option at most."""
MOST_NODES, NODES_A_UNIT = 10_000, 100
"""Nodes of the search tree after which a choice is ended, however much time is left; and how many
count as a unit of solver work."""
ENTRY_WORK = 1e-7
"""Solver work units counted for each entry of a choice, before any node."""


class Chosen(NamedTuple):
    """The options chosen in each block, and what none can beat; ``None`` if none were found.

    ``is_best`` where it is proved that no others are better.
    """

    options: dict[int, list[int]] | None
    bound: int | None
    is_best: bool


@dataclass
class Choice:
    """One aim of a packing with details as a whole-number problem over all of its options.

    Rows say what must hold whatever the details. Where they promised more than a block can hold,
    all is chosen anew: by rows that rule it out as long as there is time to, and then with the
    block kept to parts of sets of options that it is known to hold, so that the others take on
    whom it cannot. Rows of a block too large for either are lowered a little.

    Parameters
    ----------
    state
        What is known of the run.
    aim
        Weight of each stage, [stages].
    """

    state: State
    aim: Ints
    _held: dict[int, list[dict[int, Pick]]] = field(default_factory=lambda: defaultdict(list))
    _lowered: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    _took: float = 0.0

    def run(self, budget: Budget, *, proves: bool) -> tuple[dict[int, Pick], int | None]:
        """Return the best plan found, and the least by which any plan changes the aim.

        Parameters
        ----------
        budget
            Time for this.
        proves
            Whether to look for what no plan can beat as well.
        """
        best = self.state.plan
        bound: int | None = None
        self._held.clear()
        self._lowered.clear()
        choices = budget.share(REST_SHARE)
        loose = choices.share(LOOSE_SHARE)
        for attempt in range(ATTEMPTS):
            if not (self._has_time(choices, NEEDED) and self._has_time(budget, NEEDED)):
                break
            searches = True
            if proves and not attempt and self._has_time(choices, PROVING):
                chosen = self._chosen(best, choices.share(CHOICE_SHARE), proves=True)
            elif attempt and self._is_quick(loose):
                chosen = self._chosen(best, loose.share(1.0, LONGER * self._took), proves=True)
            else:
                searches, before = False, _spent(choices)
                chosen = self._chosen(best, choices.share(CHOICE_SHARE), proves=False)
                self._took = _spent(choices) - before
            proved = [known for known in (bound, chosen.bound) if known is not None]
            bound = max(proved, default=None)
            if chosen.options is None:
                break
            found, lacking = self._filled(chosen.options, budget)
            best = min(best, found, key=self._rank)
            is_quick = self._is_quick(loose)
            is_left = bool(lacking) or (is_quick and not chosen.is_best and not searches)
            if not is_left or self.state.stopped(budget):
                break
            if not (is_quick and self._tighten(chosen.options, lacking, budget)):
                for block in lacking:
                    self._held[block] += [self._within(known, block) for known in (best, found)]
                self._vary(chosen.options, lacking, budget)
        return dict(best), bound

    def _is_quick(self, budget: Budget) -> bool:
        """Say whether all can be chosen anew by better rows several times."""
        return not self._held and self._has_time(budget, QUICK)

    def _has_time(self, budget: Budget, times: float) -> bool:
        """Say whether there is some time, and so many times what a choice took last."""
        if self.state.stopped(budget):
            return False
        if budget.work is not None:
            return budget.work >= times * self._took
        left = budget.seconds_left()
        return left is None or left >= max(times * self._took, LEAST_SECONDS)

    def _rank(self, plan: Plan) -> tuple[bool, int]:
        return not self.state.keeps(plan), self.state.change(plan, self.aim)

    def _within(self, plan: Plan, block: int) -> dict[int, Pick]:
        """Return what a block takes on in a plan, by option."""
        own = self.state.packing.block
        return {pick.option: pick for pick in plan.values() if own[pick.option] == block}

    # -- choosing --------------------------------------------------------------------------

    def _chosen(self, start: Plan, budget: Budget, *, proves: bool) -> Chosen:
        """Return the best options by the rows, within what some blocks are known to hold.

        The best found at the root of the search tree, or those of a search that proves what it can.
        """
        problem, unit = self._problem()
        values = np.zeros(len(problem.costs))
        values[[pick.option for pick in start.values()]] = 1
        values = self._with_sets(values)
        answer = solve_whole(
            problem,
            seconds=budget.seconds_left(),
            nodes=_nodes(budget) if proves else 1,
            proves=proves,
            step=1 / unit,
            start=values,
        )
        budget.charge(ENTRY_WORK * len(problem.entries.rows) + answer.nodes / NODES_A_UNIT)
        slack = SLACK * unit * (1 + len(self.state.packing.requests))
        least = answer.least * unit
        is_open = not (self._held or self._lowered)
        bound = ceil(least - slack) if isfinite(least) and is_open else None
        if answer.values is None:
            return Chosen(None, bound, is_best=False)
        chosen: dict[int, list[int]] = {}
        for option in np.flatnonzero(answer.values[: len(self.state.packing)] > 0.5).tolist():
            chosen.setdefault(int(self.state.packing.block[option]), []).append(option)
        return Chosen(chosen, bound, answer.is_solved)

    def _problem(self) -> tuple[Linear, float]:
        """Return the problem, and what a unit of its costs is.

        Behind the options come the sets that some blocks are known to hold: of those a block
        takes one at most, and only options that are in it.
        """
        problem, unit = self.state.relaxation.problem(self.aim)
        self._lower(problem.limits)
        sets = [(block, known) for block in sorted(self._held) for known in self._held[block]]
        if not sets:
            return problem, unit
        packing = self.state.packing
        count, first = len(packing), len(problem.limits)
        blocks = sorted(self._held)
        options = np.concatenate([packing.options_in[block] for block in blocks])
        row_of = {option: first + len(blocks) + n for n, option in enumerate(options.tolist())}
        own = Entries(np.array([*row_of.values()]), options, np.ones(len(options)))
        places = [(row_of[o], count + n) for n, (_, known) in enumerate(sets) for o in known]
        rows, columns = np.array(places, np.int64).reshape(-1, 2).T
        ones = Entries(
            first + np.searchsorted(blocks, [block for block, _ in sets]),
            count + np.arange(len(sets)),
            np.ones(len(sets)),
        )
        entries = joined(problem.entries, ones, own, Entries(rows, columns, -np.ones(len(rows))))
        limits = [problem.limits, np.ones(len(blocks)), np.zeros(len(options))]
        costs = np.append(problem.costs, np.zeros(len(sets)))
        return Linear(costs, np.concatenate(limits), entries), unit

    def _step(self, block: int) -> float:
        """Return the least share by which lowering rows of a block lowers any of them."""
        packing = self.state.packing
        rows = packing.rows_in[block].tolist()
        steps = ((np.gcd.reduce(packing.entries(r)[1]), packing.limits[r]) for r in rows)
        return min((common / limit for common, limit in steps if limit), default=0.0)

    def _lower(self, limits: np.ndarray) -> None:
        """Lower limits of rows of some blocks by a share, as far as their amounts can tell."""
        packing = self.state.packing
        for block, share in self._lowered.items():
            for row in packing.rows_in.get(block, NO_ROWS).tolist():
                common = max(int(np.gcd.reduce(packing.entries(row)[1])), 1)
                # A little more than the share, so that a whole step is not missed by rounding.
                lowered = int(share * packing.limits[row] + 1e-6) // common * common
                limits[len(packing.requests) + row] -= lowered

    def _with_sets(self, values: np.ndarray) -> np.ndarray:
        """Return values of options with those of known sets: the first that holds them all."""
        at = len(self.state.packing)
        for block in sorted(self._held):
            own = self.state.packing.options_in[block]
            taken = own[values[own] > 0].tolist()
            holding = [n for n, known in enumerate(self._held[block]) if {*taken} <= known.keys()]
            values[[at + n for n in holding[:1]]] = 1
            at += len(self._held[block])
        return values

    # -- details ---------------------------------------------------------------------------

    def _filled(
        self, chosen: Mapping[int, Sequence[int]], budget: Budget
    ) -> tuple[dict[int, Pick], list[int]]:
        """Return a plan of what was chosen, and the blocks that cannot hold all of theirs."""
        packing, effort = self.state.packing, self.state.effort

        # What details add counts in stages that must not get worse as well.
        aim = self.aim + sum(lock for lock, _ in self.state.locks)

        def whole(block: int) -> list[Pick] | None:
            known = next((k for k in self._held.get(block, ()) if k.keys() >= {*chosen[block]}), {})
            picks = [known[option] for option in chosen[block] if known]
            if known and not aim @ packing.extra_of(picks):
                return picks
            each = budget.share(WHOLE_SHARE, MOST_EACH)
            return all_of(packing, chosen[block], aim, each, effort) or (picks if known else None)

        def most(block: int) -> list[Pick]:
            each = budget.share(WHOLE_SHARE, MOST_EACH)
            return most_of(packing, self._worth(chosen[block]), each, effort)

        blocks = sorted(chosen)
        found = dict(zip(blocks, effort.spread(whole, blocks), strict=True))
        lacking = [block for block, picks in found.items() if picks is None]
        found |= dict(zip(lacking, effort.spread(most, lacking), strict=True))
        picks = [pick for own in found.values() for pick in own or ()]
        return {int(packing.request[pick.option]): pick for pick in picks}, lacking

    def _tighten(
        self, chosen: Mapping[int, Sequence[int]], lacking: Sequence[int], budget: Budget
    ) -> bool:
        """Make rows of blocks that could not hold all of theirs promise less; say whether any do.

        Those of small blocks by rows that rule out what they cannot hold.
        """
        packing, effort = self.state.packing, self.state.effort

        def conflict(block: int) -> Conflict | None:
            each = budget.share(WHOLE_SHARE, MOST_EACH)
            return conflict_among(packing, chosen[block], each, effort)

        small = [block for block in lacking if len(chosen[block]) <= MOST_CUT]
        large = [block for block in {*lacking} - {*small} if block in packing.rows_in]
        for block in large:
            # By so much that it tells: rows that count what is taken on have few steps.
            self._lowered[block] = max(self._lowered[block] + LOWERED, self._step(block))
        cuts = [cut for cut in effort.spread(conflict, small) if cut is not None]
        for cut in cuts:
            self.state.relaxation.cut(*cut)
        return bool(large or cuts)

    def _vary(
        self, chosen: Mapping[int, Sequence[int]], lacking: Sequence[int], budget: Budget
    ) -> None:
        """Learn what blocks that could not hold all of theirs can hold without each."""
        ways = [
            (block, [other for other in chosen[block] if other != option])
            for block in lacking
            if 1 < len(chosen[block]) <= MOST_VARIED
            for option in chosen[block]
        ]

        effort = self.state.effort

        def most(way: int) -> list[Pick]:
            each = budget.share(WHOLE_SHARE, MOST_WAY)
            return most_of(self.state.packing, self._worth(ways[way][1]), each, effort)

        found = effort.spread(most, range(len(ways)))
        for (block, _), picks in zip(ways, found, strict=True):
            known = {pick.option: pick for pick in picks}
            if not any(known.keys() <= other.keys() for other in self._held[block]):
                self._held[block].append(known)

    def _worth(self, options: Sequence[int]) -> dict[int, int]:
        """Return what it is worth to take each of some options: most where a lock needs it."""
        costs = self.state.packing.costs[:, options]
        own = np.maximum(-(self.aim @ costs), 0)
        needed = np.zeros(len(options), np.bool_)
        for lock, _ in self.state.locks:
            needed |= lock @ costs < 0
        own = own + needed * (int(own.max()) + 1)
        shares = np.rint(LEVELS * own / max(int(own.max()), 1)).astype(np.int64)
        return dict(zip(options, (1 + shares).tolist(), strict=True))


def _spent(budget: Budget) -> float:
    """Return a measure of what was spent: work, where that is limited, else seconds."""
    return monotonic() if budget.work is None else -budget.work


def _nodes(budget: Budget) -> int:
    """Return how many nodes of a search tree there is work left for."""
    return (
        MOST_NODES if budget.work is None else 1 + int(min(budget.work * NODES_A_UNIT, MOST_NODES))
    )
