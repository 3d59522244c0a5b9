"""What is known of a run while it goes on, told at least every second, from all its parts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from matcher.objectives import Objective
from matcher.result import Progress, Report, Stage

SECONDS_BETWEEN_REPORTS = 0.5


class Board:
    """Adds up what the independent parts of a book know, and tells whoever wants to know.

    Parameters
    ----------
    order
        The objectives, most important first.
    nobody
        What requests without any option add to each objective.
    progress
        Whom to tell.
    """

    def __init__(
        self, order: Sequence[Objective], nobody: Sequence[int], progress: Progress
    ) -> None:
        self._order, self._nobody, self._progress = tuple(order), tuple(nobody), progress
        self._began = monotonic()
        self._lock = threading.Lock()
        self._parts: dict[int, tuple[tuple[int, ...], tuple[int, ...], int]] = {}

    def put(self, part: int, values: Sequence[int], bounds: Sequence[int], placed: int) -> None:
        """Put up what is known of a part: its values and bounds by stage, and who is placed."""
        with self._lock:
            self._parts[part] = (tuple(values), tuple(bounds), placed)

    def report(self) -> Report:
        """Return all that is known, over all parts.

        Behind the first stage whose value is not proved, bounds hold given the values before.
        """
        with self._lock:
            parts = list(self._parts.values())
        stages = tuple(
            Stage(
                name=objective.name,
                unit=objective.unit,
                value=self._nobody[i] + sum(values[i] for values, _, _ in parts),
                bound=self._nobody[i]
                + sum(min(bounds[i], values[i]) for values, bounds, _ in parts),
            )
            for i, objective in enumerate(self._order)
        )
        placed = sum(count for _, _, count in parts)
        return Report(stages=stages, placed=placed, seconds=monotonic() - self._began)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell at the beginning, every half second, and at the end."""
        over = threading.Event()
        errors: list[BaseException] = []

        def tell() -> None:
            try:
                while not over.wait(SECONDS_BETWEEN_REPORTS):
                    self._progress.reported(self.report())
            except BaseException as error:  # handed to the run, which raises it at its end
                errors.append(error)
                self._progress.cancel()

        self._progress.reported(self.report())
        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        try:
            yield
        finally:
            over.set()
            teller.join()
        if errors:
            raise errors[0]
        self._progress.reported(self.report())
