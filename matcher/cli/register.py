"""``carematch import-cqc``: care homes and agencies of the CQC register as a book."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from matcher.cli.books import working
from matcher.cli.options import AsJson, BookOut, Replace, council_code
from matcher.cli.screen import show, show_document
from matcher.errors import MatcherError
from matcher.files import is_book_folder, write_book
from matcher.files.cqc import import_register, imported_book
from matcher.files.folders import no_folder, require_writable
from matcher.geography import Gazetteer
from matcher.geography.authorities import authority_name
from matcher.report.register import register_document, register_page
from matcher.vocabulary import ClientGroup, Contract

EVERYWHERE = "england"
"""Stands as the council of a book that holds several councils' providers."""


def import_cqc(
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The register or directory, saved as CSV UTF-8.")
    ],
    out: BookOut,
    council: Annotated[
        str | None,
        typer.Option(
            callback=council_code, help="Keep only this authority, such as E06000059 or a county's."
        ),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day the book describes. [default: today]"),
    ] = None,
    contract: Annotated[
        Contract | None,
        typer.Option(help="How the council buys from all of them. [default: spot, assumed]"),
    ] = None,
    client_group: Annotated[
        list[ClientGroup] | None,
        typer.Option(help="Keep only places registered for this group; may be repeated."),
    ] = None,
    ratings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The regulator's ratings, or its active locations."),
    ] = None,
    vacancies: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Vacancies: columns of bed_capacity.csv, or a tracker's extract."
        ),
    ] = None,
    assume_vacancies: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Take this share of beds as vacant where unknown."),
    ] = None,
    assume_fees: Annotated[
        bool, typer.Option("--assume-fees", help="Take national average fees.")
    ] = False,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Turn the care regulator's register into a book, and say what was left out or assumed."""
    require_writable(out, is_book_folder if replace else no_folder)
    day = date.today() if as_of is None else as_of.date()
    with working("Reading the register"):
        homes = import_register(
            file,
            gazetteer=Gazetteer(),
            as_of=day,
            authority=council,
            contract=contract,
            client_groups=tuple(client_group or ()),
            ratings=ratings,
            vacancies=vacancies,
            assume_vacancies=assume_vacancies,
            assume_fees=assume_fees,
        )
        if not homes.providers:
            raise MatcherError(
                f"{file.name} holds no usable location of {_named(council)}: "
                f"{homes.read} read, {homes.elsewhere} elsewhere. Nothing is written.",
                thing=str(file),
                value=council,
                expected="an authority code that the register holds, such as E06000059",
            )
        title = f"CQC register, {authority_name(council or '') or council or 'all authorities'}"
        book = imported_book(homes, council=council or EVERYWHERE, as_of=day, title=title)
        write_book(out, book)
    if as_json:
        show_document(register_document(homes, book, str(out)))
    else:
        show(register_page(homes, book, str(out)))


def _named(council: str | None) -> str:
    """Return a council's code with its name where that is known."""
    if council is None:
        return "any authority"
    name = authority_name(council)
    return council if name is None else f"{council} ({name})"
