"""Each cheap rule in a triple: trivially kept, broken with its sentence and change, just kept."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.eligibility import RULES, TERM_RULES, Change, pair_refusals
from matcher.geography import Gazetteer, Postcode
from matcher.model import Zone
from matcher.vocabulary import Outcome
from tests.builders import (
    NEAR_METRES,
    SHAFTESBURY,
    WEYMOUTH,
    WEYMOUTH_METRES,
    beds,
    ceiling,
    council_policy,
    enquiry,
    home,
    homecare_request,
    hourly,
    hours,
    offered,
    placement_request,
    provider,
    respite_request,
    visit,
    weekly,
)
from tests.triples import CLIENT_TRIPLES, Triple, said

DORCHESTER = Zone(zone="dorchester", postcodes=("DT1", "DT2"))
WEYMOUTH_ZONE = Zone(zone="weymouth", postcodes=("DT4",))
GOOD_OR_UNRATED = council_policy(rules__minimum_rating="good")
GOOD_AND_RATED = council_policy(rules__minimum_rating="good", rules__admit_unrated=False)


REQUEST = homecare_request()
PLACEMENT = placement_request()
FAR, SOUTHSEA = Postcode(WEYMOUTH), Postcode("PO5 3BA")
SPECIALIST: dict[str, Any] = {"lot": "specialist"}
ONE_HOUR_A_WEEK = visit(minutes=60, days=("mon",))

TRIPLES = (
    Triple(
        "STATUS",
        kept=(REQUEST, provider()),
        broken=(REQUEST, provider(status="embargoed")),
        just=(REQUEST, provider(status="open", tier=9)),
        sentence="Agency P-1 is under embargo: no new work.",
        change=Change("would do if the embargo is lifted", 1, "embargo"),
    ),
    Triple(
        "STATUS",
        kept=(PLACEMENT, home()),
        broken=(PLACEMENT, home(status="closed")),
        just=(PLACEMENT, home(status="open", cqc_rating="inadequate")),
        sentence="Home H-1 is closed.",
    ),
    Triple(
        "SERVICE",
        kept=(REQUEST, provider()),
        broken=(REQUEST, home()),
        just=(REQUEST, provider(services=("shared_lives", "homecare"))),
        sentence="Home H-1 does not provide homecare; it provides nursing dementia, respite.",
    ),
    Triple(
        "SERVICE",
        kept=(respite_request(), home()),
        broken=(respite_request(), home(services=("respite", "residential"))),
        just=(respite_request(), home(services=("nursing_dementia", "respite", "nursing"))),
        sentence="Home H-1 does not provide nursing dementia; it provides respite, residential.",
    ),
    Triple(
        "SERVICE",
        kept=(PLACEMENT, home()),
        broken=(PLACEMENT, home(services=("nursing",))),
        just=(PLACEMENT, home(services=("nursing_dementia",))),
        sentence="Home H-1 does not provide nursing dementia; it provides nursing.",
    ),
    Triple(
        "NEEDS",
        kept=(REQUEST, provider()),
        broken=(
            homecare_request(needs=("peg_feed", "diabetes")),
            provider(specialisms=("diabetes",)),
        ),
        just=(
            homecare_request(needs=("peg_feed", "diabetes")),
            provider(specialisms=("diabetes", "peg_feed")),
        ),
        sentence="Agency P-1 has no specialism in peg feed; it has diabetes.",
    ),
    Triple(
        "CONTRACT",
        kept=(REQUEST, provider()),
        broken=(REQUEST, provider(contract="spot")),
        just=(REQUEST, provider(contract="block")),
        sentence="Agency P-1 is on a spot contract; homecare is bought on: block, framework.",
        change=Change("would do if a spot purchase is allowed", 1, "contract"),
    ),
    Triple(
        "CONTRACT",
        kept=(respite_request(), home(contract="spot")),
        broken=(respite_request(), home(contract="block")),
        just=(respite_request(), home(contract="framework")),
        sentence="Home H-1 is on a block contract; respite is bought on: framework, spot.",
        change=Change("would do if a block purchase is allowed", 1, "contract"),
    ),
    Triple(
        "CONTRACT",
        kept=(PLACEMENT, home(contract="block")),
        broken=(PLACEMENT, home(contract="spot")),
        just=(placement_request(preferred_providers=("H-1",)), home(contract="spot")),  # L2
        sentence="Home H-1 is on a spot contract; nursing dementia is bought on: block.",
        change=Change("would do if a spot purchase is allowed", 1, "contract"),
        policy=council_policy(rules__long_term_contracts=["block"]),
    ),
    Triple(
        "EXCLUDED",
        kept=(REQUEST, provider()),
        broken=(homecare_request(excluded_providers=("P-0", "P-1")), provider()),
        just=(homecare_request(excluded_providers=("P-0", "P-2")), provider()),
        sentence="R-1 excludes Agency P-1.",
    ),
    Triple(
        "EXCLUDED",  # H15: the reason is the ledger's, and the ledger's only
        kept=(PLACEMENT, home()),
        broken=(PLACEMENT, home(), offered("H-1", request_id="R-1", outcome=Outcome.UNSUITABLE)),
        just=(
            *(PLACEMENT, home()),
            offered("H-1", request_id="R-2", outcome=Outcome.UNSUITABLE),
            offered("H-1", request_id="R-1", outcome=Outcome.DECLINED),
            offered("H-1", request_id=None, outcome=Outcome.UNSUITABLE),
        ),
        sentence="Home H-1 has already found R-1 unsuitable for it.",
    ),
    Triple(
        "ZONE",
        kept=(REQUEST, provider(), DORCHESTER),
        broken=(REQUEST, provider(zones=("weymouth",)), DORCHESTER, WEYMOUTH_ZONE),
        just=(REQUEST, provider(zones=("weymouth", "dorchester")), DORCHESTER, WEYMOUTH_ZONE),
        sentence="R-1 is in zone dorchester; Agency P-1 serves weymouth.",
        change=Change("would do if Agency P-1 also serves dorchester", 1, "zone"),
    ),
    Triple(
        "ZONE",
        kept=(REQUEST, provider()),
        broken=(REQUEST, provider(zones=("weymouth",)), WEYMOUTH_ZONE),
        just=(
            placement_request(preferred_providers=("H-1",)),  # L2: nominated, though out of area
            home(zones=("weymouth",)),
            WEYMOUTH_ZONE,
        ),
        sentence="R-1 is in DT1 1XJ, which is in no zone; Agency P-1 serves weymouth.",
        change=Change("would do if Agency P-1 also serves that postcode", 1, "zone"),
    ),
    Triple(
        "WATER",
        kept=(REQUEST, provider()),
        broken=(homecare_request(postcode=SOUTHSEA), provider(postcode=Postcode("PO33 2HG"))),
        just=(placement_request(postcode=SOUTHSEA), home(postcode=Postcode("PO33 2HG"))),
        sentence="Agency P-1 is across the Solent by the Portsmouth-Fishbourne ferry, which no "
        "carer takes on a round.",
    ),
    Triple(
        "RADIUS",
        kept=(REQUEST, provider()),
        broken=(REQUEST, provider(postcode=FAR, max_distance_metres=WEYMOUTH_METRES - 1_407)),
        just=(REQUEST, provider(postcode=FAR, max_distance_metres=WEYMOUTH_METRES)),
        sentence="Agency P-1 is 11.7 km away; the radius is 10.3 km.",
        change=Change("1.4 km beyond the radius", 1_407, "metres"),
    ),
    Triple(
        "RADIUS",
        kept=(homecare_request(max_distance_metres=60_000), provider()),
        broken=(homecare_request(max_distance_metres=NEAR_METRES - 1), provider()),
        just=(homecare_request(max_distance_metres=NEAR_METRES), provider()),
        sentence="Agency P-1 is 780 m away; the radius is 779 m.",
        change=Change("1 m beyond the radius", 1, "metres"),
    ),
    Triple(
        "RADIUS",
        kept=(REQUEST, provider()),
        broken=(REQUEST, provider(postcode=Postcode(SHAFTESBURY), max_distance_metres=60_000)),
        just=(
            placement_request(preferred_providers=("H-1",), max_distance_metres=1),  # L2
            home(postcode=Postcode(SHAFTESBURY), max_distance_metres=1),
        ),
        sentence="Agency P-1 is 36.6 km away; the radius is 24.1 km.",
        change=Change("12.4 km beyond the radius", 12_449, "metres"),
    ),
    Triple(
        "LANGUAGE",
        kept=(REQUEST, provider()),
        broken=(homecare_request(languages=("polish", "bsl")), provider(languages=("welsh",))),
        just=(homecare_request(languages=("polish", "bsl")), provider(languages=("bsl",))),
        sentence="R-1 needs polish, bsl; Agency P-1 lists welsh.",
        change=Change("would do if Agency P-1 has a carer who speaks polish, bsl", 1, "language"),
    ),
    Triple(
        "LANGUAGE",  # English is spoken by all, whether listed or not
        kept=(homecare_request(languages=("english",)), provider()),
        broken=(homecare_request(languages=("polish",)), provider(languages=("english",))),
        just=(homecare_request(languages=("polish", "english")), provider()),
        sentence="R-1 needs polish; Agency P-1 lists english.",
        change=Change("would do if Agency P-1 has a carer who speaks polish", 1, "language"),
    ),
    Triple(
        "CARER_GENDER",
        kept=(REQUEST, provider(female_carers=False, male_carers=False)),
        broken=(homecare_request(carer_gender="female"), provider(female_carers=False)),
        just=(
            homecare_request(carer_gender="female"),
            provider(female_carers=True, male_carers=False),
        ),
        sentence="R-1 needs female carers; Agency P-1 has none.",
        change=Change("would do if Agency P-1 confirms female carers", 1, "carer gender"),
    ),
    Triple(
        "CARER_GENDER",
        kept=(homecare_request(carer_gender="male"), provider(male_carers=True)),
        broken=(homecare_request(carer_gender="male"), provider(female_carers=True)),
        just=(
            homecare_request(carer_gender="male"),
            provider(female_carers=False, male_carers=True),
        ),
        sentence="R-1 needs male carers; Agency P-1 has none on record.",
        change=Change("would do if Agency P-1 confirms male carers", 1, "carer gender"),
    ),
    Triple(
        "RATING",
        kept=(REQUEST, provider(cqc_rating="outstanding")),
        broken=(REQUEST, provider(cqc_rating="requires_improvement")),
        just=(REQUEST, provider(cqc_rating="good")),
        sentence="Agency P-1 is rated requires improvement; the policy's least rating is good.",
        change=Change("would do if a rating of requires improvement is accepted", 1, "rating"),
        policy=GOOD_OR_UNRATED,
    ),
    Triple(
        "RATING",
        kept=(REQUEST, provider(cqc_rating="outstanding")),
        broken=(REQUEST, provider(cqc_rating="not_yet_rated")),
        just=(REQUEST, provider(cqc_rating="good", cqc_rated_on=None)),
        sentence="Agency P-1 is not yet rated; the policy's least rating is good.",
        change=Change("would do if unrated providers are accepted", 1, "rating"),
        policy=GOOD_AND_RATED,
    ),
    Triple(
        "RATING",
        kept=(REQUEST, provider(cqc_rating="not_yet_rated")),
        broken=(REQUEST, provider(cqc_rating="inadequate")),
        just=(REQUEST, provider(cqc_rating="requires_improvement")),
        sentence="Agency P-1 is rated Inadequate on 2026-04-01: no new placements there.",
        change=Change("would do if R-1 asks for Agency P-1 knowingly", 1, "wish"),
    ),
    Triple(
        "MINIMUM_HOURS",
        kept=(REQUEST, provider()),
        broken=(homecare_request(ONE_HOUR_A_WEEK), provider(min_weekly_minutes=61)),
        just=(homecare_request(ONE_HOUR_A_WEEK), provider(min_weekly_minutes=60)),
        sentence="R-1 is 60 minutes a week; Agency P-1 takes packages from 61.",
        change=Change("1 minutes a week below the provider's least", 1, "minutes a week"),
    ),
    Triple(
        "MINIMUM_HOURS",  # a bed has no hours, whatever stands in the column
        kept=(PLACEMENT, home()),
        broken=(REQUEST, provider(min_weekly_minutes=1_210)),
        just=(PLACEMENT, home(min_weekly_minutes=1_210)),
        sentence="R-1 is 210 minutes a week; Agency P-1 takes packages from 1,210.",
        change=Change("1,000 minutes a week below the provider's least", 1_000, "minutes a week"),
    ),
    Triple(
        "BUDGET",
        kept=(PLACEMENT, home(), weekly(pence=200_000)),  # H11 is about specialists only
        broken=(PLACEMENT, home(**SPECIALIST), weekly(pence=112_050)),
        just=(PLACEMENT, home(**SPECIALIST), weekly(pence=100_000)),
        sentence="Home H-1 costs £1,120.50 a week; the personal budget is £1,000.00.",
        change=Change("£120.50 a week above the personal budget", 12_050, "pence"),
    ),
    Triple(
        "BUDGET",  # nothing is known to exceed an unknown budget, nor an unknown price a budget
        kept=(homecare_request(), provider(**SPECIALIST), hourly(pence=9_000)),
        broken=(
            homecare_request(ONE_HOUR_A_WEEK, personal_budget_pence_per_week=2_499),
            *(provider(**SPECIALIST), hourly(pence=2_500)),
        ),
        just=(
            homecare_request(ONE_HOUR_A_WEEK, personal_budget_pence_per_week=2_499),
            provider(**SPECIALIST),
        ),
        sentence="Agency P-1 costs £25.00 a week; the personal budget is £24.99.",
        change=Change("£0.01 a week above the personal budget", 1, "pence"),
    ),
)


@pytest.mark.parametrize("case", TRIPLES, ids=lambda case: case.rule_id)
def test_each_rule_is_kept_broken_and_only_just_kept(case: Triple, gazetteer: Gazetteer) -> None:
    """The rule is silent where kept, and where broken says the thing, the value and the limit."""
    case.hold(gazetteer)


def test_every_cheap_rule_has_a_triple_and_tells_a_change_only_if_it_says_that_it_may() -> None:
    """A rule added without its triple, or a rule whose flag lies, fails here."""
    told = (*TRIPLES, *CLIENT_TRIPLES)
    tested = {case.rule_id for case in told}
    assert tested == {rule.rule_id for rule in TERM_RULES}
    for rule in TERM_RULES:
        changes = [case.change for case in told if case.rule_id == rule.rule_id]
        assert rule.mendable == any(change is not None for change in changes)


def test_rule_ids_are_told_once() -> None:
    """Counts of refusals are kept by rule id, so no two rules share one."""
    assert len({rule.rule_id for rule in RULES}) == len(RULES)


def test_an_ordinary_agency_meets_every_rule(gazetteer: Gazetteer) -> None:
    """The usual provider of the builders refuses nobody, so a broken rule is the only one."""
    asked = enquiry(gazetteer, homecare_request(), provider(), hours(), hourly(), ceiling())
    assert pair_refusals(asked, 0) == ()
    placed = enquiry(gazetteer, placement_request(), home(), beds(), weekly())
    assert pair_refusals(placed, 0) == ()


@pytest.mark.parametrize("rating", ["outstanding", "good", "not_yet_rated"])
def test_a_floor_of_good_admits_the_unrated_where_policy_does(
    rating: str, gazetteer: Gazetteer
) -> None:
    """Unrated is a class of its own, not a bad one."""
    asked = enquiry(gazetteer, REQUEST, provider(cqc_rating=rating), policy=GOOD_OR_UNRATED)
    assert said("RATING", asked) is None


def test_policy_may_turn_language_and_gender_into_preferences(gazetteer: Gazetteer) -> None:
    """What is not required refuses nobody."""
    asked = enquiry(
        *(gazetteer, homecare_request(languages=("polish",), carer_gender="male"), provider()),
        policy=council_policy(rules__languages_required=False, rules__carer_gender_required=False),
    )
    assert said("LANGUAGE", asked) is None
    assert said("CARER_GENDER", asked) is None


def test_only_care_homes_are_nominated(gazetteer: Gazetteer) -> None:
    """An agency that the person prefers keeps to contract and radius like any other (L2)."""
    asked = enquiry(
        gazetteer,
        homecare_request(preferred_providers=("P-1", "P-9"), max_distance_metres=100),
        provider(contract="spot"),
    )
    assert not asked.nominated.any()
    assert said("CONTRACT", asked) is not None
    assert said("RADIUS", asked) is not None


def test_a_nominated_home_is_still_refused_for_what_it_is(gazetteer: Gazetteer) -> None:
    """L2 opens area and contract, not closure, service, needs or unsuitability."""
    nominated: dict[str, Any] = {"preferred_providers": ("H-1",)}
    closed = enquiry(gazetteer, placement_request(**nominated), home(status="closed"))
    assert said("STATUS", closed) is not None
    other = enquiry(gazetteer, placement_request(**nominated), home(services=("residential",)))
    assert said("SERVICE", other) is not None
    unsuitable = offered("H-1", request_id="R-1", outcome=Outcome.UNSUITABLE)
    found = enquiry(gazetteer, placement_request(**nominated), home(), unsuitable)
    assert said("EXCLUDED", found) is not None
