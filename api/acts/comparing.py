"""Comparing: all offers for a request, ranked by the very means by which shortlists are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from api.acts.deciding import told_otherwise
from api.acts.money import as_left
from api.acts.offers import state_of, terms_of
from api.acts.promises import commitment_for
from api.acts.terms import Standpoint, market_of, require_fitting
from api.errors import BadCallError
from api.schemas.offers import ComparedOffer, Comparison, OfferList, OfferWarning
from api.storage.offers import COMPARED
from api.storage.requests import offers_of
from api.tables import OfferRow, RequestRow
from matcher.commitments import Commitment, overpromised
from matcher.eligibility import (
    RatingFloor,
    later_prices,
    paid_by,
    pair_refusals,
    price_notes,
    rating_warnings,
    stay_cost_pence,
)
from matcher.enquiry import NO_START, Enquiry, Starts
from matcher.market import Market
from matcher.option import criterion_scores
from matcher.scoring import Scores, score
from matcher.shortlist import rank
from matcher.timetable import gap_warnings
from matcher.vocabulary import GRID_MINUTES

SEED = 0
"""Breaks ties as the usual shortlist does."""


def compare(at: Standpoint, row: RequestRow) -> OfferList:
    """Return all offers for a request: the best first, then those that no longer count.

    Parameters
    ----------
    at
        From where they are judged.
    row
        The request.
    """
    offers = offers_of(at.session, row.request_id)
    # The newest of a provider counts: what it offered before was replaced, or came to nothing.
    counting = {offer.provider_id: offer for offer in offers if offer.state in COMPARED}
    compared = _ranked(at, row, list(counting.values()))
    ids = {each.offer_id for each, _ in compared}
    rest = [(offer, None) for offer in offers if offer.offer_id not in ids]
    items = [
        ComparedOffer(offer=state_of(at.session, offer, at.now), comparison=comparison)
        for offer, comparison in [*compared, *rest]
    ]
    return OfferList(request_id=row.request_id, items=items)


def _ranked(
    at: Standpoint, row: RequestRow, offers: Sequence[OfferRow]
) -> list[tuple[OfferRow, Comparison]]:
    if not offers:
        return []
    request = as_left(at.session, row, at.today)
    terms = {offer.provider_id: terms_of(offer) for offer in offers}
    market = market_of(at, request, terms)
    by_provider = {offer.provider_id: offer for offer in offers}
    in_order = [by_provider[provider.provider_id] for provider in market.providers]
    first = [market.day_number(terms_of(offer).start_date) for offer in in_order]
    enquiry = Enquiry(market, request, np.array(first, np.int64))
    starts = _starts(enquiry, in_order)
    scores = score(enquiry, starts, np.arange(len(in_order), dtype=np.int64))
    ranking = rank(enquiry, starts, scores.numbers, SEED)
    return [
        (in_order[place], _comparison(enquiry, starts, scores, in_order[place], number))
        for number, place in enumerate(ranking.places, start=1)
    ]


def _starts(enquiry: Enquiry, offers: Sequence[OfferRow]) -> Starts:
    """Return the times and first days that are offered, as the timetable would have found them."""
    numbers = [visit.visit_no for visit in enquiry.request.package.visits]
    slots = np.full((len(offers), len(numbers)), NO_START, np.int16)
    days = np.zeros(len(offers), np.int64)
    for place, offer in enumerate(offers):
        terms = terms_of(offer)
        days[place] = enquiry.market.day_number(terms.start_date)
        for column, number in enumerate(numbers):
            if number in terms.starts:
                slots[place, column] = terms.starts[number] // GRID_MINUTES
    return Starts(np.ones(len(offers), np.bool_), slots, days)


def _comparison(
    enquiry: Enquiry, starts: Starts, scores: Scores, offer: OfferRow, number: int
) -> Comparison:
    place = enquiry.market.provider_number(offer.provider_id)
    provider = enquiry.market.providers[place]
    return Comparison(
        rank=number,
        total=scores.total(place),
        criteria=list(criterion_scores(enquiry, starts, scores, place)),
        cqc_rating=provider.cqc_rating,
        cqc_rated_on=provider.cqc_rated_on,
        framework_pence=enquiry.prices.framework_of(place),
        stay_cost_pence=stay_cost_pence(enquiry, place),
        paid_by=paid_by(enquiry, place),
        above_rate_pence=int(enquiry.above_rate_pence[place]),
        over_budget_pence=int(enquiry.over_budget_pence[place]),
        later_prices=list(later_prices(enquiry, place)),
        price_notes=list(price_notes(enquiry, place)),
        distance_metres=int(enquiry.distance_metres[place]),
        travel_minutes=int(enquiry.travel_minutes[place]),
        warnings=list(_warnings(enquiry, offer, place)),
    )


def _warnings(enquiry: Enquiry, offer: OfferRow, place: int) -> Iterator[OfferWarning]:
    refusals = pair_refusals(enquiry, place)
    for refusal in refusals:
        yield OfferWarning(
            rule_id=refusal.rule_id, citation=refusal.citation, sentence=refusal.sentence
        )
    if RatingFloor.rule_id not in {refusal.rule_id for refusal in refusals}:
        for sentence in rating_warnings(enquiry, place):
            yield OfferWarning(rule_id=RatingFloor.rule_id, citation="L5", sentence=sentence)
    changed = told_otherwise(offer, enquiry.request)
    if changed:
        yield OfferWarning(
            rule_id="AS_TOLD",
            citation="H7, H14",
            sentence="It was made for something else than is asked for now, and can be neither "
            f"chosen nor booked. Changed since: {', '.join(changed)}.",
        )
    market, terms = enquiry.market, terms_of(offer)
    try:
        require_fitting(enquiry.request, terms, market.policy, market.book.as_of)
    except BadCallError as error:
        yield OfferWarning(rule_id="AS_ASKED", citation="H4, H5, H13", sentence=f"{error.message}")
        return
    travel = int(enquiry.travel_minutes[place])
    starts, first = terms.starts, terms.start_date
    for sentence in gap_warnings(enquiry.request.package.visits, starts, market.policy):
        yield OfferWarning(rule_id="GAP", citation="policy gaps between visits", sentence=sentence)
    promise = commitment_for(enquiry.request, offer.provider_id, first, starts, travel)
    if not _has_room(market, promise):
        name = market.providers[place].name
        yield OfferWarning(
            rule_id="ROOM",
            citation="H11, H16",
            sentence=f"{name} has not stated capacity that is free for what it offers: it cannot "
            "be held or booked before that.",
        )


def _has_room(market: Market, promise: Commitment) -> bool:
    provider_id = promise.provider_id
    homecare = [line for line in market.book.homecare_capacity if line.provider_id == provider_id]
    beds = [line for line in market.book.bed_capacity if line.provider_id == provider_id]
    return not overpromised(homecare, beds, [promise])
