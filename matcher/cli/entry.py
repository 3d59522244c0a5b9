"""The one entry point: the commands, and what becomes of errors and exit codes."""

from __future__ import annotations

import io
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from matcher import __version__
from matcher.cli.allocating import allocate
from matcher.cli.blank import new
from matcher.cli.county import generate
from matcher.cli.demo import demo
from matcher.cli.enquiries import check, explain, shortlist
from matcher.cli.failures import DONE, OUR_FAULT, STOPPED, explain_failure, wants_details
from matcher.cli.register import import_cqc
from matcher.cli.screen import (
    OutputClosedError,
    OutputLostError,
    asides,
    discard,
    show_document,
)

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo,
    "new": new,
    "generate": generate,
    "check": check,
    "shortlist": shortlist,
    "explain": explain,
    "allocate": allocate,
    "import-cqc": import_cqc,
}

app = typer.Typer(
    name="carematch",
    help="Provider matching for council brokerage: ranked, explained options and checked plans.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for name, command in COMMANDS.items():
    app.command(name)(command)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"carematch {__version__}")
        raise typer.Exit


@app.callback()
def _carematch(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Match people who wait for care with providers: ranked, explained and checked."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 our fault, 2 bad input, 130 stopped.

    Parameters
    ----------
    arguments
        What follows ``carematch`` on the command line; nothing shows the help.
    """
    try:
        code = app(list(arguments) or ["--help"], prog_name="carematch", standalone_mode=False)
    except OutputClosedError:
        discard(sys.stdout)
        return DONE
    except (Exception, KeyboardInterrupt) as error:
        return _fail(error, as_json="--json" in arguments)
    if code == STOPPED:
        return _fail(KeyboardInterrupt(), as_json="--json" in arguments)
    return DONE


def _fail(error: BaseException, *, as_json: bool) -> int:
    """Say why a command failed, and return its exit code."""
    failure = explain_failure(error)
    asides().print(failure.page)
    if failure.code == OUR_FAULT and wants_details():
        traceback.print_exception(error)
    if isinstance(error, OutputLostError):
        discard(sys.stdout)
    elif as_json:
        try:
            show_document(failure.document())
        except (OutputClosedError, OutputLostError):
            discard(sys.stdout)
    return failure.code


def main() -> None:
    """Run the command line of this process and exit; what it writes is its owner's alone."""
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a pound sign shows a question mark, not an error.
            stream.reconfigure(errors="replace")
    logging.basicConfig(level=logging.INFO if wants_details() else logging.WARNING)
    sys.exit(run(sys.argv[1:]))
