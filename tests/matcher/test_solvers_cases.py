"""Situations in which plans once said what no broker would sign, each with the right answer."""

from __future__ import annotations

import pytest

from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import Frozen
from matcher.policy import Policy
from matcher.result import Limits
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from tests.builders import (
    HERE,
    NEAR,
    OUT_OF_TOWN,
    beds,
    ceiling,
    council_policy,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    weekly,
)


def first_choice(supply: Market) -> str:
    """Return whom plan and shortlist put first for the one person who waits; they agree."""
    (line,) = solve(supply, limits=Limits.reproducible()).allocation.placed
    options = make_shortlist(supply, line.request_id).shortlist.options
    assert options[0].provider_id == line.provider_id
    return line.provider_id


def test_metres_do_not_outrank_cost_and_quality(gazetteer: Gazetteer) -> None:
    """The better and cheaper home is the one proposed, though the other is at the door."""
    supply = market(
        gazetteer,
        *(home("H-1", postcode=Postcode(HERE), cqc_rating="requires_improvement"), beds("H-1")),
        *(home("H-2", postcode=Postcode(NEAR), cqc_rating="outstanding"), beds("H-2")),
        *(weekly("H-1", 99_900), weekly("H-2", 84_000)),
        placement_request(),
    )
    assert first_choice(supply) == "H-2"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, "P-2"),  # by the whole score the cheaper agency, 4.2 km further, goes first
        (("distance",), "P-1"),  # two whole steps of 2 km before anything else
        (("cost",), "P-2"),
    ],
)
def test_a_council_may_put_a_criterion_first(
    gazetteer: Gazetteer, order: tuple[str, ...] | None, expected: str
) -> None:
    """Split out of the score, a criterion goes before what is left of it, in coarse steps."""
    people = ("unplaced_red", "unplaced_amber", "unplaced_green", "without_offer")
    figures = {} if order is None else {"allocation__order": (*people, *order, "fit")}
    supply = market(
        gazetteer,
        *(provider("P-1"), hours("P-1"), hourly("P-1", 2_500)),
        *(provider("P-2", postcode=Postcode(OUT_OF_TOWN)), hours("P-2"), hourly("P-2", 2_200)),
        ceiling(),
        homecare_request(),
        policy=council_policy(**figures),
    )
    assert first_choice(supply) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, "H-2"),
        (council_policy(allocation__contracts_in_order=("spot", "block")), "H-1"),
    ],
)
def test_what_is_paid_for_anyway_is_used_first(
    gazetteer: Gazetteer, policy: Policy | None, expected: str
) -> None:
    """A block bed goes before a spot bed that is nearer and cheaper, unless policy says else.

    The shortlist then says why the one that scores more stands behind (S13).
    """
    things: tuple[Frozen, ...] = (
        *(home("H-1", postcode=Postcode(HERE), contract="spot"), beds("H-1")),
        *(home("H-2", postcode=Postcode(OUT_OF_TOWN), contract="block"), beds("H-2")),
        *(weekly("H-1", 85_000), weekly("H-2", 95_000)),
        placement_request(),
    )
    supply = market(gazetteer, *things, policy=policy)
    assert first_choice(supply) == expected
    notes = [o.ranking_note for o in make_shortlist(supply, "R-1").shortlist.options]
    told = "Ranked below Home H-2 although its score is higher: it is on a contract that is used "
    assert notes == ([None, f"{told}later."] if policy is None else [None, None])


def test_pence_above_the_rate_do_not_outrank_the_fit(gazetteer: Gazetteer) -> None:
    """Both are a pound begun above the rate, so the nearer one goes first although 7p dearer."""
    supply = market(
        gazetteer,
        *(provider("P-1"), hours("P-1"), hourly("P-1", 2_504)),
        *(provider("P-2", postcode=Postcode(OUT_OF_TOWN)), hours("P-2"), hourly("P-2", 2_502)),
        ceiling(),
        homecare_request(),
    )
    assert first_choice(supply) == "P-1"
