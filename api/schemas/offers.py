"""What is said of offers: their terms, how they compare, who approved, chose or refused them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from api.schemas.holds import GivenBack
from api.schemas.requests import Reason
from matcher.eligibility import LaterPrice
from matcher.model import Frozen, GridMinute, Id, Text
from matcher.option import CriterionScore
from matcher.payers import PaidBy
from matcher.vocabulary import MINUTES_PER_DAY, CqcRating, RateUnit

OfferedPence = Annotated[int, Field(ge=1, le=10_000_000)]


class Decider(StrEnum):
    """Who decided for an offer: the person, or whoever may decide with or for her (H14, H23)."""

    PERSON = "person"
    FAMILY = "family"
    ADVOCATE = "advocate"
    BEST_INTERESTS_DECISION = "best_interests_decision"


class OfferStatus(StrEnum):
    """How far an offer has come; ``over`` was booked, and the booking has ended."""

    OFFERED = "offered"
    CHOSEN = "chosen"
    BOOKED = "booked"
    LOST = "lost"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    UNSUITABLE = "unsuitable"
    OVER = "over"


class VisitStart(Frozen):
    """When one visit would start, on all its days."""

    visit_no: Annotated[int, Field(ge=1, le=99)]
    at_minute: Annotated[GridMinute, Field(lt=MINUTES_PER_DAY)]


class OfferedRate(Frozen):
    """What a provider charges for this request: by the hour, or by the week or night for a bed."""

    unit: RateUnit
    amount_pence: OfferedPence


class OfferTerms(Frozen):
    """What a provider offers: times, first day and rate; the weekly cost is computed here (H6)."""

    visits: Annotated[tuple[VisitStart, ...], Field(max_length=99)] = ()
    start_date: date
    rate: OfferedRate
    needs_assessment: bool = False
    note: Text = ""


class RecordedOffer(OfferTerms):
    """An offer that a provider told a broker, and how."""

    provider_id: Id
    told_by: Reason


class Terms(Frozen):
    """The terms of an offer as kept; without a rate, the provider's rates on file count."""

    visits: tuple[VisitStart, ...] = ()
    start_date: date
    rate: OfferedRate | None = None
    needs_assessment: bool = False
    note: Text = ""
    told_by: Text = ""

    @property
    def starts(self) -> dict[int, int]:
        """Return the minute of the day at which each visit would start, by its number."""
        return {visit.visit_no: visit.at_minute for visit in self.visits}


class Approval(Frozen):
    """Whether a budget holder agrees to a price, and why (H9)."""

    approve: bool
    note: Reason


class Choice(Frozen):
    """Who decided for an offer (H14)."""

    chosen_by: Decider
    note: Text = ""


class Refused(Frozen):
    """Why a home finds the person unsuitable (H15), or an offer is withdrawn."""

    reason: Reason


class OfferState(BaseModel):
    """An offer as the brokerage sees it."""

    offer_id: str
    request_id: str
    provider_id: str
    enquiry_id: str | None
    proposal_id: str | None
    source: str
    state: OfferStatus
    version: int
    terms: Terms
    weekly_cost_pence: int
    needs_approval: bool
    approval_reasons: list[str]
    made_at: datetime
    made_by: str
    approved: bool | None
    approved_by: str | None
    approved_at: datetime | None
    approval_note: str | None
    approved_family_pence: int | None
    chosen_by: str | None
    chosen_at: datetime | None
    choice_note: str | None
    recorded_by: str | None
    unsuitable_reason: str | None
    held_until: datetime | None
    given_back: list[GivenBack] = []
    """What a change of the offer gave back of other holds."""


class OwnOffer(BaseModel):
    """An offer as its provider sees it: its own words and what became of it, never a rank."""

    offer_id: str
    enquiry_id: str | None
    source: str
    state: OfferStatus
    version: int
    terms: Terms
    weekly_cost_pence: int
    made_at: datetime


class OfferWarning(BaseModel):
    """A rule that speaks against an offer."""

    rule_id: str
    citation: str
    sentence: str


class Comparison(BaseModel):
    """How one offer compares, by the very criteria of a shortlist.

    ``total`` is the sum of weight x score over the sum of weights. Money is in pence a week; of a
    stay who pays what, and what lies above rate and budget, is of its whole cost.
    """

    rank: int
    total: float
    criteria: list[CriterionScore]
    cqc_rating: CqcRating
    cqc_rated_on: date | None
    framework_pence: int | None
    stay_cost_pence: int | None
    paid_by: PaidBy | None
    above_rate_pence: int
    over_budget_pence: int
    later_prices: list[LaterPrice]
    price_notes: list[str]
    distance_metres: int
    travel_minutes: int
    warnings: list[OfferWarning]


class ComparedOffer(BaseModel):
    """An offer, and how it compares where it still counts."""

    offer: OfferState
    comparison: Comparison | None


class OfferList(BaseModel):
    """All offers for a request, the best first; those that no longer count come last."""

    request_id: str
    items: list[ComparedOffer]


class OfferPage(BaseModel):
    """One page of offers, the oldest first."""

    items: list[OfferState]
    next: str | None
