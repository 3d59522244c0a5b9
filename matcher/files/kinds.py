"""The kinds of cell a column may hold: how each is read, written and described."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from matcher.files import cells

Descriptor = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of cell.

    Parameters
    ----------
    read
        Turns stripped, non-empty text into a value, or raises `cells.CellError`.
    write
        Turns the value back into text.
    expected
        What is accepted, in plain words.
    type
        Frictionless field type.
    constraints
        Frictionless constraints on the written text.
    extra
        Further Frictionless properties, such as ``trueValues``.
    """

    read: Callable[[str], Any]
    write: Callable[[Any], str]
    expected: str
    type: str = "string"
    constraints: Descriptor = field(default_factory=dict)
    extra: Descriptor = field(default_factory=dict)

    @property
    def is_number(self) -> bool:
        """Whether the cell holds a number, so that a leading minus is no formula."""
        return self.type in {"integer", "number"} or self.read is cells.read_rate


_ID_PATTERN = "[A-Za-z0-9][A-Za-z0-9._:-]{0,63}"
_WORD_PATTERN = "[a-z][a-z0-9_]{0,63}"
_DAY_PATTERN = "(mon|tue|wed|thu|fri|sat|sun)"


def _pattern(pattern: str) -> Descriptor:
    return {"pattern": f"^{pattern}$"}


def _list_pattern(pattern: str) -> Descriptor:
    return _pattern(rf"{pattern}(\|{pattern})*")


TEXT = Kind(
    cells.read_text,
    cells.write_plain,
    "plain text of at most 500 characters",
    constraints={"maxLength": 500},
)
ID = Kind(
    cells.read_id,
    cells.write_plain,
    "an id of letters, digits, dots, colons, hyphens or underscores",
    constraints=_pattern(_ID_PATTERN),
)
IDS = Kind(
    cells.read_list(cells.read_id),
    cells.write_list,
    "ids separated by |",
    constraints=_list_pattern(_ID_PATTERN),
)
WORD = Kind(
    cells.read_word,
    cells.write_plain,
    "a word of letters, digits and underscores",
    constraints=_pattern(_WORD_PATTERN),
)
WORDS = Kind(
    cells.read_list(cells.read_trait),
    cells.write_list,
    "words separated by |",
    constraints=_list_pattern(_WORD_PATTERN),
)
YES_NO = Kind(
    cells.read_yes_no,
    cells.write_yes_no,
    "yes or no",
    type="boolean",
    extra={"trueValues": ["yes"], "falseValues": ["no"]},
)
WHOLE = Kind(cells.read_whole, cells.write_plain, "a whole number", type="integer")
POUNDS = Kind(cells.read_pounds, cells.write_pounds, "pounds, such as 25.05", type="number")
RATE = Kind(
    cells.read_rate,
    cells.write_rate,
    "pounds, such as 25.05, or framework",
    constraints=_pattern(r"([0-9]+\.[0-9]{2}|framework)"),
)
KILOMETRES = Kind(
    cells.read_kilometres, cells.write_kilometres, "kilometres, such as 12.5", type="number"
)
HOURS = Kind(cells.read_hours, cells.write_hours, "hours, such as 7.5", type="number")
DATE = Kind(cells.read_date, cells.write_date, "a date, such as 2026-04-01", type="date")
START_TIME = Kind(
    cells.read_start_time,
    cells.write_time,
    "a time in steps of 5 minutes, such as 09:00",
    constraints=_pattern("([01][0-9]|2[0-3]):[0-5][05]"),
)
END_TIME = Kind(
    cells.read_end_time,
    cells.write_time,
    "a time in steps of 5 minutes, at most 24:00",
    constraints=_pattern("(([01][0-9]|2[0-3]):[0-5][05]|24:00)"),
)
DAYS = Kind(
    cells.read_days,
    cells.write_list,
    "days separated by |, such as mon|wed|fri",
    constraints=_list_pattern(_DAY_PATTERN),
)
POSTCODE = Kind(
    cells.read_postcode,
    cells.write_plain,
    "a full postcode such as DT1 1XJ",
    constraints=_pattern("[A-Z0-9]{2,4} [0-9][A-Z]{2}"),
)
AREAS = Kind(
    cells.read_list(cells.read_area),
    cells.write_list,
    "outward codes (DT1) or sectors (DT1 1) separated by |",
    constraints=_list_pattern("[A-Z0-9]{2,4}( [0-9])?"),
)


def one_of(choices: type[StrEnum]) -> Kind:
    """Return the kind of a cell that holds one of some fixed words."""
    words = [choice.value for choice in choices]
    return Kind(
        cells.read_choice(choices),
        cells.write_plain,
        "one of " + ", ".join(words),
        constraints={"enum": words},
    )


def some_of(choices: type[StrEnum]) -> Kind:
    """Return the kind of a cell that holds some of some fixed words, separated by ``|``."""
    words = [choice.value for choice in choices]
    return Kind(
        cells.read_list(cells.read_choice(choices)),
        cells.write_list,
        "words separated by |, of " + ", ".join(words),
        constraints=_list_pattern(f"({'|'.join(words)})"),
    )
