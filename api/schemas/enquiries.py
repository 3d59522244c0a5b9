"""What is said of enquiries: the advert, who is asked until when, and what each answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from api.schemas.offers import OfferState, OwnOffer
from api.schemas.requests import Reason
from matcher.geography import Postcode
from matcher.model import Days, Frozen, Id, Word
from matcher.vocabulary import CarerGender, CareType, ClientGroup, ServiceType, TimeNeed

MOST_ASKED = 50
"""Providers that one enquiry may ask."""


class AdvertVisit(Frozen):
    """One visit as providers see it: when and how long, never why."""

    visit_no: int
    days: Days
    band: Word | None = None
    time_need: TimeNeed = TimeNeed.NONE
    at_minute: int | None = None
    tolerance_minutes: int | None = None
    minutes: int
    carers: int
    with_visit: int | None = None
    after_visit: int | None = None
    gap_from: int | None = None
    least_gap_minutes: int | None = None
    most_gap_minutes: int | None = None


class Advert(Frozen):
    """All that a provider sees of a request: a postcode and needs, nobody's id or money (H7).

    It is told the groups, for it is registered for some; never the person's age or gender.
    """

    service_type: ServiceType
    care_type: CareType | None = None
    postcode: Postcode
    client_groups: tuple[ClientGroup, ...] = ()
    needs: tuple[Word, ...] = ()
    languages: tuple[Word, ...] = ()
    carer_gender: CarerGender | None = None
    start_by: date | None = None
    visits: tuple[AdvertVisit, ...] = ()
    nights: int | None = None
    admit_from: date | None = None
    admit_to: date | None = None


class Asking(Frozen):
    """Whom to ask: some providers, or the options of a shortlist; and until when."""

    provider_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MOST_ASKED)] | None = (
        None
    )
    shortlist_id: Id | None = None
    closes_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _asks_in_one_way(self) -> Self:
        if (self.provider_ids is None) == (self.shortlist_id is None):
            raise ValueError("either provider_ids or shortlist_id")
        if self.provider_ids is not None and len(set(self.provider_ids)) < len(self.provider_ids):
            raise ValueError("each provider once")
        return self


class Decline(Frozen):
    """Why a provider does not offer."""

    reason: Reason


class Invited(BaseModel):
    """One provider asked, and what it answered."""

    provider_id: str
    answer: str
    declined_at: AwareDatetime | None
    decline_reason: str | None
    offer: OfferState | None


class EnquiryState(BaseModel):
    """An enquiry as the brokerage sees it."""

    enquiry_id: str
    request_id: str
    shortlist_id: str | None
    advert: Advert
    opened_at: AwareDatetime
    opened_by: str
    closes_at: AwareDatetime
    closed_at: AwareDatetime | None
    is_open: bool
    first_refusal: bool
    invited: list[Invited]


class AdvertState(BaseModel):
    """An enquiry as a provider that is asked sees it: the advert and its own answer only (H7).

    ``advert`` is empty once the request has ended or is arranged with somebody else.
    """

    enquiry_id: str
    advert: Advert | None
    opened_at: AwareDatetime
    closes_at: AwareDatetime
    is_open: bool
    declined_at: AwareDatetime | None
    offer: OwnOffer | None


class EnquiryLine(BaseModel):
    """An enquiry on the brokerage's list, shortly."""

    enquiry_id: str
    request_id: str
    service_type: ServiceType
    opened_at: AwareDatetime
    closes_at: AwareDatetime
    is_open: bool
    first_refusal: bool
    asked: int
    offered: int
    declined: int


class EnquiryList(BaseModel):
    """One page of enquiries, the newest first."""

    items: list[EnquiryLine]
    next: str | None


class AdvertList(BaseModel):
    """One page of the open enquiries that ask a provider, the newest first."""

    items: list[AdvertState]
    next: str | None
