"""Tests of the clients of routing servers, against a stub on the loopback."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.errors import MatcherError
from matcher.roads import Leg, RoutingError, RoutingServer, ServerKind, server_of
from tests.matcher.roads.stub import osrm, serving, valhalla

DORCHESTER, WEYMOUTH = (369_300, 90_700), (367_900, 79_100)
STUBS = {ServerKind.OSRM: osrm, ServerKind.VALHALLA: valhalla}


@pytest.mark.parametrize("kind", list(ServerKind))
def test_drives_come_in_the_order_asked_and_in_parts(kind: ServerKind) -> None:
    """Of 60 places fifty are asked for at once, then ten; each figure is the server's own."""
    with serving(STUBS[kind]) as stub:
        legs = RoutingServer(kind, stub.url).legs([DORCHESTER] * 60, WEYMOUTH)
    assert len(stub.asked) == 2
    assert legs[:2] == [Leg(600, 8000), Leg(660, 9000)]
    assert (legs[49], legs[50]) == (Leg(600 + 49 * 60, 57_000), Leg(600, 8000))


def test_no_places_are_not_asked_for() -> None:
    """Without anybody near no call is made."""
    with serving(osrm) as stub:
        assert RoutingServer(ServerKind.OSRM, stub.url).legs([], WEYMOUTH) == []
    assert stub.asked == []


def test_places_are_given_as_degrees_the_person_first() -> None:
    """OSRM takes longitude before latitude, Valhalla both by name; the person is where one goes."""
    with serving(osrm) as stub:
        RoutingServer(ServerKind.OSRM, stub.url).legs([DORCHESTER], WEYMOUTH)
        (path, query, _), *_ = stub.asked
    assert query["sources"] == "1"
    target, source = (
        tuple(map(float, pair.split(",")))
        for pair in path.removeprefix("/table/v1/driving/").split(";")
    )
    assert target == pytest.approx((-2.4556, 50.6109), abs=0.01)
    assert source == pytest.approx((-2.4366, 50.7153), abs=0.01)
    with serving(valhalla) as stub:
        RoutingServer(ServerKind.VALHALLA, stub.url).legs([DORCHESTER], WEYMOUTH)
        body = stub.asked[0][2]
    assert body["targets"] == [{"lat": target[1], "lon": target[0]}]
    assert body["sources"] == [{"lat": source[1], "lon": source[0]}]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (ServerKind.OSRM, {"code": "Ok", "durations": [[None]], "distances": [[None]]}),
        (ServerKind.VALHALLA, {"sources_to_targets": [[{"time": None, "distance": None}]]}),
    ],
)
def test_where_no_road_leads_there_is_no_drive(kind: ServerKind, answer: Any) -> None:
    """An island without a ferry in the server's map is no fault of the server."""
    with serving(lambda path, query, body: (200, answer)) as stub:
        assert RoutingServer(kind, stub.url).legs([DORCHESTER], WEYMOUTH) == [None]


@pytest.mark.parametrize(
    ("status", "answer", "calls", "told"),
    [
        (500, {}, 2, "answered with status 500"),  # may pass: asked twice, no more
        (400, {"code": "TooBig"}, 1, "answered with status 400"),  # would be refused again
        (200, b"<html>", 1, "answered with something other than JSON"),
        (200, {"code": "NoTable"}, 1, "answered in a way that is not its own"),
        (200, [], 1, "answered in a way that is not its own"),
        (200, {"code": "Ok", "durations": [[-5]], "distances": [[5]]}, 1, "not its own"),
        (
            200,
            {"code": "Ok", "durations": [], "distances": []},
            1,
            "answered for 0 places, asked for 1",
        ),
    ],
)
def test_an_answer_that_is_of_no_use_is_told(
    status: int, answer: Any, calls: int, told: str
) -> None:
    """The fault says what was wrong, not where the server is."""
    with (
        serving(lambda path, query, body: (status, answer)) as stub,
        pytest.raises(RoutingError, match=told) as caught,
    ):
        RoutingServer(ServerKind.OSRM, stub.url).legs([DORCHESTER], WEYMOUTH)
    assert len(stub.asked) == calls
    assert "127.0.0.1" not in caught.value.message


def test_a_server_that_is_not_there_is_told() -> None:
    """Nobody listens: two attempts, then the fault."""
    with serving(osrm) as stub:
        gone = RoutingServer(ServerKind.OSRM, stub.url, answer_seconds=0.5)
    with pytest.raises(RoutingError, match="did not answer"):
        gone.legs([DORCHESTER], WEYMOUTH)


@pytest.mark.parametrize(
    ("url", "kind", "told"),
    [
        ("http://router", "", "CAREMATCH_ROUTING_KIND"),  # whose interface?
        ("http://router", "google", "'google'; expected one of osrm, valhalla"),
        ("", "osrm", "CAREMATCH_ROUTING_URL"),  # where?
        ("router:5000", "osrm", "CAREMATCH_ROUTING_URL"),  # no scheme
        ("file:///etc", "osrm", "CAREMATCH_ROUTING_URL"),  # no server
        ("http://router?key=hidden", "osrm", "CAREMATCH_ROUTING_URL"),  # a query would be lost
        ("http://[router", "osrm", "CAREMATCH_ROUTING_URL"),  # no address at all
    ],
)
def test_settings_that_name_no_server_are_refused(url: str, kind: str, told: str) -> None:
    """The variable is named and what is expected; the address is never repeated."""
    variables = {"CAREMATCH_ROUTING_URL": url, "CAREMATCH_ROUTING_KIND": kind}
    with pytest.raises(MatcherError) as caught:
        server_of(variables)
    assert told in caught.value.message
    assert "hidden" not in caught.value.message


def test_settings_name_a_server_or_none() -> None:
    """Without the variables there is none; a slash at the end does not matter."""
    assert server_of({}) is None
    named = {"CAREMATCH_ROUTING_URL": "https://router/osrm/", "CAREMATCH_ROUTING_KIND": "osrm"}
    assert server_of(named) == RoutingServer(ServerKind.OSRM, "https://router/osrm")
