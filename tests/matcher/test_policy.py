"""The policy: every figure cited, every fault told, councils' variants, and travel that grows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import BadInputError, Fault
from matcher.objectives import OBJECTIVES
from matcher.policy import Figure, Policy, default_policy, parse_policy
from matcher.vocabulary import GRID_MINUTES, METRES_PER_MILE, CqcRating
from tests.builders import council_policy

VARIANTS = sorted((Path(__file__).parents[2] / "data" / "policy").glob("*.toml"))
CITED = 'unit = "as usual", from = 2026-04-01, assumed = true'


def variant(name: str) -> Policy:
    """Return a council's variant by the name of its file."""
    path = next(path for path in VARIANTS if path.stem == name)
    return parse_policy(path.read_text("utf-8"), path.name)


def faults_of(text: str) -> dict[str, Fault]:
    """Return the faults of a policy text by the place that they name."""
    with pytest.raises(BadInputError) as caught:
        parse_policy(text)
    return {fault.column: fault for fault in caught.value.faults}


def one_figure(place: str, value: str) -> dict[str, Fault]:
    """Return the faults of a policy that gives one figure another value."""
    return faults_of(f"{place} = {{ value = {value}, {CITED} }}")


# -- the default ---------------------------------------------------------------------------------


def test_every_default_figure_has_a_unit_and_a_source_or_is_assumed() -> None:
    """Nothing in the default policy stands without a source, unless it says so."""
    policy = default_policy()
    rooms = [getattr(policy, name) for name in type(policy).model_fields]
    figures = [figure for room in rooms for _, figure in _pairs(room)]
    assert len(figures) > 50
    for figure in figures:
        assert figure.assumed != bool(figure.source)
        assert not isinstance(figure, Figure) or figure.unit


def _pairs(room: object) -> list[tuple[str, object]]:
    if isinstance(room, dict):
        return list(room.items())
    return [] if isinstance(room, str) else list(room)  # type: ignore[call-overload]


def test_assumed_figures_are_named_and_sourced_ones_are_not() -> None:
    """The list of assumptions holds exactly the figures without a source."""
    assumed = default_policy().assumed
    assert {"bands.lunch", "travel.road_factor", "weights.cost"} <= set(assumed)
    assert not {"radius.care_home_miles", "shortlist.options", "allocation.order"} & set(assumed)
    assert "title" not in assumed


def test_the_default_order_of_objectives_names_every_objective() -> None:
    """No objective is left out of the published order by accident, or named that is none."""
    assert default_policy().allocation.order.value == tuple(OBJECTIVES)


def test_a_policy_survives_being_written_out_and_read_again() -> None:
    """A policy sent as JSON to another process is the same policy."""
    policy = variant("southwark")
    assert Policy.model_validate_json(policy.model_dump_json(by_alias=True)) == policy


def test_an_empty_variant_is_the_default_policy() -> None:
    """A variant changes only what it names."""
    assert parse_policy("") == default_policy()


def test_a_variant_changes_the_figure_it_names_and_no_other() -> None:
    """One figure of one room is laid over; its neighbours stay."""
    changed = parse_policy(f"[radius]\nhomecare_miles = {{ value = 3, {CITED} }}")
    usual = default_policy()
    assert changed.radius.homecare_miles.value == 3.0
    assert changed.radius.care_home_miles == usual.radius.care_home_miles
    assert changed.model_copy(update={"radius": usual.radius}) == usual


# -- what is refused -----------------------------------------------------------------------------


def test_unknown_keys_are_refused_with_the_key_that_was_probably_meant() -> None:
    """A slip of the pen is told at every depth, with what stands there."""
    faults = faults_of(
        "wieghts = 3\n"
        f"[weights]\ncots = {{ value = 1, {CITED} }}\n"
        '[radius]\nhomecare_miles = { valeu = 1.0, unit = "miles", from = 2026-04-01 }\n'
        '[bands]\nlate = { strat = "20:00", end = "22:00", from = 2026-04-01, assumed = true }\n'
    )
    assert faults["wieghts"].expected.endswith("did you mean weights?")
    assert faults["weights.cots"].expected.endswith("did you mean cost?")
    assert faults["radius.homecare_miles.valeu"].expected == (
        "one of value, unit, from, source, assumed; did you mean value?"
    )
    assert faults["bands.late.strat"].expected == (
        "one of start, end, ideal, from, source, assumed; did you mean start?"
    )


def test_an_unknown_key_like_no_other_lists_what_is_known() -> None:
    """Without a near word no guess is made."""
    fault = faults_of("zzzz = 1")["zzzz"]
    assert fault.value == "zzzz"
    assert "did you mean" not in fault.expected
    assert "shortlist" in fault.expected


def test_missing_parts_of_a_figure_are_told_one_by_one() -> None:
    """A bare value is no figure: unit and date are asked for."""
    faults = faults_of("[weights]\ncost = { value = 3 }")
    assert set(faults) == {"weights.cost.unit", "weights.cost.from"}
    assert faults["weights.cost.unit"].expected == "a value for unit, which is missing"


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("weights.cost", '"25"', "a valid integer"),  # a number in quotation marks
        ("weights.cost", "true", "a valid integer"),  # a yes is no weight
        ("weights.cost", "25.5", "a valid integer"),  # weights are whole
        ("weights.cost", "-1", "greater than or equal to 0"),  # a weight cannot pull the wrong way
        ("radius.homecare_miles", "true", "a valid number"),  # a yes is no distance
        ("radius.homecare_miles", "0", "greater than 0"),  # nobody would ever be in reach
        ("radius.homecare_miles", "inf", "less than or equal to 1000"),  # no limit is no radius
        ("radius.homecare_miles", "nan", "less than or equal to 1000"),  # compares with nothing
        ("rules.admit_unrated", '"yes"', "a valid boolean"),  # TOML has true and false
        ("rules.admit_unrated", "1", "a valid boolean"),  # one is no yes
        ("rules.homecare_contracts", '["blok"]', "'block', 'framework' or 'spot'"),  # misspelt
        ("shortlist.options", "0", "greater than or equal to 1"),  # a shortlist of nobody
        ("scoring.cost_spread", "0.0", "greater than 0"),  # would divide by nothing
        ("allocation.bed_horizon_days", "27", "greater than or equal to 28"),  # below four weeks
    ],
)
def test_a_value_of_the_wrong_kind_or_size_is_refused(
    place: str, value: str, expected: str
) -> None:
    """The fault names the figure, what was met and what was expected."""
    (fault,) = one_figure(place, value).values()
    assert fault.column.startswith(f"{place}.value")
    assert fault.expected.startswith(expected)


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("rules.minimum_rating", '"fine"', "one of none, requires_improvement, good, outstanding"),
        ("rules.minimum_rating", '"inadequate"', "one of none"),  # a floor that lets all in
        ("allocation.order", "[]", "names each given once, at least one"),  # no aim at all
        ("allocation.order", '["fit", "fit"]', "names each given once"),  # twice
    ],
)
def test_a_figure_outside_its_own_list_is_refused(place: str, value: str, expected: str) -> None:
    """Figures with a list of words of their own say what the words are."""
    assert one_figure(place, value)[place].expected.startswith(expected)


def test_a_figure_is_cited_once_by_a_source_or_by_the_word_assumed() -> None:
    """Neither and both are refused."""
    usual = 'value = 3, unit = "weight", from = 2026-04-01'
    for end in ("", ', source = "us", assumed = true', ', source = ""'):
        faults = faults_of(f"weights.cost = {{ {usual}{end} }}")
        assert faults["weights.cost"].expected == "either a source or assumed = true"


@pytest.mark.parametrize(
    "time",
    [
        '"7:00"',  # the hour has two digits
        '"24:00"',  # no visit starts then
        '"07:60"',  # no such minute
        '"07:03"',  # off the grid of five minutes
        '"²²:00"',  # digits to Python, not to a clock
        '"seven"',
        "421",  # off the grid as minutes of the day
        "-5",  # before the day
        "true",  # a yes is no time
        "07:00:00",  # TOML's own time, which has seconds
    ],
)
def test_a_band_with_a_time_that_is_none_is_refused(time: str) -> None:
    """A band's ends are times of day on the 5-minute grid."""
    faults = faults_of(
        f'bands.late = {{ start = {time}, end = "23:00", from = 2026-04-01, assumed = true }}'
    )
    assert faults["bands.late.start"].expected.startswith("a time from 00:00 to 23:55")


def test_a_band_may_be_one_moment_but_not_end_before_it_starts() -> None:
    """Kept at equal ends, broken five minutes earlier."""
    end = "from = 2026-04-01, assumed = true }"
    kept = parse_policy(f'bands.late = {{ start = "20:00", end = "20:00", {end}')
    assert str(kept.bands["late"]) == "20:00-20:00"
    faults = faults_of(f'bands.late = {{ start = "20:00", end = "19:55", {end}')
    assert faults["bands.late"].expected == "an end not before the start"


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("weights = 3", "weights", "a table of cost, distance"),  # a number is no room
        ("weights.cost = 3", "weights.cost", "a table of value, unit"),  # a bare number
        ("[bands]", "bands", "Dictionary should have at least 1 item"),  # no visit could start
        ('bands."Tea time" = 1', "bands.Tea time", ""),  # a band's name is one lower-case word
    ],
)
def test_a_room_of_the_wrong_shape_is_refused(text: str, place: str, expected: str) -> None:
    """A table is asked for where a table stands."""
    faults = faults_of(text)
    assert any(
        column.startswith(place) and fault.expected.startswith(expected)
        for column, fault in faults.items()
    )


def test_a_text_that_is_no_toml_is_refused_with_the_place() -> None:
    """The file is named, and the reader's complaint kept short."""
    fault = faults_of("weights = ")[""]
    assert (fault.file, fault.expected) == ("policy.toml", "a TOML document")
    assert len(fault.value) <= 80


def test_all_weights_nought_leave_nothing_to_rank_by() -> None:
    """At least one weight stands above nought; one is enough."""
    names = list(tomllib.loads(_no_weights())["weights"])
    assert faults_of(_no_weights())["weights"].expected == "at least one weight above 0"
    one = _no_weights().replace(f"{names[0]} = {{ value = 0", f"{names[0]} = {{ value = 1")
    assert parse_policy(one).weights.cost.value == 1


def _no_weights() -> str:
    rows = [f"{name} = {{ value = 0, {CITED} }}" for name, _ in default_policy().weights]
    return "[weights]\n" + "\n".join(rows)


def test_a_rating_goes_stale_after_it_is_fresh() -> None:
    """Equal years would divide by nothing; a day more is enough."""
    text = (
        "[scoring]\nrating_fresh_years = {{ value = 3.0, {0} }}\n"
        "rating_stale_years = {{ value = {1}, {0} }}"
    )
    faults = faults_of(text.format(CITED, "3.0"))
    assert faults["scoring"].expected == "rating_stale_years above rating_fresh_years"
    assert parse_policy(text.format(CITED, "3.01")).scoring.rating_stale_years.value == 3.01


# -- what figures mean ---------------------------------------------------------------------------


def test_the_rating_floor_is_a_rating_or_nothing() -> None:
    """The word none means that there is no floor."""
    assert default_policy().rules.rating_floor is None
    floor = council_policy(rules__minimum_rating="good").rules.rating_floor
    assert floor is CqcRating.GOOD


def test_radius_is_given_in_whole_metres() -> None:
    """Fifteen miles are 24,140 metres, twenty-five 40,234."""
    radius = default_policy().radius
    assert radius.metres(homecare=True) == 24_140
    assert radius.metres(homecare=False) == 40_234


@pytest.mark.parametrize(
    ("metres", "minutes"),
    [
        (0, 5),  # never less than the least
        (1_000, 5),  # 1.35 road km, 0.84 miles at 22 mph: 2.3 minutes
        (2_000, 5),  # 1.68 miles: 4.6 minutes
        (2_384, 10),  # 2.0 miles at 22 mph: 5.5 minutes
        (3_648, 10),  # 3.06 miles: 5.45 + 2.12 = 7.6 minutes, the usual leg
        (20_000, 15),  # 16.78 miles: 3.06 + 0.25 x 13.72 = 6.49; 5.45 + 8.98 = 14.4 minutes
        (24_140, 20),  # 20.25 miles: leg 7.36; 5.45 + 10.71 = 16.2 minutes
    ],
)
def test_travel_minutes_are_those_worked_by_hand(metres: int, minutes: int) -> None:
    """Town speed first, rural beyond, a share past the usual leg, up to the next five minutes."""
    assert int(default_policy().travel.minutes(metres)) == minutes


def test_an_exact_number_of_minutes_is_not_rounded_up() -> None:
    """Eleven miles at 22 mph are 30 minutes, not 35."""
    travel = council_policy(
        travel__road_factor=1.0, travel__usual_leg_miles=11.0, travel__town_miles=11.0
    ).travel
    assert int(travel.minutes(11 * METRES_PER_MILE)) == 30


@given(st.lists(st.integers(0, 2_000_000), min_size=2, max_size=30))
def test_travel_never_falls_as_distance_grows_and_lies_on_the_grid(metres: list[int]) -> None:
    """Further is never quicker, under the default policy and both variants."""
    for policy in (default_policy(), variant("southwark"), variant("county-25-miles")):
        minutes = policy.travel.minutes(np.sort(metres))
        assert (np.diff(minutes) >= 0).all()
        assert (minutes % GRID_MINUTES == 0).all()
        assert minutes.min() >= policy.travel.minimum_minutes.value


# -- councils' variants --------------------------------------------------------------------------


@pytest.mark.parametrize("path", VARIANTS, ids=[path.stem for path in VARIANTS])
def test_every_variant_shipped_loads_and_has_a_name_and_version_of_its_own(path: Path) -> None:
    """A variant is a policy, and a record that cites it can tell it from the default."""
    policy = parse_policy(path.read_text("utf-8"), path.name)
    assert policy.title != default_policy().title
    assert policy.version
    assert policy != default_policy()


def test_southwark_has_bands_that_overlap_and_leave_a_gap() -> None:
    """Bands need not follow each other: morning overlaps, and 16:00-18:00 is in none."""
    policy = variant("southwark")
    assert [str(band) for band in policy.bands.values()] == [
        *("07:00-10:00", "09:00-11:30", "11:30-14:30", "14:30-16:00", "18:00-22:00")
    ]
    starts = [(band.start_minute, band.end_minute) for band in policy.bands.values()]
    assert sum(first <= 9 * 60 + 30 <= last for first, last in starts) == 2
    assert not any(first <= 17 * 60 <= last for first, last in starts)
    assert policy.radius.metres(homecare=True) == policy.radius.metres(homecare=False) == 4828
    assert policy.rules.tiers_in_order.value
    assert all(band.source for band in policy.bands.values())


def test_the_county_asks_everyone_in_25_miles_rated_good_or_not_yet_rated() -> None:
    """The larger radius, the floor that admits the unrated, and no order of tiers."""
    policy = variant("county-25-miles")
    assert policy.radius.metres(homecare=True) == policy.radius.metres(homecare=False) == 40_234
    assert policy.rules.rating_floor is CqcRating.GOOD
    assert policy.rules.admit_unrated.value
    assert not policy.rules.tiers_in_order.value
