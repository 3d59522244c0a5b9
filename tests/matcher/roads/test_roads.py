"""Tests of road times in answers: the same for shortlist, plan and referee, and said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from matcher.files.results import summarise
from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.policy import default_policy
from matcher.referee import check
from matcher.roads import Leg, RoadTable, RoutingError, gather, roads_of_environment
from matcher.shortlist import make_shortlist
from matcher.solvers import inputs_sha256, solve
from tests.builders import (
    HERE,
    NEAR,
    SHAFTESBURY,
    book,
    ceiling,
    home,
    homecare_request,
    hourly,
    hours,
    placement_request,
    provider,
)
from tests.matcher.roads.stub import osrm, serving

BOOK = book(provider(), hours(), hourly(), ceiling(), homecare_request())
SLOW = RoadTable("an OSRM server", {Postcode(HERE): {Postcode(NEAR): Leg(1500, 4000)}})
"""25 minutes for 780 metres: a valley without a bridge."""


class Known:
    """A source that knows every drive, or fails from some call on."""

    name = "a test"

    def __init__(self, fails_from: int = 99) -> None:
        self.calls: list[int] = []
        self._fails_from = fails_from

    def legs(self, there: Sequence[tuple[int, int]], here: tuple[int, int]) -> list[Leg | None]:
        """Return ten minutes for everybody."""
        self.calls.append(len(there))
        if len(self.calls) >= self._fails_from:
            raise RoutingError("It is down.")
        return [Leg(600, 5000) for _ in there]


def test_road_times_are_those_of_shortlist_plan_and_referee(gazetteer: Gazetteer) -> None:
    """All go by the drive of 25 minutes; the distance stays as it is."""
    market = Market(BOOK, default_policy(), gazetteer, SLOW)
    (option,) = make_shortlist(market, "R-1").shortlist.options
    assert (option.travel_minutes, option.distance_metres) == (25, 780)
    plan = solve(market).allocation
    assert [line.travel_minutes for line in plan.placed] == [25]
    assert check(market, plan) == ()
    plain = Market(BOOK, default_policy(), gazetteer)
    assert [violation.rule for violation in check(plain, plan)] == ["TRAVEL_MINUTES"]
    assert [v.rule for v in check(market, solve(plain).allocation)] == ["TRAVEL_MINUTES"]


def test_what_is_not_in_the_table_goes_by_distance(gazetteer: Gazetteer) -> None:
    """An agency whose drive is not known has the minutes of the policy's rule."""
    empty = Market(BOOK, default_policy(), gazetteer, RoadTable("an OSRM server"))
    assert make_shortlist(empty, "R-1").shortlist.options[0].travel_minutes == 5


@pytest.mark.parametrize(
    ("metres", "seconds", "minutes"),
    [
        (0, 0, 5),  # next door: the least
        (4000, 600, 10),  # within the usual leg, as driven
        (4000, 601, 15),  # a second more is another step
        (9849, 1200, 15),  # twice the usual leg: 1.25 of 2, 12.5 minutes
    ],
)
def test_of_a_long_drive_only_a_share_counts(metres: int, seconds: int, minutes: int) -> None:
    """Carers come from the visit before, not from the branch: as for distance."""
    assert default_policy().travel.road_minutes(metres, seconds) == minutes


def test_agencies_within_the_radius_are_asked_for_everybody_at_home(gazetteer: Gazetteer) -> None:
    """Neither homes nor an agency 36 km away are asked for, nor for people who want a bed."""
    supply = (provider(), provider("P-2", postcode=Postcode(SHAFTESBURY)), home())
    people = (homecare_request(), homecare_request(request_id="R-2"), placement_request("R-3"))
    known = Known()
    table = gather(known, book(*supply, *people), default_policy(), gazetteer)
    assert known.calls == [1]
    assert table == RoadTable("a test", {Postcode(HERE): {Postcode(NEAR): Leg(600, 5000)}})
    assert table.between(Postcode(HERE), Postcode(SHAFTESBURY)) is None
    assert table.between(None, Postcode(NEAR)) is None


def test_a_server_that_fails_is_told_and_what_it_said_before_is_kept(gazetteer: Gazetteer) -> None:
    """The second person goes by distance, with a caution beside the answers."""
    people = (homecare_request(), homecare_request(request_id="R-2", postcode=Postcode(NEAR)))
    things = book(provider(), hours(), hourly(), ceiling(), *people)
    table = gather(Known(fails_from=2), things, default_policy(), gazetteer)
    assert [str(person) for person in table.legs] == [HERE]
    caution = "It is down. Where road times are missing, travel is worked out from the distance."
    told = "Travel minutes of homecare are road times from a test."
    assert table.notes == (caution, told)
    assert RoadTable("a test", fault="It is down.").notes == (caution,)
    market = Market(things, default_policy(), gazetteer, table)
    assert make_shortlist(market, "R-2").shortlist.notes[-2:] == (caution, told)


def test_a_server_too_slow_for_a_book_is_left(gazetteer: Gazetteer) -> None:
    """After two minutes nobody else is asked for."""
    hands = iter([0.0, 121.0])
    table = gather(Known(), BOOK, default_policy(), gazetteer, clock=lambda: next(hands))
    assert (table.legs, table.fault) == ({}, "The routing server took over 120 seconds.")


def test_answers_say_where_travel_comes_from(gazetteer: Gazetteer) -> None:
    """Digest and summary tell road times apart from distance, and one table from another."""
    other = RoadTable("an OSRM server", {Postcode(HERE): {Postcode(NEAR): Leg(1501, 4000)}})
    markets = [Market(BOOK, default_policy(), gazetteer, each) for each in (None, SLOW, other)]
    assert len({inputs_sha256(market) for market in markets}) == 3
    told = [summarise(market, solve(market)).travel for market in markets[:2]]
    assert told == [(), ("Travel minutes of homecare are road times from an OSRM server.",)]
    beds = Market(book(home(), placement_request()), default_policy(), gazetteer, SLOW)
    assert not any("road times" in note for note in make_shortlist(beds, "R-1").shortlist.notes)


def test_the_environment_may_name_a_server(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without the variables there is no table; with them the server is asked, once."""
    monkeypatch.setenv("CAREMATCH_CACHE_DIR", str(tmp_path))
    assert roads_of_environment(BOOK, default_policy(), gazetteer) is None
    with serving(osrm) as stub:
        monkeypatch.setenv("CAREMATCH_ROUTING_URL", stub.url)
        monkeypatch.setenv("CAREMATCH_ROUTING_KIND", "osrm")
        tables = [roads_of_environment(BOOK, default_policy(), gazetteer) for _ in range(2)]
    assert tables[0] == tables[1] is not None
    assert tables[0].between(Postcode(HERE), Postcode(NEAR)) == Leg(600, 8000)
    assert len(stub.asked) == 1
