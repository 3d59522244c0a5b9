"""All rounds of a block, listed once: then the best at any prices is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.solvers.packing import Ints

SIZES = 16
"""Numbers of options that ranks tell apart."""
Places = npt.NDArray[np.int32]
NONE = -1
"""Stands in arrays for a round that is not there."""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Every round of one block, from single options on.

    Parameters
    ----------
    parents, options
        For each number of options: ``[rounds]`` the round of one option fewer that each extends,
        and by which option, in the block's order.
    """

    parents: tuple[Places, ...]
    options: tuple[Places, ...]

    @property
    def size(self) -> int:
        """How many rounds there are."""
        return sum(len(level) for level in self.options)

    def values(self, costs: Ints) -> list[Ints]:
        """Return what each round comes to, by its number of options.

        Parameters
        ----------
        costs
            What each option comes to, in the block's order.
        """
        values: list[Ints] = []
        for parent, option in zip(self.parents, self.options, strict=True):
            own = costs[option]
            values.append(values[-1][parent] + own if values else own)
        return values

    def cheapest(self, costs: Ints) -> tuple[int, list[int]]:
        """Return what the cheapest round comes to, and its options; no round comes to nothing."""
        best, level, place = 0, 0, NONE
        for number, values in enumerate(self.values(costs)):
            if len(values) and values.min() < best:
                level, place = number, int(values.argmin())
                best = int(values[place])
        return best, [] if place == NONE else self._members(level, place)

    def ranks(self, costs: Ints) -> list[Ints]:
        """Return a rank for each round, by its number of options.

        Least for the cheapest rounds; of those that come to the same, for the largest.
        """
        values = self.values(costs)
        least = min([0, *(int(level.min()) for level in values if len(level))])
        return [
            (level - least) * SIZES + SIZES - 1 - min(number, SIZES - 1)
            for number, level in enumerate(values)
        ]

    def up_to(self, ranks: list[Ints], last: int, most: int) -> Iterator[list[int]]:
        """Yield the options of each round below some rank, and of some of that rank.

        Parameters
        ----------
        ranks
            The rank of each round.
        last
            The last rank to yield rounds of.
        most
            How many of the last rank at most, for each number of options, from evenly spread
            places in the list.
        """
        for level, own in enumerate(ranks):
            places = np.flatnonzero(own == last)
            step = max(-(-len(places) // most), 1) if most else len(places) + 1
            some = places[::step] if most else places[:0]
            for place in [*np.flatnonzero(own < last).tolist(), *some.tolist()]:
                yield self._members(level, place)

    def _members(self, level: int, place: int) -> list[int]:
        members = []
        for number in range(level, -1, -1):
            members.append(int(self.options[number][place]))
            place = int(self.parents[number][place])
        return members[::-1]


def rank_of(cost: int) -> int:
    """Return the last rank of rounds that cost at most so much more than the cheapest."""
    return (cost + 1) * SIZES - 1


def cost_beyond(rank: int) -> int:
    """Return how much more than the cheapest any round beyond a rank costs at least."""
    return (rank + 1) // SIZES
