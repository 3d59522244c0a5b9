"""The one entry point: the commands, and what becomes of errors and exit codes."""

from __future__ import annotations

import io
import logging
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from matcher import __version__
from matcher.cli.codes import DONE, OUR_FAULT, STOPPED, wants_details
from matcher.cli.late import MARKUP, Late, group_of
from matcher.cli.screen import (
    OutputClosedError,
    OutputLostError,
    asides,
    discard,
    show_document,
)

HELP = "Provider matching for council brokerage: ranked, explained options and checked plans."
COMMANDS: dict[str, Late] = {
    "demo": Late(
        "matcher.cli.demo",
        "Invent a county, shortlist for two people, then place everyone waiting at once.",
    ),
    "new": Late(
        "matcher.cli.blank",
        "Write an empty book: every file with its header, and comments that say what to fill in.",
    ),
    "generate": Late(
        "matcher.cli.county",
        "Write an invented county's book: real postcodes, invented people, providers and prices.",
    ),
    "check": Late(
        "matcher.cli.enquiries",
        "Say whether a book can be used: every fault in it, or what it holds and assumes.",
    ),
    "shortlist": Late(
        "matcher.cli.enquiries",
        "Rank the providers that can really start, with reasons, and say why the others are out.",
    ),
    "explain": Late(
        "matcher.cli.explaining",
        "Say what every rule says of one provider, or why a plan places somebody as it does.",
    ),
    "allocate": Late(
        "matcher.cli.allocating",
        "Propose a provider for everyone waiting, prove how good the plan is, and write it.",
    ),
    "import-cqc": Late(
        "matcher.cli.register",
        "Turn the care regulator's register into a book, and say what was left out or assumed.",
    ),
}


def application(commands: Mapping[str, Late]) -> typer.Typer:
    """Return the command line with some commands, by name."""
    made = typer.Typer(
        cls=group_of(commands),
        name="carematch",
        help=HELP,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=MARKUP,
    )
    made.callback()(_carematch)
    return made


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"carematch {__version__}")
        raise typer.Exit


def _carematch(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Match people who wait for care with providers: ranked, explained and checked."""


app = application(COMMANDS)


def run(arguments: Sequence[str], app: typer.Typer = app) -> int:
    """Run one command and return its exit code: 0 done, 1 our fault, 2 bad input, 130 stopped.

    Parameters
    ----------
    arguments
        What follows ``carematch`` on the command line; nothing shows the help.
    app
        The command line: the matcher's commands where not given.
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
    # Imported here because what went right has no use for it.
    from matcher.cli.failures import explain_failure

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


def main(app: typer.Typer = app) -> None:
    """Run the command line of this process and exit; what it writes is its owner's alone."""
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a pound sign shows a question mark, not an error.
            stream.reconfigure(errors="replace")
    logging.basicConfig(level=logging.INFO if wants_details() else logging.WARNING)
    sys.exit(run(sys.argv[1:], app))
