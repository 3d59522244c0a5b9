"""``carematch check`` and ``carematch shortlist``: questions to one book."""

from __future__ import annotations

from typing import Annotated

import typer

from matcher.cli.books import open_book, suggesting
from matcher.cli.options import AsJson, Book, Request, Seed, Why
from matcher.cli.screen import show, show_document
from matcher.report.book import book_document, book_evidence, book_page
from matcher.report.shortlist import shortlist_document, shortlist_evidence, shortlist_page
from matcher.shortlist import make_shortlist


def check(book: Book, why: Why = False, as_json: AsJson = False) -> None:
    """Say whether a book can be used: every fault in it, or what it holds and assumes."""
    folder = open_book(book).folder
    if as_json:
        show_document(book_document(folder))
    else:
        show(book_page(folder))
        if why:
            show(book_evidence(folder))


def shortlist(
    *,
    book: Book,
    request: Request,
    options: Annotated[
        int | None, typer.Option(min=1, help="How many options; the policy's number if not given.")
    ] = None,
    seed: Seed = 0,
    why: Why = False,
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
        if why:
            show(shortlist_evidence(market, search))
