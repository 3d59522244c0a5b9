"""The hard rules: who may serve whom, why not, and the smallest change that would admit them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.eligibility.approval import approval_reasons
from matcher.eligibility.capacity_rules import Capacity, GenericFirst
from matcher.eligibility.provider_rules import (
    ContractTerms,
    Excluded,
    Gender,
    Languages,
    MinimumHours,
    Needs,
    Radius,
    RatingFloor,
    Service,
    SpecialistBudget,
    Status,
    Zone,
)
from matcher.eligibility.request_rules import (
    missing_fields,
    request_refusals,
    request_warnings,
)
from matcher.eligibility.rule import Change, Refusal, Rule
from matcher.enquiry import Enquiry, Starts
from matcher.market import Mask

TERM_RULES: tuple[Rule, ...] = (
    Status(),
    Service(),
    Needs(),
    ContractTerms(),
    Excluded(),
    Zone(),
    Radius(),
    Languages(),
    Gender(),
    RatingFloor(),
    MinimumHours(),
    SpecialistBudget(),
)
"""Cheap rules, judged for every provider."""
CAPACITY_RULE = Capacity()
RULES: tuple[Rule, ...] = (
    *TERM_RULES,
    CAPACITY_RULE,
    GenericFirst((*TERM_RULES, CAPACITY_RULE)),
)
"""Every rule about a pair, in the order in which refusals are listed."""


@dataclass(frozen=True)
class Verdict:
    """What the rules say of one request and every provider.

    Parameters
    ----------
    enquiry
        The request and the market.
    failed
        One bit for each rule of ``RULES`` that refuses the provider, [providers]. Capacity is
        only judged for providers that every cheaper rule admits.
    """

    enquiry: Enquiry
    failed: npt.NDArray[np.uint32]

    @property
    def eligible(self) -> Mask:
        """Providers that no rule refuses."""
        return np.asarray(self.failed == 0, dtype=np.bool_)

    @property
    def starts(self) -> Starts:
        """When the eligible providers could start."""
        return self.enquiry.starts(self.eligible)

    def failed_rules(self, number: int) -> tuple[Rule, ...]:
        """Return the rules that refuse a provider."""
        bits = int(self.failed[number])
        return tuple(rule for bit, rule in enumerate(RULES) if bits >> bit & 1)

    def refusals(self, number: int) -> tuple[Refusal, ...]:
        """Return why a provider is refused; empty when it is eligible."""
        found = (rule.refusal(self.enquiry, number) for rule in self.failed_rules(number))
        return tuple(refusal for refusal in found if refusal is not None)


def judge(enquiry: Enquiry) -> Verdict:
    """Return what every rule says of every provider for one request."""
    standing = np.ones(len(enquiry.market), np.bool_)
    failed = np.zeros(len(enquiry.market), np.uint32)
    for bit, rule in enumerate(RULES):
        passes = rule.mask(enquiry, standing)
        failed |= (~passes).astype(np.uint32) << np.uint32(bit)
        standing = failed == 0
    return Verdict(enquiry, failed)


def pair_refusals(enquiry: Enquiry, number: int) -> tuple[Refusal, ...]:
    """Return every reason against one pair, each from the rule's own words, not from a mask."""
    found = (rule.refusal(enquiry, number) for rule in RULES)
    return tuple(refusal for refusal in found if refusal is not None)


__all__ = [
    "CAPACITY_RULE",
    "RULES",
    "TERM_RULES",
    "Change",
    "Refusal",
    "Rule",
    "Verdict",
    "approval_reasons",
    "judge",
    "missing_fields",
    "pair_refusals",
    "request_refusals",
    "request_warnings",
]
