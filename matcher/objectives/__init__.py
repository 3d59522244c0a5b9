"""The published objectives: one list with the words, the unit and the count of each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from matcher import scoring
from matcher.allocation import Allocation, Placed
from matcher.eligibility import request_refusals
from matcher.enquiry import Enquiry
from matcher.errors import BadInputError, Fault
from matcher.market import Market
from matcher.objectives.fit import Fit, Split
from matcher.objectives.objective import Objective, Timeless
from matcher.objectives.people import ClockBreaches, Unplaced, WaitingDays, WithoutOffer
from matcher.objectives.purchase import (
    AboveRate,
    ContractSteps,
    RecentOffers,
    SpecialistUse,
    TierSteps,
    UnpricedOffers,
)
from matcher.policy import Policy, parse_policy
from matcher.vocabulary import Risk

OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        *(Unplaced(risk) for risk in (Risk.RED, Risk.AMBER, Risk.GREEN)),
        WaitingDays(),
        WithoutOffer(),
        ClockBreaches(),
        SpecialistUse(),
        TierSteps(),
        ContractSteps(),
        UnpricedOffers(),
        AboveRate(),
        Fit(),
        RecentOffers(),
    )
}
"""Every objective by its name, in the default order; each criterion of the score is one besides."""
REPLACED = {
    "above_rate_pence": "above_rate",
    "preferred_minutes": "visit_times",
    "preference_points": "preference, continuity or culture",
    "start_days": "earliest_start",
    "distance_metres": "distance",
    "value_points": "cost or quality",
}
"""Objectives of former versions, and what a policy names instead where ``fit`` is not enough."""
BEFORE_PEOPLE = "waiting_days"
"""The one other objective that may go before people unplaced: it counts them as well."""


def known() -> dict[str, Objective]:
    """Return every objective that an order may name."""
    return OBJECTIVES | {
        criterion.name: Split(criterion)
        for criterion in scoring.CRITERIA
        if criterion.name not in OBJECTIVES
    }


def objective(name: str) -> Objective:
    """Return the objective of a name that an order may name."""
    return known()[name]


def ordered(policy: Policy) -> tuple[Objective, ...]:
    """Return the objectives of a policy, most important first.

    Raises
    ------
    BadInputError
        If the order names an objective that does not exist, leaves out one that counts people, or
        puts something cheaper before people unplaced.
    """
    fault = order_fault(policy)
    if fault is not None:
        raise BadInputError([fault])
    every = known()
    return tuple(every[name] for name in policy.allocation.order.value)


def read_policy_text(text: str, file: str = "policy.toml") -> Policy:
    """Return the default policy with a variant laid over it, its order of objectives checked.

    Raises
    ------
    BadInputError
        If the text is no policy, or its order is none.
    """
    policy = parse_policy(text, file)
    fault = order_fault(policy, file)
    if fault is not None:
        raise BadInputError([fault])
    return policy


def order_fault(policy: Policy, file: str = "policy.toml") -> Fault | None:
    """Return what is wrong with the order of objectives; ``None`` where it may be followed."""
    order, every = policy.allocation.order.value, known()
    for name in order:
        if name not in every:
            return _fault(file, name, _instead(name, every))
    needed = [each.name for each in every.values() if each.people_first]
    lacking = [name for name in needed if name not in order]
    if lacking:
        return _fault(file, ", ".join(order), "an order that also names " + ", ".join(lacking))
    people = [order.index(name) for name in needed if isinstance(every[name], Unplaced)]
    cheaper = [n for n in order[: max(people)] if n not in {BEFORE_PEOPLE, *needed}]
    if cheaper:
        return _fault(file, ", ".join(order), "people unplaced before " + ", ".join(cheaper))
    return None


def _instead(name: str, every: Iterable[str]) -> str:
    if name in REPLACED:
        return f"fit, which counts it as the shortlist does; on its own: {REPLACED[name]}"
    close = difflib.get_close_matches(name, [*every], n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"one of {', '.join(every)}{hint}"


def _fault(file: str, value: str, expected: str) -> Fault:
    return Fault(file, 0, "allocation.order.value", value[:80], expected)


def arrangeable(market: Market) -> dict[str, Enquiry]:
    """Return every waiting request that may be searched for, put to the market, by id."""
    return {
        request.request_id: Enquiry(market, request)
        for request in market.book.waiting
        if not request_refusals(request, market.book, market.policy)
    }


def measure(
    enquiries: Mapping[str, Enquiry], allocation: Allocation, order: Iterable[Objective]
) -> dict[str, int]:
    """Return the value of some objectives: a sum over the requests that may be searched for.

    Parameters
    ----------
    enquiries
        What :func:`arrangeable` returns.
    allocation
        An allocation that the referee accepts.
    order
        The objectives.
    """
    placed = {line.request_id: line for line in allocation.placed}
    lines = [(from_start(each, placed.get(name)), name) for name, each in enquiries.items()]
    return {
        each.name: sum(each.of_placed(enquiry, placed.get(name)) for enquiry, name in lines)
        for each in order
    }


def from_start(enquiry: Enquiry, placed: Placed | None) -> Enquiry:
    """Return an enquiry with the prices of the day on which care would begin."""
    if placed is None:
        return enquiry
    return enquiry.beginning(enquiry.market.day_number(placed.start_date))


__all__ = [
    "BEFORE_PEOPLE",
    "OBJECTIVES",
    "REPLACED",
    "Objective",
    "Timeless",
    "arrangeable",
    "from_start",
    "known",
    "measure",
    "objective",
    "order_fault",
    "ordered",
    "read_policy_text",
]
