"""Whom an allocation may name: everybody who waits once, and only pairs that the rules admit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from matcher.allocation import NOT_SEARCHED, Placed, Unplaced
from matcher.eligibility import BATCH_RULES, pair_refusals, request_refusals
from matcher.enquiry import Enquiry
from matcher.referee.case import Case, Violation
from matcher.referee.whom import RECOUNTED


def everyone_once(case: Case) -> Iterator[Violation]:
    """Every waiting request stands in exactly one list, and nobody else does (H29)."""
    lines = Counter(line.request_id for line in case.allocation.placed)
    lines.update(line.request_id for line in case.allocation.unplaced)
    waiting = {request.request_id for request in case.market.book.waiting}
    for request_id in sorted(waiting - lines.keys()):
        yield Violation("LOST", request_id, "stands in neither list")
    for request_id, count in sorted(lines.items()):
        if count > 1:
            yield Violation("TWICE", request_id, f"stands in the lists {count} times")
    for line in case.allocation.unplaced:
        if line.request_id not in waiting:
            yield Violation("NOT_WAITING", line.request_id, "is unplaced but does not wait")
        if not line.detail.strip():
            yield Violation("DETAIL", line.request_id, "is unplaced without a word of why")
        if line.request_id in waiting:
            yield from reason_is_right(case, line)


def reason_is_right(case: Case, line: Unplaced) -> Iterator[Violation]:
    """Whether a request may be searched for at all agrees with the coded reason (H29)."""
    request = case.requests[line.request_id]
    refused = request_refusals(request, case.market.book, case.market.policy)
    if bool(refused) != (line.reason in NOT_SEARCHED):
        told = "may not" if refused else "may"
        yield Violation(
            "REASON",
            line.request_id,
            f"is unplaced as {line.reason}, but {told} be searched for",
        )


def known_ids(case: Case, placed: Placed) -> Iterator[Violation]:
    """Only requests of the book, and providers of it that are somewhere."""
    if placed.request_id not in case.requests:
        yield Violation("UNKNOWN_REQUEST", placed.request_id, "is not in the book")
    if placed.provider_id not in case.providers:
        yield Violation("UNKNOWN_PROVIDER", placed.provider_id, "is not in the book, or nowhere")


def request_may_be_placed(case: Case, placed: Placed) -> Iterator[Violation]:
    """Signed off, complete, not already running (H1, H2, H18)."""
    request = case.requests[placed.request_id]
    for refusal in request_refusals(request, case.market.book, case.market.policy):
        yield Violation(refusal.rule_id, placed.request_id, refusal.sentence)


def pair_is_eligible(case: Case, enquiry: Enquiry, placed: Placed) -> Iterator[Violation]:
    """Keep every other rule between request and provider, by the words of the rule itself."""
    number = case.market.provider_number(placed.provider_id)
    others = tuple(rule for rule in BATCH_RULES if rule.rule_id not in RECOUNTED)
    for refusal in pair_refusals(enquiry, number, others):
        yield Violation(refusal.rule_id, placed.request_id, refusal.sentence)
