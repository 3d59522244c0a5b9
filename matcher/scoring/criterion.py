"""What a criterion is: a score for many providers, and a reason for one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from matcher.enquiry import Enquiry, Starts
from matcher.market import Ints

FULL_SCORE = 10_000
"""A score of 100 in the hundredths that scores are held in."""
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

    @abstractmethod
    def scores(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Return hundredths of a point, 0 to 10,000, for the providers of those numbers."""

    @abstractmethod
    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Return the facts behind one provider's score."""
