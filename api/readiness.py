"""Whether the service is ready, answered within a second whatever the record does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic

FRESH_SECONDS, ANSWER_SECONDS = 1.0, 0.9
"""Seconds for which what was tried is believed, and that one who asks waits for a trial."""
SILENT = f"The database does not answer within {ANSWER_SECONDS:g} seconds."


class Readiness:
    """Asks by a thread of its own, so that it answers while every other waits for the record.

    Whoever asks while it is being tried waits for that trial.

    Parameters
    ----------
    why_not
        Tries whether the service can do its work, and says in a sentence why not.
    """

    def __init__(self, why_not: Callable[[], str | None]) -> None:
        self._why_not = why_not
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._trial: Future[str | None] | None = None
        self._begun = 0.0

    async def why_not(self) -> str | None:
        """Return in a sentence why the service is not ready; ``None`` where it is."""
        trial = self._trial
        if trial is None or (trial.done() and monotonic() - self._begun > FRESH_SECONDS):
            self._begun = monotonic()
            trial = self._trial = self._thread.submit(self._why_not)
        try:
            waited = asyncio.shield(asyncio.wrap_future(trial))
            return await asyncio.wait_for(waited, ANSWER_SECONDS)
        except TimeoutError:
            return SILENT
