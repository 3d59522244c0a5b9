"""``carematch explain``: why somebody may go to a provider, and why a plan places them there."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import RenderableType

from matcher.cli.books import open_book, suggesting
from matcher.cli.options import AllocationDir, AsJson, Book, ProviderIfAny, Request, Seed, Why
from matcher.cli.screen import show, show_document
from matcher.report.night import read_night
from matcher.report.page import BLANK, page
from matcher.report.pair import explain_pair, pair_document, pair_evidence, pair_page
from matcher.report.why import explain_place, why_document
from matcher.report.why_page import why_evidence, why_page


def explain(
    *,
    book: Book,
    request: Request,
    provider: ProviderIfAny = None,
    allocation: AllocationDir = None,
    seed: Seed = 0,
    why: Why = False,
    as_json: AsJson = False,
) -> None:
    """Say what every rule says of one provider, or why a plan places somebody as it does.

    With PROVIDER: every rule and the score of that pair. With --allocation: why there and not
    elsewhere, or who took the capacity. With both: both, of that provider.
    """
    if provider is None and allocation is None:
        raise typer.BadParameter(
            "name a provider, or give --allocation DIR to ask about a plan.",
            param_hint="PROVIDER",
        )
    market = open_book(book).market
    pages: list[RenderableType] = []
    evidence: list[RenderableType] = []
    document: dict[str, Any] = {}
    with suggesting(market.book):
        if provider is not None:
            pair = explain_pair(market, request, provider, seed=seed)
            document = pair_document(pair)
            pages, evidence = [pair_page(market, pair)], [pair_evidence(market, pair)]
        if allocation is not None:
            placing = explain_place(read_night(allocation, market), request, provider)
            told = why_document(placing)
            document = {**document, "allocation": told} if document else told
            pages += [*([BLANK] if pages else []), why_page(market, placing)]
            evidence.append(why_evidence(market, placing))
    if as_json:
        show_document(document)
    else:
        show(page([*pages, *(evidence if why else [])]))
