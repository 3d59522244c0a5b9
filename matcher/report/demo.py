"""Where the demo's files are, and what to try next."""

from __future__ import annotations

from datetime import date

from rich.console import Group

from matcher.report.page import BLANK, facts, heading, page, section


def command_line(command: str) -> Group:
    """Return the command that gives what follows."""
    return page([BLANK, heading(f"$ carematch {command}"), BLANK])


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
    return page(
        [
            BLANK,
            section(
                "Where everything is",
                facts(
                    [
                        ("The county", f"{book} (CSV files, described by datapackage.json)"),
                        (
                            "The plan",
                            f"{allocation} (placements, visit times, unplaced, prices, summary)",
                        ),
                        ("Look closer", f"{program} check {book}"),
                        ("", f"{program} shortlist {book} REQUEST"),
                        ("", f"{program} explain {book} REQUEST PROVIDER"),
                        ("", f"{program} explain {book} REQUEST --allocation {allocation}"),
                        ("Serve it", f"CAREMATCH_DAY={as_of} {program} serve --load {book}"),
                    ]
                ),
            ),
        ]
    )
