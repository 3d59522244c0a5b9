"""Who is placed, who has at least an offer, and whose care starts in time."""

from __future__ import annotations

import numpy as np

from matcher.allocation import Placed, PlacementStatus
from matcher.enquiry import Enquiry, Starts
from matcher.market import Ints
from matcher.objectives.objective import Objective, Timeless
from matcher.scoring import wanted_start
from matcher.vocabulary import Risk
from matcher.wish import Wish


def _is_placed(placed: Placed | None) -> bool:
    return placed is not None and placed.status is PlacementStatus.PROPOSED


class Unplaced(Timeless):
    """1 for a person at some risk without an offer that may be accepted as it is (S1, H9).

    Parameters
    ----------
    risk
        The key worker's rating of the people counted.
    """

    unit = "people"
    drawback = "needs approval before it may be offered"
    people_first = True

    def __init__(self, risk: Risk) -> None:
        self._risk = risk
        self.name = f"unplaced_{risk.value}"
        self.title = f"{risk.value.capitalize()} risk, not placed"

    def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
        """Count the person unless a provider is proposed."""
        return int(enquiry.request.risk is self._risk and not _is_placed(placed))

    def fixed(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Count offers that somebody has to approve first."""
        unbooked = enquiry.needs_approval[numbers]
        return np.asarray(unbooked * (enquiry.request.risk is self._risk), np.int64)


class WaitingDays(Timeless):
    """Days waited so far by a person who is not placed (S1)."""

    name = "waiting_days"
    title = "Days waited by those not placed"
    unit = "days"
    drawback = "needs approval before it may be offered"

    def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
        """Count the days of a person for whom no provider is proposed."""
        return 0 if _is_placed(placed) else self._days(enquiry)

    def fixed(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Count the days where somebody has to approve first."""
        return np.asarray(enquiry.needs_approval[numbers] * self._days(enquiry), np.int64)

    @staticmethod
    def _days(enquiry: Enquiry) -> int:
        since = enquiry.request.waiting_since
        return 0 if since is None else max((enquiry.market.book.as_of - since).days, 0)


class WithoutOffer(Timeless):
    """1 for a person with neither a placement nor an offer that awaits approval."""

    name = "without_offer"
    title = "Neither placed nor offered"
    unit = "people"
    drawback = "is no offer"
    people_first = True

    def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
        """Count a person for whom there is nothing."""
        return int(placed is None)

    def fixed(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Count nothing: every candidate is an offer."""
        return np.zeros(len(numbers), np.int64)


class ClockBreaches(Objective):
    """1 for care that would start after the day it is wanted by (H22)."""

    name = "clock_breaches"
    title = "Start later than wanted"
    unit = "people"
    drawback = "starts later than wanted"

    def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
        """Compare the day proposed with the day wanted."""
        return int(placed is not None and placed.start_date > wanted_start(enquiry))

    def fixed(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Compare an agency's first visits with the day wanted; a bed's day is yet to be chosen."""
        if not enquiry.request.is_homecare:
            return np.zeros(len(numbers), np.int64)
        return np.asarray(starts.start_day[numbers] > self._wanted(enquiry), np.int64)

    def wishes(self, enquiry: Enquiry) -> tuple[Wish, ...]:
        """Wish for an admission by the day wanted."""
        if enquiry.request.is_homecare:
            return ()
        return (Wish(0, self._wanted(enquiry), step=1, per_step=1, most=1, both_ways=False),)

    @staticmethod
    def _wanted(enquiry: Enquiry) -> int:
        return enquiry.market.day_number(wanted_start(enquiry))
