"""Tests of connections kept within limits, by attacks on a served process with bare sockets."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

import pytest

from api.connections import room_for
from api.edge import HEADERS
from tests.api.besieging import (
    ENDED,
    Besieged,
    besieged,
    head,
    heard,
    is_ended,
    status_of,
    wait_for,
)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has more than one address on the loopback"
)
HALF = b"GET /healthz HTTP/1.1\r\nHost: here\r\nX-Long: "
CALLS_PER_MINUTE = 30
PROXY = "127.0.9.1"
SHORT = {
    "CAREMATCH_CALLER_SECONDS": "1",
    "CAREMATCH_IDLE_SECONDS": "1",
    "CAREMATCH_CALLS_PER_MINUTE": str(CALLS_PER_MINUTE),
    "CAREMATCH_TRUSTED_PROXIES": "127.0.9.0/24, ::2",
}
UNKNOWN_KEY = "Authorization: Bearer cm_0123456789_guessed"
_addresses = (f"127.0.1.{number}" for number in count(1))


@pytest.fixture(scope="module")
def hasty(loaded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    """Give a service that waits for nobody for long, and trusts one proxy."""
    with besieged(loaded_file, tmp_path_factory.mktemp("hasty"), **SHORT) as found:
        yield found


@pytest.fixture(scope="module")
def usual(loaded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    """Give a service as it is set up unless told otherwise, with the usual number of handles."""
    with besieged(loaded_file, tmp_path_factory.mktemp("usual")) as found:
        yield found


@pytest.fixture
def address() -> str:
    """Give an address that nobody has called from."""
    return next(_addresses)


# -- time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "begun",
    [
        b"",  # nothing at all
        b"G",
        HALF,
        head("GET", "/healthz") + HALF,  # a whole call, and half of the next
    ],
)
def test_a_half_sent_call_is_ended(hasty: Besieged, begun: bytes) -> None:
    """However slowly more of it comes: each byte was once a reason to go on waiting."""
    with hasty.connected() as connection:
        connection.sendall(begun)
        wait_for(lambda: is_ended(connection), lambda: trickle(connection, b"x" if begun else b""))


def test_a_connection_without_calls_is_ended(hasty: Besieged) -> None:
    """After an answer nothing has to come, but not for ever."""
    with hasty.connected() as connection:
        connection.sendall(head("GET", "/healthz"))
        wait_for(lambda: is_ended(connection))
        assert status_of(heard(connection)) == 200


def test_a_body_sent_byte_by_byte_is_refused(hasty: Besieged) -> None:
    """With an answer that says so; and then the connection ends, though bytes go on coming."""
    sizes = "Content-Type: application/json", "Content-Length: 100000"
    with hasty.connected() as connection:
        connection.sendall(head("POST", "/v1/shortlists", hasty.signed(), *sizes))
        wait_for(lambda: is_ended(connection), lambda: trickle(connection, b" "))
        answer = heard(connection)
    assert status_of(answer) == 408
    assert "urn:carematch:problem:too-slow" in answer


def test_a_body_after_its_answer_is_not_waited_for(hasty: Besieged, address: str) -> None:
    """A call that is refused already may not keep its connection by what it still sends."""
    with hasty.connected(address) as connection:
        connection.sendall(head("POST", "/v1/requests", "Content-Length: 100000"))
        wait_for(lambda: is_ended(connection), lambda: trickle(connection, b" "))
        assert status_of(heard(connection)) == 401


def test_an_answer_that_nobody_takes_in_is_given_up(hasty: Besieged, address: str) -> None:
    """Whoever asks and asks and never listens takes memory and a connection, for a time only."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.bind((address, 0))
        connection.settimeout(60)
        connection.connect(("127.0.0.1", hasty.port))
        connection.sendall(head("GET", "/v1/openapi.json") * (CALLS_PER_MINUTE - 1))
        wait_for(lambda: is_ended(connection))


def test_whoever_is_in_time_is_answered(usual: Besieged) -> None:
    """Call after call on one connection, each in parts, and two in one part."""
    with usual.connected() as connection:
        for part in (HALF, b"x", b"\r\n\r\n" + HALF, b"x\r\n\r\n", head("GET", "/healthz") * 2):
            connection.sendall(part)
        connection.sendall(head("GET", "/readyz", "Connection: close"))
        assert heard(connection).count("HTTP/1.1 200") == 5


# -- number ------------------------------------------------------------------------------------


def half_sent(service: Besieged, number: int, source: str) -> Iterator[socket.socket]:
    """Yield so many connections with half of a call each."""
    for _ in range(number):
        connection = service.connected(source)
        try:
            connection.sendall(HALF)
        except ENDED:
            connection.close()
        else:
            yield connection


def left_open(connections: Sequence[socket.socket]) -> int:
    """Return how many connections the other side has not ended."""
    return sum(not is_ended(each) for each in connections)


def test_1100_half_sent_calls_make_nobody_wait(usual: Besieged) -> None:
    """Of one address most are refused, and told so; all others are served as before."""
    with ExitStack() as stack:
        found = [stack.enter_context(each) for each in half_sent(usual, 1_100, "127.0.2.1")]
        wait_for(lambda: left_open(found) <= 100)
        assert status_of(usual.answer(source="127.0.2.2")) == 200
        signed = usual.answer("/v1/requests", usual.signed(), source="127.0.2.2")
        assert status_of(signed) == 200
        refused = usual.answer(source="127.0.2.1")
        assert status_of(refused) in {0, 503}  # 0: reset while it still sent
        assert usual.handles() < 300
        assert status_of(usual.answer(source="127.0.2.3")) == 200
    wait_for(lambda: status_of(usual.answer(source="127.0.2.1")) == 200)


def test_a_refused_connection_is_told_why(usual: Besieged) -> None:
    """Like all other refusals: a problem document, strict headers and an id."""
    with ExitStack() as stack:
        for each in half_sent(usual, 100, "127.0.3.1"):
            stack.enter_context(each)
        with usual.connected("127.0.3.1") as connection:  # sends nothing, so nothing is reset
            answer = heard(connection)
    told, _, body = answer.partition("\r\n\r\n")
    assert status_of(answer) == 503
    for name, value in {**HEADERS, "Connection": "close", "Retry-After": "5"}.items():
        assert f"{name}: {value}".lower() in told.lower()
    problem = json.loads(body)
    assert (problem["status"], problem["type"]) == (503, "urn:carematch:problem:full")
    assert problem["request_id"] in told


def test_there_are_never_more_connections_than_handles(usual: Besieged) -> None:
    """From many addresses at once: the rest is refused, and is let in once there is room."""
    with ExitStack() as stack:
        found = [
            stack.enter_context(each)
            for number in range(1, 12)
            for each in half_sent(usual, 95, f"127.0.4.{number}")
        ]
        wait_for(lambda: left_open(found) <= 500)
        assert status_of(usual.answer(source="127.0.5.1")) in {0, 503}
        assert usual.handles() < 800
    wait_for(lambda: status_of(usual.answer(source="127.0.5.1")) == 200)


def test_a_trusted_proxy_brings_the_calls_of_many(hasty: Besieged) -> None:
    """Its connections are no one address's, so only the number in all holds for them."""
    with ExitStack() as stack:
        found = [stack.enter_context(hasty.connected(PROXY)) for _ in range(120)]
        assert status_of(hasty.answer(source=PROXY)) == 200
        assert left_open(found) in range(121)


# -- the log -----------------------------------------------------------------------------------


def test_the_log_does_not_run_away(usual: Besieged) -> None:
    """Whatever is thrown at the service: some lines say so, all of them JSON, and no more."""
    before = usual.log.stat().st_size
    for number in range(300):
        with usual.connected(f"127.0.6.{number % 50 + 1}") as connection:
            connection.sendall(b"\x16\x03\x01 no call at all\r\n\r\n")
            answer = heard(connection)
        assert status_of(answer) == 400
        assert "urn:carematch:problem:no-http" in answer
        assert "Content-Security-Policy" in answer
    with usual.log.open() as log:
        log.seek(before)
        lines = [json.loads(line) for line in log]
    assert 1 <= len(lines) <= 10
    assert {line["event"] for line in lines} == {"Invalid HTTP request received."}


def test_calls_of_nobody_fill_no_log(usual: Besieged) -> None:
    """Calls without a key are told of by the hundred a minute, and counted all the same."""
    before = usual.log.stat().st_size
    sent = head("GET", "/v1/keys") * 150 + head("GET", "/v1/keys", "Connection: close")
    with usual.connected("127.0.6.99") as connection:
        connection.sendall(sent)
        assert heard(connection).count("HTTP/1.1 401") == 151
    with usual.log.open() as log:
        log.seek(before)
        assert 1 <= len([line for line in log if '"status": 401' in line]) <= 100


# -- who calls ---------------------------------------------------------------------------------


@pytest.mark.parametrize("proxy", ["127.0.0.1", "127.0.1.250"])
def test_who_says_to_call_for_others_is_not_believed(hasty: Besieged, proxy: str) -> None:
    """Not even on this machine: forty guesses of forty made-up addresses are one address's."""
    said = [
        status_of(hasty.answer("/v1/requests", UNKNOWN_KEY, spoofed(number), source=proxy))
        for number in range(CALLS_PER_MINUTE + 10)
    ]
    assert said[-1] == 429
    assert set(said) == {401, 429}


def spoofed(number: int) -> str:
    """Return a header that says for whom a call is."""
    return f"X-Forwarded-For: 198.51.100.{number}"


def test_a_trusted_proxy_says_for_whom_it_calls(hasty: Besieged) -> None:
    """Each of those is counted by itself, and what they made up before it is not believed."""
    for number in range(CALLS_PER_MINUTE + 10):
        answer = hasty.answer("/v1/requests", UNKNOWN_KEY, spoofed(number), source=PROXY)
        assert status_of(answer) == 401
    said = [
        status_of(hasty.answer("/v1/requests", f"{spoofed(number)}, 198.51.100.200", source=PROXY))
        for number in range(CALLS_PER_MINUTE + 10)
    ]
    assert said[-1] == 429


# -- before the body ---------------------------------------------------------------------------


@pytest.mark.parametrize("key", [(), (UNKNOWN_KEY,)])
def test_nothing_of_a_body_is_read_without_a_key(
    hasty: Besieged, address: str, key: tuple[str, ...]
) -> None:
    """The answer comes before the body does, and each such call counts."""
    sizes = "Content-Type: application/json", "Content-Length: 900000"
    said = []
    for _ in range(CALLS_PER_MINUTE + 10):
        with hasty.connected(address) as connection:
            connection.sendall(head("POST", "/v1/requests", *key, *sizes))
            said.append(status_of(connection.recv(65_536).decode()))
    assert set(said) == {401, 429}
    assert said[-1] == 429


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/requests"),
        ("PUT", "/v1/nowhere"),
        ("POST", "/v1/openapi.json"),
        ("GET", "/v1/openapi.json"),
        ("OPTIONS", "/v1/keys"),
    ],
)
def test_whatever_nobody_calls_is_counted(
    hasty: Besieged, address: str, method: str, path: str
) -> None:
    """Bad JSON without a key, what there is not, and what anybody may read."""
    kind = "Content-Type: application/json", "Content-Length: 1"
    said = [
        status_of(hasty.answer(path, *kind, method=method, source=address, body=b"{"))
        for _ in range(CALLS_PER_MINUTE + 10)
    ]
    assert 422 not in said
    assert said[-1] == 429


# -- handles -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "room"), [(64, 32), (2_000, 500)])
def test_connections_leave_handles_for_the_rest(
    monkeypatch: pytest.MonkeyPatch, most: int, room: int
) -> None:
    """As many as were asked for where the system allows it, and else half of what it allows."""
    given: list[tuple[int, int]] = []
    monkeypatch.setattr("api.connections.resource.getrlimit", lambda _kind: (32, most))
    monkeypatch.setattr("api.connections.resource.setrlimit", lambda _k, told: given.append(told))
    assert room_for(500) == room
    assert given == [(min(most, 1_256), most)]


def trickle(connection: socket.socket, part: bytes) -> None:
    """Send a little, if anybody still takes it."""
    with suppress(ENDED):
        connection.send(part)
