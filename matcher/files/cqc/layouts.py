"""The two layouts of the CQC register, brought to one kind of record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import BadInputError, Fault
from matcher.files.cqc.sheets import (
    YES_NO_FLAGS,
    Cells,
    Sheet,
    not_a_sheet,
    plain,
    read_sheet,
)
from matcher.vocabulary import ClientGroup

_DUAL_FLAGS = {**YES_NO_FLAGS, "dual registration": True}
_DORMANT = "Dormant (Y/N)"
_USER_BAND = "service user band - "
_TEXTS = (
    "location_id", "name", "postcode", "authority", "beds", "rating", "rated_on", "primary_id",
)  # fmt: skip
_G = ClientGroup
# What the register calls the people a service is for, and our words for them. What it lists beside
# them, such as regulated activities, are no people and are not taken.
_GROUPS: Mapping[str, tuple[ClientGroup, ...]] = {
    "dementia": (_G.DEMENTIA,),
    "learning disabilities or autistic spectrum disorder": (_G.LEARNING_DISABILITY, _G.AUTISM),
    "learning disabilities": (_G.LEARNING_DISABILITY,),
    "autism": (_G.AUTISM,),
    "autistic spectrum disorder": (_G.AUTISM,),
    "mental health": (_G.MENTAL_HEALTH,),
    "mental health conditions": (_G.MENTAL_HEALTH,),
    "older people": (_G.OLDER_PEOPLE,),
    "caring for adults over 65 yrs": (_G.OLDER_PEOPLE,),
    "physical disability": (_G.PHYSICAL_DISABILITY,),
    "physical disabilities": (_G.PHYSICAL_DISABILITY,),
    "sensory impairment": (_G.SENSORY_IMPAIRMENT,),
    "sensory impairments": (_G.SENSORY_IMPAIRMENT,),
    "younger adults": (_G.YOUNGER_ADULTS,),
    "caring for adults under 65 yrs": (_G.YOUNGER_ADULTS,),
    "people who misuse drugs and alcohol": (_G.SUBSTANCE_MISUSE,),
    "substance misuse problems": (_G.SUBSTANCE_MISUSE,),
    "people with an eating disorder": (_G.EATING_DISORDER,),
    "eating disorders": (_G.EATING_DISORDER,),
}
_CHILDREN = frozenset(
    {"children 0-18 years", "caring for children", "caring for children (0 - 18yrs)"}
)


@dataclass(frozen=True)
class Location:
    """One location of the register: only what is taken from its row, nobody's name or number.

    Parameters
    ----------
    row
        Row number as a spreadsheet shows it.
    location_id, name, postcode, authority, beds, rating, rated_on
        Cells as they stand, stripped; empty where not given or where there is no such column.
    primary_id
        Likewise: the location that a second registration of the same place names as the first.
    with_nursing, without_nursing, homecare
        Which services it is registered for.
    client_groups
        The people it is registered for, in the vocabulary's order, without children.
    children_only
        Whether children are the only people it is for.
    dormant
        Whether it is registered but not open.
    dual
        Whether it is marked as one of two registrations of one place.
    inherited
        Whether its rating was given to an earlier registration.
    """

    row: int
    location_id: str
    name: str
    postcode: str
    authority: str
    beds: str
    rating: str
    rated_on: str
    primary_id: str
    with_nursing: bool
    without_nursing: bool
    homecare: bool
    client_groups: tuple[ClientGroup, ...]
    children_only: bool
    dormant: bool = False
    dual: bool = False
    inherited: bool = False


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
        Returns what a row says of its services and people.
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
    dormant: bool = False
    dual: bool = False
    inherited: bool = False


def _active_location(cells: Cells) -> Services:
    bands = [heading for heading in cells.places if heading.startswith(_USER_BAND)]
    return Services(
        dual=cells.flag("Location Dual Registered", _DUAL_FLAGS),
        inherited=cells.flag("Inherited Rating (Y/N)"),
        dormant=cells.flag(next(filter(_is_dormancy, cells.places), _DORMANT)),
        with_nursing=cells.flag("Service type - Care home service with nursing"),
        without_nursing=cells.flag("Service type - Care home service without nursing"),
        homecare=cells.flag("Service type - Domiciliary care service"),
        bands=tuple(band.removeprefix(_USER_BAND) for band in bands if cells.flag(band)),
    )


def _is_dormancy(heading: str) -> bool:
    return heading.startswith("dormant")


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
        "primary_id": "Primary ID (Dual registration locations)",
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
    """A register as read: its layout, its headings in plain form, and its locations one by one."""

    layout: Layout
    headings: frozenset[str]
    locations: Iterator[Location | Fault]

    def has(self, field: str) -> bool:
        """Return whether the file has a column for a field of its locations."""
        return plain(self.layout.headings.get(field, "")) in self.headings


def read_layout(path: Path) -> Register:
    """Return the layout of a register and an iterator over its locations.

    A row that cannot be read yields its fault instead.

    Raises
    ------
    BadInputError
        If the file cannot be read or is of neither layout.
    """
    sheet = read_sheet(path, lambda headings: layout_of(headings) is not None)
    if isinstance(sheet, Sheet):
        layout = layout_of(sheet.headings)
        if layout is not None:
            return Register(layout, sheet.headings, _locations(layout, sheet.rows))
    wanted = "; or ".join(
        f"the columns of the {layout.name} layout ({', '.join(layout.required)})"
        for layout in LAYOUTS
    )
    first = [] if isinstance(sheet, Sheet) else sheet
    raise not_a_sheet(path.name, first, f"a CQC register in one of two layouts: {wanted}")


def layout_of(headings: Collection[str]) -> Layout | None:
    """Return the layout of a file with these headings in plain form; None where it is of none."""
    for layout in LAYOUTS:
        if all(plain(heading) in headings for heading in layout.required):
            return layout
    return None


def _locations(layout: Layout, rows: Iterator[Cells]) -> Iterator[Location | Fault]:
    for row in rows:
        width = 1 + max(row.places[plain(heading)] for heading in layout.required)
        if len(row.cells) < width:
            expected = f"at least {width} cells, one under each heading"
            yield Fault(row.file, row.row, "", f"{len(row.cells)} cells", expected)
            continue
        if plain(row.text(layout.headings["location_id"])) == plain(layout.headings["location_id"]):
            yield row.fault(layout.headings["location_id"], "one header row; this repeats it")
            continue
        try:
            yield _location(layout, row)
        except BadInputError as error:
            yield from error.faults


def _location(layout: Layout, cells: Cells) -> Location:
    services = layout.read(cells)
    groups = {group for band in services.bands for group in _GROUPS.get(band, ())}
    texts = {name: cells.text(layout.headings.get(name, "")) for name in _TEXTS}
    return Location(
        row=cells.row,
        **texts,
        with_nursing=services.with_nursing,
        without_nursing=services.without_nursing,
        homecare=services.homecare,
        client_groups=tuple(group for group in ClientGroup if group in groups),
        children_only=not groups and not _CHILDREN.isdisjoint(services.bands),
        dormant=services.dormant,
        dual=services.dual,
        inherited=services.inherited,
    )
