"""Single cells: what is refused with its reason, and what spreadsheets write that is accepted."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.files import cells, kinds, read_book
from tests.breaking import cell, copy_of_sample, faults_after

REFUSED: list[tuple[str, int, str, str, str]] = [
    # Dates
    ("requests.csv", 3, "waiting_since", "01/04/26", "four digits for the year"),
    ("requests.csv", 3, "waiting_since", "03/13/2026", "looks like month/day/year"),
    ("requests.csv", 3, "waiting_since", "2026-13-03", "looks like month/day/year"),
    ("requests.csv", 3, "waiting_since", "31/02/2026", "a day that the calendar has"),
    ("requests.csv", 3, "waiting_since", "46113", "the number a spreadsheet keeps"),
    ("requests.csv", 3, "waiting_since", "1 April", "year-month-day"),
    ("requests.csv", 3, "waiting_since", "0206-04-01", "a year from 1900"),
    # Times
    ("homecare_capacity.csv", 2, "start", "24:00", "24:00 may only stand as an end"),
    ("homecare_capacity.csv", 2, "end", "24:30", "no later than 24:00"),
    ("homecare_capacity.csv", 2, "start", "08:07", "steps of 5 minutes"),
    ("homecare_capacity.csv", 2, "start", "7.30", "a time from 00:00 to 23:55"),
    ("homecare_capacity.csv", 2, "start", "07:60", "a time from 00:00 to 23:55"),
    ("homecare_capacity.csv", 2, "start", "07:00:30", "a time from 00:00 to 23:55"),
    ("homecare_capacity.csv", 2, "end", "0.75", "a time from 00:05 to 24:00"),
    ("homecare_capacity.csv", 2, "end", "07:00", "an end later than the start"),
    # Money
    ("rates.csv", 2, "amount_gbp", "25.055", "at most two decimals"),
    ("rates.csv", 2, "amount_gbp", "25,05", "may stand for a decimal point or for thousands"),
    ("rates.csv", 2, "amount_gbp", "1.089,00", "may stand for a decimal point or for thousands"),
    ("rates.csv", 2, "amount_gbp", "-25.05", "not negative"),
    ("rates.csv", 2, "amount_gbp", "£-5", "not negative"),
    ("rates.csv", 2, "amount_gbp", "(5.00)", "not negative"),
    ("rates.csv", 2, "amount_gbp", "10,00,000", "pounds, such as 25.05"),
    ("rates.csv", 2, "amount_gbp", "100000.01", "at most 100000.00"),
    ("rates.csv", 2, "amount_gbp", "", "pounds, such as 25.05"),
    # Numbers
    ("visits.csv", 2, "carers", "1.5", "a whole number"),
    ("visits.csv", 2, "carers", "-1", "a whole number"),
    ("visits.csv", 2, "carers", "5", "at most 4"),
    ("visits.csv", 2, "visit_no", "0", "at least 1"),
    ("visits.csv", 2, "minutes", "32", "a multiple of 5 minutes"),
    ("visits.csv", 2, "minutes", "9" * 30, "a whole number"),
    ("providers.csv", 2, "max_distance_km", "12,5", "with a full stop before decimals"),
    ("providers.csv", 2, "max_distance_km", "-3", "not negative"),
    ("providers.csv", 2, "max_distance_km", "2000.001", "at most 2000"),
    ("providers.csv", 2, "min_weekly_hours", "169", "at most 168"),
    # Words, lists and answers
    ("providers.csv", 2, "kind", "agency", "one of homecare, care_home"),
    ("providers.csv", 2, "services", "homecare|resident", "did you mean residential?"),
    ("providers.csv", 2, "specialisms", "dementia;diabetes", "separated by |"),
    ("providers.csv", 2, "lot", "1st", "starts with a letter"),
    ("providers.csv", 2, "female_carers", "maybe", "yes or no"),
    ("providers.csv", 2, "zones", "north west", "an id of at most 64"),
    ("providers.csv", 4, "provider_id", "", "an id of letters"),
    ("providers.csv", 2, "status", "#N/A", "not a spreadsheet's error"),
    ("providers.csv", 2, "name", "#REF!", "not a spreadsheet's error"),
    ("providers.csv", 2, "name", "#####", "not a spreadsheet's error"),
    ("requests.csv", 3, "risk", "high", "red, amber, green"),
    ("homecare_capacity.csv", 2, "days", "mon,tue", "separated by |"),
    ("homecare_capacity.csv", 2, "days", "fri-mon", "inside one week"),
    ("homecare_capacity.csv", 2, "days", "mon|mon-fri", "each day named once"),
    ("homecare_capacity.csv", 2, "days", "|", "days separated by |"),
    # Postcodes and areas
    ("providers.csv", 2, "postcode", "DT1", "full postcode such as DT1 1XJ"),
    ("requests.csv", 3, "postcode", "DTI 1XJ", "DT1 1XJ"),
    ("zones.csv", 2, "postcodes", "DT1 1XJ", "an outward code such as DT1"),
    ("zones.csv", 2, "postcodes", "Dorchester", "an outward code such as DT1"),
    # Text
    ("visits.csv", 5, "reason", '=HYPERLINK("x")', "not starting like a formula"),
    ("visits.csv", 5, "reason", "+44 phone first", "not starting like a formula"),
    ("visits.csv", 5, "reason", "@home", "not starting like a formula"),
    ("visits.csv", 5, "reason", "\tbefore breakfast", "tab or line break"),
    ("visits.csv", 5, "reason", "first line\nsecond line", "without control characters"),
    ("visits.csv", 5, "reason", "key safe 4711", "key-safe"),
    ("visits.csv", 5, "reason", "x" * 501, "at most 500 characters"),
    ("rates.csv", 2, "amount_gbp", "=20+5", "not starting like a formula"),
    # Rules between the cells of a row
    ("visits.csv", 4, "at", "", "because time_need is preferred"),
    ("visits.csv", 4, "time_need", "", "a time_need of preferred or critical"),
    ("visits.csv", 2, "band", "", "a band, unless the time is critical"),
    ("requests.csv", 13, "admit_to", "2026-04-12", "on or after admit_from"),
    ("bed_capacity.csv", 7, "available_to", "2026-04-09", "on or after available_from"),
]


@pytest.mark.parametrize(("file", "row", "column", "value", "expected"), REFUSED)
def test_refused_cell_is_the_one_fault(
    tmp_path: Path, *, file: str, row: int, column: str, value: str, expected: str
) -> None:
    """A cell that cannot be read is told with its place, its text and what was expected."""
    faults = faults_after(tmp_path, cell(file, row, column, value))
    assert [(fault.file, fault.row, fault.column) for fault in faults] == [(file, row, column)]
    assert faults[0].value == cells.shown(value)
    assert expected in faults[0].expected


ACCEPTED: list[tuple[str, int, str, str, str]] = [
    ("requests.csv", 3, "waiting_since", "20/03/2026", "2026-03-20"),
    ("requests.csv", 3, "waiting_since", "2026-3-20", "2026-03-20"),
    ("requests.csv", 3, "postcode", " dt11ee ", "DT1 1EE"),
    ("requests.csv", 3, "personal_budget_gbp_per_week", "£300", "300.00"),
    ("requests.csv", 3, "personal_budget_gbp_per_week", "£ 300.0", "300.00"),
    ("requests.csv", 3, "plan_signed_off", "TRUE", "yes"),
    ("requests.csv", 3, "plan_signed_off", "1", "yes"),
    ("requests.csv", 3, "risk", " Amber ", "amber"),
    ("requests.csv", 10, "max_distance_km", "8.000", "8"),
    ("requests.csv", 12, "service_type", "Residential-Dementia", "residential_dementia"),
    ("rates.csv", 8, "amount_gbp", "1,180.00", "1180.00"),
    ("homecare_capacity.csv", 2, "start", "7:00", "07:00"),
    ("homecare_capacity.csv", 2, "start", "07:00:00", "07:00"),
    ("homecare_capacity.csv", 2, "days", "Monday-Sunday", "mon|tue|wed|thu|fri|sat|sun"),
    ("homecare_capacity.csv", 5, "days", "mon|tue|wed-fri|", "mon|tue|wed|thu|fri"),
    ("zones.csv", 2, "postcodes", "dt1 | dt2 | DT1", "DT1|DT2"),
    ("providers.csv", 2, "specialisms", "Dementia | DIABETES", "dementia|diabetes"),
    ("providers.csv", 2, "status", "", "open"),
]


@pytest.mark.parametrize(("file", "row", "column", "value", "same_as"), ACCEPTED)
def test_what_spreadsheets_write_means_the_same(
    tmp_path: Path, *, file: str, row: int, column: str, value: str, same_as: str
) -> None:
    """A spelling with only one meaning is read as that."""
    folder = copy_of_sample(tmp_path)
    cell(file, row, column, same_as)(folder)
    plain = read_book(folder).book
    cell(file, row, column, value)(folder)
    assert read_book(folder).book == plain


def test_midnight_may_be_an_end(tmp_path: Path) -> None:
    """A capacity may last until 24:00."""
    folder = copy_of_sample(tmp_path)
    cell("homecare_capacity.csv", 4, "end", "24:00")(folder)
    assert read_book(folder).book.homecare_capacity[2].end_minute == 1440


@given(st.integers(0, 10_000_000))
def test_money_is_exact(pence: int) -> None:
    """Every amount survives being written, with and without thousands separators."""
    text = cells.write_pounds(pence)
    assert Decimal(text) * 100 == pence
    assert cells.read_pounds(text) == pence
    assert cells.read_pounds(f"£{Decimal(text):,}") == pence


@given(st.integers(0, 2_000_000))
def test_metres_and_minutes_survive_being_written(number: int) -> None:
    """Kilometres with three decimals and hours with two tell every metre and minute apart."""
    assert cells.read_kilometres(cells.write_kilometres(number)) == number
    assert cells.read_hours(cells.write_hours(number)) == number


@given(st.integers(0, 287).map(lambda step: step * 5))
def test_times_survive_being_written(minute: int) -> None:
    """Every time on the grid survives being written."""
    assert cells.read_start_time(cells.write_time(minute)) == minute


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_dates_mean_the_same_in_both_spellings(day: date) -> None:
    """Year-month-day and day/month/year are one date."""
    assert cells.read_date(day.isoformat()) == cells.read_date(f"{day:%d/%m/%Y}") == day


@given(st.text(max_size=30).map(str.strip).filter(bool))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text in any kind of cell leads to anything but a value or a reason."""
    everything = [kind for kind in vars(kinds).values() if isinstance(kind, kinds.Kind)]
    assert len(everything) > 10
    for kind in everything:
        with suppress(cells.CellError):
            value = kind.read(text)
            # An empty list is the one value that is written as nothing.
            assert kind.write(value) or value == ()


def test_suggestions_stop_where_they_would_take_long() -> None:
    """Among more than a thousand names none is suggested; among a thousand one is."""
    names = [f"provider-{number}" for number in range(1001)]
    assert cells.suggestion("provider-77x", names) == ""
    assert "did you mean provider-77" in cells.suggestion("provider-77x", names[:1000])
