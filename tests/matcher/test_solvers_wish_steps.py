"""How far a time is from what is wished, in the exact model: the least it allows is the truth."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from matcher.solvers.exact.wish_steps import Steps
from matcher.wish import Wish

LAST = 12


@given(
    st.builds(
        Wish,
        visit=st.just(0),
        target=st.integers(-3, LAST + 3),
        step=st.integers(1, 4),
        per_step=st.integers(1, 9),
        most=st.integers(1, 30),
        both_ways=st.booleans(),
    ),
    st.integers(0, LAST),
    st.sampled_from(["unplaced", "placed", "spoilt", "not spoilt"]),
)
def test_the_least_that_the_model_allows_is_what_the_time_adds(
    wish: Wish, at: int, state: str
) -> None:
    """Whatever the time, what it adds can be met exactly and not undercut.

    Nobody placed adds 0, and a time that is spoilt the most, wherever it is.
    """
    model = cp_model.CpModel()
    time, placed = model.new_int_var(0, LAST, "time"), model.new_bool_var("placed")
    is_placed, is_spoilt = state != "unplaced", state == "spoilt"
    spoilt = model.new_bool_var("spoilt") if "spoilt" in state else None
    steps = Steps(model, time, (0, LAST), placed, wish, spoilt=spoilt)
    if spoilt is not None:
        model.add(spoilt == int(is_spoilt))
    model.add(time == at)
    model.add(placed == int(is_placed))
    model.minimize(steps.amount)
    steps.hint(at if is_placed else None, spoilt=is_spoilt)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    assert round(solver.objective_value) == (wish.amount(at, spoilt=is_spoilt) if is_placed else 0)
