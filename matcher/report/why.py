"""Of one person in an allocation: why there, or who took the capacity, and at what price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from matcher.allocation import Placed, Unplaced
from matcher.eligibility import approval_reasons
from matcher.model import Frozen
from matcher.objectives import Objective
from matcher.report.night import Holder, Night, PricedUse, Seat, waited
from matcher.report.wording import and_text, count_text
from matcher.solvers.instance.candidates import Choice, Option
from matcher.vocabulary import Risk

MOST_NAMED = 4
"""Holders named in a sentence."""


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

    objective: str
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
    options = () if seat is None else _of_providers(seat)
    providers = night.market.providers
    return Why(
        request_id=request_id,
        risk=night.market.request(request_id).risk,
        waiting_days=waited(night.market, request_id),
        placed=line if isinstance(line, Placed) else None,
        unplaced=line if isinstance(line, Unplaced) else None,
        could_serve=len(options),
        uses=() if seat is None or seat.chosen is None else seat.uses(seat.chosen.option) or (),
        standings=() if seat is None else tuple(_standings(seat)),
        others=tuple(
            _other(seat, option)
            for option in options
            if seat is not None
            and (seat.chosen is None or option is not seat.chosen.option)
            and provider_id in {None, providers[option.provider].provider_id}
        ),
    )


def _of_providers(seat: Seat) -> tuple[Option, ...]:
    """Return one option of each provider, nearest first: the one taken, else the first to begin.

    A home has several where its price depends on the day of admission; it is one home all the same.
    """
    metres, taken = seat.enquiry.distance_metres, seat.chosen and seat.chosen.option
    best: dict[int, Option] = {}
    for option in sorted(seat.options, key=lambda o: (o is not taken, o.first_day)):
        best.setdefault(option.provider, option)
    return tuple(sorted(best.values(), key=lambda o: (int(metres[o.provider]), o.provider)))


def _standings(seat: Seat) -> Iterable[Standing]:
    if seat.chosen is None:
        return
    problem, chosen = seat.problem, seat.chosen
    own = problem.values(seat.number, chosen)
    alone = [
        problem.values(seat.number, seat.alone(option))
        for option in _of_providers(seat)
        if option is not chosen.option
    ]
    for stage, (objective, value) in enumerate(zip(problem.order, own, strict=True)):
        rest = [values[stage] for values in alone]
        yield Standing(
            objective=objective.name,
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
    if beside is not None and seat.goes_behind(option):
        return WhyNot.WORSE, "is a specialist service; a generic one with room goes first (H12)."
    other = beside or seat.alone(option)
    difference = _difference(seat, chosen, other)
    if difference is not None and difference[1] > 0:
        return WhyNot.WORSE, f"would be worse in {_told(seat, *difference, chosen, other)}."
    against = "as good in all"
    if difference is not None:
        against = f"better in {_told(seat, *difference, other, chosen)}"
    if beside is not None and difference is None:
        return WhyNot.AS_GOOD, f"has room and would be {against}: {_tie(chosen.option, option)}."
    if beside is not None:
        return WhyNot.OPEN, f"has room and would be {against}: the plan is not proved the best."
    text = f"would be {against}, but what it has free is taken by {_named(holders)}"
    points, paid = seat.points(option), seat.points(chosen.option)
    if points is not None and paid is not None and points > paid:
        worth = f"which is worth more to all who wait: {points:.2f} against {paid:.2f}"
        return WhyNot.DEARER, f"{text}, {worth}."
    return WhyNot.TAKEN, f"{text}."


def _difference(seat: Seat, chosen: Choice, other: Choice) -> tuple[Objective, int] | None:
    """Return the first objective in which another choice differs, and by how much it is worse."""
    own = seat.problem.values(seat.number, chosen)
    theirs = seat.problem.values(seat.number, other)
    for objective, mine, other_one in zip(seat.problem.order, own, theirs, strict=True):
        if mine != other_one:
            return objective, other_one - mine
    return None


def _tie(chosen: Option, other: Option) -> str:
    """Return what settled it between two that are as good, as it settles shortlists (S3)."""
    if other.tie < chosen.tie:
        return "either would do"
    if other.tie[0] > chosen.tie[0]:
        return "the one chosen has waited longer for an offer"
    return "the one chosen was drawn by lot"


def _told(seat: Seat, objective: Objective, difference: int, better: Choice, worse: Choice) -> str:
    """Return an objective with the difference in it, and what makes most of that."""
    lines = (seat.problem.placed(choice) for choice in (better, worse))
    mostly = objective.mostly(seat.enquiry, *lines)
    told = objective.difference_text(abs(difference))
    return f"{told}, most of it {mostly}" if mostly else told


def _named(holders: Sequence[Holder]) -> str:
    names = [holder.request_id for holder in holders[:MOST_NAMED]]
    more = len(holders) - len(names)
    return and_text([*names, count_text(more, "other")] if more else names)


def why_document(why: Why) -> dict[str, Any]:
    """Return the answer for a JSON document."""
    return why.model_dump(mode="json")
