"""Standard output for answers, standard error for everything said on the way."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO

from rich.console import Console, RenderableType

MOST_COLUMNS = 110
"""Lines longer than this are hard to read, however wide the window."""


_TRAILING_BLANKS = re.compile(r" +$", re.MULTILINE)


class OutputClosedError(Exception):
    """Whoever was reading our output has gone, as ``head`` does once it has enough."""


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
    console = answers()
    with console.capture() as captured:
        console.print(page)
    _write(_TRAILING_BLANKS.sub("", captured.get()))


def show_document(document: Mapping[str, Any]) -> None:
    """Print one JSON document and nothing else."""
    _write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def say(text: str, style: str = "") -> None:
    """Print a line on standard error."""
    asides().print(text, style=style, soft_wrap=True)


def discard(stream: TextIO) -> None:
    """Send to nowhere what is still to be written to a stream that nobody reads any more."""
    # A stream that is no file of the system's needs nothing.
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise OutputClosedError from error
