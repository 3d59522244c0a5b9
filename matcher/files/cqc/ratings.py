"""The regulator's ratings: of a register's row, and of the file of ratings published beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from matcher.errors import BadInputError, Fault
from matcher.files.cells import CellError, read_choice, read_id
from matcher.files.cqc.layouts import ACTIVE_LOCATIONS
from matcher.files.cqc.sheets import Cells, not_a_sheet, plain, read_day, read_sheet
from matcher.vocabulary import CqcRating

_UNRATED = frozenset(
    {
        "",
        "inspected but not rated",
        "insufficient evidence to rate",
        "no published rating",
        "not rated",
    }
)
_ID, _LATEST, _PUBLISHED = "Location ID", "Latest Rating", "Publication Date"
_PART, _DOMAIN, _OVERALL = "Service / Population Group", "Domain", "overall"
_RATINGS_FILE = (_ID, _DOMAIN, _LATEST, _PUBLISHED, _PART)
_REGISTER = (
    ACTIVE_LOCATIONS.headings["location_id"],
    ACTIVE_LOCATIONS.headings["rating"],
    ACTIVE_LOCATIONS.headings["rated_on"],
)
_read_known = read_choice(CqcRating)


@dataclass(frozen=True)
class Rated:
    """A rating with the day of its publication; a location that is not rated has neither."""

    rating: CqcRating = CqcRating.NOT_YET_RATED
    on: date | None = None

    def or_newer(self, other: Rated) -> Rated:
        """Return the other one where it was published later than this, or this is none."""
        if self.rating is CqcRating.NOT_YET_RATED:
            return other
        is_newer = bool(other.on and self.on and other.on > self.on)
        return other if is_newer and other.rating is not CqcRating.NOT_YET_RATED else self


def read_rating(text: str) -> CqcRating:
    """Read a rating in the regulator's words, of which several say that there is none."""
    return CqcRating.NOT_YET_RATED if text.lower() in _UNRATED else _read_known(text)


def read_past_day(text: str, as_of: date) -> date:
    """Read the day of something that has happened when the book is made.

    Raises
    ------
    CellError
        If it is no date, or one after `as_of`.
    """
    day = read_day(text)
    if day > as_of:
        raise CellError(f"a day no later than {as_of}, the day that the book describes (--as-of)")
    return day


def read_ratings(path: Path, as_of: date) -> Mapping[str, Rated]:
    """Return the overall rating of each location that a file of ratings holds.

    Two files will do: the workbook of latest ratings, which has a row for each location, service
    and question and of which the overall ones count, and the active locations, which tell the
    overall rating of each.

    Parameters
    ----------
    path
        The file, saved as CSV UTF-8.
    as_of
        The day the book describes: no rating is later.

    Raises
    ------
    BadInputError
        If the file is neither of them or a row cannot be read; every fault is listed.
    """
    sheet = read_sheet(path, lambda found: _holds(found, _RATINGS_FILE) or _holds(found, _REGISTER))
    if isinstance(sheet, list):
        expected = (
            f"a file of ratings: the columns {', '.join(_RATINGS_FILE)}; or those of the"
            f" {ACTIVE_LOCATIONS.name} with {', '.join(_REGISTER[1:])}"
        )
        raise not_a_sheet(path.name, sheet, expected)
    columns = _REGISTER
    rows: Iterator[Cells] = sheet.rows
    if _holds(sheet.headings, _RATINGS_FILE):
        columns, rows = (_ID, _LATEST, _PUBLISHED), filter(_is_overall, rows)
    return _gathered(rows, columns, as_of)


def _holds(found: Collection[str], wanted: Collection[str]) -> bool:
    return all(plain(heading) in found for heading in wanted)


def _is_overall(cells: Cells) -> bool:
    return plain(cells.text(_DOMAIN)) == plain(cells.text(_PART)) == _OVERALL


def _gathered(
    rows: Iterator[Cells], columns: tuple[str, str, str], as_of: date
) -> Mapping[str, Rated]:
    """Return the latest rating of each location, unless two of one day differ."""
    found: dict[str, tuple[int, Rated]] = {}
    faults: list[Fault] = []
    for cells in rows:
        try:
            name, rated = _row(cells, columns, as_of)
        except BadInputError as error:
            faults += error.faults
            continue
        row, earlier = found.get(name, (cells.row, rated))
        if earlier.on == rated.on and earlier.rating is not rated.rating:
            expected = f"one overall rating of one day; row {row} gives {name} another"
            faults.append(cells.fault(columns[1], expected))
        elif name not in found or (rated.on or date.min) > (earlier.on or date.min):
            found[name] = cells.row, rated
    if faults:
        raise BadInputError(faults)
    return {name: rated for name, (_, rated) in found.items()}


def _row(cells: Cells, columns: tuple[str, str, str], as_of: date) -> tuple[str, Rated]:
    """Return the location and the rating of one row; raise the first fault in it."""
    column, rating_column, day_column = columns
    try:
        name = read_id(cells.text(column))
        column = rating_column
        rating = read_rating(cells.text(column))
        column = day_column
        if rating is CqcRating.NOT_YET_RATED or not cells.text(column):
            return name, Rated(rating)
        return name, Rated(rating, read_past_day(cells.text(column), as_of))
    except CellError as error:
        raise BadInputError([cells.fault(column, str(error))]) from error
