"""What scarce capacity is worth: contested hours and beds have a price, plenty has none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Frozen
from matcher.policy import Policy, default_policy
from matcher.result import CapacityPrice, Limits, Method, PriceUnit
from matcher.solvers import solve
from matcher.solvers.instance.assignment import Ints
from matcher.solvers.instance.candidates import Option, Problem
from matcher.solvers.instance.compiling import Part, compile_part
from matcher.solvers.relaxation import scarcity
from matcher.solvers.relaxation.scarcity import (
    Scarcity,
    price_capacity,
    price_part,
    row_prices,
    units_of,
    weights_aim,
)
from matcher.synthetic import CountySpec, generate
from matcher.vocabulary import CareType, Day, ServiceType
from tests import builders
from tests.builders import council_policy, day
from tests.contests import contests, policies

COUNTY = CountySpec(agencies=12, homes=8, waiting_homecare=60, waiting_placements=25, running=0)
HOUR = (
    builders.provider(),
    builders.hours(start="07:00", end="08:00", carers=1),
    builders.hourly(),
    builders.ceiling(),
)
"""One carer for an hour a day: room for one visit of 45 minutes, travel included, not for two."""
BED = (builders.home(), builders.beds(), builders.weekly())
RESPITE = (
    *BED,
    builders.ceiling(100_000, service_type="respite", unit="week"),
    builders.weekly(service_type="respite"),
)


def long_visit(request_id: str, risk: str) -> Frozen:
    """Build a request for 45 minutes every morning."""
    visit = builders.visit(minutes=45)
    return builders.homecare_request(visit, request_id=request_id, risk=risk)


def priced(gazetteer: Gazetteer, *things: Frozen, policy: Policy | None = None) -> Scarcity:
    """Return the prices of a book of things."""
    problem = Problem(builders.market(gazetteer, *things, policy=policy))
    parts = [compile_part(problem, requests) for requests in problem.parts]
    return price_capacity(problem, parts, lambda: None)


def points_of(scarcity: Scarcity) -> list[Fraction]:
    """Return the points of every option."""
    return list(scarcity.points.values())


# -- by hand -----------------------------------------------------------------------------------


def test_a_contested_hour_is_worth_whom_another_would_place(gazetteer: Gazetteer) -> None:
    """A red and a green person want the same hour: one more would place green, so 1 point."""
    found = priced(gazetteer, *HOUR, long_visit("R-1", "red"), long_visit("R-2", "green"))
    (price,) = found.prices
    assert (price.provider_id, price.care, price.unit) == (
        "P-1",
        ServiceType.HOMECARE,
        PriceUnit.CARER_HOUR,
    )
    assert price.days == tuple(Day)
    assert (price.from_minute, price.to_minute) == (420, 480)
    # 45 minutes and 5 of travel are five sixths of an hour.
    one, other = points_of(found)
    assert one == other
    assert float(one) == pytest.approx(price.points * 5 / 6, abs=0.001)
    assert float(one) == pytest.approx(1, abs=1e-4)


def test_plenty_of_capacity_costs_nothing(gazetteer: Gazetteer) -> None:
    """With a second carer there is room for both, so nothing is scarce."""
    more = builders.hours(start="07:00", end="08:00", carers=1)
    found = priced(gazetteer, *HOUR, more, long_visit("R-1", "red"), long_visit("R-2", "green"))
    assert found.prices == ()
    assert points_of(found) == [0, 0]


def test_only_just_enough_costs_nothing(gazetteer: Gazetteer) -> None:
    """Who has the last hour, with nobody left who wants another, pays nothing for it."""
    far = builders.provider("P-2"), builders.hours("P-2", "07:00", "08:00", 1)
    people = long_visit("R-1", "red"), long_visit("R-2", "green")
    found = priced(gazetteer, *HOUR, *far, builders.hourly("P-2"), *people)
    assert found.prices == ()


def test_nobody_to_compete_with_costs_nothing(gazetteer: Gazetteer) -> None:
    """The only person for the only hour pays nothing, and neither does an empty book."""
    found = priced(gazetteer, *HOUR, long_visit("R-1", "red"))
    assert found.prices == ()
    assert points_of(found) == [0]
    assert priced(gazetteer, *HOUR) == Scarcity()


def test_whoever_needs_approval_does_not_raise_the_price(gazetteer: Gazetteer) -> None:
    """An offer above the rate places nobody yet (H9), so the hour is not worth more for it."""
    dear = (HOUR[0], HOUR[1], builders.hourly(pence=9900), HOUR[3])
    found = priced(gazetteer, *dear, long_visit("R-1", "red"), long_visit("R-2", "green"))
    assert found.prices == ()


def test_the_last_bed_for_good(gazetteer: Gazetteer) -> None:
    """Two people for one bed for good: the bed itself has a price, from the night it is free."""
    late = builders.beds(available_from=day(40))
    people = [builders.placement_request(f"R-{n}", risk=r) for n, r in ((1, "red"), (2, "green"))]
    found = priced(gazetteer, BED[0], late, BED[2], *people)
    (price,) = found.prices
    assert (price.unit, price.care.value) == (PriceUnit.BED, CareType.NURSING_DEMENTIA.value)
    assert (price.first_night, price.last_night) == (day(40), None)
    assert price.points == 1
    assert [round(float(each), 4) for each in points_of(found)] == [price.points] * 2


def test_contested_nights(gazetteer: Gazetteer) -> None:
    """Two stays of seven nights in eight: a night costs a seventh of what a stay does."""
    stays = [builders.respite_request(7, 7, 14, f"R-{n}", risk="amber") for n in (1, 2)]
    found = priced(gazetteer, *RESPITE, *stays)
    (price,) = found.prices
    assert price.unit is PriceUnit.BED_NIGHT
    assert (price.first_night, price.last_night) == (day(7), day(14))
    assert price.points == pytest.approx(2 / 7, abs=1e-4)
    assert [round(float(each), 2) for each in points_of(found)] == [2, 2]


def test_visits_that_area_leaves_room_for_are_priced_one_by_one(gazetteer: Gazetteer) -> None:
    """Two hours hold three times 40 minutes but only two visits of 45 with travel."""
    two_hours = builders.hours(start="07:00", end="09:00", carers=1)
    short = builders.homecare_request(builders.visit(minutes=15), request_id="R-4", risk="green")
    people = [long_visit(f"R-{n}", "amber") for n in (1, 2, 3)]
    found = priced(gazetteer, HOUR[0], two_hours, *HOUR[2:], *people, short)
    visits = [price for price in found.prices if price.unit is PriceUnit.VISIT]
    assert visits
    assert {price.most_each for price in visits} <= set(range(1, 9))
    assert all((p.from_minute, p.to_minute) == (420, 540) for p in visits)
    assert max(points_of(found)) == pytest.approx(2, abs=0.01)


# -- the weights -------------------------------------------------------------------------------


def test_the_weights_stand_at_the_stages_of_unplaced_people(policy: Policy) -> None:
    """Only people unplaced weigh, as the policy says, wherever their stages stand."""
    assert weights_aim(policy).tolist()[:3] == [4, 2, 1]
    assert weights_aim(policy).sum() == 7
    order = policy.allocation.order.value
    turned = council_policy(
        allocation__order=(order[2], order[0], order[1], *order[3:]), allocation__weight_red=9
    )
    assert weights_aim(turned).tolist()[:4] == [1, 9, 2, 0]


@pytest.mark.parametrize("factor", [2, 3])
def test_prices_grow_with_the_weights(gazetteer: Gazetteer, factor: int) -> None:
    """Weights so many times as large give prices so many times as large."""
    names = ("red", 4), ("amber", 2), ("green", 1)
    heavy = council_policy(**{f"allocation__weight_{n}": w * factor for n, w in names})
    stays = [builders.respite_request(7, 7, 14, f"R-{n}", risk="amber") for n in (1, 2)]
    (usual,) = priced(gazetteer, *RESPITE, *stays).prices
    (heavier,) = priced(gazetteer, *RESPITE, *stays, policy=heavy).prices
    assert heavier.points == pytest.approx(usual.points * factor, abs=1e-3)


def test_nobody_weighs_nothing_costs(gazetteer: Gazetteer) -> None:
    """With weights of nought nothing has a price."""
    light = council_policy(**{f"allocation__weight_{n}": 0 for n in ("red", "amber", "green")})
    things = (*HOUR, long_visit("R-1", "red"), long_visit("R-2", "green"))
    assert priced(gazetteer, *things, policy=light).prices == ()


# -- in a result -------------------------------------------------------------------------------


def test_an_answer_carries_prices_and_points(gazetteer: Gazetteer) -> None:
    """Who is placed carries the points of the capacity taken; today's way prices nothing."""
    people = (long_visit("R-1", "red"), long_visit("R-2", "green"))
    market = builders.market(gazetteer, *HOUR, *people)
    result = solve(market, limits=Limits.reproducible())
    (placed,), (price,) = result.allocation.placed, result.prices
    assert placed.request_id == "R-1"
    assert placed.scarcity_points == pytest.approx(price.points * 5 / 6, abs=0.01)
    today = solve(market, method=Method.TODAY)
    assert today.prices == ()
    assert [line.scarcity_points for line in today.allocation.placed] == [None]


def test_prices_come_with_an_answer_whose_time_is_up(gazetteer: Gazetteer) -> None:
    """A run of a moment is priced all the same: a second more is enough."""
    market = builders.market(gazetteer, *HOUR, long_visit("R-1", "red"), long_visit("R-2", "red"))
    result = solve(market, limits=Limits(seconds=0.01))
    assert [price.points > 0 for price in result.prices] == [True]


def test_without_time_nothing_is_claimed(gazetteer: Gazetteer) -> None:
    """A part that could not be priced has no prices and no points, rather than noughts."""
    problem = Problem(builders.market(gazetteer, *HOUR, long_visit("R-1", "red")))
    part = compile_part(problem, problem.parts[0])
    assert price_part(problem, part, 0.0) == Scarcity()


def test_a_part_too_large_is_not_priced(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond some size nothing is claimed, and up to it time grows with size, within bounds."""
    problem = Problem(
        builders.market(gazetteer, *HOUR, long_visit("R-1", "red"), long_visit("R-2", "red"))
    )
    parts = [compile_part(problem, requests) for requests in problem.parts]
    asked: list[float | None] = []
    price = scarcity.price_part

    def noted(problem: Problem, part: Part, seconds: float | None) -> Scarcity:
        asked.append(seconds)
        return price(problem, part, seconds)

    monkeypatch.setattr(scarcity, "price_part", noted)
    monkeypatch.setattr(scarcity, "ENTRIES_PER_SECOND", 1)  # two entries: two seconds
    assert price_capacity(problem, parts, lambda: 1.0).prices
    assert price_capacity(problem, parts, lambda: 5.0).prices
    assert price_capacity(problem, parts, lambda: None).prices
    monkeypatch.setattr(scarcity, "MOST_ENTRIES", 1)
    assert price_capacity(problem, parts, lambda: None) == Scarcity()
    assert asked == [2.0, 5.0, None, 0.0]


# -- whatever the book -------------------------------------------------------------------------


def _recomputed(problem: Problem, option: Option, prices: tuple[CapacityPrice, ...]) -> Fraction:
    """Return the points of an option from the prices alone, as a reader of the file would."""
    part = compile_part(problem, (option.request,))
    number = part.options.index(option)
    provider, care = problem.resource(option)
    name = problem.market.providers[provider].provider_id
    told = "homecare" if care is None else care.value
    return sum(
        (
            units_of(problem, part, number, price) * Fraction(str(price.points))
            for price in prices
            if (price.provider_id, price.care.value) == (name, told)
        ),
        Fraction(0),
    )


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_points_are_the_sum_over_prices(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """Prices are above nought, and price x units adds up to the points of every option."""
    market = Market(data.draw(contests(most_people=8)), data.draw(policies()), gazetteer)
    problem = Problem(market)
    parts = [compile_part(problem, requests) for requests in problem.parts]
    found = price_capacity(problem, parts, lambda: None)
    assert all(price.points > 0 for price in found.prices)
    assert set(found.points) == {option for options in problem.options for option in options}
    for option, points in found.points.items():
        assert points >= 0
        told = float(_recomputed(problem, option, found.prices))
        # Prices are told to four decimals, and a bed may count for 366 nights of several prices.
        assert told == pytest.approx(float(points), abs=0.06)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_plan_is_worth_more_than_all_capacity(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """Whom the proved best plan places weigh no more than capacity and gains at these prices."""
    market = Market(data.draw(contests(most_people=6)), default_policy(), gazetteer)
    problem, worth = Problem(market), weights_aim(market.policy)
    most = Fraction(0)
    for requests in problem.parts:
        part = compile_part(problem, requests)
        bought = row_prices(part.packing, market.policy, None)
        assert bought is not None
        most += Fraction(int(bought[0] @ part.packing.limits), bought[1])
        points = price_part(problem, part, None).points
        most += sum(_gain(part, worth, points, request) for request in requests)
    stages = solve(market, limits=Limits.reproducible()).stages
    nobody = problem.rank_of({}, tuple(range(len(problem))))
    placed = sum(
        int(weight) * (alone - stage.value)
        for weight, alone, stage in zip(worth, nobody, stages, strict=True)
    )
    assert placed <= float(most) + 0.01


def _gain(part: Part, worth: Ints, points: Mapping[Option, Fraction], request: int) -> Fraction:
    """Return by how much the best option of a request outweighs what it would have to pay."""
    return max(
        max(-Fraction(int(worth @ part.packing.costs[:, number])) - points[option], Fraction(0))
        for number, option in enumerate(part.options)
        if option.request == request
    )


def test_a_county_is_priced_in_the_words_of_the_field(gazetteer: Gazetteer) -> None:
    """Every price names a provider of the book and a window of its own capacity."""
    market = Market(generate(COUNTY, gazetteer), default_policy(), gazetteer)
    problem = Problem(market)
    parts = [compile_part(problem, requests) for requests in problem.parts]
    found = price_capacity(problem, parts, lambda: None)
    assert found.prices
    for price in found.prices:
        assert price.provider_id in market.index
        if price.care is ServiceType.HOMECARE:
            assert price.from_minute is not None
            assert price.to_minute is not None
            assert 0 <= price.from_minute < price.to_minute <= 1440
            assert price.days
            _offers(market, price)
        else:
            assert isinstance(price.first_night, date)
            assert not price.days
    again = price_capacity(problem, parts, lambda: None)
    assert again.prices == found.prices


def _offers(market: Market, price: CapacityPrice) -> None:
    """Check that the window opens and closes with somebody free on all its days."""
    free = market.carers.of(market.provider_number(price.provider_id))
    days = [each.number for each in price.days]
    least = free[days].min(axis=0)
    assert least[(price.from_minute or 0) // 5] > 0
    assert least[(price.to_minute or 0) // 5 - 1] > 0
