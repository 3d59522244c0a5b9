"""The abstract problem: requests choose options, options use capacity, stages are minimised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

Lock = tuple[Ints, int]
"""A weighted sum of stages, and by how much options may at most change it."""
SPAN_LIMIT = 1 << 40
"""Stages are weighed in one whole number while it cannot exceed this."""


class Pick(NamedTuple):
    """An option taken, with what it left to decide: whatever the details of the problem are."""

    option: int
    details: tuple[int, ...] = ()


Plan = Mapping[int, Pick]
"""The pick of each request that has one, by the number of the request."""


class Details(Protocol):
    """What options leave to decide, and what that adds to the stages."""

    @property
    def most_extra(self) -> Ints:
        """[stages] what the details of all requests together may at most add to each stage."""

    def extra(self, pick: Pick) -> Mapping[int, int]:
        """Return what the details of a pick add to stages, by the number of the stage."""


@dataclass(frozen=True, eq=False)
class Packing:
    """Requests that take at most one option each; options draw on one block of capacity each.

    Every stage is to be minimised, one after the other; each starts from ``without`` and changes
    by the cost of every option taken.

    Parameters
    ----------
    request, block
        The request and the block of each option; requests ascending.
    costs
        ``[stages, options]`` by how much an option taken changes each stage.
    without
        ``[stages]`` the value of each stage when no option is taken.
    row_start, row_option, row_amount
        Rows of capacity: entries ``row_start[r]`` to ``row_start[r + 1]`` name the options that
        use row ``r``, and how much each uses. All options of a row are of one block.
    limits
        ``[rows]`` how much of each row there is.
    details
        What else has to be decided and held; ``None`` where the rows say everything.
    """

    request: Ints
    block: Ints
    costs: Ints
    without: Ints
    row_start: Ints
    row_option: Ints
    row_amount: Ints
    limits: Ints
    details: Details | None = None

    def __len__(self) -> int:
        return len(self.request)

    @property
    def stages(self) -> int:
        """How many stages there are."""
        return len(self.without)

    @cached_property
    def requests(self) -> tuple[int, ...]:
        """Numbers of the requests that have options."""
        return tuple(np.unique(self.request).tolist())

    @cached_property
    def blocks(self) -> tuple[int, ...]:
        """Numbers of the blocks that options draw on."""
        return tuple(np.unique(self.block).tolist())

    @cached_property
    def options_of(self) -> Mapping[int, Ints]:
        """Options of each request."""
        edges = np.flatnonzero(np.diff(self.request)) + 1
        groups = np.split(np.arange(len(self)), edges) if len(self) else []
        return {int(self.request[group[0]]): group for group in groups}

    @cached_property
    def options_in(self) -> Mapping[int, Ints]:
        """Options of each block."""
        return _grouped(self.block)

    @cached_property
    def rows_in(self) -> Mapping[int, Ints]:
        """Rows of each block; blocks without rows are left out."""
        filled = np.flatnonzero(np.diff(self.row_start) > 0)
        owner = self.block[self.row_option[self.row_start[filled]]]
        return {block: filled[rows] for block, rows in _grouped(owner).items()}

    @cached_property
    def row_of_entry(self) -> Ints:
        """The row of each entry."""
        return np.repeat(np.arange(len(self.limits)), np.diff(self.row_start))

    def entries(self, row: int) -> tuple[Ints, Ints]:
        """Return the options that use a row, and how much each uses."""
        inside = slice(int(self.row_start[row]), int(self.row_start[row + 1]))
        return self.row_option[inside], self.row_amount[inside]

    def value_of(self, picks: Iterable[Pick]) -> Ints:
        """Return by how much some picks change each stage, [stages]."""
        taken = list(picks)
        value = self.costs[:, [pick.option for pick in taken]].sum(axis=1)
        return np.asarray(value + self.extra_of(taken), np.int64)

    def extra_of(self, picks: Iterable[Pick]) -> Ints:
        """Return what the details of some picks add to each stage, [stages]."""
        extra = np.zeros(self.stages, np.int64)
        if self.details is not None:
            for pick in picks:
                for stage, amount in self.details.extra(pick).items():
                    extra[stage] += amount
        return extra

    def values(self, plan: Plan) -> tuple[int, ...]:
        """Return the value of every stage under a plan: the smaller, the better."""
        return tuple((self.without + self.value_of(plan.values())).tolist())

    def fits(self, plan: Plan) -> bool:
        """Say whether a plan keeps every row; details are not looked at."""
        used = np.zeros(len(self), np.int64)
        used[[pick.option for pick in plan.values()]] = 1
        loads = np.bincount(
            self.row_of_entry, self.row_amount * used[self.row_option], len(self.limits)
        )
        return bool((loads <= self.limits).all())

    @cached_property
    def uses(self) -> tuple[Ints, Ints, Ints]:
        """Entries by option: where each option's begin, [options + 1], their rows and amounts."""
        order = np.argsort(self.row_option, kind="stable")
        starts = np.searchsorted(self.row_option[order], np.arange(len(self) + 1))
        return starts, self.row_of_entry[order], self.row_amount[order]

    @cached_property
    def most(self) -> Ints:
        """[stages] by how much each stage can at most differ between any two plans."""
        span = np.zeros(self.stages, np.int64)
        for options in self.options_of.values():
            costs = self.costs[:, options]
            span += np.maximum(costs.max(axis=1), 0) - np.minimum(costs.min(axis=1), 0)
        return span if self.details is None else span + self.details.most_extra


def _grouped(labels: Ints) -> dict[int, Ints]:
    order = np.argsort(labels, kind="stable")
    edges = np.flatnonzero(np.diff(labels[order])) + 1
    groups = np.split(order, edges) if len(labels) else []
    return {int(labels[group[0]]): group for group in groups}


def single(packing: Packing, stage: int) -> Ints:
    """Return the aim of one stage alone: 1 for it and 0 for all others, [stages]."""
    aim = np.zeros(packing.stages, np.int64)
    aim[stage] = 1
    return aim


def weighted(packing: Packing, stages: range) -> Ints:
    """Return an aim that minimises some stages one after another, [stages].

    One unit of a stage weighs more than all that the later ones can differ by, so that minimising
    the weighted sum minimises the first stage, among its best the second, and so on.
    """
    aim, weight = np.zeros(packing.stages, np.int64), 1
    for stage in reversed(stages):
        aim[stage] = weight
        weight *= int(packing.most[stage]) + 1
    return aim


def can_be_weighed(packing: Packing, stages: range, most: int = SPAN_LIMIT) -> bool:
    """Say whether the weighted sum of some stages stays small: small enough to be exact."""
    span = 1
    for stage in stages:
        span *= int(packing.most[stage]) + 1
    return span <= most


def uncontested(packing: Packing, stage: int) -> int:
    """Return by how much a stage changes when every request has the option best for it."""
    costs = packing.costs[stage]
    return sum(min(0, int(costs[options].min())) for options in packing.options_of.values())


def first_fit(packing: Packing, plan: Plan, aim: Ints) -> dict[int, Pick]:
    """Return a plan with more requests served: each in turn by the cheapest option that fits.

    Only for problems without details, whose rows say all.

    Parameters
    ----------
    packing
        The problem.
    plan
        A plan that fits.
    aim
        Weight of each stage in what is minimised; options that do not lower it are left.
    """
    starts, rows, amounts = packing.uses
    costs = aim @ packing.costs
    fuller, left = dict(plan), packing.limits.copy()
    for pick in plan.values():
        used = slice(int(starts[pick.option]), int(starts[pick.option + 1]))
        left[rows[used]] -= amounts[used]
    gains = {r: int(costs[options].min()) for r, options in packing.options_of.items()}
    for request in sorted(gains, key=lambda each: (gains[each], each)):
        if request in fuller:
            continue
        options = packing.options_of[request]
        for option in options[np.argsort(costs[options], kind="stable")].tolist():
            used = slice(int(starts[option]), int(starts[option + 1]))
            if costs[option] < 0 and (amounts[used] <= left[rows[used]]).all():
                left[rows[used]] -= amounts[used]
                fuller[request] = Pick(option)
                break
    return fuller
