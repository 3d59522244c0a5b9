"""Stopping a command that goes on: heard at once, however busy it is, and told."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from matcher.cli.codes import STOPPED
from matcher.cli.screen import say

SIGNALS = (signal.SIGTERM, signal.SIGINT)
END_SECONDS = 25.0
"""Seconds after which a process that was asked to end does, whatever it still waits for."""
Done = TypeVar("Done")


@contextmanager
def stopping(words: str) -> Iterator[threading.Event]:
    """Give what is set once the process is asked to end, by Ctrl-C or by SIGTERM.

    Parameters
    ----------
    words
        What to say then, once; nothing where somebody else says it.
    """
    stop, over = threading.Event(), threading.Event()
    end_in_time(stop, over)

    def ask(_number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            if words:
                say(words)

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield stop
    finally:
        over.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def end_in_time(
    stop: threading.Event, over: threading.Event | None = None, seconds: float = END_SECONDS
) -> None:
    """Let this process end in time once it is to stop, also where a thread of it cannot.

    Parameters
    ----------
    stop
        Set when it is to stop.
    over
        Set when it has stopped; never where the process then ends by itself.
    seconds
        Seconds from the one to the other at most.
    """
    is_over = over or threading.Event()

    def watch() -> None:
        stop.wait()
        if not is_over.wait(seconds):
            say(f"Ended after {seconds:g} seconds, although something was still waited for.")
            os._exit(STOPPED)

    threading.Thread(target=watch, name="end", daemon=True).start()


def aside(work: Callable[[], Done]) -> Done:
    """Return what some work comes to, done by a thread of its own.

    Signals are heard by the main thread only, and not while that is busy in a solver.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(work).result()


def stop_with_input(stop: threading.Event) -> None:
    """Set an event once standard input ends: then whoever started this process is gone."""

    def wait() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait, name="input", daemon=True).start()
