"""Tests of ways round water: never shorter than straight, the same both ways, told plainly too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import (
    METRES_PER_MINUTE,
    REACH_METRES,
    Gazetteer,
    Location,
    Postcode,
    Shores,
    Water,
    Ways,
    apart,
    metres_between,
    waters,
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
    return shores(b).ways_from(a, rounds=rounds)


def shores(*places: Location) -> Shores:
    """Return some places as ways lead to them."""
    eastings = [place.easting_metres for place in places]
    northings = [place.northing_metres for place in places]
    return Shores(np.array(eastings, int), np.array(northings, int))


def names(found: Ways) -> list[str]:
    """Return the crossings on the way to the first place."""
    return [crossing.name for _, crossing in found.between(0)]


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
    for name in ("metres", "minutes", "barred"):
        assert getattr(there, name).tolist() == getattr(back, name).tolist()
    assert there.metres[0] >= metres_between(a, b)


@unhurried
@given(places(), st.lists(places(), max_size=6), st.booleans())
def test_ways_to_many_are_those_told_one_by_one(
    here: Location, there: list[Location], rounds: bool
) -> None:
    """The referee's plain computation of each way agrees with the arrays."""
    found = shores(*there).ways_from(here, rounds=rounds)
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
        assert found.between(0) == ()
        assert (found.metres[0], found.minutes[0]) == (metres_between(a, b), 0)
        assert not found.barred[0]
    else:
        assert found.landing[0] >= 0
        assert all(crossing in water.crossings for water, crossing in found.between(0))


def test_a_point_of_the_line_exactly_between_counts_once(gazetteer: Gazetteer) -> None:
    """Two places with a bend of a river exactly between them are on different shores."""
    humber = next(water for water in waters() if water.name == "the Humber")
    for x, y in humber.line[3:-1]:
        north = Location(ANYWHERE, x, y + 400, None, False)
        south = Location(ANYWHERE, x, y - 400, None, False)
        crossed = apart(humber, north, [south.easting_metres], [south.northing_metres])
        plain = way_between(north, south, rounds=False)
        assert plain.metres == way(north, south).metres[0]
        assert crossed.tolist() == [way(north, south).landing[0] >= 0]


@pytest.mark.parametrize(
    ("ends", "km", "minutes", "name"),
    [
        (("PO5 3BA", "PO33 2HG"), 15.1, 65, "the Portsmouth-Fishbourne ferry"),  # 8.3 straight
        (("SO14 2AQ", "PO32 6DR"), 17.1, 80, "the Southampton-East Cowes ferry"),
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
    assert names(found) == [name]
    assert abs(found.metres[0] / 1000 - km) <= 1
    assert found.minutes[0] == minutes


def test_water_is_crossed_where_that_costs_least(gazetteer: Gazetteer) -> None:
    """Near the ferry one takes it; from Corfe to Wareham's north one goes round."""
    by_ferry, round_by = (
        between(gazetteer, "BH13 7QD", "BH19 3BA"),
        between(gazetteer, "BH20 4AA", "BH20 5EZ"),
    )
    assert names(by_ferry) == ["the Sandbanks Ferry"]
    assert names(round_by) in ([], ["Wareham"])


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
    found = shores(*far).ways_from(kent, rounds=False)
    seen = [found.between(place) != () for place in range(len(far))]
    assert seen == [straight <= REACH_METRES for straight in metres]
    assert len(set(seen)) == 2


@pytest.mark.parametrize(
    ("ends", "km", "minutes", "passed"),
    [
        # By the Tamar Bridge it looks 8 km, but the Lynher lies before that bridge.
        (("PL11 2AA", "PL1 4LR"), 2.2, 15, ["the Torpoint Ferry"]),
        # To Saltash over the Lynher one goes by Devonport, over the Tamar and back.
        (("PL11 2AA", "PL12 4DP"), 5.0, 15, ["the Torpoint Ferry", "the Tamar Bridge"]),
        # From the Tavy's far shore by two waters, each where it is met.
        (("PL20 7JS", "PL11 2AA"), 18.5, 15, ["Denham Bridge", "the Torpoint Ferry"]),
        # From Shotley, between the Stour and the Orwell, to Harwich: 2 km over the water.
        (("IP9 1RJ", "CO12 3NA"), 30.4, 0, ["Cattawade Bridge"]),
        # West Cowes lies over the Medina from the ferry.
        (
            ("SO14 2AQ", "PO31 7SB"),
            18.4,
            95,
            ["the Southampton-East Cowes ferry", "the Cowes floating bridge"],
        ),
        # From Gosport to the island one drives round the harbour to the ferry.
        (("PO12 1ED", "PO33 2HG"), 30.0, 65, ["Fareham", "the Portsmouth-Fishbourne ferry"]),
    ],
)
def test_known_ways_over_several_waters(
    gazetteer: Gazetteer, ends: tuple[str, str], km: float, minutes: int, passed: list[str]
) -> None:
    """No leg of a way lies across another water; the shortest of the ways left is taken."""
    found = between(gazetteer, *ends)
    assert names(found) == passed
    assert names(between(gazetteer, *reversed(ends))) == passed[::-1]
    assert abs(found.metres[0] / 1000 - km) <= 1
    assert found.minutes[0] == minutes


@st.composite
def pairs_by(draw: st.DrawFn, water: Water) -> tuple[Location, Location]:
    """Draw two places near one water of the table."""
    spread = draw(st.sampled_from([1_500, 6_000, 25_000]))
    shift = st.integers(-spread, spread)
    ends = [
        Location(ANYWHERE, max(x + draw(shift), 0), max(y + draw(shift), 0), None, False)
        for x, y in (draw(st.sampled_from(water.line)) for _ in range(2))
    ]
    return ends[0], ends[1]


@pytest.mark.parametrize("water", waters(), ids=lambda water: water.name)
@settings(deadline=None, max_examples=8)
@given(data=st.data(), rounds=st.booleans())
def test_around_each_water_the_referee_finds_the_same_way(
    water: Water, data: st.DataObject, rounds: bool
) -> None:
    """Matcher and referee agree, and no allowed way by a single crossing is cheaper."""
    a, b = data.draw(pairs_by(water))
    found = way(a, b, rounds=rounds)
    plain = way_between(a, b, rounds=rounds)
    assert (found.metres[0], found.minutes[0]) == (plain.metres, plain.minutes)
    if found.landing[0] >= 0:
        cost = found.metres[0] + found.minutes[0] * METRES_PER_MINUTE
        singly = [metres for metres in single_ways(water, a, b, rounds=rounds) if metres]
        assert cost <= min(singly, default=cost)


def single_ways(water: Water, a: Location, b: Location, *, rounds: bool) -> list[int | None]:
    """Return the ways over one water by each landing of its crossings first; None where wet."""
    found: list[int | None] = []
    for crossing in water.crossings:
        if rounds and not crossing.suits_rounds:
            continue
        for first, last in (crossing.at, crossing.at[::-1]) if crossing.at[1:] else ():
            near, far = (Location(ANYWHERE, *point, None, False) for point in (first, last))
            dry = all(way(*leg).landing[0] < 0 for leg in ((a, near), (far, b)))
            legs = metres_between(a, near) + metres_between(near, far) + metres_between(far, b)
            within = max(metres_between(a, near), metres_between(far, b)) <= REACH_METRES
            found.append(legs + crossing.minutes * METRES_PER_MINUTE if dry and within else None)
    return found


def test_what_is_kept_of_earlier_ways_changes_no_later_one() -> None:
    """Places asked about from many others give the ways that they give at the first asking."""
    ends = [Location(ANYWHERE, x, y, None, False) for x, y in (*_COASTS, *_FURTHER)]
    kept = shores(*ends)
    for here in [*ends, *ends[::-1]]:
        for rounds in (True, False):
            again, new = (each.ways_from(here, rounds=rounds) for each in (kept, shores(*ends)))
            assert again.metres.tolist() == new.metres.tolist()
            assert again.minutes.tolist() == new.minutes.tolist()
            assert [again.between(p) for p in range(8)] == [new.between(p) for p in range(8)]
