"""Who is placed where in a plan, and who waits and why: a line a person, the most urgent first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rich.console import Group, RenderableType
from rich.text import Text

from matcher.allocation import (
    NOT_SEARCHED,
    Allocation,
    Placed,
    PlacementStatus,
    Unplaced,
    UnplacedReason,
)
from matcher.market import Market
from matcher.report.page import ALERT, QUIET, cut, listing, note, section
from matcher.report.wording import cost_text, plain_text, short_day_text
from matcher.vocabulary import Risk

MOST_PEOPLE = 5
"""So many people stand under each heading; the files have all."""
REASONS = {
    UnplacedReason.OWN_PANEL: "a panel of its own nominates",
    UnplacedReason.NOT_AGREED: "plan or funding not agreed yet",
    UnplacedReason.INCOMPLETE: "something is not recorded yet",
    UnplacedReason.NOT_ARRANGEABLE: "may not be searched for as recorded",
    UnplacedReason.NO_SUITABLE_PROVIDER: "no suitable provider",
    UnplacedReason.NO_CAPACITY: "suitable providers, but none with room",
    UnplacedReason.CAPACITY_TAKEN: "the room goes to others in this plan",
}
NEARLY = {
    UnplacedReason.NO_SUITABLE_PROVIDER: "nobody suitable",
    UnplacedReason.NO_CAPACITY: "no room",
}
"""Reasons told shortly, to leave the line for what would come nearest to a place."""


def placed_part(market: Market, allocation: Allocation) -> Group | None:
    """Return who is placed where, from when and at what price; ``None`` where nobody is."""
    lines = sorted(allocation.placed, key=lambda line: _urgency(market, line.request_id))
    rows = [_placed_row(market, line) for line in lines[:MOST_PEOPLE]]
    return _bounded("Placed", rows, len(lines), "placements.csv")


def waiting_part(market: Market, allocation: Allocation) -> Group | None:
    """Return who has no place and why; ``None`` where everybody has one."""
    lines = sorted(allocation.unplaced, key=lambda line: _urgency(market, line.request_id))
    rows = [
        (line.request_id, _risk_text(market, line.request_id), cut(why_waiting(line)))
        for line in lines[:MOST_PEOPLE]
    ]
    return _bounded("No place", rows, len(lines), "unplaced.csv")


def _bounded(
    title: str, rows: Sequence[Sequence[str | Text]], number: int, file: str
) -> Group | None:
    parts: list[RenderableType] = [listing(rows)]
    if number > len(rows):
        parts.append(note(f"and {number - len(rows):,} more in {file}", QUIET))
    return section(title, *parts) if rows else None


def _placed_row(market: Market, line: Placed) -> tuple[str | Text, ...]:
    provider = market.providers[market.provider_number(line.provider_id)]
    nights = market.request(line.request_id).stay_nights
    price = "no price on file"
    if line.weekly_cost_pence is not None:
        price = cost_text(line.weekly_cost_pence, line.stay_cost_pence, nights)
    start = short_day_text(line.start_date, market.book.as_of)
    waits = line.status is PlacementStatus.NEEDS_APPROVAL
    return (
        line.request_id,
        _risk_text(market, line.request_id),
        f"{start}, {price}",
        Text(f"{provider.name}, once approved", ALERT) if waits else provider.name,
    )


def why_waiting(line: Unplaced) -> str:
    """Return why somebody has no place, and what would come nearest to one, in a few words."""
    if line.reason in NOT_SEARCHED:
        told = plain_text(line.detail).removeprefix(f"{line.request_id} ").replace("_", " ")
        return told.removesuffix(".")
    if line.reason in NEARLY and line.nearest_miss:
        return f"{NEARLY[line.reason]}; {line.nearest_miss}"
    return REASONS[line.reason]


def _risk_text(market: Market, request_id: str) -> str:
    return market.request(request_id).risk or "no risk"


def _urgency(market: Market, request_id: str) -> tuple[int, date, str]:
    request = market.request(request_id)
    known = [*Risk].index(request.risk) if request.risk else len(Risk)
    return known, request.waiting_since or date.max, request_id
