"""What to do with an empty book that has just been written."""

from __future__ import annotations

from rich.console import Group

from matcher.files.book_rows import COLUMNS_FILE
from matcher.model import Book
from matcher.report.missing import missing, missing_facts
from matcher.report.page import GOOD, note, page, section


def blank_page(book: Book, folder: str) -> Group:
    """Return what to fill in first, and where every column is explained."""
    return page(
        [
            section("An empty book: fill in first", missing_facts(missing(book))),
            note(f"{COLUMNS_FILE} explains every column; carematch check says what is missing."),
            note(f"Written to {folder}", GOOD),
        ]
    )
