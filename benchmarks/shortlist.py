"""How long one shortlist takes, on a county and on all England, beside a plain loop over rules.

Run ``python -m benchmarks.shortlist``. Prints a table and appends to ``results/shortlist.jsonl``.
England is left out, and said so, where the register of care homes is not at hand.
"""

from __future__ import annotations

import resource
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.england import REGISTER, england
from benchmarks.ledger import record
from matcher.eligibility import CAPACITY_RULE, TERM_RULES, request_refusals
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book
from matcher.policy import default_policy
from matcher.shortlist import make_shortlist, open_enquiry
from matcher.synthetic import CountySpec, generate

COUNTY = CountySpec(agencies=60, homes=125)
ROUNDS = 5
PLAIN_REQUESTS = 5
"""How many requests the plain loop is timed on; it is too slow for all of them."""


@dataclass(frozen=True)
class Timing:
    """Figures of one book, seconds unless said otherwise."""

    book: str
    providers: int
    requests: int
    compile_seconds: float
    p50_ms: float
    p95_ms: float
    max_ms: float
    plain_loop_ratio: float
    peak_mb: float


def timed(action: Callable[[], Any]) -> float:
    """Return the seconds an action takes."""
    began = perf_counter()
    action()
    return perf_counter() - began


def plain_loop(market: Market, request_id: str) -> int:
    """Return how many providers pass when every rule is asked of every pair, one by one.

    It gathers the same evidence as a shortlist does: every refusal of every provider, capacity
    only where nothing else refuses - but no scores and no near misses.
    """
    enquiry = open_enquiry(market, request_id)
    passed = 0
    for number in range(len(market)):
        refusals = [rule.refusal(enquiry, number) for rule in TERM_RULES]
        if not any(refusals):
            passed += CAPACITY_RULE.refusal(enquiry, number) is None
    return passed


def measure(name: str, book: Book, gazetteer: Gazetteer) -> Timing:
    """Return the figures of one book: every searchable request, several rounds."""
    policy = default_policy()
    began = perf_counter()
    market = Market(book, policy, gazetteer)
    compiled = perf_counter() - began
    ids = [r.request_id for r in book.waiting if not request_refusals(r, book, policy)]
    for request_id in ids:  # once unmeasured, so that postcode tables are loaded
        make_shortlist(market, request_id)
    times = [
        timed(lambda chosen=request_id: make_shortlist(market, chosen))
        for _ in range(ROUNDS)
        for request_id in ids
    ]
    sample = ids[:: max(len(ids) // PLAIN_REQUESTS, 1)][:PLAIN_REQUESTS]
    ratios = [
        timed(lambda chosen=request_id: plain_loop(market, chosen))
        / timed(lambda chosen=request_id: make_shortlist(market, chosen))
        for request_id in sample
    ]
    p50, p95, top = np.percentile(times, [50, 95, 100]) * 1000
    return Timing(
        book=name,
        providers=len(market),
        requests=len(ids),
        compile_seconds=round(compiled, 2),
        p50_ms=round(float(p50), 2),
        p95_ms=round(float(p95), 2),
        max_ms=round(float(top), 2),
        plain_loop_ratio=round(statistics.median(ratios), 1),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    )


def main() -> None:
    """Measure, print and record."""
    gazetteer = Gazetteer()
    rows = [measure("county", generate(COUNTY, gazetteer), gazetteer)]
    if REGISTER.exists():
        rows.append(measure("england", england(gazetteer), gazetteer))
    else:
        print(f"England left out: no register at {REGISTER}.")
    for row in rows:
        print(row)
        print("recorded in", record("shortlist", vars(row)))


if __name__ == "__main__":
    main()
