"""Shortlists by hand: how many, in which order, at least one affordable, and what nearly was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from matcher import __version__
from matcher.errors import MatcherError, UnknownIdError
from matcher.geography import Gazetteer, Postcode
from matcher.model import Frozen, Offered
from matcher.policy import Policy
from matcher.shortlist import (
    NO_AFFORDABLE_OPTION,
    RequestRefusedError,
    Search,
    make_shortlist,
)
from tests.builders import (
    AS_OF,
    HERE,
    NURSING_DEMENTIA,
    OUT_OF_TOWN,
    WEYMOUTH,
    beds,
    ceiling,
    council_policy,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    offered,
    placement_request,
    provider,
    rank_ids,
    respite_request,
    visit,
    weekly,
)

MILES_APART = (HERE, "DT1 3AA", OUT_OF_TOWN, WEYMOUTH)


def search(
    gazetteer: Gazetteer, *things: Frozen, policy: Policy | None = None, **options: Any
) -> Search:
    """Return the shortlist of R-1 in a book of things, with all it rests on."""
    return make_shortlist(market(gazetteer, *things, policy=policy), "R-1", **options)


def agencies(count: int, **terms: Any) -> list[Frozen]:
    """Return agencies with room, each further away than the one before."""
    return [
        thing
        for number in range(1, count + 1)
        for thing in (
            provider(f"P-{number}", **{"postcode": Postcode(MILES_APART[number - 1]), **terms}),
            hours(f"P-{number}"),
        )
    ]


def homes(fees: Sequence[int], **terms: Any) -> list[Frozen]:
    """Return homes with a bed at weekly fees in pence, each further away than the one before."""
    return [
        thing
        for number, fee in enumerate(fees, start=1)
        for thing in (
            home(f"H-{number}", **{"postcode": Postcode(MILES_APART[number - 1]), **terms}),
            beds(f"H-{number}"),
            weekly(f"H-{number}", fee),
        )
    ]


# -- how many, in which order --------------------------------------------------------------------


def test_three_options_are_offered_nearest_first_when_all_else_is_equal(
    gazetteer: Gazetteer,
) -> None:
    """H13: three of four, and the furthest is left out."""
    found = search(gazetteer, homecare_request(), *reversed(agencies(4)))
    answer = found.shortlist
    assert rank_ids(answer.options) == ["P-1", "P-2", "P-3"]
    assert [option.rank for option in answer.options] == [1, 2, 3]
    assert (answer.considered, answer.eligible, answer.wanted) == (4, 4, 3)
    assert answer.near_misses == ()
    assert answer.notes == ()
    assert answer.refused_by == {}
    assert (answer.request_id, answer.service_type, answer.as_of) == ("R-1", "homecare", AS_OF)
    assert (answer.policy_version, answer.software_version) == (
        "Default policy 2026-04-01",
        __version__,
    )


@pytest.mark.parametrize(("wanted", "expected"), [(1, 1), (2, 2), (9, 4)])
def test_a_broker_may_ask_for_another_number(
    wanted: int, expected: int, gazetteer: Gazetteer
) -> None:
    """No more are shown than can start."""
    found = search(gazetteer, homecare_request(), *agencies(4), options=wanted)
    assert len(found.shortlist.options) == expected
    assert found.shortlist.wanted == wanted


@pytest.mark.parametrize("wanted", [0, -1])
def test_a_shortlist_of_nobody_is_refused(wanted: int, gazetteer: Gazetteer) -> None:
    """The least is one."""
    with pytest.raises(MatcherError, match=f"A shortlist of {wanted} options"):
        search(gazetteer, homecare_request(), *agencies(1), options=wanted)


def test_respite_needs_one_option(gazetteer: Gazetteer) -> None:
    """H13: at least one potential home, by policy's own figure."""
    request = respite_request()
    assert rank_ids(search(gazetteer, request, *homes([90_000] * 3)).shortlist.options) == ["H-1"]
    two = council_policy(shortlist__respite_options=2)
    found = search(gazetteer, request, *homes([90_000] * 3), policy=two)
    assert rank_ids(found.shortlist.options) == ["H-1", "H-2"]


def test_tiers_are_asked_in_order_where_policy_says_so(gazetteer: Gazetteer) -> None:
    """A far provider of tier 1 goes before a near one of tier 2; without a tier comes last."""
    supply = [
        *(provider("P-1", postcode=Postcode(HERE)), hours("P-1")),
        *(provider("P-2", tier=2), hours("P-2")),
        *(provider("P-3", tier=1, postcode=Postcode(WEYMOUTH)), hours("P-3")),
    ]
    usual = search(gazetteer, homecare_request(), *supply)
    assert rank_ids(usual.shortlist.options) == ["P-1", "P-2", "P-3"]
    tiers = council_policy(rules__tiers_in_order=True)
    found = search(gazetteer, homecare_request(), *supply, policy=tiers)
    assert rank_ids(found.shortlist.options) == ["P-3", "P-2", "P-1"]


def test_ties_go_to_whoever_was_offered_work_least_recently(gazetteer: Gazetteer) -> None:
    """S3: never offered first, then the longest ago; a worse score is never lifted by a turn."""
    same = agencies(3, postcode=Postcode(HERE))
    ledger = (offered("P-1", 1), offered("P-1", 30), offered("P-2", 2))
    worse = (provider("P-0", postcode=Postcode(WEYMOUTH)), hours("P-0"))
    found = search(gazetteer, homecare_request(), *same, *ledger, *worse)
    assert rank_ids(found.shortlist.options) == ["P-3", "P-2", "P-1"]
    assert [option.last_offered for option in found.shortlist.options] == [None, day(-2), day(-1)]


def test_what_the_ledger_leaves_tied_is_drawn_by_seed_request_and_provider(
    gazetteer: Gazetteer,
) -> None:
    """The same seed draws the same order in any file order; seeds and requests draw others."""
    same = agencies(3, postcode=Postcode(HERE))
    supply = market(gazetteer, homecare_request(), homecare_request(request_id="R-2"), *same)
    turned = market(gazetteer, homecare_request(), *reversed(same))

    def order(seed: int, request_id: str = "R-1") -> list[str]:
        return rank_ids(make_shortlist(supply, request_id, seed=seed).shortlist.options)

    assert order(0) == rank_ids(make_shortlist(turned, "R-1").shortlist.options)
    assert len({tuple(order(seed)) for seed in range(30)}) == 6
    assert any(order(seed) != order(seed, "R-2") for seed in range(5))
    firsts = [order(seed)[0] for seed in range(60)]
    assert all(firsts.count(name) >= 10 for name in ("P-1", "P-2", "P-3"))


# -- money (L1, H9) ------------------------------------------------------------------------------


def test_an_affordable_home_takes_the_last_place_if_need_be(gazetteer: Gazetteer) -> None:
    """L1: the fourth by score is the only one inside 1,000 pounds; ranks follow the list.

    All are above the framework rate, so need approval alike, and the council looks at the fit next.
    """
    dear = homes([100_001, 100_002, 100_003, 100_000])
    rate = ceiling(90_000, service_type=NURSING_DEMENTIA.value, unit="week")
    order = ("unplaced_red", "unplaced_amber", "unplaced_green", "without_offer", "fit")
    policy = council_policy(allocation__order=order, weights__cost=0)
    answer = search(gazetteer, placement_request(), *dear, rate, policy=policy).shortlist
    assert rank_ids(answer.options) == ["H-1", "H-2", "H-4"]
    assert [option.rank for option in answer.options] == [1, 2, 3]
    assert [option.over_budget_pence for option in answer.options] == [1, 2, 0]
    assert answer.affordability is None
    assert answer.notes == ()


def test_no_swap_is_made_where_an_affordable_home_is_listed_already(gazetteer: Gazetteer) -> None:
    """Homes that need nobody's approval go first, so the best affordable one stands among three.

    What the list ranks first scores less than the nearest, and says why it goes before.
    """
    mixed = homes([120_000, 100_000, 120_000, 90_000])
    answer = search(
        gazetteer, placement_request(), *mixed, policy=council_policy(weights__cost=0)
    ).shortlist
    assert rank_ids(answer.options) == ["H-2", "H-4", "H-1"]
    assert [option.ranking_note for option in answer.options] == [
        None,
        None,
        "Ranked below Home H-4 although its score is higher: it needs approval before it may be "
        "offered.",
    ]


def test_a_shortlist_of_one_is_the_affordable_one(gazetteer: Gazetteer) -> None:
    """L1 holds at any length; the dearer home is nearer."""
    supply = homes([100_001, 100_000])
    answer = search(
        gazetteer, placement_request(), *supply, options=1, policy=council_policy(weights__cost=0)
    ).shortlist
    assert rank_ids(answer.options) == ["H-2"]


def test_without_any_affordable_home_the_list_says_so(gazetteer: Gazetteer) -> None:
    """L1: plainly, as a code and as a sentence; a home without a price is not called affordable."""
    supply = [*homes([100_001, 120_000]), home("H-3"), beds("H-3")]
    answer = search(gazetteer, placement_request(), *supply).shortlist
    assert len(answer.options) == 3
    assert answer.affordability == NO_AFFORDABLE_OPTION
    (note,) = answer.notes
    assert note.startswith("NO_AFFORDABLE_OPTION: no suitable, available home is inside")
    assert all(option.needs_approval for option in answer.options)


def test_no_home_at_all_is_no_affordable_home_either(gazetteer: Gazetteer) -> None:
    """An empty list is not silently fine."""
    answer = search(gazetteer, placement_request()).shortlist
    assert answer.options == ()
    assert answer.affordability == NO_AFFORDABLE_OPTION
    assert (
        answer.notes[0] == "0 of 3 options: nobody else can start, and no small change would help."
    )


def test_affordability_is_asked_of_homes_with_a_budget_only(gazetteer: Gazetteer) -> None:
    """Homecare has no top-up, and who funds their own care sets no budget."""
    request = homecare_request(personal_budget_pence_per_week=1)
    dear = search(gazetteer, request, *agencies(1), hourly()).shortlist
    assert dear.affordability is None
    own = placement_request(funding="self_funded", personal_budget_pence_per_week=None)
    assert search(gazetteer, own, *homes([900_000])).shortlist.affordability is None


def test_offers_above_the_rate_are_ranked_and_flagged(gazetteer: Gazetteer) -> None:
    """H9: the dearer agency is still an option, but not to be booked before approval."""
    supply = [*agencies(2), hourly("P-1", 2_501), hourly("P-2", 2_500), ceiling(2_500)]
    answer = search(gazetteer, homecare_request(), *supply).shortlist
    flags = {o.provider_id: (o.needs_approval, o.above_rate_pence) for o in answer.options}
    # Seven half hours: at 25.01 pounds an hour each is 12.51 on the invoice, not 12.50.
    assert flags == {"P-1": (True, 7), "P-2": (False, 0)}
    by_id = {option.provider_id: option for option in answer.options}
    assert by_id["P-1"].weekly_cost_pence == 8_757
    assert by_id["P-1"].framework_pence == 8_750
    assert len(by_id["P-1"].approval_reasons) == 1


# -- generic before specialist (H12) -------------------------------------------------------------


def test_a_specialist_search_records_that_generic_services_came_first(
    gazetteer: Gazetteer,
) -> None:
    """The count is of generic services of that kind: the care home is none of them."""
    supply = [
        *(provider("P-1", lot="specialist"), hours("P-1")),
        *(provider("P-2"), provider("P-3", status="closed"), home()),
    ]
    answer = search(gazetteer, homecare_request(), *supply).shortlist
    assert rank_ids(answer.options) == ["P-1"]
    assert answer.notes[-1] == (
        "Generic services were considered first: none of 2 generic providers of homecare can meet "
        "the needs, so specialist ones are shown (H12)."
    )


def test_a_nominated_specialist_beside_generic_homes_is_no_specialist_search(
    gazetteer: Gazetteer,
) -> None:
    """L2 lets it in; that generic homes failed would be untrue."""
    special = [home("H-9", lot="specialist"), beds("H-9"), weekly("H-9", 90_000)]
    chosen = placement_request(preferred_providers=("H-9",))
    answer = search(gazetteer, chosen, *homes([90_000] * 2), *special).shortlist
    assert set(rank_ids(answer.options)) == {"H-1", "H-2", "H-9"}
    assert answer.notes == ()


def test_a_home_that_found_the_person_unsuitable_is_not_offered_again(
    gazetteer: Gazetteer,
) -> None:
    """H15: matched again without it, the reason kept in the evidence."""
    ledger: Offered = offered("H-1", request_id="R-1", outcome="unsuitable")
    found = search(
        gazetteer,
        *(placement_request(preferred_providers=("H-1",)), *homes([90_000] * 2), ledger),
    )
    assert rank_ids(found.shortlist.options) == ["H-2"]
    (first, _) = found.evidence()
    assert first.refusals == ("Home H-1 has already found R-1 unsuitable for it.",)


# -- requests that may not be searched for -------------------------------------------------------


def test_a_request_that_may_not_be_searched_for_is_refused_with_every_reason(
    gazetteer: Gazetteer,
) -> None:
    """H1, H2: the message lists each sentence; its rule and citation are for programs."""
    with pytest.raises(RequestRefusedError) as caught:
        search(gazetteer, homecare_request(plan_signed_off=False, risk=None), *agencies(1))
    assert [refusal.rule_id for refusal in caught.value.refusals] == ["NOT_AGREED", "INCOMPLETE"]
    assert str(caught.value).splitlines()[:2] == [
        "Request R-1 may not be searched for yet:",
        "  R-1 does not yet have its plan signed off.",
    ]


def test_an_unknown_request_is_named(gazetteer: Gazetteer) -> None:
    """An id that the book lacks is told back."""
    with pytest.raises(UnknownIdError, match="no request 'R-1'"):
        search(gazetteer, *agencies(1))


def test_warnings_ride_along(gazetteer: Gazetteer) -> None:
    """L3: a short visit is found a provider, and remarked on."""
    found = search(gazetteer, homecare_request(visit(minutes=15)), *agencies(1))
    assert found.shortlist.warnings == (
        "Visit 1 lasts 15 minutes; under 30 minutes needs a reason (L3).",
    )
