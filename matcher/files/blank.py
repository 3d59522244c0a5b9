"""An empty book that says what to fill in: headers, comments, and a page that explains columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from importlib import resources
from pathlib import Path

from matcher.files.book_rows import COLUMNS_FILE, DESCRIPTION_FILE
from matcher.files.columns import FILES, Column, FileSpec
from matcher.files.datapackage import datapackage_text
from matcher.files.folders import no_folder, whole_folder
from matcher.files.settings import BOOK_FILE, POLICY_FILE
from matcher.model import Book

NOT_SET = "not-set"
"""Stands as the council of a book of which nobody has said whose it is."""
NEW_TITLE = "A new book"
_HEAD = """\
# What this book is, for whoever opens it. Change what stands behind each =.

# Its name, shown on every page: up to 200 characters.
title = {title}

# The council's code, such as "E06000059" for Dorset or "E10000019" for Lincolnshire.
council = {council}

# The day that the book describes: change it whenever its figures are renewed.
as_of = {as_of}
"""
_POLICY = """\
# What this council does differently. Every figure below is the usual one and has no effect while
# there is a # before it. To change one, take away the # before it and before the [section] that it
# stands in, and change its value, the day it holds from, and where it comes from: either
# source = "..." or assumed = true. Where the [bands] are changed, all of them are.

"""
_COLUMNS = """\
# What to fill in

Fill in the files in this order; `carematch check` says at any time what is missing or wrong.
Only `book.toml`, `providers.csv` and `requests.csv` have to be there; the others may stay empty.

1. `book.toml`: the council and the day.
2. `providers.csv`: agencies and homes, or let `carematch import-cqc` make them of the register.
3. `homecare_capacity.csv` and `bed_capacity.csv`: what they have free.
4. `rates.csv` and `framework_rates.csv`: what they charge, and the most that needs no approval.
5. `requests.csv` and `visits.csv`: who waits, and for what.
6. `running.csv` and `history.csv`: care that runs, and offers made before.
7. `policy.toml`: what this council does differently, if anything.

No names of people, no telephone numbers and no key-safe codes belong in any of them.
A list in one cell is separated by `|`. An empty cell means that nothing is known.
"""


def blank_book(*, council: str | None, as_of: date, title: str | None) -> Book:
    """Return a book without rows."""
    return Book(title=title or NEW_TITLE, council=council or NOT_SET, as_of=as_of)


def write_blank_book(folder: Path, book: Book) -> None:
    """Write an empty book whose files say what to fill in.

    Parameters
    ----------
    folder
        The folder to write: a new one or an empty one.
    book
        The book without rows.

    Raises
    ------
    MatcherError
        If something stands there already, or the disk refuses.
    """
    with whole_folder(folder, replaces=no_folder) as draft:
        for name, text in blank_texts(book).items():
            (draft / name).write_bytes(text.encode())


def blank_texts(book: Book) -> dict[str, str]:
    """Return the files of an empty book by name."""
    title, council = (json.dumps(text, ensure_ascii=False) for text in (book.title, book.council))
    head = _HEAD.format(title=title, council=council, as_of=book.as_of.isoformat())
    return {
        BOOK_FILE: head,
        POLICY_FILE: _POLICY + _commented_policy(),
        **{spec.file: spec.text_of(()) for spec in FILES},
        COLUMNS_FILE: columns_text(),
        DESCRIPTION_FILE: datapackage_text(),
    }


def _commented_policy() -> str:
    """Return the sections of the default policy with a # before everything that has an effect."""
    text = resources.files("matcher").joinpath("default_policy.toml").read_text("utf-8")
    _, bracket, sections = text.partition("\n[")
    lines = f"{bracket}{sections}".strip().splitlines()
    return "".join(f"{_commented(line)}\n" for line in lines)


def _commented(line: str) -> str:
    return f"# {line}" if line and not line.startswith("#") else line


def columns_text() -> str:
    """Return the page that explains every column of every file, from the columns themselves."""
    return _COLUMNS + "".join(f"\n{_file_text(spec)}" for spec in FILES)


def _file_text(spec: FileSpec) -> str:
    lines = [f"## {spec.file}", "", f"{spec.meaning}.", ""]
    lines += ["| column | what it says | how it is written |", "|---|---|---|"]
    return "\n".join([*lines, *_column_lines(spec)]) + "\n"


def _column_lines(spec: FileSpec) -> Iterator[str]:
    for column in spec.columns:
        name = f"**{column.name}**" if column.required else column.name
        yield f"| {name} | {_cell(column.meaning)} | {_cell(_form(column))} |"


def _form(column: Column) -> str:
    return f"{column.kind.expected}; has to be there" if column.required else column.kind.expected


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
