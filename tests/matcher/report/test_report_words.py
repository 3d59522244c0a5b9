"""Counts, figures and the building blocks of pages."""

from __future__ import annotations

from datetime import date

import pytest

from matcher.allocation import UnplacedReason
from matcher.errors import Fault
from matcher.objectives import known
from matcher.report.allocation import REASONS, STATUSES
from matcher.report.faults import faults_document, faults_table
from matcher.report.objective import title_of, value_text
from matcher.report.page import cut, facts, listing, note, notes, section, table
from matcher.report.wording import (
    and_text,
    count_text,
    day_text,
    few_words,
    hours_text,
    long_day_text,
    of_it,
    ordinal_text,
    people_text,
    plain_text,
    rating_text,
    sentence_text,
    short_day_text,
    some_text,
    week_text,
    would_do,
)
from matcher.result import Status
from matcher.vocabulary import CqcRating
from tests.builders import AS_OF
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
        (short_day_text(date(2026, 4, 3), AS_OF), "Fri 3 Apr"),
        (short_day_text(date(2027, 1, 4), AS_OF), "Mon 4 Jan 2027"),  # another year is named
        (long_day_text(AS_OF), "1 April 2026"),
        (rating_text(CqcRating.GOOD, date(2024, 5, 14)), "good 05/2024"),
        (rating_text(CqcRating.NOT_YET_RATED, None), "not yet rated"),
        (rating_text(None, None), "not on file"),
        (sentence_text("two words"), "Two words"),
        (sentence_text(""), ""),
        (plain_text("Approve (H9). See (L2, S4) and (any)."), "Approve. See and (any)."),
        (ordinal_text(1), "1st"),
        (ordinal_text(2), "2nd"),
        (ordinal_text(3), "3rd"),
        (ordinal_text(11), "11th"),
        (ordinal_text(112), "112th"),
        (ordinal_text(24), "24th"),
        (some_text(["a", "b"], 2), "a and b"),
        (some_text(["a", "b", "c"], 2), "a, b and 1 other"),
        (some_text(["a"], 2, 9), "a and 8 others"),
    ],
)
def test_figures_read_as_people_write_them(text: str, expected: str) -> None:
    """Counts agree with their nouns, and figures carry their units."""
    assert text == expected


@pytest.mark.parametrize(
    ("sentence", "few", "whole"),
    [
        ("R-1 is in zone a; Inn serves b.", "serves b", "it serves b; R-1 is in zone a"),
        ("Inn is under embargo: no new work.", "under embargo: no new work", None),
        ("Inn has no bed by then.", "no bed by then", "it has no bed by then"),
        ("Inn has found R-1 unsuitable.", "has found R-1 unsuitable", None),
        ("R-1 excludes Inn.", "R-1 excludes Inn", "R-1 excludes it"),  # nothing after the name
        ("Somebody else (H15).", "Somebody else", "Somebody else"),  # a provider without a word
    ],
)
def test_reasons_are_told_in_few_words(sentence: str, few: str, whole: str | None) -> None:
    """What a sentence says of a provider is told without its name, and without codes."""
    assert few_words(sentence, "Inn") == few
    assert of_it(sentence, "Inn") == (whole or sentence.replace("Inn", "it").removesuffix("."))


@pytest.mark.parametrize(
    ("visit", "told"),
    [
        ("visit 2 (tea, every day, 30 minutes, carers 1)", "the tea visit"),
        ("visit 1 (critical at 09:45, sat, 30 minutes, carers 2)", "the visit at 09:45"),
    ],
)
def test_visits_are_told_by_their_band_or_time(visit: str, told: str) -> None:
    """A number means nothing to a broker; the band or the time does."""
    assert few_words(f"Inn has no room for {visit}.", "Inn") == f"no room for {told}"


def test_changes_are_told_as_what_would_do() -> None:
    """What would let a provider in reads as a clause, one change or two."""
    assert would_do(["would do if a bed is free", "if it opens"]) == (
        "would do if a bed is free and if it opens"
    )
    assert would_do(["1.4 km beyond the radius"]) == "1.4 km beyond the radius"
    assert would_do(["1.4 km too far", "would do if it opens"]) == (
        "would do if it opens (1.4 km too far)"
    )


def test_a_row_that_must_be_a_line_is_cut() -> None:
    """A cell that is cut ends in an ellipsis; the names before it stay whole."""
    rows = [("A long name of a home", "1.0 km", cut("reason " * 30))]
    (line,) = printed(listing(rows, right=(1,))).splitlines()
    assert line.startswith("  A long name of a home  1.0 km  reason")
    assert line.endswith("…")
    assert printed(listing([])).strip() == ""


def test_values_are_shown_in_the_units_people_use() -> None:
    """Money in pounds, scores in points, everything else as a number."""
    assert value_text("above_rate", 1_371) == "£1,371.00"
    assert value_text("fit", 123_456_789) == "12,345.68"
    assert value_text("waiting_days", 1_234) == "1,234"


def test_stages_of_former_versions_are_shown_by_their_names() -> None:
    """A run kept from before an objective went still shows its figures."""
    assert title_of("distance_metres") == "Distance metres"
    assert value_text("distance_metres", 12_345) == "12,345"


def test_every_code_has_its_words() -> None:
    """No objective, reason or status is left without plain words."""
    assert all(title_of(name) == each.title for name, each in known().items())
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
