"""Arguments and options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import TypeAdapter, ValidationError

from matcher.model import Id, Name

MOST_SEED = 2**31 - 1
"""The largest seed that the solver takes."""

Book = Annotated[Path, typer.Argument(metavar="BOOK", help="Folder of a book.")]
Request = Annotated[str, typer.Argument(metavar="REQUEST", help="A request_id of the book.")]
ProviderIfAny = Annotated[
    str | None,
    typer.Argument(metavar="PROVIDER", help="A provider_id of the book.", show_default=False),
]
AllocationDir = Annotated[
    Path | None,
    typer.Option(
        "--allocation",
        metavar="DIR",
        help="A folder that allocate wrote of this book: why there, or who took the capacity.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead of a page for people.")
]
Why = Annotated[bool, typer.Option("--why", help="Print behind the answer all that it rests on.")]
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Folder to write: a new one, an empty one, or one written by the same command.",
    ),
]
BookOut = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Folder to write: a new one or an empty one."),
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Replace the book that stands there, if one does.")
]
Seed = Annotated[
    int,
    typer.Option("--seed", min=0, max=MOST_SEED, help="The same seed draws the same lots."),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        envvar="CAREMATCH_CLUSTER",
        help="Deal independent parts out to the Dask cluster whose scheduler is there, such as "
        "tcp://10.0.0.5:8786.",
    ),
]
MethodName = Literal["exact", "today"]


def finite(number: float | None) -> float | None:
    """Accept a number, or none; refuse infinity and what is no number.

    Raises
    ------
    typer.BadParameter
        If the number is infinite or no number at all.
    """
    if number is not None and not math.isfinite(number):
        raise typer.BadParameter(f"{number} is not a finite number.")
    return number


def council_code(text: str | None) -> str | None:
    """Accept the code of a council, or none.

    Raises
    ------
    typer.BadParameter
        If a book could not hold it.
    """
    return _accepted(text, Id, "a code of letters and digits, such as E06000059")


def book_title(text: str | None) -> str | None:
    """Accept the title of a book, or none.

    Raises
    ------
    typer.BadParameter
        If a book could not hold it.
    """
    return _accepted(
        text, Name, "1 to 200 characters of plain text that do not start like a formula (= + - @)"
    )


def _accepted(text: str | None, kind: Any, expected: str) -> str | None:
    if text is not None:
        try:
            TypeAdapter(kind).validate_python(text)
        except ValidationError as error:
            raise typer.BadParameter(f"expected {expected}.") from error
    return text
