"""The answer in words: a reason for every proposal and for everybody left out."""

from __future__ import annotations

import pytest

from matcher.allocation import Allocation, Unplaced, UnplacedReason
from matcher.geography import Gazetteer, Postcode
from matcher.model import Frozen, Running
from matcher.solvers.baseline import todays_way
from matcher.solvers.instance.candidates import Problem
from matcher.solvers.instance.read_back import allocation_of
from matcher.vocabulary import ServiceType, TimeNeed
from tests.builders import (
    WEYMOUTH,
    ceiling,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    request,
    timed_visit,
)
from tests.proposals import AGENCY, HOME


def answer(gazetteer: Gazetteer, *things: Frozen) -> Allocation:
    """Return today's allocation of a book of things."""
    problem = Problem(market(gazetteer, *things))
    return allocation_of(problem, todays_way(problem))


def gap(gazetteer: Gazetteer, *things: Frozen) -> Unplaced:
    """Return the only line of somebody left out."""
    (line,) = answer(gazetteer, *things).unplaced
    return line


def test_a_proposal_says_why(gazetteer: Gazetteer) -> None:
    """Distance, and how many others could start, within the rate or above it."""
    dear = (provider("P-2"), hours("P-2"), hourly("P-2", 2600))
    (line,) = answer(gazetteer, *AGENCY, *dear, homecare_request()).placed
    assert line.reasons == (
        "0.8 km away",
        "rated Good on 2026-04-01",
        "one of 2 providers that could start, 1 of them without an approval",
    )


def test_a_dear_proposal_says_who_must_agree(gazetteer: Gazetteer) -> None:
    """An offer above the rate says by how much, and that it must be approved (H9)."""
    dear = (provider(), hours(), hourly(pence=2600), ceiling())
    (line,) = answer(gazetteer, *dear, homecare_request()).placed
    assert "£1.00 an hour above the framework rate" in line.reasons[-1]
    assert line.reasons[-1].endswith("a budget holder must approve (H9).")


def test_capacity_taken(gazetteer: Gazetteer) -> None:
    """Somebody whom others' care leaves no room is told how many could have served them."""
    one = (provider(), hours(start="07:00", end="07:40", carers=1), hourly())
    asked = (homecare_request(), homecare_request(request_id="R-2"))
    line = gap(gazetteer, *one, *asked)
    assert (line.request_id, line.reason) == ("R-2", UnplacedReason.CAPACITY_TAKEN)
    assert line.detail == (
        "1 provider could serve R-2 alone, but what they have free goes to others who wait."
    )
    three = [homecare_request(request_id=f"R-{n}") for n in (1, 2, 3)]
    two = (*one, provider("P-2"), hours("P-2", start="07:00", end="07:40", carers=1))
    assert gap(gazetteer, *two, *three).detail.startswith("2 providers could serve R-3")


def test_no_capacity(gazetteer: Gazetteer) -> None:
    """A suitable agency without room is counted, and the smallest move that helps is named."""
    full = (provider(), hours(start="11:00", end="12:00"), hourly())
    line = gap(gazetteer, *full, homecare_request())
    assert line.reason is UnplacedReason.NO_CAPACITY
    assert line.detail == "1 suitable provider, none with room for R-1 as asked."
    assert line.nearest_miss == "Agency P-1: would do if the morning visit may start at 11:05"


def test_no_suitable_provider(gazetteer: Gazetteer) -> None:
    """Where a rule forbids everybody, the nearest miss says what would have admitted one.

    Weymouth is 11,707 m away and the person asks for at most 10 km: 1.7 km beyond.
    """
    far = (provider(postcode=Postcode(WEYMOUTH)), hours(), hourly())
    line = gap(gazetteer, *far, homecare_request(max_distance_metres=10_000))
    assert line.reason is UnplacedReason.NO_SUITABLE_PROVIDER
    assert line.detail == "None of 1 provider is suitable for R-1."
    assert line.nearest_miss == "Agency P-1: 1.7 km beyond the radius"


def test_nobody_at_all(gazetteer: Gazetteer) -> None:
    """In a book without providers nothing comes near, and that is said."""
    line = gap(gazetteer, homecare_request())
    assert line.reason is UnplacedReason.NO_SUITABLE_PROVIDER
    assert line.nearest_miss == "no small change would help"


def test_specialists_are_no_gap_where_generic_ones_are_full(gazetteer: Gazetteer) -> None:
    """A generic agency without room does not stand in a specialist's way (H12)."""
    full = (provider("P-1"), hours("P-1", start="11:00", end="12:00"))
    specialist = (provider("P-2", lot="specialist"), hours("P-2"))
    (line,) = answer(gazetteer, *full, *specialist, homecare_request()).placed
    assert line.provider_id == "P-2"


@pytest.mark.parametrize(
    ("asked", "reason", "detail"),
    [
        (
            homecare_request(plan_signed_off=False),
            UnplacedReason.NOT_AGREED,
            "R-1 does not yet have its plan signed off. (H1)",
        ),
        (
            homecare_request(funding=None, risk=None),
            UnplacedReason.INCOMPLETE,
            "R-1 cannot be arranged until these are recorded: risk, funding. (H2)",
        ),
        (
            request(ServiceType.EXTRA_CARE, personal_budget_pence_per_week=1),
            UnplacedReason.OWN_PANEL,
            "R-1 asks for extra care, which its own panel nominates for; it is listed but never "
            "matched here. (H27)",
        ),
        (
            homecare_request(timed_visit(TimeNeed.CRITICAL, "08:00", reason="")),
            UnplacedReason.NOT_ARRANGEABLE,
            "Visit 1 of R-1 is critical at 08:00 but no reason is recorded; without one it is an "
            "expectation, not a need. (H5)",
        ),
    ],
)
def test_requests_that_are_not_searched_for(
    gazetteer: Gazetteer, asked: Frozen, reason: UnplacedReason, detail: str
) -> None:
    """A request that may not be arranged is listed with its reason and the rule (H29)."""
    line = gap(gazetteer, *AGENCY, asked)
    assert (line.reason, line.detail) == (reason, detail)
    # A panel of its own decides for some services: nothing put right here would help.
    mendable = reason is not UnplacedReason.OWN_PANEL
    told = "may be searched for once that is put right"
    assert line.nearest_miss == (told if mendable else "")


def test_the_first_of_several_reasons_names_the_gap(gazetteer: Gazetteer) -> None:
    """A request neither agreed nor complete is coded as not agreed, and both are told."""
    line = gap(gazetteer, *AGENCY, homecare_request(funding_agreed=False, funding=None))
    assert line.reason is UnplacedReason.NOT_AGREED
    assert "(H1)" in line.detail
    assert "(H2)" in line.detail


def test_running_care_is_in_neither_list(gazetteer: Gazetteer) -> None:
    """Somebody whose care runs does not wait, so is neither placed nor left out (H18)."""
    running = Running(request_id="R-1", provider_id="P-1", started_on=day(-9))
    assert answer(gazetteer, *AGENCY, homecare_request(), running) == Allocation()


def test_both_lists_are_in_the_order_of_ids(gazetteer: Gazetteer) -> None:
    """Lines are sorted by request, whatever the order of the book or of the search."""
    asked = (
        homecare_request(request_id="R-5"),
        placement_request("R-3"),
        homecare_request(request_id="R-4", funding=None),
        homecare_request(request_id="R-1"),
        homecare_request(request_id="R-2", needs=("bariatric",)),
    )
    found = answer(gazetteer, *AGENCY, *HOME, *asked)
    assert [line.request_id for line in found.placed] == ["R-1", "R-3", "R-5"]
    assert [line.request_id for line in found.unplaced] == ["R-2", "R-4"]


def test_a_home_without_a_fee_needs_a_price(gazetteer: Gazetteer) -> None:
    """A home without a rate is proposed for approval, with the reason."""
    (line,) = answer(gazetteer, home(), *HOME[1:2], placement_request()).placed
    assert line.reasons[-1] == "Home H-1 has no rate on file: agree a price before booking."
