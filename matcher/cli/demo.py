"""``carematch demo``: a whole county from nothing, in under two minutes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from matcher.cli.allocating import place_everyone
from matcher.cli.books import open_book, working
from matcher.cli.options import AsJson, finite
from matcher.cli.screen import show, show_document
from matcher.errors import MatcherError
from matcher.files import is_book_folder, write_book
from matcher.files.folders import require_writable
from matcher.files.results import is_allocation_folder
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import CareRequest
from matcher.report.allocation import outcome_part
from matcher.report.demo import command_line, next_steps
from matcher.report.shortlist import shortlist_document, shortlist_head
from matcher.result import Limits, Method
from matcher.shortlist import RequestRefusedError, Search, make_shortlist
from matcher.synthetic import CountySpec, generate

COUNTY = CountySpec(homes=125, agencies=60, waiting_homecare=120, waiting_placements=40)
SECONDS = 45.0
OPTIONS = 3
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the demo's files.")]


def demo(
    out: Out = Path("demo"),
    seconds: Annotated[
        float, typer.Option(min=0.1, callback=finite, help="Seconds for placing everyone at once.")
    ] = SECONDS,
    as_json: AsJson = False,
) -> None:
    """Invent a county, shortlist for two people, then place everyone waiting at once."""
    book, allocation = out / "book", out / "allocation"
    require_writable(book, is_book_folder)
    require_writable(allocation, is_allocation_folder)
    with working("Inventing a county"):
        write_book(book, generate(COUNTY, Gazetteer()))
    market = open_book(book).market
    found = [first_with_options(market, wanted) for wanted in (wants_homecare, wants_a_bed)]
    if not as_json:
        for search in found:
            show(command_line(f"shortlist {book} {search.shortlist.request_id}"))
            show(shortlist_head(market, search, whole=False))
        show(command_line(f"allocate {book} --out {allocation} --seconds {seconds:g}"))
    limits = Limits(seconds=seconds)
    summary, _ = place_everyone(market, allocation, Method.EXACT, limits=limits, seed=0)
    if as_json:
        document: dict[str, Any] = {"shortlists": [shortlist_document(each) for each in found]}
        head = {"folder": str(allocation), **summary.model_dump(mode="json")}
        show_document({"book": str(book), **document, "allocation": head})
    else:
        show(outcome_part(summary))
        show(next_steps(program_name(), str(book), str(allocation), COUNTY.as_of))


def program_name() -> str:
    """Return what to type to run the program: it may be installed where the shell does not look."""
    beside = Path(sys.executable).with_name("carematch")
    if shutil.which("carematch") or not beside.exists():
        return "carematch"
    return os.path.relpath(beside)


def wants_homecare(request: CareRequest) -> bool:
    """Say whether visits at home are asked for."""
    return request.is_homecare


def wants_a_bed(request: CareRequest) -> bool:
    """Say whether a bed for good is asked for."""
    return request.is_long_term


def first_with_options(market: Market, wanted: Callable[[CareRequest], bool]) -> Search:
    """Return the shortlist of the first waiting request of a kind that has three options.

    Raises
    ------
    MatcherError
        If no such request has three options.
    """
    for request in market.book.waiting:
        if wanted(request):
            try:
                search = make_shortlist(market, request.request_id, options=OPTIONS)
            except RequestRefusedError:
                continue
            if len(search.shortlist.options) == OPTIONS:
                return search
    raise MatcherError(
        f"No waiting request of {market.book.title} has {OPTIONS} options.",
        thing="book",
        expected=f"a request with {OPTIONS} options",
    )
