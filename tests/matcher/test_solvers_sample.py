"""The sample book: every stage and every line of its two allocations worked out by hand.

As of 1 April 2026. What decides: ``chesil`` has 75 minutes at lunch, room for one hour and its
travel, which R-103 (green, 30 days) and R-104 (amber, 16 days) both ask for; ``frome`` alone can
send two carers to R-106 but is above the framework rate, and so is ``bay``, the only nursing home,
for R-202; ``poundbury`` has a dementia bed for R-203 only from 18 May, ``grange`` from 6 April.
"""

from __future__ import annotations

import pytest

from matcher.allocation import UnplacedReason
from matcher.files import read_book
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.referee import check
from matcher.result import Limits, Method, Result, Status
from matcher.solvers import solve
from matcher.vocabulary import minute_text
from tests.breaking import SAMPLE


@pytest.fixture(scope="module")
def sample(gazetteer: Gazetteer) -> Market:
    """Give the market of the sample book."""
    folder = read_book(SAMPLE)
    return Market(folder.book, folder.policy, gazetteer)


@pytest.fixture(scope="module")
def exact(sample: Market) -> Result:
    """Give the exact answer."""
    return solve(sample, limits=Limits.reproducible())


@pytest.fixture(scope="module")
def today(sample: Market) -> Result:
    """Give what offices do today."""
    return solve(sample, method=Method.TODAY)


def who(result: Result, status: str) -> dict[str, str]:
    """Return who serves whom, of lines with one status."""
    lines = (line for line in result.allocation.placed if line.status == status)
    return {line.request_id: line.provider_id for line in lines}


def starts(result: Result) -> dict[str, int]:
    """Return the days from the book's day to the start of care."""
    as_of = read_book(SAMPLE).book.as_of
    return {line.request_id: (line.start_date - as_of).days for line in result.allocation.placed}


def test_the_best_allocation(sample: Market, exact: Result) -> None:
    """Amber R-104 gets the lunch hour, and R-203 the home that the family names, in time."""
    assert check(sample, exact.allocation) == ()
    assert exact.status is Status.OPTIMAL
    assert who(exact, "proposed") == {
        "R-101": "maiden",
        "R-102": "maiden",
        "R-104": "chesil",
        "R-105": "chesil",
        "R-201": "poundbury",
        "R-203": "grange",
        "R-204": "grange",
    }
    assert who(exact, "needs_approval") == {"R-106": "frome", "R-202": "bay"}


def test_the_stages_of_the_best_allocation(exact: Result) -> None:
    """Every value is proved.

    - Unplaced: R-202 is red and R-106 amber, both with offers that await approval; R-103 green.
    - Waiting: R-202 9, R-106 20, R-103 30 days. Without an offer: R-103.
    - Above the rate: ``bay`` 1,180 - 1,089 = 91.00; ``frome`` 17.5 hours: 479.50 - 438.38 = 41.12,
      42 pounds begun.
    - Starts, over Easter: late for R-102, R-104 and R-202.
    - Contracts: six on the framework, a step after block; three homes spot, two steps.
    - Points short of the best score, by 100 weights: R-101 16.92, R-102 18.43, R-104 18.97, R-105
      14.85, R-106 20.18, R-201 17.16, R-202 18.10, R-203 36.22, R-204 32.93. Of these 3.75 are
      R-104's 45 minutes before the best time of lunch, as late as there is room: three of eight
      steps of 15.
    - Offers: one each to ``maiden`` and ``chesil``, twice placed; one to ``frome``, one to ``bay``.
    """
    assert {stage.name: stage.value for stage in exact.stages} == {
        "unplaced_red": 1,
        "unplaced_amber": 1,
        "unplaced_green": 1,
        "waiting_days": 59,
        "without_offer": 1,
        "clock_breaches": 3,
        "specialist_use": 0,
        "tier_steps": 0,
        "contract_steps": 12,
        "unpriced_offers": 0,
        "above_rate": 91 + 42,
        "fit": 1_937_535,
        "recent_offers": 6,
    }
    assert [stage.bound for stage in exact.stages] == [stage.value for stage in exact.stages]


def test_what_offices_do_today(sample: Market, today: Result) -> None:
    """R-103 came first, so gets the lunch hour; R-203 gets the nearest home, but on 18 May."""
    assert check(sample, today.allocation) == ()
    assert today.status is Status.BASELINE
    assert who(today, "proposed") == {
        "R-101": "maiden",
        "R-102": "maiden",
        "R-103": "chesil",
        "R-105": "chesil",
        "R-201": "poundbury",
        "R-203": "poundbury",
        "R-204": "grange",
    }
    assert who(today, "needs_approval") == {"R-106": "frome", "R-202": "bay"}


def test_the_stages_of_todays_way(today: Result) -> None:
    """Two amber people are left out, one more than need be; R-203 starts 35 days late.

    - Waiting: R-202 9, R-104 16, R-106 20 days: fewer days, but a graver risk.
    - R-203 starts on day 47 instead of 9, after its date: one more breach, and 33.55 points short
      instead of 36.22, as ``poundbury`` is 35 km nearer.
    - R-103, at the same hour, is 18.58 points short, and R-104 no longer 18.97.
    - ``poundbury`` is on the framework, ``grange`` spot: a step less.
    """
    assert {stage.name: stage.value for stage in today.stages} == {
        "unplaced_red": 1,
        "unplaced_amber": 2,
        "unplaced_green": 0,
        "waiting_days": 45,
        "without_offer": 1,
        "clock_breaches": 4,
        "specialist_use": 0,
        "tier_steps": 0,
        "contract_steps": 11,
        "unpriced_offers": 0,
        "above_rate": 91 + 42,
        "fit": 1_937_535 - 362_150 + 335_525 - 189_665 + 185_845,
        "recent_offers": 6,
    }
    assert {stage.bound for stage in today.stages} == {None}


def test_days_of_starting(exact: Result, today: Result) -> None:
    """Only R-203 starts on different days.

    Two, three and five working days from the Wednesday before Easter are over on Tuesday 7,
    Wednesday 8 and Friday 10 April; R-105 has visits on some days of the week only.
    """
    common = {"R-101": 6, "R-102": 6, "R-105": 7, "R-106": 7, "R-201": 7, "R-202": 7, "R-204": 12}
    assert starts(exact) == {**common, "R-104": 6, "R-203": 9}
    assert starts(today) == {**common, "R-103": 6, "R-203": 47}


def test_times_that_are_needed_or_preferred(exact: Result, today: Result) -> None:
    """Insulin is at 08:00 sharp or within a quarter of an hour, and bedtime at half past eight."""
    for result in (exact, today):
        times = {
            (line.request_id, time.visit_no): minute_text(time.start_minute)
            for line in result.allocation.placed
            for time in line.visit_times
        }
        assert times["R-101", 2] == "20:30"
        assert "07:45" <= times["R-102", 1] <= "08:15"


def test_who_is_left_out(exact: Result, today: Result) -> None:
    """The lunch hour has one loser; R-107 cannot be arranged before five things are recorded."""
    for result, loser in ((exact, "R-103"), (today, "R-104")):
        lost, incomplete = result.allocation.unplaced
        assert (lost.request_id, lost.reason) == (loser, UnplacedReason.CAPACITY_TAKEN)
        assert lost.detail.startswith(f"1 provider could serve {loser} alone")
        assert (incomplete.request_id, incomplete.reason) == ("R-107", UnplacedReason.INCOMPLETE)
        for name in (
            "funding",
            "plan_signed_off",
            "funding_agreed",
            "has_mental_capacity",
            "visits",
        ):
            assert name in incomplete.detail


def test_running_care_is_left_alone(exact: Result) -> None:
    """R-100 has care already, so is in neither list (H18)."""
    names = [line.request_id for line in exact.allocation.placed]
    names += [line.request_id for line in exact.allocation.unplaced]
    assert "R-100" not in names
    assert (len(names), exact.arrangeable) == (11, 10)
