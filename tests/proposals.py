"""Hand builders of lines of an allocation, good unless changed, and what the referee says."""

from __future__ import annotations

from typing import Any

from matcher.allocation import Allocation, Placed, Unplaced, VisitTime
from matcher.geography import Gazetteer
from matcher.model import CareRequest, Frozen
from matcher.payers import PaidBy
from matcher.policy import Policy
from matcher.referee import check
from tests.builders import (
    NEAR_METRES,
    beds,
    ceiling,
    day,
    home,
    hourly,
    hours,
    market,
    minute,
    provider,
    weekly,
)

AGENCY = (provider(), hours(), hourly(), ceiling())
HOME = (home(), beds(), weekly())


def times(*starts: str) -> tuple[VisitTime, ...]:
    """Build the start of visits 1, 2 and so on."""
    told = enumerate(starts, start=1)
    return tuple(VisitTime(visit_no=number, start_minute=minute(at)) for number, at in told)


def visiting(request_id: str = "R-1", *starts: str, **changes: Any) -> Placed:
    """Build a good line of homecare: P-1, half an hour every day at 25 pounds an hour.

    7 x 30 minutes are 3.5 hours, 87.50 pounds a week. Care starts after two days of lead time.
    """
    usual: dict[str, Any] = {
        "provider_id": "P-1",
        "status": "proposed",
        "start_date": day(2),
        "visit_times": times(*starts or ("07:10",)),
        "weekly_cost_pence": 8750,
        "distance_metres": NEAR_METRES,
        "travel_minutes": 5,
    }
    return _paid(Placed(request_id=request_id, **{**usual, **changes}))


def staying(request_id: str = "R-1", start: int = 3, **changes: Any) -> Placed:
    """Build a good line of a bed: H-1 at 1,000 pounds a week, after three days of lead time."""
    usual: dict[str, Any] = {
        "provider_id": "H-1",
        "status": "proposed",
        "start_date": day(start),
        "weekly_cost_pence": 100_000,
        "distance_metres": NEAR_METRES,
        "travel_minutes": 0,
    }
    return _paid(Placed(request_id=request_id, **{**usual, **changes}))


def _paid(line: Placed) -> Placed:
    """Return a line of which the council pays everything, unless it says otherwise."""
    cost = line.weekly_cost_pence
    if line.paid_by is not None or cost is None:
        return line
    return line.model_copy(update={"paid_by": PaidBy(council_pence=cost)})


def for_stay(line: Placed, nights: int) -> Placed:
    """Return a line of a stay at a weekly rate, all of which the council pays."""
    total = ((line.weekly_cost_pence or 0) * nights * 2 + 7) // 14
    paid_by = PaidBy(council_pence=total)
    return line.model_copy(update={"stay_cost_pence": total, "paid_by": paid_by})


def left_out(request_id: str = "R-1", detail: str = "nobody is near") -> Unplaced:
    """Build a line without a provider."""
    return Unplaced(request_id=request_id, reason="no_suitable_provider", detail=detail)


def codes(
    gazetteer: Gazetteer,
    things: tuple[Frozen, ...],
    *lines: Placed | Unplaced,
    policy: Policy | None = None,
) -> list[str]:
    """Return the codes of all rules that an allocation of some lines breaks.

    Where somebody stays for some nights, their total stands in the line without being told.
    """
    nights = {t.request_id: t.stay_nights for t in things if isinstance(t, CareRequest)}
    placed = [line for line in lines if isinstance(line, Placed)]
    allocation = Allocation(
        placed=tuple(
            for_stay(line, stay) if (stay := nights.get(line.request_id)) else line
            for line in placed
        ),
        unplaced=tuple(line for line in lines if isinstance(line, Unplaced)),
    )
    supply = market(gazetteer, *things, policy=policy)
    return sorted(violation.rule for violation in check(supply, allocation))
