"""A shortlist says which of its options rest on assumed vacancies or prices."""

from __future__ import annotations

import pytest

from matcher.geography import Gazetteer
from matcher.model import CareRequest, Frozen
from matcher.shortlist import make_shortlist
from matcher.vocabulary import CareType, RateUnit, ServiceType
from tests.builders import (
    beds,
    ceiling,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    respite_request,
    weekly,
)

ASSUMED_BEDS = "Assumed, not recorded: vacancies of Home H-1. Ask before offering."
ASSUMED_PRICES = "Assumed, not recorded: prices of Home H-1. Ask before offering."


def assumed(gazetteer: Gazetteer, *things: Frozen) -> list[str]:
    """Return the notes about assumptions on the shortlist of R-1."""
    notes = make_shortlist(market(gazetteer, *things), "R-1").shortlist.notes
    return [note for note in notes if note.startswith("Assumed")]


@pytest.mark.parametrize(
    ("bed", "fee", "expected"),
    [
        (beds(), weekly(), []),
        (beds(assumed=True), weekly(), [ASSUMED_BEDS]),
        (beds(), weekly(assumed=True), [ASSUMED_PRICES]),
        (beds(assumed=True), weekly(assumed=True), [ASSUMED_BEDS, ASSUMED_PRICES]),
    ],
)
@pytest.mark.parametrize("asked", [placement_request(), respite_request()], ids=["good", "respite"])
def test_what_is_assumed_is_told(
    asked: CareRequest, bed: Frozen, fee: Frozen, expected: list[str], gazetteer: Gazetteer
) -> None:
    """Vacancies and prices each have a note of their own, and records have none."""
    assert assumed(gazetteer, asked, home(), bed, fee) == expected


def test_several_homes_share_one_note_and_only_those_listed(gazetteer: Gazetteer) -> None:
    """Named in the order of the list; a home that cannot be offered is not named."""
    supply: list[Frozen] = [home("H-9", status="closed"), beds("H-9", assumed=True)]
    for name, pence in (("H-1", 99_000), ("H-2", 90_000), ("H-3", 95_000)):
        supply += [home(name), beds(name, assumed=name != "H-3"), weekly(name, pence)]
    assert assumed(gazetteer, placement_request(), *supply) == [
        "Assumed, not recorded: vacancies of Home H-2, Home H-1. Ask before offering."
    ]


@pytest.mark.parametrize(
    "other",
    [
        beds(care_type=CareType.NURSING, assumed=True),  # another kind of bed
        weekly(service_type=ServiceType.NURSING, assumed=True),  # another service's fee
        weekly(unit=RateUnit.WEEK, valid_to=day(-1), assumed=True),  # ran out yesterday
        weekly(valid_from=day(60), assumed=True),  # holds long after the care begins
    ],
)
def test_assumptions_that_the_option_does_not_rest_on_are_not_told(
    other: Frozen, gazetteer: Gazetteer
) -> None:
    """A recorded vacancy and a recorded fee in force are what the option rests on."""
    supply = (home(services=("nursing_dementia", "nursing")), beds(), weekly())
    assert assumed(gazetteer, placement_request(), *supply, other) == []


def test_an_assumed_hourly_rate_is_told_too(gazetteer: Gazetteer) -> None:
    """Agencies have no beds, so only their prices can be assumed."""
    supply = (provider(), hours(), hourly(assumed=True), ceiling())
    assert assumed(gazetteer, homecare_request(), *supply) == [
        "Assumed, not recorded: prices of Agency P-1. Ask before offering."
    ]
