"""The problem: every option of every request, its costs, and the parts that share nothing."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import Frozen, Placement
from matcher.policy import Policy
from matcher.solvers.instance.candidates import Choice, Option, Problem
from matcher.vocabulary import CareType, TimeNeed
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
    placement_request,
    provider,
    respite_request,
    timed_visit,
    visit,
    weekly,
)
from tests.contests import contests, policies

AGENCIES = (
    *(provider("P-1"), hours("P-1"), hourly("P-1")),
    *(provider("P-2", postcode=Postcode(OUT_OF_TOWN)), hours("P-2"), hourly("P-2", 2600)),
    ceiling(),
)
HOME = (home(), beds(), weekly())


def problem(gazetteer: Gazetteer, *things: Frozen, policy: Policy | None = None) -> Problem:
    """Return the problem of a book of things."""
    return Problem(market(gazetteer, *things, policy=policy))


def starts(option: Option, row: int = 0) -> list[int]:
    """Return where an unknown time of an option may lie."""
    return np.flatnonzero(option.domains[row]).tolist()


# -- options -----------------------------------------------------------------------------------


def test_every_eligible_provider_is_an_option(gazetteer: Gazetteer) -> None:
    """Two agencies could serve R-1; R-2 excludes one of them; R-3 lacks its funding."""
    found = problem(
        gazetteer,
        *AGENCIES,
        homecare_request(request_id="R-3", funding=None),
        homecare_request(request_id="R-2", excluded_providers=("P-1",)),
        homecare_request(request_id="R-1"),
    )
    assert found.request_ids == ("R-1", "R-2")
    assert len(found) == 2
    assert [[option.provider for option in each] for each in found.options] == [[0, 1], [1]]


def test_an_option_knows_its_travel_and_first_day(gazetteer: Gazetteer) -> None:
    """780 m are one slot of travel, 4,949 m two; care starts after two days of lead time."""
    ((near, far),) = problem(gazetteer, *AGENCIES, homecare_request()).options
    assert (near.travel_slots, far.travel_slots) == (1, 2)
    assert (near.first_day, far.first_day) == (2, 2)
    assert (near.needs_approval, far.needs_approval) == (False, True)


def test_starts_of_visits(gazetteer: Gazetteer) -> None:
    """A carer free from 07:00 to 08:00 starts half an hour between 07:05 and 07:30."""
    supply = (provider(), hours(start="07:00", end="08:00"), hourly())
    ((option,),) = problem(gazetteer, *supply, homecare_request()).options
    assert starts(option) == list(range(minute("07:05") // 5, minute("07:30") // 5 + 1))


def test_critical_visits_start_within_their_tolerance(gazetteer: Gazetteer) -> None:
    """A critical 08:00 with five minutes either side has three starts (H5)."""
    asked = homecare_request(timed_visit(TimeNeed.CRITICAL, "08:00", tolerance_minutes=5))
    ((option, _),) = problem(gazetteer, *AGENCIES, asked).options
    assert starts(option) == [95, 96, 97]


def test_days_of_admission(gazetteer: Gazetteer) -> None:
    """A bed that frees on day 9 admits for good from then to the horizon, or the last day."""
    supply = (home(), beds(available_from=day(9)), weekly())
    open_ended, until = (
        placement_request("R-1"),
        placement_request("R-2", placement=Placement(admit_to=day(11))),
    )
    policy = council_policy(allocation__bed_horizon_days=30)
    (one,), (two,) = problem(gazetteer, *supply, open_ended, until, policy=policy).options
    assert starts(one) == list(range(9, 31))
    assert starts(two) == [9, 10, 11]
    assert (one.first_day, one.travel_slots) == (9, 0)


def test_days_of_admission_for_some_nights(gazetteer: Gazetteer) -> None:
    """Seven nights between day 5 and day 20, in a bed that is there until day 14: day 5 to 8."""
    supply = (home(), beds(available_to=day(14)), weekly())
    ((option,),) = problem(gazetteer, *supply, respite_request(7, 5, 20)).options
    assert starts(option) == [5, 6, 7, 8]


@pytest.mark.parametrize("first", [366, 367, 400, 3000])
def test_admissions_beyond_the_horizon(gazetteer: Gazetteer, first: int) -> None:
    """A bed asked for after the calendar's horizon is admitted on its first day."""
    asked = placement_request(placement=Placement(admit_from=day(first)))
    ((option,),) = problem(gazetteer, *HOME, asked).options
    assert starts(option) == [first]
    assert option.first_day == first


def test_all_beds_count_as_many_days(gazetteer: Gazetteer) -> None:
    """One late admission widens the calendar of all, so that they can be laid side by side."""
    late = placement_request("R-1", placement=Placement(admit_from=date(2028, 1, 1)))
    soon = placement_request("R-2")
    ((one,), (two,)) = problem(gazetteer, *HOME, late, soon).options
    assert one.domains.shape == two.domains.shape


def test_values_without_a_choice(gazetteer: Gazetteer) -> None:
    """Somebody left out adds a person under the risk, the days waited and a missing offer."""
    asked = homecare_request(risk="red", waiting_since=day(-3))
    found = problem(gazetteer, *AGENCIES, asked)
    names = [each.name for each in found.order]
    values = dict(zip(names, found.values(0, None), strict=True))
    assert {name: count for name, count in values.items() if count} == {
        "unplaced_red": 1,
        "waiting_days": 3,
        "without_offer": 1,
    }


def test_ranks_add_up(gazetteer: Gazetteer) -> None:
    """A rank sums over the requests asked about, in the policy's order.

    The far agency is 4,949 m away: two whole steps of 2 km, and its price needs approval.
    """
    order = (
        *("unplaced_red", "unplaced_amber", "unplaced_green"),
        *("without_offer", "distance", "waiting_days"),
    )
    policy = council_policy(allocation__order=order)
    asked = [
        homecare_request(request_id=name, waiting_since=day(-since))
        for name, since in (("R-1", 1), ("R-2", 2), ("R-3", 4))
    ]
    found = problem(gazetteer, *AGENCIES, *asked, policy=policy)
    plan = {0: Choice(found.options[0][1], (90,))}
    assert found.rank_of(plan, (0, 1, 2)) == (0, 3, 0, 2, 2, 7)
    assert found.rank_of(plan, (0, 2)) == (0, 2, 0, 1, 2, 5)
    assert found.rank_of(plan, ()) == (0, 0, 0, 0, 0, 0)


def test_a_choice_in_words(gazetteer: Gazetteer) -> None:
    """A choice reads as provider, status, days, times and figures."""
    asked = homecare_request(visit(1), visit(2, "tea"))
    found = problem(gazetteer, *AGENCIES, asked)
    line = found.placed(Choice(found.options[0][1], (90, 200)))
    assert (line.request_id, line.provider_id, line.status) == ("R-1", "P-2", "needs_approval")
    assert [(time.visit_no, time.start_minute) for time in line.visit_times] == [
        (1, minute("07:30")),
        (2, minute("16:40")),
    ]
    assert (line.start_date, line.weekly_cost_pence) == (day(2), 18_200)
    assert (line.distance_metres, line.travel_minutes) == (4949, 10)


def test_a_bed_in_words(gazetteer: Gazetteer) -> None:
    """A bed has a day of admission, no visits and no travel; an unknown fee stays unknown."""
    found = problem(gazetteer, home(), beds(), placement_request())
    line = found.placed(Choice(found.options[0][0], (17,)))
    assert (line.start_date, line.visit_times, line.travel_minutes) == (day(17), (), 0)
    assert (line.weekly_cost_pence, line.status) == (None, "needs_approval")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_costs_are_what_is_measured(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """Whatever times are chosen, an option adds its costs and what the times add to wishes."""
    found = Problem(Market(data.draw(contests()), data.draw(policies()), gazetteer))
    for option in (option for each in found.options for option in each):
        times = tuple(
            data.draw(st.sampled_from(starts(option, row))) for row in range(len(option.domains))
        )
        enquiry, of_visits = found.enquiries[option.request], times
        if enquiry.request.is_homecare:
            # Wishes are for visits, of which linked ones share a time.
            of_visits = tuple(enquiry.shape.visit_starts(np.array(times)).tolist())
        added = [
            cost + sum(wish.amount(of_visits[wish.visit]) for wish in each.wishes(enquiry))
            for each, cost in zip(found.order, option.costs, strict=True)
        ]
        assert added == [*found.values(option.request, Choice(option, times))]


# -- parts -------------------------------------------------------------------------------------


def parts(gazetteer: Gazetteer, *things: Frozen) -> list[list[str]]:
    """Return the ids of the requests of every part."""
    found = problem(gazetteer, *things)
    return [[found.request_ids[number] for number in part] for part in found.parts]


def only(name: str, *agencies: str) -> Frozen:
    """Build a request that only some of three agencies may serve."""
    others = tuple({"P-1", "P-2", "P-3"} - set(agencies))
    return homecare_request(request_id=name, excluded_providers=tuple(sorted(others)))


THREE = tuple(thing for name in ("P-1", "P-2", "P-3") for thing in (provider(name), hours(name)))


def test_requests_that_share_nobody_are_apart(gazetteer: Gazetteer) -> None:
    """R-1 and R-3 meet at P-1; R-2 is alone; R-4 has nobody and belongs to no part."""
    asked = (only("R-1", "P-1"), only("R-2", "P-2"), only("R-3", "P-1"), only("R-4"))
    assert parts(gazetteer, *THREE, *asked) == [["R-1", "R-3"], ["R-2"]]


def test_one_request_joins_two_parts(gazetteer: Gazetteer) -> None:
    """A late request that two groups could serve makes them one."""
    asked = [only("R-1", "P-1"), only("R-2", "P-2"), only("R-3", "P-3")]
    assert parts(gazetteer, *THREE, *asked) == [["R-1"], ["R-2"], ["R-3"]]
    asked.append(only("R-4", "P-3", "P-1"))
    assert parts(gazetteer, *THREE, *asked) == [["R-1", "R-3", "R-4"], ["R-2"]]
    asked.append(only("R-5", "P-2", "P-3"))
    assert parts(gazetteer, *THREE, *asked) == [["R-1", "R-2", "R-3", "R-4", "R-5"]]


def test_kinds_of_bed_are_apart(gazetteer: Gazetteer) -> None:
    """Two kinds of bed in one home share nothing; respite shares the bed of its kind."""
    residential = CareType.RESIDENTIAL
    both = home(services=("nursing_dementia", "residential", "respite"))
    supply = (both, beds(), beds(care_type=residential))
    asked = (
        placement_request("R-1"),
        request_for(residential, "R-2"),
        respite_request(request_id="R-3"),
    )
    assert parts(gazetteer, *supply, *asked) == [["R-1", "R-3"], ["R-2"]]


def request_for(care_type: CareType, name: str) -> Frozen:
    """Build a request for a long-term bed of some kind."""
    asked = placement_request(name).model_dump()
    return type(placement_request()).model_validate({**asked, "service_type": care_type.value})


def test_nobody_has_no_parts(gazetteer: Gazetteer) -> None:
    """A book without requests, or without options, falls into no part."""
    assert parts(gazetteer, *THREE) == []
    assert parts(gazetteer, homecare_request()) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_parts_are_the_connected_groups(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """Two requests are in one part exactly when shared capacity links them, at however many steps.

    The oracle joins whoever shares capacity until nothing changes.
    """
    found = Problem(Market(data.draw(contests()), data.draw(policies()), gazetteer))
    wanted: dict[int, set[object]] = {
        number: {found.resource(option) for option in options}
        for number, options in enumerate(found.options)
        if options
    }
    group = {number: number for number in wanted}
    changed = True
    while changed:
        changed = False
        for one, other in product(wanted, wanted):
            if wanted[one] & wanted[other] and group[one] > group[other]:
                group[one], changed = group[other], True
    expected: dict[int, list[int]] = defaultdict(list)
    for number in sorted(group):
        expected[group[number]].append(number)
    assert found.parts == tuple(tuple(members) for _, members in sorted(expected.items()))
