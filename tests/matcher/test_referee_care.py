"""The referee on what a person would notice: visits that collide, reasons that are untrue."""

from __future__ import annotations

from datetime import date

import pytest

from matcher.allocation import Unplaced, UnplacedReason
from matcher.geography import Gazetteer
from matcher.payers import PaidBy
from matcher.result import Limits
from matcher.solvers import solve
from matcher.vocabulary import Day
from tests.builders import (
    beds,
    ceiling,
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
from tests.proposals import AGENCY, HOME, codes, left_out, staying, visiting

TWO_CARERS = (provider(), hours(carers=2), hourly(), ceiling())
TWICE = {"weekly_cost_pence": 17_500}


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("09:00", []),  # far apart
        ("07:10", ["OVERLAP"]),  # why: both carers at the door at once
        ("07:35", ["OVERLAP"]),  # why: five minutes before the first has gone
        ("07:40", []),  # the second comes as the first goes
    ],
)
def test_a_person_has_one_visit_at_a_time(
    gazetteer: Gazetteer, second: str, expected: list[str]
) -> None:
    """Two half-hour visits of one morning, the first at 07:10, with carers enough for both."""
    things = (*TWO_CARERS, homecare_request(visit(1), visit(2)))
    assert codes(gazetteer, things, visiting("R-1", "07:10", second, **TWICE)) == expected


def test_visits_of_different_days_are_never_on_top_of_each_other(gazetteer: Gazetteer) -> None:
    """The same time on weekdays and at the weekend is one visit a day: five and two of them.

    7 x 30 minutes at 25 pounds an hour are 87.50 pounds, as for one line of seven days.
    """
    weekdays, weekend = tuple(Day)[:5], tuple(Day)[5:]
    asked = homecare_request(visit(1, days=weekdays), visit(2, days=weekend))
    assert codes(gazetteer, (*AGENCY, asked), visiting("R-1", "07:10", "07:10")) == []


def test_answers_keep_visits_apart(gazetteer: Gazetteer) -> None:
    """With two carers free, two visits of one band are offered one after the other."""
    supply = market(gazetteer, *TWO_CARERS, homecare_request(visit(1), visit(2)))
    for limits in (Limits.reproducible(), Limits(seconds=1e-9)):
        (line,) = solve(supply, limits=limits).allocation.placed
        first, second = sorted(time.start_minute for time in line.visit_times)
        assert second >= first + 30


def test_nobody_is_placed_where_visits_would_collide(gazetteer: Gazetteer) -> None:
    """Forty minutes of two carers hold two visits side by side, but not one after the other."""
    things = (provider(), hours(start="07:00", end="07:40", carers=2), hourly(), ceiling())
    supply = market(gazetteer, *things, homecare_request(visit(1), visit(2)))
    result = solve(supply, limits=Limits.reproducible())
    assert result.allocation.placed == ()
    assert [line.reason for line in result.allocation.unplaced] == [UnplacedReason.NO_CAPACITY]


@pytest.mark.parametrize(
    ("asked", "reason", "expected"),
    [
        (homecare_request(), "no_suitable_provider", []),
        (homecare_request(), "capacity_taken", []),
        (homecare_request(), "own_panel", ["REASON"]),  # why: homecare has no panel
        (homecare_request(), "incomplete", ["REASON"]),  # why: nothing is missing
        (homecare_request(risk=None), "incomplete", []),
        (homecare_request(risk=None), "no_capacity", ["REASON"]),  # why: nobody was asked
        (homecare_request(funding_agreed=False), "not_agreed", []),
        (homecare_request(funding_agreed=False), "capacity_taken", ["REASON"]),  # why: the same
    ],
)
def test_reasons_agree_with_the_request(
    gazetteer: Gazetteer, asked: object, reason: str, expected: list[str]
) -> None:
    """A request that may not be searched for is not short of capacity, and the other way round."""
    line = Unplaced(request_id="R-1", reason=reason, detail="as it says")
    assert codes(gazetteer, (*AGENCY, asked), line) == expected


def test_a_reason_for_nobody_is_not_judged(gazetteer: Gazetteer) -> None:
    """A line about a request that does not wait is told once, as that."""
    assert codes(gazetteer, AGENCY, left_out("R-9")) == ["NOT_WAITING"]


def test_the_last_day_of_the_calendar_is_only_a_wrong_day(gazetteer: Gazetteer) -> None:
    """A stay said to start at the end of time is told, not stumbled over."""
    things = (home(services=("respite", "residential")), beds(), weekly(), respite_request())
    found = codes(gazetteer, things, staying(start_date=date.max))
    assert "START_DATE" in found


def test_homecare_without_a_framework_rate_needs_approval(gazetteer: Gazetteer) -> None:
    """With no ceiling in force nothing can be said to be within it (H9)."""
    things = (provider(), hours(), hourly(), homecare_request())
    assert codes(gazetteer, things, visiting(status="needs_approval")) == []
    assert codes(gazetteer, things, visiting()) == ["STATUS_PRICE"]


def test_a_bed_is_held_against_the_budget_alone(gazetteer: Gazetteer) -> None:
    """Without a framework rate the budget will do, and who pays for herself needs neither."""
    held = placement_request(personal_budget_pence_per_week=100_000)
    assert codes(gazetteer, (*HOME, held), staying()) == []
    free = placement_request(funding="self_funded", personal_budget_pence_per_week=None)
    own = {"paid_by": PaidBy(own_pence=100_000)}
    assert codes(gazetteer, (*HOME, free), staying(**own)) == []
    waits = staying(status="needs_approval", **own)
    assert codes(gazetteer, (*HOME, free), waits) == ["STATUS_PRICE"]
