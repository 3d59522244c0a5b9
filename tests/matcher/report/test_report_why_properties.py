"""Whatever the book, a plan departs from somebody's shortlist only for reasons that can be told."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.files.results import summarise
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.report.night import Night
from matcher.report.why import WhyNot, explain_place
from matcher.result import Limits
from matcher.solvers import solve
from tests.contests import contests, policies


@settings(max_examples=25, deadline=None)
@given(data=st.data(), hurried=st.booleans())
def test_every_deviation_is_told_by_somebody_placed_or_by_a_stage_before(
    gazetteer: Gazetteer, data: st.DataObject, hurried: bool
) -> None:
    """Who is not with a provider is told who holds it, what would be worse, or who has to agree.

    Nothing is left open, however short the search, and ties are told by what settled them.
    """
    market = Market(data.draw(contests()), data.draw(policies()), gazetteer)
    limits = Limits.reproducible(1e-9 if hurried else 2.0)
    result = solve(market, limits=limits, seed=data.draw(st.integers(0, 2)))
    night = Night(market, summarise(market, result), result.allocation, result.prices)
    for request_id in night.problem.request_ids:
        why = explain_place(night, request_id)
        for other in why.others:
            assert other.why_not is not WhyNot.OPEN, other.sentence
            assert "either would do" not in other.sentence
            if other.why_not in {WhyNot.TAKEN, WhyNot.DEARER}:
                assert other.holders, other.sentence
        if why.placed is None:
            assert {other.why_not for other in why.others} <= {
                WhyNot.TAKEN,
                WhyNot.NEEDS_APPROVAL,
            }
