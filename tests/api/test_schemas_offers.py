"""Tests of the shapes of adverts, offers and bookings: what they hold, and what they never do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.acts.adverts import advert_of
from api.schemas.bookings import BookingEnding, DirectBooking
from api.schemas.enquiries import Advert, AdvertState, Asking
from api.schemas.offers import Approval, OfferTerms, OwnOffer, Terms
from api.storage.lines import document_of
from matcher.model import CareRequest

SECRETS = {
    "request_id",
    "risk",
    "waiting_since",
    "urgent_reason",
    "funding",
    "personal_budget_pence_per_week",
    "preferred_providers",
    "excluded_providers",
    "current_provider_id",
    "reason",
}
"""What no provider sees of a request before it is chosen (H7)."""


def names_in(schema: Any) -> set[str]:
    """Return every property that a schema has, however deep."""
    if isinstance(schema, dict):
        own = set(schema.get("properties", {}))
        return own.union(*(names_in(each) for each in schema.values()))
    if isinstance(schema, list):
        return set().union(*(names_in(each) for each in schema))
    return set()


@pytest.mark.parametrize("kind", [Advert, AdvertState, OwnOffer])
def test_what_providers_see_has_no_room_for_secrets(kind: Any) -> None:
    """The shapes that providers get cannot hold what they must not see (H7)."""
    assert not names_in(kind.model_json_schema()) & SECRETS


@given(
    urgent=st.sampled_from(["", "Fell at home"]),
    budget=st.integers(0, 99_999),
    reason=st.sampled_from(["Insulin before breakfast", "Likes the news"]),
)
def test_an_advert_does_not_depend_on_secrets(urgent: str, budget: int, reason: str) -> None:
    """Two requests that differ in secrets only have the same advert (H7)."""

    def request(**other: Any) -> CareRequest:
        visit = {
            "visit_no": 1,
            "days": ["mon"],
            "minutes": 30,
            "time_need": "critical",
            "at_minute": 480,
            "reason": other.pop("why"),
        }
        return CareRequest.model_validate(
            {
                "request_id": "N-1",
                "service_type": "homecare",
                "postcode": "DT1 1EE",
                "package": {"visits": [visit]},
                **other,
            }
        )

    plain = advert_of(request(why="Other"))
    told = advert_of(
        request(
            why=reason,
            urgent_reason=urgent,
            risk="red",
            personal_budget_pence_per_week=budget,
            excluded_providers=["frome"],
        )
    )
    assert told == plain
    assert Advert.model_validate(document_of(told)) == told


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (OfferTerms, {"start_date": "2026-04-06"}),  # no rate
        (OfferTerms, {"rate": {"unit": "hour", "amount_pence": 2505}}),  # no first day
        (
            OfferTerms,
            {"start_date": "2026-04-06", "rate": {"unit": "hour", "amount_pence": 0}},
        ),  # nothing is free
        (
            OfferTerms,
            {"start_date": "2026-04-06", "rate": {"unit": "hour", "amount_pence": 25.05}},
        ),  # pounds
        (
            OfferTerms,
            {
                "start_date": "2026-04-06",
                "rate": {"unit": "hour", "amount_pence": 2505},
                "weekly_cost_pence": 1,
            },
        ),  # the cost is ours to compute (H6)
        (Approval, {"approve": True}),  # no reason
        (Approval, {"approve": True, "note": ""}),  # no reason
        (DirectBooking, {"shortlist_id": "sho-1", "provider_id": "maiden"}),  # nobody decided
        (BookingEnding, {"ends_on": "2026-04-06"}),  # no reason
        (BookingEnding, {"reason": "died"}),  # no day
        (Asking, {"provider_ids": [f"p{n}" for n in range(51)]}),  # too many
    ],
)
def test_what_is_not_said_whole_is_not_taken(kind: Any, document: dict[str, Any]) -> None:
    """Each of these lacks, or has, something that it must, or must not, have."""
    with pytest.raises(ValidationError):
        kind.model_validate(document)


def test_fifty_providers_may_be_asked() -> None:
    """The most that one enquiry asks."""
    assert len(Asking(provider_ids=tuple(f"p{n}" for n in range(50))).provider_ids or ()) == 50


@given(
    starts=st.dictionaries(
        st.integers(1, 99), st.integers(0, 287).map(lambda slot: slot * 5), max_size=9
    )
)
def test_terms_come_back_from_the_row_as_they_were(starts: dict[int, int]) -> None:
    """What is kept of an offer is all of it."""
    visits = [{"visit_no": number, "at_minute": at} for number, at in starts.items()]
    terms = Terms.model_validate({"visits": visits, "start_date": "2026-04-06", "note": "By car"})
    assert Terms.model_validate(document_of(terms)) == terms
    assert terms.starts == starts
