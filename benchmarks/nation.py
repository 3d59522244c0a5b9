"""How long a night of many councils takes, from their books to checked results, and how good it is.

Run ``python -m benchmarks.nation --councils 10 30 150 --seconds-per-council 10``. Councils are
invented on real postcodes. Appends a line for each size to ``results/nation.jsonl``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Any

from benchmarks.ledger import record
from benchmarks.measuring import peak_mb, percent, table
from matcher.allocation import PlacementStatus
from matcher.distribute import Channel, spread
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.objectives import arrangeable
from matcher.policy import default_policy
from matcher.result import Limits, Result
from matcher.solvers import solve
from matcher.synthetic import CountySpec, generate
from matcher.vocabulary import Risk

COUNCILS = 150
"""Councils of the whole nation; fewer are so many of these."""
WAITING, AGENCIES, HOMES = 37_000, 12_500, 15_000
"""Over all councils: people waiting, homecare agencies, and care homes."""
LEAST_POSTCODES = 2_000
"""Authorities with fewer are left out: nobody could live there."""
WEIGHTS = {Risk.RED: 4, Risk.AMBER: 2, Risk.GREEN: 1}
UNPLACED = {f"unplaced_{risk.value}": weight for risk, weight in WEIGHTS.items()}
"""What the unplaced stages count in the risk-weighted sum."""
USUAL = CountySpec()
Row = dict[str, Any]


@dataclass(frozen=True)
class Night:
    """One council's night: its book is made of the spec, then solved within the limits."""

    spec: CountySpec
    limits: Limits


def large_authorities(gazetteer: Gazetteer) -> list[str]:
    """Return the codes of the authorities of England with enough postcodes for a council."""
    return [
        code
        for code in gazetteer.authorities()
        if code.startswith("E") and gazetteer.postcode_count(code) >= LEAST_POSTCODES
    ]


def nation(councils: int, authorities: Sequence[str]) -> list[CountySpec]:
    """Return the specs of some of the nation's councils, evenly from all of them.

    Parameters
    ----------
    councils
        How many, at most the whole nation's.
    authorities
        Where they may be.
    """
    chosen = [COUNCILS * number // councils for number in range(councils)]
    return [
        council_spec(number, authorities[len(authorities) * number // COUNCILS])
        for number in chosen
    ]


def council_spec(number: int, authority: str) -> CountySpec:
    """Return the spec of one council, with its share of the nation's people and providers.

    People divide into homecare and beds, and running packages follow agencies, as in the usual
    county. All 150 councils together have exactly the nation's figures.
    """
    waiting, agencies, homes = (_share(total, number) for total in (WAITING, AGENCIES, HOMES))
    usual = USUAL.waiting_homecare + USUAL.waiting_placements
    homecare = round(waiting * USUAL.waiting_homecare / usual)
    return CountySpec(
        council=authority,
        seed=number,
        agencies=agencies,
        homes=homes,
        waiting_homecare=homecare,
        waiting_placements=waiting - homecare,
        running=round(agencies * USUAL.running / USUAL.agencies),
    )


def _share(total: int, number: int) -> int:
    return total * (number + 1) // COUNCILS - total * number // COUNCILS


@cache
def _gazetteer() -> Gazetteer:
    """Return the gazetteer of this process."""
    return Gazetteer()


def solve_council(night: Night, _channel: Channel) -> Row:
    """Return the figures of one council, or why it failed: the others still have their turn."""
    try:
        return council_figures(night)
    except Exception as error:
        return {"council": night.spec.council, "failed": f"{type(error).__name__}: {error}"}


def council_figures(night: Night) -> Row:
    """Return the figures of one council: its book made, then solved and checked by the clock."""
    began = monotonic()
    book = generate(night.spec, _gazetteer())
    made = monotonic()
    market = Market(book, default_policy(), _gazetteer())
    result = solve(market, limits=night.limits, seed=night.spec.seed)
    seconds = round(monotonic() - made, 2)
    return {
        "council": night.spec.council,
        "waiting": len(book.waiting),
        "arrangeable": result.arrangeable,
        "placed": placed(result),
        "weight": weight_of(market),
        "stages": {stage.name: (stage.value, stage.bound) for stage in result.stages},
        "generation_seconds": round(made - began, 2),
        "seconds": seconds,
        "process": os.getpid(),
        "peak_mb": peak_mb(),
    }


def placed(result: Result) -> int:
    """Return how many people have an offer that may be accepted as it is."""
    return sum(line.status is PlacementStatus.PROPOSED for line in result.allocation.placed)


def weight_of(market: Market) -> int:
    """Return the risk-weighted number of people who may be searched for."""
    risks = [enquiry.request.risk for enquiry in arrangeable(market).values()]
    return sum(WEIGHTS[risk] for risk in risks if risk is not None)


def total(rows: Sequence[Row]) -> Row:
    """Return the sums over councils: people, every stage's value and bound, and the gap.

    The gap is that of the risk-weighted people placed, as a share of them and of those unplaced.
    """
    stages: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, (value, least) in ((name, pair) for r in rows for name, pair in r["stages"].items()):
        stages[name][0] += value
        stages[name][1] += least
    unplaced, bound = (
        sum(weight * stages[name][place] for name, weight in UNPLACED.items()) for place in (0, 1)
    )
    weight = sum(row["weight"] for row in rows)
    return {
        **{name: sum(row[name] for row in rows) for name in ("waiting", "arrangeable", "placed")},
        "stages": {name: {"value": v, "bound": b} for name, (v, b) in stages.items()},
        "weight": weight,
        "weight_placed": weight - unplaced,
        "weight_placed_bound": weight - bound,
        "gap": round((unplaced - bound) / max(weight - unplaced, 1), 6),
        "gap_of_unplaced": round((unplaced - bound) / max(unplaced, 1), 6),
        "council_seconds": round(sum(row["seconds"] for row in rows), 2),
        "generation_seconds": round(sum(row["generation_seconds"] for row in rows), 2),
        "busiest_process_seconds": round(max(_by_process(rows).values()), 2),
        "largest_worker_mb": max(row["peak_mb"] for row in rows),
    }


def _by_process(rows: Sequence[Row]) -> dict[int, float]:
    """Return the seconds each process spent from books to results."""
    busy: dict[int, float] = defaultdict(float)
    for row in rows:
        busy[row["process"]] += row["seconds"]
    return busy


def measure(councils: int, seconds: float, processes: int) -> Row:
    """Return the figures of one size.

    Parameters
    ----------
    councils
        How many.
    seconds
        For the solver, for each of them.
    processes
        Processes among which councils are dealt out; each solver has one thread.
    """
    limits = Limits(seconds=seconds, workers=1)
    nights = [Night(spec, limits) for spec in nation(councils, large_authorities(_gazetteer()))]
    began = monotonic()
    rows = []
    for row in spread(solve_council, nights, processes=processes):
        rows.append(row)
        print(row["council"], row.get("failed") or f"{row['placed']} placed", flush=True)
    wall = round(monotonic() - began, 2)
    solved = [row for row in rows if "failed" not in row]
    if not solved:
        raise RuntimeError(f"Every council failed, the first with {rows[0]['failed']}")
    return {
        "instance": f"{councils} councils",
        "councils": councils,
        "agencies": sum(night.spec.agencies for night in nights),
        "homes": sum(night.spec.homes for night in nights),
        "seed": "the number of the council",
        "limits": limits.model_dump(exclude_none=True) | {"processes": processes},
        "failed": [row["council"] for row in rows if "failed" in row],
        **total(solved),
        "seconds": wall,
        "parent_mb": peak_mb(),
        "each": rows,
    }


def shown(rows: Sequence[Row]) -> str:
    """Return sizes as a table."""
    heads = ("councils", "waiting", "may be searched for", "placed", "gap of weight placed")
    lines = [
        (
            row["councils"],
            *(f"{row[name]:,}" for name in ("waiting", "arrangeable", "placed")),
            percent(row["gap"]),
            percent(row["gap_of_unplaced"], 1),
            row["busiest_process_seconds"],
            row["seconds"],
            row["parent_mb"],
            row["largest_worker_mb"],
        )
        for row in rows
    ]
    more = ("gap of weight unplaced", "book to result, s", "with invention, s")
    return table((*heads, *more, "parent MB", "worker MB"), lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--councils", nargs="+", type=int, default=[10, 30, COUNCILS])
    parser.add_argument("--seconds-per-council", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    if not all(1 <= councils <= COUNCILS for councils in chosen.councils):
        parser.error(f"from 1 to {COUNCILS} councils")
    return chosen


def main() -> None:
    """Measure, print and record."""
    chosen = _arguments()
    rows = []
    for councils in chosen.councils:
        rows.append(measure(councils, chosen.seconds_per_council, chosen.processes))
        record("nation", rows[-1])
    print(shown(rows))
    sys.exit(any(row["failed"] for row in rows))


if __name__ == "__main__":
    main()
