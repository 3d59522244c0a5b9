"""Cautions about where people and homes are: care that lost its place, and places that are odd."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

from matcher.errors import Fault, MatcherError
from matcher.files.book_rows import BookRows
from matcher.files.rows import Rows, Sourced
from matcher.geography import Gazetteer, Postcode
from matcher.geography.authorities import authority_name
from matcher.model import CareRequest, Provider
from matcher.model.buildings import nearly_one_name
from matcher.vocabulary import PANEL_SERVICES, ProviderKind, ProviderStatus


def place_cautions(rows: BookRows, council: str, gazetteer: Gazetteer | None) -> Iterator[Fault]:
    """Yield what is odd about places: closed homes lived in, strange postcodes, homes told twice.

    Parameters
    ----------
    rows
        The rows of the book.
    council
        The book's council; where it is no authority's code nobody is outside it.
    gazetteer
        Says which authority a postcode is in; without it that is not looked at.
    """
    yield from _care_of_the_closed(rows)
    outside = _outside(rows, council, gazetteer)
    yield from _told_together(rows.requests, outside.items())
    beyond = {line.row for lines in outside.values() for line in lines}
    yield from _told_together(rows.requests, _in_no_zone(rows, beyond).items())
    yield from _registered_twice(rows.providers)


def _care_of_the_closed(rows: BookRows) -> Iterator[Fault]:
    """Name each line of running care with a provider that is closed (H18)."""
    closed = {
        provider.provider_id: provider.name
        for provider in rows.providers.items
        if provider.status is ProviderStatus.CLOSED
    }
    for line in rows.running:
        if line.item.provider_id in closed:
            name = closed[line.item.provider_id]
            expected = (
                f"an open provider: {name} is closed, so {line.item.request_id} has to be found "
                "another place (H18: not moved here)"
            )
            yield rows.running.fault(line, "provider_id", expected)


def _waiting(rows: BookRows) -> Iterator[tuple[Sourced[CareRequest], Postcode]]:
    running = {line.request_id for line in rows.running.items}
    for line in rows.requests:
        request = line.item
        if request.request_id not in running and request.postcode is not None:
            yield line, request.postcode


def _outside(
    rows: BookRows, council: str, gazetteer: Gazetteer | None
) -> dict[str, list[Sourced[CareRequest]]]:
    """Return waiting people whose postcode is in another authority, by what is expected of them."""
    found: dict[str, list[Sourced[CareRequest]]] = defaultdict(list)
    if gazetteer is None:
        return found
    try:
        own = gazetteer.parts_of(council)
    except MatcherError:  # a region, several councils together, or a name of one's own
        return found
    for line, postcode in _waiting(rows):
        authority = gazetteer.locate(postcode).authority
        if authority is not None and authority not in own:
            there = authority_name(authority) or authority
            own_name = authority_name(council) or council
            found[f"a postcode of {own_name}, the book's council: it is in {there}"].append(line)
    return found


def _in_no_zone(rows: BookRows, beyond: set[int]) -> dict[str, list[Sourced[CareRequest]]]:
    """Return waiting people whom a zone would matter to and who are in none, by outward code."""
    areas = {area for zone in rows.zones.items for area in zone.postcodes}
    zoned = {service for p in rows.providers.items if p.zones for service in p.services}
    found: dict[str, list[Sourced[CareRequest]]] = defaultdict(list)
    for line, postcode in _waiting(rows):
        asked = line.item.service_type
        if line.row in beyond or asked in PANEL_SERVICES or asked not in zoned:
            continue
        if not {postcode.sector, postcode.outward} & areas:
            expected = (
                f"a postcode of a zone: no zone holds {postcode.outward}, so nobody who is bound "
                "to zones can be offered"
            )
            found[expected].append(line)
    return found


def _told_together(
    requests: Rows[CareRequest], groups: Iterable[tuple[str, list[Sourced[CareRequest]]]]
) -> Iterator[Fault]:
    """Name the first of each group of people, with how many more there are."""
    for expected, lines in groups:
        more = "" if len(lines) == 1 else f"; {len(lines)} people in all"
        yield requests.fault(lines[0], "postcode", f"{expected}{more}")


def _registered_twice(providers: Rows[Provider]) -> Iterator[Fault]:
    """Name the later of two open care homes with one postcode and nearly one name."""
    at: dict[Postcode, list[Sourced[Provider]]] = defaultdict(list)
    for line in providers:
        home = line.item
        is_home = home.kind is ProviderKind.CARE_HOME and home.status is ProviderStatus.OPEN
        if is_home and home.postcode is not None:
            at[home.postcode].append(line)
    told: set[int] = set()
    for lines in at.values():
        for earlier, later in combinations(lines, 2):
            if later.row not in told and nearly_one_name(earlier.item.name, later.item.name):
                told.add(later.row)
                expected = (
                    f"one row for one home: row {earlier.row} is {earlier.item.name} at "
                    f"{later.item.postcode} too, so its beds may be counted twice"
                )
                yield providers.fault(later, "name", expected)
