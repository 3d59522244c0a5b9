"""Pages as plain text, to be looked into."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


def printed(page: RenderableType, width: int = 80) -> str:
    """Return what a page looks like without colour."""
    text = io.StringIO()
    Console(file=text, width=width, markup=False, emoji=False, highlight=False).print(page)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def one_line(page: RenderableType) -> str:
    """Return the words of a page with single spaces, whatever its lines."""
    return " ".join(printed(page, width=200).split())
