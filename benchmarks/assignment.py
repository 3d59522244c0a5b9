"""How good answers and proofs are on published assignment problems with known best costs.

Run ``python -m benchmarks.assignment --seconds 60``. Appends a line for each problem to
``results/assignment.jsonl``, and ends with an error if a bound exceeds a published cost.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from time import monotonic
from typing import Any

from benchmarks.ledger import record
from benchmarks.measuring import WrongAnswerError, checked_values, percent
from benchmarks.published import GAP, Known, best_known, read_assignment
from matcher.result import Limits
from matcher.solvers.search.stages import solve_packing

COST = 1
"""The stage that is the cost; stage 0 counts jobs without an agent."""


def measure(name: str, known: Known, limits: Limits, seed: int) -> dict[str, Any]:
    """Return the figures of one problem.

    Parameters
    ----------
    name
        Name of the instance.
    known
        What is published of it.
    limits, seed
        Of the run.
    """
    problem = read_assignment(GAP / name)
    packing = problem.packing()
    began = monotonic()
    solved = solve_packing(packing, limits=limits, seed=seed)
    seconds = round(monotonic() - began, 2)
    unplaced, cost = checked_values(packing, solved.plan, solved.bounds)
    if not unplaced and problem.cost_of(solved.plan) != cost:
        raise WrongAnswerError(f"The cost of {name} is not {cost}.")
    agents, jobs = problem.costs.shape
    bound = solved.bounds[COST]
    return {
        "instance": name,
        "agents": agents,
        "jobs": jobs,
        "seed": seed,
        "limits": limits.model_dump(exclude_none=True),
        "unplaced": unplaced,
        "value": None if unplaced else cost,
        "bound": bound,
        "best_known": known.best_cost,
        "published_bound": known.lower_bound,
        "distance": None if unplaced else round(cost / known.best_cost - 1, 6),
        "gap": None if unplaced else round((cost - bound) / cost, 6),
        "proved": not unplaced and cost == bound,
        "how": solved.how,
        "seconds": seconds,
    }


def faults(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return what cannot be: a bound above a published cost, a cost below a published bound."""
    found = [
        f"{row['instance']}: the bound {row['bound']} exceeds the best known {row['best_known']}."
        for row in rows
        if row["bound"] > row["best_known"]
    ]
    return found + [
        f"{row['instance']}: the cost {row['value']} is below the bound {row['published_bound']}."
        for row in rows
        if row["value"] is not None and row["value"] < row["published_bound"]
    ]


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """Return in words how many are proved, and how far the answers are from the best known."""
    distances = [row["distance"] for row in rows if row["distance"] is not None]
    lines = [f"{len(rows)} problems, {sum(row['proved'] for row in rows)} proved"]
    if len(distances) < len(rows):
        lines.append(f"{len(rows) - len(distances)} without an agent for every job")
    if distances:
        mean, most = statistics.fmean(distances), max(distances)
        reached = sum(distance <= 0 for distance in distances)
        lines.append(f"{reached} at the best known cost or below it")
        lines.append(f"distance from it: mean {percent(mean, 3)}, at most {percent(most, 3)}")
    return "; ".join(lines) + "."


def groups(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return rows by the question asked of them: proof of the easier, distance of the harder."""
    easier = [r for r in rows if r["instance"][0] in "gab" or _is_small_c(r)]
    harder = [r for r in rows if r["instance"][0] in "cde"]
    return {
        "gap1-12, a, b, and c up to 20 x 200": easier,
        "c, d and e of 100 to 400 jobs": harder,
        "all": list(rows),
    }


def _is_small_c(row: dict[str, Any]) -> bool:
    return bool(row["instance"][0] == "c" and row["jobs"] <= 200)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each problem")
    parser.add_argument(
        "--instances", nargs="+", default=["*"], help="names or patterns: c05* d20100"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Measure, print and record."""
    chosen = _arguments()
    limits = Limits(seconds=chosen.seconds, workers=chosen.workers)
    rows = []
    for name, known in best_known().items():
        if not any(fnmatch(name, pattern) for pattern in chosen.instances):
            continue
        row = measure(name, known, limits, chosen.seed)
        rows.append(row)
        record("assignment", row)
        word = "proved" if row["proved"] else percent(row["gap"], 3)
        print(
            f"{name:8} value {row['value']} bound {row['bound']} best known {known.best_cost} "
            f"distance {percent(row['distance'], 3)} {word} {row['seconds']} s",
            flush=True,
        )
    for title, some in groups(rows).items():
        if some:
            print(f"{title}: {summary(some)}")
    wrong = faults(rows)
    print("\n".join(wrong) or "No bound exceeds a published cost.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
