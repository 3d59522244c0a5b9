"""Stopping a command that goes on: heard at once, however busy it is, and told."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from matcher.cli.screen import say

SIGNALS = (signal.SIGTERM, signal.SIGINT)
Done = TypeVar("Done")


@contextmanager
def stopping(words: str) -> Iterator[threading.Event]:
    """Give what is set once the process is asked to end, by Ctrl-C or by SIGTERM.

    Parameters
    ----------
    words
        What to say then, once; nothing where somebody else says it.
    """
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            if words:
                say(words)

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
