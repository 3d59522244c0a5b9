"""Allocation folders: an allocation with its proof, as files that people and programs read."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from pydantic import Field

from matcher.allocation import (
    Allocation,
    Placed,
    PlacementStatus,
    Unplaced,
    UnplacedReason,
    VisitTime,
)
from matcher.closures import Displaced, displaced
from matcher.errors import BadInputError, Fault
from matcher.files import cells, kinds
from matcher.files.columns import Column, FileSpec, Values
from matcher.files.costs import Costs, costs_of
from matcher.files.folders import whole_folder
from matcher.files.kinds import Kind, one_of
from matcher.files.prices import POINTS, PRICES
from matcher.files.risks import RiskCounts, counts_by_risk
from matcher.files.rows import Rows, read_rows
from matcher.market import Market
from matcher.model import Days, Frozen
from matcher.result import Limits, Method, Result, Stage, Status
from matcher.vocabulary import CqcRating

SUMMARY_FILE = "summary.json"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")
_REASONS = " | "


class Counts(Frozen):
    """How many requests wait and what became of them.

    ``placed`` may be offered as they are; ``needs_approval`` wait for somebody to agree to a price
    and do not count as placed (H9). ``by_risk`` is not in older files.
    """

    waiting: int
    arrangeable: int
    placed: int
    needs_approval: int
    unplaced: int
    unplaced_by_reason: dict[UnplacedReason, int]
    by_risk: dict[str, RiskCounts] = Field(default_factory=dict)


class Measures(Frozen):
    """What a way of placing people achieves: comparable with any other on the same book.

    Weekly costs leave out stays, which end; ``costs`` has their totals, and the council's part.
    """

    status: Status
    stages: tuple[Stage, ...]
    counts: Counts
    weekly_cost_gbp: float
    weekly_cost_needs_approval_gbp: float
    costs: dict[str, Costs] = Field(default_factory=dict)
    seconds: float


class Summary(Measures):
    """The head of an allocation folder; ``today`` is what offices do now, on the same book.

    ``how`` says how each independent part was searched, the largest first; ``travel`` where travel
    minutes come from, where that is not the distance alone. ``displaced`` are people whose running
    care is with a provider that has closed: no plan moves them (H18).
    """

    title: str
    council: str
    as_of: date
    method: Method
    how: tuple[str, ...] = ()
    displaced: tuple[Displaced, ...] = ()
    seed: int
    limits: Limits
    versions: dict[str, str | None]
    inputs_sha256: str
    travel: tuple[str, ...] = ()
    today: Measures | None


class VisitLine(Frozen):
    """A row of ``visit_times.csv``."""

    request_id: str
    visit_no: int
    days: Days
    start_minute: int
    minutes: int
    carers: int
    travel_minutes: int
    provider_id: str


# -- the head ------------------------------------------------------------------------------


def summarise(market: Market, result: Result, today: Result | None = None) -> Summary:
    """Return the head of an allocation folder.

    Parameters
    ----------
    market
        The compiled book and policy that was solved.
    result
        The answer.
    today
        Today's way on the same book, to compare with.
    """
    own = _measures(market, result)
    book = market.book
    return Summary(
        **{name: getattr(own, name) for name in Measures.model_fields},
        title=book.title,
        council=book.council,
        as_of=book.as_of,
        method=result.method,
        how=result.how,
        displaced=displaced(book),
        seed=result.seed,
        limits=result.limits,
        versions={
            "carematch": result.software_version,
            "policy": result.policy_version,
            "solver": result.solver_version,
        },
        inputs_sha256=result.inputs_sha256,
        travel=() if market.roads is None else market.roads.notes,
        today=None if today is None else _measures(market, today),
    )


def _measures(market: Market, result: Result) -> Measures:
    placed = costs_of(result.allocation, PlacementStatus.PROPOSED)
    offered = costs_of(result.allocation, PlacementStatus.NEEDS_APPROVAL)
    return Measures(
        status=result.status,
        stages=result.stages,
        counts=_counts(market, result),
        weekly_cost_gbp=placed.weekly_gbp,
        weekly_cost_needs_approval_gbp=offered.weekly_gbp,
        costs={"placed": placed, "needs_approval": offered},
        seconds=result.seconds,
    )


def _counts(market: Market, result: Result) -> Counts:
    allocation = result.allocation
    proposed = sum(line.status is PlacementStatus.PROPOSED for line in allocation.placed)
    reasons = Counter(line.reason for line in allocation.unplaced)
    return Counts(
        waiting=len(market.book.waiting),
        arrangeable=result.arrangeable,
        placed=proposed,
        needs_approval=len(allocation.placed) - proposed,
        unplaced=len(allocation.unplaced),
        unplaced_by_reason={each: reasons[each] for each in UnplacedReason if reasons[each]},
        by_risk=counts_by_risk(market, allocation),
    )


# -- the tables ----------------------------------------------------------------------------


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; :func:`_unguarded` undoes it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _unguarded(text: str) -> str:
    return text.removeprefix("'")


def _write_reasons(reasons: Iterable[str]) -> str:
    # A bar inside a reason is written twice, so that the single ones part the reasons.
    return guarded(_REASONS.join(reason.replace("|", "||") for reason in reasons))


def _read_reasons(text: str) -> tuple[str, ...]:
    return tuple(part.replace("||", "|") for part in _unguarded(text).split(_REASONS))


def _write_km(metres: int) -> str:
    return f"{metres // 1000}.{metres % 1000:03d}"


def _needs_cost(values: Values) -> None:
    """Let an empty cost stand for no rate on file."""
    values.setdefault("weekly_cost_pence", None)


_TEXT = Kind(_unguarded, guarded, "text")
_REASON_LIST = Kind(_read_reasons, _write_reasons, "reasons separated by |")
_KM = Kind(cells.read_kilometres, _write_km, "kilometres, such as 2.300", "number")


def _id(name: str, meaning: str) -> Column:
    return Column(name, kinds.ID, meaning, required=True)


def _whole(name: str, meaning: str) -> Column:
    return Column(name, kinds.WHOLE, meaning, required=True)


PLACEMENTS = FileSpec(
    "placements.csv",
    Placed,
    "The provider proposed for each request",
    (
        _id("request_id", "who is placed"),
        _id("provider_id", "with whom"),
        Column("status", one_of(PlacementStatus), "whether it may be offered", required=True),
        Column("weekly_cost_gbp", kinds.POUNDS, "cost a week; empty: no rate", "weekly_cost_pence"),
        Column(
            "stay_cost_gbp", kinds.POUNDS, "cost of a whole stay; empty: no end", "stay_cost_pence"
        ),
        *[
            Column(f"{who}_gbp", kinds.POUNDS, "who pays of it", f"paid_by.{who}_pence")
            for who in ("council", "health", "third_party", "own")
        ],
        Column("distance_km", _KM, "straight but round water", "distance_metres", required=True),
        _whole("travel_minutes", "travel to reach each visit"),
        Column("start_date", kinds.DATE, "first day of care", required=True),
        Column("scarcity_price", POINTS, "what the capacity is worth", "scarcity_points"),
        Column("cqc_rating", one_of(CqcRating), "the provider's overall rating"),
        Column("cqc_rated_on", kinds.DATE, "day of the rating"),
        Column("reasons", _REASON_LIST, "why this provider"),
    ),
    key=("request_id",),
    required=True,
    complete=_needs_cost,
)
VISIT_TIMES = FileSpec(
    "visit_times.csv",
    VisitLine,
    "When each visit of a package starts",
    (
        _id("request_id", "whose visit"),
        _whole("visit_no", "which visit"),
        Column("days", kinds.DAYS, "on which days", required=True),
        Column("start", kinds.START_TIME, "start on all its days", "start_minute", required=True),
        _whole("minutes", "length"),
        _whole("carers", "carers at once"),
        _whole("travel_minutes", "travel to reach it"),
        _id("provider_id", "who makes it"),
    ),
    key=("request_id", "visit_no"),
    required=True,
)
UNPLACED = FileSpec(
    "unplaced.csv",
    Unplaced,
    "Requests without a provider, and why",
    (
        _id("request_id", "who is not placed"),
        Column("reason", one_of(UnplacedReason), "coded reason", required=True),
        Column("detail", _TEXT, "the reason in words", required=True),
        Column("nearest_miss", _TEXT, "the change that would come nearest to placing them"),
    ),
    key=("request_id",),
    required=True,
)
RESULT_FILES = frozenset(
    {SUMMARY_FILE, PLACEMENTS.file, VISIT_TIMES.file, UNPLACED.file, PRICES.file}
)
"""Every name that a file of an allocation folder may have."""


def write_allocation(
    folder: Path, market: Market, result: Result, today: Result | None = None
) -> Summary:
    """Write an allocation as a folder, whole or not at all, and return its head.

    Parameters
    ----------
    folder
        The folder to write. One that stands there already is replaced if it is empty, or holds
        an allocation and nothing else.
    market
        The compiled book and policy that was solved.
    result
        The answer.
    today
        Today's way on the same book, to compare with.

    Raises
    ------
    MatcherError
        If the folder may not be replaced or cannot be written.
    """
    summary = summarise(market, result, today)
    allocation = result.allocation
    texts = {
        SUMMARY_FILE: json.dumps(summary.model_dump(mode="json"), indent=2, ensure_ascii=False)
        + "\n",
        PLACEMENTS.file: PLACEMENTS.text_of(allocation.placed),
        VISIT_TIMES.file: VISIT_TIMES.text_of(_visit_lines(market, allocation)),
        UNPLACED.file: UNPLACED.text_of(allocation.unplaced),
        PRICES.file: PRICES.text_of(result.prices),
    }
    with whole_folder(folder, replaces=is_allocation_folder) as draft:
        for name, text in texts.items():
            (draft / name).write_bytes(text.encode())
    return summary


def is_allocation_folder(folder: Path) -> bool:
    """Say whether a folder holds an allocation and nothing else."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return SUMMARY_FILE in names and names <= RESULT_FILES


def _visit_lines(market: Market, allocation: Allocation) -> Iterator[VisitLine]:
    for placed in allocation.placed:
        visits = {v.visit_no: v for v in market.request(placed.request_id).package.visits}
        for time in placed.visit_times:
            visit = visits[time.visit_no]
            yield VisitLine(
                request_id=placed.request_id,
                visit_no=time.visit_no,
                days=visit.days,
                start_minute=time.start_minute,
                minutes=visit.minutes,
                carers=visit.carers,
                travel_minutes=placed.travel_minutes,
                provider_id=placed.provider_id,
            )


# -- reading back --------------------------------------------------------------------------


def read_allocation(folder: Path) -> Allocation:
    """Return the allocation that a folder holds; whether it keeps the rules is the referee's call.

    Raises
    ------
    BadInputError
        If anything is wrong with its files, with every fault.
    """
    placements, faults = read_rows(folder, PLACEMENTS, Placed)
    times, more = read_rows(folder, VISIT_TIMES, VisitLine)
    unplaced, still_more = read_rows(folder, UNPLACED, Unplaced)
    faults += more + still_more + list(_strays(placements, times))
    if faults:
        raise BadInputError(faults)
    starts: dict[str, list[VisitTime]] = defaultdict(list)
    for line in times.items:
        time = VisitTime(visit_no=line.visit_no, start_minute=line.start_minute)
        starts[line.request_id].append(time)
    return Allocation(
        placed=tuple(
            placed.model_copy(update={"visit_times": tuple(starts[placed.request_id])})
            for placed in placements.items
        ),
        unplaced=unplaced.items,
    )


def _strays(placements: Rows[Placed], times: Rows[VisitLine]) -> Iterator[Fault]:
    """Fault visit times of requests that are not placed, or not with that provider."""
    placed = {line.item.request_id: line.item.provider_id for line in placements}
    if placements.keys is None:
        return
    for line in times:
        provider_id = placed.get(line.item.request_id)
        if line.item.request_id not in placements.keys:
            yield times.fault(line, "request_id", f"a request_id of {PLACEMENTS.file}")
        elif provider_id is not None and provider_id != line.item.provider_id:
            yield times.fault(line, "provider_id", f"{provider_id}, as in {PLACEMENTS.file}")


def read_summary(folder: Path) -> Summary:
    """Return the head of an allocation folder.

    Raises
    ------
    BadInputError
        If it is missing or no such summary.
    """
    path = folder / SUMMARY_FILE
    try:
        return Summary.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = cells.shown(getattr(error, "strerror", None) or error)
        expected = "the summary that carematch allocate writes"
        raise BadInputError([Fault(SUMMARY_FILE, 0, "", reason, expected)]) from error
