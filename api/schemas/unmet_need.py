"""What a commissioner reads of unmet need: where, when, for which service and why (H29)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import BaseModel

from matcher.allocation import UnplacedReason
from matcher.vocabulary import Day, Risk, ServiceType

BED_WINDOW = "bed"
"""The window of whoever needs a bed."""


class Format(StrEnum):
    """How the answer is written."""

    JSON = "json"
    CSV = "csv"


class Gap(StrEnum):
    """Why a person still waits: a run's coded reason, or how far somebody has come."""

    OWN_PANEL = UnplacedReason.OWN_PANEL.value
    NOT_AGREED = UnplacedReason.NOT_AGREED.value
    INCOMPLETE = UnplacedReason.INCOMPLETE.value
    NOT_ARRANGEABLE = UnplacedReason.NOT_ARRANGEABLE.value
    NO_SUITABLE_PROVIDER = UnplacedReason.NO_SUITABLE_PROVIDER.value
    NO_CAPACITY = UnplacedReason.NO_CAPACITY.value
    CAPACITY_TAKEN = UnplacedReason.CAPACITY_TAKEN.value
    BEING_ARRANGED = "being_arranged"
    PROPOSED = "proposed"
    NEEDS_APPROVAL = "needs_approval"
    NOT_YET_ALLOCATED = "not_yet_allocated"


class UnmetCell(BaseModel):
    """What is missing in one zone at one time, for one service, risk and reason.

    Parameters
    ----------
    zone
        ``None`` where no zone of the council has the postcode.
    day, window
        When: the time band in which visits may start, or ``bed`` without a day for placements.
        Both are ``None`` where the visits are not recorded yet.
    service_type, risk, reason
        What for, how badly, and why not.
    people
        Requests with a need here. One request counts once in every cell that its visits need, so
        people may not be added up over cells.
    visits_a_week
        Visits on this day in this window.
    minutes_a_week
        Paid minutes of these: length x carers (H6).
    beds
        Beds.
    """

    zone: str | None
    day: Day | None
    window: str | None
    service_type: ServiceType
    risk: Risk | None
    reason: Gap
    people: int
    visits_a_week: int
    minutes_a_week: int
    beds: int


class UnmetNeed(BaseModel):
    """Everybody who waits, cell by cell, and each counted once by reason.

    Parameters
    ----------
    as_of
        The day that it is of.
    people, people_by_reason
        Requests, each counted once.
    cells
        What they need, by zone, day, window, service, risk and reason.
    """

    as_of: date
    people: int
    people_by_reason: dict[Gap, int]
    cells: list[UnmetCell]
