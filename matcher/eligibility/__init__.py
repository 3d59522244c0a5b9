"""The hard rules: who may serve whom, why not, and the smallest change that would admit them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.eligibility.approval import approval_reasons, span_text
from matcher.eligibility.capacity_rules import MORE_CAPACITY, Capacity, GenericFirst
from matcher.eligibility.carer_rules import Gender, Languages
from matcher.eligibility.client_rules import FOR_WHOM_RULES, for_others
from matcher.eligibility.price_notes import (
    LaterPrice,
    later_prices,
    paid_by,
    price_notes,
    stay_cost_pence,
)
from matcher.eligibility.provider_rules import (
    ContractTerms,
    Excluded,
    MinimumHours,
    Needs,
    NoFerry,
    Radius,
    RatingFloor,
    Service,
    SpecialistBudget,
    Status,
    Zone,
    rated_text,
    rating_warnings,
)
from matcher.eligibility.request_rules import (
    missing_fields,
    request_refusals,
    request_warnings,
)
from matcher.eligibility.rule import Change, Refusal, Rule
from matcher.eligibility.visit_rules import unmakeable
from matcher.enquiry import Enquiry, Starts
from matcher.market import Mask

BUDGET_RULE = SpecialistBudget()
TERM_RULES: tuple[Rule, ...] = (
    Status(),
    Service(),
    *FOR_WHOM_RULES,
    Needs(),
    ContractTerms(),
    Excluded(),
    Zone(),
    NoFerry(),
    Radius(),
    Languages(),
    Gender(),
    RatingFloor(),
    MinimumHours(),
    BUDGET_RULE,
)
"""Cheap rules, judged for every provider."""
CAPACITY_RULE = Capacity()
BATCH_RULES: tuple[Rule, ...] = (*TERM_RULES, CAPACITY_RULE)
"""The rules when everyone waiting is served at once.

There a generic service that could serve somebody alone may be needed by others, so specialist
ones stay open and using them where a generic one could is minimised instead (H12).
"""
GENERIC_FIRST_RULE = GenericFirst(BATCH_RULES)
RULES: tuple[Rule, ...] = (*BATCH_RULES, GENERIC_FIRST_RULE)
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


def judge(enquiry: Enquiry, rules: tuple[Rule, ...] = RULES) -> Verdict:
    """Return what rules say of every provider for one request.

    Parameters
    ----------
    enquiry
        The request and the market.
    rules
        ``RULES`` for one person alone, ``BATCH_RULES`` for everyone at once.
    """
    standing = np.ones(len(enquiry.market), np.bool_)
    passed = []
    for rule in rules:
        passed.append(rule.mask(enquiry, standing))
        standing = standing & passed[-1]
    bits = np.uint32(1) << np.arange(len(rules), dtype=np.uint32)
    return Verdict(enquiry, bits @ ~np.array(passed))


def pair_refusals(
    enquiry: Enquiry, number: int, rules: tuple[Rule, ...] = RULES
) -> tuple[Refusal, ...]:
    """Return every reason against one pair, each from a rule's own words, not from a mask."""
    found = (rule.refusal(enquiry, number) for rule in rules)
    return tuple(refusal for refusal in found if refusal is not None)


def unmet_wishes(verdict: Verdict, chosen: int | None = None) -> tuple[str, ...]:
    """Return why somebody is not with a provider that was asked for by name, a sentence each.

    Parameters
    ----------
    verdict
        What the rules say of everybody.
    chosen
        The provider chosen, of which nothing is to be said.
    """
    enquiry = verdict.enquiry
    return tuple(
        f"{enquiry.request.request_id} asks for {enquiry.market.providers[number].name}: "
        f"{refusals[0].sentence}"
        for number in np.flatnonzero(enquiry.asked_for).tolist()
        if number != chosen and (refusals := verdict.refusals(number))
    )


__all__ = [
    "BATCH_RULES",
    "BUDGET_RULE",
    "CAPACITY_RULE",
    "GENERIC_FIRST_RULE",
    "MORE_CAPACITY",
    "RULES",
    "TERM_RULES",
    "Change",
    "LaterPrice",
    "MinimumHours",
    "RatingFloor",
    "Refusal",
    "Rule",
    "SpecialistBudget",
    "Verdict",
    "approval_reasons",
    "for_others",
    "judge",
    "later_prices",
    "missing_fields",
    "paid_by",
    "pair_refusals",
    "price_notes",
    "rated_text",
    "rating_warnings",
    "request_refusals",
    "request_warnings",
    "span_text",
    "stay_cost_pence",
    "unmakeable",
    "unmet_wishes",
]
