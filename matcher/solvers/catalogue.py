"""All rounds of a block, listed once: then the best at any prices is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.solvers.packing import Ints

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

    def up_to(self, costs: Ints, most: int) -> Iterator[tuple[int, list[int]]]:
        """Yield what each round comes to that comes to at most so much, and its options."""
        for level, values in enumerate(self.values(costs)):
            for place in np.flatnonzero(values <= most).tolist():
                yield int(values[place]), self._members(level, place)

    def _members(self, level: int, place: int) -> list[int]:
        members = []
        for number in range(level, -1, -1):
            members.append(int(self.options[number][place]))
            place = int(self.parents[number][place])
        return members[::-1]
