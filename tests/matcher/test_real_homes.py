"""The real register: three homes for a person in Dorchester, nearest first, at true distances."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from matcher.eligibility import BATCH_RULES, judge, pair_refusals
from matcher.files.cqc import ImportedHomes, import_register
from matcher.geography import Gazetteer, Postcode
from matcher.geography.geocoder import geodesic_metres
from matcher.market import Market
from matcher.model import BedCapacity, Book, Rate
from matcher.policy import default_policy
from matcher.shortlist import Search, make_shortlist, open_enquiry
from matcher.vocabulary import ClientGroup, CqcRating, ServiceType
from tests.builders import AS_OF, HERE, beds, book, placement_request, rank_ids, weekly
from tests.triples import bed_for

REGISTER = Path(__file__).parents[3] / "shared" / "data" / "uk" / "care_homes_england_2021.csv"
DORSET = "E06000059"

pytestmark = pytest.mark.skipif(
    not REGISTER.exists(),
    reason="the register of care homes lies outside the project and is absent",
)


@pytest.fixture(scope="module")
def homes(gazetteer: Gazetteer) -> ImportedHomes:
    """Give every care home that the register has in Dorset."""
    return import_register(REGISTER, gazetteer=gazetteer, as_of=AS_OF, authority=DORSET)


@pytest.fixture(scope="module")
def equal_homes(homes: ImportedHomes) -> Book:
    """Give a book in which every home has one bed of each kind asked for, at one fee."""
    asked = [
        placement_request("R-1", needs=()),
        placement_request("R-2", postcode=Postcode("DT4 0AA"), needs=()),
    ]
    sellers = [p for p in homes.providers if ServiceType.NURSING_DEMENTIA in p.services]
    rooms = [thing for p in sellers for thing in (beds(p.provider_id), weekly(p.provider_id))]
    return book(*homes.providers, *rooms, *asked)


@pytest.fixture(scope="module")
def found(equal_homes: Book, gazetteer: Gazetteer) -> Search:
    """Give the shortlist of the person in Dorchester."""
    return make_shortlist(Market(equal_homes, default_policy(), gazetteer), "R-1")


def test_every_dorset_home_of_the_register_is_read(homes: ImportedHomes) -> None:
    """125 rows carry the authority's code, and none is lost without a word."""
    with REGISTER.open(encoding="utf-8-sig", newline="") as file:
        rows = sum(row["lad"] == DORSET for row in csv.DictReader(file))
    assert rows == homes.read == len(homes.providers) + len(homes.left_out) == 125
    assert len(homes.providers) >= 120


def test_a_person_in_dorchester_gets_the_three_nearest_homes(
    equal_homes: Book, gazetteer: Gazetteer, found: Search
) -> None:
    """Fees, ratings and vacancies are equal, so distance alone decides (S11)."""
    here = gazetteer.locate(Postcode(HERE))
    sellers = [p for p in equal_homes.providers if ServiceType.NURSING_DEMENTIA in p.services]
    true_metres = {
        p.provider_id: geodesic_metres(here, gazetteer.locate(p.postcode)) for p in sellers
    }
    nearest = sorted(true_metres, key=lambda provider_id: true_metres[provider_id])
    options = found.shortlist.options
    assert rank_ids(options) == nearest[:3]
    assert found.shortlist.affordability is None
    assert not any(option.needs_approval for option in options)


def test_distances_shown_are_within_a_thousandth_of_the_geodesic(
    equal_homes: Book, gazetteer: Gazetteer
) -> None:
    """For every home of the county and both people, to 0.1 % or the metre of rounding."""
    market = Market(equal_homes, default_policy(), gazetteer)
    for request_id in ("R-1", "R-2"):
        enquiry = make_shortlist(market, request_id).verdict.enquiry
        for number, provider in enumerate(market.providers):
            there = gazetteer.locate(provider.postcode)
            metres = geodesic_metres(enquiry.location, there)
            shown = int(enquiry.distance_metres[number])
            assert shown == pytest.approx(metres, rel=0.001, abs=1)


def test_everyone_else_hears_why_not(equal_homes: Book, found: Search) -> None:
    """Every home of the county is in the evidence; only those that sell the care are eligible."""
    sellers = {
        p.provider_id for p in equal_homes.providers if ServiceType.NURSING_DEMENTIA in p.services
    }
    evidence = list(found.evidence())
    assert len(evidence) == len(equal_homes.providers)
    assert len(sellers) > 10
    for line in evidence:
        assert line.eligible or line.refusals
        assert line.eligible <= (line.provider_id in sellers)


# -- for whom they are, and which are not offered ----------------------------------------------


@pytest.fixture(scope="module")
def residential(homes: ImportedHomes) -> Book:
    """Give an older person and a bed in every residential home."""
    sellers = [p for p in homes.providers if ServiceType.RESIDENTIAL in p.services]
    rooms: list[BedCapacity | Rate] = []
    for seller in sellers:
        rooms.append(beds(seller.provider_id, care_type="residential"))
        rooms.append(weekly(seller.provider_id, service_type="residential"))
    return book(*homes.providers, *rooms, bed_for("older_people", age=84))


def test_an_older_person_gets_no_home_that_is_for_others(
    residential: Book, gazetteer: Gazetteer
) -> None:
    """Many Dorset homes are for others only: none is proposed, by day or night, and it says why."""
    market = Market(residential, default_policy(), gazetteer)
    enquiry = open_enquiry(market, "R-1")
    by_night = judge(enquiry, BATCH_RULES)
    others = [
        number
        for number, home in enumerate(market.providers)
        if ServiceType.RESIDENTIAL in home.services
        and home.registered_groups
        and ClientGroup.OLDER_PEOPLE not in home.registered_groups
    ]
    assert len(others) == 9  # counted in the rows of the register
    assert not by_night.eligible[others].any()
    for number in others:
        told = [refusal.rule_id for refusal in pair_refusals(enquiry, number)]
        assert "CLIENT_GROUP" in told
    options = make_shortlist(market, "R-1", options=200).shortlist.options
    assert len(options) == by_night.eligible.sum() >= 20


def test_nobody_is_proposed_into_a_home_rated_inadequate(
    residential: Book, gazetteer: Gazetteer
) -> None:
    """The first options of before are rated Inadequate: no list and no night offers them."""
    before = make_shortlist(Market(residential, default_policy(), gazetteer), "R-1")
    first = set(rank_ids(before.shortlist.options))
    rated = tuple(
        home.model_copy(update={"cqc_rating": CqcRating.INADEQUATE})
        if home.provider_id in first
        else home
        for home in residential.providers
    )
    market = Market(
        residential.model_copy(update={"providers": rated}), default_policy(), gazetteer
    )
    after = make_shortlist(market, "R-1")
    assert len(after.shortlist.options) == 3
    assert not first & set(rank_ids(after.shortlist.options))
    by_night = judge(open_enquiry(market, "R-1"), BATCH_RULES)
    assert not by_night.eligible[[market.provider_number(name) for name in first]].any()
