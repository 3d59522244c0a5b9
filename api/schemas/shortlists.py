"""What is said of shortlists: asked for, kept as decision records, and their evidence."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.schemas.holds import GivenBack
from api.schemas.offers import OfferStatus
from matcher.model import CareRequest, Frozen, Id
from matcher.shortlist import Evidence, Shortlist

MOST_OPTIONS, MOST_NOMINATED = 20, 20
OptionCount = Annotated[int, Field(ge=1, le=MOST_OPTIONS)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class ShortlistAsked(Frozen):
    """A request that need not be in the record, and how many options are wanted for it.

    ``options`` is the policy's number when not given; ``seed`` breaks the last ties.
    """

    request: CareRequest
    options: OptionCount | None = None
    seed: Seed = 0


class ShortlistWanted(Frozen):
    """How many options are wanted for a request of the record, and which homes the person named.

    Homes that the person nominates are considered even out of area or off contract (L2).
    """

    options: OptionCount | None = None
    seed: Seed = 0
    nominated_provider_ids: Annotated[tuple[Id, ...], Field(max_length=MOST_NOMINATED)] = ()


class HoldState(BaseModel):
    """Capacity that was held for an option shown, and what became of it.

    ``purpose`` is ``shortlist``, or of an offer made before what that was held for already:
    ``choice`` or ``proposal``.
    ``state`` is ``held``, ``expired``, ``released``, or ``chosen`` or ``booked`` where that came of
    it.
    """

    rank: int
    provider_id: str
    promised: str
    made_at: datetime
    expires_at: datetime | None
    released_at: datetime | None
    state: str
    purpose: str | None = None


class ShortlistRecord(BaseModel):
    """A shortlist as it was made, with what it holds, and what earlier ones held until now."""

    shortlist_id: str
    request_id: str
    made_at: datetime
    made_by: str
    inputs_sha256: str
    shortlist: Shortlist
    holds: list[HoldState]
    given_back: list[GivenBack] = []


class ShortlistLine(BaseModel):
    """A shortlist, shortly."""

    shortlist_id: str
    made_at: datetime
    made_by: str
    options: int
    provider_ids: list[str]
    affordability: str | None


class ShortlistList(BaseModel):
    """One page of a request's shortlists, the newest first."""

    items: list[ShortlistLine]
    next: str | None


class MadeLine(BaseModel):
    """The line of the audit chain that a shortlist left."""

    number: int
    at: datetime
    actor: str
    role: str
    detail: dict[str, Any]
    hash: str


class LaterOffer(BaseModel):
    """How far an offer for the request has come, without its terms."""

    offer_id: str
    provider_id: str
    state: OfferStatus
    made_at: datetime
    chosen_by: str | None
    chosen_at: datetime | None


class EvidencePack(BaseModel):
    """All that a decision rested on and what came of it: what an Ombudsman would ask for.

    ``request`` is as it was searched for. ``considered`` says of every provider of the record
    that it was an option, scored lower, or why it was refused. ``made`` is the audit line, with
    the versions that went into ``inputs_sha256``.
    """

    shortlist_id: str
    request_id: str
    made_at: datetime
    made_by: str
    made: MadeLine | None
    inputs_sha256: str
    policy_version: str
    software_version: str
    request: CareRequest
    shortlist: Shortlist
    considered: list[Evidence]
    holds: list[HoldState]
    offers: list[LaterOffer]
