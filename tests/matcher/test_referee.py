"""The referee on people and pairs: each test breaks a good allocation in exactly one respect."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.allocation import Allocation
from matcher.errors import RefereeError
from matcher.geography import Gazetteer
from matcher.model import Running, Zone
from matcher.referee import Violation, require
from matcher.vocabulary import ServiceType
from tests.builders import (
    NEAR_METRES,
    beds,
    council_policy,
    day,
    homecare_request,
    hours,
    market,
    offered,
    placement_request,
    provider,
    request,
    respite_request,
)
from tests.proposals import AGENCY, HOME, codes, left_out, staying, visiting

EVERYTHING = (*AGENCY, *HOME)

# -- who ---------------------------------------------------------------------------------------


def test_good_allocations_are_accepted(gazetteer: Gazetteer) -> None:
    """Homecare, a bed, a stay and somebody left out, all in order, break no rule."""
    asked = (
        homecare_request(request_id="R-1"),
        placement_request("R-2"),
        respite_request(request_id="R-3"),
        homecare_request(request_id="R-4"),
    )
    lines = (visiting(), staying("R-2"), staying("R-3", 7), left_out("R-4"))
    assert codes(gazetteer, (*EVERYTHING, beds(), *asked), *lines) == []


def test_nobody_waits(gazetteer: Gazetteer) -> None:
    """An empty allocation of a book without requests is in order."""
    assert codes(gazetteer, EVERYTHING) == []


def test_a_lost_request_is_told(gazetteer: Gazetteer) -> None:
    """Somebody who waits stands in one of the lists (H29)."""
    asked = (homecare_request(), homecare_request(request_id="R-2"))
    assert codes(gazetteer, (*AGENCY, *asked), visiting()) == ["LOST"]


def test_nobody_is_placed_twice(gazetteer: Gazetteer) -> None:
    """One request with two providers is told, even where both have room."""
    lines = (visiting(), visiting("R-1", "08:00"))
    assert codes(gazetteer, (*AGENCY, homecare_request()), *lines) == ["TWICE"]


def test_nobody_stands_in_both_lists(gazetteer: Gazetteer) -> None:
    """Somebody placed is not also left out."""
    found = codes(gazetteer, (*AGENCY, homecare_request()), visiting(), left_out())
    assert found == ["TWICE"]


def test_nobody_is_left_out_twice(gazetteer: Gazetteer) -> None:
    """Two reasons for one request are one too many."""
    found = codes(gazetteer, (*AGENCY, homecare_request()), left_out(), left_out())
    assert found == ["TWICE"]


@pytest.mark.parametrize(
    "name",
    ["R-9", "R-1"],  # why: R-9 is not in the book, R-1 has care running already
)
def test_only_who_waits_is_left_out(gazetteer: Gazetteer, name: str) -> None:
    """The list of unplaced people holds nobody who does not wait."""
    running = Running(request_id="R-1", provider_id="P-1", started_on=day(-9))
    things = (*AGENCY, homecare_request(), running)
    assert codes(gazetteer, things, left_out(name)) == ["NOT_WAITING"]


@pytest.mark.parametrize("detail", ["", "  "])  # why: a gap without a word helps no commissioner
def test_everybody_left_out_has_a_reason(gazetteer: Gazetteer, detail: str) -> None:
    """Each gap reaches the commissioner with words (H29)."""
    found = codes(gazetteer, (*AGENCY, homecare_request()), left_out(detail=detail))
    assert found == ["DETAIL"]


def test_a_request_the_book_lacks_is_told(gazetteer: Gazetteer) -> None:
    """No line is for a request that nobody made."""
    assert codes(gazetteer, AGENCY, visiting("R-9")) == ["UNKNOWN_REQUEST"]


def test_a_provider_the_book_lacks_is_told(gazetteer: Gazetteer) -> None:
    """No line names a provider that does not exist."""
    found = codes(gazetteer, (*AGENCY, homecare_request()), visiting(provider_id="P-9"))
    assert found == ["UNKNOWN_PROVIDER"]


def test_a_provider_that_is_nowhere_is_told(gazetteer: Gazetteer) -> None:
    """No line names a closed provider of which nothing else is known."""
    gone = provider("P-9", status="closed", postcode=None)
    found = codes(gazetteer, (*AGENCY, gone, homecare_request()), visiting(provider_id="P-9"))
    assert found == ["UNKNOWN_PROVIDER"]


def test_neither_is_in_the_book(gazetteer: Gazetteer) -> None:
    """A line unknown at both ends is told for both."""
    found = codes(gazetteer, AGENCY, visiting("R-9", provider_id="P-9"))
    assert found == ["UNKNOWN_PROVIDER", "UNKNOWN_REQUEST"]


def test_running_care_is_not_moved(gazetteer: Gazetteer) -> None:
    """A request whose care already runs is placed with nobody (H18)."""
    running = Running(request_id="R-1", provider_id="P-2", started_on=day(-9))
    things = (*AGENCY, provider("P-2"), homecare_request(), running)
    assert codes(gazetteer, things, visiting()) == ["RUNNING"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"postcode": None}, "INCOMPLETE"),  # why: H2, nobody knows where
        ({"funding": None}, "INCOMPLETE"),  # why: H2, nobody knows who pays
        ({"plan_signed_off": False}, "NOT_AGREED"),  # why: H1, no plan
        ({"funding_agreed": False}, "NOT_AGREED"),  # why: H1, no money
    ],
)
def test_only_complete_and_agreed_requests_are_placed(
    gazetteer: Gazetteer, changes: dict[str, Any], code: str
) -> None:
    """A request that may not be searched for is not placed."""
    asked = homecare_request(**changes)
    assert codes(gazetteer, (*AGENCY, asked), visiting()) == [code]


def test_own_panels_are_left_alone(gazetteer: Gazetteer) -> None:
    """Extra care is never matched here (H27)."""
    seller = provider(services=("homecare", "extra_care"))
    asked = request(ServiceType.EXTRA_CARE, personal_budget_pence_per_week=100_000)
    line = visiting(visit_times=())
    assert codes(gazetteer, (seller, *AGENCY[1:], asked), line) == ["OWN_PANEL"]


def test_respite_keeps_to_its_allowance(gazetteer: Gazetteer) -> None:
    """Seven nights are not placed where six are left; with seven left they are (H13)."""
    good, bad = (respite_request(7, respite_nights_left=left) for left in (7, 6))
    assert codes(gazetteer, (*HOME, good), staying(start=7)) == []
    assert codes(gazetteer, (*HOME, bad), staying(start=7)) == ["RESPITE_ALLOWANCE"]


# -- which pair --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agency", "asked", "code"),
    [
        ({"status": "embargoed"}, {}, "STATUS"),  # why: no new work under embargo
        ({"status": "closed"}, {}, "STATUS"),  # why: it no longer exists
        ({"services": ("respite",)}, {}, "SERVICE"),  # why: sells something else
        # why: L4, it is registered for others, takes other ages, or only the other gender
        ({"client_groups": ("autism",)}, {"client_groups": ("older_people",)}, "CLIENT_GROUP"),
        ({"least_age": 65}, {"age": 64}, "AGE"),
        ({"residents": "women"}, {"gender": "man"}, "RESIDENTS"),
        ({"cqc_rating": "inadequate"}, {}, "RATING"),  # why: L5, nobody asked for it knowingly
        ({}, {"needs": ("dementia",)}, "NEEDS"),  # why: H11, no such specialism
        ({"contract": "spot"}, {}, "CONTRACT"),  # why: H10, homecare on the framework
        ({}, {"excluded_providers": ("P-1",)}, "EXCLUDED"),  # why: H15, the person says no
        ({"zones": ("weymouth",)}, {}, "ZONE"),  # why: the person lives in Dorchester
        ({}, {"max_distance_metres": NEAR_METRES - 1}, "RADIUS"),  # why: one metre too far
        ({"max_distance_metres": NEAR_METRES - 1}, {}, "RADIUS"),  # why: too far for the agency
        ({}, {"languages": ("polish",)}, "LANGUAGE"),  # why: S4, nobody speaks it
        ({}, {"carer_gender": "female"}, "CARER_GENDER"),  # why: none on record
        ({"min_weekly_minutes": 211}, {}, "MINIMUM_HOURS"),  # why: the package has 210
    ],
)
def test_each_rule_between_request_and_provider(
    gazetteer: Gazetteer, agency: dict[str, Any], asked: dict[str, Any], code: str
) -> None:
    """A pair that one rule forbids is told by that rule and no other."""
    zone = Zone(zone="weymouth", postcodes=("DT4",))
    things = (provider(**agency), *AGENCY[1:], zone, homecare_request(**asked))
    assert codes(gazetteer, things, visiting()) == [code]


@pytest.mark.parametrize(
    ("agency", "asked"),
    [
        ({"client_groups": ("autism",)}, {"client_groups": ("autism",)}),
        ({"least_age": 65}, {"age": 65}),
        ({"residents": "women"}, {"gender": "woman"}),
        ({"cqc_rating": "inadequate"}, {"preferred_providers": ("P-1",)}),
        ({"specialisms": ("dementia",)}, {"needs": ("dementia",)}),
        ({"contract": "block"}, {}),
        ({}, {"excluded_providers": ("P-2",)}),
        ({"zones": ("dorchester",)}, {}),
        ({"max_distance_metres": NEAR_METRES}, {"max_distance_metres": NEAR_METRES}),
        ({"languages": ("polish",)}, {"languages": ("polish", "bsl")}),
        ({"female_carers": True}, {"carer_gender": "female"}),
        ({"min_weekly_minutes": 210}, {}),
    ],
)
def test_each_rule_between_request_and_provider_only_just_kept(
    gazetteer: Gazetteer, agency: dict[str, Any], asked: dict[str, Any]
) -> None:
    """The same pairs are accepted at the limit."""
    zone = Zone(zone="dorchester", postcodes=("DT1",))
    things = (provider(**agency), *AGENCY[1:], zone, homecare_request(**asked))
    assert codes(gazetteer, things, visiting()) == []


def test_who_found_a_person_unsuitable_is_not_asked_again(gazetteer: Gazetteer) -> None:
    """An assessment that ended unsuitable stands against that pair alone (H15)."""
    said = offered(request_id="R-1", outcome="unsuitable")
    other = offered(request_id="R-2", outcome="unsuitable")
    assert codes(gazetteer, (*AGENCY, homecare_request(), said), visiting()) == ["EXCLUDED"]
    assert codes(gazetteer, (*AGENCY, homecare_request(), other), visiting()) == []


def test_a_person_without_a_group_is_not_placed_where_it_decides(gazetteer: Gazetteer) -> None:
    """An agency registered for some groups makes the group something to be recorded (H2)."""
    things = (provider(client_groups=("older_people",)), *AGENCY[1:], homecare_request())
    assert codes(gazetteer, things, visiting()) == ["INCOMPLETE"]


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ({}, []),  # why: of old nothing was stated
        ({"cqc_rating": "good", "cqc_rated_on": day(0)}, []),
        ({"cqc_rating": "good", "cqc_rated_on": day(-1)}, ["CQC_RATING"]),  # why: another day
        ({"cqc_rating": "outstanding", "cqc_rated_on": day(0)}, ["CQC_RATING"]),
    ],
)
def test_a_stated_rating_is_the_providers(
    gazetteer: Gazetteer, stated: dict[str, Any], found: list[str]
) -> None:
    """A rating and its day are told where they are not those of the book."""
    things = (*AGENCY, homecare_request())
    assert codes(gazetteer, things, visiting(**stated)) == found


def test_ratings_below_the_floor_are_told(gazetteer: Gazetteer) -> None:
    """Good is too little where policy asks for outstanding."""
    strict = council_policy(rules__minimum_rating="outstanding")
    things = (*AGENCY, homecare_request())
    assert codes(gazetteer, things, visiting(), policy=strict) == ["RATING"]


def test_specialists_stay_inside_the_budget(gazetteer: Gazetteer) -> None:
    """A specialist agency one penny above the budget is refused, not merely approved (H11)."""
    specialist = (provider(lot="specialist"), *AGENCY[1:])
    tight = homecare_request(personal_budget_pence_per_week=8749)
    enough = homecare_request(personal_budget_pence_per_week=8750)
    dear = visiting(status="needs_approval")
    assert codes(gazetteer, (*specialist, tight), dear) == ["BUDGET"]
    assert codes(gazetteer, (*specialist, enough), visiting()) == []


def test_specialist_services_stay_open_in_a_batch(gazetteer: Gazetteer) -> None:
    """A generic agency may be needed by others, so a specialist one breaks no rule here (H12)."""
    specialist = (provider(lot="specialist"), *AGENCY[1:], homecare_request())
    generic = (provider("P-2"), hours("P-2"))
    assert codes(gazetteer, specialist, visiting()) == []
    assert codes(gazetteer, (*specialist, *generic), visiting()) == []


# -- require -----------------------------------------------------------------------------------


def test_require_is_silent_on_good_allocations(gazetteer: Gazetteer) -> None:
    """An allocation in order is accepted without a word."""
    supply = market(gazetteer, *AGENCY, homecare_request())
    require(supply, Allocation(placed=(visiting(),)))


def test_require_lists_what_is_broken(gazetteer: Gazetteer) -> None:
    """A refused allocation names the rule, the request, the value and the limit."""
    supply = market(gazetteer, *AGENCY, homecare_request())
    with pytest.raises(RefereeError) as caught:
        require(supply, Allocation(placed=(visiting("R-1", "10:35"),)))
    assert str(caught.value) == (
        "The referee refused the allocation, 1 rules broken:\n"
        "  WINDOW R-1: visit 1 starts at 10:35, allowed 07:00-10:30 in steps of 5 minutes"
    )
    assert (caught.value.thing, caught.value.value) == ("allocation", 1)


def test_require_lists_ten_at_most(gazetteer: Gazetteer) -> None:
    """Twelve lost requests make one count and ten lines."""
    asked = [homecare_request(request_id=f"R-{n}") for n in range(12)]
    with pytest.raises(RefereeError) as caught:
        require(market(gazetteer, *AGENCY, *asked), Allocation())
    head, *lines = str(caught.value).splitlines()
    assert "12 rules broken" in head
    assert lines == [f"  LOST R-{n}: stands in neither list" for n in (0, 1, 10, 11, *range(2, 8))]


def test_violations_read_as_sentences() -> None:
    """A violation is written as rule, subject and sentence."""
    assert str(Violation("LOST", "R-1", "stands in neither list")) == (
        "LOST R-1: stands in neither list"
    )
