"""What is said of requests: asked, changed, suspended, increased, ended, and how they stand."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.holds import GivenBack
from api.schemas.keys import Holder
from matcher.closures import Displaced
from matcher.model import CareRequest, Frozen, HomecarePackage, Id, Pence, Text
from matcher.vocabulary import Funding, Risk, ServiceType

Reason = Annotated[Text, Field(min_length=1)]
"""Why something was done, in a few words; never a code to somebody's door (H8)."""


class RequestStatus(StrEnum):
    """Whether a request waits for a provider, has one, or is no more."""

    WAITING = "waiting"
    ARRANGED = "arranged"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why somebody ends a request (H25); that other care replaces it is not for people to say."""

    DIED = "died"
    MOVED_AWAY = "moved_away"
    NO_LONGER_NEEDED = "no_longer_needed"
    DECLINED_BY_PERSON = "declined_by_person"
    HOSPITAL = "hospital"
    OTHER = "other"


class Urgency(Frozen):
    """Why a request is urgent; who said so and when is recorded beside it (H21)."""

    reason: Reason


class RiskRating(Frozen):
    """The key worker's rating (H20)."""

    risk: Risk
    reason: Reason


class KeyWorkerChange(Frozen):
    """Which post owns a request from now on, as the holder of its API key, and why (H20)."""

    key_worker: Holder
    reason: Reason


class Suspension(Frozen):
    """From when care is suspended, and when it restarts if that is known (H19)."""

    suspended_from: date
    restarts_on: date | None = None
    reason: Reason


class Increase(Frozen):
    """More visits than are arranged; the current provider is asked first (H17)."""

    request_id: Id
    package: HomecarePackage
    start_by: date | None = None
    reason: Reason


class ChangeOfProvider(Frozen):
    """Written reasons why another provider is needed, each challenge answered first (H18)."""

    request_id: Id
    why_not_times: Reason
    why_not_carer: Reason
    why_not_tasks: Reason
    care_team_agrees: bool
    reason: Reason


class Ending(Frozen):
    """Why a request ends, and on which day its care does (H25)."""

    reason: EndReason
    note: Text = ""
    ends_on: date | None = None


class Reinstatement(Frozen):
    """Why an end that was told is taken back: care goes on, or the search does."""

    reason: Reason


class RequestChange(Frozen):
    """What is to be another from now on; what is not named stays as it is.

    Who is asked for, the risk rating, the urgency and the service are not changed here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    changes: Annotated[dict[str, Any], Field(min_length=1, max_length=30)]
    reason: Reason


class MoneyAgreed(Frozen):
    """Who pays what for all of a person's care, and up to which cost; what is not named stays.

    With a reason alone the money is agreed as it was asked for. It is of the whole family: of the
    first request with its increases and changes of provider (H1, H9).
    """

    funding: Funding | None = None
    personal_budget_pence_per_week: Pence | None = None
    nursing_contribution_pence_per_week: Pence | None = None
    health_share_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    third_party_top_up_pence_per_week: Pence | None = None
    own_contribution_pence_per_week: Pence | None = None
    respite_nights_left: Annotated[int, Field(ge=0, le=3660)] | None = None
    reason: Reason


class DueClock(BaseModel):
    """One clock of a request, in working hours (H22)."""

    name: str
    working_hours: float
    due_at: datetime
    done_at: datetime | None
    is_late: bool


class RequestState(BaseModel):
    """A request with what has become of it."""

    request: CareRequest
    state: RequestStatus
    kind: str
    version: int
    key_worker: str | None
    received_at: datetime
    waited_days: int | None
    clocks: list[DueClock]
    urgent_by: str | None
    urgent_at: datetime | None
    suspended_from: date | None
    restarts_on: date | None
    parent_id: str | None
    provider_id: str | None
    order_ref: str | None
    money_asked_by: str | None
    money_agreed_by: str | None
    money_agreed_at: datetime | None
    budget_left_pence_per_week: int | None
    ended_at: datetime | None
    end_reason: str | None
    may_be_searched: bool
    missing: list[str]
    warnings: list[str]
    given_back: list[GivenBack] = []
    """What a change of the request gave back of its holds."""


class RequestLine(BaseModel):
    """A request on the list, shortly."""

    request_id: str
    service_type: ServiceType
    risk: Risk | None
    waiting_since: date | None
    waited_days: int | None
    zone: str | None
    state: RequestStatus
    version: int
    is_urgent: bool
    is_suspended: bool
    next_clock: DueClock | None


class RequestList(BaseModel):
    """One page of the list, the riskiest and longest waiting first (H20, S1).

    ``displaced`` stands on the first page of the waiting list: people whose care runs with a
    provider that is closed, who have to be placed anew; nothing moves them by itself (H18).
    """

    items: list[RequestLine]
    next: str | None
    displaced: list[Displaced] = []
