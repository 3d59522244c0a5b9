"""Figures that an allocation states: cost, distance, travel, and whether the price is agreed."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.allocation import Placed, PlacementStatus
from matcher.errors import RefereeError
from matcher.referee.case import Case, Violation
from matcher.referee.ways import Way, way_between
from matcher.vocabulary import Funding


def figures_are_right(case: Case, placed: Placed) -> Iterator[Violation]:
    """Cost, who pays it, distance and travel are what the book and policy make them (H6, H16)."""
    request, first = case.requests[placed.request_id], placed.start_date
    way = _way(case, placed)
    travel = _travel(case, placed, way) if request.is_homecare else 0
    bill = case.tariff.bill_pence(request, placed.provider_id, first)
    expected = {
        "distance_metres": way.metres,
        "travel_minutes": travel,
        "weekly_cost_pence": case.tariff.weekly_pence(request, placed.provider_id, first),
        "stay_cost_pence": None if request.stay_nights is None else bill,
        "paid_by": case.tariff.paid_by(request, placed.provider_id, first),
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


def status_is_right(case: Case, placed: Placed) -> Iterator[Violation]:
    """Nothing whose price somebody must agree to counts as placed, and nothing else waits.

    Where the council pays nothing, nobody has to agree for it.
    """
    request, first = case.requests[placed.request_id], placed.start_date
    payers = case.tariff.paid_by(request, placed.provider_id, first)
    limits = case.tariff.limits(request, first)
    held = None if payers is None else payers.council_pence + payers.own_pence
    no_ceiling = limits[0] is None and (request.is_homecare or limits[1] is None)
    too_dear = held is None or any(limit is not None and held > limit for limit in limits)
    council_pays = request.funding not in {Funding.SELF_FUNDED, Funding.HEALTH}
    waits = council_pays and (too_dear or no_ceiling)
    right = PlacementStatus.NEEDS_APPROVAL if waits else PlacementStatus.PROPOSED
    if placed.status is not right:
        yield Violation(
            "STATUS_PRICE",
            placed.request_id,
            f"is {placed.status} but should be {right}: {held} pence held against "
            f"ceilings {list(limits)} (H9)",
        )
