"""Each criterion worked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from matcher.eligibility import judge
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer, Postcode
from matcher.model import CareRequest, Frozen
from matcher.option import Option, describe_option
from matcher.policy import Policy
from matcher.scoring import (
    score,
    wanted_start,
)
from matcher.vocabulary import TimeNeed
from tests.builders import (
    AS_OF,
    HERE,
    OUT_OF_TOWN,
    OUT_OF_TOWN_METRES,
    beds,
    ceiling,
    council_policy,
    day,
    enquiry,
    home,
    homecare_request,
    hourly,
    hours,
    placement_request,
    provider,
    respite_request,
    timed_visit,
    visit,
)

AN_HOUR_A_WEEK = visit(minutes=60, days=("mon",))


def option_of(asked: Enquiry) -> Option:
    """Return the only provider of a market as an option."""
    starts = judge(asked).starts
    assert starts.possible.tolist() == [True]
    scores = score(asked, starts, np.array([0]))
    return describe_option(asked, starts, scores, 0, rank=1)


def scored(asked: Enquiry, name: str) -> tuple[float, int, str]:
    """Return score, weight and reason of one criterion at the only provider."""
    (line,) = [line for line in option_of(asked).criteria if line.name == name]
    return line.score, line.weight, line.reason


def homecare(
    gazetteer: Gazetteer,
    request: CareRequest,
    *things: Frozen,
    policy: Policy | None = None,
    **terms: Any,
) -> Enquiry:
    """Return the enquiry of a request at one agency with room all day."""
    return enquiry(gazetteer, request, provider(**terms), hours(), *things, policy=policy)


# -- cost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pence", "points"),
    [
        (2_000, 50.0),  # at the reference
        (1_500, 100.0),  # a quarter below
        (1_400, 100.0),  # never more than 100
        (2_500, 0.0),  # a quarter above
        (9_000, 0.0),  # never less than 0
        (2_100, 40.0),  # a fifth of the way to a quarter above
        (1_999, 50.1),
        (2_001, 49.9),
    ],
)
def test_cost_is_compared_with_the_framework_rate(
    pence: int, points: float, gazetteer: Gazetteer
) -> None:
    """50 at 20 pounds, 100 at 15, nought at 25, straight in between."""
    asked = homecare(
        gazetteer, homecare_request(AN_HOUR_A_WEEK), hourly(pence=pence), ceiling(2_000)
    )
    assert scored(asked, "cost")[:2] == (points, 25)


@pytest.mark.parametrize(("budget", "reference"), [(1_500, "£15.00"), (2_500, "£20.00")])
def test_cost_is_held_against_the_lower_of_rate_and_budget(
    budget: int, reference: str, gazetteer: Gazetteer
) -> None:
    """The reason gives both sides of the comparison."""
    request = homecare_request(AN_HOUR_A_WEEK, personal_budget_pence_per_week=budget)
    asked = homecare(gazetteer, request, hourly(pence=1_500), ceiling(2_000))
    points, _, reason = scored(asked, "cost")
    assert points == (50.0 if budget == 1_500 else 100.0)
    assert reason == f"£15.00 a week against {reference}"


def test_cost_weighs_nothing_without_anything_to_compare_with(gazetteer: Gazetteer) -> None:
    """Neither rate nor budget: the cost is told but not judged; a budget of nought is none."""
    for request in (
        homecare_request(AN_HOUR_A_WEEK),
        homecare_request(AN_HOUR_A_WEEK, personal_budget_pence_per_week=0),
    ):
        told = scored(homecare(gazetteer, request, hourly()), "cost")
        assert told == (0.0, 0, "£25.00 a week; no framework rate or budget to compare with")


def test_an_unknown_cost_scores_nought(gazetteer: Gazetteer) -> None:
    """No rate on file is not taken for free care."""
    asked = homecare(gazetteer, homecare_request(), ceiling())
    assert scored(asked, "cost") == (0.0, 25, "no rate on file")


# -- distance ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "asked_metres", "points", "reason"),
    [
        (HERE, None, 100.0, "0.0 km of a 24.1 km radius"),
        (OUT_OF_TOWN, None, 79.5, "4.9 km of a 24.1 km radius"),  # 1 - 4,949 / 24,140
        (OUT_OF_TOWN, 9_898, 50.0, "4.9 km of a 9.9 km radius"),  # the request's own radius
        (OUT_OF_TOWN, OUT_OF_TOWN_METRES, 0.0, "4.9 km of a 4.9 km radius"),
        (HERE, 0, 100.0, "0.0 km of a 0.0 km radius"),  # at the door, and nowhere else
    ],
)
def test_distance_is_what_is_left_of_the_radius(
    place: str, asked_metres: int | None, points: float, reason: str, gazetteer: Gazetteer
) -> None:
    """100 at the door, nought at the radius; a provider's own radius changes nothing."""
    request = homecare_request(max_distance_metres=asked_metres)
    asked = homecare(
        gazetteer, request, postcode=Postcode(place), max_distance_metres=OUT_OF_TOWN_METRES
    )
    assert scored(asked, "distance") == (points, 20, reason)


def test_a_nominated_home_beyond_the_radius_scores_nought_not_less(gazetteer: Gazetteer) -> None:
    """L2 lets it in; distance does not turn negative."""
    request = placement_request(preferred_providers=("H-1",), max_distance_metres=100)
    asked = enquiry(gazetteer, request, home(), beds())
    assert scored(asked, "distance")[0] == 0.0


# -- quality -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rating", "points"),
    [
        ("outstanding", 100.0),
        ("good", 80.0),
        ("not_yet_rated", 60.0),
        ("requires_improvement", 35.0),
        ("inadequate", 0.0),
    ],
)
@pytest.mark.parametrize("rated_on", [AS_OF, None])
def test_a_fresh_rating_has_its_points(
    rating: str, points: float, rated_on: date | None, gazetteer: Gazetteer
) -> None:
    """A rating without a date counts as fresh."""
    asked_for = homecare_request(preferred_providers=("P-1",))  # else never an Inadequate one
    asked = homecare(gazetteer, asked_for, cqc_rating=rating, cqc_rated_on=rated_on)
    assert scored(asked, "quality")[:2] == (points, 20)


@pytest.mark.parametrize(
    ("rating", "days_old", "points"),
    [
        ("good", 1_095, 80.0),  # a day short of three years: fresh
        ("good", 2_009, 70.0),  # five and a half years: halfway from 80 to 60
        ("good", 2_922, 60.0),  # eight years: says no more than no rating
        ("good", 7_000, 60.0),  # and never less
        ("inadequate", 2_009, 30.0),  # halfway from 0 to 60
        ("outstanding", 2_009, 80.0),  # halfway from 100 to 60
        ("not_yet_rated", 2_009, 60.0),  # nothing to fade
    ],
)
def test_a_rating_fades_with_age_towards_no_rating(
    rating: str, days_old: int, points: float, gazetteer: Gazetteer
) -> None:
    """Straight from its points at three years to those of no rating at eight."""
    rated_on = AS_OF - timedelta(days=days_old)
    asked_for = homecare_request(preferred_providers=("P-1",))  # else never an Inadequate one
    asked = homecare(gazetteer, asked_for, cqc_rating=rating, cqc_rated_on=rated_on)
    assert scored(asked, "quality")[0] == pytest.approx(points, abs=0.02)


def test_the_reason_tells_rating_and_date(gazetteer: Gazetteer) -> None:
    """An unrated provider has no date to tell."""
    for terms, reason in (
        ({}, "CQC good, rated 2026-04-01"),
        ({"cqc_rated_on": None}, "CQC good, date not recorded"),
        ({"cqc_rating": "not_yet_rated"}, "not yet rated"),
    ):
        assert scored(homecare(gazetteer, homecare_request(), **terms), "quality")[2] == reason


# -- continuity, preference, culture -------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        (None, (0.0, 0, "no current provider")),
        ("P-1", (100.0, 10, "current provider")),
        ("P-2", (0.0, 10, "current provider is P-2")),
    ],
)
def test_continuity_is_all_or_nothing(
    current: str | None, expected: tuple[float, int, str], gazetteer: Gazetteer
) -> None:
    """It weighs only where care runs already, known to the book or not."""
    asked = homecare(gazetteer, homecare_request(current_provider_id=current))
    assert scored(asked, "continuity") == expected


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ((), (0.0, 0, "no preference given")),
        (("P-1",), (100.0, 10, "preferred, choice 1 of 1")),
        (("P-2", "P-1"), (50.0, 10, "preferred, choice 2 of 2")),
        (("P-2", "P-3", "P-1"), (33.33, 10, "preferred, choice 3 of 3")),
        (("P-1", "P-2", "P-1"), (100.0, 10, "preferred, choice 1 of 3")),  # named twice
        (("P-2",), (0.0, 10, "not among the preferred")),
    ],
)
def test_preference_follows_the_persons_order(
    named: tuple[str, ...], expected: tuple[float, int, str], gazetteer: Gazetteer
) -> None:
    """The first named has 100, the last of n one n-th; names the book lacks still take a place."""
    asked = homecare(gazetteer, homecare_request(preferred_providers=named))
    assert scored(asked, "preference") == expected


@pytest.mark.parametrize(
    ("wishes", "terms", "expected"),
    [
        ({}, {}, (0.0, 0, "nothing asked for")),
        ({"languages": ("polish",)}, {"languages": ("polish",)}, (100.0, 5, "polish: yes")),
        ({"languages": ("polish", "bsl")}, {}, (0.0, 5, "polish, bsl: no")),
        ({"languages": ("english",)}, {}, (100.0, 5, "english: yes")),  # assumed of everyone
        ({"carer_gender": "female"}, {"female_carers": True}, (100.0, 5, "female carers: yes")),
        ({"carer_gender": "male"}, {"female_carers": True}, (0.0, 5, "male carers: no")),
        (
            {"languages": ("polish",), "carer_gender": "male"},
            {"male_carers": True},
            (50.0, 5, "polish: no; male carers: yes"),
        ),
    ],
)
def test_culture_is_the_share_of_wishes_met(
    wishes: dict[str, Any],
    terms: dict[str, Any],
    expected: tuple[float, int, str],
    gazetteer: Gazetteer,
) -> None:
    """Language and gender of carer count half each, or whole where asked for alone."""
    soft = council_policy(rules__languages_required=False, rules__carer_gender_required=False)
    asked = homecare(gazetteer, homecare_request(**wishes), policy=soft, **terms)
    assert scored(asked, "culture") == expected


# -- start and times -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lead", "points"),
    [
        (0, 100.0),
        (15, 100.0),  # the service clock's last day: the ninth working day, over Easter
        (16, 96.42),  # one day of 28 late: 3.58 points, whole hundredths a day
        (29, 49.88),  # fourteen days late
        (43, 0.0),
        (60, 0.0),  # never less
    ],
)
def test_an_early_start_scores_by_days_after_the_clock(
    lead: int, points: float, gazetteer: Gazetteer
) -> None:
    """Wanted within nine working days of the referral where no day is named (H22)."""
    asked = homecare(gazetteer, homecare_request(), lead_days=lead)
    expected = f"can start {day(lead)}, wanted by {day(15)}"
    assert scored(asked, "earliest_start") == (points, 5, expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start_by": day(3)}, day(3)),
        ({"waiting_since": day(-20)}, day(-7)),  # from a Thursday to a Wednesday
        ({"waiting_since": None}, day(15)),  # a wait of unknown length began today
    ],
)
def test_the_day_wanted_is_start_by_else_the_clock_from_the_referral(
    changes: dict[str, Any], expected: date, gazetteer: Gazetteer
) -> None:
    """A day named goes first."""
    assert wanted_start(homecare(gazetteer, homecare_request(**changes))) == expected


def test_a_bed_is_wanted_no_sooner_than_it_may_begin() -> None:
    """Who is asked for from a later day on is not late on that day (H13)."""
    stay = respite_request(first=7, start_by=day(3))
    assert stay.wanted_by == day(7)
    assert respite_request(first=7, start_by=day(9)).wanted_by == day(9)
    assert respite_request(first=7).wanted_by is None
    assert homecare_request(start_by=day(3)).wanted_by == day(3)


def test_nobody_is_marked_down_for_a_day_that_has_passed(gazetteer: Gazetteer) -> None:
    """Wanted last week, the best anyone can do is today."""
    asked = homecare(gazetteer, homecare_request(start_by=day(-7)), lead_days=0)
    assert scored(asked, "earliest_start")[0] == 100.0
    later = homecare(gazetteer, homecare_request(start_by=day(-7)), lead_days=7)
    assert scored(later, "earliest_start")[0] == 74.94


def test_visit_times_score_by_steps_away(gazetteer: Gazetteer) -> None:
    """Two visits on time and one 60 minutes off of 120: two thirds in full and half a third."""
    request = homecare_request(
        timed_visit(TimeNeed.PREFERRED, "08:00", 1),
        timed_visit(TimeNeed.PREFERRED, "12:00", 2, band="lunch"),
        visit(3, "tea"),
    )
    asked = enquiry(
        gazetteer,
        *(request, provider(), hours(end="11:00"), hours(start="12:55")),
    )
    # A third of the marks is 33.33; of its eight steps of 15 minutes four are lost, 4.17 each.
    expected = (83.32, 10, "08:00, 13:00 for 12:00, 17:00")
    assert scored(asked, "visit_times") == expected


def test_a_time_further_off_than_the_span_scores_nought(gazetteer: Gazetteer) -> None:
    """Three hours off is not worse than two: each visit stops at nought."""
    request = homecare_request(timed_visit(TimeNeed.PREFERRED, "07:00"))
    asked = enquiry(gazetteer, request, provider(), hours(start="09:55"))
    assert scored(asked, "visit_times") == (0.0, 10, "10:00 for 07:00")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("08:20", (100.0, 10, "08:30")),  # trivially: the ideal itself
        ("08:35", (100.0, 10, "08:40 for 08:30")),  # within the first step nothing is lost
        ("08:40", (87.5, 10, "08:45 for 08:30")),  # one step of eight
    ],
)
def test_without_a_time_asked_for_the_ideal_of_the_band_counts(
    gazetteer: Gazetteer, start: str, expected: tuple[float, int, str]
) -> None:
    """A visit that may be at any time of its band is still best at the band's ideal time."""
    asked = enquiry(gazetteer, homecare_request(visit()), provider(), hours(start=start))
    assert scored(asked, "visit_times") == expected


def test_times_weigh_nothing_where_there_are_no_visits(gazetteer: Gazetteer) -> None:
    """A bed has no times of day."""
    told = scored(enquiry(gazetteer, home(), beds(), placement_request()), "visit_times")
    assert told == (0.0, 0, "no visits")
