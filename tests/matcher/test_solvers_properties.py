"""What holds of every answer on books drawn at random, whatever the order of objectives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book, Frozen
from matcher.policy import Policy
from matcher.referee import check
from matcher.result import Limits, Method, Result, Status
from matcher.solvers import solve
from matcher.solvers.instance.candidates import Problem
from tests.builders import book as built
from tests.contests import agencies, contests, homes, policies
from tests.strategies import books

LIMITS = Limits.reproducible()


def answer(book: Book, policy: Policy, gazetteer: Gazetteer, **how: Any) -> Result:
    """Return the allocation of a book, reproducibly unless told otherwise."""
    return solve(Market(book, policy, gazetteer), **{"limits": LIMITS, **how})


def rank(result: Result) -> tuple[int, ...]:
    """Return the values of all stages: the smaller, the better."""
    return tuple(stage.value for stage in result.stages)


def _holds(market: Market, exact: Result, today: Result) -> None:
    for result in (exact, today):
        assert check(market, result.allocation) == ()
        names = {line.request_id for line in result.allocation.placed}
        names |= {line.request_id for line in result.allocation.unplaced}
        assert names == {request.request_id for request in market.book.waiting}
    assert rank(exact) <= rank(today)
    assert all(stage.bound is not None and stage.bound <= stage.value for stage in exact.stages)
    proved = all(stage.bound == stage.value for stage in exact.stages)
    assert (exact.status is Status.OPTIMAL) is proved
    assert [stage.bound for stage in today.stages] == [None] * len(today.stages)
    assert today.status is Status.BASELINE


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_every_answer_is_sound(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """The referee accepts it, bounds are honest, and today's way is never better."""
    market = Market(data.draw(contests(most_people=8)), data.draw(policies()), gazetteer)
    _holds(market, solve(market, limits=LIMITS), solve(market, method=Method.TODAY))


@settings(max_examples=40, deadline=None)
@given(book=books(max_requests=8))
def test_every_answer_of_any_book_is_sound(
    gazetteer: Gazetteer, policy: Policy, book: Book
) -> None:
    """The same holds of books with gaps, panels, zones, languages and lots."""
    market = Market(book, policy, gazetteer)
    _holds(market, solve(market, limits=LIMITS), solve(market, method=Method.TODAY))


@settings(max_examples=30, deadline=None)
@given(data=st.data(), work=st.sampled_from([1e-6, 1e-3, 1e-2]))
def test_little_work_still_gives_an_honest_answer(
    gazetteer: Gazetteer, data: st.DataObject, work: float
) -> None:
    """However soon a run stops, it is no worse than today's way, and no bound beats the best."""
    book, policy = data.draw(contests(most_people=8)), data.draw(policies())
    market = Market(book, policy, gazetteer)
    hurried = solve(market, limits=Limits.reproducible(work))
    _holds(market, hurried, solve(market, method=Method.TODAY))
    best = rank(answer(book, policy, gazetteer))
    assert rank(hurried) >= best
    # While the stages before have the best values, the bound holds of the best answer too.
    for stage, value in zip(hurried.stages, best, strict=True):
        assert stage.bound is not None
        assert stage.bound <= value
        if stage.value != value:
            break


def _with(book: Book, more: Sequence[Frozen]) -> Book:
    tables = built(*more)
    names = ("providers", "rates", "homecare_capacity", "bed_capacity", "history")
    return book.model_copy(
        update={name: (*getattr(book, name), *getattr(tables, name)) for name in names}
    )


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_another_provider_never_hurts(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """With one more agency or home no stage is worse than before, all before it being equal."""
    book, policy = data.draw(contests()), data.draw(policies())
    more = data.draw(agencies("P-9") | homes("H-9"))
    before, after = (answer(b, policy, gazetteer) for b in (book, _with(book, more)))
    assert (before.status, after.status) == (Status.OPTIMAL, Status.OPTIMAL)
    assert rank(after) <= rank(before)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_another_carer_or_bed_never_hurts(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """With one more carer in every line, or one more bed, no stage is worse than before."""
    book, policy = data.draw(contests()), data.draw(policies())
    hours = [one.model_copy(update={"carers": one.carers + 1}) for one in book.homecare_capacity]
    beds = [one.model_copy(update={"beds": one.beds + 1}) for one in book.bed_capacity]
    more = book.model_copy(update={"homecare_capacity": tuple(hours), "bed_capacity": tuple(beds)})
    before, after = (answer(b, policy, gazetteer) for b in (book, more))
    assert rank(after) <= rank(before)


TABLES = ("providers", "rates", "framework_rates", "homecare_capacity", "bed_capacity", "requests")


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_order_of_rows_does_not_matter(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """A book with the rows of every table shuffled has the very same allocation."""
    book, policy = data.draw(contests()), data.draw(policies())
    shuffled = book.model_copy(
        update={
            name: tuple(data.draw(st.permutations(getattr(book, name))))
            for name in (*TABLES, "history")
        }
    )
    for method in Method:
        one, other = (answer(b, policy, gazetteer, method=method) for b in (book, shuffled))
        assert one.allocation == other.allocation
        assert one.stages == other.stages


@settings(max_examples=15, deadline=None)
@given(data=st.data(), seed=st.integers(0, 3))
def test_the_same_seed_gives_the_same_answer(
    gazetteer: Gazetteer, data: st.DataObject, seed: int
) -> None:
    """Reproducible runs with one seed agree line by line, even when stopped early."""
    book, policy = data.draw(contests(most_people=8)), data.draw(policies())
    for limits in (LIMITS, Limits.reproducible(0.001)):
        one, other = (answer(book, policy, gazetteer, seed=seed, limits=limits) for _ in range(2))
        assert one.allocation == other.allocation
        assert one.stages == other.stages


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_parts_may_be_solved_together_or_in_any_order(
    gazetteer: Gazetteer, data: st.DataObject
) -> None:
    """All parts as one have the same stages; parts in another order the same allocation."""
    book, policy = data.draw(contests()), data.draw(policies())
    apart = answer(book, policy, gazetteer)
    parts = Problem(Market(book, policy, gazetteer)).parts
    whole = tuple(sorted(number for part in parts for number in part))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Problem, "parts", (whole,) if whole else ())
        together = answer(book, policy, gazetteer)
        patch.setattr(Problem, "parts", parts[::-1])
        backwards = answer(book, policy, gazetteer)
    assert together.stages == apart.stages
    assert backwards.allocation == apart.allocation
