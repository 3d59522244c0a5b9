"""Showing how an allocation goes on, and stopping it with what it has found."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType, TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.progress import Progress as Bars
from rich.progress_bar import ProgressBar
from rich.text import Text

from matcher.report.objective import title_of, value_text
from matcher.report.wording import count_text, people_text
from matcher.result import Progress, Report

SECONDS_BETWEEN_LINES = 5.0
"""Where there is no terminal, progress is told in lines, no more often than this."""
STOPPING = "Stopping, and keeping the best plan found. Press Ctrl-C again to give it up."


class _TimeBar(BarColumn):
    """A bar that fills as the allowed time goes by, and pulses where there is no limit."""

    def render(self, task: Task) -> ProgressBar:
        """Return the bar for the time gone so far."""
        bar = super().render(task)
        if task.total is not None:
            bar.update(completed=min(task.elapsed or 0.0, task.total))
        return bar


class _Clock(ProgressColumn):
    """Seconds gone of the seconds allowed."""

    def render(self, task: Task) -> Text:
        """Return both, or only those gone where there is no limit."""
        gone = f"{task.elapsed or 0:.0f}"
        return Text(f"{gone} of {task.total:.0f} s" if task.total else f"{gone} s")


class ShownProgress(Progress):
    """Progress of an allocation: a live line on a terminal, some plain lines elsewhere.

    Parameters
    ----------
    console
        Where to show it.
    seconds
        What the run may take; ``None`` when that is not known beforehand.
    """

    def __init__(self, console: Console, seconds: float | None) -> None:
        super().__init__()
        self._console = console
        self._lock = threading.Lock()
        self._placed = 0
        self._began = self._told = monotonic()
        self._bars = Bars(
            SpinnerColumn(),
            _TimeBar(bar_width=14),
            _Clock(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bars.add_task("looking at everyone waiting", total=seconds)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def started(self, requests: int, options: int, parts: int) -> None:
        """Tell how large the task is."""
        offers = count_text(options, "possible offer")
        self._say(f"Placing {people_text(requests)}: {offers} to weigh up.")

    def reported(self, report: Report) -> None:
        """Tell who is placed by now, and how far the first stage not proved is from its bound."""
        stage, text = report.under_way, f"{people_text(report.placed)} placed"
        if stage is not None:
            text += f"; {title_of(stage.name).lower()}: {value_text(stage.name, stage.value)}"
        if stage is not None and stage.bound is not None:
            text += f", at best {value_text(stage.name, stage.bound)}"
        self._show(text)

    def part_done(self, part: int, requests: int, placed: int) -> None:
        """Tell how many have an offer so far."""
        with self._lock:
            self._placed += placed
        self._show(f"{people_text(self._placed)} with an offer so far")

    def _show(self, text: str) -> None:
        with self._lock:
            now = monotonic()
            if self._console.is_terminal:
                self._bars.update(self._task, description=text)
            elif now - self._told >= SECONDS_BETWEEN_LINES:
                self._told = now
                self._say(f"{now - self._began:.0f} s: {text}")

    def _say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)


@contextmanager
def stopping_gently(progress: Progress, console: Console) -> Iterator[None]:
    """Let the first Ctrl-C stop a run with the best plan found, and the second give it up.

    Parameters
    ----------
    progress
        The run to stop.
    console
        Where to say so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if progress.cancelled:
            raise KeyboardInterrupt
        progress.cancel()
        console.print(STOPPING, soft_wrap=True)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
