"""Of one person in an allocation: the answer in a sentence, and the figures behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType

from matcher.allocation import NOT_SEARCHED, Placed, PlacementStatus, Unplaced
from matcher.eligibility import rated_text
from matcher.market import Market
from matcher.report.allocation import WHO_DECIDES
from matcher.report.night import Holder, PricedUse, window_text
from matcher.report.objective import title_of, value_text
from matcher.report.page import (
    BLANK,
    QUIET,
    facts,
    heading,
    listing,
    note,
    notes,
    page,
    section,
    table,
)
from matcher.report.people import REASONS
from matcher.report.request import request_part
from matcher.report.why import Other, Why
from matcher.report.wording import (
    and_text,
    cost_text,
    count_text,
    day_text,
    plain_text,
    rating_text,
    short_day_text,
    word_text,
)
from matcher.result import CapacityPrice
from matcher.vocabulary import km_text

WHAT_WORTH_IS = (
    "A worth of 1 is a person at green risk left without a place, by the policy's weights; that of "
    "a unit is what one more would bring. It is an estimate: it guides and does not decide."
)
MORE = "Where it stands by each aim, who holds what, and what room is worth: --why"
MOST_OTHERS = 6
"""So many other providers stand on the first page."""
MOST_LISTED = 8
"""Holders listed on a page at one provider; the document has all."""


def why_page(market: Market, why: Why) -> Group:
    """Return the answer about one person: in a sentence, then each other provider in a line."""
    parts: list[RenderableType] = [heading(_answer(market, why)), BLANK]
    if why.placed is not None:
        parts += [notes(_reasons(market, why.placed)), BLANK]
    if why.unplaced is not None:
        parts.append(note(plain_text(why.unplaced.detail)))
        open_to_all = why.unplaced.reason not in NOT_SEARCHED
        if open_to_all and not why.others:
            parts.append(note(f"Nearest: {_nearest(why.unplaced)}."))
        parts.append(BLANK)
    if why.others:
        title = "Why not the others, nearest first" if why.placed else "Who could serve alone"
        rows = [(km_text(o.distance_metres), plain_text(o.sentence)) for o in why.others]
        listed = [listing(rows[:MOST_OTHERS], right=(0,))]
        if len(rows) > MOST_OTHERS:
            more = count_text(len(rows) - MOST_OTHERS, "other")
            listed.append(note(f"and {more} (--why names all)", QUIET))
        parts.append(section(title, *listed))
    holders = {holder.request_id: holder for other in why.others for holder in other.holders}
    if why.unplaced is not None and holders:
        there = [(name, _holder_text(holder)) for name, holder in holders.items()]
        parts.append(section("Who is there", listing(there[:MOST_OTHERS])))
    return page([*parts, note(WHO_DECIDES), note(MORE, QUIET)])


def _reasons(market: Market, placed: Placed) -> list[str]:
    """Return why somebody is there, without what the sentence above has told already."""
    provider = market.providers[market.provider_number(placed.provider_id)]
    told = {rated_text(provider), f"{km_text(placed.distance_metres)} away"}
    return [plain_text(text) for text in placed.reasons if text not in told]


def _answer(market: Market, why: Why) -> str:
    """Return in one sentence where somebody is proposed, or that there is no place and why."""
    if why.placed is None:
        reason = REASONS[why.unplaced.reason] if why.unplaced else "nothing is proposed"
        return f"{why.request_id} has no place: {reason}."
    placed = why.placed
    name = market.providers[market.provider_number(placed.provider_id)].name
    start = short_day_text(placed.start_date, market.book.as_of)
    wanted = market.request(why.request_id).wanted_by
    if wanted is not None and placed.start_date > wanted:
        start += f" (wanted by {short_day_text(wanted, market.book.as_of)})"
    cost = "no price on file"
    if placed.weekly_cost_pence is not None:
        cost = _cost_text(market, placed)
    away = km_text(placed.distance_metres)
    awaits = "" if placed.status is PlacementStatus.PROPOSED else ", once its price is approved"
    rated = f"CQC {rating_text(placed.cqc_rating, placed.cqc_rated_on)}"
    told = f"{start}, {cost}, {away} away, {rated}{awaits}"
    return f"{why.request_id} is proposed to {name} from {told}."


def _cost_text(market: Market, placed: Placed) -> str:
    nights = market.request(placed.request_id).stay_nights
    return cost_text(placed.weekly_cost_pence, placed.stay_cost_pence, nights)


def _holder_text(holder: Holder) -> str:
    """Return the risk and the wait of somebody who holds room, and what they hold."""
    risk = holder.risk.value if holder.risk else "risk not recorded"
    days = holder.waiting_days
    waits = "" if days is None else f", waited {count_text(days, 'day')}"
    return f"{risk}{waits}: {holder.holds}"


def _nearest(unplaced: Unplaced) -> str:
    return unplaced.nearest_miss or "nobody"


def why_evidence(market: Market, why: Why) -> Group:
    """Return what the answer rests on: each aim, each other provider, and what room is worth."""
    request = market.request(why.request_id)
    return page([BLANK, request_part(market, request), *_evidence(market, why)])


def _evidence(market: Market, why: Why) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if why.placed is not None:
        parts += [_place(market, why, why.placed), *([_standing(why)] if why.others else [])]
    elif why.unplaced is not None:
        parts.append(_no_place(why, why.unplaced))
    if why.others:
        title = "Why not the others" if why.placed else "Who could serve alone"
        parts.append(section(title, _others(why.others)))
    if any(other.holders for other in why.others):
        parts.append(section("Who has what they have free", _holders(why.others)))
    paid = [(why.placed.provider_id, use) for use in why.uses] if why.placed else []
    paid += [(other.provider_id, use) for other in why.others for use in other.uses]
    if paid:
        told = (_prices(paid), BLANK, note(WHAT_WORTH_IS, QUIET))
        parts.append(section("What that room is worth to all who wait", *told))
    return parts


def _place(market: Market, why: Why, placed: Placed) -> Group:
    provider = market.providers[market.provider_number(placed.provider_id)]
    told = [
        ("Status", word_text(placed.status)),
        ("Where", f"{provider.postcode}, {km_text(placed.distance_metres)} away"),
        ("Starts", day_text(placed.start_date)),
        ("Cost", _cost_text(market, placed)),
        ("Room", _worth_text(placed.scarcity_points)),
        ("Could serve", f"{count_text(why.could_serve, 'provider')} alone, this one among them"),
    ]
    title = f"Why {provider.name} ({provider.provider_id})"
    return section(title, facts(told), notes(placed.reasons))


def _worth_text(points: float | None) -> str:
    if points is None:
        return "what it is worth to others was not worked out"
    return f"worth {points:.2f} to all who wait" if points else "nobody else needs it"


def _no_place(why: Why, unplaced: Unplaced) -> Group:
    told = [
        ("Reason", f"{unplaced.reason}: {REASONS[unplaced.reason]}"),
        ("In full", unplaced.detail),
        ("Nearest", _nearest(unplaced)),
        ("Could serve", f"{count_text(why.could_serve, 'provider')} alone"),
    ]
    return section("Why nobody", facts(told))


def _standing(why: Why) -> Group:
    """Return the objectives to which the offer adds anything; less would be better."""
    rows = [
        (
            title_of(standing.objective),
            value_text(standing.objective, standing.value),
            value_text(standing.objective, standing.best),
            f"{standing.rank} of {why.could_serve}",
        )
        for standing in why.standings
        if standing.value
    ]
    columns = ("Aim, less is better", "Here", "Best alone", "Rank")
    shown = table(columns, rows, right=columns[1:])
    return section("Where it stands by each aim, most important first", shown)


def _others(others: Sequence[Other]) -> RenderableType:
    rows = [
        (
            other.provider_id,
            km_text(other.distance_metres),
            "?" if other.scarcity_points is None else f"{other.scarcity_points:.2f}",
            other.sentence,
        )
        for other in others
    ]
    return table(("Provider", "Away", "Worth", "Why not"), rows, right=("Away", "Worth"))


def _holders(others: Sequence[Other]) -> RenderableType:
    rows = [
        (
            other.provider_id,
            holder.request_id,
            holder.risk.value if holder.risk else "?",
            "?" if holder.waiting_days is None else count_text(holder.waiting_days, "day"),
            holder.holds,
        )
        for other in others
        for holder in other.holders[:MOST_LISTED]
    ]
    shown = table(("At", "Request", "Risk", "Waited", "Holds"), rows, whole=("Risk", "Waited"))
    more = {other.provider_id: len(other.holders) - MOST_LISTED for other in others}
    cut = [f"{name}: {count_text(n, 'other')}" for name, n in more.items() if n > 0]
    return page(
        [shown, note(f"Not listed here, but by --json: {and_text(cut)}.", QUIET)]
        if cut
        else [shown]
    )


def _unit_text(price: CapacityPrice) -> str:
    unit = word_text(price.unit)
    if price.most_each is not None:
        unit += f", {price.most_each} a {'bed' if price.first_night else 'carer'}"
    return unit if price.carers is None else f"{unit}, {price.carers} carers at once"


def _prices(paid: Iterable[tuple[str, PricedUse]]) -> RenderableType:
    rows = [
        (
            provider_id,
            window_text(use.price),
            _unit_text(use.price),
            f"{use.price.points:.4f}",
            f"{use.units:.2f}",
            f"{use.points:.2f}",
        )
        for provider_id, use in paid
    ]
    columns = ("At", "Room", "Unit", "A unit", "Needed", "Worth")
    return table(columns, rows, right=("A unit", "Needed", "Worth"), whole=("Unit",))
