"""Terms of an offer: whether they meet what is asked for, what they cost, and what they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations

from sqlalchemy.orm import Session

from api.acts.money import lacks_agreement
from api.acts.promises import commitment_for
from api.errors import BadCallError, ConflictError
from api.schemas.offers import Terms
from api.storage.families import family
from api.storage.record import Writing
from api.storage.requests import request_row
from api.storage.supply import part_of_book
from api.supply import Supply, policy_in
from api.tables import RequestRow
from matcher.commitments import Commitment
from matcher.eligibility import approval_reasons
from matcher.enquiry import Enquiry
from matcher.files.visit_times import linked
from matcher.market import Market
from matcher.model import CareRequest, Rate, Visit
from matcher.policy import Policy
from matcher.timetable import compile_package, compile_placement
from matcher.vocabulary import (
    BED_UNITS,
    GRID_MINUTES,
    HOMECARE_UNITS,
    MINUTES_PER_DAY,
    minute_text,
    pounds_text,
)

MOST_PENCE = 10_000_000
"""The largest weekly cost that is taken for meant."""


@dataclass(frozen=True)
class Standpoint:
    """From where terms are judged.

    Parameters
    ----------
    session, supply
        What is read, and where postcodes are.
    now, today
        When it is.
    """

    session: Session
    supply: Supply
    now: datetime
    today: date


def within(writing: Writing, supply: Supply) -> Standpoint:
    """Return the standpoint of a change."""
    return Standpoint(writing.session, supply, writing.now, writing.today)


@dataclass(frozen=True)
class Judged:
    """What one provider's terms come to.

    Parameters
    ----------
    weekly_cost_pence
        Computed from visits and rate (H6).
    needs_approval, approval_reasons
        Whether a budget holder must agree, and why (H9).
    start_date
        First day of care.
    commitment
        What the provider would promise.
    family_pence
        What a week of all the person's care would cost with it, whoever pays.
    """

    weekly_cost_pence: int
    needs_approval: bool
    approval_reasons: tuple[str, ...]
    start_date: date
    commitment: Commitment
    family_pence: int


def market_of(at: Standpoint, request: CareRequest, terms: Mapping[str, Terms]) -> Market:
    """Return the market of some providers at the rates that they offer for one request.

    Parameters
    ----------
    at
        From where it is judged.
    request
        What is asked for.
    terms
        What each provider offers, by its id.
    """
    besides = request.request_id
    book = part_of_book(at.session, terms.keys(), at.now, at.today, besides=besides)
    rates = [
        rate
        for provider_id in sorted(terms)
        for rate in _rates(book.rates, request, provider_id, terms[provider_id])
    ]
    priced = book.model_copy(update={"rates": tuple(rates)})
    market = Market(priced, policy_in(at.session), at.supply.gazetteer)
    return at.supply.by_road(market, request)


def _rates(
    on_file: tuple[Rate, ...], request: CareRequest, provider_id: str, terms: Terms
) -> list[Rate]:
    """Return the rate that is offered, for visits of any length; else those on file."""
    if terms.rate is None:
        return [rate for rate in on_file if rate.provider_id == provider_id]
    return [
        Rate(
            provider_id=provider_id,
            service_type=request.service_type,
            unit=terms.rate.unit,
            amount_pence=terms.rate.amount_pence,
        )
    ]


def judge(at: Standpoint, request: CareRequest, provider_id: str, terms: Terms) -> Judged:
    """Return what one provider's terms for a request come to, beside all that the family has.

    Raises
    ------
    BadCallError
        If they do not meet what is asked for, or cost more than can be meant.
    ConflictError
        If they leave the rate to one on file, and none is, or the stay is longer than what is
        left of the allowance (H13).
    """
    market = market_of(at, request, {provider_id: terms})
    require_fitting(request, terms, market.policy, at.today)
    row = request_row(at.session, request.request_id)
    found = family(at.session, request.request_id, at.today)
    request = found.left_for(request, terms.start_date)
    _require_allowance(request)
    enquiry = Enquiry(market, request).beginning(market.day_number(terms.start_date))
    if not enquiry.prices.known[0]:
        raise ConflictError(
            f"{provider_id} has no rate on file for {request.request_id}.",
            thing=f"rates of {provider_id}",
            expected="a rate on file, or an offer with its rate",
        )
    weekly = int(enquiry.prices.weekly_pence[0])
    if weekly > MOST_PENCE:
        raise BadCallError(
            f"The offer comes to {pounds_text(weekly)} a week.",
            thing="rate",
            value=pounds_text(weekly),
            expected=f"at most {pounds_text(MOST_PENCE)} a week",
        )
    travel = int(enquiry.travel_minutes[0])
    reasons = (*_unagreed(row, request), *approval_reasons(enquiry, 0))
    return Judged(
        weekly_cost_pence=weekly,
        needs_approval=bool(reasons),
        approval_reasons=reasons,
        start_date=terms.start_date,
        commitment=commitment_for(request, provider_id, terms.start_date, terms.starts, travel),
        family_pence=found.week_pence(request, weekly, terms.start_date),
    )


def _unagreed(row: RequestRow, request: CareRequest) -> tuple[str, ...]:
    if not lacks_agreement(row, request):
        return ()
    return ("Nobody has agreed the money for it yet: a budget holder must (H1).",)


def _require_allowance(request: CareRequest) -> None:
    nights, left = request.stay_nights, request.respite_nights_left
    if nights is not None and left is not None and nights > left:
        raise ConflictError(
            f"{request.request_id} asks for {nights} nights; the allowance has {left} left (H13).",
            thing=f"request {request.request_id}",
            value=nights,
            expected=f"at most {left} nights",
        )


# -- meeting what is asked for -----------------------------------------------------------------


def require_fitting(request: CareRequest, terms: Terms, policy: Policy, today: date) -> None:
    """Refuse terms that do not meet what is asked for.

    Raises
    ------
    BadCallError
        If the first day has passed or lies outside the dates asked for (H13), the rate is by
        another unit, or a visit has no start, several, or one outside its window (H4, H5).
    """
    _require_first_day(request, terms, policy, today)
    _require_unit(request, terms)
    _require_each_visit(request, terms)
    if request.is_homecare:
        _require_windows(request, terms, policy)
        _require_one_at_a_time(request, terms)
        _require_links_and_gaps(request, terms)


def _require_first_day(request: CareRequest, terms: Terms, policy: Policy, today: date) -> None:
    horizon = policy.allocation.bed_horizon_days.value
    first, last = 0, horizon
    if request.placement is not None:
        window = compile_placement(request.placement, today, 0, horizon)
        first, last = window.first_day, window.last_day
    if not first <= (terms.start_date - today).days <= last:
        until = date.fromordinal(max(today.toordinal() + last, 1))
        raise BadCallError(
            f"Care for this request cannot start on {terms.start_date}.",
            thing="start_date",
            value=terms.start_date,
            expected=f"a day from {date.fromordinal(today.toordinal() + first)} to {until}",
        )


def _require_unit(request: CareRequest, terms: Terms) -> None:
    units = HOMECARE_UNITS if request.is_homecare else BED_UNITS
    if terms.rate is not None and terms.rate.unit not in units:
        raise BadCallError(
            f"{request.service_type} is not sold by the {terms.rate.unit}.",
            thing="rate.unit",
            value=str(terms.rate.unit),
            expected=" or ".join(units),
        )


def _require_each_visit(request: CareRequest, terms: Terms) -> None:
    asked = [visit.visit_no for visit in request.package.visits]
    offered = sorted(visit.visit_no for visit in terms.visits)
    if offered != asked:
        raise BadCallError(
            "The offer does not have every visit exactly once.",
            thing="visits",
            value=", ".join(str(number) for number in offered) or "none",
            expected="visits " + (", ".join(str(number) for number in asked) or "none"),
        )


def _require_windows(request: CareRequest, terms: Terms, policy: Policy) -> None:
    shape = compile_package(request.package, policy)
    firsts = shape.visit_starts(shape.first_slot).tolist()
    lasts = shape.visit_starts(shape.last_slot).tolist()
    for visit, first, last in zip(request.package.visits, firsts, lasts, strict=True):
        start = terms.starts[visit.visit_no]
        end_of_day = (MINUTES_PER_DAY - visit.minutes) // GRID_MINUTES
        if not first <= start // GRID_MINUTES <= min(last, end_of_day):
            window = " to ".join(minute_text(slot * GRID_MINUTES) for slot in (first, last))
            raise BadCallError(
                f"Visit {visit.visit_no} cannot start at {minute_text(start)}.",
                thing=f"start of visit {visit.visit_no}",
                value=minute_text(start),
                expected=f"a time from {window}, so that it ends on the same day",
            )


def _require_one_at_a_time(request: CareRequest, terms: Terms) -> None:
    by_no = {visit.visit_no: visit for visit in request.package.visits}
    for one, other in combinations(request.package.visits, 2):
        if linked(one, other, by_no):
            continue
        if set(one.days) & set(other.days) and _overlap(one, other, terms.starts):
            raise BadCallError(
                f"Visits {one.visit_no} and {other.visit_no} would be at the same time.",
                thing="visits",
                value=minute_text(terms.starts[other.visit_no]),
                expected="one visit at a time",
            )


def _require_links_and_gaps(request: CareRequest, terms: Terms) -> None:
    """Refuse linked visits at other times than one another's, and prescribed gaps not kept."""
    by_no, starts = {visit.visit_no: visit for visit in request.package.visits}, terms.starts
    for visit in request.package.visits:
        start, named = starts[visit.visit_no], visit.with_visit or visit.after_visit
        if named is not None:
            wanted = starts[named] + (by_no[named].minutes if visit.after_visit else 0)
            if start != wanted:
                raise BadCallError(
                    f"Visit {visit.visit_no} is linked with visit {named}.",
                    thing=f"start of visit {visit.visit_no}",
                    value=minute_text(start),
                    expected=minute_text(wanted),
                )
        if visit.gap_from is not None:
            between = abs(start - starts[visit.gap_from])
            least, most = visit.least_gap_minutes or 0, visit.most_gap_minutes
            if between < least or (most is not None and between > most):
                limit = f"at least {least}" if between < least else f"at most {most}"
                raise BadCallError(
                    f"Visit {visit.visit_no} has a prescribed gap from visit {visit.gap_from}.",
                    thing=f"start of visit {visit.visit_no}",
                    value=f"{between} minutes from visit {visit.gap_from}",
                    expected=f"{limit} minutes from start to start",
                )


def _overlap(one: Visit, other: Visit, starts: Mapping[int, int]) -> bool:
    first, second = starts[one.visit_no], starts[other.visit_no]
    return first < second + other.minutes and second < first + one.minutes
