"""How methods compare on tight nights: the same night, seconds and threads for each of them.

Run ``python -m benchmarks.nights --sizes 300x40 1000x100 --seconds 60 300``. Each method runs in a
process of its own; each appends a line to ``results/nights.jsonl`` as it ends.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np

from benchmarks.ledger import record, runs
from benchmarks.measuring import alone, checked_values, peak_mb, percent, table
from benchmarks.methods import METHODS, Answer, Task
from benchmarks.tight import WEIGHTS, Night, make_night
from matcher.solvers.instance.assignment import Plan

QUESTION = "nights"
Row = dict[str, Any]


@dataclass(frozen=True)
class Order:
    """What to run: a method, on a night made of sizes and a seed, with limits."""

    method: str
    people: int
    providers: int
    seed: int
    seconds: float
    threads: int

    @property
    def facts(self) -> Row:
        """What a line of the ledger says of it."""
        return {
            "instance": f"{self.people}x{self.providers}",
            "people": self.people,
            "providers": self.providers,
            "method": self.method,
            "seed": self.seed,
            "limits": {"seconds": self.seconds, "workers": self.threads},
        }


def run(order: Order) -> Row:
    """Return the figures of one method on one night, which is made here."""
    night = make_night(order.people, order.providers, order.seed)
    task = Task(night, night.packing(), order.seconds, order.threads, order.seed)
    before = peak_mb()
    began = monotonic()
    answer = METHODS[order.method](task)
    took = round(monotonic() - began, 2)
    return {
        **order.facts,
        "options": len(task.packing),
        "fingerprint": night.fingerprint,
        **figures(night, task, answer),
        "seconds": took,
        "night_mb": before,
        "peak_mb": peak_mb(),
    }


def figures(night: Night, task: Task, answer: Answer) -> Row:
    """Return what an answer is worth, checked and added up anew."""
    values = checked_values(task.packing, answer.plan, answer.bounds)
    weight = int(night.weight.sum())
    return {
        "values": values,
        "bounds": answer.bounds,
        "weight": weight,
        "weight_placed": weight - values[0],
        "people_placed": len(answer.plan),
        "placed_by_risk": _by_risk(night, answer.plan),
        "weekly_cost_pence": values[1],
        "metres": values[2],
        "building_seconds": round(answer.building_seconds, 2),
        "seconds_to_gap": answer.seconds_to_gap,
        "how": answer.how,
    }


def _by_risk(night: Night, plan: Plan) -> dict[str, list[int]]:
    """Return how many people of each risk are placed, and of how many."""
    placed = night.weight[sorted(plan)]
    return {
        risk.value: [int(np.sum(placed == weight)), int(np.sum(night.weight == weight))]
        for risk, weight in WEIGHTS.items()
    }


def best_bounds(rows: Iterable[Row]) -> dict[str, int]:
    """Return the highest bound that any run proved of each night's weight unplaced."""
    best: dict[str, int] = {}
    for row in rows:
        bound = (row.get("bounds") or [None])[0]
        if bound is not None:
            best[row["fingerprint"]] = max(best.get(row["fingerprint"], 0), bound)
    return best


def contradictions(rows: Sequence[Row]) -> list[str]:
    """Return what cannot be: a weight unplaced that is below what a run of that night proved."""
    best = best_bounds(rows)
    return [
        f"{row['instance']}: {row['method']} leaves {row['values'][0]}, but a run proved that at "
        f"least {best[row['fingerprint']]} must be left."
        for row in rows
        if row["values"][0] < best.get(row["fingerprint"], 0)
    ]


def gaps(row: Row, bound: int) -> tuple[float | None, float | None]:
    """Return how far a row's weight may be from the best, given a bound on the weight unplaced.

    As a share of the weight placed, and as a share of the weight unplaced.
    """
    unplaced, placed = row["values"][0], row["weight_placed"]
    missed = unplaced - bound
    return (missed / placed if placed else None, missed / unplaced if unplaced else 0.0)


def shown(rows: Sequence[Row], best: dict[str, int]) -> str:
    """Return runs as a table, every method of a night held against the best bound of that night."""
    lines = []
    for row in rows:
        facts = (row["instance"], row["method"], row["limits"]["seconds"])
        if "failed" in row:
            lines.append((*facts, row["failed"], *["-"] * 6))
            continue
        of_placed, of_unplaced = gaps(row, best.get(row["fingerprint"], 0))
        pounds = f"{row['weekly_cost_pence'] / 100:,.0f}"
        placed = f"{row['people_placed']:,} of {row['people']:,}"
        weight = f"{row['weight_placed']:,} of {row['weight']:,}"
        both = (percent(of_placed), percent(of_unplaced, 1))
        lines.append((*facts, placed, weight, pounds, *both, row["seconds"], row["peak_mb"]))
    heads = ("night", "method", "limit s", "people placed", "weight placed", "GBP a week")
    return table((*heads, "gap of placed", "gap of unplaced", "seconds", "peak MB"), lines)


def _measured(order: Order) -> Row:
    """Return the line of a run in a process of its own, or of how it failed."""
    try:
        row = alone(run, order)
    except Exception as error:  # the other methods of a long benchmark still have their turn
        return {**order.facts, "failed": f"{type(error).__name__}: {error}"}
    best = best_bounds([*_nights(), row]).get(row["fingerprint"], 0)
    gap, gap_of_unplaced = gaps(row, best)
    return {**row, "bound_used": best, "gap": gap, "gap_of_unplaced": gap_of_unplaced}


def _nights() -> list[Row]:
    return [row for row in runs(QUESTION) if "failed" not in row]


def _size(text: str) -> tuple[int, int]:
    people, providers = map(int, text.split("x"))
    return people, providers


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", type=_size, default=[(300, 40)])
    parser.add_argument(
        "--seconds", nargs="+", type=float, default=[60.0], help="one for all, or one a size"
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if len(chosen.seconds) == 1:
        chosen.seconds *= len(chosen.sizes)
    if len(chosen.seconds) != len(chosen.sizes):
        parser.error(f"{len(chosen.seconds)} limits for {len(chosen.sizes)} sizes")
    return chosen


def main() -> None:
    """Measure, print and record."""
    chosen = _arguments()
    rows = []
    for (people, providers), seconds in zip(chosen.sizes, chosen.seconds, strict=True):
        for method in chosen.methods:
            order = Order(method, people, providers, chosen.seed, seconds, chosen.threads)
            rows.append(_measured(order))
            record(QUESTION, rows[-1])
            print(shown(rows[-1:], best_bounds(_nights())), flush=True)
    print(f"\n{shown(rows, best_bounds(_nights()))}")
    wrong = contradictions(_nights())
    print("\n".join(wrong) or "No bound exceeds a value of the same night.")
    sys.exit(bool(wrong) or any("failed" in row for row in rows))


if __name__ == "__main__":
    main()
