"""The two layouts of the CQC register, brought to one kind of record."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import BadInputError, Fault
from matcher.files.cells import LIST_SEPARATOR, shown
from matcher.files.plain_files import read_plain_file

_HEADER_WITHIN = 10
_FLAGS = {"y": True, "yes": True, "n": False, "no": False, "": False}
_USER_BAND = "service user band - "
_CHILDREN = "children"
# What the register calls the people a service is for, and our word for it. What it lists beside
# them, such as regulated activities, is no specialism and is not taken.
_WORDS = {
    "dementia": "dementia",
    "learning disabilities or autistic spectrum disorder": "learning_disability",
    "learning disabilities": "learning_disability",
    "mental health": "mental_health",
    "mental health conditions": "mental_health",
    "older people": "older_people",
    "caring for adults over 65 yrs": "older_people",
    "physical disability": "physical_disability",
    "physical disabilities": "physical_disability",
    "sensory impairment": "sensory_impairment",
    "sensory impairments": "sensory_impairment",
    "younger adults": "younger_adults",
    "caring for adults under 65 yrs": "younger_adults",
    "people who misuse drugs and alcohol": "substance_misuse",
    "substance misuse problems": "substance_misuse",
    "people with an eating disorder": "eating_disorder",
    "eating disorders": "eating_disorder",
    "children 0-18 years": _CHILDREN,
    "caring for children": _CHILDREN,
    "caring for children (0 - 18yrs)": _CHILDREN,
}


@dataclass(frozen=True)
class Location:
    """One location of the register: only what is taken from its row, nobody's name or number.

    Parameters
    ----------
    row
        Row number as a spreadsheet shows it.
    location_id, name, postcode, authority, beds, rating, rated_on
        Cells as they stand, stripped; empty where not given or where there is no such column.
    with_nursing, without_nursing, homecare
        Which services it is registered for.
    words
        Specialisms in our words, sorted, without children.
    children_only
        Whether children are the only people it is for.
    """

    row: int
    location_id: str
    name: str
    postcode: str
    authority: str
    beds: str
    rating: str
    rated_on: str
    with_nursing: bool
    without_nursing: bool
    homecare: bool
    words: tuple[str, ...]
    children_only: bool


@dataclass(frozen=True)
class Layout:
    """One layout: its name, where its fields stand and how a row is read.

    Parameters
    ----------
    name
        What people call it.
    required
        Headings without which a file is not of this layout.
    headings
        Heading of each field of `Location` that a column holds.
    read
        Returns the services and words of a row.
    """

    name: str
    required: tuple[str, ...]
    headings: Mapping[str, str]
    read: Callable[[Cells], Services]


@dataclass(frozen=True)
class Services:
    """What a row says about services and the people they are for, in the register's words."""

    with_nursing: bool
    without_nursing: bool
    homecare: bool
    bands: tuple[str, ...]


@dataclass(frozen=True)
class Cells:
    """The cells of one row by heading; capitals and spacing of headings do not matter."""

    file: str
    row: int
    header: list[str]
    places: Mapping[str, int]
    cells: list[str]

    def text(self, heading: str) -> str:
        """Return a cell stripped; empty where there is no such column."""
        place = self.places.get(_plain(heading))
        return "" if place is None or place >= len(self.cells) else self.cells[place].strip()

    def flag(self, heading: str) -> bool:
        """Return whether a cell says Y.

        Raises
        ------
        BadInputError
            If it says something else than Y, N or nothing.
        """
        text = self.text(heading)
        if text.lower() not in _FLAGS:
            column = self.header[self.places[_plain(heading)]].strip()
            raise BadInputError([Fault(self.file, self.row, column, shown(text), "Y or nothing")])
        return _FLAGS[text.lower()]

    def parts(self, heading: str) -> tuple[str, ...]:
        """Return the parts of a cell with several values, in lower case."""
        parts = (_plain(part) for part in self.text(heading).split(LIST_SEPARATOR))
        return tuple(part for part in parts if part)


def _active_location(cells: Cells) -> Services:
    bands = [heading for heading in cells.places if heading.startswith(_USER_BAND)]
    return Services(
        with_nursing=cells.flag("Service type - Care home service with nursing"),
        without_nursing=cells.flag("Service type - Care home service without nursing"),
        homecare=cells.flag("Service type - Domiciliary care service"),
        bands=tuple(band.removeprefix(_USER_BAND) for band in bands if cells.flag(band)),
    )


def _directory_entry(cells: Cells) -> Services:
    kinds = cells.parts("Service types")
    return Services(
        with_nursing="nursing homes" in kinds,
        without_nursing="residential homes" in kinds,
        homecare="homecare agencies" in kinds,
        bands=cells.parts("Specialisms/services"),
    )


ACTIVE_LOCATIONS = Layout(
    "HSCA active locations",
    required=(
        "Location ID",
        "Location Name",
        "Location Postal Code",
        "Care homes beds",
        "Service type - Care home service with nursing",
        "Service type - Care home service without nursing",
    ),
    headings={
        "location_id": "Location ID",
        "name": "Location Name",
        "postcode": "Location Postal Code",
        "authority": "lad",
        "beds": "Care homes beds",
        "rating": "Location Latest Overall Rating",
        "rated_on": "Publication Date",
    },
    read=_active_location,
)
DIRECTORY = Layout(
    "CQC directory",
    required=(
        "Name",
        "Postcode",
        "Service types",
        "Specialisms/services",
        "CQC Location ID (for office use only)",
    ),
    headings={
        "location_id": "CQC Location ID (for office use only)",
        "name": "Name",
        "postcode": "Postcode",
    },
    read=_directory_entry,
)
LAYOUTS = (ACTIVE_LOCATIONS, DIRECTORY)


@dataclass(frozen=True)
class Register:
    """A register as read: its layout, and its locations one by one."""

    layout: Layout
    locations: Iterator[Location | Fault]


def read_layout(path: Path) -> Register:
    """Return the layout of a register and an iterator over its locations.

    A row that cannot be read yields its fault instead.

    Raises
    ------
    BadInputError
        If the file cannot be read or is of neither layout.
    """
    records = _records(path.name, read_plain_file(path))
    first: list[str] = []
    for (_row, cells), _ in zip(records, range(_HEADER_WITHIN), strict=False):
        first = first or [cell for cell in cells if cell.strip()]
        places = {_plain(heading): place for place, heading in reversed([*enumerate(cells)])}
        for layout in LAYOUTS:
            if all(_plain(heading) in places for heading in layout.required):
                rows = (Cells(path.name, row, cells, places, found) for row, found in records)
                return Register(layout, _locations(layout, rows))
    raise BadInputError([_neither(path.name, first)])


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


def _neither(file: str, first: list[str]) -> Fault:
    wanted = "; or ".join(
        f"the columns of the {layout.name} layout ({', '.join(layout.required)})"
        for layout in LAYOUTS
    )
    met = shown("first header cells are " + ", ".join(first[:4]) if first else "nothing")
    return Fault(file, 1, "", met, f"a CQC register in one of two layouts: {wanted}")


def _records(file: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty with its number."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    row = 0
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            expected = "quotation marks around whole cells, doubled inside them, and closed"
            raise BadInputError([Fault(file, row, "", shown(error), expected)]) from error
        if any(cell.strip() for cell in cells):
            yield row, cells


def _locations(layout: Layout, rows: Iterator[Cells]) -> Iterator[Location | Fault]:
    for row in rows:
        width = 1 + max(row.places[_plain(heading)] for heading in layout.required)
        if len(row.cells) < width:
            expected = f"at least {width} cells, one under each heading"
            yield Fault(row.file, row.row, "", f"{len(row.cells)} cells", expected)
            continue
        try:
            yield _location(layout, row)
        except BadInputError as error:
            yield from error.faults


def _location(layout: Layout, cells: Cells) -> Location:
    services = layout.read(cells)
    words = {_WORDS[band] for band in services.bands if band in _WORDS}
    return Location(
        row=cells.row,
        **{
            field: cells.text(layout.headings.get(field, ""))
            for field in (
                "location_id",
                "name",
                "postcode",
                "authority",
                "beds",
                "rating",
                "rated_on",
            )
        },
        with_nursing=services.with_nursing,
        without_nursing=services.without_nursing,
        homecare=services.homecare,
        words=tuple(sorted(words - {_CHILDREN})),
        children_only=words == {_CHILDREN},
    )
