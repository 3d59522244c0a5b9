"""How near to the best possible a county's night is in every stage, after a few seconds.

Run ``python -m benchmarks.county_night``. Appends a line for each seed to
``results/county_night.jsonl``. To measure an older version, copy this file into its checkout and
run it there: it asks only for what every version has.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from time import monotonic
from typing import Any

import numpy as np

from benchmarks.ledger import record
from benchmarks.measuring import alone, peak_mb, percent, table
from matcher.allocation import Placed, PlacementStatus
from matcher.enquiry import Enquiry, Starts
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.policy import default_policy
from matcher.result import Limits, Result, Stage
from matcher.scoring import score
from matcher.solvers import solve
from matcher.synthetic import CountySpec, generate
from matcher.vocabulary import GRID_MINUTES, Risk

NEAR = 0.005
"""A gap up to this is near the best."""
AGENCIES, HOMES, WAITING = 60, 125, 120
Row = dict[str, Any]


def run(seed: int, limits: Limits, processes: int) -> Row:
    """Return the figures of one county, whose seed is the solver's too.

    Parameters
    ----------
    seed
        Of county and solver.
    limits
        When to stop.
    processes
        Processes among which parts are dealt out.
    """
    spec = CountySpec(seed=seed, agencies=AGENCIES, homes=HOMES, waiting_homecare=WAITING)
    gazetteer = Gazetteer()
    book = generate(spec, gazetteer)
    began = monotonic()
    market = Market(book, default_policy(), gazetteer)
    result = solve(market, limits=limits, seed=seed, processes=processes)
    return {
        "instance": f"{spec.council}, seed {seed}",
        "seed": seed,
        "agencies": spec.agencies,
        "homes": spec.homes,
        "waiting": len(book.waiting),
        "limits": limits.model_dump(exclude_none=True) | {"processes": processes},
        **outcome(result),
        **served(market, result),
        "seconds": round(monotonic() - began, 2),
        "peak_mb": peak_mb(),
    }


def outcome(result: Result) -> Row:
    """Return what a line of the ledger says of a result: every stage's value, bound and gap."""
    return {
        "arrangeable": result.arrangeable,
        "offers": len(result.allocation.placed),
        "status": result.status.value,
        "stages": [stage_figures(stage) for stage in result.stages],
        "how": result.how,
        "solve_seconds": result.seconds,
    }


def served(market: Market, result: Result) -> Row:
    """Return how many of each risk are placed, and the sum of their scores, 0-100 each."""
    placed = [line for line in result.allocation.placed if line.status is PlacementStatus.PROPOSED]
    risks = [market.request(line.request_id).risk for line in placed]
    total = sum(shortlist_score(market, line) for line in placed)
    return {
        "placed_by_risk": {risk.value: risks.count(risk) for risk in Risk},
        "total_score": round(total, 2),
        "mean_score": round(total / max(len(placed), 1), 2),
    }


def shortlist_score(market: Market, line: Placed) -> float:
    """Return what a shortlist would show for a provider at the times proposed, 0-100."""
    enquiry = Enquiry(market, market.request(line.request_id))
    number, visits = market.provider_number(line.provider_id), line.visit_times
    starts = Starts(
        possible=np.zeros(len(market), np.bool_),
        visit_slots=np.zeros((len(market), len(visits)), np.int16),
        start_day=np.zeros(len(market), np.int64),
    )
    starts.visit_slots[number] = [time.start_minute // GRID_MINUTES for time in visits]
    starts.start_day[number] = market.day_number(line.start_date)
    return score(enquiry, starts, np.array([number])).total(0)


def stage_figures(stage: Stage) -> Row:
    """Return a stage's name, value, bound and gap."""
    return {
        "name": stage.name,
        "unit": stage.unit,
        "value": stage.value,
        "bound": stage.bound,
        "gap": None if stage.gap is None else round(stage.gap, 6),
    }


def counted(rows: Sequence[Row]) -> str:
    """Return in words how many stages are proved, and how many are near."""
    stages = [stage for row in rows for stage in row["stages"]]
    proved = sum(stage["value"] == stage["bound"] for stage in stages)
    near = sum(stage["gap"] is not None and stage["gap"] <= NEAR for stage in stages)
    return f"{len(stages)} stages, {proved} proved, {near} within {percent(NEAR, 1)} of the best."


def shown(rows: Sequence[Row]) -> str:
    """Return every stage of every county as a table: value, and gap where not proved."""
    seeds = [f"seed {row['seed']}" for row in rows]
    lines = []
    for stages in zip(*(row["stages"] for row in rows), strict=True):
        lines.append((stages[0]["name"], *map(_cell, stages)))
    return table(("stage", *seeds), lines)


def _cell(stage: Row) -> str:
    if stage["value"] == stage["bound"]:
        return f"{stage['value']:,} proved"
    return f"{stage['value']:,} ({percent(stage['gap'])})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--processes", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Measure, print and record."""
    chosen = _arguments()
    limits = Limits(seconds=chosen.seconds, workers=chosen.workers)
    rows = []
    for seed in chosen.seeds:
        rows.append(alone(run, seed, limits, chosen.processes))
        record("county_night", rows[-1])
        print(f"seed {seed}: {counted(rows[-1:])} {rows[-1]['seconds']} s", flush=True)
        print(
            f"  placed {rows[-1]['placed_by_risk']}, score {rows[-1]['total_score']:,}", flush=True
        )
    print(f"\n{shown(rows)}\n\n{counted(rows)}")


if __name__ == "__main__":
    main()
