"""What every benchmark of answers needs: a process of its own, peak memory, and a distrustful look.

Nothing here believes the solver: plans are added up again from the arrays of the problem.
"""

from __future__ import annotations

import multiprocessing
import re
import resource
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from matcher.solvers.instance.assignment import Packing, Plan

DATA = Path(__file__).parents[2] / "shared" / "data"
Outcome = TypeVar("Outcome")


class WrongAnswerError(Exception):
    """An answer breaks a row, or is not worth what it claims."""


def peak_mb() -> int:
    """Return the most memory that this process has held so far, in megabytes.

    Where Linux tells it, of this process alone: `getrusage` counts the parent before a spawn too.
    """
    status = Path("/proc/self/status")
    held = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    if held:
        return round(int(held[1]) / 1024)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1024 * 1024 if sys.platform == "darwin" else 1024))


def alone(function: Callable[..., Outcome], *facts: Any) -> Outcome:
    """Return what a function of a module returns in a fresh process, which then ends.

    Raises
    ------
    concurrent.futures.process.BrokenProcessPool
        If the process dies, as one does that needs more memory than there is.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(function, *facts).result()


def checked_values(
    packing: Packing, plan: Plan, bounds: Sequence[int | None] = ()
) -> tuple[int, ...]:
    """Return the value of every stage of a plan, added up anew.

    Parameters
    ----------
    packing
        The problem.
    plan
        The answer.
    bounds
        What is claimed that no plan can beat, by stage; ``None`` where nothing is.

    Raises
    ------
    WrongAnswerError
        If a row is exceeded, a request takes another's option, or a bound is above its value.
    """
    options = [pick.option for pick in plan.values()]
    if packing.request[options].tolist() != list(plan):
        raise WrongAnswerError("A request takes an option that is not its own.")
    if not packing.fits(plan):
        raise WrongAnswerError("The answer takes more of a row than there is.")
    taken = np.zeros(len(packing), np.int64)
    taken[options] = 1
    values = tuple((packing.without + packing.costs @ taken).tolist())
    for stage, (bound, value) in enumerate(zip(bounds, values, strict=False)):
        if bound is not None and bound > value:
            raise WrongAnswerError(f"Stage {stage} claims the bound {bound}; its value is {value}.")
    return values


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def percent(share: float | None, places: int = 2) -> str:
    """Return a share as a percentage in words of a table."""
    return "-" if share is None else f"{100 * share:.{places}f} %"
