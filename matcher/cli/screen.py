"""Standard output for answers, standard error for everything said on the way."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console, RenderableType

MOST_COLUMNS = 110
"""Lines longer than this are hard to read, however wide the window."""


_TRAILING_BLANKS = re.compile(r" +$", re.MULTILINE)


class OutputClosedError(Exception):
    """Whoever was reading our output has gone, as ``head`` does once it has enough."""


class _Screen(Console):
    """A console that leaves it to the program what to do when its reader has gone."""

    def on_broken_pipe(self) -> None:
        """Tell the program."""
        raise OutputClosedError


def answers() -> Console:
    """Return the console for answers."""
    return _console(stderr=False)


def asides() -> Console:
    """Return the console for progress, warnings and errors."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    # Names and ids are data: nothing in them is to be read as markup, emoji or figures.
    screen = _Screen(stderr=stderr, markup=False, emoji=False, highlight=False)
    screen.width = min(screen.width, MOST_COLUMNS)
    return screen


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


def close_output() -> None:
    """Leave nothing to be written when the program ends, since nobody reads it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise OutputClosedError from error
