"""``carematch migrate``, ``load``, ``dump``, ``backup`` and ``audit``: the record as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from api.cli.opening import open_record, require_migrated
from api.errors import ConflictError
from api.storage.backup import back_up
from api.storage.books import dump as dump_book
from api.storage.books import load as load_book
from api.storage.checking import ledger_faults
from api.storage.migrating import current
from api.storage.migrating import migrate as bring_up
from api.storage.record import Record, not_loaded, verify_chain
from matcher.cli.books import open_book
from matcher.cli.options import AsJson, Book, Replace
from matcher.cli.screen import show, show_document
from matcher.errors import MatcherError
from matcher.files import is_book_folder, write_book
from matcher.files.folders import require_writable
from matcher.report.wording import count_text

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write the book to.")]
Copy = Annotated[Path, typer.Argument(metavar="FILE", help="File to write the copy to.")]
ReplaceCopy = Annotated[
    bool, typer.Option("--replace", help="Replace the file that stands there, if one does.")
]


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the newest tables; what is in it stays."""
    with open_record(migrated=False) as record:
        before = current(record.engine)
        bring_up(record.engine)
        after, where = current(record.engine), record.settings.shown
    if as_json:
        show_document({"database": where, "before": before, "after": after})
    else:
        show(Text(f"{where}: from migration {before or 'none'} to {after}."))


def load(book: Book, as_json: AsJson = False) -> None:
    """Fill an empty record with a book, whole or not at all."""
    opened = open_book(book)
    with open_record() as record:
        load_book(record, opened.folder, opened.market)
        where = record.settings.shown
    counts = {
        "providers": len(opened.folder.book.providers),
        "requests": len(opened.folder.book.requests),
    }
    if as_json:
        show_document({"database": where, "title": opened.folder.book.title, **counts})
    else:
        show(
            Text(
                f"{opened.folder.book.title}: {counts['providers']:,} providers and "
                f"{counts['requests']:,} requests loaded into {where}."
            )
        )


def dump(folder: Folder, replace: Replace = False, as_json: AsJson = False) -> None:
    """Write the record as a book: a folder that every other command reads."""
    require_writable(folder, is_book_folder)
    if folder.exists() and any(folder.iterdir()) and not replace:
        raise ConflictError(
            f"{folder} holds a book already; --replace replaces it.",
            thing=str(folder),
            expected="a new or an empty folder, or --replace",
        )
    with open_record() as record, record.snapshot() as session:
        book, policy_text = dump_book(session, record.clock.now(), record.clock.today())
    write_book(folder, book, policy_text=policy_text)
    counts = {"providers": len(book.providers), "requests": len(book.requests)}
    if as_json:
        show_document({"folder": str(folder), "as_of": str(book.as_of), **counts})
    else:
        show(
            Text(
                f"{book.title}, as of {book.as_of}: {counts['providers']:,} providers and "
                f"{counts['requests']:,} requests written to {folder}."
            )
        )


def backup(file: Copy, replace: ReplaceCopy = False, as_json: AsJson = False) -> None:
    """Copy the record of a SQLite file while it is served, whole or not at all."""
    with open_record() as record:
        require_migrated(record)
        lines, where = back_up(record, file, replaces=replace), record.settings.shown
    if as_json:
        show_document({"database": where, "file": str(file), "lines": lines})
    else:
        show(Text(f"{where} is copied to {file}, with {count_text(lines, 'audit line')}."))


class AuditFaultsError(MatcherError):
    """An audit chain or a ledger that is not as it must be."""


def audit(
    what: Annotated[Literal["verify"], typer.Argument(metavar="verify")],
    as_json: AsJson = False,
) -> None:
    """Check the audit chain line by line, and that promises, bookings and requests agree."""
    with open_record() as record:
        require_migrated(record)
        lines, faults = _checked(record)
    if faults:
        raise AuditFaultsError(
            f"{count_text(len(faults), 'fault')} in {lines:,} audit lines and the ledger:\n"
            + "\n".join(faults),
            thing="audit",
            value=len(faults),
            expected="none",
        )
    if as_json:
        show_document({"lines": lines, "faults": []})
    else:
        show(
            Text(
                f"{lines:,} audit lines, each as it was written and following the one before. "
                "Promises, bookings and requests agree."
            )
        )


def _checked(record: Record) -> tuple[int, list[str]]:
    with record.snapshot() as session:
        lines, faults = verify_chain(session)
        if not lines and not faults:
            # A book that is loaded leaves a line.
            raise not_loaded()
        return lines, faults + ledger_faults(session, record.clock.now())
