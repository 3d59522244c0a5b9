"""Whom two releases place in the same county's night, and how well the shortlist scores it.

Run ``python -m benchmarks.releases --older FOLDER`` with a checkout of an older release. That one
invents the counties, so both plan the very same books; this one judges both plans. Appends a line
for each seed to ``results/releases.jsonl``.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.ledger import ROOT, record
from benchmarks.measuring import table
from matcher.allocation import Placed, PlacementStatus, VisitTime
from matcher.enquiry import Enquiry
from matcher.files import read_book, write_book
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book
from matcher.objectives import arrangeable, objective
from matcher.scoring import FULL_SCORE, applied, total_score
from matcher.vocabulary import ClientGroup, CqcRating, Risk

COUNTY = ("--agencies", "60", "--homes", "125", "--waiting-homecare", "120")
AS_BEFORE = """
[rules]
admit_inadequate = { value = true, unit = "yes or no", from = 2026-04-01, assumed = true }

[travel]
ferries_for_homecare = { value = true, unit = "yes or no", from = 2026-04-01, assumed = true }
"""
"""Rules that an older release did not have, lifted: plans are then compared under one law."""
Row = dict[str, Any]


def run(seed: int, seconds: float, older: Path, folder: Path) -> Row:
    """Return whom an older release and this one place in one night, and the scores of both.

    Parameters
    ----------
    seed
        Of the county, and of both solvers.
    seconds
        What each may take.
    older
        A checkout of the older release.
    folder
        Where books and plans are written.
    """
    book, told = folder / "book", folder / "told"
    _carematch(older, "generate", "--out", str(book), "--seed", str(seed), *COUNTY)
    plans = {"before": _planned(older, book, folder / "before", seed, seconds)}
    gazetteer = Gazetteer()
    write_book(told, for_everybody(read_book(book, gazetteer=gazetteer).book))
    plans["after"] = _planned(ROOT, told, folder / "after", seed, seconds)
    (told / "policy.toml").write_text(AS_BEFORE, "utf-8")
    plans["after, old rules"] = _planned(ROOT, told, folder / "lifted", seed, seconds)
    read = read_book(told, gazetteer=gazetteer)
    enquiries = arrangeable(Market(read.book, read.policy, gazetteer))
    return {
        "instance": f"county, seed {seed}",
        "seed": seed,
        "limits": {"seconds": seconds},
        "searched": len(enquiries),
        "plans": {name: judged(enquiries, plan) for name, plan in plans.items()},
    }


def for_everybody(book: Book) -> Book:
    """Return a book of an older release in which every provider is for everybody.

    Older books do not say for whom a place is, so their people cannot be asked which group they
    belong to.
    """
    providers = [p.model_copy(update={"client_groups": tuple(ClientGroup)}) for p in book.providers]
    people = {"client_groups": (ClientGroup.OLDER_PEOPLE,)}
    requests = [request.model_copy(update=people) for request in book.requests]
    return book.model_copy(update={"providers": tuple(providers), "requests": tuple(requests)})


def _planned(release: Path, book: Path, out: Path, seed: int, seconds: float) -> Path:
    limits = ("--seed", str(seed), "--seconds", str(seconds))
    _carematch(release, "allocate", str(book), "--out", str(out), *limits)
    return out


def _carematch(release: Path, *words: str) -> None:
    """Run a command of a release, whichever release is installed."""
    subprocess.run(
        [sys.executable, "-m", "matcher", *words],
        cwd=release,
        env=os.environ | {"PYTHONPATH": str(release)},
        check=True,
        capture_output=True,
    )


def judged(enquiries: Mapping[str, Enquiry], plan: Path) -> Row:
    """Return what a written plan is worth by this release's scores, and what its own stages say.

    Parameters
    ----------
    enquiries
        Everyone who may be searched for.
    plan
        The folder of an allocation, as any release writes it.
    """
    lines = [line for line in _placed(plan) if line.request_id in enquiries]
    agreed = [line for line in lines if line.status is PlacementStatus.PROPOSED]
    risks = Counter(enquiries[line.request_id].request.risk for line in agreed)
    stages = json.loads((plan / "summary.json").read_text("utf-8"))["stages"]
    return {
        "placed": {risk.value: risks[risk] for risk in Risk},
        "offers": len(lines),
        "score_of_placed": round(sum(_score(enquiries[p.request_id], p) for p in agreed), 2),
        "rated_inadequate": sum(_is_inadequate(enquiries[p.request_id], p) for p in lines),
        "stages": len(stages),
        "proved": sum(stage["value"] == stage["bound"] for stage in stages),
        "proved_stages": [s["name"] for s in stages if s["value"] == s["bound"]],
    }


def _score(enquiry: Enquiry, placed: Placed) -> float:
    """Return the shortlist's score of a placement at its own times, 0 to 100."""
    weight = sum(weight for _, weight in applied(enquiry))
    short = objective("fit").of_placed(enquiry, placed)
    return total_score(weight * FULL_SCORE - short, weight)


def _is_inadequate(enquiry: Enquiry, placed: Placed) -> bool:
    market = enquiry.market
    return (
        market.providers[market.provider_number(placed.provider_id)].cqc_rating
        is CqcRating.INADEQUATE
    )


def _placed(plan: Path) -> list[Placed]:
    times: dict[str, list[VisitTime]] = {}
    for row in _rows(plan / "visit_times.csv"):
        hours, minutes = row["start"].split(":")
        start = VisitTime(
            visit_no=int(row["visit_no"]), start_minute=int(hours) * 60 + int(minutes)
        )
        times.setdefault(row["request_id"], []).append(start)
    return [
        Placed(
            request_id=row["request_id"],
            provider_id=row["provider_id"],
            status=PlacementStatus(row["status"]),
            start_date=date.fromisoformat(row["start_date"]),
            visit_times=tuple(times.get(row["request_id"], ())),
            weekly_cost_pence=None,
            distance_metres=0,
            travel_minutes=0,
        )
        for row in _rows(plan / "placements.csv")
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shown(rows: Sequence[Row]) -> str:
    """Return whom each release places, by risk, and the scores, as a table."""
    heads = ("seed", "plan", "red", "amber", "green", "offers", "score", "Inadequate", "proved")
    lines = [
        (
            row["seed"],
            name,
            *plan["placed"].values(),
            plan["offers"],
            f"{plan['score_of_placed']:,.0f}",
            plan["rated_inadequate"],
            f"{plan['proved']} of {plan['stages']}",
        )
        for row in rows
        for name, plan in row["plans"].items()
    ]
    return table(heads, lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--older", type=Path, required=True, help="checkout of an older release")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(10)))
    return parser.parse_args()


def main() -> None:
    """Measure, print and record."""
    chosen = _arguments()
    rows = []
    for seed in chosen.seeds:
        with TemporaryDirectory() as folder:
            rows.append(run(seed, chosen.seconds, chosen.older.resolve(), Path(folder)))
        record("releases", rows[-1])
        print(shown(rows[-1:]), flush=True)
    print(f"\n{shown(rows)}")


if __name__ == "__main__":
    main()
