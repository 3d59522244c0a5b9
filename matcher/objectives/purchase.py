"""The rules of purchase, and equal opportunity between providers."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from matcher.allocation import Placed
from matcher.eligibility import GENERIC_FIRST_RULE
from matcher.enquiry import Enquiry, Starts
from matcher.market import Ints
from matcher.objectives.objective import Timeless, number_of
from matcher.vocabulary import PENCE_PER_POUND, pounds_text


class OfProvider(Timeless):
    """What a provider adds for a person, whatever it is compared with; nobody placed adds 0."""

    def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
        """Ask of the provider proposed what is asked of every candidate."""
        if placed is None:
            return 0
        return int(self.of_providers(enquiry, np.array([number_of(enquiry, placed)]))[0])

    def fixed(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Ask every candidate."""
        return self.of_providers(enquiry, numbers)

    @abstractmethod
    def of_providers(self, enquiry: Enquiry, numbers: Ints) -> Ints:
        """Return what each provider would add, [n]."""


class SpecialistUse(Timeless):
    """1 for a specialist provider of a person whom a generic one could serve alone (H12)."""

    name = "specialist_use"
    title = "Specialist where generic could"
    unit = "people"
    drawback = "is a specialist where a generic service could do"

    def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
        """Ask the rule itself."""
        if placed is None:
            return 0
        return int(GENERIC_FIRST_RULE.refusal(enquiry, number_of(enquiry, placed)) is not None)

    def fixed(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Count specialists that a generic candidate goes before."""
        standing = np.zeros(len(enquiry.market), np.bool_)
        standing[numbers] = True
        return np.asarray(~GENERIC_FIRST_RULE.mask(enquiry, standing)[numbers], np.int64)


class TierSteps(OfProvider):
    """Tiers below the first, where policy asks tiers in order; no tier counts as the ninth."""

    name = "tier_steps"
    title = "Tiers below the first"
    unit = "tiers"
    drawback = "is asked in a later tier"

    def of_providers(self, enquiry: Enquiry, numbers: Ints) -> Ints:
        """Count tiers."""
        market = enquiry.market
        in_order = int(market.policy.rules.tiers_in_order.value)
        return np.asarray((market.tier[numbers] - 1) * in_order, np.int64)


class ContractSteps(OfProvider):
    """Contracts that the policy would use before a provider's own: block before spot (S13)."""

    name = "contract_steps"
    title = "Steps from block towards spot"
    unit = "steps"
    drawback = "is on a contract that is used later"

    def of_providers(self, enquiry: Enquiry, numbers: Ints) -> Ints:
        """Count contracts that go before; those that policy does not name come last, alike."""
        market = enquiry.market
        order = market.policy.allocation.contracts_in_order.value
        steps = np.full(len(market), len(order), np.int64)
        for place, contract in enumerate(order):
            steps[market.on_contract[contract]] = place
        return steps[numbers]


class UnpricedOffers(OfProvider):
    """1 for a provider that has no rate on file, so that its price is anybody's guess."""

    name = "unpriced_offers"
    title = "Offers without a rate on file"
    unit = "people"
    drawback = "has no rate on file"

    def of_providers(self, enquiry: Enquiry, numbers: Ints) -> Ints:
        """Count unknown prices."""
        return (~enquiry.prices.known[numbers]).astype(np.int64)


class AboveRate(OfProvider):
    """Whole pounds a week above the framework rate, each person's rounded up (H9)."""

    name = "above_rate"
    title = "Above framework rate, weekly"
    unit = "pounds a week"
    drawback = "is further above the framework rate"

    def of_providers(self, enquiry: Enquiry, numbers: Ints) -> Ints:
        """Count pounds."""
        return np.asarray(-(-enquiry.above_rate_pence[numbers] // PENCE_PER_POUND), np.int64)

    def text(self, value: int) -> str:
        """Return pounds."""
        return pounds_text(value * PENCE_PER_POUND)

    def amount_text(self, value: int) -> str:
        """Return pounds a week."""
        return f"{self.text(value)} a week"


class RecentOffers(OfProvider):
    """Offers the provider had within the policy's days, by the fairness ledger (S3)."""

    name = "recent_offers"
    title = "Recent offers of those chosen"
    unit = "offers"
    drawback = "had more offers of late"

    def of_providers(self, enquiry: Enquiry, numbers: Ints) -> Ints:
        """Count offers."""
        return np.asarray(enquiry.market.recent_offers[numbers], np.int64)
