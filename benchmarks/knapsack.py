"""Whether all 280 published multiple-choice knapsacks are solved to proof, and how fast.

Run ``python -m benchmarks.knapsack``. Appends a line for each file to ``results/knapsack.jsonl``,
and ends with an error if a value or a bound contradicts the published optimum.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.ledger import record
from benchmarks.measuring import checked_values
from benchmarks.published import MMKP, optimal_values, read_knapsacks
from matcher.result import Limits
from matcher.solvers.search.stages import solve_packing

VALUE = 1


def measure(
    path: Path, optima: dict[tuple[str, int], int], limits: Limits, seed: int
) -> dict[str, Any]:
    """Return the figures of one file of problems.

    Parameters
    ----------
    path
        The file.
    optima
        The published optimum of each problem.
    limits
        For each problem.
    seed
        Of every run.
    """
    values, bounds, seconds, open_, wrong = [], [], [], [], []
    for number, packing in read_knapsacks(path):
        began = monotonic()
        solved = solve_packing(packing, limits=limits, seed=seed)
        seconds.append(round(monotonic() - began, 3))
        ungrouped, lost = checked_values(packing, solved.plan, solved.bounds)
        values.append(None if ungrouped else -lost)
        bounds.append(-solved.bounds[VALUE])
        optimum = optima[path.name, number]
        if bounds[-1] < optimum or (not ungrouped and -lost > optimum):
            wrong.append(number)
        if ungrouped or -lost != optimum or bounds[-1] != optimum:
            open_.append(number)
    return {
        "instance": path.name,
        "seed": seed,
        "limits": limits.model_dump(exclude_none=True),
        "values": values,
        "bounds": bounds,
        "proved": len(values) - len(open_),
        "open": open_,
        "wrong": wrong,
        "slowest_seconds": max(seconds),
        "seconds": round(sum(seconds), 2),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="at most, for each problem")
    parser.add_argument("--files", nargs="*", help="names; default all")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Measure, print and record."""
    chosen = _arguments()
    limits = Limits(seconds=chosen.seconds, workers=chosen.workers)
    optima, rows = optimal_values(), []
    for path in sorted(MMKP.glob("hh_*.txt")):
        if chosen.files and path.name not in chosen.files:
            continue
        row = measure(path, optima, limits, chosen.seed)
        rows.append(row)
        record("knapsack", row)
        print(
            f"{path.name:24} {row['proved']} of {len(row['values'])} proved, {row['seconds']} s, "
            f"slowest {row['slowest_seconds']} s",
            flush=True,
        )
    proved, problems = sum(r["proved"] for r in rows), sum(len(r["values"]) for r in rows)
    wrong = [f"{row['instance']} {row['wrong']}" for row in rows if row["wrong"]]
    print(f"{proved} of {problems} proved optimal in {sum(r['seconds'] for r in rows):.1f} s.")
    print("Contradicts the published optimum: " + ", ".join(wrong or ["none"]))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
