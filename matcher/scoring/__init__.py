"""The soft criteria weighted into a total that a reader can recompute."""

from __future__ import annotations

from collections.abc import Iterator
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
    Quality,
    VisitTimes,
    wanted_start,
)
from matcher.scoring.criterion import Criterion
from matcher.wish import FULL_SCORE

CRITERIA: tuple[Criterion, ...] = (
    Cost(),
    Distance(),
    Quality(),
    Continuity(),
    Preference(),
    Culture(),
    EarliestStart(),
    VisitTimes(),
)
"""Every criterion, in the order in which options show them."""


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
    rows, weights = [], []
    weighed = {criterion.name: weight for criterion, weight in applied(enquiry)}
    for criterion in CRITERIA:
        weights.append(weighed.get(criterion.name, 0))
        is_judged = criterion.name in weighed
        nothing = np.zeros(len(numbers), np.int64)
        rows.append(criterion.scores(enquiry, starts, numbers) if is_judged else nothing)
    return Scores(numbers, np.vstack(rows), np.array(weights, dtype=np.int64))


def applied(enquiry: Enquiry) -> Iterator[tuple[Criterion, int]]:
    """Yield the criteria that have anything to judge of a request, with a weight above 0."""
    for criterion in CRITERIA:
        weight = getattr(enquiry.market.policy.weights, criterion.name).value
        if weight and criterion.applies(enquiry):
            yield criterion, weight


__all__ = [
    "CRITERIA",
    "FULL_SCORE",
    "Criterion",
    "Scores",
    "applied",
    "score",
    "total_score",
    "wanted_start",
]
