"""An allocation of everyone waiting: who is proposed where, and who is not and why."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from matcher.model import Frozen
from matcher.payers import PaidBy
from matcher.vocabulary import CqcRating


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

    Money is in pence a week from the start, ``None`` where no rate is on file; a stay has what it
    costs in all besides, and who pays what of that. Scarcity is what the capacity taken is worth
    to everyone who waits, ``None`` where capacity was not priced. The rating is the provider's;
    ``None`` where it was not said, as of old.
    """

    request_id: str
    provider_id: str
    status: PlacementStatus
    start_date: date
    visit_times: tuple[VisitTime, ...] = ()
    weekly_cost_pence: int | None
    stay_cost_pence: int | None = None
    paid_by: PaidBy | None = None
    distance_metres: int
    travel_minutes: int
    scarcity_points: float | None = None
    cqc_rating: CqcRating | None = None
    cqc_rated_on: date | None = None
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
