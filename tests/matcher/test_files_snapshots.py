"""Capacity is told once: a second snapshot of the same provider would promise it twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.files import read_book, write_book
from matcher.geography import Gazetteer
from matcher.synthetic import CountySpec, generate
from tests.breaking import Step, faults_after, row

ONE_SNAPSHOT = "one snapshot: rows of one as_of add up, rows of different ones do not"


def carers(**cells: str) -> Step:
    """Add a row of carers like the first one of Maiden Castle Homecare, told a week before it."""
    plain = {
        "provider_id": "maiden",
        "days": "mon",
        "start": "07:00",
        "end": "11:00",
        "carers": "1",
        "as_of": "2026-03-23",
    }
    return row("homecare_capacity.csv", **plain | cells)


def beds(**cells: str) -> Step:
    """Add a row of beds like that of the grange, 10 April to 10 May, told a week before it."""
    plain = {
        "provider_id": "grange",
        "care_type": "residential",
        "beds": "1",
        "available_from": "2026-04-10",
        "available_to": "2026-05-10",
        "as_of": "2026-03-19",
        "assumed": "no",
    }
    return row("bed_capacity.csv", **plain | cells)


@pytest.mark.parametrize(
    ("step", "place", "other"),
    [
        (carers(), ("homecare_capacity.csv", 10), "row 2 is as of 2026-03-30"),
        # why: no day is another day than the one recorded
        (carers(as_of=""), ("homecare_capacity.csv", 10), "row 2"),
        # why: five minutes together are enough
        (carers(start="10:55", end="12:00"), ("homecare_capacity.csv", 10), "row 2"),
        # why: none free on one day and one on another cannot both be so
        (carers(carers="0"), ("homecare_capacity.csv", 10), "row 2"),
        (beds(), ("bed_capacity.csv", 9), "row 7 is as of 2026-03-26"),
        # why: the last night of the one is the first of the other
        (beds(available_from="2026-05-10", available_to=""), ("bed_capacity.csv", 9), "row 7"),
        (beds(available_from="2026-01-01", available_to="2026-04-10"), ("bed_capacity.csv", 9),
         "row 7"),
    ],
)  # fmt: skip
def test_another_snapshot_is_not_added_up(
    tmp_path: Path, step: Step, place: tuple[str, int], other: str
) -> None:
    """Rows that overlap and were told on different days are one fault, on the one further down."""
    (fault,) = faults_after(tmp_path, step)
    assert (fault.file, fault.row, fault.column) == (*place, "as_of")
    assert ONE_SNAPSHOT in fault.expected
    assert other in fault.expected


@pytest.mark.parametrize(
    ("step", "file"),
    [
        (carers(days="mon|tue|wed|thu|fri|sat|sun", as_of="2026-03-30"), "homecare_capacity.csv"),
        (beds(as_of="2026-03-26"), "bed_capacity.csv"),
    ],
)
def test_a_row_twice_is_not_added_up(tmp_path: Path, step: Step, file: str) -> None:
    """A row that was pasted in twice is a fault that names the first one."""
    (fault,) = faults_after(tmp_path, step)
    assert (fault.file, fault.column) == (file, "provider_id")
    assert "each row once" in fault.expected


@pytest.mark.parametrize(
    "step",
    [
        carers(carers="2", as_of="2026-03-30"),  # why: rows of one day add up
        carers(start="11:00", end="12:00"),  # why: begins as the other ends
        carers(provider_id="chesil", days="sat", as_of="2026-03-01"),  # why: another day
        beds(beds="2", as_of="2026-03-26"),  # why: rows of one day add up
        beds(available_from="2026-05-11", available_to=""),  # why: from the night after
        beds(care_type="nursing"),  # why: another kind of bed
        beds(provider_id="radipole", care_type="nursing"),  # why: another home
    ],
)
def test_rows_beside_each_other_are_accepted(tmp_path: Path, step: Step) -> None:
    """Rows of one day may overlap, and rows of different days may stand side by side."""
    assert faults_after(tmp_path, step) == ()


def test_an_invented_county_is_one_snapshot(tmp_path: Path) -> None:
    """A generated book reads without a fault, whoever told of capacity when."""
    spec = CountySpec(agencies=20, homes=30, waiting_homecare=20, running=60, zones=4)
    write_book(tmp_path / "book", generate(spec, Gazetteer()))
    assert read_book(tmp_path / "book").book.bed_capacity
