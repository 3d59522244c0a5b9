"""Proposals: what a run found for one person, taken on as an offer or refused (H14)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from api.acts.money import as_left
from api.acts.offers import make
from api.acts.promises import (
    commitment_for,
    give_back,
    given_back,
    place,
    require_room,
)
from api.acts.proposing import require_looked_for, require_new_to
from api.errors import CapacityTakenError, ConflictError, ServiceError
from api.schemas.offers import Terms, VisitStart
from api.schemas.pages import Page
from api.schemas.runs import (
    Accepted,
    NotAccepted,
    ProposalList,
    ProposalState,
    ProposalStatus,
)
from api.storage import runs as stored
from api.storage.holds import PROPOSAL
from api.storage.record import Writing
from api.storage.requests import request_row
from api.storage.supply import HOLD, part_of_book
from api.supply import Supply, policy_in
from api.tables import OfferRow, ProposalRow
from matcher.allocation import Allocation, Placed, PlacementStatus
from matcher.commitments import Commitment
from matcher.eligibility import paid_by, stay_cost_pence
from matcher.enquiry import Enquiry
from matcher.market import Market
from matcher.model import CareRequest
from matcher.referee import check
from matcher.shortlist import RequestRefusedError

PROPOSED = "proposal"
"""Where an offer comes from that was proposed by a run."""
NO_ROOM = frozenset({"CAPACITY", "CARERS", "BEDS"})
"""Rules of the referee by which somebody else has the capacity."""


# -- read --------------------------------------------------------------------------------------


def listed(
    session: Session,
    page: Page,
    *,
    run_id: str | None = None,
    only_open: bool = False,
    key_worker: str | None = None,
) -> ProposalList:
    """Return a page of proposals, the riskiest people first.

    Parameters
    ----------
    session
        Where to read.
    page
        Which page.
    run_id, only_open, key_worker
        Which proposals; what is not given does not narrow the list.
    """
    found = stored.proposals(
        session,
        limit=page.wanted,
        after=page.key((int, str)),
        run_id=run_id,
        only_open=only_open,
        key_worker=key_worker,
    )
    shown, following = page.cut(found, lambda each: (each[1], each[0].proposal_id))
    return ProposalList(items=states_of(session, [row for row, _ in shown]), next=following)


def states_of(session: Session, rows: Sequence[ProposalRow]) -> list[ProposalState]:
    """Return proposals with what became of each."""
    offers = stored.offers_from(session, [row.proposal_id for row in rows])
    return [
        ProposalState(
            proposal_id=row.proposal_id,
            run_id=row.run_id,
            request_id=row.request_id,
            provider_id=row.provider_id,
            state=ProposalStatus(row.state),
            placed=placed_of(row),
            decided_at=row.decided_at,
            decided_by=row.decided_by,
            reason=row.reason,
            offer_id=offers.get(row.proposal_id),
        )
        for row in rows
    ]


def state_of(session: Session, row: ProposalRow) -> ProposalState:
    """Return a proposal with what became of it."""
    return states_of(session, [row])[0]


def placed_of(row: ProposalRow) -> Placed:
    """Return what a proposal proposes."""
    return Placed.model_validate(row.document)


# -- accepted ----------------------------------------------------------------------------------


def accept(
    writing: Writing, supply: Supply, row: ProposalRow, note: str, hold_hours: float
) -> OfferRow:
    """Make an offer of a proposal and hold its capacity: never a booking (H14).

    Whatever else the request holds is given back. Nothing is written before everything fits.

    Parameters
    ----------
    writing
        The change.
    supply
        Where postcodes are.
    row
        The proposal.
    note
        What else there is to say.
    hold_hours
        Hours for which the capacity is held for the person.

    Raises
    ------
    ConflictError
        If the proposal is not open, its request does not wait for a provider, it breaks a rule
        by now, or the provider has no rate on file.
    CapacityTakenError
        If the capacity is somebody else's by now.
    """
    _require_open(row)
    waiting = request_row(writing.session, row.request_id)
    require_looked_for(writing.session, waiting, writing.now, writing.today)
    require_new_to(writing.session, waiting, row.provider_id)
    request = as_left(writing.session, waiting, writing.today)
    placed = _of_today(writing, supply, request, placed_of(row))
    commitment = _promised_by(request, placed)
    require_room(writing, commitment, besides=row.request_id)
    offer = make(
        writing,
        supply,
        request,
        row.provider_id,
        _terms(placed, note),
        source=PROPOSED,
        proposal_id=row.proposal_id,
    )
    give_back(writing, row.request_id)
    expires_at = writing.now + timedelta(hours=hold_hours)
    place(writing, row.request_id, commitment, kind=HOLD, expires_at=expires_at, purpose=PROPOSAL)
    _decide(writing, row, stored.ACCEPTED, note or None)
    writing.audit(
        "proposal.accepted",
        row.proposal_id,
        run_id=row.run_id,
        request_id=row.request_id,
        provider_id=row.provider_id,
        offer_id=offer.offer_id,
    )
    return offer


def accept_all(
    writing: Writing, supply: Supply, run_id: str, note: str, hold_hours: float
) -> Accepted:
    """Accept every open proposal of a run that still fits, the riskiest people first.

    The others stay open.
    """
    accepted: list[ProposalRow] = []
    kept_back: list[NotAccepted] = []
    for row, _ in stored.proposals(writing.session, run_id=run_id):
        if row.state != stored.OPEN:
            continue
        try:
            accept(writing, supply, row, note, hold_hours)
        except (ServiceError, RequestRefusedError) as error:
            kept_back.append(
                NotAccepted(
                    proposal_id=row.proposal_id, request_id=row.request_id, reason=error.message
                )
            )
        else:
            accepted.append(row)
    counts = {"accepted": len(accepted), "not_accepted": len(kept_back)}
    writing.audit("run.accepted", run_id, **counts)
    return Accepted(
        accepted=states_of(writing.session, accepted),
        not_accepted=kept_back,
        given_back=given_back(writing),
    )


def refuse(writing: Writing, row: ProposalRow, reason: str) -> None:
    """Refuse a proposal with the reason.

    Raises
    ------
    ConflictError
        If it is not open.
    """
    _require_open(row)
    _decide(writing, row, stored.REFUSED, reason)
    writing.audit("proposal.refused", row.proposal_id, request_id=row.request_id, reason=reason)


def _decide(writing: Writing, row: ProposalRow, state: str, reason: str | None) -> None:
    row.state, row.reason = state, reason
    row.decided_at, row.decided_by = writing.now, writing.actor.holder


def _require_open(row: ProposalRow) -> None:
    if row.state != stored.OPEN:
        raise ConflictError(
            f"Proposal {row.proposal_id} is {row.state}.",
            thing=f"proposal {row.proposal_id}",
            value=row.state,
            expected="a proposal that is open",
        )


# -- whether it still fits ---------------------------------------------------------------------


def _of_today(writing: Writing, supply: Supply, request: CareRequest, placed: Placed) -> Placed:
    """Return a proposal with today's figures, if the referee still accepts it.

    What the request itself holds takes nothing from it.
    """
    book = part_of_book(
        writing.session,
        [placed.provider_id],
        writing.now,
        writing.today,
        besides=request.request_id,
    )
    alone = book.model_copy(update={"requests": (request,)})
    market = Market(alone, policy_in(writing.session), supply.gazetteer)
    market = supply.by_road(market, request)
    today = _recomputed(Enquiry(market, request), placed)
    for violation in check(market, Allocation(placed=(today,))):
        kind = CapacityTakenError if violation.rule in NO_ROOM else ConflictError
        sentence = violation.sentence.rstrip(".")
        raise kind(
            f"What was proposed for {request.request_id} no longer fits: {sentence}.",
            thing=f"proposal for {request.request_id}",
            value=violation.rule,
            expected="another option: make a shortlist, or wait for the next run",
        )
    return today


def _recomputed(enquiry: Enquiry, placed: Placed) -> Placed:
    """Return a placement with today's price, and the first day on which it can still start."""
    provider, lead = enquiry.market.providers[0], int(enquiry.market.lead_days[0])
    if enquiry.request.is_homecare:
        start = enquiry.date_of(enquiry.first_visit_day(lead))
    else:
        start = max(placed.start_date, enquiry.date_of(enquiry.bed_window(0).first_day))
    priced = enquiry.beginning(enquiry.market.day_number(start))
    return placed.model_copy(
        update={
            "start_date": start,
            "distance_metres": int(enquiry.distance_metres[0]),
            "cqc_rating": provider.cqc_rating,
            "cqc_rated_on": provider.cqc_rated_on,
            "travel_minutes": int(enquiry.travel_minutes[0]),
            "weekly_cost_pence": priced.prices.cost_of(0),
            "stay_cost_pence": stay_cost_pence(priced, 0),
            "paid_by": paid_by(priced, 0),
            "status": (
                PlacementStatus.NEEDS_APPROVAL
                if priced.needs_approval[0]
                else PlacementStatus.PROPOSED
            ),
        }
    )


# -- written -----------------------------------------------------------------------------------


def _promised_by(request: CareRequest, placed: Placed) -> Commitment:
    starts = {time.visit_no: time.start_minute for time in placed.visit_times}
    return commitment_for(
        request, placed.provider_id, placed.start_date, starts, placed.travel_minutes
    )


def _terms(placed: Placed, note: str) -> Terms:
    starts = tuple(
        VisitStart(visit_no=time.visit_no, at_minute=time.start_minute)
        for time in placed.visit_times
    )
    return Terms(visits=starts, start_date=placed.start_date, note=note)
