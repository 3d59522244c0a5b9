"""One place registered twice: registrations that say so are one, and look-alikes are named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from matcher.files.cqc.imported import LookAlikes
from matcher.files.cqc.layouts import Location
from matcher.model import Provider
from matcher.model.buildings import nearly_one_name
from matcher.vocabulary import ClientGroup, CqcRating, ProviderKind, ServiceType


@dataclass(frozen=True)
class Kept:
    """A location that is kept: its row of the register, the provider, and its beds if told."""

    location: Location
    provider: Provider
    beds: int | None

    @property
    def provider_id(self) -> str:
        """The id of the provider."""
        return self.provider.provider_id


def folded(kept: Sequence[Kept], links: Mapping[str, str]) -> tuple[list[Kept], dict[str, str]]:
    """Return one record of each place, and the id kept for each registration that is not.

    Registrations are of one place where one names the other as its primary, over however many
    steps and whether or not the primary is kept, and where both are marked as dual without naming
    any and look alike. The primary stays if it is kept, else the first in the file. Its services
    and people are those of all together; its beds are its own, or the most that any tells.

    Parameters
    ----------
    kept
        The locations kept, in the order of the file, each id once.
    links
        The primary that each location of the whole file names, by its id.
    """
    group_of = _groups(kept, links)
    groups: dict[str, list[Kept]] = defaultdict(list)
    for each in kept:
        groups[group_of(each.provider_id)].append(each)
    first_of = {name: _first(group, links) for name, group in groups.items()}
    places, kept_as = [], {}
    for each in kept:
        first = first_of[group_of(each.provider_id)]
        if each is first:
            places.append(_united(first, groups[group_of(each.provider_id)]))
        else:
            kept_as[each.provider_id] = first.provider_id
    return places, kept_as


class _Union:
    """Sets of ids that are one, joined pair by pair."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        while name in self._above:
            name = self._above[name]
        return name

    def join(self, one: str, other: str) -> None:
        first, second = self(one), self(other)
        if first != second:
            self._above[second] = first


def _groups(kept: Sequence[Kept], links: Mapping[str, str]) -> _Union:
    union = _Union()
    for name, primary in links.items():
        union.join(primary, name)
    marked = [each for each in kept if each.location.dual and not each.location.primary_id]
    for pair in _pairs_alike(marked):
        union.join(pair[0].provider_id, pair[1].provider_id)
    return union


def _first(group: Sequence[Kept], links: Mapping[str, str]) -> Kept:
    """Return the registration of a place that is named as the primary, else the first."""
    by_id = {each.provider_id: each for each in group}
    name, seen = group[0].provider_id, set[str]()
    while name in links and name not in seen:
        seen.add(name)
        name = links[name]
    return by_id.get(name, group[0])


def _united(first: Kept, group: Sequence[Kept]) -> Kept:
    """Return one record of a place from all its registrations."""
    if len(group) == 1:
        return first
    others = sorted(group, key=lambda each: each is not first)
    sold = {service for each in group for service in each.provider.services}
    people = {each for member in group for each in member.provider.client_groups}
    is_home = any(each.provider.kind is ProviderKind.CARE_HOME for each in group)
    if is_home:
        sold.discard(ServiceType.HOMECARE)
    rated = [each for each in others if each.provider.cqc_rating is not CqcRating.NOT_YET_RATED]
    rating = (rated or others)[0].provider
    changes = {
        "kind": ProviderKind.CARE_HOME if is_home else ProviderKind.HOMECARE,
        "services": tuple(service for service in ServiceType if service in sold),
        "client_groups": tuple(each for each in ClientGroup if each in people),
        "cqc_rating": rating.cqc_rating,
        "cqc_rated_on": rating.cqc_rated_on,
    }
    told = [each.beds for each in others if each.beds]
    beds = max(told, default=first.beds) if not first.beds else first.beds
    return Kept(first.location, first.provider.model_copy(update=changes), beds)


def look_alikes(places: Sequence[Kept]) -> list[LookAlikes]:
    """Return the homes of one postcode that are called nearly the same, group by group.

    A building registered twice, or two houses of one owner: the register does not say which, so
    a person has to. Names that differ in a number are of two houses.

    Parameters
    ----------
    places
        The places kept, second registrations that say so already folded.
    """
    union = _Union()
    homes = [each for each in places if each.provider.kind is ProviderKind.CARE_HOME]
    for one, other in _pairs_alike(homes):
        union.join(one.provider_id, other.provider_id)
    groups: dict[str, list[Provider]] = defaultdict(list)
    for home in homes:
        groups[union(home.provider_id)].append(home.provider)
    return [
        LookAlikes(
            tuple(home.provider_id for home in group),
            tuple(home.name for home in group),
            str(group[0].postcode),
        )
        for group in groups.values()
        if len(group) > 1
    ]


def _pairs_alike(places: Iterable[Kept]) -> Iterator[tuple[Kept, Kept]]:
    """Yield the pairs of one postcode that are called nearly the same."""
    at: dict[str, list[Kept]] = defaultdict(list)
    for each in places:
        neighbours = at[str(each.provider.postcode)]
        for other in neighbours:
            if nearly_one_name(each.provider.name, other.provider.name):
                yield other, each
        neighbours.append(each)
