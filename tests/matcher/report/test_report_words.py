"""Counts, figures and the building blocks of pages."""

from __future__ import annotations

from datetime import date

import pytest

from matcher.allocation import UNITS, UnplacedReason
from matcher.errors import Fault
from matcher.policy import Objective
from matcher.report.allocation import REASONS, STATUSES
from matcher.report.faults import faults_document, faults_table
from matcher.report.objective import TITLES, gap_text, value_text
from matcher.report.page import facts, note, notes, section, table
from matcher.report.wording import (
    and_text,
    count_text,
    day_text,
    hours_text,
    people_text,
    week_text,
)
from matcher.result import Stage, Status
from tests.matcher.report.printed import printed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (people_text(0), "0 people"),
        (people_text(1), "1 person"),
        (people_text(1204), "1,204 people"),
        (count_text(1, "agency", "agencies"), "1 agency"),
        (count_text(2, "agency", "agencies"), "2 agencies"),
        (count_text(2, "visit"), "2 visits"),
        (week_text(None), "not on file"),
        (week_text(108_900), "£1,089.00 a week"),
        (hours_text(0), "0 min"),
        (hours_text(45), "45 min"),
        (hours_text(60), "1 h"),
        (hours_text(65), "1 h 05"),
        (day_text(None), "not recorded"),
        (day_text(date(2026, 4, 1)), "Wed 2026-04-01"),
        (and_text([]), ""),
        (and_text(["a"]), "a"),
        (and_text(["a", "b", "c"]), "a, b and c"),
    ],
)
def test_figures_read_as_people_write_them(text: str, expected: str) -> None:
    """Counts agree with their nouns, and figures carry their units."""
    assert text == expected


def test_values_are_shown_in_the_units_people_use() -> None:
    """Money in pounds, distance in kilometres, everything else as a number."""
    assert value_text(Objective.ABOVE_RATE_PENCE, 137_142) == "£1,371.42"
    assert value_text(Objective.DISTANCE_METRES, 12_345) == "12.3 km"
    assert value_text(Objective.WAITING_DAYS, 1_234) == "1,234"


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (None, ""),  # nothing is known, so nothing is claimed
        (7, "proved"),
        (5, "2"),
    ],
)
def test_gaps_claim_only_what_is_known(bound: int | None, expected: str) -> None:
    """A gap is empty without a bound, and proved only where value and bound meet."""
    stage = Stage(name=Objective.UNPLACED_RED, unit="people", value=7, bound=bound)
    assert gap_text(stage) == expected


def test_every_code_has_its_words() -> None:
    """No objective, reason or status is left without plain words."""
    assert set(TITLES) == set(Objective) == set(UNITS)
    assert set(REASONS) == set(UnplacedReason)
    assert set(STATUSES) == set(Status)


def test_blocks_show_their_data_as_it_is() -> None:
    """Names that look like markup or emoji are shown letter by letter."""
    page = section(
        "Heading",
        note("[bold]Home[/bold] :smile:"),
        notes(["first", "second"]),
        facts([("Name", "[red]x")]),
        table(("Name", "Figure"), [("[link=a]b", "1")], right=("Figure",)),
    )
    text = printed(page)
    for told in ("[bold]Home[/bold] :smile:", "- first", "- second", "[red]x", "[link=a]b"):
        assert told in text


@pytest.mark.parametrize("width", [80, 120])
def test_long_words_stay_inside_the_page(width: int) -> None:
    """A long cell is broken into lines rather than let out of the page."""
    rows = [("word " * 60, "1,234.00"), ("x" * 200, "1")]
    page = table(("Text", "Figure"), rows, right=("Figure",))
    lines = printed(page, width).splitlines()
    assert all(len(line) <= width for line in lines)
    assert any("1,234.00" in line for line in lines)


def test_faults_have_every_part() -> None:
    """A fault shows its file, row, column, value and what was expected; 0 rows mean the file."""
    faults = [
        Fault("requests.csv", 3, "risk", "purple", "red, amber or green"),
        Fault("book.toml", 0, "", "no such file", "a file of this name"),
    ]
    text = printed(faults_table(faults))
    for told in ("requests.csv", "3", "risk", "purple", "red, amber or green", "book.toml"):
        assert told in text
    assert " 0 " not in text
    assert faults_document(faults)[0]["column"] == "risk"
    assert "1 more" in printed(faults_table(faults, most=1))
    assert "more" not in printed(faults_table(faults, most=2))
