"""``carematch new``: an empty book that says what to fill in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from matcher.cli.books import working
from matcher.cli.options import AsJson, book_title, council_code
from matcher.cli.screen import show, show_document
from matcher.files.blank import blank_book, blank_texts, write_blank_book
from matcher.geography import Gazetteer
from matcher.report.blank import blank_page
from matcher.report.missing import missing


def new(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write: a new one or an empty one.")
    ],
    council: Annotated[
        str | None, typer.Option(callback=council_code, help="The council's code.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day it describes. [default: today]"),
    ] = None,
    title: Annotated[
        str | None, typer.Option(callback=book_title, help="The book's title.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an empty book: every file with its header, and comments that say what to fill in."""
    if council is not None:
        with working("Looking up the council"):
            Gazetteer().parts_of(council)
    day = date.today() if as_of is None else as_of.date()
    book = blank_book(council=council, as_of=day, title=title)
    write_blank_book(folder, book)
    if as_json:
        files = sorted(blank_texts(book))
        found = [asdict(each) for each in missing(book)]
        show_document({"folder": str(folder), "files": files, "missing": found})
    else:
        show(blank_page(book, str(folder)))
