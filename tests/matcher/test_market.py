"""A book compiled to arrays: who stands where, what is free when, and the fairness ledger."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.errors import PostcodeError, UnknownIdError
from matcher.geography import Gazetteer, Postcode, metres_between
from matcher.market import NO_LIMIT, Market, all_of, any_of
from matcher.model import Frozen, Zone
from matcher.vocabulary import CareType, Contract, CqcRating, RateUnit, ServiceType
from tests.builders import (
    HERE,
    NEAR,
    WEYMOUTH,
    beds,
    council_policy,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    offered,
    provider,
)

NURSING_DEMENTIA = CareType.NURSING_DEMENTIA


def test_providers_stand_in_the_order_of_their_ids(gazetteer: Gazetteer) -> None:
    """Whatever the order of the file; every array follows it."""
    supply = market(gazetteer, provider("P-2", tier=2), home("H-1"), provider("P-1", tier=1))
    assert [p.provider_id for p in supply.providers] == ["H-1", "P-1", "P-2"]
    assert len(supply) == 3
    assert supply.tier.tolist() == [9, 1, 2]  # without a tier comes last
    assert supply.is_homecare.tolist() == [False, True, True]
    assert supply.provider_number("P-2") == 2


def test_terms_become_arrays_with_defaults_of_policy(gazetteer: Gazetteer) -> None:
    """Notice not given is the policy's for that kind; a limit not given is none."""
    supply = market(
        gazetteer,
        home("A", lot="specialist"),
        provider("B", lead_days=0, max_distance_metres=5, min_weekly_minutes=60),
        provider("C", status="closed", contract="spot", cqc_rated_on=None, female_carers=True),
    )
    assert supply.lead_days.tolist() == [3, 0, 2]
    assert supply.max_distance_metres.tolist() == [NO_LIMIT, 5, NO_LIMIT]
    assert supply.min_weekly_minutes.tolist() == [0, 60, 0]
    assert supply.is_specialist.tolist() == [True, False, False]
    assert supply.is_open.tolist() == [True, True, False]
    assert supply.on_contract[Contract.SPOT].tolist() == [False, False, True]
    assert supply.rated[CqcRating.GOOD].tolist() == [True] * 3
    assert supply.rated_on_day.tolist() == [day(0).toordinal()] * 2 + [0]
    assert (supply.female_carers.tolist(), supply.male_carers.any()) == (
        [False, False, True],
        False,
    )


def test_unknown_ids_are_told_back(gazetteer: Gazetteer) -> None:
    """With the thing, the value and where such ids stand."""
    supply = market(gazetteer, homecare_request())
    assert supply.request("R-1").request_id == "R-1"
    with pytest.raises(UnknownIdError, match="no provider 'P-9'") as caught:
        supply.provider_number("P-9")
    assert (caught.value.value, caught.value.expected) == ("P-9", "a provider_id of providers.csv")
    with pytest.raises(UnknownIdError, match="no request 'R-9'"):
        supply.request("R-9")


@pytest.mark.parametrize(
    "thing",
    [hourly("P-9"), hours("P-9"), beds("P-9"), offered("P-9")],
    ids=lambda t: type(t).__name__,
)
def test_a_line_about_a_provider_that_the_book_lacks_is_named(
    thing: Frozen, gazetteer: Gazetteer
) -> None:
    """A book put together in memory is checked like one from files."""
    with pytest.raises(UnknownIdError, match="no provider 'P-9'"):
        market(gazetteer, provider(), thing)


def test_a_provider_nowhere_is_refused(gazetteer: Gazetteer) -> None:
    """A postcode of the right shape that nobody has."""
    with pytest.raises(PostcodeError, match="DT1 1ZZ"):
        market(gazetteer, provider(postcode=Postcode("DT1 1ZZ")))


def test_places_are_those_of_the_gazetteer(gazetteer: Gazetteer) -> None:
    """Grid references in metres, in the order of ids."""
    supply = market(gazetteer, provider("P-2"), provider("P-1", postcode=Postcode(HERE)))
    here, near = supply.locate(Postcode(HERE)), supply.locate(Postcode(NEAR))
    ways = supply.shores.ways_from(here, rounds=False)
    assert ways.metres.tolist() == [0, metres_between(here, near)]
    ways = supply.shores.ways_from(near, rounds=False)
    assert ways.metres.tolist() == [metres_between(here, near), 0]


def test_a_zone_is_found_by_sector_before_outward_code(gazetteer: Gazetteer) -> None:
    """A sector's own zone goes before that of the whole outward code; elsewhere is in none."""
    wide, narrow = Zone(zone="wide", postcodes=("DT1",)), Zone(zone="narrow", postcodes=("DT1 1",))
    for zones in ((wide, narrow), (narrow, wide)):
        supply = market(gazetteer, *zones)
        assert supply.zone_of(Postcode(HERE)) == "narrow"
        assert supply.zone_of(Postcode(NEAR)) == "wide"
        assert supply.zone_of(Postcode(WEYMOUTH)) is None


def test_words_nobody_lists_are_nobodys(gazetteer: Gazetteer) -> None:
    """An unknown word is an empty mask, not an error."""
    supply = market(gazetteer, provider(specialisms=("dementia",), languages=("polish",)))
    assert supply.word_mask("specialism", "dementia").tolist() == [True]
    assert supply.word_mask("language", "polish").tolist() == [True]
    assert supply.word_mask("language", "dementia").tolist() == [False]
    assert supply.word_mask("zone", "wide").tolist() == [False]
    assert supply.sells[ServiceType.HOMECARE].tolist() == [True]


def test_carers_of_overlapping_lines_add_up(gazetteer: Gazetteer) -> None:
    """From the first slot to the one before the end, on the days named only."""
    supply = market(
        gazetteer,
        *(provider("P-1"), provider("P-2")),
        hours("P-2", "07:00", "08:00", 1, days=("mon",)),
        hours("P-2", "07:30", "24:00", 2, days=("mon", "sun")),
    )
    free = supply.carers.of(1)
    assert free[0, [83, 84, 89, 90, 95, 96, 287]].tolist() == [0, 1, 1, 3, 3, 2, 2]
    assert free[6, [84, 90, 287]].tolist() == [0, 2, 2]
    assert not free[1:6].any()
    assert supply.carers.row.tolist() == [-1, 0]
    assert not supply.carers.of(0).any()
    assert supply.carers.of(0).shape == (7, 288)


@pytest.mark.parametrize(
    ("first", "last", "nights"),
    [
        (0, None, [1] * 29),  # from today for good
        (-9, None, [1] * 29),  # since last week
        (27, None, [0] * 27 + [1, 1]),  # begins on the calendar's last night
        (28, None, [0] * 29),  # begins after the calendar: promised to nobody
        (2, 3, [0, 0, 1, 1] + [0] * 25),  # both nights included
        (-9, -1, [0] * 29),  # over already
        (-9, 0, [1] + [0] * 28),  # tonight is its last night
        (26, 27, [0] * 26 + [1, 1, 0]),
        (26, 90, [0] * 26 + [1, 1, 0]),  # ends some day, so never for ever after
        (40, 90, [0] * 29),
    ],
)
def test_vacancies_by_night_and_for_ever_after(
    first: int, last: int | None, nights: list[int], gazetteer: Gazetteer
) -> None:
    """28 nights are told apart; the last column stands for all later ones."""
    line = beds(available_from=day(first), available_to=None if last is None else day(last))
    short = council_policy(allocation__bed_horizon_days=28)
    supply = market(gazetteer, home(), line, policy=short)
    assert supply.beds[NURSING_DEMENTIA].of(0).tolist() == nights
    assert supply.beds[CareType.NURSING].free.shape == (0, 29)
    assert not supply.beds[CareType.NURSING].of(0).any()


def test_beds_of_several_lines_add_up(gazetteer: Gazetteer) -> None:
    """Kinds of beds are kept apart."""
    lines = (beds(count=2), beds(available_to=day(4)), beds(care_type=CareType.NURSING))
    supply = market(gazetteer, home(), *lines)
    assert supply.beds[NURSING_DEMENTIA].of(0)[[0, 4, 5]].tolist() == [3, 3, 2]
    assert supply.beds[CareType.NURSING].of(0)[0] == 1


def test_rates_are_kept_by_service_unit_and_length(gazetteer: Gazetteer) -> None:
    """Only those in force; -1 stands for none inside the array."""
    supply = market(
        gazetteer,
        *(provider("P-1"), provider("P-2")),
        *(hourly("P-2", 2_000), hourly("P-1", 1_000, valid_to=day(-1))),
        hourly("P-1", 3_000, visit_minutes=30),
    )
    pence = supply.price_list.on(0).pence
    any_length = (ServiceType.HOMECARE, RateUnit.HOUR, None, None, None)
    assert pence[any_length].tolist() == [-1, 2_000]
    half_hour = (ServiceType.HOMECARE, RateUnit.HOUR, 30, None, None)
    assert pence[half_hour].tolist() == [3_000, -1]


def test_the_ledger_counts_recent_offers_and_remembers_the_last(gazetteer: Gazetteer) -> None:
    """Ninety days back count, ninety-one do not; whatever became of the offer (S3)."""
    supply = market(
        gazetteer,
        *(provider("P-1"), provider("P-2")),
        *(offered("P-1", 0), offered("P-1", 90, outcome="declined"), offered("P-1", 91)),
    )
    assert supply.recent_offers.tolist() == [2, 0]
    assert supply.last_offered_day.tolist() == [day(0).toordinal(), 0]


def test_who_found_whom_unsuitable_is_remembered(gazetteer: Gazetteer) -> None:
    """H15: by request, and only where the line names one."""
    supply = market(
        gazetteer,
        *(provider("P-1"), provider("P-2")),
        offered("P-1", request_id="R-1", outcome="unsuitable"),
        offered("P-2", request_id="R-1", outcome="unsuitable"),
        offered("P-2", outcome="unsuitable"),
        offered("P-2", request_id="R-2"),
    )
    assert supply.unsuitable == {"R-1": {"P-1", "P-2"}}


def test_an_empty_book_is_a_market(gazetteer: Gazetteer) -> None:
    """Of nobody, with nothing."""
    supply: Market = market(gazetteer)
    assert len(supply) == 0
    assert supply.carers.free.shape == (0, 7, 288)


def test_masks_are_joined() -> None:
    """Either and both."""
    left, right = np.array([True, False, True]), np.array([True, True, False])
    assert any_of([left, right]).tolist() == [True, True, True]
    assert all_of([left, right]).tolist() == [True, False, False]


def test_a_closed_provider_that_is_nowhere_is_no_supply(gazetteer: Gazetteer) -> None:
    """Lines about it have no effect, and whoever asks for it is told that it is closed."""
    gone = provider("P-9", status="closed", postcode=None)
    about = (hourly("P-9"), hours("P-9"), beds("P-9"), offered("P-9"))
    supply = market(gazetteer, provider(), gone, *about)
    assert supply.index == {"P-1": 0}
    assert supply.recent_offers.tolist() == [0]
    assert not supply.carers.of(0).any()
    with pytest.raises(UnknownIdError, match="'P-9' is closed"):
        supply.provider_number("P-9")
    with pytest.raises(UnknownIdError, match="has no provider 'P-8'"):
        supply.provider_number("P-8")
