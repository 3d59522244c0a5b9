"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Book = Annotated[Path, typer.Argument(metavar="BOOK", help="Folder of a book.")]
Request = Annotated[str, typer.Argument(metavar="REQUEST", help="A request_id of the book.")]
Provider = Annotated[str, typer.Argument(metavar="PROVIDER", help="A provider_id of the book.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead of a page for people.")
]
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Folder to write: a new one, an empty one, or one written by the same command.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed draws the same lots.")]
MethodName = Literal["exact", "today"]
