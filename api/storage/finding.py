"""One thing of the record by its name, or a plain word that it is not there."""

from __future__ import annotations

from typing import TypeVar

from api.errors import NotFoundError

Row = TypeVar("Row")


def found(row: Row | None, noun: str, name: str) -> Row:
    """Return what was looked for.

    Parameters
    ----------
    row
        What the record has of that name.
    noun, name
        What it is called.

    Raises
    ------
    NotFoundError
        If the record has no such thing.
    """
    if row is None:
        raise NotFoundError(f"The record has no {noun} {name!r}.", thing=noun, value=name)
    return row
