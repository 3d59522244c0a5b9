"""Opening what a command works on, and helping with ids that are nearly right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matcher.cli.screen import asides
from matcher.errors import UnknownIdError
from matcher.files import BookFolder, read_book
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book
from matcher.roads import roads_of_environment

CLOSE = 3
"""So many ids are suggested at most."""


@dataclass(frozen=True)
class Opened:
    """A book as read, and its supply compiled."""

    folder: BookFolder
    market: Market


def open_book(path: Path) -> Opened:
    """Return the book of a folder, every postcode of it found, and its market.

    Raises
    ------
    BadInputError
        If anything is wrong with the book, with every fault.
    MatcherError
        If a routing server is named that cannot be one.
    """
    with working("Reading the book"):
        gazetteer = Gazetteer()
        folder = read_book(path, gazetteer=gazetteer)
    with working("Finding the ways"):
        roads = roads_of_environment(folder.book, folder.policy, gazetteer)
        return Opened(folder, Market(folder.book, folder.policy, gazetteer, roads))


@contextmanager
def working(text: str) -> Iterator[None]:
    """Show on a terminal that something goes on."""
    with asides().status(f"{text} ..."):
        yield


@contextmanager
def suggesting(book: Book) -> Iterator[None]:
    """Add to an error about an unknown id the ids that it may have been meant for."""
    try:
        yield
    except UnknownIdError as error:
        known = {
            "request": [request.request_id for request in book.requests],
            "provider": [provider.provider_id for provider in book.providers],
        }.get(error.thing or "", [])
        hint = "" if error.value in known else close_ids(str(error.value), known)
        message = f"{error.message} {hint}".rstrip()
        raise UnknownIdError(
            message, thing=error.thing, value=error.value, expected=error.expected
        ) from error


def close_ids(text: str, known: Iterable[str]) -> str:
    """Return a question that names the ids closest to a text; without any, the first one."""
    by_fold = {name.casefold(): name for name in sorted(known, reverse=True)}
    close = difflib.get_close_matches(text.casefold(), list(by_fold), n=CLOSE, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(by_fold[name] for name in close)}?"
    if by_fold:
        return f"Its ids look like {min(by_fold.values())}."
    return "It has none at all."
