"""The soft criteria weighted into a total that a reader can recompute."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matcher.enquiry import Enquiry, Starts
from matcher.market import Ints
from matcher.scoring.criteria import (
    Continuity,
    Cost,
    Culture,
    Distance,
    EarliestStart,
    Preference,
    PreferredTimes,
    Quality,
    wanted_start,
)
from matcher.scoring.criterion import FULL_SCORE, Criterion

CRITERIA: tuple[Criterion, ...] = (
    Cost(),
    Distance(),
    Quality(),
    Continuity(),
    Preference(),
    Culture(),
    EarliestStart(),
    PreferredTimes(),
)
"""Every criterion, in the order in which options show them."""


PREFERENCE_CRITERIA = ("continuity", "preference", "culture")
VALUE_CRITERIA = ("cost", "quality")


@dataclass(frozen=True)
class Scores:
    """Scores of some providers for one request.

    Parameters
    ----------
    numbers
        The providers scored, [n].
    hundredths
        Score of each criterion in hundredths of a point, [criteria, n].
    weights
        Weight of each criterion, 0 where it does not apply, [criteria].
    """

    numbers: Ints
    hundredths: Ints
    weights: Ints

    @cached_property
    def weighted(self) -> Ints:
        """Sum of weight x score, the exact number options are ranked by, [n]."""
        return np.asarray(self.weights @ self.hundredths, dtype=np.int64)

    def total(self, place: int) -> float:
        """Return one provider's weighted mean score, 0-100, to two decimals."""
        return total_score(int(self.weighted[place]), int(self.weights.sum()))


def total_score(weighted_hundredths: int, weight: int) -> float:
    """Return the weighted mean of scores, 0-100, to two decimals, halves up; 0 without weight."""
    if not weight:
        return 0.0
    return (2 * weighted_hundredths + weight) // (2 * weight) / 100


def score(enquiry: Enquiry, starts: Starts, numbers: Ints) -> Scores:
    """Return the scores of some providers that could start."""
    policy = enquiry.market.policy
    weights = [getattr(policy.weights, c.name).value if c.applies(enquiry) else 0 for c in CRITERIA]
    rows = [
        c.scores(enquiry, starts, numbers) if weight else np.zeros(len(numbers), np.int64)
        for c, weight in zip(CRITERIA, weights, strict=True)
    ]
    return Scores(numbers, np.vstack(rows), np.array(weights, dtype=np.int64))


def shortfall(enquiry: Enquiry, names: tuple[str, ...], numbers: Ints) -> Ints:
    """Return weight x points short of 100, summed over named criteria, whole points, [n].

    Parameters
    ----------
    enquiry
        The request and the market.
    names
        Criteria that do not depend on when care starts.
    numbers
        The providers to judge, [n].
    """
    nobody = enquiry.starts(np.zeros(len(enquiry.market), np.bool_))
    total = np.zeros(len(numbers), np.int64)
    for criterion in CRITERIA:
        if criterion.name in names and criterion.applies(enquiry):
            weight = getattr(enquiry.market.policy.weights, criterion.name).value
            total += weight * (FULL_SCORE - criterion.scores(enquiry, nobody, numbers))
    return total // (FULL_SCORE // 100)


__all__ = [
    "CRITERIA",
    "FULL_SCORE",
    "PREFERENCE_CRITERIA",
    "VALUE_CRITERIA",
    "Criterion",
    "Scores",
    "score",
    "shortfall",
    "total_score",
    "wanted_start",
]
