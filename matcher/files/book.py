"""Reading a book from its folder, with every fault in it, and writing it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import BadInputError, Fault
from matcher.files import columns
from matcher.files.book_rows import BOOK_FILES, DESCRIPTION_FILE, BookRows, read_book_rows
from matcher.files.cautions import cautions
from matcher.files.columns import FileSpec, VisitLine
from matcher.files.crosscheck import crosscheck
from matcher.files.datapackage import datapackage_text
from matcher.files.folders import whole_folder
from matcher.files.former import former_providers
from matcher.files.places import place_cautions
from matcher.files.rows import Rows
from matcher.files.settings import BOOK_FILE, POLICY_FILE, head_text, read_head, read_policy
from matcher.geography import Gazetteer, Postcode
from matcher.model import Book, CareRequest, Frozen, Provider
from matcher.policy import Policy


@dataclass(frozen=True)
class BookFolder:
    """A book as read from its folder.

    Parameters
    ----------
    book
        The book.
    policy
        The policy to follow: the book's own, else the default one.
    policy_text
        ``policy.toml`` as it stands; None where the book brings none.
    warnings
        What a person should look at although the book can be used.
    """

    book: Book
    policy: Policy
    policy_text: str | None
    warnings: tuple[Fault, ...]


def read_book(folder: Path, *, gazetteer: Gazetteer | None = None) -> BookFolder:
    """Return the book that a folder holds.

    Parameters
    ----------
    folder
        Folder of a book; design section 3 lists its files.
    gazetteer
        Where given, every postcode must be one that it can place.

    Raises
    ------
    BadInputError
        If anything is wrong, with every fault of every file: row, column, value and what was
        expected.
    """
    if not folder.is_dir():
        raise BadInputError([_no_folder(folder)])
    head, as_of, faults = read_head(folder)
    policy, policy_faults = read_policy(folder)
    rows, row_faults = read_book_rows(folder)
    faults += policy_faults + row_faults
    faults += crosscheck(rows, as_of, policy.policy)
    if gazetteer is not None:
        faults += _unplaceable(rows, gazetteer)
    if faults or head is None or policy.policy is None:
        raise BadInputError(faults)
    warnings = (
        *place_cautions(rows, head.council, gazetteer),
        *cautions(rows, head.as_of, policy.policy),
    )
    return BookFolder(_book(head, rows), policy.policy, policy.text, warnings)


def _no_folder(folder: Path) -> Fault:
    met = "a file" if folder.exists() else "no such folder"
    return Fault(str(folder), 0, "", met, "the folder of a book")


def _book(head: Book, rows: BookRows) -> Book:
    return Book(
        title=head.title,
        council=head.council,
        as_of=head.as_of,
        zones=rows.zones.items,
        providers=(*rows.providers.items, *(each.provider() for each in former_providers(rows))),
        rates=rows.rates.items,
        framework_rates=rows.framework_rates.items,
        homecare_capacity=rows.homecare_capacity.items,
        bed_capacity=rows.bed_capacity.items,
        requests=rows.whole_requests,
        running=rows.running.items,
        history=rows.history.items,
    )


def _unplaceable(rows: BookRows, gazetteer: Gazetteer) -> list[Fault]:
    """Fault every postcode that the gazetteer cannot place, with the reason."""
    sources: tuple[Rows[Provider] | Rows[CareRequest], ...] = (rows.providers, rows.requests)
    postcodes = {line.item.postcode for source in sources for line in source.lines}
    asked: list[Postcode] = sorted(postcode for postcode in postcodes if postcode)
    missing = gazetteer.missing(asked)
    return [
        source.fault(line, "postcode", f"a postcode that can be placed: {postcode} {reason}")
        for source in sources
        for line in source.lines
        if (postcode := line.item.postcode) and (reason := missing.get(postcode))
    ]


def write_book(folder: Path, book: Book, *, policy_text: str | None = None) -> None:
    """Write a book as a folder, whole or not at all.

    Parameters
    ----------
    folder
        The folder to write. One that stands there already is replaced if it is empty, or a book's
        and holds nothing else.
    book
        The book; rows are written in its order.
    policy_text
        Its ``policy.toml``, if it brings one.

    Raises
    ------
    MatcherError
        If the folder may not be replaced or cannot be written.
    """
    texts = {BOOK_FILE: head_text(book), DESCRIPTION_FILE: datapackage_text()}
    texts |= {spec.file: spec.text_of(items) for spec, items in _tables(book)}
    if policy_text is not None:
        texts[POLICY_FILE] = policy_text
    with whole_folder(folder, replaces=is_book_folder) as draft:
        for name, text in texts.items():
            (draft / name).write_bytes(text.encode())


def is_book_folder(folder: Path) -> bool:
    """Say whether a folder is a book's and holds nothing that a book does not."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return BOOK_FILE in names and names <= BOOK_FILES


def _tables(book: Book) -> list[tuple[FileSpec, Sequence[Frozen]]]:
    return [
        (columns.ZONES, book.zones),
        (columns.PROVIDERS, book.providers),
        (columns.RATES, book.rates),
        (columns.FRAMEWORK_RATES, book.framework_rates),
        (columns.HOMECARE_CAPACITY, book.homecare_capacity),
        (columns.BED_CAPACITY, book.bed_capacity),
        (columns.REQUESTS, book.requests),
        (columns.VISITS, _visit_lines(book)),
        (columns.RUNNING, book.running),
        (columns.HISTORY, book.history),
    ]


def _visit_lines(book: Book) -> list[VisitLine]:
    return [
        VisitLine(request_id=request.request_id, visit=visit)
        for request in book.requests
        for visit in request.package.visits
    ]
