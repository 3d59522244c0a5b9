"""Tests of ways round water: never shorter than straight, the same both ways, told plainly too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import (
    REACH_METRES,
    Gazetteer,
    Location,
    Postcode,
    Ways,
    apart,
    metres_between,
    waters,
    ways_from,
)
from matcher.referee.ways import way_between

unhurried = settings(deadline=None)
"""The first draw reads the table, which takes longer than the others."""
ANYWHERE = Postcode("DT1 1XJ")
"""Stands for the postcode of a place that has none."""
# Where the table has most water: from the Solent to the Wash, and all around.
_COASTS = [(460_000, 98_000), (404_000, 87_000), (590_000, 178_000), (243_000, 57_000)]
_FURTHER = [(332_000, 389_000), (500_000, 424_000), (600_000, 212_000), (255_000, 371_000)]


@st.composite
def places(draw: st.DrawFn) -> Location:
    """Draw a place in the country, most often near water."""
    middles = st.sampled_from([*_COASTS, *_FURTHER, (400_000, 300_000)])
    (east, north), spread = draw(middles), draw(st.sampled_from([3_000, 20_000, 80_000]))
    shift = st.integers(-spread, spread)
    return Location(ANYWHERE, east + draw(shift), max(north + draw(shift), 0), None, False)


def way(a: Location, b: Location, *, rounds: bool = False) -> Ways:
    """Return the way to one place."""
    return ways_from(a, [b.easting_metres], [b.northing_metres], rounds=rounds)


def between(gazetteer: Gazetteer, a: str, b: str, *, rounds: bool = False) -> Ways:
    """Return the way from one postcode to another."""
    return way(*(gazetteer.locate(Postcode(code)) for code in (a, b)), rounds=rounds)


@unhurried
@given(places(), places(), st.booleans())
def test_a_way_is_the_same_back_and_never_shorter_than_straight(
    a: Location, b: Location, rounds: bool
) -> None:
    """Lengths, minutes and bars do not depend on who sets out; water never shortens a way."""
    there, back = way(a, b, rounds=rounds), way(b, a, rounds=rounds)
    for name in ("metres", "minutes", "barred", "water", "crossing"):
        assert getattr(there, name).tolist() == getattr(back, name).tolist()
    assert there.metres[0] >= metres_between(a, b)


@unhurried
@given(places(), st.lists(places(), max_size=6), st.booleans())
def test_ways_to_many_are_those_told_one_by_one(
    here: Location, there: list[Location], rounds: bool
) -> None:
    """The referee's plain computation of each way agrees with the arrays."""
    eastings = [place.easting_metres for place in there]
    northings = [place.northing_metres for place in there]
    found = ways_from(here, np.array(eastings, int), np.array(northings, int), rounds=rounds)
    plain = [way_between(here, place, rounds=rounds) for place in there]
    assert found.metres.tolist() == [each.metres for each in plain]
    assert found.minutes.tolist() == [each.minutes for each in plain]


@unhurried
@given(places(), places(), st.booleans())
def test_without_water_nothing_changes(a: Location, b: Location, rounds: bool) -> None:
    """The straight line stands exactly where no water parts two places within reach."""
    found = way(a, b, rounds=rounds)
    cut = [water for water in waters() if apart(water, a, [b.easting_metres], [b.northing_metres])]
    if not cut or metres_between(a, b) > REACH_METRES:
        assert found.between(0) is None
        assert (found.metres[0], found.minutes[0]) == (metres_between(a, b), 0)
        assert not found.barred[0]
    else:
        named = found.between(0)
        assert named is not None
        assert named[0] in cut
        assert named[1] in named[0].crossings


def test_a_point_of_the_line_exactly_between_counts_once(gazetteer: Gazetteer) -> None:
    """Two places with a bend of a river exactly between them are on different shores."""
    humber = next(water for water in waters() if water.name == "the Humber")
    for x, y in humber.line[3:-1]:
        north = Location(ANYWHERE, x, y + 400, None, False)
        south = Location(ANYWHERE, x, y - 400, None, False)
        crossed = apart(humber, north, [south.easting_metres], [south.northing_metres])
        plain = way_between(north, south, rounds=False)
        assert plain.metres == way(north, south).metres[0]
        assert crossed.tolist() == [way(north, south).between(0) is not None]


@pytest.mark.parametrize(
    ("ends", "km", "minutes", "name"),
    [
        (("PO5 3BA", "PO33 2HG"), 15.1, 65, "the Portsmouth-Fishbourne ferry"),  # 8.3 straight
        (("SO14 2AQ", "PO31 7SB"), 17.1, 80, "the Southampton-East Cowes ferry"),
        (("HU1 2BU", "DN18 5LG"), 12.0, 0, "the Humber Bridge"),  # 9.1 km straight
        (("TQ6 9DW", "TQ6 0AJ"), 0.9, 15, "the Dartmouth ferries"),  # not 20 km by Totnes
        (("DT4 9AD", "DT5 1NL"), 4.0, 0, "the Portland causeway"),
    ],
)
def test_known_ways_by_their_crossings(
    gazetteer: Gazetteer, ends: tuple[str, str], km: float, minutes: int, name: str
) -> None:
    """Ways that can be measured on a map, within a kilometre."""
    found = between(gazetteer, *ends)
    named = found.between(0)
    assert named is not None
    assert named[1].name == name
    assert abs(found.metres[0] / 1000 - km) <= 1
    assert found.minutes[0] == minutes


def test_water_is_crossed_where_that_costs_least(gazetteer: Gazetteer) -> None:
    """Near the ferry one takes it; from Corfe to Wareham's north one goes round."""
    by_ferry, round_by = (
        between(gazetteer, "BH13 7QD", "BH19 3BA"),
        between(gazetteer, "BH20 4AA", "BH20 5EZ"),
    )
    assert by_ferry.between(0)[1].name == "the Sandbanks Ferry"  # type: ignore[index]
    assert round_by.between(0) is None or round_by.between(0)[1].name == "Wareham"  # type: ignore[index]


def test_only_timetables_and_tides_bar_a_round(gazetteer: Gazetteer) -> None:
    """No round crosses the Solent or the sands; the way of a family is the same and not barred."""
    for a, b, barred in (
        ("PO5 3BA", "PO33 2HG", True),  # a ferry to the Isle of Wight
        ("TD15 2PL", "TD15 2SQ", True),  # the tide covers the road to Holy Island
        ("PO31 7SB", "PO32 6DR", False),  # the floating bridge at Cowes runs all day
        ("L2 8UH", "CH41 1AA", False),  # tunnels
    ):
        for_rounds = between(gazetteer, a, b, rounds=True)
        for_family = between(gazetteer, a, b)
        assert (bool(for_rounds.barred[0]), bool(for_family.barred[0])) == (barred, False)
        if barred:
            assert for_rounds.metres.tolist() == for_family.metres.tolist()


def test_beyond_reach_no_water_is_looked_for() -> None:
    """A place 100 km away has its way round the Thames; one a metre further the straight line."""
    kent = Location(ANYWHERE, 585_000, 145_000, None, False)
    far = [
        Location(ANYWHERE, 585_000, 145_000 + metres, None, False)
        for metres in range(99_900, 100_100)
    ]
    metres = [metres_between(kent, place) for place in far]
    found = ways_from(kent, [585_000] * len(far), [p.northing_metres for p in far], rounds=False)
    seen = [found.between(place) is not None for place in range(len(far))]
    assert seen == [straight <= REACH_METRES for straight in metres]
    assert len(set(seen)) == 2
