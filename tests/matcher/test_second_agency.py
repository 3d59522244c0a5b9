"""Two agencies that could share a package which neither can take alone."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer, Postcode
from matcher.model import Frozen, Visit
from matcher.second_agency import TwoAgencies, second_agency
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from matcher.vocabulary import TimeNeed
from tests.builders import (
    OUT_OF_TOWN,
    ceiling,
    homecare_request,
    hourly,
    hours,
    market,
    provider,
    timed_visit,
    visit,
)

FOUR = (visit(1), visit(2, "lunch"), visit(3, "tea"), visit(4, "bed"))


def agency(
    name: str, start: str, end: str, pence: int | None = 2_500, **changes: Any
) -> list[Frozen]:
    """Return an agency with one carer between two times of every day."""
    rates = [] if pence is None else [hourly(name, pence)]
    return [provider(name, **changes), hours(name, start, end, 1), *rates]


def shared(gazetteer: Gazetteer, *things: Frozen, visits: tuple[Visit, ...]) -> TwoAgencies | None:
    """Return who could share a package."""
    supply = market(gazetteer, *things, ceiling(), homecare_request(*visits))
    return second_agency(Enquiry(supply, supply.request("R-1")))


def parts(found: TwoAgencies | None) -> list[tuple[str, tuple[int, ...]]]:
    """Return who makes which visits."""
    assert found is not None
    return [(part.provider_id, part.visit_nos) for part in found.parts]


AM, PM = agency("am", "07:00", "14:30"), agency("pm", "16:00", "22:30")


def test_one_has_mornings_and_the_other_evenings(gazetteer: Gazetteer) -> None:
    """Two visits each, every day: seven hours a week of each, at 25 pounds."""
    found = shared(gazetteer, *AM, *PM, visits=FOUR)
    assert parts(found) == [("am", (1, 2)), ("pm", (3, 4))]
    assert found is not None
    assert found.weekly_cost_pence == 35_000
    assert found.sentence == (
        "would do if two agencies share it: Agency am makes the morning and lunch visits and "
        "Agency pm makes the tea and bed visits, £350.00 a week together"
    )


def test_the_shortlist_and_the_plan_say_so(gazetteer: Gazetteer) -> None:
    """Neither says that no small change would help."""
    supply = market(gazetteer, *AM, *PM, ceiling(), homecare_request(*FOUR))
    answer = make_shortlist(supply, "R-1").shortlist
    assert answer.options == ()
    assert answer.shared is not None
    assert answer.notes[0].endswith("nobody else can start, but two agencies could share it.")
    assert answer.notes[1].startswith("Would do if two agencies share it: Agency am makes")
    (line,) = solve(supply).allocation.unplaced
    assert line.nearest_miss == answer.shared.sentence


def test_the_cheapest_two_are_named(gazetteer: Gazetteer) -> None:
    """Of three who have evenings the cheap one that is far goes before the near and dear one."""
    far = agency("far", "16:00", "22:30", 2_000, postcode=Postcode(OUT_OF_TOWN))
    unpriced = agency("free", "16:00", "22:30", None)
    found = shared(gazetteer, *AM, *PM, *far, *unpriced, visits=FOUR)
    assert parts(found) == [("am", (1, 2)), ("far", (3, 4))]


def test_without_a_rate_no_sum_is_told(gazetteer: Gazetteer) -> None:
    """What one asks is not known, and nothing is made up."""
    found = shared(gazetteer, *AM, *agency("pm", "16:00", "22:30", None), visits=FOUR)
    assert found is not None
    assert found.weekly_cost_pence is None
    assert found.sentence.endswith("the tea and bed visits")


@pytest.mark.parametrize(
    "evening",
    [
        agency("pm", "16:00", "18:00"),  # why: has nobody at bed
        agency("pm", "16:00", "22:30", status="embargoed"),  # why: takes no new work
        agency("pm", "16:00", "22:30", min_weekly_minutes=421),  # why: seven hours are too few
        agency("pm", "16:00", "22:30", max_distance_metres=100),  # why: comes no further
    ],
)
def test_each_passes_every_rule_for_its_own_part(
    gazetteer: Gazetteer, evening: list[Frozen]
) -> None:
    """Half a package is held against the same rules as a whole one."""
    assert shared(gazetteer, *AM, *evening, visits=FOUR) is None


def test_the_least_hours_are_those_of_its_part(gazetteer: Gazetteer) -> None:
    """Seven hours a week are just enough for an agency that takes no less."""
    evening = agency("pm", "16:00", "22:30", min_weekly_minutes=420)
    assert parts(shared(gazetteer, *AM, *evening, visits=FOUR))[1] == ("pm", (3, 4))


def test_a_single_visit_cannot_be_shared(gazetteer: Gazetteer) -> None:
    """Nor can a double-up: two agencies never send one carer each."""
    assert shared(gazetteer, *AM, *PM, visits=(visit(1, carers=2),)) is None


def test_two_agencies_never_meet_at_the_door(gazetteer: Gazetteer) -> None:
    """Both could be there at eight only, for an hour that overlaps: nobody is named."""
    eight = timed_visit(TimeNeed.CRITICAL, "08:00", 1, minutes=60, tolerance_minutes=0)
    half_past = timed_visit(TimeNeed.CRITICAL, "08:55", 2, minutes=60, tolerance_minutes=0)
    one, two = agency("one", "07:50", "09:00"), agency("two", "08:45", "10:00")
    assert shared(gazetteer, *one, *two, visits=(eight, half_past)) is None
    later = timed_visit(TimeNeed.CRITICAL, "09:00", 2, minutes=60, tolerance_minutes=0)
    assert parts(shared(gazetteer, *one, *two, visits=(eight, later))) == [
        ("one", (1,)),
        ("two", (2,)),
    ]


def test_visits_that_belong_together_stay_with_one_agency(gazetteer: Gazetteer) -> None:
    """Lunch is to be two hours after the morning at least, so both are one agency's or nobody's."""
    gap = {"gap_from": 1, "least_gap_minutes": 120, "reason": "doses apart"}
    bound = (visit(1), visit(2, "lunch", **gap), visit(3, "tea"), visit(4, "bed"))
    assert parts(shared(gazetteer, *AM, *PM, visits=bound)) == [("am", (1, 2)), ("pm", (3, 4))]
    early, rest = agency("early", "07:00", "11:00"), agency("rest", "11:30", "22:30")
    assert shared(gazetteer, *early, *rest, visits=bound) is None
    assert parts(shared(gazetteer, *early, *rest, visits=FOUR)) == [
        ("early", (1,)),
        ("rest", (2, 3, 4)),
    ]


def test_a_large_package_is_parted_by_bands(gazetteer: Gazetteer) -> None:
    """Nine visits in two bands: one agency has all mornings, the other all evenings."""
    mornings = tuple(visit(n, minutes=15) for n in range(1, 6))
    evenings = tuple(visit(n, "bed", minutes=15) for n in range(6, 10))
    found = shared(gazetteer, *AM, *PM, visits=mornings + evenings)
    assert parts(found) == [("am", (1, 2, 3, 4, 5)), ("pm", (6, 7, 8, 9))]
    assert found is not None
    assert "Agency am makes the no. 1, no. 2, no. 3, no. 4 and no. 5 visits" in found.sentence
