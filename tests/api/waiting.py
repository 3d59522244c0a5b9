"""What tests of waiting share: what is done aside and within bounds, and processes held still."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from api.settings import Settings
from tests.api.conftest import settings_at

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
"""Seconds that anything here may take on a machine that has much else to do."""
Found = TypeVar("Found")


def impatient(url: str, **other: Any) -> Settings:
    """Return settings of a service that waits for next to nothing."""
    short = {"connect_seconds": 0.3, "answer_seconds": 0.3, "lock_seconds": 0.3}
    return settings_at(url).model_copy(update={**short, **other})


class Aside(ThreadPoolExecutor):
    """Does what might never end in threads, and waits for it only so long."""

    def within(self, act: Callable[[], Found], seconds: float = PATIENCE) -> Found:
        """Return what something comes to, and fail if that takes too long."""
        return self.submit(act).result(seconds)


def started(program: str, *words: str) -> subprocess.Popen[str]:
    """Start a Python program, and wait until it has said its first line."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline(), process.communicate(timeout=PATIENCE)[1]
    return process


HOLDER = """
import sys
from api.settings import Settings
from api.storage.record import SOFTWARE, Record
record = Record(Settings(database_url=sys.argv[1], change_seconds=sys.argv[2]))
with record.writing(SOFTWARE) as writing:
    writing.audit("record.looked_at", "record")
    writing.session.flush()
    print("held", flush=True)
    sys.stdin.readline()
"""
"""Changes the record, and stands still in the middle until it is told to go on."""


@contextmanager
def paused_in_a_change(url: str, change_seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Give a process that makes a change and is held still in the middle of it."""
    process = started(HOLDER, url, str(change_seconds))
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield process
    finally:
        os.kill(process.pid, signal.SIGCONT)
        process.communicate("\n", timeout=PATIENCE)
