"""What a time chosen adds to a sum: nothing near its target, then the same for each step beyond."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
FULL_SCORE = 10_000
"""A score of 100 in the hundredths that scores are held in."""


@dataclass(frozen=True)
class Wish:
    """What one time of one request adds, in whole numbers that score and plan share.

    Parameters
    ----------
    visit
        The number of the time: a visit's position in its package, 0 for a day of admission.
    target
        The time to which nothing is added: a slot of the day, or days from the book's as_of.
    step
        Slots or days that make a whole step; what lies within the first step adds nothing.
    per_step
        What each whole step away from the target adds.
    most
        What it adds at most, however far away.
    both_ways
        Whether a time before the target counts like one after it; otherwise it adds nothing.
    """

    visit: int
    target: int
    step: int
    per_step: int
    most: int
    both_ways: bool

    @property
    def most_steps(self) -> int:
        """The number of steps from which on it adds the most."""
        return -(-self.most // self.per_step)

    def steps(self, time: int) -> int:
        """Return how many whole steps a time lies away, as far as they count."""
        after = time - self.target
        return min((abs(after) if self.both_ways else max(after, 0)) // self.step, self.most_steps)

    def amount(self, time: int, *, spoilt: bool = False) -> int:
        """Return what a time adds: the most, however near, where something else spoils it."""
        return self.most if spoilt else min(self.per_step * self.steps(time), self.most)

    def amounts(self, times: npt.ArrayLike, spoilt: npt.ArrayLike = False) -> Ints:
        """Return what each of many times adds, spoilt or not; any shape."""
        after = np.asarray(times, np.int64) - self.target
        steps = (np.abs(after) if self.both_ways else np.maximum(after, 0)) // self.step
        added = np.minimum(self.per_step * np.minimum(steps, self.most_steps), self.most)
        return np.where(spoilt, self.most, added).astype(np.int64)

    @property
    def in_steps(self) -> Wish:
        """The same with 1 for each whole step."""
        return replace(self, per_step=1, most=self.most_steps)

    def times(self, weight: int) -> Wish:
        """Return the wish with a weight of at least 1 in front of it."""
        return replace(self, per_step=weight * self.per_step, most=weight * self.most)
