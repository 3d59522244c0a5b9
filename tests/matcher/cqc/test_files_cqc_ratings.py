"""Tests of ratings: of the register's own columns and of a file beside it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from matcher.errors import BadInputError
from matcher.files.cqc import import_register
from matcher.files.cqc.ratings import read_ratings
from matcher.geography import Gazetteer
from matcher.vocabulary import CqcRating
from tests.matcher.cqc.extracts import AS_OF, active, directory, entry, faults, home, written

RATINGS = (
    "Location ID", "Location Name", "Service / Population Group", "Domain", "Latest Rating",
    "Publication Date", "Inherited Rating (Y/N)",
)  # fmt: skip
RATING, DAY = "Location Latest Overall Rating", "Publication Date"


def rated(number: int, rating: str, day: str = "14/05/2025", **cells: str) -> dict[str, str]:
    """Return an invented row of a file of ratings: the overall one of a location."""
    row = {
        "Location ID": f"1-{number}",
        "Location Name": "An invented place",
        "Service / Population Group": "Overall",
        "Domain": "Overall",
        "Latest Rating": rating,
        "Publication Date": day,
    }
    return row | cells


def ratings(tmp_path: Path, *rows: dict[str, str]) -> Path:
    """Write a file of ratings."""
    return written(tmp_path / "ratings.csv", RATINGS, list(rows))


def test_a_register_without_ratings_takes_them_from_a_file(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    """Only overall ratings of the whole location count; ratings of others are passed over."""
    file = ratings(
        tmp_path,
        rated(1, "Good", **{"Domain": "Safe"}),
        rated(1, "Inadequate"),
        rated(1, "Outstanding", **{"Service / Population Group": "Urgent care"}),
        rated(2, "Requires improvement", "2025-06-01 00:00"),
        rated(8, "Good"),
    )
    register = directory(tmp_path, entry(1), entry(2), entry(3))
    found = import_register(register, gazetteer=gazetteer, as_of=AS_OF, ratings=file)
    assert [(home.cqc_rating, home.cqc_rated_on) for home in found.providers] == [
        (CqcRating.INADEQUATE, date(2025, 5, 14)),
        (CqcRating.REQUIRES_IMPROVEMENT, date(2025, 6, 1)),
        (CqcRating.NOT_YET_RATED, None),
    ]
    assert found.rated_by == "ratings.csv"


def test_it_is_known_whether_anything_told_ratings(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """The directory never does; the active locations do where they have the column."""
    told = []
    for row in (home(1), home(1, **{RATING: ""}), home(1, **{RATING: "Good"})):
        found = import_register(active(tmp_path, row), gazetteer=gazetteer, as_of=AS_OF)
        told.append(found.rated_by)
    path = directory(tmp_path, entry(1))
    told.append(import_register(path, gazetteer=gazetteer, as_of=AS_OF).rated_by)
    assert told == ["", "HSCA active locations", "HSCA active locations", ""]


@pytest.mark.parametrize(
    ("own", "given", "rating"),
    [
        (("Good", "01/01/2024"), ("Inadequate", "01/02/2025"), CqcRating.INADEQUATE),
        (("Good", "01/03/2025"), ("Inadequate", "01/02/2025"), CqcRating.GOOD),  # file is older
        (("Good", "01/03/2025"), ("Not rated", ""), CqcRating.GOOD),  # file says nothing
        (("Good", ""), ("Inadequate", "01/02/2025"), CqcRating.INADEQUATE),  # no day to compare
        (("", ""), ("Inadequate", ""), CqcRating.INADEQUATE),
    ],
)
def test_the_later_of_two_ratings_holds(
    tmp_path: Path,
    gazetteer: Gazetteer,
    own: tuple[str, str],
    given: tuple[str, str],
    rating: CqcRating,
) -> None:
    """A file of ratings goes before the register's own, unless that was published later."""
    register = active(tmp_path, home(1, **{RATING: own[0], DAY: own[1]}))
    file = ratings(tmp_path, rated(1, *given))
    found = import_register(register, gazetteer=gazetteer, as_of=AS_OF, ratings=file)
    assert found.providers[0].cqc_rating is rating


def test_the_active_locations_will_do_as_ratings(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Beside a directory, the workbook that tells the rating of every location."""
    file = active(tmp_path, home(1, **{RATING: "Good", DAY: "14/05/2024"}), home(2, **{RATING: ""}))
    register = directory(tmp_path, entry(1), entry(2))
    found = import_register(register, gazetteer=gazetteer, as_of=AS_OF, ratings=file)
    assert [home.cqc_rating for home in found.providers] == [
        CqcRating.GOOD,
        CqcRating.NOT_YET_RATED,
    ]


def test_of_two_days_the_later_rating_holds(tmp_path: Path) -> None:
    """Whatever their order, and one told twice alike is one."""
    older, newer = rated(1, "Good", "2024-01-01"), rated(1, "Inadequate", "2025-01-01")
    for rows in ((older, newer, newer), (newer, older, older)):
        found = read_ratings(ratings(tmp_path, *rows), AS_OF)
        assert found["1-1"].rating is CqcRating.INADEQUATE


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (rated(1, "Fine"), "Latest Rating"),  # no rating
        (rated(1, "Good", "14/05/25"), "Publication Date"),  # short year
        (rated(1, "Good", "2025-05-14 noon"), "Publication Date"),  # no time of day
        (rated(1, "Good", "2026-04-02"), "Publication Date"),  # a day after the book's
        (rated(1, "Good", **{"Location ID": "Location ID"}), "Location ID"),  # the header again
        (rated(1, "Good", **{"Location ID": ""}), "Location ID"),  # whose?
        (rated(7, "Good"), "Latest Rating"),  # another than the row before, of one day
    ],
)
def test_a_bad_rating_is_named(tmp_path: Path, row: dict[str, str], column: str) -> None:
    """Every fault has its row and column as the file writes them."""
    file = ratings(tmp_path, rated(7, "Inadequate"), row)
    text = file.read_text().replace("Latest Rating", "LATEST rating")
    file.write_text(text, encoding="utf-8-sig")
    with pytest.raises(BadInputError) as refusal:
        read_ratings(file, AS_OF)
    (fault,) = refusal.value.faults
    assert (fault.file, fault.row) == ("ratings.csv", 3)
    assert fault.column.lower() == column.lower()


def test_rows_that_are_not_overall_need_no_mending(tmp_path: Path) -> None:
    """What does not count is not read, and a file of nothing else rates nobody."""
    file = ratings(tmp_path, rated(1, "?", **{"Domain": "Caring"}))
    assert read_ratings(file, AS_OF) == {}


@pytest.mark.parametrize("text", ["", "Name,Rating\nA,Good\n", "Location ID,Domain\n1-1,Overall\n"])
def test_another_file_is_no_file_of_ratings(tmp_path: Path, text: str) -> None:
    """The headings that are needed are named; nothing is guessed."""
    file = tmp_path / "other.csv"
    file.write_text(text)
    with pytest.raises(BadInputError, match="Latest Rating"):
        read_ratings(file, AS_OF)


def test_a_rating_after_the_books_day_is_named(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """A book of an earlier day cannot hold it: said at the import, not by the next command."""
    path = active(tmp_path, home(1, **{RATING: "Good", DAY: "02/04/2026"}))
    (fault,) = faults(path, gazetteer)
    assert fault.column == DAY
    assert "2026-04-01" in fault.expected


def test_ratings_of_an_earlier_registration_are_known(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Such a rating was earned by somebody else, perhaps; without a rating there is none such."""
    mark = "Inherited Rating (Y/N)"
    rows = [
        home(1, **{RATING: "Good", DAY: "14/05/2019", mark: "Y"}),
        home(2, **{RATING: "Good", DAY: "14/05/2019", mark: "N"}),
        home(3, **{RATING: "Not Rated", mark: "Y"}),
    ]
    found = import_register(active(tmp_path, *rows), gazetteer=gazetteer, as_of=AS_OF)
    assert found.inherited == ("1-1",)
