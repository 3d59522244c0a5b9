"""One option of a shortlist: who, when, at what price, and every score with its reason."""

from __future__ import annotations

from datetime import date

import numpy as np

from matcher.eligibility import (
    LaterPrice,
    approval_reasons,
    later_prices,
    paid_by,
    price_notes,
    rating_warnings,
    stay_cost_pence,
)
from matcher.enquiry import Enquiry, Starts
from matcher.market import Market
from matcher.model import Frozen
from matcher.payers import PaidBy
from matcher.scoring import CRITERIA, FULL_SCORE, Scores
from matcher.timetable import gap_warnings, start_ranges
from matcher.vocabulary import GRID_MINUTES, CqcRating, Day, minute_text


class CriterionScore(Frozen):
    """One criterion of one option: score 0-100, weight and reason."""

    name: str
    score: float
    weight: int
    reason: str


class OfferedVisit(Frozen):
    """When a provider could make one visit: the start, and how far it could move (S8)."""

    visit_no: int
    days: tuple[Day, ...]
    start: str
    earliest: str
    latest: str
    minutes: int
    carers: int


class Option(Frozen):
    """One provider that can really start.

    ``total`` is the sum of weight x score over the sum of weights, to two decimals;
    ``ranking_note`` says why the option stands behind one that scores less, if it does. Money is in
    pence a week from ``start_date``, ``None`` where no rate or ceiling is on file (H16); of a stay
    who pays what, and what lies above rate and budget, is of its whole cost. ``warnings`` are to be
    confirmed with the person first. ``also_registered_as`` are other ids of the same building,
    which is offered once. Shortlists of old did not say the rating.
    """

    rank: int
    provider_id: str
    also_registered_as: tuple[str, ...] = ()
    name: str
    postcode: str
    cqc_rating: CqcRating | None = None
    cqc_rated_on: date | None = None
    warnings: tuple[str, ...] = ()
    needs_approval: bool
    approval_reasons: tuple[str, ...]
    nominated: bool
    weekly_cost_pence: int | None
    stay_cost_pence: int | None = None
    framework_pence: int | None
    above_rate_pence: int
    over_budget_pence: int
    paid_by: PaidBy | None = None
    later_prices: tuple[LaterPrice, ...] = ()
    price_notes: tuple[str, ...] = ()
    distance_metres: int
    way: str = ""
    travel_minutes: int
    start_date: date
    visits: tuple[OfferedVisit, ...]
    criteria: tuple[CriterionScore, ...]
    total: float
    ranking_note: str | None = None
    last_offered: date | None


def describe_option(
    enquiry: Enquiry,
    starts: Starts,
    scores: Scores,
    place: int,
    *,
    rank: int,
    ranking_note: str | None = None,
    also_registered_as: tuple[str, ...] = (),
) -> Option:
    """Return one scored provider as an option.

    Parameters
    ----------
    enquiry, starts, scores
        The request, when providers could start, and how they score.
    place
        The provider's place in ``scores``.
    rank
        Its rank in the shortlist, from 1.
    ranking_note
        Why it stands behind one that scores less; ``None`` where it does not.
    also_registered_as
        Other ids of the same building that could start too.
    """
    market, number = enquiry.market, int(scores.numbers[place])
    provider = market.providers[number]
    return Option(
        rank=rank,
        provider_id=provider.provider_id,
        also_registered_as=also_registered_as,
        name=provider.name,
        postcode=str(provider.postcode),
        cqc_rating=provider.cqc_rating,
        cqc_rated_on=provider.cqc_rated_on,
        warnings=(*rating_warnings(enquiry, number), *_gap_warnings(enquiry, starts, number)),
        needs_approval=bool(enquiry.needs_approval[number]),
        approval_reasons=approval_reasons(enquiry, number),
        nominated=bool(enquiry.nominated[number]),
        weekly_cost_pence=enquiry.prices.cost_of(number),
        stay_cost_pence=stay_cost_pence(enquiry, number),
        framework_pence=enquiry.prices.framework_of(number),
        above_rate_pence=int(enquiry.above_rate_pence[number]),
        over_budget_pence=int(enquiry.over_budget_pence[number]),
        paid_by=paid_by(enquiry, number),
        later_prices=later_prices(enquiry, number),
        price_notes=price_notes(enquiry, number),
        distance_metres=int(enquiry.distance_metres[number]),
        way=enquiry.way_text(number).strip(),
        travel_minutes=int(enquiry.travel_minutes[number]),
        start_date=enquiry.date_of(int(starts.start_day[number])),
        visits=_offered_visits(enquiry, starts, number),
        criteria=criterion_scores(enquiry, starts, scores, place),
        total=scores.total(place),
        ranking_note=ranking_note,
        last_offered=_last_offered(market, number),
    )


def _gap_warnings(enquiry: Enquiry, starts: Starts, number: int) -> tuple[str, ...]:
    """Return what is amiss with the gaps between visits at the times offered."""
    visits = enquiry.request.package.visits
    minutes = (starts.visit_slots[number].astype(np.int64) * GRID_MINUTES).tolist()
    told = {visit.visit_no: minute for visit, minute in zip(visits, minutes, strict=True)}
    return gap_warnings(visits, told, enquiry.market.policy)


def _offered_visits(enquiry: Enquiry, starts: Starts, number: int) -> tuple[OfferedVisit, ...]:
    visits = enquiry.request.package.visits
    if not visits:
        return ()
    shape, slots = enquiry.shape, starts.visit_slots[number]
    travel = int(enquiry.travel_minutes[number]) // GRID_MINUTES
    free = enquiry.market.carers.of(number)
    ranges = start_ranges(free, shape, travel, shape.unit_starts(slots).tolist())
    # A visit moves with those that it is linked with.
    of_visits = shape.visit_starts(np.array(ranges, np.int16).reshape(-1, 2).T).T
    return tuple(
        OfferedVisit(
            visit_no=visit.visit_no,
            days=visit.days,
            start=minute_text(slot * GRID_MINUTES),
            earliest=minute_text(earliest * GRID_MINUTES),
            latest=minute_text(latest * GRID_MINUTES),
            minutes=visit.minutes,
            carers=visit.carers,
        )
        for visit, slot, (earliest, latest) in zip(
            visits, slots.tolist(), of_visits.tolist(), strict=True
        )
    )


def criterion_scores(
    enquiry: Enquiry, starts: Starts, scores: Scores, place: int
) -> tuple[CriterionScore, ...]:
    """Return every criterion of one scored provider, with its reason."""
    number = int(scores.numbers[place])
    hundredths, weights = scores.hundredths[:, place].tolist(), scores.weights.tolist()
    return tuple(
        CriterionScore(
            name=criterion.name,
            score=score * 100 / FULL_SCORE,
            weight=weight,
            reason=criterion.reason(enquiry, starts, number),
        )
        for criterion, score, weight in zip(CRITERIA, hundredths, weights, strict=True)
    )


def _last_offered(market: Market, number: int) -> date | None:
    day = int(market.last_offered_day[number])
    return date.fromordinal(day) if day else None
