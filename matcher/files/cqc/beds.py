"""The homes that vacancies are told of, and what a file tells of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from matcher.files.cqc.assumptions import care_types_of
from matcher.files.cqc.imported import ImportedHomes
from matcher.model import BedCapacity, Provider

IN_REGISTER = "the location id of a home in the register"


@dataclass(frozen=True)
class Told:
    """What a file tells: lines about homes that are kept, under the ids of the file.

    `elsewhere` counts rows about others, `other` vacancies of kinds that no book has, by kind.
    """

    lines: tuple[BedCapacity, ...]
    elsewhere: int
    other: Mapping[str, int]


class Homes:
    """The homes of an import, looked up by any id under which they are registered.

    Parameters
    ----------
    imported
        The import.
    register_ids
        Ids of all locations that the register holds, kept or not.
    as_of
        The day the book describes.
    """

    def __init__(self, imported: ImportedHomes, register_ids: Collection[str], as_of: date) -> None:
        self.as_of = as_of
        self._imported = imported
        self._register_ids = register_ids
        self._by_id = {provider.provider_id: provider for provider in imported.providers}

    def id_of(self, provider_id: str) -> str:
        """Return the id under which a place is kept."""
        return self._imported.kept_as.get(provider_id, provider_id)

    def kept(self, provider_id: str) -> Provider | None:
        """Return the home that is kept for an id; None where there is none."""
        return self._by_id.get(self.id_of(provider_id))

    def is_registered(self, provider_id: str) -> bool:
        """Return whether the register holds an id, kept or not."""
        return provider_id in self._register_ids

    def beds_of(self, home: Provider) -> int | None:
        """Return all beds of a home; None where the register does not tell."""
        return self._imported.registered_beds.get(home.provider_id)


def kinds_of(provider: Provider) -> str:
    """Return which kinds of bed are expected of a home, in words."""
    words = ", ".join(care_types_of(provider)) or "no beds: it is a homecare agency"
    return f"what the home is registered for: {words}"


def most_of(beds: int) -> str:
    """Return how many vacancies are expected of a home at most, in words."""
    return f"at most the {beds} beds of the home"
