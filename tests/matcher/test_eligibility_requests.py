"""Rules about a request alone, each in a triple, and the warnings that forbid nothing."""

from __future__ import annotations

from typing import Any

import pytest

from matcher import eligibility
from matcher.eligibility import Refusal, request_refusals, request_warnings
from matcher.model import CareRequest, Frozen, Placement, Running
from matcher.policy import Policy, default_policy
from matcher.vocabulary import PANEL_SERVICES, ServiceType, TimeNeed
from tests.builders import (
    AS_OF,
    NURSING_DEMENTIA,
    book,
    council_policy,
    day,
    home,
    homecare_request,
    placement_request,
    provider,
    request,
    respite_request,
    timed_visit,
    visit,
)


def refusals(
    asked: CareRequest, *things: Frozen, policy: Policy | None = None
) -> tuple[Refusal, ...]:
    """Return every reason against a request in a book of things."""
    return request_refusals(asked, book(asked, *things), policy or default_policy())


def missing_fields(asked: CareRequest) -> tuple[str, ...]:
    """Return the columns that a request lacks where nobody is registered for some groups only."""
    return eligibility.missing_fields(asked, frozenset())


def only(asked: CareRequest, *things: Frozen, policy: Policy | None = None) -> Refusal:
    """Return the one reason against a request."""
    (refusal,) = refusals(asked, *things, policy=policy)
    return refusal


def test_complete_requests_of_each_kind_may_be_searched_for() -> None:
    """The builders' requests break no rule, so a broken rule is the only one."""
    for asked in (homecare_request(), placement_request(), respite_request()):
        assert refusals(asked) == ()


def test_care_that_runs_already_is_not_searched_for() -> None:
    """H18: nothing running, somebody else's running, one's own running."""
    asked = homecare_request()
    other = Running(request_id="R-2", provider_id="P-7", started_on=AS_OF)
    assert refusals(asked, other) == ()
    refusal = only(asked, Running(request_id="R-1", provider_id="P-7", started_on=AS_OF))
    assert (refusal.rule_id, refusal.citation) == ("RUNNING", "H18")
    assert refusal.sentence.startswith("Care for R-1 already runs with P-7;")


def test_joint_funding_without_a_share_is_said() -> None:
    """Who agreed to pay jointly and recorded no share is told that the council pays it all."""
    joint = homecare_request(funding="joint")
    (told,) = request_warnings(joint, default_policy())
    assert told == "The NHS's share is not recorded: until then the council is to pay it all."
    shared = homecare_request(funding="joint", health_share_percent=40)
    assert request_warnings(shared, default_policy()) == ()


def test_care_with_a_closed_provider_says_how_to_search() -> None:
    """H18: who has to leave a closed provider is told what to do, not that a change is unwanted."""
    runs = Running(request_id="R-1", provider_id="P-7", started_on=AS_OF)
    refusal = only(homecare_request(), runs, provider("P-7", status="closed"))
    assert refusal.sentence == (
        "R-1 has care from Agency P-7, which is closed, and has to be placed anew: take its line "
        "out of running.csv to search for another place."
    )
    bed = only(placement_request(), runs, home("P-7", status="closed"), home("H-1"))
    assert bed.sentence.startswith("R-1 lives at Home P-7, which is closed, and has to be placed")


@pytest.mark.parametrize("service", sorted(PANEL_SERVICES))
def test_services_with_a_panel_of_their_own_are_not_matched(service: ServiceType) -> None:
    """H27: extra care and Shared Lives are listed, never matched."""
    refusal = only(request(service, personal_budget_pence_per_week=1))
    assert (refusal.rule_id, refusal.citation) == ("OWN_PANEL", "H27")
    assert service.replace("_", " ") in refusal.sentence


@pytest.mark.parametrize(
    ("column", "words"),
    [("plan_signed_off", "plan signed off"), ("funding_agreed", "funding agreed")],
)
def test_work_is_signed_off_and_funded(column: str, words: str) -> None:
    """H1: yes is kept, no is broken, and not recorded is missing instead."""
    refusal = only(homecare_request(**{column: False}))
    assert (refusal.rule_id, refusal.citation) == ("NOT_AGREED", "H1")
    assert refusal.sentence == f"R-1 does not yet have its {words}."
    assert only(homecare_request(**{column: None})).rule_id == "INCOMPLETE"


def test_an_approved_discharge_form_stands_in_for_the_plan_but_not_for_the_money() -> None:
    """H24: the plan may be missing or unsigned, the funding may not."""
    for plan in (None, False):
        assert refusals(homecare_request(hospital_discharge=True, plan_signed_off=plan)) == ()
        waiting = homecare_request(hospital_discharge=False, plan_signed_off=plan)
        assert len(refusals(waiting)) == 1
    unfunded = homecare_request(hospital_discharge=True, funding_agreed=False)
    assert only(unfunded).rule_id == "NOT_AGREED"


@pytest.mark.parametrize(
    "column", ["postcode", "risk", "waiting_since", "funding", "has_mental_capacity"]
)
def test_what_every_request_needs(column: str) -> None:
    """H2: the missing column is named."""
    for build in (homecare_request, placement_request, respite_request):
        assert missing_fields(build(**{column: None})) == (column,)  # type: ignore[operator]


def test_everything_missing_is_listed_at_once() -> None:
    """H2: one refusal with every column, so nobody comes back twice."""
    bare = CareRequest(request_id="R-1", service_type=ServiceType.RESPITE)
    refusal = only(bare)
    assert (refusal.rule_id, refusal.citation) == ("INCOMPLETE", "H2")
    assert refusal.sentence == (
        "R-1 cannot be arranged until these are recorded: postcode, risk, waiting_since, funding, "
        "plan_signed_off, funding_agreed, has_mental_capacity, care_type, nights, admit_from, "
        "admit_to."
    )


@pytest.mark.parametrize(
    ("has_capacity", "recorded", "missing"),
    [
        (True, None, ()),  # a person with capacity needs no such contact
        (False, True, ()),
        (False, None, ("best_interests_recorded",)),  # nobody said
        (False, False, ("best_interests_recorded",)),  # somebody said that there is none
    ],
)
def test_a_person_without_capacity_has_a_best_interests_contact(
    has_capacity: bool, recorded: bool | None, missing: tuple[str, ...]
) -> None:
    """H23: the contact must be on record exactly where capacity is lacking."""
    asked = homecare_request(has_mental_capacity=has_capacity, best_interests_recorded=recorded)
    assert missing_fields(asked) == missing


@pytest.mark.parametrize("funding", ["council", "joint"])
def test_a_placement_the_council_pays_for_has_a_budget(funding: str) -> None:
    """L1 holds homes against it; homecare and other funding do without."""
    unbudgeted: dict[str, Any] = {"funding": funding, "personal_budget_pence_per_week": None}
    assert missing_fields(placement_request(**unbudgeted)) == ("personal_budget_gbp_per_week",)
    assert missing_fields(homecare_request(**unbudgeted)) == ()
    for other in ("self_funded", "health"):
        assert missing_fields(placement_request(**{**unbudgeted, "funding": other})) == ()


def test_homecare_has_visits() -> None:
    """One visit is enough, none is not."""
    assert missing_fields(homecare_request()) == ()
    assert missing_fields(request(ServiceType.HOMECARE)) == ("visits",)


@pytest.mark.parametrize("column", ["care_type", "nights", "admit_from", "admit_to"])
def test_respite_has_its_bed_length_and_window(column: str) -> None:
    """H13: admission dates, length of stay and kind of bed; a bed for good needs none of them."""
    full = {
        "care_type": NURSING_DEMENTIA,
        "nights": 7,
        "admit_from": day(7),
        "admit_to": day(20),
    }
    placement = Placement.model_validate({**full, column: None})
    assert missing_fields(respite_request().model_copy(update={"placement": placement})) == (
        column,
    )
    endless = placement.model_copy(update={"nights": None})
    assert missing_fields(placement_request(placement=endless)) == ()


def test_a_critical_time_has_a_reason() -> None:
    """H5: not critical, critical without a reason, critical with one."""
    assert refusals(homecare_request(timed_visit(TimeNeed.PREFERRED, "08:00"))) == ()
    assert refusals(homecare_request(timed_visit(TimeNeed.CRITICAL, "08:00"))) == ()
    refusal = only(homecare_request(timed_visit(TimeNeed.CRITICAL, "08:00", reason="")))
    assert (refusal.rule_id, refusal.citation) == ("CRITICAL_WITHOUT_REASON", "H5")
    assert refusal.sentence.startswith("Visit 1 of R-1 is critical at 08:00 but no reason")


def test_a_prescribed_gap_has_a_reason() -> None:
    """H5: no gap, a gap with its reason, a gap without one."""
    gap = {"gap_from": 1, "least_gap_minutes": 240}
    assert refusals(homecare_request(visit(1), visit(2, "lunch"))) == ()
    assert refusals(homecare_request(visit(1), visit(2, "lunch", reason="insulin", **gap))) == ()
    refusal = only(homecare_request(visit(1), visit(2, "lunch", **gap)))
    assert (refusal.rule_id, refusal.citation) == ("GAP_WITHOUT_REASON", "H5")
    assert refusal.sentence.startswith("Visit 2 of R-1 has a prescribed gap from visit 1 but no")


def test_a_visit_under_a_quarter_of_an_hour_is_refused() -> None:
    """L3: half an hour and exactly fifteen minutes are kept, ten are not."""
    assert refusals(homecare_request(visit(minutes=30))) == ()
    assert refusals(homecare_request(visit(minutes=15))) == ()
    refusal = only(homecare_request(visit(1, minutes=15), visit(2, "lunch", minutes=10)))
    assert (refusal.rule_id, refusal.citation) == ("VISIT_TOO_SHORT", "L3")
    assert refusal.sentence == "Visit 2 of R-1 lasts 10 minutes; the least is 15."


def test_a_band_the_policy_lacks_is_told_and_not_guessed() -> None:
    """H4: another council's band is refused, unless the time is critical and needs no band."""
    evening = visit(1, "evening")
    refusal = only(homecare_request(evening))
    assert (refusal.rule_id, refusal.citation) == ("BAND_UNKNOWN", "H4")
    assert refusal.sentence == (
        "Visit 1 of R-1 is in the band evening; the policy has bed, lunch, morning, tea."
    )
    other = council_policy({"evening": ("18:00", "20:00")})
    assert refusals(homecare_request(evening), policy=other) == ()
    critical = timed_visit(TimeNeed.CRITICAL, "18:00", band="evening")
    assert refusals(homecare_request(critical)) == ()


def test_respite_keeps_to_its_allowance() -> None:
    """H13: fewer nights and exactly all are kept, one more is broken."""
    assert refusals(respite_request(nights=7, respite_nights_left=28)) == ()
    assert refusals(respite_request(nights=7, respite_nights_left=7)) == ()
    refusal = only(respite_request(nights=7, respite_nights_left=6))
    assert (refusal.rule_id, refusal.citation) == ("RESPITE_ALLOWANCE", "H13")
    assert refusal.sentence == "R-1 asks for 7 nights; the allowance has 6 left."


def test_respite_fits_its_window() -> None:
    """H13: a window as long as the stay holds it, one night less does not."""
    assert refusals(respite_request(nights=7, first=7, last=30)) == ()
    assert refusals(respite_request(nights=7, first=7, last=13)) == ()
    refusal = only(respite_request(nights=7, first=7, last=12))
    assert (refusal.rule_id, refusal.citation) == ("RESPITE_WINDOW", "H13")
    assert refusal.sentence == (
        "R-1 asks for 7 nights inside a window of 6 (2026-04-08 to 2026-04-13)."
    )


def test_a_bed_for_good_is_nobodys_allowance() -> None:
    """The terms of respite bind respite only, and only what is recorded."""
    short = Placement(admit_from=day(1), admit_to=day(2))
    assert refusals(placement_request(placement=short, respite_nights_left=0)) == ()
    for known in (None, Placement(care_type=NURSING_DEMENTIA, nights=300, admit_from=day(1))):
        unknown = respite_request(respite_nights_left=None)
        unknown = unknown.model_copy(update={"placement": known})
        assert [r.rule_id for r in refusals(unknown)] == ["INCOMPLETE"]


def test_several_reasons_are_listed_together() -> None:
    """Whoever mends a request learns everything at once."""
    asked = homecare_request(
        timed_visit(TimeNeed.CRITICAL, "08:00", reason="", minutes=10),
        *(visit(2, "evening"),),
        risk=None,
        plan_signed_off=False,
    )
    assert [refusal.rule_id for refusal in refusals(asked)] == [
        *("NOT_AGREED", "INCOMPLETE", "CRITICAL_WITHOUT_REASON", "VISIT_TOO_SHORT", "BAND_UNKNOWN")
    ]


def test_short_visits_and_an_unknown_allowance_are_warned_about() -> None:
    """L3, H13: a warning forbids nothing, and half an hour needs none."""
    policy = default_policy()
    assert request_warnings(homecare_request(visit(minutes=30)), policy) == ()
    assert request_warnings(homecare_request(visit(minutes=25)), policy) == (
        "Visit 1 lasts 25 minutes; under 30 minutes needs a reason (L3).",
    )
    assert request_warnings(respite_request(), policy) == ()
    (told,) = request_warnings(respite_request(respite_nights_left=None), policy)
    assert told.endswith("confirm the allowance (H13).")
