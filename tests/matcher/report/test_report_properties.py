"""Whatever a book holds, its pages fit, its sums add up and its documents can be written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.eligibility import request_refusals
from matcher.files import BookFolder
from matcher.files.results import summarise
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book, CareRequest
from matcher.policy import Policy
from matcher.report.allocation import allocation_evidence, allocation_page, in_a_sentence
from matcher.report.book import book_document, book_evidence, book_page, holdings
from matcher.report.pair import explain_pair, pair_document, pair_evidence, pair_page
from matcher.report.shortlist import shortlist_document, shortlist_evidence, shortlist_page
from matcher.result import Method
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from tests.matcher.report.printed import one_line, printed
from tests.serving_books import serving_books
from tests.strategies import books

WIDTHS = st.sampled_from([80, 110])
SUM = re.compile(r"([\d,]+\.\d\d) / (\d+) = (\d+\.\d\d)")


def _searchable(market: Market) -> Iterator[CareRequest]:
    for request in market.book.waiting:
        if not request_refusals(request, market.book, market.policy):
            yield request


def _fits(text: str, width: int) -> bool:
    return all(len(line) <= width for line in text.splitlines())


@settings(max_examples=40, deadline=None)
@given(book=books() | serving_books(), width=WIDTHS)
def test_the_page_of_any_book_fits_and_counts(book: Book, width: int, policy: Policy) -> None:
    """A summary names everybody who waits, and its parts add up to the whole."""
    folder = BookFolder(book, policy, None, ())
    assert _fits(printed(book_page(folder), width), width)
    assert _fits(printed(book_evidence(folder), width), width)
    json.dumps(book_document(folder), allow_nan=False)
    held = holdings(book, policy, policy_is_own=False)
    assert sum(held.waiting_by_service.values()) == held.waiting == len(book.waiting)
    assert sum(held.waiting_by_risk.values()) == held.waiting
    assert held.agencies + held.care_homes == len(book.providers)
    assert sum(held.providers_by_status.values()) == len(book.providers)
    refused = held.waiting - held.arrangeable
    assert max(held.held_back.values(), default=0) <= refused <= sum(held.held_back.values())


@settings(max_examples=40, deadline=None)
@given(book=serving_books(), width=WIDTHS)
def test_the_page_of_any_shortlist_fits_and_adds_up(
    book: Book, width: int, policy: Policy, gazetteer: Gazetteer
) -> None:
    """Every option stands on the page with a sum that gives its total."""
    market = Market(book, policy, gazetteer)
    for request in _searchable(market):
        search = make_shortlist(market, request.request_id)
        assert _fits(printed(shortlist_page(market, search), width), width)
        page = shortlist_evidence(market, search)
        assert _fits(printed(page, width), width)
        json.dumps(shortlist_document(search), allow_nan=False)
        words = one_line(page)
        options = search.shortlist.options
        assert all(f"{option.rank}. " in words for option in options)
        sums = SUM.findall(words)
        assert [float(total) for _, _, total in sums] == [option.total for option in options]
        for points, weight, total in sums:
            mean = float(points.replace(",", "")) / int(weight)
            assert mean == pytest.approx(float(total), abs=0.0051)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), book=serving_books(), width=WIDTHS)
def test_the_page_of_any_pair_fits_and_agrees_with_the_shortlist(
    data: st.DataObject, book: Book, width: int, policy: Policy, gazetteer: Gazetteer
) -> None:
    """A pair is eligible exactly where the shortlist's evidence says so, with the same score."""
    market = Market(book, policy, gazetteer)
    for request in _searchable(market):
        provider = data.draw(st.sampled_from(market.providers))
        pair = explain_pair(market, request.request_id, provider.provider_id)
        assert _fits(printed(pair_page(market, pair), width), width)
        assert _fits(printed(pair_evidence(market, pair), width), width)
        json.dumps(pair_document(pair), allow_nan=False)
        search = make_shortlist(market, request.request_id)
        evidence = {line.provider_id: line for line in search.evidence()}[provider.provider_id]
        assert pair.eligible == evidence.eligible == all(rule.passes for rule in pair.rules)
        if pair.eligible:
            assert pair.offer is not None
            assert pair.offer.total == evidence.total
            assert 1 <= pair.offer.rank <= pair.ranked_among == search.shortlist.eligible


@settings(max_examples=40, deadline=None)
@given(book=books() | serving_books(), width=WIDTHS)
def test_the_page_of_any_allocation_fits_and_accounts_for_everybody(
    book: Book, width: int, policy: Policy, gazetteer: Gazetteer
) -> None:
    """Placed, awaiting approval and without an offer are everybody who waits."""
    market = Market(book, policy, gazetteer)
    result = solve(market, method=Method.TODAY)
    summary = summarise(market, result, today=result)
    assert _fits(printed(allocation_page(summary, "out"), width), width)
    assert _fits(printed(allocation_evidence(summary), width), width)
    json.dumps(summary.model_dump(mode="json"), allow_nan=False)
    counts = summary.counts
    assert counts.placed + counts.needs_approval + counts.unplaced == len(book.waiting)
    assert sum(counts.unplaced_by_reason.values()) == counts.unplaced
    risks = counts.by_risk.values()
    assert sum(each.waiting for each in risks) == len(book.waiting)
    assert sum(each.placed for each in risks) == counts.placed
    assert sum(each.needs_approval for each in risks) == counts.needs_approval
    sentence = in_a_sentence(summary)
    if not counts.arrangeable:
        assert sentence == "Nobody who waits may be searched for yet."
    else:
        assert sentence.startswith(f"{counts.placed} of {counts.arrangeable} ")
        assert sentence.endswith("as many as by today's way.")
