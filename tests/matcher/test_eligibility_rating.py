"""Providers rated Inadequate: who may have one, and what has to be confirmed first (L5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from matcher.eligibility import rating_warnings
from matcher.geography import Gazetteer
from matcher.model import CareRequest
from matcher.vocabulary import CqcRating
from tests.builders import (
    AS_OF,
    council_policy,
    enquiry,
    home,
    homecare_request,
    placement_request,
    provider,
)
from tests.triples import said

REQUEST = homecare_request()
GOOD_OR_UNRATED = council_policy(rules__minimum_rating="good")


def test_policy_may_let_in_providers_rated_inadequate(gazetteer: Gazetteer) -> None:
    """Where it does, and has no floor, ratings are left to the score."""
    asked = enquiry(
        *(gazetteer, REQUEST, provider(cqc_rating="inadequate")),
        policy=council_policy(rules__admit_inadequate=True),
    )
    assert said("RATING", asked) is None
    (warning,) = rating_warnings(asked, 0)
    assert warning.endswith("the policy lets such providers in: confirm (L5).")


@pytest.mark.parametrize("build", [homecare_request, placement_request])
def test_who_asks_for_a_provider_rated_inadequate_may_have_it(
    build: Callable[..., CareRequest], gazetteer: Gazetteer
) -> None:
    """L5: homes and agencies alike, with a warning; a floor above it still refuses them."""
    poor = {"cqc_rating": "inadequate", "cqc_rated_on": AS_OF}
    wished = build(preferred_providers=("P-1", "H-1"))
    things = (wished, provider(**poor), home(**poor))
    asked = enquiry(gazetteer, *things)
    for name in ("P-1", "H-1"):
        assert said("RATING", asked, name) is None
        (warning,) = rating_warnings(asked, asked.market.provider_number(name))
        assert "is rated Inadequate on 2026-04-01; the person asked for it knowingly" in warning
        strict = enquiry(gazetteer, *things, policy=GOOD_OR_UNRATED)
        assert said("RATING", strict, name) is not None


def test_nothing_is_to_be_confirmed_of_other_ratings(gazetteer: Gazetteer) -> None:
    """A rating above Inadequate, and none, need no warning."""
    for rating in set(CqcRating) - {CqcRating.INADEQUATE}:
        assert rating_warnings(enquiry(gazetteer, REQUEST, provider(cqc_rating=rating)), 0) == ()
