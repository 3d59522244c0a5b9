"""Of one person in an allocation: why there, or who took the capacity, and at what price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from rich.console import Group, RenderableType

from matcher.allocation import Placed, Unplaced
from matcher.eligibility import approval_reasons
from matcher.market import Market
from matcher.model import Frozen
from matcher.policy import Objective
from matcher.report.allocation import REASONS, WHO_DECIDES
from matcher.report.night import Holder, Night, PricedUse, Seat, waited, window_text
from matcher.report.objective import TITLES, amount_text, value_text
from matcher.report.page import BLANK, QUIET, facts, note, notes, page, section, table
from matcher.report.request import request_part
from matcher.report.wording import and_text, count_text, day_text, week_text, word_text
from matcher.result import CapacityPrice
from matcher.solvers.options import Choice, Option
from matcher.vocabulary import Risk, km_text

WHAT_PRICES_ARE = (
    "A point is a person at green risk left unplaced, by the policy's weights; a price is what a "
    "unit more would bring. Prices are those of a relaxation, not always the only ones: they guide "
    "and do not decide."
)
MOST_NAMED = 4
"""Holders named in a sentence."""
MOST_LISTED = 8
"""Holders listed on a page at one provider; the document has all."""


class WhyNot(StrEnum):
    """Why a provider that could serve alone is not the one."""

    NEEDS_APPROVAL = "needs_approval"
    WORSE = "worse"
    DEARER = "dearer"
    TAKEN = "taken"
    AS_GOOD = "as_good"
    OPEN = "open"


class Standing(Frozen):
    """The offer's value by one objective, and its rank among all that could be made alone."""

    objective: Objective
    value: int
    best: int
    rank: int


class Other(Frozen):
    """A provider that could serve alone and is not the one, why not, and who is there instead.

    Points are the worth of the capacity it would take, ``None`` where that was not priced.
    """

    provider_id: str
    name: str
    distance_metres: int
    needs_approval: bool
    why_not: WhyNot
    sentence: str
    scarcity_points: float | None
    uses: tuple[PricedUse, ...]
    holders: tuple[Holder, ...]


class Why(Frozen):
    """What an allocation does for one request, and why: each figure recomputed from the book."""

    request_id: str
    risk: Risk | None
    waiting_days: int | None
    placed: Placed | None
    unplaced: Unplaced | None
    could_serve: int
    uses: tuple[PricedUse, ...]
    standings: tuple[Standing, ...]
    others: tuple[Other, ...]


def explain_place(night: Night, request_id: str, provider_id: str | None = None) -> Why:
    """Return why somebody is placed where they are, or who took the capacity they would need.

    Parameters
    ----------
    night
        The allocation.
    request_id
        A request that waits.
    provider_id
        A provider to keep to; all that could serve alone where not given.

    Raises
    ------
    UnknownIdError
        If the book has no such request.
    MatcherError
        If the request does not wait.
    """
    line, seat = night.line(request_id), night.seat(request_id)
    others: Iterable[Option] = ()
    if seat is not None:
        metres = seat.enquiry.distance_metres
        others = sorted(seat.options, key=lambda o: (int(metres[o.provider]), o.provider))
    providers = night.market.providers
    return Why(
        request_id=request_id,
        risk=night.market.request(request_id).risk,
        waiting_days=waited(night.market, request_id),
        placed=line if isinstance(line, Placed) else None,
        unplaced=line if isinstance(line, Unplaced) else None,
        could_serve=0 if seat is None else len(seat.options),
        uses=() if seat is None or seat.chosen is None else seat.uses(seat.chosen.option) or (),
        standings=() if seat is None else tuple(_standings(seat)),
        others=tuple(
            _other(seat, option)
            for option in others
            if seat is not None
            and (seat.chosen is None or option is not seat.chosen.option)
            and provider_id in {None, providers[option.provider].provider_id}
        ),
    )


def _standings(seat: Seat) -> Iterable[Standing]:
    if seat.chosen is None:
        return
    problem, chosen = seat.problem, seat.chosen
    own = problem.values(seat.number, chosen)
    alone = [
        problem.values(seat.number, seat.alone(option))
        for option in seat.options
        if option is not chosen.option
    ]
    for objective in problem.market.policy.allocation.order.value:
        value, rest = own[objective], [values[objective] for values in alone]
        yield Standing(
            objective=objective,
            value=value,
            best=min([value, *rest]),
            rank=1 + sum(other < value for other in rest),
        )


# -- why not ---------------------------------------------------------------------------------------


def _other(seat: Seat, option: Option) -> Other:
    provider = seat.problem.market.providers[option.provider]
    beside = seat.beside(option)
    holders = () if beside is not None else seat.holders(option)
    why_not, clause = _why_not(seat, option, beside, holders)
    return Other(
        provider_id=provider.provider_id,
        name=provider.name,
        distance_metres=int(seat.enquiry.distance_metres[option.provider]),
        needs_approval=option.needs_approval,
        why_not=why_not,
        sentence=f"{provider.name} {clause}",
        scarcity_points=seat.points(option),
        uses=seat.uses(option) or (),
        holders=holders,
    )


def _why_not(
    seat: Seat,
    option: Option,
    beside: Choice | None,
    holders: Sequence[Holder],
) -> tuple[WhyNot, str]:
    """Return the reason that weighs most, and the rest of a sentence that opens with the name."""
    chosen = seat.chosen
    if option.needs_approval and not (chosen and chosen.option.needs_approval):
        reasons = " ".join(approval_reasons(seat.enquiry, option.provider))
        taken = "" if beside is not None else f" What it has free is taken by {_named(holders)}."
        return WhyNot.NEEDS_APPROVAL, f"needs approval before it may be offered: {reasons}{taken}"
    if chosen is not None:
        return _not_chosen(seat, chosen, option, beside, holders)
    if beside is not None:
        return WhyNot.OPEN, "has room beside everyone placed: the search ended before using it."
    return WhyNot.TAKEN, f"could serve alone; what it has free is taken by {_named(holders)}."


def _not_chosen(
    seat: Seat,
    chosen: Choice,
    option: Option,
    beside: Choice | None,
    holders: Sequence[Holder],
) -> tuple[WhyNot, str]:
    """Return why another provider was chosen for somebody who is placed."""
    difference = _difference(seat, chosen, beside or seat.alone(option))
    if difference is not None and difference[1] > 0:
        return WhyNot.WORSE, f"would be worse in {_told(*difference)}."
    against = "as good in all" if difference is None else f"better in {_told(*difference)}"
    if beside is not None and difference is None:
        return WhyNot.AS_GOOD, f"has room and would be {against}: either would do."
    if beside is not None:
        return WhyNot.OPEN, f"has room and would be {against}: the plan is not proved the best."
    text = f"would be {against}, but what it has free is taken by {_named(holders)}"
    points, paid = seat.points(option), seat.points(chosen.option)
    if points is not None and paid is not None and points > paid:
        return WhyNot.DEARER, f"{text}, priced at {points:.2f} points against {paid:.2f}."
    return WhyNot.TAKEN, f"{text}."


def _difference(seat: Seat, chosen: Choice, other: Choice) -> tuple[Objective, int] | None:
    """Return the first objective in which another choice differs, and by how much it is worse."""
    own = seat.problem.values(seat.number, chosen)
    theirs = seat.problem.values(seat.number, other)
    for objective in seat.problem.market.policy.allocation.order.value:
        if own[objective] != theirs[objective]:
            return objective, theirs[objective] - own[objective]
    return None


def _told(objective: Objective, difference: int) -> str:
    return f'"{TITLES[objective]}" by {amount_text(objective, abs(difference))}'


def _named(holders: Sequence[Holder]) -> str:
    names = [holder.request_id for holder in holders[:MOST_NAMED]]
    more = len(holders) - len(names)
    return and_text([*names, count_text(more, "other")] if more else names)


# -- the page --------------------------------------------------------------------------------------


def why_page(market: Market, why: Why) -> Group:
    """Return why somebody is where they are, or who took the capacity."""
    request = market.request(why.request_id)
    return page([request_part(market, request), *why_parts(market, why), note(WHO_DECIDES)])


def why_parts(market: Market, why: Why) -> list[RenderableType]:
    """Return the sections of the page that speak of the allocation."""
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
        told = (_prices(paid), BLANK, note(WHAT_PRICES_ARE, QUIET))
        parts.append(section("What that capacity is worth", *told))
    return parts


def why_document(why: Why) -> dict[str, Any]:
    """Return the answer for a JSON document."""
    return why.model_dump(mode="json")


def _place(market: Market, why: Why, placed: Placed) -> Group:
    provider = market.providers[market.provider_number(placed.provider_id)]
    told = [
        ("Status", word_text(placed.status)),
        ("Where", f"{provider.postcode}, {km_text(placed.distance_metres)} away"),
        ("Starts", day_text(placed.start_date)),
        ("Cost", week_text(placed.weekly_cost_pence)),
        ("Capacity", _points_text(placed.scarcity_points)),
        ("Could serve", f"{count_text(why.could_serve, 'provider')} alone, this one among them"),
    ]
    title = f"Why {provider.name} ({provider.provider_id})"
    return section(title, facts(told), notes(placed.reasons))


def _points_text(points: float | None) -> str:
    if points is None:
        return "not priced"
    return f"worth {points:.2f} points to all who wait" if points else "not scarce: 0.00 points"


def _no_place(why: Why, unplaced: Unplaced) -> Group:
    told = [
        ("Reason", f"{unplaced.reason}: {REASONS[unplaced.reason]}"),
        ("In full", unplaced.detail),
        ("Nearest", unplaced.nearest_miss or "nothing"),
        ("Could serve", f"{count_text(why.could_serve, 'provider')} alone"),
    ]
    return section("Why nobody", facts(told))


def _standing(why: Why) -> Group:
    """Return the objectives to which the offer adds anything; less would be better."""
    rows = [
        (
            TITLES[standing.objective],
            value_text(standing.objective, standing.value),
            value_text(standing.objective, standing.best),
            f"{standing.rank} of {why.could_serve}",
        )
        for standing in why.standings
        if standing.value
    ]
    columns = ("Objective, less is better", "Here", "Best alone", "Rank")
    shown = table(columns, rows, right=columns[1:])
    return section("Where it stands, in the published order", shown)


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
    return table(("Provider", "Away", "Points", "Why not"), rows, right=("Away", "Points"))


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
    columns = ("At", "Capacity", "Unit", "A unit", "Needed", "Points")
    return table(columns, rows, right=("A unit", "Needed", "Points"), whole=("Unit",))
