"""What an allocation costs together: a week, the council's part, and stays by their totals."""

from __future__ import annotations

from datetime import date
from typing import Any

from matcher.allocation import Allocation, Placed, PlacementStatus
from matcher.files.costs import Costs, costs_of
from matcher.payers import PaidBy

PROPOSED, OFFERED = PlacementStatus.PROPOSED, PlacementStatus.NEEDS_APPROVAL


def line(request_id: str, pence: int | None, **changes: Any) -> Placed:
    """Build a placement at some price a week, all of it the council's unless told otherwise."""
    usual: dict[str, Any] = {
        "status": PROPOSED,
        "start_date": date(2026, 4, 8),
        "weekly_cost_pence": pence,
        "distance_metres": 1,
        "travel_minutes": 0,
        "paid_by": PaidBy(council_pence=pence or 0),
    }
    return Placed(request_id=request_id, provider_id="P-1", **{**usual, **changes})


def test_a_week_is_told_with_the_councils_part_of_it() -> None:
    """What the NHS or the person pays is in the price, and not in the council's part."""
    nursing = line("R-1", 134_306, paid_by=PaidBy(council_pence=108_900, health_pence=25_406))
    allocation = Allocation(placed=(nursing, line("R-2", 20_000)))
    assert costs_of(allocation, PROPOSED) == Costs(weekly_gbp=1543.06, council_weekly_gbp=1289.0)


def test_a_stay_counts_by_its_total() -> None:
    """Three nights for £420 add nothing to a week, however dear a week of them would be."""
    stay = line("R-1", 98_000, stay_cost_pence=42_000, paid_by=PaidBy(council_pence=42_000))
    costs = costs_of(Allocation(placed=(stay, line("R-2", 20_000))), PROPOSED)
    assert costs.weekly_gbp == 200.0
    assert (costs.stays_gbp, costs.council_stays_gbp) == (420.0, 420.0)


def test_each_status_is_counted_by_itself() -> None:
    """An offer that awaits approval is no cost of those placed; without a rate it adds nothing."""
    dear = line("R-1", 30_000, status=OFFERED)
    unpriced = line("R-2", None, status=OFFERED, paid_by=None)
    allocation = Allocation(placed=(dear, unpriced))
    assert costs_of(allocation, PROPOSED) == Costs()
    assert costs_of(allocation, OFFERED).weekly_gbp == 300.0
