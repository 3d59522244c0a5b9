"""An allocation of everyone waiting, and how good it is by each published objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from matcher.eligibility import GENERIC_FIRST_RULE, request_refusals
from matcher.enquiry import Enquiry
from matcher.market import Market
from matcher.model import Frozen
from matcher.policy import Objective
from matcher.scoring import PREFERENCE_CRITERIA, VALUE_CRITERIA, shortfall, wanted_start
from matcher.vocabulary import Risk, TimeNeed


class PlacementStatus(StrEnum):
    """Whether a person may accept the offer as it is, or its price must be agreed first (H9)."""

    PROPOSED = "proposed"
    NEEDS_APPROVAL = "needs_approval"


class UnplacedReason(StrEnum):
    """Why a request got no provider at all; every gap reaches the commissioner (H29)."""

    OWN_PANEL = "own_panel"
    NOT_AGREED = "not_agreed"
    INCOMPLETE = "incomplete"
    NOT_ARRANGEABLE = "not_arrangeable"
    NO_SUITABLE_PROVIDER = "no_suitable_provider"
    NO_CAPACITY = "no_capacity"
    CAPACITY_TAKEN = "capacity_taken"


NOT_SEARCHED = frozenset(
    {
        UnplacedReason.OWN_PANEL,
        UnplacedReason.NOT_AGREED,
        UnplacedReason.INCOMPLETE,
        UnplacedReason.NOT_ARRANGEABLE,
    }
)
"""Reasons of requests that may not be searched for yet."""


class VisitTime(Frozen):
    """When one visit of a package starts, on all its days."""

    visit_no: int
    start_minute: int


class Placed(Frozen):
    """One request with the provider proposed for it.

    Money is in pence a week, ``None`` where no rate is on file. Scarcity is what the capacity
    taken is worth to everyone who waits, ``None`` where capacity was not priced.
    """

    request_id: str
    provider_id: str
    status: PlacementStatus
    start_date: date
    visit_times: tuple[VisitTime, ...] = ()
    weekly_cost_pence: int | None
    distance_metres: int
    travel_minutes: int
    scarcity_points: float | None = None
    reasons: tuple[str, ...] = ()


class Unplaced(Frozen):
    """One request without a provider, why, and what would have admitted it."""

    request_id: str
    reason: UnplacedReason
    detail: str
    nearest_miss: str = ""


class Allocation(Frozen):
    """What is proposed for every waiting request: each stands in exactly one of the two lists."""

    placed: tuple[Placed, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()


Formula = Callable[[Enquiry, Placed | None], int]


def _unplaced_of(risk: Risk) -> Formula:
    def count(enquiry: Enquiry, placed: Placed | None) -> int:
        is_placed = placed is not None and placed.status is PlacementStatus.PROPOSED
        return int(enquiry.request.risk is risk and not is_placed)

    return count


def waiting_days(enquiry: Enquiry, placed: Placed | None) -> int:
    """Days waited so far by a person who is not placed (S1)."""
    if placed is not None and placed.status is PlacementStatus.PROPOSED:
        return 0
    since = enquiry.request.waiting_since
    return 0 if since is None else max((enquiry.market.book.as_of - since).days, 0)


def without_offer(enquiry: Enquiry, placed: Placed | None) -> int:
    """1 for a person with neither a placement nor an offer that awaits approval."""
    return int(placed is None)


def specialist_use(enquiry: Enquiry, placed: Placed | None) -> int:
    """1 for a specialist provider of a person whom a generic one could serve alone (H12)."""
    if placed is None:
        return 0
    return int(GENERIC_FIRST_RULE.refusal(enquiry, _number(enquiry, placed)) is not None)


def tier_steps(enquiry: Enquiry, placed: Placed | None) -> int:
    """Tiers below the first, where policy asks tiers in order; no tier counts as the ninth."""
    market = enquiry.market
    if placed is None or not market.policy.rules.tiers_in_order.value:
        return 0
    return int(market.tier[_number(enquiry, placed)]) - 1


def unpriced_offers(enquiry: Enquiry, placed: Placed | None) -> int:
    """1 for a provider that has no rate on file, so that its price is anybody's guess."""
    return 0 if placed is None else int(not enquiry.prices.known[_number(enquiry, placed)])


def clock_breaches(enquiry: Enquiry, placed: Placed | None) -> int:
    """1 for care that would start after the day it is wanted by (H22)."""
    return int(placed is not None and placed.start_date > wanted_start(enquiry))


def above_rate_pence(enquiry: Enquiry, placed: Placed | None) -> int:
    """Pence a week above the framework rate (H9)."""
    return 0 if placed is None else int(enquiry.above_rate_pence[_number(enquiry, placed)])


def preferred_minutes(enquiry: Enquiry, placed: Placed | None) -> int:
    """Minutes between preferred and proposed starts, summed over visits that have one (S7)."""
    if placed is None:
        return 0
    starts = {time.visit_no: time.start_minute for time in placed.visit_times}
    return sum(
        abs(starts[visit.visit_no] - visit.at_minute)
        for visit in enquiry.request.package.visits
        if visit.time_need is TimeNeed.PREFERRED and visit.at_minute is not None
    )


def preference_points(enquiry: Enquiry, placed: Placed | None) -> int:
    """Weighted points short of 100 in continuity, preference and culture (S4, S5, S9)."""
    return _shortfall(enquiry, placed, PREFERENCE_CRITERIA)


def start_days(enquiry: Enquiry, placed: Placed | None) -> int:
    """Days from the book's as_of to the start of care (S6)."""
    return 0 if placed is None else enquiry.market.day_number(placed.start_date)


def distance_metres(enquiry: Enquiry, placed: Placed | None) -> int:
    """Metres from provider to person, round water (S11)."""
    return 0 if placed is None else int(enquiry.distance_metres[_number(enquiry, placed)])


def value_points(enquiry: Enquiry, placed: Placed | None) -> int:
    """Weighted points short of 100 in cost and quality (S2)."""
    return _shortfall(enquiry, placed, VALUE_CRITERIA)


def recent_offers(enquiry: Enquiry, placed: Placed | None) -> int:
    """Offers the provider had within the policy's days, by the fairness ledger (S3)."""
    if placed is None:
        return 0
    return int(enquiry.market.recent_offers[_number(enquiry, placed)])


def _number(enquiry: Enquiry, placed: Placed) -> int:
    return enquiry.market.provider_number(placed.provider_id)


def _shortfall(enquiry: Enquiry, placed: Placed | None, names: tuple[str, ...]) -> int:
    if placed is None:
        return 0
    return int(shortfall(enquiry, names, np.array([_number(enquiry, placed)]))[0])


FORMULAE: Mapping[Objective, Formula] = MappingProxyType(
    {
        Objective.UNPLACED_RED: _unplaced_of(Risk.RED),
        Objective.UNPLACED_AMBER: _unplaced_of(Risk.AMBER),
        Objective.UNPLACED_GREEN: _unplaced_of(Risk.GREEN),
        Objective.WAITING_DAYS: waiting_days,
        Objective.WITHOUT_OFFER: without_offer,
        Objective.SPECIALIST_USE: specialist_use,
        Objective.TIER_STEPS: tier_steps,
        Objective.UNPRICED_OFFERS: unpriced_offers,
        Objective.CLOCK_BREACHES: clock_breaches,
        Objective.ABOVE_RATE_PENCE: above_rate_pence,
        Objective.PREFERRED_MINUTES: preferred_minutes,
        Objective.PREFERENCE_POINTS: preference_points,
        Objective.START_DAYS: start_days,
        Objective.DISTANCE_METRES: distance_metres,
        Objective.VALUE_POINTS: value_points,
        Objective.RECENT_OFFERS: recent_offers,
    }
)


def arrangeable(market: Market) -> dict[str, Enquiry]:
    """Return every waiting request that may be searched for, put to the market, by id."""
    return {
        request.request_id: Enquiry(market, request)
        for request in market.book.waiting
        if not request_refusals(request, market.book, market.policy)
    }


def measure(enquiries: Mapping[str, Enquiry], allocation: Allocation) -> dict[Objective, int]:
    """Return the value of every objective: a sum over the requests that may be searched for.

    Parameters
    ----------
    enquiries
        What :func:`arrangeable` returns.
    allocation
        An allocation that the referee accepts.
    """
    placed = {line.request_id: line for line in allocation.placed}
    each = [measure_request(enquiry, placed.get(name)) for name, enquiry in enquiries.items()]
    return {objective: sum(values[objective] for values in each) for objective in Objective}


def measure_request(enquiry: Enquiry, placed: Placed | None) -> dict[Objective, int]:
    """Return what one request adds to every objective, placed or not."""
    return {objective: formula(enquiry, placed) for objective, formula in FORMULAE.items()}


UNITS: Mapping[Objective, str] = MappingProxyType(
    {
        Objective.UNPLACED_RED: "people",
        Objective.UNPLACED_AMBER: "people",
        Objective.UNPLACED_GREEN: "people",
        Objective.WAITING_DAYS: "days",
        Objective.WITHOUT_OFFER: "people",
        Objective.SPECIALIST_USE: "people",
        Objective.TIER_STEPS: "tiers",
        Objective.UNPRICED_OFFERS: "people",
        Objective.CLOCK_BREACHES: "people",
        Objective.ABOVE_RATE_PENCE: "pence a week",
        Objective.PREFERRED_MINUTES: "minutes",
        Objective.PREFERENCE_POINTS: "weighted points",
        Objective.START_DAYS: "days",
        Objective.DISTANCE_METRES: "metres",
        Objective.VALUE_POINTS: "weighted points",
        Objective.RECENT_OFFERS: "offers",
    }
)
"""The unit of each objective."""
