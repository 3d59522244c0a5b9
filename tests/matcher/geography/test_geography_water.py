"""Tests of the table of waters: each parts postcodes that it parts on the ground, and no others."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from matcher.geography import Crossing, Gazetteer, Location, Postcode, Water, apart, waters
from matcher.geography.water import CrossingKind

ACROSS_AND_BESIDE = {
    "the sea off Land's End": ("TR18 2PA", "TR21 0PL", "TR17 0AA"),
    "the Helford River": ("TR11 5LR", "TR12 6HA", "TR11 5JR"),
    "Carrick Roads": ("TR11 3LA", "TR2 5DT", "TR3 6RT"),
    "the Camel estuary": ("PL28 8EB", "PL27 6LE", "PL27 7FZ"),
    "the Fowey": ("PL23 1BW", "PL23 1EY", "PL24 2TN"),
    "the Tamar": ("PL11 2AP", "PL1 4PY", "PL10 1HF"),
    "the Lynher": ("PL11 2DH", "PL12 4DP", "PL10 1HF"),
    "the Tavy": ("PL20 7JS", "PL5 4PZ", "PL20 7DS"),
    "the Plym": ("PL4 0EY", "PL9 9TF", "PL3 4JD"),
    "the Yealm": ("PL9 0HB", "PL8 1BG", "PL9 0DG"),
    "the Avon at Bigbury": ("TQ7 3AL", "TQ7 4AT", "TQ7 3NJ"),
    "the Kingsbridge estuary": ("TQ8 8HD", "TQ8 8FD", "TQ8 8NF"),
    "the Dart": ("TQ6 9DW", "TQ6 0AJ", "TQ6 9DD"),
    "the Teign": ("TQ14 8EJ", "TQ14 0BX", "TQ14 9SL"),
    "the Exe estuary": ("EX8 1NG", "EX6 8QH", "EX8 5JH"),
    "the Taw": ("EX31 4BN", "EX31 3DD", "EX33 1EJ"),
    "the Torridge": ("EX39 1QY", "EX39 4JR", "EX39 1SN"),
    "the sea off Lundy": ("EX39 2DE", "EX39 2LY", "EX34 8BD"),
    "Portland Harbour": ("DT4 9AD", "DT5 1NL", "DT4 8NB"),
    "Poole Harbour": ("BH13 7QD", "BH19 3BA", "BH15 1LB"),
    "the Solent": ("PO5 3LZ", "PO33 2AD", "PO4 9EY"),
    "the Medina": ("PO31 7SB", "PO32 6DR", "PO31 8PE"),
    "Southampton Water": ("SO45 6WT", "SO3 5ET", "SO40 4US"),
    "the Hamble": ("SO3 5NQ", "SO3 9ZG", "SO3 5HR"),
    "Portsmouth Harbour": ("PO12 1ED", "PO1 2PW", "PO12 3BU"),
    "Langstone Harbour": ("PO4 9UF", "PO11 0EX", "PO4 9EY"),
    "Chichester Harbour": ("PO18 8HR", "PO20 7AD", "PO19 3FJ"),
    "the Thames": ("RM18 8DY", "DA11 0AG", "RM17 6DN"),
    "the Medway": ("ME2 4XG", "ME4 3PN", "ME3 9AP"),
    "the Swale": ("ME10 2FF", "ME11 5BN", "ME9 8SL"),
    "Benfleet Creek": ("SS7 1LG", "SS8 9AS", "SS7 1FD"),
    "the Crouch": ("CM0 8AD", "SS4 2DY", "CM0 8NT"),
    "the Blackwater": ("CM9 8AT", "CM9 6NZ", "CM9 7FB"),
    "Mersea's creeks": ("CO5 8JU", "CO5 7DW", "CO5 8BN"),
    "the Colne": ("CO5 7EA", "CO7 9DU", "CO5 7JE"),
    "the Stour": ("IP9 1RJ", "CO12 3NA", "IP9 1BZ"),
    "the Orwell": ("IP9 1RJ", "IP11 3SH", "IP9 1NL"),
    "the Deben": ("IP12 4QZ", "IP12 3EG", "IP12 4BB"),
    "the Alde": ("IP12 2NJ", "IP15 5AQ", "IP12 2AR"),
    "the Blyth at Southwold": ("IP18 6JF", "IP18 6UE", "IP18 6NP"),
    "the Yare": ("NR13 3TJ", "NR14 6SA", "NR13 3SG"),
    "the Wash": ("PE36 6BH", "PE25 3PB", "PE31 7EW"),
    "the Great Ouse at King's Lynn": ("PE30 1AR", "PE34 3NF", "PE30 5PH"),
    "the Humber": ("HU1 2BU", "DN18 5LG", "HU9 1RB"),
    "the Trent": ("DN15 9BZ", "DN17 4RU", "DN15 8RP"),
    "the Tees": ("TS2 1TN", "TS2 1AL", "TS2 1TZ"),
    "the Wear": ("SR6 0ND", "SR1 2JT", "SR5 1JG"),
    "the Tyne": ("NE29 6NW", "NE33 1HE", "NE29 7LY"),
    "the Blyth in Northumberland": ("NE24 2DG", "NE24 1AE", "NE24 1LE"),
    "the sands of Holy Island": ("TD15 2SQ", "TD15 2PL", "TD15 2RU"),
    "the Solway Firth": ("CA5 5BN", "DG12 6GN", "CA7 5DQ"),
    "the Duddon estuary": ("LA18 4HX", "LA16 7BJ", "LA18 5HD"),
    "Walney Channel": ("LA14 3LA", "LA14 1LX", "LA14 3YW"),
    "the Leven estuary": ("LA12 0BD", "LA11 7NE", "LA12 9SD"),
    "Morecambe Bay": ("LA11 6DX", "LA5 0EU", "LA11 7JR"),
    "the Lune": ("LA3 3HQ", "LA2 0AW", "LA3 3JQ"),
    "the Wyre": ("FY7 6EA", "FY6 0BU", "FY7 7LB"),
    "the Ribble": ("FY8 5NR", "PR8 1TA", "FY8 1BN"),
    "the Mersey": ("L2 8UH", "L41 6PB", "L5 8UZ"),
    "the Dee": ("CH6 5FE", "CH64 9XF", "CH6 6EF"),
    "the Menai Strait": ("LL57 2DG", "LL59 5EN", "LL57 2YG"),
    "the Severn": ("BS11 8DA", "NP9 1EG", "BS11 8AQ"),
    "the Avon below Bristol": ("BS11 0DB", "BS20 0DA", "BS9 2QH"),
    "the Parrett": ("TA8 1PZ", "TA5 2QY", "TA9 3SJ"),
}
"""For each water a postcode, another on the far shore, and a near one on the same shore."""

WHOLE_SHORES = [
    ("the Solent", "SO14 2AQ", "E06000046", True),  # the Isle of Wight
    ("the Solent", "SO14 2AQ", "E06000044", False),  # Portsmouth
    ("the sea off Land's End", "TR18 2PA", "E06000053", True),  # the Isles of Scilly
    ("the Menai Strait", "LL57 2DG", "W06000001", True),  # Anglesey
    ("the Menai Strait", "LL57 2DG", "W06000002", False),  # Gwynedd
    ("the Thames", "RM17 6DN", "E07000109", True),  # Gravesham
    ("the Thames", "RM17 6DN", "E06000034", False),  # Thurrock
    ("the Thames", "RM17 6DN", "E07000107", True),  # Dartford
    ("the Thames", "RM17 6DN", "E09000016", False),  # Havering
    ("the Thames", "RM17 6DN", "E09000011", True),  # Greenwich
    ("the Thames", "RM17 6DN", "E09000030", False),  # Tower Hamlets
    ("the Tyne", "NE33 1HE", "E08000022", True),  # North Tyneside
    ("the Tyne", "NE33 1HE", "E08000023", False),  # South Tyneside
    ("the Mersey", "CH41 1AA", "E08000012", True),  # Liverpool
    ("the Mersey", "CH41 1AA", "E08000015", False),  # Wirral
    ("the Humber", "HU1 2BU", "E06000010", False),  # Hull
    ("the Humber", "HU1 2BU", "E06000012", True),  # North East Lincolnshire
    ("the Severn", "BS11 8DA", "E06000025", False),  # South Gloucestershire
    ("the Severn", "BS11 8DA", "W06000022", True),  # Newport
    ("Portsmouth Harbour", "PO1 2PW", "E07000088", True),  # Gosport
]
"""Authorities that lie wholly on one shore, and whether that is across from a postcode."""


@pytest.mark.parametrize("name", [water.name for water in waters()])
def test_each_water_parts_its_shores_and_not_neighbours(gazetteer: Gazetteer, name: str) -> None:
    """A postcode on the far shore is across; a near one on the same shore is not."""
    water = next(each for each in waters() if each.name == name)
    here, across, beside = map(gazetteer.locate, map(Postcode, ACROSS_AND_BESIDE[name]))
    eastings = [across.easting_metres, beside.easting_metres]
    northings = [across.northing_metres, beside.northing_metres]
    assert apart(water, here, eastings, northings).tolist() == [True, False]


@pytest.mark.parametrize(("name", "postcode", "authority", "across"), WHOLE_SHORES)
def test_a_whole_authority_lies_on_its_shore(
    gazetteer: Gazetteer, name: str, postcode: str, authority: str, across: bool
) -> None:
    """Every postcode of an authority bounded by a water is on the right side of it."""
    water = next(each for each in waters() if each.name == name)
    all_of_it = gazetteer.postcodes_of(authority)
    here = gazetteer.locate(Postcode(postcode))
    found = apart(water, here, all_of_it.eastings_metres, all_of_it.northings_metres)
    assert found.tolist() == [across] * len(all_of_it)


def test_a_peninsula_is_told_by_its_postcodes(gazetteer: Gazetteer) -> None:
    """Of all postcodes in Dorset those of Portland, DT5, lie across its harbour from Weymouth."""
    water = next(each for each in waters() if each.name == "Portland Harbour")
    dorset = gazetteer.postcodes_of("E06000059")
    here = gazetteer.locate(Postcode("DT4 9AD"))
    found = apart(water, here, dorset.eastings_metres, dorset.northings_metres)
    assert found.tolist() == [code.outward == "DT5" for code in dorset.postcodes]


def test_the_table_names_each_water_once_and_all_crossings_lie_by_it() -> None:
    """No name stands twice, and a ferry takes time from one landing to another."""
    names = [water.name for water in waters()]
    assert len(names) == len(set(names)) == len(ACROSS_AND_BESIDE)
    ferries = [c for water in waters() for c in water.crossings if "ferry" in c.kind]
    assert all(ferry.minutes > 0 for ferry in ferries)


@pytest.mark.parametrize("water", waters(), ids=lambda water: water.name)
def test_the_two_landings_of_a_crossing_lie_on_either_shore(water: Water) -> None:
    """Between them lies the water itself: who lands has got across."""
    for crossing in water.crossings:
        (east, north), other = crossing.at[0], crossing.at[-1]
        here = Location(Postcode("DT1 1XJ"), east, north, None, False)
        across = apart(water, here, [other[0]], [other[1]]).tolist()
        assert across == [len(crossing.at) == 2], crossing.name


@pytest.mark.parametrize(
    "changes",
    [
        {"minutes": 10},  # a passage leads from one place to another
        {"kind": "tidal_causeway"},  # so does a road that the sea covers
        {"kind": "ferry"},
    ],
)
def test_a_crossing_that_takes_time_has_two_landings(changes: dict[str, object]) -> None:
    """Who goes by it must go from shore to shore, which one point cannot tell."""
    right = {"name": "the ford", "kind": "bridge", "at": ((1, 2),)}
    assert Crossing.model_validate(right)
    assert Crossing.model_validate({**right, **changes, "at": ((1, 2), (3, 4))})
    with pytest.raises(ValidationError, match="the ford has one point"):
        Crossing.model_validate({**right, **changes})


@pytest.mark.parametrize(
    ("kind", "suits", "text"),
    [
        ("bridge", True, "by the crossing"),
        ("head", True, "round by the crossing"),  # the road goes round, over nothing
        ("shuttle_ferry", True, "by the crossing"),  # one runs every few minutes, all day
        ("ferry", False, "by the crossing"),  # it keeps to a timetable
        ("tidal_causeway", False, "by the crossing"),  # the sea covers it twice a day
    ],
)
def test_what_a_carer_on_a_round_can_use(kind: str, suits: bool, text: str) -> None:
    """Timetables and tides keep a carer from a round; bridges and shuttles do not."""
    crossing = Crossing(name="the crossing", kind=CrossingKind(kind), at=((1, 2), (3, 4)))
    assert (crossing.suits_rounds, crossing.way_text) == (suits, text)


def test_a_ring_closes_and_an_estuary_stays_open() -> None:
    """A ring has one piece more than an open line through the same points."""
    points, by = ((0, 0), (0, 9), (9, 9)), (Crossing(name="x", kind="bridge", at=((0, 5),)),)
    line = Water(name="river", line=points, crossings=by)
    ring = Water(name="moat", line=points, crossings=by, ring=True)
    assert list(line.stretches()) == [((0, 0), (0, 9)), ((0, 9), (9, 9))]
    assert list(ring.stretches()) == [*line.stretches(), ((9, 9), (0, 0))]


@pytest.mark.parametrize(
    "changes",
    [
        {"crossings": ()},  # nobody could ever get across
        {"line": ((0, 0),)},  # a point parts nothing
        {"line": ((-5, 0), (0, 9))},  # off the grid
        {"depth": 5},  # no such column
    ],
)
def test_a_water_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    """Entries of the table are checked when it is read."""
    right = {
        "name": "river",
        "line": ((0, 0), (0, 9)),
        "crossings": ({"name": "ford", "kind": "bridge", "at": ((0, 5),)},),
    }
    assert Water.model_validate(right)
    with pytest.raises(ValidationError):
        Water.model_validate({**right, **changes})
