"""The few kinds of error the optimiser raises, each carrying the thing, the value and the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MatcherError(Exception):
    """Something a person can read and act on.

    Parameters
    ----------
    message
        One or two plain sentences naming the thing, the value and the limit.
    thing
        What the message is about, for example ``"request R-104"``.
    value
        The value that was met.
    expected
        What would have been accepted.
    """

    def __init__(
        self,
        message: str,
        *,
        thing: str | None = None,
        value: object = None,
        expected: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.thing = thing
        self.value = value
        self.expected = expected


class PostcodeError(MatcherError):
    """A text that is no postcode, or a postcode that is unknown or has no grid reference."""


class DataSourceError(MatcherError):
    """Reference data that is missing or cannot be read."""


class UnknownIdError(MatcherError):
    """An id that the book does not hold."""


class RefereeError(MatcherError):
    """An allocation that the referee refused: a fault of the software, never of the input."""


class WorkerLostError(MatcherError):
    """Work that took down every process it was given to: killed, crashed or out of memory."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with the input: where it is, what was met and what was expected.

    Parameters
    ----------
    file
        Name of the file, relative to the book's folder.
    row
        Row as a spreadsheet shows it (the header is row 1); 0 when the whole file is meant.
    column
        Name of the column or key; empty when the whole row is meant.
    value
        The offending text, shortened to 80 characters.
    expected
        What would have been accepted, in plain words.
    """

    file: str
    row: int
    column: str
    value: str
    expected: str

    def __str__(self) -> str:
        where = self.file
        if self.row:
            where += f", row {self.row}"
        if self.column:
            where += f", column {self.column}"
        return f"{where}: found {self.value!r}; expected {self.expected}"


class BadInputError(MatcherError):
    """Input with one or more faults, all of them listed.

    Parameters
    ----------
    faults
        Every fault found; at least one.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        if not faults:
            raise ValueError("BadInputError needs at least one fault")
        self.faults = tuple(sorted(set(faults)))
        count = len(self.faults)
        noun = "fault" if count == 1 else "faults"
        super().__init__(f"{count} {noun} found:\n" + "\n".join(f"  {f}" for f in self.faults))
