"""Turns: whoever asks for much at once leaves room for the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Lets so many calls of one caller be worked at a time; its others stand in line meanwhile.

    Standing in line takes no thread.

    Parameters
    ----------
    at_once
        Calls of one caller that are worked at a time.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def taken(self, who: str) -> AsyncIterator[None]:
        """Wait for a turn of a caller, and have it while the block runs."""
        line = self._lines.setdefault(who, _Line(self._at_once))
        line.calls += 1
        try:
            async with line.turns:
                yield
        finally:
            line.calls -= 1
            if not line.calls:
                del self._lines[who]


class _Line:
    """The turns of one caller, and its calls that have one or wait for one."""

    def __init__(self, at_once: int) -> None:
        self.turns = asyncio.Semaphore(at_once)
        self.calls = 0
