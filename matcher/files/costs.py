"""What an allocation costs: a week, the council's part of it, and stays by their totals."""

from __future__ import annotations

from matcher.allocation import Allocation, PlacementStatus
from matcher.model import Frozen
from matcher.vocabulary import PENCE_PER_POUND


class Costs(Frozen):
    """Pounds over the lines of one status; a line without a rate adds nothing.

    A stay has an end, so it counts by its total and adds nothing to a week.
    """

    weekly_gbp: float = 0.0
    council_weekly_gbp: float = 0.0
    stays_gbp: float = 0.0
    council_stays_gbp: float = 0.0


def costs_of(allocation: Allocation, status: PlacementStatus) -> Costs:
    """Return what the lines of one status cost together, and what of it the council pays."""
    lines = [line for line in allocation.placed if line.status is status]
    stays = [line for line in lines if line.stay_cost_pence is not None]
    others = [line for line in lines if line.stay_cost_pence is None]
    pence = {
        "weekly_gbp": sum(line.weekly_cost_pence or 0 for line in others),
        "council_weekly_gbp": sum(line.paid_by.council_pence for line in others if line.paid_by),
        "stays_gbp": sum(line.stay_cost_pence or 0 for line in stays),
        "council_stays_gbp": sum(line.paid_by.council_pence for line in stays if line.paid_by),
    }
    return Costs(**{name: amount / PENCE_PER_POUND for name, amount in pence.items()})
