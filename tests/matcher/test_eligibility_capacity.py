"""Capacity and generic-first in triples, and smallest changes that keep their word."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.eligibility import MORE_CAPACITY, RULES, Change, Refusal, judge, pair_refusals
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer
from matcher.model import CareRequest, Frozen, Placement, Visit
from matcher.policy import Policy
from matcher.timetable import find_times
from matcher.vocabulary import GRID_MINUTES, CareType, TimeNeed
from tests.builders import (
    NURSING_DEMENTIA,
    beds,
    council_policy,
    day,
    enquiry,
    home,
    homecare_request,
    hourly,
    hours,
    placement_request,
    provider,
    respite_request,
    timed_visit,
    visit,
)

LUNCH = visit(2, "lunch", minutes=45)


def refusal_by(rule_id: str, asked: Enquiry, number: int = 0) -> Refusal | None:
    """Return what one rule says of one pair, after checking that judging everyone agrees."""
    rule = next(rule for rule in RULES if rule.rule_id == rule_id)
    refusal = rule.refusal(asked, number)
    assert (rule in judge(asked).failed_rules(number)) == (refusal is not None)
    return refusal


def capacity(gazetteer: Gazetteer, *things: Frozen, policy: Policy | None = None) -> Refusal | None:
    """Return what the capacity rule says of the only provider."""
    return refusal_by("CAPACITY", enquiry(gazetteer, *things, policy=policy))


# -- visits --------------------------------------------------------------------------------------


def test_visits_fit_do_not_fit_and_only_just_fit(gazetteer: Gazetteer) -> None:
    """Travel of five minutes counts: 11:30-12:20 holds a 45-minute lunch visit, 12:15 does not."""
    request = homecare_request(visit(), LUNCH)
    morning = hours(end="11:00")
    assert capacity(gazetteer, request, provider(), hours()) is None
    just = hours(start="11:30", end="12:20")
    assert capacity(gazetteer, request, provider(), morning, just) is None
    short = hours(start="11:30", end="12:15")
    refusal = capacity(gazetteer, request, provider(), morning, short)
    assert refusal is not None
    assert refusal.sentence == (
        "Agency P-1 has no room for visit 2 (lunch, every day, 45 minutes, carers 1)."
    )
    assert refusal.change == Change("would do if the lunch visit may start at 10:15", 75, "minutes")


def test_the_change_names_the_start_nearest_the_band(gazetteer: Gazetteer) -> None:
    """With room only after the band, the visit would have to start later."""
    refusal = capacity(
        gazetteer,
        homecare_request(visit(1, "lunch", minutes=60, days=("mon", "tue"))),
        *(provider(), hours(start="14:00", end="18:00")),
    )
    assert refusal is not None
    assert refusal.change == Change("would do if the lunch visit may start at 14:05", 5, "minutes")


def test_two_visits_in_one_band_are_told_apart_by_number(gazetteer: Gazetteer) -> None:
    """The lunch visit would not say which of two."""
    request = homecare_request(visit(1, "lunch"), visit(2, "lunch"))
    refusal = capacity(gazetteer, request, provider(), hours(end="12:20", carers=1))
    assert refusal is not None
    assert refusal.sentence == (
        "Agency P-1 has room for each visit, but no times were found for all together."
    )
    assert refusal.change is not None
    assert refusal.change.sentence.startswith("would do if lunch visit 1 may start at 11:1")


def test_two_carers_at_once_need_two_carers(gazetteer: Gazetteer) -> None:
    """A double-up is kept by two carers and broken by one: no time mends it, one more does."""
    request = homecare_request(visit(carers=2, days=("mon", "wed")))
    assert capacity(gazetteer, request, provider(), hours(carers=2)) is None
    one_more = (hours(carers=1), hours(start="07:00", end="07:40", carers=1))
    assert capacity(gazetteer, request, provider(), *one_more) is None
    refusal = capacity(gazetteer, request, provider(), hours(carers=1))
    assert refusal is not None
    assert "visit 1 (morning, mon, wed, 30 minutes, carers 2)" in refusal.sentence
    told = "would do if it had one more carer mon, wed 08:25-09:00"
    assert refusal.change == Change(told, 2 * 35, MORE_CAPACITY)


def test_a_critical_time_is_named_and_never_moved(gazetteer: Gazetteer) -> None:
    """Within the tolerance of 15 minutes it is kept, five minutes past it broken (H5)."""
    request = homecare_request(timed_visit(TimeNeed.CRITICAL, "08:00", band=None))
    assert capacity(gazetteer, request, provider(), hours(start="08:10")) is None
    refusal = capacity(gazetteer, request, provider(), hours(start="08:15"))
    assert refusal is not None
    assert "visit 1 (critical at 08:00, every day, 30 minutes, carers 1)" in refusal.sentence
    told = "would do if it had one more carer every day 08:10-08:15"
    assert refusal.change == Change(told, 7 * 5, MORE_CAPACITY)


def test_no_capacity_on_record_is_said_plainly(gazetteer: Gazetteer) -> None:
    """Without a row, and with a row of no carers; one visit needs little, three need too much."""
    many = homecare_request(visit(1), visit(2, "lunch"), visit(3, "tea"))
    refused = capacity(gazetteer, many, provider())
    assert refused is not None
    assert refused.change is None
    for lines in ((), (hours(carers=0),)):
        refusal = capacity(gazetteer, homecare_request(), provider(), *lines)
        assert refusal is not None
        assert refusal.sentence == "Agency P-1 has no homecare capacity on record."
        assert refusal.change is not None
        told = "would do if it had one more carer every day 08:25-09:00"
        assert refusal.change.sentence == told


def test_a_visit_moved_as_the_change_says_fits(gazetteer: Gazetteer) -> None:
    """Whoever grants the change gets the package: the promise is kept."""
    request = homecare_request(visit(), LUNCH)
    supply = (provider(), hours(end="11:00"))
    asked = enquiry(gazetteer, request, *supply)
    refusal = refusal_by("CAPACITY", asked)
    assert refusal is not None
    assert refusal.change is not None
    assert refusal.change.sentence == "would do if the lunch visit may start at 10:15"
    for minutes, fits in ((refusal.change.size, True), (refusal.change.size - 5, False)):
        start = 11 * 60 + 30 - minutes
        moved = council_policy(
            {
                "morning": ("07:00", "10:30"),
                "lunch": (f"{start // 60:02d}:{start % 60:02d}", "14:00"),
            }
        )
        assert (capacity(gazetteer, request, *supply, policy=moved) is None) == fits


def test_a_band_the_default_policy_lacks_may_overlap_another(gazetteer: Gazetteer) -> None:
    """Windows that overlap share the same carers, and the same door.

    A second carer may come at 07:20, the minute the first leaves; one carer alone would first
    travel five minutes. Visits five minutes longer would overlap, whoever comes.
    """
    bands = council_policy({"morning": ("07:05", "07:15"), "early": ("07:10", "07:20")})

    def asked(minutes: int) -> CareRequest:
        return homecare_request(visit(1, "morning", minutes=minutes), visit(2, "early", minutes=15))

    for minutes, carers, fits in ((10, 1, True), (15, 2, True), (15, 1, False), (20, 2, False)):
        found = capacity(gazetteer, asked(minutes), provider(), hours(carers=carers), policy=bands)
        assert (found is None) == fits


# -- beds ----------------------------------------------------------------------------------------


def test_a_bed_is_vacant_lacking_or_only_just_vacant(gazetteer: Gazetteer) -> None:
    """A bed for good must begin by the last day of admission."""
    request = placement_request(placement=Placement(admit_from=day(5), admit_to=day(10)))
    assert capacity(gazetteer, request, home(), beds()) is None
    assert capacity(gazetteer, request, home(), beds(available_from=day(10))) is None
    refusal = capacity(gazetteer, request, home(), beds(available_from=day(11)))
    assert refusal is not None
    assert refusal.sentence == (
        "Home H-1 has no nursing dementia bed from any day between 2026-04-06 and 2026-04-11."
    )
    assert refusal.change == Change("would do if admitted on 2026-04-12", 1, "days")


def test_a_stay_fits_its_window_to_the_night(gazetteer: Gazetteer) -> None:
    """Seven nights from day 7 to day 20: the last possible admission is on day 14."""
    assert capacity(gazetteer, respite_request(), home(), beds()) is None
    just = beds(available_from=day(14), available_to=day(20))
    assert capacity(gazetteer, respite_request(), home(), just) is None
    refusal = capacity(gazetteer, respite_request(), home(), beds(available_from=day(15)))
    assert refusal is not None
    assert refusal.sentence == (
        "Home H-1 has no nursing dementia bed for 7 nights from any day between 2026-04-08 and "
        "2026-04-15."
    )
    assert refusal.change == Change("would do if admitted on 2026-04-16", 1, "days")


@pytest.mark.parametrize("nights", [None, 3])
def test_a_home_that_needs_more_notice_than_the_window_allows_says_so(
    nights: int | None, gazetteer: Gazetteer
) -> None:
    """Admission by day 4 with five days' notice: the window is over before it begins."""
    placement = Placement(
        care_type=NURSING_DEMENTIA, nights=nights, admit_from=day(1), admit_to=day(4)
    )
    request = (
        placement_request(placement=placement)
        if nights is None
        else respite_request().model_copy(update={"placement": placement})
    )
    refusal = capacity(gazetteer, request, home(lead_days=5), beds())
    assert refusal is not None
    stay, last = ("", "2026-04-05") if nights is None else ("for 3 nights ", "2026-04-03")
    assert refusal.sentence == (
        f"Home H-1 has no nursing dementia bed {stay}by {last}: it cannot admit before 2026-04-06."
    )
    assert refusal.change is not None
    assert refusal.change.sentence == "would do if admitted on 2026-04-06"
    exactly = home(lead_days=4 if nights is None else 2)
    assert capacity(gazetteer, request, exactly, beds()) is None


def test_no_vacancy_and_no_day_at_all(gazetteer: Gazetteer) -> None:
    """A home without a bed of that kind, and one whose bed never lasts, would need one more."""
    of_other_kind = beds(care_type=CareType.RESIDENTIAL)
    for lines in ((), (of_other_kind,), (beds(count=0),)):
        refusal = capacity(gazetteer, placement_request(), home(), *lines)
        assert refusal is not None
        assert refusal.sentence == "Home H-1 has no nursing dementia vacancy on record."
        assert refusal.change is not None
        assert refusal.change.unit == MORE_CAPACITY
    ends = capacity(gazetteer, placement_request(), home(), beds(available_to=day(90)))
    assert ends is not None
    assert "no nursing dementia bed from any day" in ends.sentence
    told = "would do if it had one more nursing dementia bed from 2026-04-04"
    assert ends.change == Change(told, 1, MORE_CAPACITY)


def test_admission_granted_as_the_change_says_works(gazetteer: Gazetteer) -> None:
    """Widening the window by the days named admits; by one day less does not."""
    supply = (home(), beds(available_from=day(30)))

    def until(last: int) -> CareRequest:
        return placement_request(placement=Placement(admit_from=day(5), admit_to=day(last)))

    refusal = capacity(gazetteer, until(20), *supply)
    assert refusal is not None
    assert refusal.change == Change("would do if admitted on 2026-05-01", 10, "days")
    assert capacity(gazetteer, until(29), *supply) is not None
    assert capacity(gazetteer, until(30), *supply) is None


def test_long_notice_and_a_short_calendar_agree(gazetteer: Gazetteer) -> None:
    """A home that needs longer notice than the calendar reaches is judged alike both ways."""
    short = council_policy(allocation__bed_horizon_days=28)
    slow = home(lead_days=40)
    assert capacity(gazetteer, placement_request(), slow, beds(), policy=short) is None
    gone = beds(available_to=day(39))
    assert capacity(gazetteer, placement_request(), slow, gone, policy=short) is not None


def test_a_long_term_request_needs_no_details_of_a_placement(gazetteer: Gazetteer) -> None:
    """The service names the bed; without dates it is wanted from now on."""
    bare = placement_request(placement=None)
    assert capacity(gazetteer, bare, home(), hours("H-1"), beds()) is None
    assert capacity(gazetteer, bare, home(), hours("H-1")) is not None


# -- generic services first (H12) ----------------------------------------------------------------

GENERIC = (provider("P-1"), hours("P-1"))
SPECIALIST = (provider("P-2", lot="specialist"), hours("P-2"))


def generic_first(gazetteer: Gazetteer, *things: Frozen) -> Refusal | None:
    """Return what the rule says of the last provider by id."""
    asked = enquiry(gazetteer, *things)
    return refusal_by("GENERIC_FIRST", asked, len(asked.market) - 1)


def test_specialists_wait_for_generic_services(gazetteer: Gazetteer) -> None:
    """Alone it serves; beside an able generic it does not; beside one that is full it does."""
    request = homecare_request()
    assert generic_first(gazetteer, request, *SPECIALIST) is None
    full = (provider("P-1"), hours("P-1", carers=0))
    assert generic_first(gazetteer, request, *full, *SPECIALIST) is None
    refusal = generic_first(gazetteer, request, *GENERIC, *SPECIALIST)
    assert refusal is not None
    assert refusal.sentence == (
        "Agency P-2 is a specialist service; 1 generic provider can meet R-1's needs."
    )
    assert refusal.change is None


def test_the_count_is_of_generic_services_that_can_really_serve(gazetteer: Gazetteer) -> None:
    """Care homes, agencies out of reach and agencies without room are not counted."""
    refusal = generic_first(
        gazetteer,
        *(homecare_request(), *GENERIC, *SPECIALIST, home("A-1"), provider("A-2")),
        *(provider("A-3", status="closed"), hours("A-3"), provider("A-4"), hours("A-4")),
    )
    assert refusal is not None
    assert "; 2 generic providers can meet" in refusal.sentence


def test_a_generic_service_is_never_refused_for_being_generic(gazetteer: Gazetteer) -> None:
    """The rule speaks of specialists only."""
    asked = enquiry(gazetteer, homecare_request(), *GENERIC, *SPECIALIST)
    assert refusal_by("GENERIC_FIRST", asked, 0) is None


def test_a_nominated_specialist_home_is_let_in_beside_generic_ones(gazetteer: Gazetteer) -> None:
    """L2: the person's own choice is considered."""
    supply = (home("H-1"), beds("H-1"), home("H-2", lot="specialist"), beds("H-2"))
    assert generic_first(gazetteer, placement_request(), *supply) is not None
    chosen = placement_request(preferred_providers=("H-2",))
    assert generic_first(gazetteer, chosen, *supply) is None


def test_a_specialist_refused_for_something_else_hears_both(gazetteer: Gazetteer) -> None:
    """Every reason is listed, in the order of the rules."""
    asked = enquiry(
        gazetteer,
        *(homecare_request(personal_budget_pence_per_week=100), *GENERIC),
        *(*SPECIALIST, hourly("P-2", 3_000)),
    )
    assert [r.rule_id for r in pair_refusals(asked, 1)] == ["BUDGET", "GENERIC_FIRST"]
    assert [r.rule_id for r in judge(asked).refusals(1)] == ["BUDGET", "GENERIC_FIRST"]


# -- when care could start -----------------------------------------------------------------------


def test_judging_everyone_gives_the_times_of_judging_one(gazetteer: Gazetteer) -> None:
    """The market's answer holds the very times found for the pair."""
    wanted: tuple[Visit, ...] = (
        visit(),
        LUNCH,
        timed_visit(TimeNeed.PREFERRED, "17:15", 3, band="tea"),
    )
    asked = enquiry(gazetteer, homecare_request(*wanted), provider(), hours(start="07:45"))
    starts = judge(asked).starts
    travel = int(asked.travel_minutes[0]) // GRID_MINUTES
    assert tuple(starts.visit_slots[0]) == find_times(
        asked.market.carers.of(0), asked.shape, travel
    )
    assert [slot * GRID_MINUTES for slot in starts.visit_slots[0]] == [
        *(8 * 60 + 30, 12 * 60 + 30, 17 * 60 + 15)
    ]


def test_nobody_is_eligible_in_an_empty_market(gazetteer: Gazetteer) -> None:
    """A book without providers is judged without fuss."""
    for request in (homecare_request(), placement_request()):
        verdict = judge(enquiry(gazetteer, request))
        assert verdict.eligible.shape == (0,)
        assert verdict.starts.start_day.shape == (0,)


def test_a_kept_answer_is_not_given_for_somebody_new(gazetteer: Gazetteer) -> None:
    """Fewer are served from memory, more are asked again, and a mask changed later is not seen."""
    supply = (*GENERIC, provider("P-2"), hours("P-2"))
    asked = enquiry(gazetteer, homecare_request(), *supply)
    among = np.array([True, False])
    first = asked.starts(among)
    assert first.possible.tolist() == [True, False]
    among[1] = True
    assert asked.starts(among).possible.tolist() == [True, True]
    again = asked.starts(np.array([False, True]))
    assert again is asked.starts(np.array([True, False]))
