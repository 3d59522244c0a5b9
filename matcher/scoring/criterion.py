"""What a criterion is: a score for many providers, and a reason for one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from matcher.enquiry import Enquiry, Starts
from matcher.market import Ints
from matcher.vocabulary import GRID_MINUTES
from matcher.wish import Wish

FULL_SCORE = 10_000
"""A score of 100 in the hundredths that scores are held in."""
Floats = npt.NDArray[np.float64]


def hundredths(share: Floats) -> Ints:
    """Return shares of 1 as hundredths of a point, clipped to 0-100 points: the only rounding."""
    return np.rint(np.clip(share, 0.0, 1.0) * FULL_SCORE).astype(np.int64)


def near_times(enquiry: Enquiry, wanted: Sequence[tuple[int, int]]) -> tuple[Wish, ...]:
    """Return what visits are short of full marks together, by how far each is from a time.

    Visits weigh alike. Within one step of policy of its time a visit is short of nothing; then it
    is short of the same for each whole step, and of all its marks at the policy's span.

    Parameters
    ----------
    enquiry
        The request.
    wanted
        Position of a visit in its package, and the minute of the day that is best for it.
    """
    scoring, count = enquiry.market.policy.scoring, max(len(wanted), 1)
    steps = -(-scoring.preferred_span_minutes.value // scoring.time_step_minutes.value)
    # Marks that do not go into the visits without a rest are dealt out, so that all of them count.
    marks = [FULL_SCORE * (n + 1) // count - FULL_SCORE * n // count for n in range(count)]
    return tuple(
        Wish(
            visit=visit,
            target=minute // GRID_MINUTES,
            step=scoring.time_step_minutes.value // GRID_MINUTES,
            per_step=-(-own // steps),
            most=own,
            both_ways=True,
        )
        for (visit, minute), own in zip(wanted, marks, strict=False)
    )


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
            short += wish.in_steps.amounts(starts.times(wish.visit, numbers))
        return short

    @abstractmethod
    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Return the facts behind one provider's score."""
