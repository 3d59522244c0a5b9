"""Shortlists: ranked options for a request, kept with their evidence, each option held a while."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from api.acts.increases import require_market_open
from api.acts.money import as_left
from api.acts.promises import commitment_for, give_back, given_back, place, told
from api.acts.requests import IncompleteRequestError, care_of, require_state
from api.acts.standing import require_not_suspended
from api.errors import BadCallError, CapacityTakenError
from api.schemas.offers import OfferStatus
from api.schemas.shortlists import (
    EvidencePack,
    HoldState,
    LaterOffer,
    MadeLine,
    ShortlistAsked,
    ShortlistLine,
    ShortlistRecord,
    ShortlistWanted,
)
from api.storage.books import WAITING
from api.storage.holds import SHORTLIST, holds_of
from api.storage.ids import new_id
from api.storage.lines import document_of
from api.storage.record import Writing
from api.storage.requests import offers_of
from api.storage.shortlists import MADE, bookings_of, holds_made, made_line
from api.storage.supply import HOLD
from api.supply import Supply
from api.tables import CommitmentRow, Document, RequestRow, ShortlistRow
from matcher.commitments import Commitment
from matcher.errors import RefereeError
from matcher.market import Market
from matcher.model import CareRequest
from matcher.option import Option
from matcher.shortlist import (
    Evidence,
    RequestRefusedError,
    Search,
    Shortlist,
    make_shortlist,
)

MINUTES_PER_HOUR = 60


def find(supply: Supply, market: Market, asked: ShortlistAsked) -> Shortlist:
    """Return options for any request; nothing is written and nothing held.

    Raises
    ------
    IncompleteRequestError
        If the request may not be searched for yet.
    """
    market = supply.by_road(market, asked.request)
    return _search(market, asked.request, asked.options, asked.seed).shortlist


def _search(market: Market, request: CareRequest, options: int | None, seed: int) -> Search:
    try:
        return make_shortlist(market, request, options=options, seed=seed)
    except RequestRefusedError as error:
        # The same, with every missing field by name (H2).
        raise IncompleteRequestError(request, error.refusals, market) from None


# -- made --------------------------------------------------------------------------------------


def make(
    writing: Writing,
    supply: Supply,
    row: RequestRow,
    wanted: ShortlistWanted,
    hold_hours: int,
) -> ShortlistRecord:
    """Find options for a request of the record, keep the record of it, and hold each option.

    What earlier shortlists of the request hold is given back first; what is held for an offer
    that she chose, or that was proposed to her, stays hers. Neither stands in her own way.

    Parameters
    ----------
    writing
        The change.
    supply
        Gives the market as the change sees it, and the drives to the person.
    row
        The request.
    wanted
        How many options, and whom the person nominated.
    hold_hours
        Hours until a hold ends by itself.

    Raises
    ------
    ConflictError
        If the request is not waiting, is suspended, or its current provider has first refusal.
    BadCallError
        If a nominated provider is not in the record.
    IncompleteRequestError
        If the request may not be searched for yet.
    """
    require_state(row, WAITING)
    require_not_suspended(row, writing.today)
    require_market_open(writing.session, row, writing.now)
    give_back(writing, row.request_id, purposes=[SHORTLIST])
    kept = list(holds_of(writing.session, row.request_id, writing.now))
    seen = supply.market_within(writing, row.request_id, {hold.provider_id for hold in kept})
    market = supply.by_road(seen, care_of(row))
    left = as_left(writing.session, row, writing.today)
    request = nominating(left, wanted.nominated_provider_ids, market)
    inputs = inputs_of(writing, request, wanted)
    if market.roads is not None:
        inputs["roads_sha256"] = market.roads.digest
    search = _search(market, request, wanted.options, wanted.seed)
    made = _kept(writing, request, search.shortlist, list(search.evidence()), inputs)
    expires_at = writing.now + timedelta(hours=hold_hours)
    # Ids that say nothing of the rank: a provider may come to see one.
    made.hold_ids = [
        _hold(
            writing,
            request,
            option,
            shortlist_id=made.shortlist_id,
            expires_at=expires_at,
            kept=kept,
        )
        for option in search.shortlist.options
    ]
    record = record_of(writing.session, made, writing.now)
    return record.model_copy(update={"given_back": given_back(writing)})


def nominating(request: CareRequest, nominated: Sequence[str], market: Market) -> CareRequest:
    """Return a request with the homes that the person nominates among the preferred (L2).

    Raises
    ------
    BadCallError
        If a home is not in the record.
    """
    unknown = [each for each in nominated if each not in market.index]
    if unknown:
        raise BadCallError(
            f"The record has no provider {', '.join(unknown)}.",
            thing="nominated_provider_ids",
            value=unknown[0],
            expected="providers of the record",
        )
    preferred = dict.fromkeys((*nominated, *request.preferred_providers))
    return request.model_copy(update={"preferred_providers": tuple(preferred)})


def inputs_of(writing: Writing, request: CareRequest, wanted: ShortlistWanted) -> Document:
    """Return everything that a shortlist is computed from, big things by their version or hash."""
    policy = writing.record.policy_text
    return {
        "request": document_of(request),
        "policy_sha256": None if policy is None else hashlib.sha256(policy.encode()).hexdigest(),
        "terms_version": writing.record.terms_version,
        "supply_version": writing.record.supply_version,
        "as_of": writing.today.isoformat(),
        "options": wanted.options,
        "seed": wanted.seed,
    }


def sha256_of(inputs: Document) -> str:
    """Return the hash of inputs as canonical JSON: sorted keys, no spaces."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _kept(
    writing: Writing,
    request: CareRequest,
    shortlist: Shortlist,
    evidence: Sequence[Evidence],
    inputs: Document,
) -> ShortlistRow:
    row = ShortlistRow(
        shortlist_id=new_id("sho", writing.now),
        request_id=request.request_id,
        made_at=writing.now,
        made_by=writing.actor.holder,
        inputs_sha256=sha256_of(inputs),
        request=document_of(request),
        document=shortlist.model_dump(mode="json"),
        evidence=[each.model_dump(mode="json") for each in evidence],
        hold_ids=[],
    )
    writing.session.add(row)
    writing.session.flush()
    versions = {name: value for name, value in inputs.items() if name != "request"}
    writing.audit(
        MADE,
        row.shortlist_id,
        request_id=row.request_id,
        inputs_sha256=row.inputs_sha256,
        **versions,
        shown=[option.provider_id for option in shortlist.options],
        software_version=shortlist.software_version,
    )
    return row


def _hold(
    writing: Writing,
    request: CareRequest,
    option: Option,
    *,
    shortlist_id: str,
    expires_at: datetime,
    kept: Sequence[CommitmentRow],
) -> str:
    """Return which hold is an option's.

    What is held for a choice or a proposal serves where it is the very same. Where it is not,
    the option is held besides, if there is room for both; else what is held is told, with its
    own days and times.
    """
    promised = promised_by(request, option)
    own = [hold for hold in kept if hold.provider_id == option.provider_id]
    for hold in own:
        if Commitment.model_validate(hold.document) == promised:
            return hold.commitment_id
    try:
        return place(
            writing,
            request.request_id,
            promised,
            kind=HOLD,
            expires_at=expires_at,
            purpose=SHORTLIST,
        ).commitment_id
    except CapacityTakenError as error:
        if own:
            return own[0].commitment_id
        # The option was computed on what is left, so the ledger and the market disagree.
        raise RefereeError(
            f"Option {option.rank} of {shortlist_id} cannot be held: {error.message}",
            thing=f"shortlist {shortlist_id}",
        ) from error


def promised_by(request: CareRequest, option: Option) -> Commitment:
    """Return what a provider would promise by one option of a shortlist."""
    return commitment_for(
        request, option.provider_id, option.start_date, starts_of(option), option.travel_minutes
    )


def starts_of(option: Option) -> dict[int, int]:
    """Return the minute of the day at which an option starts each visit, by its number."""
    clocks = {visit.visit_no: visit.start.split(":") for visit in option.visits}
    return {
        visit_no: int(hours) * MINUTES_PER_HOUR + int(minutes)
        for visit_no, (hours, minutes) in clocks.items()
    }


# -- read --------------------------------------------------------------------------------------


def shortlist_of(row: ShortlistRow) -> Shortlist:
    """Return the shortlist that a row keeps."""
    return Shortlist.model_validate(row.document)


def record_of(session: Session, row: ShortlistRow, now: datetime) -> ShortlistRecord:
    """Return a shortlist as it was made, with what became of its holds."""
    return ShortlistRecord(
        shortlist_id=row.shortlist_id,
        request_id=row.request_id,
        made_at=row.made_at,
        made_by=row.made_by,
        inputs_sha256=row.inputs_sha256,
        shortlist=shortlist_of(row),
        holds=hold_states(session, row, now),
    )


def line_of(row: ShortlistRow) -> ShortlistLine:
    """Return a shortlist as a list shows it."""
    shortlist = shortlist_of(row)
    return ShortlistLine(
        shortlist_id=row.shortlist_id,
        made_at=row.made_at,
        made_by=row.made_by,
        options=len(shortlist.options),
        provider_ids=[option.provider_id for option in shortlist.options],
        affordability=shortlist.affordability,
    )


def hold_states(session: Session, row: ShortlistRow, now: datetime) -> list[HoldState]:
    """Return the holds of a shortlist and what became of each."""
    became = _given_back_for(session, row.request_id)
    return [
        HoldState(
            rank=row.hold_ids.index(hold.commitment_id) + 1,
            provider_id=hold.provider_id,
            purpose=hold.purpose,
            promised=told(Commitment.model_validate(hold.document)),
            made_at=hold.made_at,
            expires_at=hold.expires_at,
            released_at=hold.released_at,
            state=_state_of(hold, became, now),
        )
        for hold in holds_made(session, row)
    ]


def _given_back_for(session: Session, request_id: str) -> dict[tuple[str, datetime], str]:
    """Return for which choice or booking holds were given back: in one change, at one moment."""
    became = {
        (offer.provider_id, offer.chosen_at): "chosen"
        for offer in offers_of(session, request_id)
        if offer.chosen_at is not None
    }
    booked = bookings_of(session, request_id)
    return became | {(each.provider_id, each.booked_at): "booked" for each in booked}


def _state_of(hold: CommitmentRow, became: dict[tuple[str, datetime], str], now: datetime) -> str:
    if hold.released_at is not None:
        return became.get((hold.provider_id, hold.released_at), "released")
    is_over = hold.expires_at is not None and hold.expires_at <= now
    return "expired" if is_over else "held"


def pack_of(session: Session, row: ShortlistRow, now: datetime) -> EvidencePack:
    """Return all that a shortlist rested on, and what came of it."""
    shortlist = shortlist_of(row)
    line = made_line(session, row.shortlist_id)
    return EvidencePack(
        shortlist_id=row.shortlist_id,
        request_id=row.request_id,
        made_at=row.made_at,
        made_by=row.made_by,
        made=None
        if line is None
        else MadeLine(
            number=line.number,
            at=line.at,
            actor=line.actor,
            role=line.role,
            detail=line.detail,
            hash=line.hash,
        ),
        inputs_sha256=row.inputs_sha256,
        policy_version=shortlist.policy_version,
        software_version=shortlist.software_version,
        request=CareRequest.model_validate(row.request),
        shortlist=shortlist,
        considered=[Evidence.model_validate(each) for each in row.evidence],
        holds=hold_states(session, row, now),
        offers=[
            LaterOffer(
                offer_id=offer.offer_id,
                provider_id=offer.provider_id,
                state=OfferStatus(offer.state),
                made_at=offer.made_at,
                chosen_by=offer.chosen_by,
                chosen_at=offer.chosen_at,
            )
            for offer in offers_of(session, row.request_id)
            if offer.made_at >= row.made_at
        ],
    )
