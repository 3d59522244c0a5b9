"""Offers: made in answer to an enquiry or told to a broker, replaced, withdrawn, and shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from api.acts.adverts import advertised, changed_since
from api.acts.enquiries import (
    require_answerable,
    require_askable,
    require_first_asked,
    require_searchable,
)
from api.acts.promises import give_back
from api.acts.terms import judge, within
from api.errors import ConflictError, StaleError, VersionNeededError
from api.schemas.offers import OfferState, OfferStatus, OfferTerms, OwnOffer, RecordedOffer, Terms
from api.storage.holds import CHOICE, PROPOSAL, offer_holds
from api.storage.ids import new_id
from api.storage.lines import document_of
from api.storage.offers import (
    CHOSEN,
    OFFERED,
    RECORDED,
    REPLACED,
    REPLIED,
    STANDING,
    reply_of,
    standing_offers,
)
from api.storage.record import Writing
from api.storage.requests import request_row
from api.storage.supply import provider_row
from api.supply import Supply
from api.tables import CommitmentRow, EnquiryRow, OfferRow, RequestRow
from matcher.model import CareRequest
from matcher.shortlist import RequestRefusedError


def terms_of(offer: OfferRow) -> Terms:
    """Return what a row says is offered."""
    return Terms.model_validate(offer.document)


def own_terms_of(offer: OfferRow) -> Terms:
    """Return what a provider is told of its offer: without a broker's words (H7)."""
    words = {"told_by": ""} if offer.source == REPLIED else {"told_by": "", "note": ""}
    return terms_of(offer).model_copy(update=words)


# -- made --------------------------------------------------------------------------------------


def make(
    writing: Writing,
    supply: Supply,
    request: CareRequest,
    provider_id: str,
    terms: Terms,
    *,
    source: str,
    enquiry_id: str | None = None,
    proposal_id: str | None = None,
) -> OfferRow:
    """Record what a provider offers for a request, in place of all that it offered before.

    Parameters
    ----------
    writing, supply
        The change, and where postcodes are.
    request
        What is asked for, complete.
    provider_id
        Who offers.
    terms
        What.
    source
        Where the offer comes from.
    enquiry_id, proposal_id
        What it answers, if anything.

    Raises
    ------
    BadCallError
        If the terms do not meet what is asked for.
    ConflictError
        If the person has chosen an offer of that provider already.
    """
    judged = judge(within(writing, supply), request, provider_id, terms)
    _replace_earlier(writing, request.request_id, provider_id)
    offer = OfferRow(
        offer_id=new_id("off", writing.now),
        request_id=request.request_id,
        provider_id=provider_id,
        enquiry_id=enquiry_id,
        proposal_id=proposal_id,
        source=source,
        state=OFFERED,
        version=1,
        document=document_of(terms),
        advert=advertised(request),
        weekly_cost_pence=judged.weekly_cost_pence,
        needs_approval=judged.needs_approval,
        approval_reasons=list(judged.approval_reasons),
        made_at=writing.now,
        made_by=writing.actor.holder,
    )
    writing.session.add(offer)
    writing.session.flush()
    _note(writing, offer, "offer.made")
    return offer


def _replace_earlier(writing: Writing, request_id: str, provider_id: str) -> None:
    for earlier in standing_offers(writing.session, request_id, provider_id):
        require_unchosen(earlier)
        earlier.state = REPLACED
        earlier.version += 1
        # What was held for a proposal is held for nobody once its offer does not stand.
        give_back(writing, request_id, provider_id, purposes=[PROPOSAL])
        writing.audit("offer.replaced", earlier.offer_id, version=earlier.version)


def _note(writing: Writing, offer: OfferRow, action: str) -> None:
    writing.audit(
        action,
        offer.offer_id,
        version=offer.version,
        request_id=offer.request_id,
        provider_id=offer.provider_id,
        source=offer.source,
        weekly_cost_pence=offer.weekly_cost_pence,
        needs_approval=offer.needs_approval,
    )


def require_unchosen(offer: OfferRow) -> None:
    """Refuse to change an offer that somebody has decided for (H14).

    Raises
    ------
    ConflictError
        If it is chosen.
    """
    if offer.state == CHOSEN:
        raise ConflictError(
            "The offer has been chosen as it stands.",
            thing=f"offer {offer.offer_id}",
            value=offer.state,
            expected="an offer that is not chosen: withdraw it first",
        )


def require_standing(offer: OfferRow) -> None:
    """Refuse to do more with an offer that does not stand any more.

    Raises
    ------
    ConflictError
        If it was booked, lost, replaced, withdrawn or found unsuitable.
    """
    if offer.state not in STANDING:
        raise ConflictError(
            f"The offer {offer.offer_id} is {offer.state}.",
            thing=f"offer {offer.offer_id}",
            value=offer.state,
            expected="an offer that stands: " + " or ".join(STANDING),
        )


def record(writing: Writing, supply: Supply, row: RequestRow, told: RecordedOffer) -> OfferRow:
    """Record an offer that a provider told a broker.

    Raises
    ------
    ConflictError
        If the request may not be arranged now, the provider may not take it on, or the current
        provider has first refusal (H17).
    RequestRefusedError
        If the request may not be searched for.
    BadCallError
        If the terms do not meet what is asked for.
    NotFoundError
        If the record has no such provider.
    """
    request = require_searchable(writing, row)
    require_first_asked(writing, row, request, [told.provider_id])
    require_askable(writing.session, request, provider_row(writing.session, told.provider_id))
    terms = Terms.model_validate(told.model_dump(exclude={"provider_id"}))
    return make(writing, supply, request, told.provider_id, terms, source=RECORDED)


# -- in answer to an enquiry -------------------------------------------------------------------


def reply(
    writing: Writing,
    supply: Supply,
    enquiry: EnquiryRow,
    provider_id: str,
    offered: OfferTerms,
    *,
    version: int | None,
) -> OfferRow:
    """Record a provider's answer to an enquiry, or another in its place while it is open.

    Raises
    ------
    ConflictError
        If the enquiry has closed, the provider has declined, may not take the request on any
        more, or its offer was chosen or no longer stands.
    VersionNeededError, StaleError
        If there is an offer, and the call is not of its newest version.
    BadCallError
        If the terms do not meet what is asked for.
    """
    require_answerable(writing, enquiry, provider_id)
    earlier = reply_of(writing.session, enquiry.enquiry_id, provider_id)
    _require_version(earlier, version)
    request = _as_advertised(writing, enquiry, provider_id)
    terms = Terms.model_validate(offered.model_dump())
    if earlier is None:
        return make(
            writing,
            supply,
            request,
            provider_id,
            terms,
            source=REPLIED,
            enquiry_id=enquiry.enquiry_id,
        )
    return _replaced(writing, supply, request, earlier, terms)


def _as_advertised(writing: Writing, enquiry: EnquiryRow, provider_id: str) -> CareRequest:
    """Return what is asked for, if it still is, and still of this provider; never say why not (H7).

    Raises
    ------
    ConflictError
        If it is not.
    """
    row = request_row(writing.session, enquiry.request_id)
    try:
        request = require_searchable(writing, row)
        require_askable(writing.session, request, provider_row(writing.session, provider_id))
        is_same = not changed_since(enquiry.advert, request)
    except (ConflictError, RequestRefusedError):
        is_same = False
    if not is_same:
        raise ConflictError(
            "What this enquiry asks for is not needed any more as it was advertised.",
            thing=f"enquiry {enquiry.enquiry_id}",
            expected="another enquiry",
        )
    return request


def _require_version(earlier: OfferRow | None, version: int | None) -> None:
    if earlier is not None and version is None:
        raise VersionNeededError(
            "You have made an offer already: send its ETag as If-Match to replace it.",
            thing="If-Match",
            expected=f"the ETag of offer {earlier.offer_id}",
        )
    newest = None if earlier is None else earlier.version
    if version is not None and version != newest:
        raise StaleError(
            f"Your offer is at version {newest or 'none'}, not {version}: read it again.",
            thing="If-Match",
            value=version,
            expected="no If-Match for a first offer" if newest is None else f"version {newest}",
        )


def _replaced(
    writing: Writing, supply: Supply, request: CareRequest, offer: OfferRow, terms: Terms
) -> OfferRow:
    """Put other terms in place of those of an offer; what was agreed of its price is void (H9)."""
    require_unchosen(offer)
    require_standing(offer)
    judged = judge(within(writing, supply), request, offer.provider_id, terms)
    offer.document = document_of(terms)
    offer.weekly_cost_pence = judged.weekly_cost_pence
    offer.needs_approval = judged.needs_approval
    offer.approval_reasons = list(judged.approval_reasons)
    offer.made_at, offer.made_by = writing.now, writing.actor.holder
    offer.approved = offer.approved_family_pence = None
    offer.approved_by = offer.approved_at = offer.approval_note = None
    offer.version += 1
    _note(writing, offer, "offer.changed")
    return offer


# -- shown -------------------------------------------------------------------------------------


def state_of(session: Session, offer: OfferRow, now: datetime) -> OfferState:
    """Return an offer as the brokerage sees it."""
    return states_of(session, [offer], now)[0]


def states_of(session: Session, offers: Sequence[OfferRow], now: datetime) -> list[OfferState]:
    """Return offers as the brokerage sees them."""
    holding = [offer for offer in offers if _may_hold(offer)]
    holds = offer_holds(session, {offer.request_id for offer in holding}, now) if holding else {}
    held = {each.offer_id: holds.get(_held_as(each)) for each in holding}
    return [_state_of(offer, held.get(offer.offer_id)) for offer in offers]


def _state_of(offer: OfferRow, hold: CommitmentRow | None) -> OfferState:
    return OfferState(
        offer_id=offer.offer_id,
        request_id=offer.request_id,
        provider_id=offer.provider_id,
        enquiry_id=offer.enquiry_id,
        proposal_id=offer.proposal_id,
        source=offer.source,
        state=OfferStatus(offer.state),
        version=offer.version,
        terms=terms_of(offer),
        weekly_cost_pence=offer.weekly_cost_pence,
        needs_approval=offer.needs_approval,
        approval_reasons=offer.approval_reasons,
        made_at=offer.made_at,
        made_by=offer.made_by,
        approved=offer.approved,
        approved_by=offer.approved_by,
        approved_at=offer.approved_at,
        approval_note=offer.approval_note,
        approved_family_pence=offer.approved_family_pence,
        chosen_by=offer.chosen_by,
        chosen_at=offer.chosen_at,
        choice_note=offer.choice_note,
        recorded_by=offer.recorded_by,
        unsuitable_reason=offer.unsuitable_reason,
        held_until=None if hold is None else hold.expires_at,
    )


def held_for(session: Session, offer: OfferRow, now: datetime) -> CommitmentRow | None:
    """Return what is still held for an offer that is chosen, or that a run proposed."""
    if not _may_hold(offer):
        return None
    return offer_holds(session, [offer.request_id], now).get(_held_as(offer))


def _held_as(offer: OfferRow) -> tuple[str, str, str]:
    purpose = CHOICE if offer.state == CHOSEN else PROPOSAL
    return offer.request_id, offer.provider_id, purpose


def _may_hold(offer: OfferRow) -> bool:
    is_proposed = offer.state == OFFERED and offer.proposal_id is not None
    return offer.state == CHOSEN or is_proposed


def own_state_of(offer: OfferRow) -> OwnOffer:
    """Return an offer as its provider sees it: nothing of ranks, budgets or other offers (H7)."""
    return OwnOffer(
        offer_id=offer.offer_id,
        enquiry_id=offer.enquiry_id,
        source=offer.source,
        state=OfferStatus(offer.state),
        version=offer.version,
        terms=own_terms_of(offer),
        weekly_cost_pence=offer.weekly_cost_pence,
        made_at=offer.made_at,
    )
