"""A register gone through location by location: kept, left out with a reason, or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from matcher.errors import BadInputError, Fault, PostcodeError
from matcher.files.cells import CellError, read_id, read_postcode, read_whole, shown
from matcher.files.cqc.imported import ImportedHomes, LeftOut
from matcher.files.cqc.layouts import Layout, Location, Register, read_layout
from matcher.files.cqc.places import Kept, folded, look_alikes
from matcher.files.cqc.ratings import Rated, read_past_day, read_rating
from matcher.geography import Gazetteer, Postcode
from matcher.geography.authorities import parts_of
from matcher.model import Name, Provider
from matcher.vocabulary import ClientGroup, Contract, CqcRating, ProviderKind, ServiceType

T = TypeVar("T")

_MOST_BEDS = 2000
_NAMES: TypeAdapter[str] = TypeAdapter(Name)


@dataclass(frozen=True)
class Wanted:
    """What is asked of a register.

    Parameters
    ----------
    as_of
        The day the book describes.
    authorities
        Codes that postcodes carry, of the authorities to keep; None keeps all.
    contract
        How the council buys from everybody, which the register does not say.
    client_groups
        People of whom a place must be registered for some; none keeps all.
    ratings
        Ratings by location, from another file.
    """

    as_of: date
    authorities: frozenset[str] | None = None
    contract: Contract = Contract.SPOT
    client_groups: tuple[ClientGroup, ...] = ()
    ratings: Mapping[str, Rated] = field(default_factory=dict)


@dataclass
class Sieve:
    """A register while it is gone through."""

    file: str
    gazetteer: Gazetteer
    wanted: Wanted
    rows: dict[str, int] = field(default_factory=dict)
    elsewhere: int = 0
    kept: list[Kept] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
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
        return self._imported(register)

    def _imported(self, register: Register) -> ImportedHomes:
        """Return what is kept, each place once and only those for the people asked for."""
        places, kept_as = folded(self.kept, self.links)
        for each in self.kept:
            if first := kept_as.get(each.provider_id):
                reason = f"It is a second registration of {first}, which is kept."
                self._leave_out(each.location, reason)
        for_them = []
        for place in places:
            if reason := _why_not_for(place.provider, self.wanted.client_groups):
                self._leave_out(place.location, reason)
            else:
                for_them.append(place)
        rated_by = register.layout.name if register.has("rating") else ""
        return ImportedHomes(
            layout=register.layout.name,
            read=len(for_them) + len(self.left_out),
            elsewhere=self.elsewhere,
            providers=tuple(place.provider for place in for_them),
            left_out=tuple(sorted(self.left_out, key=lambda line: line.row)),
            registered_beds={
                place.provider_id: place.beds for place in for_them if place.beds is not None
            },
            kept_as=kept_as,
            look_alikes=tuple(look_alikes(for_them)),
            homecare_dropped=tuple(
                place.provider_id
                for place in for_them
                if place.location.homecare and place.provider.kind is ProviderKind.CARE_HOME
            ),
            rated_by=rated_by,
            inherited=tuple(place.provider_id for place in for_them if _is_inherited(place)),
        )

    def _take(self, location: Location, layout: Layout) -> None:
        """Keep a location, leave it out with a reason, or count it as another authority's."""
        first_row = self.rows.setdefault(location.location_id, location.row)
        if location.primary_id and location.primary_id != location.location_id:
            self.links.setdefault(location.location_id, location.primary_id)
        is_elsewhere = self._is_elsewhere(location.authority)
        if is_elsewhere:
            self.elsewhere += 1
            return
        reason = _why_not(location, first_row)
        try:
            postcode = self._cell(location, layout, "postcode", read_postcode)
            authority, unplaced = self._authority_of(postcode)
            if is_elsewhere is None and self._is_elsewhere(authority):
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
        beds = None
        if provider.kind is ProviderKind.CARE_HOME and "beds" in layout.headings:
            beds = self._cell(location, layout, "beds", _read_beds)
        if location.primary_id:
            self._cell(location, layout, "primary_id", read_id)
        self.kept.append(Kept(location, provider, beds))

    def _leave_out(self, location: Location, reason: str) -> None:
        self.left_out.append(LeftOut(location.row, shown(location.location_id), reason))

    def _is_elsewhere(self, authority: str | None) -> bool | None:
        """Say whether an authority is another than those wanted; None where it does not tell.

        The code of a county, or a former one, tells unless only some of what it means is wanted.
        """
        if self.wanted.authorities is None:
            return False
        if not authority:
            return None
        parts = set(parts_of(authority) or (authority,))
        if parts <= self.wanted.authorities:
            return False
        return True if parts.isdisjoint(self.wanted.authorities) else None

    def _authority_of(self, postcode: Postcode) -> tuple[str | None, str]:
        """Return a place's authority, or why it has none."""
        try:
            return self.gazetteer.locate(postcode).authority, ""
        except PostcodeError as error:
            return None, error.message

    def _provider(self, location: Location, layout: Layout, postcode: Postcode) -> Provider:
        rated = self._rated(location, layout)
        return Provider(
            provider_id=self._cell(location, layout, "location_id", read_id),
            name=location.name.strip(),
            kind=ProviderKind.CARE_HOME if _is_home(location) else ProviderKind.HOMECARE,
            postcode=postcode,
            services=_services(location),
            client_groups=location.client_groups,
            cqc_rating=rated.rating,
            cqc_rated_on=rated.on,
            contract=self.wanted.contract,
        )

    def _rated(self, location: Location, layout: Layout) -> Rated:
        """Return the later of the row's own rating and that of the file of ratings."""
        rating, day = self._cell(location, layout, "rating", read_rating), None
        if rating is not CqcRating.NOT_YET_RATED and location.rated_on:
            as_of = self.wanted.as_of
            day = self._cell(location, layout, "rated_on", lambda text: read_past_day(text, as_of))
        own = Rated(rating, day)
        return self.wanted.ratings.get(location.location_id, own).or_newer(own)

    def _cell(self, location: Location, layout: Layout, name: str, read: Callable[[str], T]) -> T:
        """Read one cell, turning what is wrong with it into a fault of its column."""
        text: str = getattr(location, name)
        try:
            return read(text)
        except CellError as error:
            column = layout.headings[name]
            fault = Fault(self.file, location.row, column, shown(text), str(error))
            raise BadInputError([fault]) from error


def _is_inherited(place: Kept) -> bool:
    return place.location.inherited and place.provider.cqc_rating is not CqcRating.NOT_YET_RATED


def _is_home(location: Location) -> bool:
    return location.with_nursing or location.without_nursing


def _services(location: Location) -> tuple[ServiceType, ...]:
    """Return what a location sells; a home that also does homecare is taken as a home only."""
    if not _is_home(location):
        return (ServiceType.HOMECARE,) if location.homecare else ()
    dementia = ClientGroup.DEMENTIA in location.client_groups
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
    if location.dormant:
        return "It is dormant: registered, but not open."
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


def _why_not_for(provider: Provider, groups: tuple[ClientGroup, ...]) -> str:
    """Return why a place is not for people of any of some groups; empty where it is."""
    if not groups or set(groups) & set(provider.client_groups):
        return ""
    if not provider.client_groups:
        return "It does not say for whom it is registered."
    return f"It is not registered for {' or '.join(groups).replace('_', ' ')}."


def _read_beds(text: str) -> int:
    beds = read_whole(text)
    if beds > _MOST_BEDS:
        raise CellError(f"a whole number of beds up to {_MOST_BEDS:,}")
    return beds
