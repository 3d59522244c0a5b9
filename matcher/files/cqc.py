"""Import of the Care Quality Commission's register: care homes and homecare agencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from matcher.errors import BadInputError, Fault, MatcherError, PostcodeError
from matcher.files import columns
from matcher.files.cells import (
    CellError,
    read_choice,
    read_date,
    read_id,
    read_postcode,
    read_whole,
    shown,
)
from matcher.files.cqc_assumptions import assumed_fees, assumed_vacancies, care_types_of
from matcher.files.cqc_layouts import Layout, Location, read_layout
from matcher.files.rows import Rows, Sourced, read_rows
from matcher.files.snapshots import bed_faults
from matcher.geography import Gazetteer, Postcode
from matcher.model import BedCapacity, Book, Name, Provider, Rate
from matcher.vocabulary import Contract, CqcRating, ProviderKind, ServiceType

T = TypeVar("T")

_MOST_BEDS = 2000
_NAMES: TypeAdapter[str] = TypeAdapter(Name)
_read_rating = read_choice(CqcRating)


_UNRATED = frozenset(
    {
        "",
        "inspected but not rated",
        "insufficient evidence to rate",
        "no published rating",
        "not rated",
    }
)


@dataclass(frozen=True)
class LeftOut:
    """A location that was read but not kept: its row, its id and why."""

    row: int
    location_id: str
    reason: str


@dataclass(frozen=True)
class ImportedHomes:
    """What an import took from a register; ``read == len(providers) + len(left_out)``.

    Parameters
    ----------
    layout
        Name of the layout the file is in.
    read
        Locations read, without those of other authorities.
    elsewhere
        Locations of other authorities than the one asked for.
    providers
        Those kept, in the order of the file.
    left_out
        Those not kept, with the reason.
    registered_beds
        All beds by provider id, vacant or not; agencies and homes of the directory have none here,
        as it does not tell.
    bed_capacity
        Vacancies, recorded or assumed.
    vacancies_elsewhere
        Rows of the vacancies file about locations of the register that were not kept.
    rates
        Fees, all assumed.
    """

    layout: str
    read: int
    elsewhere: int
    providers: tuple[Provider, ...]
    left_out: tuple[LeftOut, ...]
    registered_beds: Mapping[str, int]
    bed_capacity: tuple[BedCapacity, ...] = ()
    vacancies_elsewhere: int = 0
    rates: tuple[Rate, ...] = ()


def import_register(
    path: Path,
    *,
    gazetteer: Gazetteer,
    as_of: date,
    authority: str | None = None,
    contract: Contract = Contract.SPOT,
    vacancies: Path | None = None,
    assume_vacancies: float | None = None,
    assume_fees: bool = False,
) -> ImportedHomes:
    """Return the care homes and homecare agencies of a CQC register.

    Both layouts are known by their headings, in any order: the "HSCA active locations" workbook
    saved as CSV, and the directory CSV with its preamble. People's names and phone numbers are
    never taken from a row. Left out, with the reason: homes for children only, services that are
    neither homes nor homecare, and places that the gazetteer cannot find.

    Parameters
    ----------
    path
        The register.
    gazetteer
        Where postcodes are; also tells the authority where the file has no ``lad`` column.
    as_of
        The day the vacancies are for.
    authority
        Local authority code to keep; None keeps all.
    contract
        How the council is taken to buy from everybody in the register, which does not say.
    vacancies
        A CSV file with the columns of ``bed_capacity.csv``.
    assume_vacancies
        Share of beds to take as vacant in homes that the vacancies file does not name, such as
        `cqc_assumptions.ADMITTABLE_SHARE`; None assumes none.
    assume_fees
        Whether to write national average fees.

    Raises
    ------
    BadInputError
        If the file is of neither layout or a row cannot be read; every fault is listed.
    MatcherError
        If `assume_vacancies` is no share.
    """
    if assume_vacancies is not None and not 0 <= assume_vacancies <= 1:
        raise MatcherError(
            f"The share of beds taken as vacant is {assume_vacancies}; a share is from 0 to 1.",
            thing="assume_vacancies",
            value=assume_vacancies,
            expected="a share from 0 to 1",
        )
    sieve = _Sieve(path.name, gazetteer, authority, contract)
    homes = sieve.sift(path)
    if vacancies is not None:
        homes = _with_recorded_vacancies(homes, vacancies, sieve.rows)
    if assume_vacancies is not None:
        homes = _with_assumed_vacancies(homes, assume_vacancies, as_of)
    if assume_fees:
        homes = replace(homes, rates=tuple(assumed_fees(homes.providers)))
    return homes


def imported_book(homes: ImportedHomes, *, council: str, as_of: date, title: str) -> Book:
    """Return a book of an import's providers, vacancies and fees, in which nobody waits yet."""
    return Book(
        title=title,
        council=council,
        as_of=as_of,
        providers=homes.providers,
        rates=homes.rates,
        bed_capacity=homes.bed_capacity,
    )


@dataclass
class _Sieve:
    """A register while it is gone through, location by location."""

    file: str
    gazetteer: Gazetteer
    authority: str | None
    contract: Contract
    rows: dict[str, int] = field(default_factory=dict)
    elsewhere: int = 0
    providers: list[Provider] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    beds: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def sift(self, path: Path) -> ImportedHomes:
        """Go through the whole file; raise all its faults together."""
        register = read_layout(path)
        for found in register.locations:
            if isinstance(found, Fault):
                self.faults.append(found)
            else:
                self._take(found, register.layout)
        if self.faults:
            raise BadInputError(self.faults)
        return ImportedHomes(
            layout=register.layout.name,
            read=len(self.providers) + len(self.left_out),
            elsewhere=self.elsewhere,
            providers=tuple(self.providers),
            left_out=tuple(self.left_out),
            registered_beds=self.beds,
        )

    def _take(self, location: Location, layout: Layout) -> None:
        """Keep a location, leave it out with a reason, or count it as another authority's."""
        first_row = self.rows.setdefault(location.location_id, location.row)
        if self._is_elsewhere(location.authority):
            self.elsewhere += 1
            return
        reason = _why_not(location, first_row)
        try:
            postcode = self._cell(location, layout, "postcode", read_postcode)
            authority, unplaced = self._authority_of(postcode)
            if not location.authority and self._is_elsewhere(authority):
                self.elsewhere += 1
            elif reason or unplaced:
                self._leave_out(location, reason or unplaced)
            else:
                self._keep(location, layout, postcode)
        except BadInputError as error:
            # Nobody need mend the row of a place that is not wanted anyhow.
            if reason:
                self._leave_out(location, reason)
            else:
                self.faults += error.faults

    def _keep(self, location: Location, layout: Layout, postcode: Postcode) -> None:
        provider = self._provider(location, layout, postcode)
        if provider.kind is ProviderKind.CARE_HOME and "beds" in layout.headings:
            self.beds[provider.provider_id] = self._cell(location, layout, "beds", _read_beds)
        self.providers.append(provider)

    def _leave_out(self, location: Location, reason: str) -> None:
        self.left_out.append(LeftOut(location.row, shown(location.location_id), reason))

    def _is_elsewhere(self, authority: str | None) -> bool:
        return bool(self.authority and authority and authority != self.authority)

    def _authority_of(self, postcode: Postcode) -> tuple[str | None, str]:
        """Return a place's authority, or why it has none."""
        try:
            return self.gazetteer.locate(postcode).authority, ""
        except PostcodeError as error:
            return None, error.message

    def _provider(self, location: Location, layout: Layout, postcode: Postcode) -> Provider:
        services = _services(location)
        rating, rated_on = CqcRating.NOT_YET_RATED, None
        if location.rating.lower() not in _UNRATED:
            rating = self._cell(location, layout, "rating", _read_rating)
            if location.rated_on:
                rated_on = self._cell(location, layout, "rated_on", read_date)
        return Provider(
            provider_id=self._cell(location, layout, "location_id", read_id),
            name=location.name.strip(),
            kind=ProviderKind.CARE_HOME if _is_home(location) else ProviderKind.HOMECARE,
            postcode=postcode,
            services=services,
            specialisms=location.words,
            cqc_rating=rating,
            cqc_rated_on=rated_on,
            contract=self.contract,
        )

    def _cell(self, location: Location, layout: Layout, name: str, read: Callable[[str], T]) -> T:
        """Read one cell, turning what is wrong with it into a fault of its column."""
        text: str = getattr(location, name)
        try:
            return read(text)
        except CellError as error:
            column = layout.headings[name]
            fault = Fault(self.file, location.row, column, shown(text), str(error))
            raise BadInputError([fault]) from error


def _is_home(location: Location) -> bool:
    return location.with_nursing or location.without_nursing


def _services(location: Location) -> tuple[ServiceType, ...]:
    """Return what a location sells; a home that also does homecare is taken as a home only."""
    if not _is_home(location):
        return (ServiceType.HOMECARE,) if location.homecare else ()
    dementia = "dementia" in location.words
    sold = {
        ServiceType.RESIDENTIAL: location.without_nursing,
        ServiceType.NURSING: location.with_nursing,
        ServiceType.RESIDENTIAL_DEMENTIA: location.without_nursing and dementia,
        ServiceType.NURSING_DEMENTIA: location.with_nursing and dementia,
    }
    return tuple(service for service, offered in sold.items() if offered)


def _why_not(location: Location, first_row: int) -> str:
    """Return why a location is not wanted, wherever it is; empty where it is wanted."""
    if first_row != location.row:
        return f"It is listed twice, first in row {first_row}."
    if not _services(location):
        return "It is neither a care home nor a homecare agency."
    if location.children_only:
        return "It is for children only."
    return _why_no_name(location.name)


def _why_no_name(name: str) -> str:
    """Return why a book cannot hold a name, which is then not repeated; empty where it can."""
    try:
        _NAMES.validate_python(name)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        reason = reason.replace("String should have", "a name of")
        return f"Its name cannot stand in a book; expected {reason}."
    return ""


def _read_beds(text: str) -> int:
    beds = read_whole(text)
    if beds > _MOST_BEDS:
        raise CellError(f"a whole number of beds up to {_MOST_BEDS:,}")
    return beds


def _with_recorded_vacancies(
    homes: ImportedHomes, path: Path, register_rows: Mapping[str, int]
) -> ImportedHomes:
    """Add vacancies from a file; every row has to be about a location of the register."""
    spec = replace(columns.BED_CAPACITY, file=path.name, required=True)
    rows, faults = read_rows(path.parent, spec, BedCapacity)
    faults += bed_faults(rows)
    kept = {provider.provider_id: provider for provider in homes.providers}
    for line in rows:
        provider = kept.get(line.item.provider_id)
        if provider is not None:
            faults += _vacancy_faults(rows, line, provider, homes.registered_beds)
        elif line.item.provider_id not in register_rows:
            faults.append(
                rows.fault(line, "provider_id", "the location id of a home in the register")
            )
    if faults:
        raise BadInputError(faults)
    usable = tuple(item for item in rows.items if item.provider_id in kept)
    return replace(homes, bed_capacity=usable, vacancies_elsewhere=len(rows.items) - len(usable))


def _vacancy_faults(
    rows: Rows[BedCapacity],
    line: Sourced[BedCapacity],
    provider: Provider,
    registered_beds: Mapping[str, int],
) -> list[Fault]:
    """Fault a kind of bed that the home does not have, and more vacancies than it has beds."""
    faults = []
    offered = care_types_of(provider)
    if line.item.care_type not in offered:
        words = ", ".join(offered) or "no beds: it is a homecare agency"
        faults.append(rows.fault(line, "care_type", f"what the home is registered for: {words}"))
    beds = registered_beds.get(provider.provider_id)
    if beds is not None and line.item.beds > beds:
        faults.append(rows.fault(line, "beds", f"at most the {beds} beds of the home"))
    return faults


def _with_assumed_vacancies(homes: ImportedHomes, share: float, as_of: date) -> ImportedHomes:
    """Add vacancies to the homes of which none are recorded."""
    recorded = {line.provider_id for line in homes.bed_capacity}
    silent = [home for home in homes.providers if home.provider_id not in recorded]
    assumed = assumed_vacancies(silent, homes.registered_beds, share=share, as_of=as_of)
    return replace(homes, bed_capacity=(*homes.bed_capacity, *assumed))
