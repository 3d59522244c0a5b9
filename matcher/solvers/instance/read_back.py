"""From a plan of numbers back to an allocation in words, with a reason for everyone unplaced."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from matcher.allocation import Allocation, Placed, Unplaced, UnplacedReason
from matcher.eligibility import (
    CAPACITY_RULE,
    GENERIC_FIRST_RULE,
    RULES,
    Refusal,
    Verdict,
    approval_reasons,
    price_notes,
    rated_text,
    rating_warnings,
    request_refusals,
    unmet_wishes,
)
from matcher.enquiry import Enquiry
from matcher.market import Market
from matcher.model import CareRequest
from matcher.near_miss import near_misses
from matcher.second_agency import second_agency
from matcher.solvers.instance.candidates import Choice, Option, Plan, Problem
from matcher.solvers.instance.diary import Diary
from matcher.timetable import gap_warnings
from matcher.vocabulary import GRID_MINUTES, km_text, words_text

POINTS_DECIMALS = 2
"""Decimals of what the capacity of a placement is worth."""
NO_SMALL_CHANGE = "no small change would help"
ONCE_PUT_RIGHT = "may be searched for once that is put right"
REASON_OF_REFUSAL = {
    "OWN_PANEL": UnplacedReason.OWN_PANEL,
    "NOT_AGREED": UnplacedReason.NOT_AGREED,
    "INCOMPLETE": UnplacedReason.INCOMPLETE,
}


def allocation_of(
    problem: Problem, plan: Plan, points: Mapping[Option, Fraction] | None = None
) -> Allocation:
    """Return a plan as an allocation of every waiting request.

    Parameters
    ----------
    problem
        The requests and their options.
    plan
        The choices made.
    points
        What the capacity that an option takes is worth, where that was priced.
    """
    market, worth = problem.market, points or {}
    placed = [
        _placed(problem, plan[number], worth.get(plan[number].option)) for number in sorted(plan)
    ]
    unplaced = [_unplaced(problem, number) for number in range(len(problem)) if number not in plan]
    searched = set(problem.request_ids)
    unplaced += [
        _not_searched(market, request)
        for request in market.book.waiting
        if request.request_id not in searched
    ]
    return Allocation(
        placed=tuple(sorted(placed, key=lambda line: line.request_id)),
        unplaced=tuple(sorted(unplaced, key=lambda line: line.request_id)),
    )


def plan_of(problem: Problem, allocation: Allocation) -> Plan:
    """Return an allocation as a plan: of its lines, those that can still be kept together.

    Lines are taken in the order of their requests; what no longer has an option, does not fit
    beside those before it, or has other times by now is left out.
    """
    diary, plan = Diary(problem), {}
    number = {request_id: i for i, request_id in enumerate(problem.request_ids)}
    for line in sorted(allocation.placed, key=lambda each: each.request_id):
        request = number.get(line.request_id)
        if request is None or request in plan:
            continue
        number_of = problem.market.index.get(line.provider_id)
        mine = [option for option in problem.options[request] if option.provider == number_of]
        times = [_times(problem, option, line) for option in mine]
        # An option that may still begin on that day goes before one at the price of other days.
        mine.sort(key=lambda option: not diary.may(option, times[0]))
        choice = next((c for option in mine if (c := diary.again(option, times[0]))), None)
        if choice is not None:
            diary.take(choice)
            plan[request] = choice
    return plan


def _times(problem: Problem, option: Option, line: Placed) -> tuple[int, ...]:
    """Return the times of a line as an option counts them."""
    if problem.enquiries[option.request].request.is_homecare:
        visits = problem.enquiries[option.request].request.package.visits
        starts = tuple(time.start_minute // GRID_MINUTES for time in line.visit_times)
        if len(starts) != len(visits):
            return ()
        return tuple(problem.shape(option.request).unit_starts(np.array(starts)).tolist())
    return (problem.market.day_number(line.start_date),)


def _placed(problem: Problem, choice: Choice, points: Fraction | None) -> Placed:
    option = choice.option
    enquiry = problem.enquiries[option.request]
    others = problem.options[option.request]
    asked = len({other.provider for other in others})
    bookable = len({other.provider for other in others if not other.needs_approval})
    placed = problem.placed(choice)
    priced = enquiry.beginning(problem.market.day_number(placed.start_date))
    provider = problem.market.providers[option.provider]
    reasons = (
        *rating_warnings(enquiry, option.provider),
        f"{km_text(int(enquiry.distance_metres[option.provider]))} away"
        f"{enquiry.way_text(option.provider)}",
        rated_text(provider),
        _choice_text(asked, bookable),
        *_generic_reasons(enquiry, option.provider),
        *unmet_wishes(problem.verdicts[option.request], option.provider),
        *approval_reasons(priced, option.provider),
        *price_notes(priced, option.provider),
        *_gap_reasons(placed, enquiry),
    )
    scarcity = None if points is None else round(float(points), POINTS_DECIMALS)
    return placed.model_copy(update={"reasons": reasons, "scarcity_points": scarcity})


def _choice_text(asked: int, bookable: int) -> str:
    """Return among how many providers a plan could choose for somebody, were nobody else there."""
    if asked == 1:
        return "the only provider that could start"
    return f"one of {asked} providers that could start, {bookable} of them without an approval"


def _gap_reasons(placed: Placed, enquiry: Enquiry) -> tuple[str, ...]:
    """Return what is amiss with the gaps between the visits of somebody placed."""
    times = {time.visit_no: time.start_minute for time in placed.visit_times}
    return gap_warnings(enquiry.request.package.visits, times, enquiry.market.policy)


def _generic_reasons(enquiry: Enquiry, provider: int) -> tuple[str, ...]:
    """Record that generic services were considered before a specialist one (H12)."""
    if not enquiry.market.is_specialist[provider]:
        return ()
    if GENERIC_FIRST_RULE.refusal(enquiry, provider) is None:
        able = GENERIC_FIRST_RULE.generic(enquiry).any()
        outcome = "those that can serve need an approval" if able else "none can serve"
        return (f"specialist: generic services were considered first and {outcome} (H12)",)
    return ("specialist: generic services were considered first, others waiting need them (H12)",)


def _unplaced(problem: Problem, number: int) -> Unplaced:
    verdict = problem.verdicts[number]
    request_id = problem.request_ids[number]
    options = {option.provider for option in problem.options[number]}
    if options:
        alone = (
            f"{_counted(len(options), 'provider')} could serve {request_id} alone, but what they "
            "have free goes to others who wait."
        )
        return Unplaced(
            request_id=request_id,
            reason=UnplacedReason.CAPACITY_TAKEN,
            detail=" ".join((alone, *unmet_wishes(verdict))),
            nearest_miss=_nearest_option(problem, number),
        )
    capacity = 1 << RULES.index(CAPACITY_RULE)
    suitable = int((verdict.failed == capacity).sum())
    if suitable:
        reason, detail = (
            UnplacedReason.NO_CAPACITY,
            f"{_counted(suitable, 'suitable provider')}, none with room for {request_id} as asked.",
        )
    else:
        reason, detail = (
            UnplacedReason.NO_SUITABLE_PROVIDER,
            f"None of {_counted(len(problem.market), 'provider')} is suitable for {request_id}.",
        )
    return Unplaced(
        request_id=request_id,
        reason=reason,
        detail=" ".join((detail, *unmet_wishes(verdict))),
        nearest_miss=_nearest(verdict),
    )


def _nearest(verdict: Verdict) -> str:
    """Return what would come nearest to placing somebody whom nobody can serve alone."""
    misses, enquiry = near_misses(verdict), verdict.enquiry
    if not misses or misses[0].more_capacity:
        shared = second_agency(enquiry) if enquiry.request.is_homecare else None
        if shared is not None:
            return shared.sentence
    return f"{misses[0].name}: {'; '.join(misses[0].changes)}" if misses else NO_SMALL_CHANGE


def _nearest_option(problem: Problem, number: int) -> str:
    """Return the nearest provider that could serve a request were it alone."""
    enquiry = problem.enquiries[number]
    nearest = min(
        problem.options[number], key=lambda option: int(enquiry.distance_metres[option.provider])
    )
    name = problem.market.providers[nearest.provider].name
    away = km_text(int(enquiry.distance_metres[nearest.provider]))
    way = enquiry.way_text(nearest.provider)
    return f"{name}, {away} away{way}: would do if others waiting did not take its capacity"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _not_searched(market: Market, request: CareRequest) -> Unplaced:
    refusals = request_refusals(request, market.book, market.policy)
    reason = REASON_OF_REFUSAL.get(refusals[0].rule_id, UnplacedReason.NOT_ARRANGEABLE)
    return Unplaced(
        request_id=request.request_id,
        reason=reason,
        detail=" ".join(_cited(refusal) for refusal in refusals),
        nearest_miss="" if reason is UnplacedReason.OWN_PANEL else ONCE_PUT_RIGHT,
    )


def _cited(refusal: Refusal) -> str:
    return f"{refusal.sentence} ({words_text([refusal.citation])})"
