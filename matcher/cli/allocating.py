"""``carematch allocate``: everyone waiting at once, by the published order of objectives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from matcher.allocation import Allocation
from matcher.cli.books import open_book
from matcher.cli.options import AsJson, Book, Cluster, MethodName, Out, Seed, Why, finite
from matcher.cli.progress import ShownProgress, stopping_gently
from matcher.cli.screen import asides, say, show, show_document
from matcher.files.folders import require_writable
from matcher.files.results import Summary, is_allocation_folder, read_allocation, write_allocation
from matcher.market import Market
from matcher.report.allocation import allocation_evidence, allocation_page
from matcher.report.people import placed_part, waiting_part
from matcher.result import Limits, Method, Result, Status
from matcher.solvers import Problem, solve

SECONDS = 60.0


def allocate(
    *,
    book: Book,
    out: Out,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, callback=finite, help="Stop after so many seconds. [default: 60]"),
    ] = None,
    seed: Seed = 0,
    method: Annotated[
        MethodName, typer.Option(help="exact: best plan with proof. today: first come, nearest.")
    ] = "exact",
    deterministic_time: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            callback=finite,
            help="Reproducible: one worker and so much solver work for each part, "
            "whatever the machine.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Solver threads; one a core if not given.")
    ] = None,
    gap: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.99,
            callback=finite,
            help="Near enough: stop an objective once its value is within this share of its bound.",
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(help="Set out from an allocation folder, of today or of an earlier day."),
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that share out independent parts.")
    ] = 1,
    cluster: Cluster = None,
    why: Why = False,
    as_json: AsJson = False,
) -> None:
    """Propose a provider for everyone waiting, prove how good the plan is, and write it.

    Ctrl-C stops early and keeps the best plan found; a second Ctrl-C gives it up.
    """
    require_writable(out, is_allocation_folder)
    if method == "today":
        searching = {"--gap": gap, "--start": start, "--deterministic-time": deterministic_time}
        refuse_to_search(searching)
    limits = chosen_limits(seconds, deterministic_time, workers, gap)
    market = open_book(book).market
    given = None if start is None else earlier_answer(start, market)
    summary, allocation = place_everyone(
        market,
        out,
        Method(method),
        limits=limits,
        seed=seed,
        start=given,
        processes=processes,
        cluster=cluster,
    )
    if as_json:
        show_document({"folder": str(out), **summary.model_dump(mode="json")})
    else:
        named = (placed_part(market, allocation), waiting_part(market, allocation))
        people = [part for part in named if part is not None]
        show(allocation_page(summary, str(out), book=str(book), people=people))
        if why:
            show(allocation_evidence(summary))


def refuse_to_search(options: Mapping[str, object]) -> None:
    """Refuse options that today's way, which searches for nothing, could only ignore.

    Raises
    ------
    typer.BadParameter
        If one of them was given.
    """
    for name, value in options.items():
        if value is not None:
            raise typer.BadParameter(
                "--method today searches for nothing, so this would change nothing.",
                param_hint=name,
            )


def earlier_answer(folder: Path, market: Market) -> Allocation:
    """Return the allocation of a folder to set out from, and say how much of it this book knows.

    Raises
    ------
    typer.BadParameter
        If the folder holds no allocation, or one of nobody who waits in this book.
    """
    if not is_allocation_folder(folder):
        raise typer.BadParameter(
            f"{folder} is no folder that allocate wrote, with its summary.json and nothing else.",
            param_hint="--start",
        )
    given = read_allocation(folder)
    waiting = {request.request_id for request in market.book.waiting}
    known = sum(line.request_id in waiting for line in given.placed)
    if given.placed and not known:
        raise typer.BadParameter(
            f"{folder} places {len(given.placed)} people, none of whom waits in this book.",
            param_hint="--start",
        )
    say(
        f"Setting out from {folder}: of {len(given.placed)} people placed there, {known} wait here."
    )
    return given


def chosen_limits(
    seconds: float | None,
    deterministic_time: float | None,
    workers: int | None,
    gap: float | None = None,
) -> Limits:
    """Return the limits asked for: seconds, or solver work with one worker unless both are given.

    Raises
    ------
    typer.BadParameter
        If several workers are asked for in the reproducible mode.
    """
    if deterministic_time is None:
        return Limits(seconds=SECONDS if seconds is None else seconds, workers=workers, gap=gap)
    if workers not in {None, 1}:
        raise typer.BadParameter(
            f"{workers} workers are not reproducible; --deterministic-time takes one.",
            param_hint="--workers",
        )
    return Limits(seconds=seconds, deterministic_time=deterministic_time, workers=1, gap=gap)


def place_everyone(
    market: Market,
    out: Path,
    method: Method,
    *,
    limits: Limits,
    seed: int,
    start: Allocation | None = None,
    processes: int = 1,
    cluster: str | None = None,
) -> tuple[Summary, Allocation]:
    """Solve, show progress, and write the answer beside today's way; return its head and it."""
    console = asides()
    with ShownProgress(console, limits.seconds) as progress, stopping_gently(progress, console):
        problem, today = Problem(market, seed), None
        if method is not Method.TODAY:
            today = solve(market, method=Method.TODAY, seed=seed, problem=problem)
        result = solve(
            market,
            method=method,
            limits=limits,
            seed=seed,
            progress=progress,
            start=start,
            processes=processes,
            cluster=cluster,
            problem=problem,
        )
    summary = write_allocation(out, market, result, today)
    if was_stopped(result, cancelled=progress.cancelled):
        say("Stopped as asked; the best plan found until then is kept and written.")
    return summary, result.allocation


def was_stopped(result: Result, *, cancelled: bool) -> bool:
    """Say whether a run ended because it was asked to."""
    return cancelled and result.status is Status.CANCELLED
