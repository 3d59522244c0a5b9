"""Standard output for answers, standard error for everything said on the way."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from rich.console import Console, RenderableType

from matcher.errors import MatcherError

MOST_COLUMNS = 110
"""Lines longer than this are hard to read, however wide the window."""


_TRAILING_BLANKS = re.compile(r" +$", re.MULTILINE)


class OutputClosedError(Exception):
    """Whoever was reading our output has gone, as ``head`` does once it has enough."""


class OutputLostError(MatcherError):
    """What was to be printed could not be, as when the disk is full."""


class _Asides(Console):
    """A console for what may be missed: when its reader has gone, the work goes on unheard."""

    def on_broken_pipe(self) -> None:
        """Fall silent."""
        self.quiet = True
        discard(sys.stderr)


def answers() -> Console:
    """Return the console that lays out answers."""
    return _narrowed(Console(markup=False, emoji=False, highlight=False))


def asides() -> Console:
    """Return the console for progress, warnings and errors."""
    return _narrowed(_Asides(stderr=True, markup=False, emoji=False, highlight=False))


def _narrowed(console: Console) -> Console:
    console.width = min(console.width, MOST_COLUMNS)
    return console


def show(page: RenderableType) -> None:
    """Print a page for people, in one piece and without blanks at the ends of lines."""
    with _output():
        console = answers()
        with console.capture() as captured:
            console.print(page)
        _write(_TRAILING_BLANKS.sub("", captured.get()))


def show_document(document: Mapping[str, Any]) -> None:
    """Print one JSON document and nothing else."""
    with _output():
        _write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def say(text: str, style: str = "") -> None:
    """Print a line on standard error."""
    asides().print(text, style=style, soft_wrap=True)


def discard(stream: TextIO | None) -> None:
    """Send to nowhere what is still to be written to a stream that nobody reads any more."""
    # A stream that is closed, or no file of the system's, needs nothing.
    with suppress(OSError, AttributeError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]
        os.close(nowhere)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def _output() -> Iterator[None]:
    """Say in our own words that standard output cannot be written."""
    # Whoever starts a program without standard output has it as None.
    if sys.stdout is None or sys.stdout.closed:
        raise OutputClosedError
    try:
        yield
    except BrokenPipeError as error:
        raise OutputClosedError from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputLostError(f"The answer could not be printed: {reason}.") from error
