"""Prices of capacity as a file: written, read back, and refused where they make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import BadInputError
from matcher.files.prices import PRICES, read_prices
from matcher.files.results import write_allocation
from matcher.geography import Gazetteer
from matcher.result import CapacityPrice, Limits, PriceUnit
from matcher.solvers import solve
from matcher.vocabulary import CareType, Day, ServiceType
from tests import builders
from tests.builders import day

POINTS = st.integers(1, 1_000_000).map(lambda number: number / 10_000)
"""Prices as they are rounded before they are written: four decimals."""
HEADER = PRICES.text_of(()).strip()


@st.composite
def weekly_prices(draw: st.DrawFn) -> CapacityPrice:
    """Draw the price of carers in a window on some days."""
    start = draw(st.integers(0, 286))
    days = draw(st.sets(st.sampled_from(Day), min_size=1))
    count = draw(st.none() | st.integers(1, 8))
    return CapacityPrice(
        provider_id=draw(st.sampled_from(["P-1", "P-2"])),
        care=ServiceType.HOMECARE,
        days=tuple(sorted(days, key=lambda each: each.number)),
        from_minute=start * 5,
        to_minute=draw(st.integers(start + 1, 288)) * 5,
        unit=PriceUnit.VISIT if count else PriceUnit.CARER_HOUR,
        most_each=count,
        carers=draw(st.sampled_from([None, 2])),
        points=draw(POINTS),
    )


@st.composite
def nightly_prices(draw: st.DrawFn) -> CapacityPrice:
    """Draw the price of beds from a night on."""
    first = draw(st.integers(0, 366))
    unit = draw(st.sampled_from([PriceUnit.BED, PriceUnit.BED_NIGHT, PriceUnit.STAY]))
    last = day(first + draw(st.integers(0, 100)))
    return CapacityPrice(
        provider_id="H-1",
        care=ServiceType(draw(st.sampled_from(CareType)).value),
        first_night=day(first),
        last_night=None if unit is PriceUnit.BED else last,
        unit=unit,
        most_each=draw(st.integers(1, 8)) if unit is PriceUnit.STAY else None,
        points=draw(POINTS),
    )


@settings(max_examples=60, deadline=None)
@given(prices=st.lists(weekly_prices() | nightly_prices(), max_size=5))
def test_any_price_survives_the_file(
    prices: list[CapacityPrice], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is read back is what was written, to the last decimal."""
    folder = tmp_path_factory.mktemp("prices")
    (folder / PRICES.file).write_text(PRICES.text_of(prices), "utf-8")
    assert read_prices(folder) == tuple(prices)


def test_prices_are_written_for_people(tmp_path: Path) -> None:
    """Times as times, nights as dates, four decimals, and nothing where there is nothing."""
    visits = CapacityPrice(
        provider_id="P-1",
        care=ServiceType.HOMECARE,
        days=(Day.MON, Day.TUE),
        from_minute=420,
        to_minute=1440,
        unit=PriceUnit.CARER_HOUR,
        carers=2,
        points=0.25,
    )
    bed = CapacityPrice(
        provider_id="H-1",
        care=ServiceType.NURSING,
        first_night=day(0),
        unit=PriceUnit.BED,
        points=4.0,
    )
    assert PRICES.text_of([visits, bed]).splitlines()[1:] == [
        "P-1,homecare,mon|tue,07:00,24:00,,,carer_hour,,0.2500,2",
        "H-1,nursing,,,,2026-04-01,,bed,,4.0000,",
    ]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("P-1,homecare,mon,07:00,08:00,,,carer_hour,,-1,", "not negative"),  # worth less than none
        ("P-1,homecare,mon,07:00,08:00,,,carer_hour,,,", "points"),  # no price
        ("P-1,homecare,mon,07:00,08:00,,,carer_hour,,inf,", "not negative"),  # no number
        ("P-1,homecare,mon,07:00,08:00,,,an hour,,1,", "carer_hour"),  # no such unit
        ("P-1,haircut,mon,07:00,08:00,,,carer_hour,,1,", "homecare"),  # no such care
        ("P-1,homecare,mon,7am,08:00,,,carer_hour,,1,", "a time"),  # no time
        (",homecare,mon,07:00,08:00,,,carer_hour,,1,", "an id"),  # nobody's capacity
        ("H-1,nursing,,,,2026-02-30,,bed,,1,", "a day that the calendar has"),  # no such night
    ],
)
def test_a_price_that_makes_no_sense_is_refused(row: str, told: str, tmp_path: Path) -> None:
    """A changed file is refused with the fault and what was expected."""
    (tmp_path / PRICES.file).write_text(f"{HEADER}\n{row}\n", "utf-8")
    with pytest.raises(BadInputError, match=told):
        read_prices(tmp_path)


def test_older_prices_are_of_one_carer(tmp_path: Path) -> None:
    """A file written before prices of double-ups can still be read."""
    header = HEADER.removesuffix(",carers")
    row = "P-1,homecare,mon,07:00,08:00,,,carer_hour,,1"
    (tmp_path / PRICES.file).write_text(f"{header}\n{row}\n", "utf-8")
    (price,) = read_prices(tmp_path)
    assert (price.carers, price.points) == (None, 1.0)


def test_an_older_folder_has_no_prices(tmp_path: Path) -> None:
    """A folder written before there were prices can still be read."""
    assert read_prices(tmp_path) == ()


def test_a_folder_holds_the_prices_of_its_answer(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """An exact answer's prices and points are in the files, exactly as the result has them."""
    market = builders.market(
        gazetteer,
        builders.home(),
        builders.beds(),
        builders.weekly(),
        builders.placement_request("R-1", risk="red"),
        builders.placement_request("R-2", risk="green"),
    )
    result = solve(market, limits=Limits.reproducible())
    assert result.prices
    write_allocation(tmp_path / "night", market, result)
    assert read_prices(tmp_path / "night") == result.prices
    cells = (tmp_path / "night" / "placements.csv").read_text("utf-8").splitlines()[1].split(",")
    (placed,) = result.allocation.placed
    assert placed.scarcity_points is not None
    assert f"{placed.scarcity_points:.2f}" in cells
