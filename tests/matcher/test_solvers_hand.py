"""The exact method on books whose best answer is worked out by hand."""

from __future__ import annotations

import pytest

from matcher.allocation import UnplacedReason
from matcher.geography import Gazetteer, Postcode
from matcher.model import Frozen, Placement
from matcher.result import Limits, Method, Result, Status
from matcher.solvers import solve
from matcher.vocabulary import Day, TimeNeed
from tests.builders import (
    OUT_OF_TOWN,
    beds,
    ceiling,
    council_policy,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    minute,
    offered,
    placement_request,
    provider,
    respite_request,
    timed_visit,
    visit,
    weekly,
)

ONE_VISIT = (provider(), hours(start="07:00", end="07:40", carers=1), hourly(), ceiling())
"""Room for one half-hour visit and five minutes of travel each morning."""
ONE_BED = (home(), beds(), weekly())


def best(gazetteer: Gazetteer, *things: Frozen, method: Method = Method.EXACT) -> Result:
    """Return the proved best allocation of a book of things."""
    result = solve(market(gazetteer, *things), method=method, limits=Limits.reproducible())
    assert (result.status is Status.OPTIMAL) is (method is Method.EXACT)
    return result


def who(result: Result) -> dict[str, str]:
    """Return who serves whom."""
    return {line.request_id: line.provider_id for line in result.allocation.placed}


def worth(result: Result) -> dict[str, int]:
    """Return every stage whose value is not nought."""
    return {stage.name: stage.value for stage in result.stages if stage.value}


def test_risk_goes_before_waiting(gazetteer: Gazetteer) -> None:
    """One place: red goes first although green waits nine days longer (S1).

    Left out is R-1: one green person, nine days, nobody else. R-2 is served on the framework, a
    step after block, and is 23.40 points short of the best score: half of cost's 25, a fifth of
    quality's 20, 3.23 % of distance's 20, and five eighths of 10 for times: 85 minutes before the
    best time of a morning are five whole steps of 15, of eight to the span.
    """
    green = homecare_request(request_id="R-1", risk="green", waiting_since=day(-9))
    red = homecare_request(request_id="R-2", risk="red")
    result = best(gazetteer, *ONE_VISIT, green, red)
    assert who(result) == {"R-2": "P-1"}
    assert worth(result) == {
        "unplaced_green": 1,
        "waiting_days": 9,
        "without_offer": 1,
        "contract_steps": 1,
        "fit": 125_000 + 40_000 + 6_460 + 62_500,
    }
    today = best(gazetteer, *ONE_VISIT, green, red, method=Method.TODAY)
    assert who(today) == {"R-1": "P-1"}


def test_among_equals_the_longest_wait_goes_first(gazetteer: Gazetteer) -> None:
    """One place and three amber people who wait 3, 8 and 5 days: 3 + 5 days stay (S1)."""
    since = {"R-1": 3, "R-2": 8, "R-3": 5}
    asked = [homecare_request(request_id=name, waiting_since=day(-n)) for name, n in since.items()]
    result = best(gazetteer, *ONE_VISIT, *asked)
    assert who(result) == {"R-2": "P-1"}
    assert worth(result)["waiting_days"] == 8
    assert worth(result)["unplaced_amber"] == 2


def test_two_short_packages_go_before_one_long(gazetteer: Gazetteer) -> None:
    """75 minutes hold one visit of an hour, or two of half an hour: two people, not one.

    Today the longest wait takes it all and leaves two out.
    """
    supply = (provider(), hours(start="07:00", end="08:15", carers=1), hourly(), ceiling())
    long = homecare_request(visit(minutes=60), request_id="R-1", waiting_since=day(-30))
    short = [homecare_request(request_id=name) for name in ("R-2", "R-3")]
    result = best(gazetteer, *supply, long, *short)
    assert who(result) == {"R-2": "P-1", "R-3": "P-1"}
    assert worth(result)["unplaced_amber"] == 1
    today = best(gazetteer, *supply, long, *short, method=Method.TODAY)
    assert worth(today)["unplaced_amber"] == 2


def test_who_has_a_choice_gives_way(gazetteer: Gazetteer) -> None:
    """R-2 can only go to the near agency, so R-1 takes the far one, 4,949 m away.

    Both visits are five steps of 15 minutes before the best time of a morning.
    """
    far = (
        provider("P-2", postcode=Postcode(OUT_OF_TOWN)),
        hours("P-2", start="07:00", end="07:40", carers=1),
        hourly("P-2"),
    )
    asked = (
        homecare_request(request_id="R-1", waiting_since=day(-9)),
        homecare_request(request_id="R-2", excluded_providers=("P-2",)),
    )
    result = best(gazetteer, *ONE_VISIT, *far, *asked)
    assert who(result) == {"R-1": "P-2", "R-2": "P-1"}
    assert worth(result)["fit"] == 2 * (165_000 + 62_500) + 6_460 + 41_000
    today = best(gazetteer, *ONE_VISIT, *far, *asked, method=Method.TODAY)
    assert who(today) == {"R-1": "P-1"}


def test_an_offer_above_the_rate_is_no_placement(gazetteer: Gazetteer) -> None:
    """Two agencies, one a pound an hour above the rate: one person is placed, one has an offer.

    R-1 waits longer, so is the one placed. R-2 counts as unplaced and waits on, two days, but
    has an offer at 3.50 pounds a week above the rate, four begun, that awaits approval (H9).
    """
    dear = (provider("P-0"), hours("P-0"), hourly("P-0", 2600))
    asked = (
        homecare_request(request_id="R-1", waiting_since=day(-3)),
        homecare_request(request_id="R-2", waiting_since=day(-2)),
    )
    result = best(gazetteer, *ONE_VISIT, *dear, *asked)
    assert who(result) == {"R-1": "P-1", "R-2": "P-0"}
    statuses = [line.status.value for line in result.allocation.placed]
    assert statuses == ["proposed", "needs_approval"]
    found = worth(result)
    assert (found["unplaced_amber"], found["waiting_days"]) == (1, 2)
    assert found["above_rate"] == 4
    assert "without_offer" not in found


def test_a_start_in_time_goes_before_a_price_within_the_rate(gazetteer: Gazetteer) -> None:
    """Both offers await approval for want of a budget: the one in time costs more and wins."""
    late = (provider("P-2", lead_days=20), hours("P-2"), hourly("P-2", 2600))
    soon = (provider("P-3"), hours("P-3"), hourly("P-3", 2700))
    result = best(gazetteer, *late, *soon, ceiling(), homecare_request())
    assert who(result) == {"R-1": "P-3"}
    assert worth(result)["above_rate"] == 7
    assert "clock_breaches" not in worth(result)


def test_people_who_want_the_same_time_share_the_minutes(gazetteer: Gazetteer) -> None:
    """Two people prefer 08:00 and have one carer: each visit takes 35 minutes with its travel.

    Starts at least 35 minutes apart lie together at least 35 minutes away from 08:00: 10 of them,
    which is no whole step of 15, and 25, which is one (S7). Of eight steps to the span one costs
    an eighth of the weight of 10.
    """
    supply = (provider(), hours(carers=1), hourly(), ceiling())
    asked = [
        homecare_request(timed_visit(TimeNeed.PREFERRED, "08:00"), request_id=name)
        for name in ("R-1", "R-2")
    ]
    result = best(gazetteer, *supply, *asked)
    assert worth(result)["fit"] == 2 * (165_000 + 6_460) + 10 * 1_250


def test_a_critical_time_moves_the_others(gazetteer: Gazetteer) -> None:
    """R-1 prefers 08:00 and R-2 needs it: the need is met, and R-1 gives way by 35 minutes (H5)."""
    supply = (provider(), hours(carers=1), hourly(), ceiling())
    preferred = homecare_request(timed_visit(TimeNeed.PREFERRED, "08:00"), waiting_since=day(-9))
    critical = homecare_request(
        timed_visit(TimeNeed.CRITICAL, "08:00", tolerance_minutes=0), request_id="R-2"
    )
    result = best(gazetteer, *supply, preferred, critical)
    first, second = result.allocation.placed
    assert second.visit_times[0].start_minute == minute("08:00")
    assert first.visit_times[0].start_minute in {minute("07:25"), minute("08:35")}
    off = 10 * 2 * 1_250  # two steps of 15 minutes
    assert worth(result)["fit"] == 2 * (165_000 + 6_460) + off


def test_double_ups_and_single_visits(gazetteer: Gazetteer) -> None:
    """Two carers for 75 minutes: a double-handed visit and two single ones beside one another."""
    supply = (provider(), hours(start="07:00", end="08:10", carers=2), hourly(), ceiling())
    asked = (
        homecare_request(visit(carers=2), request_id="R-1"),
        homecare_request(request_id="R-2"),
        homecare_request(request_id="R-3"),
        homecare_request(request_id="R-4", risk="green"),
    )
    result = best(gazetteer, *supply, *asked)
    assert who(result) == {"R-1": "P-1", "R-2": "P-1", "R-3": "P-1"}
    assert worth(result)["unplaced_green"] == 1


def test_visits_on_different_days_share_the_window(gazetteer: Gazetteer) -> None:
    """In a window for one visit a day weekdays and weekend have room for two people."""
    week = tuple(Day)
    asked = (
        homecare_request(visit(days=week[:5]), request_id="R-1"),
        homecare_request(visit(days=week[5:]), request_id="R-2"),
        homecare_request(visit(days=(Day.SUN,)), request_id="R-3", risk="green"),
    )
    result = best(gazetteer, *ONE_VISIT, *asked)
    assert set(who(result)) == {"R-1", "R-2"}


def test_equal_offers_take_turns(gazetteer: Gazetteer) -> None:
    """All else equal the offers of the last 90 days decide: the agency without any wins (S3)."""
    twin = (provider("P-2"), hours("P-2"), hourly("P-2"))
    supply = (provider(), hours(), hourly(), ceiling(), *twin)
    assert who(best(gazetteer, *supply, offered("P-1"), homecare_request())) == {"R-1": "P-2"}
    assert who(best(gazetteer, *supply, offered("P-2"), homecare_request())) == {"R-1": "P-1"}


# -- beds --------------------------------------------------------------------------------------


def starts(result: Result) -> dict[str, int]:
    """Return the day of admission of everybody placed."""
    return {line.request_id: (line.start_date - day(0)).days for line in result.allocation.placed}


def test_a_stay_before_a_bed_for_good(gazetteer: Gazetteer) -> None:
    """One bed: R-2 stays on nights 7 to 13 and R-1 moves in for good on day 14.

    Today R-1, who waits longer, takes it on day 3 and R-2 finds nothing. R-1 wanted care within
    nine days of the referral, so is late.
    """
    asked = (
        placement_request("R-1", waiting_since=day(-5)),
        respite_request(7, 7, 13, "R-2", start_by=day(7)),
    )
    result = best(gazetteer, *ONE_BED, *asked)
    assert starts(result) == {"R-1": 14, "R-2": 7}
    assert worth(result)["clock_breaches"] == 1
    assert starts(best(gazetteer, *ONE_BED, *asked, method=Method.TODAY)) == {"R-1": 3}


def test_stays_are_laid_end_to_end(gazetteer: Gazetteer) -> None:
    """Stays of 7, 5 and 2 nights fill a bed from day 7 to day 20, whoever waits longest."""
    nights = {"R-1": 7, "R-2": 5, "R-3": 2}
    asked = [respite_request(n, 7, 20, name) for name, n in nights.items()]
    result = best(gazetteer, *ONE_BED, *asked)
    assert len(result.allocation.placed) == 3
    busy = [d for name, first in starts(result).items() for d in range(first, first + nights[name])]
    assert sorted(busy) == [*range(7, 21)]
    assert "clock_breaches" not in worth(result)  # all start by the day they are wanted


def test_a_bed_that_frees_later(gazetteer: Gazetteer) -> None:
    """One bed now and one from day 19: two people move in, on days 3 and 19."""
    later = beds(available_from=day(19))
    asked = (placement_request("R-1"), placement_request("R-2"), placement_request("R-3"))
    result = best(gazetteer, *ONE_BED, later, *asked)
    assert sorted(starts(result).values()) == [3, 19]
    assert worth(result)["unplaced_amber"] == 1
    assert worth(result)["clock_breaches"] == 1


def test_a_bed_wanted_back_suits_a_stay(gazetteer: Gazetteer) -> None:
    """A vacancy until day 13 takes the stay, and the lasting one the person for good."""
    until = beds(available_to=day(13))
    asked = (placement_request("R-1"), respite_request(7, 7, 13, "R-2"))
    result = best(gazetteer, *ONE_BED, until, *asked)
    assert starts(result) == {"R-1": 3, "R-2": 7}


def test_admissions_beyond_the_horizon_share_a_bed(gazetteer: Gazetteer) -> None:
    """A stay in two years and a bed for good now want one bed: one of them gets it.

    Both are amber and wait as long; the bed for good starts 397 days before the stay, which would
    breach the clock besides.
    """
    asked = (placement_request("R-1"), respite_request(7, 400, 406, "R-2"))
    result = best(gazetteer, *ONE_BED, *asked)
    assert starts(result) == {"R-1": 3}
    alone = best(gazetteer, *ONE_BED, asked[1])
    assert starts(alone) == {"R-2": 400}
    late = [placement_request(f"R-{n}", placement=Placement(admit_from=day(3000))) for n in (1, 2)]
    assert starts(best(gazetteer, *ONE_BED, beds(), *late)) == {"R-1": 3000, "R-2": 3000}


# -- whole books -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize(
    "things",
    [
        ONE_VISIT,  # why: nobody waits
        (),  # why: nothing at all
    ],
)
def test_nobody_waits(gazetteer: Gazetteer, method: Method, things: tuple[Frozen, ...]) -> None:
    """A book without requests has an empty answer, and every stage stands at nought."""
    result = best(gazetteer, *things, method=method)
    assert (result.arrangeable, result.allocation.placed, result.allocation.unplaced) == (0, (), ())
    assert worth(result) == {}


@pytest.mark.parametrize("method", list(Method))
def test_no_providers(gazetteer: Gazetteer, method: Method) -> None:
    """Without providers everybody is left out, which no answer can beat."""
    asked = (homecare_request(request_id="R-1", waiting_since=day(-2)), placement_request("R-2"))
    result = best(gazetteer, *asked, method=method)
    assert worth(result) == {"unplaced_amber": 2, "waiting_days": 2, "without_offer": 2}
    assert {line.reason for line in result.allocation.unplaced} == {
        UnplacedReason.NO_SUITABLE_PROVIDER
    }


@pytest.mark.parametrize("method", list(Method))
def test_only_incomplete_requests(gazetteer: Gazetteer, method: Method) -> None:
    """Requests that cannot be arranged are listed, but weigh on no stage (H2)."""
    asked = [homecare_request(request_id=name, funding=None) for name in ("R-1", "R-2")]
    result = best(gazetteer, *ONE_VISIT, *asked, method=method)
    assert (result.arrangeable, worth(result)) == (0, {})
    assert [line.request_id for line in result.allocation.unplaced] == ["R-1", "R-2"]


@pytest.mark.parametrize("method", list(Method))
def test_only_beds_and_only_homecare(gazetteer: Gazetteer, method: Method) -> None:
    """A book of one kind of care is as good as any."""
    assert who(best(gazetteer, *ONE_BED, placement_request(), method=method)) == {"R-1": "H-1"}
    assert who(best(gazetteer, *ONE_VISIT, homecare_request(), method=method)) == {"R-1": "P-1"}


def test_a_policy_may_name_few_objectives(gazetteer: Gazetteer) -> None:
    """Stages are those of the policy, in its order, and no others."""
    people = ("unplaced_red", "unplaced_amber", "unplaced_green", "without_offer")
    order = ("waiting_days", *people)
    supply = market(
        gazetteer,
        *ONE_VISIT,
        homecare_request(request_id="R-1", risk="red", waiting_since=day(-1)),
        homecare_request(request_id="R-2", risk="green", waiting_since=day(-2)),
        policy=council_policy(allocation__order=order),
    )
    result = solve(supply, limits=Limits.reproducible())
    assert [(stage.name, stage.value, stage.bound) for stage in result.stages] == [
        ("waiting_days", 1, 1),
        ("unplaced_red", 1, 1),
        ("unplaced_amber", 0, 0),
        ("unplaced_green", 0, 0),
        ("without_offer", 1, 1),
    ]
    assert [stage.unit for stage in result.stages] == ["days", *["people"] * 4]
