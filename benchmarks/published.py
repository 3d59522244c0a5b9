"""Published problems with known best answers, read as packings: assignment and knapsacks."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.measuring import DATA, WrongAnswerError
from matcher.solvers.instance.assignment import Ints, Packing, Plan

GAP = DATA / "gap"
MMKP = DATA / "mmkp"


@dataclass(frozen=True, eq=False)
class Assignment:
    """A generalised assignment problem: every job to exactly one agent, at the least cost.

    Parameters
    ----------
    name
        Name of the instance.
    costs, uses
        What a job costs with an agent, and takes of it, [agents, jobs].
    capacities
        How much there is of each agent, [agents].
    """

    name: str
    costs: Ints
    uses: Ints
    capacities: Ints

    def packing(self) -> Packing:
        """Return it as a packing: stage 0 counts jobs without an agent, stage 1 is the cost."""
        agents, jobs = self.costs.shape
        every_job = np.arange(jobs) * agents
        return Packing(
            request=np.repeat(np.arange(jobs), agents),
            block=np.tile(np.arange(agents), jobs),
            costs=np.stack([-np.ones(agents * jobs, np.int64), self.costs.T.ravel()]),
            without=np.array([jobs, 0]),
            row_start=np.arange(agents + 1) * jobs,
            row_option=np.concatenate([every_job + agent for agent in range(agents)]),
            row_amount=self.uses.ravel(),
            limits=self.capacities,
        )

    def cost_of(self, plan: Plan) -> int:
        """Return the cost of a plan for all jobs, worked out without the packing.

        Raises
        ------
        WrongAnswerError
            If a job has no agent, or an agent has more than it can take.
        """
        agents, jobs = self.costs.shape
        if set(plan) != set(range(jobs)):
            raise WrongAnswerError(f"{jobs - len(plan)} jobs of {self.name} have no agent.")
        agent = np.array([plan[job].option % agents for job in range(jobs)])
        used = np.bincount(agent, self.uses[agent, np.arange(jobs)], agents)
        if (used > self.capacities).any():
            raise WrongAnswerError(f"An agent of {self.name} has more than it can take.")
        return int(self.costs[agent, np.arange(jobs)].sum())


@dataclass(frozen=True)
class Known:
    """What is published of an assignment problem: no answer is better, and the best there is."""

    lower_bound: int
    best_cost: int


def read_assignment(path: Path) -> Assignment:
    """Read one problem: `m n`, m rows of n costs, m rows of n uses, m capacities."""
    agents, jobs, *numbers = map(int, path.read_text("utf-8").split())
    cells = agents * jobs
    costs, uses, capacities = np.split(np.array(numbers, np.int64), [cells, 2 * cells])
    shape = (agents, jobs)
    return Assignment(path.name, costs.reshape(shape), uses.reshape(shape), capacities[:agents])


def best_known(folder: Path = GAP) -> dict[str, Known]:
    """Return what is published of each assignment problem, by its name."""
    with (folder / "best_known.csv").open(encoding="utf-8") as lines:
        return {
            line["instance"]: Known(int(line["lower_bound"]), int(line["best_known_cost"]))
            for line in csv.DictReader(lines)
        }


def read_knapsacks(path: Path) -> Iterator[tuple[int, Packing]]:
    """Read the multiple-choice knapsacks of a file, each with its number.

    Stage 0 counts groups without an item, stage 1 is minus the value.
    """
    numbers = list(map(int, path.read_text("utf-8").split()))
    at = 0
    while at < len(numbers):
        number, groups, items, resources = numbers[at : at + 4]
        first = at + 4 + resources
        # A group is its number, and a value with its use of every resource for each item.
        width = 1 + items * (1 + resources)
        at = first + groups * width
        lines = np.array(numbers[first:at], np.int64).reshape(groups, width)
        each = lines[:, 1:].reshape(groups * items, 1 + resources)
        limits = np.array(numbers[first - resources : first], np.int64)
        yield number, _knapsack(groups, each[:, 0], each[:, 1:], limits)


def _knapsack(groups: int, value: Ints, uses: Ints, limits: Ints) -> Packing:
    options, resources = uses.shape
    return Packing(
        request=np.repeat(np.arange(groups), options // groups),
        block=np.zeros(options, np.int64),
        costs=np.stack([-np.ones(options, np.int64), -value]),
        without=np.array([groups, 0]),
        row_start=np.arange(resources + 1) * options,
        row_option=np.tile(np.arange(options), resources),
        row_amount=uses.T.ravel(),
        limits=limits,
    )


def optimal_values(folder: Path = MMKP) -> dict[tuple[str, int], int]:
    """Return the proven optimum of each knapsack, by its file and number."""
    with (folder / "optimal_values.csv").open(encoding="utf-8") as lines:
        return {
            (line["file"], int(line["problem"])): int(line["optimal_value"])
            for line in csv.DictReader(lines)
        }
