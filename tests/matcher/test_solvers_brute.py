"""The exact method against every allocation there is, on books small enough to try them all."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.referee import check
from matcher.result import Limits, Status
from matcher.solvers import solve
from tests.contests import contests, policies
from tests.oracle import best_of_all

SMALL: dict[str, Any] = {"most_people": 3, "most_providers": 2}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_nothing_beats_the_exact_answer_of_homecare(
    data: st.DataObject, gazetteer: Gazetteer
) -> None:
    """Every stage of the exact answer has the value of the best of all allocations."""
    book = data.draw(contests(beds_too=False, **SMALL))
    _compare(Market(book, data.draw(policies()), gazetteer))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_nothing_beats_the_exact_answer_with_beds(
    data: st.DataObject, gazetteer: Gazetteer
) -> None:
    """The same holds where homecare, long-term beds and respite are asked for together."""
    book = data.draw(contests(**SMALL))
    _compare(Market(book, data.draw(policies()), gazetteer))


def _compare(market: Market) -> None:
    best = best_of_all(market)
    assert check(market, best.allocation(market.book)) == ()
    result = solve(market, limits=Limits.reproducible())
    assert tuple(stage.value for stage in result.stages) == best.rank
    assert tuple(stage.bound for stage in result.stages) == best.rank
    assert result.status is Status.OPTIMAL
