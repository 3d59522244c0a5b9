"""Setting out from an allocation: of this book or of an earlier day's, whatever still holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.allocation import Allocation, Placed, VisitTime
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book, Frozen
from matcher.objectives import arrangeable, measure, ordered
from matcher.referee import check
from matcher.result import Limits, Method, Result
from matcher.solvers import solve
from matcher.solvers.baseline import todays_way
from matcher.solvers.instance.candidates import Choice, Problem
from matcher.solvers.instance.diary import Diary
from matcher.solvers.instance.read_back import allocation_of, plan_of
from tests.builders import (
    beds,
    ceiling,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    respite_request,
    visit,
    weekly,
)
from tests.contests import contests, policies

LIMITS = Limits.reproducible(1.0)
HARDLY = Limits.reproducible(1e-9)
AGENCY: tuple[Frozen, ...] = (provider(), hours(start="07:00", end="08:30", carers=1), hourly())


def rank(result: Result) -> tuple[int, ...]:
    """Return the values of all stages: the smaller, the better."""
    return tuple(stage.value for stage in result.stages)


def rank_of(supply: Market, allocation: Allocation) -> tuple[int, ...]:
    """Return the values of all stages of an allocation as the referee's room measures them."""
    return tuple(measure(arrangeable(supply), allocation, ordered(supply.policy)).values())


# -- solving from a start ----------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(data=st.data(), limits=st.sampled_from([HARDLY, LIMITS]))
def test_a_start_of_this_book_is_never_made_worse(
    gazetteer: Gazetteer, data: st.DataObject, limits: Limits
) -> None:
    """With no time at all the best answer given stays the best; with time it stays what it is."""
    supply = Market(data.draw(contests(most_people=6)), data.draw(policies()), gazetteer)
    best = solve(supply, limits=LIMITS)
    again = solve(supply, limits=limits, start=best.allocation)
    assert rank(again) <= rank(best)
    today = solve(supply, method=Method.TODAY)
    assert rank(solve(supply, limits=limits, start=today.allocation)) <= rank(today)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_yesterdays_answer_is_kept_as_far_as_it_holds(
    gazetteer: Gazetteer, data: st.DataObject
) -> None:
    """With people and capacity gone, what is left is accepted, and no worse than that alone."""
    book, policy = data.draw(contests(most_people=6)), data.draw(policies())
    start = solve(Market(book, policy, gazetteer), limits=LIMITS).allocation
    supply = Market(data.draw(later(book)), policy, gazetteer)
    problem = Problem(supply)
    kept = allocation_of(problem, plan_of(problem, start))
    assert check(supply, kept) == ()
    result = solve(supply, limits=HARDLY, start=start)
    assert check(supply, result.allocation) == ()
    assert rank(result) <= rank_of(supply, kept)
    assert rank(result) <= rank(solve(supply, method=Method.TODAY))


@st.composite
def later(draw: st.DrawFn, book: Book) -> Book:
    """Draw the book of a later day: some people gone, some capacity gone or smaller."""

    def some(things: tuple[Frozen, ...]) -> tuple[Frozen, ...]:
        return tuple(thing for thing in things if draw(st.integers(0, 3)))

    carers = tuple(
        each.model_copy(update={"carers": max(each.carers - draw(st.integers(0, 1)), 0)})
        for each in book.homecare_capacity
    )
    return book.model_copy(
        update={
            "requests": some(book.requests),
            "homecare_capacity": some(carers),
            "bed_capacity": some(book.bed_capacity),
        }
    )


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_plan_becomes_an_allocation_and_back(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """Nothing of a plan that fits is lost on the way through an allocation."""
    supply = Market(data.draw(contests(most_people=8)), data.draw(policies()), gazetteer)
    problem = Problem(supply)
    plan = todays_way(problem)
    back = plan_of(problem, allocation_of(problem, plan))
    assert {r: (c.option, c.times) for r, c in back.items()} == {
        r: (c.option, c.times) for r, c in plan.items()
    }


# -- what is kept of an allocation -------------------------------------------------------------


def line(request_id: str, provider_id: str = "P-1", *, at: int = 420, on: int = 0) -> Placed:
    """Return a placement of somebody at one time, in minutes, or from a day on."""
    told = (VisitTime(visit_no=1, start_minute=at),) if provider_id.startswith("P") else ()
    return Placed(
        request_id=request_id,
        provider_id=provider_id,
        status="proposed",
        start_date=day(on),
        visit_times=told,
        weekly_cost_pence=1000,
        distance_metres=800,
        travel_minutes=5,
    )


def kept(gazetteer: Gazetteer, things: tuple[Frozen, ...], *lines: Placed) -> dict[str, Choice]:
    """Return the plan of some lines by the id of the request."""
    problem = Problem(market(gazetteer, *things, ceiling()))
    plan = plan_of(problem, Allocation(placed=lines))
    assert check(problem.market, allocation_of(problem, plan)) == ()
    return {problem.request_ids[request]: choice for request, choice in plan.items()}


def test_times_are_kept_where_they_fit(gazetteer: Gazetteer) -> None:
    """A time that is still free stays, though an earlier one would be free too."""
    plan = kept(gazetteer, (*AGENCY, homecare_request()), line("R-1", at=445))
    assert plan["R-1"].times == (89,)


@pytest.mark.parametrize(
    "at",
    [
        0,  # why: outside the band
        1435,  # why: nobody works then
        7200,  # why: no time of a day at all
    ],
)
def test_times_that_do_not_fit_any_more_are_changed(gazetteer: Gazetteer, at: int) -> None:
    """Somebody whose time is gone keeps the provider, at another time."""
    wrong = line("R-1").model_copy(
        update={"visit_times": (VisitTime.model_construct(visit_no=1, start_minute=at),)}
    )
    plan = kept(gazetteer, (*AGENCY, homecare_request()), wrong)
    assert plan["R-1"].times != (at // 5,)


def test_another_number_of_visits_is_no_matter(gazetteer: Gazetteer) -> None:
    """A package that has a visit more than before gets times for all of its visits."""
    two = homecare_request(visit(1, minutes=15), visit(2, minutes=15))
    plan = kept(gazetteer, (*AGENCY, two), line("R-1"))
    assert len(plan["R-1"].times) == 2


def test_two_visits_at_once_are_told_apart(gazetteer: Gazetteer) -> None:
    """Times at which one person would have two visits at a time are not kept."""
    two = homecare_request(visit(1, minutes=15), visit(2, minutes=15))
    both = tuple(VisitTime(visit_no=n, start_minute=425) for n in (1, 2))
    told = line("R-1").model_copy(update={"visit_times": both})
    plenty = (provider(), hours(start="07:00", end="10:00", carers=3), hourly())
    first, second = kept(gazetteer, (*plenty, two), told)["R-1"].times
    assert first != second


def test_those_who_do_not_fit_together_are_left_out(gazetteer: Gazetteer) -> None:
    """Three lines for a carer with time for two: the first ids stay, the last goes."""
    asked = tuple(homecare_request(request_id=f"R-{n}") for n in (1, 2, 3))
    plan = kept(gazetteer, (*AGENCY, *asked), *(line(f"R-{n}", at=430) for n in (3, 2, 1)))
    assert sorted(plan) == ["R-1", "R-2"]
    assert plan["R-1"].times == (86,)
    assert plan["R-2"].times != (86,)


@pytest.mark.parametrize(
    "wrong",
    [
        line("R-9"),  # why: not in the book any more
        line("R-1", "P-9"),  # why: no such provider
        line("R-1", "P-2"),  # why: a provider who cannot serve
    ],
)
def test_lines_of_others_are_passed_over(gazetteer: Gazetteer, wrong: Placed) -> None:
    """People and providers that are gone leave no trace, and no error."""
    assert kept(gazetteer, (*AGENCY, provider("P-2"), homecare_request()), wrong) == {}


def test_a_line_told_twice_is_kept_once(gazetteer: Gazetteer) -> None:
    """Two lines for one person take the capacity of one."""
    asked = (homecare_request(), homecare_request(request_id="R-2"))
    plan = kept(gazetteer, (*AGENCY, *asked), line("R-1"), line("R-1", at=450), line("R-2"))
    assert sorted(plan) == ["R-1", "R-2"]


@pytest.mark.parametrize(
    ("on", "kept_on"),
    [
        (4, 4),
        (0, 2),  # why: the bed is free from the second day on
        (-3, 2),  # why: a day that is over
        (9, 2),  # why: later than she may come
        (500, 2),  # why: beyond every calendar
    ],
)
def test_days_of_admission_are_kept_where_they_fit(
    gazetteer: Gazetteer, on: int, kept_on: int
) -> None:
    """A stay begins on the day it had, or else on the first that there is."""
    bed = (home(lead_days=0), beds(available_from=day(2)), weekly())
    stay = respite_request(2, 1, 7, "R-1")
    plan = kept(gazetteer, (*bed, stay), line("R-1", "H-1", on=on))
    assert plan["R-1"].times == (kept_on,)


def test_a_bed_is_given_once(gazetteer: Gazetteer) -> None:
    """Two lines for one bed for good: the first id has it."""
    bed = (home(lead_days=0), beds(), weekly())
    asked = (placement_request("R-1"), placement_request("R-2"))
    plan = kept(gazetteer, (*bed, *asked), line("R-2", "H-1"), line("R-1", "H-1"))
    assert sorted(plan) == ["R-1"]


def test_a_diary_gives_back_what_it_was_given(gazetteer: Gazetteer) -> None:
    """The very times asked for, until they are taken; then others; then none."""
    problem = Problem(market(gazetteer, *AGENCY, ceiling(), homecare_request()))
    diary, (option,) = Diary(problem), problem.options[0]
    seen = []
    while (choice := diary.again(option, (90,))) is not None:
        seen.append(choice.times)
        diary.take(choice)
    assert seen[0] == (90,)
    assert len(seen) == len(set(seen)) >= 1
