"""Tests of synthetic counties: the same every time, free of faults, of one piece."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import MatcherError
from matcher.files import read_book, write_book
from matcher.geography import Gazetteer
from matcher.model import Book, CareRequest
from matcher.policy import default_policy
from matcher.synthetic import CountySpec, generate
from matcher.synthetic.capacity import demand, shares
from matcher.synthetic.chance import Dice, quotas
from matcher.synthetic.figures import WEEKDAYS, WEEKEND
from matcher.synthetic.names import provider_id, request_id
from matcher.synthetic.places import lay_out
from matcher.synthetic.providers import draw_homes
from matcher.vocabulary import (
    Outcome,
    ProviderKind,
    ProviderStatus,
    ServiceType,
    TimeNeed,
)

SMALL = CountySpec(agencies=12, homes=15, waiting_homecare=25, waiting_placements=12, running=80)
WITHIN_THE_WEEK = 7


def homecare(requests: Iterable[CareRequest]) -> list[CareRequest]:
    """Return the requests for visits at home."""
    return [request for request in requests if request.is_homecare]


# -- the same every time -----------------------------------------------------------------------


def test_the_same_spec_writes_the_same_bytes(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Two runs of one spec leave identical folders."""
    for name in ("one", "two"):
        write_book(tmp_path / name, generate(SMALL, gazetteer))
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("change", [{"seed": 1}, {"council": "E06000017"}])
def test_seed_and_council_make_another_county(
    gazetteer: Gazetteer, change: dict[str, object]
) -> None:
    """A county depends on both its seed and its council."""
    here, there = generate(SMALL, gazetteer), generate(replace(SMALL, **change), gazetteer)
    assert [p.client_groups for p in here.providers] != [p.client_groups for p in there.providers]


def test_no_global_random_state_is_used(gazetteer: Gazetteer) -> None:
    """Neither reads nor moves numpy's global stream."""
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()
    first = generate(SMALL, gazetteer)
    assert np.random.get_state()[1].tolist() == before
    np.random.seed(2)
    assert generate(SMALL, gazetteer) == first


def test_a_longer_table_does_not_disturb_the_others(gazetteer: Gazetteer) -> None:
    """With more people the providers and their zones stay as they were."""
    more = generate(replace(SMALL, waiting_homecare=40, running=120), gazetteer)
    few = generate(SMALL, gazetteer)
    assert more.providers == few.providers
    assert more.zones == few.zones
    assert more.rates == few.rates


# -- free of faults ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("council", "seed", "running"),
    [
        ("E06000059", 0, 1300),
        ("E06000059", 1, 200),
        ("E06000059", 987_654_321, 200),
        ("E09000001", 0, 200),  # City of London: one square mile
        ("E06000053", 0, 200),  # Isles of Scilly: 113 postcodes
        ("E06000017", 0, 200),  # Rutland: three outward codes
        ("W06000015", 0, 200),  # Cardiff
        ("S12000036", 0, 200),  # Edinburgh
    ],
)
def test_the_checker_finds_no_fault(
    gazetteer: Gazetteer, tmp_path: Path, council: str, seed: int, running: int
) -> None:
    """The book survives writing and strict reading unchanged, in counties of all sizes."""
    book = generate(CountySpec(council=council, seed=seed, running=running), gazetteer)
    write_book(tmp_path / "book", book)
    assert read_book(tmp_path / "book", gazetteer=gazetteer).book == book


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"agencies": 1},
        {"homes": 1},
        {"agencies": 1, "running": 1, "waiting_homecare": 1},
        {"waiting_homecare": 3, "waiting_placements": 3},  # nobody to ask
        {"agencies": 3, "homes": 2, "waiting_placements": 10, "history_days": 0},
    ],
)
def test_counties_may_be_nearly_empty(
    gazetteer: Gazetteer, tmp_path: Path, sizes: dict[str, int]
) -> None:
    """Any table may be empty or hold one row."""
    nothing = {"agencies": 0, "homes": 0, "waiting_homecare": 0, "waiting_placements": 0}
    spec = CountySpec(council="E06000053", running=sizes.get("running", 0))
    spec = replace(spec, **{**nothing, **sizes})
    book = generate(spec, gazetteer)
    write_book(tmp_path / "book", book)
    assert read_book(tmp_path / "book", gazetteer=gazetteer).book == book
    assert len(book.requests) == spec.waiting_homecare + spec.waiting_placements + spec.running


def test_the_sizes_asked_for_are_met(county: Book) -> None:
    """Sixty agencies, a hundred homes, 120 + 40 waiting and 1,300 running by default."""
    kinds = Counter(provider.kind for provider in county.providers)
    assert kinds == {ProviderKind.HOMECARE: 60, ProviderKind.CARE_HOME: 100}
    assert len(homecare(county.waiting)) == 120
    assert len(county.waiting) == 160
    assert len(county.running) == 1300


@pytest.mark.parametrize(
    "bad",
    [
        {"seed": -1},  # seeds start at 0
        {"agencies": -1},  # fewer than none
        {"homes": 1_000_001},  # one too many
        {"seed": 2**63},  # one too many bits
        {"history_days": 3651},  # more than ten years
        {"running": 2.5},  # half a person
        {"zones": 0},  # everybody lives in some zone
        {"capacity_share": 0.0},  # would be a county without homecare
        {"capacity_share": 10.1},  # just above the most
        {"as_of": date(2009, 12, 31)},  # a day before the earliest
        {"agencies": 0},  # nobody to run the 1,300 packages
    ],
)
def test_impossible_counties_are_refused(bad: dict[str, object]) -> None:
    """The refusal names the setting, its value and what is expected."""
    with pytest.raises(MatcherError) as refusal:
        CountySpec(**bad)
    name, value = next(iter(bad.items()))
    assert refusal.value.thing == name
    assert str(value) in str(refusal.value)


@pytest.mark.parametrize(
    "edge",
    [
        {"seed": 0},
        {"capacity_share": 10.0},
        {"as_of": date(2010, 1, 1)},
        {"agencies": 0, "running": 0},
        {"zones": 1},
    ],
)
def test_counties_at_the_edge_are_accepted(edge: dict[str, object]) -> None:
    """Each limit itself is allowed."""
    assert CountySpec(**edge)


def test_an_unknown_council_is_refused(gazetteer: Gazetteer) -> None:
    """A code that no postcode carries is named in the error."""
    with pytest.raises(MatcherError, match="E06999999"):
        generate(replace(SMALL, council="E06999999"), gazetteer)


# -- holds together ----------------------------------------------------------------------------


def test_every_postcode_of_the_authority_has_one_zone(county: Book, gazetteer: Gazetteer) -> None:
    """Zones cover the authority without overlap, and about eight of them."""
    parts = [part for zone in county.zones for part in zone.postcodes]
    assert len(parts) == len(set(parts))
    assert {code.outward for code in gazetteer.postcodes_of("E06000059").postcodes} == set(parts)
    assert len(county.zones) == 8


def test_few_outward_codes_are_divided_by_sector(gazetteer: Gazetteer) -> None:
    """Rutland has three outward codes, so its eight zones are made of sectors."""
    zones = generate(replace(SMALL, council="E06000017"), gazetteer).zones
    assert len(zones) == 8
    assert all(" " in part for zone in zones for part in zone.postcodes)


def test_names_are_unique_and_numbered(county: Book) -> None:
    """Every name carries its number, so it can be no real firm's."""
    names = [provider.name for provider in county.providers]
    assert len(set(names)) == len(names)
    assert all(name[-3:].isdigit() for name in names)


def test_ids_sort_as_their_numbers_do() -> None:
    """Ids grow wider where a county has more than fit three or five digits."""
    assert provider_id(ProviderKind.HOMECARE, 17, 60) == "A-017"
    assert provider_id(ProviderKind.CARE_HOME, 17, 12_500) == "H-00017"
    assert request_id(42, 1460) == "R-00042"
    assert request_id(42, 300_000) == "R-000042"


def test_visits_lie_in_bands_and_on_the_grid(county: Book) -> None:
    """Every visit has a band of the default policy; a time asked for lies inside it."""
    bands = default_policy().bands
    for request in homecare(county.requests):
        assert request.package.visits
        for visit in request.package.visits:
            assert visit.band in bands
            assert visit.minutes >= 15
            if visit.at_minute is not None:
                band = bands[visit.band or ""]
                assert band.start_minute <= visit.at_minute <= band.end_minute
            if visit.time_need is TimeNeed.CRITICAL:
                assert visit.reason


def test_capacity_is_only_with_open_agencies_and_never_overlaps(crowd: Book) -> None:
    """Rows of one agency do not cover the same minute of the same day twice."""
    open_ids = {p.provider_id for p in crowd.providers if p.status is ProviderStatus.OPEN}
    spans = defaultdict(list)
    for row in crowd.homecare_capacity:
        assert row.provider_id in open_ids
        for day in row.days:
            spans[row.provider_id, day].append((row.start_minute, row.end_minute))
    for held in spans.values():
        held.sort()
        assert all(first[1] <= second[0] for first, second in pairwise(held))
    assert {row.provider_id for row in crowd.bed_capacity} <= open_ids


def test_vacancies_stay_below_a_homes_beds(gazetteer: Gazetteer) -> None:
    """No home has more than half of its beds vacant, and each kind is one it sells."""
    spec = CountySpec()
    homes = draw_homes(spec, lay_out(spec, gazetteer))
    size = dict(zip((p.provider_id for p in homes.providers), homes.beds, strict=True))
    services = {p.provider_id: p.services for p in homes.providers}
    vacant: Counter[str] = Counter()
    for row in generate(spec, gazetteer).bed_capacity:
        assert ServiceType(row.care_type.value) in services[row.provider_id]
        vacant[row.provider_id] += row.beds
    assert all(2 * beds <= size[home] for home, beds in vacant.items())


def test_the_ledger_agrees_with_the_care_that_runs(county: Book) -> None:
    """Every package begun inside the ledger's days was accepted by the agency that runs it."""
    first = county.as_of - timedelta(days=120)
    accepted = {
        (line.request_id, line.provider_id)
        for line in county.history
        if line.request_id and line.outcome is Outcome.ACCEPTED
    }
    begun = {(r.request_id, r.provider_id) for r in county.running if r.started_on >= first}
    assert accepted == begun
    since = {request.request_id: request.waiting_since for request in county.requests}
    for line in county.history:
        assert first <= line.offered_on <= county.as_of
        known = since.get(line.request_id or "")
        assert known is None or known <= line.offered_on


def test_running_care_began_before_today(county: Book) -> None:
    """Running care started after its referral and before the book's day."""
    since = {request.request_id: request.waiting_since for request in county.requests}
    for line in county.running:
        assert (since[line.request_id] or county.as_of) <= line.started_on < county.as_of


# -- the parts ---------------------------------------------------------------------------------


@given(weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=9), count=st.integers(0, 500))
def test_quotas_add_up_and_miss_by_less_than_one(weights: list[float], count: int) -> None:
    """Whole numbers by shares sum to the count, each within one of its exact part."""
    dealt = quotas(dict(enumerate(weights)), count)
    assert sum(dealt.values()) == count
    for key, times in dealt.items():
        assert abs(times - weights[key] * count / sum(weights)) < 1 + 1e-6


@given(
    weights=st.lists(st.floats(0.01, 100), max_size=30),
    count=st.integers(0, 60),
    offset=st.floats(0, 1, exclude_max=True),
)
def test_shares_of_capacity_sum_to_one(weights: list[float], count: int, offset: float) -> None:
    """Lumps divide everything among agencies that exist, or nothing where there is none."""
    parts = shares(weights, count, offset)
    assert set(parts) <= set(range(len(weights)))
    assert sum(parts.values()) == pytest.approx(1 if weights and count else 0)


def test_demand_counts_days_carers_and_travel(county: Book) -> None:
    """A weekday's need is the mean over weekdays; the whole week's is that of both parts."""
    some = homecare(county.waiting)
    week = demand(some, "morning", (*WEEKDAYS, *WEEKEND), 10) * WITHIN_THE_WEEK
    parts = demand(some, "morning", WEEKDAYS, 10) * 5 + demand(some, "morning", WEEKEND, 10) * 2
    assert week == pytest.approx(parts)
    assert week == sum(
        (visit.minutes + 10) * visit.carers * len(visit.days)
        for request in some
        for visit in request.package.visits
        if visit.band == "morning"
    )


def test_streams_differ_by_table() -> None:
    """Two tables of one county do not share their draws."""
    first, second = (Dice(SMALL, table).whole(0, 10**9) for table in ("agencies", "homes"))
    assert first != second
    assert Dice(SMALL, "agencies").whole(0, 10**9) == first
