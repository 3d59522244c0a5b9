"""Packages that no agency can take alone and two could share, each with visits of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from matcher.eligibility import BATCH_RULES, MinimumHours, SpecialistBudget, Verdict, judge
from matcher.enquiry import Enquiry
from matcher.market import Mask, all_of
from matcher.model import CareRequest, Frozen, HomecarePackage, Visit
from matcher.vocabulary import GRID_MINUTES, pounds_text

MOST_PIECES = 8
"""A package of more pieces is only divided by whole bands, and by no more of those."""
_MORE_VISITS_MAY_HELP = np.uint32(
    sum(
        1 << bit
        for bit, rule in enumerate(BATCH_RULES)
        if isinstance(rule, MinimumHours | SpecialistBudget)
    )
)
"""Rules that may refuse one piece of a part and admit the whole of it."""


class Part(Frozen):
    """One agency's part of a package that two would share."""

    provider_id: str
    name: str
    distance_metres: int
    visit_nos: tuple[int, ...]
    weekly_cost_pence: int | None


class TwoAgencies(Frozen):
    """Two agencies that could share a package; each visit is made by one of them.

    ``weekly_cost_pence`` is that of both together; ``None`` where one has no rate on file.
    """

    parts: tuple[Part, Part]
    weekly_cost_pence: int | None
    sentence: str


@dataclass(frozen=True, eq=False)
class _Half:
    """Some visits of a package as an enquiry of their own, with what the rules say of everybody."""

    visits: tuple[Visit, ...]
    verdict: Verdict

    @property
    def enquiry(self) -> Enquiry:
        return self.verdict.enquiry

    def numbers(self) -> list[int]:
        """Return who could make these visits."""
        found: list[int] = np.flatnonzero(self.verdict.eligible).tolist()
        return found

    def pence(self, number: int) -> int | None:
        """Return the cost of these visits a week with one provider."""
        prices = self.enquiry.prices
        return int(prices.weekly_pence[number]) if prices.known[number] else None

    def at_the_door(self, number: int) -> Iterator[tuple[Visit, int]]:
        """Yield each visit with the start offered, in minutes of the day."""
        slots = self.verdict.starts.visit_slots[number].tolist()
        for visit, slot in zip(self.enquiry.request.package.visits, slots, strict=True):
            yield visit, slot * GRID_MINUTES


def second_agency(enquiry: Enquiry) -> TwoAgencies | None:
    """Return the cheapest two agencies that could share a package between them, else ``None``.

    Each passes every rule for its own part, and has times for it at which nobody meets the other
    at the door. Of equal cost the nearer two come first. Every way to part the visits is tried;
    only where the times first found for two parts would meet are others not looked for.

    Parameters
    ----------
    enquiry
        A request for homecare that nobody can serve alone.
    """
    best: tuple[tuple[int, int, int, str, str], _Half, int, _Half, int] | None = None
    for one, other in _halves(enquiry):
        for first in one.numbers():
            for second in other.numbers():
                key = _key(one, first, other, second)
                if (
                    first != second
                    and (best is None or key < best[0])
                    and _apart(one, first, other, second)
                ):
                    best = (key, one, first, other, second)
    return None if best is None else _told(enquiry, *best[1:])


def _key(one: _Half, first: int, other: _Half, second: int) -> tuple[int, int, int, str, str]:
    costs = one.pence(first), other.pence(second)
    metres = one.enquiry.distance_metres
    providers = one.enquiry.market.providers
    return (
        costs.count(None),
        sum(cost or 0 for cost in costs),
        int(metres[first] + metres[second]),
        providers[first].provider_id,
        providers[second].provider_id,
    )


def _apart(one: _Half, first: int, other: _Half, second: int) -> bool:
    """Say whether no visit of one agency overlaps a visit of the other at the door."""
    theirs = list(other.at_the_door(second))
    return not any(
        set(visit.days) & set(later.days)
        and start < begins + later.minutes
        and begins < start + visit.minutes
        for visit, start in one.at_the_door(first)
        for later, begins in theirs
    )


def _halves(enquiry: Enquiry) -> Iterator[tuple[_Half, _Half]]:
    """Yield the ways to part the visits in two, the first visit always in the first part.

    Parts are only judged where somebody could make each piece of them, and nothing is tried once
    nobody can make some piece: that costs one judgement a piece.
    """
    pieces = _pieces(enquiry.request.package.visits)
    if not 1 < len(pieces) <= MOST_PIECES:
        return
    known: dict[tuple[int, ...], _Half] = {}

    def half_of(part: tuple[int, ...]) -> _Half:
        if part not in known:
            known[part] = _half(enquiry, [pieces[number] for number in part])
        return known[part]

    alone: list[Mask] = []
    for number in range(len(pieces)):
        alone.append((half_of((number,)).verdict.failed & ~_MORE_VISITS_MAY_HELP) == 0)
        if not alone[number].any():
            return
    for size in range(len(pieces) - 1):
        for others in combinations(range(1, len(pieces)), size):
            chosen = (0, *others)
            left = tuple(number for number in range(len(pieces)) if number not in chosen)
            is_open = all(all_of(alone[n] for n in part).any() for part in (chosen, left))
            if is_open and half_of(chosen).numbers():
                yield half_of(chosen), half_of(left)


def _pieces(visits: tuple[Visit, ...]) -> list[list[Visit]]:
    """Return the visits in the smallest pieces that may be parted, or whole bands if too many."""
    pieces = _kept_together(visits, [[visit] for visit in visits])
    if len(pieces) > MOST_PIECES:
        bands = dict.fromkeys(visit.band for visit in visits)
        pieces = _kept_together(visits, [[v for v in visits if v.band == band] for band in bands])
    return pieces


def _kept_together(visits: tuple[Visit, ...], pieces: list[list[Visit]]) -> list[list[Visit]]:
    """Join the pieces whose visits are linked, or have a prescribed gap between them."""
    piece_of = {visit.visit_no: number for number, each in enumerate(pieces) for visit in each}
    for visit in visits:
        for other in (visit.with_visit, visit.after_visit, visit.gap_from):
            if other is not None:
                kept, joined = sorted((piece_of[visit.visit_no], piece_of[other]))
                piece_of.update({no: kept for no, piece in piece_of.items() if piece == joined})
    joint = [[v for v in visits if piece_of[v.visit_no] == number] for number in range(len(pieces))]
    return [piece for piece in joint if piece]


def _half(enquiry: Enquiry, pieces: list[list[Visit]]) -> _Half:
    """Return some pieces of a package as an enquiry of their own."""
    package = HomecarePackage(visits=tuple(visit for piece in pieces for visit in piece))
    request: CareRequest = enquiry.request.model_copy(update={"package": package})
    return _Half(package.visits, judge(Enquiry(enquiry.market, request), BATCH_RULES))


def _told(enquiry: Enquiry, one: _Half, first: int, other: _Half, second: int) -> TwoAgencies:
    parts = (_part(one, first), _part(other, second))
    costs = [part.weekly_cost_pence for part in parts]
    together = None if None in costs else sum(cost or 0 for cost in costs)
    price = "" if together is None else f", {pounds_text(together)} a week together"
    shares = [
        f"{part.name} makes {_visits_text(enquiry, half.visits)}"
        for part, half in zip(parts, (one, other), strict=True)
    ]
    sentence = f"would do if two agencies share it: {' and '.join(shares)}{price}"
    return TwoAgencies(parts=parts, weekly_cost_pence=together, sentence=sentence)


def _part(half: _Half, number: int) -> Part:
    provider = half.enquiry.market.providers[number]
    return Part(
        provider_id=provider.provider_id,
        name=provider.name,
        distance_metres=int(half.enquiry.distance_metres[number]),
        visit_nos=tuple(sorted(visit.visit_no for visit in half.visits)),
        weekly_cost_pence=half.pence(number),
    )


def _visits_text(enquiry: Enquiry, visits: tuple[Visit, ...]) -> str:
    """Return visits by their bands where that tells them apart from all others."""
    bands = [visit.band for visit in enquiry.request.package.visits]
    told = [
        str(visit.band) if visit.band and bands.count(visit.band) == 1 else f"no. {visit.visit_no}"
        for visit in sorted(visits, key=lambda visit: visit.visit_no)
    ]
    noun = "visit" if len(told) == 1 else "visits"
    listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return f"the {listed} {noun}"
