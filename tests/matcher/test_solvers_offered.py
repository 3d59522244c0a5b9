"""What a plan may offer: a bed from the first free day at its price, generic services first."""

from __future__ import annotations

import pytest

from matcher.geography import Gazetteer, Postcode
from matcher.model import CareRequest, Frozen, Placement
from matcher.result import Limits
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from matcher.solvers.baseline import polished
from matcher.solvers.instance.candidates import Choice, Problem
from matcher.solvers.instance.diary import Diary
from tests.builders import (
    OUT_OF_TOWN,
    beds,
    ceiling,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    respite_request,
    weekly,
)

LIMITS = Limits.reproducible(2.0)
Line = tuple[str, str, int | None]
LATER = (weekly(valid_from=day(10)),)
DEARER = (weekly(pence=100_000, valid_to=day(9)), weekly(pence=140_000, valid_from=day(10)))
CHEAPER = (weekly(pence=140_000, valid_to=day(9)), weekly(pence=100_000, valid_from=day(10)))


def planned(gazetteer: Gazetteer, *things: Frozen) -> dict[str, Line]:
    """Return for everybody placed who, from which day, at which weekly price."""
    placed = solve(market(gazetteer, *things), limits=LIMITS).allocation.placed
    return {
        each.request_id: (each.provider_id, str(each.start_date), each.weekly_cost_pence)
        for each in placed
    }


def first_option(gazetteer: Gazetteer, *things: Frozen) -> Line:
    """Return the same of what the shortlist ranks first for R-1."""
    best = make_shortlist(market(gazetteer, *things), "R-1").shortlist.options[0]
    return best.provider_id, str(best.start_date), best.weekly_cost_pence


@pytest.mark.parametrize(
    ("rates", "pence"),
    [
        pytest.param(LATER, None, id="no rate on file yet"),
        pytest.param(CHEAPER, 140_000, id="cheaper from a later day on"),
        pytest.param(DEARER, 100_000, id="dearer from a later day on"),
    ],
)
def test_nobody_waits_for_a_later_price(
    gazetteer: Gazetteer, rates: tuple[Frozen, ...], pence: int | None
) -> None:
    """A free bed is offered from the earliest day, at its price, by the plan and the shortlist."""
    things = (home(lead_days=2), beds(), *rates, placement_request())
    told = ("H-1", str(day(2)), pence)
    assert planned(gazetteer, *things) == {"R-1": told}
    assert first_option(gazetteer, *things) == told


def test_a_later_price_comes_in_where_the_days_before_are_taken(gazetteer: Gazetteer) -> None:
    """One bed, a stay until day 12 for who is at red risk: the other's long stay begins after it.

    The price is that of the day on which the bed is free.
    """
    stay = respite_request(8, 5, 12, "R-0", risk="red")
    things = (home(lead_days=2), beds(), *CHEAPER)
    found = planned(gazetteer, *things, stay, placement_request())
    assert found["R-1"] == ("H-1", str(day(13)), 100_000)
    assert planned(gazetteer, *things, placement_request())["R-1"][1:] == (str(day(2)), 140_000)


def test_a_plan_from_elsewhere_is_put_right(gazetteer: Gazetteer) -> None:
    """Two people, one bed that both could have: who has it is not left waiting for its price."""
    things = (home(lead_days=2), beds(), *CHEAPER, home("H-2", lead_days=2), beds("H-2"))
    asked = [placement_request(name) for name in ("R-1", "R-2")]
    problem = Problem(market(gazetteer, *things, weekly("H-2"), *asked))
    (later,) = (o for o in problem.options[0] if o.provider == 0 and o.first_day > 2)
    plan = polished(problem, {0: Choice(later, (20,))})
    assert sorted(choice.times for choice in plan.values()) == [(2,), (2,)]


SLOW = (provider("P-1", lead_days=20), hourly("P-1"))
UNPRICED = (provider("P-1"),)


def specialist(*generic: Frozen, free: int, asked: tuple[CareRequest, ...]) -> tuple[Frozen, ...]:
    """Build a priced specialist agency beside a generic one with so many carers."""
    return (
        *(*generic, hours("P-1", "07:00", "07:40", free)),
        *(provider("P-2", lot="specialist"), hours("P-2", carers=9), hourly("P-2")),
        ceiling(),
        *asked,
    )


@pytest.mark.parametrize("free", [1, 5])
def test_a_generic_service_with_room_goes_first(gazetteer: Gazetteer, free: int) -> None:
    """Also where the specialist one could begin before the clock runs out: as in the shortlist."""
    things = specialist(*SLOW, free=free, asked=(homecare_request(),))
    assert planned(gazetteer, *things)["R-1"][0] == "P-1"
    assert first_option(gazetteer, *things)[0] == "P-1"


@pytest.mark.parametrize("free", [1, 5])
def test_nobody_waits_for_an_approval_beside_a_specialist_who_needs_none(
    gazetteer: Gazetteer, free: int
) -> None:
    """The generic agency has no rate on file: the specialist is placed, and both are shown."""
    things = specialist(*UNPRICED, free=free, asked=(homecare_request(),))
    assert planned(gazetteer, *things)["R-1"][0] == "P-2"
    shortlist = make_shortlist(market(gazetteer, *things), "R-1").shortlist
    assert [(o.provider_id, o.needs_approval) for o in shortlist.options] == [
        ("P-2", False),
        ("P-1", True),
    ]
    assert any(
        "those that can meet the needs would need an approval" in note for note in shortlist.notes
    )


def test_a_specialist_who_needs_an_approval_gives_way_to_any_generic_service(
    gazetteer: Gazetteer,
) -> None:
    """Neither has a rate on file, so the generic one is asked."""
    things = specialist(*UNPRICED, free=1, asked=(homecare_request(),))
    unpriced = [thing for thing in things if thing != hourly("P-2")]
    assert planned(gazetteer, *unpriced)["R-1"][0] == "P-1"
    shortlist = make_shortlist(market(gazetteer, *unpriced), "R-1").shortlist
    assert [option.provider_id for option in shortlist.options] == ["P-1"]


def test_who_finds_no_room_at_the_generic_service_goes_to_the_specialist(
    gazetteer: Gazetteer,
) -> None:
    """Of two people one has the generic agency's only carer, so the other may be placed."""
    asked = tuple(homecare_request(request_id=name) for name in ("R-1", "R-2"))
    found = planned(gazetteer, *specialist(*SLOW, free=1, asked=asked))
    assert sorted(line[0] for line in found.values()) == ["P-1", "P-2"]


def test_a_diary_offers_what_a_shortlist_would(gazetteer: Gazetteer) -> None:
    """Prices of later days and specialist services are offered only beside what others hold."""
    near = (home(lead_days=0), beds(), *CHEAPER)
    far = (home("H-2", postcode=Postcode(OUT_OF_TOWN), lead_days=0), beds("H-2"), weekly("H-2"))
    asked = [
        placement_request("R-1"),
        respite_request(10, 0, 9, "R-2"),
        placement_request("R-3", placement=Placement(admit_from=day(12))),
    ]
    problem = Problem(market(gazetteer, *near, *far, *asked))
    now, later = (option for option in problem.options[0] if option.provider == 0)
    diary = Diary(problem)
    assert diary.offered(now) is not None
    assert diary.fit(later) is not None
    assert diary.offered(later) is None
    (stay,) = (option for option in problem.options[1] if option.provider == 0)
    diary.take(Choice(stay, (0,)))
    assert diary.offered(now) is None
    offer = diary.offered(later)
    assert offer is not None
    assert offer.times == (10,)
