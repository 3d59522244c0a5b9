"""Who pays for care: the council, the NHS, a third party and the person, to the penny."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.market import Ints
from matcher.model import CareRequest, Frozen
from matcher.pricing import nights_share, rounded_pence
from matcher.vocabulary import NURSING_CARE, Funding, pounds_text

COUNCIL_PAYS = frozenset({None, Funding.COUNCIL, Funding.JOINT})
"""Fundings under which the council meets a part, and so holds it against its ceilings."""


class PaidBy(Frozen):
    """Who pays what: of a week, or of a stay's total. The four parts add up to the price."""

    council_pence: int = 0
    health_pence: int = 0
    third_party_pence: int = 0
    own_pence: int = 0

    @property
    def price_pence(self) -> int:
        """The price that they add up to."""
        return self.council_pence + self.health_pence + self.third_party_pence + self.own_pence

    @property
    def text(self) -> str:
        """Who pays what in words, leaving out who pays nothing."""
        parts = {
            "council": self.council_pence,
            "NHS": self.health_pence,
            "third party": self.third_party_pence,
            "the person": self.own_pence,
        }
        told = [f"{who} {pounds_text(pence)}" for who, pence in parts.items() if pence]
        return ", ".join(told) or "nobody"


@dataclass(frozen=True)
class Parts:
    """Who pays what at every provider, [providers] each.

    Parameters
    ----------
    council, health, third_party, own
        Pence, which add up to the price.
    held
        What is held against the framework rate and the personal budget: the council's part with
        what the person pays towards it, for the personal budget holds both (Care Act 2014,
        section 26(1)). Nothing where the council pays nothing.
    """

    council: Ints
    health: Ints
    third_party: Ints
    own: Ints
    held: Ints

    def of(self, number: int) -> PaidBy:
        """Return who pays what at one provider."""
        return PaidBy(
            council_pence=int(self.council[number]),
            health_pence=int(self.health[number]),
            third_party_pence=int(self.third_party[number]),
            own_pence=int(self.own[number]),
        )


def council_pays(request: CareRequest) -> bool:
    """Say whether any of a price is the council's: not of self-funders, nor of the NHS's own."""
    return request.funding in COUNCIL_PAYS


def split(request: CareRequest, price_pence: Ints, limit_pence: Ints) -> Parts:
    """Return who pays what of prices.

    The NHS pays first: its nursing contribution, which does not depend on who pays the rest
    (National Framework for NHS Continuing Healthcare and NHS-funded Nursing Care), and its share
    of what is left where funding is joint; or everything. A third party then adds what lies above
    the council's limits, but no more than it agreed to. The person's own contribution is a part
    of what is left, as the council's is. Sums a week count by the night for a stay.

    Parameters
    ----------
    request
        Who asks, and how it is funded.
    price_pence
        A week's price, or a stay's, [providers].
    limit_pence
        The lower of framework rate and budget for the same time, [providers]; ``NO_LIMIT``
        where there is none.
    """
    nothing = np.zeros_like(price_pence)
    if request.funding is Funding.HEALTH:
        return Parts(nothing, price_pence, nothing, nothing, nothing)
    health = np.minimum(_agreed(request, _nursing_pence(request)), price_pence)
    if request.funding is Funding.JOINT:
        share = request.health_share_percent or 0
        health = health + rounded_pence((price_pence - health) * share, 100)
    rest = price_pence - health
    if request.funding is Funding.SELF_FUNDED:
        return Parts(nothing, health, nothing, rest, nothing)
    above = np.maximum(rest - limit_pence, 0)
    third_party = np.minimum(above, _agreed(request, request.third_party_top_up_pence_per_week))
    held = rest - third_party
    own = np.minimum(held, _agreed(request, request.own_contribution_pence_per_week))
    return Parts(held - own, health, third_party, own, held)


def _nursing_pence(request: CareRequest) -> int | None:
    nursing = request.care_type in NURSING_CARE
    return request.nursing_contribution_pence_per_week if nursing else None


def _agreed(request: CareRequest, pence_per_week: int | None) -> int:
    return nights_share(pence_per_week or 0, request.stay_nights)


def budget_pence(request: CareRequest) -> int | None:
    """Return what of the personal budget a price is held against; ``None`` where there is none.

    A week's budget for care until further notice. For a stay it counts by the night, but for
    less than a week no less than a week's: a budget is set by the week (assumed).
    """
    weekly, nights = request.personal_budget_pence_per_week, request.stay_nights
    if weekly is None or not council_pays(request):
        return None
    return weekly if nights is None else nights_share(weekly, max(nights, 7))
