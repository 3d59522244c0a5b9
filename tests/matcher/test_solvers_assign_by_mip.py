"""Options chosen as a whole: what is chosen is sound, what is proved is true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.result import Limits, Progress
from matcher.solvers.exact.cp_sat import Budget, Effort
from matcher.solvers.instance.assignment import Ints, Packing, Pick, Plan
from matcher.solvers.instance.calendars import Timeline
from matcher.solvers.search import assign_by_mip as engine
from matcher.solvers.search.assign_by_mip import Choice
from matcher.solvers.search.incumbent import State
from matcher.solvers.search.stages import untold
from tests.packings import EFFORT, aims, budget, change, keeps, locks, packing_of
from tests.timed_packings import TimedPacking, timed_packings
from tests.visit_blocks import is_sound, timed, visit_of

CARERS, WIDTH = 2, 9
LENGTHS = (6, 6, 4)
"""Visits that two carers cannot do in nine positions, though every count lets them in."""
NEVER = 1e12
"""Times what a choice takes that there never is."""
BESIDE = 3
"""The number of the option in which somebody else does the last visit, if a little further away."""


def crowded(*others: int) -> Packing:
    """Return three people for two carers, who can do two of the visits, and for one carer more.

    Parameters
    ----------
    others
        How long visits to more people take, whom the two carers could serve as well, but whom
        nobody has to be served before.
    """
    lengths = (*LENGTHS, LENGTHS[-1], *others)
    blocks = (0, 0, 0, 1, *(0 for _ in others))
    costs = [(-2, 0), (-2, 0), (-2, 0), (-2, 5), *((-1, 0) for _ in others)]
    requests = (0, 1, 2, 2, *range(3, 3 + len(others)))
    options = [*zip(requests, blocks, costs, strict=True)]
    domains = [(np.arange(WIDTH) <= WIDTH - length)[None, :] for length in lengths]
    visits = [
        visit_of(option, 0, range(WIDTH - length + 1), length=length)
        for option, length in enumerate(lengths)
    ]
    own = tuple(visit for visit, block in zip(visits, blocks, strict=True) if block == 0)
    lines = [
        Timeline(0, (0,), np.full(WIDTH, CARERS), own),
        Timeline(1, (0,), np.ones(WIDTH, np.int64), (visits[BESIDE],)),
    ]
    return timed(packing_of(options, [], (6, 0)), lines, domains, {})


def state_of(packing: Packing, start: Plan | None = None, effort: Effort = EFFORT) -> State:
    """Return a run over a packing that has just begun."""
    return State(packing, effort, start or {}, untold)


def best_timed(drawn: TimedPacking, aim: Ints) -> int:
    """Return by how much the best plan changes an aim."""
    every = drawn.every_plan(drawn.packing.requests, drawn.packing.blocks)
    return min(int(aim @ drawn.packing.value_of(picks)) for picks in every)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), proves=st.booleans())
def test_what_is_chosen_is_sound_and_what_is_proved_is_true(
    data: st.DataObject, proves: bool
) -> None:
    """A choice has times that fit and is no worse than the plan before; no plan beats its bound."""
    drawn = data.draw(timed_packings(most_requests=5))
    aim = data.draw(aims(drawn.packing))
    request = drawn.packing.request
    every = [*drawn.every_plan(drawn.packing.requests, drawn.packing.blocks)]
    start = {int(request[p.option]): p for p in data.draw(st.sampled_from(every))}
    plan, bound = Choice(state_of(drawn.packing, start), aim).run(budget(), proves=proves)
    best = best_timed(drawn, aim)
    assert drawn.is_sound(plan.values())
    assert {*plan} <= {*drawn.packing.requests}
    assert best <= change(drawn.packing, plan, aim) <= change(drawn.packing, start, aim)
    assert bound is not None
    assert bound <= best


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_choice_keeps_the_locks_that_the_plan_before_kept(data: st.DataObject) -> None:
    """What must not get worse does not, and bounds are of plans that keep it."""
    drawn = data.draw(timed_packings(most_requests=4))
    aim, held = data.draw(aims(drawn.packing)), data.draw(locks(drawn.packing))
    state = state_of(drawn.packing)
    for weights, most in held:
        state.lock(weights, most)
    plan, bound = Choice(state, aim).run(budget(), proves=True)
    assert drawn.is_sound(plan.values())
    assert keeps(drawn.packing, plan, held) or not keeps(drawn.packing, {}, held)
    every = drawn.every_plan(drawn.packing.requests, drawn.packing.blocks)
    kept = [
        int(aim @ value)
        for value in map(drawn.packing.value_of, every)
        if all(int(weights @ value) <= most for weights, most in held)
    ]
    assert not kept or bound is None or bound <= min(kept)


@pytest.mark.parametrize(("quick", "least"), [(engine.QUICK, -595), (NEVER, -600)])
def test_a_block_that_cannot_hold_what_its_rows_let_in_leaves_somebody_to_another(
    quick: float, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows let two carers do three visits; as they cannot, the third goes further away.

    With time for better rows that is proved; without, the carers keep to what they can do.
    """
    monkeypatch.setattr(engine, "QUICK", quick)
    packing, aim = crowded(), np.array([100, 1], np.int64)
    plan, bound = Choice(state_of(packing), aim).run(budget(), proves=False)
    assert bound == least
    assert {request: pick.option for request, pick in plan.items()} == {0: 0, 1: 1, 2: BESIDE}
    assert is_sound(packing, 0, [pick for pick in plan.values() if pick.option != BESIDE])


def test_a_large_block_is_not_asked_for_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more are chosen than may be varied, the block keeps to what it was found to hold."""
    monkeypatch.setattr(engine, "MOST_VARIED", 0)
    monkeypatch.setattr(engine, "QUICK", NEVER)
    packing = crowded()
    plan, _ = Choice(state_of(packing), np.array([100, 1], np.int64)).run(budget(), proves=False)
    assert is_sound(packing, 0, [pick for pick in plan.values() if pick.option != BESIDE])
    assert len(plan) >= len(LENGTHS) - 1


def test_rows_of_a_large_block_are_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many are chosen to say why, rows promise a little less each time."""
    monkeypatch.setattr(engine, "MOST_CUT", 0)
    monkeypatch.setattr(engine, "LOWERED", 0.2)
    packing, aim = crowded(4), np.array([100, 1], np.int64)
    state = state_of(packing)
    limits = state.relaxation.problem(aim)[0].limits
    plan, bound = Choice(state, aim).run(budget(), proves=False)
    assert {0, 1, 2} <= plan.keys()
    assert plan[2].option == BESIDE
    assert bound is not None
    assert bound <= change(packing, plan, aim)  # what was lowered proves nothing
    assert state.relaxation.problem(aim)[0].limits.tolist() == limits.tolist()
    chosen = Choice(state, aim)
    chosen._lowered[0] = 0.2
    lowered = chosen._problem()[0].limits
    assert (lowered <= limits).all()
    assert lowered.sum() < limits.sum()


def test_known_sets_can_be_set_out_from() -> None:
    """A plan whose blocks keep to known sets is a way to begin, each block with one of its sets."""
    packing, aim = crowded(), np.array([100, 1], np.int64)
    first = Pick(0, (0,)), Pick(1, (0,))
    chosen = Choice(state_of(packing), aim)
    chosen._held[0] = [{}, {pick.option: pick for pick in first}]
    values = chosen._with_sets(np.array([1.0, 1.0, 0.0, 1.0, 0.0, 0.0]))
    assert values.tolist() == [1, 1, 0, 1, 0, 1]
    problem, _ = chosen._problem()
    used = np.bincount(
        problem.entries.rows, problem.entries.amounts * values[problem.entries.columns]
    )
    assert (used <= problem.limits[: len(used)]).all()


@pytest.mark.parametrize("spent", [Budget(None, 0.0), Budget(0.0, None)])
def test_without_time_the_plan_stays_as_it_is(spent: Budget) -> None:
    """Nothing is chosen, and nothing is proved."""
    plan = {0: Pick(0, (0,))}
    chosen = Choice(state_of(crowded(), plan), np.array([100, 1], np.int64))
    assert chosen.run(spent, proves=True) == (plan, None)


def test_a_cancelled_run_chooses_nothing() -> None:
    """Cancelled before it begins, a choice leaves the plan as it is."""
    progress = Progress()
    progress.cancel()
    state = state_of(crowded(), effort=Effort(Limits.reproducible(), 0, progress))
    assert Choice(state, np.array([1, 0], np.int64)).run(budget(), proves=True) == ({}, None)


def test_a_choice_is_not_begun_in_less_time_than_the_last_one_took() -> None:
    """Of what a choice took, most is needed for another; work counts where work is limited."""
    chosen = Choice(state_of(crowded()), np.array([1, 0], np.int64))
    assert chosen._has_time(Budget(1.0, None), 1.0)
    assert not chosen._has_time(Budget(engine.LEAST_SECONDS / 2, None), 1.0)
    assert chosen._has_time(Budget(None, engine.LEAST_SECONDS / 2), 1.0)
    assert chosen._has_time(Budget(None, None), 1.0)  # without any limit
    chosen._took = 2.0
    assert not chosen._has_time(Budget(1.0, None), 1.0)
    assert not chosen._has_time(Budget(None, 1.0), 1.0)
    assert chosen._has_time(Budget(None, 3.0), 1.0)
