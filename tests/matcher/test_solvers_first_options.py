"""The night's plan and the shortlist say the same, wherever capacity is no constraint."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import BedCapacity, Book, HomecareCapacity
from matcher.policy import Policy
from matcher.result import Limits, Status
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from matcher.solvers.baseline import Polish, best_alone
from matcher.solvers.instance.candidates import Choice, Problem
from matcher.solvers.instance.diary import Diary
from matcher.solvers.instance.read_back import plan_of
from matcher.vocabulary import MINUTES_PER_DAY, CareType, Day, ProviderKind, minute_text
from tests import contests
from tests.builders import (
    ceiling,
    council_policy,
    day,
    homecare_request,
    hourly,
    hours,
    market,
    provider,
)
from tests.strategies import books, policies

LIMITS = Limits.reproducible(2.0)
PLENTY = 60
"""Carers or beds: more than everybody drawn needs at once."""
SEEDS = st.integers(0, 3)
Offer = tuple[str, str, tuple[int | None, int | None], list[str]]
"""Who serves somebody, from which day, for how many pence, with visits at which times."""


def with_room(book: Book) -> Book:
    """Return a book with as much of everything as all its people together could need."""
    agencies = [p.provider_id for p in book.providers if p.kind is ProviderKind.HOMECARE]
    homes = [p.provider_id for p in book.providers if p.kind is ProviderKind.CARE_HOME]
    return book.model_copy(
        update={
            "homecare_capacity": tuple(
                HomecareCapacity(
                    provider_id=name,
                    days=tuple(Day),
                    start_minute=0,
                    end_minute=MINUTES_PER_DAY,
                    carers=PLENTY,
                )
                for name in agencies
            ),
            "bed_capacity": tuple(
                BedCapacity(
                    provider_id=name, care_type=care, beds=PLENTY, available_from=day(number)
                )
                for number, name in enumerate(homes)
                for care in CareType
            ),
        }
    )


def first_options(supply: Market, seed: int) -> dict[str, Offer]:
    """Return whom each person's own shortlist ranks first, from when, at what price and times."""
    found = {}
    for request_id in Problem(supply).request_ids:
        options = make_shortlist(supply, request_id, options=2, seed=seed).shortlist.options
        if options:
            best = options[0]
            times = [visit.start for visit in best.visits]
            price = best.weekly_cost_pence, best.stay_cost_pence
            found[request_id] = (best.provider_id, str(best.start_date), price, times)
    return found


def planned(supply: Market, seed: int) -> dict[str, Offer]:
    """Return who is planned for whom, from when, at what price; proved the best there is."""
    result = solve(supply, limits=LIMITS, seed=seed)
    assert result.status is Status.OPTIMAL
    return {
        line.request_id: (
            line.provider_id,
            str(line.start_date),
            (line.weekly_cost_pence, line.stay_cost_pence),
            [minute_text(time.start_minute) for time in line.visit_times],
        )
        for line in result.allocation.placed
    }


@settings(max_examples=15, deadline=None)
@given(book=books(gaps=False), policy=policies(), seed=SEEDS)
def test_with_room_for_all_everybody_gets_what_the_shortlist_ranks_first(
    gazetteer: Gazetteer, book: Book, policy: Policy, seed: int
) -> None:
    """Provider, day, price and times, ties included: the plan is the first options, no more."""
    supply = Market(with_room(book), policy, gazetteer)
    assert planned(supply, seed) == first_options(supply, seed)


@settings(max_examples=15, deadline=None)
@given(book=contests.varied_contests(), seed=SEEDS, gap=st.sampled_from([0, 30, 60]))
def test_prices_of_other_days_specialists_and_gaps_make_no_difference(
    gazetteer: Gazetteer, book: Book, seed: int, gap: int
) -> None:
    """Whatever a price does later, however visits bear on one another, whoever is specialist."""
    policy = council_policy(bands=contests.WIDE_BANDS, times__least_gap_minutes=gap)
    supply = Market(with_room(book), policy, gazetteer)
    assert planned(supply, seed) == first_options(supply, seed)


@settings(max_examples=15, deadline=None)
@given(book=contests.contests(), policy=contests.policies(), seed=SEEDS)
def test_under_any_order_the_plan_and_the_shortlist_agree(
    gazetteer: Gazetteer, book: Book, policy: Policy, seed: int
) -> None:
    """Whatever a council puts first, also criteria of the score on their own.

    Only that an offer that needs approval may be worth less than none, where offers come last.
    """
    supply = Market(with_room(book), policy, gazetteer)
    problem = Problem(supply, seed)
    plan, first = planned(supply, seed), first_options(supply, seed)
    assert plan == {name: line for name, line in first.items() if name in plan}
    for number, request_id in enumerate(problem.request_ids):
        if request_id in first and request_id not in plan:
            best = Diary(problem).fit(min(problem.options[number], key=best_alone))
            assert best is not None
            assert best.option.needs_approval
            assert problem.values(number, best) > problem.values(number, None)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_who_can_all_have_their_first_option_get_it(
    gazetteer: Gazetteer, data: st.DataObject
) -> None:
    """Where capacity is short but the first options fit side by side, they are the plan."""
    supply = Market(data.draw(contests.contests()), data.draw(contests.policies()), gazetteer)
    problem = Problem(supply)
    diary, wanted = Diary(problem), dict[int, Choice]()
    for number, options in enumerate(problem.options):
        if options:
            best = min(options, key=best_alone)
            alone = Diary(problem).fit(best)
            assert alone is not None
            again = diary.again(best, alone.times)
            if again is None or again.times != alone.times:
                return
            # An offer that needs approval may be worth less than none, where offers come last.
            if problem.values(number, again) < problem.values(number, None):
                diary.take(again)
                wanted[number] = again
    plan = plan_of(problem, solve(supply, limits=LIMITS).allocation)
    for number, choice in wanted.items():
        assert (plan[number].option, plan[number].times) == (choice.option, choice.times)


@settings(max_examples=15, deadline=None)
@given(data=st.data(), hurried=st.booleans())
def test_nobody_is_kept_from_something_better_that_is_free(
    gazetteer: Gazetteer, data: st.DataObject, hurried: bool
) -> None:
    """With time or hardly any, nothing that is free beside the others is better for anybody."""
    supply = Market(data.draw(contests.contests()), data.draw(contests.policies()), gazetteer)
    problem = Problem(supply)
    limits = Limits.reproducible(1e-9) if hurried else LIMITS
    plan = plan_of(problem, solve(supply, limits=limits).allocation)
    again = Polish(problem, plan)
    again.improve()
    assert {n: c.option for n, c in again.plan.items()} == {n: c.option for n, c in plan.items()}


@pytest.mark.parametrize("seed", range(3))
def test_ties_are_settled_alike(gazetteer: Gazetteer, seed: int) -> None:
    """Three agencies alike in all: the seed that settles a shortlist settles the plan."""
    supply = market(
        gazetteer,
        *(thing for n in range(3) for thing in (provider(f"P-{n}"), hours(f"P-{n}", carers=9))),
        *(hourly(f"P-{n}") for n in range(3)),
        ceiling(),
        *(homecare_request(request_id=f"R-{n}") for n in range(5)),
    )
    found, first = planned(supply, seed), first_options(supply, seed)
    assert {name: line[0] for name, line in found.items()} == {
        name: line[0] for name, line in first.items()
    }
    assert len({line[0] for line in found.values()}) > 1
