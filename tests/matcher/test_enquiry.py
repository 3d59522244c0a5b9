"""One request put to the market: where, how far, and on which day care could begin."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.enquiry import Enquiry
from matcher.errors import MatcherError, PostcodeError
from matcher.geography import Gazetteer, Postcode, metres_between
from matcher.model import Placement
from tests.builders import (
    HERE,
    WEYMOUTH,
    WEYMOUTH_METRES,
    beds,
    council_policy,
    day,
    enquiry,
    home,
    homecare_request,
    hours,
    placement_request,
    provider,
    visit,
)

RYDE, FERRY = "PO33 2HG", "the Portsmouth-Fishbourne ferry"
"""On the Isle of Wight, and how one gets there from Southsea."""


def test_a_request_without_a_postcode_cannot_be_put_to_anybody(gazetteer: Gazetteer) -> None:
    """The request is named, and what it lacks."""
    with pytest.raises(MatcherError, match="R-1 has no postcode") as caught:
        enquiry(gazetteer, homecare_request(postcode=None))
    assert caught.value.expected == "a postcode"


def test_a_postcode_that_nobody_has_is_refused(gazetteer: Gazetteer) -> None:
    """A letter mistyped does not put the person anywhere."""
    with pytest.raises(PostcodeError, match="DT1 1ZZ"):
        enquiry(gazetteer, homecare_request(postcode=Postcode("DT1 1ZZ")))


def test_distances_are_those_between_the_postcodes(gazetteer: Gazetteer) -> None:
    """To the metre, as for one pair; a home has no travel."""
    supply = (provider("P-1", postcode=Postcode(WEYMOUTH)), home("P-2", postcode=Postcode(HERE)))
    asked = enquiry(gazetteer, homecare_request(), *supply)
    pair = metres_between(gazetteer.locate(Postcode(HERE)), gazetteer.locate(Postcode(WEYMOUTH)))
    assert asked.distance_metres.tolist() == [pair, 0] == [WEYMOUTH_METRES, 0]
    assert asked.travel_minutes.tolist() == [15, 5]
    placed = enquiry(gazetteer, placement_request(), *supply)
    assert placed.travel_minutes.tolist() == [0, 0]


def test_water_lengthens_the_way_and_a_ferry_takes_time(gazetteer: Gazetteer) -> None:
    """From Southsea to Ryde it is 15.1 km and an hour on a ferry, not 8.3 km; a home has none."""
    southsea = {"postcode": Postcode("PO5 3BA")}
    supply = (provider("P-1", **southsea), provider("P-2", postcode=Postcode(RYDE)))
    asked = enquiry(gazetteer, homecare_request(postcode=Postcode(RYDE)), *supply)
    assert asked.distance_metres.tolist() == [15_084, 0]
    assert asked.travel_minutes.tolist() == [80, 5]
    assert [asked.way_text(number) for number in range(2)] == [f" by {FERRY}", ""]
    assert asked.ways.barred.tolist() == [True, False]
    placed = enquiry(gazetteer, placement_request(postcode=Postcode(RYDE)), home(**southsea))
    assert (placed.distance_metres[0], placed.travel_minutes[0]) == (15_084, 0)
    assert (placed.way_text(0), placed.ways.barred[0]) == (f" by {FERRY}", False)


def test_a_council_may_send_its_carers_by_ferry(gazetteer: Gazetteer) -> None:
    """With ferries allowed nobody is barred; the way and its minutes stay."""
    policy = council_policy(travel__ferries_for_homecare=True)
    things = (homecare_request(postcode=Postcode(RYDE)), provider(postcode=Postcode("PO5 3BA")))
    asked = enquiry(gazetteer, *things, policy=policy)
    assert (asked.distance_metres[0], asked.travel_minutes[0]) == (15_084, 80)
    assert not asked.ways.barred[0]


@pytest.mark.parametrize(
    ("asked_metres", "own", "bound"),
    [
        (None, 24_140, 10_000),
        (12_000, 12_000, 10_000),
        (8_000, 8_000, 8_000),
        (90_000, 24_140, 10_000),
    ],
)
def test_the_smallest_radius_binds(
    asked_metres: int | None, own: int, bound: int, gazetteer: Gazetteer
) -> None:
    """Of policy, request and provider; a request cannot widen the policy's."""
    asked = enquiry(
        gazetteer,
        homecare_request(max_distance_metres=asked_metres),
        *(provider("P-1", max_distance_metres=10_000), provider("P-2")),
    )
    assert asked.own_radius_metres == own
    assert asked.radius_metres.tolist() == [bound, own]


def test_homes_have_a_radius_of_their_own(gazetteer: Gazetteer) -> None:
    """Twenty-five miles by default."""
    assert enquiry(gazetteer, placement_request()).own_radius_metres == 40_234


@pytest.mark.parametrize(
    ("days", "lead", "first"),
    [
        (("wed",), 0, 0),  # today
        (("wed",), 1, 7),  # a day too late for this week's
        (("thu", "mon"), 1, 1),
        (("thu", "mon"), 2, 5),
        (("tue",), 0, 6),
    ],
)
def test_the_first_visit_is_on_the_first_day_of_the_package_after_the_notice(
    days: tuple[str, ...], lead: int, first: int, gazetteer: Gazetteer
) -> None:
    """Counted from Wednesday the first of April."""
    asked = enquiry(gazetteer, homecare_request(visit(days=days)))
    assert asked.first_visit_day(lead) == first


def test_without_visits_care_could_start_after_the_notice(gazetteer: Gazetteer) -> None:
    """A package still empty has no weekday to wait for."""
    bare = homecare_request().model_copy(update={"package": placement_request().package})
    assert enquiry(gazetteer, bare).first_visit_day(4) == 4


def test_providers_start_by_their_own_notice(gazetteer: Gazetteer) -> None:
    """Some notice differs, and a provider not asked, or without capacity, has no start."""
    supply = [
        *(provider("P-1", lead_days=0), hours("P-1")),
        *(provider("P-2", lead_days=4), hours("P-2")),
        *(provider("P-3"), provider("P-4"), hours("P-4")),
    ]
    asked = enquiry(gazetteer, homecare_request(), *supply)
    starts = asked.starts(np.array([True, True, True, False]))
    assert starts.possible.tolist() == [True, True, False, False]
    assert starts.start_day.tolist() == [0, 4, -1, -1]
    assert starts.visit_slots[:, 0].tolist() == [102, 102, -1, -1]  # 08:30


def test_homes_admit_by_their_own_notice(gazetteer: Gazetteer) -> None:
    """The later of notice and vacancy, inside the window asked for."""
    supply = [
        *(home("H-1", lead_days=0), beds("H-1")),
        *(home("H-2", lead_days=6), beds("H-2")),
        *(home("H-3", lead_days=0), beds("H-3", available_from=day(4))),
        *(home("H-4", lead_days=11), beds("H-4")),
    ]
    request = placement_request(placement=Placement(admit_from=day(2), admit_to=day(10)))
    starts = enquiry(gazetteer, request, *supply).starts(np.ones(4, np.bool_))
    assert starts.possible.tolist() == [True, True, True, False]
    assert starts.start_day.tolist() == [2, 6, 4, -1]


def test_notice_over_easter_is_counted_in_working_days(gazetteer: Gazetteer) -> None:
    """Two and three working days from Wednesday before Easter, unless any day will do."""
    supply = [
        *(provider("P-1", admits_at_weekends=None), hours("P-1")),
        *(provider("P-2", admits_at_weekends=True), hours("P-2")),
    ]
    asked = enquiry(gazetteer, homecare_request(visit(days=("sat", "tue"))), *supply)
    assert asked.starts(np.ones(2, np.bool_)).start_day.tolist() == [6, 3]


def test_agencies_may_begin_at_a_weekend(gazetteer: Gazetteer) -> None:
    """Only the notice counts working days: one day's is over on Thursday, the visits on Sunday."""
    agency = provider(admits_at_weekends=False, lead_days=1)
    asked = enquiry(gazetteer, homecare_request(visit(days=("sun",))), agency, hours())
    assert asked.starts(np.ones(1, np.bool_)).start_day.tolist() == [4]


def test_homes_admit_on_working_days_unless_they_say_otherwise(gazetteer: Gazetteer) -> None:
    """A bed from Good Friday on: the Tuesday after Easter, or that day at a home that admits."""
    supply = [
        *(home("H-1", lead_days=1, admits_at_weekends=None), beds("H-1", available_from=day(2))),
        *(home("H-2", lead_days=1, admits_at_weekends=False), beds("H-2", available_from=day(2))),
        *(home("H-3", lead_days=1, admits_at_weekends=True), beds("H-3", available_from=day(2))),
    ]
    everyone = np.ones(3, np.bool_)
    asked = enquiry(gazetteer, placement_request(), *supply)
    assert asked.starts(everyone).start_day.tolist() == [6, 6, 2]
    always = council_policy(times__admit_at_weekends=True)
    asked = enquiry(gazetteer, placement_request(), *supply, policy=always)
    assert asked.starts(everyone).start_day.tolist() == [2, 6, 2]


def test_long_notice_beyond_a_short_calendar_still_admits(gazetteer: Gazetteer) -> None:
    """Forty days' notice on a calendar of 28 nights: the nights after are all alike."""
    short = council_policy(allocation__bed_horizon_days=28)
    asked: Enquiry = enquiry(
        gazetteer, placement_request(), home(lead_days=40), beds(), policy=short
    )
    starts = asked.starts(np.ones(1, np.bool_))
    assert (starts.possible.tolist(), starts.start_day.tolist()) == ([True], [40])
