"""``carematch migrate``, ``load``, ``dump`` and ``backup``: the record as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from api.cli.opening import COMMAND_LINE, open_record, require_migrated
from api.errors import ConflictError
from api.storage.anchoring import upgrade
from api.storage.backup import back_up
from api.storage.books import dump as dump_book
from api.storage.books import load as load_book
from api.storage.migrating import current
from matcher.cli.books import open_book
from matcher.cli.options import AsJson, Book, Replace
from matcher.cli.screen import show, show_document
from matcher.files import is_book_folder, write_book
from matcher.files.folders import require_writable
from matcher.report.wording import count_text

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write the book to.")]
Copy = Annotated[Path, typer.Argument(metavar="FILE", help="File to write the copy to.")]
ReplaceCopy = Annotated[
    bool, typer.Option("--replace", help="Replace the file that stands there, if one does.")
]


AsFound = Annotated[
    bool, typer.Option("--as-found", help="Vouch for rows even where the audit says otherwise.")
]


def migrate(as_found: AsFound = False, as_json: AsJson = False) -> None:
    """Bring the database to the newest tables; what is in it stays."""
    with open_record(migrated=False) as record:
        before = current(record.engine)
        vouched = upgrade(record, COMMAND_LINE, as_found=as_found)
        after, where = current(record.engine), record.settings.shown
    if as_json:
        show_document({"database": where, "before": before, "after": after, "vouched": vouched})
        return
    told = "" if vouched is None else f" An audit line vouches for {vouched:,} rows as found."
    show(Text(f"{where}: from migration {before or 'none'} to {after}.{told}"))


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
