"""What a criterion is: a score for many providers, and a reason for one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from matcher.enquiry import Enquiry, Starts
from matcher.market import Ints
from matcher.wish import FULL_SCORE, Wish

Floats = npt.NDArray[np.float64]


def hundredths(share: Floats) -> Ints:
    """Return shares of 1 as hundredths of a point, clipped to 0-100 points: the only rounding."""
    return np.rint(np.clip(share, 0.0, 1.0) * FULL_SCORE).astype(np.int64)


class Criterion(ABC):
    """One soft preference: a score for many providers, and a reason for one."""

    name: ClassVar[str]

    def applies(self, enquiry: Enquiry) -> bool:
        """Say whether the request gives the criterion anything to judge; if not it weighs 0."""
        return True

    def wishes(self, enquiry: Enquiry) -> tuple[Wish, ...]:
        """Return what times yet to be chosen are short of full marks, in hundredths of a point.

        Where there are any, the score is full marks less the sum of what they add, so that a plan
        can count it time by time; otherwise it depends on the provider alone.
        """
        return ()

    @abstractmethod
    def scores(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Return hundredths of a point, 0 to 10,000, for the providers of those numbers."""

    def steps(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Return the whole coarse steps that each provider is short of the best, [n].

        Steps of its times where those decide the score, else of the points that policy says.
        """
        wishes = self.wishes(enquiry)
        if not wishes:
            step = enquiry.market.policy.allocation.step_points.value * FULL_SCORE // 100
            return (FULL_SCORE - self.scores(enquiry, starts, numbers)) // step
        short = np.zeros(len(numbers), np.int64)
        for wish in wishes:
            short += enquiry.added(wish.in_steps, starts, numbers)
        return short

    @abstractmethod
    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Return the facts behind one provider's score."""
