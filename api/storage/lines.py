"""Lines of a book inside a row: each document with its place in the file that it came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from api.tables import Document
from matcher.model import Frozen

Line = TypeVar("Line", bound=Frozen)
LAST = 2**31 - 1
"""The place of lines that came from no file: behind all others."""


def document_of(line: Frozen) -> Document:
    """Return a noun as a row keeps it: as JSON, without what is not given."""
    return line.model_dump(mode="json", exclude_defaults=True)


def kept(lines: Iterable[Line], places: Iterable[int] | None = None) -> list[Document]:
    """Return lines as a row keeps them.

    Parameters
    ----------
    lines
        Lines of one provider.
    places
        Their places in the file; behind all others when not given.
    """
    given = list(lines)
    numbers: Sequence[int] = [LAST] * len(given) if places is None else list(places)
    return [
        {"place": place, "line": document_of(line)}
        for place, line in zip(numbers, given, strict=True)
    ]


def read(kind: type[Line], documents: Iterable[Document]) -> tuple[Line, ...]:
    """Return the lines that a row keeps."""
    return tuple(kind.model_validate(each["line"]) for each in documents)


def in_file_order(kind: type[Line], rows: Iterable[list[Document]]) -> tuple[Line, ...]:
    """Return the lines of several rows in the order of the file that they came from."""
    places = [(each["place"], each) for documents in rows for each in documents]
    places.sort(key=lambda pair: pair[0])
    return read(kind, [each for _, each in places])
