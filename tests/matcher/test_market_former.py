"""Closed providers that are nowhere: whatever a book says of them changes nothing for anybody."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book
from matcher.policy import Policy
from matcher.shortlist import RequestRefusedError, Shortlist, make_shortlist
from tests import strategies
from tests.builders import beds, home, hourly, hours, offered, provider, weekly

GONE = (
    provider("gone-agency", status="closed", postcode=None),
    home("gone-home", status="closed", postcode=None),
)


def shortlists(book: Book, policy: Policy, gazetteer: Gazetteer) -> dict[str, Shortlist]:
    """Return the shortlist of everybody who may be searched for."""
    market, found = Market(book, policy, gazetteer), {}
    for request in book.waiting:
        with suppress(RequestRefusedError):
            found[request.request_id] = make_shortlist(market, request.request_id).shortlist
    return found


@settings(max_examples=40, deadline=None)
@given(strategies.books(max_requests=3))
def test_a_former_provider_changes_nothing(
    gazetteer: Gazetteer, policy: Policy, book: Book
) -> None:
    """Not options, ranks, scores, refusals or counts; with rates, capacity and offers on record."""
    update = {
        "providers": (*book.providers, *GONE),
        "rates": (*book.rates, hourly("gone-agency", 1), weekly("gone-home", 1)),
        "homecare_capacity": (*book.homecare_capacity, hours("gone-agency")),
        "bed_capacity": (*book.bed_capacity, beds("gone-home")),
        "history": (*book.history, offered("gone-agency"), offered("gone-home")),
    }
    after = book.model_copy(update=update)
    assert shortlists(after, policy, gazetteer) == shortlists(book, policy, gazetteer)
