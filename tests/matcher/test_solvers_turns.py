"""Parts too large to be searched whole: replanned a few providers at a time, as exact as ever."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import Frozen
from matcher.referee import check
from matcher.result import Limits, Method, Progress, Report, Status
from matcher.solvers import solve
from matcher.solvers.search import stages
from matcher.vocabulary import Risk, TimeNeed
from tests.builders import (
    HERE,
    NEAR,
    OUT_OF_TOWN,
    ceiling,
    day,
    homecare_request,
    hourly,
    hours,
    market,
    provider,
    timed_visit,
)
from tests.contests import contests, policies
from tests.oracle import best_of_all

LITTLE = Limits.reproducible(0.2)


def crowd(seed: int, people: int = 30) -> list[Frozen]:
    """Build a morning of six agencies in which some thirty people ask for more than there is."""
    chance = Random(seed)
    things: list[Frozen] = [ceiling()]
    for name in (f"P-{number}" for number in range(6)):
        place = Postcode(chance.choice([HERE, NEAR, OUT_OF_TOWN]))
        things += [
            provider(name, postcode=place, lead_days=chance.choice([None, 0, 5])),
            hours(name, "07:00", "11:00", chance.randint(1, 2)),
            hourly(name, chance.choice([2400, 2500, 2600])),
        ]
    for number in range(people):
        wanted = f"{chance.randrange(7, 10):02}:{chance.choice(['00', '15', '30'])}"
        time = timed_visit(
            TimeNeed.PREFERRED,
            wanted,
            minutes=chance.choice([30, 45, 60]),
            carers=chance.choice([1, 1, 2]),
        )
        asked = homecare_request(
            time,
            request_id=f"R-{number:02}",
            risk=chance.choice(list(Risk)),
            waiting_since=day(-chance.randrange(40)),
        )
        things.append(asked)
    return things


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_replanning_ends_at_the_best(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """On books small enough to try every allocation, replanning first changes no stage."""
    book = data.draw(contests(most_people=3, most_providers=2))
    supply = Market(book, data.draw(policies()), gazetteer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "SMALL", 0)
        result = solve(supply, limits=Limits.reproducible())
    best = best_of_all(supply).rank
    assert tuple(stage.value for stage in result.stages) == best
    assert tuple(stage.bound for stage in result.stages) == best


@pytest.mark.parametrize("seed", [1, 2])
def test_a_large_part_is_answered_soundly(gazetteer: Gazetteer, seed: int) -> None:
    """More people than are searched at once: checked, honest, better than today's, repeatable."""
    supply = market(gazetteer, *crowd(seed))
    result = solve(supply, limits=LITTLE, seed=seed)
    today = solve(supply, method=Method.TODAY)
    assert check(supply, result.allocation) == ()
    assert [stage.value for stage in result.stages] < [stage.value for stage in today.stages]
    assert [s for s in result.stages if s.bound is None or s.bound > s.value] == []
    again = solve(supply, limits=LITTLE, seed=seed)
    assert (again.allocation, again.stages) == (result.allocation, result.stages)


def test_replanning_may_be_cancelled(gazetteer: Gazetteer) -> None:
    """Cancelled at the first word of what is known, a large part keeps what it has."""

    class Impatient(Progress):
        def reported(self, report: Report) -> None:
            self.cancel()

    supply = market(gazetteer, *crowd(3))
    result = solve(supply, limits=LITTLE, progress=Impatient())
    assert check(supply, result.allocation) == ()
    assert result.status is Status.CANCELLED


def test_replanning_stops_with_the_clock(gazetteer: Gazetteer) -> None:
    """A large part with hardly any time is answered all the same."""
    supply = market(gazetteer, *crowd(4))
    result = solve(supply, limits=Limits(seconds=0.05))
    assert check(supply, result.allocation) == ()
    assert result.status is Status.FEASIBLE
