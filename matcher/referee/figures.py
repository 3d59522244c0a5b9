"""Figures that an allocation states: cost, distance, travel, and whether the price is agreed."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.allocation import Placed, PlacementStatus
from matcher.errors import RefereeError
from matcher.referee.case import Case, Violation
from matcher.referee.ways import Way, way_between


def figures_are_right(case: Case, placed: Placed) -> Iterator[Violation]:
    """Cost, distance and travel are what the book and the policy make them (H6, H16)."""
    is_homecare = case.requests[placed.request_id].is_homecare
    way = _way(case, placed)
    travel = _travel(case, placed, way) if is_homecare else 0
    expected = {
        "distance_metres": way.metres,
        "travel_minutes": travel,
        "weekly_cost_pence": _cost(case, placed),
    }
    for name, value in expected.items():
        stated = getattr(placed, name)
        if stated != value:
            yield Violation(
                name.upper(), placed.request_id, f"is stated as {stated}, should be {value}"
            )


def rating_is_right(case: Case, placed: Placed) -> Iterator[Violation]:
    """Say where a rating that is stated, or its day, is not the provider's."""
    if placed.cqc_rating is None:
        return
    provider = case.providers[placed.provider_id]
    stated, right = [f"{each.cqc_rating} of {each.cqc_rated_on}" for each in (placed, provider)]
    if stated != right:
        yield Violation(
            "CQC_RATING", placed.request_id, f"is stated as {stated}, should be {right}"
        )


def _travel(case: Case, placed: Placed, way: Way) -> int:
    request, provider = case.requests[placed.request_id], case.providers[placed.provider_id]
    policy, roads = case.market.policy.travel, case.market.roads
    leg = None if roads is None else roads.between(request.postcode, provider.postcode)
    if leg is not None:
        return policy.road_minutes(leg.metres, leg.seconds)
    return int(policy.minutes(way.metres, way.minutes))


def _way(case: Case, placed: Placed) -> Way:
    request, provider = case.requests[placed.request_id], case.providers[placed.provider_id]
    if request.postcode is None:
        raise RefereeError(f"Request {placed.request_id} has no postcode.")
    if provider.postcode is None:
        raise RefereeError(f"Provider {placed.provider_id} has no postcode.")
    gazetteer, travel = case.market.gazetteer, case.market.policy.travel
    return way_between(
        gazetteer.locate(request.postcode),
        gazetteer.locate(provider.postcode),
        rounds=request.is_homecare and not travel.ferries_for_homecare.value,
    )


def _cost(case: Case, placed: Placed) -> int | None:
    request = case.requests[placed.request_id]
    return case.tariff.weekly_pence(request, placed.provider_id)


def status_is_right(case: Case, placed: Placed) -> Iterator[Violation]:
    """Nothing whose price somebody must agree to counts as placed, and nothing else waits."""
    request = case.requests[placed.request_id]
    cost = _cost(case, placed)
    framework = case.tariff.framework_pence(request)
    ceilings = [framework, request.personal_budget_pence_per_week]
    no_ceiling = framework is None and (request.is_homecare or ceilings[1] is None)
    too_dear = cost is None or any(c is not None and cost > c for c in ceilings) or no_ceiling
    right = PlacementStatus.NEEDS_APPROVAL if too_dear else PlacementStatus.PROPOSED
    if placed.status is not right:
        yield Violation(
            "STATUS_PRICE",
            placed.request_id,
            f"is {placed.status} but should be {right}: {cost} pence a week, "
            f"ceilings {ceilings} (H9)",
        )
