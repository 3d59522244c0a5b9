"""What a column and a file of a book are: used to read, to write and to describe the files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from matcher.files import kinds
from matcher.files.kinds import Kind
from matcher.model import Frozen

Values = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column of one file.

    Parameters
    ----------
    name
        Its heading.
    kind
        How its cells are read, written and described.
    meaning
        What it says, in a few words.
    path
        Dotted path of the field it fills; the heading itself where empty.
    required
        Whether a row without it means nothing.
    names
        File whose rows its ids name, for the description.
    """

    name: str
    kind: Kind
    meaning: str
    path: str = ""
    required: bool = False
    names: str = ""

    @cached_property
    def field(self) -> tuple[str, ...]:
        """The path of the field it fills, part by part."""
        return tuple((self.path or self.name).split("."))

    def text_of(self, item: Frozen) -> str:
        """Return the cell that a noun's field is written as; empty where it is not given."""
        value: Any = item
        for part in self.field:
            if value is None:
                return ""
            value = getattr(value, part)
        return "" if value is None else self.kind.write(value)


@dataclass(frozen=True)
class FileSpec:
    """One file of a book: the noun that each row tells of, and its columns."""

    file: str
    item: type[Frozen]
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    required: bool = False
    complete: Callable[[Values], None] | None = None

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Its columns by heading."""
        return {column.name: column for column in self.columns}

    @cached_property
    def by_field(self) -> dict[tuple[str, ...], Column]:
        """Its columns by the path of the field they fill."""
        return {column.field: column for column in self.columns}

    @property
    def required_names(self) -> tuple[str, ...]:
        """The headings that must be there."""
        return tuple(column.name for column in self.columns if column.required)

    def text_of(self, items: Iterable[Frozen]) -> str:
        """Return the file that some nouns are written as, header first."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(column.name for column in self.columns)
        for item in items:
            writer.writerow(column.text_of(item) for column in self.columns)
        return text.getvalue()


def provider_id_column(meaning: str) -> Column:
    """Return the column of a provider's id, which has to be there."""
    return Column("provider_id", kinds.ID, meaning, required=True, names="providers.csv")


def request_id_column(meaning: str) -> Column:
    """Return the column of a request's id, which has to be there."""
    return Column("request_id", kinds.ID, meaning, required=True, names="requests.csv")
