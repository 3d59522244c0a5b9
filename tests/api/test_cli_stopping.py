"""Tests of ending in time: also where a thread waits for what never comes."""

from __future__ import annotations

import signal

import pytest

from tests.api.waiting import PATIENCE, started

STUCK = """
import threading
from api.cli.stopping import aside, end_in_time, stopping
never = threading.Event()
{begun}
print("waits", flush=True)
{waits}
"""
PROGRAMS = {
    "a command": (
        "import api.cli.stopping as s; s.end_in_time.__defaults__ = (None, 0.2)\n"
        "context = stopping('Stopping.'); context.__enter__()",
        "aside(never.wait)",
    ),
    "a service": (
        "import signal; ending = threading.Event(); end_in_time(ending, seconds=0.2)\n"
        "signal.signal(signal.SIGTERM, lambda *_: ending.set())\n"
        "threading.Thread(target=never.wait).start()",
        "ending.wait()",
    ),
}
"""Which wait for what never comes: in a thread aside, and in one that outlives the main one."""


@pytest.mark.parametrize("which", PROGRAMS)
def test_a_process_ends_whatever_it_waits_for(which: str) -> None:
    """Its end is told, with the exit code of whatever is stopped."""
    begun, waits = PROGRAMS[which]
    process = started(STUCK.format(begun=begun, waits=waits))
    process.send_signal(signal.SIGTERM)
    try:
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Ended after 0.2 seconds" in said
