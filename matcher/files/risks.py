"""How many people of each risk an allocation places, leaves to approval, or does not place."""

from __future__ import annotations

from collections import Counter

from matcher.allocation import Allocation, PlacementStatus
from matcher.market import Market
from matcher.model import Frozen
from matcher.vocabulary import Risk

RISK_UNKNOWN = "not_recorded"
"""Stands for the risk of somebody who has none on record."""


class RiskCounts(Frozen):
    """What became of everyone who waits at one risk."""

    placed: int = 0
    needs_approval: int = 0
    unplaced: int = 0

    @property
    def waiting(self) -> int:
        """Everyone of that risk."""
        return self.placed + self.needs_approval + self.unplaced


def counts_by_risk(market: Market, allocation: Allocation) -> dict[str, RiskCounts]:
    """Return the counts of each risk that somebody has, most urgent first, unknown last."""
    fates = {PlacementStatus.PROPOSED: "placed", PlacementStatus.NEEDS_APPROVAL: "needs_approval"}
    told = [(line.request_id, fates[line.status]) for line in allocation.placed]
    told += [(line.request_id, "unplaced") for line in allocation.unplaced]
    counts: dict[str, Counter[str]] = {name: Counter() for name in (*Risk, RISK_UNKNOWN)}
    for request_id, fate in told:
        counts[market.request(request_id).risk or RISK_UNKNOWN][fate] += 1
    return {str(name): RiskCounts(**each) for name, each in counts.items() if each}
