"""``carematch check``, ``shortlist`` and ``explain``: questions to one book."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import RenderableType

from matcher.cli.books import open_book, suggesting
from matcher.cli.options import AllocationDir, AsJson, Book, ProviderIfAny, Request, Seed
from matcher.cli.screen import show, show_document
from matcher.report.book import book_document, book_page
from matcher.report.night import read_night
from matcher.report.page import BLANK, page
from matcher.report.pair import explain_pair, pair_document, pair_page
from matcher.report.shortlist import shortlist_document, shortlist_page
from matcher.report.why import explain_place, why_document, why_page, why_parts
from matcher.shortlist import make_shortlist


def check(book: Book, as_json: AsJson = False) -> None:
    """Say whether a book can be used: every fault in it, or what it holds and assumes."""
    folder = open_book(book).folder
    if as_json:
        show_document(book_document(folder))
    else:
        show(book_page(folder))


def shortlist(
    book: Book,
    request: Request,
    options: Annotated[
        int | None, typer.Option(min=1, help="How many options; the policy's number if not given.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Rank the providers that can really start, with reasons, and say why the others are out."""
    market = open_book(book).market
    with suggesting(market.book):
        search = make_shortlist(market, request, options=options, seed=seed)
    if as_json:
        show_document(shortlist_document(search))
    else:
        show(shortlist_page(market, search))


def explain(
    *,
    book: Book,
    request: Request,
    provider: ProviderIfAny = None,
    allocation: AllocationDir = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say what every rule says of one provider, or why an allocation places somebody as it does.

    With PROVIDER: every rule and the score of that pair. With --allocation: why there and not
    elsewhere, or who took the capacity. With both: both, of that provider.
    """
    if provider is None and allocation is None:
        raise typer.BadParameter(
            "name a provider, or give --allocation DIR to ask about a plan.",
            param_hint="PROVIDER",
        )
    market = open_book(book).market
    parts: list[RenderableType] = []
    document: dict[str, Any] = {}
    with suggesting(market.book):
        if provider is not None:
            pair = explain_pair(market, request, provider, seed=seed)
            parts, document = [pair_page(market, pair)], pair_document(pair)
        if allocation is not None:
            why = explain_place(read_night(allocation, market), request, provider)
            told = why_document(why)
            document = {**document, "allocation": told} if document else told
            parts = [*parts, BLANK, *why_parts(market, why)] if parts else [why_page(market, why)]
    if as_json:
        show_document(document)
    else:
        show(page(parts))
