"""What is said of bookings: made of an offer or straight from a shortlist, and ended."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel

from api.schemas.holds import GivenBack
from api.schemas.offers import Decider, Terms
from api.schemas.requests import EndReason
from matcher.model import Frozen, Id, Text


class DirectBooking(Frozen):
    """An option of a shortlist that is taken at once, and who decided so (H14)."""

    shortlist_id: Id
    provider_id: Id
    chosen_by: Decider
    note: Text = ""


class BookingEnding(Frozen):
    """On which day booked care ends, and why (H25)."""

    ends_on: date
    reason: EndReason
    note: Text = ""


class BookingState(BaseModel):
    """Care arranged: who gives it to whom from when, at what price, and whether it has ended."""

    order_ref: str
    request_id: str
    provider_id: str
    offer_id: str | None
    terms: Terms | None
    starts_on: date
    weekly_cost_pence: int | None
    booked_at: datetime
    booked_by: str
    ends_on: date | None
    ended_at: datetime | None
    end_reason: str | None
    version: int = 1
    """Answers that are kept for calls sent twice may be older than versions of bookings."""
    given_back: list[GivenBack] = []
    """What was held for the person and is not any more since this was booked."""


class BookingList(BaseModel):
    """One page of bookings, by their references."""

    items: list[BookingState]
    next: str | None
