"""Where the demo's files are, and what to try next."""

from __future__ import annotations

from datetime import date

from rich.console import Group

from matcher.report.page import facts, heading, page


def command_line(command: str) -> Group:
    """Return the command that gives what follows."""
    return page([heading(f"$ carematch {command}")])


def next_steps(program: str, book: str, allocation: str, as_of: date) -> Group:
    """Return where the files of the demo are and the commands to try on them.

    Parameters
    ----------
    program
        What to type to run the program.
    book, allocation
        The folders written.
    as_of
        The day that the book describes.
    """
    told = [
        ("Files", f"{book}, {allocation}"),
        ("Look closer", f"{program} shortlist {book} REQUEST --why"),
        ("", f"{program} explain {book} REQUEST PROVIDER"),
        ("", f"{program} explain {book} REQUEST --allocation {allocation}"),
        ("Serve it", f"CAREMATCH_DAY={as_of} {program} serve --load {book}"),
    ]
    return page([heading("Where everything is"), facts(told)])
