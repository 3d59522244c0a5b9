"""The referee against mutants: whatever is broken in a good allocation, something is told."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from matcher.allocation import (
    Allocation,
    Placed,
    PlacementStatus,
    Unplaced,
    UnplacedReason,
    VisitTime,
)
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.referee import check
from matcher.vocabulary import ServiceType
from tests.contests import AGENCIES, HOMES, contests, policies
from tests.oracle import best_of_all

Mutate = Callable[[Placed], Placed]


def _changed(**changes: object) -> Mutate:
    return lambda line: line.model_copy(update=changes)


def _shifted(minutes: int) -> Mutate:
    def mutate(line: Placed) -> Placed:
        times = tuple(
            VisitTime(visit_no=time.visit_no, start_minute=time.start_minute + minutes)
            for time in line.visit_times
        )
        return line.model_copy(update={"visit_times": times})

    return mutate


def _moved(line: Placed) -> Placed:
    other = HOMES[0] if line.provider_id in AGENCIES else AGENCIES[0]
    return line.model_copy(update={"provider_id": other})


def _otherwise(line: Placed) -> Placed:
    proposed = line.status is PlacementStatus.PROPOSED
    status = PlacementStatus.NEEDS_APPROVAL if proposed else PlacementStatus.PROPOSED
    return line.model_copy(update={"status": status})


def _dearer(line: Placed) -> Placed:
    return line.model_copy(update={"weekly_cost_pence": (line.weekly_cost_pence or 0) + 1})


def _one_visit_more(line: Placed) -> Placed:
    more = VisitTime(visit_no=99, start_minute=420)
    return line.model_copy(update={"visit_times": (*line.visit_times, more)})


def _one_visit_less(line: Placed) -> Placed:
    return line.model_copy(update={"visit_times": line.visit_times[1:]})


def _yesterday(line: Placed) -> Placed:
    return line.model_copy(update={"start_date": line.start_date.replace(year=2025)})


ANY: dict[str, Mutate] = {
    "unknown request": _changed(request_id="R-99"),
    "unknown provider": _changed(provider_id="P-99"),
    "provider of the other kind": _moved,
    "another status": _otherwise,
    "another cost": _dearer,
    "another distance": lambda line: _changed(distance_metres=line.distance_metres + 1)(line),
    "another travel": lambda line: _changed(travel_minutes=line.travel_minutes + 5)(line),
    "a year too soon": _yesterday,
    "a visit invented": _one_visit_more,
}
VISITING: dict[str, Mutate] = {
    "a visit without a time": _one_visit_less,
    "off the grid": _shifted(1),
    "half a day late": _shifted(720),
    "in the middle of the night": _shifted(-400),
}
GAP = Unplaced(request_id="R-1", reason=UnplacedReason.NO_CAPACITY, detail="no room")
LISTS: dict[str, Callable[[Allocation], Allocation]] = {
    "one lost": lambda good: good.model_copy(update={"placed": good.placed[1:]}),
    "one twice": lambda good: good.model_copy(update={"placed": (*good.placed, good.placed[0])}),
    "in both lists": lambda good: good.model_copy(
        update={
            "unplaced": (
                *good.unplaced,
                GAP.model_copy(update={"request_id": good.placed[0].request_id}),
            )
        }
    ),
    "a gap of nobody": lambda good: good.model_copy(
        update={"unplaced": (*good.unplaced, GAP.model_copy(update={"request_id": "R-99"}))}
    ),
}


@st.composite
def mutants(draw: st.DrawFn, good: Allocation) -> Allocation:
    """Draw a good allocation with one thing broken."""
    place = draw(st.integers(0, len(good.placed) - 1))
    line = good.placed[place]
    of_one = {**ANY, **(VISITING if line.visit_times else {})}
    name = draw(st.sampled_from(sorted([*of_one, *LISTS])))
    event(name)
    if name in LISTS:
        return LISTS[name](good)
    placed = [*good.placed]
    placed[place] = of_one[name](line)
    return good.model_copy(update={"placed": tuple(placed)})


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_the_referee_sees_every_mutant(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """The best of all allocations is accepted; broken in any one way it is refused."""
    book = data.draw(contests(most_people=3, most_providers=2))
    market = Market(book, data.draw(policies()), gazetteer)
    good = best_of_all(market).allocation(book)
    assume(good.placed)
    assert check(market, good) == ()
    assert check(market, data.draw(mutants(good))) != ()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_referee_sees_one_person_too_many(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """Copies of one placed person, at the same times, sooner or later exceed any provider."""
    book = data.draw(contests(most_people=2, most_providers=2))
    policy = data.draw(policies())
    good = best_of_all(Market(book, policy, gazetteer)).allocation(book)
    assume(good.placed)
    line = good.placed[0]
    asked = next(one for one in book.requests if one.request_id == line.request_id)
    names = [f"C-{number}" for number in range(5)]
    more = tuple(asked.model_copy(update={"request_id": name}) for name in names)
    copies = tuple(line.model_copy(update={"request_id": name}) for name in names)
    crowded = Market(
        book.model_copy(update={"requests": (*book.requests, *more)}), policy, gazetteer
    )
    found = check(crowded, good.model_copy(update={"placed": (*good.placed, *copies)}))
    rule = "CARERS" if asked.service_type is ServiceType.HOMECARE else "BEDS"
    assert [violation.rule for violation in found] == [rule]
