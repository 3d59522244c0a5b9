"""``carematch generate``: an invented county on real postcodes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from matcher.cli.books import working
from matcher.cli.options import AsJson, BookOut, Replace, Seed, book_title, council_code
from matcher.cli.screen import show, show_document
from matcher.files import is_book_folder, write_book
from matcher.files.folders import no_folder, require_writable
from matcher.geography import Gazetteer
from matcher.policy import default_policy
from matcher.report.book import holdings, written_page
from matcher.synthetic import CountySpec
from matcher.synthetic import generate as generate_book

USUAL = CountySpec()
USUAL_DAY = datetime.combine(USUAL.as_of, datetime.min.time())


def generate(
    *,
    out: BookOut,
    council: Annotated[
        str, typer.Option(callback=council_code, help="Authority whose postcodes to use.")
    ] = USUAL.council,
    seed: Seed = USUAL.seed,
    as_of: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The day the book describes.")
    ] = USUAL_DAY,
    agencies: Annotated[int, typer.Option(min=0, help="Homecare agencies.")] = USUAL.agencies,
    homes: Annotated[int, typer.Option(min=0, help="Care homes.")] = USUAL.homes,
    waiting_homecare: Annotated[
        int, typer.Option(min=0, help="People waiting for homecare.")
    ] = USUAL.waiting_homecare,
    waiting_placements: Annotated[
        int, typer.Option(min=0, help="People waiting for a bed.")
    ] = USUAL.waiting_placements,
    running: Annotated[
        int, typer.Option(min=0, help="Homecare packages already running.")
    ] = USUAL.running,
    capacity_share: Annotated[
        float, typer.Option(help="Carer time free in the morning, as a share of what is needed.")
    ] = USUAL.capacity_share,
    zones: Annotated[int, typer.Option(min=1, help="Zones of the framework.")] = USUAL.zones,
    history_days: Annotated[
        int, typer.Option(min=0, help="Days the ledger of offers reaches back.")
    ] = USUAL.history_days,
    title: Annotated[
        str | None, typer.Option(callback=book_title, help="The book's title.")
    ] = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Write an invented county's book: real postcodes, invented people, providers and prices."""
    spec = CountySpec(
        council=council,
        seed=seed,
        as_of=as_of.date(),
        agencies=agencies,
        homes=homes,
        waiting_homecare=waiting_homecare,
        waiting_placements=waiting_placements,
        running=running,
        capacity_share=capacity_share,
        zones=zones,
        history_days=history_days,
        title=title,
    )
    require_writable(out, is_book_folder if replace else no_folder)
    with working("Inventing a county"):
        book = generate_book(spec, Gazetteer())
        write_book(out, book)
    policy = default_policy()
    if as_json:
        held = holdings(book, policy, policy_is_own=False)
        show_document({"folder": str(out), **held.model_dump(mode="json")})
    else:
        show(written_page(book, policy, str(out)))
