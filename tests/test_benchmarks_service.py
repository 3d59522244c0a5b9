"""Tests of how the service is measured: the client counts every answer, and trusts none."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from time import monotonic, sleep

import pytest
import uvicorn

from benchmarks.service import BARE, Client, bare_app, beside, free_port, resident_mb, share

SECONDS = 20


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Give the port of a server that answers from two apps, one of which knows nothing."""
    found = free_port()
    config = uvicorn.Config(beside(bare_app(), bare_app()), port=found, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = monotonic() + SECONDS
    while not server.started and monotonic() < until:
        sleep(0.01)
    yield found
    server.should_exit = True
    thread.join(SECONDS)


def test_every_call_is_answered_and_timed(port: int) -> None:
    """As many times are measured as calls were made, over however many connections."""
    client = Client(port, "cm_x_y")
    took, seconds = client.run([client.call("GET", BARE)] * 50, 4)
    assert len(seconds) == 50
    assert 0 < max(seconds) <= took


def test_an_answer_that_is_no_success_stops_the_measurement(port: int) -> None:
    """Refusals are quick to give: they must not be counted as work done."""
    client = Client(port, "cm_x_y")
    with pytest.raises(RuntimeError, match="404"):
        client.run([client.call("GET", "/nowhere")], 1)


def test_a_document_is_read(port: int) -> None:
    """One call's answer comes back as it was sent."""
    assert Client(port, "cm_x_y").ask("GET", BARE) == {}


def test_shares_are_in_milliseconds() -> None:
    """Of 1 to 100 ms, half take at most 50.5 and 99 in a hundred at most 99.99."""
    seconds = [number / 1000 for number in range(1, 101)]
    assert share(seconds, 50) == pytest.approx(50.5)
    assert share(seconds, 99) == pytest.approx(99.99)


def test_memory_is_of_a_process() -> None:
    """Python with numpy loaded holds some memory."""
    assert resident_mb(os.getpid()) > 20
