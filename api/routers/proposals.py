"""Proposals over HTTP: listed, accepted as offers, refused."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.acts import proposals, requests
from api.acts.promises import given_back
from api.dependencies import Allow, ChangesOf, ServiceOf
from api.guarding import GuardedRoute
from api.schemas.pages import PageOf
from api.schemas.runs import Acceptance, ProposalList, ProposalRefusal, ProposalState
from api.security import BROKER, OWN_WORK, Caller, Rule
from api.storage import runs as stored
from api.storage.record import Writing
from matcher.model import Id

router = APIRouter(prefix="/v1/proposals", tags=["proposals"], route_class=GuardedRoute)
MAY_READ = Allow(Rule(BROKER | OWN_WORK))
MAY_DECIDE = Allow(Rule(BROKER))
Reader = Annotated[Caller, Depends(MAY_READ)]
Decider = Annotated[Caller, Depends(MAY_DECIDE)]
PLAIN_ACCEPTANCE = Acceptance()
"""What a call without a body says."""


@router.get("")
def list_proposals(*, caller: Reader, service: ServiceOf, page: PageOf) -> ProposalList:
    """List the proposals that may still be accepted, the riskiest people first.

    A key worker sees those for her own requests.
    """
    with service.record.reading() as session:
        return proposals.listed(session, page, only_open=True, key_worker=requests.may_own(caller))


@router.get("/{proposal_id}")
def read_proposal(*, caller: Reader, service: ServiceOf, proposal_id: Id) -> ProposalState:
    """Read a proposal and what became of it."""
    with service.record.reading() as session:
        return proposals.state_of(session, stored.proposal_row(session, proposal_id))


@router.post("/{proposal_id}/acceptance", status_code=201)
def accept_proposal(
    *,
    caller: Decider,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    proposal_id: Id,
    body: Acceptance = PLAIN_ACCEPTANCE,
) -> ProposalState:
    """Make an offer of a proposal and hold its capacity; choice and approval are yet to come (H14).

    It must still fit: the request waits unchanged, the provider is open and has the capacity.
    """
    hours = service.settings.hold_hours

    def act(writing: Writing) -> ProposalState:
        row = stored.proposal_row(writing.session, proposal_id)
        proposals.accept(writing, service.supply, row, body.note, hours)
        told = proposals.state_of(writing.session, row)
        return told.model_copy(update={"given_back": given_back(writing)})

    answered = changes.make(ProposalState, act)
    response.headers["Location"] = f"/v1/offers/{answered.offer_id}"
    return answered


@router.post("/{proposal_id}/refusal")
def refuse_proposal(
    *,
    caller: Decider,
    changes: ChangesOf,
    proposal_id: Id,
    body: ProposalRefusal,
) -> ProposalState:
    """Refuse a proposal with the reason; the next run may propose another."""

    def act(writing: Writing) -> ProposalState:
        row = stored.proposal_row(writing.session, proposal_id)
        proposals.refuse(writing, row, body.reason)
        return proposals.state_of(writing.session, row)

    return changes.make(ProposalState, act)
