"""Times of people placed are made better without moving anybody."""

from __future__ import annotations

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.result import Limits, Status
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from matcher.solvers.baseline import by_risk, polished
from matcher.solvers.instance.candidates import Choice, Plan, Problem
from matcher.vocabulary import minute_text
from tests.builders import (
    ceiling,
    homecare_request,
    hourly,
    hours,
    market,
    provider,
    visit,
)

BANDS = ("morning", "lunch", "tea", "bed")
FOUR_CALLS = tuple(visit(number, band) for number, band in enumerate(BANDS, start=1))
BRIEFLY = Limits(seconds=5.0)


def told(result_market: Market) -> dict[str, list[str]]:
    """Return the start times of everybody placed by a whole run."""
    placed = solve(result_market, limits=BRIEFLY).allocation.placed
    return {
        line.request_id: [minute_text(time.start_minute) for time in line.visit_times]
        for line in placed
    }


def early(problem: Problem) -> Plan:
    """Return the plan by risk with every visit as early as it could be, one person an agency."""
    plan = by_risk(problem)
    return {
        request: Choice(
            choice.option, tuple(int(domain.argmax()) for domain in choice.option.domains)
        )
        for request, choice in plan.items()
    }


def test_a_plan_puts_visits_where_people_would_choose(gazetteer: Gazetteer) -> None:
    """With carers to spare everybody has her calls at the ideal times, not as early as can be."""
    supply = (provider(), hours(carers=9), hourly(), ceiling())
    people = [homecare_request(*FOUR_CALLS, request_id=f"R-{n}") for n in (1, 2)]
    ideal = ["08:30", "12:30", "17:00", "20:30"]
    assert told(market(gazetteer, *people, *supply)) == {"R-1": ideal, "R-2": ideal}


def test_who_shares_a_carer_still_fits(gazetteer: Gazetteer) -> None:
    """Two people and one carer: nobody is lost for the ideal time of somebody else."""
    supply = (provider(), hours(start="07:55", end="09:05", carers=1), hourly(), ceiling())
    people = [homecare_request(visit(), request_id=f"R-{n}") for n in (1, 2)]
    starts = told(market(gazetteer, *people, *supply))
    assert sorted(starts.values()) == [["08:00"], ["08:35"]]


def test_early_times_are_put_right(gazetteer: Gazetteer) -> None:
    """A plan of early times is polished to the ideal ones."""
    supply = (provider(), hours(carers=2), hourly(), ceiling())
    problem = Problem(market(gazetteer, homecare_request(*FOUR_CALLS), *supply))
    plan = early(problem)
    better = polished(problem, plan)
    assert better[0].option is plan[0].option
    assert better[0].times == (102, 150, 204, 246)


def test_a_placement_tells_of_a_gap_that_is_too_small(gazetteer: Gazetteer) -> None:
    """Carers between 18:00 and 19:45 leave forty minutes between tea and bed, which is said."""
    supply = (provider(), hours(start="18:00", end="19:45", carers=1), hourly(), ceiling())
    request = homecare_request(visit(1, "tea"), visit(2, "bed"))
    (line,) = solve(market(gazetteer, request, *supply), limits=BRIEFLY).allocation.placed
    assert line.reasons[-1] == (
        "bed visit 2 starts 40 minutes after tea visit 1 ends: less than the least gap of "
        "60 minutes"
    )


def test_a_plan_keeps_the_gap_that_the_shortlist_keeps(gazetteer: Gazetteer) -> None:
    """Two visits of a morning, best at 07:50 and 09:35: an hour lies between them, near as can be.

    07:50 and 09:25 would be nearer in steps, with 35 minutes between them.
    """
    supply = (provider(), hours(carers=9), hourly(), ceiling())
    request = homecare_request(visit(1, minutes=60), visit(2))
    book = market(gazetteer, request, *supply)
    assert told(book) == {"R-1": ["07:45", "09:45"]}
    (option,) = make_shortlist(book, "R-1").shortlist.options
    assert [visit.start for visit in option.visits] == ["07:45", "09:45"]


def test_a_gap_that_is_not_kept_costs_all_that_times_may_cost(gazetteer: Gazetteer) -> None:
    """Forty minutes between tea and bed: the times score 0 in the shortlist and in the plan.

    An agency that keeps the hour is chosen before one that is cheaper by less than that.
    """
    near = (provider(), hours(start="18:00", end="19:45", carers=1), hourly())
    kept = (provider("P-2"), hours("P-2"), hourly("P-2", 2550), ceiling(2600))
    request = homecare_request(visit(1, "tea"), visit(2, "bed"))
    book = market(gazetteer, request, *near, *kept)
    first, second = make_shortlist(book, "R-1").shortlist.options
    assert (first.provider_id, second.provider_id) == ("P-2", "P-1")
    scores = {criterion.name: criterion for criterion in second.criteria}
    assert scores["visit_times"].score == 0
    assert scores["visit_times"].reason.endswith("the least gap of 60 minutes is not kept")
    result = solve(book, limits=Limits.reproducible())
    assert result.status is Status.OPTIMAL
    assert [line.provider_id for line in result.allocation.placed] == ["P-2"]
    alone = solve(market(gazetteer, request, *near, ceiling()), limits=Limits.reproducible())
    assert alone.status is Status.OPTIMAL
    weights = {c.name: c.weight for c in second.criteria}
    fit = next(stage.value for stage in alone.stages if stage.name == "fit")
    assert fit >= weights["visit_times"] * 10_000


def test_people_come_before_the_gap(gazetteer: Gazetteer) -> None:
    """One carer, just long enough for the tea and bed calls of two: one has her hour between."""
    supply = (provider(), hours(start="17:50", end="20:10", carers=1), hourly(), ceiling())
    calls = visit(1, "tea"), visit(2, "bed")
    people = [homecare_request(*calls, request_id=f"R-{n}") for n in (1, 2)]
    result = solve(market(gazetteer, *people, *supply), limits=Limits.reproducible())
    assert result.status is Status.OPTIMAL
    gaps = [
        line.visit_times[1].start_minute - line.visit_times[0].start_minute - 30
        for line in (result.allocation.placed)
    ]
    assert sorted(gaps) == [5, 75]


def test_a_plan_keeps_links_and_prescribed_gaps(gazetteer: Gazetteer) -> None:
    """The second carer comes with the first, and the doses are as far apart as they must be."""
    supply = (provider(), hours(start="09:25", carers=2), hourly(), ceiling())
    request = homecare_request(
        *(visit(1, minutes=60), visit(2, with_visit=1)),
        visit(3, "lunch", gap_from=1, least_gap_minutes=240, reason="as prescribed"),
    )
    assert told(market(gazetteer, request, *supply)) == {"R-1": ["09:30", "09:30", "13:30"]}
