"""What an import took from a register, what it left out, and what it makes of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from matcher.model import BedCapacity, Provider, Rate


@dataclass(frozen=True)
class LeftOut:
    """A location that was read but not kept: its row, its id and why."""

    row: int
    location_id: str
    reason: str


@dataclass(frozen=True)
class LookAlikes:
    """Homes of one postcode and nearly one name that no row says are one: both are kept."""

    provider_ids: tuple[str, ...]
    names: tuple[str, ...]
    postcode: str


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
    vacancies_twice
        Lines of vacancies of a second registration, whose place is told of under its kept id.
    vacancies_other
        Vacancies of a kind that a book has no word for, by kind: not taken.
    rates
        Fees, all assumed.
    kept_as
        Id of the place that is kept, by the id of each second registration of it.
    look_alikes
        Homes that may be second registrations although no row says so.
    homecare_dropped
        Homes that are registered for homecare too, of which only the home is taken.
    rated_by
        What the ratings are from, in words; empty where nothing told any, so that "not yet rated"
        says nothing.
    inherited
        Places whose rating was given to an earlier registration, of another owner say.
    contract_assumed
        Whether nobody said how the council buys.
    """

    layout: str
    read: int
    elsewhere: int
    providers: tuple[Provider, ...]
    left_out: tuple[LeftOut, ...]
    registered_beds: Mapping[str, int]
    bed_capacity: tuple[BedCapacity, ...] = ()
    vacancies_elsewhere: int = 0
    vacancies_twice: int = 0
    vacancies_other: Mapping[str, int] = field(default_factory=dict)
    rates: tuple[Rate, ...] = ()
    kept_as: Mapping[str, str] = field(default_factory=dict)
    look_alikes: tuple[LookAlikes, ...] = ()
    homecare_dropped: tuple[str, ...] = ()
    rated_by: str = ""
    inherited: tuple[str, ...] = ()
    contract_assumed: bool = True
